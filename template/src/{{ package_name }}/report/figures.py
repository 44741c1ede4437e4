"""The figures of the report: each a chart, a title that says what to look for, and a note on how to read it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from ..config import Config
from ..metrics import LARGER_IS_BETTER
from . import charts
from .answers import goodness
from .words import capitalized, metric_title, metric_unit, number, outcome, plain, prediction, share, signed, unit

Values = Mapping[str, Any]
# How much is shown of long lists; a note says what is left out.
COLUMNS, SLICES, FEATURES = 8, 16, 10


@dataclass(frozen=True)
class Figure:
    """A drawn chart (an SVG element, safe to put into the page) with its words."""

    title: str
    note: str
    svg: str
    badge: str = ""


def standing(config: Config, evaluation: Values, then: Values | None) -> Figure:
    """The headline metric of the model, of its last committed version, and of the two it has to beat."""
    metric, models = config.task.metric, evaluation["models"]
    shown = [
        {"label": f"this model ({config.model.name})", "colour": "model", **models["model"]["test"][metric]},
        {"label": "linear model", "colour": "linear", **models["linear"]["test"][metric]},
        {"label": "baseline (a guess)", "colour": "baseline", **models["baseline"]["test"][metric]},
    ]
    if then is not None:
        before = then["models"]["model"]["test"][metric]
        shown.insert(1, {"label": "last committed run", "colour": "ink", **before})
    main = shown[0]["value"]
    entries = [{**entry, "text": number(entry["value"], main)} for entry in shown]
    better = "right" if metric in LARGER_IS_BETTER else "left"
    return figure(
        f"{capitalized(metric_title(metric))}: further {better} is better",
        f"On the test rows, with {share(evaluation['confidence'])} intervals.",
        charts.standing(entries, f"{metric_title(metric)}{metric_unit(config, metric)}"),
    )


def quality(config: Config, evaluation: Values, curve: Sequence[Values], errors: Sequence[Values]) -> list[Figure]:
    """The curve of the three models, the calibration, and the spread of scores or errors."""
    task, of, bins = config.task.name, unit(config), evaluation["calibration"]
    gap = sum(entry["rows"] * abs(entry["predicted"] - entry["observed"]) for entry in bins)
    gap /= max(sum(entry["rows"] for entry in bins), 1)
    off = f"{number(gap * 100, 10)} percentage points" if task == "classification" else f"{number(gap, 10)} {of}"
    if task == "classification":
        curve_words = (
            "The further up and left, the better",
            f"ROC curve: how many rows where {config.target} is true are found, for how many false alarms. "
            "Guessing goes along the diagonal.",
        )
        error_words = (
            "The less the two classes overlap, the better",
            f"Predicted probabilities of the test rows: positive are those where {config.target} is true.",
        )
    else:
        bias = evaluation["models"]["model"]["test"]["bias"]["value"]
        curve_words = (
            "The sooner it rises, the better",
            f"Test rows whose error is at most so many {of}. The largest 5 % lie beyond the right edge.",
        )
        error_words = (
            "A narrow peak around zero is good",
            f"Left of zero the outcome was higher than predicted, right of it lower. The outermost bars collect what "
            f"lies beyond. On average the prediction is off by {signed(bias, 10)} {of}.",
        )
    return [
        figure(*curve_words, charts.curve(curve, task, of)),
        figure(
            "On the diagonal, predictions mean what they say",
            f"Ten equally large groups of test rows, from low to high predictions. The average group is {off} off.",
            charts.calibration(bins, task, of),
        ),
        figure(*error_words, charts.errors(errors, task, of)),
    ]


def learning(points: Sequence[Values]) -> list[Figure]:
    """The learning curve, if there is one."""
    if not points:
        return []
    lowest = min((point for point in points if point["part"] == "validation"), key=lambda point: point["loss"])
    return [
        figure(
            "Where the lines part, it learns the training rows by heart",
            f"The estimator's own loss after each step of the fit. On the validation rows it is lowest at step "
            f"{lowest['step']} of {points[-1]['step']}.",
            charts.learning(points),
        )
    ]


def slices(config: Config, evaluation: Values) -> tuple[list[Figure], str]:
    """One figure for each sliced column, sensitive ones first, then by how much slices differ; and what is left out."""
    metric, limit = evaluation["metric"], config.gate.slice_limit
    columns: dict[str, list[Values]] = {}
    for entry in evaluation["slices"]:
        columns.setdefault(entry["column"], []).append(entry)
    overall = evaluation["models"]["model"]["test"][metric]["value"]
    seen = [entry[key] for entry in evaluation["slices"] for key in ("metric", "low", "high")]
    seen = [value for value in [*seen, overall, *([] if limit is None else [limit])] if isfinite(value)]
    room = (max(seen) - min(seen) or 1.0) * 0.05
    domain = [min(seen) - room, max(seen) + 4 * room]  # the numbers of rows stand on the right
    order = sorted(columns, key=lambda name: (not columns[name][0]["sensitive"], -_spread(columns[name])))
    shown = sorted(order[:COLUMNS], key=lambda name: (not columns[name][0]["sensitive"], len(columns[name])))
    figures = []
    for name in shown:
        ranked = sorted(columns[name], key=lambda entry: goodness(metric, entry["metric"]))
        rest = f" The {len(ranked) - SLICES} best are left out." if len(ranked) > SLICES else ""
        line = "" if limit is None else " Red line: the gate's limit."
        figures.append(
            figure(
                name,
                f"Weakest first; numbers of rows on the right. Dashed: all rows.{line}{rest}",
                charts.slices(
                    ranked[:SLICES], metric_title(metric) + metric_unit(config, metric), overall, limit, domain
                ),
                "sensitive" if ranked[0]["sensitive"] else "",
            )
        )
    left = order[COLUMNS:]
    return figures, f"Columns with less spread are left out: {', '.join(left)}." if left else ""


def reliance(config: Config, explanation: Values) -> list[Figure]:
    """What the metric loses without each feature, and how far each moves single predictions."""
    metric, parts = explanation["metric"], explanation["contributions"]
    ranked = explanation["importance"]
    bars = [
        {**entry, "label": _named(config, entry["feature"]), "text": number(entry["loss"], ranked[0]["loss"])}
        for entry in ranked[:FEATURES]
    ]
    left = f" {len(ranked) - FEATURES} features with less are left out." if len(ranked) > FEATURES else ""
    points = dict(list(parts["points"].items())[:FEATURES])
    return [
        figure(
            "The longer the bar, the more the model needs the feature",
            f"By how much {metric_title(metric)} gets worse when values of one feature are shuffled; the dark lines "
            f"span the repeats.{left}",
            charts.importance(bars, f"loss of {metric_title(metric)}{metric_unit(config, metric)}"),
        ),
        figure(
            "Right of zero, the feature raises the prediction",
            f"One dot a row, for the features that move predictions most; contributions (SHAP values) are "
            f"{parts['method']}. The colour is the rank of the feature's value; grey: missing, or a category.",
            charts.swarm(points, {name: _named(config, name) for name in points}, _contribution_unit(config, parts)),
            "ranks",
        ),
    ]


def responses(config: Config, explanation: Values) -> list[Figure]:
    """How the prediction answers to each of the most important features."""
    entries = explanation["dependence"]
    limits = [value for entry in entries for value in (*entry["low"], *entry["high"]) if isfinite(value)]
    domain = [min(limits, default=0.0), max(limits, default=1.0)]
    return [
        figure(
            entry["feature"],
            _description(config, entry["feature"]),
            charts.dependence(entry, config.task.name, domain),
        )
        for entry in entries
    ]


def examples(config: Config, explanation: Values) -> list[Figure]:
    """Single rows, and what moved their predictions."""
    of = _contribution_unit(config, explanation["contributions"])
    moves = [part["moved"] for told in explanation["examples"] for part in told["contributions"]]
    domain = [min(0.0, *moves), max(0.0, *moves)] if moves else [0.0, 0.0]
    figures = []
    for told in explanation["examples"]:
        bars = [
            {
                "label": f"{part['feature']} = {_value(part['value'])}",
                "moved": part["moved"],
                "text": signed(part["moved"], told["contributions"][0]["moved"]),
            }
            for part in told["contributions"]
        ]
        where = ", ".join(f"{name} {value}" for name, value in told["row"].items())
        said = f"{prediction(config, told['prediction'])} predicted; {outcome(config, told['target'])}"
        title = f"{told['title'].capitalize()}: {said}"
        figures.append(figure(title, where, charts.example(bars, of, domain)))
    return figures


def figure(title: str, note: str, spec: charts.Spec, badge: str = "") -> Figure:
    """Draw a chart; screen readers read its words instead."""
    return Figure(title, note, charts.svg(spec, f"{title}. {note}"), badge)


def _contribution_unit(config: Config, parts: Values) -> str:
    return unit(config) or str(parts["unit"])


def _named(config: Config, feature: str) -> str:
    """The feature with what the declaration says of it, for readers who do not know the columns by heart."""
    told = _description(config, feature)
    return f"{feature} ({told})" if told else feature


def _description(config: Config, feature: str) -> str:
    column = config.data.columns.get(feature)
    return column.description if column else ""


def _value(value: object) -> str:
    return "missing" if value in (None, "None") else plain(value) if isinstance(value, float) else str(value)


def _spread(entries: Sequence[Values]) -> float:
    known = [entry["metric"] for entry in entries if isfinite(entry["metric"])]
    return max(known, default=0.0) - min(known, default=0.0)
