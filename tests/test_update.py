"""`copier update` in real repositories: without trust, and with the edits of their owners."""

from pathlib import Path

import pytest
import yaml
from copier import Settings, run_update
from copier.errors import UnsafeTemplateError
from harness import commit, files, render, run


@pytest.fixture
def released(own_template: Path) -> Path:
    """A template at version 1."""
    commit(own_template, "v1.0.0")
    return own_template


@pytest.fixture
def mine(released: Path, tmp_path: Path) -> Path:
    """A project at version 1, committed."""
    project = render(released, tmp_path / "project")
    commit(project)
    return project


def release(template: Path, edits: dict[str, str], version: str = "v2.0.0") -> None:
    """Replace (or create) files of the template and tag the result."""
    for name, text in edits.items():
        (template / name).parent.mkdir(parents=True, exist_ok=True)
        (template / name).write_text(text)
    commit(template, version)


def update(project: Path, **answers: object) -> None:
    """Update as a person without trust would, and as Renovate does."""
    commit(project) if run("git", "status", "--porcelain", cwd=project).stdout else None
    run_update(project, dict(answers), defaults=True, overwrite=True, quiet=True, settings=Settings())


def appended(path: Path, text: str) -> str:
    return path.read_text() + text


def test_update_leaves_a_seeded_file_alone_and_a_deleted_one_deleted(released: Path, mine: Path) -> None:
    (mine / "README.md").write_text("my words\n")
    (mine / "LICENSE").unlink()
    release(released, {f"template/{name}.jinja": "template's words\n" for name in ("README.md", "LICENSE")})
    update(mine)
    assert (mine / "README.md").read_text() == "my words\n"
    assert not (mine / "LICENSE").exists()
    assert yaml.safe_load((mine / ".copier-answers.yml").read_text())["_commit"] == "v2.0.0"


def test_update_leaves_a_deleted_seeded_folder_deleted(released: Path, mine: Path) -> None:
    run("git", "rm", "-r", "--quiet", "conf/experiment", cwd=mine)
    release(released, {"template/conf/experiment/new.yaml": "a: 1\n"})
    update(mine)
    assert not (mine / "conf/experiment").exists()


def test_update_brings_a_new_managed_file_and_changes_an_old_one(released: Path, mine: Path) -> None:
    ignored = "template/.dvc/.gitignore"
    release(released, {ignored: appended(released / ignored, "# fixed\n"), "template/.repa/new.yml": "a: 1\n"})
    update(mine)
    assert (mine / ".dvc/.gitignore").read_text().endswith("# fixed\n")
    assert (mine / ".repa/new.yml").exists()


def test_update_merges_both_sides_of_a_merged_file(released: Path, mine: Path) -> None:
    (mine / ".gitignore").write_text("# mine\n" + (mine / ".gitignore").read_text())
    release(released, {"template/.gitignore": appended(released / "template/.gitignore", "# template's\n")})
    update(mine)
    text = (mine / ".gitignore").read_text()
    assert text.startswith("# mine\n")
    assert text.endswith("# template's\n")
    assert "<<<<<<<" not in text


def test_update_keeps_a_file_that_moves_from_managed_to_seeded(released: Path, mine: Path) -> None:
    rules = released / "includes/ownership.yml"
    text = rules.read_text().replace("      - /.dvc/.gitignore\n", "")
    release(released, {"includes/ownership.yml": text.replace("      - /.dvc/config\n", "      - /.dvc/*g*\n")})
    before = (mine / ".dvc/.gitignore").read_text()
    update(mine)
    assert (mine / ".dvc/.gitignore").read_text() == before


def test_a_feature_switched_on_later_brings_its_seeded_files_and_they_stay_its_owners(
    released: Path, mine: Path
) -> None:
    entry = "- {id: extra, title: Extra, help: More., default: false, requires: [], paths: [/extra], group: null}"
    registry, rules = released / "includes/features.yml", released / "includes/ownership.yml"
    seeded = "paths: &seeded_by_features\n"
    release(
        released,
        {
            "includes/features.yml": appended(registry, entry + "\n"),
            "includes/ownership.yml": rules.read_text().replace(seeded, f"{seeded}      - /extra/mine.txt\n"),
            "template/extra/mine.txt": "template's\n",
            "template/extra/machinery.txt": "1\n",
        },
    )
    update(mine)
    assert not (mine / "extra").exists()
    update(mine, features=["container", "extra"])
    assert {name for name in files(mine) if name.startswith("extra/")} == {"extra/mine.txt", "extra/machinery.txt"}
    (mine / "extra/mine.txt").write_text("mine\n")
    release(released, {"template/extra/mine.txt": "new\n", "template/extra/machinery.txt": "2\n"}, "v3.0.0")
    update(mine)
    assert (mine / "extra/mine.txt").read_text() == "mine\n"
    assert (mine / "extra/machinery.txt").read_text() == "2\n"


def test_a_feature_switched_off_takes_its_files_away(mine: Path) -> None:
    assert (mine / "Dockerfile").exists()
    update(mine, features=[])
    assert not (mine / "Dockerfile").exists()
    assert not (mine / ".dockerignore").exists()


def test_an_update_that_asks_for_trust_would_fail(released: Path, mine: Path) -> None:
    text = (released / "copier.yml").read_text()
    release(released, {"copier.yml": text.replace("_subdirectory:", "_tasks: ['true']\n_subdirectory:")})
    with pytest.raises(UnsafeTemplateError):
        update(mine)
