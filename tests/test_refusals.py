"""Bad models, bad data and bad settings: each is refused in plain words, without a traceback, and nothing is lost."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from harness import REGRESSION, Project

pytestmark = pytest.mark.project

# How the frame `t` is spoilt, then the column and the rule that the refusal must name.
BOTH = 'pl.when(pl.int_range(pl.len()) % 2 == 0).then("{0}").alias("{0}")'
SPOILS = {
    "a column is gone": ('t.drop("distance")', "distance", "column"),
    "a column is new": ("t.with_columns(note=pl.lit(1))", "note", "column"),
    "text for a number": ('t.with_columns(pl.col("distance").cast(pl.String))', "distance", "its type is String"),
    "missing": ('some(None, "distance")', "distance", "missing"),
    "too small": ('some(-1, "distance")', "distance", "at least 10"),
    "too large": ('some(9000, "distance")', "distance", "at most 6000"),
    "infinite": ('some(float("inf"), "temp")', "temp", "finite"),
    "unknown category": ('some("ZZZ", "origin")', "origin", "one of EWR, JFK, LGA"),
    "rows twice": ("pl.concat([t, t.head(3)])", "scheduled_departure+carrier+flight", "unique key"),
    "the target in disguise": (
        't.with_columns(temp=pl.col("arrival_delay").clip(-30, 120).cast(pl.Float64))',
        "temp",
        "no leak",
    ),
    "no target": (f"t.with_columns({BOTH.format('late')}, {BOTH.format('arrival_delay')})", "", "target is there"),
    "one outcome": ("t.with_columns(late=pl.lit(True), arrival_delay=pl.lit(20))", "", "two classes|target varies"),
    "known too early": ('some(datetime(2012, 1, 1), "landed_at")', "landed_at", "not a day before"),
    "nearly empty": ("t.head(20)", "(all)", "enough rows"),
}
SPOIL = """
import polars as pl, sys
from datetime import datetime
from pathlib import Path
t = pl.read_parquet("data/ingested.parquet").gather_every(16)  # of the whole year
def some(value, name):
    return t.with_columns(pl.when(pl.int_range(pl.len()) < 3).then(pl.lit(value)).otherwise(name).alias(name))
t = {code}
target = Path(sys.argv[1]) / "data" / "ingested.parquet"
target.parent.mkdir(parents=True)
t.write_parquet(target)
"""


def refusal(done: subprocess.CompletedProcess[str]) -> str:
    """What a refused command printed; it failed, and spared its user the traceback."""
    printed = done.stdout + done.stderr
    assert done.returncode, printed
    assert "Traceback" not in printed
    return printed


@pytest.mark.parametrize("spoil", SPOILS)
def test_spoiled_data_are_refused_by_column_and_rule(spoil: str, trained: Project, tmp_path: Path) -> None:
    code, column, rule = SPOILS[spoil]
    run = tmp_path / "run"
    trained.run("uv", "run", "--no-sync", "python", "-c", SPOIL.format(code=code), run)
    printed = refusal(trained.module("stages.validate", f"hydra.run.dir={run}", check=False))
    assert re.search(rf"^error: .*{re.escape(column)}.*({rule})", printed, re.MULTILINE), printed


def test_unspoiled_data_pass_the_same_way(trained: Project, tmp_path: Path) -> None:
    run = tmp_path / "run"
    trained.run("uv", "run", "--no-sync", "python", "-c", SPOIL.format(code="t"), run)
    assert "21,049 rows hold" in trained.module("stages.validate", f"hydra.run.dir={run}").stdout


def test_the_gate_refuses_a_model_that_is_no_better_and_the_report_shows_why(mine: Project) -> None:
    (mine.path / "reports/report.html").unlink()
    printed = refusal(mine.dvc("exp", "run", "-S", "model=baseline", check=False))
    assert "gate margin_over_baseline refuses" in printed
    assert "gate margin_over_linear refuses" in printed
    assert "margin_over_linear" in (mine.path / "reports/report.html").read_text()


def test_the_gate_refuses_an_artefact_that_was_swapped(mine: Project, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(mine.path / "models", run / "models")
    shutil.rmtree(run / "models/model")
    shutil.copytree(run / "models/baseline", run / "models/model")
    mine.module("stages.evaluate", f"hydra.run.dir={run}")
    printed = refusal(mine.module("stages.gate", f"hydra.run.dir={run}", check=False))
    assert "gate margin_over_baseline refuses" in printed


@pytest.mark.parametrize(
    ("setting", "rule"),
    [
        ("gate.slice_limit={}", "slice_limit"),
        ("gate.sensitive_gap=0", "sensitive_gap"),
        ("gate.parity=1e-12", "parity"),
        ("gate.latency_ms=1e-6", "latency_ms"),
    ],
)
def test_every_other_rule_of_the_gate_can_refuse(setting: str, rule: str, trained: Project, tmp_path: Path) -> None:
    # A slice is weak above a limit of minutes, or below one of ROC AUC.
    unreachable = "0.99" if trained.json("reports/evaluation.json")["metric"] == "roc_auc" else "1"
    arguments = (f"hydra.run.dir={tmp_path}", setting.format(unreachable))
    assert f"gate {rule} refuses" in refusal(trained.module("stages.gate", *arguments, check=False))


WRONG = [
    ("conf/gate/regression.yaml", "parity:", "parrity:", "gate.parrity: unknown key; allowed: .*parity"),
    ("conf/data/flights.yaml", "kind: datetime", "kind: date", "data.columns.*kind: .*'numeric', 'categorical'"),
    (
        "conf/model/lightgbm.yaml",
        "num_leaves",
        "leaf_count",
        "estimator: leaf_count: no such argument; allowed: .*num_leaves",
    ),
    (
        "conf/model/lightgbm.yaml",
        "num_leaves: 24",
        "num_leaves: many",
        "estimator: cannot be fitted: Parameter num_leaves should be of type int",
    ),
    (
        "conf/features/flights.yaml",
        "by: [dest]",
        "by: [destination]",
        "history: no column destination in conf/data/flights.yaml; it has .*dest",
    ),
    ("conf/features/flights.yaml", "America/New_York", "Mars/Base", "features.calendar.0.timezone: no time zone"),
    ("conf/config.yaml", "- split: time", "- split: {{time", "does not compose: .*conf/config.yaml"),
    ("conf/config.yaml", "seed: 2013", "sead: 2013", "sead: unknown key; allowed: .*seed"),
]


@REGRESSION
@pytest.mark.parametrize(("file", "old", "new", "expected"), WRONG)
def test_a_wrong_setting_is_refused_with_file_key_and_what_is_allowed(
    file: str, old: str, new: str, expected: str, mine: Project
) -> None:
    path = mine.path / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    # An estimator is only known to be wrong when it is made.
    done = mine.module("stages.train", check=False) if "model" in file else mine.run("make", "params", check=False)
    assert re.search(re.escape(file) + ":? " + expected, refusal(done), re.DOTALL)


@REGRESSION
def test_an_unknown_option_on_the_command_line_lists_the_options(trained: Project) -> None:
    printed = refusal(trained.module("stages.train", "model=forest", check=False))
    assert re.search(r"lightgbm\s+linear", printed)


@REGRESSION
def test_a_stale_params_file_is_noticed(mine: Project) -> None:
    path = mine.path / "conf/config.yaml"
    path.write_text(path.read_text().replace("seed: 2013", "seed: 2014"))
    assert "params.yaml is not what conf/ compiles to" in refusal(mine.module("params", "--check", check=False))


@REGRESSION
def test_a_stage_without_its_input_says_who_makes_it(mine: Project) -> None:
    shutil.rmtree(mine.path / "models")
    assert "models/model is missing: an earlier stage" in refusal(mine.module("stages.evaluate", check=False))


@pytest.mark.parametrize("missing", ["uv", "git"])
def test_make_says_what_is_missing_on_the_machine(missing: str, project: Path, tmp_path: Path) -> None:
    copied = tmp_path / "project"
    shutil.copytree(project, copied)
    done = Project(copied).run("make", "run", check=False, **({"PATH": "/usr/bin:/bin"} if missing == "uv" else {}))
    expected = {"uv": "uv is missing", "git": "this is no Git repository yet: run git init"}[missing]
    assert expected in refusal(done)
