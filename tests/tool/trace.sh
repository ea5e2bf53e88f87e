#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# --trace: the file keeps the rules of the Trace Event Format and agrees with --json.
# Run in the build directory.
# shellcheck disable=SC1091,SC2154
. "${srcdir:-.}/tests/support/tool-lib.sh"
[ -x "$forkpool" ] || skip_all 'the command is not built'
python3 -c 'import json, decimal' 2>/dev/null || skip_all 'there is no python3 to read the trace with'

# rules NAME TRACE [JSON]: a test: the trace keeps the rules and agrees with the JSON
rules() {
	rules_name=$1
	shift
	is "$rules_name" "$(python3 "${srcdir:-.}/tests/support/trace_rules.py" "$@" 2>&1)" ''
}

# count PATTERN FILE: how many lines have it; each event is a line
count() {
	grep -c -- "$1" "$2"
}

cat >"$dir/job" <<'END_OF_JOB'
#!/bin/sh
case $1 in
fail) exit 3 ;;
second) echo x >>"$2"; [ "$(wc -l <"$2")" -ge 2 ] ;;
crash) kill -SEGV $$ ;;
slow) sleep 60 ;;
kill) kill -KILL $PPID; sleep 60 ;;
esac
END_OF_JOB
chmod +x "$dir/job"

# ---------------------------------------------------------------------------------------- all of it

{
	seq 1 40
	printf 'fail\ncrash\nslow\n'
	printf 'it'\''s "quoted" \\ back\n'
	printf 'control \001 \033[31m \177 \t tab\n'
	printf '</script><b>&amp;\n'
	printf '\303\251\342\202\254\360\237\230\200 \342\200\256turned\n'
	printf 'no text: \377\300\n'
	printf '%s\n' "$(head -c 5000 /dev/zero | tr '\0' 'l')"
	printf 'second\n'
} >"$dir/items"
run "$forkpool" -j4 --quiet --retries 2 --timeout 1 --json --trace "$dir/t.json" -a "$dir/items" "$dir/job" {} "$dir/second"
printf '%s\n' "$out" >"$dir/json"
is 'the run' "$status:$(wc -l <"$dir/json" | tr -d ' ')" '123:50'
rules 'every event is as the format wants it, and says what --json says' "$dir/t.json" "$dir/json"
is 'each job is there, with each of its tries' "$(count '"ph": "X"' "$dir/t.json")" 54
is 'a try that is to be repeated can be told' "$(count ',retry"' "$dir/t.json")" 4
is 'a bracket at the end' "$(tail -c 3 "$dir/t.json")" '
]'
ok 'jobs that ran are counted' test "$(count '"ph": "C".*"running": [1-4],' "$dir/t.json")" -ge 1
is 'and none runs at the end' "$(grep '"ph": "C"' "$dir/t.json" | tail -n 1 | sed 's/.*"args"/"args"/')" '"args": {"running": 0, "waiting": 0}}'
is 'no worker died' "$(count 'worker died' "$dir/t.json")" 0

# ------------------------------------------------------------------------------------------- deaths

run "$forkpool" -j2 --quiet --json --trace "$dir/t.json" "$dir/job" ::: a kill b kill
printf '%s\n' "$out" >"$dir/json"
rules 'workers that die' "$dir/t.json" "$dir/json"
is 'each death is an instant on its worker'\''s track, with the job' "$(sed -n 's/.*"name": "worker died".*"s": "t".*"seq": \([0-9]*\).*/\1/p' "$dir/t.json" | sort)" '2
4'

# A job kills the other job's worker, which is idle or about to be.
mkfifo "$dir/meet"
cat >"$dir/pair" <<'END_OF_JOB'
#!/bin/sh
case $1 in
a) echo $PPID >"$2/worker"; read -r x <"$2/meet" ;;
b) echo x >"$2/meet"
	kill -KILL "$(cat "$2/worker")"
	while kill -0 "$(cat "$2/worker")" 2>/dev/null; do sleep 0.05; done ;;
esac
END_OF_JOB
chmod +x "$dir/pair"
run "$forkpool" -j2 --quiet --trace "$dir/t.json" "$dir/pair" {} "$dir" ::: a b
rules 'a worker that dies without a job' "$dir/t.json"
is 'is there, once' "$(count 'worker died' "$dir/t.json")" 1

# ------------------------------------------------------------------------- what never began, --halt

run "$forkpool" -j1 --quiet --json --halt soon,fail=1 --trace "$dir/t.json" "$dir/job" ::: a fail b c
printf '%s\n' "$out" >"$dir/json"
rules 'jobs that never began are not there' "$dir/t.json" "$dir/json"
is 'and the others are' "$status:$(count '"ph": "X"' "$dir/t.json")" '124:2'
run "$forkpool" --trace "$dir/t.json" true </dev/null
rules 'no job at all' "$dir/t.json"
is 'is a trace too' "$status:$(count '"ph": "X"' "$dir/t.json")" 0:0

# --------------------------------------------------------------------------------- a tool that dies

mkfifo "$dir/fifo"
# Nobody writes to the pipe, so the job "wait" never ends.
"$forkpool" -j2 --trace "$dir/t.json" sh -c "[ \$0 != wait ] || read x <'$dir/fifo'" ::: a b wait c d >/dev/null 2>&1 &
pid=$!
all_but_one() {
	[ "$(count '"ph": "X"' "$dir/t.json" 2>/dev/null)" = 4 ]
}
ok 'events are there as soon as they are known' until_true all_but_one
rules 'the file of a run that goes on is a trace' "$dir/t.json"
kill -KILL "$pid"
wait "$pid" 2>/dev/null
rules 'that of one that was killed as well' "$dir/t.json"
is 'without the bracket' "$(tail -c 2 "$dir/t.json")" '}}'
no_process_left 'nothing runs after it'
"$forkpool" -j2 --quiet --trace "$dir/t.json" sh -c "[ \$0 != wait ] || { : >'$dir/waits'; read x <'$dir/fifo'; }" ::: a b wait >/dev/null 2>&1 &
pid=$!
two_done() {
	[ "$(count '"ph": "X"' "$dir/t.json" 2>/dev/null)" = 2 ] && [ -e "$dir/waits" ]
}
until_true two_done
kill -TERM "$pid"
wait "$pid" 2>/dev/null
is 'one that was told to end closes the bracket' "$?:$(tail -c 2 "$dir/t.json")" '143:]'
rules 'and has the job that it ended' "$dir/t.json"
is 'as cancelled' "$(count '"outcome": "cancelled"' "$dir/t.json")" 1

# --------------------------------------------------------------------------------------- functions

cat >"$dir/plugin.c" <<'END_OF_C'
#include <forkpool_plugin.h>
#include <signal.h>
FORKPOOL_PLUGIN;
FORKPOOL_EXPORT int
job(struct forkpool_context *c, const void *a, size_t n)
{
	if (n == 5 && *(const char *)a == 'c')
		raise(SIGSEGV);
	return forkpool_reply(c, a, n);
}
END_OF_C
# shellcheck disable=SC2086
if ${CC:-cc} -O1 -shared -fPIC -I"${srcdir:-.}/include" -o "$dir/plugin.so" "$dir/plugin.c" 2>/dev/null; then
	# Jobs so short that each begins when the last one ends.
	seq 1 6000 | sed '/[05]00$/s/.*/crash/' >"$dir/items"
	run "$forkpool" -j3 --quiet --json --trace "$dir/t.json" -a "$dir/items" --plugin "$dir/plugin.so:job"
	printf '%s\n' "$out" >"$dir/json"
	rules '6000 runs without a gap, some of which kill their worker' "$dir/t.json" "$dir/json"
	is 'all are there' "$(count '"ph": "X"' "$dir/t.json")" 6000
	is 'and each death once, with its job' "$(sed -n 's/.*"name": "worker died".*"seq": \([0-9]*\).*/\1/p' "$dir/t.json" | sort -n):$(count 'worker.* died' "$dir/t.json")" "$(seq 500 500 6000):12"
else
	echo '# there is no compiler for a plug-in'
fi

# ------------------------------------------------------------------------------------------ trouble

run "$forkpool" --trace "$dir/nowhere/t.json" touch "$dir/ran" ::: a
is 'a file that cannot be made' "$status:$(printf '%s\n' "$err" | grep -c 'nowhere/t.json'):$(ls "$dir/ran" 2>/dev/null)" '1:1:'
if [ -e /dev/full ]; then
	run "$forkpool" --trace /dev/full echo ::: a b c
	is 'a full disk is said once, and jobs run all the same' "$status:$(printf '%s\n' "$out" | wc -l | tr -d ' '):$(printf '%s\n' "$err" | grep -c 'cannot write /dev/full'):$(printf '%s\n' "$err" | wc -l | tr -d ' ')" 1:3:1:1
fi
rm -f "$dir/t.json"
run "$forkpool" --dry-run --trace "$dir/t.json" echo ::: a
is '--dry-run writes none' "$status:$out:$(ls "$dir/t.json" 2>/dev/null)" '0:echo a:'
mkfifo "$dir/pipe"
cat "$dir/pipe" >"$dir/t.json" &
pid=$!
run "$forkpool" --quiet --retries 2 --trace "$dir/pipe" "$dir/job" ::: a fail b
wait "$pid"
rules 'into a pipe' "$dir/t.json"
is 'whole' "$(count '"ph": "X"' "$dir/t.json"):$(tail -c 2 "$dir/t.json")" '4:]'

no_process_left 'no process is left'
done_testing
