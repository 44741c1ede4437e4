"""What a search has found: checked against the current settings and against ONNX, and written down for review."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import OmegaConf

from ..config import ROOT, Model
from ..errors import ProjectError
from ..metrics import advantage, intervals
from ..params import composed
from ..run import Files
from ..training import fit, ship
from .folds import Folds
from .space import FAMILY, Plan, filled, names, settings
from .study import Study

MARK = "# Found by a search"
TRIED = 5  # the best settings that are exported, until one says the same as ONNX
MEMBERS = 4  # of an ensemble, at most
Raw = dict[str, Any]


@dataclass(frozen=True)
class Winner:
    """A model that is complete: as Hydra resolves it, and with the references that stand in `conf/`."""

    family: str
    model: Model
    raw: Raw
    params: Mapping[str, Any]
    trial: int | None
    parity: float


@dataclass(frozen=True)
class Comparison:
    """The metric of two models on the same folds, and how far the first is ahead, with its bootstrap interval."""

    winner: float
    current: float
    gain: float
    low: float
    high: float

    @property
    def sure(self) -> bool:
        """Whether the whole interval is on the better side."""
        return self.low > 0


def targets(plan: Plan) -> tuple[Path, Path]:
    """Where the winner goes: `conf/model/<name>.yaml`, if its definition is new, and `conf/experiment/<name>.yaml`.

    Raises:
        ProjectError: a file of that name is somebody's own.
    """
    files = ROOT / "conf/model" / f"{plan.search.name}.yaml", ROOT / "conf/experiment" / f"{plan.search.name}.yaml"
    for path in files[_known_definition(plan) is not None :]:
        if path.exists() and not path.read_text().startswith(("# @package _global_\n" + MARK, MARK)):
            raise ProjectError(
                f"{path.relative_to(ROOT)} is there already and no search wrote it: "
                "name the search otherwise, `ARGS=search.name=…`, or rename the file"
            )
    return files


def choose(plan: Plan, study: Study, folds: Folds, files: Files) -> Winner:
    """The best settings whose export says what the model says.

    Raises:
        ProjectError: no trial was finished, or none of the best can be exported.
    """
    best = study.complete()
    if not best:
        raise ProjectError(
            f"{plan.here}: no trial was finished: allow more `search.seconds` or `search.trials`, "
            "or fewer rows with `search.sample`"
        )
    refused = []
    distinct = {of.user_attrs["model"]: of for of in reversed(best)}
    ordered = [of for of in best if distinct[of.user_attrs["model"]] is of]
    for of in ordered[:TRIED]:
        family, model, raw = _complete(plan, of, folds)
        kind, parity = _export(plan, model, folds, files)
        if kind == "onnx" and parity <= plan.config.gate.parity:
            return Winner(family, model, raw, of.params, of.number, parity)
        refused.append(f"{family}: {kind}, off by {parity:.2g}")
    raise ProjectError(
        f"{plan.here}: none of the best {len(refused)} settings exports to ONNX within gate.parity, "
        f"{plan.config.gate.parity:g} ({'; '.join(refused)}): leave their families out"
    )


def ensemble(plan: Plan, study: Study, folds: Folds, files: Files, winner: Winner, threads: int) -> Winner | None:
    """The mean of the best models that share a preprocessing, if it is better on the folds and exports to ONNX."""
    groups: dict[tuple[str, bool], dict[str, Any]] = {}
    for of in study.complete()[: 4 * TRIED]:
        family, model, raw = _complete(plan, of, folds)
        members = groups.setdefault((model.encode, model.scale), {})
        if len(members) < MEMBERS:
            members.setdefault(model.model_dump_json(), (family, model, raw))
    alone = _mean(folds, winner.model, threads)
    found = None
    for (encode, scale), members in groups.items():
        if len(members) < 2:
            continue
        estimators = [[[f"{family}_{n}", of["estimator"]] for n, (family, _, of) in enumerate(members.values())]]
        estimators += [[[f"{family}_{n}", of.estimator] for n, (family, of, _) in enumerate(members.values())]]
        kind = "Classifier" if plan.config.task.name == "classification" else "Regressor"
        more = {"voting": "soft", "flatten_transform": False} if kind == "Classifier" else {}
        raw, resolved = (
            {
                "name": plan.search.name,
                "encode": encode,
                "scale": scale,
                "estimator": {
                    "_target_": f"sklearn.ensemble.Voting{target}",
                    "_convert_": "all",
                    "estimators": of,
                    **more,
                },
            }
            for target, of in zip(("${task.estimator}", kind), estimators, strict=True)
        )
        model = Model.model_validate(resolved)
        mean = _mean(folds, model, threads)
        if advantage(plan.search.metric, mean, alone) > 0:
            exported, parity = _export(plan, model, folds, files)
            if exported == "onnx" and parity <= plan.config.gate.parity:
                alone, found = mean, Winner("ensemble", model, raw, {}, None, parity)
    return found


def compare(plan: Plan, study: Study, folds: Folds, model: Model, threads: int) -> Comparison:
    """A model beside the current one on the same folds: resamples of each fold's rows, the same for both.

    Among many trials the best is a little lucky; the folds cannot show that, the test part can.
    """
    metric, settled = plan.search.metric, plan.config.evaluate
    values: dict[str, list[float]] = {"winner": [], "current": []}
    draws = []
    for number, (ours, theirs) in enumerate(zip(folds.evaluate(model, None, threads), study.current(), strict=True)):
        target = folds.target[folds.cuts[number][1]]
        said = {"winner": ours.said, "current": theirs}
        summary, sampled = intervals(
            plan.config.task.name, target, said, settled.bootstrap, settled.confidence, plan.config.seed + number
        )
        for name, of in values.items():
            of.append(summary[name][metric]["value"])
        draws.append(np.asarray(advantage(metric, sampled["winner"][metric], sampled["current"][metric])))
    gains, tail = np.mean(draws, axis=0), (1 - settled.confidence) / 2
    low, high = (float(np.nanquantile(gains, of)) for of in (tail, 1 - tail))
    winner, current = (float(np.mean(of)) for of in values.values())
    return Comparison(winner, current, float(advantage(metric, winner, current)), low, high)


def write(plan: Plan, winner: Winner, told: Sequence[str]) -> list[Path]:
    """Write the winner into `conf/`, with what there is to say about it; return the files.

    The settings alone, over a model of the project, if they differ in nothing else; else the whole model.
    """
    model_file, experiment_file = targets(plan)
    head = "".join(f"{line}\n" for line in [f"{MARK}: {told[0]}", *(f"# {line}" for line in told[1:])])
    known = _known_definition(plan)
    written: list[Path] = []
    changed: Raw = {}
    if known is None or winner.family == "ensemble" or not _only_mappings(plan, winner):
        raw = {**winner.raw, "name": plan.search.name}
        model_file.write_text(head + OmegaConf.to_yaml(OmegaConf.create(raw)))
        written.append(model_file)
        chosen = plan.search.name
    else:
        chosen = plan.search.candidates[winner.family].name
        changed = _changes(known, winner.raw)
    text = f"# @package _global_\n{head}defaults:\n  - override /model: {chosen}\n"
    if changed:
        text += "\n" + OmegaConf.to_yaml(OmegaConf.create({"model": changed}))
    experiment_file.write_text(text)
    return [*written, experiment_file]


def _complete(plan: Plan, trial: Any, folds: Folds) -> tuple[str, Model, Raw]:
    """The family and the model of a trial, with the number of trees that early stopping found."""
    family = trial.params.get(FAMILY, next(iter(plan.search.candidates)))
    candidate = plan.search.candidates[family]
    model = settings(family, candidate, trial.params)
    raw = _raw(plan, family)
    raw = filled(raw, family, candidate, trial.params)
    trees = folds.trees(trial.user_attrs.get("rounds", []))
    if trees:
        raw["estimator"]["n_estimators"] = trees
        model = model.model_copy(update={"estimator": {**model.estimator, "n_estimators": trees}})
    return family, model, raw


def _raw(plan: Plan, family: str) -> Raw:
    """A candidate with its references to other parts of the configuration, such as `${seed}`."""
    node: Any = OmegaConf.to_container(plan.composed.search.candidates[family], resolve=False)
    return {name: node[name] for name in ("name", "encode", "scale", "estimator")}


def _known_definition(plan: Plan) -> Raw | None:
    """The model in `conf/model/` that the only candidate is, up to settings that an override can change or add."""
    if len(plan.search.candidates) != 1:
        return None
    ((family, candidate),) = plan.search.candidates.items()
    if not (ROOT / "conf/model" / f"{candidate.name}.yaml").exists():
        return None
    whole = composed("config", [f"model={candidate.name}"])
    known: Any = OmegaConf.to_container(whole.model, resolve=False)
    own = _raw(plan, family)["estimator"]
    same = known["estimator"].keys() <= own.keys() and known["estimator"]["_target_"] == own["_target_"]
    return known if same else None


def _only_mappings(plan: Plan, winner: Winner) -> bool:
    """Whether an override can reach every setting: it cannot reach into a list."""
    places = names(winner.family, plan.search.candidates[winner.family]).values()
    return all(isinstance(part, str) for path, _ in places for part in path)


def _changes(known: Any, found: Any) -> Raw:
    changed: Raw = {}
    for key, value in found.items():
        if isinstance(value, Mapping) and isinstance(known.get(key), Mapping):
            inside = _changes(known[key], value)
            changed |= {key: inside} if inside else {}
        elif known.get(key) != value:
            changed[key] = value
    return changed


def _mean(folds: Folds, model: Model, threads: int) -> float:
    return float(np.mean([of.value for of in folds.evaluate(model, None, threads)]))


def _export(plan: Plan, model: Model, folds: Folds, files: Files) -> tuple[str, float]:
    """The format of a model's export, and its largest difference from what was trained."""
    pipelines = fit({"it": model}, plan.config, folds.inputs, folds.train)
    folder = files.write(f"outputs/search/{plan.search.name}/model")
    try:
        shipped = ship(pipelines["it"], plan.config, folds.inputs, folds.train, folds.validation, folder)
    except ProjectError:  # a fallback that cannot be read again
        return "not at all", math.inf
    return shipped["format"], shipped["parity"] if math.isfinite(shipped["parity"]) else math.inf
