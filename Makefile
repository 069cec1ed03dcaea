# Everything a person or a machine runs here. Needs Python 3.11+, make and a package index; the rest is set up on
# first use. `make help` lists the commands.

BIN := .venv/bin
REPORT := -q --no-header
# Tests wait for other processes half of the time; files are given out in the order of tests/conftest.py.
WORKERS ?= 3
SHARED := -n $(WORKERS) --dist loadfile --no-loadscope-reorder
.DEFAULT_GOAL := help
.PHONY: help setup demo test test-long spec-mutants test-foreign check fix docs site lock screenshots wheel bench bench-delivery clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup:  ## Make .venv from requirements.lock (every other command does this first)
	@python=$$(scripts/find_python.sh) && "$$python" scripts/set_up.py

demo: setup  ## Show the whole journey: a client asks, a person decides elsewhere, the client gets its token
	@$(BIN)/lockhouse demo $(ARGS)

test: setup  ## Run the tests (about eleven minutes on two cores)
	@chromium=$$($(BIN)/python scripts/find_chromium.py) && nginx=$$($(BIN)/python scripts/find_nginx.py) \
		&& LOCKHOUSE_TEST_CHROMIUM="$$chromium" LOCKHOUSE_TEST_NGINX="$$nginx" $(BIN)/pytest $(REPORT) $(SHARED) $(ARGS)

test-long: setup  ## Run the long races, the chaos tests and the mutants of the code as well
	@chromium=$$($(BIN)/python scripts/find_chromium.py) && nginx=$$($(BIN)/python scripts/find_nginx.py) \
		&& LOCKHOUSE_TEST_CHROMIUM="$$chromium" LOCKHOUSE_TEST_NGINX="$$nginx" \
		$(BIN)/pytest $(REPORT) $(SHARED) -m "not node" $(ARGS)
	@$(MAKE) --no-print-directory spec-mutants

spec-mutants: setup  ## Make every change that a test of tests/spec names, and expect that test to fail (ARGS=test_057)
	@$(BIN)/python scripts/run_spec_mutants.py $(ARGS)

test-foreign: setup  ## Drive the server with other people's clients: openid-client (needs Node) and requests-oauth2client
	@scripts/install_node_clients.sh
	@$(BIN)/pytest $(REPORT) -m "" tests/foreign $(ARGS)

check: setup  ## Check format, lint, types, layers and generated files
	@scripts/check.sh

fix: setup  ## Format, and fix what ruff can fix
	@$(BIN)/ruff check --fix --quiet; $(BIN)/ruff format --quiet

docs: setup  ## Write docs/reference from the code
	@$(BIN)/python scripts/generate_reference.py

site: setup  ## Build the documentation as a site in dist/site, with its links checked
	@$(BIN)/python scripts/build_site.py

screenshots: setup  ## Take pictures of every page and mail into build/screenshots (ARGS=consent for some)
	@chromium=$$($(BIN)/python scripts/find_chromium.py) \
		&& LOCKHOUSE_TEST_CHROMIUM="$$chromium" $(BIN)/python scripts/take_screenshots.py $(ARGS)

lock: setup  ## Resolve pyproject.toml into requirements.lock (ARGS=--upgrade for newer versions)
	@scripts/lock.sh $(ARGS)

wheel: setup  ## Build dist/*.whl
	@rm -f dist/*.whl && $(BIN)/python -m hatchling build --target wheel

bench: setup  ## Measure the protocol beside a bare route and oidc-provider (needs node; ARGS=--quick)
	@$(BIN)/python bench/protocol.py $(ARGS)

bench-delivery: setup  ## Measure long polls that wait, and pings (ARGS=--quick)
	@$(BIN)/python bench/delivery.py $(ARGS)

clean:  ## Remove everything that make made
	@rm -rf .venv dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage*
	@find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
