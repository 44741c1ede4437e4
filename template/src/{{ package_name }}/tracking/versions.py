"""MLflow's model registry as a mirror of the Git tags.

`model@v0.1.0` is a version, `model#champion#2` gives it the alias champion, and `model@v0.1.0!` takes it away.
"""

import re
from typing import TYPE_CHECKING, Any

from omegaconf import OmegaConf

from ..config import ROOT, read
from ..errors import ProjectError, execute
from ..report import history
from ..run import compiled
from .runs import MODEL_URI, PREDICTIONS
from .server import connected, shown

if TYPE_CHECKING:
    from mlflow import MlflowClient

VERSION = re.compile(r"model@(v\d+\.\d+\.\d+\S*?)(!?)(?:#\d+)?")
STAGE = re.compile(r"model#([a-z][\w-]*)(!?)#(\d+)")
LABEL = "version"


def main() -> None:
    """Bring the registry in step with the tags of this clone."""
    print("\n".join(log_stages()))


def log_stages() -> list[str]:
    """Bring versions and aliases in step with the Git tags; return a line for each version and each that is missing.

    Raises:
        ProjectError: MLflow does not answer, or there is no version yet.
    """
    versions, stages = tagged((history.git("tag", "--list", "model[@#]*", root=ROOT) or "").split())
    if not versions:
        raise ProjectError("no Git tag such as model@v0.1.0 names a version of the model: register one first")
    package = read(compiled(ROOT / "params.yaml")).package
    told = []
    with connected(package) as (client, experiment):
        if not [1 for each in client.search_registered_models() if each.name == package]:
            client.create_registered_model(package, description="Versions and stages follow the Git tags: edit those.")
        known = {each.tags.get(LABEL): each.version for each in client.search_model_versions(f"name = '{package}'")}
        for version, commit in versions.items():
            if version not in known:
                run = _run(client, experiment, commit)
                if run is None:
                    told.append(
                        f"{version}: its run is not in MLflow: `git switch --detach model@{version}`, `make mlflow-log`"
                    )
                    continue
                source = run.data.tags[MODEL_URI]
                made = client.create_model_version(
                    package,
                    source,
                    run.info.run_id,
                    tags={LABEL: version, "commit": commit},
                    model_id=source.removeprefix("models:/") if source.startswith("models:/") else None,
                )
                known[version] = made.version
            told.append(f"{version}: version {known[version]} of {package}")
        for gone in set(known) - set(versions) - {None}:
            client.delete_model_version(package, known[gone])
            told.append(f"{gone}: deregistered, so deleted")
        at = {commit: version for version, commit in versions.items()}
        wanted = {stage: known[at[commit]] for stage, commit in stages.items() if at.get(commit) in known}
        for alias in set(client.get_registered_model(package).aliases) - set(wanted):
            client.delete_registered_model_alias(package, alias)
        for alias, number in wanted.items():
            client.set_registered_model_alias(package, alias, number)
            told.append(f"{alias}: version {number}")
    return [*told, f"MLflow at {shown()} is in step with the Git tags"]


def tagged(tags: list[str]) -> tuple[dict[str, str], dict[str, str]]:
    """The commit of each version that is registered, and of each stage that is assigned."""
    found = [(match, tag) for tag in tags if (match := VERSION.fullmatch(tag))]
    gone = {match[1] for match, _ in found if match[2]}
    versions = {match[1]: tag for match, tag in found if match[1] not in gone}
    newest: dict[str, tuple[int, str, str]] = {}
    for tag in tags:
        if match := STAGE.fullmatch(tag):
            newest[match[1]] = max(newest.get(match[1], (0, "", "")), (int(match[3]), match[2], tag))
    stages = {stage: tag for stage, (_, unassigned, tag) in newest.items() if not unassigned}
    return _commits(versions), _commits(stages)


def _commits(tags: dict[str, str]) -> dict[str, str]:
    found = {name: history.git("rev-parse", f"{tag}^{{commit}}", root=ROOT) for name, tag in tags.items()}
    return {name: commit for name, commit in found.items() if commit}


def _run(client: "MlflowClient", experiment: str, commit: str) -> Any:
    """The newest run with the predictions that a commit's `dvc.lock` names. None: it was logged elsewhere, or never."""
    lock = OmegaConf.create(history.git("show", f"{commit}:./dvc.lock", root=ROOT) or "{}")
    outs: Any = OmegaConf.select(lock, "stages.evaluate.outs") or []
    for out in outs:
        if out["path"] == "data/predictions.parquet":
            where = f"tags.{PREDICTIONS} = '{out['md5']}' and attributes.status = 'FINISHED'"
            runs = client.search_runs([experiment], where, order_by=["attributes.start_time DESC"], max_results=1)
            return runs[0] if runs else None
    return None


if __name__ == "__main__":
    execute(main)
