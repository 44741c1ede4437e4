"""The figures of the page: each a chart, a title that says what to look for, and a note on how to read it."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

from ..config import Config
from ..metrics import LARGER_IS_BETTER
from ..report import charts as common
from ..report.figures import Figure
from ..report.words import capitalized, metric_title, metric_unit, number, signed, unit
from . import charts
from .staleness import span

Values = Mapping[str, Any]


def staleness(config: Config, result: Values) -> list[Figure]:
    """The loss against a fresh model, the metric, both by age; and the metric of each window in each period."""
    metric, ages = config.task.metric, result["ages"]
    title, of, period = metric_title(metric), metric_unit(config, metric), result["period"]
    losses = [{"at": age["age"], **age["loss"]} for age in ages]
    raw = [{"at": age["age"], **age["metric"]} for age in ages]
    cells = [
        {
            "x": _day(cell["judged_on"], period),
            "y": _day(cell["trained_until"], period),
            "value": cell["value"],
            "text": _short(cell["value"]),
        }
        for cell in result["matrix"]
    ]
    better = "ascending" if metric in LARGER_IS_BETTER else "descending"
    limit = ages[1]["limit"] if len(ages) > 1 else None
    return [
        _figure(
            "Where a bar lies wholly above the line, a new model is due",
            f"Loss of {title} against a fresh model on the same rows. Red line: what is tolerated. The oldest ages are "
            "judged on few periods.",
            charts.band(losses, f"age, in steps of {span(1, period)}", f"loss of {title}{of}", limit),
        ),
        _figure(
            f"{capitalized(title)} by age, as it was measured",
            "Each age is judged on other periods, and some are harder: the figure beside it takes that out.",
            charts.band(raw, f"age, in steps of {span(1, period)}", f"{title}{of}"),
        ),
        _figure(
            "Along a row a model grows old; down a column it is fresher",
            f"{capitalized(title)} of the model whose last period of training is the row, in the period of the column. "
            "Stronger is better.",
            charts.matrix(cells, "judged on", better),
        ),
    ]


def learning(config: Config, result: Values) -> list[Figure]:
    """The metric by number of rows."""
    metric = config.task.metric
    points = [{"at": of["rows"], **{key: of[key] for key in ("value", "low", "high")}} for of in result["points"]]
    if result["twice"]["known"]:
        twice = result["twice"]
        points.append({"at": twice["rows"], "value": twice["value"], "low": twice["value"], "high": twice["value"]})
    last = " The last point is foretold, without an interval." if result["twice"]["known"] else ""
    return [
        _figure(
            f"As long as it {'rises' if metric in LARGER_IS_BETTER else 'falls'}, more rows help",
            f"{capitalized(metric_title(metric))} on the validation rows by the number of training rows.{last}",
            charts.band(points, "training rows", f"{metric_title(metric)}{metric_unit(config, metric)}", log=True),
        )
    ]


def ablation(config: Config, result: Values) -> list[Figure]:
    """The loss without each group."""
    metric, entries = config.task.metric, result["groups"]
    top = max(abs(entry["loss"]["value"]) for entry in entries)
    bars = [
        {
            "label": f"{entry['group']} ({len(entry['inputs'])})",
            "loss": entry["loss"]["value"],
            "low": entry["loss"]["low"],
            "high": entry["loss"]["high"],
            "text": signed(entry["loss"]["value"], top),
        }
        for entry in entries
    ]
    return [
        _figure(
            "The longer the bar, the more is lost without the group",
            "Loss on the validation rows when the model is fitted anew without the group; dark lines: intervals over "
            "rows and seeds. In brackets: how many inputs. Groups that say the same hide each other's worth.",
            common.importance(bars, f"loss of {metric_title(metric)}{metric_unit(config, metric)}"),
        )
    ]


def seeds(config: Config, result: Values) -> list[Figure]:
    """The range over seeds, beside the interval of one."""
    metric, own = config.task.metric, result["own"]
    values = [entry["value"] for entry in result["seeds"]]
    entries = [
        {
            "label": f"over {len(values)} seeds: lowest, mean, highest",
            "colour": "model",
            "value": result["mean"],
            "low": min(values),
            "high": max(values),
            "text": number(result["mean"]),
        },
        {"label": "over the rows, one seed: bootstrap", "colour": "ink", **own, "text": number(own["value"])},
    ]
    return [
        _figure(
            "Compare the lengths of the two lines",
            "The upper is what the seed alone moves, the lower what the choice of validation rows moves.",
            common.standing(entries, f"{metric_title(metric)}{metric_unit(config, metric)}"),
        )
    ]


def threshold(config: Config, result: Values) -> list[Figure]:
    """The cost along the choice."""
    points = [
        {"at": point["at"], "cost": point[rows], "rows": rows}
        for rows in ("test", "validation")
        for point in result["curve"]
    ]
    names = ("always yes", "always no", "one number for every row")
    levels = {entry["choice"]: entry["cost"] for entry in result["choices"] if entry["choice"] in names}
    x = "say yes from a probability of" if config.task.name == "classification" else f"shift, {unit(config)}"
    return [
        _figure(
            "Cheapest where the curve is lowest",
            "Mean cost of a row by the choice. Red line: the choice, made on the validation rows.",
            charts.costs(points, x, "cost of a row", result["chosen"], levels),
        )
    ]


def fairness(config: Config, result: Values) -> list[Figure]:
    """The metric of each group, a figure for each sensitive column."""
    metric = config.task.metric
    shown = [column for column in result["columns"] if column["groups"]]
    seen = [group["metric"][key] for column in shown for group in column["groups"] for key in ("low", "value", "high")]
    known = [value for value in seen if isfinite(value)] or [0.0, 1.0]
    room = (max(known) - min(known) or 1.0) * 0.05
    domain = [min(known) - room, max(known) + 4 * room]
    return [
        _figure(
            f"{column['column']}: the further apart, the less even",
            f"{capitalized(metric_title(metric))} of each group on the test rows; numbers of rows on the right. "
            "Dashed: the mean of the groups.",
            common.slices(
                [
                    {
                        "value": group["value"],
                        "rows": group["rows"],
                        "metric": group["metric"]["value"],
                        "low": group["metric"]["low"],
                        "high": group["metric"]["high"],
                    }
                    for group in column["groups"]
                ],
                f"{metric_title(metric)}{metric_unit(config, metric)}",
                sum(group["metric"]["value"] for group in column["groups"]) / len(column["groups"]),
                None,
                domain,
            ),
        )
        for column in shown
    ]


def _figure(title: str, note: str, spec: common.Spec) -> Figure:
    return Figure(title, note, common.svg(spec, f"{title}. {note}"))


def _day(day: str, period: str) -> str:
    """A period by its first day, or by its month or year where that is all there is to say."""
    return day[:4] if period.endswith("y") else day[:7] if period.endswith(("mo", "q")) else day


def _short(value: float) -> str:
    return f"{value:.3f}".removeprefix("0") if abs(value) < 1 else f"{value:.3g}"
