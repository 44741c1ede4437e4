"""The rows that a search may see, the folds they are cut into, and what a model scores on each.

Only the training and the validation part are read: the test part judges what the search has found, later and once.
"""

import json
import math
import time
from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import polars as pl
from sklearn.base import clone

from ..artifact import pipeline_score
from ..columns import prepare
from ..config import Model, RandomSplit
from ..errors import ProjectError
from ..metrics import Array, intervals
from ..run import Files
from ..training import assemble
from .deadline import until
from .space import Plan

# What LightGBM calls the metrics, to stop early by.
MEASURES = {
    "roc_auc": "auc",
    "average_precision": "average_precision",
    "log_loss": "binary_logloss",
    "brier": "binary_logloss",
    "mae": "l1",
    "rmse": "l2",
}
Cut = tuple[Array, Array]


@dataclass(frozen=True)
class Scored:
    """A model on one fold: the metric, what it said of the judged rows, and how many trees it stopped at.

    A number of trees that was chosen on the judged rows themselves flatters; `with_trees` is the metric with another.
    """

    value: float
    said: Array
    rounds: int | None
    with_trees: Callable[[int], float]


class Patience:
    """Stops LightGBM when its metric has not become better for some trees, and keeps all of them.

    Its own early stopping throws the trees after the best one away.
    """

    def __init__(self, trees: int) -> None:
        """Nothing is fitted yet."""
        self.trees, self.best, self._score = trees, 1, -math.inf

    def __call__(self, state: Any) -> None:
        """Called by LightGBM after each tree."""
        from lightgbm.callback import EarlyStopException

        _, _, value, larger_is_better = state.evaluation_result_list[0]
        score = value if larger_is_better else -value
        if score > self._score:
            self._score, self.best = score, state.iteration + 1
        elif state.iteration + 1 - self.best >= self.trees:
            raise EarlyStopException(state.iteration, state.evaluation_result_list)


class Folds:
    """Rows that are encoded once for each fold and each kind of preprocessing, whatever is fitted on them."""

    def __init__(self, plan: Plan, files: Files) -> None:
        """Read the rows and cut them.

        Raises:
            ProjectError: the parts overlap, or there are too few rows for the folds.
        """
        self.plan = plan
        self.inputs = json.loads(files.read("data/split/inputs.json").read_text())
        config, group = plan.config, _group(plan)
        wanted = {config.target, config.data.time, group, *config.data.key} - {None, *self.inputs}
        parts = [
            pl.read_parquet(files.read(f"data/split/{part}.parquet"), columns=[*self.inputs, *sorted(map(str, wanted))])
            for part in ("train", "validation")
        ]
        _refuse_overlap(parts, plan)
        rows = pl.concat([part.with_columns(_taught=pl.lit(number == 0)) for number, part in enumerate(parts)])
        if config.data.time:
            rows = rows.sort(config.data.time, maintain_order=True)
        if plan.search.sample and plan.search.sample < len(rows):
            rows = rows[np.linspace(0, len(rows) - 1, plan.search.sample).astype(int)]
        self.train, self.validation = rows.filter("_taught"), rows.filter(~pl.col("_taught"))
        self.target = rows[config.target].cast(pl.Float64).to_numpy()
        self.ready = prepare(rows, self.inputs)
        self.cuts = cut(rows, plan, self.target)
        self._encoded: dict[tuple[Any, ...], tuple[Any, Any]] = {}

    def keep(self, count: int) -> None:
        """Go on with the last folds only: of folds that go forward in time these have the most rows."""
        self.cuts = self.cuts[-count:]

    def evaluate(self, model: Model, patience: int | None, threads: int, end: float | None = None) -> Generator[Scored]:
        """The score on each fold in turn; the next `threads` folds are fitted meanwhile.

        Args:
            model: complete settings.
            patience: trees without a gain after which LightGBM stops; None fits as many as the model says.
            threads: as many folds are fitted at once. The scores do not depend on it.
            end: when the time is up, by `time.monotonic`.

        Raises:
            ProjectError: the estimator does not exist, or does not take its arguments.
            ValueError: it cannot be fitted with them.
            OutOfTimeError: the time was up before the end.
        """
        numbers = iter(range(len(self.cuts)))
        with ThreadPoolExecutor(threads) as pool:
            running = deque(pool.submit(self._in_time, of, model, patience, end) for of in islice(numbers, threads))
            while running:
                yield running.popleft().result()
                if (number := next(numbers, None)) is not None:
                    running.append(pool.submit(self._in_time, number, model, patience, end))

    def probe(self, model: Model, patience: int | None, sizes: tuple[int, int]) -> float:
        """About how many seconds a trial takes in one thread, from fits on two small numbers of rows."""
        taken = []
        for size in sizes:
            some = np.linspace(0, len(self.ready) - 1, min(size * 3 // 2, len(self.ready))).astype(int)
            begun = time.perf_counter()
            pipeline = assemble(model, self.inputs, self.plan.here)
            y, judged = self.target[some], np.arange(len(some)) % 3 == 0
            x = pipeline[:-1].fit_transform(self.ready[some], y)
            self._fit(pipeline[-1], (x[~judged], y[~judged]), (x[judged], y[judged]), patience)
            taken.append(time.perf_counter() - begun)
        each = max(0.0, taken[1] - taken[0]) / (sizes[1] - sizes[0])
        return sum(taken[0] + each * max(0, len(taught) - sizes[0]) for taught, _ in self.cuts)

    def measure(self, said: Array, number: int) -> float:
        """The search's metric on the judged rows of one fold."""
        config, target = self.plan.config, self.target[self.cuts[number][1]]
        summary, _ = intervals(config.task.name, target, {"it": said}, 0, 0.5, config.seed)
        return summary["it"][self.plan.search.metric]["value"]

    def _in_time(self, number: int, model: Model, patience: int | None, end: float | None) -> Scored:
        with until(end):
            return self._score(number, model, patience)

    def _score(self, number: int, model: Model, patience: int | None) -> Scored:
        taught, judged = self.cuts[number]
        # The current model is described where every model is, all others in the search.
        file = None if model is self.plan.config.model else self.plan.here
        pipeline = assemble(model, self.inputs, file)
        x, x_judged = self._encode(number, model, pipeline[:-1])
        rounds = self._fit(pipeline[-1], (x, self.target[taught]), (x_judged, self.target[judged]), patience)

        def with_trees(count: int) -> float:
            estimator = pipeline[-1]
            if estimator.booster_.num_trees() < count:  # it stopped too early to tell
                estimator = clone(estimator).set_params(n_estimators=count).fit(x, self.target[taught])
            return self.measure(estimator.booster_.predict(x_judged, num_iteration=count), number)

        if rounds:
            said = pipeline[-1].booster_.predict(x_judged, num_iteration=rounds)
        else:
            said = pipeline_score(pipeline[-1], self.plan.config.task.name, x_judged)
        return Scored(self.measure(said, number), said, rounds, with_trees)

    def _fit(self, estimator: Any, taught: tuple[Any, Array], judged: tuple[Any, Array], patience: int | None) -> Any:
        """Fit in place; return the number of trees that early stopping kept."""
        if patience is None:
            estimator.fit(*taught)
            return None
        stop = Patience(patience)
        estimator.set_params(metric=MEASURES[self.plan.search.metric])
        estimator.fit(*taught, eval_X=judged[0], eval_y=judged[1], callbacks=[stop])
        return stop.best

    def _encode(self, number: int, model: Model, steps: Any) -> tuple[Any, Any]:
        key = (number, model.encode, model.scale)
        if key not in self._encoded:
            taught, judged = self.cuts[number]
            x = steps.fit_transform(self.ready[taught], self.target[taught])
            self._encoded[key] = (x, steps.transform(self.ready[judged]))
        return self._encoded[key]

    def trees(self, rounds: list[int | None]) -> int | None:
        """How many trees all rows deserve: what the folds stopped at, those with more rows counting more."""
        known = [(of, len(taught)) for of, (taught, _) in zip(rounds, self.cuts, strict=False) if of]
        return max(1, round(sum(of * size for of, size in known) / sum(size for _, size in known))) if known else None


def cut(rows: pl.DataFrame, plan: Plan, target: Array) -> list[Cut]:
    """The rows that teach and those that judge, by place: forward in time, by group, or at random.

    One fold is the split of the pipeline itself: training rows teach, validation rows judge.

    Raises:
        ProjectError: there are too few rows or groups.
    """
    from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold, TimeSeriesSplit

    count, config, group = plan.search.folds, plan.config, _group(plan)
    taught = rows["_taught"].to_numpy()
    if count == 1:
        return [(np.flatnonzero(taught), np.flatnonzero(~taught))]
    labels = rows[group].cast(pl.String).fill_null("").to_numpy() if group else None
    random: dict[str, Any] = {"shuffle": True, "random_state": config.seed}
    if group:
        chunks: Any = GroupKFold(count, **random)
    elif config.data.time:
        chunks = TimeSeriesSplit(count)
    else:
        chunks = (StratifiedKFold if config.task.name == "classification" else KFold)(count, **random)
    try:
        return list(chunks.split(np.zeros(len(rows)), target, labels))
    except ValueError as error:
        raise ProjectError(f"{plan.here}: folds: {count} are too many: {str(error).splitlines()[0]}") from None


def _group(plan: Plan) -> str | None:
    split = plan.config.split
    return split.group if isinstance(split, RandomSplit) else None


def _refuse_overlap(parts: list[pl.DataFrame], plan: Plan) -> None:
    train, validation = parts
    key = plan.config.data.key
    shared = train.select(key).join(validation.select(key), on=key, how="semi", nulls_equal=True)
    if len(shared):
        raise ProjectError(
            f"data/split: {len(shared)} keys of train lie in validation too, such as {shared.row(0)}: "
            "`uv run dvc repro --force split` cuts the rows anew"
        )
