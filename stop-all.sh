#!/usr/bin/env bash
# Stops what start-all.sh started: agentmon and its private servers, in order; nothing that was accepted is lost.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/scripts/common.sh"

patience=60 # seconds; the ordered stop has its own, shorter bounds

if [[ ! -x $agentmon ]]; then
  say "agentmon is not running: it was not even built here."
  exit 0
fi
read_settings
if ! pid=$(running_pid); then
  say "agentmon is not running."
  rm -f "$pid_file"
  exit 0
fi

printf 'Stopping agentmon (process %s) ' "$pid"
kill -TERM "$pid" 2>/dev/null || true
deadline=$((SECONDS + patience))
while is_agentmon "$pid"; do
  if ((SECONDS > deadline)); then
    say
    complain "agentmon did not stop within $patience s, so it is killed. What it had accepted is on the disk; the next"
    complain "start goes on from there. The end of its log ($log_file):"
    tail -n 15 "$log_file" 2>/dev/null | sed 's/^/  /' >&2 || true
    kill -KILL "$pid" 2>/dev/null || true
    rm -f "$pid_file"
    exit 1
  fi
  printf .
  sleep 0.3
done
rm -f "$pid_file"
say " stopped."
