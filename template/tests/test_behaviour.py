"""What anyone would expect of the model, whatever its metrics say. The names of columns here are those of your data."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest

from . import artifact, features
from .conftest import Sample

# Of the sampled model over the baseline, in units of the metric: about half of what it reached when this was written.
MARGINS = {"roc_auc": 0.1, "mae": 1.0}
WEATHER = ("temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure", "visib")


@pytest.fixture(scope="module")
def model(sample: Sample) -> artifact.Artifact:
    return sample.model()


@pytest.fixture(scope="module")
def rows(sample: Sample) -> pl.DataFrame:
    return sample.table("data/split/test.parquet")


# Invariance: what must not matter, does not.


def test_nothing_but_its_inputs_moves_a_prediction(model: artifact.Artifact, rows: pl.DataFrame) -> None:
    others = [name for name in rows.columns if name not in model.inputs]
    assert {"flight", "tailnum", "arrival_delay", "late"} <= set(others)
    shuffled = rows.with_columns(pl.col(others).shuffle(seed=1))
    np.testing.assert_array_equal(model.score(shuffled), model.score(rows))


def test_neither_the_order_nor_the_number_of_rows_moves_a_prediction(
    model: artifact.Artifact, rows: pl.DataFrame
) -> None:
    said = model.score(rows)
    np.testing.assert_array_equal(model.score(rows.reverse())[::-1], said)
    one_by_one = np.concatenate([model.score(row) for row in rows.head(30).iter_slices(1)])
    np.testing.assert_array_equal(one_by_one, said[:30])
    many = pl.concat([rows] * (2 * artifact.CHUNK // len(rows) + 1))
    np.testing.assert_array_equal(model.score(many)[-len(rows) :], said)


# Direction: more of this means more of that.


def test_delays_at_the_airport_just_now_raise_the_prediction(
    sample: Sample, model: artifact.Artifact, rows: pl.DataFrame
) -> None:
    past = sample.table("data/ingested.parquet")
    declared = [name for name in rows.columns if name in past.columns]
    delayed = past.with_columns(pl.col("departure_delay") + 45.0)
    as_it_was, worse = (
        model.score(features.add_features(rows.select(declared), history, sample.config)) for history in (past, delayed)
    )
    np.testing.assert_allclose(as_it_was, model.score(rows))
    assert worse.mean() > as_it_was.mean() + 0.1 * as_it_was.std()
    assert (worse >= as_it_was).mean() > 0.8


# Minimum functionality: what it must be able to do at the least.


def test_it_is_clearly_better_than_a_guess(sample: Sample) -> None:
    evaluation = json.loads(sample.files.read("reports/evaluation.json").read_text())
    ahead = evaluation["ahead"]["baseline"]
    assert ahead["value"] > MARGINS[evaluation["metric"]]
    assert ahead["low"] > 0


def test_it_tells_rows_apart_and_predicts_what_is_possible(model: artifact.Artifact, rows: pl.DataFrame) -> None:
    said = model.score(rows)
    assert len(np.unique(said)) > len(rows) / 2
    if model.task == "classification":
        assert said.min() >= 0
        assert said.max() <= 1
    # On the whole it predicts about what happens.
    outcome = rows[model.target].cast(pl.Float64).to_numpy()
    assert abs(said.mean() - outcome.mean()) < outcome.std() / 2


@pytest.mark.parametrize(
    "spoil",
    [
        lambda row: row,
        lambda row: row.with_columns(dest=pl.lit("ZZZ")),
        lambda row: row.with_columns(origin=pl.lit("ZZZ"), carrier=pl.lit("ZZ")),
        lambda row: row.with_columns(pl.lit(None, pl.Float64).alias(name) for name in WEATHER),
        lambda row: row.with_columns(pl.lit(None, dtype).alias(name) for name, dtype in row.schema.items()),
    ],
    ids=["as it is", "unseen destination", "unseen airport and airline", "no weather", "nothing known at all"],
)
def test_it_has_an_answer_to_a_single_row(
    model: artifact.Artifact, rows: pl.DataFrame, spoil: Callable[[Any], Any]
) -> None:
    said = model.score(spoil(rows.head(1)))
    assert said.shape == (1,)
    assert np.isfinite(said).all()
    if model.task == "classification":
        assert 0 <= said[0] <= 1
