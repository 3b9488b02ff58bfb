#!/usr/bin/env bash
# Fuzzes one part: fuzz.sh decode|splitter|websocket|query|probe [SECONDS | -runs=N]
#   SECONDS   (60 if not given) goes on from the seeds, tests/fuzz/corpus/NAME, and from what earlier runs found, which
#             is kept in build-sanitize/fuzz/NAME
#   -runs=N   a fixed number of inputs, the same each time, from the seeds alone
# The first input that breaks a promise ends it: that is kept in build-sanitize/crashes and printed. It then belongs
# into the seeds and, as a case, into the unit tests. `build-sanitize/tests/fuzz/fuzz_NAME FILE` runs one file alone.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
  sed -n '2,7s/^# \?//p' scripts/fuzz.sh >&2
  exit 2
}

name=${1-}
much=${2-60}
seeds=tests/fuzz/corpus/$name
fuzzer=build-sanitize/tests/fuzz/fuzz_$name
crashes=build-sanitize/crashes
if [[ -z $name || ! -d $seeds || ! $much =~ ^(-runs=)?[0-9]+$ ]]; then usage; fi

# Inputs beyond 4 KiB cost more than they find. The leak check at the end of each run is on by default.
options=(-max_len=4096 -timeout=10 -rss_limit_mb=1024 "-artifact_prefix=$crashes/$name-" -print_final_stats=1)
if [[ -e tests/fuzz/$name.dict ]]; then options+=("-dict=tests/fuzz/$name.dict"); fi
mkdir -p "$crashes"
if [[ -z ${MESON_TEST_ITERATION-} ]]; then # as a test, it is built
  configure_sanitized
  ninja -C build-sanitize "tests/fuzz/fuzz_$name"
fi
if [[ $much == -runs=* ]]; then
  found=$(mktemp -d)
  trap 'rm -rf "$found"' EXIT
  options+=("$much" -seed=1)
else
  found=build-sanitize/fuzz/$name
  mkdir -p "$found"
  options+=("-max_total_time=$much")
fi

status=0
"$fuzzer" "${options[@]}" "$found" "$seeds" || status=$?
if ((status != 0)); then
  complain "A promise is broken. The newest file of $crashes/$name-* is the input; run it alone: $fuzzer FILE"
fi
exit "$status"
