#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Messages name the cause: what a command needs that is not there, a disk that is full, a system without /proc or /dev.
# shellcheck disable=SC2016 # the scripts of jobs
. "${srcdir:-.}/tests/support/tool-lib.sh"
cd "$dir" || exit 99
absent='No such file or directory'

# ---------------------------------------------------------- what cannot be executed, and why not

# script NAME: a script of what is on standard input
script() {
	cat >"$1"
	chmod 755 "$1"
}
# cannot NAME STATUS WHY: both where the command is looked up before, and where it is an item
cannot() {
	run "$forkpool" "./$1" ::: x
	is "$3" "$status:$err" "$2:forkpool: job 1: ./$1 x: cannot run ./$1: $3"
	run "$forkpool" '{}' ::: "./$1"
	is 'as an item' "$status:$err" "$2:forkpool: job 1: ./$1: cannot run ./$1: $3"
}
echo '#!/no/such/interpreter -x' | script absent
cannot absent 127 "its interpreter /no/such/interpreter: $absent"
printf '#! \t/bin/sh\r\necho x\r\n' | script windows
cannot windows 127 "its interpreter /bin/sh\\r: $absent (its lines end with CR LF: dos2unix makes that LF)"
echo '#!./absent' | script by-script
cannot by-script 127 "the interpreter /no/such/interpreter: $absent"
echo text >text
echo '#!./text' | script by-text
[ "$(id -u)" -eq 0 ] || cannot by-text 126 'its interpreter ./text: Permission denied'
echo '#!./text/x' | script below-file
cannot below-file 126 'its interpreter ./text/x: Not a directory'
printf '#!\n' | script nothing
printf '#!%01000d\n' 0 | script long
echo 'echo no first line' | script plain
run "$forkpool" -k '{}' ::: ./nothing ./plain
is 'a script without an interpreter is for a shell, as ever' "$status:$out:$err" '0:no first line:'
run "$forkpool" ./long ::: x
is 'a name that is too long' "${err##*: }" "$(./long 2>&1 | sed 's/.*: //')"

echo 'int main(void) { return 0; }' >program.c
if ${CC:-cc} -o program program.c -Wl,--dynamic-linker=/no/such/loader 2>/dev/null && ! ./program 2>/dev/null; then
	cannot program 127 "its dynamic loader /no/such/loader: $absent"
fi
# The head of a program: 64 bits, little-endian.
head_for() { # the number of a machine, in octal
	printf '\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0%b\0\1\0\0\0' "\\0$1"
	head -c 40 /dev/zero
}
case $(uname -m) in
aarch64) machine=76 name=x86_64 ;;
*) machine=267 name=aarch64 ;;
esac
head_for "$machine" | script foreign
cannot foreign 126 "Exec format error (a program for $name, and this is $(uname -m))"
case $(uname -m) in
x86_64)
	head_for 76 | script damaged
	cannot damaged 126 'Exec format error (the program is damaged)'
	;;
esac
run "$forkpool" ./none ::: x
is 'a file that is not there' "$status:$err" "127:forkpool: cannot run ./none: $absent"

# ------------------------------------------------------------------------ where waiting output is kept

# The first job keeps the output of the second waiting.
waiting='test "$0" = b || while [ ! -e go ]; do sleep 0.05; done; head -c 40000000 /dev/zero; : >go'
# kept DIRECTORY WHY: more output than is kept in memory waits, blocks of --pipe and rows of the report as well
kept() {
	rm -f go
	TMPDIR=$1 run timeout 300 "$forkpool" -k -j2 sh -c "$waiting" ::: a b
	is "output that waits: $2" "$status:$(grep -c "$2" .err):$(grep -c '^forkpool: cannot keep the output of jobs in TMPDIR, ' .err)" 1:1:1
	: >go
	for option in --json --tag --lb; do
		TMPDIR=$1 run timeout 300 "$forkpool" -k -j2 $option sh -c "$waiting" ::: a b
		is "and with $option" "$status:$(grep -v "in TMPDIR, $1: $2" .err)" 1:
	done
}
kept "$dir/none" "$absent"
head -c 3000000 /dev/zero | tr '\0' '\n' >blocks
blocks() {
	TMPDIR=$1 timeout 300 "$forkpool" --quiet --pipe --block 2M cat <blocks >out 2>err
	status=$?
}
blocks "$dir/none"
is 'blocks of --pipe' "$status:$(cat err)" \
	"1:forkpool: cannot make the pipes of a job, or a file for its standard input in TMPDIR, $dir/none: $absent"
TMPDIR=$dir/none run "$forkpool" --report page echo ::: a
is 'rows of the report' "$status:$err" "1:forkpool: --report: cannot keep what it is made of in TMPDIR, $dir/none: $absent"
# A limit on the size of files, of which the message tells.
(
	ulimit -f 100
	rm -f go
	TMPDIR=$dir timeout 300 "$forkpool" -k -j2 sh -c "ulimit -f; $waiting" ::: a b >/dev/null 2>err
)
is 'a limit on the size of files' "$(grep cannot err)" \
	"forkpool: cannot keep the output of jobs in TMPDIR, $dir (ulimit -f): File too large"

mkdir tiny
if mount -t tmpfs -o size=1m none tiny 2>/dev/null; then
	full='No space left on device'
	kept "$dir/tiny" "$full"
	blocks "$dir/tiny"
	is 'a full disk for blocks' "$status:$(head -n1 err)" \
		"1:forkpool: --pipe: a file for jobs' standard input in TMPDIR, $dir/tiny: $full"
	head -c 2000000 /dev/zero >tiny/filled 2>/dev/null
	TMPDIR=$dir/tiny run "$forkpool" --report page echo ::: a
	is 'a full disk for the report' "$status:$(printf '%s\n' "$err" | head -n1)" "1:forkpool: --report: cannot keep what it is made of in TMPDIR, $dir/tiny: $full"
	umount tiny
else
	echo '# a full disk: only where one can be mounted'
fi

# ------------------------------------------------------------------------- without /proc and /dev

# without PLACE OPTION...: one job, where PLACE is empty
without() {
	place=$1
	shift
	run unshare -m sh -c 'mount -t tmpfs none "$1" && shift && exec "$@"' sh "$place" "$forkpool" "$@" echo ::: a
}
if unshare -m sh -c 'mount -t tmpfs none /proc' 2>/dev/null; then
	for options in '' -u '--cpu 10' '--mem 100M' '--pids 9' --sandbox '--sandbox --host-root'; do
		# shellcheck disable=SC2086
		without /proc $options
		case $err in
		*'is /proc mounted?'*) told=0 ;;
		*) told=1 ;;
		esac
		is "without /proc${options:+, $options}" "$status:$told:$(wc -l <.err | tr -d ' ')" 1:0:1
	done
	without /dev
	is 'without /dev' "$status:$err" \
		'1:forkpool: cannot start the workers: /dev/null is missing: workers have it as standard input'
else
	echo '# without /proc: only where it can be hidden'
fi
no_process_left 'no process is left at the end'
done_testing
