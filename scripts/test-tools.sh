#!/usr/bin/env bash
# Builds the tools that Debian does not have, from the Go module proxy, into the user's cache:
#   whereabouts-test/cnitool-v1.3.1/cnitool
#   whereabouts-test/plugins-v1.9.1/{macvlan,bridge,ptp,host-local}
#   whereabouts-test/etcd-v3.7.3/etcd
# Never fails: a test that needs a tool which is not there says so.
set -euo pipefail

cache=${XDG_CACHE_HOME:-$HOME/.cache}/whereabouts-test
cnitool=github.com/containernetworking/cni/cnitool@v1.3.1
plugins=github.com/containernetworking/plugins/plugins
plugins_version=v1.9.1

go_version=1.26.8

# A Go that can build them: the one on PATH, or, where that is too old, one that it fetches as a module.
modern_go() {
  local minor folder=$cache/go-$go_version module fetched
  minor=$(go env GOVERSION | sed -n 's/^go1\.\([0-9]*\).*/\1/p')
  if ((${minor:-0} >= 26)); then
    command -v go
    return
  fi
  if [[ ! -x $folder/bin/go ]]; then
    echo "set-up: Go $go_version (go mod download golang.org/toolchain), because $(go version) is too old" >&2
    module=golang.org/toolchain@v0.0.1-go$go_version.linux-$(dpkg --print-architecture)
    fetched=$(cd / && GOFLAGS=-mod=mod go mod download -json "$module" | jq -r '.Dir // empty')
    [[ -n $fetched ]] || return 1
    rm -rf "$folder.new"
    mkdir -p "$cache"
    cp -r "$fetched" "$folder.new"
    # Modules are read-only, and nothing in them may be executed.
    chmod -R u+w "$folder.new"
    chmod +x "$folder.new"/bin/* "$folder.new"/pkg/tool/*/*
    mv "$folder.new" "$folder"
  fi
  echo "$folder/bin/go"
}

# build FOLDER PACKAGE@VERSION... : builds those whose binary is not in the folder.
build() {
  local folder=$1 package
  shift
  for package in "$@"; do
    build_one "$folder" "$(basename "${package%@*}")" "$package" install "$package"
  done
}

# build_one FOLDER NAME SOURCE ARGUMENT... : calls Go with the arguments, in whose GOBIN it leaves the binary,
# unless that is in the folder.
build_one() {
  local folder=$1 name=$2 source=$3 go log building
  shift 3
  [[ ! -x $folder/$name ]] || return 0
  if ! command -v go >/dev/null; then
    echo "set-up: no Go on PATH, so there is no $name of ${source#*@}"
    return
  fi
  if ! go=$(modern_go); then
    echo "set-up: $(go version) is too old for $name of ${source#*@}, and fetched no newer one"
    return
  fi
  echo "set-up: $name (go install $source)"
  log=$(mktemp)
  # Into a folder of its own: an aborted build leaves nothing that looks finished.
  building=$(mktemp -d)
  if CGO_ENABLED=0 GOFLAGS=${goflags:--mod=mod} GOTOOLCHAIN=local GOBIN=$building "$go" "$@" >"$log" 2>&1; then
    mkdir -p "$folder"
    mv -f "$building/$name" "$folder/$name"
  else
    echo "set-up: $name could not be built by $("$go" version): $(tail -n 1 "$log")"
  fi
  rm -rf "$log" "$building"
}

build "$cache/cnitool-v1.3.1" "$cnitool"
build "$cache/plugins-$plugins_version" \
  "$plugins/main/macvlan@$plugins_version" \
  "$plugins/main/bridge@$plugins_version" \
  "$plugins/main/ptp@$plugins_version" \
  "$plugins/ipam/host-local@$plugins_version"

# Its go.mod and go.sum name every module of it; the module is called etcd, so its binary is, too.
etcd=$(dirname "$0")/../test/etcd/newest
etcd_version=$(sed -n 's/.*go\.etcd\.io\/etcd\/server\/v3 //p' "$etcd/go.mod")
goflags=-mod=readonly build_one "$cache/etcd-$etcd_version" etcd "go.etcd.io/etcd/server/v3@$etcd_version" \
  -C "$etcd" install -trimpath -buildvcs=false "-ldflags=-s -w" .
