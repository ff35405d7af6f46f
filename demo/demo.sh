#!/usr/bin/env bash
# A tour of whereabouts in under a minute: real namespaces, real macvlan and bridge plugins, the built executable.
# It checks what it claims: exits with 1 where anything is not as it says. Everything is gone afterwards.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=stage.sh
source "$here/stage.sh"

# The tour in full: pods with interfaces.
tour() {
  title "1. A network: macvlan, one IPv4 and one IPv6 address for each pod"
  quietly uplink
  file lan.conf '{
  "cniVersion": "1.0.0", "name": "lan", "type": "macvlan", "master": "uplink",
  "ipam": {
    "type": "whereabouts", "data_dir": "'"$work"'/data",
    "ipRanges": [{ "range": "10.70.0.0/24" }, { "range": "fd70::/64" }]
  }
}'

  title "2. Two pods. A runtime executes the main plugin, and that executes whereabouts"
  note "\`cni ADD web net1 lan.conf\` stands for"
  note "CNI_COMMAND=ADD CNI_CONTAINERID=web CNI_NETNS=/run/netns/web CNI_IFNAME=net1 macvlan <lan.conf"
  quietly pod web
  quietly pod db
  cni ADD web net1 lan.conf
  gives 10.70.0.1/24 fd70::1/64
  cni ADD db net1 lan.conf
  gives 10.70.0.2/24 fd70::2/64
  run ip -brief -n web address show net1
  says 10.70.0.1/24
  says fd70::1/64
  pings web 10.70.0.2
  pings web fd70::2
  cni CHECK web net1 lan.conf

  title "3. A second network: a bridge whose own address, the first, is never given out"
  file front.conf '{
  "cniVersion": "1.0.0", "name": "front", "type": "bridge", "bridge": "front0", "isGateway": true,
  "ipam": {
    "type": "whereabouts", "data_dir": "'"$work"'/data",
    "ipRanges": [{ "range": "10.71.0.0/28" }, { "range": "fd71::/64" }]
  }
}'
  quietly pod client
  cni ADD web net2 front.conf
  gives 10.71.0.2/28 fd71::2/64
  cni ADD client net1 front.conf
  gives 10.71.0.3/28 fd71::3/64
  run ip -brief address show front0
  says 10.71.0.1/28
  pings client 10.71.0.2
  pings client fd71::2

  title "4. A pod goes, and the next one has its addresses: the lowest that are free"
  cni DEL db net1 lan.conf
  quietly pod cache
  cni ADD cache net1 lan.conf
  gives 10.70.0.2/24 fd70::2/64
  pings web 10.70.0.2

  title "5. A pod that asks for an address, and one that asks for the same"
  CNI_ARGS="IgnoreUnknown=1;IP=10.70.0.77" cni ADD db net1 lan.conf
  gives 10.70.0.77/24 fd70::3/64
  CNI_ARGS="IgnoreUnknown=1;IP=10.70.0.77" cni_fails ADD client net2 lan.conf
  says "code 101: Cannot reserve 10.70.0.77"

  title "6. A range of two addresses, and three pods"
  file tiny.conf '{
  "cniVersion": "1.0.0", "name": "tiny", "type": "macvlan", "master": "uplink",
  "ipam": { "type": "whereabouts", "data_dir": "'"$work"'/data", "range": "10.72.0.0/30" }
}'
  cni ADD web net3 tiny.conf
  gives 10.72.0.1/30
  cni ADD db net3 tiny.conf
  gives 10.72.0.2/30
  cni_fails ADD cache net3 tiny.conf
  says "code 100: No free address in range 10.72.0.0/30"

  title "7. Who has what"
  run whereabouts ls --data-dir "$work/data"
  says "10.70.0.77  db"
  run whereabouts pools --data-dir "$work/data"
  says "2 of 2, full"

  title "8. A pod dies, and nobody sends a DEL"
  run ip netns delete web
  run whereabouts show 10.70.0.1 --data-dir "$work/data"
  says "its network namespace is gone"
  run whereabouts gc --dry-run --data-dir "$work/data"
  says "Nothing was freed"
  run whereabouts gc --yes --data-dir "$work/data"
  says "Freed 3 of 3 holders."
  note "An ADD in a full range does the same by itself, before it says \"full\"."
  cni ADD cache net3 tiny.conf
  gives 10.72.0.1/30

  title "9. The rest goes as it should"
  cni DEL db net1 lan.conf
  cni DEL db net3 tiny.conf
  cni DEL cache net1 lan.conf
  cni DEL cache net3 tiny.conf
  cni DEL client net1 front.conf
  run whereabouts ls --data-dir "$work/data"
  says "No address is held."
}

# What can be shown without namespaces: the IPAM plugin alone.
short_tour() {
  title "1. A network of one IPv4 and one IPv6 address for each pod"
  file lan.conf '{
  "cniVersion": "1.0.0", "name": "lan", "type": "whereabouts",
  "ipam": {
    "type": "whereabouts", "data_dir": "'"$work"'/data",
    "ipRanges": [{ "range": "10.70.0.0/24" }, { "range": "fd70::/64" }]
  }
}'

  title "2. ADD, CHECK and DEL, as a main plugin calls them"
  note "\`cni ADD web net1 lan.conf\` stands for"
  note "CNI_COMMAND=ADD CNI_CONTAINERID=web CNI_NETNS=/run/netns/web CNI_IFNAME=net1 whereabouts <lan.conf"
  cni ADD web net1 lan.conf
  gives 10.70.0.1/24 fd70::1/64
  cni ADD db net1 lan.conf
  gives 10.70.0.2/24 fd70::2/64
  cni CHECK web net1 lan.conf
  cni DEL web net1 lan.conf
  cni ADD cache net1 lan.conf
  gives 10.70.0.1/24 fd70::1/64

  title "3. Who has what"
  run whereabouts ls --data-dir "$work/data"
  says "10.70.0.2  db"
  run whereabouts pools --data-dir "$work/data"
  says "2 of 254"
}

begin "$@"
if [[ -z $obstacle ]]; then tour; else short_tour; fi
printf '\n%sEverything was as it should be.%s\n' "$good" "$plain"
