"""A worker: it takes trials from the study, one at a time, until there are enough or time is up.

Data and libraries are loaded once for all of its trials.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from omegaconf import DictConfig

from ..config import ROOT
from ..errors import ProjectError
from ..metrics import advantage
from ..run import Files
from .deadline import OutOfTimeError, until
from .folds import Folds
from .space import FAMILY, Plan, plan, settings, starts
from .study import First, Study

BEGUN = time.monotonic()  # a budget of seconds includes the imports
REPEATS = 20  # as many trials in a row that only repeat others: there is nothing left to try
PROBE = (500, 2000)  # rows on which a family shows how long it takes
FINISH = 4.0  # seconds
FIRST_ROUND = 0.3  # of the budget for the first trial of every family, or there are fewer folds
TOO_LONG = 0.2  # of the budget for a family's first trial


def run(composed: DictConfig) -> None:
    """Work in a process of one's own; one of the workers shows how far all of them are."""
    it = plan(composed)
    work(it, Files(ROOT), show=it.worker == 0)


def work(it: Plan, files: Files, show: bool = True, begun: float = BEGUN) -> Folds:
    """Do trials until the search has what it asked for.

    Args:
        it: what is searched.
        files: where the data are and the study goes.
        show: whether to tell how it goes.
        begun: when the clock of `seconds` began to run, by `time.monotonic`.

    Returns:
        The folds, with what was encoded for them.

    Raises:
        ProjectError: the data, the study or the very first trial do not allow it.
    """
    folds, study, threads = Folds(it, files), Study(it, files), threads_of(it)
    end = None if it.search.seconds is None else begun + it.search.seconds - study.spent()
    it = study.begin(lambda: _first(it, folds, study, threads))
    folds.keep(it.search.folds)
    with study.at_work(), _progress(it, study, show) as tell:
        while not _exhausted(study):
            limit = None if end is None else end - _reserve(study)
            if limit is not None and time.monotonic() > limit:
                break
            trial = study.ask()
            if trial is None:
                break
            _try(it, folds, study, trial, threads, limit)
            tell()
    return folds


def _try(it: Plan, folds: Folds, study: Study, trial: Any, threads: int, end: float | None) -> None:
    """One trial: each fold in turn, unless the pruner stops it; at `end` it is put back for another time."""
    begun = time.monotonic()
    family, candidate = _family(it, trial.params)
    model = settings(family, candidate, trial.params)
    told = model.model_dump_json()
    same = next((of for of in study.finished() if of.user_attrs.get("model") == told), None)
    if same is not None:
        kept = {name: of for name, of in same.user_attrs.items() if name in ("folds", "rounds", "seconds", "error")}
        study.done(trial, study.value(same), model=told, repeats=same.number, **kept)
        return
    values: list[float] = []
    rounds: list[int | None] = []
    done = []
    try:
        scores = folds.evaluate(model, candidate.early_stopping, threads, end)
        for number, scored in enumerate(scores):
            done.append(scored)
            values.append(scored.value)
            rounds.append(scored.rounds)
            trial.report(sum(values) / len(values), number)
            if number < len(folds.cuts) - 1 and trial.should_prune():
                scores.close()
                study.done(trial, model=told, folds=values, rounds=rounds, seconds=time.monotonic() - begun)
                return
        trees = folds.trees(rounds)
        if trees:  # the same for all folds, as in the model that the settings become
            with until(end):
                values = [scored.with_trees(trees) for scored in done]
    except OutOfTimeError:
        study.give_up(trial)
        return
    except _unfit() as error:
        reason = str(error).splitlines()[0]
        study.done(trial, model=told, error=reason)
        if not study.complete():
            raise ProjectError(f"{it.here}: candidates.{family}.estimator: cannot be fitted: {reason}") from error
        return
    mean = sum(values) / len(values)
    study.done(trial, mean, model=told, folds=values, rounds=rounds, seconds=time.monotonic() - begun)


def _unfit() -> tuple[type[Exception], ...]:
    from lightgbm.basic import LightGBMError

    return (LightGBMError, TypeError, ValueError)


def _family(it: Plan, params: Any) -> tuple[str, Any]:
    family = params.get(FAMILY, next(iter(it.search.candidates)))
    return family, it.search.candidates[family]


def _first(it: Plan, folds: Folds, study: Study, threads: int) -> First:
    """The known settings of each family. With a budget of seconds the quick ones come first, and none that is too slow.

    The family of the current model is never too slow, and comes second: it is known to be good. Where the first round
    would take much of the budget, there are no more folds than are fitted at once. What the current settings say of
    each fold is kept, for the comparison at the end.
    """
    points = {family: starts(family, of, it.config.model) for family, of in it.search.candidates.items()}
    families, slow, count = list(points), {}, len(folds.cuts)
    if it.search.seconds is not None and len(points) > 1:
        seconds = {
            family: folds.probe(settings(family, of, points[family][0]), of.early_stopping, PROBE) / threads
            for family, of in it.search.candidates.items()
        }
        if sum(seconds.values()) > FIRST_ROUND * it.search.seconds and threads < count:
            seconds = {family: of * threads / count for family, of in seconds.items()}
            count = threads
        current = it.config.model.name
        quickest, *others = sorted(families, key=lambda family: seconds[family])
        families = [quickest, *sorted(others, key=lambda family: (family != current, seconds[family]))]
        slow = {family: round(seconds[family]) for family in families[1:] if family != current}
        slow = {family: of for family, of in slow.items() if of > TOO_LONG * it.search.seconds}
        families = [family for family in families if family not in slow]
    folds.keep(count)
    try:
        study.keep_current([of.said for of in folds.evaluate(it.config.model, None, threads)])
    except _unfit() as error:
        reason = f"conf/model/{it.config.model.name}.yaml: estimator: cannot be fitted: {str(error).splitlines()[0]}"
        raise ProjectError(reason) from error
    both = [[points[family][0] for family in families], [of for family in families for of in points[family][1:]]]
    if len(families) == 1:
        both = [[{name: of for name, of in point.items() if name != FAMILY} for point in part] for part in both]
    return {"families": families, "points": [*both[0], *both[1]], "slow": slow, "folds": count}


def _reserve(study: Study) -> float:
    """The seconds that it will take to fit the winner again, on the folds and to export it, and to write the page."""
    best = next(iter(study.complete()), None)
    return FINISH + 2 * float(best.user_attrs["seconds"] if best else 0)


def _exhausted(study: Study) -> bool:
    last = study.finished()[-REPEATS:]
    return len(last) == REPEATS and all("repeats" in of.user_attrs for of in last)


def threads_of(it: Plan) -> int:
    """The processors of this worker's share."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, usable // it.workers)


@contextmanager
def _progress(it: Plan, study: Study, show: bool) -> Iterator[Any]:
    """A function that tells of the trials so far: a bar on a terminal, else a line for each new best."""
    if not show:
        yield lambda: None
        return
    if not sys.stdout.isatty():
        yield _lines(it, study)
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns) as bar:
        task = bar.add_task(it.search.name, total=it.search.trials, completed=len(study.finished()))

        def tell() -> None:
            best = next(iter(study.complete()), None)
            shown = f"  best {it.search.metric} {best.value:.4f}, {_family(it, best.params)[0]}" if best else ""
            bar.update(task, completed=len(study.finished()), description=f"{it.search.name}{shown}")

        tell()
        yield tell


def _lines(it: Plan, study: Study) -> Any:
    told: list[float] = []

    def tell() -> None:
        best = next(iter(study.complete()), None)
        if best and (not told or advantage(it.search.metric, best.value, told[-1]) > 0):
            told.append(best.value)
            count = len(study.finished())
            print(f"{it.search.name}: trial {count}: {it.search.metric} {best.value:.4f}", end=" ")
            print(f"({_family(it, best.params)[0]})", flush=True)

    return tell
