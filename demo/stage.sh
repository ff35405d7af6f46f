# shellcheck shell=bash
# What the tour stands on: namespaces of its own, a folder that is removed, and functions that show what they do.

executable=$here/../dist/whereabouts
# Why the tour must be the short one; empty where it need not be.
obstacle=
# What the last command printed.
output=
# The folder of this run.
work=
# The tour itself.
readonly script=$here/${0##*/}
# On which node things are done, and what takes a command there; empty where there is but one.
node=
inside=()

# begin [probe|inside] : goes into namespaces of its own, where that is possible, and sets up the folder `work`.
# All that the tour makes lives in those namespaces: it is gone with them, however the tour ends.
begin() {
  if [[ ! -x $executable ]]; then
    echo "demo: there is no $executable; run: make demo" >&2
    exit 1
  fi
  # Where an ordinary user's PATH lacks them.
  export PATH=$PATH:/usr/sbin:/sbin
  case ${1:-} in
    probe) probe ;;
    inside) ;;
    *) go_inside ;;
  esac
  [[ -n $obstacle ]] || own_folders
  set_colours
  trap clean_up EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  work=$(mktemp -d "${TMPDIR:-/tmp}/whereabouts-demo.XXXXXX")
  cd "$work"
  mkdir bin
  local plugin
  [[ -n $obstacle ]] || for plugin in macvlan bridge; do ln -s "$plugins/$plugin" bin/; done
  ln -s "$executable" bin/whereabouts
  export PATH=$work/bin:$PATH
  # A name for this node: else a random one is kept in /var/lib/cni/whereabouts or in the home folder.
  export NODENAME=demo
  if [[ -n $obstacle ]]; then
    echo "demo: no pods with interfaces here, so the plugin is executed alone: $obstacle"
  fi
}

# Starts the tour again in network and mount namespaces; an ordinary user also in a user namespace.
go_inside() {
  find_plugins
  local flags=--net\ --mount answer
  [[ $EUID -eq 0 ]] || flags="--user --map-root-user $flags"
  if [[ -z $obstacle ]]; then
    # shellcheck disable=SC2086 # Several options.
    answer=$(unshare $flags bash "$script" probe 2>&1) ||
      obstacle=$(tail -n 1 <<<"${answer:-unshare failed}")
  fi
  # shellcheck disable=SC2086
  [[ -n $obstacle ]] || exec unshare $flags bash "$script" inside
}

# Tries, in namespaces that nobody needs, all that the tour makes in its own.
probe() {
  set -e
  own_folders
  ip netns add probe
  ip -n probe link set lo up
  ip link add uplink type veth peer name cable
  ip link add link uplink name pod0 type macvlan mode bridge
  ip link add front0 type bridge
  exit 0
}

# `ip netns` keeps namespaces in /run/netns, which is not an ordinary user's, and holds root's own.
own_folders() {
  mount -t tmpfs whereabouts-demo /run
  mkdir /run/netns
  ip link set lo up
  own_more
}

# What one of the tours needs beyond that, and ends. They redefine these.
own_more() { :; }
end_more() { :; }

find_plugins() {
  local command folder
  for command in ip ping unshare nsenter mount; do
    type -P "$command" >/dev/null || obstacle="there is no $command"
  done
  plugins=
  for folder in /usr/lib/cni /opt/cni/bin /usr/libexec/cni; do
    [[ -x $folder/macvlan && -x $folder/bridge ]] && plugins=$folder && break
  done
  export plugins
  [[ -n $plugins ]] || obstacle="there are no CNI plugins (Debian: containernetworking-plugins)"
}

set_colours() {
  bold='' dim='' good='' bad='' plain='' pause=0
  [[ -t 1 && -z ${CI:-} ]] || return 0
  pause=0.8
  [[ -z ${NO_COLOR:-} && ${TERM:-dumb} != dumb ]] || return 0
  bold=$'\e[1m' dim=$'\e[2m' good=$'\e[32m' bad=$'\e[31m' plain=$'\e[0m'
}

clean_up() {
  local status=$?
  end_more
  cd /
  [[ -z $work ]] || rm -rf "$work"
  if [[ $status -ne 0 ]]; then echo "${bad}demo: stopped (exit code $status); all is cleaned up$plain" >&2; fi
}

title() {
  sleep "$pause"
  printf '\n%s%s%s\n' "$bold" "$1" "$plain"
}

note() { printf '  %s%s%s\n' "$dim" "$1" "$plain"; }

# show_command WORDS... : a command as a person would type it, on the node where they are.
show_command() { printf '%s%s$%s %s\n' "$good" "${node:+$node }" "$plain" "$*"; }

# file NAME TEXT : writes a file, and shows it.
file() {
  printf '%s\n' "$2" >"$1"
  show_command cat "$1"
  cat "$1"
}

# run COMMAND... : shows it, carries it out, and shows what it prints.
run() {
  show_command "$@"
  output=$("${inside[@]}" "$@" 2>&1) || fail "\`$*\` failed: $output"
  [[ -z $output ]] || printf '%s\n' "$output"
}

quietly() { output=$("$@" 2>&1) || fail "\`$*\` failed: $output"; }

# A veth pair plays the network card: it is there on every machine, and macvlan takes one of its ends.
uplink() {
  ip link add uplink type veth peer name cable
  ip link set uplink up
  ip link set cable up
}

# pod NAME : a network namespace, in which IPv6 addresses work at once, without duplicate address detection.
pod() {
  ip netns add "$1"
  nsenter --net="/run/netns/$1" sh -c 'echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad'
}

# cni COMMAND POD INTERFACE FILE : what a runtime does. Shows the addresses, or the error.
cni() {
  show_cni "$@"
  execute "$@" || fail "$1 failed: $output"
}

# The same, of a call that must fail.
cni_fails() {
  show_cni "$@"
  if execute "$@"; then fail "$1 should have failed: $output"; fi
  # As runtimes do after an ADD that failed.
  local said=$output
  execute DEL "${@:2}" >/dev/null || fail "DEL failed: $output"
  output=$said
}

show_cni() {
  show_command "${CNI_ARGS:+CNI_ARGS=\"$CNI_ARGS\" }cni $*"
}

execute() {
  local command=$1 pod=$2 interface=$3 file=$4 configuration type answer status=0
  configuration=$(<"$file")
  type=$(sed -n '/"type"/{s/.*"type": "\([a-z]*\)".*/\1/p;q}' "$file")
  # CHECK is told what ADD has answered.
  if [[ $command == CHECK ]]; then
    configuration="${configuration%\}}, \"prevResult\": $(<"$pod-$interface.result")}"
  fi
  answer=$(CNI_COMMAND=$command CNI_CONTAINERID=$pod CNI_NETNS=/run/netns/$pod CNI_IFNAME=$interface \
    CNI_PATH=$work/bin "${inside[@]}" "$work/bin/$type" <<<"$configuration" 2>"$pod.stderr") || status=$?
  if [[ $status -ne 0 ]]; then
    output=$(sed -n 's/^ *"code": \([0-9]*\).*/code \1: /p; s/^ *"msg": "\(.*\)",\{0,1\}$/\1/p' <<<"$answer" | tr -d '\n')
    [[ -n $output ]] || output=$answer$(<"$pod.stderr")
    printf '%s%s%s\n' "$bad" "$output" "$plain"
    return 1
  fi
  [[ $command != ADD ]] || printf '%s' "$answer" >"$pod-$interface.result"
  output=$(sed -n 's/^ *"address": "\(.*\)".*/\1/p' <<<"$answer" | paste -s -d ' ')
  printf '%s\n' "${output:-${dim}done$plain}"
}

# gives ADDRESSES... : that the last ADD gave exactly these.
gives() { [[ $output == "$*" ]] || fail "expected $*, and got $output"; }

# says TEXT : that the last command said it.
says() { [[ $output == *"$1"* ]] || fail "expected \"$1\" in: $output"; }

# pings POD ADDRESS : that it answers.
pings() {
  show_command nsenter "--net=/run/netns/$1" ping -c 1 "$2"
  output=$(nsenter --net="/run/netns/$1" ping -n -c 1 -W 5 "$2" 2>&1) || fail "no answer of $2: $output"
  sed -n 's/^[0-9]* bytes/&/p' <<<"$output"
}

fail() {
  echo "${bad}demo: $1$plain" >&2
  exit 1
}
