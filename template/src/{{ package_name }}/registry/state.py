"""Which versions there are and which stage each holds: what the events add up to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ..errors import ProjectError
from .events import MODEL, TAG, Event, read

ROLLBACK = "rollback"  # the kind of an assignment that takes the last one back


@dataclass(frozen=True)
class Registry:
    """The events, and what follows from them."""

    events: Sequence[Event]
    last: str = ""  # of the events that everybody knows of, as `publish` wants it
    versions: dict[str, Event] = field(init=False)
    retired: dict[str, Event] = field(init=False)

    def __post_init__(self) -> None:
        """Sort the versions, lowest first."""
        registered = sorted((e for e in self.events if e.action == "register"), key=lambda e: order(e.version))
        object.__setattr__(self, "versions", {event.version: event for event in registered})
        object.__setattr__(self, "retired", {e.version: e for e in self.events if e.action == "retire"})

    @property
    def stages(self) -> list[str]:
        """The stages that any version has held."""
        return sorted({event.stage for event in self.events if event.action == "assign"})

    def assignments(self, stage: str) -> list[Event]:
        """How the stage was assigned, first to last."""
        return sorted((e for e in self.events if e.action == "assign" and e.stage == stage), key=lambda e: e.counter)

    def version_at(self, commit: str) -> str | None:
        """The version that a commit was registered as."""
        return next((name for name, event in self.versions.items() if event.commit == commit), None)

    def stack(self, stage: str) -> list[str]:
        """The versions that a rollback can go back through; the last one holds the stage."""
        moves = ((e.data.get("kind") == ROLLBACK, self.version_at(e.commit)) for e in self.assignments(stage))
        return replay((back, version) for back, version in moves if version)

    def current(self, stage: str) -> str | None:
        """The version that holds the stage."""
        held = self.stack(stage)
        return held[-1] if held else None

    def previous(self, stage: str) -> str | None:
        """The version that a rollback would put back: the one before, but none that is retired."""
        held = self.stack(stage)
        return next((name for name in reversed(held) if name != held[-1] and name not in self.retired), None)

    def held_by(self, version: str) -> list[str]:
        """The stages that a version holds."""
        return [stage for stage in self.stages if self.current(stage) == version]

    def next_counter(self) -> int:
        """The counter of the next assignment; GTO counts those of all stages together."""
        return max((event.counter for event in self.events), default=0) + 1

    def newest(self) -> str:
        """The highest version that is not retired.

        Raises:
            ProjectError: there is none.
        """
        standing = [name for name in self.versions if name not in self.retired]
        if not standing:
            raise ProjectError("no version is registered yet: `make register` registers the last commit")
        return standing[-1]

    def resolve(self, name: str) -> str:
        """The version that a version, a stage or a tag names.

        Raises:
            ProjectError: it names none.
        """
        tag = TAG.fullmatch(name)
        if tag and tag["stage"]:
            commits = [event.commit for event in self.events if event.tag == name]
            found = self.version_at(commits[0]) if commits else None
        elif tag and not tag["retired"]:
            found = tag["version"]
        else:
            found = self.current(name) or name
        if found in self.versions:
            return str(found)
        known = [*self.versions, *(stage for stage in self.stages if self.current(stage))]
        told = f"there are {', '.join(known)}" if known else "none is registered yet: see `make register`"
        raise ProjectError(f"no version {name}: {told}")


def load() -> Registry:
    """The registry of this clone."""
    return Registry(read())


def replay(moves: Iterable[tuple[bool, str]]) -> list[str]:
    """The stack of versions after moves: a promotion pushes its version, a rollback pops down to it.

    Args:
        moves: for each assignment, whether it is a rollback, and the version that held the stage afterwards.
    """
    stack: list[str] = []
    for back, version in moves:
        while back and stack and stack[-1] != version:
            stack.pop()
        # Also a rollback to what was never there, which only a tag made by hand can be: the tag is what holds.
        if not back or not stack:
            stack.append(version)
    return stack


def order(version: str) -> tuple[int, ...]:
    """What versions are sorted by."""
    return tuple(int(part) for part in version.removeprefix("v").split("."))


def tag_of(version: str) -> str:
    """The name of the tag that registers a version."""
    return f"{MODEL}@{version}"
