# Every way in. `make demo` and `make test` set up all they need on a machine that has
# Python 3.11+, Node 20+ and make.

# The oldest that is here: what it passes, the others pass too, as test-pythons makes sure.
PYTHON ?= $(shell scripts/pythons.sh oldest)
UV_VERSION := 0.13.9
UV := .tools/bin/uv
TWINE := twine==7.0.0
BIN := .venv/bin
NPM := npm --no-audit --no-fund --no-update-notifier --loglevel=error
DENO := DENO_DIR=../../.tools/deno ../../$(BIN)/deno
DENO_FILES := --config api/deno.json api/*.ts _shared/*.ts
TREES := bench/node examples/node tests/adapters tests/local_stack/js tests/supabase/cli
READY := .venv/.all-ready .tools/deno/.ready $(TREES:=/node_modules/.ready) frontend/dist/.ready
# Tests wait more than they work: four at once keep two cores busy.
WORKERS ?= 4
PYTEST := $(BIN)/pytest --dist loadfile --no-loadscope-reorder
PARALLEL := $(MAKE) --no-print-directory -j 2
# Two targets at once, each one's output in one piece where make can do that (not on macOS).
TWO := $(PARALLEL) $(if $(filter output-sync,$(.FEATURES)),-Otarget)
ONCE ?=
PROVIDER ?=
PROVIDERS ?=
SEED ?=
SECONDS ?=
BASES ?=

export UV_PYTHON_DOWNLOADS := never
# Services and tests start Python hundreds of times: without bytecode each start costs twice as much.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo run programs check check-python test test-ready test-python test-pythons test-postgres test-page test-browser test-browsers test-audit lint types schema bench profile chaos audit image package add-to-app release reset clean

help: ## Show what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.ready frontend/node_modules/.ready ## Install everything into this folder

demo: setup frontend/dist/.ready ## Speak and see the words, on this machine alone (ONCE=1: once, then stop; PROVIDER=vllm; PROVIDERS=mistral,vllm: the first fails)
	@$(BIN)/utter-transcribe demo $(if $(ONCE),--once) $(if $(PROVIDER),--provider $(PROVIDER)) $(if $(PROVIDERS),--providers $(PROVIDERS))

run: setup frontend/dist/.ready ## Build the page, and start bridge and functions against the Supabase and provider that .env names
	@test -f .env || { echo "make run needs .env: copy .env.example and fill it in"; exit 1; }
	@$(BIN)/honcho start

check: setup .venv/.all-ready .tools/deno/.ready ## Check all that needs no browser and starts no program: for every change
	@$(TWO) check-python types lint test-page

check-python: setup .venv/.all-ready tests/__pycache__
	@$(PYTEST) -n $(WORKERS) -q -m "not process"

# Browsers beside what is short: beside all of Python from the start, they run out of time. Make
# would begin with what waits for nothing; so all is ready before, and `programs` is not made again.
test: test-ready ## Check everything
	@$(TWO) -o programs test-browser types lint test-page test-postgres test-pythons test-audit test-python

test-ready:
	@$(PARALLEL) $(READY) tests/__pycache__ programs

test-python: setup $(READY) programs tests/__pycache__ ## Test the services, the schema and the client
	@$(PYTEST) -n $(WORKERS)

test-pythons: setup | $(UV) ## Run the demonstration and the audio tests on every other Python of the machine
	@scripts/pythons.sh test $(UV)

test-postgres: .venv/.ready tests/supabase/cli/node_modules/.ready ## Test the migrations on the machine's own Postgres as well
	@majors=$$($(BIN)/python -c 'from local_stack import binaries; print(*{found.major for found in list(binaries.candidates())[1:]})'); \
	test -n "$$majors" || echo "Only the embedded Postgres was tested (apt-get install postgresql brings Debian's)"; \
	for major in $$majors; do \
		echo "Migrations and ledger on Postgres $$major"; \
		TEST_POSTGRES_MAJOR=$$major $(PYTEST) -n 2 -q tests/supabase || exit 1; \
	done

test-page: setup ## Test the page's parts
	@cd frontend && $(NPM) run --silent test

test-browser: setup frontend/dist/.ready programs ## Test the page in a real browser against the real stack
	@scripts/package.sh frontend/e2e chromium chromium-browser google-chrome; \
	case $$? in 0) cd frontend && $(NPM) run --silent e2e ;; 3) ;; *) exit 1 ;; esac

test-browsers: setup frontend/dist/.ready ## Test the page in Firefox and WebKit, with a microphone
	@scripts/engines.sh; \
	case $$? in 0) cd frontend && $(NPM) run --silent e2e:engines ;; 3) ;; *) exit 1 ;; esac

programs: # What tests need that no package of Python or npm brings. One at a time: apt-get locks.
	@scripts/debian.sh
	@scripts/package.sh tests/docs/test_examples.py curl || [ $$? -eq 3 ]
	@scripts/package.sh tests/deploy/test_install.py systemd systemd-analyze || [ $$? -eq 3 ]
	@scripts/package.sh frontend/e2e chromium chromium-browser google-chrome || [ $$? -eq 3 ]

lint: setup .tools/deno/.ready ## Check style
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@cd supabase/functions && $(DENO) fmt --quiet --check $(DENO_FILES) && $(DENO) lint --quiet $(DENO_FILES)
	@cd frontend && $(NPM) run --silent lint

types: setup .venv/.all-ready .tools/deno/.ready ## Check types
	@$(BIN)/mypy
	@cd supabase/functions && $(DENO) check --quiet --frozen --lock=../deno.lock $(DENO_FILES)
	@cd frontend && $(NPM) run --silent typecheck

schema: setup ## Write the contract's documents and the types of both TypeScripts again
	@$(BIN)/python -m shared_schema
	@cd frontend && $(NPM) run --silent schema
	@for package in utter_transcribe local_stack/provider; do cp transcription/audio/reader.py $$package/generated/; done
	@cp frontend/src/generated/protocol.ts supabase/functions/_shared/generated/protocol.ts

bench: setup .venv/.all-ready bench/node/node_modules/.ready ## Measure the bridge beside three others, the knee of two, large uploads, the time to ready, and the ledger
	@$(BIN)/python -m bench
	@$(BIN)/python -m bench.knee
	@$(BIN)/python -m bench.batch
	@$(BIN)/python -m bench.ready
	@$(BIN)/python -m bench.ledger
	@LEDGER_LAW_STEPS=20000 $(BIN)/pytest -q tests/supabase/test_ledger_laws.py -k any_order
	@$(BIN)/python -m bench.hearing
	@$(BIN)/python -m bench.exactness
	@$(BIN)/python -m bench.containers

profile: .venv/.all-ready ## Draw where a bridge spends its time, into profile.svg
	@$(BIN)/python -m bench.profile profile.svg

chaos: .venv/.ready ## Let everything go wrong at random for a while (SEED=7: as before; SECONDS=180)
	@scripts/debian.sh
	@$(BIN)/python -m chaos $(if $(SEED),--seed $(SEED)) $(if $(SECONDS),--seconds $(SECONDS))

# Where no database answers (2) it says so and fails nothing: the network is at fault.
test-audit: setup | $(UV) ## Fail on vulnerabilities that are known, where the databases can be reached
	@$(BIN)/python -m scripts.audit || [ $$? -eq 2 ]

audit: setup | $(UV) ## Look up known vulnerabilities of what we depend on (needs the network)
	@$(BIN)/python -m scripts.audit

image: .venv/.all-ready ## Build the image and try it out, with docker, podman or buildah (BASES=debian: without a registry)
	@$(BIN)/python -m scripts.image $(if $(BASES),--bases $(BASES))

package: setup ## Build the npm package, and the items for shadcn, into dist/
	@mkdir -p dist && rm -f dist/*.tgz
	@cd frontend && $(NPM) pack --silent --pack-destination ../dist && node registry.mjs

add-to-app: package | $(UV) ## Do what "Add it to your app" says in an empty folder, and time it (needs the registries)
	@scripts/package.sh frontend/e2e chromium chromium-browser google-chrome
	@rm -f dist/*.whl && $(UV) build --quiet --wheel --out-dir dist
	@$(BIN)/python -m bench.add_to_app

release: setup .venv/.all-ready ## Build what is published, into dist/, and check it; publish nothing
	@rm -rf dist
	@$(UV) build --quiet --out-dir dist
	@$(UV) tool run --quiet --from $(TWINE) twine check --strict dist/*.whl dist/*.tar.gz
	@cd frontend && $(NPM) pack --silent --pack-destination ../dist >/dev/null
	@cd frontend && npx --no-install publint run --strict ../dist/*.tgz
	@cd frontend && npx --no-install attw --quiet --profile esm-only ../dist/*.tgz
	@echo "Built and checked:"
	@ls dist

reset: .venv/.ready ## Forget the local stack's users, voices and keys
	@$(BIN)/python -m local_stack reset

clean: ## Remove what setup installed
	rm -rf .venv .tools dist frontend/node_modules frontend/dist $(TREES:=/node_modules)

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed (make PYTHON=python3.12 …)"; exit 1; }
	@echo "Setting up Python tools…"
	@$(PYTHON) -m venv .tools \
		|| { echo "Python's venv is missing (on Debian it is the package python3-venv)"; rm -rf .tools; exit 1; }
	@.tools/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

.venv/.ready: pyproject.toml uv.lock | $(UV)
	@echo "Installing Python packages…"
	@$(UV) sync --quiet --frozen --all-extras --no-group deploy --no-group bench --no-group functions --no-group release --python $(PYTHON)
	@touch $@

.venv/.all-ready: .venv/.ready
	@echo "Installing what checks deploy/ and supabase/functions/, and draws what was measured…"
	@$(UV) sync --quiet --frozen --all-extras --python $(PYTHON)
	@touch $@

# In a fresh clone, each of the workers would compile all modules for itself.
tests/__pycache__: | .venv/.all-ready
	@$(BIN)/pytest --collect-only -q >/dev/null || true

.tools/deno/.ready: .venv/.all-ready supabase/deno.lock supabase/functions/api/deno.json
	@cd supabase/functions && $(DENO) cache --quiet --frozen --lock=../deno.lock --config api/deno.json api/index.ts
	@touch $@

frontend/node_modules/.ready: frontend/package-lock.json
	@node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' \
		|| { echo "Node 20 or newer is needed"; exit 1; }
	@echo "Installing page packages…"
	@cd frontend && $(NPM) ci --silent
	@touch $@

%/node_modules/.ready: %/package-lock.json
	@cd $* && $(NPM) ci --silent
	@touch $@

# `npm ci` wants each platform's program in the lock; not every mirror of the registry has them all.
tests/supabase/cli/node_modules/.ready: tests/supabase/cli/package-lock.json
	@cd tests/supabase/cli && $(NPM) install --no-save --silent
	@touch $@

frontend/dist/.ready: frontend/node_modules/.ready $(shell find frontend/src frontend/public frontend/index.html frontend/*.config.ts -type f 2>/dev/null)
	@echo "Building the page…"
	@cd frontend && $(NPM) run --silent build
	@touch $@
