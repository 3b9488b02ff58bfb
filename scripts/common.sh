# shellcheck shell=bash disable=SC2034 # its readers use the variables
# What start-all.sh, stop-all.sh, test-all.sh and the Makefile share. To be sourced; goes to the project's root.
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

agentmon=build/agentmon
export CCACHE_NOHASHDIR=1 # another clone of the same sources finds its objects, too

say() { printf '%s\n' "$*"; }
complain() { printf '%s\n' "$*" >&2; }

# Configures the build folder if that was not done, then builds the given targets (none: everything).
build() {
  if [[ ! -e build/build.ninja ]]; then
    CXX="${CXX:-ccache g++}" meson setup build
  fi
  ninja -C build "$@"
}

# The same in build-sanitize: with clang, AddressSanitizer and UBSan, and the fuzzers.
configure_sanitized() {
  if [[ ! -e build-sanitize/build.ninja ]]; then
    CXX='ccache clang++' meson setup build-sanitize --buildtype=plain -Doptimization=1 -Ddebug=true \
      -Db_sanitize=address,undefined -Db_lundef=false -Dfuzz=true
  fi
}

# Reads `agentmon config` once: the associative array `setting` then holds what is in force.
declare -A setting=()
read_settings() {
  local line lines
  if ! lines=$("$agentmon" config); then
    complain "agentmon does not accept its configuration, see above: mend it in the environment or in the file .env."
    return 1
  fi
  while IFS= read -r line; do
    line=${line%%  # *} # where it came from
    if [[ $line == *=* ]]; then setting[${line%%=*}]=${line#*=}; fi
  done <<< "$lines"
  if [[ -z ${setting[AGENTMON_DATA_DIR]-} ]]; then
    complain "'$agentmon config' does not tell AGENTMON_DATA_DIR: remove the folder build and start this again."
    return 1
  fi
  pid_file=${setting[AGENTMON_DATA_DIR]}/agentmon.pid
  log_file=${setting[AGENTMON_DATA_DIR]}/agentmon.log
}

# The number of the agentmon that runs on this data folder; fails when there is none. A pid file that a crash left
# behind may hold the number of some other program by now.
running_pid() {
  local pid
  pid=$(cat "$pid_file" 2>/dev/null) || return 1
  [[ $pid =~ ^[0-9]+$ ]] || return 1
  is_agentmon "$pid" && say "$pid"
}

is_agentmon() { tr '\0' ' ' 2>/dev/null < "/proc/$1/cmdline" | grep -qE '(^|[ /])agentmon up( |$)'; }

# The address to open for a listening address: ":8080" and "0.0.0.0:8080" are reached at localhost.
url_of() {
  local host=${1%:*} port=${1##*:}
  case $host in '' | 0.0.0.0 | '[::]' | '*') host=localhost ;; esac
  say "http://$host:$port"
}
