#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Standard input: what forkpool leaves of it for whoever reads on, and what is said where it is a terminal.
# Run in the build directory.  What is the same as in xargs is in xargs.sh.  The $ and the braces are for other shells.
# shellcheck disable=SC1091,SC2016,SC1083,SC2059
. "${srcdir:-.}/tests/support/tool-lib.sh"
[ -x "$forkpool" ] || skip_all 'the command is not built'
support=$(cd "${srcdir:-.}/tests/support" && pwd)
cd "$dir" || exit 99

# ------------------------------------------------------------------------------------- what is left

# left NAME INPUT WANTED COMMAND...: a test: behind the command cat finds this left of standard input.  INPUT and
# WANTED are formats of printf, or @FILE.
left() {
	left_name=$1
	case $2 in @*) cp "${2#@}" in ;; *) printf "$2" >in ;; esac
	case $3 in @*) cp "${3#@}" wanted ;; *) printf "$3" >wanted ;; esac
	shift 3
	{
		"$@" >out 2>err
		status=$?
		cat >got
	} <in
	ok "left: $left_name" cmp wanted got
}
five='1\n2\n3\n4\n5\n'

left 'nothing' "$five" '' "$forkpool" -j1 echo
left 'nothing, without the last newline' '1\n2' '' "$forkpool" -j1 echo
left 'nothing but blanks that are passed over' '1\n2\n\n \n' '' "$forkpool" -j1 -r echo
left '-E' "$five" '4\n5\n' "$forkpool" -E 3 echo
is 'and the jobs before it have run' "$status:$(sort out | tr '\n' ' ')" '0:1 2 '
left '-E of the last line' "$five" '' "$forkpool" -E 5 echo
left '-E in the way of xargs' "$five" '4\n5\n' "$forkpool" --compat=xargs -E 3 echo
left '-E in the way of GNU parallel' "$five" '4\n5\n' "$forkpool" --compat=parallel -E 3 echo
left '--dry-run' "$five" '4\n5\n' "$forkpool" --dry-run -E 3 echo
left '--dry-run of it all' "$five" '' "$forkpool" --dry-run echo
left '--halt soon' "$five" '3\n4\n5\n' "$forkpool" -j1 --halt soon,fail=1 test 2 !=
is 'and it has ended the run' "$status" 124
left '--halt now' "$five" '2\n3\n4\n5\n' "$forkpool" -j1 --halt now,done=1 echo
left '--halt in the way of GNU parallel' "$five" '3\n4\n5\n' "$forkpool" --compat=parallel -j1 --halt now,fail=1 test 2 !=
left '--halt with a share, which reads all before' "$five" '3\n4\n5\n' "$forkpool" -j1 --halt now,done=40% echo
left 'items of the second job' "$five" '5\n' "$forkpool" -j1 -n2 --halt now,done=2 echo
left 'an item that did not fit' "$five" '4\n5\n' "$forkpool" -j1 -X -s 11 --halt now,done=1 echo
is 'whose job had the ones before' "$(cat out)" '1 2 3'
left 'a header' 'n\n1\n2\n' '2\n' "$forkpool" -j1 --header : --halt now,done=1 echo {n}
left 'columns' '1,a\n2,b\n' '2,b\n' "$forkpool" -j1 -C , --halt now,done=1 echo {2}
left 'records of NUL' '1\0002\0003\000' '2\0003\000' "$forkpool" -j1 -0 --halt now,done=1 echo
left 'combined with words' "$five" '2\n3\n4\n5\n' "$forkpool" -j1 --halt now,done=2 echo :::: - ::: a b
is 'each of them' "$(cat out)" '1 a
1 b'
left 'words combined with it' "$five" '3\n4\n5\n' "$forkpool" -j1 --halt now,done=2 echo ::: a b :::: -
left 'words, and nothing of it' "$five" "$five" "$forkpool" echo ::: a b
left 'a file, and nothing of it' "$five" "$five" "$forkpool" -a /dev/null echo
left 'a command line that is wrong' "$five" "$five" "$forkpool" --halt never=1 echo
left 'retried, and used' "$five" '2\n3\n4\n5\n' "$forkpool" -j1 --retries 3 --halt now,fail=1 false
left '--pipe: whole blocks' "$five" '3\n4\n5\n' "$forkpool" -j1 --pipe --block 4 --halt now,done=1 cat
is 'and the job has had one' "$(cat out)" '1
2'
left '--pipe: all' "$five" '' "$forkpool" --pipe --block 4 cat
left 'one of two that read in turns' "$five" '4\n5\n' sh -c 'read -r line; "$@"' _ "$forkpool" -j1 --halt now,done=2 echo

# --resume: what an earlier run has done is passed over, and used.
left '--joblog' "$five" '3\n4\n5\n' "$forkpool" -j1 --joblog log --halt now,done=2 echo
left '--resume' "$five" '4\n5\n' "$forkpool" -j1 --joblog log --resume --halt now,done=1 echo

# Far behind what one read() takes, which is more than a pipe holds.
seq 100000 >many
seq 50001 100000 >half
left 'a long input' @many @half "$forkpool" -j2 -m -s 20000 -E 50000 true
left 'a long input, to a job' @many @half "$forkpool" -j1 -n 100 --halt now,success=1 sh -c '[ "$1" = 49901 ]' _

# A signal, which the job sends that is number 2: what has begun and what is left are all there was.
cat >interrupt <<'SCRIPT'
echo "$1"
if [ "$1" = 2 ]; then
	kill -HUP "$(cat pid)"
	until grep -q waiting err; do sleep 0.02; done
fi
SCRIPT
seq 100 >hundred
# shellcheck disable=SC2094
{
	sh -c 'echo $$ >pid; exec "$@"' _ "$forkpool" -j2 sh interrupt >begun 2>err
	status=$?
	cat >got
} <hundred
is 'a signal ends the run' "$status" 129
ok 'left: what has not begun' sh -c 'sort -n begun got | cmp - hundred'
ok 'and there is some of it' test -s got

# What cannot be sought stays as it is: nothing is said, and no job has less.
out=$(seq 5 | "$forkpool" -j1 -E 3 echo 2>&1)
is 'a pipe' "$?:$out" '0:1
2'

# -------------------------------------------------------------------------------- what jobs have of it

# As xargs: see xargs.sh.  GNU parallel's manual says otherwise of -a, but that is what it does.
printf 'a\n' >items
for dialect in native parallel; do
	printf 'x\ny\n' >in
	out=$({
		"$forkpool" --compat=$dialect -j1 -a items -n0 --shell 'cat; echo "$?"'
		cat
	} <in 2>&1)
	is "$dialect, -a: jobs have an empty standard input" "$out" "$(printf '0\nx\ny')"
done

# --------------------------------------------------------------------------------------- a terminal

if command -v python3 >/dev/null; then
	sentence='forkpool: items are read from the terminal, and Ctrl-D ends them; ::: and -a are other ways to give them'
	run python3 "$support/terminal.py" 'give them' 'a\nb\n\4' "$forkpool" -k echo got
	is 'a terminal: it is said once' "$(printf '%s\n' "$out" | grep -cxF "$sentence")" 1
	is 'and read' "$(printf '%s\n' "$out" | grep -e got -e status)" 'got a
got b
status 0'
	run python3 "$support/terminal.py" 'forkpool: blocks are' 'a\n\4' "$forkpool" --pipe cat -n
	is '--pipe: as blocks' "$(printf '%s\n' "$out" | grep -c '^ *1.a$')" 1
	run python3 "$support/terminal.py" 'parallel: items are read from the terminal' 'a\n\4' \
		"$forkpool" --compat=parallel echo got
	is 'GNU parallel warns too' "$(printf '%s\n' "$out" | grep -e got -e status)" 'got a
status 0'
	for silent in '-a -' '--compat=xargs' ':::: -'; do
		case $silent in :*) before='' after=$silent ;; *) before=$silent after='' ;; esac
		# shellcheck disable=SC2086
		run python3 "$support/terminal.py" ready 'a\n\4' sh -c 'echo ready; exec "$@"' _ \
			"$forkpool" $before echo got $after
		is "nothing is said: $silent" "$out" 'ready
a

got a
status 0'
	done
	run python3 "$support/terminal.py" ready '' "$forkpool" echo got ::: a
	is 'nothing is said where nothing is read' "$out" 'got a
status 0'
fi

no_process_left 'no process is left'
done_testing
