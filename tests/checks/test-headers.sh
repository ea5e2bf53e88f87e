#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Programs that were built with an older or a newer forkpool.h than the library's run with it.
#
# tests/checks/layout-VERSION is what programs that were built with that version have of the header: where each member
# is, and what each constant is (header-layout.sh).  All of that stays as long as the soname does.  And a program is
# built with headers made here: a newer one, whose structures have one member more at their end, and an older one,
# whose lack the last one.  Run in the build directory.
srcdir=$(cd "${srcdir:-.}" && pwd)
# shellcheck source=tests/support/tool-lib.sh
. "$srcdir/tests/support/tool-lib.sh"

# shellcheck disable=SC2154 # dir and the results of run are of tool-lib.sh
[ -z "${SANITIZE_CFLAGS:-}" ] || skip_all 'the programs here are built without sanitizers'
[ -f .libs/libforkpool.so.1 ] || skip_all 'there is no shared library, or not by that name'
LD_LIBRARY_PATH=$PWD/.libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export LD_LIBRARY_PATH

# The compiler may be several words, "ccache gcc".
# shellcheck disable=SC2086
compiles() { # ARGUMENT...
	${CC:-cc} -std=c99 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Werror "$@" >"$dir/log" 2>&1 || {
		sed 's/^/# /' "$dir/log"
		return 1
	}
}

# program NAME [FLAG...]: build it with the headers of the directory of that name
program() {
	name=$1
	shift
	ok "$name: the program builds" compiles "$@" -I"$dir/$name" "$srcdir/tests/checks/header_program.c" \
		-o "$dir/$name/program" -L.libs -lforkpool
}

# says NAME WORD TEXT: the program, called with a word, prints a text and ends with 0
says() {
	run "$dir/$1/program" "$2"
	is "$1, $2" "$status $out$err" "0 $3"
}

# grow HEADER STRUCT...: one member more at the end of each
grow() {
	header=$dir/newer/$1
	shift
	for name in "$@"; do
		awk -v name="struct $name {" '
			$0 == name { inside = 1 }
			inside && /^};/ { print "\tlong grown;"; inside = 0; found = 1 }
			{ print }
			END { exit !found }' "$header" >"$dir/next" && mv "$dir/next" "$header" || return 1
	done
}

# shrink HEADER STRUCT MEMBER: the last member, which is on lines of its own, left out
shrink() {
	awk -v name="struct $2 {" -v member="$3" '
		$0 == name { inside = 1 }
		inside && index($0, member) { skip = 1; found = 1 }
		/^};/ { inside = skip = 0 }
		!skip { print }
		END { exit !found }' "$dir/older/$1" >"$dir/next" && mv "$dir/next" "$dir/older/$1"
}

mkdir "$dir/newer" "$dir/older"
cp "$srcdir"/include/*.h "$dir/newer"
cp "$srcdir"/include/*.h "$dir/older"

sh "$srcdir/tests/checks/header-layout.sh" "$srcdir/include" >"$dir/layout.c"
ok 'a program that tells the layout builds' compiles -I"$srcdir/include" -o "$dir/layout" "$dir/layout.c"
"$dir/layout" >"$dir/now"
for version in "$srcdir"/tests/checks/layout-*; do
	if [ "$(getconf LONG_BIT)" = 64 ]; then
		is "what programs of ${version##*-} have of the header is there" "$(grep -Fxv -f "$dir/now" "$version")" ''
	else
		echo "ok $((number += 1)) - ${version##*-} # SKIP this layout is that of 64 bits"
	fi
done

ok 'a newer header' grow forkpool.h forkpool_job forkpool_stats forkpool_worker_info
ok 'its options' grow forkpool_options.h forkpool_options
ok 'its sandbox' grow forkpool_sandbox.h forkpool_sandbox
unknown='a member is set that this version of forkpool does not know'
program newer -DGROWN
says newer run 'value 42, 3 jobs, 3 ok, idle'
says newer options "Argument list too long: options: $unknown"
says newer sandbox "Argument list too long: sandbox: $unknown"
says newer job 'Argument list too long'
says newer generator 'Argument list too long'

ok 'an older header' shrink forkpool.h forkpool_job 'const char *const *writable;'
ok 'its numbers' shrink forkpool.h forkpool_stats 'uint64_t by_outcome[16];'
ok 'its worker' shrink forkpool.h forkpool_worker_info 'uint64_t jobs_done;'
ok 'its options, older' shrink forkpool_options.h forkpool_options 'int         executes;'
ok 'its sandbox, older' shrink forkpool_sandbox.h forkpool_sandbox 'int         job_paths;'
program older -DSHRUNK
says older run 'value 42, 3 jobs, idle'
done_testing
