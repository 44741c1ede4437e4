"""What `conf/studies` may say, compiled into `studies/params.yaml`; and how a study is started."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from omegaconf import OmegaConf
from pydantic import Field, ValidationError, model_validator

from ..config import ROOT, Config, Count, Strict, findings, read
from ..errors import ProjectError, execute
from ..params import compile_into, composed
from ..run import Files, Stage, enter

PARAMS = "studies/params.yaml"
Positive = Annotated[float, Field(gt=0)]
Part = Annotated[float, Field(gt=0, le=1)]


class Staleness(Strict):
    """How time is cut, and which loss calls for a new model."""

    period: Annotated[str, Field(pattern=r"^[1-9]\d*(d|w|mo|q|y)$", description="such as 7d, 1w or 1mo")]
    window: Count
    tolerance: Part
    min_periods: Annotated[int, Field(ge=2)]


class Learning(Strict):
    """Which shares of the training rows are learned from."""

    shares: Annotated[list[Part], Field(min_length=3)]
    seeds: Count

    @model_validator(mode="after")
    def _rises_to_all_rows(self) -> "Learning":
        if self.shares != sorted(set(self.shares)) or self.shares[-1] != 1:
            raise ValueError("`shares` must rise and end with 1.0, which is all rows")
        return self


class Ablation(Strict):
    """The groups of inputs of your own, and the fits without each group."""

    seeds: Count
    groups: dict[str, Annotated[list[str], Field(min_length=1)]]


class Seeds(Strict):
    """How many fits."""

    count: Annotated[int, Field(ge=3)]


class Threshold(Strict):
    """What mistakes cost."""

    false_alarm: Positive
    miss: Positive
    over: Positive
    under: Positive


class Fairness(Strict):
    """The limit on how unevenly groups are selected."""

    min_selection_ratio: Part


class Privacy(Strict):
    """From when on a row is singled out, an identifier told, a training row recognised."""

    min_group: Annotated[int, Field(ge=2)]
    max_small_share: Annotated[float, Field(ge=0, le=1)]
    combine: Count
    max_told: Part
    max_membership: Annotated[float, Field(ge=0.5, le=1)]


class Studies(Strict):
    """The whole of `conf/studies/<name>.yaml`."""

    name: str
    rows: Annotated[int, Field(ge=100)] | None
    bootstrap: Annotated[int, Field(ge=20)]
    staleness: Staleness
    learning: Learning
    ablation: Ablation
    seeds: Seeds
    threshold: Threshold
    fairness: Fairness
    privacy: Privacy


def of(config: Config) -> Studies:
    """The settings of the studies in a configuration that was composed from conf/study.yaml.

    Raises:
        ProjectError: a key or value is wrong; every finding names file, key and what is allowed.
    """
    raw: Mapping[str, Any] = (config.model_extra or {}).get("studies", {})
    here = f"conf/studies/{raw.get('name', 'default')}.yaml"
    try:
        return Studies.model_validate(raw)
    except ValidationError as error:
        raise ProjectError("\n".join(f"{here}: {key}: {said}" for key, said in findings(error, Studies))) from None


def compose(overrides: list[str], root: Path = ROOT) -> str:
    """The settings of the studies as YAML text, composed, resolved and checked.

    Raises:
        ProjectError: Hydra cannot compose them, or a key or value is wrong.
    """
    whole = composed("study", overrides, root)
    of(read(whole, root))
    OmegaConf.resolve(whole)
    return OmegaConf.to_yaml(OmegaConf.create({"studies": whole.studies}))


def start(study: Stage) -> None:
    """Run a study as a stage of the pipeline is run, with the settings of the studies beside the others."""
    enter(study, "study", "params.yaml", PARAMS)


def write(files: Files, name: str, result: Mapping[str, Any]) -> None:
    """Write `studies/results/<name>.json` and print the verdict.

    Numbers keep nine digits: the last ones may differ from one Python to the next.
    """
    text = json.dumps(_tidy(result), indent=1, ensure_ascii=False) + "\n"
    files.write(f"studies/results/{name}.json").write_text(text, encoding="utf-8")
    print(f"{name}: {result['verdict']}")


def _tidy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _tidy(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_tidy(part) for part in value]
    if isinstance(value, float):
        return float(f"{value:.9g}") if abs(value) < float("inf") else None  # JSON has no nan
    return value


def main() -> None:
    """Write or check `studies/params.yaml`; before the first study there is none."""
    reason = f"{PARAMS} is not what conf/ compiles to: run `make studies-params` and commit the result"
    compile_into(PARAMS, compose, reason, optional=True)


if __name__ == "__main__":
    execute(main)
