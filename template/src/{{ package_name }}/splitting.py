"""Cutting rows into train, validation and test: by time, at random, by group, or within strata."""

from itertools import pairwise

import numpy as np
import polars as pl

from .config import Config, RandomSplit, TimeSplit
from .errors import ProjectError

PARTS = ("train", "validation", "test")


def assign(rows: pl.DataFrame, config: Config) -> pl.Series:
    """The part of each row, as text.

    Raises:
        ProjectError: a part gets no row.
    """
    split = config.split
    parts = _by_time(rows, config, split) if isinstance(split, TimeSplit) else _by_chance(rows, config, split)
    for part in PARTS:
        if not (parts == part).any():
            raise ProjectError(f"conf/split/{split.name}.yaml: no row falls into {part}: move its limits or shares")
    return parts


def refuse_overlap(rows: pl.DataFrame, config: Config) -> None:
    """Check that no key, no group, and no stretch of time lies in two parts.

    Args:
        rows: with a column `_part`.
        config: the whole configuration.

    Raises:
        ProjectError: something does.
    """
    split = config.split
    where = f"conf/split/{split.name}.yaml"
    together = [config.data.key]
    if isinstance(split, RandomSplit) and split.group:
        together.append([split.group])
    for names in together:
        torn = rows.drop_nulls(names).group_by(names).agg(pl.col("_part").n_unique()).filter(pl.col("_part") > 1)
        if len(torn):
            example = torn.sort(names).select(names).row(0)
            raise ProjectError(f"{where}: {len(torn)} values of {'+'.join(names)} lie in two parts, such as {example}")
    if isinstance(split, TimeSplit):
        time = str(config.data.time)
        spans = {part: rows.filter(pl.col("_part") == part)[time] for part in PARTS}
        for earlier, later in pairwise(PARTS):
            if spans[earlier].max() >= spans[later].min():  # type: ignore[operator]
                raise ProjectError(f"{where}: {earlier} ends after {later} begins: put the limits in order")


def _by_time(rows: pl.DataFrame, config: Config, split: TimeSplit) -> pl.Series:
    time = pl.col(str(config.data.time))
    early = pl.when(time < split.validation_from).then(pl.lit("train"))
    part = early.when(time < split.test_from).then(pl.lit("validation")).otherwise(pl.lit("test"))
    return rows.select(part).to_series()


def _by_chance(rows: pl.DataFrame, config: Config, split: RandomSplit) -> pl.Series:
    """Shares of a random order: of all rows, of each stratum's rows, or of the groups."""
    chance = np.random.default_rng(config.seed)
    if split.strategy == "grouped":
        # A row without a group is a group of its own.
        alone = pl.concat_str(pl.lit("_row"), pl.int_range(pl.len()).cast(pl.String))
        group = rows.select(pl.col(str(split.group)).cast(pl.String).fill_null(alone)).to_series()
        unit = group.rank("dense").to_numpy() - 1
    else:
        unit = np.arange(len(rows))
    size = int(unit.max()) + 1 if len(unit) else 0
    position = np.empty(size)
    strata = [np.arange(size)]
    if split.strategy == "stratified":
        target = rows[config.target].cast(pl.Float64)
        tenth = (target.rank("average") / len(target) * 10).ceil() if target.n_unique() > 10 else target
        labels = tenth.to_numpy()
        strata = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    for members in strata:
        position[members] = chance.permutation(len(members)) / len(members)
    place = position[unit]
    names = np.where(place < split.test, "test", np.where(place < split.test + split.validation, "validation", "train"))
    return pl.Series("_part", names)
