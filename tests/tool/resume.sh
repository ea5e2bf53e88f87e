#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Nothing is lost by a run that ends in the middle and goes on with --resume: a line of the joblog is
# written when the output of its job is out, and only for jobs that ended by themselves.
# shellcheck disable=SC1091,SC1083,SC2016,SC2094
. "${srcdir:-.}/tests/support/tool-lib.sh"
[ -x "$forkpool" ] || skip_all 'the command is not built'
cd "$dir" || exit 99

# rows JOBLOG: the numbers of its jobs
rows() {
	tail -n +2 "$1" | cut -f 1 | tr '\n' ' '
}

# A job that prints its item; "wait" waits until there is a file go.
cat >job <<'SCRIPT'
#!/bin/sh
echo "begin $1" >>begun
while [ "$1" = wait ] && ! [ -e go ]; do sleep 0.05; done
echo "out $1"
SCRIPT
chmod +x job

# begun COUNT ITEM: so many jobs of that item have begun
begun() {
	[ "$(cat begun 2>/dev/null | grep -c "begin $2")" -ge "$1" ]
}

# ---------------------------------------------------------------- killed while output waits for its turn

# Job 1 is not done, so that with -k the output of 2 and 3, which are, waits.
again() {
	rm -f begun go log out
}

# kill_it: SIGKILL to the tool in the background
kill_it() {
	kill -KILL "$tool"
	wait "$tool" 2>/dev/null
}

# all_ended: jobs 2 and 3 have ended, as the records tell that do not wait
all_ended() {
	[ "$(cat objects 2>/dev/null | grep -c '"outcome": "ok"')" -eq 2 ]
}

again
"$forkpool" -k -j3 --joblog log --results-json objects ./job ::: wait 2 3 >out 2>/dev/null &
tool=$!
ok '-k: jobs have ended before their turn' until_true all_ended
is 'they have no line, as their output is not out' "$(rows log)" ''
kill_it
: >go
run "$forkpool" -k -j3 --joblog log --resume ./job ::: wait 2 3
is 'the next run has the output of all' "$status:$out" '0:out wait
out 2
out 3'
is 'and their lines, in the order of the output' "$(rows log)" '1 2 3 '

# --------------------------------------------------------------------------- killed by a slow reader

# The reader takes a byte and waits: of the 200 KB of job 1 not all goes into the pipe.
cat >large <<'SCRIPT'
#!/bin/sh
[ "$1" = small ] && echo small || head -c 200000 /dev/zero | tr '\0' "$1"
SCRIPT
chmod +x large
again
rm -f objects
mkfifo pipe
"$forkpool" -j1 --joblog log --results-json objects ./large ::: a small >pipe 2>/dev/null &
tool=$!
exec 3<pipe
ok 'without -k: jobs have ended' until_true all_ended
is 'their output is not taken: no line' "$(rows log)" ''
kill_it
exec 3<&-
"$forkpool" -j1 --joblog log --resume ./large ::: a small >out
is 'the next run has all of it' "$?:$(wc -c <out | tr -d ' '):$(rows log)" '0:200006:1 2 '

again
rm -f objects
"$forkpool" -j1 --joblog log --results-json objects ./large ::: a small >pipe &
tool=$!
cat pipe >out
wait "$tool"
is 'one that is taken has its lines' "$?:$(wc -c <out | tr -d ' '):$(rows log)" '0:200006:1 2 '

# ------------------------------------------------------------------ standard output that takes no more

if [ -w /dev/full ]; then
	again
	: >go
	run sh -c '"$0" -j1 --joblog log ./job ::: 1 2 >/dev/full' "$forkpool"
	is 'a full disk: no line' "$status:$(rows log)" '1:'
	run "$forkpool" -j1 --joblog log --resume ./job ::: 1 2
	is 'and both run again' "$out" 'out 1
out 2'
fi
again
"$forkpool" -j1 -k --joblog log sh -c 'echo "$0"; until [ "$0" = 1 ] || [ -e gone ]; do sleep 0.05; done' \
	::: 1 2 3 4 5 6 7 8 9 2>/dev/null | {
	head -n 1 >out
	exec <&-
	: >gone
}
ok 'a reader that goes: some jobs have no line' test "$(rows log | wc -w)" -lt 9

# ------------------------------------------------------------------- jobs that the user interrupted

# interrupted NAME SIGNAL...: a run that gets these while its second job runs; it runs again
interrupted() {
	again
	name=$1
	shift
	# Commands in the background of a script have SIGINT ignored: env sets it right where it can.
	env --default-signal=INT "$forkpool" -j1 --joblog log ./job ::: 1 wait 3 >out 2>err &
	tool=$!
	until_true begun 1 wait
	for signal; do
		kill -s "$signal" "$tool"
		until_true grep -q "$(said "$signal")" err
	done
	wait "$tool"
	is "$name: the job has no line" "$(rows log)" '1 '
	: >go
	run "$forkpool" -j1 --joblog log --resume ./job ::: 1 wait 3
	is "$name: and runs again" "$status:$out:$(rows log)" '0:out wait
out 3:1 2 3 '
}
said() {
	case $1 in
	INT) echo 'no more jobs are started' ;;
	*) echo 'running jobs get SIGTERM' ;;
	esac
}
interrupted 'SIGTERM' TERM
if env --default-signal=INT true 2>/dev/null; then
	interrupted 'SIGINT, then SIGTERM' INT TERM
fi
again
run "$forkpool" -j2 --halt now,fail=1 --joblog log sh -c 'if [ "$0" = 2 ]; then until grep -q 1 begun 2>/dev/null; do sleep 0.05; done; exit 3; fi
echo "$0" >>begun; while ! [ -e go ]; do sleep 0.05; done; echo "$0"' ::: 1 2
is '--halt now: only the one that failed has a line' "$status:$(rows log)" '124:2 '
: >go
run "$forkpool" -j2 --joblog log --resume sh -c 'echo "$0"' ::: 1 2
is 'and the other runs again' "$status:$out" '0:1'

# ---------------------------------------------------------------------- output that could not be kept

# A disk for waiting output that is full: the job's line would say that it is done.
if mkdir tiny && mount -t tmpfs -o size=64k none tiny 2>/dev/null; then
	again
	TMPDIR=$dir/tiny
	export TMPDIR
	run "$forkpool" -j1 -k --joblog log sh -c 'head -c 30000000 /dev/zero' ::: 1
	unset TMPDIR
	umount tiny
	is 'output that cannot be kept: no line' "$status:$(rows log)" '1:'
fi

# ----------------------------------------------------------------------------------- other commands

# resumed ARGUMENT...: one more run with the joblog of the first
rm -f log
run "$forkpool" -j1 --joblog log sh -c '[ "$1" != b ]' sh ::: a b 'c  d'
cp log first
resumed() {
	cp first log
	run "$forkpool" -j1 --joblog log "$@"
}
resumed --resume sh -c '[ "$1" != b ]' sh ::: a b 'c  d' e
is '--resume with the same commands, and more' "$status:$err:$(rows log)" '0::1 2 3 4 '
resumed --resume sh -c '[ "$1" != b ]' sh ::: a x 'c  d' e
is '--resume with another command' "$status:$err:$(rows log)" \
	'0:forkpool: --joblog log: job 2 is passed over, and in line 3 it is another command: the input has to be the same:1 2 3 4 '
resumed --resume sh -c '[ "$1" != b ]' sh ::: 0 a b 'c  d'
is '--resume with a shifted input' "$status:$err:$(rows log)" \
	'0:forkpool: --joblog log: job 1 is passed over, and in line 2 it is another command: the input has to be the same
forkpool: --joblog log: 3 jobs that were passed over have other commands now:1 2 3 4 '
resumed --resume-failed sh -c '[ "$1" != x ]' sh ::: a b 'c  d'
is '--resume-failed with a command that was mended' "$status:$err:$(rows log)" \
	'0:forkpool: --joblog log: job 1 is passed over, and in line 2 it is another command: the input has to be the same
forkpool: --joblog log: 2 jobs that were passed over have other commands now:1 2 3 2 '
resumed --resume-failed sh -c '[ "$1" != b ]' sh ::: a x 'c  d'
is '--resume-failed: a job that runs again may be another' "$status:$err:$(rows log)" '0::1 2 3 2 '
resumed --compat=parallel --resume 'true' ::: a b c
is '--compat=parallel goes by the numbers alone' "$status:$err" '0:'
rm log
run "$forkpool" -j2 --joblog log --shell 'echo "$1
"' ::: a "it's"
run "$forkpool" -j2 --joblog log --resume --shell 'echo "$1
"' ::: a "it's"
is '--resume: newlines and quotes' "$status:$err" '0:'
rm log
run "$forkpool" -j2 --joblog log echo {%} {#} {} ::: a b c
run "$forkpool" -j2 --joblog log --resume echo {%} {#} {} ::: a b c
is '--resume: the number of a slot may be another' "$status:$err" '0:'
run "$forkpool" --dry-run --joblog log --resume echo {#} ::: a b c
is '--dry-run --resume says it too' "$status:$(printf '%s\n' "$err" | wc -l)" 0:2

# ------------------------------------------------------------------------------------- --joblog -

run "$forkpool" -j1 --joblog - echo ::: a b
is '--joblog -: lines on standard output, behind the output' "$status:$(printf '%s\n' "$out" | cut -f 1,9 | tr '\t' ' ')" '0:Seq Command
a
1 echo a
b
2 echo b'
ok 'and there is no file of that name' test ! -e -
run "$forkpool" -j1 --joblog +- echo ::: a
is '--joblog +- too' "$status:$(printf '%s\n' "$out" | wc -l | tr -d ' '):$(ls ./- 2>/dev/null)" 0:3:
for option in --resume --resume-failed --journal=j; do
	run "$forkpool" --joblog - $option echo ::: a
	is "--joblog - and $option" "$status:$err" '1:forkpool: --joblog - is standard output, and to go on from a joblog it must be a file'
done
run "$forkpool" --results-json - echo ::: a
is '--results-json - names --json' "$status:$err" "1:forkpool: --results-json -: --json puts the objects on standard output, in the place of the jobs' output"
for option in results trace metrics-file report journal; do
	run "$forkpool" --$option - echo ::: a
	is "--$option -" "$status:$err" "1:forkpool: --$option -: it must be a file with a name (./- is one)"
done

# ------------------------------------------------------------------- -u, and a reader that has gone

cat >numbers <<'SCRIPT'
#!/bin/sh
i=0
while i=$((i + 1)) && [ $i -lt 100000 ]; do echo $i || exit; done
SCRIPT
chmod +x numbers
{ ./numbers 2>/dev/null | "$forkpool" -j2 -n1 -u echo 2>err; echo "$?" >status; } | head -n 1 >out
is '-u: the run ends with its reader, silently' "$(cat status):$(cat err)" '141:'
ok '-u: and has not run all jobs' test "$(wc -l <out)" -eq 1
# Jobs that fail by themselves, and jobs that print nothing, are not ended by that.
run sh -c '"$0" -j1 -u sh -c "exit 0" ::: 1 2 3 | true' "$forkpool"
is '-u: jobs that print nothing' "$status:$err" '0:'

no_process_left 'no process is left'
done_testing
