# The short names of section "Commands" in the README; the work is done by the scripts and by meson.
SHELL := /bin/bash
binary := build/agentmon

# make up ENGINE=docker: the services of deploy/compose.yaml instead of one process; likewise podman.
ENGINE :=
compose := $(ENGINE) compose -p agentmon -f deploy/compose.yaml

.PHONY: up down logs test build run-ingest run-query run-ui run-processor run-openclaw-monitor

up:
	$(if $(ENGINE),$(compose) up --detach --build --wait,./start-all.sh)

down:
	$(if $(ENGINE),$(compose) down,./stop-all.sh)

logs:
	$(if $(ENGINE),$(compose) logs --follow --tail 100,@source scripts/common.sh && read_settings && exec tail -n 100 -F "$$log_file")

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
