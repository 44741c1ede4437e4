"""The command behind `make tune` and `make automl`: look for better settings, and write down what was found.

`python -m <package>.tuning search=automl workers=4 search.seconds=300`. Several workers are the jobs of a Hydra sweep,
so any of Hydra's launchers can run them: here, or on a cluster with `hydra/launcher=submitit_slurm`.
"""

import os
import sys

from omegaconf import DictConfig, OmegaConf

from ..config import ROOT
from ..errors import ProjectError, execute
from ..params import composed
from ..run import Files, compiled, composing, not_composed

RELAUNCHES = 3
# What the launchers raise when a worker was killed, as for its memory, and not for what it said itself.
DEATHS = {
    "joblib.externals.loky.process_executor.TerminatedWorkerError",
    "submitit.core.utils.UncompletedJobError",
    "ray.exceptions.LocalRayletDiedError",
    "ray.exceptions.NodeDiedError",
    "ray.exceptions.OutOfMemoryError",
    "ray.exceptions.WorkerCrashedError",
}
# What the rows were made from: another value would search on rows that do not belong to it.
ROWS = ("data", "features", "split", "task", "seed")


def main() -> None:
    """Search; exit 130 if it was interrupted."""
    try:
        search(sys.argv[1:])
    except KeyboardInterrupt:
        print("\nstopped; the same command goes on from here", file=sys.stderr)
        sys.exit(130)


def search(overrides: list[str]) -> None:
    """Compose the configuration, let the workers work, and tell what they found.

    Raises:
        ProjectError: something that a person can mend.
    """
    from .space import plan

    it = plan(composed("tune", overrides))
    _refuse_other_rows(it.composed)
    # Imported late: what is wrong in conf/ shows at once.
    from . import worker
    from .folds import Folds
    from .found import tell
    from .study import Study
    from .winner import targets

    files = Files(ROOT)
    targets(it)
    if it.workers == 1:
        folds = worker.work(it, files)
    else:
        _launch(overrides, it.workers)
        folds = Folds(it, files)
    study = Study(it, files)
    folds.keep(study.plan.search.folds)
    tell(it, study, folds, files)


def _refuse_other_rows(whole: DictConfig) -> None:
    made, asked = (OmegaConf.to_container(of, resolve=True) for of in (compiled(ROOT / "params.yaml"), whole))
    for group in ROWS:
        if made[group] != asked[group]:  # type: ignore[index,call-overload]
            raise ProjectError(
                f"{group}: the rows in data/split were made with another setting: change conf/ instead of the command; "
                "for fewer rows there is `search.sample`"
            )


def _launch(overrides: list[str], workers: int) -> None:
    """Run the workers as a sweep. One that is killed may take the others along: launch them again.

    Raises:
        ProjectError: whatever else went wrong, at once, as it would go wrong again.
    """
    import hydra

    from .worker import run

    sweep = [*overrides, f"worker=range({workers})"]
    if not any(of.startswith("hydra/launcher=") for of in overrides):
        sweep += ["hydra/launcher=joblib", f"hydra.launcher.n_jobs={workers}"]
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra would print and exit by itself
    sys.argv[1:] = ["--multirun", *sweep]
    for attempt in range(RELAUNCHES + 1):
        try:
            hydra.main(version_base="1.3", config_path=str(ROOT / "conf"), config_name="tune")(run)()
            return
        except ProjectError:
            raise
        except composing() as error:
            raise not_composed(error) from None
        except Exception as error:
            name = type(error).__name__
            if f"{type(error).__module__}.{name}" not in DEATHS:
                reason = next(iter(str(error).splitlines()), "no reason given")
                raise ProjectError(
                    f"a worker failed: {name}: {reason}; `workers=1` does the same here and shows where"
                ) from error
            if attempt == RELAUNCHES:
                raise ProjectError(
                    f"workers died {RELAUNCHES + 1} times ({name}): each needs memory of its own, take fewer "
                    "`workers` or rows (`search.sample`); the trials that ended are kept"
                ) from error
            print(f"a worker died ({name}): launched again; its trial is done once more", flush=True)


if __name__ == "__main__":
    execute(main)
