"""The documentation: every command of every page runs as it stands there, and the site has no broken link."""

import re
import shutil
from pathlib import Path

import pytest
from harness import ROOT, Project, commit, render, run, snapshot

DOCS = ROOT / "docs"
BLOCK = re.compile(r'^```(?P<kind>\w+)(?: title="(?P<file>[^"]+)")?\n(?P<text>.*?)^```$', re.MULTILINE | re.DOTALL)


def script(page: str) -> str:
    """The files that a page names and the commands that it shows, in their order, as one shell script."""
    parts = ["set -e"]
    for block in BLOCK.finditer((DOCS / page).read_text()):
        if block["file"]:
            parts.append(f"cat > {block['file']} <<'END OF FILE'\n{block['text']}END OF FILE")
        elif block["kind"] == "sh":
            parts.append(block["text"])
    assert len(parts) > 1, f"{page} shows no command"
    return "\n".join(parts)


# What the template itself needs, apart from the environments of the projects.
OWN = str(ROOT / ".venv")


def follow(page: str, folder: Path, **extra: str) -> str:
    """Do what a page says, in `folder`; return what was printed."""
    return run("bash", "-c", script(page), cwd=folder, check=True, **extra).stdout


@pytest.fixture
def released(tmp_path: Path) -> Path:
    """The template as people get it: with a version."""
    template = snapshot(tmp_path / "template")
    commit(template, "v999.0.0")
    return template


@pytest.fixture
def committed(released: Path, tmp_path: Path) -> Path:
    """A project that was rendered from it, with its lock, committed."""
    project = render(released, tmp_path / "flights")
    run("git", "init", "--quiet", cwd=project)
    run("make", "params", cwd=project)
    commit(project)
    return project


def test_the_site_builds_without_a_broken_link_and_fetches_nothing(tmp_path: Path) -> None:
    template = snapshot(tmp_path / "template")
    run("make", "docs", cwd=template, UV_PROJECT_ENVIRONMENT=OWN)
    page = (template / "site/tutorial/index.html").read_text()
    assert "From nothing to a pull request" in page
    assert not re.findall(r'<(?:script|link rel="stylesheet")[^>]+(?:src|href)="https?://', page)


def test_a_broken_link_stops_the_site(tmp_path: Path) -> None:
    template = snapshot(tmp_path / "template")
    page = template / "docs/index.md"
    page.write_text(page.read_text() + "\n[gone](how-to/gone.md)\n")
    done = run("make", "docs", cwd=template, check=False, UV_PROJECT_ENVIRONMENT=OWN)
    assert done.returncode != 0
    assert "page does not exist" in done.stderr


def test_every_page_is_in_the_navigation() -> None:
    listed = re.findall(r'"([\w/-]+\.md)"', (ROOT / "zensical.toml").read_text())
    assert sorted(listed) == sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))


def test_a_new_feature_of_the_template_is_an_entry_and_its_files(tmp_path: Path) -> None:
    template = snapshot(tmp_path / "template")
    commit(template, "v999.0.0")
    assert "\nhello\n" in follow("how-to/new-feature.md", template, UV_PROJECT_ENVIRONMENT=OWN)
    assert "greeting" in (template / "docs/reference/features.md").read_text()


@pytest.mark.project
def test_the_tutorial_ends_with_a_pushed_branch_and_a_proof(released: Path, tmp_path: Path) -> None:
    origin = tmp_path / "origin.git"
    run("git", "init", "--quiet", "--bare", origin, cwd=tmp_path)
    printed = follow("tutorial.md", tmp_path, TEMPLATE=str(released), ORIGIN=str(origin))
    project = Project(tmp_path / "flights")
    assert "min_child_samples: 300" in run("git", "show", "careful-leaves:params.yaml", cwd=origin).stdout
    assert (tmp_path / "review/models/model/model.onnx").exists()
    assert project.json("reports/metrics.json")["test"]["roc_auc"] > 0.775
    assert printed.count("gate passed: 6 rules hold") == 2
    assert "reproduces" in printed


@pytest.mark.project
@pytest.mark.parametrize("trained", ["classification"], indirect=True)
def test_a_new_stage_runs_and_writes_its_table(mine: Project) -> None:
    printed = follow("how-to/new-stage.md", mine.path, PYTHONPATH=str(mine.path / "src"))
    assert printed.rstrip().splitlines()[-13:][:2] == ["month,len", "1,26953"]
    mine.run("make", "check")


@pytest.mark.project
@pytest.mark.parametrize("trained", ["classification"], indirect=True)
def test_a_model_of_ones_own_is_a_file(mine: Project) -> None:
    follow("how-to/own-model.md", mine.path, PYTHONPATH=str(mine.path / "src"))
    chosen = mine.json("reports/training.json")["model"]
    assert (chosen["name"], chosen["format"]) == ("forest", "onnx")


@pytest.mark.project
@pytest.mark.parametrize("trained", ["classification"], indirect=True)
def test_experiments_are_compared_kept_shared_and_tidied_up(mine: Project, tmp_path: Path) -> None:
    origin = tmp_path / "origin.git"
    run("git", "init", "--quiet", "--bare", origin, cwd=tmp_path)
    mine.run("git", "remote", "add", "origin", str(origin))
    printed = follow("how-to/experiments.md", mine.path, ORIGIN=str(origin), PYTHONPATH="src")
    first, second = printed.split("Intervals hold for all runs at once")[:2]
    assert re.search(r"few-leaves .* (not told apart|worse) ", first)
    assert re.search(r"no-history .* worse .* features.name=none", first)
    assert "0 of 2 runs are really better than the last commit." in first
    assert re.search(r"no-history .* worse ", second), "the colleague's clone can compare it"
    names = mine.dvc("exp", "list", "--all-commits", "--name-only").stdout.split()
    assert "no-history" not in names
    assert "few-leaves" in names
    assert "num_leaves: 8" in mine.run("git", "show", "try-few-leaves:params.yaml").stdout
    assert mine.json("reports/run.json")["seconds"].keys() >= {"train", "report"}
    page = (tmp_path / "colleague/reports/experiments.html").read_text()
    assert page.count("<svg") == 2
    assert not re.search(r"""(src|href)\s*=\s*(?!["']?(#|data:))|url\((?!#)|@import""", page)


@pytest.mark.project
@pytest.mark.parametrize("trained", ["classification"], indirect=True)
def test_a_search_is_tuned_continued_and_described_in_a_file_of_ones_own(mine: Project) -> None:
    printed = follow("how-to/tune.md", mine.path, PYTHONPATH=str(mine.path / "src"))
    assert "search `lightgbm`, 10 trials" in printed
    assert "search `lightgbm`, 12 trials" in printed
    assert "search `leaves`, 8 trials" in printed
    assert (mine.path / "conf/experiment/lightgbm.yaml").exists()


@pytest.mark.project
@pytest.mark.parametrize("trained", ["classification"], indirect=True)
def test_a_search_chooses_a_family_of_models(mine: Project) -> None:
    # Two for each family, and then the ensemble: the budgets of the page would only bring more of the same.
    path = mine.path / "conf/search/automl.yaml"
    assert "trials: null" in path.read_text()
    path.write_text(path.read_text().replace("trials: null", "trials: 8"))
    printed = follow("how-to/automl.md", mine.path, PYTHONPATH=str(mine.path / "src"))
    assert printed.count("\nsearch `automl`, ") == 2
    assert printed.count("# Found by a search: `automl`, ") == 2  # the model and the experiment
    assert mine.json("reports/training.json")["model"]["name"] == "automl"


def visitors(path: Path) -> None:
    """What the page speaks of, made up: people between 30 and 50 buy."""
    lines = ["visitor,visited_at,country,age,seconds_on_page,bought"]
    for number in range(6000):
        age = 18 + number * 37 % 60
        buys = (30 <= age < 50) != (number % 10 == 0)
        at = f"2024-01-{number % 28 + 1:02}T{number % 24:02}:00:00"
        lines.append(f"v{number},{at},{'ABC'[number % 3]},{age},{number % 300},{'yes' if buys else 'no'}")
    path.write_text("\n".join(lines) + "\n")


@pytest.mark.project
@pytest.mark.parametrize("trained", ["classification"], indirect=True)
def test_data_of_ones_own_are_a_file_and_its_declaration(mine: Project) -> None:
    visitors(mine.path / "data/raw/sales.csv")
    printed = follow("how-to/own-data.md", mine.path, PYTHONPATH=str(mine.path / "src"))
    assert "gate passed: 6 rules hold" in printed
    assert mine.json("data/split/inputs.json").keys() == {"country", "age"}
    assert (mine.path / "data/raw/sales.csv.dvc").exists()


@pytest.mark.project
def test_the_storage_changes_with_its_plugin_and_its_address(committed: Path) -> None:
    printed = follow("how-to/change-storage.md", committed)
    assert "s3://my-bucket/flights" in printed
    assert 'name = "dvc-s3"' in (committed / "uv.lock").read_text()


@pytest.mark.project
def test_an_update_keeps_edits_and_switches_a_feature_off(released: Path, committed: Path) -> None:
    with (committed / "src/flight_delays/features.py").open("a") as file:
        file.write("# mine\n")
    commit(committed)
    with (released / "template/.dvcignore").open("a") as file:
        file.write("# newer\n")
    commit(released, "v1000.0.0")
    printed = follow("how-to/update.md", committed)
    assert "gate passed" in printed
    assert (committed / ".dvcignore").read_text().endswith("# newer\n")
    assert (committed / "src/flight_delays/features.py").read_text().endswith("# mine\n")
    assert not (committed / "Dockerfile").exists()


@pytest.mark.project
def test_a_project_without_its_template_runs(committed: Path) -> None:
    follow("how-to/leave.md", committed)
    assert not (committed / ".repa").exists()
    assert list(committed.glob("outputs/**/reports/report.html"))
    shutil.rmtree(committed)


@pytest.mark.project
@pytest.mark.parametrize("trained", ["classification"], indirect=True)
def test_a_version_is_promoted_rolled_back_fetched_traced_and_retired(mine: Project) -> None:
    printed = follow("how-to/promote-and-roll-back.md", mine.path, PYTHONPATH=str(mine.path / "src"))
    told = [
        "champion: v0.1.0 (all gates hold)",
        "v0.1.0 stays champion",
        "champion: v0.2.0 (override: half the memory, which is what we can pay for)",
        "champion: v0.1.0 again, instead of v0.2.0",
        "served: v0.1.0, every file as registered",
        "v0.2.0: retired",
    ]
    assert [line for line in printed.splitlines() if line in told] == told
    assert "(champion)" in printed
    assert "late evenings got worse" in printed
