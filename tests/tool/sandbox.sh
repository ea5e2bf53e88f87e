#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# --env, --stdin-from, --stack, --uid: what jobs get, with and without --sandbox.
# shellcheck disable=SC2016 # the commands expand what stands in quotes
. "${srcdir:-.}/tests/support/tool-lib.sh"
chmod 755 "$dir"
hide=$PWD/tests/vm/hide
cd "$dir" || exit 99
mkdir in w
chmod 777 w

# ------------------------------------------------------------------------------------- environment

export FORKPOOL_TEST_A=a FORKPOOL_TEST_B=b
show='echo "$FORKPOOL_TEST_A,$FORKPOOL_TEST_B,$FORKPOOL_TEST_C"'
run "$forkpool" sh -c "$show" ::: 1
is 'without a sandbox jobs have the whole environment' "$out" a,b,
run "$forkpool" --env FORKPOOL_TEST_C=c=d --env FORKPOOL_TEST_B= --env FORKPOOL_TEST_A sh -c "$show" ::: 1
is '--env sets, and what has no value stays' "$out" a,,c=d
run "$forkpool" --env FORKPOOL_TEST_C=1 --env FORKPOOL_TEST_C=2 sh -c "$show" ::: 1
is 'the last one counts' "$out" a,b,2
mkdir bin
printf '#!/bin/sh\necho found\n' >bin/forkpool-test-found
chmod 755 bin/forkpool-test-found
run "$forkpool" --env "PATH=$dir/bin:$PATH" forkpool-test-found ::: 1
is 'a command is looked for where --env says' "$status:$out" 0:found
run "$forkpool" --compat=parallel --env FORKPOOL_TEST_A,FORKPOOL_TEST_B --env _ "$show #" ::: 1
is 'GNU parallel has several names' "$out" a,b,

# ----------------------------------------------------------------------------------- standard input

for name in 1 2 'the third'; do echo "in $name" >"in/$name.in"; done
run "$forkpool" -k --stdin-from 'in/{}.in' cat ::: 1 2 'the third'
is '--stdin-from' "$status:$out" '0:in 1
in 2
in the third'
run "$forkpool" -k --stdin-from in/1.in sh -c 'cat; echo "$0"' ::: x
is 'without a placeholder the item stays in the command' "$out" 'in 1
x'
run "$forkpool" -k --wd in --stdin-from '{1}.in' sh -c 'cat; echo "$0"' '{2}' ::: 1 ::: y
is 'paths begin where jobs run' "$out" 'in 1
y'
run "$forkpool" -k -j1 --stdin-from 'in/{}.in' cat ::: 1 none 2
is 'a file that is not there is that job'\''s failure' "$status:$out:$err" '127:in 1
in 2:forkpool: job 2: none: cat: its standard input in/none.in: No such file or directory'
run "$forkpool" --quiet --json --stdin-from 'in/{}.in' cat ::: none
is 'and has the status of a command that is not found' "$(echo "$out" | grep -c '"exit": 127,')" 1
run "$forkpool" --stdin-from 'in/{}.in' --journal j -k cat ::: 1 2
is 'with a journal' "$status:$out" '0:in 1
in 2'
run "$forkpool" -u --stdin-from 'in/{}.in' wc -l ::: 1
is 'with -u' "$(echo "$out" | tr -d ' ')" 1
run "$forkpool" --retries 3 -k --stdin-from 'in/{}.in' sh -c 'read x && test -e "w/$x" || { : >"w/$x"; false; }' ::: 1
is 'each try reads it from its beginning' "$status" 0
run "$forkpool" --compat=parallel -k --stdin-from 'in/{}.in' cat ::: 1 2
is 'as GNU parallel' "$out" 'in 1
in 2'

# ------------------------------------------------------------------------------------------- stack

run "$forkpool" --stack 1M sh -c 'ulimit -s' ::: 1
is '--stack' "$out" 1024

# ------------------------------------------------------------------------------------- in a sandbox

run "$forkpool" --sandbox true ::: 1
if no_sandbox; then done_testing; fi
run "$forkpool" --sandbox sh -c env ::: 1
is 'in a sandbox jobs have few variables' "$(echo "$out" |
	grep -vE '^(PATH|HOME|LANG|LC_[A-Z]*|TZ|TMPDIR|PWD)=')" ''
run "$forkpool" --sandbox --env FORKPOOL_TEST_A --env FORKPOOL_TEST_C=c sh -c "$show" ::: 1
is 'and those that --env names' "$out" a,,c
LC_TIME=C TZ=UTC5 run "$forkpool" --sandbox sh -c 'echo "$LC_TIME,$TZ"' ::: 1
is 'and those for language and time' "$out" C,UTC5

chmod 600 in/2.in # another user of jobs cannot read it
run "$forkpool" -k --sandbox --stdin-from 'in/{}.in' cat ::: 1 2 'the third'
is 'jobs read what they could not open' "$status:$out" '0:in 1
in 2
in the third'
ln -s 1.in in/link.in
ln -s "$dir/in/link.in" in/far.in
ln -s loop.in in/loop.in
run "$forkpool" -k --sandbox --stdin-from 'in/{}.in' cat ::: link far
is 'links of ours are followed' "$status:$out" '0:in 1
in 1'
run "$forkpool" -k --sandbox --quiet --json --stdin-from 'in/{}' cat ::: none.in . loop.in
is 'what is wrong with a file is told' "$(echo "$out" | sed 's/.*"exit": \([0-9]*\),.*/\1/' | tr '\n' ' ')" '127 126 126 '
run "$forkpool" -k -j1 --sandbox --retries 2 --stdin-from 'in/{}.in' sh -c 'cat; test -e none' ::: 1
is 'each try gets it anew' "$(echo "$out" | grep -c 'in 1')" 1
run "$forkpool" -j3 -n1 --sandbox --stdin-from in/1.in sh -c 'cat' ::: $(seq 200)
is 'many jobs' "$status:$(echo "$out" | sort | uniq -c | tr -d ' ')" 0:200in1

# Jobs that may write to w plant links there, before the run or while it goes on.
echo secret >secret
chmod 600 secret
ln -s ../secret w/planted.in
ln -s ../w/planted.in in/through.in
ln -s w in-w
for path in w/planted.in "$dir/w/planted.in" in/through.in in-w/planted.in in/../w/planted.in; do
	run "$forkpool" --sandbox --writable w --stdin-from "$path" cat ::: -
	is "a planted link brings a job nothing ($path)" "$out" ''
done
run "$forkpool" -j1 -k --sandbox --readable /bin --writable w --stdin-from 'w/{}.in' \
	sh -c 'cat; ln -sf ../secret w/b.in' ::: 1 b
is 'nor does one that a job before it has planted' "$out" ''
echo mine >w/own.in
chmod 644 w/own.in
(cd w && run "$forkpool" --sandbox --writable . --stdin-from planted.in cat ::: - && [ -z "$out" ])
is 'nor where the run begins in what is writable' $? 0
mkdir hidden
echo hidden >hidden/a.in
chmod 700 hidden
ln -s ../hidden w/wd
run "$forkpool" --sandbox --host-root --writable w --wd w/wd --stdin-from a.in cat ::: -
is 'nor where a planted link leads to where jobs run' "$out" ''
run "$forkpool" --sandbox --host-root --writable w --wd w/wd --stdin-from "$dir/hidden/a.in" cat ::: -
is 'where jobs run does not matter to an absolute path' "$status:$out" 0:hidden
case $(id -u) in
0) chmod 755 w ;;
esac
run "$forkpool" --sandbox --readable . --writable w --stdin-from w/own.in cat -- ::: -
is 'what lies there the job opens itself' "$status:$out" 0:mine

mkfifo in/pipe.in
chmod 644 in/pipe.in
timeout -k 1 60 sh -c 'echo piped >in/pipe.in && : >written' &
run timeout -k 1 60 "$forkpool" --sandbox --readable . --stdin-from in/pipe.in cat -- ::: -
wait $!
is 'so it does with a named pipe' "$status:$out:$(ls written)" 0:piped:written

# Through a descriptor its owner could change the mode of a file outside.
chmod 640 w/own.in in/1.in
run "$forkpool" --sandbox --stdin-from in/1.in sh -c 'chmod 777 /proc/self/fd/0 2>/dev/null; cat' ::: -
is 'what is passed stays as it is' "$out:$(stat -c %a in/1.in)" 'in 1:640'
chmod 644 in/1.in

# No copy is made of a terabyte; there is no directory for one either.
truncate -s 1T in/large
beginning() {
	TMPDIR=$dir/none run timeout -k 1 60 "$forkpool" --sandbox "$@" --stdin-from in/large sh -c 'head -c1 | wc -c' -- ::: -
}
beginning --host-root
is 'what no job could change is passed itself' "$status:$out:$err" 0:1:
case $(id -u) in
0)
	for owner in 0 12345; do
		chown $owner in/large in/1.in
		for user in daemon 12345; do
			beginning --uid $user
			is "nor is it copied for root ($owner, $user)" "$status:$out:$err" 0:1:
			before=$(stat -c %a:%Y in/1.in)
			run "$forkpool" --sandbox --uid $user --stdin-from in/1.in sh -c \
				'chmod 777 /proc/self/fd/0; touch -d 1999-01-01 - >&0; cat' ::: -
			is 'which stays as it is, too' "$out:$(stat -c %a:%Y in/1.in)" "in 1:$before"
		done
		beginning
		is "nor for users of their own ($owner)" "$status:$out:$err" 0:1:
	done
	chown 0 in/1.in
	;;
*)
	TMPDIR=$dir/none run "$forkpool" --sandbox --stdin-from in/1.in cat ::: -
	is 'what is wrong with a copy is told' "$status:$err" "127:forkpool: job 1: cat -: its standard input in/1.in: \
a copy of it in TMPDIR, $dir/none: No such file or directory"
	(
		ulimit -f 4096
		TMPDIR=$dir run "$forkpool" --sandbox --stdin-from in/large cat ::: -
		echo "$status:$err" >err
	)
	is 'it may be too large' "$(cat err)" "126:forkpool: job 1: cat -: its standard input in/large: \
a copy of it in TMPDIR, $dir: File too large"
	;;
esac
rm in/large

# --------------------------------------------------------------------------- a root of the sandbox's own

run "$forkpool" -j1 -k --sandbox sh -c 'ls -A /tmp /dev/shm; : >/tmp/"$0"; : >/dev/shm/"$0"; echo "$HOME $TMPDIR"; pwd' ::: 1 2
is '/tmp and /dev/shm are empty for each job' "$status:$out" '0:/dev/shm:

/tmp:
/tmp /tmp
/
/dev/shm:

/tmp:
/tmp /tmp
/'
run "$forkpool" --sandbox --env HOME=/home/x --env TMPDIR sh -c 'echo "$HOME"' ::: 1
is '--env goes before' "$out" /home/x
run "$forkpool" --sandbox sh -c 'ls -d /proc/[0-9]* | wc -l; ls /root /home /var 2>/dev/null; kill -0 '$$ ::: 1
is 'of other processes and directories nothing is to be seen' "$status:$(echo "$out" | awk '$1 > 6')" 123:
run "$forkpool" --sandbox --scratch 1M sh -c 'head -c 4M /dev/zero >/tmp/x 2>/dev/null || wc -c </tmp/x' ::: 1
is '--scratch bounds it' "$out" 1048576
# Without Landlock it is a root made of the paths that holds files, with --host-root too.
closed='126:Permission denied'
if [ -x "$hide" ] && "$hide" | grep -q '^Landlock ABI 0,'; then closed='127:No such file or directory'; fi
# advised NAME COMMAND OPTIONS: COMMAND's file is not opened up, these are told to do that, and do.
advised() {
	for more in '' --host-root; do
		# shellcheck disable=SC2086
		run "$forkpool" --sandbox $more "$2" ::: 1
		case $more in
		'') advised_why='127:No such file or directory' ;;
		*) advised_why=$closed ;;
		esac
		is "$1 $more" "$status:${err##*"cannot run $2: "}" \
			"$advised_why (the sandbox does not have it; $3 opens it up)"
		# shellcheck disable=SC2086
		run "$forkpool" --sandbox $more $3 "$2" ::: 1
		is 'and that helps' "$status:$out:$err" 0:found:
	done
}
mkdir in/deep
chmod 755 in/deep
advised 'a command here' ./bin/forkpool-test-found '--readable .'
cd in/deep || exit 99
advised 'a command above' ../../bin/forkpool-test-found '--readable ../..'
cd ../.. || exit 99
advised 'a command by its whole path' "$dir/bin/forkpool-test-found" "--readable $dir/bin/forkpool-test-found"
ln -s ../bin/forkpool-test-found in/linked
cd in || exit 99
advised 'a command that is a link' ./linked '--readable . --readable ./linked'
cd .. || exit 99
printf '#!%s/bin/forkpool-test-absent\n' "$dir" >bin/interpreted
chmod 755 bin/interpreted
run "$forkpool" --sandbox --readable . bin/interpreted ::: 1
is 'what does not help is not advised' "$status:$err" \
	"127:forkpool: job 1: bin/interpreted 1: cannot run bin/interpreted: its interpreter \
$dir/bin/forkpool-test-absent: No such file or directory"
mkdir kept
cp "$(command -v sh)" kept/sh
chmod 755 kept kept/sh
printf '#!%s/kept/sh\necho found\n' "$dir" >bin/kept
chmod 755 bin/kept
run "$forkpool" --sandbox --readable "$dir/bin" "$dir/bin/kept" ::: 1
is 'an interpreter that the sandbox does not have' "$status:$err" \
	"127:forkpool: job 1: $dir/bin/kept 1: cannot run $dir/bin/kept: its interpreter $dir/kept/sh: No such file or \
directory (the sandbox does not have it; --readable $dir/kept/sh opens it up)"
run "$forkpool" --sandbox --readable "$dir/bin" --readable "$dir/kept/sh" "$dir/bin/kept" ::: 1
is 'and that helps' "$status:$out:$err" 0:found:
chmod 744 bin/interpreted
run "$forkpool" --sandbox --host-root --readable . bin/interpreted ::: 1
[ "$(id -u)" -ne 0 ] || is 'nor where the mode denies it' "$status:$err" \
	'126:forkpool: job 1: bin/interpreted 1: cannot run bin/interpreted: Permission denied'
run "$forkpool" --sandbox --wd in bin/forkpool-test-found ::: 1
is 'nor where it may be another' "$(echo "$err" | grep -c opens)" 0
run "$forkpool" --sandbox --readable . --wd in sh -c 'pwd; cat 1.in 2>/dev/null' ::: 1
is '--wd' "$(echo "$out" | head -n1)" "$(pwd -P)/in"
run "$forkpool" --sandbox --wd in true ::: 1
is '--wd that is not opened up' "$status:$err" "127:forkpool: job 1: true 1: cannot go to in: No such file or directory"
chmod 777 w
run "$forkpool" --sandbox --readable . --writable w sh -c 'cd w && : >m && chmod 4755 m || chmod 751 m && stat -c %a m; rm -f m' ::: 1
is 'modes may be changed, and not to lend rights' "$status:$out" 0:751
listen='import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen()
c = socket.create_connection(s.getsockname()); c.sendall(b"hello")
print(s.accept()[0].recv(5).decode())
try: socket.create_connection(("192.0.2.1", 9), timeout=5); print("out")
except OSError as e: print(e.strerror)'
if [ -x /usr/bin/python3 ]; then
	run "$forkpool" --sandbox --network=loopback /usr/bin/python3 -c "$listen" ::: 1
	is '--network=loopback' "$status:$out" '0:hello
Network is unreachable'
	run "$forkpool" --sandbox /usr/bin/python3 -c "$listen" ::: 1
	is 'without it there is none' "$status:$(echo "$err" | grep -c 'PermissionError')" 123:1
fi
run "$forkpool" --sandbox --host-root sh -c 'ls -A /tmp; cat /etc/passwd >/dev/null && echo "$HOME"' ::: 1
is '--host-root' "$status:$out" "0:$HOME"

# --------------------------------------------------------------------- where a layer is not to be had

# root's jobs need no user namespace; an ordinary user's do.
ordinary='setpriv --reuid=65534 --regid=65534 --clear-groups'
if [ "$(id -u)" -ne 0 ]; then
	ordinary=
elif ! $ordinary "$forkpool" true ::: 1 2>/dev/null; then
	ordinary=none
fi
if [ -x "$hide" ] && "$hide" seccomp -- "$forkpool" true ::: 1; then
	run "$hide" seccomp -- "$forkpool" --sandbox true ::: 1
	is 'what helps nothing is not advised' "$status:$err" "1:forkpool: cannot start the workers: sandbox: \
this system cannot promise no network (what could: a seccomp filter), nor a seccomp filter: \
the kernel takes no seccomp filter here"
	if [ "$ordinary" != none ] && run $ordinary "$hide" userns -- "$forkpool" --sandbox --host-root true ::: 1 &&
		[ "$status" -eq 0 ]; then
		run $ordinary "$hide" userns -- "$forkpool" --sandbox true ::: 1
		is 'what helps is' "$status:$(echo "$err" |
			grep -c '^forkpool: cannot start the workers: .* (--host-root does without that, for less)$')" 1:1
	fi
fi

case $(id -u) in
0)
	run "$forkpool" --sandbox --uid daemon id ::: -un
	is '--uid with a name' "$status:$out" 0:daemon
	run "$forkpool" -k --sandbox --uid 12345:54321 id ::: -u -g -G
	is '--uid with numbers' "$status:$out" '0:12345
54321
54321'
	echo theirs >in/theirs.in
	chown 12345 in/theirs.in
	chmod 640 in/theirs.in
	run "$forkpool" --sandbox --uid 12345:54321 --stdin-from in/theirs.in sh -c 'chmod 777 /proc/self/fd/0 2>/dev/null; cat' ::: -
	is 'the owner of what is passed gets a copy of it' "$status:$out:$(stat -c %a in/theirs.in)" 0:theirs:640
	run "$forkpool" --sandbox --uid 12345 --writable in/1.in --stdin-from in/1.in cat ::: -
	is 'a file that --writable names is not passed' "$out" ''
	;;
*)
	run "$forkpool" --sandbox --uid 12345 id ::: -u
	is '--uid is for root' "$status:$out:$err" "1::forkpool: --uid: only root can have jobs run as somebody else"
	;;
esac
done_testing
