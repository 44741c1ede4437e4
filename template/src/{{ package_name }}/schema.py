"""The validation schema, made from the declaration. Yours: add the checks that only you know to `own_checks`."""

import pandera.polars as pa
import polars as pl

from .columns import TYPES
from .config import Column, Data


def own_checks() -> list[pa.Check]:
    """Checks over several columns, such as `pa.Check(lambda t: t.lazyframe.select(pl.col("a") <= pl.col("b")))`."""
    return []


def build(data: Data) -> pa.DataFrameSchema:
    """A pandera schema that allows just what `conf/data/<name>.yaml` declares."""
    columns = {name: _column(column) for name, column in data.columns.items() if column.kind != "ignored"}
    return pa.DataFrameSchema(columns, checks=own_checks(), strict=True)


def _column(column: Column) -> pa.Column:
    checks = []
    low, high = column.range or (None, None)
    if column.kind == "numeric":
        checks.append(pa.Check(lambda t: t.lazyframe.select(pl.col(t.key).is_finite()), error="finite"))
    if low is not None:
        checks.append(pa.Check.ge(low, error=f"at least {low:g}"))
    if high is not None:
        checks.append(pa.Check.le(high, error=f"at most {high:g}"))
    if column.values is not None:
        checks.append(pa.Check.isin(column.values, error=f"one of {', '.join(column.values)}"))
    return pa.Column(TYPES.get(column.kind), checks, nullable=column.nullable)
