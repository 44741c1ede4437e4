"""Configurations for tests: the project's own, whole or with groups replaced, and a small declaration of columns."""

from copy import deepcopy
from functools import cache
from typing import Any

from omegaconf import OmegaConf

from . import config, params

# A shop: `visit` is a visit, `spent` and `bought` become known when the visit ends.
COLUMNS: dict[str, dict[str, Any]] = {
    "visit": {"kind": "identifier"},
    "begins": {"kind": "datetime", "known": True},
    "ends": {"kind": "datetime", "known": False, "nullable": True},
    "city": {"kind": "categorical", "known": True, "nullable": True},
    "customer": {"kind": "identifier", "nullable": True},
    "age": {"kind": "numeric", "known": True, "nullable": True},
    "member": {"kind": "boolean", "known": True},
    "spent": {"kind": "numeric", "known": False, "available_at": "ends", "nullable": True},
    "bought": {"kind": "boolean", "known": False, "available_at": "ends", "nullable": True},
}


@cache
def _composed(*overrides: str) -> Any:
    return OmegaConf.to_container(OmegaConf.create(params.compose(list(overrides))))


def raw(*overrides: str) -> dict[str, Any]:
    """What `conf/` composes to, free to be changed."""
    return dict(deepcopy(_composed(*overrides)))


def shop(columns: dict[str, dict[str, Any]] | None = None, **groups: dict[str, Any]) -> config.Config:
    """The project's configuration over the data of the shop: no features, a random split, unless `groups` say more."""
    data = {
        "name": "shop",
        "source": {"_target_": "none.needed"},
        "target": {"classification": "bought", "regression": "spent"},
        "time": "begins",
        "horizon": "30m",
        "key": ["visit"],
        "columns": columns or COLUMNS,
    }
    split = {"name": "random", "strategy": "random", "validation": 0.2, "test": 0.2}
    return config.parse(raw() | {"data": data, "features": {"name": "none"}, "split": split} | groups)
