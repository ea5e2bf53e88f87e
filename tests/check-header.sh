#!/bin/sh
# The installed header compiles alone, first and twice, as C99, C11 and C++17, without a warning.
set -eu

srcdir=${srcdir:-.}
header=$srcdir/include/forkpool.h
number=0
failed=0
dir=$(mktemp -d "${TMPDIR:-/tmp}/forkpool-header.XXXXXX")
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM

# try COMPILER LANGUAGE STANDARD
try() {
	number=$((number + 1))
	what="$1 -std=$3"
	if [ "$1" = none ]; then
		echo "ok $number - $2 $3 # SKIP no compiler for it"
		return 0
	fi
	# The compiler may be several words, "ccache gcc".
	# shellcheck disable=SC2086
	if $1 -x "$2" -std="$3" -Wall -Wextra -pedantic -Werror -I"$srcdir/include" \
		-c "$dir/alone.source" -o "$dir/alone.o" >"$dir/log" 2>&1; then
		echo "ok $number - $what"
	else
		echo "not ok $number - $what"
		sed 's/^/# /' "$dir/log"
		failed=1
	fi
}

[ -f "$header" ] || { echo "Bail out! $header is missing"; exit 1; }
# The second inclusion tries the guard; C++ warns of a { 0 } that leaves members out.
cat >"$dir/alone.source" <<'END'
#include <forkpool.h>
#include <forkpool.h>
#ifdef __cplusplus
#define NOTHING {}
#else
#define NOTHING { 0 }
#endif
int alone(void);
int alone(void)
{
	struct forkpool_options options = NOTHING;
	return forkpool_open(&options, NULL, options.struct_size) != NULL;
}
END

echo 1..6
try "${CC:-cc}" c c99
try "${CC:-cc}" c c11
try "${CXX:-none}" c++ c++17
other=none
otherxx=none
if command -v clang >/dev/null 2>&1; then other=clang; fi
if command -v clang++ >/dev/null 2>&1; then otherxx=clang++; fi
try $other c c99
try $other c c11
try $otherxx c++ c++17
exit $failed
