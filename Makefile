# make demo · make test: each does all its own set-up on a machine with git, make, gcc and Python 3.11.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
PY := $(VENV)/bin/python
SOURCES := $(shell find realtime hardware controller -name '*.pyx' -o -name '*.pxd' -o -name '*.c' -o -name '*.h' 2>/dev/null)

.PHONY: demo test lint docs bench clean setup build

demo: build
	$(VENV)/bin/wavestim demo

test: lint
	$(PY) -m pytest -n 2 -q

lint: build
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	MYPYPATH=build/ns $(VENV)/bin/mypy
	PYTHONPATH=build/ns $(VENV)/bin/lint-imports

setup: $(VENV)/.ready
build: build/.built

$(VENV)/.ready: pyproject.toml scripts/bootstrap
	scripts/bootstrap "$(PYTHON)" $(VENV)
	touch $@

build/.built: $(VENV)/.ready setup.py $(SOURCES)
	$(PY) setup.py -q build_ext --inplace
	mkdir -p build && touch $@

clean:
	rm -rf build $(VENV) *.egg-info
	find realtime hardware controller -name '*.so' -delete
