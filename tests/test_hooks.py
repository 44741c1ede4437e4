"""The hooks of a rendered project: real commits in a real repository, refused for what is bad and only for that."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import REGRESSION, Project, commit, render, run
from refused import BAD, MISSPELT, WORKFLOW, Files, failed, ids, notebook, skipped, write

OUTPUT = {"name": "stdout", "output_type": "stream", "text": ["1"]}
# What only a project refuses: a new file or, from an old text to a new one, a changed file; and words of the refusal.
OWN: dict[str, tuple[str, str | tuple[str, str], str]] = {
    "notebook-outputs": ("notebooks/bad.ipynb", notebook(OUTPUT), "files were modified by this hook"),
    "params-yaml": ("conf/config.yaml", ("seed: 2013", "seed: 2014"), "run `make params`"),
    "uv-lock": ("pyproject.toml", ('version = "0.1.0"', 'version = "0.2.0"'), "needs to be updated"),
    "dvc-lock": ("src/flight_delays/model.py", ("\n\n\n", "\n\n\n# Changed.\n"), "run make run"),
}
CASES: dict[str, tuple[str, str | tuple[str, str], str]] = {**BAD, **OWN}

pytestmark = pytest.mark.project


@pytest.fixture(scope="module")
def shared(trained: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """One copy of the trained project for all refusals: what is refused leaves no trace."""
    return trained.copy(tmp_path_factory.mktemp("hooks") / "flights")


@pytest.fixture
def repository(shared: Project) -> Iterator[Project]:
    """The shared copy, put back afterwards."""
    first = head(shared).strip()
    yield shared
    shared.run("git", "reset", "--quiet", "--hard", first)
    shared.run("git", "clean", "--quiet", "--force", "-d")


def try_to_commit(project: Project, *paths: str) -> subprocess.CompletedProcess[str]:
    """Commit the paths, or everything, as a person does; what the hooks print comes on stderr."""
    project.run("git", "add", *(paths or ("--all",)))
    return project.run("git", "commit", "--message", "Change", check=False)


def head(project: Project) -> str:
    """The last commit."""
    return project.run("git", "rev-parse", "HEAD").stdout


@REGRESSION
@pytest.mark.parametrize("hook", CASES)
def test_each_hook_refuses_what_it_is_for(hook: str, repository: Project) -> None:
    name, text, words = CASES[hook]
    if isinstance(text, tuple):
        before = (repository.path / name).read_text()
        assert text[0] in before
        text = before.replace(*text, 1)
    write(repository.path, {name: text})
    last = head(repository)
    done = try_to_commit(repository)
    assert done.returncode
    assert head(repository) == last
    assert failed(done.stderr) == [hook], done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_every_hook_has_its_case(project: Path) -> None:
    assert sorted(ids(project)) == sorted(CASES)


GOOD: Files = {
    ".github/workflows/good.yml": WORKFLOW,
    "conf/model/mine.yaml": "name: mine\n",
    "good.json": "{}\n",
    "notebooks/good.ipynb": notebook(),
    "src/flight_delays/good.py": '"""Good."""\n\nx: int = 1\n',
}


@REGRESSION
def test_a_good_commit_passes_every_hook(mine: Project) -> None:
    write(mine.path, GOOD)
    with (mine.path / "pyproject.toml").open("a") as file:
        file.write("# Mine.\n")
    done = try_to_commit(mine)
    assert done.returncode == 0, done.stderr
    assert skipped(done.stderr) == ["no files that a patch or merge left behind"]
    assert mine.run("git", "status", "--porcelain").stdout == ""


@REGRESSION
def test_the_first_commit_of_a_run_passes_and_changes_nothing(mine: Project) -> None:
    mine.run("git", "update-ref", "-d", "HEAD")
    done = try_to_commit(mine)
    assert done.returncode == 0, done.stderr
    assert mine.run("git", "status", "--porcelain").stdout == ""


def test_a_project_with_odd_names_and_no_feature_passes_before_its_first_run(template: Path, tmp_path: Path) -> None:
    odd = f"{MISSPELT}: 100 % <b>d'été</b> *à* \\ \"l'heure\""
    path = render(template, tmp_path / "project", project_name=odd, description=odd, author_name=odd, features=[])
    project = Project(path, next((path / "src").iterdir()).name)
    project.run("git", "init", "--quiet")
    project.run("make", "params")
    done = try_to_commit(project)
    assert done.returncode == 0, done.stderr
    assert project.run("git", "status", "--porcelain").stdout == ""


@REGRESSION
def test_what_is_not_staged_is_neither_judged_nor_lost(repository: Project) -> None:
    model = repository.path / "src/flight_delays/model.py"
    model.write_text(model.read_text() + "\n\nx=1\n")
    write(repository.path, {"notes.txt": "fine\n", "src/flight_delays/other.py": '"""Fine."""\n'})
    done = try_to_commit(repository, "notes.txt", "src/flight_delays/other.py")
    assert done.returncode == 0, done.stderr
    assert model.read_text().endswith("\n\nx=1\n")


@REGRESSION
def test_check_minds_a_file_that_git_does_not_know_yet(repository: Project) -> None:
    name, text, words = BAD["spelling"]
    write(repository.path, {name: text})
    done = repository.run("make", "check", check=False)
    assert done.returncode
    assert failed(done.stdout) == ["spelling"]
    assert words in done.stdout


@REGRESSION
def test_a_worktree_without_data_accepts_the_good_and_refuses_the_stale(repository: Project, tmp_path: Path) -> None:
    repository.run("git", "worktree", "add", "--quiet", "-b", "other", str(tmp_path / "other"))
    other = Project(tmp_path / "other")
    write(other.path, {"src/flight_delays/other.py": '"""Fine."""\n'})
    done = try_to_commit(other)
    assert done.returncode == 0, done.stderr
    assert "dvc.lock is what code, settings and data lead to" in done.stderr
    lock = other.path / "dvc.lock"
    lock.write_text(lock.read_text().replace("size: ", "size: 1", 1))
    metrics = other.path / "reports/metrics.json"
    metrics.write_text(metrics.read_text().replace("0.", "0.9", 1))
    done = try_to_commit(other)
    assert failed(done.stderr) == ["dvc-lock"], done.stderr
    assert "evaluate: reports/metrics.json is modified" in done.stderr


@REGRESSION
def test_a_clone_on_a_machine_that_converts_line_ends_has_the_same_bytes(shared: Project, tmp_path: Path) -> None:
    run("git", "clone", "--quiet", "--config", "core.autocrlf=true", shared.path, tmp_path / "clone", cwd=tmp_path)
    for name in shared.run("git", "ls-files").stdout.split():
        assert (tmp_path / "clone" / name).read_bytes() == (shared.path / name).read_bytes(), name


@REGRESSION
def test_setup_leaves_a_hook_and_a_hooks_path_of_ones_own_alone(mine: Project, tmp_path: Path) -> None:
    hook = mine.path / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\n# mine\n")
    mine.run("make", "setup")
    assert hook.read_text() == "#!/bin/sh\n# mine\n"
    hook.unlink()
    mine.run("git", "config", "core.hooksPath", str(tmp_path / "company"))
    mine.run("make", "setup")
    assert not hook.exists()
    assert not (tmp_path / "company").exists()
    mine.run("git", "config", "--unset", "core.hooksPath")
    mine.run("make", "setup")
    assert "pre-commit run" in hook.read_text()


@REGRESSION
def test_a_commit_from_before_the_hooks_were_there_is_not_stopped(mine: Project) -> None:
    mine.run("git", "rm", "--quiet", ".pre-commit-config.yaml")
    commit(mine.path)
    write(mine.path, {"notes.txt": "a \n"})
    assert try_to_commit(mine).returncode == 0
