# The documents as a site, with the report of the last run inside.
.PHONY: docs docs-serve
# An environment of its own: the site needs nothing of the project.
ZENSICAL := uv run --quiet --isolated --only-group docs zensical

PAGES := docs/report.html $(patsubst reports/%,docs/%,$(wildcard reports/studies.html))

docs: $(PAGES)  ## build the documents as a site into site/; a broken link fails
	@$(ZENSICAL) build --clean --strict

docs-serve: $(PAGES)  ## show the site while you write
	@$(ZENSICAL) serve

docs/%.html: reports/%.html
	@cp $< $@

reports/report.html:
	@echo "error: $@ is missing: run \`make run\` first" >&2; exit 1
