"""The commands of README.md and docs/, as a newcomer types them: nothing installed, nothing shared."""

import shutil
from pathlib import Path

import pytest
from harness import REGRESSION, Project, commit, environment, include, render, run, snapshot

pytestmark = pytest.mark.project


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """No environment is given from outside: each project makes its own `.venv`."""
    outside = environment()
    monkeypatch.setattr(
        "harness.environment", lambda: {k: v for k, v in outside.items() if k != "UV_PROJECT_ENVIRONMENT"}
    )


@pytest.mark.usefixtures("fresh")
def test_make_demo_starts_clean_ends_with_metrics_report_and_next_commands_and_can_be_moved(tmp_path: Path) -> None:
    template = snapshot(tmp_path / "template")
    commit(template)
    (template / "build/demo").mkdir(parents=True)
    (template / "build/demo/stale").write_text("from an earlier demo")
    printed = run("make", "demo", cwd=template).stdout
    assert not (template / "build/demo/stale").exists()
    assert "gate passed: 6 rules hold" in printed
    assert f"report     {template / 'build/demo/reports/report.html'}" in printed
    assert printed.index("next ") < printed.index("cd build/demo")
    assert run("git", "status", "--porcelain", cwd=template).stdout == ""
    demo = template / "build/demo"
    size = sum(path.stat().st_size for path in (demo / ".venv").rglob("*") if path.is_file()) / 2**20
    assert size < 900  # MB; what each large package is for stands in pyproject.toml
    moved = Project(demo.rename(tmp_path / "renamed"))
    moved.run("make", "params")
    assert moved.dvc("--version").stdout.startswith("3.")
    shutil.rmtree(moved.path / ".venv")


@pytest.mark.parametrize("storage", sorted(include("versions.yml")["storage_plugins"]))
def test_the_plugin_of_every_storage_fits_into_the_lock(storage: str, template: Path, tmp_path: Path) -> None:
    project = render(template, tmp_path / "project", storage=storage)
    run("uv", "lock", cwd=project)
    plugin = include("versions.yml")["storage_plugins"][storage]
    assert f'name = "{plugin}"' in (project / "uv.lock").read_text()


# The tests of a project ship such a model of its own task.
@REGRESSION
def test_a_model_that_onnx_has_no_words_for_ships_as_skops(mine: Project) -> None:
    (mine.path / "conf/model/histogram.yaml").write_text(
        "name: histogram\nencode: ordinal\nscale: false\nestimator:\n"
        "  _target_: sklearn.ensemble.HistGradientBoostingRegressor\n  loss: absolute_error\n  max_iter: 30\n"
        "  random_state: ${seed}\n"
    )
    mine.module("stages.train", "model=histogram", "hydra.run.dir=outputs/mine")
    mine.module("stages.evaluate", "hydra.run.dir=outputs/mine")
    assert mine.json("outputs/mine/reports/training.json")["model"]["format"] == "skops"
    assert mine.json("outputs/mine/reports/evaluation.json")["ahead"]["baseline"]["low"] > 0
