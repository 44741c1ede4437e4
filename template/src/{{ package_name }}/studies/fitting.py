"""Many fits of the project's own model, side by side: they differ in rows, in inputs or in the seed."""

import json
import os
from collections.abc import Hashable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import polars as pl

from ..artifact import pipeline_score
from ..columns import Input, prepare
from ..config import Config, Model
from ..metrics import Array
from ..run import Files
from ..training import fit

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Fit:
    """A model to be fitted on `train`, and the tables whose rows it is to score."""

    model: Model
    inputs: Mapping[str, Input]
    train: pl.DataFrame
    judged: Sequence[pl.DataFrame]


def scores(config: Config, fits: Mapping[Key, Fit], what: str) -> dict[Key, list[Array]]:
    """Fit each model and let it score its tables: for each an array of shape (rows,).

    A thread a fit, and a bar on a terminal. The models themselves are not kept.

    Raises:
        ProjectError: an estimator cannot be made or fitted.
    """
    from rich.console import Console
    from rich.progress import Progress

    def scored(of: Fit) -> list[Array]:
        pipeline = fit({"model": of.model}, config, of.inputs, of.train)["model"]
        return [pipeline_score(pipeline, config.task.name, prepare(rows, of.inputs)) for rows in of.judged]

    console = Console(stderr=True)
    with (
        ThreadPoolExecutor(os.cpu_count()) as pool,
        Progress(console=console, disable=not console.is_terminal, transient=True) as bar,
    ):
        work = {key: pool.submit(scored, of) for key, of in fits.items()}
        task = bar.add_task(what, total=len(work))
        for _ in as_completed(work.values()):
            bar.advance(task)
        return {key: done.result() for key, done in work.items()}


def parts(files: Files) -> tuple[dict[str, Input], pl.DataFrame, pl.DataFrame]:
    """The inputs of the model, the training rows and the validation rows, as the pipeline has cut them."""
    inputs = json.loads(files.read("data/split/inputs.json").read_text())
    train, validation = (pl.read_parquet(files.read(f"data/split/{part}.parquet")) for part in ("train", "validation"))
    return inputs, train, validation


def seeded(model: Model, seed: int) -> Model | None:
    """The model with another `random_state`, wherever its estimator has one; None if it has none."""
    found = False

    def changed(value: Any) -> Any:
        nonlocal found
        if isinstance(value, list):
            return [changed(part) for part in value]
        if not isinstance(value, dict):
            return value
        found = found or "random_state" in value
        return {key: seed if key == "random_state" else changed(part) for key, part in value.items()}

    estimator = changed(model.estimator)
    return model.model_copy(update={"estimator": estimator}) if found else None


def newest(rows: pl.DataFrame, config: Config, count: int | None, seed: int) -> pl.DataFrame:
    """The `count` newest rows; without a time as many at random. All of them if `count` is None or larger."""
    if count is None or count >= len(rows):
        return rows
    if config.data.time:
        return rows.sort(config.data.time, maintain_order=True).tail(count)
    return rows[np.sort(np.random.default_rng(seed).permutation(len(rows))[:count])]


def needed(config: Config, inputs: Mapping[str, Input]) -> list[str]:
    """The columns that a fit reads."""
    return list(dict.fromkeys([*inputs, config.target, *([config.data.time] if config.data.time else [])]))
