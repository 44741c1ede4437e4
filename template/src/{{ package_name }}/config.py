"""What `conf/` may say: one model for each group, checked before anything runs.

Hydra composes `conf/`; this module turns the result into typed, frozen objects and refuses what it does not
know, naming the file, the key and what is allowed.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from .errors import ProjectError

ROOT = Path(__file__).parents[2]
TaskName = Literal["classification", "regression"]
Kind = Literal["numeric", "categorical", "boolean", "datetime", "identifier", "ignored"]
Duration = Annotated[str, Field(pattern=r"^\d+[mhd]$", description="a duration such as 90m, 6h or 28d")]
Share = Annotated[float, Field(gt=0, lt=1)]
Count = Annotated[int, Field(ge=1)]
METRICS = {"classification": ("roc_auc", "average_precision", "log_loss", "brier"), "regression": ("mae", "rmse")}
STRATEGIES = ("time", "random", "grouped", "stratified")


class Strict(BaseModel):
    """A group of settings that refuses unknown keys and cannot be changed after it was read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(Strict):
    """One column of the data: what it may hold, when it is known, and how it may be used."""

    kind: Kind
    known: bool | None = None
    nullable: bool = False
    range: tuple[float | None, float | None] | None = None
    values: list[str] | None = None
    available_at: str | None = None
    sensitive: bool = False
    description: str = ""

    @model_validator(mode="after")
    def _says_what_its_kind_needs(self) -> Self:
        if self.known is None and self.kind not in ("identifier", "ignored"):
            raise ValueError("say `known: true` if the value is known when a prediction is made, else `known: false`")
        if self.range is not None and self.kind != "numeric":
            raise ValueError(f"`range` belongs to a numeric column, this one is {self.kind}")
        if self.values is not None and self.kind != "categorical":
            raise ValueError(f"`values` belongs to a categorical column, this one is {self.kind}")
        if self.available_at is not None and self.known:
            raise ValueError("`available_at` says when a value that is not `known` becomes so; drop one of the two")
        return self


class Data(Strict):
    """The declaration of a data set: where it comes from and what each of its columns is."""

    name: str
    description: str = ""
    source: dict[str, Any]
    sample: Count | None = None
    target: dict[TaskName, str]
    time: str | None = None
    horizon: Duration = "0m"
    key: Annotated[list[str], Field(min_length=1)]
    columns: dict[str, Column]

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        named = [*self.target.values(), *self.key, *([self.time] if self.time else [])]
        named += [c.available_at for c in self.columns.values() if c.available_at]
        for name in named:
            if name not in self.columns:
                raise ValueError(f"`{name}` is named but not declared; `columns` has {', '.join(self.columns)}")
        for task, name in self.target.items():
            kind, wanted = self.columns[name].kind, "boolean" if task == "classification" else "numeric"
            if kind != wanted:
                raise ValueError(f"target `{name}`: {task} needs a {wanted} column, this one is {kind}")
            if self.columns[name].known:
                raise ValueError(f"target `{name}` is declared `known: true`: nothing would be left to predict")
        for time in [self.time, *(c.available_at for c in self.columns.values())]:
            if time and self.columns[time].kind != "datetime":
                raise ValueError(f"`{time}` is used as a time, but its kind is {self.columns[time].kind}")
        return self


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError("no time zone of that name; allowed are names such as UTC or America/New_York") from None
    return name


class Calendar(Strict):
    """Parts of a timestamp as features, read on the clock of `timezone`."""

    column: str
    timezone: Annotated[str, AfterValidator(_time_zone)] = "UTC"
    parts: list[Literal["hour", "minute_of_day", "weekday", "month", "day_of_year"]]


class History(Strict):
    """The mean of a column over the rows of the same group whose value was known within the last `window`."""

    mean: str
    by: list[str] = []
    window: Duration

    @property
    def name(self) -> str:
        """The feature's column name."""
        return "_".join([self.mean, *(["by", *self.by] if self.by else []), self.window])


class Features(Strict):
    """The features made from the declared columns, and the declared columns that the model does without."""

    name: str
    calendar: list[Calendar] = []
    history: list[History] = []
    drop: list[str] = []


class Task(Strict):
    """What is predicted, and the metric that decides."""

    name: TaskName
    metric: Literal["roc_auc", "average_precision", "log_loss", "brier", "mae", "rmse"]
    estimator: Literal["Classifier", "Regressor"]
    linear: str
    objective: str
    guess: str


class TimeSplit(Strict):
    """Train before `validation_from`, validate before `test_from`, test before `until`."""

    name: str
    strategy: Literal["time"]
    validation_from: datetime
    test_from: datetime
    until: datetime | None = None


class RandomSplit(Strict):
    """Shares drawn at random: of rows, of groups, or of rows within each class of the target."""

    name: str
    strategy: Literal["random", "grouped", "stratified"]
    validation: Share
    test: Share
    group: str | None = None
    until: datetime | None = None

    @model_validator(mode="after")
    def _names_a_group_when_it_needs_one(self) -> Self:
        if (self.strategy == "grouped") != (self.group is not None):
            raise ValueError(
                "`group` names the column that must not be torn apart: for strategy grouped, and only there"
            )
        if self.validation + self.test >= 1:
            raise ValueError(
                "validation and test together must leave something to train on: make their sum less than 1"
            )
        return self


class Model(Strict):
    """An estimator (`_target_` and its arguments) and how its inputs are encoded."""

    name: str
    encode: Literal["ordinal", "onehot"]
    scale: bool
    estimator: dict[str, Any]

    @model_validator(mode="after")
    def _has_a_target(self) -> Self:
        if not isinstance(self.estimator.get("_target_"), str):
            raise ValueError("`estimator` needs `_target_`: the import path of a scikit-learn estimator")
        return self


class Validate(Strict):
    """Limits on the data beyond the declaration."""

    name: str
    min_rows: Count
    max_missing_target: Annotated[float, Field(ge=0, le=1)]
    min_class_share: Annotated[float, Field(gt=0, lt=0.5)]
    max_single_column_skill: Annotated[float, Field(gt=0, le=1)]


class Train(Strict):
    """How models are fitted."""

    name: str
    folds: Annotated[int, Field(ge=0)]


class Evaluate(Strict):
    """How sure the metrics are made, and which slices are large enough to speak of."""

    name: str
    bootstrap: Annotated[int, Field(ge=20)]
    confidence: Share
    min_slice_rows: Count


class Explain(Strict):
    """Sizes of the samples that the explanations are computed on."""

    name: str
    permutation_rows: Count
    permutation_repeats: Count
    contribution_rows: Count
    dependence_features: Count
    dependence_rows: Count
    dependence_points: Annotated[int, Field(ge=2)]
    examples: Count


class Gate(Strict):
    """What a model must hold before it may leave the pipeline; margins are in units of the task's metric."""

    name: str
    margin_over_baseline: float
    margin_over_linear: float
    slice_limit: float | None
    sensitive_gap: Annotated[float, Field(ge=0)]
    parity: Annotated[float, Field(gt=0)]
    latency_ms: Annotated[float, Field(gt=0)]


class References(Strict):
    """The models that the chosen one has to beat."""

    linear: Model
    baseline: Model


class Config(BaseModel):
    """The whole of `params.yaml`. A group of your own, a folder in `conf/`, is let through as it is."""

    model_config = ConfigDict(extra="allow", frozen=True)

    package: str
    seed: int
    data: Data
    features: Features
    task: Task
    split: Annotated[TimeSplit | RandomSplit, Field(discriminator="strategy")]
    model: Model
    references: References
    validate_: Annotated[Validate, Field(alias="validate")]
    train: Train
    evaluate: Evaluate
    explain: Explain
    gate: Gate

    @property
    def target(self) -> str:
        """The name of the column that the chosen task predicts."""
        return self.data.target[self.task.name]


def duration(text: str) -> timedelta:
    """`90m`, `6h` or `28d` as a timedelta."""
    unit = {"m": "minutes", "h": "hours", "d": "days"}[text[-1]]
    return timedelta(**{unit: int(text[:-1])})


def read(composed: DictConfig, root: Path = ROOT) -> Config:
    """The configuration as Hydra composed it, resolved and checked.

    Raises:
        ProjectError: a key or value is wrong, or refers to one that does not exist.
    """
    try:
        raw = OmegaConf.to_container(composed, resolve=True)
    except OmegaConfBaseException as error:
        reason = f"conf/config.yaml does not compose: {str(error).splitlines()[0]}"
        raise ProjectError("\n".join([*_unknown_groups(composed, root), reason])) from None
    return parse(raw, root)  # type: ignore[arg-type]


def parse(raw: Mapping[str, Any], root: Path = ROOT) -> Config:
    """The composed and resolved configuration as typed settings.

    Raises:
        ProjectError: a key or value is wrong; every finding names file, key and what is allowed.
    """
    problems = _unknown_groups(raw, root)
    try:
        config = Config.model_validate(raw)
    except ValidationError as error:
        problems += [f"{_file_of(key, raw)}: {key}: {said}" for key, said in findings(error, Config)]
        raise ProjectError("\n".join(problems)) from None
    problems += _disagreements(config)
    if problems:
        raise ProjectError("\n".join(problems))
    return config


def _unknown_groups(raw: Iterable[Any], root: Path) -> list[str]:
    return [
        f"conf/config.yaml: {key}: unknown key; allowed: {', '.join(_keys(Config))}, or a folder of that name in conf/"
        for key in raw
        if key not in _keys(Config) and not (root / "conf" / str(key)).is_dir()
    ]


def _disagreements(config: Config) -> list[str]:
    """What each group allows but the groups together do not."""
    data, task, found = config.data, config.task, []
    here = f"conf/data/{data.name}.yaml"
    if task.name not in data.target:
        found.append(f"{here}: target: none for task={task.name}; it has one for {', '.join(data.target)}")
    if task.metric not in METRICS[task.name]:
        found.append(f"conf/task/{task.name}.yaml: metric: {task.metric}; allowed: {', '.join(METRICS[task.name])}")
    if isinstance(config.split, TimeSplit) and data.time is None:
        found.append(f"{here}: time: a split by time needs the column that tells it; or choose split=random")
    if isinstance(config.split, RandomSplit) and config.split.group not in (None, *data.columns):
        found.append(f"conf/split/{config.split.name}.yaml: group: no column {config.split.group} in {here}")
    if isinstance(config.split, RandomSplit) and config.split.until and data.time is None:
        found.append(f"conf/split/{config.split.name}.yaml: until: {here} names no time; set it to null")
    features = f"conf/features/{config.features.name}.yaml"
    if config.features.history and data.time is None:
        found.append(f"{here}: time: history features look back from it, so it must be declared")
    for name in config.features.drop:
        if name not in data.columns:
            found.append(f"{features}: drop: no column {name} in {here}; it has {', '.join(data.columns)}")
    for name in (part.column for part in config.features.calendar):
        if name not in data.columns:
            found.append(f"{features}: calendar: no column {name} in {here}; it has {', '.join(data.columns)}")
        elif data.columns[name].kind != "datetime":
            found.append(f"{features}: calendar: {name} is {data.columns[name].kind}; a datetime column is asked for")
        elif not data.columns[name].known:
            found.append(f"{features}: calendar: {name} leaks: it is not known when a prediction is made")
    for part in config.features.history:
        for name in [part.mean, *part.by]:
            if name not in data.columns:
                found.append(f"{features}: history: no column {name} in {here}; it has {', '.join(data.columns)}")
        column = data.columns.get(part.mean)
        if column and column.kind not in ("numeric", "boolean"):
            found.append(f"{features}: history: mean of {part.mean} asks for a numeric or boolean column")
        if column and not column.known and not column.available_at:
            found.append(f"{features}: history: {part.mean} leaks until {here} says when it is known (available_at)")
        for name in part.by:
            if name in data.columns and data.columns[name].known is False:
                found.append(f"{features}: history: by {name} leaks: it is not known when a prediction is made")
    return found


def findings(error: ValidationError, of: type[BaseModel]) -> list[tuple[str, str]]:
    """What is wrong with settings: each key, and what is allowed there.

    Args:
        error: what pydantic has found.
        of: the model that was asked for.
    """
    return [_explain(dict(finding), of) for finding in error.errors()]


def _explain(finding: dict[str, Any], of: type[BaseModel]) -> tuple[str, str]:
    key = ".".join(str(part) for part in finding["loc"] if part not in STRATEGIES)
    message = re.sub(r"^Value error, ", "", finding["msg"])
    if finding["type"] == "extra_forbidden":
        message = f"unknown key; allowed: {', '.join(_siblings(of, finding['loc']))}"
    elif finding["type"] == "missing":
        allowed = _choices(of, finding["loc"])
        message = f"missing; allowed: {', '.join(allowed)}" if allowed else "missing, and there is no default"
    elif not isinstance(finding["input"], dict):
        message += f"; it is {finding['input']!r}"
    return key, message


def _file_of(key: str, raw: Mapping[str, Any]) -> str:
    """The file in `conf/` that most likely holds the key: a group's chosen option is its `name`."""
    path = key.split(".")
    folder, group = path[0], raw.get(path[0])
    if folder == "references" and isinstance(group, Mapping) and len(path) > 1:
        folder, group = "model", group.get(path[1])
    if isinstance(group, Mapping) and "name" in group:
        return f"conf/{folder}/{group['name']}.yaml"
    return f"conf/{folder}" if isinstance(group, Mapping) else "conf/config.yaml"


def _siblings(of: type[BaseModel], loc: tuple[str | int, ...]) -> list[str]:
    """The keys that are allowed where the last part of `loc` is not."""
    return [key for model in _models_at(of, loc) for key in _keys(model)]


def _choices(of: type[BaseModel], loc: tuple[str | int, ...]) -> list[str]:
    """The values that the key at `loc` may have, if they are few."""
    fields = [f for model in _models_at(of, loc) for n, f in model.model_fields.items() if loc[-1] in (f.alias, n)]
    return [value for field in fields for value in get_args(field.annotation) if isinstance(value, str)]


def _models_at(of: type[BaseModel], loc: tuple[str | int, ...]) -> list[type[BaseModel]]:
    """The settings in `of` that the last part of `loc` is a key of."""
    models = [of]
    for part in loc[:-1]:
        fields = {f.alias or n: f.annotation for model in models for n, f in model.model_fields.items()}
        if part in fields:
            models = _models_in(fields[str(part)])
        elif part in STRATEGIES:  # pydantic names the branch of the union that it took
            models = [TimeSplit if part == "time" else RandomSplit]
    return models


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _models_in(argument)]


def _keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]
