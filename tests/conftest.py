"""Fixtures: one copy of the template and one render of it for the whole session."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import TASKS, Project, commit, render, snapshot


@pytest.hookimpl(wrapper=True, tryfirst=True)  # pytest-xdist reads the groups in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Let one worker do all with the project of one task: training it is the slow part, and one is enough.

    What needs no such project goes one by one to whichever worker is free.
    """
    for item in items:
        if task_of(item) and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(task_of(item)))
    yield
    items.sort(key=task_of)  # pytest goes by the place of a task among the parameters of a test, not by its name


def task_of(item: pytest.Item) -> str:
    """The task of the trained project that a test takes, or nothing."""
    return str(item.callspec.params.get("trained", "")) if hasattr(item, "callspec") else ""


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the working tree, to be read only."""
    return snapshot(tmp_path_factory.mktemp("template"))


@pytest.fixture(scope="session")
def project(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A render with every default, to be read only."""
    return render(template, tmp_path_factory.mktemp("project") / "flights")


@pytest.fixture
def own_template(tmp_path: Path) -> Path:
    """A copy of the working tree for one test to change."""
    return snapshot(tmp_path / "template")


@pytest.fixture(scope="session", params=TASKS)
def trained(request: pytest.FixtureRequest, template: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project after its first `make run` and commit, for each task; to be read only."""
    path = render(template, tmp_path_factory.mktemp(request.param) / "flights", task=request.param)
    project = Project(path)
    project.run("git", "init", "--quiet")
    project.run("make", "run")
    commit(path)
    return project


@pytest.fixture
def mine(trained: Project, tmp_path: Path) -> Project:
    """A copy of the trained project for one test to change."""
    return trained.copy(tmp_path / "flights")


@pytest.fixture(scope="session")
def shelf(trained: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with three versions of its model, beside its storage and its `origin`; to be read only.

    v0.1.0 has few trees, v0.2.0 more of them and is better, v0.3.0 lacks the strongest feature.
    """
    folder = tmp_path_factory.mktemp("shelf")
    project = trained.copy(folder / "flights")
    project.run("git", "init", "--quiet", "--bare", "../origin.git")
    project.run("git", "remote", "add", "origin", "../origin.git")
    model, features = project.path / "conf/model/lightgbm.yaml", project.path / "conf/features/flights.yaml"
    many, all_of_them = model.read_text(), features.read_text()
    few = many.replace("n_estimators: 250", "n_estimators: 25")
    fewer = "\n".join(line for line in all_of_them.splitlines() if "by: [origin], window: 2h" not in line) + "\n"
    assert few != many
    assert fewer != all_of_them
    for trees, columns in ((few, all_of_them), (many, all_of_them), (many, fewer)):
        model.write_text(trees)
        features.write_text(columns)
        project.run("make", "run")
        commit(project.path)
        project.run("make", "register")
    project.run("git", "push", "--quiet", "--set-upstream", "origin", "HEAD")
    return project


@pytest.fixture
def versions(shelf: Project, tmp_path: Path) -> Project:
    """A copy of the project with three versions, of its storage and of its `origin`, for one test to change."""
    shutil.copytree(shelf.path.parent, tmp_path / "shelf", symlinks=True)
    return Project(tmp_path / "shelf/flights")
