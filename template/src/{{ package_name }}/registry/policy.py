"""When a version may take a stage: `conf/promotion.yaml`, checked before anything is compared."""

from typing import Annotated

from omegaconf import OmegaConf
from pydantic import Field, ValidationError

from ..config import Share, Strict, findings
from ..errors import ProjectError
from ..run import composing
from .git import ROOT

PATH = "conf/promotion.yaml"
Ratio = Annotated[float, Field(gt=0, le=1)]


class Promotion(Strict):
    """The limits; margins are in units of the task's metric."""

    stages: Annotated[tuple[str, ...], Field(min_length=1)] = ("champion", "challenger")
    margin: Annotated[float, Field(ge=0)] = 0.0
    confidence: Share = 0.95
    resamples: Annotated[int, Field(ge=100)] = 500
    not_worse_by: Annotated[float, Field(gt=0)] | None = None
    smaller: Ratio = 0.5
    faster: Ratio = 0.5


def read() -> Promotion:
    """The policy of this project.

    Raises:
        ProjectError: the file is missing, or a key or value is wrong.
    """
    path = ROOT / PATH
    if not path.exists():
        raise ProjectError(f"{PATH} is missing: without a policy nothing is promoted")
    try:
        return Promotion.model_validate(OmegaConf.to_container(OmegaConf.load(path), resolve=True))
    except ValidationError as error:
        raise ProjectError("\n".join(f"{PATH}: {key}: {said}" for key, said in findings(error, Promotion))) from None
    except composing() as error:
        raise ProjectError(f"{PATH} cannot be read: {str(error).splitlines()[0]}") from None
