#!/bin/sh
# The guest probe: probe.sh [PORT [UNIT]] tells what a machine looks like from inside, for agentmon's monitor, which
# sends it over SSH. PORT and UNIT are those of OpenClaw's gateway.
# It needs a POSIX shell (dash, BusyBox and bash are tested) and no root, writes nothing, and takes some 50 ms: what
# costs is starting programs, so the shell itself and one awk read nearly all of /proc. The monitor runs it under a
# time-out; what can hang has one of its own.
# It prints lines of key=value: the version first, end=1 last. Counters are raw; the monitor makes rates of them.
# A line that is missing means: unknown. Lines that begin with # are not sent.
port=${1:-18789}
unit=${2:-openclaw-gateway.service}
export LC_ALL=C
PATH=$PATH:/usr/local/bin:/usr/sbin:/sbin:$HOME/.local/bin:$HOME/.npm-global/bin
# A shell that was not started by a login has no way to the user's own systemd.
: "${XDG_RUNTIME_DIR:=/run/user/$(id -u)}"
export PATH XDG_RUNTIME_DIR

has() { command -v "$1" > /dev/null; }
if has timeout; then
  within_3s() { timeout 3 "$@"; }
else
  within_3s() { "$@"; }
fi

# tell KEY FILE: the first line of a file.
tell() { if IFS= read -r line < "$2"; then echo "$1=$line"; fi; }

system() {
  tell host /proc/sys/kernel/hostname
  tell kernel /proc/sys/kernel/osrelease
  tell boot_id /proc/sys/kernel/random/boot_id
  date +clock=%s
  set --
  for file in /etc/os-release /proc/uptime /proc/loadavg /proc/stat /proc/meminfo /proc/pressure/cpu \
    /proc/pressure/memory /proc/pressure/io /proc/net/dev /proc/net/tcp /proc/net/tcp6; do
    # To open is the only proof: the kernel lets pressure be seen, and not read, where it is switched off.
    if IFS= read -r line < "$file"; then set -- "$@" "$file"; fi
  done
  awk -v port="$port" '
    BEGIN { port = sprintf(":%04X", port) }
    FILENAME == "/etc/os-release" { if (sub(/^PRETTY_NAME=/, "")) { gsub(/"/, ""); print "system=" $0 } next }
    FILENAME == "/proc/uptime" { print "uptime=" $1; next }
    FILENAME == "/proc/loadavg" { print "load=" $1, $2, $3; next }
    FILENAME == "/proc/stat" {
      if ($1 == "cpu") print "cpu=" $2, $3, $4, $5, $6, $7, $8, $9
      else if ($1 ~ /^cpu[0-9]/) processors++
      next
    }
    FILENAME == "/proc/meminfo" {
      if ($1 ~ /^(MemTotal|MemAvailable|SwapTotal|SwapFree):$/) { sub(":", "", $1); print $1 "=" $2 }
      next
    }
    FILENAME ~ /pressure/ {
      if ($1 == "some") { split(FILENAME, path, "/"); sub(/avg10=/, "", $2); print "pressure_" path[4] "=" $2 }
      next
    }
    FILENAME == "/proc/net/dev" {
      if (FNR > 2) { sub(":", " "); if ($1 != "lo") print "network=" $2, $10, $1 }
      next
    }
    # A socket that listens (0A) on the port; loopback is 127.x.x.x and ::1, in the byte order of the machine.
    FILENAME ~ /tcp/ {
      tables = 1
      if ($4 != "0A" || substr($2, length($2) - 4) != port) next
      listeners++
      if ($2 !~ /^(0000000000000000FFFF0000)?......7F:/ && $2 !~ /^00000000000000000000000001000000:/) public = 1
    }
    END {
      if (processors) print "processors=" processors
      if (tables) { print "listeners=" listeners + 0; print "public=" public + 0 }
    }' "$@"
}

# Only what lies on a disk of its own, once: df waits for ever for the server of a network mount that is gone.
disks() {
  set -f
  # shellcheck disable=SC2046 # one word a mount point
  set -- $(awk '($2 == "/" || $1 ~ /^\/dev\// && $1 !~ /loop/ || $3 == "zfs") && !seen[$1]++ { print $2 }' /proc/mounts)
  set +f
  within_3s df -Pk "$@" | awk '
    NR > 1 && $2 ~ /^[0-9]+$/ {
      sizes = $2 " " $4
      sub(/^.* [0-9]+%  */, "")
      if (!/^\/boot/) print "disk=" sizes, $0
    }'
}

# Processes of the gateway. The kernel cuts names to 15 characters; node is asked for its arguments. That there are none
# is known where /proc shows those of others, the first one's among them (it does not with hidepid).
gateway_processes() {
  count=0
  set --
  for process in /proc/[0-9]*; do
    if ! IFS= read -r name < "$process/comm"; then continue; fi
    case $name in
      openclaw-gatewa*) ;;
      node | MainThread | bun | openclaw)
        arguments=
        # The arguments end in NULs, which read leaves out, and in no line break, for which it fails.
        IFS= read -r arguments < "$process/cmdline"
        case $arguments in *openclaw*gateway*) ;; *) continue ;; esac
        ;;
      *) continue ;;
    esac
    count=$((count + 1))
    set -- "$@" "$process/status"
  done
  if [ "$count" -gt 0 ] || [ -e /proc/1 ]; then echo "gateway_processes=$count"; fi
  if [ "$count" -gt 0 ]; then awk '$1 == "VmRSS:" { sum += $2 } END { print "gateway_resident=" sum + 0 }' "$@"; fi
}

# The unit, of the user's systemd or the machine's. That there is none is known when both say so, and when no process
# of another user could have one that we may not see.
gateway_unit() {
  has systemctl || return
  absent=0
  for scope in --user --system; do
    shown=$(within_3s systemctl "$scope" show "$unit" -p LoadState,ActiveState,SubState,Result,NRestarts)
    case $shown in
      *LoadState=not-found*) absent=$((absent + 1)) ;;
      *LoadState=*) echo "$shown"; gateway_log "$scope"; return ;;
    esac
  done
  if [ "$absent" = 2 ] && [ "$count" = 0 ] && [ -e /proc/1 ]; then echo LoadState=not-found; fi
}

# Warnings and errors of the last ten minutes; systemd tells of a unit that failed with a warning.
gateway_log() {
  has journalctl || return
  within_3s journalctl "$1" -u "$unit" -p warning --since -10min -n 5 -o cat -q |
    while IFS= read -r line; do printf 'log=%s\n' "$line"; done
}

# The version stands beside the program, so nobody has to start it.
agent_version() {
  program=$(command -v openclaw) && program=$(readlink -f "$program") || return
  folder=${program%/*}
  for file in "$folder/package.json" "${folder%/*}/package.json"; do
    [ -r "$file" ] || continue
    version=$(awk -F '"' '$2 == "name" && $4 == "openclaw" { ours = 1 } $2 == "version" && !v { v = $4 }
      END { if (ours) print v }' "$file")
    if [ -n "$version" ]; then echo "agent_version=$version"; return; fi
  done
}

# OpenClaw's own log is named by the day, so the last one in the order of names is the newest.
own_log() {
  for newest in /tmp/openclaw/openclaw-*.log; do :; done
  [ -r "$newest" ] || return
  echo "log_errors=$(tail -c 65536 "$newest" | grep -cE '"logLevelName": ?"(ERROR|FATAL)"')"
}

probe() {
  echo agentmon-probe=1
  system
  disks
  gateway_processes
  gateway_unit
  agent_version
  own_log
}

probe 2> /dev/null < /dev/null | tr -d '\000-\010\013-\037\177' | cut -c 1-1000
echo end=1
