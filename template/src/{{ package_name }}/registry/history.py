"""All that has happened to the models, newest first: `make history`."""

from ..errors import execute
from .events import Event
from .models import age, show
from .state import ROLLBACK, Registry, load


def main() -> None:
    """Print a table, or that nothing has happened."""
    registry = load()
    if not registry.events:
        print("nothing has happened yet: `make register` registers the last commit")
        return
    events = sorted(registry.events, key=lambda event: (event.when, event.counter), reverse=True)
    show(("when", "who", "what", "why", "tag"), [row(registry, event) for event in events])


def row(registry: Registry, event: Event) -> tuple[str, ...]:
    """What the table says of one event."""
    return f"{event.when:%Y-%m-%d %H:%M}, {age(event.when)}", event.who, what(registry, event), why(event), event.tag


def what(registry: Registry, event: Event) -> str:
    """The event in words."""
    if event.action != "assign":
        return f"{event.version} was {'registered' if event.action == 'register' else 'retired'}"
    version = registry.version_at(event.commit) or f"commit {event.commit[:10]}"
    if event.data.get("kind") == ROLLBACK:
        return f"{event.stage} was rolled back to {version}"
    return f"{version} became {event.stage}"


def why(event: Event) -> str:
    """The reason that was given, or the outcome of the comparison."""
    return str(event.data.get("reason") or "-")


if __name__ == "__main__":
    execute(main)
