# shellcheck shell=bash
# What the tour on etcd adds to the stage: nodes, and an etcd that each of them reaches on its own loopback.

# The process ids of the members of etcd, by name.
declare -A members=()

# at NODE : from now on everything is done on that node.
at() {
  node=$1
  export NODENAME=$1
  if [[ -z $obstacle ]]; then inside=(nsenter "--net=/run/netns/$1"); fi
}

# outside : from now on nothing is done on a node.
outside() { node='' inside=(); }

# The switch that joins the nodes, which is also where the third member of etcd is.
switch() {
  ip link add switch type bridge
  ip address add 10.99.0.254/24 dev switch
  ip link set switch up
}

# add_node NAME ADDRESS : a namespace whose eth0 is plugged into the switch.
add_node() {
  ip netns add "$1"
  ip link add "port-$1" type veth peer name eth0 netns "$1"
  ip link set "port-$1" master switch
  ip link set "port-$1" up
  ip -n "$1" link set lo up
  ip -n "$1" address add "$2/24" dev eth0
  ip -n "$1" link set eth0 up
}

# start_member NAME ADDRESS : a member of the cluster `cluster`, inside of what `at` or `outside` said last.
start_member() {
  start_etcd "$1" 2379 --listen-peer-urls "http://$2:2380" --initial-advertise-peer-urls "http://$2:2380" \
    --initial-cluster "$cluster"
}

# start_etcd NAME PORT OPTIONS... : an etcd that ends with this shell, whatever ends that.
start_etcd() {
  local arch=
  # Debian's 3.4 wants it said that one means to run it there.
  [[ $(uname -m) != aarch64 ]] || arch=arm64
  "${inside[@]}" setpriv --pdeathsig KILL env -i ETCD_UNSUPPORTED_ARCH=$arch etcd --name "$1" --data-dir "$work/etcd-$1" \
    --listen-client-urls "http://127.0.0.1:$2" --advertise-client-urls "http://127.0.0.1:$2" \
    --logger zap --log-outputs stderr "${@:3}" >"$work/etcd-$1.log" 2>&1 &
  members[$1]=$!
}

# until_healthy NAME PORT : waits until a member answers.
until_healthy() {
  local deadline=$((SECONDS + 20))
  until "${inside[@]}" env ETCDCTL_API=3 etcdctl --endpoints "127.0.0.1:$2" --command-timeout 2s endpoint health \
    >/dev/null 2>&1; do
    kill -0 "${members[$1]}" 2>/dev/null || fail "etcd $1 ended: $(tail -n 3 "$work/etcd-$1.log")"
    [[ $SECONDS -lt $deadline ]] || fail "etcd $1 does not answer: $(tail -n 3 "$work/etcd-$1.log")"
    sleep 0.1
  done
}

# end_member NAME : as a crash ends it.
end_member() {
  [[ -n ${members[$1]:-} ]] || return 0
  kill -KILL "${members[$1]}" 2>/dev/null || true
  wait "${members[$1]}" 2>/dev/null || true
  unset "members[$1]"
}

end_more() {
  local name
  for name in "${!members[@]}"; do end_member "$name"; done
}

# A configuration says /tmp/whereabouts.log, as people do: in the tour's own /tmp, in memory, nobody loses a log to it.
own_more() {
  touch /run/whereabouts
  mount --bind "$executable" /run/whereabouts
  executable=/run/whereabouts
  mount -t tmpfs whereabouts-demo /tmp
  export TMPDIR=/tmp
}

# burst PODS... : ADDs all of these at once, each on the node that NODE:POD names; shows and remembers in `output`.
burst() {
  local entry calls=()
  note "$# calls of \`cni ADD POD net1 whereabouts.conf\` at once: node, pod and what it got"
  for entry in "$@"; do
    (
      at "${entry%%:*}"
      execute ADD "${entry##*:}" net1 whereabouts.conf >"$entry.log" || exit 1
      printf '%s\n' "$output" >"$entry.address"
    ) &
    calls+=($!)
  done
  for entry in "${calls[@]}"; do wait "$entry" || fail "an ADD of the burst failed: $(cat ./*.log)"; done
  output=
  for entry in "$@"; do
    printf '%-7s %-3s %s\n' "${entry%%:*}" "${entry##*:}" "$(<"$entry.address")"
    output+="$(<"$entry.address") "
  done
}

# A port on which nobody listens.
free_port() {
  local port
  while port=$((20000 + RANDOM % 12000)); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
  done
  printf '%s' "$port"
}
