"""Take a version out of use for good: `make retire VERSION=v0.1.0 REASON="…"`. Its number is not used again."""

import argparse

from ..errors import ProjectError, execute
from .publish import publish, synced
from .state import tag_of


def main() -> None:
    """Retire a version that holds no stage."""
    parser = argparse.ArgumentParser(prog="retire", description=__doc__)
    parser.add_argument("--version", default="")
    parser.add_argument("--reason", default="")
    given = parser.parse_args()
    if not given.version or not given.reason.strip():
        raise ProjectError('say which version and why: make retire VERSION=v0.1.0 REASON="trained on wrong data"')
    registry = synced()
    version = registry.resolve(given.version)
    if version in registry.retired:
        raise ProjectError(f"{version} is retired already, by {registry.retired[version].who}")
    held = registry.held_by(version)
    if held:
        raise ProjectError(f"{version} is {' and '.join(held)}: promote another first, or `make rollback`")
    publish(
        registry,
        f"{tag_of(version)}!",
        registry.versions[version].commit,
        f"Retire {version}: {given.reason}",
        {"kind": "retire", "version": version, "reason": given.reason},
    )
    print(f"{version}: retired")


if __name__ == "__main__":
    execute(main)
