"""The first run of a rendered project: what it leaves behind, and that it can be had again to the last bit."""

import re
from pathlib import Path

import pytest
import yaml
from harness import REGRESSION, Project, all_pass, commit, other_python

pytestmark = pytest.mark.project

# How far ahead the default model was when this was written: 0.027 and 0.278 of ROC AUC, 1.76 and 3.63 minutes of MAE.
MARGINS = {"roc_auc": {"linear": 0.02, "baseline": 0.25}, "mae": {"linear": 1.2, "baseline": 3.0}}


def test_the_model_is_better_than_the_baseline_and_the_linear_model(trained: Project) -> None:
    result = trained.json("reports/evaluation.json")
    for other, margin in MARGINS[result["metric"]].items():
        assert result["ahead"][other]["value"] > margin
        assert result["ahead"][other]["low"] > 0


def test_train_ends_before_validation_and_the_future_stays_out(trained: Project) -> None:
    rows = trained.json("reports/evaluation.json")["rows"]
    assert rows == {"validation": 28119, "test": 27075}
    assert trained.json("reports/validation.json")["rows"] == 336776


def test_the_exported_model_is_onnx_and_says_what_the_trained_one_says(trained: Project) -> None:
    for name, model in trained.json("reports/training.json").items():
        assert model["format"] == "onnx", name
        assert model["parity"] < 1e-3, name
        assert (trained.path / "models" / name / "model.onnx").stat().st_size > 100


def test_every_rule_of_the_gate_was_asked_and_holds(trained: Project) -> None:
    verdicts = trained.json("reports/gate.json")
    gate = yaml.safe_load((trained.path / "params.yaml").read_text())["gate"]
    assert {verdict["rule"] for verdict in verdicts} == gate.keys() - {"name"}
    assert all(verdict["passed"] for verdict in verdicts)


def test_the_report_is_one_file_that_needs_nothing_from_elsewhere(trained: Project) -> None:
    page = (trained.path / "reports/report.html").read_text()
    assert page.count("<svg") >= 8
    assert not re.search(r"""(src|href)\s*=\s*(?!["']?(#|data:))|url\((?!#)|@import""", page)


def test_what_a_run_leaves_is_either_in_git_or_kept_by_dvc(trained: Project) -> None:
    assert trained.run("git", "status", "--porcelain").stdout == ""
    tracked = trained.run("git", "ls-files").stdout.split()
    assert {"dvc.lock", "uv.lock", "params.yaml", "reports/metrics.json", "reports/gate.json"} <= set(tracked)
    assert not [name for name in tracked if name.startswith("models/") or name.endswith(".parquet")]


def test_a_second_run_does_nothing(trained: Project) -> None:
    lock = (trained.path / "dvc.lock").read_bytes()
    printed = trained.dvc("repro").stdout
    assert printed.count("didn't change, skipping") == 8
    assert "Running stage" not in printed
    assert (trained.path / "dvc.lock").read_bytes() == lock
    assert "up to date" in trained.dvc("status").stdout


@pytest.mark.parametrize("python", ["3.12", "3.13"])
def test_the_run_reproduces_elsewhere_with_another_python_and_hash_seed(trained: Project, python: str) -> None:
    done = trained.run("make", "reproduce", **other_python(python))
    assert re.search(r"reproduces: \d\d files, the same to the last bit", done.stdout)


@REGRESSION
def test_reproduce_names_what_differs(mine: Project) -> None:
    lock = mine.path / "dvc.lock"
    false = "f" * 32
    old = yaml.safe_load(lock.read_text())["stages"]["gate"]["outs"][0]["md5"]
    lock.write_text(lock.read_text().replace(old, false))
    commit(mine.path)
    done = mine.run("make", "reproduce", check=False)
    assert done.returncode
    assert f"gate: reports/gate.json: {false} when committed, {old} now" in done.stderr
    assert done.stderr.count(" when committed, ") == 2  # the gate writes it, and the report reads it


@REGRESSION
def test_reproduce_without_a_commit_says_what_to_do(trained: Project, tmp_path: Path) -> None:
    project = trained.copy(tmp_path / "flights")
    project.run("rm", "-rf", ".git")
    project.run("git", "init", "--quiet")
    done = project.run("make", "reproduce", check=False)
    assert done.returncode
    assert "there is no commit to reproduce: run the pipeline and commit it first" in done.stderr


# Those of the other task, without any feature, pass in `test_hygiene.py`.
@REGRESSION
def test_the_tests_of_the_project_pass(mine: Project) -> None:
    assert all_pass(mine.run("make", "test").stdout)


@REGRESSION
def test_the_checks_of_the_project_find_nothing_and_change_nothing(mine: Project) -> None:
    mine.run("make", "check")
    mine.run("make", "format")
    assert mine.run("git", "status", "--porcelain").stdout == ""


def test_the_summary_shows_the_metric_the_report_and_the_next_commands(trained: Project) -> None:
    result = trained.json("reports/evaluation.json")
    printed = trained.run("make", "run").stdout
    assert f"{result['metric']} {result['models']['model']['test'][result['metric']]['value']:.4f}" in printed
    assert str(trained.path / "reports/report.html") in printed
    assert "gate passed" in printed


def test_make_help_lists_every_target(project: Path) -> None:
    makefiles = [project / "Makefile", *sorted(project.glob("*.mk"))]
    declared = [re.findall(r"^\.PHONY: (.*)$", path.read_text(), re.MULTILINE)[0].split() for path in makefiles]
    printed = Project(project).run("make").stdout
    assert re.findall(r"^  make (\S+) +\S", printed, re.MULTILINE) == [name for names in declared for name in names]
