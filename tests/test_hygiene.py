"""A fresh render is a fixed point of the tools it ships, whatever features it has."""

from pathlib import Path

import pytest
from harness import Project, all_pass, include, render, run

FEATURES = [feature["id"] for feature in include("features.yml")]
pytestmark = pytest.mark.project


def fresh(template: Path, folder: Path, features: list[str]) -> Project:
    """A project in Git before its first run, with its generated files."""
    project = Project(render(template, folder / "flights", features=features))
    run("git", "init", "--quiet", cwd=project.path)
    project.run("make", "params")
    project.run("git", "add", "--all")
    return project


@pytest.mark.parametrize("left_out", FEATURES)
def test_a_project_without_one_feature_passes_all_its_checks_and_none_changes_it(
    left_out: str, template: Path, tmp_path: Path
) -> None:
    project = fresh(template, tmp_path, [feature for feature in FEATURES if feature != left_out])
    project.run("make", "check")
    assert project.run("git", "diff", "--name-only").stdout == ""


def test_the_tests_of_a_project_without_any_feature_pass(template: Path, tmp_path: Path) -> None:
    project = fresh(template, tmp_path, [])
    assert "run the pipeline" in project.run("make", "help").stdout
    assert all_pass(project.run("make", "test").stdout)
    assert project.run("git", "diff", "--name-only").stdout == ""
