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
no_process_left 'nothing is left'
done_testing
