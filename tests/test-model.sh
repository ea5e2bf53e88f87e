#!/bin/sh
# The Spin model of the claim protocol: tests/model/run does it, in a directory of its own.
set -eu

srcdir=$(cd "${srcdir:-.}" && pwd)
model=$srcdir/tests/model/run
if [ ! -f "$model" ]; then
	echo '1..0 # SKIP tests/model/run is not there'
	exit 0
fi
if ! command -v spin >/dev/null 2>&1; then
	echo '1..0 # SKIP spin is not installed'
	exit 0
fi
dir=$(mktemp -d "${TMPDIR:-/tmp}/forkpool-model.XXXXXX")
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM

echo 1..1
cd "$dir"
if "$model" >"$dir/log" 2>&1 </dev/null; then
	echo 'ok 1 - the claim protocol holds in every interleaving'
	sed 's/^/# /' "$dir/log"
else
	echo "not ok 1 - tests/model/run exits with status $?"
	sed 's/^/# /' "$dir/log"
	exit 1
fi
