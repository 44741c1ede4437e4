"""Give the model of the last commit a version: `make register`, with BUMP=major, minor or patch, or VERSION=v1.2.0.

The model goes to the DVC remote and is read back from there before the tag exists: every version can be fetched.
"""

import argparse
import platform
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from ..errors import ProjectError, execute
from .events import VERSION
from .files import FOLDER, differences, download, hashes, remote
from .git import ROOT, head, refuse_dirty
from .publish import publish, synced
from .record import describe, refusals
from .state import Registry, order, tag_of

FIRST = "v0.1.0"
BUMPS = ("major", "minor", "patch")


def main() -> None:
    """Register the committed run, or say why not and change nothing."""
    parser = argparse.ArgumentParser(prog="register", description=__doc__)
    parser.add_argument("--version", default="", help="such as v1.2.0; without it the highest one is raised")
    parser.add_argument("--bump", default="", help=f"which part is raised: {', '.join(BUMPS)} (default: minor)")
    given = parser.parse_args()
    registry = synced()
    version = chosen(registry, given.version, given.bump)
    commit = head()
    refuse_known(registry, version, commit)
    refuse_dirty()
    broken = refusals(commit)
    if broken:
        raise ProjectError("\n".join([*broken, "a model that the gate refuses gets no version"]))
    record = describe(commit, hashes(ROOT / FOLDER))
    storage = remote()["core"]["remote"]
    refuse_stale()
    share(commit, record["files"])
    measured = record["metrics"][record["metric"]]
    subject = f"Register {version}: {record['metric']} {measured['value']:.4f}"
    subject += f" ({measured['low']:.4f} to {measured['high']:.4f}) on {record['rows']['test']:,} test rows"
    data = {"kind": "register", **record, "python": platform.python_version()}
    publish(registry, tag_of(version), commit, subject, data, alone=False)
    print(f"{tag_of(version)}: {subject.partition(': ')[2]}; its files are in the remote {storage}")


def chosen(registry: Registry, version: str, bump: str) -> str:
    """The version that is asked for.

    Raises:
        ProjectError: it is no version, or two things are asked for.
    """
    if version and bump:
        raise ProjectError("VERSION and BUMP are two ways to say one thing: give one of them")
    if version:
        if not re.fullmatch(VERSION, version):
            raise ProjectError(f"{version} is no version: write one such as v1.2.0")
        return version
    if bump and bump not in BUMPS:
        raise ProjectError(f"BUMP={bump} is none of {', '.join(BUMPS)}")
    if not registry.versions:
        return FIRST
    major, minor, patch = order(list(registry.versions)[-1])
    raised = {"major": (major + 1, 0, 0), "minor": (major, minor + 1, 0), "patch": (major, minor, patch + 1)}
    return "v" + ".".join(map(str, raised[bump or "minor"]))


def refuse_known(registry: Registry, version: str, commit: str) -> None:
    """Refuse a number that is used, and a commit that has one.

    Raises:
        ProjectError: either.
    """
    taken = registry.versions.get(version)
    if version in registry.retired:
        raise ProjectError(f"{version} was retired, and its number is not used again: choose another")
    if taken:
        raise ProjectError(f"{version} exists, by {taken.who} at commit {taken.commit[:10]}: choose another")
    same = registry.version_at(commit)
    if same:
        gone = ", which was retired" if same in registry.retired else ""
        raise ProjectError(f"this commit is {same}{gone}: a new version is a new run, `make run` and commit")


def refuse_stale() -> None:
    """Refuse a commit whose `params.yaml` or `dvc.lock` is older than its code, settings or data.

    Raises:
        ProjectError: it is; what is stale was printed.
    """
    for command in (("params", "--check"), ("stale",)):
        name, *arguments = command
        module = f"{__package__.rpartition('.')[0]}.{name}"
        if subprocess.run((sys.executable, "-m", module, *arguments), cwd=ROOT, check=False).returncode:
            raise ProjectError("the last commit is not a run of what it holds, so it gets no version")


def share(commit: str, expected: dict[str, str]) -> None:
    """Push the model to the remote and read it back from there, past this machine's cache.

    Raises:
        ProjectError: what arrived is not what is here.
    """
    push = (sys.executable, "-m", "dvc", "push", "--quiet", Path(FOLDER).parts[0])
    done = subprocess.run(push, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ProjectError(f"`dvc push` failed, so nothing is registered: {done.stderr.strip()}")
    with tempfile.TemporaryDirectory(prefix="register-") as folder:
        download(commit, Path(folder) / "model", cache=Path(folder) / "cache")
        wrong = differences(hashes(Path(folder) / "model"), expected, "is in the remote")
    if wrong:
        told = f"{FOLDER} is not what the remote has of this commit: `uv run dvc checkout` if another run is here,"
        raise ProjectError("\n  ".join([f"{told} or else the remote is damaged:", *wrong]))


if __name__ == "__main__":
    execute(main)
