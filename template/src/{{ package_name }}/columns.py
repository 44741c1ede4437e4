"""What the declaration of the columns means: their types, the inputs of the model, and their encoding."""

from collections.abc import Mapping
from typing import TypedDict, TypeVar

import polars as pl

from .config import Column, Config, Data
from .errors import ProjectError

Rows = TypeVar("Rows", pl.DataFrame, pl.LazyFrame)
MISSING = "missing"
TYPES: dict[str, pl.DataType | type[pl.DataType]] = {
    "categorical": pl.String,
    "identifier": pl.String,
    "boolean": pl.Boolean,
    "datetime": pl.Datetime("us"),
}
TRUE, FALSE = ("true", "yes", "y", "t", "1", "1.0"), ("false", "no", "n", "f", "0", "0.0")


class Input(TypedDict):
    """One input of the model: numbers, or one of the `values` (empty for numbers)."""

    kind: str
    values: list[str]
    derived: bool


def fits(dtype: pl.DataType, column: Column) -> bool:
    """Whether `dtype` is the type of the column's kind; numbers may be of any."""
    return dtype == TYPES[column.kind] if column.kind in TYPES else dtype.is_numeric()


def conform(table: pl.DataFrame, data: Data) -> pl.DataFrame:
    """The declared columns of `table`, in the declared order and with the types of their kinds; ignored ones dropped.

    Raises:
        ProjectError: a column is missing, not declared, or holds values that are not of its kind.
    """
    here = f"conf/data/{data.name}.yaml"
    absent = [name for name in data.columns if name not in table.columns]
    if absent:
        raise ProjectError(f"{here}: the source has no column {', '.join(absent)}; it has {', '.join(table.columns)}")
    extra = [name for name in table.columns if name not in data.columns]
    if extra:
        raise ProjectError(f"{here}: declare {', '.join(extra)} too, or say `kind: ignored`: the source has them")
    kept = {name: column for name, column in data.columns.items() if column.kind != "ignored"}
    typed = table.select(_cast(name, table.schema[name], column) for name, column in kept.items())
    problems = []
    for name, column in kept.items():
        lost = table[name].filter(typed[name].is_null() & table[name].is_not_null())
        if len(lost):
            examples = ", ".join(repr(value) for value in lost.unique(maintain_order=True).head(3))
            problems.append(f"{here}: {name}: {len(lost)} values are not {column.kind}, such as {examples}")
    if problems:
        raise ProjectError("\n".join(problems))
    return typed


def _cast(name: str, dtype: pl.DataType, column: Column) -> pl.Expr:
    value = pl.col(name)
    if column.kind in ("categorical", "identifier"):
        return value.cast(pl.String)
    if column.kind == "numeric":
        return value if dtype.is_numeric() else value.cast(pl.Float64, strict=False)
    if column.kind == "boolean" and dtype != pl.Boolean:
        text = value.cast(pl.String).str.strip_chars().str.to_lowercase()
        return pl.when(text.is_in(TRUE)).then(True).when(text.is_in(FALSE)).then(False).otherwise(None).alias(name)
    if column.kind == "datetime":
        return _in_utc(value, dtype)
    return value


def _in_utc(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """A datetime in UTC without a zone; text may be ISO 8601, with an offset or `Z` (which counts) or without."""
    if dtype == pl.String:
        text = value.str.strip_chars().str.replace(" ", "T", literal=True)
        zoned = text.str.to_datetime("%+", time_zone="UTC", strict=False).dt.replace_time_zone(None)
        formats = ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d")
        value = pl.coalesce(zoned, *(text.str.to_datetime(form, strict=False) for form in formats))
    elif isinstance(dtype, pl.Datetime) and dtype.time_zone:
        value = value.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return value.cast(pl.Datetime("us"))


def model_inputs(train: pl.DataFrame, config: Config) -> dict[str, Input]:
    """The inputs of the model: declared columns that are known in time, then whatever `features.py` added.

    The values of a categorical input are the declared ones or, without a declaration, those of the training rows.
    """
    inputs: dict[str, Input] = {}
    for name in train.columns:
        column = config.data.columns.get(name)
        if column is None:
            kind = {pl.String: "categorical", pl.Boolean: "boolean"}.get(train.schema[name].base_type(), "numeric")
        elif column.known and column.kind in ("numeric", "categorical", "boolean"):
            kind = column.kind
        else:
            continue
        if name in config.features.drop:
            continue
        values: list[str] = []
        if kind == "categorical":
            values = list(column.values if column and column.values else train[name].drop_nulls().unique().sort())
            values.append(MISSING)
        inputs[name] = {"kind": kind, "values": values, "derived": column is None}
    return inputs


def prepare(rows: Rows, inputs: Mapping[str, Input], *others: str) -> Rows:
    """The inputs as a model takes them: numbers as Float32 (missing: NaN), categories as text (missing: a value).

    Rows that are prepared already stay as they are. The columns `others` are kept beside the inputs, unchanged.
    """
    ready = (
        pl.col(name).fill_null(MISSING)
        if entry["kind"] == "categorical"
        else pl.col(name).cast(pl.Float32).fill_null(float("nan"))
        for name, entry in inputs.items()
    )
    return rows.select(*ready, *others)
