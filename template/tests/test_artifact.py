"""What is shipped says the same as what was trained, and nothing strange is ever loaded."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import polars as pl
import pytest
import skops.io
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from . import artifact, builders, columns, config, errors, model, training
from .conftest import Sample

MODELS = sorted(file.stem for file in (config.ROOT / "conf/model").glob("*.yaml"))
Inputs = dict[str, columns.Input]


@pytest.fixture(scope="module")
def inputs(sample: Sample) -> Inputs:
    found: Inputs = json.loads(sample.files.read("data/split/inputs.json").read_text())
    return found


@pytest.fixture(scope="module")
def rows(sample: Sample) -> pl.DataFrame:
    return sample.table("data/split/train.parquet").head(2500)


@pytest.fixture(scope="module")
def strange_rows(sample: Sample, inputs: Inputs) -> pl.DataFrame:
    """Real rows, then rows in which one input after the other is missing, or a category nobody has seen."""
    some = sample.table("data/split/test.parquet").head(100)
    spoiled = [some]
    for name, entry in inputs.items():
        spoiled.append(some.head(3).with_columns(pl.lit(None, some.schema[name]).alias(name)))
        if entry["kind"] == "categorical":
            spoiled.append(some.head(3).with_columns(pl.lit("never seen").alias(name)))
    return pl.concat(spoiled)


def _fitted(chosen: config.Model, inputs: Inputs, rows: pl.DataFrame, settings: config.Config) -> Pipeline:
    target = rows[settings.target].cast(pl.Float64).to_numpy()
    return model.build_pipeline(chosen, inputs).fit(columns.prepare(rows, inputs), target)


def _forest(settings: config.Config) -> config.Model:
    """An estimator that ONNX has no words for."""
    estimator = f"sklearn.ensemble.HistGradientBoosting{settings.task.estimator}"
    return config.Model(
        name="forest",
        encode="ordinal",
        scale=False,
        estimator={"_target_": estimator, "max_iter": 10, "random_state": 1},
    )


@pytest.mark.parametrize("encode", ["ordinal", "onehot"])
@pytest.mark.parametrize("name", MODELS)
def test_the_export_agrees_with_the_pipeline(
    sample: Sample,
    inputs: Inputs,
    rows: pl.DataFrame,
    strange_rows: pl.DataFrame,
    tmp_path: Path,
    name: str,
    encode: str,
) -> None:
    settings = config.parse(builders.raw(f"model={name}", f"model.encode={encode}"))
    pipeline = _fitted(settings.model, inputs, rows, settings)
    kind = artifact.export(pipeline, settings.task.name, settings.target, inputs, tmp_path)
    exported = artifact.load(tmp_path)
    expected = artifact.pipeline_score(pipeline, settings.task.name, columns.prepare(strange_rows, inputs))
    assert kind == exported.format == "onnx"
    assert exported.inputs == inputs
    np.testing.assert_allclose(exported.score(strange_rows), expected, rtol=1e-4, atol=1e-5)


def test_trees_agree_on_numbers_that_equal_their_thresholds(sample: Sample, tmp_path: Path) -> None:
    # A threshold lies half-way between two numbers that were seen. Of decimals that is often a third one.
    settings = config.parse(builders.raw("model=lightgbm", "model.estimator.min_child_samples=1"))
    number: Inputs = {"number": {"kind": "numeric", "values": [], "derived": True}}
    seen = pl.DataFrame({"number": [i / 10 for i in range(0, 600, 2)] * 3})
    outcomes = [i // 7 % 2 if settings.task.name == "classification" else i % 300 for i in range(len(seen))]
    target = pl.Series(settings.target, outcomes)
    pipeline = _fitted(settings.model, number, seen.with_columns(target), settings)
    artifact.export(pipeline, settings.task.name, settings.target, number, tmp_path)
    between = pl.DataFrame({"number": [i / 10 for i in range(600)]})
    expected = artifact.pipeline_score(pipeline, settings.task.name, columns.prepare(between, number))
    assert len(np.unique(expected)) > 10
    np.testing.assert_allclose(artifact.load(tmp_path).score(between), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_exporting_twice_gives_the_same_bytes(inputs: Inputs, rows: pl.DataFrame, tmp_path: Path, name: str) -> None:
    settings = config.parse(builders.raw(f"model={name}"))
    for folder in ("first", "again"):
        pipeline = _fitted(settings.model, inputs, rows, settings)
        artifact.export(pipeline, settings.task.name, settings.target, inputs, tmp_path / folder)
    first, again = ({file.name: file.read_bytes() for file in (tmp_path / f).iterdir()} for f in ("first", "again"))
    assert first == again
    assert {"model.json", "model.onnx"} <= set(first)
    # The converter takes these from a set: their order would follow PYTHONHASHSEED.
    domains = [entry.domain for entry in onnx.load_from_string(first["model.onnx"]).opset_import]
    assert domains == sorted(domains)


def test_a_model_without_onnx_comes_back_from_skops_the_same(
    sample: Sample, inputs: Inputs, rows: pl.DataFrame, strange_rows: pl.DataFrame, tmp_path: Path
) -> None:
    settings = sample.config
    (pipeline,) = training.fit({"forest": _forest(settings)}, settings, inputs, rows).values()
    told = training.ship(pipeline, settings, inputs, rows, strange_rows.head(100), tmp_path)
    assert (told["format"], told["parity"]) == ("skops", 0.0)
    expected = artifact.pipeline_score(pipeline, settings.task.name, columns.prepare(strange_rows, inputs))
    np.testing.assert_array_equal(artifact.load(tmp_path).score(strange_rows), expected)


def test_a_new_export_leaves_nothing_of_the_old_one(inputs: Inputs, rows: pl.DataFrame, tmp_path: Path) -> None:
    settings = config.parse(builders.raw("model=baseline"))
    (tmp_path / "booster.txt").write_text("of another model")
    pipeline = _fitted(settings.model, inputs, rows, settings)
    artifact.export(pipeline, settings.task.name, settings.target, inputs, tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["model.json", "model.onnx"]


class Stranger(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A type that no library the project trusts has defined."""

    def predict(self, rows: Any) -> Any:
        """Never called: a file that names this type is not even loaded."""
        raise AssertionError


def test_a_model_file_with_an_untrusted_type_is_refused(tmp_path: Path) -> None:
    skops.io.dump(Stranger(), tmp_path / "model.skops")
    about = {"format": "skops", "task": "regression", "target": "late", "inputs": {}}
    (tmp_path / "model.json").write_text(json.dumps(about))
    with pytest.raises(errors.ProjectError, match=r"model\.skops holds types that are not trusted: .*Stranger"):
        artifact.load(tmp_path)


def test_a_folder_without_a_model_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(errors.ProjectError, match="holds no model: `uv run dvc repro train` makes one"):
        artifact.load(tmp_path)


@pytest.mark.parametrize("name", MODELS)
def test_an_argument_that_the_estimator_does_not_know_is_refused(inputs: Inputs, rows: pl.DataFrame, name: str) -> None:
    settings = config.parse(builders.raw(f"model={name}", "+model.estimator.n_forests=5"))
    message = rf"conf/model/{name}\.yaml: estimator: .*n_forests"
    with pytest.raises(errors.ProjectError, match=message):
        training.fit({"model": settings.model}, settings, inputs, rows)
