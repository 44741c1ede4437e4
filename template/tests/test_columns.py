"""Columns get the types of their kinds or an error; what is not known in time never reaches the model."""

from datetime import datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from . import builders, columns, errors

KINDS = ("numeric", "categorical", "boolean", "datetime", "identifier", "ignored")
TYPES: dict[str, type[pl.DataType] | pl.DataType] = {
    "numeric": pl.Float64,
    "boolean": pl.Boolean,
    "datetime": pl.Datetime("us"),
}


def _table(**changes: list[Any]) -> pl.DataFrame:
    """Two visits to the shop, as text: what a CSV file gives."""
    text: dict[str, list[Any]] = {
        "visit": ["1", "2"],
        "begins": ["2024-03-01 10:00:00", "2024-03-01 11:30:00"],
        "ends": ["2024-03-01 10:20:00", None],
        "city": ["Köln", None],
        "customer": ["a", "b"],
        "age": ["31", "4.5e1"],
        "member": ["yes", " FALSE "],
        "spent": ["12.50", None],
        "bought": ["1", "0"],
    }
    return pl.DataFrame(text | changes)


def test_text_becomes_what_the_columns_are_declared_to_be() -> None:
    typed = columns.conform(_table(), builders.shop().data)
    expected = {
        "visit": ["1", "2"],
        "begins": [datetime(2024, 3, 1, 10), datetime(2024, 3, 1, 11, 30)],
        "ends": [datetime(2024, 3, 1, 10, 20), None],
        "city": ["Köln", None],
        "customer": ["a", "b"],
        "age": [31.0, 45.0],
        "member": [True, False],
        "spent": [12.5, None],
        "bought": [True, False],
    }
    assert_frame_equal(typed, pl.DataFrame(expected))


def test_columns_come_in_the_declared_order_and_ignored_ones_are_dropped() -> None:
    declared = builders.COLUMNS | {"note": {"kind": "ignored"}}
    table = _table(note=["x", "y"]).select(sorted(declared, reverse=True))
    assert columns.conform(table, builders.shop(declared).data).columns == list(builders.COLUMNS)


def test_a_missing_column_is_named_with_those_that_are_there() -> None:
    with pytest.raises(errors.ProjectError, match=r"conf/data/shop\.yaml: the source has no column age; it has visit"):
        columns.conform(_table().drop("age"), builders.shop().data)


def test_an_undeclared_column_is_named_with_the_way_out() -> None:
    with pytest.raises(errors.ProjectError, match=r"conf/data/shop\.yaml: declare note too, or say `kind: ignored`"):
        columns.conform(_table(note=["x", "y"]), builders.shop().data)


@pytest.mark.parametrize(
    ("name", "kind", "value"),
    [("age", "numeric", "old"), ("member", "boolean", "perhaps"), ("begins", "datetime", "at noon")],
)
def test_values_that_are_not_of_their_kind_are_shown(name: str, kind: str, value: str) -> None:
    good = _table()[name][0]
    with pytest.raises(errors.ProjectError) as refusal:
        columns.conform(_table(**{name: [value, good]}), builders.shop().data)
    assert str(refusal.value) == f"conf/data/shop.yaml: {name}: 1 values are not {kind}, such as '{value}'"


@pytest.mark.parametrize("text", [*columns.TRUE, *columns.FALSE])
def test_the_usual_words_for_yes_and_no_are_understood(text: str) -> None:
    typed = columns.conform(_table(member=[text.upper(), text]), builders.shop().data)
    assert typed["member"].to_list() == [text in columns.TRUE] * 2


@st.composite
def declarations(draw: st.DrawFn) -> dict[str, dict[str, Any]]:
    """The shop with further columns of any kind, known in time or not."""
    names = draw(st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=8))
    more = {}
    for name in names:
        kind = draw(st.sampled_from(KINDS))
        known = draw(st.booleans())
        late = not known and draw(st.booleans())
        more[name] = {"kind": kind, "known": known, "available_at": "ends" if late else None}
    return builders.COLUMNS | more


@given(declarations(), st.data())
def test_only_what_is_known_in_time_becomes_an_input(declared: dict[str, dict[str, Any]], data: st.DataObject) -> None:
    kept = {name: column for name, column in declared.items() if column["kind"] != "ignored"}
    schema = {name: TYPES.get(column["kind"], pl.String) for name, column in kept.items()}
    dropped = data.draw(st.lists(st.sampled_from(sorted(declared)), unique=True, max_size=2))
    config = builders.shop(declared, features={"name": "none", "drop": dropped})
    train = pl.DataFrame(schema=schema | {"_made": pl.Float32})
    allowed = {
        name
        for name, column in declared.items()
        if column.get("known") and column["kind"] in ("numeric", "categorical", "boolean") and name not in dropped
    }
    inputs = columns.model_inputs(train, config)
    assert set(inputs) == allowed | {"_made"}
    assert [name for name, entry in inputs.items() if entry["derived"]] == ["_made"]


def test_the_values_of_a_category_are_the_declared_ones_or_those_of_the_training_rows() -> None:
    train = pl.DataFrame({"city": ["b", None, "a", "b"]})
    listed = builders.COLUMNS | {"city": builders.COLUMNS["city"] | {"values": ["c", "a"]}}
    assert columns.model_inputs(train, builders.shop())["city"]["values"] == ["a", "b", columns.MISSING]
    assert columns.model_inputs(train, builders.shop(listed))["city"]["values"] == ["c", "a", columns.MISSING]


def test_a_model_gets_numbers_with_nan_and_text_with_a_word_for_missing() -> None:
    rows = columns.conform(_table(age=["31", None]), builders.shop().data)
    inputs = columns.model_inputs(rows, builders.shop())
    expected = {"city": ["Köln", columns.MISSING], "age": [31.0, float("nan")], "member": [1.0, 0.0]}
    types = {"city": pl.String, "age": pl.Float32, "member": pl.Float32}
    assert_frame_equal(columns.prepare(rows, inputs), pl.DataFrame(expected, schema=types))
