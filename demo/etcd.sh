#!/usr/bin/env bash
# A tour of whereabouts on etcd in under a minute: two nodes, one range, a real cluster, real macvlan interfaces.
# It checks what it claims: exits with 1 where anything is not as it says. Everything is gone afterwards.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=stage.sh
source "$here/stage.sh"
# shellcheck source=nodes.sh
source "$here/nodes.sh"

# The tour in full: pods with interfaces.
tour() {
  title "1. Two nodes on one switch. Each has an etcd on its loopback; the third, on the switch, keeps the majority"
  local cluster=node-a=http://10.99.0.1:2380,node-b=http://10.99.0.2:2380,third=http://10.99.0.254:2380
  quietly switch
  quietly add_node node-a 10.99.0.1
  quietly add_node node-b 10.99.0.2
  start_member third 10.99.0.254
  at node-a
  start_member node-a 10.99.0.1
  at node-b
  start_member node-b 10.99.0.2
  until_healthy node-b 2379
  at node-a
  until_healthy node-a 2379
  run etcdctl member list
  says "node-b, http://10.99.0.2:2380"
  file whereabouts.conf '{
  "cniVersion": "0.3.0",
  "name": "whereaboutsexample",
  "type": "macvlan",
  "master": "eth0",
  "mode": "bridge",
  "ipam": {
    "type": "whereabouts",
    "range": "192.168.2.225/28",
    "etcd_host": "127.0.0.1:2379",
    "log_file" : "/tmp/whereabouts.log",
    "log_level" : "debug",
    "gateway": "192.168.2.1"
  }
}'

  title "2. A pod on each node. A runtime executes the main plugin, and that executes whereabouts"
  note "\`cni ADD web net1 whereabouts.conf\` stands for"
  note "CNI_COMMAND=ADD CNI_CONTAINERID=web CNI_NETNS=/run/netns/web CNI_IFNAME=net1 macvlan <whereabouts.conf"
  quietly pod web
  quietly pod db
  cni ADD web net1 whereabouts.conf
  gives 192.168.2.225/28
  at node-b
  cni ADD db net1 whereabouts.conf
  gives 192.168.2.226/28
  pings db 192.168.2.225
  at node-a
  pings web 192.168.2.226
  run etcdctl get --prefix --keys-only /whereabouts.cni.cncf.io/v1/address/
  says "4c0a802e2"

  title "3. Twelve more at once, six on each node: all that the range has left, each once"
  local pods=() name
  for name in a1 a2 a3 a4 a5 a6; do pods+=("node-a:$name" "node-b:b${name#a}"); done
  for name in "${pods[@]}"; do quietly pod "${name#*:}"; done
  burst "${pods[@]}"
  gives_all "$(printf '192.168.2.%d/28 ' {227..238})"
  pings a1 "$(address_of node-b:b6)"
  at node-b
  pings b1 "$(address_of node-a:a6)"
  quietly pod late
  cni_fails ADD late net1 whereabouts.conf
  says "code 100: No free address in range 192.168.2.224/28"

  title "4. Who has what: the same on every node"
  run whereabouts ls --etcd-host 127.0.0.1:2379
  says "192.168.2.225  web      net1       default  node-a"
  at node-a
  run whereabouts pools --etcd-host 127.0.0.1:2379
  says "14 of 14, full"

  title "5. A pod goes on one node, and the next one on the other has its address: the lowest that is free"
  cni DEL web net1 whereabouts.conf
  at node-b
  cni ADD late net1 whereabouts.conf
  gives 192.168.2.225/28
  at node-a
  pings a1 192.168.2.225

  title "6. A node dies, and its etcd with it: nobody sends a DEL, and two members of three are a majority"
  outside
  run ip netns delete node-b
  for name in db late b1 b2 b3 b4 b5 b6; do quietly ip netns delete "$name"; done
  end_member node-b
  at node-a
  run whereabouts ls --etcd-host 127.0.0.1:2379 --node node-b
  says "192.168.2.226  db "
  quietly pod new
  cni_fails ADD new net1 whereabouts.conf
  note "Only people can tell that a node will not come back:"
  run whereabouts gc --etcd-host 127.0.0.1:2379 --node node-b --yes
  says "Freed 8 of 8 holders."
  run whereabouts pools --etcd-host 127.0.0.1:2379
  says "6 of 14, next 192.168.2.225"
  cni ADD new net1 whereabouts.conf
  gives 192.168.2.225/28
  pings a1 192.168.2.225

  title "7. The rest goes as it should"
  cni DEL new net1 whereabouts.conf
  for name in a1 a2 a3 a4 a5 a6; do cni DEL "$name" net1 whereabouts.conf; done
  run whereabouts ls --etcd-host 127.0.0.1:2379
  says "No address is held."
  run tail -n 1 /tmp/whereabouts.log
  says "DEL"
}

# address_of NODE:POD : what the burst gave it, without the length of the prefix.
address_of() {
  local address
  address=$(<"$1.address")
  printf '%s' "${address%/*}"
}

# gives_all ADDRESSES : that the last command gave exactly these, in whatever order.
gives_all() {
  local given expected
  given=$(tr ' ' '\n' <<<"$output" | sed '/^$/d' | sort)
  expected=$(tr ' ' '\n' <<<"$1" | sed '/^$/d' | sort)
  [[ $given == "$expected" ]] || fail "expected each of $1 once, and got $output"
}

# What can be shown without namespaces: the IPAM plugin alone, under the names of two nodes.
short_tour() {
  title "1. A real etcd, and a network"
  local port
  port=$(free_port)
  at node-a
  start_etcd single "$port" --listen-peer-urls http://127.0.0.1:0
  until_healthy single "$port"
  file whereabouts.conf '{
  "cniVersion": "0.3.0",
  "name": "whereaboutsexample",
  "type": "whereabouts",
  "ipam": {
    "type": "whereabouts",
    "range": "192.168.2.225/28",
    "etcd_host": "127.0.0.1:'"$port"'",
    "gateway": "192.168.2.1"
  }
}'

  title "2. ADD and DEL on two nodes, as a main plugin calls them"
  note "\`cni ADD web net1 whereabouts.conf\` stands for"
  note "CNI_COMMAND=ADD CNI_CONTAINERID=web CNI_NETNS=/run/netns/web CNI_IFNAME=net1 whereabouts <whereabouts.conf"
  cni ADD web net1 whereabouts.conf
  gives 192.168.2.225/28
  at node-b
  cni ADD db net1 whereabouts.conf
  gives 192.168.2.226/28
  at node-a
  cni DEL web net1 whereabouts.conf
  at node-b
  cni ADD cache net1 whereabouts.conf
  gives 192.168.2.225/28

  title "3. Six at once on each node: each gets an address of its own"
  local pods=() name
  for name in a1 a2 a3 a4 a5 a6; do pods+=("node-a:$name" "node-b:b${name#a}"); done
  burst "${pods[@]}"
  gives_all "$(printf '192.168.2.%d/28 ' {227..238})"

  title "4. Who has what, and a node that will not come back"
  at node-a
  run whereabouts pools --etcd-host "127.0.0.1:$port"
  says "14 of 14, full"
  run whereabouts gc --etcd-host "127.0.0.1:$port" --node node-b --yes
  says "Freed 8 of 8 holders."
  run whereabouts ls --etcd-host "127.0.0.1:$port"
  says "a6"
}

for command in etcd etcdctl setpriv; do
  type -P "$command" >/dev/null && continue
  echo "demo: there is no $command (Debian: etcd-server, etcd-client, util-linux)" >&2
  exit 1
done
begin "$@"
export ETCDCTL_API=3
if [[ -z $obstacle ]]; then tour; else short_tour; fi
printf '\n%sEverything was as it should be.%s\n' "$good" "$plain"
