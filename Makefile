# Every target sets itself up on a Debian machine that has Node.js, npm, make and bash.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

BUN := node_modules/.bin/bun
STAMP := node_modules/.stamp
# Of what the executable is made; dist/.sources notices a file that was removed.
SOURCES := $(shell find src -name '*.ts' ! -name '*.test.ts')
DEBIAN := bash scripts/debian-packages.sh

.PHONY: help build check test simulate fire demo bench fmt clean FORCE

help: ## what there is to make (this list)
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

build: dist/whereabouts ## the executable, dist/whereabouts

check: $(STAMP) ## types, lint, format, the import table and the unit tests
	@$(BUN) scripts/test.ts check

test: $(STAMP) ## all of check, the build, and every suite in test/; what CI runs
	@$(DEBIAN) test containernetworking-plugins podman runc conmon busybox-static iproute2 iputils-ping jq etcd-server etcd-client openssl go=golang-go
	@bash scripts/test-tools.sh
	@$(BUN) scripts/test.ts all

simulate: $(STAMP) ## many more seeded schedules than test plays: ARGS="--schedules 1000000", "--seed N" replays one
	@$(BUN) test/simulation/simulate.ts $(ARGS)

fire: dist/whereabouts ## a cluster of etcd under fire, 30 seconds for each fault
	@$(DEBIAN) test etcd-server etcd-client openssl jq go=golang-go
	@bash scripts/test-tools.sh
	@WHEREABOUTS_FIRE_SECONDS=30 $(BUN) test ./test/etcd-fire/fire.test.ts

# Where addresses are kept in the demo: local or etcd.
STORE ?= local
demo: dist/whereabouts ## pods on real networks get their addresses, before your eyes; STORE=etcd: on two nodes
	@[[ "$(STORE)" == local || "$(STORE)" == etcd ]] || { echo "demo: STORE is local or etcd, not \"$(STORE)\"" >&2; exit 2; }
	@$(DEBIAN) demo containernetworking-plugins iproute2 iputils-ping $(if $(filter etcd,$(STORE)),etcd-server etcd-client)
	@bash demo/$(if $(filter etcd,$(STORE)),etcd,demo).sh

bench: dist/whereabouts ## how fast it is, against the smallest program of the same shape
	@$(DEBIAN) bench containernetworking-plugins gcc libc6-dev etcd-server etcd-client openssl
	@$(BUN) bench/run.ts $(ARGS)

fmt: $(STAMP) ## format every file
	@$(BUN) fmt

clean: ## remove what was built; node_modules and the user's cache stay
	@rm -rf dist .cache

$(STAMP): package-lock.json
	@bash scripts/npm-packages.sh
	@touch $@

dist/whereabouts: $(STAMP) $(SOURCES) package.json scripts/build.sh dist/.sources
	@bash scripts/build.sh src/main.ts $@

# Written anew only when the list is another.
dist/.sources: FORCE
	@mkdir -p dist
	@echo $(sort $(SOURCES)) | cmp -s - $@ || echo $(sort $(SOURCES)) > $@
