"""Runs beside the pipeline: by hand, as experiments, in a queue; and sharing them through a remote."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from harness import REGRESSION, Project, commit, run

pytestmark = pytest.mark.project
SMALL = ("-S", "debug=smoke", "-S", "model.estimator.n_estimators=20")


def experiments(project: Project) -> dict[str, dict[str, Any]]:
    """The parameters and metrics of each experiment on the current commit, by its name."""
    commits = json.loads(project.dvc("exp", "show", "--json").stdout)
    (head,) = [entry for entry in commits if entry["rev"] != "workspace"]
    return {each["name"]: each["revs"][0]["data"] for each in head["experiments"] or []}


@pytest.mark.parametrize("way", [(), ("--temp",)], ids=["workspace", "temp"])
def test_an_experiment_composes_the_group_and_carries_its_metrics_times_and_curves(
    way: tuple[str, ...], mine: Project
) -> None:
    before = mine.json("reports/run.json")["seconds"]
    mine.dvc("exp", "run", *way, "--name", "timed", "-S", "features=none", *SMALL)
    found = experiments(mine)["timed"]
    assert found["params"]["params.yaml"]["data"]["features"]["name"] == "none"
    assert found["metrics"]["reports/metrics.json"]["data"]["test"]
    carries_times_and_curves(mine, "timed", before)
    if not way:
        assert "name: none" in (mine.path / "params.yaml").read_text()
        changed = json.loads(mine.dvc("metrics", "diff", "--json").stdout)["reports/metrics.json"]
        assert any(entry["diff"] for entry in changed.values())


def carries_times_and_curves(project: Project, name: str, before: dict[str, float]) -> None:
    """The commit of an experiment holds the seconds of its own stages, and the loss after each of its trees."""
    metrics = experiments(project)[name]["metrics"]["reports/run.json"]["data"]
    assert metrics["seconds"].keys() == before.keys()
    assert 0 < metrics["seconds"]["train"] != before["train"]
    assert metrics["environment"]["python"].startswith("3.")
    reference = project.run("git", "for-each-ref", "--format=%(refname)", f"refs/exps/*/*/{name}").stdout.strip()
    curve = project.run("git", "show", f"{reference}:reports/learning/plots/metrics/validation/loss.tsv").stdout
    assert [line.split("\t")[0] for line in curve.splitlines()] == ["step", *map(str, range(1, 21))]


def test_a_queue_of_experiments_runs_each_with_its_own_code_and_settings(mine: Project) -> None:
    before = mine.json("reports/run.json")["seconds"]
    for name, setting in {"few": "model.estimator.num_leaves=4", "none": "features=none"}.items():
        mine.dvc("exp", "run", "--queue", "--name", name, "-S", setting, *SMALL)
    mine.dvc("exp", "run", "--run-all", "--jobs", "2")
    found = experiments(mine)
    assert found.keys() >= {"few", "none"}
    assert found["few"]["params"]["params.yaml"]["data"]["model"]["estimator"]["num_leaves"] == 4
    metrics = [found[name]["metrics"]["reports/metrics.json"]["data"]["test"] for name in ("few", "none")]
    assert metrics[0] != metrics[1]
    carries_times_and_curves(mine, "few", before)


@REGRESSION
def test_times_make_no_run_differ_from_its_commit(mine: Project) -> None:
    path = mine.path / "reports/run.json"
    path.write_text("{ damaged")
    mine.dvc("repro", "--force", "--single-item", "gate")
    assert mine.json("reports/run.json")["seconds"].keys() == {"gate"}
    mine.run("make", "verify")
    assert mine.run("git", "status", "--porcelain").stdout == " M reports/run.json\n"
    path.with_name("metrics.json").write_text("{}")
    refused = mine.run("make", "verify", check=False)
    assert refused.returncode
    assert "reports/metrics.json" in refused.stdout + refused.stderr


@REGRESSION
def test_the_table_names_what_is_truly_better_than_the_tagged_champion_and_prints_whole_lines(mine: Project) -> None:
    plain = mine.run("git", "rev-parse", "HEAD").stdout.strip()
    mine.module("params", "model=baseline", "gate=smoke")
    mine.dvc("repro")
    commit(mine.path)
    for number in (1, 2, 10):  # the highest counter is the current one, whatever the order of the names
        mine.run("git", "tag", f"model#champion#{number}", plain if number < 10 else "HEAD")
    mine.run("git", "switch", "--quiet", "--detach", plain)
    printed = mine.run("make", "experiments").stdout
    assert "\x1b" not in printed
    assert "1 of 1 runs is really better than model#champion#10" in printed
    (better,) = [line for line in printed.splitlines() if " better " in line and " to " in line]
    assert re.search(r"model.name=(lightgbm)", better)
    nothing = mine.run(
        "uv", "run", "--no-sync", "python", "-m", f"{mine.package}.experiments", "--of", "gone", check=False
    )
    assert nothing.returncode == 1
    assert nothing.stderr == "error: there is no commit gone: `git log` lists those there are\n"


@REGRESSION
def test_a_reader_that_leaves_early_keeps_no_command_from_its_work(mine: Project) -> None:
    page = mine.path / "reports/experiments.html"
    assert mine.unread("make experiments").stderr == ""
    assert page.read_text().rstrip().endswith("</html>")
    stage = f"uv run --no-sync python -m {mine.package}.stages.gate --params"
    (mine.path / "reports/gate.json").unlink()
    assert mine.unread(stage).stderr == ""
    assert (mine.path / "reports/gate.json").exists()


@REGRESSION
def test_plots_of_two_runs_open_offline(mine: Project) -> None:
    mine.run("make", "plots")
    page = (mine.path / "dvc_plots/index.html").read_text()
    assert page.count("vegaEmbed(") >= 5
    assert "<script src" not in page
    assert len(page) > 800_000  # Vega itself is inside


@REGRESSION
def test_a_stage_by_hand_writes_to_its_own_folder(mine: Project) -> None:
    printed = mine.module("stages.train", "model=linear", "hydra.run.dir=outputs/mine").stdout
    assert "linear exported as onnx" in printed
    assert (mine.path / "outputs/mine/models/model/model.onnx").exists()
    assert mine.run("git", "status", "--porcelain").stdout == ""
    assert "up to date" in mine.dvc("status").stdout


@REGRESSION
def test_a_sweep_keeps_its_runs_apart(mine: Project) -> None:
    mine.module("stages.train", "-m", "model=linear,baseline", "hydra.sweep.dir=multirun/mine")
    names = {
        json.loads(path.read_text())["model"]["name"]
        for path in mine.path.glob("multirun/mine/*/reports/training.json")
    }
    assert names == {"linear", "baseline"}


@REGRESSION
def test_the_smoke_run_takes_every_stage_on_2000_rows(mine: Project) -> None:
    mine.run("make", "smoke")
    (written,) = mine.path.glob("outputs/*/*/reports")
    assert json.loads((written / "validation.json").read_text())["rows"] == 2000
    assert (written / "report.html").exists()
    assert mine.run("git", "status", "--porcelain").stdout == ""


def test_a_fresh_clone_pulls_what_was_pushed_and_has_nothing_to_do(mine: Project, tmp_path: Path) -> None:
    mine.run("make", "push")
    run("git", "clone", "--quiet", mine.path, tmp_path / "clone", cwd=tmp_path)
    clone = Project(tmp_path / "clone")
    clone.run("make", "pull")
    for name in ("models/model/model.onnx", "data/split/test.parquet"):
        assert (clone.path / name).read_bytes() == (mine.path / name).read_bytes()
    assert "up to date" in clone.dvc("status").stdout
    clone.run("make", "report")
    assert (clone.path / "reports/report.html").exists()


@REGRESSION
def test_a_changed_setting_reruns_only_what_depends_on_it(mine: Project) -> None:
    path = mine.path / "conf/explain/default.yaml"
    path.write_text(path.read_text().replace("examples: 4", "examples: 2"))
    mine.run("make", "params")
    printed = mine.dvc("repro").stdout
    ran = [line.split("'")[1] for line in printed.splitlines() if line.startswith("Running stage")]
    assert ran == ["explain", "report"]
    assert len(mine.json("reports/explanation.json")["examples"]) == 2
    commit(mine.path)
