"""How far the model can be relied on: one module a study, each a stage of studies/dvc.yaml of the same name."""
