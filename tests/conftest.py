"""Fixtures: one copy of the template and one render of it for the whole session."""

from pathlib import Path

import pytest
from harness import Project, commit, render, snapshot


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let one worker do all with the project of one task: training it is the slow part, and one is enough."""
    for item in items:
        if item.get_closest_marker("project") and not item.get_closest_marker("xdist_group"):
            task = getattr(item, "callspec", None) and item.callspec.params.get("trained")  # type: ignore[attr-defined]
            item.add_marker(pytest.mark.xdist_group(task or "classification"))


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


@pytest.fixture(scope="session", params=["classification", "regression"])
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
