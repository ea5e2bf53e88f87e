# SPDX-License-Identifier: BSD-2-Clause
# tool-lib - what the tests of the command have in common; they read it with ".".  It writes TAP.
#
#	$forkpool                the program: where the build has libtool's script, what that would start, since the
#	                         script gives it a name of its own, takes the signals meant for it, and costs more
#	                         than most runs
#	$dir                     an empty directory, gone at the end
#	is NAME GOT WANTED       a test: both are the same text
#	ok NAME COMMAND...       a test: the command succeeds
#	run COMMAND...           sets $out, $err and $status
#	until_true COMMAND...    waits up to a minute until the command succeeds
#	no_process_left NAME     a test: no process has the mark of this script in its environment
#	its_turn                 whether this one of many similar tests is to run: every fifth, and with
#	                         FORKPOOL_TEST_ALL=1 in the environment each
#	no_sandbox               whether this system refused the sandbox of the last run; it says so, and where the
#	                         environment has FORKPOOL_REQUIRE_SANDBOX that is a test that failed
#	skip_all WHY             ends the script: there is nothing to test here
#	done_testing             at the end
#
# shellcheck shell=sh disable=SC2034 # the scripts that read this use the variables
set -u
LC_ALL=C
export LC_ALL
# The make that runs the tests may have a jobserver, which the tests must not use.
unset MAKEFLAGS MFLAGS MAKELEVEL
number=0
failed=0
forkpool=${FORKPOOL:-$PWD/forkpool}
program=${forkpool%/*}/.libs/${forkpool##*/}
if [ -x "$program" ]; then
	libs=$(cd "${program%/*}" && pwd)
	LD_LIBRARY_PATH=$libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
	export LD_LIBRARY_PATH
	forkpool=$libs/${program##*/}
fi
dir=$(mktemp -d "${TMPDIR:-/tmp}/forkpool-test.XXXXXX") || exit 99
# The mark: all processes that this script starts, and their children, have it in their environment.
FORKPOOL_TEST_MARK=$dir
export FORKPOOL_TEST_MARK

# The processes that have the mark, but for this shell and the commands that it runs at the moment.
marked() {
	for environ in /proc/[0-9]*/environ; do
		pid=${environ#/proc/}
		pid=${pid%/environ}
		[ "$pid" != $$ ] || continue
		if tr '\0' '\n' <"$environ" 2>/dev/null | grep -qxF "FORKPOOL_TEST_MARK=$dir"; then
			# The commands of this pipe are children of the shell and end with it.
			[ "$(ps -o ppid= -p "$pid" 2>/dev/null | tr -d ' ')" = $$ ] || echo "$pid"
		fi
	done 2>/dev/null
}

cleanup() {
	trap '' HUP INT TERM PIPE # else the end of this can be its own
	for pid in $(marked); do kill -KILL "$pid" 2>/dev/null; done
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM PIPE

turn=0
its_turn() {
	turn=$((turn + 1))
	[ -n "${FORKPOOL_TEST_ALL:-}" ] || [ $((turn % 5)) -eq 0 ]
}

skip_all() {
	echo "1..0 # SKIP $*"
	exit 0
}

report() { # NAME STATUS: 0 is success
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

no_sandbox() {
	case $err in
	*'cannot start the workers: sandbox: '*) ;;
	*) return 1 ;;
	esac
	[ -z "${FORKPOOL_REQUIRE_SANDBOX:-}" ] || report 'this system has a sandbox' 1
	echo "# no sandbox here: $err"
}

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

# A process that was killed is there until it has been reaped, which may take a moment.
no_process_left() {
	ok "$1" until_true no_marked
}

done_testing() {
	echo "1..$number"
	[ "$failed" -eq 0 ]
	exit
}

# shared NAME [FLAG...]: compiles the C code on standard input to $dir/NAME.so
shared() {
	object=$1
	shift
	cat >"$dir/$object.c"
	# shellcheck disable=SC2086
	${CC:-cc} -O1 -shared -fPIC -I"${srcdir:-.}/include" "$@" -o "$dir/$object.so" "$dir/$object.c" || {
		echo "Bail out! $object.so does not build"
		exit 1
	}
}
