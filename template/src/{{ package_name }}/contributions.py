"""How much each input moved each prediction away from the average one (SHAP values)."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from .artifact import Artifact
from .columns import prepare
from .errors import ProjectError

PERMUTATIONS = 4


@dataclass(frozen=True)
class Contributions:
    """`base + values.sum(axis=1)` is the prediction, for classification in log-odds."""

    method: str
    names: list[str]
    base: float
    values: np.ndarray  # shape (rows, inputs)


def contributions(folder: Path, model: Artifact, rows: pl.DataFrame, seed: int) -> Contributions:
    """Exact for LightGBM, by its own TreeSHAP (Lundberg et al. 2018); sampled for every other estimator.

    Raises:
        ProjectError: the exact contributions do not add up to what the exported model predicts.
    """
    booster = folder / "booster.txt"
    return _exact(booster, model, rows) if booster.exists() else _sampled(model, rows, seed)


def margin(model: Artifact, rows: pl.DataFrame) -> np.ndarray:
    """The prediction on the scale on which contributions add up: log-odds for classification. Shape (rows,)."""
    score = model.score(rows)
    if model.task == "regression":
        return score
    odds = np.clip(score, 1e-7, 1 - 1e-7)
    return np.asarray(np.log(odds / (1 - odds)))


def _exact(booster: Path, model: Artifact, rows: pl.DataFrame) -> Contributions:
    import lightgbm

    text = [name for name, entry in model.inputs.items() if entry["kind"] == "categorical"]
    names = [*text, *(name for name in model.inputs if name not in text)]
    ready = prepare(rows, model.inputs).select(
        pl.col(name).replace_strict(
            model.inputs[name]["values"],
            list(range(len(model.inputs[name]["values"]))),
            default=-1,
            return_dtype=pl.Float64,
        )
        if name in text
        else pl.col(name).cast(pl.Float64)
        for name in names
    )
    matrix = lightgbm.Booster(model_file=booster).predict(
        ready.to_numpy(), pred_contrib=True, num_threads=os.cpu_count()
    )
    values, base = np.asarray(matrix)[:, :-1], float(np.asarray(matrix)[0, -1])
    if not np.allclose(values.sum(axis=1) + base, margin(model, rows), rtol=1e-3, atol=1e-3):
        raise ProjectError(f"{booster} and the exported model disagree: run `uv run dvc repro train` again")
    return Contributions("exact (TreeSHAP)", names, base, values)


def _sampled(model: Artifact, rows: pl.DataFrame, seed: int) -> Contributions:
    """Shapley values by sampling (Štrumbelj and Kononenko 2014), each order walked forth and back.

    A row turns input by input into another, randomly chosen one; each step's change belongs to that input.
    """
    chance = np.random.default_rng(seed)
    names = list(model.inputs)
    values, base = np.zeros((len(rows), len(names))), 0.0
    for _ in range(PERMUTATIONS):
        order = chance.permutation(len(names))
        for walk in (order, order[::-1]):
            mixed = rows[chance.integers(0, len(rows), len(rows)).tolist()]
            before = margin(model, mixed)
            base += float(before.mean()) / (2 * PERMUTATIONS)
            for position in walk:
                mixed = mixed.with_columns(rows[names[position]])
                after = margin(model, mixed)
                values[:, position] += (after - before) / (2 * PERMUTATIONS)
                before = after
    # Each row began at rows of its own, not at the base: the rest goes to the inputs by how much they vary.
    rest = margin(model, rows) - base - values.sum(axis=1)
    spread = (values**2).sum(axis=0)
    values += np.outer(rest, spread / max(spread.sum(), np.finfo(float).tiny))
    return Contributions("sampled", names, base, values)
