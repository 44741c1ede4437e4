# The documents as a site, with the report of the last run inside.
.PHONY: docs docs-serve
# An environment of its own: the site needs nothing of the project.
ZENSICAL := uv run --quiet --isolated --only-group docs zensical

docs: docs/report.html  ## build the documents as a site into site/; a broken link fails
	@$(ZENSICAL) build --clean --strict

docs-serve: docs/report.html  ## show the site while you write
	@$(ZENSICAL) serve

docs/report.html: reports/report.html
	@cp $< $@

reports/report.html:
	@echo "error: $@ is missing: run \`make run\` first" >&2; exit 1
