"""What the hooks of the template and of a rendered project must refuse: for each hook a file that only it minds."""

import json
import re
from pathlib import Path
from typing import Any

import yaml

Files = dict[str, str]

# Words in two halves, so that this file passes the hooks itself.
KEY = "AKIA" + "Q3EGRIOSFODNN7ZX"
MISSPELT = "rec" + "ieve"
WORKFLOW = """name: tried
"on": push
permissions: {}
jobs:
  only:
    name: Only
    runs-on: ubuntu-latest
    steps:
      - run: echo fine
"""


def notebook(*outputs: dict[str, Any]) -> str:
    """A notebook of one cell, as an editor writes it."""
    cell: dict[str, Any] = {
        "cell_type": "code",
        "execution_count": None,
        "id": "a",
        "metadata": {},
        "outputs": outputs,
        "source": ["x = 1"],
    }
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1) + "\n"


# What both repositories refuse, by the id of the hook: the file, its text, and words of the refusal.
BAD: dict[str, tuple[str, str, str]] = {
    "trailing-whitespace": ("notes.txt", "a \n", "files were modified by this hook"),
    "end-of-file": ("notes.txt", "a", "files were modified by this hook"),
    "ruff-lint": ("tests/test_bad.py", '"""Bad."""\n\nl = 1\n', "E741"),
    "ruff-format": ("tests/test_bad.py", '"""Bad."""\n\nx=1\n', "1 file reformatted"),
    "mypy": ("tests/test_bad.py", '"""Bad."""\n\n\ndef test_bad():\n    assert 1\n', "no-untyped-def"),
    "large-files": ("blob.bin", "\0" * 1_100_000, "exceeds 1000 KB"),
    "secrets": ("notes.txt", f"{KEY}\n", "AWS Access Key"),
    "merge-markers": ("notes.txt", "<<<<<<< before\na\n=======\nb\n>>>>>>> after\n", "Merge conflict string"),
    "rejected-patches": ("notes.txt.rej", "a\n", "merge what it holds by hand, then delete it"),
    "yaml": ("bad.yaml", "a: [\n", "bad.yaml"),
    "toml": ("bad.toml", "a = =\n", "bad.toml"),
    "json": ("bad.json", "{\n", "bad.json"),
    "spelling": ("tests/test_bad.py", f'"""{MISSPELT}."""\n', MISSPELT),
    "workflow-syntax": (
        ".github/workflows/bad.yml",
        WORKFLOW.replace("    runs-on", "    needs: nothing\n    runs-on"),
        "needs job",
    ),
    "workflow-security": (
        ".github/workflows/bad.yml",
        WORKFLOW.replace("run: echo fine", "uses: actions/checkout@v7"),
        "unpinned-uses",
    ),
}


def ids(repository: Path) -> list[str]:
    """The hooks of a repository."""
    (local,) = yaml.safe_load((repository / ".pre-commit-config.yaml").read_text())["repos"]
    assert local["repo"] == "local"
    return [hook["id"] for hook in local["hooks"]]


def failed(printed: str) -> list[str]:
    """The hooks that refused, from what pre-commit prints."""
    return re.findall(r"^- hook id: (\S+)$", printed, re.MULTILINE)


def skipped(printed: str) -> list[str]:
    """The names of the hooks that found no file of theirs."""
    return re.findall(r"^(.*?)\.+\(no files to check\)Skipped$", printed, re.MULTILINE)


def write(repository: Path, changed: Files) -> None:
    """Write files into a repository."""
    for name, text in changed.items():
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        (repository / name).write_text(text)
