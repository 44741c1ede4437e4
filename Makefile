# uv from PATH, or else a pinned one from PyPI inside this folder: nothing is installed outside of it.
UV := $(or $(shell command -v uv),.tools/bin/uv)
DEMO := build/demo
# Trust what the system trusts: behind many companies' proxies the certificates that uv brings are not enough.
export UV_SYSTEM_CERTS ?= true

.DEFAULT_GOAL := help
.PHONY: help demo check hooks test-fast test test-newest test-container test-cluster benchmark benchmark-tuning benchmark-automl docs screenshots release clean

help: ## List these commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-16s %s\n", $$1, $$2}'

demo: $(UV) ## Render a project with every default into build/demo and run its pipeline
	rm -rf $(DEMO)
	$(UV) run --quiet copier copy --quiet --defaults --vcs-ref HEAD "$(CURDIR)" $(DEMO)
	git -C $(DEMO) init --quiet
	@git -C $(DEMO) config user.name >/dev/null || git -C $(DEMO) config user.name demo
	@git -C $(DEMO) config user.email >/dev/null || git -C $(DEMO) config user.email demo@example.org
	git -C $(DEMO) add --all
	git -C $(DEMO) -c commit.gpgsign=false commit --quiet --message "Render the template"
	PATH="$(abspath $(dir $(UV))):$$PATH" $(MAKE) --no-print-directory -C $(DEMO) run
	@echo "these work in  cd $(DEMO)$(if $(filter .tools%,$(UV)),  with uv:  export PATH=\"$(abspath .tools/bin):\$$PATH\")"

check: $(UV) ## Lint, format, types, spelling, secrets, docs: all that .pre-commit-config.yaml lists, on every file
	PATH="$(abspath $(dir $(UV))):$$PATH" $(UV) run --quiet pre-commit run --all-files --show-diff-on-failure

hooks: $(UV) ## Check each commit of this clone in the same way
	$(UV) run --quiet pre-commit install

test-fast: $(UV) ## Test what is rendered, without installing it (under two minutes)
	$(UV) run --quiet pytest -n 2 -m "not project and not container and not cluster"

test: $(UV) ## Test everything, also rendered projects at work
	$(UV) run --quiet pytest -n 2 --dist loadgroup --durations 20

test-newest: $(UV) ## Run a project with the newest of every package: no date, no upper bounds
	$(UV) run --quiet tests/newest.py

test-container: $(UV) ## Build the container of a project and run its pipeline in it (needs buildah, podman, debootstrap)
	$(UV) run --quiet pytest -m container --durations 5

test-cluster: $(UV) ## Search in a project with workers on Slurm and on Ray (needs slurm-wlm and munge, as root)
	$(UV) run --quiet pytest -m cluster --durations 5

benchmark: $(UV) ## Measure speed and size against what one would do without the template; writes docs/benchmarks.md
	$(UV) run --quiet python benchmarks/run.py

benchmark-tuning: $(UV) ## Measure trials a second of a search against a bare Optuna loop, with the same settings
	$(UV) run --quiet python benchmarks/tuning.py

benchmark-automl: $(UV) ## Measure the quality of AutoML beside FLAML's (SETS=diamonds,ames BUDGET=60); writes docs/benchmarks-automl.md
	@$(UV) run --quiet python benchmarks/automl.py --sets "$(SETS)" --budget $(or $(BUDGET),60)

docs: $(UV) ## Build the documentation into site/; a broken link fails
	$(UV) run --quiet --group docs zensical build --clean --strict

screenshots: $(UV) ## Take the pictures of the documentation of what `make demo` has made (needs a browser)
	@$(UV) run --quiet docs/screenshots.py

release: $(UV) ## Cut a release: date the changelog, commit, tag (VERSION=1.2.3)
	@$(UV) run --quiet hooks/release.py "$(VERSION)"

clean: ## Remove what these commands made
	rm -rf build site .cache .venv .tools .mypy_cache .pytest_cache .ruff_cache

.tools/bin/uv:
	python3 -m venv .tools
	.tools/bin/pip install --quiet --disable-pip-version-check uv==0.13.9
