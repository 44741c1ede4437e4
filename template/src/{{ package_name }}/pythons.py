"""The Python versions that pyproject.toml allows, as a JSON list for the matrix of a workflow: `make pythons`.

Standard library only and run as a file, so that it works before anything is installed.
"""

import json
import re
import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parents[2] / "pyproject.toml"


def supported(requirement: str) -> list[str]:
    """The minor versions within `>=3.a,<3.b`.

    Raises:
        ValueError: the requirement is of another form, or no version fits.
    """
    bounds = re.fullmatch(r"\s*>=\s*3\.(\d+)\s*,\s*<\s*3\.(\d+)\s*", requirement)
    if not bounds or int(bounds[1]) >= int(bounds[2]):
        raise ValueError(f'requires-python is "{requirement}": write both ends, such as ">=3.11,<3.14"')
    return [f"3.{minor}" for minor in range(int(bounds[1]), int(bounds[2]))]


def main() -> None:
    """Print the list; exit 1 if the requirement names no lower or no upper end."""
    requirement = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"].get("requires-python", "")
    try:
        print(json.dumps(supported(requirement)))
    except ValueError as error:
        sys.exit(f"error: {PROJECT.name}: {error}")


if __name__ == "__main__":
    main()
