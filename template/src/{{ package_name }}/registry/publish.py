"""Tags that are shared: fetched before a decision, pushed after it, taken away again if somebody else was faster."""

import json
from collections.abc import Mapping
from typing import Any

from ..errors import ProjectError
from .events import PATTERNS
from .git import attempt, git, said
from .state import Registry, load

REMOTE = "origin"
REFSPECS = tuple(f"{pattern}:{pattern}" for pattern in PATTERNS)


def synced() -> Registry:
    """The registry with all that others have pushed.

    Raises:
        ProjectError: the remote cannot be reached, or holds another tag of the same name.
    """
    if _shared():
        done = attempt("fetch", "--quiet", "--no-tags", REMOTE, *REFSPECS)
        if done.returncode and "would clobber" in done.stderr:
            raise ProjectError(
                f"{REMOTE} holds another tag of the same name: `git tag -d` yours, then try again ({said(done)})"
            )
        if done.returncode:
            raise ProjectError(f"{REMOTE} cannot be asked what others have done, so nothing is changed: {said(done)}")
    return load()


def publish(tag: str, commit: str, subject: str, data: Mapping[str, Any]) -> None:
    """Tag a commit and push the tag, together with those that were never pushed. All or nothing.

    Args:
        tag: its name, which must be free.
        commit: what it points to.
        subject: the line for people.
        data: the object for programs.

    Raises:
        ProjectError: the name is taken, by this clone or by another, or the push is refused. The tag is gone then.
    """
    message = f"{' '.join(subject.split())}\n\n{json.dumps(data, indent=1)}\n"
    made = attempt("tag", "--annotate", "--cleanup=verbatim", "--file=-", tag, commit, text=message)
    if made.returncode:
        raise _taken(tag) or ProjectError(f"the tag {tag} cannot be made: {said(made)}")
    ours = git("rev-parse", f"refs/tags/{tag}")
    try:
        pushed = attempt("push", "--quiet", "--atomic", REMOTE, *REFSPECS) if _shared() else None
    except BaseException:
        git("update-ref", "-d", f"refs/tags/{tag}", ours)
        raise
    if pushed is not None and pushed.returncode:
        git("update-ref", "-d", f"refs/tags/{tag}", ours)
        attempt("fetch", "--quiet", "--no-tags", REMOTE, *REFSPECS)
        raise _taken(tag) or ProjectError(f"{REMOTE} refuses the tag {tag}, so nothing is changed: {said(pushed)}")


def _taken(tag: str) -> ProjectError | None:
    """Who has the name, if anybody has."""
    theirs = next((event for event in load().events if event.tag == tag), None)
    if theirs is None:
        return None
    told = f"{theirs.who} was faster: {theirs.subject} ({tag}, {theirs.when:%Y-%m-%d %H:%M})"
    return ProjectError(f"{told}; nothing is changed: see `make history`, then decide anew")


def _shared() -> bool:
    return attempt("remote", "get-url", REMOTE).returncode == 0
