# The commands of the house. Everything runs in .venv, which `make` builds when pyproject.toml changes.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo demo-tensorslow test lint conformance bench clean

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

bench: .venv/.made ## paired measurements
	$(BIN)/python -m benchmarks

clean: ## remove what was built
	rm -rf .venv build dist demo-output *.egg-info
