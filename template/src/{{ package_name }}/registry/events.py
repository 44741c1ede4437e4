"""What has happened to the models: each event is an annotated tag in GTO's format.

`model@v0.1.0` registers a version, `model@v0.1.0!` retires it, `model#champion#2` assigns a stage; the highest counter
is the current one. A tag's first line is for people. After a blank line follows one JSON object for programs.
"""

import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from .git import git

MODEL = "model"  # as `artifacts` in dvc.yaml calls it
VERSION = r"v(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)"
TAG = re.compile(rf"{MODEL}(?:@(?P<version>{VERSION})(?P<retired>!)?|#(?P<stage>[a-zA-Z0-9][\w-]*)#(?P<counter>\d+))")
PATTERNS = (f"refs/tags/{MODEL}@*", f"refs/tags/{MODEL}#*")
FIELDS = (
    "refname:strip=2",
    "objecttype",
    "*objectname",
    "taggername",
    "taggeremail:trim",
    "taggerdate:iso-strict",
    "contents:subject",
    "contents:body",
)

Action = Literal["register", "retire", "assign"]


@dataclass(frozen=True)
class Event:
    """One tag. `version` is empty for a stage: there the commit says which it is."""

    tag: str
    action: Action
    commit: str
    who: str
    email: str
    when: datetime
    subject: str
    version: str = ""
    stage: str = ""
    counter: int = 0
    data: dict[str, Any] = field(default_factory=dict, compare=False)


def read() -> list[Event]:
    """Every event of this clone, in the order of the tags' names. Lightweight tags are none, as for GTO."""
    form = "%00".join(f"%({name})" for name in FIELDS)
    text = git("for-each-ref", f"--format={form}%00", *PATTERNS)
    cells = text.split("\0")[:-1]
    rows = [cells[i : i + len(FIELDS)] for i in range(0, len(cells), len(FIELDS))]
    events = [parse(row[0].lstrip("\n"), *row[1:]) for row in rows]
    return [event for event in events if event is not None]


def parse(name: str, kind: str, commit: str, who: str, email: str, when: str, subject: str, body: str) -> Event | None:
    """The event that a tag stands for, or None if it stands for none."""
    found = TAG.fullmatch(name)
    if found is None or kind != "tag":
        return None
    action: Action = "assign" if found["stage"] else "retire" if found["retired"] else "register"
    return Event(
        tag=name,
        action=action,
        commit=commit,
        who=who,
        email=email,
        when=datetime.fromisoformat(when),
        subject=subject,
        version=found["version"] or "",
        stage=found["stage"] or "",
        counter=int(found["counter"] or 0),
        data=_object(body),
    )


def _object(body: str) -> dict[str, Any]:
    """The JSON object in a tag; nothing in a tag that was written by hand or by GTO alone."""
    try:
        found = json.loads(body)
    except json.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}
