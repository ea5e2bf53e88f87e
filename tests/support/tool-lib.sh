# SPDX-License-Identifier: BSD-2-Clause
# What the tests of the command have in common; they read it with ".".  TAP on standard output.
#
#	$forkpool                the program
#	$dir                     an empty directory, gone at the end
#	is NAME GOT WANTED       they are the same text
#	ok NAME COMMAND...       it succeeds
#	run COMMAND...           $out, $err and $status of it
#	no_process_left NAME     none of those that have the mark of this test in their environment
#	skip_all WHY             leave
#	done_testing             at the end
#
# shellcheck shell=sh disable=SC2034 # those who read it use what it sets
set -u
LC_ALL=C
export LC_ALL
# The make that runs the tests has a jobserver that is not for them.
unset MAKEFLAGS MFLAGS MAKELEVEL
number=0
failed=0
forkpool=${FORKPOOL:-$PWD/forkpool}
dir=$(mktemp -d "${TMPDIR:-/tmp}/forkpool-test.XXXXXX") || exit 99
# Every process that this test starts, and what those start, has it in its environment.
FORKPOOL_TEST_MARK=$dir
export FORKPOOL_TEST_MARK

# Processes that have the mark, but for this shell and what it runs at the moment.
marked() {
	for environ in /proc/[0-9]*/environ; do
		pid=${environ#/proc/}
		pid=${pid%/environ}
		[ "$pid" != $$ ] || continue
		if tr '\0' '\n' <"$environ" 2>/dev/null | grep -qxF "FORKPOOL_TEST_MARK=$dir"; then
			# The shell's own helpers of this very pipe are its children and gone with it.
			[ "$(ps -o ppid= -p "$pid" 2>/dev/null | tr -d ' ')" = $$ ] || echo "$pid"
		fi
	done 2>/dev/null
}

cleanup() {
	for pid in $(marked); do kill -KILL "$pid" 2>/dev/null; done
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM

skip_all() {
	echo "1..0 # SKIP $*"
	exit 0
}

report() { # NAME STATUS: 0 is well
	number=$((number + 1))
	if [ "$2" -eq 0 ]; then
		echo "ok $number - $1"
	else
		echo "not ok $number - $1"
		failed=$((failed + 1))
	fi
}

is() {
	if [ "$2" = "$3" ]; then
		report "$1" 0
	else
		report "$1" 1
		printf '%s\n' "got: $2" "wanted: $3" | head -c 4000 | sed 's/^/# /'
		echo # where it was cut
	fi
}

ok() {
	ok_name=$1
	shift
	"$@"
	report "$ok_name" $?
}

run() {
	"$@" >"$dir/.out" 2>"$dir/.err" </dev/null
	status=$?
	out=$(cat "$dir/.out")
	err=$(cat "$dir/.err")
}

# until COMMAND...: it succeeds, which is awaited for up to a minute
until_true() {
	tries=0
	until "$@"; do
		tries=$((tries + 1))
		[ "$tries" -lt 600 ] || return 1
		sleep 0.1
	done
}

no_marked() {
	[ -z "$(marked)" ]
}

# Processes that were killed are gone when they have been reaped, which may take a moment.
no_process_left() {
	ok "$1" until_true no_marked
}

done_testing() {
	echo "1..$number"
	[ "$failed" -eq 0 ]
	exit
}
