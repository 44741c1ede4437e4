"""Tags that are shared: fetched before a decision, pushed after it, taken away again if somebody else was faster.

A tag is only refused where another has its name, but of two people one may retire what the other promotes. So each of
these pushes also moves one reference at the remote, from the event that was the last one when the decision was made to
the new one: Git lets one of two people do that. In one clone a lock and another look do the same for two processes.
"""

import fcntl
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from ..errors import ProjectError
from .events import PATTERNS
from .git import ROOT, attempt, git, said
from .state import Registry, load

REMOTE = "origin"
REFSPECS = tuple(f"{pattern}:{pattern}" for pattern in PATTERNS)
LAST = "refs/registry/last"


def synced() -> Registry:
    """The registry with all that others have pushed.

    Raises:
        ProjectError: the remote cannot be reached, or holds another tag of the same name.
    """
    with _locked():
        if not _shared():
            return load()
        asked = attempt("ls-remote", REMOTE, LAST)  # first: an event that comes in between counts as unknown
        done = attempt("fetch", "--quiet", "--no-tags", REMOTE, *REFSPECS)
        if "would clobber" in done.stderr:
            raise ProjectError(
                f"{REMOTE} holds another tag of the same name: `git tag -d` yours, then try again ({said(done)})"
            )
        for each in (asked, done):
            if each.returncode:
                reason = f"{REMOTE} cannot be asked what others have done, so nothing is changed: {said(each)}"
                raise ProjectError(reason)
        return replace(load(), last=asked.stdout.partition("\t")[0])


def publish(known: Registry, tag: str, commit: str, subject: str, data: Mapping[str, Any], alone: bool = True) -> None:
    """Tag a commit and push the tag, together with those that were never pushed. All or nothing.

    Args:
        known: what the decision was made from, as `synced` gave it.
        tag: its name, which must be free.
        commit: what it points to.
        subject: the line for people.
        data: the object for programs.
        alone: whether the decision does not hold any more if somebody else has done something meanwhile. If not, only
            the name has to be free, as for a new version: it takes long to share, and others do not make it another.

    Raises:
        ProjectError: somebody else was faster, or the push is refused. The tag is gone then.
    """
    message = f"{' '.join(subject.split())}\n\n{json.dumps(data, indent=1)}\n"
    name = None if alone else tag
    lease = [f"--force-with-lease={LAST}:{known.last}"] if alone else []
    with _locked():
        if alone and (faster := _faster(known, name)):
            raise faster
        made = attempt("tag", "--annotate", "--cleanup=verbatim", "--file=-", tag, commit, text=message)
        if made.returncode:
            raise _faster(known, name) or ProjectError(f"the tag {tag} cannot be made: {said(made)}")
        ours = git("rev-parse", f"refs/tags/{tag}")
        moved = [f"refs/tags/{tag}:{LAST}"] if alone else []
        try:
            push = ("push", "--quiet", "--atomic", *lease, REMOTE, *REFSPECS, *moved)
            pushed = attempt(*push) if _shared() else None
        except BaseException:
            git("update-ref", "-d", f"refs/tags/{tag}", ours)
            raise
        if pushed is not None and pushed.returncode:
            git("update-ref", "-d", f"refs/tags/{tag}", ours)
            attempt("fetch", "--quiet", "--no-tags", REMOTE, *REFSPECS)
            reason = f"{REMOTE} refuses the tag {tag}, so nothing is changed: {said(pushed)}"
            raise _faster(known, name) or ProjectError(reason)


def _faster(known: Registry, tag: str | None) -> ProjectError | None:
    """Who has done what meanwhile, if anybody has: anything, or only what has the name `tag`."""
    before = {event.tag for event in known.events}
    new = [event for event in load().events if event.tag not in before and tag in (None, event.tag)]
    if not new:
        return None
    theirs = max(new, key=lambda event: (event.when, event.counter))
    told = f"{theirs.who} was faster: {theirs.subject} ({theirs.tag}, {theirs.when:%Y-%m-%d %H:%M})"
    return ProjectError(f"{told}; nothing is changed: see `make history`, then decide anew")


@contextmanager
def _locked() -> Iterator[None]:
    """Let no other process of this clone see a tag that may yet be taken away, nor push it along."""
    with (ROOT / git("rev-parse", "--git-common-dir") / "registry.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _shared() -> bool:
    return attempt("remote", "get-url", REMOTE).returncode == 0
