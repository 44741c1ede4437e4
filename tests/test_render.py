"""What a project receives, for every kind of answer."""

import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from checks import ambiguous_scalars, leftover_delimiters, problems, undeclared, unparsable, unrendered_answers
from harness import all_answers, answers, choices, files, include, questions, render, run, toml

FEATURES = [feature["id"] for feature in include("features.yml")]
SETS_OF_FEATURES = [FEATURES, [], *([other for other in FEATURES if other != off] for off in FEATURES)]


@pytest.mark.parametrize("features", SETS_OF_FEATURES, ids=lambda features: "+".join(features) or "none")
def test_a_project_has_the_files_of_its_features_and_no_others(
    features: list[str], template: Path, tmp_path: Path
) -> None:
    project = render(template, tmp_path / "project", features=features)
    assert problems(project) == []
    for feature in include("features.yml"):
        for path in feature["paths"]:
            assert bool(list(project.glob(path[1:]))) == (feature["id"] in features), path


@pytest.mark.parametrize("chosen", list(all_answers()), ids=lambda chosen: f"{chosen['license']}-{chosen['storage']}")
def test_every_pair_of_answers_renders_a_sound_project(chosen: dict[str, Any], template: Path, tmp_path: Path) -> None:
    project = render(template, tmp_path / "project", **chosen)
    assert problems(project) == []
    assert {name: answers(project)[name] for name in chosen} == chosen
    assert toml(project)["project"]["authors"][0].get("email", "") == chosen["author_email"]


def test_the_pairs_are_complete() -> None:
    seen = {(a, str(row[a]), b, str(row[b])) for row in all_answers() for a in row for b in row if a < b}
    assert len({pair for pair in seen if {pair[0], pair[2]} == {"license", "storage"}}) == 4 * 5
    assert len({pair for pair in seen if {pair[0], pair[2]} == {"features", "task"}}) == 2 * 2


def test_a_feature_without_what_it_requires_is_refused_by_name(own_template: Path, tmp_path: Path) -> None:
    with (own_template / "includes/features.yml").open("a") as registry:
        registry.write("- {id: extra, title: Extra, help: More., default: false, requires: [container],")
        registry.write(" paths: [/EXTRA.md], group: null, docs: features/extra.md}\n")
    (own_template / "template/EXTRA.md").write_text("extra\n")
    with pytest.raises(ValueError, match="The feature extra requires container: select container too"):
        render(own_template, tmp_path / "refused", features=["extra"])
    both = render(own_template, tmp_path / "both", features=["extra", "container"])
    assert (both / "EXTRA.md").exists()
    assert problems(both) == []  # one entry and its files are enough: the owner follows
    assert not (render(own_template, tmp_path / "default") / "EXTRA.md").exists()


def test_without_the_feature_there_is_no_trace_of_it(template: Path, tmp_path: Path) -> None:
    on, off = (
        render(template, tmp_path / name, features=[each for each in FEATURES if each != without])
        for name, without in (("on", ""), ("off", "mlflow"))
    )

    def traces(project: Path) -> list[str]:
        found = files(project).items()
        return [name for name, path in found if b"mlflow" in path.read_bytes().lower() or "mlflow" in name.lower()]

    assert traces(off) == []
    assert {"dvc.yaml", "mlflow.mk", "pyproject.toml", "src/flight_delays/stages/track.py"} < set(traces(on))


def test_an_unknown_variable_in_a_template_fails_the_render(own_template: Path, tmp_path: Path) -> None:
    (own_template / "template/typo.md.jinja").write_text("{{ unknown_name }}\n")
    with pytest.raises(Exception, match="'unknown_name' is undefined"):
        render(own_template, tmp_path / "project")


def test_no_delimiter_is_left_in_a_file_that_jinja_made(template: Path, project: Path) -> None:
    rendered = {re.sub(r"\.jinja$", "", name) for name in files(template / "template") if name.endswith(".jinja")}
    package = answers(project)["package_name"]
    names = {name.replace("{{ package_name }}", package) for name in rendered} & files(project).keys()
    assert "pyproject.toml" in names
    assert [problem for name in names for problem in leftover_delimiters(name, (project / name).read_text())] == []
    assert [name for name in files(project) if leftover_delimiters("", name)] == []


def test_no_file_without_the_suffix_uses_an_answer(project: Path) -> None:
    # An HTML page is a Jinja template of the project itself.
    texts = {name: path.read_text() for name, path in files(project).items() if not name.endswith(".html")}
    asked = questions()
    assert [problem for name, text in texts.items() for problem in unrendered_answers(name, text, asked)] == []


def test_a_forgotten_suffix_or_delimiter_is_noticed() -> None:
    assert unrendered_answers("a.py", 'NAME = "{{ project_name }}"', questions()) == [
        'a.py: NAME = "{{ project_name }}"'
    ]
    assert unrendered_answers("a.yml", "run: ${{ matrix.task }}", questions()) == []
    assert leftover_delimiters("a.md", "fine\n{% if x %}") == ["a.md: {% if x %}"]


def test_a_scalar_that_yaml_reads_as_another_type_is_noticed() -> None:
    text = 'python: 3.10\nquoted: "3.10"\nshare: 0.10\nnorway: no\ntime: 12:30\n'
    assert ambiguous_scalars("a.yml", text) == ["a.yml: quote 3.10", "a.yml: quote no", "a.yml: quote 12:30"]


@pytest.mark.parametrize("name", ["a.py", "a.toml", "a.yaml", "a.json", ".dvc/config"])
def test_a_file_that_does_not_parse_is_noticed(name: str) -> None:
    assert len(unparsable(name, "[section\n: {")) == 1


def test_every_stage_and_study_depends_on_the_modules_that_it_imports(template: Path, tmp_path: Path) -> None:
    assert undeclared(render(template, tmp_path / "project", features=FEATURES)) == []


def test_an_import_that_a_pipeline_does_not_list_is_noticed(project: Path, tmp_path: Path) -> None:
    copied = tmp_path / "project"
    shutil.copytree(project, copied)
    for pipeline, line in (
        ("dvc.yaml", "      - src/flight_delays/evaluation.py\n"),
        ("studies/dvc.yaml", "      - ../src/flight_delays/report/words.py\n"),
    ):
        text = (copied / pipeline).read_text()
        (copied / pipeline).write_text(text.replace(line, ""))
    with (copied / "src/flight_delays/stages/ingest.py").open("a") as module:
        module.write("\n\ndef late():\n    from .. import timeline\n")
    found = undeclared(copied)
    assert found[:2] == ["ingest imports timeline.py", "evaluate imports evaluation.py"]
    assert len(found) == 2 + 7
    assert set(found[2:]) >= {"threshold imports report/words.py"}


def test_rendering_twice_gives_the_same_bytes(template: Path, tmp_path: Path, project: Path) -> None:
    again = render(template, tmp_path / "elsewhere")
    assert {name: path.read_bytes() for name, path in files(again).items()} == {
        name: path.read_bytes() for name, path in files(project).items()
    }


def test_the_answers_file_records_the_questions_and_nothing_computed(project: Path) -> None:
    assert answers(project).keys() == {"_src_path", *questions()}


@pytest.mark.parametrize("license_name", choices("license"))
def test_the_license_is_the_one_that_was_chosen(license_name: str, template: Path, tmp_path: Path) -> None:
    project = render(template, tmp_path / "project", license=license_name, author_name="Ada & Co.")
    text = (project / "LICENSE").read_text()
    telling = {
        "MIT": "Permission is hereby granted, free of charge",
        "BSD-3-Clause": "3. Neither the name of the copyright holder",
        "Apache-2.0": "TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION",
        "Proprietary": "All rights reserved.",
    }
    assert [name for name, words in telling.items() if words in text] == [license_name]
    assert "Ada & Co." in text
    assert not re.search(r"\b20\d\d\b", text.replace("January 2004", "")), "the year of the render"
    assert toml(project)["project"]["license"] == license_name.replace("Proprietary", "LicenseRef-Proprietary")


@pytest.mark.parametrize("storage", choices("storage"))
def test_the_remote_and_its_plugin_follow_from_the_storage(storage: str, template: Path, tmp_path: Path) -> None:
    project = render(template, tmp_path / "project", storage=storage)
    config = (project / ".dvc/config").read_text()
    scheme = {"local": "../../flight-delays-storage", "gcs": "gs://"}.get(storage, f"{storage}://")
    assert f"['remote \"storage\"']\n    url = {scheme}" in config
    plugins = set(include("versions.yml")["storage_plugins"].values())
    dependencies = {re.split(r"[\[>=]", dependency)[0] for dependency in toml(project)["project"]["dependencies"]}
    assert dependencies & plugins == {include("versions.yml")["storage_plugins"].get(storage)} - {None}


@pytest.mark.parametrize("command", [("check",), ("format", "--check", "--diff")], ids=" ".join)
def test_ruff_finds_nothing_in_a_fresh_project(command: tuple[str, ...], project: Path) -> None:
    done = run(sys.executable, "-m", "ruff", *command, "--no-cache", ".", cwd=project, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_ruff_finds_what_is_bad_in_a_project(project: Path, tmp_path: Path) -> None:
    spoiled = shutil.copytree(project, tmp_path / "spoiled")
    (spoiled / "tests").mkdir(exist_ok=True)
    (spoiled / "tests/test_bad.py").write_text("import os\nx=1\n")
    for command in ("check", "format --check"):
        assert run(
            sys.executable, "-m", "ruff", *command.split(), "--no-cache", ".", cwd=spoiled, check=False
        ).returncode


def test_the_command_line_copies_without_trust_and_says_what_comes_next(template: Path, tmp_path: Path) -> None:
    copier = (sys.executable, "-m", "copier", "copy", "--defaults", "-d", "project_name=3.10")
    done = run(*copier, str(template), "my project", cwd=tmp_path)
    assert done.stderr.endswith("Next:\n  cd 'my project'\n  git init\n  make run\n\n")
    assert answers(tmp_path / "my project")["project_name"] == "3.10"


def test_the_message_names_no_folder_when_the_project_is_rendered_in_place(template: Path, tmp_path: Path) -> None:
    done = run(sys.executable, "-m", "copier", "copy", "--defaults", str(template), ".", cwd=tmp_path)
    assert done.stderr.endswith("Next:\n  git init\n  make run\n\n")
