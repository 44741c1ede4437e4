"""What the tests share: copies of the template, renders of it, and commands in a clean environment."""

import json
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml
from copier import Settings, run_copy

ROOT = Path(__file__).parent.parent
BUILD = ROOT / "build"

Answers = Mapping[str, Any]

TASKS = ("classification", "regression")
# For a test of what does not depend on the task: with the one or the other, so that both workers have enough to do.
CLASSIFICATION, REGRESSION = (
    pytest.mark.parametrize("trained", [task], indirect=True, scope="session") for task in TASKS
)


def snapshot(destination: Path) -> Path:
    """Copy the working tree: what is tracked, and what is new and not ignored."""
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():  # a tracked file may be deleted in the working tree
            (destination / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, destination / name)
    return destination


def commit(repository: Path, tag: str | None = None) -> None:
    """Commit everything in the folder, as the first commit or the next, and tag it; hooks have tests of their own."""
    run("git", "init", "--quiet", cwd=repository)
    run("git", "add", "--all", cwd=repository)
    run("git", "commit", "--quiet", "--no-verify", "--allow-empty", "--message", tag or "change", cwd=repository)
    if tag:
        run("git", "tag", tag, cwd=repository)


def render(template: Path, destination: Path, **answers: Any) -> Path:
    """Render the template as a person without trust and without settings of their own would."""
    run_copy(str(template), destination, answers, defaults=True, quiet=True, settings=Settings())
    return destination


def files(folder: Path) -> dict[str, Path]:
    """Every file below the folder by its relative POSIX path, without Git's own."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path for path in found if ".git" not in path.relative_to(folder).parts}


def toml(project: Path) -> dict[str, Any]:
    """The pyproject.toml of a project."""
    return tomllib.loads((project / "pyproject.toml").read_text())


def answers(project: Path) -> dict[str, Any]:
    """What Copier recorded in a project."""
    return dict(yaml.safe_load((project / ".copier-answers.yml").read_text()))


def copier_yml(template: Path = ROOT) -> dict[str, Any]:
    """The template's settings and questions, without the ownership rules that copier.yml includes."""
    text = (template / "copier.yml").read_text().split("\n---\n", 1)[1]
    return dict(yaml.safe_load(text))


def questions(template: Path = ROOT) -> dict[str, dict[str, Any]]:
    """The questions that a person is asked, in order; computed values are none."""
    data = copier_yml(template).items()
    return {name: value for name, value in data if not name.startswith("_") and value.get("when") is not False}


def include(name: str) -> Any:
    """A data file of the template."""
    return yaml.safe_load((ROOT / "includes" / name).read_text())


def choices(question: str) -> list[str]:
    """The values among which a question lets people choose."""
    return [choice[1] if isinstance(choice, list) else choice for choice in questions()[question]["choices"]]


def varied() -> dict[str, list[Any]]:
    """The questions whose answers change what is rendered, and values of each."""
    return {
        "project_name": ["Flight delays", "Vols d'été: 100 % à l'heure"],
        "author_email": ["", "team@example.org"],
        "license": choices("license"),
        "task": choices("task"),
        "storage": choices("storage"),
        "features": [(), tuple(feature["id"] for feature in include("features.yml"))],
    }


def every_answer() -> Iterator[dict[str, Any]]:
    """Few sets of answers in which every value of each question occurs."""
    values = varied()
    for number in range(max(map(len, values.values()))):
        row = {name: of[number % len(of)] for name, of in values.items()}
        yield {**row, "features": list(row["features"])}


def all_answers() -> Iterator[dict[str, Any]]:
    """Few sets of answers in which every pair of values of two questions occurs."""
    values = varied()
    missing = {pair for a, b in combinations(values, 2) for pair in pairs({a: values[a], b: values[b]})}
    while missing:
        row = dict(min(missing, key=sorted))
        for name in (name for name in values if name not in row):
            row[name] = max(values[name], key=lambda value: len(pairs_of({**row, name: value}) & missing))
        missing -= pairs_of(row)
        yield {**row, "features": list(row["features"])}


def pairs(values: Mapping[str, list[Any]]) -> set[frozenset[tuple[str, Any]]]:
    """Every combination of one value of each of two questions."""
    (a, of_a), (b, of_b) = values.items()
    return {frozenset({(a, x), (b, y)}) for x in of_a for y in of_b}


def pairs_of(row: Answers) -> set[frozenset[tuple[str, Any]]]:
    """The pairs that one set of answers covers."""
    return {frozenset(pair) for pair in combinations(row.items(), 2)}


def environment(python: str = "3.11") -> dict[str, str]:
    """This process's environment without what would leak into a project; the renders of a worker share one."""
    leaks = ("GIT_", "MAKE", "MFLAGS", "UV_RUN", "VIRTUAL_ENV")
    result = {key: value for key, value in os.environ.items() if not key.startswith(leaks)}
    result.pop("PYTHONDONTWRITEBYTECODE", None)  # imports would take 2 to 5 times longer
    if "UV" in result:  # `uv run` says where it is; it need not be on PATH
        result["PATH"] = f"{Path(result['UV']).parent}{os.pathsep}{result['PATH']}"
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    result["UV_PROJECT_ENVIRONMENT"] = str(BUILD / "environments" / f"{python}-{worker}")
    result["UV_PYTHON"] = python
    # Half a minute to fill, and the same for all of them: libraries are most of it.
    result["MYPY_CACHE_DIR"] = str(BUILD / "environments" / f"mypy-{worker}")
    if pyenv := shutil.which("pyenv"):  # its shims hide every version but the one that is chosen
        versions = Path(pyenv).resolve().parents[1] / "versions"
        result["PYENV_VERSION"] = ":".join(sorted(path.name for path in versions.iterdir()))
    for role in ("AUTHOR", "COMMITTER"):
        result |= {f"GIT_{role}_NAME": "Test", f"GIT_{role}_EMAIL": "test@example.org"}
    return result | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


def other_python(python: str) -> dict[str, Any]:
    """What a command needs for another Python and another hash seed; the environment of the others stays as it is."""
    chosen = environment(python)
    return {name: chosen[name] for name in ("UV_PYTHON", "UV_PROJECT_ENVIRONMENT")} | {"PYTHONHASHSEED": python[-2:]}


def all_pass(printed: str) -> bool:
    """Whether pytest says that many tests of a project ran and that none was left out."""
    passed = re.search(r"(\d+) passed", printed)
    return passed is not None and int(passed[1]) > 50 and " skipped" not in printed


def run(*command: str | Path, cwd: Path, check: bool = True, **extra: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the clean environment; a failure shows what it printed."""
    done = subprocess.run(command, cwd=cwd, env=environment() | extra, capture_output=True, text=True, check=False)
    if check and done.returncode:
        printed = f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        raise AssertionError(f"{' '.join(map(str, command))} exited with {done.returncode}\n{printed}")
    return done


@dataclass(frozen=True)
class Project:
    """A rendered project at work."""

    path: Path
    package: str = "flight_delays"

    def run(self, *command: str | Path, check: bool = True, **extra: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the project, with its own code although all projects share one environment."""
        return run(*command, cwd=self.path, check=check, **{"PYTHONPATH": str(self.path / "src"), **extra})

    def unread(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command whose output nobody reads; the pipe is closed long before it prints."""
        return self.run("bash", "-o", "pipefail", "-c", f"{command} | true")

    def dvc(self, *arguments: str, check: bool = True, **extra: str) -> subprocess.CompletedProcess[str]:
        """Run DVC."""
        return self.run("uv", "run", "--no-sync", "dvc", *arguments, check=check, **extra)

    def module(self, name: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a module of the package, such as `stages.train`."""
        return self.run("uv", "run", "--no-sync", "python", "-m", f"{self.package}.{name}", *arguments, check=check)

    def json(self, path: str) -> Any:
        """A JSON file of the project."""
        return json.loads((self.path / path).read_text())

    def copy(self, destination: Path) -> "Project":
        """The project with its history, its data and its cache in another folder."""
        shutil.copytree(self.path, destination, symlinks=True)
        return Project(destination, self.package)
