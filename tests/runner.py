"""Runs the jobs of GitHub workflows on this machine with `act`; small stand-ins take the place of the actions."""

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from harness import environment, run

ACTIONS = Path(__file__).parent / "actions"
BIN = Path(sys.executable).parent
REPOSITORY = "team/flights"
USES = re.compile(r"^\s*(?:- )?uses: (?P<action>[^@\s]+)@(?P<ref>\S+) *(?:# (?P<release>\S+))?$", re.MULTILINE)
# The names of the jobs that have been run and succeeded, for the test that none is left out.
SUCCEEDED: set[str] = set()
# What a runner has; everything else of this process stays out, as `act` hands on all that it gets.
KEPT = (
    "GIT_",
    "HOME",
    "HTTP",
    "LANG",
    "LC_",
    "MYPY_",
    "NO_PROXY",
    "PATH",
    "PIP_",
    "PYENV_",
    "SSL_",
    "UV_",
    "http",
    "no_proxy",
)


@dataclass(frozen=True)
class Run:
    """A finished run of a workflow; `folder` is what the stand-ins wrote."""

    passed: bool
    log: str
    folder: Path

    def artifact(self, name: str) -> Path:
        """The folder of an artifact."""
        return self.folder / "artifacts" / name

    def artifacts(self) -> set[str]:
        """The names of all artifacts."""
        return {path.name for path in (self.folder / "artifacts").iterdir()}

    def given(self, action: str) -> dict[str, Any]:
        """The inputs that an action was given last."""
        return dict(json.loads((self.folder / f"given/{action}.json").read_text()))

    def jobs(self) -> dict[str, bool]:
        """Whether each job that ran succeeded, by its name."""
        ended = re.findall(r"^\[[^/\]]+/(.+?)\s*\] .*🏁\s+Job (succeeded|failed)$", self.log, re.MULTILINE)
        return {re.sub(r"-\d+$", "", name): word == "succeeded" for name, word in ended}  # act counts those of a matrix


def workflows(project: Path) -> dict[str, dict[str, Any]]:
    """The workflows of a repository by file name."""
    found = sorted((project / ".github/workflows").glob("*.yml"))
    return {path.name: yaml.safe_load(path.read_text()) for path in found}


def uses(project: Path) -> list[tuple[str, str, str | None]]:
    """Action, commit and release of each `uses:` of another repository."""
    texts = [path.read_text() for path in sorted((project / ".github").rglob("*.yml"))]
    return [(match["action"], match["ref"], match["release"]) for text in texts for match in USES.finditer(text)]


def act(
    project: Path,
    event: str,
    workflow: str,
    folder: Path,
    *options: str,
    payload: Mapping[str, Any] | None = None,
    programs: Path | None = None,
) -> Run:
    """Run a workflow on an event.

    Args:
        project: the repository, with a commit.
        event: its name, such as `push`.
        workflow: the name of the file.
        folder: where the stand-ins write; `artifacts` and `cache` may hold what an earlier run left.
        options: more of act's, such as `--job`.
        payload: of the event.
        programs: a folder that comes first on PATH.
    """
    for name in ("artifacts", "given", "act"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    event_file = folder / "event.json"
    repository = {"full_name": REPOSITORY, "default_branch": "main", "private": True}
    event_file.write_text(json.dumps({"repository": repository, **(payload or {})}))
    stand_ins = [
        f"--local-repository={action}@{ref}={ACTIONS / action.split('/')[1]}"
        for action, ref in sorted({(action, ref) for action, ref, _ in uses(project)})
        if action != "actions/checkout"  # act brings the tree by itself
    ]
    clean = {key: value for key, value in environment().items() if key.startswith(KEPT)}
    if programs:
        clean["PATH"] = f"{programs}:{clean['PATH']}"
    done = run(
        *("env", "-i", *(f"{key}={value}" for key, value in clean.items())),
        *(BIN / "act", event, "--workflows", f".github/workflows/{workflow}", "--eventpath", event_file),
        *("--platform", "ubuntu-latest=-self-hosted", "--no-cache-server", "--pull=false", "--concurrent-jobs", "1"),
        *("--action-cache-path", folder / "act", "--actor", "somebody", "--secret", "GITHUB_TOKEN=token"),
        *("--env", f"STUB_FOLDER={folder}", "--env", f"GITHUB_REPOSITORY={REPOSITORY}"),
        *(*stand_ins, *options),
        cwd=project,
        check=False,
    )
    finished = Run(done.returncode == 0, done.stdout + done.stderr, folder)
    SUCCEEDED.update(name for name, succeeded in finished.jobs().items() if succeeded)
    return finished
