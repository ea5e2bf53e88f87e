#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Few descriptors and few processes: as many jobs run as there is room for, all come to their end, and it is said.
# shellcheck disable=SC2016 # the scripts of jobs
# shellcheck disable=SC3045 # ulimit -n, -S and -H are in every sh that this runs with
. "${srcdir:-.}/tests/support/tool-lib.sh"
# A plug-in whose function tells its limit on open files.
shared limit <<'END'
#include <forkpool_plugin.h>
#include <stdio.h>
#include <sys/resource.h>
FORKPOOL_PLUGIN;
FORKPOOL_EXPORT int
limit(struct forkpool_context *c, const void *a, size_t n)
{
	struct rlimit files;
	char text[64];
	(void)a, (void)n;
	getrlimit(RLIMIT_NOFILE, &files);
	return forkpool_reply(c, text, (size_t)snprintf(text, sizeof text, "%d\n", (int)files.rlim_cur));
}
END
cd "$dir" || exit 99
all=$(seq 300 | cksum)

# -------------------------------------------------------------------------------------- open files

# limited SOFT HARD OPTION...: 300 jobs that tell their limits, which must be the user's.
limited() {
	soft=$1
	hard=$2
	shift 2
	(ulimit -Sn "$soft" && ulimit -Hn "$hard" && seq 300 | timeout 300 "$forkpool" "$@" \
		sh -c 'echo "$0 $(ulimit -Sn) $(ulimit -Hn)"' >out 2>err)
	status=$?
	is "$soft of $hard open files, $*: all run, with the limits of the user" \
		"$status:$(cut -d' ' -f1 out | sort -n | cksum):$(cut -d' ' -f2- out | sort -u)" "0:$all:$soft $hard"
}
if (ulimit -Sn 64 && ulimit -Hn 4096) 2>/dev/null; then
	for options in '-j200' '-j0' '-j200 -u' '-j50 --jobserver' '-j50 --jobserver -u' \
		'-j50 --jobserver --jobserver-style=fifo'; do
		for soft in 64 256; do
			# shellcheck disable=SC2086
			limited "$soft" 4096 $options
			is 'and nothing is to be said' "$(cat err)" ''
		done
	done
fi
for hard in 64 128; do
	for options in '-j200' '-j200 -u' '-j50 --jobserver' '-j50 --jobserver -u' \
		'-j50 --jobserver --jobserver-style=fifo'; do
		# shellcheck disable=SC2086
		limited "$hard" "$hard" $options
		is 'and it is said that fewer run at a time' \
			"$(wc -l <err | tr -d ' '):$(grep -c "only $hard files may be open (ulimit -n): that is enough for" err)" 1:1
	done
done
# In a sandbox a channel has most: two pipes and a socket over which the input comes.
run sh -c 'ulimit -Sn 64 && ulimit -Hn 4096 && seq 200 |
	timeout 300 "$0" -j200 --sandbox --stdin-from "$1" sh -c '\''read -r x; echo "$x" >&2'\' "$forkpool" "$dir/out"
if ! no_sandbox; then
	is 'in a sandbox' "$status:$(printf '%s\n' "$err" | sort -u | wc -l | tr -d ' '):$(printf '%s\n' "$err" | grep -c 'ulimit')" 0:1:0
fi
# Blocks of --pipe.
seq 3000 >input
(ulimit -Sn 64 && timeout 300 "$forkpool" -j200 --pipe --block 20 cat <input 2>err | sort -n | cmp - input)
is 'blocks' "$?:$(cat err)" 0:

# A plug-in.
(ulimit -Sn 64 && seq 300 | timeout 300 "$forkpool" -j200 --plugin "$dir/limit.so:limit" >out 2>err)
is 'a plug-in' "$?:$(sort out | uniq -c | tr -d ' \n'):$(cat err)" 0:30064:

# --------------------------------------------------------------------------------------- processes

# Root's processes are not counted, and those of others are all that they have: a user who has none.
user=54329
if [ "$(id -u)" -ne 0 ] || ! command -v prlimit >/dev/null || ! command -v setpriv >/dev/null ||
	[ -n "$(ps -o pid= -u "$user" 2>/dev/null)" ] ||
	! setpriv --reuid="$user" --regid="$user" --clear-groups "$forkpool" true ::: a 2>/dev/null; then
	echo '# few processes: only as root, with prlimit and setpriv, and where another user can run the command'
	done_testing
fi
chmod 755 "$dir"
few() { # PROCESSES OPTION...
	processes=$1
	shift
	seq 300 | timeout 300 prlimit --nproc="$processes" setpriv --reuid="$user" --regid="$user" --clear-groups \
		"$forkpool" "$@" >out 2>err
	status=$?
}
# The workers alone are too many.
for n in 6 12 20; do
	few "$n" -j40 echo
	is "$n processes: all jobs run" "$status:$(sort -n out | cksum)" "0:$all"
	is 'and it is said that fewer run at a time' \
		"$(wc -l <err | tr -d ' '):$(grep -c 'no more processes can be had for 40 jobs at a time (ulimit -u' err)" 1:1
done
few 12 -j40 --jobserver echo
is 'with a jobserver' "$status:$(sort -n out | cksum):$(wc -l <err | tr -d ' ')" "0:$all:1"
few 12 -j40 --plugin "$dir/limit.so:limit"
is 'a plug-in has more workers, since its functions need no process' \
	"$status:$(wc -l <out | tr -d ' '):$(grep -c ': \([5-9]\|1[0-9]\) run at a time' err)" 0:300:1
# There is room for the workers, and for few jobs beside them.  How many fail to begin is a matter of chance.
for n in 26 30 36; do
	few "$n" -j20 sh -c 'echo "$0"'
	is "$n processes for 20 workers and their jobs: all jobs run" "$status:$(sort -n out | cksum)" "0:$all"
	is 'and it is said once, if at all' "$(grep -vc 'no process was to be had for a job (ulimit -u' err):$(($(wc -l <err) < 2))" 0:1
done
# A shortage that begins and ends while jobs run: none fails, no more of the input is taken meanwhile, and it is said.
if [ -x /usr/bin/python3 ]; then
	cat >hog.py <<'END'
import os, signal, time
# Takes each process that this user can have, for three seconds.
children = []
until = time.monotonic() + 3
while time.monotonic() < until:
    try:
        pid = os.fork()
    except BlockingIOError:
        time.sleep(0.001)
        continue
    if pid == 0:
        signal.alarm(60)
        signal.pause()
    children.append(pid)
for pid in children:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
END
	chmod 644 hog.py
	: >err
	seq 1500 | timeout 300 prlimit --nproc=30 setpriv --reuid="$user" --regid="$user" --clear-groups \
		"$forkpool" -t -n0 -j4 sleep 0.01 >out 2>err &
	pid=$!
	until_true grep -q sleep err
	prlimit --nproc=30 setpriv --reuid="$user" --regid="$user" --clear-groups /usr/bin/python3 hog.py
	shown=$(grep -c sleep err)
	wait "$pid"
	is 'a shortage that comes and goes: all jobs run, each shown once' "$?:$(grep -c '^sleep 0.01$' err)" 0:1500
	is 'one line tells of it' "$(grep -v '^sleep' err)" \
		'forkpool: no process was to be had for a job (ulimit -u, or the pids.max of a control group): fewer run at a time'
	ok 'none begins meanwhile' test "$shown" -lt 1400
fi
seq 300 >input
chmod 644 input
timeout 300 prlimit --nproc=28 setpriv --reuid="$user" --regid="$user" --clear-groups \
	"$forkpool" -j20 --pipe --block 10 cat <input 2>err | sort -n >out
is 'with --pipe each job has its block' "$(cksum <out)" "$all"
no_process_left 'no process is left at the end'
done_testing
