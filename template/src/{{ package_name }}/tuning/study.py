"""The study: a journal of trials in `outputs/search/<name>/` that several workers share and that outlives each of them.

A worker holds a lock of its own while it lives; the operating system lets go of it when the worker is killed. So its
trial is known to be lost, and is done again. Each trial is drawn with a seed of its own, made from the configuration's
and from how many trials there are: a study that was interrupted goes on as if it had not been.
"""

import fcntl
import hashlib
import json
import os
import secrets
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from importlib import metadata
from itertools import chain
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
import optuna
from hydra.errors import HydraException
from hydra.utils import instantiate

from ..config import ROOT
from ..errors import ProjectError
from ..metrics import LARGER_IS_BETTER, Array
from ..run import Files
from .space import FAMILY, Plan, suggest

MADE_FROM, FIRST = "made from", "first"
CURRENT = "current.npz"
# Of the data, what a search reads; never the test part.
DATA = ("train.parquet", "validation.parquet", "inputs.json")
LIBRARIES = ("optuna", "lightgbm", "scikit-learn")


class First(TypedDict):
    """What a study begins with."""

    families: list[str]
    points: list[dict[str, Any]]
    slow: dict[str, int]
    folds: int


class FileLock:
    """A lock that only a living process can hold: a killed one leaves none behind."""

    def __init__(self, path: Path) -> None:
        """Nothing is locked yet."""
        self.path = path
        self._held: int | None = None

    def acquire(self) -> bool:
        """Wait for the lock."""
        self._held = os.open(self.path, os.O_RDWR | os.O_CREAT)
        fcntl.flock(self._held, fcntl.LOCK_EX)
        return True

    def release(self) -> None:
        """Let go of it."""
        if self._held is not None:
            os.close(self._held)
            self._held = None

    def taken(self) -> bool:
        """Whether a process holds it."""
        try:
            probe = os.open(self.path, os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(probe, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(probe)
        return False

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold it for a while."""
        self.acquire()
        try:
            yield
        finally:
            self.release()


class Study:
    """The trials of one search."""

    def __init__(self, plan: Plan, files: Files) -> None:
        """Open the study, or begin it.

        Raises:
            ProjectError: it cannot be written, or was made from something else.
        """
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.plan = plan
        try:
            self.folder = files.write(f"outputs/search/{plan.search.name}/journal.log").parent
            (self.folder / "workers").mkdir(exist_ok=True)
            self.lock = FileLock(self.folder / "study.lock")
            with self.lock.held():
                self._study = _open(plan, self.folder / "journal.log")
                _refuse_another(self._study, plan, files, self.folder)
        except OSError as error:
            place = error.filename or f"outputs/search/{plan.search.name}"
            raise ProjectError(f"{place} cannot be written: {error.strerror}") from None
        self.plan = _begun(plan, self.recall(FIRST))
        self._worker = FileLock(self.folder / "workers" / secrets.token_hex(8))

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Take part as a worker."""
        with self._worker.held():
            self._worker.path.write_text(f"{os.getpid()}\n")  # for people who wonder which process it is
            yield
        self._worker.path.unlink(missing_ok=True)

    def begin(self, propose: Callable[[], First]) -> Plan:
        """Try what is proposed first: the families that are searched, and points of them.

        The first worker proposes, for all and for ever, as another clock would say something else.

        Returns:
            The plan, with no other families in it.
        """
        with self.lock.held():
            first = self.recall(FIRST) or propose()
            self.remember(FIRST, first)
            self.plan = _begun(self.plan, first)
            for point in first["points"]:
                self._study.enqueue_trial(point, skip_if_exists=True)
        return self.plan

    def keep_current(self, said: list[Array]) -> None:
        """Keep what the current settings say of each fold."""
        np.savez(self.folder / CURRENT, *said)

    def current(self) -> list[Array]:
        """What they say of each fold."""
        with np.load(self.folder / CURRENT) as kept:
            return [kept[name] for name in kept.files]

    def ask(self) -> Any:
        """The next trial with its parameters in `params`, or None if there are as many as were asked for.

        The trials of dead workers are given up before, and queued again if they had begun.
        """
        with self.lock.held():
            self._give_up_lost_ones()
            running = self._study.get_trials(deepcopy=False, states=[optuna.trial.TrialState.RUNNING])
            count = len(self.finished()) + len(running)
            if self.plan.search.trials is not None and count >= self.plan.search.trials:
                return None
            self._study.sampler = make("sampler", self.plan, seed=_seed(self.plan.config.seed, count))
            trial = self._study.ask()
            trial.set_user_attr("worker", self._worker.path.name)
            suggest(trial, self.plan.search.candidates)
            trial.set_user_attr("begun", True)
            return trial

    def done(self, trial: Any, value: float | None = None, **about: Any) -> None:
        """Write down how a trial ended: with a value, or cut off without one."""
        for name, of in about.items():
            trial.set_user_attr(name, of)
        states = optuna.trial.TrialState
        state = states.FAIL if "error" in about else states.PRUNED if value is None else states.COMPLETE
        self._study.tell(trial, value, state=state)

    def give_up(self, trial: Any) -> None:
        """Put a trial back that time does not allow to finish."""
        with self.lock.held():
            self._study.tell(trial, state=optuna.trial.TrialState.FAIL)
            self._study.enqueue_trial(trial.params)

    def finished(self) -> list[Any]:
        """The trials that count, in the order in which they were begun: complete, cut off, or impossible."""
        states = optuna.trial.TrialState
        trials = self._study.get_trials(deepcopy=False)
        return [of for of in trials if of.state in (states.COMPLETE, states.PRUNED) or "error" in of.user_attrs]

    @staticmethod
    def value(trial: Any) -> float | None:
        """The metric of a complete trial."""
        return float(trial.value) if trial.state == optuna.trial.TrialState.COMPLETE else None

    def complete(self) -> list[Any]:
        """The trials with a value, best first."""
        sign = -1 if self.plan.search.metric in LARGER_IS_BETTER else 1
        found = [of for of in self.finished() if of.state == optuna.trial.TrialState.COMPLETE]
        return sorted(found, key=lambda of: (sign * of.value, of.number))

    def spent(self) -> float:
        """The seconds for which trials were under way, whichever worker did them."""
        spans = sorted((of.datetime_start, of.datetime_complete) for of in self.finished() if of.datetime_start)
        total, end = 0.0, None
        for begun, ended in spans:
            total += max(0.0, (ended - (begun if end is None else max(begun, end))).total_seconds())
            end = ended if end is None else max(end, ended)
        return total

    def remember(self, name: str, value: Any) -> None:
        """Keep something about the whole study."""
        self._study.set_user_attr(name, value)

    def recall(self, name: str) -> Any:
        """What was kept under a name, or None."""
        return self._study.user_attrs.get(name)

    def importance(self, family: str) -> dict[str, float]:
        """How much of the variation of the metric each parameter of a family explains; they sum to 1."""
        trials = [of for of in self.complete() if of.params.get(FAMILY, family) == family]
        alone = optuna.create_study(direction=_direction(self.plan))
        for of in sorted(trials, key=lambda of: of.number):
            params = {name: value for name, value in of.params.items() if name != FAMILY}
            kinds = {name: of.distributions[name] for name in params}
            alone.add_trial(optuna.create_trial(params=params, distributions=kinds, value=of.value))
        if len(trials) < 4 or not trials[0].params:
            return {}
        found = optuna.importance.get_param_importances(alone)
        return {name: float(share) for name, share in found.items()}

    def _give_up_lost_ones(self) -> None:
        for trial in self._study.get_trials(deepcopy=False, states=[optuna.trial.TrialState.RUNNING]):
            worker = trial.user_attrs.get("worker")
            if worker is None or not FileLock(self.folder / "workers" / worker).taken():
                self._study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
                # One whose parameters were not all drawn is drawn again, with the same seed.
                planned = trial.system_attrs.get("fixed_params")
                if trial.user_attrs.get("begun") or planned:
                    self._study.enqueue_trial(planned or trial.params)


def _begun(plan: Plan, first: First | None) -> Plan:
    if first is None:
        return plan
    kept = {name: plan.search.candidates[name] for name in first["families"]}
    return replace(plan, search=plan.search.model_copy(update={"candidates": kept, "folds": first["folds"]}))


def make(kind: str, plan: Plan, **more: Any) -> Any:
    """The sampler or the pruner of a search.

    Raises:
        ProjectError: it does not exist, or does not take its arguments.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return instantiate(getattr(plan.search, kind), **more)
    except HydraException as error:
        raise ProjectError(f"{plan.here}: {kind}: {' '.join(str(error).split())}") from None


def _open(plan: Plan, path: Path) -> Any:
    lock = FileLock(path.with_suffix(".lock"))
    if path.exists():
        with lock.held():
            written = path.read_bytes()
            whole = written.rfind(b"\n") + 1
            if whole < len(written):  # who wrote the last line was killed over it
                os.truncate(path, whole)
    backend = optuna.storages.journal.JournalFileBackend(str(path), lock_obj=lock)
    return optuna.create_study(
        study_name=plan.search.name,
        storage=optuna.storages.JournalStorage(backend),
        direction=_direction(plan),
        pruner=make("pruner", plan),
        load_if_exists=True,
    )


def _direction(plan: Plan) -> str:
    return "maximize" if plan.search.metric in LARGER_IS_BETTER else "minimize"


def _seed(*numbers: int) -> int:
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])


def _refuse_another(study: Any, plan: Plan, files: Files, folder: Path) -> None:
    now, then = _made_from(plan, files), study.user_attrs.get(MADE_FROM)
    if then is None:
        study.set_user_attr(MADE_FROM, now)
        return
    differ = [name for name in chain(now, then) if now.get(name) != then.get(name)]
    if differ:
        shown = ", ".join(_difference(name, then, now) for name in dict.fromkeys(differ))
        shown_folder = folder.relative_to(files.run) if folder.is_relative_to(files.run) else folder
        raise ProjectError(
            f"{shown_folder} holds a search with another {shown}: give this one another name, "
            f"`ARGS=search.name=…`, or start anew with `rm -r {shown_folder}`"
        )


def _difference(name: str, then: Mapping[str, str], now: Mapping[str, str]) -> str:
    texts = [of.get(name, "none") for of in (then, now)]
    return f"{name} (then {texts[0]}, now {texts[1]})" if max(map(len, texts)) <= 40 else name


def _made_from(plan: Plan, files: Files) -> dict[str, str]:
    """What must be the same for trials to be comparable; long texts as hashes."""
    search = plan.search.model_dump(include={"folds", "metric", "sample", "sampler", "pruner", "candidates"})
    named: dict[str, Any] = {**search, "seed": plan.config.seed, "target": plan.config.target}
    named["model"] = plan.config.model.model_dump()
    told = {name: of if isinstance(of, str) else json.dumps(of) for name, of in named.items()}
    told = {name: of if len(of) <= 40 else _hash(of.encode()) for name, of in told.items()}
    for name in DATA:
        told[f"data/split/{name}"] = _hash(files.read(f"data/split/{name}").read_bytes())
    code = ROOT / "src" / plan.config.package / "model.py"
    told[code.name] = _hash(code.read_bytes()) if code.exists() else ""
    return told | {name: metadata.version(name) for name in LIBRARIES}


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
