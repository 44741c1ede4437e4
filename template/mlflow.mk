# Runs in MLflow, beside the files that Git and DVC keep. MLFLOW_TRACKING_URI names a server; without it they stay here.
.PHONY: mlflow mlflow-log mlflow-search mlflow-sync
PORT := 5000

mlflow: setup  ## open the local store of MLflow on http://127.0.0.1:5000, or on PORT=5001
	@$(PYTHON).tracking.server $(PORT)

mlflow-log: setup  ## log the run in this folder to MLflow once more, such as after its server was away
	@$(PYTHON).tracking.runs

mlflow-search: setup  ## log the last search, or NAME, to MLflow once more: a run, and one below it for each trial
	@$(PYTHON).tracking.searches "$(NAME)"

mlflow-sync: setup  ## give MLflow's model registry the versions and stages that Git tags name
	@$(PYTHON).tracking.versions
