"""Whether the inputs single anyone out, tell who it is, or the model tells whom it learned from.

Groups of rows with equal values are those of k-anonymity (Sweeney 2002); telling training rows by their loss is the
attack of Yeom et al. (2018).
"""

import json
from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl

from ..columns import Input
from ..config import Config
from ..metrics import Array, intervals
from ..report.words import number, share
from ..run import Files
from .fitting import Fit, needed, newest, scores
from .resampling import target
from .settings import Studies, of, start, write

SHOWN = 10


def study(config: Config, settings: Studies, inputs: Mapping[str, Input], train: pl.DataFrame) -> dict[str, Any]:
    """What single inputs and combinations of categories give away, and how well training rows are recognised.

    Args:
        config: the whole configuration.
        settings: of the studies.
        inputs: of the model; those that were made from others are left out, as nobody knows them beforehand.
        train: the training rows, with their identifiers.
    """
    told = settings.privacy
    given = [name for name, entry in inputs.items() if not entry["derived"]]
    singles = [_grouped(train, [name], told.min_group) for name in given]
    classes = [name for name in given if inputs[name]["kind"] != "numeric"]
    sizes = sorted({*range(2, told.combine + 1), len(classes)} - {0, 1})
    together = [names for size in sizes for names in combinations(classes, size)]
    combined = [_grouped(train, list(names), told.min_group) for names in together]
    identifiers = [name for name, column in config.data.columns.items() if column.kind == "identifier"]
    told_by: list[dict[str, Any]] = [
        {"input": name, "identifier": identifier, "share": determined(train, name, identifier)}
        for identifier in identifiers
        if train[identifier].drop_nulls().n_unique() > 1
        for name in given
    ]
    member = membership(config, settings, inputs, train)
    found = [
        f"{' + '.join(entry['inputs'])} singles out {share(entry['small_share'])} of the rows in groups of less than "
        f"{told.min_group}"
        for entry in [*singles, *combined]
        if entry["small_share"] > told.max_small_share
    ]
    found += [
        f"{entry['input']} tells {entry['identifier']} for {share(entry['share'])} of the rows"
        for entry in told_by
        if entry["share"] > told.max_told
    ]
    if member["low"] > told.max_membership:
        found.append(
            f"training rows are recognised by their loss with an AUC of {number(member['value'], 1)}, more than "
            f"{told.max_membership:g}"
        )
    combined.sort(key=lambda entry: (-entry["small_share"], entry["smallest"], len(entry["inputs"])))
    told_by.sort(key=lambda entry: -entry["share"])
    good = f"No input or combination of categories singles out more than {share(told.max_small_share)} of the rows"
    good += ", none tells an identifier, and training rows look like unseen ones"
    return {
        "applies": True,
        "good": not found,
        "verdict": f"{'; '.join(found)}." if found else f"{good} (AUC {number(member['value'], 1)}).",
        "findings": found,
        "rows": len(train),
        "min_group": told.min_group,
        "inputs": singles,
        "combinations": {"tried": len(combined), "worst": combined[:SHOWN]},
        "identifiers": told_by[:SHOWN],
        "membership": member,
    }


def _grouped(rows: pl.DataFrame, names: list[str], least: int) -> dict[str, Any]:
    """How small the groups of rows are that share all values; a missing value counts as one."""
    sizes = rows.group_by(names).len()["len"]
    return {
        "inputs": names,
        "groups": len(sizes),
        "smallest": int(sizes.min()),  # type: ignore[arg-type]
        "small_share": float(sizes.filter(sizes < least).sum() / len(rows)),
        "unique_share": float((sizes == 1).sum() / len(rows)),
    }


def determined(rows: pl.DataFrame, name: str, identifier: str) -> float:
    """The share of rows whose value of an input occurs with a single value of the identifier."""
    known = rows.select(value=pl.col(name), who=pl.col(identifier)).drop_nulls()
    groups = known.group_by("value").agg(rows=pl.len(), people=pl.col("who").n_unique())
    return float(groups.filter(pl.col("people") == 1)["rows"].sum() / max(len(rows), 1))


def membership(config: Config, settings: Studies, inputs: Mapping[str, Input], train: pl.DataFrame) -> dict[str, float]:
    """How well the loss tells rows that were learned from, as an AUC with its interval: 0.5 is a guess.

    The model is fitted anew on a random half of the training rows, and the other half is unseen. Validation and test
    rows are no fair comparison: they come from another time, and would be told by that.
    """
    rows = newest(train.select(needed(config, inputs)), config, settings.rows, config.seed)
    order = np.random.default_rng(config.seed).permutation(len(rows))
    halves = [rows[np.sort(part)] for part in np.array_split(order, 2)]
    said = scores(config, {"model": Fit(config.model, inputs, halves[0], halves)}, "privacy")["model"]
    losses = [_loss(config, target(half, config), score) for half, score in zip(halves, said, strict=True)]
    member = np.concatenate([np.ones(len(losses[0])), np.zeros(len(losses[1]))])
    summary, _ = intervals(
        "classification",
        member,
        {"loss": -np.concatenate(losses)},
        settings.bootstrap,
        config.evaluate.confidence,
        config.seed,
    )
    return dict(summary["loss"]["roc_auc"])  # type: ignore[arg-type]


def _loss(config: Config, outcome: Array, score: Array) -> Array:
    if config.task.name == "regression":
        return np.asarray(np.abs(score - outcome))
    return np.asarray(-np.log(np.clip(np.where(outcome == 1, score, 1 - score), 1e-7, 1)))


def run(config: Config, files: Files) -> None:
    """Write `studies/results/privacy.json`."""
    inputs = json.loads(files.read("data/split/inputs.json").read_text())
    write(files, "privacy", study(config, of(config), inputs, pl.read_parquet(files.read("data/split/train.parquet"))))


if __name__ == "__main__":
    start(run)
