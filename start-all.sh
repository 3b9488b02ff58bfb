#!/usr/bin/env bash
# Installs what is missing, builds, starts agentmon with everything that it needs, waits until it is healthy.
# start-all.sh [--foreground]   --foreground: stays in this terminal with its log; Ctrl-C stops it.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/scripts/common.sh"

patience=120 # seconds until it must be ready; the first start makes a database cluster

urls() {
  say "  dashboard  $(url_of "${setting[AGENTMON_UI_ADDR]}")"
  say "  gateway    $(url_of "${setting[AGENTMON_ADDR]}")/v1/events"
  say "  queries    $(url_of "${setting[AGENTMON_QUERY_ADDR]}")/v1/sessions"
}

give_up() {
  complain
  complain "$1 The end of its log ($log_file):"
  tail -n "+$((log_lines + 1))" "$log_file" | tail -n 25 | sed 's/^/  /' >&2
  complain "If a port is taken, set AGENTMON_ADDR, AGENTMON_QUERY_ADDR, AGENTMON_UI_ADDR or AGENTMON_CONTROL_ADDR in the file .env (see .env.example)."
  complain "'$agentmon doctor' looks for the usual causes; ./start-all.sh tries again."
  exit 1
}

# The ports that do not say yet that all they need is up.
unready() {
  local name
  for name in AGENTMON_ADDR AGENTMON_QUERY_ADDR AGENTMON_UI_ADDR; do
    curl --noproxy '*' -s --max-time 2 "$(url_of "${setting[$name]}")/readyz" | grep -q '"status":"ready"' || printf ' %s' "${setting[$name]}"
  done
}

wait_until_ready() {
  local pid=$1 deadline=$((SECONDS + patience)) waiting told=''
  while :; do
    waiting=$(unready)
    is_agentmon "$pid" || give_up "agentmon ended while it started."
    if [[ -z $waiting ]]; then return; fi
    if ((SECONDS > deadline)); then
      kill -TERM "$pid" 2>/dev/null || true
      give_up "agentmon was not ready after $patience s (waiting for$waiting) and was told to stop."
    fi
    if [[ $waiting != "$told" ]]; then say "Waiting for$waiting ..."; told=$waiting; fi
    sleep 0.2
  done
}

case ${1-} in
  '' | --foreground) ;;
  *) complain "Usage: $0 [--foreground]"; exit 2 ;;
esac

scripts/set-up.sh
build agentmon web
read_settings

if pid=$(running_pid); then
  say "agentmon runs already (process $pid):"
  urls
  say "./stop-all.sh stops it."
  exit 0
fi

umask 077 # the log and all data are for this user only
mkdir -p "${setting[AGENTMON_DATA_DIR]}"
if [[ ${1-} == --foreground ]]; then
  echo $$ > "$pid_file"
  exec "$agentmon" up
fi

touch "$log_file"
log_lines=$(wc -l < "$log_file")
setsid "$agentmon" up < /dev/null >> "$log_file" 2>&1 &
pid=$!
echo "$pid" > "$pid_file"
say "Started agentmon (process $pid), log in $log_file"
wait_until_ready "$pid"
say "agentmon is ready:"
urls
say "./stop-all.sh stops it; 'make logs' shows what it does."
