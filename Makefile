# `make run` and `make test` do everything; the rest is below. Needs python3 (>= 3.11), its venv module, git, and libgl1.
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
SHELL := bash
PYTHON ?= python3
UV := .tools/bin/uv
BIN := .venv/bin
export VIRTUAL_ENV := $(CURDIR)/.venv
# Whatever the shell says: without bytecode on disk each of the servers compiles all that it imports, for six seconds and not two.
export PYTHONDONTWRITEBYTECODE :=

run: .venv/.runtime ## sample drive, summary, console left running. ONCE=1 stops after the summary; CAPTURES=folder HOTLIST=file: your own
	@$(BIN)/alpr run $(if $(ONCE),--once) $(if $(CAPTURES),--captures "$(CAPTURES)") $(if $(HOTLIST),--hotlist "$(HOTLIST)")

up: .venv/.runtime ## recorder, code server, daemon, console and worker over your own data folder
	@$(BIN)/alpr up

notebook: .venv/.runtime ## JupyterLab on notebooks/
	@$(BIN)/jupyter lab --KernelManager.transport=ipc notebooks # no port for the kernels: what they are told is about vehicles

test: .venv/.dev ## the tests
	@$(BIN)/python -m pytest -n 4 --dist worksteal -m "not long"

test-long: .venv/.dev ## races and kills in their hundreds, accuracy on all pictures
	@$(BIN)/python -m pytest -m long -o log_cli=true

lint: .venv/.dev ## ruff and mypy
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

bench: .venv/.dev ## the figures that the documentation quotes; tables and JSON in bench-out/
	@for name in landing matching watches alerts recognition record; do $(BIN)/python -m benchmarks.$$name || exit 1; done

TRAIN := .venv-train/bin/python
# PyPI's PyTorch runs on a graphics card and on the processor; TORCH= names another build, or the file of one.
TORCH ?= torch==2.13.0
DRAW := ALPR_FONTS=$(CURDIR)/alpr_training/fonts $(TRAIN)
FONTS := alpr_training/fonts/node_modules/.package-lock.json
train: .venv-train/.done $(FONTS) ## train both nets, fit their confidence, into models/: hours of one core, resumed. SMOKE=1: a minute
	@$(DRAW) -m alpr_training.detector $(if $(SMOKE),--smoke)
	@$(DRAW) -m alpr_training.reader $(if $(SMOKE),--smoke)
	@$(MAKE) --no-print-directory calibrate

# Pinned before, because the recogniser reads with pinned weights only, and after, with the confidence fitted on them.
calibrate: .venv-train/.done $(FONTS) ## fit the confidence on drawn plates: a quarter of an hour, resumed. SMOKE=1: some seconds
	@$(if $(SMOKE),:,$(TRAIN) -m alpr_training.manifest >/dev/null)
	@$(DRAW) -m alpr_training.calibration $(if $(SMOKE),--smoke)
	@$(if $(SMOKE),:,$(TRAIN) -m alpr_training.manifest)

$(FONTS): alpr_training/fonts/package-lock.json
	@cd alpr_training/fonts && npm ci --silent --no-audit --no-fund
	@touch $@

test-train: .venv-train/.done ## the tests of the nets, which need PyTorch; then a minute of training, export and reading
	@$(TRAIN) -m pytest -n 2 tests/training
	@$(MAKE) --no-print-directory train SMOKE=1

lock: $(UV) ## renew the lock files
	$(UV) pip compile -q $(LOCK_ARGS) requirements-tools.in -o requirements-tools.lock
	$(UV) pip compile -q $(LOCK_ARGS) pyproject.toml -o requirements.lock
	$(UV) pip compile -q $(LOCK_ARGS) pyproject.toml --extra dev -c requirements.lock -o requirements-dev.lock
	$(UV) pip compile -q $(LOCK_ARGS) pyproject.toml --extra dev --extra train -c requirements.lock -o requirements-train.lock
LOCK_ARGS := --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

# PyTorch is not in the lock: its build for this machine is not the same file on the next.
.venv-train/.done: requirements-train.lock | $(UV)
	@test -x $(TRAIN) || $(PYTHON) -m venv .venv-train
	@$(TRAIN) -m pip install --quiet --disable-pip-version-check "$(TORCH)"
	@$(UV) pip install --quiet --python $(TRAIN) --require-hashes -r requirements-train.lock
	@touch $@

clean: ## remove the environments, not the data
	rm -rf .venv .venv-train .tools .mypy_cache .ruff_cache *.egg-info

help:
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

$(UV): requirements-tools.lock
	@echo "Setting up (about a minute, once) …"
	@$(PYTHON) -m venv .tools || { echo "python3 has no venv: apt install python3-venv"; exit 1; }
	@.tools/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-tools.lock
	@touch $@

# A development environment holds the runtime one: it is kept, so that `make run` does not take the tools away.
.venv/.runtime: requirements.lock requirements-dev.lock | $(UV)
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(UV) pip sync --quiet --require-hashes $(if $(wildcard .venv/.dev),requirements-dev.lock,requirements.lock)
	@$(UV) pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.dev: requirements-dev.lock | .venv/.runtime
	@$(UV) pip sync --quiet --require-hashes requirements-dev.lock
	@$(UV) pip install --quiet --no-deps --no-build-isolation --editable .
	@! git rev-parse --git-dir >/dev/null 2>&1 || $(STRIP)
	@touch $@

# What notebooks show stays out of commits (.gitattributes): a commit that cannot be stripped is refused.
STRIP := { git config filter.nbstripout.clean ".venv/bin/python -m nbstripout" && git config filter.nbstripout.smudge cat \
	&& git config filter.nbstripout.required true; }

.PHONY: run up notebook test test-long lint bench train calibrate test-train lock clean help
