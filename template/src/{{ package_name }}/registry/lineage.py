"""Where a model comes from: `make lineage MODEL=champion`, or a version, or a file; with AS=json or AS=markdown."""

import argparse
import json
from pathlib import Path
from typing import Any

from ..errors import ProjectError, execute
from .events import Event
from .files import sha256
from .git import committed, git
from .history import what, why
from .models import measured
from .state import Registry, load

CARDS = ("docs/model_card.md", "docs/data_card.md")
FORMS = ("text", "json", "markdown")


def main() -> None:
    """Print the lineage of one version."""
    parser = argparse.ArgumentParser(prog="lineage", description=__doc__)
    parser.add_argument("--model", default="", help="a version, a stage, a tag or a file (default: champion)")
    parser.add_argument("--as", dest="form", default="text", help=f"one of {', '.join(FORMS)}")
    given = parser.parse_args()
    if given.form not in FORMS:
        raise ProjectError(f"AS={given.form} is none of {', '.join(FORMS)}")
    registry = load()
    version = find(registry, given.model or "champion")
    print({"text": text, "json": as_json, "markdown": markdown}[given.form](lineage(registry, version)))


def find(registry: Registry, name: str) -> str:
    """The version that a name or a file stands for; a file is looked up by its hash.

    Raises:
        ProjectError: there is none.
    """
    path = Path(name)
    if not path.is_file():
        return registry.resolve(name)
    digest = sha256(path.read_bytes())
    of = [name for name, event in registry.versions.items() if digest in event.data.get("files", {}).values()]
    if not of:
        raise ProjectError(f"{path} is of no registered version: no tag holds its SHA-256 {digest}")
    return of[-1]


def lineage(registry: Registry, version: str) -> dict[str, Any]:
    """All that is known of a version, as plain values."""
    event = registry.versions[version]
    related = [e for e in registry.events if e.commit == event.commit]
    subject, author = git("log", "-1", "--format=%s%x00%an", event.commit).split("\0")
    return {
        "version": version,
        "tag": event.tag,
        "commit": {"hash": event.commit, "subject": subject, "author": author},
        "registered": {"by": event.who, "at": event.when.isoformat()},
        "stages": registry.held_by(version),
        "history": [
            {"at": e.when.isoformat(), "by": e.who, "what": what(registry, e), "why": why(e)} for e in in_time(related)
        ],
        **{key: value for key, value in event.data.items() if key != "kind"},
        "cards": [f"{event.commit}:{path}" for path in CARDS if committed(event.commit, path) is not None],
        "commands": {
            "fetch the model": f"make fetch MODEL={version}",
            "read its card": f"git show {event.tag}:./{CARDS[0]}",
            "go to its code and settings": f"git switch --detach {event.tag}",
            "fetch its data": "make pull",
            "prove that it reproduces": f"make audit VERSION={version}",
        },
    }


def in_time(events: list[Event]) -> list[Event]:
    """First to last."""
    return sorted(events, key=lambda event: (event.when, event.counter))


def rows(of: dict[str, Any]) -> list[tuple[str, str]]:
    """What people are shown, as pairs of a label and a value."""
    told = [
        ("version", f"{of['version']}" + (f" ({', '.join(of['stages'])})" if of["stages"] else "")),
        ("commit", f"{of['commit']['hash']} {of['commit']['subject']}"),
        ("run by", of["commit"]["author"]),
        ("registered", f"{of['registered']['at']} by {of['registered']['by']}"),
    ]
    if "metric" in of:
        gate = [verdict["rule"] for verdict in of["gate"] if not verdict["passed"]]
        told += [
            ("predicts", f"{of['target']} ({of['task']})"),
            (of["metric"], f"{measured(of)} on {of['rows']['test']:,} test rows"),
            ("gate", f"broken: {', '.join(gate)}" if gate else f"{len(of['gate'])} rules hold"),
            *((f"file {name}", f"SHA-256 {digest}") for name, digest in of["files"].items()),
            *((path, f"MD5 {digest}") for path, digest in of["data"].items()),
            ("params.yaml", f"SHA-256 {of['params']}"),
            ("uv.lock", f"SHA-256 {of['packages']}"),
            ("Python", of["python"]),
        ]
    told += [("card", card) for card in of["cards"]]
    return told


def text(of: dict[str, Any]) -> str:
    """For a terminal."""
    events = [(event["at"], f"{event['what']} by {event['by']}: {event['why']}") for event in of["history"]]
    parts = [rows(of), events, [(name, command) for name, command in of["commands"].items()]]
    return "\n\n".join("\n".join(f"{label:<28}{value}" for label, value in part) for part in parts)


def markdown(of: dict[str, Any]) -> str:
    """For a comment or a release; what people wrote is shown as code, so that it calls and links nobody."""
    lines = [f"### Model {of['version']}", "", "| | |", "| --- | --- |"]
    lines += [f"| {label} | {_code(value)} |" for label, value in rows(of)]
    lines += ["", "| when | who | what | why |", "| --- | --- | --- | --- |"]
    lines += [
        f"| {event['at']} | {_code(event['by'])} | {_code(event['what'])} | {_code(event['why'])} |"
        for event in of["history"]
    ]
    return "\n".join([*lines, "", "```sh", *of["commands"].values(), "```"])


def as_json(of: dict[str, Any]) -> str:
    """For programs."""
    return json.dumps(of, indent=1)


def _code(value: str) -> str:
    return f"`{' '.join(value.split()).replace('`', chr(39)).replace('|', '¦')}`"


if __name__ == "__main__":
    execute(main)
