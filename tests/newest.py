"""Runs a project with the newest of every package: no date, no bounds. What breaks here, users meet next."""

import re
import sys
import tempfile
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml
from harness import Project, commit, render, snapshot

COMMANDS = ("run", "check", "test")


def lifted(versions: str, date: str) -> str:
    """The text of includes/versions.yml with another date and without upper bounds; exact versions stay."""
    text = re.sub(r'^exclude_newer: ".*"$', f'exclude_newer: "{date}"', versions, flags=re.MULTILINE)
    return re.sub(r'"(>=[^",]+),<[^"]*"', r'"\1"', text)


def lift(template: Path) -> Path:
    """Change a copy of the template in this way, as of tomorrow, which excludes nothing."""
    path = template / "includes/versions.yml"
    path.write_text(lifted(path.read_text(), f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%d}"))
    return template


def moved(project: Path, versions: Path) -> list[str]:
    """One line for each package that is locked at another version than the one that was tested."""
    tested = yaml.safe_load(versions.read_text())["requirements"]
    lower = {name: re.findall(r"[\d.]+", bounds)[0] for name, bounds in tested.items()}
    locked = tomllib.loads((project / "uv.lock").read_text())["package"]
    found = {(package["name"], lower.get(package["name"]), package.get("version")) for package in locked}
    return [
        f"{name}: {old} was tested, {new} is newest" for name, old, new in sorted(found, key=str) if old and old != new
    ]


def main() -> None:
    """Render, lock, run, check and test; exit 1 and name the command that fails."""
    with tempfile.TemporaryDirectory(prefix="newest-") as folder:
        template = lift(snapshot(Path(folder) / "template"))
        project = Project(render(template, Path(folder) / "flights"))
        commit(project.path)
        try:
            project.run("uv", "lock")
            print(*moved(project.path, template / "includes/versions.yml"), sep="\n")
            for command in COMMANDS:
                print(f"make {command}", flush=True)
                project.run("make", command)
        except AssertionError as error:
            sys.exit(str(error))


if __name__ == "__main__":
    main()
