#!/usr/bin/env bash
# Builds the hooks' tests for the installed Node and runs them: run.sh [NAME...], as run.sh emitter. Needs build/agentmon
# for those that use the real gateway.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

out=build/hooks-tests
rm -rf "$out"
esbuild tests/hooks/*.test.ts tests/hooks/*.worker.ts --bundle --platform=node --target=node18 --format=esm \
  --outdir="$out" --out-extension:.js=.mjs --log-level=warning
names=("$@")
if ((${#names[@]} == 0)); then names=('*'); fi
files=()
for name in "${names[@]}"; do
  while IFS= read -r file; do files+=("$file"); done < <(find "$out" -name "$name.test.mjs" | sort)
done
exec timeout 300 node --test --test-reporter=tap "${files[@]}"
