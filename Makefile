# `make` prints this help. Each task is one line here; what needs more stands in deploy/*.sh.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
PYTHON ?=
export PYTHON

RESOLVE := .venv/bin/uv pip compile --quiet --no-config --universal --python-version 3.11 \
	--generate-hashes --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)

.PHONY: help demo test check understanding learn fix messages pictures bench fuzz lock clean

help: ## print this help
	@echo "Suifang: what make can do"
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

demo: .venv/.runtime ## try the bot here: no Telegram, no network, invented people
	@.venv/bin/suifang rehearse --browser

test: .venv/.dev ## every check and every test (ARGS="-k words" passes on to pytest)
	@sh deploy/setup.sh browser || true
	@sh deploy/check.sh checks
	@sh deploy/check.sh tests $(ARGS)

check: .venv/.dev ## style, format, types, layers (seconds)
	@sh deploy/check.sh checks

understanding: .venv/.runtime ## how well free text is understood: recall, false alarms, every miss
	@for part in tests/corpus/worked.jsonl tests/corpus/fresh*.jsonl; do echo "\n== $$part"; \
		.venv/bin/suifang understand --file $$part --report; done
	@echo "\n== set aside (totals only)"
	@.venv/bin/suifang understand --file tests/corpus/set_aside.jsonl --report --totals

learn: .venv/.dev ## teach the second reader the labelled messages anew (UNSEEN=1: and measure it on files left out)
	@.venv/bin/python -m deploy.learn $(if $(UNSEEN),--unseen)

fix: .venv/.dev ## repair style and format
	@.venv/bin/ruff check --fix --quiet . ; .venv/bin/ruff format .

messages: .venv/.dev ## say what is missing, unused or unequal among the words of both languages
	@.venv/bin/python -m pytest -q tests/house_rules/test_locales.py && echo "Both languages are complete."

bench: .venv/.dev ## measure: updates a second against three rivals, a red flag under load, ticks, start-up
	@.venv/bin/python -m tests.bench

fuzz: .venv/.dev ## change messages led by coverage until stopped: nothing may break the reading
	@.venv/bin/python -m tests.understanding.coverage_fuzz

pictures: .venv/.dev ## take the pictures of the README anew (docs/pictures/)
	@sh deploy/setup.sh browser
	@CHROMIUM=$$(sh deploy/setup.sh find-browser) .venv/bin/python deploy/pictures.py

lock: .venv/.dev ## write both lock files anew from pyproject.toml (UPGRADE=1: newest versions)
	@$(RESOLVE) --extra build --extra dev --output-file requirements-dev.lock pyproject.toml
	@$(RESOLVE) --extra build --constraint requirements-dev.lock --output-file requirements.lock pyproject.toml
	@sh deploy/setup.sh dev

clean: ## remove .venv, caches and builds (never data/)
	@rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .setup.log
	@find bot handlers storage locales tests -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.runtime: requirements.lock pyproject.toml
	@sh deploy/setup.sh runtime

.venv/.dev: requirements-dev.lock pyproject.toml
	@sh deploy/setup.sh dev
