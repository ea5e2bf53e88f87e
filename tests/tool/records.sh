#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Records of jobs, and runs that go on from them: --joblog with --resume, --resume-failed and
# --retry-failed, --results, --results-json, --json.  Where GNU parallel is installed, its files are
# compared with ours.
# The braces are the templates' own.
# shellcheck disable=SC1091,SC1083,SC2016
. "${srcdir:-.}/tests/support/tool-lib.sh"
[ -x "$forkpool" ] || skip_all 'the command is not built'
cd "$dir" || exit 99

# ----------------------------------------------------------------------------------------- natively

# commands JOBLOG: number, status and command of each line
commands() {
	tail -n +2 "$1" | cut -f 1,7,9 | tr '\t' ' '
}

cat >fails_once <<'SCRIPT'
#!/bin/sh
# The first argument is a file that tells that this has run before.
printf '[%s]' "$@"
[ -e "$1" ] || { : >"$1"; exit 4; }
SCRIPT
chmod +x fails_once
run "$forkpool" -j1 --joblog log ./fails_once ::: 'a b' "it's"
is 'two that fail' "$status:$(commands log)" "123:1 4 ./fails_once 'a b'
2 4 ./fails_once 'it'\"'\"'s'"
run "$forkpool" -j1 --joblog log --retry-failed
is '--retry-failed runs them with the words they had' "$status:$out:$err" "0:[a b][it's]:"
is 'and logs the same text' "$(commands log | tail -n 2)" "1 0 ./fails_once 'a b'
2 0 ./fails_once 'it'\"'\"'s'"
run "$forkpool" -j1 --joblog log --retry-failed
is 'none is left' "$status:$out:$err:$(wc -l <log)" '0:::5'

run "$forkpool" --dry-run --joblog log --resume echo ::: 1 2 3
is '--dry-run shows what --resume leaves' "$status:$out:$err" '0:echo 3:forkpool: --joblog log: job 1 is passed over, and in line 4 it is another command: the input has to be the same
forkpool: --joblog log: 2 jobs that were passed over have other commands now'

"$forkpool" --quiet --joblog again false ::: 'a b'
for i in 1 2 3; do
	run "$forkpool" --joblog again --retry-failed
	is "one that goes on failing, time $i" "$status:$err" "123:forkpool: job 1: false 'a b': exit status 1"
done
is 'its text does not grow' "$(cut -f 9 again | sort -u)" "Command
false 'a b'"
printf 'Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n' >foreign
printf '3\t:\t1700000000.000\t     0.001\t0\t0\t1\t0\tA=x; echo "$A;"; exit 6\n' >>foreign
# The shell's own echo would interpret the backslash; the program does not.
{ head -n 1 foreign && printf '1\t:\t1700000000.000\t     0.001\t0\t0\t1\t0\techo %s\n' "'a\\nb'"; } >echoed
run "$forkpool" --joblog foreign --retry-failed
is 'a text of GNU parallel runs in a shell' "$status:$out:$err" '123:x;:forkpool: job 3: A=x; echo "$A;"; exit 6: exit status 6'
is 'and stays as it is' "$(commands foreign | tail -n 1)" '3 6 A=x; echo "$A;"; exit 6'
run "$forkpool" --dry-run --joblog foreign --retry-failed
is 'and is shown so' "$out" 'A=x; echo "$A;"; exit 6'
run "$forkpool" --joblog echoed --retry-failed
is 'no byte of an item is changed' "$status:$out" '0:a\nb'
run "$forkpool" --joblog missing --retry-failed
is 'without a joblog there is nothing to run again' "$status:$(ls missing 2>/dev/null)" '1:'
run "$forkpool" -j1 -k --joblog slots echo {%} ::: a b
is 'the number of a worker is in the text' "$out:$(cut -f 9 slots | tail -n +2)" '1
1:echo 1
echo 1'

# ------------------------------------------------------------------------------------------ objects

if command -v python3 >/dev/null; then
	cat >objects.py <<'SCRIPT'
import json, sys
for line in sys.stdin:
    o = json.loads(line)
    print(o["seq"], o["command"], o["items"], o["outcome"], o["exit"], o["signal_name"], repr(o.get("stdout")),
          repr(o.get("stderr")), o.get("stdout_base64"), o["attempt"], o["start"] > 1e9 and o["duration"] >= 0)
SCRIPT
	run "$forkpool" -k -j1 --json --results-json objects sh -c 'printf "$0"; echo e >&2; [ "$0" != b ] || exit 3' ::: a b '\377'
	is '--json: status' "$status" 123
	objects=$(printf '%s\n' "$out" | python3 objects.py)
	is '--json has each job' "$objects" "1 ['sh', '-c', 'printf \"\$0\"; echo e >&2; [ \"\$0\" != b ] || exit 3', 'a'] ['a'] ok 0 None 'a' 'e\\n' None 1 True
2 ['sh', '-c', 'printf \"\$0\"; echo e >&2; [ \"\$0\" != b ] || exit 3', 'b'] ['b'] failed 3 None 'b' 'e\\n' None 1 True
3 ['sh', '-c', 'printf \"\$0\"; echo e >&2; [ \"\$0\" != b ] || exit 3', '\\\\377'] ['\\\\377'] ok 0 None None 'e\\n' /w== 1 True"
	is '--results-json the same' "$(python3 objects.py <objects)" "$objects"
	run "$forkpool" -k -j1 --results-json objects echo ::: a
	is 'beside the output, and begun anew' "$out:$(wc -l <objects)" a:1
fi

# ---------------------------------------------------------------------------------- as GNU parallel

if ! parallel --version 2>/dev/null | grep -q 'GNU parallel'; then
	no_process_left 'no process is left'
	done_testing
fi
HOME=$dir
PARALLEL_HOME=$dir/.parallel
PARALLEL_SHELL=/bin/sh
export HOME PARALLEL_HOME PARALLEL_SHELL
unset PARALLEL XDG_CONFIG_HOME XDG_CACHE_HOME
mkdir "$PARALLEL_HOME" theirs ours
: >"$PARALLEL_HOME/will-cite"

# both ARGUMENTS...: runs GNU parallel in "theirs" and forkpool in "ours"; standard output goes to
# "said"
both() {
	for whose in theirs ours; do
		(
			cd "$whose" || exit
			case $whose in
			theirs) parallel "$@" ;;
			ours) "$forkpool" --compat=parallel "$@" ;;
			esac >said 2>warned </dev/null
			echo "status $?" >>said
		)
	done
}

# both_same NAME: a test: all files are the same, but for times and warnings
both_same() {
	for whose in theirs ours; do
		(
			cd "$whose" || exit
			find . -type f ! -name warned | LC_ALL=C sort | while read -r file; do
				echo "== $file"
				case $file in
				*/log*) cut -f 1,2,5- "$file" ;;
				*.csv | *.tsv) sed 's/[0-9]*\.[0-9][0-9][0-9]\([,	]\)/TIME\1/g' "$file" ;;
				*) cat "$file" ;;
				esac
			done
		) >"$whose.all"
	done
	if cmp -s theirs.all ours.all; then
		report "$1" 0
	else
		report "$1" 1
		diff theirs.all ours.all | head -n 20 | sed 's/^/# /'
	fi
}

again() {
	rm -rf theirs ours
	mkdir theirs ours
}

job='echo {}; [ -e now-well ] || exit {}'
for what in --resume --resume-failed; do
	again
	both -j1 --joblog log "$job" ::: 0 3 0 2
	both_same "$what: before it"
	both -j1 --joblog log $what "$job" ::: 0 3 0 2
	both_same "$what: the same input"
	both -j1 --joblog log $what "$job" ::: 0 3 0 2 5 0
	both_same "$what: more input"
	: >theirs/now-well
	: >ours/now-well
	both -j1 --joblog log $what "$job" ::: 0 3 0 2 5 0
	both_same "$what: none fails any more"
	both -j1 --joblog log $what "$job" ::: 0 3 0 2 5 0
	both_same "$what: again"
done
again
both -j1 --joblog log "$job" ::: 0 3 0 2
for i in 1 2 3; do
	both -j1 --joblog log --retry-failed
	both_same "--retry-failed: time $i"
done
: >theirs/now-well
: >ours/now-well
both -j1 --joblog log --retry-failed
both_same '--retry-failed: none fails any more'
again
both -j1 --joblog log "$job" ::: 0 3
both -j1 --joblog +log "$job" ::: 0 3
both_same '--joblog +FILE'

for results in tree tree/ 'sub/{}' 'sub/{#}/' table.csv table.tsv; do
	again
	both -j1 -k --results "$results" 'echo out {}; echo err {} >&2; exit {2}' ::: a 'b c' ::: 0 1
	both_same "--results $results"
done
# With --lb GNU parallel prints the names of the files; we do not.
run "$forkpool" --compat=parallel --lb --results lines 'echo {}' ::: a b
is '--results and --lb' "$status:$out:$(cat lines/1/a/stdout lines/1/b/stdout)" '0::a
b'
again
both -j1 --tag --header : --results tree 'echo {x}' ::: x a b ::: y 1 2
both_same '--results and --header'
run "$forkpool" -j1 -k --results here echo ::: a b
is 'natively the output is shown as well' "$status:$out:$(cat here/1/a/stdout here/1/b/stdout)" '0:a
b:a
b'

no_process_left 'no process is left'
done_testing
