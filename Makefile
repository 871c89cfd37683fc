# make demo   the whole setup template on the embedded practice instance, shown in the browser
# make test   everything it needs, then the tests      make check  ruff, mypy, import contracts
# make app    the app itself                           make bench  figures beside their peers
# make chaos  the long tests                           make promises  what we promise, measured
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
VENV ?= .venv
BIN := $(VENV)/bin
unexport PYTHONDONTWRITEBYTECODE # a runner starts in 0.17 s when it is compiled, else in 0.25 s

.PHONY: demo app test check bench chaos promises clean
demo: $(VENV)/.app
	$(BIN)/vastgui demo

app: $(VENV)/.app
	$(BIN)/vastgui

test: $(VENV)/.dev
	sh tests/install_system_packages.sh
	$(BIN)/python -m pytest -n 4 --dist worksteal

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev
	sh tests/install_system_packages.sh
	$(BIN)/python -m pytest -m bench -s -p no:cacheprovider tests/bench

chaos: $(VENV)/.dev
	sh tests/install_system_packages.sh
	$(BIN)/python -m pytest -m slow -s --timeout 3600

promises: $(VENV)/.dev
	sh tests/install_system_packages.sh
	$(BIN)/python -m tests.chaos.promises

clean:
	rm -rf $(VENV)

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit("vastgui needs Python 3.11 to 3.13, this is " + sys.version.split()[0]) if not (3, 11) <= sys.version_info < (3, 14) else None'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.app: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/.dev: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@ $(VENV)/.app
