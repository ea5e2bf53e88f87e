#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The server of examples/06-server.c answers each request of each client with that one's own answer, while others crash,
# hang, are slow, send garbage, or go away; it refuses what it has no room for, and ends in order.
# Run in the build directory.
srcdir=$(cd "${srcdir:-.}" && pwd)
# shellcheck source=tests/support/tool-lib.sh
. "$srcdir/tests/support/tool-lib.sh"
[ -z "${SANITIZE_CFLAGS:-}" ] || skip_all 'a sanitizer makes another end of a crash'
[ -x tests/support/server ] || skip_all 'this system has no epoll(7)'
command -v timeout >/dev/null || skip_all 'there is no timeout(1)'
# shellcheck disable=SC2154 # dir is of tool-lib.sh
mkfifo "$dir/said"

# A client takes far less than this.
client() { # PROGRAM ARGUMENT...
	program=$1
	shift
	timeout -k 5 300 "tests/support/$program" "$@" >"$dir/out" 2>"$dir/err"
}

# start OPTION...: sets $pid and $port, or fails
start() {
	tests/support/server "$@" >"$dir/said" 2>"$dir/server.err" &
	pid=$!
	exec 3<"$dir/said"
	port=
	read -r line <&3 || return 1
	port=${line##*:}
	port=${port%/}
}

# What the server writes to standard error beside its log, a line for each page that broke.
complaints() {
	grep -v '^job [0-9]*: [a-z_]*: ' "$dir/server.err"
}

# Whoever of the server's processes lives has its standard output, which ends with the last of them.
stopped() { # NAME
	wait "$pid"
	is "$1: the server ends in order" "$? $(complaints)" '0 '
	is "$1: and leaves no process" "$(timeout 60 cat <&3; echo $?)" 0
	exec 3<&-
}

stop() { # NAME
	kill -TERM "$pid"
	stopped "$1"
}

# passes NAME PROGRAM ARGUMENT...: a test: the client is content
passes() {
	what=$1
	shift
	client "$@"
	status=$?
	sed 's/^/# /' "$dir/err"
	report "$what" "$status"
}

# A page is made in far less than its timeout, and a client asks in far less than the server's patience, also where many
# processes compete.
for level in worker job sandbox; do
	if ! start --level "$level" --workers 4 --timeout 6000 --patience 60000; then
		wait "$pid"
		status=$?
		exec 3<&-
		if [ "$level:$status" = sandbox:3 ]; then
			echo "ok $((number += 1)) - $level # SKIP $(head -n 1 "$dir/server.err")"
		else
			is "$level: the server starts" "$status $(cat "$dir/server.err")" 'that it listens'
		fi
		continue
	fi
	# Thousands: of each nine crash, and one hangs.  Where each is a fork one has to do.
	if [ "$level" = worker ]; then thousands=3; else thousands=1; fi
	passes "$level: of ${thousands},000 requests $((9 * thousands)) crash, $thousands hang, and each has its answer" \
		http_load 16 "${thousands}000" 100 1000 "$port"
	is "$level: none of the others was late" "$(grep '^late' "$dir/out")" "late	0	requests"
	is "$level: the log says of each what happened" "$(grep -c '^job [0-9]*: crashed: killed by ' "$dir/server.err"
		grep -c '^job [0-9]*: timed_out: ' "$dir/server.err")" "$((9 * thousands))
$thousands"
	passes "$level: what is no request, too large, or in pieces" http_rude "$port" requests
	# Clients that are killed in the middle of what they do, while others are served.
	tests/support/http_load 16 100000000 100 0 "$port" >/dev/null 2>&1 &
	victim=$!
	passes "$level: beside others" http_load 4 300 100 0 "$port"
	kill -KILL "$victim"
	wait "$victim" 2>/dev/null
	passes "$level: after others were killed" http_load 16 500 100 500 "$port"
	stop "$level"
done

start --patience 3000 --workers 2 --timeout 60000
passes 'who is silent, or stops in the middle, is sent away' http_rude "$port" silent 60
stop 'silent clients'

# Pages that hang have ten minutes here: it is their clients' leaving that ends them.
start --workers 2 --queue 6 --timeout 600000 --patience 60000
passes 'the page of a client that goes away is not made any more' http_rude "$port" leave 10
passes 'what the queue has no room for is refused at once' http_rude "$port" full 20 6
stop 'full'

start --workers 2 --timeout 1000 --patience 60000
passes 'a server that is told to end answers what has begun, and nothing else' http_rude "$port" term "$pid"
stopped 'term'

start --inline --patience 60000
passes 'without a pool, as long as nothing crashes' http_load 16 3000 0 0 "$port"
stop 'inline'
no_process_left 'no process is left'
done_testing
