# uv from PATH, or else a pinned one from PyPI inside this folder: nothing is installed outside of it.
UV := $(or $(shell command -v uv),.tools/bin/uv)
DEMO := build/demo
# Trust what the system trusts: behind many companies' proxies the certificates that uv brings are not enough.
export UV_SYSTEM_CERTS ?= true

.DEFAULT_GOAL := help
.PHONY: help demo test-fast test test-newest benchmark clean

help: ## List these commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-11s %s\n", $$1, $$2}'

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

test-fast: $(UV) ## Test what is rendered, without installing it (under two minutes)
	$(UV) run --quiet pytest -n 2 -m "not project"

test: $(UV) ## Test everything, also rendered projects at work
	$(UV) run --quiet pytest -n 2 --dist loadgroup --durations 20

test-newest: $(UV) ## Run a project with the newest of every package: no date, no upper bounds
	$(UV) run --quiet tests/newest.py

benchmark: $(UV) ## Measure speed and size against what one would do without the template; writes benchmarks/README.md
	$(UV) run --quiet python benchmarks/run.py

clean: ## Remove what these commands made
	rm -rf build .venv .tools .mypy_cache .pytest_cache .ruff_cache

.tools/bin/uv:
	python3 -m venv .tools
	.tools/bin/pip install --quiet --disable-pip-version-check uv==0.13.9
