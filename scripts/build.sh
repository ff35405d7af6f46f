#!/usr/bin/env bash
# build.sh ENTRY OUTFILE : compiles a program with the flags of a release. Benchmarks build their floors with it.
set -euo pipefail
cd "$(dirname "$0")/.."

entry=$1
outfile=$2
version=$(node -p 'require("./package.json").version')
mkdir -p "$(dirname "$outfile")"
# Under another name first: a running executable cannot be written to, and an aborted build leaves none behind.
node_modules/.bin/bun build --compile --minify --bytecode --format=esm \
  --no-compile-autoload-dotenv --no-compile-autoload-bunfig \
  --no-compile-autoload-tsconfig --no-compile-autoload-package-json \
  --define "WHEREABOUTS_VERSION=\"$version\"" \
  "$entry" --outfile "$outfile.new" >/dev/null
mv -f "$outfile.new" "$outfile"
echo "built $outfile ($version)"
