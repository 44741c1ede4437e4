# The studies: how far the model can be relied on. A DVC repository of its own in studies/, so that the pipeline never
# waits for them and never calls them out of date.
.PHONY: studies studies-params
.PHONY: check-studies-params

studies: params studies-params  ## judge how far the model can be relied on: reports/studies.html
	@$(DVC) repro train
	@$(DVC) --cd studies repro
	@[ -f reports/studies.html ] || $(DVC) --cd studies repro --force --single-item page  # DVC does not keep it
	@echo "studies    $(CURDIR)/reports/studies.html"

studies-params: setup  ## compile conf/studies into studies/params.yaml
	@$(PYTHON).studies.settings

check-params: check-studies-params
check-studies-params:
	@$(PYTHON).studies.settings --check
