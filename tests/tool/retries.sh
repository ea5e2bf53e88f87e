#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# --retries and --retry-delay: who waits for whom, what a stop makes of jobs that wait, and --timeout N%.
# shellcheck disable=SC2016 # the scripts of jobs
. "${srcdir:-.}/tests/support/tool-lib.sh"
cd "$dir" || exit 99

# ------------------------------------------------------------------------------------ --retry-delay

# Its arguments: which jobs fail, and the job.  Each try adds a line to the file "tries".
cat >try <<'END'
#!/bin/sh
echo "$2" >>tries
echo "out $2"
case $1 in *"$2"*) exit 3 ;; esac
END
chmod +x try

# The wait is never over: were it kept in a worker, no other job would run.
run timeout 60 "$forkpool" -k -j1 --retries 2 --retry-delay 1h --halt soon,success=3 ./try ac ::: a b c d e f g
is 'while jobs wait for their next try, others run' "$status:$(tr '\n' ' ' <tries)" '124:a b c d e '
is 'and at the end of the run they have failed' "$err" 'forkpool: job 1: ./try ac a: exit status 3
forkpool: job 3: ./try ac c: exit status 3'
is 'with their output' "$out" 'out a
out b
out c
out d
out e'

rm -f tries
run timeout 60 "$forkpool" -j2 --retries 3 --retry-delay 10ms --joblog log ./try ac ::: a b c
is 'they are tried as often as --retries says' "$status:$(sort tries | tr '\n' ' ')" '123:a a a b c c c '
is 'and have one row each' "$(cut -f1,7 log | sort)" "1	3
2	0
3	3
Seq	Exitval"

# 1 s, and 2 s, at least.
rm -f tries
run "$forkpool" --retries 3 --retry-delay 1 sh -c 'date +%s >>tries; false' -- ::: a
read -r first <tries
ok 'the waits are not shorter than they should be' test $(($(tail -n1 tries) - first)) -ge 3

# All channels have a block that waits for its next try.
run timeout 300 sh -c 'seq 2000 | "$1" -j2 --pipe --block 100 --retries 2 --retry-delay 10ms sh -c '\''
	read -r first; test -e "seen$first" || { : >"seen$first"; exit 1; }; echo "$first"; cat'\' sh "$forkpool"
is 'with --pipe each try has the same block' "$status:$(printf '%s\n' "$out" | sort -n | cksum)" "0:$(seq 2000 | cksum)"

run "$forkpool" --sandbox -j1 --retries 2 --retry-delay 10ms --stdin-from try sh -c 'head -n1; exit 5' -- ::: a
no_sandbox || is 'and with --stdin-from the same file' "$status:$out" '123:#!/bin/sh'

# A token, which the run itself hands out, is not kept while a job waits.
rm -f tries
run timeout 60 "$forkpool" --jobserver -j1 --retries 2 --retry-delay 1h --halt soon,success=2 ./try a ::: a b c
is 'nor has a job that waits a token' "$status:$(tr '\n' ' ' <tries)" '124:a b c '

# -------------------------------------------------------------------------------------------- stops

# The second try of the first job has been handed to the pool, and waits there for the worker.
cat >slow <<'END'
#!/bin/sh
echo "out $1"
[ "$1" != fails ] || exit 3
: >begun
while [ ! -e go ]; do sleep 0.05; done
END
chmod +x slow
told() {
	grep -q 'no more jobs' err
}
# stopped OPTION...: a run that SIGHUP stops while the second job runs
stopped() {
	rm -f begun go
	"$forkpool" -k -j1 --retries 2 "$@" ./slow ::: fails slow never >out 2>err &
	pid=$!
	until_true test -e begun
	kill -HUP "$pid"
	until_true told
	: >go
	wait "$pid"
	status=$?
}
for delay in '' '--retry-delay=1h'; do
	rm -f log json
	# shellcheck disable=SC2086
	stopped $delay --joblog log --results-json json
	is "a job that waits for its next try when the run is stopped has failed${delay:+, $delay}" \
		"$status:$(cat out):$(grep 'job 1' err):$(cut -f1,7 log | tr '\n' ' ')" \
		"129:out fails
out slow:forkpool: job 1: ./slow fails: exit status 3; its output is in json:Seq	Exitval 2	0 "
	run "$forkpool" --dry-run --joblog log --resume ./slow ::: fails slow never
	is 'and --resume runs it again' "$out" './slow fails
./slow never'
	# shellcheck disable=SC2086
	stopped $delay --journal journal
	is 'but not for a journal, whose next run has it again' "$status:$(cat out):$(grep -c 'job 1' err)" 129::0
	: >go
	# shellcheck disable=SC2086
	run timeout 60 "$forkpool" -k -j1 --retries 2 --journal journal ./slow ::: fails slow never
	is 'as often as --retries says' "$status:$out:$err" '123:out fails
out slow
out never:forkpool: job 1: ./slow fails: exit status 3, at attempt 2'
	rm -f journal
done

# ------------------------------------------------------------------------------------- --timeout N%

# Only the end of the quick job lets the run know of any limit, and only that limit ends the others, which run already.
run timeout 60 "$forkpool" -j3 --timeout 300% --joblog log sleep ::: 3600 0.2 3600
is '--timeout N% ends jobs that ran before the median was known' \
	"$status:$(printf '%s\n' "$err" | grep -c 'sleep 3600: timed out after'):$(cut -f1,7,8 log | sort | tr '\n\t' ' :')" \
	'123:2:1:-1:15 2:0:0 3:-1:15 Seq:Exitval:Signal '
run timeout 60 "$forkpool" -j2 --timeout 1000% --retries 2 sleep ::: 0.1 3600
is 'and such a job can be tried again' "$status:$(printf '%s\n' "$err" | grep -c 'timed out after .*, at attempt 2')" 123:1
# A job that has failed does not count: no limit ends the second.
run timeout 60 "$forkpool" -j2 --timeout 101% sh -c 'test "$0" != fails || exit 3; sleep 0.5' ::: fails slow
is 'of jobs that succeed' "$status:$(printf '%s\n' "$err" | grep -c 'exit status 3'):$(printf '%s\n' "$err" | wc -l)" 123:1:1
run timeout 60 "$forkpool" --compat=parallel -j2 --timeout 1000% sleep ::: 0.1 3600
is 'as parallel too' "$status" 1
no_process_left 'no process is left at the end'
done_testing
