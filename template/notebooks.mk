# The notebook is a Python file: it is reviewed, linted and run like one.
.PHONY: notebook notebook-html
MARIMO := uv run --quiet --group notebooks marimo

notebook: setup  ## open the notebook that explores the data and the last run
	@$(MARIMO) edit notebooks/explore.py

notebook-html: setup  ## run the notebook and write outputs/explore.html
	@mkdir -p outputs
	@$(MARIMO) --yes --quiet export html notebooks/explore.py --output outputs/explore.html --force --no-include-code
	@echo "outputs/explore.html"
