# The commands of the house. Everything runs in .venv, which `make` builds when pyproject.toml changes.
PYTHON ?= python3
BIN := .venv/bin
BENCH_PYTHON ?= $(BIN)/python

.PHONY: demo demo-tensorslow test lint conformance mutants array-api-tests plugin-road bench bench-full bench-check clean

.venv/.made: pyproject.toml
	$(PYTHON) -m venv .venv
	if command -v uv >/dev/null; then \
		uv pip install --quiet --python $(BIN)/python -e ".[dev]"; \
	else \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev]"; \
	fi
	touch $@

demo: .venv/.made ## one graph, three backends: handwritten digits
	$(BIN)/python docs/examples/digits.py

demo-tensorslow: .venv/.made ## the red and blue points
	$(BIN)/python docs/examples/points.py

test: .venv/.made ## all tests
	$(BIN)/python -m pytest -n 2 -q

lint: .venv/.made ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy polyflow backends conformance

conformance: .venv/.made ## the kit on every backend
	for backend in numpy jax reference; do $(BIN)/polyflow conform --backend $$backend || exit 1; done

mutants: .venv/.made ## the kit proves itself: planted faults, who kills them, and the kill rate
	$(BIN)/polyflow mutants -j 2 --page docs/mutants.md

# SUITE is a checkout of data-apis/array-api-tests, with its submodule.
EXAMPLES ?= 20
NAMESPACES ?= polyflow_reference.namespace eager:numpy eager:jax eager:reference
array-api-tests: .venv/.made ## the standard's own suite: make array-api-tests SUITE=DIR
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r $(SUITE)/requirements.txt
	root=$$PWD; cd $(SUITE); for name in $(NAMESPACES); do \
		case $$name in \
			eager:*) module="exec('import polyflow; xp = polyflow.eager(\"$${name#eager:}\")')";; \
			*) module=$$name;; \
		esac; \
		echo "== $$name"; \
		ARRAY_API_TESTS_MODULE="$$module" ARRAY_API_TESTS_VERSION=2025.12 $$root/$(BIN)/python -m pytest \
			array_api_tests -q --max-examples $(EXAMPLES) --disable-deadline --disable-warnings || exit 1; \
	done

plugin-road: .venv/.made ## strangers' wheels in a fresh environment, proved at full length
	POLYFLOW_PLUGIN_ROAD=1 $(BIN)/python -m pytest -q tests/plugins

bench: .venv/.made ## paired measurements, the quick ones
	$(BENCH_PYTHON) -m benchmarks run

# The peers are an extra, pip install -e ".[bench]"; without them their rows say so. BENCH_PYTHON is who has them.
bench-full: .venv/.made ## all of them, at length; writes the results of this class of machine, the page and the README table
	$(BENCH_PYTHON) -m benchmarks run --full --save
	$(BENCH_PYTHON) -m benchmarks page

bench-check: .venv/.made ## fails where a ratio got worse than the committed one by more than its spread
	$(BENCH_PYTHON) -m benchmarks check

clean: ## remove what was built
	rm -rf .venv build dist demo-output *.egg-info
