"""The page of all runs: which are really better than the champion, in what they differ, and how to get each."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from . import charts, figures, words
from .page import environment

if TYPE_CHECKING:
    from ..experiments import Run

SHOWN, AXES = 30, 8  # more rows, or more lines side by side, nobody reads


def render(runs: "Sequence[Run]", title: str) -> str:
    """The whole page as HTML."""
    from ..experiments import advice, ahead, differences, headline

    metric = next((str(run.question[2]) for run in runs if run.champion), "")
    return (
        environment()
        .get_template("experiments.html")
        .render(
            title=title,
            metric=metric,
            headline=headline(runs, title),
            better=any(run.verdict == "better" for run in runs),
            rows=[(run, ahead(run), differs) for run, differs in zip(runs, differences(runs), strict=True)],
            advice=advice(runs),
            gains=gains(runs, metric),
            parallel=parallel(runs, metric),
            made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        )
    )


def gains(runs: "Sequence[Run]", metric: str) -> "figures.Figure | None":
    """The interval of each run that was compared, beside the champion's zero."""
    compared = [run for run in runs if run.gain]
    if not compared:
        return None
    colours = {"better": "model", "worse": "limit"}
    entries = [
        {
            "label": run.name,
            "text": run.verdict,
            "colour": colours.get(run.verdict, "baseline"),
            **run.gain._asdict(),
        }
        for run in compared[:SHOWN]
        if run.gain
    ]
    left = f" The {len(compared) - SHOWN} runs with the worst metric are left out." if len(compared) > SHOWN else ""
    return figures.figure(
        "Right of the line it is better than the champion",
        f"On the same test rows; the intervals hold for all {len(compared)} runs at once. What is far worse lies "
        f"beyond the left edge.{left}",
        charts.gains(entries, f"ahead of the champion, in {words.metric_title(metric)}"),
    )


def parallel(runs: "Sequence[Run]", metric: str) -> "figures.Figure | None":
    """A line for each run through its parameters, and to its metric."""
    from ..experiments import telling

    shown = [run for run in runs if run.value is not None and (run.gain or run.champion)]
    varied = list(telling(shown).items())
    if len(shown) < 2 or not varied:
        return None
    axes = [charts.axis(_short(key, [name for name, _ in varied]), texts) for key, texts in varied[:AXES]]
    axes.append(charts.axis(words.metric_title(metric), [str(run.value) for run in shown]))
    lines = [  # by rank: one that is far worse would leave no colour to the others
        {"run": run.name, "quality": 1 - place / (len(shown) - 1), "champion": run.champion}
        for place, run in enumerate(shown)
    ]
    left = f" {len(varied) - AXES} parameters more also differ." if len(varied) > AXES else ""
    return figures.figure(
        "What the good runs have in common",
        f"One line a run, through the parameters that differ, to its metric on the test rows. Dashed: champion.{left}",
        charts.parallel(lines, axes),
        "quality",
    )


def _short(key: str, keys: Sequence[str]) -> str:
    """The shortest end of a dotted key that no other key shares."""
    parts: list[Any] = key.split(".")
    ends = (".".join(parts[-count:]) for count in range(1, len(parts) + 1))
    return next(
        (end for end in ends if sum(f".{name}".endswith(f".{end}") for name in keys) == 1 and end != "name"), key
    )
