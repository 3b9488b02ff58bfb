#!/usr/bin/env bash
# Makes the program that the hooks of an agent run, one file for Node 18 and later: build.sh claude-code|codex OUTPUT
set -euo pipefail
exec esbuild "$(dirname "${BASH_SOURCE[0]}")/$1/main.ts" --bundle --platform=node --target=node18 --format=esm \
  --outfile="$2" --log-level=warning
