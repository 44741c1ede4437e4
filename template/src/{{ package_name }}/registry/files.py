"""The files of a version: fetched through DVC, believed only by their SHA-256."""

import hashlib
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import ProjectError
from .git import ROOT
from .state import Registry

FOLDER = "models/model"  # as `artifacts` in dvc.yaml says


def hashes(folder: Path) -> dict[str, str]:
    """The SHA-256 of each file by its path in the folder."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256(path.read_bytes()) for path in paths}


def sha256(content: bytes) -> str:
    """The hash as text."""
    return hashlib.sha256(content).hexdigest()


def recorded(registry: Registry, version: str) -> dict[str, str]:
    """The hashes that the tag of a version holds.

    Raises:
        ProjectError: it holds none.
    """
    event = registry.versions[version]
    found = event.data.get("files")
    if not isinstance(found, dict) or not found:
        raise ProjectError(
            f"the tag {event.tag} holds no hashes, so nothing can be trusted: `make register` writes them"
        )
    return dict(found)


def differences(expected: Mapping[str, str], found: Mapping[str, str], where: str = "is registered") -> list[str]:
    """One line for each file that is not what it should be; `where` says who says what it should be."""
    return [
        f"{name}: {expected.get(name, 'absent')} {where}, {found.get(name, 'absent')} is here"
        for name in sorted(expected.keys() | found.keys())
        if expected.get(name) != found.get(name)
    ]


def fetch(registry: Registry, version: str, target: Path) -> None:
    """Put the model of a version into the folder `target`, which must not exist.

    Raises:
        ProjectError: a file is missing or is not what was registered; then `target` does not exist.
    """
    expected = recorded(registry, version)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=target.parent) as folder:
        here = Path(folder) / "model"
        download(registry.versions[version].commit, here)
        wrong = differences(expected, hashes(here))
        if wrong:
            raise ProjectError("\n  ".join([f"the files of {version} are not what was registered:", *wrong]))
        shutil.move(here, target)


def download(commit: str, target: Path, cache: Path | None = None) -> None:
    """Write the model of a commit into `target`: from DVC's cache here or else from the remote of today.

    Args:
        commit: whose `dvc.lock` says which files these are.
        target: a folder that does not exist.
        cache: an empty folder to use in place of DVC's cache; then all comes from the remote.

    Raises:
        ProjectError: there is no remote, or it lacks a file.
    """
    from dvc.api import DVCFileSystem

    config: dict[str, Any] = remote()
    if cache:
        config["cache"] = {"dir": str(cache)}
    try:
        DVCFileSystem(str(ROOT), rev=commit, config=config).get(FOLDER, str(target), recursive=True)
    except Exception as error:  # each kind of storage has errors of its own
        name = config["core"]["remote"]
        raise ProjectError(
            f"the model of {commit[:10]} is neither in the cache nor in the remote {name} "
            f"({config['remote'][name]['url']}): who has it runs `make push` "
            f"({type(error).__name__}: {error})"
        ) from None


def remote() -> dict[str, Any]:
    """The remote that DVC uses by default, as this folder configures it, which is newer than what a tag says.

    Raises:
        ProjectError: there is none.
    """
    from dvc.repo import Repo

    with Repo(str(ROOT)) as repo:
        name = repo.config["core"].get("remote")
        if not name or name not in repo.config["remote"]:
            raise ProjectError(
                "DVC has no default remote, so nobody else could fetch a model: "
                "`uv run dvc remote add --default storage URL`"
            )
        return {"core": {"remote": name}, "remote": {name: dict(repo.config["remote"][name])}}
