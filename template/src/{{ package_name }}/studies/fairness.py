"""Whether sensitive groups are served alike, on the test rows: whom the model selects, and how often it is wrong."""

import json
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

from ..config import Config
from ..metrics import Array
from ..report.words import capitalized, metric_title, number, share
from ..run import Files
from .resampling import interval, sampled, target
from .settings import Studies, of, start, write

BANDS = 4


def study(
    config: Config, settings: Studies, rows: pl.DataFrame, score: Array, threshold: float | None
) -> dict[str, Any]:
    """For each sensitive column a table of its groups, and the largest difference of each measure.

    Args:
        config: the whole configuration.
        settings: of the studies.
        rows: the test rows.
        score: of the model, shape (rows,).
        threshold: from which score on the answer is yes, chosen by costs (classification); None: never.
    """
    sensitive = [name for name, column in config.data.columns.items() if column.sensitive and name in rows.columns]
    if not sensitive:
        reason = f"It does not apply: no column of conf/data/{config.data.name}.yaml says `sensitive: true`."
        return {"applies": False, "good": None, "verdict": reason}
    yes = score >= (float("inf") if threshold is None else threshold)
    columns = [_column(config, settings, rows, name, score, yes) for name in sensitive]
    judged = [column for column in columns if len(column["groups"]) > 1]
    if not judged:
        least = config.evaluate.min_slice_rows
        reason = f"Nothing to compare: no sensitive column has two groups of at least {least} rows."
        return {"applies": True, "good": None, "verdict": reason, "columns": columns}
    limit = settings.fairness.min_selection_ratio
    return {
        "applies": True,
        "good": None if config.task.name == "regression" else all(of["ratio"] >= limit for of in judged),
        "verdict": " ".join(_verdict(config, limit, column) for column in judged),
        "metric": config.task.metric,
        "threshold": threshold,
        "columns": columns,
    }


def _column(
    config: Config, settings: Studies, rows: pl.DataFrame, name: str, score: Array, yes: Array
) -> dict[str, Any]:
    values = _values(rows[name])
    counts = values.drop_nulls().value_counts().sort("count", values.name, descending=[True, False])
    groups = []
    for value, count in counts.iter_rows():
        if count < config.evaluate.min_slice_rows:
            continue
        here = (values == value).fill_null(False).to_numpy()
        groups.append({"value": str(value), "rows": count, **_measures(config, settings, rows, here, score, yes)})
    measures = [key for key in (groups[0] if groups else {}) if key not in ("value", "rows")]
    gaps = {measure: _gap(groups, measure) for measure in measures} if len(groups) > 1 else {}
    rates = [group["selection_rate"] for group in groups if "selection_rate" in group]
    ratio = min(rates) / max(rates) if rates and max(rates) > 0 else 1.0
    return {"column": name, "groups": groups, "gaps": gaps, "ratio": ratio}


def _values(column: pl.Series) -> pl.Series:
    """The groups of a column: its values, or quarters of the rows from low to high where they are numbers."""
    if not column.dtype.is_numeric():
        return column.cast(pl.String)
    known = column.drop_nulls().to_numpy()
    if not len(known):
        return column.cast(pl.String)
    edges = np.unique(np.quantile(known, np.arange(1, BANDS) / BANDS))
    names = [
        f"below {edges[0]:g}",
        *(f"{low:g} to {high:g}" for low, high in pairwise(edges)),
        f"from {edges[-1]:g} on",
    ]
    band = np.searchsorted(edges, column.fill_null(0).to_numpy(), side="right")
    return pl.Series(
        column.name, [None if gone else names[at] for at, gone in zip(band, column.is_null(), strict=True)]
    )


def _measures(
    config: Config, settings: Studies, rows: pl.DataFrame, here: Array, score: Array, yes: Array
) -> dict[str, Any]:
    part = rows.filter(pl.Series(here))
    outcome, said, chosen = target(part, config), score[here], yes[here]
    values, draws = sampled(config, part, {"model": said}, settings.bootstrap)
    metric = {"metric": interval(config, values["model"], draws["model"])}
    if config.task.name == "regression":
        return {"mean": float(outcome.mean()), "bias": float((said - outcome).mean()), **metric}
    return {
        "base_rate": float(outcome.mean()),
        "selection_rate": float(chosen.mean()),
        "true_positive_rate": _mean(chosen[outcome == 1]),
        "false_positive_rate": _mean(chosen[outcome == 0]),
        "calibration_gap": float((said - outcome).mean()),
        **metric,
    }


def _mean(values: Array) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _gap(groups: list[dict[str, Any]], measure: str) -> dict[str, Any]:
    values = {group["value"]: group[measure]["value"] if measure == "metric" else group[measure] for group in groups}
    known = {value: of for value, of in values.items() if np.isfinite(of)}
    if not known:
        return {"gap": float("nan"), "highest": None, "lowest": None}
    highest, lowest = max(known, key=lambda v: known[v]), min(known, key=lambda v: known[v])
    return {"gap": known[highest] - known[lowest], "highest": highest, "lowest": lowest}


def _verdict(config: Config, limit: float, column: dict[str, Any]) -> str:
    gap, name = column["gaps"]["metric"], column["column"]
    between = f"between {name} {gap['highest']} and {gap['lowest']}"
    text = f"{capitalized(metric_title(config.task.metric))} differs by {number(gap['gap'], 1)} {between}"
    if config.task.name == "regression":
        bias = column["gaps"]["bias"]
        return f"{text}; the bias by {number(bias['gap'], 1)} between {bias['highest']} and {bias['lowest']}."
    chosen = column["gaps"]["selection_rate"]
    even = "within" if column["ratio"] >= limit else "beyond"
    return (
        f"{text}; {name} {chosen['lowest']} is selected {share(column['ratio'])} as often as {chosen['highest']}, "
        f"{even} the limit of {share(limit)}."
    )


def run(config: Config, files: Files) -> None:
    """Write `studies/results/fairness.json`."""
    from ..artifact import load

    rows = pl.read_parquet(files.read("data/split/test.parquet"))
    threshold = json.loads(files.read("studies/results/threshold.json").read_text())["chosen"]
    write(files, "fairness", study(config, of(config), rows, load(files.read("models/model")).score(rows), threshold))


if __name__ == "__main__":
    start(run)
