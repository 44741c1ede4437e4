"""Every strategy puts every row in one part, in the shares asked for, and never the same thing in two."""

from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_series_equal

from . import builders, config, errors, splitting

START = datetime(2024, 3, 1)
SHARES = {"validation": 0.2, "test": 0.25}
SPLITS: dict[str, dict[str, Any]] = {
    "time": {"strategy": "time", "validation_from": "2024-03-02", "test_from": "2024-03-03"},
    "random": {"strategy": "random", **SHARES},
    "grouped": {"strategy": "grouped", "group": "customer", **SHARES},
    "stratified": {"strategy": "stratified", **SHARES},
}


def _settings(strategy: str, seed: int = 0) -> config.Config:
    # One target for both tasks: what is said of classes here holds for any.
    return builders.shop(split={"name": strategy, **SPLITS[strategy]}).model_copy(update={"seed": seed})


@st.composite
def visits(draw: st.DrawFn) -> pl.DataFrame:
    """60 to 100 visits over three days and more, each day with at least one, by 25 customers and by unknown ones."""
    count = draw(st.integers(60, 100))
    numbers = st.lists(st.integers(0, 10**6), min_size=count, max_size=count)
    minute, customer, bought = draw(numbers), draw(numbers), draw(numbers)
    minute[:3] = [0, 24 * 60, 48 * 60]
    customer[:25] = list(range(25))
    return pl.DataFrame(
        {
            "visit": [str(i) for i in range(count)],
            "begins": [START + timedelta(minutes=m % (4 * 24 * 60)) for m in minute],
            "customer": [None if c % 26 == 25 else str(c % 26) for c in customer],
            "spent": [float(b % 3) for b in bought],
            "bought": [b % 3 == 0 for b in bought],
        }
    )


@pytest.mark.parametrize("strategy", SPLITS)
@given(rows=visits(), seed=st.integers(0, 1000))
def test_every_row_gets_one_part_and_none_overlap(strategy: str, rows: pl.DataFrame, seed: int) -> None:
    settings = _settings(strategy, seed)
    parts = splitting.assign(rows, settings)
    assert len(parts) == len(rows)
    assert set(parts) == set(splitting.PARTS)
    splitting.refuse_overlap(rows.with_columns(parts.alias("_part")), settings)


@pytest.mark.parametrize("strategy", SPLITS)
@given(rows=visits(), seed=st.integers(0, 1000))
def test_the_same_seed_gives_the_same_split(strategy: str, rows: pl.DataFrame, seed: int) -> None:
    first, again = (splitting.assign(rows, _settings(strategy, seed)) for _ in range(2))
    assert_series_equal(first, again)


@given(visits())
def test_another_seed_gives_another_split(rows: pl.DataFrame) -> None:
    first, other = (splitting.assign(rows, _settings("random", seed)) for seed in (1, 2))
    assert (first != other).any()


@given(visits())
def test_a_random_split_has_the_shares_asked_for(rows: pl.DataFrame) -> None:
    parts = splitting.assign(rows, _settings("random"))
    for part, share in SHARES.items():
        assert abs(parts.to_list().count(part) - share * len(rows)) <= 1


@given(visits())
def test_a_grouped_split_tears_no_group_and_shares_out_the_groups(rows: pl.DataFrame) -> None:
    table = rows.with_columns(splitting.assign(rows, _settings("grouped")).alias("_part"))
    known = table.drop_nulls("customer").group_by("customer").agg(pl.col("_part").unique())
    assert known["_part"].list.len().to_list() == [1] * len(known)
    # A row without a group is one of its own.
    units = [*known["_part"].list.first(), *table.filter(pl.col("customer").is_null())["_part"]]
    for part, share in SHARES.items():
        assert abs(units.count(part) - share * len(units)) <= 1


@given(visits())
def test_a_stratified_split_keeps_the_share_of_each_class(rows: pl.DataFrame) -> None:
    settings = _settings("stratified")
    table = rows.with_columns(splitting.assign(rows, settings).alias("_part"))
    for _, stratum in table.group_by(settings.target):
        for part, share in SHARES.items():
            assert abs(stratum["_part"].to_list().count(part) - share * len(stratum)) <= 1


@given(visits())
def test_a_split_by_time_keeps_the_order(rows: pl.DataFrame) -> None:
    table = rows.with_columns(splitting.assign(rows, _settings("time")).alias("_part"))
    begins = {part: table.filter(pl.col("_part") == part)["begins"].to_list() for part in splitting.PARTS}
    assert max(begins["train"]) < datetime(2024, 3, 2) <= min(begins["validation"])
    assert max(begins["validation"]) < datetime(2024, 3, 3) <= min(begins["test"])


@pytest.mark.parametrize("strategy", SPLITS)
def test_a_part_without_rows_is_refused(strategy: str) -> None:
    row = {"visit": "1", "begins": START, "customer": "a", "spent": 1.0, "bought": True}
    with pytest.raises(errors.ProjectError, match=f"conf/split/{strategy}.yaml: no row falls into"):
        splitting.assign(pl.DataFrame([row]), _settings(strategy))


@pytest.mark.parametrize("strategy", SPLITS)
@given(rows=visits())
def test_a_key_in_two_parts_is_refused(strategy: str, rows: pl.DataFrame) -> None:
    table = rows.with_columns(splitting.assign(rows, _settings(strategy)).alias("_part"))
    other = table.filter(pl.col("_part") != table["_part"][0])["_part"][0]
    twice = pl.concat([table, table[:1].with_columns(_part=pl.lit(other))])
    with pytest.raises(errors.ProjectError, match=rf"conf/split/{strategy}.yaml: 1 values of visit .*\('0',\)"):
        splitting.refuse_overlap(twice, _settings(strategy))


@given(visits())
def test_a_torn_group_is_refused(rows: pl.DataFrame) -> None:
    table = rows.with_columns(splitting.assign(rows, _settings("grouped")).alias("_part"))
    again = table.drop_nulls("customer").filter(pl.len().over("customer") > 1)
    group, visit = again.select("customer", "visit").row(0)
    member = pl.col("visit") == visit
    moved = pl.when(pl.col("_part") == "test").then(pl.lit("train")).otherwise(pl.lit("test"))
    torn = table.with_columns(_part=pl.when(member).then(moved).otherwise("_part"))
    with pytest.raises(errors.ProjectError, match=f"1 values of customer lie in two parts, such as .*{group}"):
        splitting.refuse_overlap(torn, _settings("grouped"))


@pytest.mark.parametrize(("earlier", "later"), [("train", "validation"), ("validation", "test")])
def test_parts_that_overlap_in_time_are_refused(earlier: str, later: str) -> None:
    begins = [START + timedelta(hours=hour) for hour in range(6)]
    parts = ["train", "train", "validation", "validation", "test", "test"]
    swapped = {earlier: later, later: earlier}
    row = parts.index(later)
    parts[row - 1], parts[row] = swapped[parts[row - 1]], swapped[parts[row]]
    rows = pl.DataFrame({"visit": list("abcdef"), "begins": begins, "_part": parts})
    with pytest.raises(errors.ProjectError, match=f"{earlier} ends after {later} begins: put the limits in order"):
        splitting.refuse_overlap(rows, _settings("time"))
