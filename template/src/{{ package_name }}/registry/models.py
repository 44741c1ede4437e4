"""The versions and the stages they hold: `make models`."""

from datetime import UTC, datetime
from typing import Any

from ..errors import execute
from .events import Event
from .state import Registry, load

SPANS = ((365 * 86400, "year"), (30 * 86400, "month"), (86400, "day"), (3600, "hour"), (60, "minute"))


def main() -> None:
    """Print a table, newest version first."""
    registry = load()
    if not registry.versions:
        print("no version is registered yet: `make register` registers the last commit")
        return
    show(
        ("version", "stage", "metric", "value (interval)", "rows", "registered", "by", "commit"),
        [row(registry, name, event) for name, event in reversed(registry.versions.items())],
    )


def row(registry: Registry, name: str, event: Event) -> tuple[str, ...]:
    """What the table says of one version."""
    # Retired and in a stage at once is what GTO itself can do, or a tag by hand: it has to be seen.
    state = [f"retired {age(registry.retired[name].when)}"] if name in registry.retired else []
    state += registry.held_by(name)
    rows = event.data.get("rows", {}).get("test")
    return (
        name,
        ", ".join(state) or "-",
        str(event.data.get("metric", "-")),
        measured(event.data),
        f"{rows:,}" if rows else "-",
        f"{event.when:%Y-%m-%d %H:%M}, {age(event.when)}",
        event.who,
        event.commit[:10],
    )


def measured(data: dict[str, Any]) -> str:
    """The task's metric with its interval."""
    found = data.get("metrics", {}).get(data.get("metric"))
    return f"{found['value']:.4f} ({found['low']:.4f} to {found['high']:.4f})" if found else "-"


def age(when: datetime) -> str:
    """How long ago that was, in the largest unit that fits."""
    seconds = (datetime.now(UTC) - when).total_seconds()
    for span, name in SPANS:
        if seconds >= span:
            number = int(seconds // span)
            return f"{number} {name}{'s' if number > 1 else ''} ago"
    return "just now"


def show(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """A table: coloured on a terminal, whole lines where there is none."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    if not console.is_terminal:
        console = Console(width=1000)
    table = Table(*head, box=None, pad_edge=False, header_style="bold")
    for cells in rows:
        style = "dim" if cells[1].startswith("retired") else "green" if "champion" in cells[1] else ""
        table.add_row(*cells, style=style)
    console.print(table, markup=False)


if __name__ == "__main__":
    execute(main)
