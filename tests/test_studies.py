"""The studies beside the pipeline: what they write, the same on every run, and that they never stand in its way."""

import re
import shutil
from pathlib import Path

import pytest
from harness import ROOT, Project, commit
from test_docs import follow

pytestmark = pytest.mark.project
one_task = pytest.mark.parametrize("trained", ["classification"], indirect=True, scope="session")
STUDIES = ("ablation", "fairness", "learning", "privacy", "seeds", "staleness", "threshold")


@pytest.fixture(scope="session")
def studied(trained: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project after its first `make studies`, on few rows, committed; to be read only."""
    project = trained.copy(tmp_path_factory.mktemp("studied") / "flights")
    choose(project, "smoke")
    project.run("make", "studies")
    commit(project.path)
    return project


def choose(project: Project, settings: str) -> None:
    """Let the studies run with other settings."""
    path = project.path / "conf/study.yaml"
    path.write_text(path.read_text().replace("studies: default", f"studies: {settings}"))


def test_every_study_answers_and_the_page_shows_it(studied: Project) -> None:
    page = (studied.path / "reports/studies.html").read_text()
    for name in STUDIES:
        result = studied.json(f"studies/results/{name}.json")
        assert result["applies"], name
        assert result["verdict"].split()[0] in page
    assert page.count("<svg") >= 8
    assert not re.search(r"""(src|href)\s*=\s*(?!["']?(#|data:))|url\((?!#)|@import""", page)


def test_the_studies_are_of_the_projects_own_task(studied: Project) -> None:
    metric = studied.json("reports/evaluation.json")["metric"]
    assert {studied.json(f"studies/results/{name}.json").get("metric", metric) for name in STUDIES} == {metric}
    ages = studied.json("studies/results/staleness.json")["ages"]
    assert [age["periods"] for age in ages] == [4, 3, 2, 1]  # September to December, of which the pipeline saw nothing
    choices = {entry["choice"]: entry["cost"] for entry in studied.json("studies/results/threshold.json")["choices"]}
    blind = {"always yes", "always no", "one number for every row"} & choices.keys()
    assert choices["the cheapest on validation"] < min(choices[name] for name in blind)


def test_the_figures_are_in_git_and_the_page_is_not(studied: Project) -> None:
    assert studied.run("git", "status", "--porcelain").stdout == ""
    tracked = studied.run("git", "ls-files", "studies", "reports/studies.html").stdout.split()
    results = {f"studies/results/{name}.json" for name in STUDIES}
    own = {f"studies/{name}" for name in ("dvc.yaml", "dvc.lock", "params.yaml", ".dvc/config", ".dvc/.gitignore")}
    assert set(tracked) == results | own


@one_task
def test_a_forced_rerun_with_another_hash_seed_gives_the_same_bits(studied: Project) -> None:
    lock = (studied.path / "studies/dvc.lock").read_bytes()
    studied.dvc("--cd", "studies", "repro", "--force", "--no-run-cache", PYTHONHASHSEED="7")
    assert (studied.path / "studies/dvc.lock").read_bytes() == lock
    assert studied.run("git", "status", "--porcelain").stdout == ""


@one_task
def test_a_second_run_does_nothing_and_brings_a_deleted_page_back(studied: Project) -> None:
    (studied.path / "reports/studies.html").unlink()
    printed = studied.run("make", "studies").stdout
    assert printed.count("Running stage") == 1
    assert (studied.path / "reports/studies.html").exists()


@one_task
def test_studies_that_are_out_of_date_neither_run_nor_warn_nor_block_a_commit(studied: Project, tmp_path: Path) -> None:
    project = studied.copy(tmp_path / "flights")
    lock = (project.path / "dvc.lock").read_bytes()
    for name in STUDIES:
        path = project.path / f"src/flight_delays/studies/{name}.py"
        path.write_text(path.read_text() + "\n# Changed.\n")
    settings = project.path / "conf/studies/smoke.yaml"
    settings.write_text(settings.read_text().replace("bootstrap: 20", "bootstrap: 21"))
    project.run("make", "studies-params")
    assert "changed deps" in project.dvc("--cd", "studies", "status").stdout
    assert "up to date" in project.dvc("status").stdout
    assert "studies" not in project.dvc("repro").stdout
    project.run("make", "compare")
    assert "older than the code" not in (project.path / "reports/comment.md").read_text()
    project.run("make", "setup")
    project.run("git", "add", "--all")
    project.run("git", "commit", "--quiet", "--message", "Change the studies")
    assert project.run("git", "status", "--porcelain").stdout == ""
    assert (project.path / "dvc.lock").read_bytes() == lock


@one_task
def test_an_experiment_has_neither_the_studies_nor_their_settings(studied: Project, tmp_path: Path) -> None:
    project = studied.copy(tmp_path / "flights")
    printed = project.dvc("exp", "run", "-S", "debug=smoke", "-S", "model=linear").stdout
    assert "studies" not in printed
    assert "studies/params.yaml" not in project.dvc("exp", "show", "--json").stdout


@one_task
def test_params_that_are_not_what_conf_compiles_to_are_noticed(mine: Project) -> None:
    mine.run("make", "check-params")  # before the first study there are none
    mine.run("make", "studies-params")
    mine.run("make", "check-params")
    path = mine.path / "conf/studies/default.yaml"
    path.write_text(path.read_text().replace("miss: 3.0", "miss: 5.0"))
    done = mine.run("make", "check-params", check=False)
    assert done.returncode
    assert "studies/params.yaml is not what conf/ compiles to: run `make studies-params`" in done.stderr


@one_task
def test_a_bad_setting_stops_make_studies_with_one_sentence(mine: Project) -> None:
    path = mine.path / "conf/studies/default.yaml"
    path.write_text(path.read_text().replace("window: 3", "window: none"))
    done = mine.run("make", "studies", check=False)
    assert done.returncode
    assert "conf/studies/default.yaml: staleness.window: Input should be a valid integer" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (mine.path / "studies/params.yaml").exists()


@one_task
def test_a_study_by_hand_writes_to_its_own_folder(mine: Project) -> None:
    printed = mine.module("studies.seeds", "studies=smoke", "model=linear", "hydra.run.dir=outputs/mine").stdout
    assert "conf/model/linear.yaml sets no `random_state`" in printed
    assert (mine.path / "outputs/mine/studies/results/seeds.json").exists()
    assert mine.run("git", "status", "--porcelain").stdout == ""


@one_task
def test_the_studies_find_what_was_planted(mine: Project) -> None:
    shutil.copy(ROOT / "tests/units/studies.py", mine.path / "tests/test_studies.py")
    printed = mine.run("uv", "run", "--no-sync", "pytest", "tests/test_studies.py", check=False).stdout
    assert re.search(r"\n=+ \d+ passed in ", printed), printed[-6000:]


@one_task
def test_costs_and_groups_of_ones_own_are_a_file(mine: Project) -> None:
    follow("how-to/judge-reliability.md", mine.path, PYTHONPATH=str(mine.path / "src"))
    groups = {entry["group"] for entry in mine.json("studies/results/ablation.json")["groups"]}
    assert {"wind", "declared numeric", "history of late"} <= groups
    result = mine.json("studies/results/threshold.json")
    assert result["costs"] == {"false_alarm": 1.0, "miss": 5.0}
    assert result["analytic"] == pytest.approx(1 / 6)
    assert "at most 10,000 rows" in (mine.path / "reports/studies.html").read_text()
    assert mine.run("git", "status", "--porcelain").stdout == ""
    mine.run("make", "docs")
    assert (mine.path / "site/studies.html").read_bytes() == (mine.path / "reports/studies.html").read_bytes()
