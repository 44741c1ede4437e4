"""What the model sees beside the declared columns. Yours: a column that is added here becomes an input of the model."""

import polars as pl

from .config import Config
from .timeline import add_calendar, add_history


def add_features(rows: pl.DataFrame, past: pl.DataFrame, config: Config) -> pl.DataFrame:
    """`rows` with the features of `conf/features`.

    Args:
        rows: rows to train on or to predict, with the declared columns.
        past: the rows that history may be taken from. A value counts only from when it was known, so in training this
            may be all rows, and in production all that happened so far.
        config: the whole configuration.
    """
    rows = add_calendar(rows, config.features.calendar)
    return add_history(rows, past, config.data, config.features.history)
