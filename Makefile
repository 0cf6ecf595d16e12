# What a fresh machine needs is any python3 with pip, and Node 20 or newer; `make` brings the rest into the checkout.

UV_VERSION := 0.13.9
UV := .tools/uv/bin/uv
BIN := .venv/bin
CDK := node node_modules/aws-cdk/bin/cdk
# Settings of the caller's own Python that would lead an installation elsewhere.
CLEAN := env -u VIRTUAL_ENV -u UV_PROJECT_ENVIRONMENT -u PYTHONPATH -u PYTHONHOME
TESTS := $(wildcard tests/unit tests/store tests/events tests/infra tests/stack tests/browser)

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help setup node demo up down test bench soak lint format typecheck messages deploy bootstrap clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

setup: node .venv/.ready node_modules/.ready .tools/emulator/.ready ## bring everything that the other targets need

demo: setup ## the main job, end to end, on a local stack (ARGS=--once ends by itself)
	@exec $(BIN)/hearback demo $(ARGS)

up: setup ## start the local stack (ARGS="--port 4600", ARGS=--fresh, …)
	@exec $(BIN)/hearback local up $(ARGS)

down: setup ## stop the local stack and keep its data
	@exec $(BIN)/hearback local down $(ARGS)

test: setup ## every check and every test (ARGS are for pytest)
	@echo "ruff check"; $(BIN)/ruff check --quiet
	@echo "ruff format"; $(BIN)/ruff format --check --quiet
	@echo "mypy"; $(BIN)/mypy
	@echo "lint-imports"; $(BIN)/lint-imports
	@echo "pytest, the local stack beside the rest"; $(BIN)/pytest $(filter-out tests/stack,$(TESTS)) $(ARGS) & rest=$$!; \
	$(BIN)/pytest tests/stack $(ARGS); stack=$$?; wait $$rest && exit $$stack

bench: setup ## measure cold imports, warm calls, AWS usage and cost into docs/performance.md
	@exec $(BIN)/python -m bench

soak: setup ## answers under injected faults and killed workers, on a local stack of its own (ARGS="--responses 2000")
	@exec $(BIN)/python -m bench.soak $(ARGS)

lint: setup ## style and imports
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/lint-imports

format: setup ## rewrite the code in its style
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

typecheck: setup ## types
	@$(BIN)/mypy

messages: setup ## bring the catalogues of other languages up to date with what the code says
	@$(BIN)/python -m local.messages

deploy: setup ## deploy a stage to AWS: make deploy STAGE=prod (ARGS are for `cdk deploy`)
	@test -n "$(STAGE)" || { echo 'Which stage? For example: make deploy STAGE=prod' >&2; exit 2; }
	@$(BIN)/hearback preflight "$(STAGE)"
	@UV="$(CURDIR)/$(UV)" $(CDK) deploy -c "stage=$(STAGE)" "hearback-$(STAGE)" $(ARGS)

bootstrap: setup ## prepare the account and region of a stage for the CDK, once: make bootstrap STAGE=prod
	@test -n "$(STAGE)" || { echo 'Which stage? For example: make bootstrap STAGE=prod' >&2; exit 2; }
	@UV="$(CURDIR)/$(UV)" $(CDK) bootstrap -c "stage=$(STAGE)" $(ARGS)

clean: ## remove what was built or installed; the local stack's data stay
	rm -rf .venv .tools .build node_modules cdk.out artefacts
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './.local/*' -prune -exec rm -rf {} +

node:
	@command -v node > /dev/null 2>&1 && command -v npm > /dev/null 2>&1 || { \
	  echo 'Node 20 or newer, with npm, is missing. Install it from https://nodejs.org, or:' >&2; \
	  echo '  Debian, Ubuntu: sudo apt-get install nodejs npm' >&2; \
	  echo '  macOS:          brew install node' >&2; exit 1; }
	@node -e 'process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)' || { \
	  echo "Node 20 or newer is needed; this is Node $$(node --version)." >&2; exit 1; }

.tools/uv-$(UV_VERSION):
	@echo "bringing uv $(UV_VERSION)"
	@mkdir -p .tools && rm -rf .tools/uv
	@for python in python3 python3.13 python /usr/bin/python3; do \
	  if "$$python" -m pip --version > /dev/null 2>&1; then \
	    exec $(CLEAN) -u PIP_TARGET -u PIP_PREFIX -u PIP_ROOT PIP_USER=0 PIP_REQUIRE_VIRTUALENV=0 PIP_ROOT_USER_ACTION=ignore \
	      "$$python" -m pip install --quiet --disable-pip-version-check --no-warn-script-location \
	      --target .tools/uv "uv==$(UV_VERSION)"; \
	  fi; \
	done; \
	echo 'No python3 with pip was found. Debian, Ubuntu: sudo apt-get install python3-pip' >&2; exit 1
	@touch $@

.venv/.ready: pyproject.toml uv.lock .python-version .tools/uv-$(UV_VERSION)
	@echo "bringing Python 3.13 and the Python packages"
	@$(CLEAN) $(UV) sync --frozen --quiet
	@touch $@

node_modules/.ready: package.json package-lock.json
	@echo "bringing the Node packages"
	@npm ci --no-audit --no-fund --loglevel=error < /dev/null
	@touch $@

.tools/emulator/.ready: local/emulator/pyproject.toml local/emulator/uv.lock .venv/.ready
	@echo "bringing the AWS emulator"
	@$(BIN)/hearback local install
	@touch $@
