#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The command with --journal once more: while processes of a killed run live on, and for the jobs
# that failed.
# Run in the build directory.
srcdir=$(cd "${srcdir:-.}" && pwd)
# shellcheck source=tests/support/tool-lib.sh
. "$srcdir/tests/support/tool-lib.sh"
[ -x "$forkpool" ] || skip_all 'the command is not built'
[ -r /proc/self/environ ] || skip_all 'processes cannot be found by their environment here'
cd "$dir" || exit 99

# --------------------------------------------------------------- processes of a killed run live on

# A job notes that it runs, waits until the file "go" is there, and writes its number.
cat >job <<'END'
#!/bin/sh
echo "$1" >>ran
until [ -e go ]; do sleep 0.1; done
echo "$1"
END
chmod +x job
seq 6 >items

# child_of PID: its only child
child_of() {
	for child in /proc/[0-9]*/status; do
		[ "$(sed -n 's/^PPid:[[:space:]]*//p' "$child")" != "$1" ] || echo "${child%/status}"
	done 2>/dev/null | sed 's,.*/,,'
}
run_lines() {
	[ "$(wc -l <ran)" -ge "$1" ]
}
# It looks every 10 ms whether the journal is free.
waits_or_begins() {
	[ "$(wc -l <ran)" -gt 2 ] || [ "$(sed -n 's/^voluntary_ctxt_switches:[[:space:]]*//p' "/proc/$tool/status")0" -gt 1000 ]
} 2>/dev/null

has_ended() {
	! grep '^State:' "/proc/$tool/status" | grep -qv Z
} 2>/dev/null

# survives NAME COMMAND...: the tool is killed and its supervisor is too slow to end the jobs.  The next run must not
# begin them again as long as they live.
survives() {
	name=$1
	shift
	rm -f go journal
	: >ran
	"$forkpool" -j2 --retries 2 "$@" >out 2>err &
	tool=$!
	if ! until_true run_lines 2; then
		report "$name: jobs begin" 1
		kill -KILL $tool
		return
	fi
	supervisor=$(child_of $tool)
	kill -STOP "$supervisor"
	kill -KILL $tool
	# Nobody has waited for it: that it is still in the table of processes does not make it a runner.
	until_true has_ended
	"$forkpool" -j2 --retries 2 "$@" >>out 2>err &
	tool=$!
	until_true waits_or_begins
	is "$name: as long as its jobs live the next run begins none" "$(sort ran | tr '\n' ' '):$(cat err)" '1 2 :'
	kill -CONT "$supervisor"
	until_true run_lines 4
	: >go
	wait $tool
	is "$name: then it goes on" "$?:$(sort ran | tr '\n' ' '):$(sort out | tr '\n' ' '):$(cat err)" \
		'0:1 1 2 2 3 4 5 6 :1 2 3 4 5 6 :'
}
survives 'commands' --journal journal -a items ./job
shared jobs -fvisibility=hidden <<'EOS'
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include <forkpool_plugin.h>

FORKPOOL_PLUGIN;

/* What ./job does. */
FORKPOOL_EXPORT int
job(struct forkpool_context *context, const void *item, size_t len)
{
	int ran = open("ran", O_WRONLY | O_APPEND);

	if (ran == -1 || dprintf(ran, "%.*s\n", (int)len, (const char *)item) < 0 || close(ran) == -1)
		return 1;
	while (access("go", F_OK) == -1)
		(void)usleep(100000);
	char line[32];
	return forkpool_reply(context, line, (size_t)snprintf(line, sizeof line, "%.*s\n", (int)len,
	    (const char *)item));
}
EOS
survives "a plug-in's functions" --journal journal -a items --plugin ./jobs.so:job
survives "a plug-in's functions in processes of their own" --journal journal -a items --plugin ./jobs.so:job --pids 50

# --------------------------------------------------------------------------------- what has failed

# A job writes its number and how often it has run.  It fails as long as there is a file failN; where there is a file
# killN, it kills the tool once, when the output has as many lines as killN says.
cat >job <<'EOS'
#!/bin/sh
echo "$1" >>ran
if [ -e "kill$1" ]; then
	until [ "$(wc -l <out)" -eq "$(cat "kill$1")" ]; do sleep 0.05; done
	rm "kill$1"
	kill -KILL "$TOOL"
	exec sleep 60
fi
echo "$1 $(grep -cx "$1" ran)"
[ ! -e "fail$1" ]
EOS

# new_journal FAILING...: no run yet
new_journal() {
	rm -f journal joblog results fail* kill*
	: >ran
	: >out
	for each in "$@"; do : >"fail$each"; done
}
# go OPTIONS...: one more run; sets $status, and $err without the lines about jobs
go() {
	before=$(wc -l <ran)
	# shellcheck disable=SC2016 # the inner shell sets it
	sh -c 'TOOL=$$ exec "$@"' sh "$forkpool" -j1 $order "$@" --journal journal --joblog joblog \
		--results-json results -a items ./job >>out 2>err </dev/null
	status=$?
	err=$(grep -v '^forkpool: job ' err)
	began=$(tail -n +$((before + 1)) ran | tr '\n' ' ')
}
# recorded: the numbers of the joblog and of the results, which are to be the same
recorded() {
	tail -n +2 joblog | cut -f1 | tr '\n' ' '
	sed 's/^{"seq": \([0-9]*\),.*/\1/' results | tr '\n' ' '
}
output() {
	tr '\n' ',' <out
}

for order in -k ''; do
	seq 4 >items
	new_journal 2 3
	go
	is "$order two fail" "$status:$began" '123:1 2 3 4 '
	go
	is "$order a run with nothing left says so" "$status:$began:$err" \
		'123::forkpool: --journal journal: 4 jobs are done, and 2 of them failed; --retry-failed runs those again'
	go --quiet
	is "$order but not with --quiet" "$status:$err" 123:
	rm fail2
	seq 6 >items
	go --retry-failed
	is "$order --retry-failed runs what failed and nothing else" "$status:$began:$err" '123:2 3 :'
	rm fail3
	go --resume-failed
	is "$order --resume-failed runs what failed and the rest" "$status:$began:$err" '0:3 5 6 :'
	is "$order each result is out once" "$(output)" '1 1,2 1,3 1,4 1,2 2,3 2,3 3,5 1,6 1,'
	is "$order and recorded once" "$(recorded)" '1 2 3 4 2 3 3 5 6 1 2 3 4 2 3 3 5 6 '
	for each in --retry-failed --resume-failed ''; do
		go $each
		is "$order then ${each:-no option} has nothing to do" "$status:$began:$err" \
			'0::forkpool: --journal journal: 6 jobs are done'
	done
	: >out
	go
	is "$order an output that was emptied gets all of them again" "$status:$began:$(output)" \
		'0::1 1,2 1,3 1,4 1,2 2,3 2,3 3,5 1,6 1,'

	# Killed while it runs again what failed: the next run goes on with that, asked or not.
	for last in '' --retry-failed --resume-failed; do
		seq 5 >items
		new_journal 1 2 3 4 5
		go
		rm fail*
		echo 7 >kill3
		go --retry-failed --retries 2
		is "$order killed in --retry-failed" "$status:$began" '137:1 2 3 '
		go $last --retries 2
		is "$order killed, and then ${last:-no option} goes on" "$status:$began:$err" '0:3 4 5 :'
		is "$order each result is out once" "$(output)" '1 1,2 1,3 1,4 1,5 1,1 2,2 2,3 3,4 2,5 2,'
		is "$order and recorded once" "$(recorded)" '1 2 3 4 5 1 2 3 4 5 1 2 3 4 5 1 2 3 4 5 '
	done

	# A run that was killed in the middle of its input, where some had failed.
	seq 5 >items
	new_journal 1
	echo 2 >kill3
	go
	rm fail1
	go --retry-failed
	is "$order --retry-failed goes no further than the run that was killed" "$status:$began" '0:1 3 '
	is "$order and the job that was lost is in order" "$(output)" \
		"$([ -n "$order" ] && echo '1 1,2 1,3 2,1 2,' || echo '1 1,2 1,1 2,3 2,')"
	go
	is "$order the rest is left for a run without it" "$status:$began:$(tail -n 2 out | tr '\n' ',')" '0:4 5 :4 1,5 1,'

	# Other input is refused before anything is noted.
	new_journal 2
	go
	printf '1\n2\n3\n4\n6\n' >items
	go --retry-failed
	is "$order --retry-failed with other input" "$status:$began:$err" \
		'1::forkpool: --journal journal: job 5 was another one when it was begun: the input has changed'
	seq 5 >items
	go
	is "$order after that nothing is run again without asking" "$status:$began" 123:
	printf '1\n7\n3\n4\n5\n' >items
	go --retry-failed
	is "$order a job that failed is compared too" "$status:$began:$err" \
		'1::forkpool: --journal journal: job 2 was another one when it was begun: the input has changed'
done
order=
new_journal
seq 3 >items
go --retry-failed
is '--retry-failed without a journal' "$status:$began:$err:$(ls journal 2>/dev/null)" \
	'1::forkpool: --retry-failed: cannot read the journal journal: No such file or directory:'
go
run "$forkpool" --journal journal --resume -a items ./job
is '--resume is for a joblog' "$status:$err" \
	'1:forkpool: --journal and --resume exclude each other: a journal knows by itself what is left to do'
run "$forkpool" --journal journal --retry-failed
is '--retry-failed with a journal needs the command' "$status:$err" \
	'1:forkpool: no command is given: forkpool [options] command [args] [::: item...]'

# Blocks of --pipe, and a plug-in's functions.
: >failing
pipe_job='n=$(wc -l); echo "$n"; [ ! -e failing ]'
seq 100 | "$forkpool" --pipe --block 100 -k --journal piped sh -c "$pipe_job" >out 2>err
is '--pipe: all fail' "$?:$(output)" '123:36,33,31,'
rm failing
seq 100 | "$forkpool" --pipe --block 100 -k --journal piped --retry-failed sh -c "$pipe_job" >>out 2>err
is '--pipe: they are run again with their blocks' "$?:$(output)" '0:36,33,31,36,33,31,'
no_process_left 'nothing is left'
done_testing
