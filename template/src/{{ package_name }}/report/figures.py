"""The figures of the report: each a chart, a title that says what to look for, and a note on how to read it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..config import Config
from ..metrics import LARGER_IS_BETTER, advantage
from . import charts
from .words import direction, metric_title, number, outcome, prediction, share, signed, unit

Values = Mapping[str, Any]
# How much is shown of long lists. A note says what is left out.
COLUMNS, SLICES, BARS, SWARMS = 8, 16, 12, 10


@dataclass(frozen=True)
class Figure:
    """A drawn chart (an SVG element, safe to put into the page) with its words."""

    title: str
    note: str
    svg: str
    mark: str = ""


def standing(config: Config, evaluation: Values, then: Values | None) -> Figure:
    """The headline metric of the model, of its last committed version, and of the two it has to beat."""
    metric = config.task.metric
    models = {"model": f"this model ({config.model.name})", "linear": "linear model", "baseline": "guessing (baseline)"}
    entries = [
        {"label": label, "colour": name, **evaluation["models"][name]["test"][metric]} for name, label in models.items()
    ]
    if then is not None:
        before = {"label": "last committed run", "colour": "ink", **then["models"]["model"]["test"][metric]}
        entries.insert(1, before)
    main = entries[0]["value"]
    entries = [{**entry, "text": number(entry["value"], main)} for entry in entries]
    better = "further right" if metric in LARGER_IS_BETTER else "further left"
    return _figure(
        f"{metric_title(metric)} of the model and of what it has to beat",
        f"On the test rows; {better} is better. The lines are {share(evaluation['confidence'])} intervals.",
        charts.standing(entries, _with_unit(config, metric)),
    )


def quality(config: Config, evaluation: Values, curve: Sequence[Values], errors: Sequence[Values]) -> list[Figure]:
    """The curve of the three models, the calibration, and the spread of scores or errors."""
    task, of = config.task.name, unit(config)
    bins = evaluation["calibration"]
    rows = sum(entry["rows"] for entry in bins)
    off = sum(entry["rows"] * abs(entry["predicted"] - entry["observed"]) for entry in bins) / max(rows, 1)
    told = {
        "classification": (
            "The further up and to the left, the better",
            f"ROC curve: the share of rows with {config.target} that are found, against the false alarms to pay for it, "
            "at each threshold. Guessing lies on the diagonal.",
            "Below: no. Above: yes. The less they overlap, the better",
            f"Predicted probabilities of the test rows, apart for those with {config.target} (positive) and those "
            f"without (negative).",
        ),
        "regression": (
            "The sooner it rises, the better",
            f"The share of test rows whose error is at most so many {of}; the largest 5 % lie beyond the right edge.",
            "A narrow peak at zero is good; a long tail is not",
            f"Errors on the test rows: negative where the outcome was higher than predicted. The outermost "
            f"bars collect what lies beyond. On average {signed(_bias(evaluation), 10)} {of}.",
        ),
    }[task]
    return [
        _figure(told[0], told[1], charts.curve(curve, task, of)),
        _figure(
            "On the diagonal, predictions mean what they say",
            f"Ten groups of equally many test rows, from low to high predictions. On average prediction and outcome "
            f"of a group differ by {_difference(config, off)}.",
            charts.calibration(bins, task, of),
        ),
        _figure(told[2].replace("Below: no. Above: yes. The", "Two hills, one for each class: the"), told[3], charts.errors(errors, task, of)),
    ]
