"""The model: preprocessing and estimator as one scikit-learn pipeline. Yours to change."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from hydra.utils import instantiate
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from .columns import Input
from .config import Model


def build_pipeline(model: Model, inputs: Mapping[str, Input]) -> Pipeline:
    """An unfitted pipeline over a frame with the columns `inputs`, as `columns.prepare` makes them."""
    text = [name for name, entry in inputs.items() if entry["kind"] == "categorical"]
    numbers = [name for name in inputs if name not in text]
    categories: Any = [inputs[name]["values"] for name in text]
    encoder = (
        OneHotEncoder(categories=categories, handle_unknown="ignore", dtype=np.float32)
        if model.encode == "onehot"
        else OrdinalEncoder(
            categories=categories, handle_unknown="use_encoded_value", unknown_value=-1, dtype=np.float32
        )
    )
    # Of a frame scikit-learn makes doubles; as an array first, numbers stay floats, in half the memory.
    array = ColumnTransformer([("array", "passthrough", numbers)])
    scale = make_pipeline(array, SimpleImputer(strategy="median", copy=False), StandardScaler(copy=False))
    scaler = scale if model.scale else "passthrough"
    steps = [("text", encoder, text)] * bool(text) + [("numbers", scaler, numbers)] * bool(numbers)
    return Pipeline([("preprocess", ColumnTransformer(steps)), ("estimator", instantiate(model.estimator))])
