"""The machine-learning project; README.md says how to run it, conf/ what can be turned."""
