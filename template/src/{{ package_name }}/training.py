"""Fitting a model, exporting it, and checking that the export says the same."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from hydra.errors import InstantiationException
from sklearn.base import clone

from . import learning
from .artifact import export, load, pipeline_score
from .columns import Input, prepare
from .config import Config, Model
from .errors import ProjectError
from .metrics import Array, intervals
from .model import build_pipeline

SAMPLE = 20_000


class Watch(NamedTuple):
    """Where the learning curve goes, and the rows whose loss it shows."""

    log: learning.Log
    rows: pl.DataFrame


def fit(
    models: Mapping[str, Model],
    config: Config,
    inputs: Mapping[str, Input],
    train: pl.DataFrame,
    watch: Watch | None = None,
) -> dict[str, Any]:
    """Fit each model on `train`, side by side: a thread each, as most of the work is done outside of Python.

    Args:
        models: by what they are called in the report.
        config: the whole configuration.
        inputs: the columns that the models get.
        train: the rows to learn from.
        watch: how the learning curve of `model` is written, and the rows whose loss it shows beside that of `train`.

    Returns:
        The fitted scikit-learn pipeline of each model.

    Raises:
        ProjectError: an estimator does not exist, does not take its arguments, or cannot be fitted with them.
    """
    from lightgbm.basic import LightGBMError

    ready, target = prepare(train, inputs), _target(train, config)
    unseen = (prepare(watch.rows, inputs), _target(watch.rows, config)) if watch else None
    pipelines = [assemble(model, inputs) for model in models.values()]

    def fitted(name: str, model: Model, pipeline: Any) -> Any:
        try:
            if watch is None or unseen is None or name != "model":
                return pipeline.fit(ready, target)
            pipeline.fit(ready, target, **learning.arguments(pipeline, watch.log, unseen))
            learning.replay(pipeline, watch.log, (ready, target), unseen)
            return pipeline
        except (LightGBMError, TypeError, ValueError) as error:
            reason = f"conf/model/{model.name}.yaml: estimator: cannot be fitted: {str(error).splitlines()[0]}"
            raise ProjectError(reason) from error

    # No more than two at a time: each encodes the rows for itself, in several times the memory that they take.
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(models, pool.map(fitted, models, models.values(), pipelines), strict=True))


def ship(
    pipeline: Any,
    config: Config,
    inputs: Mapping[str, Input],
    train: pl.DataFrame,
    validation: pl.DataFrame,
    folder: Path,
) -> dict[str, Any]:
    """Export a fitted pipeline to `folder` and compare the export with it on `validation`.

    Returns:
        The format; the largest difference between pipeline and export; the task's metric on (a sample of) both parts.
    """
    kind = export(pipeline, config.task.name, config.target, inputs, folder)
    exported = load(folder).score(validation)
    expected = pipeline_score(pipeline, config.task.name, prepare(validation, inputs))
    some = train[:: max(1, len(train) // SAMPLE)]
    return {
        "format": kind,
        "parity": float(np.abs(exported - expected).max()),
        "train": _metric(config, some, pipeline_score(pipeline, config.task.name, prepare(some, inputs))),
        "validation": _metric(config, validation, exported),
    }


def cross_validate(config: Config, inputs: Mapping[str, Input], train: pl.DataFrame) -> list[float]:
    """The task's metric on each fold of the training rows: forward in time if there is one, else at random."""
    from sklearn.model_selection import KFold, TimeSeriesSplit

    ordered = train.sort(config.data.time, maintain_order=True) if config.data.time else train
    count = config.train.folds
    chunks: Any = TimeSeriesSplit(count) if config.data.time else KFold(count, shuffle=True, random_state=config.seed)
    pipeline, scores = assemble(config.model, inputs), []
    for taught, judged in chunks.split(np.arange(len(ordered))):
        fold = clone(pipeline).fit(prepare(ordered[taught], inputs), _target(ordered[taught], config))
        said = pipeline_score(fold, config.task.name, prepare(ordered[judged], inputs))
        scores.append(_metric(config, ordered[judged], said))
    return scores


def assemble(model: Model, inputs: Mapping[str, Input], file: str | None = None) -> Any:
    """The unfitted pipeline of a model that `file`, if it is not one of `conf/model/`, describes.

    Raises:
        ProjectError: the estimator does not exist, or does not take its arguments.
    """
    here, target = f"{file or f'conf/model/{model.name}.yaml'}: estimator", model.estimator["_target_"]
    try:
        estimator = resolve_name(target)
        own = set(estimator._get_param_names()) if hasattr(estimator, "_get_param_names") else set()
        unknown = {name for name in model.estimator if not name.startswith("_")} - own - _aliases(target)
        if own and unknown:
            allowed = ", ".join(sorted(own))
            raise ProjectError(f"{here}: {', '.join(sorted(unknown))}: no such argument; allowed: {allowed}")
        return build_pipeline(model, inputs)
    except (ImportError, AttributeError, ValueError) as error:
        raise ProjectError(f"{here}: _target_: {target} cannot be imported: {error}") from error
    except InstantiationException as error:
        raise ProjectError(f"{here}: {' '.join(str(error).split())}") from error


def _aliases(target: str) -> set[str]:
    """What LightGBM takes beside its own arguments. It drops in silence what it does not know: ask it for its list."""
    if not target.startswith("lightgbm"):
        return set()
    from lightgbm.basic import _ConfigAliases

    _ConfigAliases.get("objective")
    aliases = _ConfigAliases.aliases or {}
    return {*aliases, *(alias for others in aliases.values() for alias in others)}


def _target(rows: pl.DataFrame, config: Config) -> Array:
    return rows[config.target].cast(pl.Float64).to_numpy()


def _metric(config: Config, rows: pl.DataFrame, score: Array) -> float:
    summary, _ = intervals(config.task.name, _target(rows, config), {"it": score}, 0, 0.5, config.seed)
    return summary["it"][config.task.metric]["value"]
