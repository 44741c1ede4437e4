"""The search for better settings: what it finds, what it survives, what it refuses."""

import csv
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from typing import Any

import pytest
from harness import Project, environment

pytestmark = pytest.mark.project

SMALL = ("search.sample=3000", "search.trials=6", "search.folds=3")
JOURNAL = "outputs/search/lightgbm/journal.log"


def command(project: Project, *overrides: str) -> list[str]:
    """The search with its packages, which another project's `make setup` may have removed from the environment."""
    project.run("uv", "sync", "--quiet", "--inexact", "--group", "tuning")
    return ["uv", "run", "--no-sync", "python", "-m", f"{project.package}.tuning", *overrides]


def search(project: Project, *overrides: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a search to its end."""
    return project.run(*command(project, *overrides), check=check)


def begun(project: Project, *overrides: str) -> subprocess.Popen[str]:
    """A search that runs on its own, in a process group of its own."""
    return subprocess.Popen(
        command(project, *overrides),
        cwd=project.path,
        env=environment() | {"PYTHONPATH": str(project.path / "src")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def wait_for(condition: Callable[[], Any], process: subprocess.Popen[str]) -> Any:
    """What a condition gives once it holds; the process must not end before."""
    for _ in range(1200):
        if found := condition():
            return found
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.05)
    raise AssertionError("the search did not get there within a minute")


def finished(project: Project, journal: str = JOURNAL) -> int:
    """How many trials the journal says have ended, one way or another."""
    path = project.path / journal
    lines = path.read_text().splitlines() if path.exists() else []
    return sum('"op_code":6' in line and '"state":0' not in line for line in lines)


def trials(project: Project, name: str = "lightgbm") -> list[dict[str, str]]:
    """The trials that a search wrote down."""
    with (project.path / f"reports/search/{name}.csv").open() as file:
        return list(csv.DictReader(file))


def best(rows: list[dict[str, str]]) -> float:
    """The best metric of some trials."""
    if "mae" in rows[0]:
        return min(float(row["mae"]) for row in rows if row["mae"])
    return max(float(row["roc_auc"]) for row in rows if row["roc_auc"])


def refusal(done: subprocess.CompletedProcess[str]) -> str:
    """What a refused search printed: a sentence, no traceback."""
    printed = done.stdout + done.stderr
    assert done.returncode == 1, printed
    assert "Traceback" not in printed
    return printed


def test_a_search_writes_an_experiment_that_beats_the_current_settings_on_the_same_folds(mine: Project) -> None:
    printed = mine.run("make", "tune", f"ARGS={' '.join(SMALL)}").stdout
    found = mine.json("reports/search/lightgbm.json")
    assert found["comparison"]["winner"] != found["comparison"]["current"]
    # A trial stops early on each fold, but is judged with the trees that its model gets.
    assert found["comparison"]["winner"] == pytest.approx(best(trials(mine)), rel=1e-6)
    assert found["comparison"]["low"] <= found["comparison"]["gain"] <= found["comparison"]["high"]
    assert ("not surely better" in printed) == (found["comparison"]["low"] <= 0)
    assert "surely better" in printed
    assert found["written"] == ["conf/experiment/lightgbm.yaml"]  # the model's definition is the project's own
    mine.module("params", "experiment=lightgbm")
    assert (
        f"n_estimators: {found['winner']['model']['estimator']['n_estimators']}\n"
        in (mine.path / "params.yaml").read_text()
    )
    assert [row["state"] for row in trials(mine)].count("complete") >= 2
    page = (mine.path / "reports/search/lightgbm.html").read_text()
    assert page.count("<svg") >= 1
    assert not re.findall(r'(?:src|href)="https?://', page)


@pytest.mark.parametrize("trained", ["classification"], indirect=True)
def test_the_same_search_gives_the_same_trials_whatever_is_in_the_test_part(mine: Project) -> None:
    search(mine, *SMALL)
    first = [(mine.path / f"reports/search/lightgbm.{kind}").read_bytes() for kind in ("csv", "json")]
    mine.run("rm", "-r", "outputs/search")
    test = mine.path / "data/split/test.parquet"
    test.unlink()  # it may be a link into the cache
    test.write_bytes(b"no Parquet at all")
    search(mine, *SMALL)
    assert [(mine.path / f"reports/search/lightgbm.{kind}").read_bytes() for kind in ("csv", "json")] == first


@pytest.mark.parametrize("trained", ["regression"], indirect=True)
def test_a_search_that_is_killed_goes_on_as_if_it_had_not_been(mine: Project) -> None:
    search(mine, *SMALL, "search.trials=14")
    whole = (mine.path / "reports/search/lightgbm.csv").read_bytes()
    mine.run("rm", "-r", "outputs/search")
    for enough in (2, 9):
        process = begun(mine, *SMALL, "search.trials=14")
        wait_for(lambda enough=enough: finished(mine) >= enough, process)  # type: ignore[misc]
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        with (mine.path / JOURNAL).open("a") as journal:
            journal.write('{"op_code":4,"wor')  # killed while it wrote
    search(mine, *SMALL, "search.trials=14")
    assert (mine.path / "reports/search/lightgbm.csv").read_bytes() == whole
    assert "trial" in search(mine, *SMALL, "search.trials=15").stdout
    assert len(trials(mine)) == 15


@pytest.mark.parametrize("trained", ["classification"], indirect=True)
def test_a_killed_worker_is_survived_and_its_trial_done_again(mine: Project) -> None:
    process = begun(mine, "search.sample=10000", "search.trials=12", "workers=2")
    wait_for(lambda: finished(mine) >= 3, process)
    workers = sorted((mine.path / "outputs/search/lightgbm/workers").iterdir())
    assert len(workers) == 2
    os.kill(int(workers[0].read_text()), signal.SIGKILL)
    printed = process.communicate(timeout=300)[0]
    assert process.returncode == 0, printed
    assert "a worker died" in printed
    assert len(trials(mine)) == 12
    assert all(row["roc_auc"] or row["state"] == "cut off" for row in trials(mine))


OWN = """
import os
import signal

from lightgbm import LGBMClassifier


class Broken(LGBMClassifier):
    def fit(self, *arguments, **named):
        raise KeyError("no such thing")


class Killed(LGBMClassifier):
    def fit(self, *arguments, **named):
        os.kill(os.getpid(), signal.SIGKILL)


def broken(**settings):
    return Broken(**settings)


def killed(**settings):
    return Killed(**settings)
"""


@pytest.mark.parametrize("trained", ["classification"], indirect=True)
@pytest.mark.parametrize(
    ("estimator", "said", "relaunches"),
    [
        ("missing", "conf/search/own.yaml: estimator: _target_: flight_delays.own.missing cannot be imported", 0),
        ("broken", "a worker failed: KeyError: 'no such thing'; `workers=1` does the same here and shows where", 0),
        ("killed", "workers died 4 times (TerminatedWorkerError): each needs memory of its own", 3),
    ],
)
def test_workers_are_launched_again_only_if_they_were_killed(
    estimator: str, said: str, relaunches: int, mine: Project
) -> None:
    (mine.path / "src/flight_delays/own.py").write_text(OWN)
    own = "search.candidates.lightgbm."
    given = (f"{own}estimator._target_=flight_delays.own.{estimator}", f"{own}early_stopping=null", "search.name=own")
    printed = refusal(search(mine, *SMALL, *given, "workers=2", check=False))
    assert f"error: {said}" in printed
    assert printed.count("a worker died") == relaunches


@pytest.mark.parametrize("trained", ["classification"], indirect=True)
def test_another_search_under_the_same_name_is_refused_with_what_differs(mine: Project) -> None:
    search(mine, *SMALL, "search.trials=2")
    printed = refusal(search(mine, *SMALL, "search.folds=4", "search.metric=log_loss", check=False))
    assert "outputs/search/lightgbm holds a search with another" in printed
    assert "folds (then 3, now 4)" in printed
    assert "metric (then roc_auc, now log_loss)" in printed
    assert "rm -r outputs/search/lightgbm" in printed
    search(mine, *SMALL, "search.trials=2", "search.folds=4", "search.name=other")
    own = mine.path / "conf/experiment/mine.yaml"
    own.write_text("# @package _global_\n# by hand\n")
    printed = refusal(search(mine, *SMALL, "search.name=mine", check=False))
    assert "conf/experiment/mine.yaml is there already and no search wrote it" in printed
    assert own.read_text() == "# @package _global_\n# by hand\n"


@pytest.mark.parametrize("trained", ["classification"], indirect=True)
def test_rows_that_both_teach_and_judge_are_refused(mine: Project) -> None:
    for name in ("train", "validation"):
        path = mine.path / f"data/split/{name}.parquet"
        content = (mine.path / "data/split/validation.parquet").read_bytes()
        path.unlink()
        path.write_bytes(content)
    assert "keys of train lie in validation too" in refusal(search(mine, *SMALL, check=False))


# For the other task the page on AutoML does the same.
@pytest.mark.parametrize("trained", ["regression"], indirect=True)
def test_automl_writes_a_family_with_its_settings_that_the_pipeline_takes_to_its_gate(mine: Project) -> None:
    mine.run("make", "automl", "BUDGET=60", "ARGS=search.sample=8000 search.trials=9 search.ensemble=true")
    found = mine.json("reports/search/automl.json")
    assert found["written"] == ["conf/model/automl.yaml", "conf/experiment/automl.yaml"]
    assert {row["family"] for row in trials(mine, "automl")} >= {"lightgbm"}
    assert len({row["family"] for row in trials(mine, "automl")}) >= 3
    assert found["winner"]["parity"] <= 1e-2
    done = mine.dvc("exp", "run", "--name", "found", "-S", "experiment=automl", check=False)
    assert "Traceback" not in done.stdout + done.stderr
    assert mine.json("reports/training.json")["model"]["format"] == "onnx"
    verdicts = {verdict["rule"]: verdict["passed"] for verdict in mine.json("reports/gate.json")}
    assert verdicts["parity"]
    assert verdicts["margin_over_baseline"]


@pytest.mark.parametrize("trained", ["regression"], indirect=True)
def test_a_short_budget_leaves_out_slow_families_and_folds_but_not_the_family_of_the_current_model(
    mine: Project,
) -> None:
    done = search(mine, "search=automl", "search.seconds=1", "search.sample=8000", check=False)
    assert "no trial was finished: allow more `search.seconds`" in done.stderr
    lines = (mine.path / "outputs/search/automl/journal.log").read_text().splitlines()
    (first,) = [of["user_attr"]["first"] for of in map(json.loads, lines) if "first" in of.get("user_attr", {})]
    assert len(first["families"]) == 2
    assert first["families"][1] == "lightgbm"
    assert set(first["slow"]) < {"ridge", "forest", "boosting"}
    assert first["folds"] == min(4, len(os.sched_getaffinity(0)))


DEADLINE = """
import time
from flight_delays.config import ROOT
from flight_delays.params import composed
from flight_delays.run import Files
from flight_delays.tuning.deadline import OutOfTimeError, until
from flight_delays.tuning.folds import Folds
from flight_delays.tuning.space import plan, settings, starts
it = plan(composed("tune", ["search=automl"]))
folds = Folds(it, Files(ROOT))
folds.keep(1)
def endless(value):
    if isinstance(value, dict):
        long = {"n_estimators": 100_000, "max_iter": 100_000, "C": 1e9}
        return {key: endless(long.get(key, of)) for key, of in value.items()} | ({"tol": 0.0} if "C" in value else {})
    return [endless(of) for of in value] if isinstance(value, list) else value
for family, candidate in it.search.candidates.items():
    model = settings(family, candidate, starts(family, candidate, it.config.model)[0])
    model = model.model_copy(update={"estimator": endless(model.estimator)})
    begun = time.monotonic()
    try:
        list(folds.evaluate(model, None, 1, begun + 0.5))
        print(family, "finished")
    except OutOfTimeError:
        print(family, "stopped" if time.monotonic() - begun < 20 else "too late")
try:
    with until(time.monotonic() + 0.1):
        while True:
            try:
                time.sleep(0.01)
            except Exception:
                pass  # swallows what stops it, until it is told where it does not
            time.sleep(0.02)
except OutOfTimeError:
    print("told again")
with until(time.monotonic() + 60):
    pass
print("in time")
"""


@pytest.mark.parametrize("trained", ["classification"], indirect=True)
def test_a_fit_of_any_family_is_stopped_when_its_time_is_up(trained: Project) -> None:
    printed = trained.run("uv", "run", "--no-sync", "python", "-c", DEADLINE).stdout.splitlines()
    families = ["lightgbm", "logistic", "forest", "boosting"]
    assert printed == [*(f"{family} stopped" for family in families), "told again", "in time"]


@pytest.mark.parametrize("trained", ["classification"], indirect=True)
def test_a_fit_of_minutes_does_not_break_a_budget_of_seconds(mine: Project) -> None:
    own = "search.candidates.lightgbm."
    slow = (f"{own}estimator.n_estimators=9000000", f"{own}early_stopping=9000000")
    starting = command(mine)
    begun = time.monotonic()
    done = mine.run(*starting, "search.seconds=15", "search.trials=null", "search.sample=3000", *slow, check=False)
    assert time.monotonic() - begun < 120  # it would be hours; others may use this machine
    assert '"begun": true' in (mine.path / JOURNAL).read_text().replace('"begun":true', '"begun": true')
    assert "no trial was finished: allow more `search.seconds`" in refusal(done)


RANGE = "is no range; allowed: {int: [low, high]} or {float: [low, high]}"
LEAVES = "search.candidates.lightgbm.estimator.num_leaves"
HERE = "conf/search/lightgbm.yaml: "
WRONG = [
    (["search=forests"], r"Could not find 'search/forests'[\s\S]*automl\s+lightgbm"),
    (
        ["+search.candidates.lightgbm.estimator.max_bin={ints: [8, 16]}"],
        rf"{HERE}candidates.lightgbm.estimator.max_bin: \{{ints: \[8, 16\]\}} {re.escape(RANGE)}",
    ),
    ([f"{LEAVES}={{int: [8, 9, 10]}}"], "is no range; allowed"),
    ([f"{LEAVES}={{int: [16, 8]}}"], "num_leaves: .*is empty"),
    (
        ["search.candidates.lightgbm.estimator.reg_lambda={float: [0, 8], log: true}"],
        "reg_lambda: .*is empty or, with log, not above 0",
    ),
    (["search.trials=null"], f"{HERE}trials, seconds: both are null"),
    (["search.trials=0"], f"{HERE}trials: .*greater than or equal to 1; it is 0"),
    (["search.metric={other}"], f"{HERE}metric: .* is none of {{task}}; allowed: .*"),
    (["+search.fold=3"], f"{HERE}fold: unknown key; allowed: .*folds"),
    (
        ["+search.candidates.lightgbm.scales=true"],
        f"{HERE}candidates.lightgbm.scales: unknown key; allowed: name, encode",
    ),
    (
        ["search.candidates.lightgbm.encode=hash"],
        f"{HERE}candidates.lightgbm.encode: .*'ordinal' or 'onehot'; it is 'hash'",
    ),
    (["~search.folds"], f"{HERE}folds: missing, and there is no default"),
    (["search.sampler._target_=optuna.samplers.Best"], f"{HERE}sampler: .*optuna.samplers.Best"),
    (["+search.candidates.lightgbm.estimator.leaf_count=3"], f"{HERE}estimator: leaf_count: no such argument; allowed"),
    (["search.candidates.lightgbm.estimator.objective=nothing"], "lightgbm.estimator: cannot be fitted: .*objective"),
    (["model.estimator.num_leaves=many"], "conf/model/lightgbm.yaml: estimator: cannot be fitted: .*num_leaves"),
    (["workers=0"], "conf/tune.yaml: workers: 0 is no count of workers"),
    (["data.horizon=2h"], "data: the rows in data/split were made with another setting"),
]


@pytest.mark.parametrize("trained", ["regression"], indirect=True)
def test_a_wrong_setting_is_refused_with_file_key_and_what_is_allowed(mine: Project) -> None:
    for overrides, expected in WRONG:
        known = {"other": "roc_auc", "task": "regression"}
        for name, value in known.items():
            overrides = [of.replace(f"{{{name}}}", value) for of in overrides]
            expected = expected.replace(f"{{{name}}}", value)
        printed = refusal(search(mine, *SMALL, *overrides, check=False))
        assert re.search(expected, printed), f"{overrides}: {printed}"
        mine.run("rm", "-rf", "outputs/search")
    (mine.path / "outputs").mkdir(exist_ok=True)
    (mine.path / "outputs/search").write_text("no folder")
    assert re.search(r"outputs/search/?\S* cannot be written: ", refusal(search(mine, *SMALL, check=False)))


FOLDS = """
import sys, polars as pl, numpy as np
from types import SimpleNamespace as Of
from flight_delays.tuning.folds import cut
from flight_delays.config import RandomSplit
rows = pl.DataFrame({"g": [n // 5 for n in range(100)], "_taught": [n % 4 > 0 for n in range(100)]})
def plan(split, folds, time=None):
    task = Of(name="classification")
    return Of(search=Of(folds=folds), config=Of(split=split, seed=1, task=task, data=Of(time=time)), here="x")
target = np.arange(100) % 2.0
share = dict(name="n", validation=0.2, test=0.2)
grouped = cut(rows, plan(RandomSplit(strategy="grouped", group="g", **share), 4), target)
assert all(not {*rows["g"][a]} & {*rows["g"][b]} for a, b in grouped)
forward = cut(rows, plan(RandomSplit(strategy="random", **share), 4, "t"), target)
assert all(a.max() < b.min() for a, b in forward)
mixed = cut(rows, plan(RandomSplit(strategy="random", **share), 4), target)
assert sorted(np.concatenate([b for _, b in mixed])) == list(range(100))
assert all(target[b].mean() in (0.48, 0.52, 0.5) or abs(target[b].mean() - 0.5) < 0.03 for _, b in mixed)
((a, b),) = cut(rows, plan(RandomSplit(strategy="random", **share), 1), target)
assert rows["_taught"][a].all() and not rows["_taught"][b].any()
print("folds hold")
"""


@pytest.mark.parametrize("trained", ["classification"], indirect=True)
def test_folds_go_forward_in_time_keep_groups_whole_and_else_share_out_the_classes(trained: Project) -> None:
    assert trained.run("uv", "run", "--no-sync", "python", "-c", FOLDS).stdout == "folds hold\n"
