#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Ctrl-Z: SIGTSTP stops the jobs and the tool, SIGCONT lets both go on, and the time between is none.
. "${srcdir:-.}/tests/support/tool-lib.sh"

[ -r "/proc/$$/environ" ] || skip_all 'there is no /proc to find leftover processes in'

# start COMMAND: runs the tool by these words of a shell; its pid is in $dir/pid, what it writes in .out and .err.
# In a process group that nobody could continue the system does not stop it: so it is a job of another run, whose worker
# could.
start() {
	rm -f "$dir/pid" "$dir/log" "$dir/ticks" "$dir/gate"
	mkfifo "$dir/gate"
	cat >"$dir/inner" <<-END
		echo \$\$ >"$dir/pid.new"
		mv "$dir/pid.new" "$dir/pid"
		exec $1
	END
	"$forkpool" -u --joblog "$dir/log" sh "$dir/inner" ::: '' >"$dir/.out" 2>"$dir/.err" </dev/null &
	outer=$!
	until_true test -s "$dir/pid"
	pid=$(cat "$dir/pid")
}

# sets $how to its exit status and signal, and $out to what it wrote
ended() {
	wait "$outer"
	how=$(sed -n '2p' "$dir/log" | cut -f 7,8 | tr '\t' ' ')
	out=$(cat "$dir/.out")
}

state() {
	sed 's/.*) \(.\).*/\1/' "/proc/$1/stat" 2>/dev/null
}

is_stopped() {
	[ "$(state "$pid")" = T ]
}

ticks() {
	wc -l <"$dir/ticks"
}

# ticking MORE: so many more lines than that are there
ticking() {
	[ -e "$dir/ticks" ] && [ "$(ticks)" -gt "$1" ]
}

# stop_it: returns when it is stopped
stop_it() {
	kill -TSTP "$pid"
	until_true is_stopped || report 'it is stopped' 1
}

# A job that ticks until the file $dir/enough is there, in its own process and in one of its own session.
cat >"$dir/ticker" <<'END'
tick() { until [ -e "$dir/enough" ]; do echo "$1" >>"$dir/ticks"; sleep 0.01; done; }
if [ "${1:-}" = inner ]; then tick inner; exit; fi
if command -v setsid >/dev/null 2>&1; then setsid sh "$0" inner & fi
tick outer
wait
echo "done $1"
END
# One that waits for a line.
cat >"$dir/reader" <<'END'
echo begun >>"$dir/ticks"
read -r line <"$dir/gate"
echo "got $line"
END
export dir forkpool

start '"$forkpool" -j2 sh "$dir/ticker" ::: a b'
until_true ticking 5
stop_it
before=$(ticks)
sleep 0.3
is 'no process of a job runs' "$(ticks)" "$before"
kill -CONT "$pid"
ok 'all go on' until_true ticking "$((before + 5))"
kill -TSTP "$pid"
kill -TSTP "$pid"
ok 'once more, twice' until_true is_stopped
kill -TSTP "$pid"
before=$(ticks)
kill -CONT "$pid"
ok 'one SIGCONT is enough' until_true ticking "$((before + 5))"
: >"$dir/enough"
ended
is 'it ends as ever' "$how" '0 0'
rm "$dir/enough"

# A job may run for 8 seconds, and is stopped for longer.
start '"$forkpool" --timeout 8 --joblog "$dir/jobs" sh "$dir/reader" ::: a'
until_true ticking 0
stop_it
sleep 8.5
kill -CONT "$pid"
echo it >"$dir/gate"
ended
is 'the time of a job does not run' "$how $out" '0 0 got it'
run_time=$(sed -n '2p' "$dir/jobs" | cut -f 4 | tr -d ' ')
is 'nor is the pause in its run time' "${run_time%%.*}" "$(case ${run_time%%.*} in [0-7]) echo "${run_time%%.*}" ;; *) echo 'less than 8' ;; esac)"

start '"$forkpool" --timeout 3 sh -c "echo >>\"\$dir/ticks\"; exec sleep 1000" ::: a'
until_true ticking 0
stop_it
kill -CONT "$pid"
ended
is 'its time runs again afterwards' "$how" '123 0'
is 'it says so' "$(grep -c 'timed out' "$dir/.err")" 1

# Signals for a tool that is stopped come when it goes on.
start '"$forkpool" sh "$dir/ticker" ::: a'
until_true ticking 0
stop_it
kill -TERM "$pid"
is 'SIGTERM waits' "$(state "$pid")" T
kill -CONT "$pid"
ended
is 'SIGTERM, then SIGCONT: it ends' "$how" '0 15'
no_process_left 'SIGTERM: and all jobs'

start '"$forkpool" -j1 sh "$dir/ticker" ::: a b'
until_true ticking 0
stop_it
kill -HUP "$pid"
kill -CONT "$pid"
until_true grep -q 'no more jobs are started' "$dir/.err"
: >"$dir/enough"
ended
is 'SIGHUP, then SIGCONT: the running job ends' "$how $(grep -c "done" "$dir/.out")" '0 1 1'
rm "$dir/enough"

start '"$forkpool" -j2 sh "$dir/ticker" ::: a b'
until_true ticking 0
stop_it
kill -KILL "$pid"
ended
is 'SIGKILL: it ends' "$how" '0 9'
no_process_left 'SIGKILL: and all jobs'

# SIGCONT alone is nothing, and a SIGTSTP that was ignored stays so.
start 'sh -c "trap \"\" TSTP; exec \"\$forkpool\" sh \"\$dir/reader\" ::: a"'
until_true ticking 0
kill -CONT "$pid"
kill -TSTP "$pid"
echo it >"$dir/gate"
ended
is 'SIGTSTP is ignored where it was' "$how $out" '0 0 got it'

if command -v tmux >/dev/null 2>&1; then
	TMUX_TMPDIR=$dir
	unset TMUX TMUX_PANE
	export TMUX_TMPDIR
	tm() {
		tmux -L forkpool -f /dev/null "$@"
	}
	trap 'tm kill-server 2>/dev/null; cleanup' EXIT
	# seen PATTERN TIMES
	seen() {
		[ "$(tm capture-pane -p | grep -c -e "$1")" -eq "$2" ]
	}
	if tm new-session -d -x 80 -y 24 -c "$dir" "env PS1='$ ' ENV= sh" 2>/dev/null; then
		tm send-keys -l "'$forkpool' -p -j2 sh '$dir/ticker' ::: a b"
		tm send-keys Enter
		ok '-p asks' until_true seen '[?][.][.][.]$' 1
		rm -f "$dir/ticks"
		tm send-keys y Enter
		until_true seen '[?][.][.][.]' 2
		until_true ticking 0
		tm send-keys C-z
		ok '-p: Ctrl-Z stops it at the question' until_true seen Stopped 1
		before=$(ticks)
		sleep 0.3
		is '-p: and the job that runs' "$(ticks)" "$before"
		tm resize-window -x 60 -y 20
		tm send-keys -l fg
		tm send-keys Enter
		ok '-p: the question is there again' until_true seen '[?][.][.][.]' 3
		ok '-p: the job goes on' until_true ticking "$((before + 2))"
		tm send-keys n Enter
		: >"$dir/enough"
		ok '-p: it ends' until_true seen '^done a' 1
		tm kill-server
	fi
fi

no_process_left 'no process is left'
done_testing
