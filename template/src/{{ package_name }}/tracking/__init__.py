"""Runs, searches and versions of the model in MLflow: a mirror of what Git and DVC hold, never the source of it."""

import os

# Before MLflow is imported: nothing is reported to its makers, and a server that is away is not waited for.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
# What is said of a run is one line of the project's own.
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
