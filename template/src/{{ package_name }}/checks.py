"""What makes data unfit: breaches of the declaration, duplicates, leaks, targets that teach nothing."""

from collections.abc import Iterator
from typing import TypedDict

import numpy as np
import polars as pl

from .columns import fits
from .config import Config
from .metrics import roc_auc

SAMPLE = 20_000
EXAMPLES = 3


class Finding(TypedDict):
    """One rule that the data break: where, how often, and some of the values."""

    column: str
    rule: str
    count: int
    message: str


def findings(table: pl.DataFrame, config: Config) -> list[Finding]:
    """All that is wrong with `table`; an empty list if nothing is."""
    limit = config.validate_.min_rows
    if len(table) < limit:
        message = f"{len(table)} rows, at least {limit} are needed (conf/validate: min_rows)"
        return [Finding(column="(all)", rule="enough rows", count=len(table), message=message)]
    found = list(_columns(table, config))
    if found:  # the other rules need the columns that they speak of
        return found
    found = [*_schema(table, config), *_duplicates(table, config), *_order(table, config), *_target(table, config)]
    return found or list(_leaks(table, config))


def rules(config: Config) -> list[str]:
    """What `findings` holds the data to, in words for the data card."""
    data, limits = config.data, config.validate_
    told = [
        f"at least {limits.min_rows:,} rows",
        "the declared columns and no other, each of its kind, within its range or values, empty only where it may be",
        f"no two rows of the same {', '.join(data.key)}",
    ]
    if data.time and any(column.available_at for column in data.columns.values()):
        told.append(f"nothing known more than a day before {data.time}")
    told.append(f"no more than {limits.max_missing_target:.1%} of the rows without a target")
    if config.task.name == "classification":
        told.append(f"no class with less than {limits.min_class_share:.1%} of the rows")
    else:
        told.append("a target that varies")
    return [*told, f"no input that tells the target by itself (skill over {limits.max_single_column_skill:g})"]


def _columns(table: pl.DataFrame, config: Config) -> Iterator[Finding]:
    """Columns that are missing, not declared, or not of the type of their kind."""
    declared = {name: column for name, column in config.data.columns.items() if column.kind != "ignored"}
    for name in [*declared, *(name for name in table.columns if name not in declared)]:
        rule, message = "", ""
        if name not in table.columns:
            rule, message = "column exists", "it is declared, but the data have no such column"
        elif name not in declared:
            rule, message = "column is declared", f"declare it in conf/data/{config.data.name}.yaml"
        elif not fits(table.schema[name], declared[name]):
            rule, message = f"column is {declared[name].kind}", f"its type is {table.schema[name]}"
        if rule:
            yield Finding(column=name, rule=rule, count=len(table), message=message)


def _schema(table: pl.DataFrame, config: Config) -> Iterator[Finding]:
    import pandera.errors

    from .schema import build

    names = {"not_nullable": "no missing values"}
    try:
        build(config.data).validate(table, lazy=True)
    except pandera.errors.SchemaErrors as error:
        cases = error.failure_cases.sort("column", "check", "index", nulls_last=True)
        for (column, check), of in cases.group_by("column", "check", maintain_order=True):
            shown = of.unique("failure_case", keep="first", maintain_order=True).head(EXAMPLES)
            examples = [
                f"{case} ({_row(table, row, config)})" if row is not None else str(case)
                for case, row in shown.select("failure_case", "index").rows()
            ]
            yield _finding(str(column or "(all)"), names.get(str(check), str(check)), len(of), examples)


def _duplicates(table: pl.DataFrame, config: Config) -> Iterator[Finding]:
    again = table.filter(pl.struct(config.data.key).is_duplicated()).unique(config.data.key, maintain_order=True)
    if len(again):
        examples = [_row(again, row, config) for row in range(min(EXAMPLES, len(again)))]
        yield _finding("+".join(config.data.key), "unique key", len(again), examples)


def _order(table: pl.DataFrame, config: Config) -> Iterator[Finding]:
    """A value cannot be known long before the row it belongs to could have been predicted."""
    if config.data.time is None:
        return
    for name in sorted({c.available_at for c in config.data.columns.values() if c.available_at}):
        early = table.filter(pl.col(name) < pl.col(config.data.time) - pl.duration(days=1))
        if len(early):
            examples = [f"{early[name][row]} ({_row(early, row, config)})" for row in range(min(EXAMPLES, len(early)))]
            yield _finding(name, f"not a day before {config.data.time}", len(early), examples)


def _target(table: pl.DataFrame, config: Config) -> Iterator[Finding]:
    name, limits = config.target, config.validate_
    target = table[name]
    missing = target.null_count() / len(table)
    if missing > limits.max_missing_target:
        message = f"{missing:.1%} of the rows have none, at most {limits.max_missing_target:.1%} may (conf/validate)"
        yield Finding(column=name, rule="target is there", count=target.null_count(), message=message)
    known = target.drop_nulls()
    if config.task.name == "classification":
        rarer = int(min(known.sum(), len(known) - known.sum()))
        if rarer < limits.min_class_share * max(len(known), 1):
            message = f"{rarer} of {len(known)} rows are of the rarer class, {limits.min_class_share:.1%} are needed"
            yield Finding(column=name, rule="two classes", count=rarer, message=message)
    elif known.n_unique() < 2:
        message = f"all rows say {known.first()!s}: there is nothing to learn"
        yield Finding(column=name, rule="target varies", count=len(known), message=message)


def _leaks(table: pl.DataFrame, config: Config) -> Iterator[Finding]:
    """A known column that all but tells the target was most likely filled in afterwards."""
    limit = config.validate_.max_single_column_skill
    known = table.filter(pl.col(config.target).is_not_null())
    rows = known[:: max(1, len(known) // SAMPLE)]
    target = rows[config.target].cast(pl.Float64).to_numpy()
    for name, column in config.data.columns.items():
        if not column.known or column.kind not in ("numeric", "boolean", "categorical"):
            continue
        if column.kind == "categorical":
            half = pl.int_range(pl.len()) % 2 == 0
            mean = pl.col("_target").filter(half).mean().over(name)  # learned on one half, judged on the other
            values = rows.with_columns(_target=target).select(pl.when(~half).then(mean)).to_series().to_numpy()
        else:
            values = rows[name].cast(pl.Float64).to_numpy()
        there = np.isfinite(values)
        skill = _skill(values[there], target[there], config.task.name)
        if skill > limit:
            message = f"tells the target almost by itself (skill {skill:.3f}); if it comes afterwards, say known: false"
            yield Finding(column=name, rule="no leak", count=len(rows), message=message)


def _skill(values: np.ndarray, target: np.ndarray, task: str) -> float:
    """How well one column alone ranks (AUC, either way round) or follows (absolute rank correlation) the target."""
    if len(values) < 100 or np.ptp(values) == 0 or np.ptp(target) == 0:
        return 0.0
    if task == "classification":
        auc = roc_auc(target, values)
        return max(auc, 1 - auc)
    ranks = np.stack([pl.Series(numbers).rank().to_numpy() for numbers in (values, target)])
    return float(abs(np.corrcoef(ranks)[0, 1]))


def _row(table: pl.DataFrame, row: int, config: Config) -> str:
    """Which row it is, by its key."""
    return ", ".join(f"{name}={table[name][row]}" for name in config.data.key if name in table.columns)


def _finding(column: str, rule: str, count: int, examples: list[str]) -> Finding:
    return Finding(
        column=column, rule=rule, count=count, message=f"{count} rows break it, such as {'; '.join(examples)}"
    )
