"""Checks of what is rendered. Each returns what is wrong, so that a test can also feed it something bad."""

import ast
import configparser
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from harness import files
from pathspec import PathSpec

# What a plain scalar must not look like: YAML 1.1 makes a bool, a shorter float, a base-60 or octal number of it.
AMBIGUOUS = re.compile(r"(?i)yes|no|on|off|[1-9]\d*\.[1-9]\d*0|\d+:\d+(:\d+)*|0\d+|\d{4}-\d\d?-\d\d?")
DELIMITER = re.compile(r"\{\{|\}\}|\{%|%\}|\{#|#\}")


def trusted_settings(settings: Iterable[str]) -> list[str]:
    """Settings of copier.yml that ask people for trust."""
    return sorted({"_tasks", "_jinja_extensions", "_migrations", "_external_data"} & set(settings))


def unportable(paths: Iterable[str]) -> list[str]:
    """Paths that Windows cannot hold, or that differ in case only."""
    paths = list(paths)
    reserved = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?|.*[. ]")
    bad = [path for path in paths if re.search(r'[<>:"\\|?*\x00-\x1f]', path) or len(path) > 150]
    bad += [path for path in paths if any(reserved.fullmatch(part) for part in path.split("/"))]
    folded = [path.casefold() for path in paths]
    return bad + [path for path in paths if folded.count(path.casefold()) > 1]


def misowned(paths: Iterable[str], rules: Iterable[Mapping[str, Any]]) -> list[str]:
    """Rendered paths without an owner, with two owners besides the general rule, or that only a tool may write."""
    specs = [(rule["class"], PathSpec.from_lines("gitignore", rule["paths"])) for rule in rules]
    problems = []
    for path in paths:
        matching = [owner for owner, spec in specs if spec.match_file(path)]
        classes = [owner for owner in matching if owner != "managed"] or matching[:1]  # a feature's code lies in src/
        if len(classes) != 1:
            problems.append(f"{path}: owned by {classes or 'nobody'}")
        elif classes == ["generated"]:
            problems.append(f"{path}: rendered although a tool writes it")
    return problems


@cache
def unparsable(name: str, text: str) -> list[str]:
    """The error of the parser that the file's name calls for."""
    # Most files are the same in every render, which the cache makes cheap.
    parsers: dict[str, Any] = {
        ".py": ast.parse,
        ".toml": tomllib.loads,
        ".yaml": yaml.safe_load,
        ".yml": yaml.safe_load,
        ".json": json.loads,
        "config": configparser.ConfigParser(interpolation=None).read_string,
    }
    try:
        parsers.get(Path(name).suffix or Path(name).name, str)(text)
    except (SyntaxError, ValueError, yaml.YAMLError, configparser.Error) as error:
        return [f"{name}: {error}"]
    return []


@cache
def ambiguous_scalars(name: str, text: str) -> list[str]:
    """Plain YAML scalars that are read as another type than they look, such as a version 3.10."""
    if Path(name).suffix not in {".yaml", ".yml"}:
        return []
    scalars = (token for token in yaml.scan(text) if isinstance(token, yaml.ScalarToken) and token.plain)
    return [f"{name}: quote {token.value}" for token in scalars if AMBIGUOUS.fullmatch(token.value)]


def leftover_delimiters(name: str, text: str) -> list[str]:
    """Lines of a file made by Jinja that still hold a delimiter."""
    return [f"{name}: {line}" for line in text.splitlines() if DELIMITER.search(line)]


def unrendered_answers(name: str, text: str, questions: Iterable[str]) -> list[str]:
    """Lines of a file copied as it is that use a question: its template lacks the suffix .jinja."""
    use = re.compile(r"(?<!\$)\{[{%][^}]*\b(" + "|".join([*questions, "_copier_\\w+"]) + r")\b")
    return [f"{name}: {line}" for line in text.splitlines() if use.search(line)]


def problems(project: Path) -> list[str]:
    """Everything wrong with a render that needs nothing installed to be seen."""
    paths = files(project)
    rules = yaml.safe_load((project / ".repa/ownership.yml").read_text())["rules"]
    texts = {name: path.read_text(encoding="utf-8") for name, path in paths.items()}
    found = misowned(paths, rules) + unportable(paths)
    return found + [
        problem for name, text in texts.items() for problem in unparsable(name, text) + ambiguous_scalars(name, text)
    ]


# Every stage has them: what of them matters to a stage, its settings, is declared as `params`.
STARTING = {"config.py", "errors.py", "params.py", "run.py"}
# The gate measures how long the model takes, which is no output, and writes the report only where it refuses.
MEASURED = {"gate imports artifact.py", "gate imports columns.py", "gate imports stages/report.py"}


def undeclared(project: Path, package: str = "flight_delays") -> list[str]:
    """The modules that a stage imports and `dvc.yaml` does not list: a change of them would not run it again."""
    source, found = project / "src" / package, []
    for pipeline, kind in ((project / "dvc.yaml", "stages"), (project / "studies/dvc.yaml", "studies")):
        for name, stage in yaml.safe_load(pipeline.read_text())["stages"].items():
            deps = [(pipeline.parent / path).resolve() for path in stage["deps"]]
            for module in sorted(imported(source, Path(kind) / f"{name}.py") | {f"{kind}/{name}.py"}):
                path = (source / module).resolve()
                if module not in STARTING and not {path, *path.parents} & set(deps):
                    found.append(f"{name} imports {module}")
    return [line for line in found if line not in MEASURED]


def imported(source: Path, module: Path) -> set[str]:
    """The modules of the package that one of them imports, anywhere in its code."""
    found = set()
    for node in ast.walk(ast.parse((source / module).read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            folder = module.parents[node.level - 1]
            named = folder.joinpath(*(node.module or "").split("."))
            candidates = [named.with_suffix(".py")] if node.module else []
            candidates += [named / f"{alias.name}.py" for alias in node.names]
            found |= {path.as_posix() for path in candidates if (source / path).exists()}
    return found
