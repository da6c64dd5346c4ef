# Everything a newcomer needs: `make demo`, `make test`, `make run`. Needs Python 3.11 or newer and make, nothing else.

PYTHON ?= $(shell for p in python3.12 python3.11 python3.13 python3; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$p; break; }; done)
VENV := .venv
PY := $(VENV)/bin/python
INSTALL := $(PY) -m pip install --quiet --disable-pip-version-check
DEMO_VIDEO = app/page/examples/harbour.mp4
DEMO_PROMPT ?= upbeat electronic dance music, driving drums and synth bass, 120 BPM

.PHONY: demo test run check format wheel docs media-corpus clean

demo: $(VENV)/.installed
	$(PY) -m app dub "$(DEMO_VIDEO)" --parts 4 --part 2 --prompt "$(DEMO_PROMPT)" --model pocket --seed 7 --out demo --force

test: check
	$(PY) -m pytest

run: $(VENV)/.installed
	$(PY) -m app serve

check: $(VENV)/.installed-dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

format: $(VENV)/.installed-dev
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

wheel: $(VENV)/.installed-dev
	$(PY) -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .
	@ls -sh dist/*.whl

docs: $(VENV)/.installed-dev
	$(PY) -m docs.make_reference

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "No Python 3.11 or newer with venv was found: install one (on Debian also python3-venv), or say PYTHON=/path/to/python3."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.txt | $(VENV)/bin/python
	@echo "Installing what requirements.txt pins (a few minutes and about 5 GB, once) ..."
	$(INSTALL) -r requirements.txt
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt requirements-mcp.txt requirements-replicate.txt requirements-batch.txt requirements-ray.txt requirements-training.txt $(VENV)/.installed
	$(INSTALL) -r requirements-dev.txt
	$(INSTALL) --no-deps -r requirements-training.txt
	@touch $@

media-corpus: $(VENV)/.installed
	@test -n "$(CLIPS)" || { echo "Which clips? Say make media-corpus CLIPS=FOLDER."; exit 2; }
	$(PY) -m benchmarks.corpus "$(CLIPS)"

clean:
	rm -rf demo dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
