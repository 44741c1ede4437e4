# Search for better settings. What it finds is an experiment in conf/, which anyone can run and review.
.PHONY: tune automl
# What to search (conf/search/), how many workers share it, and for automl the seconds in all.
SEARCH := lightgbm
WORKERS := 1
BUDGET := 300
# A launcher for a cluster has packages of its own: ARGS=hydra/launcher=submitit_slurm, or ray.
TUNING = --group tuning $(if $(findstring launcher=submitit,$(ARGS)),--group slurm) $(if $(findstring launcher=ray,$(ARGS)),--group ray)

tune: params  ## search better settings (SEARCH=lightgbm WORKERS=4 ARGS="search.trials=20")
	@$(DVC) repro --quiet split
	@uv sync --quiet --inexact $(TUNING)
	@$(PYTHON).tuning search=$(SEARCH) workers=$(WORKERS) $(ARGS)

automl:  ## search the best family of models within BUDGET=300 seconds
	@$(MAKE) --no-print-directory tune SEARCH=automl ARGS="search.seconds=$(BUDGET) $(ARGS)"
