"""Features that look at the clock, and back: calendar parts, and means over what was known by then.

A value of the past counts from the moment it became known (`available_at` in the declaration), never from the moment
its row begins. That makes the same feature honest in training and computable in production.
"""

from collections.abc import Sequence

import polars as pl

from .config import Calendar, Data, History, duration


def add_calendar(rows: pl.DataFrame, parts: Sequence[Calendar]) -> pl.DataFrame:
    """`rows` with the parts of timestamps (UTC in the data) as the clock of each time zone shows them."""
    new = []
    for part in parts:
        clock = pl.col(part.column).dt.replace_time_zone("UTC").dt.convert_time_zone(part.timezone).dt
        values = {
            "hour": clock.hour(),
            "minute_of_day": clock.hour().cast(pl.Int32) * 60 + clock.minute(),
            "weekday": clock.weekday(),
            "month": clock.month(),
            "day_of_year": clock.ordinal_day(),
        }
        new += [values[name].alias(f"{part.column}_{name}") for name in part.parts]
    return rows.with_columns(new)


def prediction_time(data: Data) -> pl.Expr:
    """When the prediction for a row is made: its time, less the horizon."""
    return pl.col(str(data.time)) - duration(data.horizon)


def add_history(rows: pl.DataFrame, past: pl.DataFrame, data: Data, parts: Sequence[History]) -> pl.DataFrame:
    """`rows` with, for each part, the mean over the rows of `past` that were known by then; null where there are none.

    Args:
        rows: the rows to predict; they may be part of `past`.
        past: every row whose values may count, from the moment they are known.
        data: the declaration, for `time`, `horizon` and `available_at`.
        parts: what to average, by which columns, over which window.
    """
    if not parts:
        return rows  # which need not have a time
    moments = rows.select(pl.all(), prediction_time(data).alias("_at")).with_row_index("_row")
    added = [_mean(moments, past, data, part) for part in parts]
    return rows.with_columns(added)


def _mean(moments: pl.DataFrame, past: pl.DataFrame, data: Data, part: History) -> pl.Series:
    """The mean over the window `(at - window, at]`, as the difference of two running sums looked up by time."""
    available = data.columns[part.mean].available_at
    known = pl.col(available) if available else prediction_time(data)
    by = [pl.col(name) for name in part.by] or [pl.lit(0).alias("_all")]
    keys = part.by or ["_all"]
    sums = (
        past.select(*by, known.alias("_known"), pl.col(part.mean).cast(pl.Float64).alias("_value"))
        .drop_nulls()
        .sort("_known", maintain_order=True)  # sums of floats depend on their order
        .with_columns(
            _sum=pl.col("_value").cum_sum().over(keys),
            _count=pl.int_range(1, pl.len() + 1).over(keys),
        )
        .drop("_value")
    )
    asked = moments.select("_row", *by, "_at", (pl.col("_at") - duration(part.window)).alias("_from"))
    asked = asked.sort("_at")
    for time, suffix in (("_at", ""), ("_from", "_before")):
        asked = asked.join_asof(
            sums, left_on=time, right_on="_known", by=keys, suffix=suffix, check_sortedness=False, coalesce=False
        )
    total = pl.col("_sum").fill_null(0) - pl.col("_sum_before").fill_null(0)
    count = pl.col("_count").fill_null(0) - pl.col("_count_before").fill_null(0)
    mean = pl.when(count > 0).then(total / count).alias(part.name)
    return asked.sort("_row").select(mean).to_series()
