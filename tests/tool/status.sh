#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# forkpool --status on terminals of tmux, of all sizes and kinds, and without a terminal.
. "${srcdir:-.}/tests/support/tool-lib.sh"

command -v tmux >/dev/null 2>&1 || skip_all 'tmux is not installed'
[ -r "/proc/$$/environ" ] || skip_all 'there is no /proc to find leftover processes in'

# A tmux server of our own, without anybody's configuration.
TMUX_TMPDIR=$dir
unset TMUX TMUX_PANE
export TMUX_TMPDIR
windows=0
tm() {
	tmux -L "forkpool-$windows" -f /dev/null "$@"
}
trap 'tm kill-server 2>/dev/null; cleanup' EXIT

# window COLUMNS LINES: a new window of that size, with a shell in $dir
window() {
	tm kill-server 2>/dev/null
	windows=$((windows + 1))
	rm -f "$dir"/f*
	for i in 1 2 3 4 5 6 7 8; do mkfifo "$dir/f$i"; done
	rm -f "$dir/.raw"
	tm start-server \; set-option -g history-limit 20000 \; set-option -g status off \; \
		new-session -d -x "$1" -y "$2" -c "$dir" "env PS1='$ ' ENV= NO_COLOR= XTERM_VERSION= sh" \
		>/dev/null || skip_all 'tmux does not start'
	tm resize-window -x "$1" -y "$2"
	# .raw gets all that is written to the terminal.
	tm pipe-pane -O "exec cat >>'$dir/.raw'"
	type_line "stty -g >stty.before; echo rea''dy"
	until_true seen '^ready'
}

type_line() {
	tm send-keys -l "$1"
	tm send-keys Enter
}

screen() {
	tm capture-pane -p "$@"
}

# seen PATTERN: whether exactly one line of the window has it
seen() {
	[ "$(screen | grep -c -e "$1")" -eq 1 ]
}

sees_idle() {
	screen | grep -q '^     [1-4]        -       -  idle$'
}

# The shell has written "Stopped" for the third time.
sees_stopped() {
	[ "$(screen -S - | grep -c Stopped)" -eq 3 ]
}

not_seen() {
	! screen | grep -q -e "$1"
}

# appears NAME PATTERN: a test: the pattern is on one line within a minute
appears() {
	if until_true seen "$2"; then
		report "$1" 0
	else
		report "$1" 1
		screen | sed 's/^/# /'
	fi
}

disappears() {
	if until_true not_seen "$2"; then
		report "$1" 0
	else
		report "$1" 1
		screen | sed 's/^/# /'
	fi
}

# release NUMBER LINE: gives the line to the job that waits for it, so that it ends
release() {
	timeout 60 sh -c 'echo "$2" >"$1"' sh "$dir/f$1" "$2"
}

# terminal_is_as_it_was NAME STATUS: tests: the tool has ended with that status and changed nothing
# of the terminal
terminal_is_as_it_was() {
	appears "$1: ended with status $2" "status $2\$"
	type_line 'stty -g >stty.after; echo do''ne'
	until_true seen '^done'
	is "$1: the terminal's settings" "$(cat "$dir/stty.after")" "$(cat "$dir/stty.before")"
	is "$1: the cursor is visible, the screen is the normal one, lines wrap" \
		"$(tm display -p '#{cursor_flag} #{alternate_on} #{wrap_flag}')" '1 0 1'
	is "$1: nothing of the screen is left" "$(screen -S - | grep -c -e '^WORKER' -e 'idle$')" 0
}

# start [OPTION...]: eight jobs; each waits for a line, writes it and ends with it as its status
# shellcheck disable=SC2016
start() {
	{
		echo 'echo $$ >pid'
		printf 'exec "%s" --status --shell %s %s ::: f1 f2 f3 f4 f5 f6 f7 f8\n' "$forkpool" "$*" \
			"'read n <\"\$1\"; echo \"\$1 says \$n\"; exit \"\$n\"'"
	} >"$dir/job.sh"
	type_line 'sh ./job.sh; echo status $?'
}

# ------------------------------------------------------------------- rows, totals, output, failures

window 80 24
start -j4
appears 'how far it is' '^0/8 done, 4 running, 0\.0/s, 0:0'
appears 'a row a worker: number, time, job' '^     [1-4] *0:0[0-9] .* 3 f3: read n <"\$1"; echo'
appears 'memory, as the system has it' '^     [1-4] *0:0[0-9] *[0-9.]*[KM]  3 f3'
release 1 0
appears 'a job has ended' '^1/8 done, 4 running'
appears 'what it wrote is there' '^f1 says 0$'
appears 'the next has its worker' '^     [1-4] *0:0[0-9] .* 5 f5: read'
release 3 7
appears 'a failure is counted' '^2/8 done, 1 failed, 4 running'
appears 'outcomes' '^\[#*\.*\]  *25%  1 ok, 1 failed$'
appears 'the last failure, below the workers' "^job 3: f3: read n .*exit status 7$"
appears 'and where messages are' "^forkpool: job 3: f3: read n "
ok 'the screen is one' seen '^WORKER'
# Above the screen is the output.
is 'output is above the screen' "$(screen | sed '/^2\/8 done/,$d' | grep -c -e '^f1 says 0$' -e '^f3 says 7$')" 2
is 'colours' "$(screen -e | grep -c '\[31m.*job 3: ')" 1
for i in 2 4 5 6; do release $i 0; done
ok 'idle workers' until_true sees_idle
for i in 7 8; do release $i 0; done
terminal_is_as_it_was 'the end' 123
appears 'the totals stay' '^forkpool: 8/8 done, 1 failed, 0 running, .*: 7 ok, 1 failed$'
is 'each line of output is there once' "$(screen -S - | grep -c '^f[1-8] says')" 8

# Where the command does not fit, its item is there, with its end; and what happened to it.
window 80 24
mkdir -p "$dir/a/long/way/to/the/place/where/the/files/are"
for i in 1 2; do ln -sf "$dir/f$i" "$dir/a/long/way/to/the/place/where/the/files/are/f$i"; done
# shellcheck disable=SC2016
printf '"%s" --status -j2 sh -c %s ::: a/long/way/to/the/place/where/the/files/are/f1 a/long/way/to/the/place/where/the/files/are/f2\n' \
	"$forkpool" "'read n <\"\$0\"; exit \"\$n\"; the same beginning for all of them'" >"$dir/long.sh"
type_line 'sh ./long.sh; echo status $?'
appears 'a long command: its item' '^     [12] .* 1 a/long/way/to/the/place/where/the/files/are/f1\(:.*\)*$'
appears 'a long command: the item of the other' '^     [12] .* 2 a/long/way/to/the/place/where/the/files/are/f2\(:.*\)*$'
tm resize-window -x 60 -y 24
appears 'a long item: its end' '^     [12] .* 1 a/long/.*\.\.\..*/the/files/are/f1$'
tm resize-window -x 80 -y 24
appears 'a long command again' '^     [12] .* 1 a/long/way/to'
release 1 3
appears 'a long command: what happened' '^job 1: a/long/.*files/are/f1: .*exit status 3$'
release 2 0
appears 'a long command: the end' '^status 123$'

# ------------------------------------------------------------------------------ windows of any size

# Eight rows, one state, one heading.  Lines that tmux has pushed out of the window when it broke
# others cannot be cleared.
is_alone() {
	[ "$(screen | grep -c '[1-8] f[1-8]')/$(screen | grep -c '^0/8 done')/$(screen | grep -c 'TIME')" = 8/1/1 ]
}

window 100 24
start -j8
appears 'a wide window' '^     [1-8] .*f8: read'
tm resize-window -x 40 -y 24
appears 'a narrow one: rows are cut, columns are left out' '^WORKER     TIME  JOB$'
ok 'nothing is left of the wide one' until_true is_alone
tm resize-window -x 20 -y 24
appears 'a very narrow one' '^    TIME  JOB$'
ok 'and nothing else' until_true is_alone
tm resize-window -x 100 -y 8
appears 'a short one: those that are left out are counted' '^and [0-9] more, [0-9] of them busy$'
tm resize-window -x 100 -y 24
appears 'a large one again' '^     [1-8] .*f8: read'
disappears 'with all of them' 'more, .* busy'
ok 'nothing is left of the short one' until_true is_alone
for i in 1 2 3 4 5 6 7 8; do release $i 0; done
appears 'the end' '^status 0$'

# -------------------------------------------------------------------- without colours, without more

window 80 24
type_line 'NO_COLOR=1; export NO_COLOR'
start -j2
appears 'NO_COLOR: the screen' '^WORKER'
release 1 1
appears 'NO_COLOR: a failure' '^job 1: '
for i in 2 3 4 5 6 7 8; do release $i 0; done
appears 'NO_COLOR: the end' '^status 123$'
is 'NO_COLOR: no colour was set' "$(tr '\033' '\001' <"$dir/.raw" | grep -c "$(printf '\001\\[[0-9;]*m')")" 0
ok 'but lines were drawn' grep -q "$(printf '\033\\[K')" "$dir/.raw"

for term in dumb ''; do
	window 80 24
	type_line "TERM=$term"
	start -j2
	for i in 1 2 3 4 5 6 7 8; do release $i 0; done
	appears "TERM=$term: the end" '^status 0$'
	appears "TERM=$term: a plain line" '^forkpool: 8/8 done, 0 running, .*: 8 ok$'
	is "TERM=$term: no control sequence" "$(tr '\033' '\001' <"$dir/.raw" | grep -c "$(printf '\001')")" 0
done

window 80 24
start -j2 '2>err'
for i in 1 2 3 4 5 6 7 8; do release $i 0; done
appears 'standard error is a file: the end' '^status 0$'
is 'standard error is a file: a plain line' "$(sed 's/running.*: /running: /' "$dir/err")" 'forkpool: 8/8 done, 0 running: 8 ok'

# Standard output is a file: it gets the records alone, and the terminal has the screen.
window 80 24
start -j2 --json '>out'
appears 'standard output is a file: the screen' '^WORKER'
for i in 1 2 3 4 5 6 7 8; do release $i 0; done
appears 'standard output is a file: the end' '^status 0$'
is 'standard output is a file: nothing else is in it' "$(grep -c '^{"seq":.*}$' "$dir/out") $(wc -l <"$dir/out" | tr -d ' ')" '8 8'

# The total is known early also where the items come from a pipe.
window 80 24
printf "printf 'f%%d\\\\n' 1 2 3 4 5 6 7 8 | '%s' --status -j2 cat; echo status \$?\n" "$forkpool" >"$dir/pipe.sh"
type_line 'sh ./pipe.sh'
appears 'items from a pipe: how many there are' '^0/8 done, 2 running'
for i in 1 2 3 4 5 6 7 8; do release $i 0; done
appears 'items from a pipe: the end' '^status 0$'

# Jobs that an earlier run has done do not count.
seq 3 | "$forkpool" --joblog "$dir/log" true
run sh -c 'seq 5 | "$1" --joblog "$2" --resume --status true' sh "$forkpool" "$dir/log"
is 'resumed: what is left is all' "$(echo "$err" | sed 's/running.*: /running: /')" 'forkpool: 2/2 done, 0 running: 2 ok'

# ------------------------------------------------------------------------------------------ signals

window 80 24
start -j2
appears 'before Ctrl-C' '^WORKER'
tm send-keys C-c
appears 'Ctrl-C: it says so' '^forkpool: no more jobs are started; waiting for'
appears 'Ctrl-C: and goes on' '^     [12] .*f1: read'
tm send-keys C-c
appears 'Ctrl-C twice' '^forkpool: the running jobs get SIGTERM'
appears 'Ctrl-C: totals' '^forkpool: 2/8 done, 2 failed, 0 running, [0-9.]*/s, [0-9:]*: 2 cancelled, '
# The shell drops the rest of an interrupted list of commands, so ask for the status again.
type_line 'echo status $?'
terminal_is_as_it_was 'Ctrl-C' 130

for signal in TERM HUP ABRT SEGV; do
	window 80 24
	type_line 'ulimit -c 0'
	start -j2
	appears "before SIG$signal" '^     [12] .*f1: read'
	kill "-$signal" "$(cat "$dir/pid")"
	case $signal in
	HUP)
		appears 'SIGHUP: it says so' '^forkpool: no more jobs are started'
		release 1 0
		release 2 0
		terminal_is_as_it_was SIGHUP 129
		;;
	TERM) terminal_is_as_it_was SIGTERM 143 ;;
	*)
		# The tool cannot clear the screen then; nothing else is to be undone.
		appears "SIG$signal: ended" '^status 1[0-9]*$'
		type_line 'stty -g >stty.after; echo do''ne'
		until_true seen '^done'
		is "SIG$signal: the terminal is as it was" "$(cat "$dir/stty.after") $(tm display -p '#{cursor_flag} #{alternate_on} #{wrap_flag}')" \
			"$(cat "$dir/stty.before") 1 0 1"
		;;
	esac
done

window 80 24
start -j2
appears 'before Ctrl-Z' '^     [12] .*f1: read'
tm send-keys C-z
appears 'Ctrl-Z: it is stopped' 'Stopped'
ok 'Ctrl-Z: the screen is gone' not_seen '^WORKER'
is 'Ctrl-Z: the cursor is visible' "$(tm display -p '#{cursor_flag} #{alternate_on} #{wrap_flag}')" '1 0 1'
type_line fg
appears 'fg: the screen is back' '^WORKER'
release 1 0
appears 'fg: the jobs go on' '^1/8 done, 2 running'
appears 'fg: and what they write is there' '^f1 says 0$'
# In the background the tool does not draw; in the foreground it does again.
tm send-keys C-z
until_true not_seen '^WORKER'
before=$(wc -c <"$dir/.raw")
type_line bg
type_line 'echo in the back''ground'
until_true seen '^in the background$'
release 2 0
appears 'bg: output goes on' 'f2 says 0$'
for i in 3 4 5; do release $i 0; done
appears 'bg: and on' 'f5 says 0$'
until_true grep -q 'f5 says 0' "$dir/.raw"
is 'bg: nothing is drawn' "$(tail -c "+$before" "$dir/.raw" | grep -c "$(printf '\033\\[K')")" 0
type_line fg
appears 'fg: the screen again' '^5/8 done, 2 running'
# SIGSTOP cannot be caught: the tool learns of it afterwards, and leaves what others have written.
kill -STOP "$(cat "$dir/pid")"
until_true sees_stopped
type_line fg
release 6 0
appears 'after SIGSTOP: it goes on' '^f6 says 0$'
appears 'after SIGSTOP: the screen' '^6/8 done, 2 running'
ok 'after SIGSTOP: what the shell has written is there' sees_stopped
for i in 7 8; do release $i 0; done
appears 'fg: the end' '^forkpool: 8/8 done, 0 running'

# ---------------------------------------------------------------------------- hostile names, output

window 120 24
title=$(tm display -p '#{pane_title}')
# shellcheck disable=SC2016
printf '%s' '"$forkpool" --status -j2 --shell '\''read n <f1; exit 3'\'' ::: "$(printf "\033]0;stolen\007\033[2J\033[31mred\nline\342\200\256turned")" "$(printf "\343\201\202\343\201\204 wide")"; echo status $?' >"$dir/hostile.sh"
sed -i "s|\"\$forkpool\"|'$forkpool'|" "$dir/hostile.sh"
type_line '. ./hostile.sh'
appears 'control sequences are shown' '^     [12] .*\\033\]0;stolen\\a\\033\[2J\\033\[31mred\\nline'
ok 'what turns the writing around is shown as well' seen 'line\\342\\200\\256turned'
appears 'a wide character is one' "$(printf '^     [12] .*\343\201\202\343\201\204 wide')"
# Both jobs read the same pipe: either gets the line.
next_ended() {
	timeout 2 sh -c 'echo x >"$1"' sh "$dir/f1"
	seen '^status 123$'
}
until_true next_ended
appears 'the failure too' 'forkpool: job 1: .*stolen'
is 'the window kept its title' "$(tm display -p '#{pane_title}')" "$title"

# Much output: whole, in order, and without a trace of the screen in it.
window 80 24
cat >"$dir/flood.sh" <<-EOF
	"$forkpool" --status -k -j4 --shell 'seq -f "\$1 %g of the flood" 1000; printf "end without newline\n"' ::: 1 2 3 4 5 6 7 8
	echo status \$?
EOF
type_line 'sh ./flood.sh'
appears 'a flood: the end' '^status 0$'
screen -S - >"$dir/flood"
is 'a flood: each line is there' "$(grep -c 'of the flood$' "$dir/flood")" 8000
ok 'a flood: in order' sh -c "grep 'of the flood$' '$dir/flood' | LC_ALL=C sort -c -k1,1n -k2,2n"
is 'a flood: and nothing else' "$(sed '1,/flood.sh/d' "$dir/flood" | grep -v -e 'of the flood$' -e '^end without newline$' -e '^forkpool: 8/8 done' -e '^status 0$' -e '^\$ *$' | grep -c .)" 0

# The screen begins on a new line where the last one is not complete.
window 80 24
start -j2 --lb
appears 'before' '^WORKER'
printf '"%s" --status -j1 --shell %s ::: f1 f2\n' "$forkpool" "'read n <\"\$1\"; printf \"open end\"'" >"$dir/open.sh"
tm send-keys C-c
for i in 1 2; do release $i 0; done
type_line 'clear; sh ./open.sh'
appears 'the first of two' '^     1 .*1 f1: read'
release 1 0
appears 'a line that is not over' '^open end$'
appears 'the screen is below it' '^1/2 done'
release 2 0
appears 'and the end as well' '^forkpool: 2/2 done'

tm kill-server
no_process_left 'no process is left'
done_testing
