#!/usr/bin/env bash
# Runs the vectors in one language: run-tests.sh python|go|typescript; 77 (skipped, for meson) where its toolchain is not.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

need() {
  local program
  for program in "$@"; do
    if ! command -v "$program" > /dev/null; then echo "Skipped: $program is not installed."; exit 77; fi
  done
}

case $1 in
  python)
    need python3
    exec python3 python/tests/test_vectors.py
    ;;
  go)
    need go
    cd go
    exec go test -vet=all ./...
    ;;
  typescript)
    need node esbuild
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    esbuild typescript/tests/*.test.ts --bundle --platform=node --target=node18 --format=esm --outdir="$folder" \
      --out-extension:.js=.mjs --log-level=warning
    node --test "$folder"/*.mjs
    ;;
esac
