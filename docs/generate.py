"""Writes the reference pages from what they describe: `uv run docs/generate.py`."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from copier import Settings, run_copy
from jinja2 import Environment

HERE = Path(__file__).parent
NOTE = "<!-- Written by docs/generate.py from what it describes: change that instead. -->\n\n"
TARGET = re.compile(r"^([a-z-]+):[^#\n]*## *(.+)$", re.MULTILINE)
SETTING = re.compile(r"^( *)([\w-]+): *(.*?)(?: +# *(.*))?$")


def pages(template: Path) -> dict[str, str]:
    """The text of each generated page by its name in docs/reference."""
    # HEAD: of a Git repository Copier would take the last release, with the defaults that it had.
    options: dict[str, Any] = {"defaults": True, "pretend": True, "quiet": True, "vcs_ref": "HEAD"}
    worker = run_copy(str(template), "unused", settings=Settings(), **options)
    answers = dict(worker.answers.combined)
    settings = worker.template.questions_data.items()
    asked = {name: question for name, question in settings if question.get("when") is not False}
    registry = yaml.safe_load((template / "includes/features.yml").read_text())
    asked["features"]["choices"] = [feature["id"] for feature in registry]
    rows = [
        (f"`{name}`", filled(question["help"], answers), choices(question), code(answers[name]))
        for name, question in asked.items()
    ]
    return {
        "questions.md": f"{NOTE}# Questions\n\nHelp and defaults as they are before you change an answer.\n\n"
        + table(("question", "what it asks", "answers", "default"), rows),
        "features.md": f"{NOTE}# Features\n\n"
        + table(("feature", "what you get", "default", "requires", "renders"), [row(feature) for feature in registry]),
        "commands.md": f"{NOTE}# Commands\n\n## In a project\n\n{targets(template / 'template')}\n"
        f"Your own go into `Makefile.local`.\n\n## In the template\n\n{targets(template)}",
        "configuration.md": f"{NOTE}# Configuration\n\nThe groups in `conf/` of a project, and the options that come "
        "with it. Choose one in `conf/config.yaml`, or for one run: `uv run dvc exp run -S group=option`.\n\n"
        + "\n".join(group(folder) for folder in sorted((template / "template/conf").iterdir()) if folder.is_dir()),
        "gates.md": f"{NOTE}# Gates\n\nWhat a model must hold before it leaves the pipeline: the settings of "
        "`conf/gate/`. `null` sets no limit.\n\n" + gates(template / "template/conf/gate"),
    }


def targets(folder: Path) -> str:
    """The commands of the makefiles in a folder, as they help people; `{{ … }}` never stands in one."""
    rows = [
        (f"`make {name}`", help_text, path.name.removesuffix(".jinja").removesuffix(".mk"))
        for path in sorted([*folder.glob("Makefile*"), *folder.glob("*.mk*")])
        for name, help_text in TARGET.findall(path.read_text())
    ]
    return table(("command", "what it does", "from"), rows)


def group(folder: Path) -> str:
    """The options of one Hydra group: the first words of each file, and its settings with what stands beside them."""
    rows = [(f"`{path.stem}`", *described(path)) for path in sorted(folder.glob("*.yaml*"))]
    return f"## {folder.name}\n\n{table(('option', 'what it is', 'settings'), rows)}"


def described(path: Path) -> tuple[str, str]:
    """The comment that a file begins with, and the names of its top settings."""
    lines = path.read_text().splitlines()
    head = []
    for line in lines:
        if not line.startswith("#"):
            break
        head += [line.lstrip("# ")] if "@package" not in line else []
    names = [found[2] for line in lines if (found := SETTING.match(line)) and not found[1]]
    return re.split(r"(?<=[.:]) ", " ".join(head))[0].rstrip(":"), ", ".join(
        f"`{name}`" for name in names if name not in ("name", "defaults")
    )


def gates(folder: Path) -> str:
    """One row for each setting of a gate, with its value for each task."""
    options = {path.stem: yaml.safe_load(path.read_text()) for path in sorted(folder.glob("*.yaml"))}
    notes = {
        found[2]: found[4] or ""
        for path in folder.glob("*.yaml")
        for line in path.read_text().splitlines()
        if (found := SETTING.match(line))
    }
    names = [name for name in next(iter(options.values())) if name != "name"]
    rows = [
        (f"`{name}`", *("null" if of[name] is None else f"{of[name]:g}" for of in options.values()), notes[name])
        for name in names
    ]
    return table(("setting", *options, "what it limits"), rows)


def filled(help_text: str, answers: dict[str, Any]) -> str:
    """The help as a person sees it who accepts every default."""
    return Environment(autoescape=False).from_string(help_text).render(answers)


def choices(question: dict[str, Any]) -> str:
    """The answers that a question accepts."""
    values = [choice[1] if isinstance(choice, list) else choice for choice in question.get("choices", [])]
    return ("any of " if question.get("multiselect") else "") + code(values) if values else "text"


def code(answer: str | list[str]) -> str:
    """An answer as code, or a word for none."""
    return ", ".join(f"`{part}`" for part in ([answer] if isinstance(answer, str) else answer) if part) or "empty"


def row(feature: dict[str, Any]) -> tuple[str, ...]:
    """What the table of features says about one."""
    title = f"[{feature['title']}](../{feature['docs']}) (`{feature['id']}`)"
    paths = ", ".join(f"`{path.lstrip('/')}`" for path in feature["paths"])
    return title, feature["help"], "on" if feature["default"] else "off", ", ".join(feature["requires"]) or "—", paths


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


if __name__ == "__main__":
    for name, text in pages(HERE.parent).items():
        (HERE / "reference" / name).write_text(text)
