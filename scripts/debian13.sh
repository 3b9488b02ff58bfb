#!/usr/bin/env bash
# Builds the tree and runs its unit tests on Debian 13, in a folder that mmdebstrap fills and that is gone afterwards.
# Only for root. What is tested is what git knows, with its changes; the page's npm packages come from here.
set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

if ((EUID != 0)); then complain "Only root can make a Debian 13 beside this one: sudo $0"; exit 1; fi
folder=$(mktemp -d -t agentmon-debian13.XXXXXX)
trap 'rm -rf --one-file-system "$folder"' EXIT

# The mirror that this machine has its own packages from.
# shellcheck disable=SC2016 # apt-get's own variable
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | sed -n '/\/debian\/\?$/{p;q}')
packages=$(scripts/set-up.sh --list | paste -sd,)
say "Installing Debian 13 from $mirror ..."
# What it mounts there is nobody else's, and gone with it however it ends.
unshare --mount mmdebstrap --quiet --mode=root --variant=minbase --include="$packages,nodejs,python3,openssh-server,openssh-client" \
  trixie "$folder" "deb $mirror trixie main"

web/build.sh --packages
mkdir "$folder/src"
git ls-files -z --cached --others --exclude-standard | tar --null --ignore-failed-read -T - -c | tar -x -C "$folder/src"
cp -a web/node_modules "$folder/src/web/"

# ccache: what is built here may be known from the last time.
mkdir -p "${CCACHE_DIR:-$HOME/.cache/ccache}"
systemd-nspawn --quiet --register=no --keep-unit --as-pid2 --pipe --private-network -D "$folder" \
  --bind="${CCACHE_DIR:-$HOME/.cache/ccache}:/root/.cache/ccache" --chdir=/src --setenv=LC_ALL=C.UTF-8 \
  bash -c 'source scripts/common.sh && build all meson-test-prereq &&
    meson test -C build --suite unit --no-rebuild --print-errorlogs --timeout-multiplier 3' < /dev/null
