#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The header's functions, the version script's names and the symbols that the shared library exports are
# one list.  Run in the build directory.
set -eu

srcdir=${srcdir:-.}
number=0
failed=0
dir=$(mktemp -d "${TMPDIR:-/tmp}/forkpool-exports.XXXXXX")
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM

# same WHAT FILE: the list in FILE is the header's
same() {
	number=$((number + 1))
	if diff "$dir/header" "$2" >"$dir/diff"; then
		echo "ok $number - $1"
	else
		echo "not ok $number - $1 (< header, > $1)"
		sed 's/^/# /' "$dir/diff"
		failed=1
	fi
}

# The statements of the preprocessed header, one a line, without those of other headers.
# A compiler such as "ccache gcc" is several words.
# shellcheck disable=SC2086
${CC:-cc} -E -I"$srcdir/include" "$srcdir/include/forkpool.h" |
	awk '/^#/ { if ($2 ~ /^[0-9]+$/) own = ($3 ~ /forkpool(_[a-z]+)?\.h"$/); next } own' |
	tr '\n\t' '  ' | tr ';' '\n' |
	sed -n -e '/^ *typedef /d' -e '/static inline /d' -e 's/^[^(]*[ *]\(forkpool_[a-z0-9_]*\) *(.*/\1/p' |
	LC_ALL=C sort -u >"$dir/header"

echo 1..3
number=$((number + 1))
if [ "$(wc -l <"$dir/header")" -gt 20 ]; then
	echo "ok $number - functions found in the header"
else
	echo "not ok $number - functions found in the header"
	failed=1
fi

sed -n 's/^[[:space:]]*\(forkpool_[a-z0-9_]*\);.*/\1/p' "$srcdir/src/lib/forkpool.map" |
	LC_ALL=C sort >"$dir/map"
same "version script" "$dir/map"

library=
for candidate in .libs/libforkpool.so .libs/libforkpool.dylib; do
	if [ -f "$candidate" ]; then library=$candidate; fi
done
case $library in
'')
	echo "ok 3 - exports # SKIP no shared library was built"
	exit $failed ;;
*.dylib)
	${NM:-nm} -gU "$library" | awk '{ sub(/^_/, "", $NF); print $NF }' ;;
*)
	# The version's own name is an absolute symbol, which nm may append to the other names.
	${NM:-nm} -D --defined-only "$library" | awk '$(NF - 1) != "A" { sub(/@.*/, "", $NF); print $NF }' ;;
esac | LC_ALL=C sort -u >"$dir/library"
if [ -n "$library" ]; then same "exports" "$dir/library"; fi
exit $failed
