#!/usr/bin/env bash
# debian-packages.sh PURPOSE PACKAGE... : installs those of the packages that are missing.
# COMMAND=PACKAGE wants the package only where no COMMAND is on PATH. No service of theirs is started.
# Never fails: what needs a missing package says so itself, and is skipped or stops.
set -euo pipefail

purpose=$1
shift
command -v dpkg-query >/dev/null || {
  echo "set-up: not a Debian machine; $purpose wants: $*"
  exit 0
}

missing=()
for entry in "$@"; do
  package=${entry#*=}
  if [[ $entry == *=* ]] && command -v "${entry%%=*}" >/dev/null; then continue; fi
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [[ $status == installed ]] || missing+=("$package")
done
[[ ${#missing[@]} -gt 0 ]] || exit 0

if [[ $(id -u) -ne 0 ]]; then
  echo "set-up: $purpose wants Debian packages that are missing, and only root can install them: ${missing[*]}"
  exit 0
fi
echo "set-up: Debian packages (apt-get install ${missing[*]})"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)

# Tests start servers of their own, and etcd's port 2379 may be somebody's. Debian's way to say so is this file
# (invoke-rc.d(8)); a machine that has one decides itself.
policy=/usr/sbin/policy-rc.d
made=()
if [[ ! -e $policy ]]; then
  made=("$policy")
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
fi
trap 'rm -f "$log" "${made[@]}"' EXIT
if ! { apt-get update && apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
  tail -n 5 "$log"
  echo "set-up: these could not be installed: ${missing[*]}"
fi

# Not at the next boot either.
if [[ " ${missing[*]} " == *" etcd-server "* && -e /etc/init.d/etcd ]]; then
  update-rc.d etcd disable >/dev/null 2>&1 || echo "set-up: could not disable the service etcd"
fi
