"""The registry of models at work: each command in a project with a history of versions, a storage and an origin."""

import hashlib
import importlib
import json
import os
import pty
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest
from harness import BUILD, CLASSIFICATION, REGRESSION, Project, commit, environment, render

pytestmark = pytest.mark.project
TRAINING = ("numpy", "polars", "sklearn", "lightgbm")
# Prints what GTO itself reads: the versions in use, and the version of each stage.
GTO = """
import json, gto.api
versions = [found["version"] for found in gto.api.show(".", "model") if found["is_active"]]
print(json.dumps({"versions": sorted(versions), "stages": gto.api.show(".")["model"]["stage"]}))
"""


def tags(project: Project, where: str = ".") -> set[str]:
    """The tags of a repository."""
    return set(project.run("git", "-C", where, "tag", "--list").stdout.split())


def message(project: Project, tag: str) -> tuple[str, dict[str, Any]]:
    """The line for people and the object for programs of a tag."""
    head, body = project.run("git", "for-each-ref", "--format=%(contents)", f"refs/tags/{tag}").stdout.split("\n\n", 1)
    return head, json.loads(body)


def refused(project: Project, *command: str, **extra: str) -> str:
    """What a refused command says: one or more lines, no traceback, and no tag has come or gone, here or at origin."""
    before = tags(project), tags(project, "../origin.git")
    done = project.run(*command, check=False, **extra)
    assert done.returncode, done.stdout
    assert done.stderr.startswith("error: "), done.stderr
    assert "Traceback" not in done.stderr
    assert (tags(project), tags(project, "../origin.git")) == before
    return done.stdout + done.stderr


def clone(project: Project, name: str) -> Project:
    """Another person's clone of origin, beside the project."""
    path = project.path.parent / name
    project.run("git", "clone", "--quiet", "../origin.git", path)
    project.run("git", "-C", path, "remote", "set-url", "origin", "../origin.git")
    return Project(path)


def corrupt(folder: Path) -> None:
    """Change one byte of every model in a cache or a storage."""
    models = [path for path in folder.rglob("*") if path.is_file() and b"ai.onnx.ml" in path.read_bytes()]
    assert models
    for path in models:
        path.chmod(0o644)
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)


@pytest.fixture(scope="session")
def throne(shelf: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project with three versions after v0.1.0 has become champion; to be read only."""
    folder = tmp_path_factory.mktemp("throne") / "shelf"
    shutil.copytree(shelf.path.parent, folder, symlinks=True)
    project = Project(folder / "flights")
    project.run("make", "promote", "VERSION=v0.1.0")
    return project


@pytest.fixture
def crowned(throne: Project, tmp_path: Path) -> Project:
    """A copy of the project whose champion is v0.1.0, of its storage and of its `origin`, for one test to change."""
    shutil.copytree(throne.path.parent, tmp_path / "shelf", symlinks=True)
    return Project(tmp_path / "shelf/flights")


# --- register -------------------------------------------------------------------------------------


@CLASSIFICATION
def test_the_tag_of_a_version_says_all_about_it(shelf: Project) -> None:
    head, of = message(shelf, "model@v0.3.0")
    evaluation = shelf.json("reports/evaluation.json")
    metric = evaluation["metric"]
    value = evaluation["models"]["model"]["test"][metric]
    told = f"{metric} {value['value']:.4f} ({value['low']:.4f} to {value['high']:.4f}) on 27,075 test rows"
    assert head == f"Register v0.3.0: {told}"
    assert of["metrics"] == evaluation["models"]["model"]["test"]
    assert of["gate"] == shelf.json("reports/gate.json")
    assert {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in model_files(shelf)} == of["files"]
    assert of["data"].keys() == {"data/ingested.parquet", "data/split", "data/predictions.parquet"}
    assert all(digest in (shelf.path / "dvc.lock").read_text() for digest in of["data"].values())
    assert of["params"] == hashlib.sha256((shelf.path / "params.yaml").read_bytes()).hexdigest()
    assert of["packages"] == hashlib.sha256((shelf.path / "uv.lock").read_bytes()).hexdigest()
    assert (of["task"], of["target"], of["rows"]["test"]) == (evaluation["task"], evaluation["target"], 27075)
    assert re.fullmatch(r"3\.11\.\d+", of["python"])
    assert shelf.run("git", "rev-parse", "model@v0.3.0^{commit}").stdout == shelf.run("git", "rev-parse", "HEAD").stdout


def model_files(project: Project) -> list[tuple[str, Path]]:
    """The files of the model in the folder."""
    return [(path.name, path) for path in (project.path / "models/model").iterdir()]


@CLASSIFICATION
def test_every_version_is_shared_by_origin_and_by_the_storage(shelf: Project) -> None:
    assert tags(shelf, "../origin.git") == tags(shelf) == {"model@v0.1.0", "model@v0.2.0", "model@v0.3.0"}
    stored = [path.read_bytes() for path in (shelf.path.parent / "flight-delays-storage").rglob("*") if path.is_file()]
    digests = {hashlib.sha256(content).hexdigest() for content in stored}
    for version in ("v0.1.0", "v0.2.0", "v0.3.0"):
        assert set(message(shelf, f"model@{version}")[1]["files"].values()) <= digests
    assert len(stored) < 30, "only models, no data"


@CLASSIFICATION
def test_the_next_version_is_what_was_asked_for(versions: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(versions.path)
    assert "model@v0.3.1: " in versions.run("make", "register", "BUMP=patch").stdout
    assert "model@v0.3.1" in tags(versions, "../origin.git")
    register, state, events = imported(versions, monkeypatch, "register", "state", "events")
    known = ("v0.3.1", "v0.10.0", "v0.9.9")
    registry = state.Registry([events.Event("", "register", name, "", "", None, "", name) for name in known])
    assert register.chosen(registry, "", "") == "v0.11.0"
    assert register.chosen(registry, "", "major") == "v1.0.0"
    assert register.chosen(registry, "v2.5.0", "") == "v2.5.0"
    assert register.chosen(state.Registry([]), "", "") == "v0.1.0"


def imported(project: Project, monkeypatch: pytest.MonkeyPatch, *names: str) -> list[Any]:
    """Modules of the project's registry, which need nothing but the standard library and PyYAML."""
    monkeypatch.syspath_prepend(str(project.path / "src"))
    for name in [name for name in sys.modules if name.partition(".")[0] == project.package]:
        monkeypatch.delitem(sys.modules, name)
    return [importlib.import_module(f"{project.package}.registry.{name}") for name in names]


@CLASSIFICATION
@pytest.mark.parametrize(
    ("harm", "given", "said"),
    [
        ("dirty", (), "error: not committed: notes.txt; commit or `git stash -u` first"),
        ("no run", (), "holds no run, it lacks dvc.lock: `make run`"),
        ("stale code", (), "split: src/flight_delays/features.py is modified"),
        ("stale settings", (), "params.yaml is not what conf/ compiles to"),
        ("refused by the gate", (), "gate latency_ms refuses: too slow\nerror: a model that the gate refuses gets no"),
        ("no gate", (), "holds no verdict of the gate"),
        ("no remote", (), "DVC has no default remote"),
        ("nothing", ("VERSION=v0.2.0",), "v0.2.0 exists, by Test at commit"),
        ("nothing", ("VERSION=0.4",), "0.4 is no version: write one such as v1.2.0"),
        ("nothing", ("VERSION=v1.0.0", "BUMP=major"), "VERSION and BUMP are two ways to say one thing"),
        ("retired", ("VERSION=v0.1.0",), "v0.1.0 was retired, and its number is not used again"),
        ("the same commit", (), "this commit is v0.3.0: a new version is a new run"),
        ("no file in the cache", (), "is neither in the cache nor in the remote storage"),
        ("a corrupted cache", (), "is neither in the cache nor in the remote storage"),
        ("a corrupted remote", (), "or else the remote is damaged:\n  model.onnx: "),
        ("origin is gone", (), "origin cannot be asked what others have done, so nothing is changed"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 30 else "",
)
def test_what_cannot_be_a_version_is_refused(harm: str, given: tuple[str, ...], said: str, versions: Project) -> None:
    path = versions.path
    if harm == "no run":
        (path / "dvc.lock").unlink()
    elif harm == "stale code":
        with (path / "src/flight_delays/features.py").open("a") as file:
            file.write("# changed\n")
    elif harm == "stale settings":
        replace(path / "conf/train/default.yaml", "name: default", "name: other")
    elif harm == "refused by the gate":
        verdicts = versions.json("reports/gate.json")
        verdicts[-1] |= {"passed": False, "message": "too slow"}
        (path / "reports/gate.json").write_text(json.dumps(verdicts))
    elif harm == "no gate":
        (path / "reports/gate.json").write_text("[]")
    elif harm == "no remote":
        versions.dvc("remote", "remove", "storage")
    elif harm == "retired":
        versions.run("make", "retire", "VERSION=v0.1.0", "REASON=old")
    elif harm == "no file in the cache":
        shutil.rmtree(path / ".dvc/cache")
        shutil.rmtree(path.parent / "flight-delays-storage")
    elif harm == "a corrupted cache":
        shutil.rmtree(path.parent / "flight-delays-storage")
        corrupt(path / ".dvc/cache")
    elif harm == "a corrupted remote":
        corrupt(path.parent / "flight-delays-storage")
    if harm != "the same commit":
        commit(path)
    if harm == "dirty":
        (path / "notes.txt").write_text("mine")
    if harm == "origin is gone":
        (path.parent / "origin.git").rename(path.parent / "away.git")
        done = versions.run("make", "register", check=False)
        (path.parent / "away.git").rename(path.parent / "origin.git")
        assert said in done.stderr
        assert tags(versions) == tags(versions, "../origin.git")
        return
    assert said in refused(versions, "make", "register", *given)


def replace(path: Path, old: str, new: str) -> None:
    """Change the first place of a text in a file."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


# --- promote --------------------------------------------------------------------------------------


@CLASSIFICATION
def test_a_better_version_becomes_champion_and_a_worse_one_does_not(versions: Project) -> None:
    first = versions.run("make", "promote", "VERSION=v0.1.0").stdout
    assert first == "champion: v0.1.0 (all gates hold)\n"
    versions.run("make", "promote", "VERSION=v0.2.0")
    head, of = message(versions, "model#champion#2")
    comparison = of["comparison"]
    assert head == f"Promote v0.2.0 to champion: {comparison['verdict']}"
    assert comparison["passed"]
    assert (of["version"], of["from"], comparison["champion_version"]) == ("v0.2.0", "v0.1.0", "v0.1.0")
    assert 0 < comparison["advantage"]["low"] < comparison["advantage"]["value"] < comparison["advantage"]["high"]
    assert comparison["rows"] == 27075
    # The rows are those of today, which lack a column that both were trained on: it was computed anew, to the last bit.
    for role, version in (("challenger", "v0.2.0"), ("champion", "v0.1.0")):
        then = message(versions, f"model@{version}")[1]["metrics"][comparison["metric"]]["value"]
        assert comparison[role]["value"] == pytest.approx(then, abs=1e-12)
    assert comparison["policy"]["confidence"] == 0.95

    said = refused(versions, "make", "promote", "VERSION=v0.1.0")
    assert re.search(
        r"error: v0\.1\.0 against the champion v0\.2\.0: \w+ -[\d.]+ \(.*\), not surely better by more", said
    )
    assert 'OVERRIDE="reason" promotes in spite of that' in said
    assert "v0.3.0 against the champion v0.2.0" in refused(versions, "make", "promote")
    assert json.loads(versions.run("uv", "run", "--no-sync", "python", "-c", GTO).stdout) == {
        "versions": ["v0.1.0", "v0.2.0", "v0.3.0"],
        "stages": {"champion": "v0.2.0"},
    }
    assert tags(versions, "../origin.git") == tags(versions)


@CLASSIFICATION
@pytest.mark.parametrize(
    ("harm", "given", "said"),
    [
        ("nothing", ("STAGE=production",), "no stage production: conf/promotion.yaml allows champion, challenger"),
        ("nothing", ("VERSION=v9.0.0",), "no version v9.0.0: there are v0.1.0, v0.2.0, v0.3.0, champion"),
        ("nothing", ("VERSION=v0.1.0",), "v0.1.0 is champion already"),
        ("nothing", ("VERSION=v0.2.0", "OVERRIDE= "), "an override needs its reason"),
        ("retired", ("VERSION=v0.2.0",), "v0.2.0 was retired by Test: promote another"),
        ("dirty", ("VERSION=v0.2.0",), "not committed: notes.txt"),
        ("no policy", ("VERSION=v0.2.0",), "conf/promotion.yaml is missing: without a policy nothing is promoted"),
        (
            "a policy with a typo",
            ("VERSION=v0.2.0",),
            "conf/promotion.yaml: margins: unknown key; allowed: stages, margin",
        ),
        ("no test rows", ("VERSION=v0.2.0",), "data/split/test.parquet is missing, so nothing can be compared"),
        ("other test rows", ("VERSION=v0.2.0",), "data/split is not what the last commit says"),
        ("features that fail", ("VERSION=v0.2.0",), "cannot be compared with the champion v0.1.0: ColumnNotFoundError"),
        ("another question", ("VERSION=v0.2.0",), "predicts late (classification), this project now arrival_delay"),
        ("a broken champion", ("VERSION=v0.2.0",), "the files of v0.1.0 are not what was registered"),
        ("a margin", ("VERSION=v0.2.0",), "not surely better by more than 0.5"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 30 else "",
)
def test_what_is_in_doubt_is_not_promoted(harm: str, given: tuple[str, ...], said: str, crowned: Project) -> None:
    path = crowned.path
    policy, features = path / "conf/promotion.yaml", path / "src/flight_delays/features.py"
    if harm == "retired":
        crowned.run("make", "retire", "VERSION=v0.2.0", "REASON=wrong")
    elif harm == "no policy":
        policy.unlink()
    elif harm == "a policy with a typo":
        replace(policy, "margin:", "margins:")
    elif harm == "no test rows":
        (path / "data/split/test.parquet").unlink()
    elif harm == "other test rows":
        shutil.copy(path / "data/split/validation.parquet", path / "data/split/test.parquet")
    elif harm == "features that fail":
        replace(features, "rows = add_calendar(", 'rows = rows.drop("origin")\n    rows = add_calendar(')
    elif harm == "another question":
        replace(path / "conf/config.yaml", "- task: classification", "- task: regression")
        crowned.run("make", "params")
    elif harm == "a broken champion":
        corrupt_only(crowned, "v0.1.0")
    elif harm == "a margin":
        replace(policy, "margin: 0.0", "margin: 0.5")
    commit(path)
    if harm == "dirty":
        (path / "notes.txt").write_text("mine")
    assert said in refused(crowned, "make", "promote", *given)


def corrupt_only(project: Project, version: str) -> None:
    """Change the model of one version in the cache."""
    expected = message(project, f"model@{version}")[1]["files"]["model.onnx"]
    for path in (project.path / ".dvc/cache").rglob("*"):
        if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == expected:
            path.chmod(0o644)
            path.write_bytes(path.read_bytes()[:-1] + b"x")
            return
    raise AssertionError("not in the cache")


@CLASSIFICATION
def test_a_version_that_the_gate_refused_stays_out_of_every_stage(versions: Project) -> None:
    # Such a version can only come from GTO itself: `make register` refuses it.
    verdicts = versions.json("reports/gate.json")
    verdicts[0] |= {"passed": False, "message": "worse than a guess"}
    (versions.path / "reports/gate.json").write_text(json.dumps(verdicts))
    commit(versions.path)
    body = json.dumps(message(versions, "model@v0.3.0")[1])
    versions.run("git", "tag", "--annotate", "--message", f"By hand\n\n{body}", "model@v0.4.0")
    for stage in ("challenger", "champion"):
        said = refused_here(versions, "make", "promote", f"STAGE={stage}")
        assert "error: gate margin_over_baseline refuses: worse than a guess\n" in said
    assert not [tag for tag in tags(versions) if "#" in tag]


def refused_here(project: Project, *command: str) -> str:
    """What a command says that is refused while this clone holds tags that origin does not."""
    before = tags(project)
    done = project.run(*command, check=False)
    assert done.returncode
    assert tags(project) == before
    return done.stderr


@CLASSIFICATION
def test_an_override_promotes_and_is_on_record(versions: Project) -> None:
    versions.run("make", "promote", "VERSION=v0.2.0")
    reason = 'it\'s "urgent": v0.2.0 leaks $(touch hacked) `touch hacked`'.replace("$", "$$")
    versions.run("make", "promote", "VERSION=v0.1.0", f"OVERRIDE={reason}")
    head, of = message(versions, "model#champion#2")
    assert of["override"]["reason"] == reason.replace("$$", "$")
    assert head == f"Promote v0.1.0 to champion: override: {of['override']['reason']}"
    assert of["override"]["broken"] == [f"v0.1.0 against the champion v0.2.0: {of['comparison']['verdict']}"]
    assert not (versions.path / "hacked").exists()
    assert "override: it's" in versions.run("make", "history").stdout


@CLASSIFICATION
def test_no_override_helps_a_file_that_is_not_what_was_registered(versions: Project) -> None:
    corrupt_only(versions, "v0.2.0")
    said = refused(versions, "make", "promote", "VERSION=v0.2.0", "OVERRIDE=because")
    expected = message(versions, "model@v0.2.0")[1]["files"]["model.onnx"]
    assert re.search(rf"of v0\.2\.0 are not .*\n  model\.onnx: {expected} is registered, [0-9a-f]{{64}} is here", said)


@CLASSIFICATION
def test_the_features_of_todays_code_are_told_of(crowned: Project) -> None:
    with (crowned.path / "src/flight_delays/features.py").open("a") as file:
        file.write("# changed\n")
    commit(crowned.path)
    printed = crowned.run("make", "promote", "VERSION=v0.2.0").stdout
    assert "src/flight_delays/features.py has changed since the champion" in printed


@REGRESSION
def test_a_version_is_better_if_its_error_is_smaller(mine: Project) -> None:
    mine.run("git", "init", "--quiet", "--bare", "../origin.git")
    mine.run("git", "remote", "add", "origin", "../origin.git")
    assert "model@v0.1.0: mae " in mine.run("make", "register").stdout
    mine.run("make", "promote")
    replace(mine.path / "conf/model/lightgbm.yaml", "n_estimators: 250", "n_estimators: 25")
    mine.run("make", "run")
    commit(mine.path)
    mine.run("make", "register")
    then, now = (message(mine, f"model@{version}")[1]["metrics"]["mae"]["value"] for version in ("v0.1.0", "v0.2.0"))
    assert then < now
    assert "v0.2.0 against the champion v0.1.0: mae " in refused(mine, "make", "promote")
    mine.run("make", "promote", "OVERRIDE=smaller")
    mine.run("make", "promote", "VERSION=v0.1.0")
    comparison = message(mine, "model#champion#3")[1]["comparison"]
    assert comparison["passed"]
    assert 0 < comparison["advantage"]["low"] < now - then < comparison["advantage"]["high"]
    for role, value in (("challenger", then), ("champion", now)):
        assert comparison[role]["value"] == pytest.approx(value, abs=1e-12)


# What the policy makes of pairs of scores: each line is a name, the policy, and what is expected.
JUDGE = """
import numpy as np
from flight_delays.config import ROOT, read
from flight_delays.errors import ProjectError
from flight_delays.registry.contest import judge
from flight_delays.registry.policy import Promotion
from flight_delays.run import compiled

config = read(compiled(ROOT / "params.yaml"))
chance = np.random.default_rng(0)
target = chance.integers(0, 2, 2000).astype(float)
noise = chance.normal(0, 0.1, 2000)
good, poor = (np.clip(0.5 + of * (target - 0.5) + noise, 0, 1) for of in (0.2, 0.05))
small, large = {"challenger": 1, "champion": 3}, {"challenger": 3, "champion": 3}

def passed(ours, theirs, size=large, latency=large, **policy):
    of = judge(config, Promotion(**policy), target, {"challenger": ours, "champion": theirs}, size, latency)
    assert of["advantage"]["low"] <= of["advantage"]["high"] or np.isnan(of["advantage"]["low"])
    return of["passed"]

assert passed(good, poor)
assert not passed(poor, good)
assert not passed(good, good), "no better"
assert not passed(good, poor, margin=100), "better, but not by the margin"
assert not passed(good, good, size=small), "smaller, but that way is closed"
assert passed(good, good, size=small, not_worse_by=0.01)
assert passed(good, good, latency=small, not_worse_by=0.01)
assert not passed(good, good, not_worse_by=0.01), "as good, but neither smaller nor faster"
assert not passed(poor, good, size=small, not_worse_by=0.01), "smaller, but worse"
barely = np.where(np.arange(2000) < 3, target, good)
assert not passed(barely, good, margin=0.01), "within the noise"
for scores in ((np.full(2000, np.nan), poor), (good, np.append(poor[1:], np.inf))):
    try:
        raise AssertionError(passed(*scores))
    except ProjectError as error:
        print(error)
"""


def test_the_policy_lets_pass_only_what_it_says(trained: Project) -> None:
    assert trained.run("uv", "run", "--no-sync", "python", "-c", JUDGE).stdout == (
        "the challenger answers 2,000 of 2,000 rows with no number, so nothing can be compared\n"
        "the champion answers 1 of 2,000 rows with no number, so nothing can be compared\n"
    )


# --- roll back, retire ----------------------------------------------------------------------------


@CLASSIFICATION
def test_rollbacks_go_back_one_by_one_past_what_is_retired(versions: Project) -> None:
    # A challenger is not compared, which takes most of the time of a champion's promotion.
    promote, rollback = ("make", "promote", "STAGE=challenger"), ("make", "rollback", "STAGE=challenger")
    for version in ("v0.1.0", "v0.2.0", "v0.3.0"):
        versions.run(*promote, f"VERSION={version}")
    assert versions.run(*rollback, "REASON=too slow").stdout == "challenger: v0.2.0 again, instead of v0.3.0\n"
    assert message(versions, "model#challenger#4")[1] == {
        "kind": "rollback",
        "stage": "challenger",
        "version": "v0.2.0",
        "from": "v0.3.0",
        "reason": "too slow",
    }
    assert versions.run(*rollback).stdout == "challenger: v0.1.0 again, instead of v0.2.0\n"
    assert "v0.1.0 is the first challenger that is left: there is nothing to go back to" in refused(versions, *rollback)
    assert "no version is champion, so there is nothing to go back from" in refused(versions, "make", "rollback")
    for version in ("v0.2.0", "v0.3.0"):
        versions.run(*promote, f"VERSION={version}")
    versions.run("make", "retire", "VERSION=v0.2.0", "REASON=leaks")
    assert versions.run(*rollback).stdout == "challenger: v0.1.0 again, instead of v0.3.0\n"
    assert tags(versions, "../origin.git") == tags(versions)
    lines = versions.run("make", "history").stdout.splitlines()
    assert re.search(r"Test +challenger was rolled back to v0\.1\.0 +- +model#challenger#8 *$", lines[1])
    assert re.search(r"Test +challenger was rolled back to v0\.2\.0 +too slow +model#challenger#4 *$", lines[6])
    assert len(lines) == 1 + 3 + 9, "the head, the versions, and what was done with them"


@CLASSIFICATION
def test_a_version_in_use_is_not_retired_and_one_that_is_never_comes_back(crowned: Project) -> None:
    crowned.run("make", "promote", "VERSION=v0.3.0", "STAGE=challenger")
    assert "v0.1.0 is champion: promote another first" in refused(
        crowned, "make", "retire", "VERSION=v0.1.0", "REASON=x"
    )
    assert "v0.3.0 is challenger" in refused(crowned, "make", "retire", "VERSION=v0.3.0", "REASON=x")
    assert "say which version and why" in refused(crowned, "make", "retire", "VERSION=v0.2.0")
    assert "say which version and why" in refused(crowned, "make", "retire", "REASON=x")
    assert crowned.run("make", "retire", "VERSION=v0.2.0", "REASON=leaks").stdout == "v0.2.0: retired\n"
    assert message(crowned, "model@v0.2.0!") == (
        "Retire v0.2.0: leaks",
        {"kind": "retire", "version": "v0.2.0", "reason": "leaks"},
    )
    assert "v0.2.0 is retired already, by Test" in refused(crowned, "make", "retire", "VERSION=v0.2.0", "REASON=x")
    assert re.search(r"^v0\.2\.0 +retired just now ", crowned.run("make", "models").stdout, re.MULTILINE)
    assert json.loads(crowned.run("uv", "run", "--no-sync", "python", "-c", GTO).stdout)["versions"] == [
        "v0.1.0",
        "v0.3.0",
    ]


@CLASSIFICATION
def test_stacks_of_any_history_hold_what_they_promise(trained: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    events, state = imported(trained, monkeypatch, "events", "state")
    names = [f"v0.{number}.0" for number in range(1, 5)]
    at = {"who": "", "email": "", "when": None, "subject": ""}
    for seed in range(300):
        chance, log = Random(seed), []
        log += [events.Event(tag="", action="register", commit=name, version=name, **at) for name in names]
        undo: list[str | None] = []  # another model of it: what was champion before each promotion
        for counter in range(1, 25):
            registry = state.Registry(log)
            now, move = registry.current("champion"), chance.choice(["promote", "promote", "rollback", "retire"])
            free = [name for name in names if name not in registry.retired and name != now]
            if move == "retire" and free and chance.random() < 0.3:
                log.append(events.Event(tag="", action="retire", commit="", version=chance.choice(free), **at))
            elif move == "promote" and free:
                undo.append(now)
                log.append(assign(events, chance.choice(free), counter, "promote", at))
            elif move == "rollback" and now:
                expected = now
                while undo and expected in {now, None, *registry.retired}:
                    expected = undo.pop() or now
                back = registry.previous("champion")
                assert back == (None if expected == now or expected in registry.retired else expected), seed
                if back is None:
                    break
                log.append(assign(events, back, counter, "rollback", at))
            after = state.Registry(chance.sample(log, len(log)))
            assert after.current("champion") not in after.retired
            assert after.current("champion") == next((e.commit for e in reversed(log) if e.action == "assign"), None), (
                "the highest counter is the current one"
            )


def assign(events: Any, version: str, counter: int, kind: str, at: dict[str, Any]) -> Any:
    """An assignment of the champion."""
    return events.Event(
        tag="", action="assign", commit=version, stage="champion", counter=counter, data={"kind": kind}, **at
    )


# --- elsewhere ------------------------------------------------------------------------------------


@CLASSIFICATION
def test_a_machine_without_training_packages_fetches_and_rolls_back(crowned: Project) -> None:
    crowned.run("make", "promote", "VERSION=v0.2.0")
    away = clone(crowned, "away")
    nothing: dict[str, Any] = {"UV_PROJECT_ENVIRONMENT": str(away.path / ".venv")}
    assert away.run("make", "fetch", "TO=served", **nothing).stdout == "served: v0.2.0, every file as registered\n"
    fetched = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (away.path / "served").iterdir()}
    assert fetched == message(crowned, "model@v0.2.0")[1]["files"]
    assert away.run("make", "rollback", **nothing).stdout == "champion: v0.1.0 again, instead of v0.2.0\n"
    assert "model#champion#3" in tags(crowned, "../origin.git")
    assert not (away.path / ".venv").exists(), "nothing was installed for training"
    code = f"from importlib.util import find_spec as f; print([n for n in {TRAINING} if f(n)], bool(f('dvc')))"
    (recipe,) = re.findall(
        r"^REGISTRY := \S+ (uv run .*) python ", (away.path / "registry.mk").read_text(), re.MULTILINE
    )
    assert away.run(*recipe.split(), "python", "-c", code, **nothing).stdout == "[] True\n"


@CLASSIFICATION
def test_a_fetched_file_that_is_not_what_was_registered_is_thrown_away(versions: Project) -> None:
    away = clone(versions, "away")
    assert "served: v0.1.0" in away.run("make", "fetch", "MODEL=v0.1.0", "TO=served").stdout
    corrupt(versions.path.parent / "flight-delays-storage")
    said = refused(away, "make", "fetch", "MODEL=v0.2.0", "TO=broken/model")
    expected = message(versions, "model@v0.2.0")[1]["files"]["model.onnx"]
    assert re.search(rf"\n  model\.onnx: {expected} is registered, [0-9a-f]{{64}} is here\n", said)
    assert not list((away.path / "broken").iterdir())
    assert "served exists and is not v0.2.0: name another folder" in refused(
        away, "make", "fetch", "MODEL=v0.2.0", "TO=served"
    )
    assert "every file as registered" in away.run("make", "fetch", "MODEL=v0.1.0", "TO=served").stdout
    shutil.rmtree(versions.path.parent / "flight-delays-storage")
    assert "is neither in the cache nor in the remote storage" in refused(away, "make", "fetch", "MODEL=v0.2.0")


@CLASSIFICATION
def test_lineage_knows_a_version_by_name_and_by_file(crowned: Project) -> None:
    crowned.run("make", "promote", "VERSION=v0.2.0")
    crowned.run("make", "fetch", "MODEL=v0.1.0", "TO=found")
    known = json.loads(crowned.run("make", "lineage", "MODEL=found/model.onnx", "AS=json").stdout)
    tagged = message(crowned, "model@v0.1.0")[1]
    assert known["version"] == "v0.1.0"
    assert known["stages"] == []
    assert [event["what"] for event in known["history"]] == ["v0.1.0 was registered", "v0.1.0 became champion"]
    assert {key: known[key] for key in tagged if key != "kind"} == {k: v for k, v in tagged.items() if k != "kind"}
    for command in known["commands"].values():
        if command.startswith("git show"):
            assert crowned.run(*command.split()).stdout.startswith("<!-- Written by the stage report")
    champion = crowned.run("make", "lineage").stdout
    assert re.search(r"^version +v0\.2\.0 \(champion\)$", champion, re.MULTILINE)
    assert re.search(
        rf"^commit +{known['commit']['hash']} ", crowned.run("make", "lineage", "MODEL=v0.1.0").stdout, re.M
    )
    assert "| file model.onnx | `SHA-256 " in crowned.run("make", "lineage", "AS=markdown").stdout
    assert "is of no registered version: no tag holds its SHA-256" in refused(
        crowned, "make", "lineage", "MODEL=uv.lock"
    )
    assert "AS=xml is none of text, json, markdown" in refused(crowned, "make", "lineage", "AS=xml")


@CLASSIFICATION
def test_tables_are_whole_lines_when_piped_and_coloured_on_a_terminal(versions: Project) -> None:
    versions.run("make", "promote", "VERSION=v0.2.0")
    lines = versions.run("make", "models", COLUMNS="40").stdout.splitlines()
    assert re.fullmatch(
        r"v0\.2\.0 +champion +roc_auc +0\.7784 \(0\.7720 to 0\.7841\) +27,075 +20\S+ \S+, \S+.* +Test +[0-9a-f]{10} *",
        lines[2],
    )
    assert [line.split()[0] for line in lines] == ["version", "v0.3.0", "v0.2.0", "v0.1.0"]
    assert "\033" not in "".join(lines)
    outer, inner = pty.openpty()
    clean = environment() | {"TERM": "xterm", "COLUMNS": "200"}
    subprocess.run(("make", "models"), cwd=versions.path, env=clean, stdout=inner, check=True)
    os.close(inner)
    assert b"\033[32m" in os.read(outer, 10000)


@CLASSIFICATION
@pytest.mark.parametrize("command", ["models", "history", "lineage MODEL=v0.1.0"])
def test_a_reader_that_leaves_early_is_no_failure(command: str, shelf: Project) -> None:
    assert shelf.unread(f"make {command}").stderr == ""


@CLASSIFICATION
def test_tables_of_nothing_say_what_to_do(mine: Project) -> None:
    for command in ("models", "history"):
        assert "`make register` registers the last commit" in mine.run("make", command).stdout


# --- two people, two processes --------------------------------------------------------------------


def meanwhile(project: Project, other: Project, command: str) -> None:
    """Let Ada be faster than the next push: Git calls this after it has asked what there is and before it pushes."""
    hook = project.path / ".git/hooks/pre-push"
    hook.write_text(
        f"#!/bin/sh\nrm '{hook}'\nunset GIT_DIR MAKEFLAGS MAKEOVERRIDES\ncd '{other.path}'\n"
        f"PYTHONPATH='{other.path}/src' GIT_COMMITTER_NAME=Ada {command}\n"
    )
    hook.chmod(0o755)


RETIRE, PROMOTE = "make retire VERSION=v0.2.0 REASON=leak", "make promote VERSION=v0.2.0"


@CLASSIFICATION
@pytest.mark.parametrize(
    ("slow", "fast", "told"),
    [
        (PROMOTE, RETIRE, "Ada was faster: Retire v0.2.0: leak (model@v0.2.0!, 20"),
        (RETIRE, PROMOTE, "Ada was faster: Promote v0.2.0 to champion: all gates hold (model#champion#1, 20"),
    ],
    ids=["promote loses", "retire loses"],
)
def test_no_version_is_retired_and_promoted_at_once(slow: str, fast: str, told: str, versions: Project) -> None:
    other = clone(versions, "other")
    meanwhile(versions, other, fast)
    done = versions.run(*slow.split(), check=False)
    assert done.returncode
    assert f"error: {told}" in done.stderr
    assert "nothing is changed: see `make history`, then decide anew" in done.stderr
    lost = "model#champion#1" if slow == PROMOTE else "model@v0.2.0!"
    assert lost not in tags(versions) | tags(other) | tags(versions, "../origin.git")
    (line,) = [line for line in versions.run("make", "models").stdout.splitlines() if line.startswith("v0.2.0")]
    assert ("retired" in line) != ("champion" in line)
    refusal = "v0.2.0 was retired by Ada" if slow == PROMOTE else "v0.2.0 is champion: promote another first"
    assert refusal in refused(versions, *slow.split())


@CLASSIFICATION
def test_a_new_version_does_not_wait_for_what_others_decide(versions: Project) -> None:
    commit(versions.path)
    meanwhile(versions, clone(versions, "other"), PROMOTE)
    versions.run("make", "register")
    assert {"model@v0.4.0", "model#champion#1"} <= tags(versions, "../origin.git")


@CLASSIFICATION
def test_of_two_people_who_promote_at_once_one_wins_and_the_other_is_told(versions: Project) -> None:
    other = clone(versions, "other")
    meanwhile(versions, other, PROMOTE)
    done = versions.run("make", "promote", "VERSION=v0.1.0", check=False)
    assert done.returncode
    assert "error: Ada was faster: Promote v0.2.0 to champion: all gates hold (model#champion#1, 20" in done.stderr
    assert "nothing is changed: see `make history`, then decide anew" in done.stderr
    assert message(versions, "model#champion#1")[1]["version"] == "v0.2.0"
    assert tags(versions) == tags(other) == tags(versions, "../origin.git")
    assert "v0.1.0 against the champion v0.2.0" in refused(versions, "make", "promote", "VERSION=v0.1.0")


@CLASSIFICATION
def test_a_push_that_is_refused_leaves_no_tag(versions: Project) -> None:
    hook = versions.path.parent / "origin.git/hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho 'tags are protected' >&2\nexit 1\n")
    hook.chmod(0o755)
    said = refused(versions, "make", "promote", "VERSION=v0.2.0")
    assert "error: origin refuses the tag model#champion#1, so nothing is changed: " in said
    assert "tags are protected" in said
    commit(versions.path)
    assert "origin refuses the tag model@v0.4.0" in refused(versions, "make", "register")


@CLASSIFICATION
def test_of_two_processes_in_one_clone_none_takes_the_tag_of_the_other(versions: Project) -> None:
    command = ("make", "promote", "STAGE=challenger")
    extra = {"PYTHONPATH": str(versions.path / "src")}
    both = [
        subprocess.Popen(
            (*command, f"VERSION={version}"),
            cwd=versions.path,
            env=environment() | extra,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for version in ("v0.1.0", "v0.2.0")
    ]
    said = [process.communicate() for process in both]
    won = [process.returncode == 0 for process in both]
    assert any(won), said
    assert all(ok or "was faster" in err for ok, (_, err) in zip(won, said, strict=True)), said
    assigned = {tag for tag in tags(versions) if "#" in tag}
    assert assigned == {f"model#challenger#{number + 1}" for number in range(sum(won))}
    assert tags(versions, "../origin.git") == tags(versions)
    # What a loser of that race meets, whatever the timing above.
    code = """
from flight_delays.registry import publish
known = publish.synced()
publish.publish(known, "model@v0.1.0!", known.versions["v0.1.0"].commit, "Retire v0.1.0", {})
publish.publish(known, "model#champion#9", known.versions["v0.1.0"].commit, "Promote v0.1.0", {})
"""
    for _ in ("with a remote", "and without"):
        done = versions.run("uv", "run", "--no-sync", "python", "-c", code, check=False)
        assert "ProjectError: Test was faster: Retire v0.1.0 (model@v0.1.0!, 20" in done.stderr
        assert "model#champion#9" not in tags(versions) | tags(versions, "../origin.git")
        versions.run("git", "tag", "--delete", "model@v0.1.0!")
        versions.run("git", "push", "--quiet", "--delete", "origin", "refs/tags/model@v0.1.0!", check=False)
        versions.run("git", "remote", "remove", "origin", check=False)


# --- another storage ------------------------------------------------------------------------------


@CLASSIFICATION
def test_a_version_in_a_bucket_is_fetched_by_a_clean_clone(mine: Project, template: Path, tmp_path: Path) -> None:
    bucket = render(template, tmp_path / "bucket", storage="s3")
    for name in ("pyproject.toml", ".dvc/config"):
        shutil.copy(bucket / name, mine.path / name)
    own: dict[str, Any] = {
        **dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "any"),
        "AWS_DEFAULT_REGION": "us-east-1",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
        "UV_PROJECT_ENVIRONMENT": str(BUILD / "environments/s3"),
    }
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    server = subprocess.Popen((sys.executable, "-m", "moto.server", "-p", str(port)), stderr=subprocess.DEVNULL)
    try:
        mine.run("git", "init", "--quiet", "--bare", "../origin.git")
        mine.run("git", "remote", "add", "origin", "../origin.git")
        mine.run("make", "params", **own)
        mine.dvc("remote", "modify", "storage", "endpointurl", address, **own)
        mine.dvc("commit", "--force", **own)  # the plugin has changed uv.lock, and nothing that a run gives
        commit(mine.path)
        while server.poll() is None:
            with socket.socket() as knock:
                if knock.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        make = f"import boto3; boto3.client('s3', endpoint_url={address!r}).create_bucket(Bucket='flight-delays-dvc')"
        subprocess.run((sys.executable, "-c", make), env=os.environ | own, check=True)
        mine.run("make", "register", **own)
        mine.run("git", "push", "--quiet", "origin", "HEAD")
        away = clone(mine, "away")
        away.run("make", "fetch", "MODEL=v0.1.0", "TO=served", **own)
        fetched = {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (away.path / "served").iterdir()
        }
        assert fetched == message(mine, "model@v0.1.0")[1]["files"]
    finally:
        server.terminate()
        server.wait()
