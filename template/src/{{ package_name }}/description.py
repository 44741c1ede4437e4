"""A short description of each column, for people and for the drift checks that compare with it later."""

from typing import Any

import polars as pl

from .columns import fits
from .config import Data

BINS = 24
TOP = 12


def describe(table: pl.DataFrame, data: Data) -> dict[str, dict[str, Any]]:
    """For each column: kind, missing share, and a histogram, the most frequent values, or the span of time."""
    described = {}
    for name, column in data.columns.items():
        if column.kind == "ignored" or name not in table.columns or not fits(table.schema[name], column):
            continue  # what is missing or of another type was found unfit, and has no description
        values = table[name]
        known = values.drop_nulls()
        entry: dict[str, Any] = {
            "kind": column.kind,
            "description": column.description,
            "known": column.known is not False,
            "missing": values.null_count() / max(len(values), 1),
            "distinct": known.n_unique(),
        }
        if column.kind == "numeric":
            known = known.cast(pl.Float64)
            known = known.filter(known.is_finite())
        if column.kind == "numeric" and len(known):
            entry |= _numbers(known)
        elif column.kind == "datetime" and len(known):
            entry |= {"from": str(known.min()), "to": str(known.max())}
        elif column.kind in ("categorical", "boolean"):
            counts = known.cast(pl.String).value_counts(sort=True, name="n")
            counts = counts.sort("n", name, descending=[True, False]).head(TOP)
            entry["top"] = dict(counts.iter_rows())
        described[name] = entry
    return described


def _numbers(values: pl.Series) -> dict[str, Any]:
    """Mean, spread, quantiles, and a histogram; its first and last bin also hold what is beyond 0.5 % and 99.5 %."""
    points = {f"q{q:g}": values.quantile(q / 100) for q in (0.5, 5, 25, 50, 75, 95, 99.5)}
    low, high = points["q0.5"], points["q99.5"]
    counts: list[int] = []
    if low is not None and high is not None and high > low:
        width = (high - low) / BINS
        bins = ((values.clip(low, high) - low) / width).floor().clip(0, BINS - 1).cast(pl.Int32)
        tally = dict(bins.value_counts().iter_rows())
        counts = [tally.get(i, 0) for i in range(BINS)]
    spread = {"mean": values.mean(), "std": values.std(), "min": values.min(), "max": values.max()}
    return {**spread, **points, "histogram": counts}
