#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# --mem and --pids with control groups that the command makes: what they hold, and that no group stays behind.
# shellcheck disable=SC2016 # the commands expand what stands in quotes
. "${srcdir:-.}/tests/support/tool-lib.sh"
chmod 755 "$dir"
if [ -n "${SANITIZE_CFLAGS:-}" ]; then skip_all 'memory is the sanitizer'\''s: no limits'; fi

# The directory in which a run makes its group for that controller, if it can.
group_directory() { # CONTROLLER
	path=$(sed -n "s/^[0-9]*:\([^:]*,\)\{0,1\}$1\(,[^:]*\)\{0,1\}://p" /proc/self/cgroup 2>/dev/null)
	if [ -n "$path" ] && [ -d "/sys/fs/cgroup/$1" ]; then
		echo "/sys/fs/cgroup/$1${path%/}"
	fi
}
memory=$(group_directory memory)
pids=$(group_directory pids)
may_make() { # DIRECTORY
	[ -n "$1" ] && mkdir "$1/forkpool-test-$$" 2>/dev/null && rmdir "$1/forkpool-test-$$"
}
if may_make "$memory" && may_make "$pids"; then
	# Version 1, and we may.  A group of our own, so that no run but ours is in it.
	outside="$memory $pids"
	# Also where this ends early: whatever is in the groups ends before they can go.
	group_gone() { # GROUP
		rmdir "$1" 2>/dev/null || [ ! -d "$1" ]
	}
	leave() {
		cleanup
		for directory in $outside; do
			echo $$ >"$directory/cgroup.procs"
			for group in "$directory/cgroup-test-$$"/*/ "$directory/cgroup-test-$$"; do
				until_true group_gone "$group"
			done
		done
	}
	trap leave EXIT
	memory=$memory/cgroup-test-$$ pids=$pids/cgroup-test-$$
	mkdir "$memory" "$pids" && echo $$ >"$memory/cgroup.procs" && echo $$ >"$pids/cgroup.procs"
else
	# Version 2: whether we may is for the command to find out.
	run "$forkpool" --mem 64M cat /proc/self/cgroup -- ::: -
	case $out in
	*/forkpool-run-*) memory=/sys/fs/cgroup$(echo "$out" | sed -n 's/^0:://p' | sed 's|/forkpool-run-.*||') ;;
	*) skip_all 'no control group can be made here' ;;
	esac
	pids=$memory
fi
groups() {
	find "$memory" "$pids" -maxdepth 1 -name 'forkpool-*' 2>/dev/null | sort -u
}
no_groups() {
	[ -z "$(groups)" ]
}

# ------------------------------------------------------------------------------------ what they hold

cp tests/support/holding "$dir/" || exit 99
for level in '' "--sandbox --readable $dir"; do
	# shellcheck disable=SC2086
	run "$forkpool" --mem 64M $level "$dir/holding" pairs -- ::: -
	no_sandbox || is "what the kernel keeps for a job counts ($level)" \
		"$status:$out:$(echo "$err" | grep -c 'went over its memory limit')" 123::1
done
# The pages of a file are the system's, to be had again from the file.  They count for the group that read them first,
# so they are let go before; a tmpfs has no other place for them.
head -c 200M /dev/zero >"$dir/large"
chmod 644 "$dir/large"
uncached() {
	dd if=/dev/null of="$dir/large" count=0 oflag=nocache conv=notrunc,fdatasync 2>/dev/null
}
for level in '' "--sandbox --readable $dir"; do
	uncached
	# shellcheck disable=SC2086
	run "$forkpool" --mem 64M $level "$dir/holding" file "$dir/large" -- ::: -
	no_sandbox || is "what a job maps of a file and reads does not ($level)" "$status:$out:$err" 0:200:
done
if [ -n "${outside-}" ] && [ "$(stat -f -c %T "$dir")" != tmpfs ] && uncached; then
	run "$forkpool" --mem 64M sh -c '"$0" file "$1" && cd "/sys/fs/cgroup/memory$(
		sed -n "s/^[0-9]*:memory://p" /proc/self/cgroup)" && cat memory.max_usage_in_bytes' "$dir/holding" "$dir/large" -- ::: -
	is 'though its group is full of that' "$status:$(echo "$out" | awk '$1 > 64 * 1048576' | wc -l):$err" 0:1:
fi
rm "$dir/large"
# The system ends one of them, and the job has to mind: one that exits with 0 is all right, whatever it met with.
run "$forkpool" --mem 64M sh -c 'all=
	for i in 1 2 3 4; do
		dd if=/dev/zero bs=40M count=1 2>/dev/null | { sleep 1; [ "$(wc -c)" -eq 41943040 ]; } &
		all="$all $!"
	done
	for i in $all; do wait "$i" || exit 1; done' ::: 1
is 'all processes of a job count together' "$status:$(echo "$err" | grep -c 'went over its memory limit')" 123:1
for level in '' --sandbox; do
	# shellcheck disable=SC2086
	run "$forkpool" --pids 3 --mem 64M $level sh -c 'for i in 1 2 3 4 5; do sleep 1 & done; wait' ::: 1
	no_sandbox || is "--pids holds ($level)" "$status:$(echo "$err" | grep -c 'went over its processes limit')" 123:1
done
case $(id -u) in
0)
	# What the kernel keeps is given back late: it may find nobody to kill but the worker.
	run "$forkpool" --mem 64M "$dir/holding" pairs worker -- ::: -
	is 'a worker that is killed for its job'\''s memory: the job went over its limit' \
		"$status:$(echo "$err" | grep -c 'went over its memory limit: killed by signal 9')" 123:1
	# Version 1, delegated to an ordinary user.
	if [ "$memory" != "$pids" ] && command -v setpriv >/dev/null; then
		mkdir "$memory/test-$$" && chown -R 54321 "$memory/test-$$"
		run sh -c 'echo $$ >"$0/cgroup.procs"; exec setpriv --reuid 54321 --regid 54321 --clear-groups "$@"' \
			"$memory/test-$$" "$forkpool" --mem 64M "$dir/holding" pairs -- ::: -
		is 'a group that was delegated holds a user' \
			"$status:$out:$(echo "$err" | grep -c 'went over its memory limit')" 123::1
		ok 'and is empty then' rmdir "$memory/test-$$"
	fi
	;;
esac
run "$forkpool" --pids 3 sh -c 'sleep 0 & wait' ::: 1 2 3 4
is 'and lets be what stays below it' "$status:$err" 0:

# ---------------------------------------------------------------------------- what is left of groups

is 'no group is left' "$(groups)" ''
run "$forkpool" cat /proc/self/cgroup -- ::: -
is 'without a limit no group is made' "$(echo "$out" | grep -c forkpool-)" 0

begin() { # a run that does not end by itself; $running is its number
	rm -f "$dir/began"
	"$forkpool" --pids 9 --mem 64M sh -c ': >"$0"; exec sleep 600' ::: "$dir/began" 2>/dev/null &
	running=$!
	until_true test -e "$dir/began"
}
begin
ok 'while it runs there is one' test -n "$(groups)"
kill -TERM $running
kill -TERM $running
wait $running 2>/dev/null
is 'after SIGTERM no group is left' "$(groups)" ''
begin
kill -INT $running
kill -TERM $running
kill -TERM $running
wait $running 2>/dev/null
is 'after SIGINT and SIGTERM no group is left' "$(groups)" ''
begin
kill -KILL $running
wait $running 2>/dev/null
no_process_left 'a run that is killed leaves no process'
begin
first=$(groups)
run "$forkpool" --pids 9 --mem 64M true ::: 1
is 'a run leaves alone what another one has' "$(groups)" "$first"
kill -TERM $running
kill -TERM $running
wait $running 2>/dev/null
is 'the run after one that was killed removes what that left' "$(groups)" ''
done_testing
