#!/usr/bin/env bash
# Installs the npm packages of package-lock.json, and makes sure that bun is there.
set -euo pipefail
cd "$(dirname "$0")/.."

echo "set-up: npm packages (npm install, versions of package-lock.json)"
# Not `npm ci`: it refuses a lock file that lacks the binaries of other platforms, as one does that was made
# against a registry without them. This one keeps to the lock file as well, and does not write to it.
npm install --no-save --no-progress --loglevel=error
# npm may not have run the install scripts of packages (its allow-scripts), and bun's fetches its binary.
node_modules/.bin/bun --version >/dev/null 2>&1 || node node_modules/bun/install.js
node_modules/.bin/bun --version >/dev/null || {
  echo "set-up: node_modules/.bin/bun does not run on this machine" >&2
  exit 1
}
