# The short names of section "Commands" in the README; the work is done by the scripts and by meson.
SHELL := /bin/bash
binary := build/agentmon

.PHONY: up down logs test build run-ingest run-query run-ui run-processor run-openclaw-monitor

up:
	./start-all.sh

down:
	./stop-all.sh

logs:
	@source scripts/common.sh && read_settings && exec tail -n 100 -F "$$log_file"

test:
	./test-all.sh

build:
	scripts/set-up.sh
	source scripts/common.sh && build agentmon web

# One role of a node in the foreground; the others run elsewhere (DATABASE_URL, NATS_URL, AGENTMON_JOIN).
run-ingest run-query run-ui run-processor: run-%: build
	exec $(binary) node --roles $*

run-openclaw-monitor: build
	exec $(binary) node --roles monitor
