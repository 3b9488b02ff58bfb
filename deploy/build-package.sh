#!/usr/bin/env bash
# Builds the Debian package: build-package/deb/agentmon_*.deb. Beyond what scripts/set-up.sh installs it needs debhelper.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if ! command -v dh > /dev/null; then
  echo "The package debhelper is missing: apt-get install debhelper" >&2
  exit 1
fi
dh_clean # what an earlier run staged; the objects in build-package stay
rm -rf build-package/deb
mkdir -p build-package/deb
DEB_BUILD_OPTIONS="noautodbgsym parallel=$(nproc)" debian/rules binary
ls build-package/deb/*.deb
