#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The command forkpool runs jobs: its input, its output and its exit status.
# Run in the build directory.
. "${srcdir:-.}/tests/support/tool-lib.sh"
[ -x "$forkpool" ] || skip_all 'the command is not built'

# ------------------------------------------------------------------------------------------ basics

run "$forkpool" -k echo ::: a 'b c' d
is 'items of the command line' "$status:$out:$err" "0:a
b c
d:"
run "$forkpool" -k echo '<{}>' x ::: a 'b c'
is 'an item goes where {} stands' "$out" '<a> x
<b c> x'
printf 'one\ntwo words\n\nfour' >"$dir/in"
run "$forkpool" -k -a "$dir/in" printf '[%s]\n'
is 'lines of a file' "$out" '[one]
[two words]
[]
[four]'
out=$(printf 'a\0b\nc\0' | "$forkpool" -0 -k printf '<%s>')
is 'items that end with a NUL byte' "$out" '<a><b
c>'
# shellcheck disable=SC2016
run "$forkpool" -k echo ::: '$(id)' '`id`' ';id' '*' "'" '"' '\'
# shellcheck disable=SC2016
is 'no item is syntax' "$out" '$(id)
`id`
;id
*
'\''
"
\'
# shellcheck disable=SC2016
run "$forkpool" -k --shell 'printf "%s|" "$1"; echo' ::: 'a b' '$(id)'
# shellcheck disable=SC2016
is '--shell has the items as positional parameters' "$out" 'a b|
$(id)|'
run "$forkpool" -k --dry-run rm -rf ::: 'a b' c
is '--dry-run shows and runs nothing' "$status:$out" "0:rm -rf 'a b'
rm -rf c"
out=$(seq 1 3000 | "$forkpool" -k -j4 echo | cksum)
is '3000 jobs, in order' "$out" "$(seq 1 3000 | cksum)"
out=$(seq 1 3000 | "$forkpool" -j4 echo | sort -n | cksum)
is '3000 jobs, each once' "$out" "$(seq 1 3000 | cksum)"
run "$forkpool" cat ::: /dev/null
is 'standard input is empty' "$status" 0
out=$(: | "$forkpool" echo no)
is 'no items, no jobs' "$out" ''

# A job's slot is above 1 where two run at a time.
if first=$(taskset -cp $$ 2>/dev/null | sed 's/.*: //; s/[-,].*//') && [ -n "$first" ]; then
	run taskset -c "$first" "$forkpool" echo '{%}' ::: a b c d
	is 'held on one processor, one job at a time' "$status:$(echo "$out" | sort -u)" 0:1
	run taskset -c "$first" "$forkpool" --dry-run -j 300% echo '{%}' ::: a b c d
	is '-j N% is of the processors that it may use' "$status:$(echo "$out" | sort -u | tail -n 1)" '0:echo 3'
	run taskset -c "$first" "$forkpool" --dry-run -j +1 echo '{%}' ::: a b c d
	is 'and so is -j +N' "$status:$(echo "$out" | sort -u | tail -n 1)" '0:echo 2'
else
	echo '# no taskset here'
fi

(head -c 200000000 /dev/zero | tr '\0' x; printf '\nshort\n') | "$forkpool" echo >"$dir/out" 2>"$dir/err"
is 'an item too long for a command is named, once, and the others run' "$?:$(cat "$dir/out"):$(grep -c '^forkpool: item 1, xxx.*200000000 bytes' "$dir/err"):$(wc -l <"$dir/err")" 1:short:1:1

# ------------------------------------------------------------------------------------------ output

cat >"$dir/noisy" <<'END'
#!/bin/sh
i=0
while [ $i -lt 200 ]; do
	echo "$1 out $i"
	echo "$1 err $i" >&2
	i=$((i + 1))
done
END
chmod +x "$dir/noisy"
"$forkpool" -j4 "$dir/noisy" ::: a b c d e f >"$dir/out" 2>"$dir/err"
is 'the output of a job comes in one piece' "$(cut -d' ' -f1 "$dir/out" | uniq | sort | tr '\n' ' ')" 'a b c d e f '
is 'its errors too' "$(cut -d' ' -f1 "$dir/err" | uniq | sort | tr '\n' ' ')" 'a b c d e f '
is 'and each has its lines in order' "$(grep '^c ' "$dir/out" | cut -d' ' -f3 | cksum)" "$(seq 0 199 | cksum)"
head -c 30000000 /dev/urandom >"$dir/large"
"$forkpool" -k -j2 cat ::: "$dir/large" "$dir/large" "$dir/large" >"$dir/out"
is '90 MB, byte for byte' "$(cksum <"$dir/out")" "$(cat "$dir/large" "$dir/large" "$dir/large" | cksum)"
# The reader reads nothing until all jobs have run: the jobs do not wait for it.
mkfifo "$dir/pipe"
"$forkpool" -j2 sh -c 'head -c 300000 /dev/zero; : >"$0"' ::: "$dir/done1" "$dir/done2" "$dir/done3" >"$dir/pipe" &
pid=$!
exec 3<"$dir/pipe"
all_done() {
	[ -e "$dir/done1" ] && [ -e "$dir/done2" ] && [ -e "$dir/done3" ]
}
ok 'a slow reader does not hold up jobs' until_true all_done
is 'and gets everything' "$(wc -c <&3)" 900000
exec 3<&-
wait "$pid"
# A job ends, and gives its channel back, while the next block is half read.
for journal in '' "--journal=$dir/blocks.journal"; do
	: >"$dir/out"
	# shellcheck disable=SC2086 # an option or nothing
	{ seq 1 3000; until_true test -s "$dir/out"; seq 3001 6000; } |
		"$forkpool" --pipe --block 8K -j2 -k $journal cat >"$dir/out"
	is "--pipe${journal:+ --journal}: input that comes in pieces is cut into whole blocks" \
		"$(cksum <"$dir/out")" "$(seq 1 6000 | cksum)"
done
out=$("$forkpool" -k --tag echo ::: a b)
is '--tag' "$out" "$(printf 'a\ta\nb\tb')"
out=$("$forkpool" -k printf '%s' ::: a b c)
is 'no newline is made up' "$out" abc
# Lines come out while their job still runs.
mkfifo "$dir/go"
"$forkpool" --lb sh -c "echo first; read x <'$dir/go'; echo second" ::: x >"$dir/out" &
pid=$!
has_first() {
	[ "$(cat "$dir/out")" = first ]
}
ok '--lb shows a line while its job runs' until_true has_first
echo go >"$dir/go"
wait "$pid"
is 'and the rest later' "$(cat "$dir/out")" 'first
second'
out=$("$forkpool" -u echo ::: a)
is '-u lets jobs write themselves' "$out" a
printf "a\nb\n" >"$dir/in"
out=$("$forkpool" -u -j1 -a "$dir/in" echo)
is "and -u with items of a file" "$out" "a
b"
"$forkpool" --lb yes ::: a 2>"$dir/err" | head -n 1 >"$dir/out"
is 'a reader that leaves ends an endless job' "$(cat "$dir/out")" a
status=$( (yes | "$forkpool" echo; echo $? >&3) 3>&1 >/dev/full 2>/dev/null )
is 'a full disk under standard output is an error' "$status" 1
# shellcheck disable=SC2016
status=$(bash -c '"$0" --lb -j2 yes ::: a b 2>/dev/null | head -n 1 >/dev/null; echo ${PIPESTATUS[0]}' "$forkpool")
is 'and the tool dies of SIGPIPE, as filters do' "$status" 141
out=$(yes | "$forkpool" echo | head -n 3)
is 'input without end is read as it is needed' "$out" 'y
y
y'

# ------------------------------------------------------------------------------------ exit statuses

run "$forkpool" true ::: 1 2
is 'all succeeded' "$status:$err" '0:'
run "$forkpool" -k sh -c 'exit "$0"' ::: 0 3 0
is 'some failed' "$status" 123
is 'and one line says which' "$(printf '%s\n' "$err" | grep -c 'job 2.*exit status 3')" 1
is 'and nothing else' "$(printf '%s\n' "$err" | wc -l)" 1
run "$forkpool" "$dir/missing" ::: 1
is 'a command that is not there' "$status" 127
run "$forkpool" no-such-command-anywhere ::: 1 2 3
is 'a command that is not in PATH, said once' "$status:$(printf '%s\n' "$err" | wc -l)" 127:1
run "$forkpool" /etc/passwd ::: 1
is 'a command that cannot be executed' "$status" 126
run "$forkpool" -k '{}' ::: true no-such-command-anywhere
is 'one of several is not there' "$status:$(printf '%s\n' "$err" | wc -l)" 127:1
# shellcheck disable=SC2016
run "$forkpool" sh -c 'kill -SEGV $$' ::: 1
is 'a crash' "$status:$(printf '%s\n' "$err" | grep -c SEGV)" 123:1
run "$forkpool" --quiet false ::: 1
is '--quiet' "$status:$err" '123:'
run "$forkpool" --halt now,fail=1 -j1 sh -c 'exit "$0"' ::: 0 1 0
is '--halt' "$status" 124
run "$forkpool" --halt soon,success=1 -j1 -k sh -c 'echo "$0"' ::: 1 2 3
is '--halt at a success starts no more' "$status:$out" 124:1
seq 100 >"$dir/hundred"
run "$forkpool" --halt soon,fail=5% -j1 -a "$dir/hundred" sh -c 'echo "$0"; exit 1'
is '--halt at a share of all: how many there are is known before they have run' "$status:$(echo "$out" | wc -l)" 124:5

# --------------------------------------------------------------------------------- limits, timeouts

run "$forkpool" --timeout 0.2 sleep ::: 60
is '--timeout' "$status:$(printf '%s\n' "$err" | grep -c -i 'timed out\|timeout')" 123:1
no_process_left '--timeout ends what runs'
run "$forkpool" --timeout 0.2 sh -c 'setsid sleep "$0" & sleep "$0"' ::: 60
no_process_left 'and what it left behind'
run "$forkpool" sh -c 'setsid sleep 60 >/dev/null 2>&1 & echo started' ::: 1
is 'a job is over when its command is' "$status:$out" 0:started
no_process_left 'its descendants end with it, however they were detached'
# shellcheck disable=SC2016
run "$forkpool" --timeout 0.2 sh -c 'trap "echo cleaned; exit 0" TERM; while :; do sleep 0.01; done' ::: 1
is 'SIGTERM comes first' "$out" cleaned
run "$forkpool" --cpu 0.1 sh -c 'while :; do :; done' ::: 1
is '--cpu' "$status:$(printf '%s\n' "$err" | grep -c 'cpu')" 123:1
run "$forkpool" --fsize 10K sh -c "head -c 100000 /dev/zero >'$dir/grown'" ::: 1
is '--fsize' "$status:$(($(wc -c <"$dir/grown") <= 10240))" 123:1
# The limit is on top of what the worker has, and with a sanitizer that is terabytes of shadow memory.
if [ -z "${SANITIZE_CFLAGS:-}" ]; then
	run "$forkpool" --mem 50M awk 'BEGIN { for (i = 0; ; i++) a[i] = i "text" }' ::: 1
	is '--mem' "$status:$(printf '%s\n' "$err" | grep -c '^forkpool: .*memory')" 123:1
fi
run "$forkpool" --nofile 32 sh -c 'ulimit -n' ::: 1
is '--nofile' "$out" 32

run "$forkpool" --sandbox sh -c 'echo in >/dev/null && cat /etc/passwd >/dev/null && echo fine' ::: 1
if ! no_sandbox; then
	is '--sandbox lets a command work' "$status:$out" 0:fine
	run "$forkpool" --sandbox sh -c "echo x >'$dir/written'" ::: 1
	is 'and write nowhere' "$status:$(ls "$dir/written" 2>/dev/null)" 123:
	run "$forkpool" --sandbox --writable "$dir" sh -c "echo x >'$dir/written'" ::: 1
	case $(id -u) in
	0) ;; # started by root, sandboxed jobs run as another user, who cannot enter this directory
	*) is 'but where --writable says' "$status:$(cat "$dir/written")" 0:x ;;
	esac
fi

# ----------------------------------------------------------------------------------------- retries

cat >"$dir/third" <<'END'
#!/bin/sh
echo x >>"$1"
echo "try $(wc -l <"$1")"
[ "$(wc -l <"$1")" -ge 3 ]
END
chmod +x "$dir/third"
run "$forkpool" --retries 3 "$dir/third" ::: "$dir/tries"
is '--retries, and only the last try shows' "$status:$out:$err" '0:try 3:'
run "$forkpool" --retries 2 "$dir/third" ::: "$dir/tries2"
is 'it gives up' "$status:$out" '123:try 2'

# ----------------------------------------------------------------------------------------- signals

# started COMMAND...: starts it, sets $pid and waits until its first job has begun
started() {
	rm -f "$dir/begun"
	"$@" >"$dir/out" 2>"$dir/err" </dev/null &
	pid=$!
	until_true test -e "$dir/begun"
}
# shellcheck disable=SC2016
slow='trap "" INT; : >"$0"; while [ ! -e "$0.go" ]; do sleep 0.05; done; echo ended'

drained() {
	grep -q 'no more jobs' "$dir/err"
}
# A shell that is not interactive ignores SIGINT in background jobs, and nohup(1) ignores SIGHUP.  A
# shell cannot undo either; Python can.
cat >"$dir/with_signals" <<'END'
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])
END
if command -v python3 >/dev/null; then
	rm -f "$dir/begun.go"
	started python3 "$dir/with_signals" "$forkpool" -j1 sh -c "$slow" ::: "$dir/begun" "$dir/begun"
	kill -HUP "$pid"
	ok 'SIGHUP is told' until_true drained
	: >"$dir/begun.go"
	wait "$pid"
	is 'SIGHUP lets what runs end, and starts no more' "$?:$(cat "$dir/out")" 129:ended

	rm -f "$dir/begun.go"
	started python3 "$dir/with_signals" "$forkpool" -j1 sh -c "$slow" ::: "$dir/begun" "$dir/begun"
	kill -INT "$pid"
	ok 'the first Ctrl-C is told' until_true drained
	: >"$dir/begun.go"
	wait "$pid"
	is 'and lets what runs end' "$?:$(cat "$dir/out")" 130:ended

	rm -f "$dir/begun.go"
	started python3 "$dir/with_signals" "$forkpool" -j1 sh -c "$slow" ::: "$dir/begun" "$dir/begun"
	kill -INT "$pid"
	until_true drained
	kill -INT "$pid"
	wait "$pid"
	is 'the second ends it' "$?:$(cat "$dir/out")" 130:
	no_process_left 'and nothing is left'

	started python3 "$dir/with_signals" "$forkpool" -j1 sh -c "trap '' TERM; $slow" ::: "$dir/begun"
	kill -INT "$pid"
	until_true drained
	kill -INT "$pid"
	until_true grep -q SIGTERM "$dir/err"
	kill -INT "$pid"
	wait "$pid"
	is 'the third kills' "$?:$(cat "$dir/out")" 130:
	no_process_left 'and nothing is left of it'
fi
started "$forkpool" -j1 sh -c "$slow" ::: "$dir/begun" "$dir/begun"
kill -TERM "$pid"
wait "$pid"
is 'SIGTERM ends what runs' "$?:$(cat "$dir/out")" 143:
no_process_left 'SIGTERM leaves nothing'
started "$forkpool" -j1 sh -c "$slow" ::: "$dir/begun"
kill -KILL "$pid"
wait "$pid" 2>/dev/null
no_process_left 'SIGKILL of the tool leaves nothing'

# The run waits for input, which does not come, and for nothing else.
mkfifo "$dir/input"
"$forkpool" -j1 sh -c ': >"$0"' <"$dir/input" >"$dir/out" 2>"$dir/err" &
pid=$!
exec 3>"$dir/input"
rm -f "$dir/begun"
echo "$dir/begun" >&3
until_true test -e "$dir/begun"
kill -HUP "$pid"
ended() {
	case $(ps -o stat= -p "$pid") in '' | Z*) true ;; *) false ;; esac
}
ok 'a run that waits for input ends when it is told to' until_true ended
exec 3>&-
wait "$pid"
is 'and says so' "$?" 129

# shellcheck disable=SC2016
started "$forkpool" -j1 sh -c 'echo "$$" >>"$0.pids"; '"$slow" ::: "$dir/begun" "$dir/begun" "$dir/begun"
kill -USR1 "$pid"
two_run() {
	[ "$(wc -l <"$dir/begun.pids")" -eq 2 ]
}
ok 'SIGUSR1 asks for one worker more' until_true two_run
: >"$dir/begun.go"
wait "$pid"
rm -f "$dir/begun.go"

timeout 60 "$forkpool" --delay 1h echo ::: a >"$dir/out" 2>"$dir/err"
is '--delay is between jobs, and not behind the last' "$?:$(cat "$dir/out" "$dir/err")" 0:a

# ---------------------------------------------------------------------------------- few descriptors

# few LIMIT JOBS: the checksum of the sorted output, and the number of lines on standard error
few() {
	# shellcheck disable=SC3045 # ulimit -n is in every sh that this runs with
	(ulimit -n "$1" && seq 100 | "$forkpool" -j "$2" echo 2>"$dir/err" | sort -n | cksum; wc -l <"$dir/err")
}
all=$(seq 100 | cksum)
is 'few descriptors, and enough' "$(few 128 2)" "$all
0"
is 'too few for all workers: those there can be run, and it is said' "$(few 64 50)" "$all
1"
is 'and near the usual limit' "$(few 1024 120)" "$all
0"
# shellcheck disable=SC3045
(ulimit -n 20 && "$forkpool" echo ::: a >"$dir/out" 2>"$dir/err")
is 'too few for one job' "$?:$(cat "$dir/out"):$(wc -l <"$dir/err"):$(grep -c 'ulimit -n' "$dir/err")" 1::1:1

# ------------------------------------------------------------------ input that is there, and silent

# This shell holds the pipe open: the end of the input never comes.
mkfifo "$dir/silent"
exec 9<>"$dir/silent"
echo 1 >&9
timeout 60 "$forkpool" --halt now,fail=1 --quiet false <"$dir/silent" 9>&-
is '--halt waits for no input' $? 124
echo 1 >&9
timeout 60 "$forkpool" -j1 echo <"$dir/silent" 2>"$dir/err" 9>&- | head -n 0
ok 'nor does one whose output nobody reads' test ! -s "$dir/err"
exec 9>&-
"$forkpool" cat >"$dir/out" 2>"$dir/err" <&-
is 'no standard input: no item is read from what is not there' "$?:$(cat "$dir/out"):$(wc -l <"$dir/err")" 1::1
"$forkpool" echo ::: a >"$dir/out" 2>"$dir/err" <&-
is 'and none is needed where items come from elsewhere' "$?:$(cat "$dir/out"):$(cat "$dir/err")" 0:a:

# ------------------------------------------------------------------------------------------ places

run "$forkpool" --wd "$dir" pwd ::: 1
is '--wd' "$out" "$(cd "$dir" && pwd -P)"
run "$forkpool" --process-slot-var SLOT -j1 sh -c 'echo "$SLOT"' ::: 1 2
is '--process-slot-var' "$out" '0
0'
out=$(cd "$dir" && "$forkpool" -k ls large ::: 1 2>&1)
is 'commands run where the tool does' "$?" 123
no_process_left 'no process is left at the end'
done_testing
