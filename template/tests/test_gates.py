"""Each rule of the gate passes at its limit, refuses beyond it, and never passes what could not be measured."""

import json
import shutil
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from . import builders, config, errors, evaluate, gate, gates, run
from .conftest import Sample

NAN = float("nan")
LIMITS = {
    "name": "test",
    "margin_over_baseline": 0.1,
    "margin_over_linear": 0.01,
    "slice_limit": 0.5,
    "sensitive_gap": 0.25,
    "parity": 1e-4,
    "latency_ms": 10.0,
}
RULES = [rule for rule in LIMITS if rule != "name"]


def _evidence(metric: str) -> dict[str, Any]:
    """What the stages would have written of a model that holds every rule of `LIMITS` just so."""
    good, bad = (0.75, 0.5) if metric == "roc_auc" else (0.25, 0.5)
    return {
        "evaluation": {
            "metric": metric,
            "ahead": {
                "baseline": {"value": 0.1, "low": 0.05, "high": 0.15},
                "linear": {"value": 0.01, "low": 0.005, "high": 0.015},
            },
            "slices": [
                {"column": "city", "value": value, "rows": 500, "sensitive": True, "metric": of}
                for value, of in (("Köln", good), ("Bonn", bad), ("Trier", good))
            ],
        },
        "training": {"model": {"format": "onnx", "parity": 1e-4}},
        "latency_ms": 10.0,
    }


def _broken(evidence: dict[str, Any], **limits: Any) -> dict[str, str]:
    """The rules that refuse, with their messages."""
    settings = config.parse(builders.raw() | {"gate": LIMITS | limits})
    verdicts = gates.judge(settings, **evidence)
    assert [verdict["rule"] for verdict in verdicts] == RULES
    return {verdict["rule"]: verdict["message"] for verdict in verdicts if not verdict["passed"]}


@pytest.mark.parametrize("metric", ["roc_auc", "mae"])
def test_a_model_at_every_limit_passes(metric: str) -> None:
    assert _broken(_evidence(metric)) == {}


@pytest.mark.parametrize("other", ["baseline", "linear"])
@pytest.mark.parametrize("worse", [{"value": 0.009}, {"low": 0.0}, {"value": NAN}, {"low": NAN}])
def test_a_model_that_is_not_surely_ahead_is_refused(other: str, worse: dict[str, float]) -> None:
    evidence = _evidence("roc_auc")
    evidence["evaluation"]["ahead"][other] |= worse
    broken = _broken(evidence)
    assert list(broken) == [f"margin_over_{other}"]
    assert f"better than the {other} model" in broken[f"margin_over_{other}"]


@pytest.mark.parametrize(("metric", "worse"), [("roc_auc", 0.499), ("mae", 0.501), ("roc_auc", NAN), ("mae", NAN)])
def test_a_slice_beyond_the_limit_is_refused_and_named(metric: str, worse: float) -> None:
    evidence = _evidence(metric)
    evidence["evaluation"]["slices"][1]["metric"] = worse
    broken = _broken(evidence, sensitive_gap=1.0)
    assert "1 of 3 slices break the limit; the worst, city=Bonn" in broken["slice_limit"]


def test_a_slice_is_not_judged_without_a_limit() -> None:
    evidence = _evidence("roc_auc")
    evidence["evaluation"]["slices"][1]["metric"] = 0.1
    assert _broken(evidence, slice_limit=None, sensitive_gap=1.0) == {}


@pytest.mark.parametrize("metric", ["roc_auc", "mae"])
def test_a_gap_between_sensitive_groups_is_refused_and_named(metric: str) -> None:
    broken = _broken(_evidence(metric), sensitive_gap=0.24)
    assert list(broken) == ["sensitive_gap"]
    for word in ("city", "Köln", "Bonn", "0.2500", "0.24"):
        assert word in broken["sensitive_gap"]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_sensitive_group_that_could_not_be_measured_is_refused(place: int) -> None:
    evidence = _evidence("roc_auc")
    evidence["evaluation"]["slices"][place]["metric"] = NAN
    assert list(_broken(evidence, slice_limit=None)) == ["sensitive_gap"]


def test_a_gap_between_other_groups_is_let_pass() -> None:
    evidence = _evidence("roc_auc")
    for entry in evidence["evaluation"]["slices"]:
        entry["sensitive"] = False
    assert _broken(evidence, sensitive_gap=0.0) == {}


@pytest.mark.parametrize("parity", [1.1e-4, NAN])
def test_an_export_that_says_something_else_is_refused(parity: float) -> None:
    evidence = _evidence("roc_auc")
    evidence["training"]["model"]["parity"] = parity
    broken = _broken(evidence)
    assert list(broken) == ["parity"]
    assert broken["parity"].endswith(f"by up to {parity:.2e}, gate.parity allows 0.0001")


@pytest.mark.parametrize("latency", [10.1, NAN])
def test_a_slow_model_is_refused(latency: float) -> None:
    assert list(_broken(_evidence("roc_auc") | {"latency_ms": latency})) == ["latency_ms"]


@pytest.mark.parametrize("missing", ["reports/evaluation.json", "reports/training.json", "models/model"])
def test_a_missing_file_is_an_error_and_never_a_pass(sample: Sample, tmp_path: Path, missing: str) -> None:
    shutil.copytree(sample.files.run, tmp_path, dirs_exist_ok=True)
    (tmp_path / missing).rename(tmp_path / "elsewhere")
    (tmp_path / "reports/gate.json").unlink()
    with pytest.raises(errors.ProjectError, match=f"{missing} is missing"):
        gate.run(sample.config, run.Files(tmp_path, project=tmp_path))
    assert not (tmp_path / "reports/gate.json").exists()


def test_a_folder_without_a_model_is_an_error_and_never_a_pass(sample: Sample, tmp_path: Path) -> None:
    (tmp_path / "models/model").mkdir(parents=True)
    with pytest.raises(errors.ProjectError, match="models/model holds no model"):
        gate.run(sample.config, run.Files(tmp_path, project=sample.files.run))


def test_a_spoiled_model_is_refused_in_plain_words_and_the_report_shows_why(sample: Sample, tmp_path: Path) -> None:
    files = run.Files(tmp_path, project=sample.files.run)
    shutil.copytree(files.read("models/baseline"), tmp_path / "models/model")
    strict = deepcopy(builders.raw()["gate"]) | {"latency_ms": 1000.0}
    settings = sample.config.model_copy(update={"gate": config.Gate.model_validate(strict)})
    evaluate.run(settings, files)
    with pytest.raises(errors.ProjectError) as refusal:
        gate.run(settings, files)
    assert "gate margin_over_baseline refuses: " in str(refusal.value)
    assert "0.0000 better than the baseline model" in str(refusal.value)
    verdicts = json.loads((tmp_path / "reports/gate.json").read_text())
    assert "margin_over_baseline" in [verdict["rule"] for verdict in verdicts if not verdict["passed"]]
    assert "margin_over_baseline" in (tmp_path / "reports/report.html").read_text()
