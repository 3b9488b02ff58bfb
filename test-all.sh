#!/usr/bin/env bash
# Installs what is missing, builds, runs every check and every test. The last line is the sum: "N passed, N failed".
# test-all.sh [--quick] [--long] [--package] [--debian13] [--agents]
# --quick: without clang-tidy; --long: the tests that take minutes, too; --package: builds the Debian package and installs,
# upgrades and removes it on a bare Debian 12 (a container of systemd); --debian13: builds and tests on a Debian 13. Both
# only as root. --agents: the hooks with the real OpenClaw, Codex and Claude Code, which are installed from npm (about
# 2.5 GB) into $AGENTMON_AGENTS or ~/.cache/agentmon-agents.
# AGENTMON_SEED=N repeats the attacks (tests/failure) of a run that printed that seed.
# shellcheck disable=SC2317 # the steps are called by name
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/scripts/common.sh"

quick=false
debian13=false
folders=(tests/live tests/failure tests/net tests/deploy tests/agents)
for argument in "$@"; do
  case $argument in
    --quick) quick=true ;;
    --long) export AGENTMON_LONG=1 ;;
    --package) folders+=(tests/package) ;;
    --debian13) debian13=true ;;
    --agents) export AGENTMON_AGENTS=${AGENTMON_AGENTS:-$HOME/.cache/agentmon-agents} ;;
    *) complain "Usage: $0 [--quick] [--long] [--package] [--debian13] [--agents]"; exit 2 ;;
  esac
done

passed=0
failed=0
failures=()

# Runs a step and adds its counts: those in the file build/counts (scripts/count_tests.py), when the step writes it, else
# one. What failed is kept for the end.
step() {
  local name=$1 start=$SECONDS status=0 good bad
  shift
  say
  say "== $name"
  rm -f build/counts
  "$@" || status=$?
  if [[ -s build/counts ]]; then read -r good bad < build/counts; else good=0 bad=0; fi
  if ((status != 0 && bad == 0)); then bad=1; fi
  if ((status == 0 && good + bad == 0)) && [[ ! -e build/counts ]]; then good=1; fi
  passed=$((passed + good))
  failed=$((failed + bad))
  if ((bad > 0)); then
    failures+=("$name")
    if [[ -s build/counts ]]; then mapfile -t -O "${#failures[@]}" failures < <(sed '1d; s/^/  /' build/counts); fi
  fi
  say "== $name: $good passed, $bad failed ($((SECONDS - start)) s)"
}

finish() {
  say
  if ((failed > 0)); then printf '%s\n' Failed: "${failures[@]}"; fi
  say "$passed passed, $failed failed"
  ((failed == 0))
  exit
}

sources() {
  find . -type d \( -name .git -o -name 'build*' -o -name node_modules \) -prune -o -type f \( "$@" \) -print | sort
}

build_everything() { build all meson-test-prereq; }

check_format() { sources -name '*.cpp' -o -name '*.hpp' | xargs -r clang-format --dry-run -Werror; }

check_scripts() {
  { sources -name '*.sh'; echo .ci/run; } | xargs -r shellcheck -x
}

meson_tests() {
  local folder=$1 suite=$2 status=0
  shift 2
  rm -f "$folder/meson-logs/$suite.json"
  meson test -C "$folder" --suite "$suite" --logbase "$suite" --print-errorlogs "$@" || status=$?
  /usr/bin/python3 scripts/count_tests.py meson "$folder/meson-logs/$suite.json" > build/counts
  return "$status"
}

# Builds what the suite needs, too. All is some four times slower then.
sanitized_tests() {
  configure_sanitized && UBSAN_OPTIONS=print_stacktrace=1 meson_tests build-sanitize "$@" --timeout-multiplier 4
}

python_tests() {
  local status=0
  rm -f build/pytest.xml
  /usr/bin/python3 -m pytest -q --junitxml=build/pytest.xml "${folders[@]}" || status=$?
  /usr/bin/python3 scripts/count_tests.py junit build/pytest.xml > build/counts
  return "$status"
}

page_checks() { web/build.sh --packages && npm --prefix web run --silent check; }

# page_tests REPORT ARGUMENT...: vitest with these arguments.
page_tests() {
  local report=$PWD/build/$1 status=0
  shift
  rm -f "$report"
  (cd web && node_modules/.bin/vitest run --reporter=default --reporter=junit --outputFile.junit="$report" "$@") || status=$?
  /usr/bin/python3 scripts/count_tests.py junit "$report" > build/counts
  return "$status"
}

hook_types() {
  (cd hooks && npm ci --no-audit --no-fund --silent && node_modules/.bin/tsc -p .)
}

hook_tests() {
  local status=0
  tests/hooks/run.sh > build/hook-tests.tap || status=$?
  grep -A30 '^not ok' build/hook-tests.tap
  /usr/bin/python3 scripts/count_tests.py tap build/hook-tests.tap > build/counts
  return "$status"
}

mkdir -p build
step "set-up" scripts/set-up.sh --tests
if ((failed > 0)); then finish; fi
step "build" build_everything
step "format" check_format
step "shell scripts" check_scripts
if [[ -e build/compile_commands.json ]]; then
  step "headers compile alone" /usr/bin/python3 scripts/check_sources.py headers
  if ! $quick; then step "clang-tidy" /usr/bin/python3 scripts/check_sources.py tidy; fi
  step "unit tests" meson_tests build unit --no-rebuild
  step "unit tests with sanitizers" sanitized_tests unit
  step "fuzzers" sanitized_tests fuzz
  # One at a time: they start servers of their own and have deadlines.
  step "tests with real servers" meson_tests build live --no-rebuild --num-processes 1
fi
step "the page: types and format" page_checks
step "tests of the page" page_tests page-tests.xml
step "the page in a browser" page_tests browser-tests.xml --config vitest.browser.config.ts
step "types of the hooks" hook_types
step "tests of the hooks" hook_tests
step "what the hooks tell is valid" /usr/bin/python3 tests/hooks/check_expected.py
if [[ -n ${AGENTMON_AGENTS-} ]]; then step "real agents" tests/agents/install.sh "$AGENTMON_AGENTS"; fi
step "tests of the whole system" python_tests
if $debian13; then step "Debian 13" scripts/debian13.sh; fi
finish
