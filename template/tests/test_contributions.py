"""Contributions add up to the prediction, and where the truth is known they tell it."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from . import artifact, columns, contributions, model
from .conftest import Sample


def _explained(sample: Sample, name: str, rows: int) -> tuple[artifact.Artifact, pl.DataFrame, Any]:
    some = sample.table("data/split/test.parquet").head(rows)
    folder = sample.files.read(f"models/{name}")
    return sample.model(name), some, contributions.contributions(folder, sample.model(name), some, seed=1)


@pytest.mark.parametrize("name", ["model", "linear", "baseline"])
def test_contributions_add_up_to_the_prediction(sample: Sample, name: str) -> None:
    explained, rows, parts = _explained(sample, name, 40)
    assert sorted(parts.names) == sorted(explained.inputs)
    said = contributions.margin(explained, rows)
    np.testing.assert_allclose(parts.base + parts.values.sum(axis=1), said, rtol=1e-3, atol=1e-3)


def test_sampled_contributions_agree_with_the_coefficients_of_a_linear_model(sample: Sample, tmp_path: Any) -> None:
    # On numbers alone a contribution is known: coefficient times distance from the mean.
    inputs = {n: entry for n, entry in sample.model().inputs.items() if entry["kind"] != "categorical"}
    rows = sample.table("data/split/train.parquet").with_columns(
        pl.col(name).cast(pl.Float64).fill_null(strategy="mean") for name in inputs
    )
    task, target = sample.config.task.name, sample.config.target
    pipeline = model.build_pipeline(sample.config.references.linear, inputs)
    pipeline.fit(columns.prepare(rows, inputs), rows[target].cast(pl.Float64).to_numpy())
    artifact.export(pipeline, task, target, inputs, tmp_path)

    some = rows.head(200)
    parts = contributions.contributions(tmp_path, artifact.load(tmp_path), some, seed=1)
    scaled = pipeline[:-1].transform(columns.prepare(some, inputs))
    truth = np.ravel(pipeline[-1].coef_) * (scaled - scaled.mean(axis=0))
    assert parts.method == "sampled"
    assert np.corrcoef(parts.values.ravel(), truth.ravel())[0, 1] > 0.9
    assert np.abs(parts.values - truth).mean() < 0.4 * np.abs(truth).mean()


def test_an_input_without_effect_gets_nothing(sample: Sample) -> None:
    _, _, parts = _explained(sample, "baseline", 10)
    assert np.abs(parts.values).max() < 1e-6


def test_the_same_seed_gives_the_same_contributions(sample: Sample) -> None:
    first, again = (_explained(sample, "linear", 10)[2].values for _ in range(2))
    np.testing.assert_array_equal(first, again)
