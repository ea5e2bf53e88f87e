#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# What jobs write to standard output and to standard error: apart where these are two files, and in
# the order in which it was written where they are one.
# shellcheck disable=SC1091,SC2016,SC2154
. "${srcdir:-.}/tests/support/tool-lib.sh"
[ -x "$forkpool" ] || skip_all 'the command is not built'
cd "$dir" || exit 99

job='echo out 1; echo err 1 >&2; echo out 2; echo err 2 >&2; exit $0'
said="forkpool: job 2: sh -c '$job' 3: exit status 3"
in_order='out 1
err 1
out 2
err 2'

# one WHERE OPTION...: the options with both streams in one file, pipe or append-only file
one() {
	where=$1
	shift
	case $where in
	file) "$forkpool" "$@" >both 2>&1 ;;
	append) "$forkpool" "$@" >>both 2>&1 ;;
	pipe) "$forkpool" "$@" 2>&1 | cat >both ;;
	esac
	cat both
	rm -f both
}
for where in file append pipe; do
	is "$where: in the order in which jobs wrote, and each failure behind its job" \
		"$(one $where -j1 sh -c "$job" ::: 0 3 0)" "$in_order
$in_order
$said
$in_order"
	is "$where: -k" "$(one $where -k -j3 sh -c "$job" ::: 0 3 0)" "$in_order
$in_order
$said
$in_order"
done
is '--lb' "$(one pipe --lb -j1 sh -c "$job" ::: 3)" "$in_order
forkpool: job 1: sh -c '$job' 3: exit status 3"
is '--tag' "$(one pipe --tag -j1 sh -c "$job" ::: 0)" '0	out 1
0	err 1
0	out 2
0	err 2'
is '-t: the command before its job' "$(one pipe -t -j1 sh -c "$job" ::: 0)" "sh -c '$job' 0
$in_order"
is 'a large output of both' "$(one pipe -j1 sh -c 'i=0; while [ $i -lt 3000 ]; do echo $i; i=$((i + 1)); echo $i >&2; i=$((i + 1)); done' ::: 0 |
	sort -n -c 2>&1 && echo sorted)" sorted

# two files, and what wants both apart
run "$forkpool" -j1 sh -c "$job" ::: 3
is 'two files: apart' "$status:$out:$err" "123:out 1
out 2:err 1
err 2
forkpool: job 1: sh -c '$job' 3: exit status 3"
one pipe -j1 --results kept sh -c "$job" ::: 0 >shown
is '--results: apart in the files' "$(cat kept/1/0/stdout):$(cat kept/1/0/stderr)" 'out 1
out 2:err 1
err 2'
is '--results: standard output first' "$(cat shown)" 'out 1
out 2
err 1
err 2'
one pipe -j1 --results-json objects sh -c "$job" ::: 0 >shown
ok '--results-json: apart' grep -q '"stdout": "out 1\\nout 2\\n", "stderr": "err 1\\nerr 2\\n"' objects
is '--journal: each for itself' "$(one file -j1 --journal j sh -c "$job" ::: 0 | grep out)" 'out 1
out 2'
is 'as GNU parallel: standard error behind' "$(one pipe --compat=parallel -j1 'echo err >&2; echo out {}' ::: 0)" 'out 0
err'
is 'as xargs: in order' "$(echo 0 | "$forkpool" --compat=xargs sh -c "$job" 2>&1 | cat)" "$in_order"
one pipe -j1 --joblog log sh -c "$job" ::: 0 >shown
is 'the joblog counts both' "$(tail -n 1 log | cut -f 6)" 24

no_process_left 'no process is left'
done_testing
