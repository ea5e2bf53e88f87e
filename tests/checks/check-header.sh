#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Each installed header compiles alone, first and twice, as C99, C11, C++11 and C++17, without a warning.
set -eu

srcdir=${srcdir:-.}
number=0
failed=0
dir=$(mktemp -d "${TMPDIR:-/tmp}/forkpool-header.XXXXXX")
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM

# try HEADER COMPILER LANGUAGE STANDARD
try() {
	number=$((number + 1))
	header=$1
	shift
	what="$header: $1 -std=$3"
	if [ "$1" = none ]; then
		echo "ok $number - $header: $2 $3 # SKIP no compiler for it"
		return 0
	fi
	# The compiler may be several words, "ccache gcc".
	# shellcheck disable=SC2086
	if $1 -x "$2" -std="$3" -Wall -Wextra -Wshadow -pedantic -Werror -I"$srcdir/include" \
		-c "$dir/$header" -o "$dir/alone.o" >"$dir/log" 2>&1; then
		echo "ok $number - $what"
	else
		echo "not ok $number - $what"
		sed 's/^/# /' "$dir/log"
		failed=1
	fi
}

# The second #include tests the guard.  C++ warns of a { 0 } that leaves members out.
cat >"$dir/forkpool.h" <<'END'
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
	return forkpool_open(&options, NULL, 0) != NULL;
}
END
for part in options result sandbox; do
	cat >"$dir/forkpool_$part.h" <<END
#include <forkpool_$part.h>
#include <forkpool_$part.h>
size_t alone(void);
size_t alone(void)
{
	return sizeof(struct forkpool_$part);
}
END
done
cat >"$dir/forkpool_job.h" <<'END'
#include <forkpool_job.h>
#include <forkpool_job.h>
int alone(struct forkpool_context *context, const void *args, size_t args_len);
int alone(struct forkpool_context *context, const void *args, size_t args_len)
{
	return forkpool_reply(context, args, args_len);
}
END
cat >"$dir/forkpool_plugin.h" <<'END'
#include <forkpool_plugin.h>
#include <forkpool_plugin.h>
FORKPOOL_PLUGIN;
FORKPOOL_EXPORT int work(struct forkpool_context *context, const void *args, size_t args_len)
{
	return forkpool_reply(context, args, args_len);
}
int forkpool_plugin_init(const char *args, void **state)
{
	(void)args;
	*state = NULL;
	return 0;
}
void forkpool_plugin_exit(void *state)
{
	(void)state;
}
END
other=none
otherxx=none
if command -v clang >/dev/null 2>&1; then other=clang; fi
if command -v clang++ >/dev/null 2>&1; then otherxx=clang++; fi
echo 1..42
for header in forkpool.h forkpool_job.h forkpool_options.h forkpool_result.h forkpool_sandbox.h forkpool_plugin.h; do
	[ -f "$srcdir/include/$header" ] || { echo "Bail out! $header is missing"; exit 1; }
	try "$header" "${CC:-cc}" c c99
	try "$header" "${CC:-cc}" c c11
	try "$header" "$other" c c99
	try "$header" "$other" c c11
	try "$header" "$otherxx" c++ c++17
	try "$header" "${CXX:-none}" c++ c++17
	try "$header" "${CXX:-none}" c++ c++11
done
exit $failed
