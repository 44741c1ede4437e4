"""Say whether `dvc.lock` is what the committed code, settings and data lead to.

`dvc status` compares `dvc.lock` with everything in the folder. Of what it finds this keeps what Git holds: data and
models that were not pulled, or that a later run has already replaced, say nothing about the commit.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Set
from typing import Any

from .config import ROOT
from .errors import ProjectError, execute
from .run import output


def main() -> None:
    """Refuse a `dvc.lock` that is out of step; before the first run there is none, and nothing to refuse."""
    if not (ROOT / "dvc.lock").exists():
        return
    tracked = set(output("git", "ls-files", "-z").split("\0"))
    status = json.loads(output(sys.executable, "-m", "dvc", "status", "--json"))
    lock = _lock()
    found = [*stale(status, tracked, _written(lock).keys()), *torn(lock)]
    if found:
        reason = "dvc.lock is not what the code, settings and data here lead to"
        raise ProjectError("\n  ".join([f"{reason}: run make run and commit what it changes", *found]))


def stale(status: Mapping[str, list[Any]], tracked: Set[str], written: Set[str]) -> Iterator[str]:
    """One line for each difference between `dvc.lock` and the files that Git holds.

    Args:
        status: what `dvc status --json` prints: for each stage the changed dependencies, outputs and command.
        tracked: the paths that Git holds.
        written: the paths that a stage writes.
    """
    elsewhere = {path for path in _changed_outputs(status) if not _held(path, tracked)}
    for stage, changes in status.items():
        for change in changes:
            if isinstance(change, str):
                if change != "always changed":
                    yield f"{stage}: {change}"
                continue
            for path, state in (entry for group in change.values() for entry in group.items()):
                if isinstance(state, dict):
                    yield from (f"{stage}: {key} in {path} is {how}" for key, how in state.items())
                    continue
                # A folder that also holds files which DVC keeps cannot be judged while these are not here.
                judged = _held(path, tracked) and not any(other.startswith(f"{path}/") for other in elsewhere)
                gone = state == "deleted" and path not in written | elsewhere  # nobody will make it again
                if judged or gone:
                    yield f"{stage}: {path} is {state}"


def torn(lock: Mapping[str, Any]) -> Iterator[str]:
    """One line for each file of which one stage wrote another version than the next stage read: a merge does that."""
    written = _written(lock)
    for name, stage in lock.items():
        for entry in stage.get("deps", []):
            if written.get(entry["path"], entry.get("md5")) != entry.get("md5"):
                yield f"{name}: read another {entry['path']} than the stage before it wrote"


def _written(lock: Mapping[str, Any]) -> dict[str, str | None]:
    """The hash of each file that a stage wrote."""
    return {entry["path"]: entry.get("md5") for stage in lock.values() for entry in stage.get("outs", [])}


def _changed_outputs(status: Mapping[str, list[Any]]) -> Iterator[str]:
    for changes in status.values():
        for change in changes:
            if isinstance(change, dict):
                yield from change.get("changed outs", {})


def _held(path: str, tracked: Set[str]) -> bool:
    """Whether Git holds the file, or something in the folder."""
    return path in tracked or any(name.startswith(f"{path}/") for name in tracked)


def _lock() -> dict[str, Any]:
    import yaml

    loaded = yaml.load((ROOT / "dvc.lock").read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return dict(loaded["stages"])


if __name__ == "__main__":
    execute(main)
