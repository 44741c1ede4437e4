"""The stages together, on a sample: they write what dvc.yaml says, the same to the last bit on every run."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from omegaconf import OmegaConf

from . import config, pipeline
from .conftest import Sample, run_pipeline

DVC: Any = OmegaConf.to_container(OmegaConf.load(config.ROOT / "dvc.yaml"))
# One tells of this machine and of the last commit, the other is measured.
VARYING = {"reports/report.html", "reports/latency.json"}


def _declared(stage: str) -> list[str]:
    entries = [*DVC["stages"][stage].get("outs", []), *DVC["stages"][stage].get("metrics", [])]
    return [entry if isinstance(entry, str) else next(iter(entry)) for entry in entries]


@pytest.mark.parametrize("stage", DVC["stages"])
def test_a_stage_writes_what_dvc_yaml_declares(sample: Sample, stage: str) -> None:
    missing = [path for path in _declared(stage) if not (sample.files.run / path).exists()]
    assert missing == []


def test_nothing_is_written_that_dvc_yaml_does_not_declare(sample: Sample) -> None:
    declared = [sample.files.run / path for stage in DVC["stages"] for path in _declared(stage)]
    written = [file for file in sample.files.run.rglob("*") if file.is_file()]
    strays = {file for file in written if not any(path in (file, *file.parents) for path in declared)}
    assert {file.relative_to(sample.files.run).as_posix() for file in strays} == VARYING


@pytest.mark.parametrize("plot", DVC["plots"], ids=lambda plot: next(iter(plot)))
def test_a_plot_has_the_columns_it_is_drawn_from(sample: Sample, plot: dict[str, Any]) -> None:
    (definition,) = plot.values()
    for axis in ("x", "y"):
        ((path, column),) = definition[axis].items()
        values = pl.read_csv(sample.files.read(path))[column]
        assert len(values) > 0
        assert values.null_count() == 0


def test_the_metrics_hold_the_tasks_metric_within_its_interval(sample: Sample) -> None:
    metrics = json.loads(sample.files.read("reports/metrics.json").read_text())
    metric = sample.config.task.metric
    assert metrics["interval"]["low"] <= metrics["test"][metric] <= metrics["interval"]["high"]
    assert metrics["interval"]["low"] < metrics["interval"]["high"]
    assert {"validation", "linear", "baseline"} <= {name for name, of in metrics.items() if metric in of}


def test_the_report_is_one_page_that_needs_nothing_else(sample: Sample) -> None:
    page = sample.files.read("reports/report.html").read_text()
    metrics = json.loads(sample.files.read("reports/metrics.json").read_text())
    assert f"{metrics['test'][sample.config.task.metric]:.3g}" in page
    assert 'src="http' not in page
    assert "<link" not in page


def test_running_it_again_gives_the_same_bytes(sample: Sample, tmp_path: Path) -> None:
    run_pipeline(tmp_path)
    first, again = _contents(sample.files.run), _contents(tmp_path)
    assert sorted(first) == sorted(again)
    assert [path for path in first if first[path] != again[path]] == []


def _contents(folder: Path) -> dict[str, bytes]:
    files = {file.relative_to(folder).as_posix(): file for file in folder.rglob("*") if file.is_file()}
    return {path: file.read_bytes() for path, file in files.items() if path not in VARYING}


def test_help_names_the_choices_and_loads_no_heavy_library() -> None:
    stages = f"{pipeline.__package__}.stages"
    command = [sys.executable, "-X", "importtime", "-m", f"{stages}.train", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "model: baseline, lightgbm, linear" in done.stdout
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert "hydra" in loaded
    assert loaded.isdisjoint({"sklearn", "lightgbm", "onnxruntime", "pandera"})
