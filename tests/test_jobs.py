"""Every job of every workflow, run by act: what it leaves behind, and that it is red when it has to be."""

import hashlib
import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness import Project, commit
from runner import REPOSITORY, SUCCEEDED, Run, act, workflows

# One task is enough: the workflows do not know which it is.
pytestmark = [pytest.mark.project, pytest.mark.parametrize("trained", ["classification"], indirect=True)]
PYTHONS = ["3.11", "3.12", "3.13"]
FAST = {"What is committed", "Check", "Pipeline", *(f"Test on Python {python}" for python in PYTHONS)}


@pytest.fixture
def repository(mine: Project) -> Project:
    """A committed project with a tenth of its tests, so that running them on three Pythons is quick."""
    for path in mine.path.glob("tests/test_*.py"):
        if path.name != "test_columns.py":
            path.unlink()
    commit(mine.path)
    return mine


@pytest.fixture
def folder(trained: Project, tmp_path: Path) -> Path:
    """Where the stand-ins write; the cache holds what an earlier run of the pipeline made."""
    (tmp_path / "runner/cache").mkdir(parents=True)
    (tmp_path / "runner/cache/.dvc").symlink_to(trained.path / ".dvc")
    return tmp_path / "runner"


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A `make` that only writes down its targets, and a `gh` that knows one open pull request."""
    path = tmp_path / "programs"
    path.mkdir()
    script(path / "make", 'open(log, "a").write(" ".join(given) + "\\n")\nif "pythons" in given: print(\'["3.11"]\')\n')
    return path


def script(path: Path, body: str) -> None:
    """A program in Python that gets its arguments as `given` and a file to write to as `log`."""
    head = f"import os, sys\ngiven = sys.argv[1:]\nlog = os.environ['STUB_FOLDER'] + '/{path.name}.log'\n"
    path.write_text(f"#!{sys.executable}\n{head}{body}")
    path.chmod(0o755)


def gh(path: Path, pulls: list[dict[str, Any]], broken: bool = False) -> Path:
    """A folder with a `gh` that lists the artifacts there are and these pull requests, and writes down everything else.

    A broken one answers no question.
    """
    path.mkdir(exist_ok=True)
    script(
        path / "gh",
        'open(log, "a").write(" ".join(given) + "\\n")\n'
        "import jq\n"
        "if given[0] == 'api':\n"
        f"    if {broken}: sys.exit('HTTP 502')\n"
        "    folder = os.environ['STUB_FOLDER'] + '/artifacts'\n"
        "    artifacts = {'artifacts': [{'name': name} for name in os.listdir(folder)]}\n"
        f"    known = artifacts if any('/artifacts' in word for word in given) else {pulls!r}\n"
        "    print(*jq.compile(given[given.index('--jq') + 1]).input_value(known).text().splitlines())\n",
    )
    return path


def pull_request(head: str = "stranger/flights") -> dict[str, Any]:
    """The payload of a pull request from a repository."""
    return {"pull_request": {"number": 7, "head": {"ref": "better", "repo": {"full_name": head}}}}


def edit(project: Project, path: str, old: str, new: str) -> None:
    """Replace text in a file and commit."""
    text = (project.path / path).read_text()
    assert old in text
    (project.path / path).write_text(text.replace(old, new, 1))
    commit(project.path)


def test_a_push_is_checked_tested_on_every_python_and_run(repository: Project, folder: Path) -> None:
    done = act(repository.path, "push", "ci.yml", folder, payload={"ref": "refs/heads/main"})
    assert done.jobs() == dict.fromkeys(FAST, True), done.log
    assert done.passed
    assert {found for python in PYTHONS for found in re.findall(rf"Python ({python})\.\d+, pytest", done.log)} == set(
        PYTHONS
    )
    assert done.artifacts() == {"reports"}
    assert re.fullmatch(r"dvc-[0-9a-f]{64}\n", (folder / "given/cache.txt").read_text())
    reports = done.artifact("reports") / "reports"
    assert json.loads((reports / "metrics.json").read_text()) == repository.json("reports/metrics.json")
    assert "<svg" in (reports / "report.html").read_text()
    assert "didn't change, skipping" in done.log, "the cache was not used"


def test_a_pull_request_of_a_fork_is_compared_with_its_base_and_gets_a_comment(
    repository: Project, folder: Path, tmp_path: Path
) -> None:
    merge_of_a_better_model(repository)
    cloud = ("--var", "AWS_ROLE=arn:aws:iam::0:role/reader")
    done = act(repository.path, "pull_request", "ci.yml", folder, "--job", "pipeline", *cloud, payload=pull_request())
    assert done.passed, done.log
    assert done.jobs() == {"What is committed": True, "Pipeline": True}, "a fork must not log in"
    assert done.artifacts() == {"comment", "reports"}
    assert "<html" in (done.artifact("reports") / "dvc_plots/index.html").read_text()
    text = (done.artifact("comment") / "comment.md").read_text()
    assert "### ROC AUC 0.7784 on 27,075 unseen rows" in text
    assert "| ROC AUC | 0.7012 | 0.7784 | +0.0772 | 🟢 better |" in text
    assert re.search(r"├─*●─*┤ .* 0\.7784$", text, re.MULTILINE)
    assert "| `model.estimator.n_estimators` | `1` | `" in text
    assert "The gate passes" in text
    assert "older than the code" not in text

    head = {"number": 7, "head": {"sha": "c0ffee"}}
    posted = report(repository, folder, gh(tmp_path / "gh", [{"number": 6, "head": {"sha": "0ld"}}, head]))
    assert posted.passed, posted.log
    assert posted.jobs() == {"Comment": True}
    comment = (folder / "given/comment-report-7.md").read_text()
    assert comment.startswith(text)
    assert comment.endswith(
        '\n---\n[This run](https://github.com/team/flights/actions/runs/5) ended with: success. Its artifact "reports" '
        "holds the report and the plots.\n"
    )
    assert "head=stranger:better" in (folder / "gh.log").read_text()


def merge_of_a_better_model(project: Project) -> None:
    """HEAD becomes the merge of the real run into a main branch whose run was worse."""
    evaluation = project.path / "reports/evaluation.json"
    result = json.loads(evaluation.read_text())
    result["models"]["model"]["test"]["roc_auc"]["value"] = 0.7012
    evaluation.write_text(json.dumps(result))
    params = project.path / "params.yaml"
    params.write_text(re.sub(r"n_estimators: \d+", "n_estimators: 1", params.read_text(), count=1))
    project.run("git", "add", "--all")
    worse = project.run("git", "write-tree").stdout.strip()
    base = project.run("git", "commit-tree", worse, "-m", "base").stdout.strip()
    project.run("git", "reset", "--quiet", "--hard")
    merge = ("git", "commit-tree", "HEAD^{tree}", "-p", base, "-p", "HEAD", "-m", "merge")
    project.run("git", "reset", "--quiet", "--hard", project.run(*merge).stdout.strip())


def report(project: Project, folder: Path, programs: Path, event: str = "pull_request") -> Run:
    """Run report.yml after a run of ci.yml for a pull request of a stranger."""
    finished = {
        "id": 5,
        "event": event,
        "conclusion": "success",
        "html_url": f"https://github.com/{REPOSITORY}/actions/runs/5",
        "head_branch": "better",
        "head_sha": "c0ffee",
        "head_repository": {"full_name": "stranger/flights", "owner": {"login": "stranger"}},
    }
    payload = {"action": "completed", "workflow_run": finished}
    return act(project.path, "workflow_run", "report.yml", folder, payload=payload, programs=programs)


@pytest.mark.parametrize("harm", ["a link", "too long", "another file", "an old commit", "no artifact"])
def test_a_comment_that_is_not_what_it_should_be_is_not_posted(
    harm: str, trained: Project, folder: Path, tmp_path: Path
) -> None:
    artifact = folder / "artifacts/comment"
    artifact.mkdir(parents=True)
    (artifact / "comment.md").write_text("fine\n")
    sha = "c0ffee"
    if harm == "a link":
        (tmp_path / "secret").write_text("token")
        (artifact / "comment.md").unlink()
        (artifact / "comment.md").symlink_to(tmp_path / "secret")
    elif harm == "too long":
        (artifact / "comment.md").write_text("x" * 60001)
    elif harm == "another file":
        (artifact / "comment.md").rename(artifact / "other.md")
    elif harm == "an old commit":
        sha = "0ld"
    else:
        shutil.rmtree(artifact)
    done = report(trained, folder, gh(tmp_path / "gh", [{"number": 7, "head": {"sha": sha}}]))
    assert done.jobs() == {"Comment": harm in ("an old commit", "no artifact")}, done.log
    assert ("nothing is posted" in done.log) == (not done.passed)
    assert list((folder / "given").glob("comment-*")) == []


def test_an_answer_that_does_not_come_is_no_absent_comment(trained: Project, folder: Path, tmp_path: Path) -> None:
    (folder / "artifacts/comment").mkdir(parents=True)
    (folder / "artifacts/comment/comment.md").write_text("fine\n")
    done = report(trained, folder, gh(tmp_path / "gh", [], broken=True))
    assert done.jobs() == {"Comment": False}
    assert list((folder / "given").glob("comment-*")) == []


def test_a_comment_calls_nobody_and_comes_only_from_a_pull_request(
    trained: Project, folder: Path, tmp_path: Path
) -> None:
    (folder / "artifacts/comment").mkdir(parents=True)
    (folder / "artifacts/comment/comment.md").write_text("$(touch hacked) `touch hacked` @team/everyone\n")
    programs = gh(tmp_path / "gh", [{"number": 7, "head": {"sha": "c0ffee"}}])
    assert report(trained, folder, programs, event="push").jobs() == {}
    assert list((folder / "given").glob("comment-*")) == []
    assert report(trained, folder, programs).passed
    assert (folder / "given/comment-report-7.md").read_text().startswith("$(touch hacked) `touch hacked` (at)team/")


def test_a_model_that_the_gate_refuses_makes_ci_red_and_the_comment_says_why(repository: Project, folder: Path) -> None:
    gate = yaml.safe_load((repository.path / "params.yaml").read_text())["gate"]
    limit = gate["margin_over_linear"]
    edit(repository, "conf/gate/classification.yaml", f"margin_over_linear: {limit}", "margin_over_linear: 0.5")
    repository.run("make", "params")
    commit(repository.path)
    done = act(repository.path, "pull_request", "ci.yml", folder, "--job", "pipeline", payload=pull_request())
    assert done.jobs() == {"What is committed": True, "Pipeline": False}
    text = (done.artifact("comment") / "comment.md").read_text()
    assert "🔴 **The gate refuses**: 1 of 6 rules are broken." in text
    assert "- `margin_over_linear` `roc_auc is 0.0273 better than the linear model" in text
    assert "older than the code" not in text


@pytest.mark.parametrize(
    ("job", "edits", "said"),
    [
        (
            "check",
            {
                "tests/test_columns.py": ("    assert ", "    assert nowhere and "),
                "conf/train/default.yaml": ("name: default", "name: other"),
            },
            ("F821", "params.yaml is not what conf/ compiles to"),
        ),
        (
            "check",
            {"pyproject.toml": ('"numpy>=', '"numpy>=1.')},
            ("The lockfile at `uv.lock` needs to be updated",),
        ),
        ("test", {"tests/test_columns.py": ("    assert ", "    assert not ")}, ("1 failed",)),
        ("pipeline", {"dvc.lock": ("md5: ", "md5: f")}, ("the last commit does not hold what this run gave",)),
    ],
    ids=["lint and params", "lock", "tests", "pipeline"],
)
def test_what_is_bad_makes_its_job_red(
    job: str, edits: dict[str, tuple[str, str]], said: tuple[str, ...], repository: Project, folder: Path
) -> None:
    for path, (old, new) in edits.items():
        edit(repository, path, old, new)
    options = ("--matrix", "python:3.11") if job == "test" else ()
    done = act(repository.path, "push", "ci.yml", folder, "--job", job, *options)
    assert not done.passed
    assert set(done.jobs().values()) == {True, False}, done.log  # what was committed is there
    assert [words for words in said if words not in done.log] == []


def test_a_project_without_its_locks_is_red_at_once_and_told_what_to_commit(project: Path, folder: Path) -> None:
    fresh = Project(Path(shutil.copytree(project, folder / "flights")))
    commit(fresh.path)
    done = act(fresh.path, "push", "ci.yml", folder)
    assert done.jobs() == {"What is committed": False}
    assert "error: the last commit lacks uv.lock params.yaml dvc.lock: run `make run`, then" in done.log


def test_every_week_the_last_commit_is_reproduced_from_nothing(repository: Project, folder: Path) -> None:
    done = act(repository.path, "schedule", "ci.yml", folder, "--job", "reproduce")
    assert done.jobs() == {"What is committed": True, "Reproduce": True}, done.log
    assert re.search(r"reproduces: \d\d files, the same to the last bit", done.log)


@pytest.mark.parametrize(
    ("variables", "action", "expected"),
    [
        ({"AWS_ROLE": "reader", "AWS_REGION": "eu-west-1"}, "configure-aws-credentials", {"aws-region": "eu-west-1"}),
        ({"AWS_ROLE": "reader"}, "configure-aws-credentials", {"aws-region": "us-east-1"}),
        ({"GOOGLE_PROVIDER": "pool", "GOOGLE_SERVICE_ACCOUNT": "x@y"}, "auth", {"workload_identity_provider": "pool"}),
        ({"AZURE_CLIENT": "id", "AZURE_TENANT": "tenant"}, "login", {"client-id": "id", "tenant-id": "tenant"}),
    ],
    ids=["s3", "s3 without a region", "gcs", "azure"],
)
def test_a_run_by_hand_logs_in_where_a_variable_says_so_and_calls_every_target(
    variables: dict[str, str],
    action: str,
    expected: dict[str, str],
    trained: Project,
    folder: Path,
    programs: Path,
) -> None:
    options = [part for name, value in variables.items() for part in ("--var", f"{name}={value}")]
    done = act(trained.path, "workflow_dispatch", "ci.yml", folder, *options, programs=programs)
    names = {"What is committed", "Check", "Test on Python 3.11", "Fetch data", "Pipeline", "Reproduce"}
    assert done.jobs() == dict.fromkeys(names, True), done.log
    assert done.given(action).items() >= expected.items()
    others = {"configure-aws-credentials", "auth", "login"} - {action}
    assert not [other for other in others if (folder / f"given/{other}.json").exists()]
    called = (folder / "make.log").read_text().split()
    assert set(called) == {"committed", "--silent", "pythons", "check", "test", "pull", "run", "verify", "reproduce"}


def test_nothing_of_this_process_leaks_into_a_job(
    trained: Project, folder: Path, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEAKED", "secret")
    monkeypatch.setenv("GITHUB_SHA", "of the outer run")
    script(programs / "make", "print(os.environ)\n")
    done = act(trained.path, "push", "ci.yml", folder, "--job", "begin", programs=programs)
    assert "GITHUB_SHA" in done.log
    assert "LEAKED" not in done.log
    assert "of the outer run" not in done.log


def test_a_public_repository_puts_no_fetched_data_where_forks_can_read_them(
    trained: Project, folder: Path, programs: Path
) -> None:
    public = {"repository": {"full_name": REPOSITORY, "default_branch": "main", "private": False}}
    options = ("--var", "AWS_ROLE=reader")
    done = act(trained.path, "push", "ci.yml", folder, *options, payload=public, programs=programs)
    assert "Fetch data" not in done.jobs()
    assert "pull" not in (folder / "make.log").read_text().split()


def test_a_failed_fetch_stops_the_pipeline(trained: Project, folder: Path, programs: Path) -> None:
    script(programs / "make", 'sys.exit("no data") if "pull" in given else print(\'["3.11"]\')\n')
    done = act(trained.path, "push", "ci.yml", folder, "--var", "AWS_ROLE=reader", programs=programs)
    assert done.jobs() == {"What is committed": True, "Check": True, "Test on Python 3.11": True, "Fetch data": False}


@pytest.mark.parametrize("container", [True, False], ids=["with a container", "without one"])
def test_a_tag_becomes_a_release(container: bool, repository: Project, folder: Path, tmp_path: Path) -> None:
    if not container:
        (repository.path / "Dockerfile").unlink()
        commit(repository.path)
    programs = gh(tmp_path / "gh", [])
    done = act(repository.path, "push", "release.yml", folder, payload={"ref": "refs/tags/v0.1.0"}, programs=programs)
    assert done.jobs() == dict.fromkeys(["Package", *["Container"] * container, "Publish"], True), done.log
    built = {path.name for path in done.artifact("package").iterdir()} - {".gitignore"}
    assert built == {"flight_delays-0.1.0-py3-none-any.whl", "flight_delays-0.1.0.tar.gz"}
    released = (folder / "gh.log").read_text()
    assert released.startswith(
        "release create v0.1.0 dist/flight_delays-0.1.0-py3-none-any.whl dist/flight_delays-0.1.0.tar.gz"
    )
    assert "--verify-tag --generate-notes" in released
    assert done.given("attest-build-provenance")["subject-path"] == "dist/*"
    assert (folder / "given/build-push-action.json").exists() == container
    if container:
        assert done.given("build-push-action").items() >= {"push": "true", "tags": "ghcr.io/team/flights:1.2.3"}.items()
        assert done.given("login-action")["registry"] == "ghcr.io"


def test_a_tag_of_another_version_releases_nothing(repository: Project, folder: Path, tmp_path: Path) -> None:
    programs = gh(tmp_path / "gh", [])
    done = act(repository.path, "push", "release.yml", folder, payload={"ref": "refs/tags/v9.9.9"}, programs=programs)
    assert done.jobs() == {"Package": False}
    assert "error: the tag v9.9.9 is not the version in pyproject.toml, v0.1.0" in done.log
    assert not (folder / "gh.log").exists()


@pytest.fixture
def lifecycle(versions: Project, tmp_path: Path) -> Project:
    """A project with three versions, whose storage has an address that also holds in the folder of a job."""
    storage = versions.path.parent / "flight-delays-storage"
    versions.dvc("remote", "modify", "storage", "url", str(storage))
    commit(versions.path)
    path = tmp_path / "programs"
    path.mkdir()
    script(
        path / "gh",
        'open(log, "a").write(" ".join(given) + "\\n")\n'
        "import shutil\n"
        "for word in given:\n"
        "    if '@' in word and word.startswith('body='):\n"
        "        shutil.copy(word.partition('@')[2], os.environ['STUB_FOLDER'] + '/comment.md')\n",
    )
    return versions


def tagged(project: Project, folder: Path, tag: str) -> Run:
    """What the push of a tag sets off."""
    payload = {"ref": f"refs/tags/{tag}"}
    return act(project.path, "push", "lifecycle.yml", folder, payload=payload, programs=folder.parent / "programs")


def test_a_new_version_is_proved_from_nothing_and_its_commit_is_told(lifecycle: Project, folder: Path) -> None:
    done = tagged(lifecycle, folder, "model@v0.3.0")
    assert done.jobs() == {"Audit": True, "Comment on the commit": True}, done.log
    assert "the files of v0.3.0 are in the remote as registered, and its tag says what its commit holds" in done.log
    assert re.search(r"reproduces: \d\d files, the same to the last bit", done.log)
    head = lifecycle.run("git", "rev-parse", "HEAD").stdout.strip()
    assert (
        folder / "gh.log"
    ).read_text() == f"api repos/{REPOSITORY}/commits/{head}/comments --field body=@comment.md\n"
    comment = (folder / "comment.md").read_text()
    assert comment.startswith("The audit of `model@v0.3.0`: ✅ is what its tag says, and reproduces")
    assert "### Model v0.3.0\n" in comment
    assert "| file model.onnx | `SHA-256 " in comment


@pytest.mark.parametrize(
    ("harm", "said"),
    [("another file", "  model.onnx: "), ("another record", "  metrics: the commit holds another one")],
)
def test_a_version_that_is_not_what_its_tag_says_is_red_and_its_commit_is_told(
    harm: str, said: str, lifecycle: Project, folder: Path
) -> None:
    if harm == "another file":
        for path in (lifecycle.path.parent / "flight-delays-storage").rglob("*"):
            if path.is_file() and b"ai.onnx.ml" in path.read_bytes():
                path.chmod(0o644)
                path.write_bytes(path.read_bytes() + b"x")
    else:
        text = lifecycle.run("git", "for-each-ref", "--format=%(contents)", "refs/tags/model@v0.3.0").stdout
        commit_of = lifecycle.run("git", "rev-parse", "model@v0.3.0^{commit}").stdout.strip()
        forged = re.sub(r'"value": [\d.]+', '"value": 0.99', text)
        lifecycle.run("git", "tag", "--force", "--annotate", "--message", forged, "model@v0.3.0", commit_of)
    done = tagged(lifecycle, folder, "model@v0.3.0")
    assert done.jobs() == {"Audit": False, "Comment on the commit": True}, done.log
    assert said in done.log
    assert "the same to the last bit" not in done.log
    comment = (folder / "comment.md").read_text()
    assert comment.startswith("The audit of `model@v0.3.0`: ❌ could not be proved: failure.")


def test_a_new_champion_is_released_with_its_lineage(lifecycle: Project, folder: Path) -> None:
    lifecycle.run("make", "promote", "VERSION=v0.1.0")
    lifecycle.run("make", "promote", "VERSION=v0.2.0")
    lifecycle.run("make", "rollback")
    done = tagged(lifecycle, folder, "model#champion#2")
    assert done.jobs() == {"Pack the champion": True, "Release the champion": True}, done.log
    files = sorted(path.name for path in done.artifact("model").iterdir())
    cards = ["data_card.md", "model_card.md"]
    assert files == sorted(["booster.txt", "model.json", "model.onnx", "lineage.json", "lineage.md", *cards])
    known = json.loads((done.artifact("model") / "lineage.json").read_text())
    assert known["version"] == "v0.2.0", "the version of this tag, whoever is champion now"
    digest = hashlib.sha256((done.artifact("model") / "model.onnx").read_bytes()).hexdigest()
    assert known["files"]["model.onnx"] == digest
    assert digest in (done.artifact("model") / "model_card.md").read_text()
    assert done.given("attest-build-provenance")["subject-path"] == "model/*"
    released = (folder / "gh.log").read_text()
    assert released.startswith(
        "release create model#champion#2 model/booster.txt model/data_card.md model/lineage.json "
    )
    assert released.endswith(f"--repo {REPOSITORY} --verify-tag --latest=false --notes-file model/lineage.md\n")


def test_the_name_of_a_tag_is_never_run(lifecycle: Project, folder: Path) -> None:
    done = tagged(lifecycle, folder, "model@v0.1.0$(touch${IFS}$STUB_FOLDER/hacked)$(shell${IFS}touch${IFS}hacked)")
    assert done.jobs() == {"Audit": False, "Comment on the commit": True}, done.log
    assert "no version model@v0.1.0$(touch" in done.log
    assert not (folder / "hacked").exists()


@pytest.mark.parametrize(
    ("event", "workflow", "payload", "jobs", "called"),
    [
        ("push", "tests.yml", {}, ["Check", "Test what is rendered", "Test projects at work"], "check test-fast test"),
        (
            "pull_request",
            "tests.yml",
            {},
            ["Check", "Test what is rendered", "Test projects at work"],
            "check test-fast test",
        ),
        ("schedule", "newest.yml", {}, ["Run with the newest packages"], "test-newest"),
        ("workflow_dispatch", "newest.yml", {}, ["Run with the newest packages"], "test-newest"),
        ("push", "docs.yml", {"ref": "refs/heads/main"}, ["Build", "Deploy"], "docs"),
        ("pull_request", "docs.yml", {}, ["Build"], "docs"),
    ],
)
def test_the_workflows_of_this_repository_call_its_targets(
    event: str,
    workflow: str,
    payload: dict[str, Any],
    jobs: list[str],
    called: str,
    own_template: Path,
    folder: Path,
    programs: Path,
) -> None:
    commit(own_template)
    done = act(own_template, event, workflow, folder, payload=payload, programs=programs)
    assert done.jobs() == dict.fromkeys(jobs, True), done.log
    assert set((folder / "make.log").read_text().split()) == set(called.split())
    if "Deploy" in jobs:
        assert done.given("upload-pages-artifact") == {"path": "site"}


def test_every_job_has_succeeded_in_a_test_above(trained: Project, own_template: Path) -> None:
    names = [
        job["name"]
        for at in (trained.path, own_template)
        for of in workflows(at).values()
        for job in of["jobs"].values()
    ]
    assert len(names) == 20
    # A matrix completes its name.
    left_out = [name for name in names if not any(ran.startswith(name.split("${{")[0]) for ran in SUCCEEDED)]
    assert left_out == [], "run the whole file: this test looks at what the others ran"
