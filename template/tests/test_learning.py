"""Learning curves: what is written for which estimator, and that watching changes nothing."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from . import builders, config, learning, training

INPUTS: Any = {"age": {"kind": "numeric", "values": []}}


def _rows(seed: int) -> pl.DataFrame:
    chance = np.random.default_rng(seed)
    age = chance.normal(size=3000)
    return pl.DataFrame(
        {"age": age, "bought": age + chance.normal(size=3000) > 0, "spent": age * 10 + chance.normal(size=3000)}
    )


def _fitted(settings: config.Config, folder: Path | None) -> Any:
    models = {"model": settings.model, "linear": settings.references.linear}
    if folder is None:
        return training.fit(models, settings, INPUTS, _rows(1))["model"]
    with learning.curves(folder) as log:
        return training.fit(models, settings, INPUTS, _rows(1), training.Watch(log, _rows(2)))["model"]


def _curve(folder: Path, part: str) -> pl.DataFrame:
    return pl.read_csv(folder / f"plots/metrics/{part}/loss.tsv", separator="\t")


def _settings(task: str, **estimator: Any) -> config.Config:
    raw = builders.raw(f"task={task}", "gate=smoke")
    chosen = {"name": "mine", "encode": "ordinal", "scale": False, "estimator": estimator}
    return builders.shop(task=raw["task"], references=raw["references"], model=chosen)


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_watching_lightgbm_leaves_the_model_the_same_to_the_bit(task: str, tmp_path: Path) -> None:
    target = f"lightgbm.LGBM{'Classifier' if task == 'classification' else 'Regressor'}"
    settings = _settings(task, _target_=target, n_estimators=120, n_jobs=1, deterministic=True, verbosity=-1)
    watched, alone = (_fitted(settings, folder)[-1].booster_.model_to_string() for folder in (tmp_path, None))
    assert watched == alone
    train, validation = (_curve(tmp_path, part) for part in learning.PARTS)
    assert train["step"].to_list()[-1] == 120
    assert len(train) == len(validation) <= 1.5 * learning.POINTS + 1
    assert train["loss"][-1] < train["loss"][0]
    assert train["loss"][-1] < validation["loss"][-1]  # it learns its own rows by heart


@pytest.mark.parametrize(
    ("task", "target"),
    [
        ("classification", "sklearn.ensemble.HistGradientBoostingClassifier"),
        ("regression", "sklearn.ensemble.GradientBoostingRegressor"),
    ],
)
def test_what_can_predict_after_each_step_is_replayed(task: str, target: str, tmp_path: Path) -> None:
    arguments = {"max_iter": 30} if "Hist" in target else {"n_estimators": 30}
    _fitted(_settings(task, _target_=target, **arguments), tmp_path)
    train, validation = (_curve(tmp_path, part) for part in learning.PARTS)
    assert train["step"].to_list() == list(range(1, 31))
    assert validation["loss"][-1] < validation["loss"][0]


def test_what_is_not_fitted_in_steps_has_an_empty_curve(tmp_path: Path) -> None:
    _fitted(_settings("regression", _target_="sklearn.linear_model.Ridge"), tmp_path)
    assert [_curve(tmp_path, part).height for part in learning.PARTS] == [0, 0]


def test_two_runs_leave_the_same_bytes(tmp_path: Path) -> None:
    for name in ("first", "second"):
        _fitted(
            _settings("classification", _target_="lightgbm.LGBMClassifier", n_estimators=20, n_jobs=1),
            tmp_path / name,
        )
    first, second = (
        {path.relative_to(tmp_path / name): path.read_bytes() for path in (tmp_path / name).rglob("*.*")}
        for name in ("first", "second")
    )
    assert first == second
    assert len(first) == 3
