"""A rendered project, installed."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from harness import commit, include, render, run

pytestmark = pytest.mark.project


@pytest.fixture(scope="session")
def installed(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with every default, committed, locked and installed."""
    project = render(template, tmp_path_factory.mktemp("installed") / "flights")
    run("uv", "sync", cwd=project)
    commit(project)
    return project


def test_the_lock_holds_the_versions_that_were_tested(installed: Path) -> None:
    locked: dict[str, set[str]] = {}
    for package in tomllib.loads((installed / "uv.lock").read_text())["package"]:
        locked.setdefault(package["name"], set()).add(package["version"])
    tested = {
        name: re.findall(r"[\d.]+", bounds)[0] for name, bounds in include("versions.yml")["requirements"].items()
    }
    wrong = {name: locked[name] for name in tested.keys() & locked.keys() if not matches(tested[name], locked[name])}
    assert wrong == {}
    unasked = {feature["group"] for feature in include("features.yml") if not feature["default"]}
    plugins = include("versions.yml")["storage_plugins"].values()
    assert tested.keys() - locked.keys() == {"uv-build", *plugins, *unasked}


def matches(tested: str, locked: set[str]) -> bool:
    """Whether a package is locked at the tested version or a later patch: an index may show one days after its date."""
    wanted = numbers(tested)
    return any(found[:2] == wanted[:2] and found >= wanted for found in map(numbers, locked))


def numbers(version: str) -> list[int]:
    """The numbers of a version, to compare."""
    return [int(part) for part in re.findall(r"\d+", version)]


def test_an_older_and_another_minor_version_do_not_match() -> None:
    assert matches("2.14.3", {"2.14.3"})
    assert matches("2.14.3", {"1.0.0", "2.14.4"})
    assert not matches("2.14.3", {"2.14.2"})
    assert not matches("2.14.3", {"2.15.0"})


def test_mypy_strict_finds_nothing_in_a_fresh_project(installed: Path) -> None:
    done = run("uv", "run", "mypy", cwd=installed, check=False)
    assert done.stdout.startswith("Success"), done.stdout + done.stderr


def test_mypy_finds_a_wrong_type(installed: Path) -> None:
    bad = installed / "tests/test_bad.py"
    bad.parent.mkdir(exist_ok=True)
    bad.write_text("def test_bad():\n    assert 1\n")
    done = run("uv", "run", "mypy", "tests/test_bad.py", cwd=installed, check=False)
    bad.unlink()
    assert "no-untyped-def" in done.stdout


def test_every_package_that_a_project_installs_is_a_reserved_name(installed: Path) -> None:
    code = "import importlib.metadata as m, json; print(json.dumps(sorted(m.packages_distributions())))"
    modules = json.loads(run("uv", "run", "python", "-c", code, cwd=installed).stdout)
    takeable = {name for name in modules if re.fullmatch(r"[a-z][a-z0-9_]{0,29}", name)}
    reserved = {name for names in include("reserved.yml").values() for name in names.split()}
    assert "polars" in takeable
    assert takeable - reserved <= {"flight_delays"}, "run `uv run includes/reserved.py`"
