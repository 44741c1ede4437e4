"""`make release`: dates the changelog, tags, and leaves a note for the update tests; or changes nothing."""

from pathlib import Path

import pytest
import yaml
from harness import ROOT, commit, run
from release import RefusedError, release

CHANGELOG = "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- A thing.\n"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A small repository with what a release touches."""
    root = tmp_path / "template"
    (root / "tests").mkdir(parents=True)
    (root / "CHANGELOG.md").write_text(CHANGELOG)
    (root / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "0.1.0"\n')
    (root / "tests/releases.yml").write_text("# Releases.\n")
    commit(root)
    run("git", "branch", "--move", "main", cwd=root)
    return root


@pytest.fixture(autouse=True)
def _author(monkeypatch: pytest.MonkeyPatch) -> None:
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Test")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "test@example.org")


def test_a_release_dates_the_changelog_tags_it_and_notes_its_commit(repository: Path) -> None:
    assert release(repository, "1.0.0", "2030-01-31") == "v1.0.0"
    at_tag = run("git", "show", "v1.0.0:CHANGELOG.md", cwd=repository).stdout
    assert at_tag == CHANGELOG.replace("## [Unreleased]", "## [Unreleased]\n\n## [1.0.0] - 2030-01-31")
    assert 'version = "1.0.0"' in run("git", "show", "v1.0.0:pyproject.toml", cwd=repository).stdout
    (noted,) = yaml.safe_load((repository / "tests/releases.yml").read_text())
    tagged = run("git", "rev-parse", "v1.0.0^{commit}", cwd=repository).stdout.strip()
    assert noted == {"version": "1.0.0", "commit": tagged}
    assert run("git", "status", "--porcelain", cwd=repository).stdout == ""


def test_the_next_release_comes_above_the_last_in_the_changelog(repository: Path) -> None:
    release(repository, "1.0.0", "2030-01-31")
    log = repository / "CHANGELOG.md"
    log.write_text(log.read_text().replace("## [Unreleased]\n", "## [Unreleased]\n\n- More.\n"))
    commit(repository)
    release(repository, "1.1.0", "2030-02-28")
    assert log.read_text().index("[1.1.0]") < log.read_text().index("- More.") < log.read_text().index("[1.0.0]")
    assert [entry["version"] for entry in yaml.safe_load((repository / "tests/releases.yml").read_text())] == [
        "1.0.0",
        "1.1.0",
    ]


@pytest.mark.parametrize(
    ("version", "spoil", "reason"),
    [
        ("1.0", "", "three numbers"),
        ("v1.0.0", "", "three numbers"),
        ("0.9.0", "printf '%s\n' '## [1.0.0] - 2029-01-01' >> CHANGELOG.md; git commit -aqm x", "not above 1.0.0"),
        ("1.0.0", "git tag v1.0.0", "v1.0.0 exists"),
        ("1.0.0", "echo more >> pyproject.toml", "has changes"),
        ("1.0.0", "git checkout -qb other", "branch other"),
        ("1.0.0", "echo '# Changelog' > CHANGELOG.md; git commit -aqm x", "no heading"),
        ("1.0.0", "printf '# C\n\n## [Unreleased]\n' > CHANGELOG.md; git commit -aqm x", "says nothing"),
    ],
)
def test_a_release_that_would_be_wrong_is_refused_and_changes_nothing(
    repository: Path, version: str, spoil: str, reason: str
) -> None:
    run("sh", "-c", spoil, cwd=repository)
    state = "git rev-parse HEAD; git tag; git status --porcelain"
    before = run("sh", "-c", state, cwd=repository).stdout
    with pytest.raises(RefusedError, match=reason):
        release(repository, version, "2030-01-31")
    assert run("sh", "-c", state, cwd=repository).stdout == before


def test_the_command_answers_a_mistake_in_one_sentence() -> None:
    done = run("make", "--no-print-directory", "release", "VERSION=one", cwd=ROOT, check=False)
    assert done.returncode != 0
    assert "error: 'one' is no version" in done.stderr
    assert "Traceback" not in done.stderr
