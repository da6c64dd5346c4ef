# Everything a newcomer needs: `make demo`, `make test`, `make run`. Needs Python 3.11 or newer and make, nothing else.

PYTHON ?= $(shell for p in python3.12 python3.11 python3.13 python3; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$p; break; }; done)
VENV := .venv
PY := $(VENV)/bin/python
INSTALL := $(PY) -m pip install --quiet --disable-pip-version-check
DEMO_VIDEO = app/page/examples/harbour.mp4
DEMO_PROMPT ?= upbeat electronic dance music, driving drums and synth bass, 120 BPM

.PHONY: demo test run check format wheel docs bench media-corpus fuzz faults soak audit clean

demo: $(VENV)/.installed
	$(PY) -m app dub "$(DEMO_VIDEO)" --parts 4 --part 2 --prompt "$(DEMO_PROMPT)" --model pocket --seed 7 --out demo --force

test: check
	$(PY) -m pytest
	-@$(MAKE) --no-print-directory audit

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

# All promised ratios in one run: benchmarks/RESULTS.md and its plots. Some 20 GB of disk, or say MINUTES=10.
bench: $(VENV)/.installed
	$(PY) -m benchmarks.bench --minutes $(or $(MINUTES),60)

media-corpus: $(VENV)/.installed
	@test -n "$(CLIPS)" || { echo "Which clips? Say make media-corpus CLIPS=FOLDER."; exit 2; }
	$(PY) -m benchmarks.corpus "$(CLIPS)"

fuzz: $(VENV)/.installed
	$(PY) -m benchmarks.fuzz

# What can go wrong from outside, done on purpose: kills, full disks (as root), films that vanish.
faults: $(VENV)/.installed
	$(PY) -m benchmarks.faults --kills $(or $(KILLS),200) --disks $(or $(DISKS),30) --others $(or $(OTHERS),12) --seed $(or $(SEED),1)

# Twenty visitors at once, some of whom cancel, vanish or mean harm.
soak: $(VENV)/.installed
	$(PY) -m benchmarks.soak --minutes $(or $(MINUTES),10)

# Known holes in what is installed. It asks pypi.org about the very version of each package; where that cannot be had, nothing is checked, and it says so.
audit: $(VENV)/.installed
	@if $(PY) -c "import numpy, urllib.request as r; r.urlopen(f'https://pypi.org/pypi/numpy/{numpy.__version__}/json', timeout=20)" 2>/dev/null; then \
		{ test -x $(VENV)/audit/bin/pip-audit || { $(PYTHON) -m venv $(VENV)/audit && \
			$(VENV)/audit/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-audit.txt; }; } && \
		PIPAPI_PYTHON_LOCATION=$(abspath $(PY)) $(VENV)/audit/bin/pip-audit --progress-spinner off; \
	else echo "pypi.org's data about versions cannot be had from here: NOTHING WAS CHECKED for known holes."; fi

clean:
	rm -rf demo dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
