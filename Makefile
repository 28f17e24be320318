# Needs Python 3.11 or newer and make. Whatever else a target needs it makes itself, in .venv: scripts/venv.py.

PYTHON ?= python3
ARGS ?=
# What depends on the libraries below us: server, plugin, validators, command line, and one suite over a real socket.
LOWEST_TESTS := tests/kernel tests/webhooks tests/plugin tests/conformance tests/cli suites/oneflow
# (whole suites on a real clock take minutes, and say nothing of versions; neither do more than a few examples)
LOWEST_SKIPS := --ignore tests/cli/test_env.py

VENV := .venv
BIN := $(VENV)/bin
# Followed by the names of further extras of pyproject.toml.
INSTALL := $(PYTHON) scripts/venv.py $(VENV)
LOWEST := build/lowest

# With bytecode the hundreds of Pythons that the tests start need not compile the package and parse the contracts each.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help venv serve test test-lowest lint types format check mutants attack pictures bench bench-growth bench-peers bench-shared bench-proxies image-check docs docs-serve wheel clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 22

venv: ## make or update the virtual environment (every target does, when it has to)
	@$(INSTALL)

serve: venv ## serve every provider on loopback; options: make serve ARGS="--port 4011"
	@exec $(BIN)/flowproof serve $(ARGS)

test: venv ## run every test, in parallel; a choice of them: make test ARGS="-k signature"
	@$(BIN)/pytest -n auto --dist worksteal $(ARGS)

test-lowest: $(LOWEST)/made ## run what depends on other packages with their lowest versions that pyproject.toml allows
	@HYPOTHESIS_PROFILE=$${HYPOTHESIS_PROFILE:-few} $(LOWEST)/bin/pytest -n auto --dist worksteal -p no:cacheprovider --flowproof-transport socket $(LOWEST_TESTS) $(LOWEST_SKIPS) $(ARGS)

$(LOWEST)/made: pyproject.toml | venv
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(LOWEST)
	@$(BIN)/uv pip install --quiet --python $(LOWEST) --resolution lowest-direct --editable '.[dev]'
	@touch $@

lint: venv ## ruff, formatting, spelling, data files
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet || { echo "make format fixes it"; exit 1; }
	@$(BIN)/codespell
	@git -c safe.directory='*' ls-files -z --cached --others --exclude-standard -- '*.toml' '*.yaml' '*.yml' '*.json' \
		| xargs -0 $(BIN)/python scripts/well_formed.py

types: venv ## mypy, strict
	@$(BIN)/mypy

format: venv ## format the code and fix what ruff can fix
	@$(BIN)/ruff check --fix --quiet --exit-zero
	@$(BIN)/ruff format --quiet

check: lint types test ## lint, types and test: what to run before a commit

mutants: venv ## break each mock on purpose and see whether its suite notices; a sample: make mutants ARGS="--sample 60"
	@$(BIN)/flowproof mutants $(ARGS)

attack: ## attack a server of our own: growing and broken input, kill -9, damaged archives; for longer: make attack ARGS="--seconds 600"
	@$(INSTALL) attack
	@$(BIN)/pytest -q -p no:cacheprovider tests/attack/test_growth.py
	@$(BIN)/python -m tests.attack $(ARGS)
	@$(BIN)/bandit --quiet --recursive -lll src/flowproof mocks
	@$(BIN)/pip-audit --skip-editable --progress-spinner off || echo "pip-audit found something, or could not ask its database: see above"

pictures: venv ## photograph the page's views for docs/pictures; needs Chromium; each in light, dark and small: make pictures ARGS="build/pictures --all"
	@$(BIN)/python -m scripts.pictures $(ARGS)

bench: ## measure the standing budgets, as ratios within one run; needs wrk
	@$(INSTALL) bench
	@$(BIN)/python -m benchmarks.budgets

bench-growth: ## measure cost as work grows, up to a million with ARGS=--long (half an hour); needs wrk
	@$(INSTALL) bench
	@$(BIN)/python -m benchmarks.growth $(ARGS)

bench-peers: ## measure other tools side by side on the same contract; needs wrk, npm and java
	@$(INSTALL) bench
	@npm install --silent --no-audit --no-fund --prefix build/peers @stoplight/prism-cli@5 wiremock@3 @mockoon/cli@9
	@$(BIN)/python -m benchmarks.peers build/peers

bench-proxies: ## measure the proxy beside mitmproxy's and Prism's; needs wrk and npm
	@$(INSTALL) bench
	@npm install --silent --no-audit --no-fund --prefix build/proxies @stoplight/prism-cli@5
	@$(BIN)/python -m venv build/proxies/venv && build/proxies/venv/bin/pip install --quiet 'mitmproxy>=11,<13'
	@$(BIN)/python -m benchmarks.proxies build/proxies $(ARGS)

image-check: venv ## run the Dockerfile's steps in a Debian root, and the image as a container would; needs root and mmdebstrap
	@$(BIN)/python scripts/image_root.py

docs: ## build the documentation site into build/docs/html; a link that leads nowhere fails
	@$(INSTALL) docs
	@$(BIN)/python -m scripts.site build/docs
	@echo build/docs/html/index.html

docs-serve: docs ## build the site and serve it on http://127.0.0.1:8000
	@$(BIN)/python -m http.server --bind 127.0.0.1 --directory build/docs/html 8000

bench-shared: ## measure several servers on one PostgreSQL; needs wrk and postgresql
	@$(INSTALL) bench
	@$(BIN)/python -m benchmarks.shared

wheel: venv ## build the wheel into dist/
	@rm -rf build dist
	@output=$$($(BIN)/python -m build --wheel --no-isolation --outdir dist 2>&1) || { echo "$$output"; exit 1; }
	@rm -rf build
	@ls dist/*.whl

clean: ## remove what was built and every cache, but not the virtual environment
	@rm -rf build dist reports .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
