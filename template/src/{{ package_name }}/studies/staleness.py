"""How the metric decays with the age of the training data, and how often to train anew.

Models that learned from windows of one length, each ending with another period, are judged on every later period. An
old and a fresh model are compared on the same rows: a month may be harder than another, and that is no fault of age.
"""

from typing import Any

import numpy as np
import polars as pl

from ..columns import model_inputs
from ..config import Config
from ..metrics import Array, advantage
from ..report.words import metric_title, number, signed
from ..run import Files
from .fitting import Fit, needed, newest, scores
from .resampling import interval, pooled, sampled
from .settings import Studies, of, start, write

UNITS = {"d": "day", "w": "week", "mo": "month", "q": "quarter", "y": "year"}


def span(count: int, period: str) -> str:
    """So many periods in words: 3 of 2w are 6 weeks."""
    number_of, name = int(period.rstrip("dwmoqy")) * count, UNITS[period.lstrip("0123456789")]
    return f"{number_of} {name}{'' if number_of == 1 else 's'}"


def study(config: Config, settings: Studies, rows: pl.DataFrame) -> dict[str, Any]:
    """The loss by age, the metric of each window in each period, and the interval of retraining.

    Args:
        config: the whole configuration.
        settings: of the studies.
        rows: every row with a target, over the whole time that there is, with its features.
    """
    told, metric = settings.staleness, config.task.metric
    if config.data.time is None:
        reason = f"It does not apply: conf/data/{config.data.name}.yaml names no time, so rows have no age."
        return {"applies": False, "good": None, "verdict": reason}
    rows = rows.with_columns(_period=pl.col(config.data.time).dt.truncate(told.period)).sort(
        config.data.time, maintain_order=True
    )
    tables = [table for table in rows.partition_by("_period", maintain_order=True) if _enough(table, config)]
    count = len(tables)
    if count < told.window + 2:
        reason = (
            f"It does not apply: {told.window} periods to learn from and two to judge on are needed, and {count} of "
            f"{span(1, told.period)} hold {config.evaluate.min_slice_rows} rows or more."
        )
        return {"applies": False, "good": None, "verdict": reason}
    names = [table["_period"][0].strftime("%Y-%m-%d") for table in tables]
    fits = {}
    for end in range(told.window, count):
        train = newest(pl.concat(tables[end - told.window : end]), config, settings.rows, config.seed)
        inputs = model_inputs(train.drop("_period"), config)
        columns = needed(config, inputs)
        judged = [table.select(columns) for table in tables[end:]]
        fits[end] = Fit(config.model, inputs, train.select(columns), judged)
    said = scores(config, fits, "staleness")
    matrix, ages = _ages(config, settings, tables, said)
    for entry in matrix:
        entry["trained_until"], entry["judged_on"] = names[entry.pop("end") - 1], names[entry.pop("period")]
    limits = [age for age in ages if age["calls"]]
    every = limits[0]["age"] if limits else None
    return {
        "applies": True,
        "good": None,
        "verdict": _verdict(config, settings, ages, every),
        "metric": metric,
        "period": told.period,
        "window": told.window,
        "retrain_every": every,
        "ages": ages,
        "matrix": matrix,
    }


def _ages(
    config: Config, settings: Studies, tables: list[pl.DataFrame], said: dict[int, list[Array]]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The metric of each window in each period; and the loss against the fresh model on the same rows, by age."""
    metric, told = config.task.metric, settings.staleness
    matrix: list[dict[str, Any]] = []
    by_age: dict[int, list[tuple[float, float, Array, Array]]] = {}
    for period in range(told.window, len(tables)):
        here = {end: said[end][period - end] for end in range(told.window, period + 1)}
        values, draws = sampled(config, tables[period], here, settings.bootstrap)
        for end in sorted(here, reverse=True):
            matrix.append({"end": end, "period": period, "age": period - end, "value": values[end]})
            fresh, old = (values[period], draws[period]), (values[end], draws[end])
            by_age.setdefault(period - end, []).append((fresh[0], old[0], fresh[1], old[1]))
    ages = []
    for age, found in sorted(by_age.items()):
        news, olds = np.array([of[0] for of in found]), np.array([of[1] for of in found])
        losses = np.stack([np.asarray(advantage(metric, of[2], of[3])) for of in found])
        loss = interval(config, float(np.mean(advantage(metric, news, olds))), pooled(losses, config.seed))
        raw = interval(config, float(olds.mean()), pooled(np.stack([of[3] for of in found]), config.seed))
        limit = told.tolerance * abs(float(news.mean()))
        calls = age > 0 and len(found) >= told.min_periods and loss["low"] > limit
        ages.append(
            {"age": age, "periods": len(found), "metric": raw, "loss": loss, "limit": limit, "calls": bool(calls)}
        )
    return matrix, ages


def _verdict(config: Config, settings: Studies, ages: list[dict[str, Any]], every: int | None) -> str:
    told, title = settings.staleness, metric_title(config.task.metric)
    if every is not None:
        loss, limit = ages[every]["loss"], ages[every]["limit"]
        return (
            f"Train anew at least every {span(every, told.period)}: a model of that age loses "
            f"{number(loss['value'], 1)} {title} against a fresh one ({number(loss['low'], 1)} to "
            f"{number(loss['high'], 1)}), surely more than the {number(limit, 1)} that are tolerated."
        )
    sure = [age for age in ages if age["periods"] >= told.min_periods]
    if len(sure) < 2:
        return f"Too few periods to tell: each age has to be judged on {told.min_periods}."
    last = sure[-1]
    return (
        f"No need to train anew is shown: up to an age of {span(last['age'], told.period)} no loss of {title} "
        f"surely exceeds what is tolerated; at that age it is {signed(last['loss']['value'], 1)} "
        f"({signed(last['loss']['low'], 1)} to {signed(last['loss']['high'], 1)})."
    )


def _enough(table: pl.DataFrame, config: Config) -> bool:
    both = config.task.name == "regression" or table[config.target].n_unique() == 2
    return both and len(table) >= config.evaluate.min_slice_rows


def run(config: Config, files: Files) -> None:
    """Write `studies/results/staleness.json`."""
    from ..features import add_features

    table = pl.read_parquet(files.read("data/ingested.parquet"))
    rows = add_features(table.filter(pl.col(config.target).is_not_null()), table, config)
    write(files, "staleness", study(config, of(config), rows))


if __name__ == "__main__":
    start(run)
