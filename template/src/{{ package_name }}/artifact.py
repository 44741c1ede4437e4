"""The model as a file: ONNX, which is deterministic, safe to load and fast, or skops where ONNX has no words for it.

A model is a folder: `model.json` (format, task, inputs, target), and `model.onnx` or `model.skops`. For LightGBM the
native `booster.txt` lies beside it, which exact contributions are computed from. Nothing here is ever unpickled.
"""

import io
import json
import logging
import re
import zipfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from .columns import Input, prepare
from .errors import ProjectError

OPSETS = {"": 21, "ai.onnx.ml": 3}
CHUNK = 1024
Floats = np.ndarray[tuple[int], np.dtype[np.float64]]


@dataclass(frozen=True)
class Artifact:
    """A model that was read from its folder."""

    format: str
    task: str
    target: str
    inputs: dict[str, Input]
    predict: Callable[[pl.DataFrame], Floats]

    def score(self, rows: pl.DataFrame) -> Floats:
        """The probability of the positive class, or the predicted number: shape (rows,).

        Chunks go to several threads, but each row is computed by one: the same bits on any number of cores.
        """
        ready = prepare(rows, self.inputs)
        with ThreadPoolExecutor() as pool:
            parts = list(pool.map(self.predict, [ready[i : i + CHUNK] for i in range(0, max(len(ready), 1), CHUNK)]))
        return np.concatenate(parts)


def export(pipeline: Any, task: str, target: str, inputs: Mapping[str, Input], folder: Path) -> str:
    """Write a fitted pipeline into `folder` and return its format, `onnx` or `skops`."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    try:
        (folder / "model.onnx").write_bytes(_to_onnx(pipeline, inputs))
        kind = "onnx"
    except (NotImplementedError, RuntimeError, TypeError, ValueError) as error:  # converters have no one way to give up
        logging.getLogger(__name__).warning("no ONNX for this estimator, skops instead: %s", str(error).split("\n")[0])
        kind = "skops"
        _to_skops(pipeline, folder / "model.skops")
    booster = getattr(pipeline[-1], "booster_", None)
    if booster is not None:
        booster.save_model(folder / "booster.txt")
    about = {"format": kind, "task": task, "target": target, "inputs": inputs}
    (folder / "model.json").write_text(json.dumps(about, indent=1) + "\n")
    return kind


def load(folder: Path) -> Artifact:
    """Read a model.

    Raises:
        ProjectError: the folder holds no model.
    """
    if not (folder / "model.json").exists():
        raise ProjectError(
            f"{folder} holds no model: `uv run dvc repro train` makes one, `uv run dvc pull` fetches one"
        )
    about = json.loads((folder / "model.json").read_text())
    reader = _read_onnx if about["format"] == "onnx" else _read_skops
    return Artifact(**about, predict=reader(folder / f"model.{about['format']}", about))


def pipeline_score(pipeline: Any, task: str, ready: pl.DataFrame) -> Floats:
    """What the fitted pipeline itself says of prepared rows: shape (rows,)."""
    scores = pipeline.predict_proba(ready)[:, 1] if task == "classification" else pipeline.predict(ready)
    return np.asarray(scores, dtype=np.float64)


def _to_onnx(pipeline: Any, inputs: Mapping[str, Input]) -> bytes:
    from lightgbm import LGBMClassifier, LGBMRegressor
    from skl2onnx import to_onnx, update_registered_converter
    from skl2onnx.common.data_types import FloatTensorType, StringTensorType
    from skl2onnx.common.shape_calculator import (
        calculate_linear_classifier_output_shapes,
        calculate_linear_regressor_output_shapes,
    )
    from sklearn.dummy import DummyClassifier, DummyRegressor

    options = {"zipmap": [True, False, "columns"], "nocl": [True, False]}
    shapes = calculate_linear_classifier_output_shapes
    update_registered_converter(LGBMClassifier, "LgbmClassifier", shapes, _convert_trees, options=options)
    shapes = calculate_linear_regressor_output_shapes
    update_registered_converter(LGBMRegressor, "LgbmRegressor", shapes, _convert_trees, options={"split": None})
    update_registered_converter(
        DummyClassifier,
        "DummyClassifier",
        calculate_linear_classifier_output_shapes,
        _convert_constant,
        options=options,
    )
    update_registered_converter(
        DummyRegressor, "DummyRegressor", calculate_linear_regressor_output_shapes, _convert_constant
    )
    types = {"categorical": StringTensorType}
    graph = to_onnx(
        pipeline,
        initial_types=[(name, types.get(i["kind"], FloatTensorType)([None, 1])) for name, i in inputs.items()],
        target_opset=OPSETS,
        options={id(pipeline): {"zipmap": False}} if hasattr(pipeline[-1], "predict_proba") else None,
    )
    # The converter fills this list from a set: sorted, or the bytes would follow PYTHONHASHSEED.
    opsets = sorted(graph.opset_import, key=lambda entry: str(entry.domain))
    del graph.opset_import[:]
    graph.opset_import.extend(opsets)
    return bytes(graph.SerializeToString(deterministic=True))


def _convert_trees(scope: Any, operator: Any, container: Any) -> None:
    """LightGBM's trees, whose thresholds are doubles, as the floats of ONNX that part all floats in the same way.

    These are the largest floats that are not above them: the nearest may be above, and then an input that equals it,
    which is common among rounded numbers, would go down the other branch.
    """
    from onnxmltools.convert.lightgbm.operator_converters.LightGbm import convert_lightgbm

    add_node, largest = container.add_node, float(np.finfo(np.float32).max)

    def rounded_down(kind: str, *args: Any, **attributes: Any) -> None:
        if "nodes_values" in attributes:
            exact = np.clip(np.asarray(attributes["nodes_values"], dtype=np.float64), -largest, largest)
            nearest = exact.astype(np.float32)
            below = np.where(nearest > exact, np.nextafter(nearest, np.float32(-np.inf)), nearest)
            attributes["nodes_values"] = [float(value) for value in below]
        add_node(kind, *args, **attributes)

    container.add_node = rounded_down
    try:
        convert_lightgbm(scope, operator, container)
    finally:
        container.add_node = add_node


def _convert_constant(scope: Any, operator: Any, container: Any) -> None:
    """The nodes of a model that answers the same whatever it is asked: its constant, once for each row."""
    from onnx import TensorProto

    model = operator.raw_operator
    constants = [[float(value) for value in model.class_prior_]] if hasattr(model, "class_prior_") else model.constant_
    names = {key: scope.get_unique_variable_name(key) for key in ("answer", "rows", "width", "shape")}
    container.add_initializer(names["answer"], TensorProto.FLOAT, [1, len(constants[0])], list(constants[0]))
    container.add_initializer(names["width"], TensorProto.INT64, [1], [1])
    unique = scope.get_unique_operator_name
    container.add_node(
        "Shape", operator.inputs[0].full_name, names["rows"], name=unique("Shape"), op_version=15, start=0, end=1
    )
    container.add_node(
        "Concat", [names["rows"], names["width"]], names["shape"], name=unique("Concat"), op_version=13, axis=0
    )
    scores = operator.outputs[-1].full_name
    container.add_node("Expand", [names["answer"], names["shape"]], scores, name=unique("Expand"), op_version=13)
    if hasattr(model, "class_prior_"):
        label = operator.outputs[0].full_name
        container.add_node("ArgMax", scores, label, name=unique("ArgMax"), op_version=13, axis=1, keepdims=0)


def _read_onnx(path: Path, about: Mapping[str, Any]) -> Callable[[pl.DataFrame], Floats]:
    import onnxruntime

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 1  # `score` brings the threads
    settings.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
    output = session.get_outputs()[-1].name
    text = {name for name, entry in about["inputs"].items() if entry["kind"] == "categorical"}

    def predict(ready: pl.DataFrame) -> Floats:
        feed = {
            name: ready[name].to_numpy().astype(object if name in text else np.float32).reshape(-1, 1)
            for name in about["inputs"]
        }
        scores = session.run([output], feed)[0]
        return np.asarray(scores[:, -1], dtype=np.float64)

    return predict


def _to_skops(pipeline: Any, path: Path) -> None:
    """Write a skops file without what changes from run to run: times, and addresses in memory as names."""
    import skops.io

    with zipfile.ZipFile(io.BytesIO(skops.io.dumps(pipeline))) as written:
        members = {name: written.read(name) for name in written.namelist()}
    addresses = re.findall(rb'"(?:__id__": |file": ")(\d+)', members["schema.json"])
    names = {address: str(number).encode() for number, address in enumerate(dict.fromkeys(addresses))}
    members["schema.json"] = re.sub(
        rb'(?<="__id__": )\d+|(?<="file": ")\d+', lambda found: names[found[0]], members["schema.json"]
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(members, key=lambda name: (len(name), name)):
            stem, _, ending = name.rpartition(".")
            stem = names.get(stem.encode(), stem.encode()).decode()
            archive.writestr(zipfile.ZipInfo(f"{stem}.{ending}"), members[name])


def _read_skops(path: Path, about: Mapping[str, Any]) -> Callable[[pl.DataFrame], Floats]:
    import skops.io

    types = skops.io.get_untrusted_types(file=path)
    strange = [name for name in types if name.split(".")[0] not in ("sklearn", "numpy", "lightgbm")]
    if strange:
        raise ProjectError(f"{path} holds types that are not trusted: {', '.join(strange)}; train it again")
    pipeline = skops.io.load(path, trusted=types)
    return lambda ready: pipeline_score(pipeline, about["task"], ready)
