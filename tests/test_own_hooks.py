"""The hooks of the template repository itself."""

import subprocess
import sys
from pathlib import Path

import pytest
from harness import ROOT, commit, run, snapshot
from refused import BAD, failed, ids, write

OWN = {"reference": ("docs/reference/features.md", "# Features\n", "files were modified by this hook")}
CASES = BAD | OWN


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the working tree, committed."""
    copy = snapshot(tmp_path_factory.mktemp("own") / "repository")
    commit(copy)
    return copy


def check(repository: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the hooks with the environment of this process, which has their tools."""
    command = (sys.executable, "-m", "pre_commit", "run", *arguments)
    return run(*command, cwd=repository, check=False, UV_PROJECT_ENVIRONMENT=sys.prefix)


@pytest.mark.parametrize("hook", CASES)
def test_each_hook_refuses_what_it_is_for(hook: str, repository: Path) -> None:
    name, text, words = CASES[hook]
    write(repository, {name: text})
    run("git", "add", "--all", cwd=repository)
    done = check(repository)
    run("git", "reset", "--quiet", "--hard", cwd=repository)
    assert done.returncode
    assert failed(done.stdout) == [hook], done.stdout
    assert words in done.stdout


def test_every_hook_has_its_case() -> None:
    assert sorted(ids(ROOT)) == sorted(CASES)


def test_the_working_tree_passes_every_hook_and_stays_as_it_is(repository: Path) -> None:
    done = check(repository, "--all-files")
    assert done.returncode == 0, done.stdout + done.stderr
    assert run("git", "status", "--porcelain", cwd=repository).stdout == ""
