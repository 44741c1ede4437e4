"""Prove that a commit reproduces: a clean clone, a fresh environment, every stage, the same hashes.

Exit code 0 if `dvc.lock` comes out identical; otherwise 1 and the list of what differs.
"""

import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from .config import ROOT
from .errors import ProjectError, execute


def reproduce(revision: str = "HEAD") -> None:
    """Raise a `ProjectError` that names what differs, or print that nothing does."""
    commit = _committed(revision)
    with tempfile.TemporaryDirectory(prefix="reproduce-") as folder:
        clone = Path(folder) / ROOT.name
        print(f"reproduce: commit {commit[:10]} in a clean clone, with a fresh environment")
        _call("git", "clone", "--quiet", str(ROOT), str(clone), folder=Path(folder))
        _call("git", "checkout", "--quiet", commit, folder=clone)
        before = _lock(clone)
        _call("uv", "sync", "--locked", "--quiet", folder=clone)
        _fetch_raw_data(clone)
        _call("uv", "run", "--no-sync", "dvc", "repro", "--force", "--no-run-cache", folder=clone)
        found = differences(before, _lock(clone))
    if found:
        raise ProjectError("\n".join(["this commit does not reproduce here:", *found]))
    print(f"reproduce: commit {commit[:10]} reproduces: {len(before)} files, the same to the last bit")


def differences(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """One line for each file whose hash differs or that only one side has."""
    names = sorted(before.keys() | after.keys())
    return [
        f"  {name}: {before.get(name, 'absent')} when committed, {after.get(name, 'absent')} now"
        for name in names
        if before.get(name) != after.get(name)
    ]


def _committed(revision: str) -> str:
    """The commit, as its hash.

    Raises:
        ProjectError: there is none, or it holds no run.
    """
    fix = "run the pipeline and commit it first: `make run`, then `git add -A && git commit`"
    head = subprocess.run(["git", "rev-parse", revision], cwd=ROOT, capture_output=True, text=True, check=False)
    if head.returncode:
        raise ProjectError(f"there is no commit to reproduce: {fix}")
    listed = subprocess.run(
        ["git", "ls-tree", "--name-only", revision, "dvc.lock", "uv.lock", "params.yaml"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    missing = {"dvc.lock", "uv.lock", "params.yaml"} - set(listed.stdout.split())
    if missing:
        raise ProjectError(f"commit {head.stdout[:10]} lacks {', '.join(sorted(missing))}: {fix}")
    return head.stdout.strip()


def _lock(folder: Path) -> dict[str, str]:
    """The hash of every dependency and output in `dvc.lock`, by stage and path."""
    lock: Any = OmegaConf.to_container(OmegaConf.load(folder / "dvc.lock"))
    return {
        f"{stage}: {entry['path']}": entry["md5"]
        for stage, of in lock["stages"].items()
        for entry in [*of.get("deps", []), *of.get("outs", [])]
    }


def _fetch_raw_data(clone: Path) -> None:
    """Data that DVC tracks come from this clone's own cache, so no remote is needed."""
    tracked = [str(path.relative_to(clone)) for path in clone.glob("data/raw/**/*.dvc")]
    if tracked:
        dvc = ("uv", "run", "--no-sync", "dvc")
        _call(*dvc, "remote", "add", "--local", "here", str(ROOT / ".dvc" / "cache"), folder=clone)
        _call(*dvc, "pull", "--remote", "here", *tracked, folder=clone)


def _call(*command: str, folder: Path) -> None:
    """Run a command as if in a fresh terminal: without this environment's own variables.

    Raises:
        ProjectError: it fails.
    """
    own = ("VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT", "PYTHONPATH", "DVC_ROOT")
    clean = {name: value for name, value in os.environ.items() if name not in own}
    if subprocess.run(command, cwd=folder, env=clean, check=False).returncode:
        raise ProjectError(f"`{' '.join(command)}` failed in the clean clone; what it printed is above")


if __name__ == "__main__":
    execute(reproduce)
