"""Bad data are refused by the name of the column and of the rule, however they went bad."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from . import config, errors, run, validate
from .conftest import Sample

Spoil = Callable[[pl.DataFrame, config.Config], tuple[pl.DataFrame, str, str]]
FEW = pl.int_range(pl.len()) % 1000 == 7


def _first(data: config.Data, **traits: Any) -> str:
    """The first column that was declared like this; a value of `...` stands for any but none."""
    for name, column in data.columns.items():
        declared = {trait: getattr(column, trait) for trait in traits}
        if all(declared[t] == wanted or (wanted is ... and declared[t] is not None) for t, wanted in traits.items()):
            return name
    pytest.skip(f"no column of these data is declared like {traits}")


def _some(table: pl.DataFrame, column: str, value: Any) -> pl.DataFrame:
    """`table` with `value` in a few rows of `column`."""
    return table.with_columns(pl.when(FEW).then(value).otherwise(pl.col(column)).alias(column))


def _missing_column(table: pl.DataFrame, settings: config.Config) -> tuple[pl.DataFrame, str, str]:
    column = settings.data.key[0]
    return table.drop(column), column, "column exists"


def _extra_column(table: pl.DataFrame, settings: config.Config) -> tuple[pl.DataFrame, str, str]:
    return table.with_columns(note=pl.lit("new")), "note", "column is declared"


def _text_for_numbers(table: pl.DataFrame, settings: config.Config) -> tuple[pl.DataFrame, str, str]:
    column = _first(settings.data, kind="numeric", known=True)
    return table.with_columns(pl.col(column).cast(pl.String)), column, "column is numeric"


def _numbers_for_text(table: pl.DataFrame, settings: config.Config) -> tuple[pl.DataFrame, str, str]:
    column = _first(settings.data, kind="categorical")
    return table.with_columns(pl.int_range(pl.len()).alias(column)), column, "column is categorical"


def _target_of_another_type(table: pl.DataFrame, settings: config.Config) -> tuple[pl.DataFrame, str, str]:
    kind = settings.data.columns[settings.target].kind
    return table.with_columns(pl.col(settings.target).cast(pl.String)), settings.target, f"column is {kind}"


def _missing_value(table: pl.DataFrame, settings: config.Config) -> tuple[pl.DataFrame, str, str]:
    column = _first(settings.data, kind="numeric", nullable=False)
    return _some(table, column, None), column, "no missing values"


def _too_low(table: pl.DataFrame, settings: config.Config) -> tuple[pl.DataFrame, str, str]:
    column = _first(settings.data, kind="numeric", range=...)
    low = (settings.data.columns[column].range or (0, 0))[0] or 0
    return _some(table, column, low - 1), column, f"at least {low:g}"


def _too_high(table: pl.DataFrame, settings: config.Config) -> tuple[pl.DataFrame, str, str]:
    column = _first(settings.data, kind="numeric", range=...)
    high = (settings.data.columns[column].range or (0, 0))[1] or 0
    return _some(table, column, high + 1), column, f"at most {high:g}"


def _infinite(table: pl.DataFrame, settings: config.Config) -> tuple[pl.DataFrame, str, str]:
    column = _first(settings.data, kind="numeric", known=True, nullable=True)
    return _some(table, column, float("inf")), column, "finite"


def _not_a_number(table: pl.DataFrame, settings: config.Config) -> tuple[pl.DataFrame, str, str]:
    column = _first(settings.data, kind="numeric", known=True, nullable=True)
    return _some(table, column, float("nan")), column, "finite"


def _unknown_category(table: pl.DataFrame, settings: config.Config) -> tuple[pl.DataFrame, str, str]:
    column = _first(settings.data, kind="categorical", values=...)
    return _some(table, column, pl.lit("never heard of")), column, "one of "


def _row_twice(table: pl.DataFrame, settings: config.Config) -> tuple[pl.DataFrame, str, str]:
    return pl.concat([table, table.sample(1, seed=1)]), "+".join(settings.data.key), "unique key"


def _known_too_early(table: pl.DataFrame, settings: config.Config) -> tuple[pl.DataFrame, str, str]:
    column = settings.data.columns[_first(settings.data, available_at=...)].available_at or ""
    time = settings.data.time or ""
    return _some(table, column, pl.col(time) - timedelta(days=3)), column, f"not a day before {time}"


def _target_in_a_number(table: pl.DataFrame, settings: config.Config) -> tuple[pl.DataFrame, str, str]:
    column = _first(settings.data, kind="numeric", known=True, nullable=True)
    low, high = settings.data.columns[column].range or (0.0, 1.0)
    told = pl.col(settings.target).cast(pl.Float64)
    # Within the range that was declared, and with some noise, as a leak would be.
    scaled = (told - told.min()) / (told.max() - told.min()) * ((high or 1.0) - (low or 0.0)) * 0.99 + (low or 0.0)
    return table.with_columns(pl.when(~FEW).then(scaled).alias(column)), column, "no leak"


def _target_in_a_category(table: pl.DataFrame, settings: config.Config) -> tuple[pl.DataFrame, str, str]:
    column = _first(settings.data, kind="categorical", values=None, known=True)
    told = pl.col(settings.target).cast(pl.Float64)
    steps = (told / told.std() * 10).round().cast(pl.String)
    return table.with_columns(steps.fill_null("?").alias(column)), column, "no leak"


def _one_outcome(table: pl.DataFrame, settings: config.Config) -> tuple[pl.DataFrame, str, str]:
    rule = "two classes" if settings.task.name == "classification" else "target varies"
    return table.with_columns(pl.col(settings.target).drop_nulls().first()), settings.target, rule


def _hardly_any_target(table: pl.DataFrame, settings: config.Config) -> tuple[pl.DataFrame, str, str]:
    target = pl.when(pl.int_range(pl.len()) % 2 == 0).then(pl.col(settings.target))
    return table.with_columns(target.alias(settings.target)), settings.target, "target is there"


def _too_few_rows(table: pl.DataFrame, settings: config.Config) -> tuple[pl.DataFrame, str, str]:
    return table.head(settings.validate_.min_rows - 1), "(all)", "enough rows"


@pytest.mark.parametrize(
    "spoil",
    [
        _missing_column,
        _extra_column,
        _text_for_numbers,
        _numbers_for_text,
        _target_of_another_type,
        _missing_value,
        _too_low,
        _too_high,
        _infinite,
        _not_a_number,
        _unknown_category,
        _row_twice,
        _known_too_early,
        _target_in_a_number,
        _target_in_a_category,
        _one_outcome,
        _hardly_any_target,
        _too_few_rows,
    ],
    ids=lambda spoil: spoil.__name__.strip("_").replace("_", " "),
)
def test_spoiled_data_are_refused_by_column_and_rule(sample: Sample, tmp_path: Path, spoil: Spoil) -> None:
    table, column, rule = spoil(sample.table("data/ingested.parquet"), sample.config)
    files = run.Files(tmp_path, project=tmp_path)
    table.write_parquet(files.write("data/ingested.parquet"))
    with pytest.raises(errors.ProjectError) as refusal:
        validate.run(sample.config, files)
    assert f"{column}: {rule}" in str(refusal.value)
    # What is wrong is written down as well, and nothing that is right is called wrong.
    found = json.loads(files.read("reports/validation.json").read_text())["findings"]
    assert {finding["column"] for finding in found} == {column}
    assert all(finding["message"] for finding in found)


def test_the_data_as_they_are_pass(sample: Sample) -> None:
    report = json.loads(sample.files.read("reports/validation.json").read_text())
    assert report["findings"] == []
    assert report["rows"] == len(sample.table("data/ingested.parquet"))
    kept = [name for name, column in sample.config.data.columns.items() if column.kind != "ignored"]
    assert list(report["columns"]) == kept
