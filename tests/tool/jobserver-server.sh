#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The command forkpool and GNU make's jobserver: as the server of jobs that are makes.
# Run in the build directory.
# shellcheck disable=SC1091,SC2154,SC2016
. "${srcdir:-.}/tests/support/tool-lib.sh"
. "${srcdir:-.}/tests/support/jobserver-lib.sh"

for style in pipe fifo; do
	# The timeout ends a job that would wait for a token for ever.
	server="forkpool --jobserver --jobserver-style=$style --timeout 60"
	case $style in
	fifo) case $("$make" --version) in 'GNU Make 4.'[23]*) inner=no ;; *) inner=yes ;; esac ;;
	*) inner=yes ;;
	esac
	if [ $inner = yes ]; then
		rm -f log
		run $server -j4 "$make" -f inner.mk ::: wait
		is "$style: a make in a job can have all tokens" "$status:$(most log):$err" 0:4:
		rm -f log
		run $server -j3 "$make" -s -k -f inner.mk ::: all all all all all all
		is "$style: makes in jobs and jobs, never more than there are tokens" \
			"$status:$(($(most log) <= 3)):$(grep -c + log):$err" 0:1:24:
	else
		echo "# this make knows no FIFOs"
	fi
	# Each job is a forkpool that is a client, and runs further jobs as it gets tokens.
	rm -f log
	run $server -j4 --shell 'forkpool job log ::: 4 4 4 4' ::: 1
	is "$style: forkpool in a job has the first job for nothing and then tokens" "$status:$(most log):$err" 0:4:
	rm -f log
	run $server -j4 --shell 'forkpool job log ::: 1 1 1 1 1 1 1 1' ::: 1 2 3 4 5
	is "$style: and never more than there are" "$status:$(($(most log) <= 4)):$(grep -c + log):$err" 0:1:40:
	rm -f log
	run $server -j4 --shell 'forkpool job log ::: 4 4 4 4' ::: 1 2
	is "$style: two of them reach the number together" "$status:$(most log):$err" 0:4:

	# The first job dies holding a token; then the second, which still runs, can have it.
	rm -f got gone
	run $server -j4 --quiet --shell 'set -- "$1" $(auth)
		case $1 in
		dies) head -c 1 <"$2" >got.tmp; mv got.tmp got; await second; kill -KILL $$ ;;
		lives) : >second; await got; head -c 3 <"$2" >three; wc -c <three; cat three >"$3" ;;
		esac' ::: dies lives
	is "$style: tokens of a job that was killed are there again while others run" "$status:$(echo $out)" 123:3
	rm -f got second three

	# A token that one job does not use comes to a job that wants it.
	run $server -j3 --shell 'set -- "$1" $(auth)
		case $1 in
		idle) : >idle; await got ;;
		wants) await idle; head -c 1 <"$2" >got.tmp; cat got.tmp >"$3"; mv got.tmp got ;;
		esac' ::: idle wants
	is "$style: an idle token goes where it is wanted" "$status:$out:$err" 0::
	rm -f got idle

	# Tokens that a job has made up are gone when it has ended.
	rm -f log
	run $server -j2 --shell 'case $1 in
		forges) set -- $(auth); printf ++++++++ >"$2" ;;
		*) forkpool job log ::: 1 1 1 1 1 1 1 1 ;;
		esac' ::: forges 1 2 3
	is "$style: nor can a job make more" "$status:$(($(most log) <= 2)):$(grep -c + log):$err" 0:1:24:

	run env MAKEFLAGS='ks -j9 --jobserver-auth=3,4 -Oline -- A=b\ c' $server -j2 sh -c 'printf "%s\n" "$MAKEFLAGS"' ::: 1
	is "$style: other flags stay" "$(printf '%s' "$out" | sed 's/auth=[^ ]*/auth=/; s/ --jobserver-fds=[^ ]*//')" \
		'ks -Oline -j2 --jobserver-auth= -- A=b\ c'
	run $server -j2 --process-slot-var SLOT sh -c 'env | grep -c "^MAKEFLAGS="; env | grep -c "^SLOT="' ::: 1
	is "$style: and there is one variable" "$(echo $out)" '1 1'
done

# The FIFOs are gone, however the tool ends.
is 'no directory is left' "$(ls "$TMPDIR")" ''
run forkpool --jobserver --jobserver-style=fifo -j2 false ::: 1
is 'nor after a failure' "$status:$(ls "$TMPDIR")" 123:
run forkpool --jobserver --jobserver-style=fifo -j2 --joblog /nonexistent/log true ::: 1
is 'nor where it cannot begin' "$status:$(ls "$TMPDIR")" 1:
for signal in TERM SEGV; do
	rm -f begun
	forkpool --jobserver --jobserver-style=fifo -j2 sh -c ': >begun; exec sleep 60' ::: 1 2 >out 2>err </dev/null &
	pid=$!
	until_true test -e begun
	is "a directory is there" "$(ls "$TMPDIR" | wc -l | tr -d ' ')" 1
	kill -$signal "$pid"
	wait "$pid" 2>/dev/null
	is "nor after SIG$signal" "$(ls "$TMPDIR")" ''
done
mkdir 'a b'
run env TMPDIR="$dir/a b" forkpool --jobserver --jobserver-style=fifo true ::: 1
is 'a directory whose name make would split is refused' "$status:$out:$(printf '%s\n' "$err" | grep -c 'TMPDIR.*without blanks')" 1::1

# With one more worker there is one more token.
rm -f begun.pids begun.go
forkpool --jobserver -j1 sh -c 'echo x >>begun.pids; await begun.go' ::: 1 2 3 >out 2>err </dev/null &
pid=$!
until_true test -e begun.pids
kill -USR1 "$pid"
two_run() {
	[ "$(wc -l <begun.pids)" -eq 2 ]
}
ok 'SIGUSR1 asks for one more' until_true two_run
: >begun.go
wait "$pid"
is 'and all end' "$?:$(wc -l <begun.pids)" 0:3

# Some makes set O_NONBLOCK on the pipe, for all who share it; the next job finds the flag cleared.
if [ -n "$python" ]; then
	cat >flags.py <<'EOF'
import os, re
r, w = map(int, re.search(r"--jobserver-auth=(\d+),(\d+)", os.environ["MAKEFLAGS"]).groups())
print(os.get_blocking(r), os.get_blocking(w))
os.set_blocking(r, False)
os.set_blocking(w, False)
EOF
	run forkpool --jobserver -j1 "$python" flags.py '{#}' ::: 1 2
	is 'a pipe is one that waits, for each job' "$status:$(echo $out):$err" '0:True True True True:'
fi

# A client of the FIFO that is not forkpool and not make.
if [ -n "$python" ]; then
	cat >client.py <<'EOF'
import os, re, sys
path = re.search(r"--jobserver-auth=fifo:(\S+)", os.environ["MAKEFLAGS"]).group(1)
r = os.open(path, os.O_RDONLY)
w = os.open(path, os.O_WRONLY)
tokens = b""
while len(tokens) < 3:
    tokens += os.read(r, 1)
if sys.argv[1] == "returns":
    os.write(w, tokens)
print(sys.argv[1], len(tokens))
sys.exit(sys.argv[1] == "keeps")
EOF
	run forkpool --jobserver --jobserver-style=fifo -j4 --timeout 60 --retries 3 --quiet "$python" client.py ::: keeps
	is 'what a client of the FIFO keeps when it ends comes back, again and again' "$status:$out:$err" '123:keeps 3:'
	run forkpool --jobserver --jobserver-style=fifo -j4 --timeout 60 "$python" client.py ::: returns
	is 'and what it returns' "$status:$out:$err" '0:returns 3:'
fi

no_process_left 'no process is left at the end'
done_testing
