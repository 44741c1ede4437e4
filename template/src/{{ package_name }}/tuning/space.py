"""What a search may say (`conf/search/`), and how the ranges in it become the settings of a model.

A candidate is a model as in `conf/model/` in which any value may be a range: `{int: [8, 128], log: true}`,
`{float: [0.001, 10.0], log: true}` or `{choice: [a, b]}`.
"""

import inspect
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Annotated, Any, Literal

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import Field, ValidationError

from ..config import METRICS, Config, Count, Model, Strict, TaskName, findings, read
from ..errors import ProjectError

FAMILY = "family"
OWN = ("search", "worker", "workers")
ALLOWED = "{int: [low, high]} or {float: [low, high]}, each also with log: true, or {choice: [a, b]}"
Path = tuple[str | int, ...]
Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class Range:
    """The values that one setting may take: from `low` to `high`, or one of `choices`."""

    kind: Literal["int", "float", "choice"]
    low: float = 0
    high: float = 0
    log: bool = False
    choices: tuple[Any, ...] = ()

    def suggest(self, trial: Any, name: str) -> Any:
        """The value that Optuna's trial takes."""
        if self.kind == "choice":
            return trial.suggest_categorical(name, self.labels)
        if self.kind == "int":
            return trial.suggest_int(name, int(self.low), int(self.high), log=self.log)
        return trial.suggest_float(name, self.low, self.high, log=self.log)

    @property
    def labels(self) -> list[Any]:
        """What stands for each choice in a trial: itself, or its place if Optuna could not write it down."""
        plain = all(value is None or isinstance(value, bool | int | float | str) for value in self.choices)
        return list(self.choices) if plain else list(range(len(self.choices)))

    def value(self, suggested: Any) -> Any:
        """What a suggestion means; four digits are enough, and people read them."""
        if self.kind == "choice":
            return self.choices[self.labels.index(suggested)]
        return suggested if self.kind == "int" else min(max(float(f"{suggested:.4g}"), self.low), self.high)

    def near(self, wanted: Any) -> Any:
        """The suggestion for a value that lies in the range, else the middle or the first choice."""
        if self.kind == "choice":
            return self.labels[self.choices.index(wanted) if wanted in self.choices else 0]
        known = isinstance(wanted, int | float) and not isinstance(wanted, bool)
        if not known or not self.low <= wanted <= self.high:
            wanted = math.sqrt(self.low * self.high) if self.log else (self.low + self.high) / 2
        return round(wanted) if self.kind == "int" else float(wanted)


class Candidate(Strict):
    """A family of models: a model whose values may be ranges."""

    name: str
    encode: Any
    scale: Any
    estimator: dict[str, Any]
    early_stopping: Count | None = None
    task: TaskName | None = None

    def template(self) -> dict[str, Any]:
        """The model, with ranges in it."""
        return {name: getattr(self, name) for name in ("name", "encode", "scale", "estimator")}


class Search(Strict):
    """What is searched, how, and for how long."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    trials: Count | None
    seconds: Annotated[float, Field(gt=0)] | None
    sample: Annotated[int, Field(ge=100)] | None
    folds: Count
    metric: str
    sampler: dict[str, Any]
    pruner: dict[str, Any]
    ensemble: bool = False
    candidates: Annotated[dict[str, Candidate], Field(min_length=1)]


@dataclass(frozen=True)
class Plan:
    """A search, and the configuration of the project that it searches for."""

    config: Config
    search: Search
    composed: DictConfig
    workers: int
    worker: int

    @property
    def here(self) -> str:
        """The file that says what is searched."""
        return f"conf/search/{self.search.name}.yaml"


def plan(composed: DictConfig) -> Plan:
    """The search as Hydra composed it, resolved and checked.

    Raises:
        ProjectError: a key, a range or a value is wrong; the message names file, key and what is allowed.
    """
    config = read(OmegaConf.masked_copy(composed, [str(key) for key in composed if key not in OWN]))
    try:
        raw: Any = OmegaConf.to_container(composed.search, resolve=True)
    except OmegaConfBaseException as error:
        raise ProjectError(f"conf/search: {str(error).splitlines()[0]}") from None
    here = f"conf/search/{raw.get('name')}.yaml"
    try:
        search = Search.model_validate(raw)
    except ValidationError as error:
        raise ProjectError("\n".join(f"{here}: {key}: {said}" for key, said in findings(error, Search))) from None
    fits = {name: of for name, of in search.candidates.items() if of.task in (None, config.task.name)}
    search = search.model_copy(update={"candidates": fits})
    problems = [f"{here}: {problem}" for problem in _problems(search, config)]
    for key in ("worker", "workers"):
        if not isinstance(composed[key], int) or composed[key] < (key == "workers"):
            problems.append(f"conf/tune.yaml: {key}: {composed[key]} is no count of workers")
    if problems:
        raise ProjectError("\n".join(problems))
    return Plan(config, search, composed, composed.workers, composed.worker)


def _problems(search: Search, config: Config) -> list[str]:
    found = []
    if search.trials is None and search.seconds is None:
        found.append("trials, seconds: both are null: give a number of one of them, or the search never ends")
    if search.metric not in METRICS[config.task.name]:
        allowed = ", ".join(METRICS[config.task.name])
        found.append(f"metric: {search.metric} is none of {config.task.name}; allowed: {allowed}")
    if not search.candidates:
        found.append(f"candidates: none is for {config.task.name}")
    for kind, of in (("sampler", search.sampler), ("pruner", search.pruner)):
        if not str(of.get("_target_", "")).startswith(f"optuna.{kind}s."):
            found.append(f"{kind}: needs `_target_`: the import path of one of Optuna's, such as optuna.{kind}s.…")
    for family, candidate in search.candidates.items():
        where = f"candidates.{family}"
        target = candidate.estimator.get("_target_")
        if not isinstance(target, str):
            found.append(f"{where}.estimator: needs `_target_`: the import path of a scikit-learn estimator")
        elif candidate.early_stopping and not target.startswith("lightgbm."):
            found.append(f"{where}.early_stopping: only LightGBM's estimators stop early; this one is {target}")
        elif candidate.early_stopping and not isinstance(candidate.estimator.get("n_estimators"), int):
            found.append(f"{where}.estimator.n_estimators: the most trees, a number, as early_stopping finds how many")
        try:
            for path, found_range in ranges(candidate.template()):
                if path[0] in ("encode", "scale") and found_range.kind != "choice":
                    raise ValueError(f"{path[0]}: no number; write {{choice: [a, b]}}")
            settings = fill(candidate.template(), {})
            Model.model_validate(settings)
        except ValidationError as error:
            found += [f"{where}.{key}: {said}" for key, said in findings(error, Model)]
        except ValueError as error:
            found.append(f"{where}.{error}")
    return found


def ranges(template: Any, path: Path = ()) -> Iterator[tuple[Path, Range]]:
    """Each range in a candidate, and where it stands.

    Raises:
        ValueError: what stands in place of a range is none; the message begins with its place.
    """
    if isinstance(template, Mapping):
        if path and path != ("estimator",) and "_target_" not in template:
            yield path, _range(template, path)
            return
        for key, value in template.items():
            yield from ranges(value, (*path, key))
    elif isinstance(template, Sequence) and not isinstance(template, str):
        for number, value in enumerate(template):
            yield from ranges(value, (*path, number))


def _range(entry: Mapping[Any, Any], path: Path) -> Range:
    shown = ", ".join(f"{key}: {value}" for key, value in entry.items())
    wrong = ValueError(f"{'.'.join(map(str, path))}: {{{shown}}} is no range; allowed: {ALLOWED}")
    kinds = [kind for kind in ("int", "float", "choice") if kind in entry]
    if len(kinds) != 1 or set(entry) - {*kinds, "log"} or not isinstance(entry.get("log", False), bool):
        raise wrong
    kind, values = kinds[0], entry[kinds[0]]
    if not isinstance(values, list):
        raise wrong
    if kind == "choice":
        if not values or "log" in entry:
            raise wrong
        return Range("choice", choices=tuple(values))
    numbers = int if kind == "int" else int | float
    if len(values) != 2 or not all(isinstance(of, numbers) and not isinstance(of, bool) for of in values):
        raise wrong
    low, high = values
    if low >= high or (entry.get("log") and low <= 0):
        raise ValueError(f"{'.'.join(map(str, path))}: {{{shown}}} is empty or, with log, not above 0")
    return Range("int" if kind == "int" else "float", low, high, bool(entry.get("log")))


def names(family: str, candidate: Candidate) -> dict[str, tuple[Path, Range]]:
    """The parameters of a family's trials."""
    found = ranges(candidate.template())
    return {".".join([family, *map(str, path)]): (path, of) for path, of in found if len(of.choices) != 1}


def suggest(trial: Any, candidates: Mapping[str, Candidate]) -> dict[str, Any]:
    """Let an Optuna trial choose a family, where there are several, and then its parameters."""
    families = list(candidates)
    family = trial.suggest_categorical(FAMILY, families) if len(families) > 1 else families[0]
    chosen = {FAMILY: family}
    for name, (_, of) in names(family, candidates[family]).items():
        chosen[name] = of.suggest(trial, name)
    return chosen


def settings(family: str, candidate: Candidate, chosen: Parameters) -> Model:
    """The model that the parameters of a trial stand for."""
    return Model.model_validate(filled(candidate.template(), family, candidate, chosen))


def filled(template: Any, family: str, candidate: Candidate, chosen: Parameters) -> Any:
    """A template of a candidate, resolved or not, with the values of a trial in place of its ranges."""
    values = {path: of.value(chosen[name]) for name, (path, of) in names(family, candidate).items()}
    return fill(template, values)


def fill(template: Any, values: Mapping[Path, Any], path: Path = ()) -> Any:
    """The template with each range replaced: by its value, or by its first or middle one if there is none."""
    if path in values:
        return values[path]
    if isinstance(template, Mapping):
        if path and path != ("estimator",) and "_target_" not in template:
            of = _range(template, path)
            return of.value(of.near(None))
        return {key: fill(value, values, (*path, key)) for key, value in template.items()}
    if isinstance(template, Sequence) and not isinstance(template, str):
        return [fill(value, values, (*path, number)) for number, value in enumerate(template)]
    return template


def starts(family: str, candidate: Candidate, current: Model) -> list[dict[str, Any]]:
    """Where a family's search begins: the project's own settings, if it has such a model, and the library's."""
    own = current.model_dump() if current.name == candidate.name else None
    points = []
    for source in ([own] if own else []) + [None]:
        point = {FAMILY: family}
        for name, (path, of) in names(family, candidate).items():
            wanted = _at(source, path) if source else _default(candidate.template(), path)
            point[name] = of.near(wanted)
        points += [] if point in points else [point]
    return points


def _at(tree: Any, path: Path) -> Any:
    for part in path:
        try:
            tree = tree[part]
        except (KeyError, IndexError, TypeError):
            return None
    return tree


def _default(template: Any, path: Path) -> Any:
    """What the estimator takes by itself."""
    around = _at(template, path[:-1])
    try:
        return inspect.signature(resolve_name(around["_target_"])).parameters[str(path[-1])].default
    except (AttributeError, ImportError, KeyError, TypeError, ValueError):
        return None
