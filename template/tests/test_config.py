"""What `conf/` may say, and what is answered to a mistake in it."""

from collections.abc import Callable
from typing import Any

import pytest
from omegaconf import OmegaConf

from . import builders, config, errors, params

Raw = dict[str, Any]


def _options() -> list[str]:
    """Every option of every group that conf/config.yaml chooses from, as an override: `model=linear`."""
    conf = config.ROOT / "conf"
    entries = [entry for entry in OmegaConf.load(conf / "config.yaml").defaults if entry != "_self_"]
    groups = {str(key).removeprefix("optional ").split("@")[0] for entry in entries for key in entry}
    return [f"{group}={file.stem}" for group in sorted(groups) for file in sorted((conf / group).glob("*.yaml"))]


def test_params_yaml_is_what_conf_compiles_to() -> None:
    assert (config.ROOT / "params.yaml").read_text() == params.compose([])


@pytest.mark.parametrize("option", _options())
def test_every_option_of_every_group_composes_and_is_taken(option: str) -> None:
    group, name = option.split("=")
    chosen = builders.raw(option)
    if group in ("experiment", "debug"):  # these change other groups and have no place of their own
        assert chosen != builders.raw()
    else:
        assert chosen[group]["name"] == name


def test_the_settings_cannot_be_changed_after_they_were_read() -> None:
    settings = config.parse(builders.raw())
    with pytest.raises(ValueError, match="frozen"):
        settings.model.scale = True


def _without_kind(raw: Raw) -> str:
    name = next(iter(raw["data"]["columns"]))
    del raw["data"]["columns"][name]["kind"]
    return f"data.columns.{name}.kind"


def _unknown_kind(raw: Raw) -> str:
    name = next(iter(raw["data"]["columns"]))
    raw["data"]["columns"][name]["kind"] = "colour"
    return f"data.columns.{name}.kind"


def _unknown_key(raw: Raw) -> str:
    raw["model"]["encoding"] = "onehot"
    return "model.encoding"


def _unknown_key_of_a_reference(raw: Raw) -> str:
    raw["references"]["linear"]["encoding"] = "onehot"
    return "references.linear.encoding"


def _wrong_value(raw: Raw) -> str:
    raw["model"]["encode"] = "hash"
    return "model.encode"


def _wrong_type(raw: Raw) -> str:
    raw["evaluate"]["bootstrap"] = "many"
    return "evaluate.bootstrap"


def _metric_of_the_other_task(raw: Raw) -> str:
    raw["task"]["metric"] = "mae" if raw["task"]["name"] == "classification" else "roc_auc"
    return "metric"


def _unknown_group(raw: Raw) -> str:
    raw["models"] = {"name": "linear"}
    return "models"


@pytest.mark.parametrize(
    ("mistake", "group", "allowed"),
    [
        (_without_kind, "data", "numeric, categorical, boolean, datetime, identifier, ignored"),
        (_unknown_kind, "data", "'numeric', 'categorical', 'boolean', 'datetime', 'identifier' or 'ignored'"),
        (_unknown_key, "model", "name, encode, scale, estimator"),
        (_unknown_key_of_a_reference, "references.linear", "name, encode, scale, estimator"),
        (_wrong_value, "model", "'ordinal' or 'onehot'"),
        (_wrong_type, "evaluate", "valid integer"),
        (_metric_of_the_other_task, "task", "allowed: "),
        (_unknown_group, "", "model"),
    ],
)
def test_a_mistake_is_answered_with_its_file_its_key_and_what_is_allowed(
    mistake: Callable[[Raw], str], group: str, allowed: str
) -> None:
    raw = builders.raw()
    key = mistake(raw)
    with pytest.raises(errors.ProjectError) as refusal:
        config.parse(raw)
    message = str(refusal.value)
    assert message.startswith(f"{_file(raw, group)}: {key}: ")
    assert allowed in message


def _file(raw: Raw, group: str) -> str:
    if not group:
        return "conf/config.yaml"
    chosen: Any = raw
    for part in group.split("."):
        chosen = chosen[part]
    folder = "model" if group.startswith("references") else group
    return f"conf/{folder}/{chosen['name']}.yaml"


def test_an_unknown_option_is_answered_with_the_options_there_are() -> None:
    options = r"\s+".join(option.removeprefix("model=") for option in _options() if option.startswith("model="))
    with pytest.raises(errors.ProjectError, match=f"(?s)conf/config.yaml .*'model/forest'.*{options}"):
        params.compose(["model=forest"])


def _shop(**changes: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: column | changes.get(name, {}) for name, column in builders.COLUMNS.items()}


@pytest.mark.parametrize(
    ("columns", "features", "message"),
    [
        (
            _shop(spent={"available_at": None}),
            {"history": [{"mean": "spent", "window": "7d"}]},
            r"spent leaks until conf/data/shop.yaml says when it is known \(available_at\)",
        ),
        (_shop(), {"history": [{"mean": "age", "by": ["bought"], "window": "7d"}]}, "by bought leaks"),
        (_shop(), {"history": [{"mean": "city", "window": "7d"}]}, "asks for a numeric or boolean column"),
        (_shop(), {"history": [{"mean": "income", "window": "7d"}]}, "no column income .* it has visit, begins"),
        (_shop(), {"calendar": [{"column": "ends", "parts": ["hour"]}]}, "calendar: ends leaks"),
        (_shop(), {"calendar": [{"column": "city", "parts": ["hour"]}]}, "calendar: city .* datetime"),
    ],
)
def test_a_feature_that_leaks_or_makes_no_sense_is_refused(
    columns: dict[str, dict[str, Any]], features: dict[str, Any], message: str
) -> None:
    with pytest.raises(errors.ProjectError, match=f"conf/features/none.yaml: .*{message}"):
        builders.shop(columns, features={"name": "none", **features})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"bought": {"known": True, "available_at": None}}, "nothing would be left to predict"),
        ({"bought": {"kind": "categorical"}}, "classification needs a boolean column, this one is categorical"),
        ({"spent": {"available_at": "leaves"}}, "`leaves` is named but not declared"),
        ({"spent": {"available_at": "age"}}, "`age` is used as a time, but its kind is numeric"),
        ({"city": {"known": None}}, "columns.city: say `known: true`"),
        ({"city": {"range": [0, 1]}}, "columns.city: `range` belongs to a numeric column"),
    ],
)
def test_a_declaration_that_contradicts_itself_is_refused(changes: dict[str, dict[str, Any]], message: str) -> None:
    with pytest.raises(errors.ProjectError) as refusal:
        builders.shop(_shop(**changes))
    assert str(refusal.value).startswith("conf/data/shop.yaml: data")
    assert message in str(refusal.value)
