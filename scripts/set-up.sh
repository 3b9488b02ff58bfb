#!/usr/bin/env bash
# Installs the Debian packages that agentmon needs and that are missing: set-up.sh [--tests]
# set-up.sh --list only names them, less node, of which another release than Debian's will do.
# Nothing else on the machine changes: no server is started, restarted or enabled, and no database cluster is made.
set -euo pipefail

to_build_and_run=(
  g++ meson ninja-build ccache pkg-config
  libcaf-dev libcpp-httplib-dev libnats-dev libpq-dev rapidjson-dev libwslay-dev libssl-dev zlib1g-dev libbrotli-dev
  libexpected-dev libspdlog-dev libisal-dev prometheus-cpp-dev doctest-dev esbuild libvirt-dev libssh2-1-dev
  libpcre2-dev liblz4-dev libedit-dev nats-server postgresql curl ca-certificates procps
)
to_test=(
  clang libclang-rt-dev clang-format clang-tidy shellcheck llvm chromium
  openssh-server openssh-client busybox-static dropbear-bin iproute2
  libvirt-daemon-system libvirt-clients qemu-system-x86 qemu-utils
  python3 python3-pytest python3-websockets python3-jsonschema python3-psycopg2 python3-yaml python3-requests
  golang-go
  nginx-light caddy prometheus docker-compose systemd
  debhelper lintian mmdebstrap systemd-container ansible-core
)

# They make the page and run the hooks. Debian's are new enough; a newer Node that is here already stays as it is.
node=(nodejs npm)
oldest_node=18

# What another apt-get or dpkg is given to finish, in seconds.
patience=600

say() { printf '%s\n' "$*" >&2; }

missing() {
  comm -23 <(printf '%s\n' "$@" | sort) \
    <(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^installed //p' | sort -u)
}

# -- as root ---------------------------------------------------------------------------------------------------------

policy=/usr/sbin/policy-rc.d
no_cluster=/etc/postgresql-common/createcluster.d/agentmon-set-up.conf
undo=()
boot_before=''

undo_all() {
  local step
  for step in "${undo[@]}"; do eval "$step"; done
}

# Debian's packages start their servers when they are installed; these two refuse it, for the time being.
keep_servers_from_starting() {
  if [[ ! -e $policy && ! -L $policy ]]; then
    undo=("rm -f $policy" "${undo[@]}")
    printf '#!/bin/sh\n# Written by the set-up of agentmon, which removes it in a moment.\nexit 101\n' > "$policy"
    chmod 755 "$policy"
  fi
  if [[ ! -d ${no_cluster%/*} ]]; then undo=("rmdir --ignore-fail-on-non-empty ${no_cluster%/*}" "${undo[@]}"); fi
  undo=("rm -f $no_cluster" "${undo[@]}")
  mkdir -p "${no_cluster%/*}"
  echo 'create_main_cluster = false' > "$no_cluster"
}

# What starts with the machine, for systemd (servers, and the sockets that would start them) and for sysvinit.
boot_links() {
  { find /etc/systemd/system -type l \( -path '*.wants/*' -o -path '*.requires/*' \)
    find /etc/rc?.d -type l -name 'S*'; } 2>/dev/null | sort || true
}

# Takes what was not among them before out of the boot.
restore_boot() {
  local link
  comm -13 <(printf '%s\n' "$boot_before") <(boot_links) | while read -r link; do
    if [[ $link == /etc/rc* ]]; then
      update-rc.d "${link##*/S??}" disable > /dev/null 2>&1 || true
    else
      rm -f "$link"
    fi
  done
  if [[ -d /run/systemd/system ]]; then systemctl daemon-reload || true; fi
}

# apt-get waits for dpkg's lock by itself, but not for the one of the package lists.
update_lists() {
  local said deadline=$((SECONDS + patience))
  until said=$(LC_ALL=C apt-get update -qq 2>&1); do
    if [[ $said != *"Could not get lock"* ]] || ((SECONDS > deadline)); then
      say "$said"
      say "apt-get update failed, see above; mend that (network? /etc/apt/sources.list?) and start this again."
      return 1
    fi
    say "Another program uses apt; waiting for it ..."
    sleep 3
  done
}

install() {
  boot_before=$(boot_links)
  undo=(restore_boot)
  trap undo_all EXIT
  trap 'exit 130' INT TERM HUP
  keep_servers_from_starting
  update_lists
  # NEEDRESTART_SUSPEND: no server that runs is restarted because of a new library.
  DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 \
    apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout="$patience" -o Dpkg::Use-Pty=0 "$@" >&2
}

# -- as anybody ------------------------------------------------------------------------------------------------------

node_is_here() {
  local version
  command -v npm > /dev/null && version=$(node --version 2>/dev/null) || return
  version=${version#v}
  ((${version%%.*} >= oldest_node))
}

install_as_root() {
  local packages=("$@")
  say "Installing ${#packages[@]} Debian packages: ${packages[*]}"
  if ((EUID == 0)); then
    "${BASH_SOURCE[0]}" --install "${packages[@]}"
  elif command -v sudo > /dev/null; then
    say "Only root may install packages, so sudo may ask for your password now. Nothing else is done as root."
    sudo -- "$(realpath "${BASH_SOURCE[0]}")" --install "${packages[@]}"
  else
    say "Only root may install packages, and there is no sudo. As root, run: apt-get install ${packages[*]}"
    return 1
  fi
}

main() {
  local wanted=("${to_build_and_run[@]}") packages
  case ${1-} in
    '') ;;
    --tests) wanted+=("${to_test[@]}") ;;
    --list) printf '%s\n' "${wanted[@]}"; return ;;
    --install) shift; install "$@"; return ;;
    *) say "Usage: $0 [--tests|--list]"; return 2 ;;
  esac
  if ! node_is_here; then wanted+=("${node[@]}"); fi
  if ! command -v dpkg-query apt-get > /dev/null; then
    say "This machine has no apt (agentmon is built for Debian 12). Install the like of these by hand: ${wanted[*]}"
    return 1
  fi
  mapfile -t packages < <(missing "${wanted[@]}")
  if ((${#packages[@]} > 0)); then install_as_root "${packages[@]}"; fi
  if ! node_is_here; then
    say "The node that PATH finds first, $(command -v node), is older than version $oldest_node, or has no npm: mend PATH."
    return 1
  fi
}

main "$@"
