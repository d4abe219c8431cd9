# make demo · make test: each does all its own set-up on a machine with git, make, gcc and Python 3.11 or newer. make help: the others.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
PY := $(VENV)/bin/python
SOURCES := $(shell find realtime hardware controller -name '*.pyx' -o -name '*.pxd' -o -name '*.c' -o -name '*.h' 2>/dev/null)

.PHONY: demo test board qt lint docs picture bench soak help clean setup build

demo: build
	$(VENV)/bin/wavestim demo

test: lint board qt
	$(PY) -m pytest -n 2 -q

# the firmware of the ATmega2560 and its emulator; where they cannot be had, their tests are skipped and say why
board:
	@scripts/build_avr --install || true

# what Qt needs of the system; the same
qt:
	@scripts/qt_libraries --install || true

lint: build
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	MYPYPATH=build/ns $(VENV)/bin/mypy
	PYTHONPATH=build/ns $(VENV)/bin/lint-imports

# the parts of docs/ that are made from the code
docs: build
	PYTHONPATH=build/ns $(PY) scripts/make_docs.py

# docs/images/demo.png, docs/images/light-plan.png, docs/images/window.png, docs/images/replay.png
picture: build
	PYTHONPATH=build/ns $(PY) scripts/make_picture.py
	PYTHONPATH=build/ns $(PY) scripts/make_light_plan.py
	PYTHONPATH=build/ns $(PY) -m wavestim.gui --screenshot docs/images/window.png --seconds 20
	rm -rf build/replayed
	PYTHONPATH=build/ns $(PY) -m wavestim.controller.cli demo --seconds 60 --out build/replayed
	PYTHONPATH=build/ns $(PY) -m wavestim.gui --replay build/replayed --screenshot docs/images/replay.png --seconds 30

# docs/benchmarks.md, in about a quarter of an hour; without meegkit its rows are missing and the page says so
bench: build
	-WAVESTIM_EXTENSIONS_LATER=1 $(PY) -m pip install -q --disable-pip-version-check --no-build-isolation -e ".[dev,bench]"
	$(VENV)/bin/wavestim bench --out build/bench
	cp build/bench/benchmarks.md docs/benchmarks.md

# long proofs: of the light, of every source against a faulty peer, of memory and clocks over an hour and a simulated day, of the loop beside one
# in Python, of the window over eight hours and beside a session. They measure: nothing else should run meanwhile
soak: build board
	$(PY) scripts/soak_dark.py --kills 200
	$(PY) scripts/measure_board.py
	$(PY) scripts/measure_onsets.py
	$(PY) scripts/soak_sources.py
	$(PY) scripts/soak_session.py
	$(PY) scripts/measure_loop.py
	$(PY) scripts/soak_window.py
	$(PY) scripts/measure_stop.py
	$(PY) scripts/measure_window.py

help:
	@echo "make demo     the whole experiment on a simulated cortex, with a report"
	@echo "make test     lint, types, import contracts, all tests (installs gcc-avr, simavr and Qt's libraries where it may)"
	@echo "make lint     the first three of these"
	@echo "make docs     write the parts of docs/ that are made from the code"
	@echo "make picture  draw the pictures of the docs"
	@echo "make bench    accuracy, certainty and speed beside peers: docs/benchmarks.md"
	@echo "make soak     long proofs of light, sources, memory and clocks, on a machine with nothing else to do: about four hours"
	@echo "make board    build the firmware of the ATmega2560 and its emulator: build/avr"
	@echo "make build    build the extensions; make setup: only the virtual environment"
	@echo "make clean    remove everything that was built"

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
