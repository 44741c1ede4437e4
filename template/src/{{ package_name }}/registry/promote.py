"""Give a stage to a version: `make promote`, with STAGE=champion and VERSION=v0.2.0 (default: the newest).

Every stage asks for the gates of the pipeline, the champion also for a comparison with the champion of today. Whatever
goes wrong is a refusal. OVERRIDE="reason" promotes in spite of a gate or of the comparison, and is recorded.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

from ..errors import ProjectError, execute
from .events import MODEL
from .files import fetch
from .git import head, refuse_dirty
from .policy import PATH, Promotion, read
from .publish import publish, synced
from .record import refusals
from .state import Registry

CHAMPION = "champion"


def main() -> None:
    """Assign the stage, or say why not and change nothing."""
    parser = argparse.ArgumentParser(prog="promote", description=__doc__)
    parser.add_argument("--stage", default=CHAMPION)
    parser.add_argument("--version", default="", help="a version or a stage (default: the newest version)")
    parser.add_argument("--override", help="the reason to promote in spite of what is broken")
    given = parser.parse_args()
    reason = " ".join(given.override.split()) if given.override is not None else None
    if reason == "":
        raise ProjectError('an override needs its reason: OVERRIDE="the champion was trained on wrong data"')
    policy = read()
    if given.stage not in policy.stages:
        raise ProjectError(f"no stage {given.stage}: {PATH} allows {', '.join(policy.stages)}")
    refuse_dirty()
    registry = synced()
    version = registry.resolve(given.version) if given.version else registry.newest()
    now = registry.current(given.stage)
    if version in registry.retired:
        raise ProjectError(f"{version} was retired by {registry.retired[version].who}: promote another")
    if version == now:
        raise ProjectError(f"{version} is {given.stage} already")
    comparison, broken = examine(registry, version, given.stage, policy)
    if broken and reason is None:
        told = f'{version} stays out; OVERRIDE="reason" promotes in spite of that, and is recorded'
        raise ProjectError("\n".join([*broken, told]))
    why = f"override: {reason}" if broken else comparison["verdict"] if comparison else "all gates hold"
    data = {
        "kind": "promote",
        "stage": given.stage,
        "version": version,
        "from": now,
        "judged_at": head(),
        "comparison": comparison,
        "override": {"reason": reason, "broken": broken} if broken else None,
        "reason": why,
    }
    publish(
        registry,
        f"{MODEL}#{given.stage}#{registry.next_counter()}",
        registry.versions[version].commit,
        f"Promote {version} to {given.stage}: {why}",
        data,
    )
    print("\n".join([*(comparison or {}).get("notes", []), *broken, f"{given.stage}: {version} ({why})"]))


def examine(registry: Registry, version: str, stage: str, policy: Promotion) -> tuple[dict[str, Any] | None, list[str]]:
    """The comparison, if there is one, and everything that speaks against the version.

    Raises:
        ProjectError: the files of the version are not what was registered: no override helps.
    """
    commit, champion = registry.versions[version].commit, registry.current(CHAMPION)
    broken = refusals(commit)
    with tempfile.TemporaryDirectory(prefix="promote-") as folder:
        ours = Path(folder) / "challenger"
        fetch(registry, version, ours)
        if stage != CHAMPION or champion is None:
            return None, broken
        try:
            comparison = contest(registry, version, champion, ours, policy)
        except ProjectError as error:
            return None, [*broken, f"{version} cannot be compared with the champion {champion}: {error}"]
    if not comparison["passed"]:
        broken.append(f"{version} against the champion {champion}: {comparison['verdict']}")
    return comparison, broken


def contest(registry: Registry, version: str, champion: str, ours: Path, policy: Promotion) -> dict[str, Any]:
    """The comparison of two versions.

    Raises:
        ProjectError: whatever went wrong.
    """
    from .contest import compare  # imports all that scoring needs: refusals that need none of it come first

    theirs = ours.parent / "champion"
    fetch(registry, champion, theirs)
    commits = {"challenger": registry.versions[version].commit, "champion": registry.versions[champion].commit}
    try:
        return {"champion_version": champion, **compare(commits, {"challenger": ours, "champion": theirs}, policy)}
    except ProjectError:
        raise
    except Exception as error:
        # Features are the project's own code: whatever they raise is a refusal, never a pass.
        raise ProjectError(f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}") from error


if __name__ == "__main__":
    execute(main)
