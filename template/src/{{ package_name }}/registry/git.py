"""Git, as the registry uses it."""

import subprocess
from pathlib import Path

from ..errors import ProjectError

ROOT = Path(__file__).parents[3]


def git(*arguments: str, text: str | None = None) -> str:
    """What Git prints, without the last line end.

    Args:
        arguments: of Git.
        text: what Git reads.

    Raises:
        ProjectError: Git refuses; the message holds what it says.
    """
    done = attempt(*arguments, text=text)
    if done.returncode:
        raise ProjectError(f"git {arguments[0]} failed: {said(done)}")
    return done.stdout.rstrip("\n")


def attempt(*arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    """A finished Git command, whether it succeeded or not."""
    return subprocess.run(
        ("git", *arguments), cwd=ROOT, input=text, capture_output=True, encoding="utf-8", errors="replace", check=False
    )


def said(done: subprocess.CompletedProcess[str]) -> str:
    """Why Git refused, on one line."""
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip() and not line.startswith("hint:")]
    return "; ".join(lines) or f"exit code {done.returncode}"


def committed(commit: str, path: str) -> str | None:
    """The text of a file at a commit, or None if it is not there."""
    done = attempt("show", f"{commit}:./{path}")
    return None if done.returncode else done.stdout


def head() -> str:
    """The last commit.

    Raises:
        ProjectError: there is none.
    """
    done = attempt("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    if done.returncode:
        raise ProjectError("there is no commit yet: `make run`, then `git add -A && git commit`")
    return done.stdout.strip()


def refuse_dirty() -> None:
    """Refuse a folder that is not what the last commit holds.

    Raises:
        ProjectError: it names the files.
    """
    paths = [line[3:] for line in git("status", "--porcelain", "--", ".").splitlines()]
    if paths:
        more = f" and {len(paths) - 5} more" if len(paths) > 5 else ""
        raise ProjectError(f"not committed: {', '.join(paths[:5])}{more}; commit or `git stash -u` first")
