"""The feature mlflow: what a run, an experiment, a search and a version leave on a real server, and without one."""

import csv
import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from harness import BUILD, Project, commit, environment, render, run

pytestmark = [pytest.mark.project, pytest.mark.xdist_group("mlflow")]
# Its packages are half a gigabyte that no other project needs.
ENVIRONMENT = str(BUILD / "environments" / "mlflow")
NOBODY = "http://127.0.0.1:9"  # the port of a service that nobody runs


@dataclass(frozen=True)
class Tracked(Project):
    """A project that logs to a server."""

    uri: str = ""

    def run(self, *command: str | Path, check: bool = True, **extra: str) -> subprocess.CompletedProcess[str]:
        """Run a command with the environment of the feature; `MLFLOW_TRACKING_URI=""` means the local store."""
        own = {"UV_PROJECT_ENVIRONMENT": ENVIRONMENT, "MLFLOW_TRACKING_URI": self.uri}
        return super().run(*command, check=check, **{**own, **extra})

    def ask(self, path: str, **body: Any) -> Any:
        """Ask the server."""
        given = json.dumps(body).encode() if body else None
        headers = {"Content-Type": "application/json"}
        with urllib.request.urlopen(urllib.request.Request(f"{self.uri}/api/2.0/mlflow/{path}", given, headers)) as got:
            return json.load(got)

    def runs(self, condition: str = "") -> dict[str, dict[str, Any]]:
        """The runs on the server by their names: the newest, if several have one."""
        experiment = self.ask("experiments/get-by-name?experiment_name=flight_delays")["experiment"]["experiment_id"]
        found = self.ask("runs/search", experiment_ids=[experiment], filter=condition, order_by=["start_time ASC"])
        return {each["info"]["run_name"]: each for each in found.get("runs", [])}


def data(entry: dict[str, Any], kind: str) -> dict[str, Any]:
    """The params, metrics or tags of a run."""
    return {each["key"]: each["value"] for each in entry["data"].get(kind, [])}


@pytest.fixture(scope="module")
def tracked(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tracked]:
    """A project after a commit, a small run and its commit, and the server that `make mlflow` starts."""
    path = render(template, tmp_path_factory.mktemp("mlflow") / "flights", features=["mlflow", "registry", "tuning"])
    settings = path / "conf/config.yaml"
    settings.write_text(settings.read_text().replace("optional debug: null", "optional debug: smoke"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    project = Tracked(path, uri=f"http://127.0.0.1:{port}")
    commit(path)
    project.run("make", "setup")
    extra = {"UV_PROJECT_ENVIRONMENT": ENVIRONMENT, "PYTHONPATH": str(path / "src")}
    server = subprocess.Popen(
        ["make", "mlflow", f"PORT={port}"],
        cwd=path,
        env=environment() | extra,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait(f"{project.uri}/health", server)
        project.run("make", "run")
        commit(path)
        yield project
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)


def wait(address: str, server: subprocess.Popen[bytes]) -> None:
    """Until the server answers."""
    for _ in range(240):
        try:
            urllib.request.urlopen(address)
        except (urllib.error.URLError, ConnectionError):
            assert server.poll() is None, "the server has ended"
            time.sleep(0.5)
        else:
            return
    raise AssertionError(f"{address} does not answer")


def test_a_run_leaves_settings_intervals_curves_reports_and_tags(tracked: Tracked) -> None:
    (entry,) = [each for name, each in tracked.runs().items() if len(name.rstrip("+")) == 7]
    assert entry["info"]["status"] == "FINISHED"
    params, metrics, tags = (data(entry, kind) for kind in ("params", "metrics", "tags"))
    assert (params["model.name"], params["data.sample"]) == ("lightgbm", "2000")
    whole = tracked.json("reports/evaluation.json")["models"]["model"]["test"]["roc_auc"]
    assert [metrics[f"test/roc_auc{end}"] for end in ("", "_low", "_high")] == [
        pytest.approx(whole[end]) for end in ("value", "low", "high")
    ]
    assert metrics["seconds/train"] == tracked.json("reports/run.json")["seconds"]["train"]
    curve = tracked.ask(f"metrics/get-history?run_id={entry['info']['run_id']}&metric_key=loss/validation")["metrics"]
    assert [int(point["step"]) for point in curve] == list(range(5, 251, 5))
    assert tags["mlflow.source.git.commit"] == tracked.run("git", "rev-parse", "HEAD~1").stdout.strip()
    assert f"md5: {tags['data']}" in (tracked.path / "dvc.lock").read_text()
    listed = tracked.ask(f"artifacts/list?run_id={entry['info']['run_id']}&path=reports")["files"]
    assert {"reports/report.html", "reports/plots", "reports/learning"} <= {each["path"] for each in listed}
    assert tracked.run("git", "status", "--porcelain").stdout == ""
    assert "up to date" in tracked.dvc("status").stdout


def test_an_experiment_is_logged_under_its_name_also_from_a_folder_of_its_own(tracked: Tracked) -> None:
    tracked.dvc(
        "exp", "run", "--temp", "--name", "elsewhere", "-S", "debug=smoke", "-S", "model=linear", MLFLOW_TRACKING_URI=""
    )
    found = tracked.runs()["elsewhere"]
    assert data(found, "params")["model.name"] == "linear"
    assert data(found, "tags")["experiment"] == "elsewhere"
    assert not [name for name in data(found, "metrics") if name.startswith("loss/")]


def test_a_server_that_is_away_costs_no_experiment_and_is_told_in_one_line(tracked: Tracked, tmp_path: Path) -> None:
    begun = time.monotonic()
    done = tracked.dvc(
        "exp", "run", "--temp", "--name", "alone", "-S", "debug=smoke", "-S", "seed=3", MLFLOW_TRACKING_URI=NOBODY
    )
    assert time.monotonic() - begun < 120
    (told,) = [line for line in done.stderr.splitlines() if "not logged" in line]
    assert told.startswith(f"track: not logged: MLflow at {NOBODY} does not answer as it should: nobody is there; ")
    assert told.endswith("the run is kept, and `make mlflow-log` logs it later")
    assert "alone" in tracked.dvc("exp", "list", "--name-only").stdout.split()
    late = tracked.run("make", "mlflow-log", check=False, MLFLOW_TRACKING_URI="http://user:secret@127.0.0.1:9")
    assert late.returncode
    assert "error: MLflow at http://127.0.0.1:9 does not answer" in late.stderr
    assert "Traceback" not in late.stderr
    assert "secret" not in late.stderr


def test_a_run_by_hand_is_not_logged(tracked: Tracked) -> None:
    before = len(tracked.runs())
    shutil.copytree(tracked.path / "models", tracked.path / "outputs/hand/models")
    tracked.module("stages.track", "hydra.run.dir=outputs/hand")
    assert len(tracked.runs()) == before


def test_a_search_is_a_run_with_one_below_it_for_each_trial(tracked: Tracked) -> None:
    printed = tracked.run("make", "tune", "ARGS=search.trials=3 search.folds=2 search.name=leaves").stdout
    assert "search leaves with 3 trials is in MLflow" in printed
    found = tracked.runs("tags.search = 'leaves'")
    parent = found.pop("leaves")["info"]["run_id"]
    assert found.keys() == {"trial 1", "trial 2", "trial 3"}
    assert {data(each, "tags")["mlflow.parentRunId"] for each in found.values()} == {parent}
    with (tracked.path / "reports/search/leaves.csv").open() as file:
        for trial in csv.DictReader(file):
            logged = found[f"trial {trial['trial']}"]
            assert data(logged, "metrics").get("roc_auc") == (float(trial["roc_auc"]) if trial["roc_auc"] else None)
            leaves = "lightgbm.estimator.num_leaves"
            assert data(logged, "params")[leaves] == trial[leaves]
    unknown = tracked.run("make", "mlflow-search", "NAME=none", check=False)
    assert unknown.returncode
    assert "error: there is no search none in reports/search; there is: leaves" in unknown.stderr


LOAD = """
import sys, json, mlflow, onnxruntime, polars as pl
from flight_delays.artifact import load
from flight_delays.columns import prepare
model = mlflow.onnx.load_model("models:/flight_delays@champion")
ours = load(__import__("pathlib").Path("models/model"))
rows = pl.read_parquet("data/split/test.parquet").head(50)
session = onnxruntime.InferenceSession(model.SerializeToString())
ready = prepare(rows, ours.inputs)
kinds = {each.name: object if "string" in each.type else "float32" for each in session.get_inputs()}
said = session.run(None, {name: ready[name].to_numpy().astype(kinds[name]).reshape(-1, 1) for name in kinds})[-1][:, 1]
print(abs(said - ours.score(rows)).max())
"""


def test_versions_and_aliases_follow_the_git_tags_and_the_champion_loads_as_it_was_shipped(tracked: Tracked) -> None:
    none = tracked.run("make", "mlflow-sync", check=False)
    assert none.returncode
    assert "error: no Git tag such as model@v0.1.0 names a version of the model" in none.stderr

    tracked.run("git", "clean", "--quiet", "--force", "-d", "conf", "reports")
    tracked.run("git", "checkout", "--quiet", ".")
    for command in (("register",), ("promote",), ("promote", "STAGE=challenger")):
        assert "is in step with the Git tags" in tracked.run("make", *command).stdout
    model = tracked.ask("registered-models/get?name=flight_delays")["registered_model"]
    assert {each["alias"]: each["version"] for each in model["aliases"]} == {"champion": "1", "challenger": "1"}
    code = tracked.run("uv", "run", "--no-sync", "python", "-c", LOAD)
    assert float(code.stdout.split()[-1]) < 1e-6

    tag = ("git", "tag", "--annotate", "--message", "tagged")
    # The challenger is taken back, and a version of a commit whose run is not there is told.
    tracked.run(*tag, "model#challenger!#3")
    tracked.run(*tag, "model@v0.0.9", "HEAD~1")
    printed = tracked.run("make", "mlflow-sync").stdout
    assert "v0.0.9: its run is not in MLflow: `git switch --detach model@v0.0.9`, `make mlflow-log`" in printed
    model = tracked.ask("registered-models/get?name=flight_delays")["registered_model"]
    assert {each["alias"] for each in model["aliases"]} == {"champion"}

    tracked.run(*tag, "model@v0.1.0!")
    tracked.run(*tag, "model@v0.2.0")
    assert "v0.1.0: deregistered, so deleted" in tracked.run("make", "mlflow-sync").stdout
    versions = tracked.ask("model-versions/search?filter=name='flight_delays'")["model_versions"]
    assert [(each["version"], data({"data": each}, "tags")["version"]) for each in versions] == [("2", "v0.2.0")]


def test_the_checks_of_a_project_with_the_feature_find_nothing(tracked: Tracked, tmp_path: Path) -> None:
    tracked.run("git", "stash", "--include-untracked", "--quiet", check=False)
    tracked.run("uv", "run", "--no-sync", "mypy")
    tracked.run("uv", "run", "--no-sync", "ruff", "check", ".")
    assert run("git", "status", "--porcelain", cwd=tracked.path).stdout == ""
