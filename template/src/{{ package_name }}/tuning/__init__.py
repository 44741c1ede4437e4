"""Search for better settings: `make tune` within one model, `make automl` across families of models."""
