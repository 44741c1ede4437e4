"""The container: its files are clean, and (`make test-container`) it is built and run for real, without a daemon.

The official base images cannot be had everywhere, so the build starts from stand-ins under their names: Debian from
debootstrap with this machine's Python, and this machine's uv. Everything after `FROM` is the real thing.
"""

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import ROOT, Project, include, run

BUILD = {"BUILDAH_ISOLATION": "chroot", "STORAGE_DRIVER": "vfs"}
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
IMAGE = "flight-delays"


def hadolint(path: Path) -> str:
    """What hadolint says of a Dockerfile; nothing if it is clean."""
    return run("uv", "run", "--no-sync", "--project", ROOT, "hadolint", path, cwd=ROOT, check=False).stdout


def test_hadolint_finds_nothing(project: Path) -> None:
    assert hadolint(project / "Dockerfile") == ""


def test_hadolint_finds_a_version_that_is_not_pinned(project: Path, tmp_path: Path) -> None:
    text = (project / "Dockerfile").read_text()
    (tmp_path / "Dockerfile").write_text(re.sub(r"(FROM \S+python):\S+", r"\1", text))
    assert "DL3006" in hadolint(tmp_path / "Dockerfile")


def test_the_versions_in_the_dockerfile_are_the_tested_ones(project: Path) -> None:
    versions, text = include("versions.yml"), (project / "Dockerfile").read_text()
    assert f"ghcr.io/astral-sh/uv:{versions['uv']} " in text
    assert f"library/python:{versions['python']['maximum']}-slim" in text
    assert f"uv=={versions['uv']}\n" in (ROOT / "Makefile").read_text()


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The two base images that the Dockerfile names, as stand-ins in the local storage."""
    missing = [tool for tool in ("buildah", "podman", "debootstrap") if not shutil.which(tool)]
    assert not missing, f"install {' '.join(missing)} first (packages of Debian)"
    root = tmp_path_factory.mktemp("debian") / "root"
    version = include("versions.yml")
    python = run("uv", "python", "find", version["python"]["maximum"], cwd=ROOT).stdout.strip()
    prefix = run(python, "-c", "import sys; print(sys.base_prefix)", cwd=ROOT).stdout.strip()
    libraries = "ca-certificates,libbz2-1.0,libffi8,liblzma5,libncursesw6,libreadline8,libsqlite3-0,libssl3,zlib1g"
    run("debootstrap", "--variant=minbase", f"--include={libraries}", "bookworm", root, cwd=ROOT)
    shutil.copytree(prefix, root / "usr/local", symlinks=True, dirs_exist_ok=True)
    run("chroot", root, "ldconfig", cwd=ROOT)  # or nothing finds libpython
    shutil.copy(CERTIFICATES, root / CERTIFICATES.relative_to("/"))
    image = f"docker.io/library/python:{version['python']['maximum']}-slim-bookworm"
    changes = ["ENV PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", f"ENV SSL_CERT_FILE={CERTIFICATES}"]
    options = " ".join(f"--change '{change}'" for change in changes)
    run("sh", "-c", f"tar -C {root} -c . | podman import {options} - {image}", cwd=ROOT, check=True, **BUILD)
    empty = run("buildah", "from", "scratch", cwd=ROOT, check=True, **BUILD).stdout.strip()
    uv = shutil.which("uv", path=os.pathsep.join([*os.environ["PATH"].split(os.pathsep), str(ROOT / ".tools/bin")]))
    assert uv
    run("buildah", "copy", empty, uv, "/uv", cwd=ROOT, check=True, **BUILD)
    run("buildah", "commit", "--rm", empty, f"ghcr.io/astral-sh/uv:{version['uv']}", cwd=ROOT, check=True, **BUILD)


@pytest.fixture
def container(bases: None, mine: Project) -> Iterator[tuple[str, Project]]:
    """A container of an image that `make image` has built, and the project that it was built from."""
    mine.run("make", "image", "CONTAINER=buildah", check=True, **BUILD)
    name = run("buildah", "from", "--pull=never", f"localhost/{IMAGE}", cwd=ROOT, check=True, **BUILD).stdout.strip()
    yield name, mine
    run("buildah", "rm", name, cwd=ROOT, check=True, **BUILD)


def inside(name: str, *command: str, check: bool = True) -> str:
    """Run a command in the container as the user of the image."""
    return run("buildah", "run", "--isolation", "chroot", name, "--", *command, cwd=ROOT, check=check, **BUILD).stdout


@pytest.mark.container
@pytest.mark.parametrize("trained", ["classification"], indirect=True)
def test_the_pipeline_in_the_container_gives_the_same_bits_as_outside(container: tuple[str, Project]) -> None:
    name, outside = container
    assert inside(name, "id", "-u").strip() == "10001"
    for absent in ("git", "uv", "gcc"):
        assert inside(name, "sh", "-c", f"command -v {absent} || echo none").strip() == "none"
    shown = run("buildah", "inspect", "--type", "image", f"localhost/{IMAGE}", cwd=ROOT, check=True, **BUILD).stdout
    command = json.loads(shown)["OCIv1"]["config"]["Cmd"]
    inside(name, "sh", "-c", "rm dvc.lock")
    inside(name, *command)
    folder = Path(run("buildah", "mount", name, cwd=ROOT, check=True, **BUILD).stdout.strip())
    try:
        assert (folder / "app/dvc.lock").read_bytes() == (outside.path / "dvc.lock").read_bytes()
        assert (folder / "app/reports/report.html").exists()
        assert not (folder / "app/.git").exists()
    finally:
        run("buildah", "umount", name, cwd=ROOT, check=True, **BUILD)


@pytest.mark.container
@pytest.mark.parametrize("trained", ["classification"], indirect=True)
def test_a_lock_that_does_not_fit_stops_the_build(bases: None, mine: Project) -> None:
    lock = mine.path / "uv.lock"
    lock.write_text(lock.read_text().replace('name = "polars"', 'name = "polarized"'))
    command = f"buildah build --tag {IMAGE}-broken ."
    assert mine.run("sh", "-c", command, check=False, **BUILD).returncode != 0
