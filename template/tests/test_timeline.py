"""Features that look back see what was known by then, whatever comes later and however the rows are sorted."""

from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from . import builders, config, features, timeline
from .conftest import Sample

START = datetime(2024, 3, 1)
WINDOW, HORIZON = timedelta(hours=6), timedelta(minutes=30)  # as in `HISTORY` and in `builders.shop`
HISTORY = [
    config.History(mean="spent", by=["city"], window="6h"),
    config.History(mean="age", window="6h"),
    config.History(mean="bought", by=["city", "customer"], window="6h"),
]

minutes = st.integers(0, 24 * 60)
visits = st.fixed_dictionaries(
    {
        "begins": minutes.map(lambda m: START + timedelta(minutes=m)),
        "ends": st.none() | minutes.map(lambda m: START + timedelta(minutes=m)),
        "city": st.sampled_from(["Köln", "Bonn", None]),
        "customer": st.sampled_from(["a", "b"]),
        "age": st.none() | st.integers(0, 99).map(float),
        "spent": st.none() | st.integers(0, 500).map(float),
        "bought": st.none() | st.booleans(),
    }
)
TYPES: dict[str, type[pl.DataType] | pl.DataType] = {
    "begins": pl.Datetime("us"),
    "ends": pl.Datetime("us"),
    "city": pl.String,
    "customer": pl.String,
    "age": pl.Float64,
    "spent": pl.Float64,
    "bought": pl.Boolean,
}


def _table(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=TYPES)


def _history(rows: pl.DataFrame, past: pl.DataFrame) -> pl.DataFrame:
    return timeline.add_history(rows, past, builders.shop().data, HISTORY).select(part.name for part in HISTORY)


def _mean_by_hand(row: dict[str, Any], past: list[dict[str, Any]], part: config.History) -> float | None:
    at = row["begins"] - HORIZON
    seen = []
    for other in past:
        known = other["ends"] if part.mean in ("spent", "bought") else other["begins"] - HORIZON
        same = all(row[name] is not None and row[name] == other[name] for name in part.by)
        if same and known is not None and other[part.mean] is not None and at - WINDOW < known <= at:
            seen.append(float(other[part.mean]))
    return sum(seen) / len(seen) if seen else None


@given(st.lists(visits, min_size=1, max_size=25), st.lists(visits, max_size=25))
def test_history_is_the_mean_over_what_was_known_within_the_window(
    rows: list[dict[str, Any]], others: list[dict[str, Any]]
) -> None:
    past = rows + others
    by_hand = {part.name: [_mean_by_hand(row, past, part) for row in rows] for part in HISTORY}
    expected = pl.DataFrame(by_hand, schema=dict.fromkeys(by_hand, pl.Float64))
    assert_frame_equal(_history(_table(rows), _table(past)), expected)


@given(st.lists(visits, min_size=2, max_size=25), st.data())
def test_what_becomes_known_later_never_changes_a_feature(rows: list[dict[str, Any]], data: st.DataObject) -> None:
    at = data.draw(st.sampled_from(rows))["begins"] - HORIZON
    changed = []
    for row in rows:
        other = data.draw(visits)
        late = row["ends"] is None or row["ends"] > at
        later = max(other["ends"] or at, at + timedelta(minutes=1))
        changed.append(row | {"spent": other["spent"], "bought": other["bought"], "ends": later} if late else row)
    asked = _table(rows).filter(pl.col("begins") - HORIZON <= at)
    assert_frame_equal(_history(asked, _table(rows)), _history(asked, _table(changed)), check_exact=True)


@given(st.lists(visits, min_size=1, max_size=25), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(rows: list[dict[str, Any]], chance: Any) -> None:
    order = list(range(len(rows)))
    chance.shuffle(order)
    table = _table(rows)
    assert_frame_equal(_history(table[order], table[order[::-1]]), _history(table, table)[order])


def test_no_feature_of_this_project_looks_into_the_future(sample: Sample) -> None:
    data, table = sample.config.data, sample.table("data/ingested.parquet")
    if data.time is None:
        pytest.skip("these data have no order in time")
    at = timeline.prediction_time(data)
    moment = table.select(at.median()).item()
    rows = table.filter(at <= moment)
    assert_frame_equal(
        features.add_features(rows, table, sample.config),
        features.add_features(rows, _spoil_what_comes_after(table, data, moment), sample.config),
        check_exact=True,
    )


def _spoil_what_comes_after(table: pl.DataFrame, data: config.Data, moment: datetime) -> pl.DataFrame:
    """All that becomes known after `moment` turned into its opposite or into something enormous."""
    new = []
    for name, column in data.columns.items():
        known = pl.col(column.available_at) if column.available_at else timeline.prediction_time(data)
        later = (known > moment).fill_null(True)
        if column.kind == "numeric":
            new.append(pl.when(later).then(1e9).otherwise(pl.col(name)).alias(name))
        elif column.kind == "boolean":
            new.append(pl.when(later).then(~pl.col(name).fill_null(True)).otherwise(pl.col(name)).alias(name))
    return table.with_columns(new)


@pytest.mark.parametrize(
    ("utc", "zone", "minute", "weekday", "day", "month"),
    [
        (datetime(2024, 3, 10, 6, 59), "America/New_York", 1 * 60 + 59, 7, 70, 3),
        (datetime(2024, 3, 10, 7, 0), "America/New_York", 3 * 60, 7, 70, 3),  # clocks have gone forward
        (datetime(2024, 11, 3, 5, 30), "America/New_York", 1 * 60 + 30, 7, 308, 11),
        (datetime(2024, 11, 3, 6, 30), "America/New_York", 1 * 60 + 30, 7, 308, 11),  # the same hour again
        (datetime(2024, 12, 31, 23, 30), "Europe/Berlin", 30, 3, 1, 1),  # another day, another year
        (datetime(2024, 12, 31, 23, 30), "UTC", 23 * 60 + 30, 2, 366, 12),
    ],
)
def test_calendar_parts_follow_the_clock_of_the_time_zone(
    utc: datetime, zone: str, minute: int, weekday: int, day: int, month: int
) -> None:
    expected = {"minute_of_day": minute, "hour": minute // 60, "weekday": weekday, "day_of_year": day, "month": month}
    part = config.Calendar.model_validate({"column": "begins", "timezone": zone, "parts": list(expected)})
    row = timeline.add_calendar(pl.DataFrame({"begins": [utc]}), [part]).drop("begins").row(0, named=True)
    assert row == {f"begins_{name}": value for name, value in expected.items()}


def test_data_without_a_time_get_no_history_and_stay_as_they_are() -> None:
    rows = pl.DataFrame({"visit": ["a", "b"]})
    timeless = builders.shop().data.model_copy(update={"time": None})
    assert_frame_equal(timeline.add_history(rows, rows, timeless, []), rows)
