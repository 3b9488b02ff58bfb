#!/usr/bin/env bash
# Makes the page: build.sh FOLDER [DEPFILE]. Asks the network only when node_modules is not what package-lock.json says.
# Into DEPFILE it writes what the page was made from, for ninja; folders are in it so that a new file counts, too.
# build.sh --packages: only the packages, for the checks and tests.
set -euo pipefail

web=$(realpath "$(dirname "${BASH_SOURCE[0]}")")

packages() {
  local installed=$web/node_modules/.installed-package-lock.json
  if cmp -s "$web/package-lock.json" "$installed"; then return; fi
  # No package needs a script at its installation, and none gets to run one.
  npm --prefix "$web" ci --ignore-scripts --no-audit --no-fund --loglevel=error
  cp "$web/package-lock.json" "$installed"
}

sources() {
  find "$web/src" "$web/public" ! -name schema.d.ts ! -name '*.test.ts' -print
  printf '%s\n' "$web"/{index.html,package-lock.json,package.json,svelte.config.js,tsconfig.json,vite.config.ts} \
    "$(dirname "$web")/schema/openapi.yaml"
}

if [[ ${1-} == --packages ]]; then
  packages
  exit
fi

folder=$(realpath -m "$1")
depfile=${2:+$(realpath -m "$2")}
packages
# Who has the packages needs no npm.
cd "$web"
PATH=$web/node_modules/.bin:$PATH
sh -c "$(node -p "require('./package.json').scripts.types")" > /dev/null
vite build --outDir "$folder" --emptyOutDir --logLevel warn
if [[ -n $depfile ]]; then
  { printf '%s:' "$(basename "$1")"; sources | sed 's/[ #]/\\&/g; s/^/ /' | tr -d '\n'; echo; } > "$depfile"
fi
touch "$folder" # for ninja, which goes by the time of the folder
