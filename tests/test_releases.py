"""Updates from each release, and the law of answers: what a person once answered keeps its meaning."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from harness import (
    ROOT,
    Answers,
    Project,
    answers,
    commit,
    every_answer,
    files,
    include,
    questions,
    render,
    run,
    snapshot,
)
from pathspec import GitIgnoreSpec

NEWEST = "v999.0.0"
RELEASES = yaml.safe_load((ROOT / "tests/releases.yml").read_text()) or []
# Indices into the versions of the fixture below: the made-up one, then each release.
STARTS = range(len(RELEASES) + 1)


def history(folder: Path) -> Path:
    """The template with its history: every release tagged, and the working tree tagged as the newest."""
    run("git", "clone", "--quiet", "--no-checkout", ROOT, folder, cwd=ROOT)
    for name in run("git", "tag", cwd=folder).stdout.split():
        run("git", "tag", "--delete", name, cwd=folder)
    for entry in RELEASES:
        there = run("git", "cat-file", "-e", entry["commit"], cwd=folder, check=False).returncode == 0
        assert there, f"this clone lacks the release {entry['version']}: git fetch --unshallow brings it"
        run("git", "tag", f"v{entry['version']}", entry["commit"], cwd=folder)
    snapshot(folder)
    commit(folder, NEWEST)
    return folder


def before(template: Path) -> str:
    """Tag a version that comes before the newest and differs from it in a file of each class; return its name.

    The oldest release or, while there is none, the working tree, with what a later version changes taken back.
    """
    start = f"v{RELEASES[0]['version']}" if RELEASES else NEWEST
    run("git", "checkout", "--quiet", "--detach", start, cwd=template)
    edited(template / "template/Makefile.jinja", "# An old remark.\n")
    edited(template / "template/.gitignore", "/old-cache\n")
    edited(template / "template/conf/evaluate/default.yaml", "# an old default\n")
    commit(template, "v0.0.1")
    return "v0.0.1"


def edited(path: Path, more: str) -> None:
    path.write_text(path.read_text() + more)


@pytest.fixture(scope="session")
def versions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """The template with all its versions, and those a project may come from."""
    template = history(tmp_path_factory.mktemp("history") / "template")
    return template, [before(template), *(f"v{entry['version']}" for entry in RELEASES)]


def from_version(template: Path, version: str, folder: Path, **given: object) -> Path:
    """A committed project of an older version, rendered by the command line."""
    data = folder.parent / f"{folder.name}.yml"
    data.write_text(yaml.safe_dump(given))
    copier("copy", "--vcs-ref", version, "--data-file", data, "--defaults", template, folder)
    commit(folder)
    return folder


def copier(*arguments: str | Path, cwd: Path = ROOT) -> None:
    """Run Copier as people do, without trust."""
    run("uv", "run", "--no-sync", "--project", ROOT, "copier", *arguments[:1], "--quiet", *arguments[1:], cwd=cwd)


def update(project: Path) -> None:
    """The command that Renovate runs."""
    copier("update", "--skip-answered", "--defaults", cwd=project)


def seeded(project: Path) -> Callable[[str], bool]:
    """Whether a path is its owner's: the first rule of the project that matches it decides."""
    rules = yaml.safe_load((project / ".repa/ownership.yml").read_text())["rules"]
    specs = [(rule["class"], GitIgnoreSpec.from_lines(rule["paths"])) for rule in rules]
    return lambda path: next((kind for kind, spec in specs if spec.match_file(path)), None) == "seeded"


@pytest.mark.parametrize("start", STARTS)
def test_an_update_ends_where_a_fresh_render_would(
    versions: tuple[Path, list[str]], tmp_path: Path, start: int
) -> None:
    template, tags = versions
    project = from_version(template, tags[start], tmp_path / "project", project_name="Élan: vital", task="regression")
    recorded = answers(project)
    update(project)
    fresh = render(template, tmp_path / "fresh", **{k: v for k, v in recorded.items() if not k.startswith("_")})
    mine = seeded(fresh)
    ours, theirs = files(project), files(fresh)
    differ = [
        name
        for name in sorted({*ours, *theirs})
        if not mine(name)
        and (name not in ours or name not in theirs or ours[name].read_bytes() != theirs[name].read_bytes())
    ]
    assert differ == []
    assert answers(project)["_commit"] == NEWEST


@pytest.mark.parametrize("start", STARTS)
def test_an_update_keeps_what_its_owner_wrote(versions: tuple[Path, list[str]], tmp_path: Path, start: int) -> None:
    template, tags = versions
    project = from_version(template, tags[start], tmp_path / "project")
    edited(project / "src/flight_delays/features.py", "# my feature\n")
    edited(project / "conf/evaluate/default.yaml", "# my choice\n")
    (project / "conf/model/linear.yaml").unlink()
    ignored = project / ".gitignore"
    ignored.write_text("/mine\n" + ignored.read_text())
    edited(project / "Makefile", "# my remark\n")
    commit(project)
    update(project)
    assert (project / "src/flight_delays/features.py").read_text().endswith("# my feature\n")
    assert (project / "conf/evaluate/default.yaml").read_text().endswith("# my choice\n")
    assert not (project / "conf/model/linear.yaml").exists()
    assert ignored.read_text().startswith("/mine\n")
    # An edit of a managed file survives, or the conflict can be seen: it is never gone in silence.
    assert "# my remark" in (project / "Makefile").read_text()
    if tags[start] == "v0.0.1":
        assert "# An old remark." in (project / "Makefile").read_text().split("<<<<<<<")[1].split("=======")[0]
        assert "/old-cache" not in ignored.read_text()


@pytest.mark.project
@pytest.mark.parametrize("start", STARTS)
def test_an_updated_project_runs(versions: tuple[Path, list[str]], tmp_path: Path, start: int) -> None:
    template, tags = versions
    project = Project(from_version(template, tags[start], tmp_path / "project"))
    update(project.path)
    project.run("make", "params")
    project.run("make", "smoke")
    (report,) = project.path.glob("outputs/**/reports/report.html")
    assert "roc" in report.read_text().lower()


# The law of answers.


def broken_answers(template: Path, version: str, given: Answers, folder: Path) -> list[str]:
    """The recorded answers of a project of `version` that an update loses or replaces."""
    known = yaml.safe_load(run("git", "show", f"{version}:includes/features.yml", cwd=template).stdout)
    if "features" in given:  # of those that the version had
        given = {**given, "features": [of["id"] for of in known if of["id"] in given["features"]]}
    project = from_version(template, version, folder, **given)
    recorded = answers(project)
    update(project)
    now = answers(project)
    return [key for key, value in recorded.items() if not key.startswith("_") and now.get(key, ...) != value]


@pytest.mark.project
@pytest.mark.parametrize("start", STARTS)
def test_no_answer_is_lost_or_replaced(versions: tuple[Path, list[str]], tmp_path: Path, start: int) -> None:
    template, tags = versions
    for number, given in enumerate(every_answer()):
        assert broken_answers(template, tags[start], given, tmp_path / str(number)) == [], given


def test_a_choice_that_is_taken_away_breaks_the_law(versions: tuple[Path, list[str]], tmp_path: Path) -> None:
    template = shutil.copytree(versions[0], tmp_path / "template")
    run("git", "checkout", "--quiet", NEWEST, cwd=template)
    asked = template / "copier.yml"
    choice = '    - ["A machine that is reachable over SSH", ssh]\n'
    assert choice in asked.read_text()
    asked.write_text(asked.read_text().replace(choice, ""))
    commit(template, "v1000.0.0")
    assert broken_answers(template, NEWEST, {"storage": "ssh"}, tmp_path / "project") == ["storage"]


def test_a_feature_that_comes_later_stays_off_until_it_is_asked_for(
    versions: tuple[Path, list[str]], tmp_path: Path
) -> None:
    template = shutil.copytree(versions[0], tmp_path / "template")
    run("git", "checkout", "--quiet", NEWEST, cwd=template)
    entry = "- {id: later, title: L, help: H., default: true, requires: [], paths: [/later], group: null, docs: x.md}\n"
    edited(template / "includes/features.yml", entry)
    (template / "template/later").write_text("new\n")
    commit(template, "v1000.0.0")
    project = tmp_path / "project"
    assert broken_answers(template, NEWEST, {}, project) == []
    assert not (project / "later").exists()
    assert answers(project)["features"] == [f["id"] for f in include("features.yml") if f["default"]]


def test_every_question_has_a_default_so_that_a_later_one_needs_no_answer() -> None:
    assert [name for name, question in questions().items() if "default" not in question] == []
