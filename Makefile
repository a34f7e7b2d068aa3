# Latchkey's commands. `make` alone lists them. Needed: Python 3.11 or newer; npm is used if there, else brought along.
# Each step leaves a stamp named after what it depends on, so a second run starts at once.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
MAKEFLAGS += --no-builtin-rules

VENV := .venv
PY := $(VENV)/bin/python
PORT ?= 8000
DEMO ?= yes
ROWS ?=
ARGS ?=
DB ?=
N ?=
FILE ?=
FOLDER ?=
KEEP ?=
P ?=

hash = $(shell cat $(1) | cksum | cut -d ' ' -f 1)
APP := $(VENV)/.app-$(call hash,setup.cfg requirements/app.txt)
DEV := $(VENV)/.dev-$(call hash,setup.cfg requirements/app.txt requirements/dev.txt)
NODE := node_modules/.installed-$(call hash,package.json package-lock.json)
ASSETS := ui_kit/static/vendor/manifest.json
TEXTS := $(patsubst %.po,%.mo,$(wildcard translations/*/LC_MESSAGES/messages.po))
BUILT := $(ASSETS) $(TEXTS)

PIP := $(PY) -m pip --quiet --no-input --disable-pip-version-check
FROM_LOCK := $(PIP) install --require-hashes -r
EDITABLE := $(PIP) install --no-deps --no-build-isolation -e .

# npm 7 is the first to read our lock file. An older one, or none: npm comes from a wheel, in a venv of its own.
define FIND_NPM
	set -e; version=$$(npm --version 2> /dev/null || echo 0); \
	if [ "$${version%%.*}" -lt 7 ]; then \
		[ -x .node-venv/bin/npm ] || { \
			$(PY) -m venv .node-venv; \
			.node-venv/bin/python -m pip --quiet --no-input --disable-pip-version-check \
				install --require-hashes -r requirements/node.txt; \
		}; \
		PATH="$(CURDIR)/.node-venv/bin:$$PATH"; \
	fi
endef

##@ Use it
.PHONY: run
run: $(APP) $(BUILT) ## Start Latchkey with demo data: make run [PORT=8000] [DEMO=yes|no]
	@PORT="$(PORT)" DEMO="$(DEMO)" exec $(PY) -m application.serve

.PHONY: backup
backup: $(APP) ## Back up database and files: make backup [FOLDER=var/backups] [KEEP=14]
	$(PY) -m flask backup $(if $(FOLDER),"$(FOLDER)") $(if $(KEEP),--keep $(KEEP))

.PHONY: restore
restore: $(APP) ## Load a backup or archive into an empty database: make restore FILE=...
	$(PY) -m flask restore "$(FILE)"

##@ Work on it
.PHONY: setup
setup: $(DEV) $(BUILT) ## Install everything for development into .venv
	@echo "Ready: make run, make test, or $(VENV)/bin/flask --help"

.PHONY: assets
assets: $(APP) $(BUILT) ## Install the front-end packages, copy what we use of them, and compile the translations

.PHONY: test
test: $(DEV) $(BUILT) ## Run the tests: make test [ROWS="B4 C1"] [ARGS="-k keys -x"]
	$(PY) -m pytest -n logical --dist worksteal $(if $(ROWS),--rows "$(ROWS)") $(ARGS)

.PHONY: deep
deep: $(DEV) $(BUILT) ## Live thousands of random histories of money, invoices and visits (hours): make deep [N=20000] [ARGS="-k sqlite"]
	HYPOTHESIS_PROFILE=deep DEEP_EXAMPLES="$(N)" nice -n 19 $(PY) -m pytest -n logical --dist worksteal -p no:cacheprovider \
		tests/properties/test_money_life.py tests/properties/test_invoice_life.py tests/properties/test_visit_life.py $(ARGS)

.PHONY: chaos
chaos: $(DEV) $(BUILT) ## Kill and fill things under people who work, at random moments: make chaos [N=20 rounds] [ARGS="-k sqlite"]
	CHAOS_ROUNDS="$(or $(N),20)" $(PY) -m pytest -s -x -p no:cacheprovider tests/chaos/test_chaos.py $(ARGS)

.PHONY: api-test
api-test: $(DEV) $(BUILT) ## Make up calls from the API's specification and look at the answers: make api-test [N=200]
	API_EXAMPLES="$(or $(N),200)" $(PY) -m pytest -n logical --dist worksteal -p no:cacheprovider tests/api/test_specification.py $(ARGS)

.PHONY: coverage
coverage: $(DEV) $(BUILT) ## Run the tests and show which lines and branches none of them reached
	$(PY) -m pytest -n logical --dist worksteal --cov --cov-report=term-missing $(ARGS)

.PHONY: lint
lint: $(DEV) ## Check style and formatting with ruff
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

.PHONY: format
format: $(DEV) ## Let ruff format and repair what it can
	$(PY) -m ruff check --fix-only .
	$(PY) -m ruff format .

.PHONY: types
types: $(DEV) ## Check types with mypy
	$(PY) -m mypy

.PHONY: contracts
contracts: $(DEV) ## Check who imports whom
	$(VENV)/bin/lint-imports

.PHONY: ci
ci: lint types contracts test ## All the checks that CI runs

.PHONY: bench
bench: $(DEV) $(BUILT) ## Measure speed: make bench [DB=sqlite|postgres] [GROWTH=all|tenth,large] [ARGS=...]
	$(PY) -m benchmarks $(if $(DB),--database $(DB)) $(if $(GROWTH),--growth $(GROWTH)) $(ARGS)

.PHONY: mails
mails: $(APP) $(BUILT) ## Write an example of every kind of mail to var/mail-previews
	$(PY) -m flask mails

.PHONY: docs
docs: $(DEV) ## Write the pages under docs/ that are generated from the code
	$(PY) docs/generate.py

.PHONY: screenshots
screenshots: $(DEV) $(BUILT) ## Take the pictures of the user guide anew, with Chromium: make screenshots [ARGS="office-home ..."]
	$(PY) docs/screenshots.py $(ARGS)

##@ Languages
LANGUAGE ?= de
.PHONY: texts
texts: $(APP) ## Take the code's texts into the translations/*/LC_MESSAGES/messages.po, and compile them
	@$(PY) translations/texts.py update
	@$(PY) translations/texts.py compile

.PHONY: texts-missing
texts-missing: $(APP) ## Print what is not translated yet, as JSON to fill in: make -s texts-missing [LANGUAGE=de] > FILE
	@$(PY) translations/texts.py missing $(LANGUAGE)

.PHONY: texts-fill
texts-fill: $(APP) ## Write such a JSON, filled in, into the .po: make texts-fill FILE=... [LANGUAGE=de]
	@$(PY) translations/texts.py fill "$(FILE)" $(LANGUAGE)
	@$(PY) translations/texts.py compile

##@ Dependencies
# Nothing of this machine's own index settings may reach the lock files.
UV := env -u UV_INDEX -u UV_DEFAULT_INDEX -u UV_INDEX_URL -u UV_EXTRA_INDEX_URL -u UV_FIND_LINKS \
	UV_NO_CONFIG=1 UV_CUSTOM_COMPILE_COMMAND="make lock" $(PY) -m uv
# Old pips take `x[extra]` only if it is pinned by that name.
COMPILE := $(UV) pip compile --quiet --no-strip-extras --universal --generate-hashes --python-version 3.11 $(if $(P),--upgrade-package $(P))

.PHONY: lock
lock: $(DEV) ## Re-lock after an edit of setup.cfg, pyproject.toml or package.json; keeps the versions it can
	$(COMPILE) $(UPGRADE) setup.cfg --group build -o requirements/app.txt > /dev/null
	$(COMPILE) $(UPGRADE) setup.cfg --group dev -c requirements/app.txt -o requirements/dev.txt > /dev/null
	$(COMPILE) $(UPGRADE) setup.cfg --extra s3 -c requirements/dev.txt -o requirements/s3.txt > /dev/null
	$(COMPILE) $(UPGRADE) --group pyproject.toml:node -o requirements/node.txt > /dev/null
	$(COMPILE) $(UPGRADE) --group pyproject.toml:audit -o requirements/audit.txt > /dev/null
	@$(FIND_NPM); npm install --package-lock-only --ignore-scripts --loglevel=error
	git diff --stat -- requirements package-lock.json

.PHONY: lock-upgrade
lock-upgrade: ## Lock newer versions: make lock-upgrade [P=flask], without P all of them
	$(MAKE) lock $(if $(P),P=$(P),UPGRADE=--upgrade)

# No part of CI: what was released yesterday must not turn red in the night. Package by package, `--strict` also fails on what
# the index cannot be asked about, so that silence is never taken for safety.
ACCEPTED = $(shell sed -n 's/^\([A-Z][A-Za-z]*-[A-Za-z0-9-]*\) .*/--ignore-vuln \1/p' requirements/audit-accepted.txt)
.PHONY: audit
audit: $(APP) ## Ask the package indexes for known weaknesses in what is locked (needs the network; not in CI)
	@[ -x .audit-venv/bin/pip-audit ] || { \
		$(PY) -m venv .audit-venv; \
		.audit-venv/bin/python -m pip --quiet --no-input --disable-pip-version-check \
			install --require-hashes -r requirements/audit.txt; \
	}
	.audit-venv/bin/pip-audit --strict --progress-spinner off --disable-pip --require-hashes -r requirements/app.txt $(ACCEPTED)
	@$(FIND_NPM); npm audit --omit=dev --package-lock-only

##@ Tidy
.PHONY: clean
clean: ## Remove what was installed or built; the data in var/ stays
	rm -rf $(VENV) .node-venv .audit-venv node_modules ui_kit/static/vendor ui_kit/static/*.gz $(TEXTS) build dist *.egg-info
	rm -rf .coverage .coverage.* htmlcov test-results .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help
help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} \
		/^##@ / {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- Steps behind the commands -----------------------------------------------------------------------------------

$(VENV)/bin/pip:
	@for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
		if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then \
			exec $$python -m venv --clear $(VENV); \
		fi; \
	done; \
	echo "Latchkey needs Python 3.11 or newer. If it has an unusual name: make PYTHON=/path/to/python3 ..." >&2; \
	exit 1

$(APP): | $(VENV)/bin/pip
	@echo "Installing what Latchkey runs on ..."
	@$(FROM_LOCK) requirements/app.txt
	@$(EDITABLE)
	@rm -f $(VENV)/.app-*
	@touch $@

$(DEV): | $(VENV)/bin/pip
	@echo "Installing what Latchkey runs on, and its development tools ..."
	@$(FROM_LOCK) requirements/dev.txt
	@$(EDITABLE)
	@rm -f $(VENV)/.app-* $(VENV)/.dev-*
	@touch $(APP) $@

$(NODE): | $(VENV)/bin/pip
	@echo "Installing the front-end packages ..."
	@$(FIND_NPM); npm ci --ignore-scripts --loglevel=error
	@touch $@

# Our own files too: each has a .gz beside it, which is not served once the file is newer.
$(ASSETS): $(NODE) ui_kit/assets.py ui_kit/icons.txt ui_kit/pets.svg $(wildcard ui_kit/static/*.css ui_kit/static/*.js ui_kit/static/*.svg)
	@$(PY) -W ignore::RuntimeWarning:runpy -m ui_kit.assets
	@touch $@

translations/%.mo: translations/%.po | $(APP)
	@$(PY) translations/texts.py compile
	@touch $@
