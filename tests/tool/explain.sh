#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# forkpool --explain: what it says of each job is what a job is run with, and nothing is run or written.
. "${srcdir:-.}/tests/support/tool-lib.sh"
[ -x "$forkpool" ] || skip_all 'the command is not built'
mkdir "$dir/w" "$dir/w/sub"
cd "$dir/w" || exit 99
here=$(pwd -P)

# value NAME: the values of the lines of that name, one a line
value() {
	printf '%s\n' "$out" | sed -n "s|^  $1: ||p"
}

# of NUMBER NAME: the same, of that job alone
of() {
	printf '%s\n' "$out" | sed -n "/^job $1:\$/,/^job /s|^  $2: ||p"
}

touch=$(command -v touch)

run "$forkpool" --explain -j2 --timeout 1.5 touch -- ::: 'a b' c
is 'a run, whole' "$status:$err:$out" "0::all jobs:
  at a time: 2
  directory: $here
  environment: as it is here
  timeout: 1.5 s
  grace: 1 s from SIGTERM to SIGKILL
  sandbox: none
  output: all of a job's when it has ended
job 1:
  items: 'a b'
  argv: touch -- 'a b'
  program: $touch
  stdin: empty
job 2:
  items: c
  argv: touch -- c
  program: $touch
  stdin: empty"
is 'nothing was run' "$(ls)" sub

# ----------------------------------------------------------------------------------------- the words

# What a shell makes of the line is what a job gets.
if command -v bash >/dev/null 2>&1; then
	cat >show <<-'END'
		#!/bin/sh
		printf '<%s>' "$@"
	END
	chmod +x show
	set -- '' ' ' "it's" '"' '\' '$(id) `id`' '*' "$(printf 'a\nb')" "$(printf 'tab\tbell\0075')" "$(printf '\377\303\244')" -n '{}' '~'
	run "$forkpool" --explain -j1 ./show '{}' '{.}' 'x {}' "it's" ::: "$@"
	is 'each command is one line' "$(value argv | wc -l | tr -d ' ')" $#
	value argv | while IFS= read -r line; do bash -c "$line"; done >said
	"$forkpool" -k ./show '{}' '{.}' 'x {}' "it's" ::: "$@" >ran
	is 'a shell makes the words of it that a job gets' "$(od -c said)" "$(od -c ran)"
	rm said ran show
fi
run "$forkpool" --explain -C, echo '{2}' '{%}' {} ::: 1,2 'a b,c'
is 'columns are items' "$(value items)" "1 2
'a b' c"
is 'and go where they stand' "$(value argv)" "echo 2 1 1 2
echo c 2 'a b' c"
out=$(seq 5 | "$forkpool" --explain -n2 echo)
is 'several items in a job' "$(value argv)" 'echo 1 2
echo 3 4
echo 5'
# shellcheck disable=SC2016
run "$forkpool" --explain --shell 'echo "$1"' x ::: 'a b'
# shellcheck disable=SC2016
is '--shell' "$(value argv)" "sh -c 'echo \"\$1\" x' sh 'a b'"
out=$(seq 3 | "$forkpool" --compat=xargs --explain)
is 'as xargs' "$(value argv):$(value 'at a time')" 'echo 1 2 3:1'
seq 3 >items
run "$forkpool" --compat=xargs --explain -a items
is 'as xargs with -a' "$(value argv):$(value stdin)" 'echo 1 2 3:as it is here'
rm items
run env PARALLEL_SHELL=/bin/sh "$forkpool" --compat=parallel --explain -j2 echo {} '{%}' ::: 'a b' c d
is 'as GNU parallel' "$(value argv)" "/bin/sh -c \"echo 'a b' 1\"
/bin/sh -c 'echo c 2'
/bin/sh -c 'echo d 1'"
is 'with its variables' "$(of 3 env)" 'PARALLEL_SEQ=3
PARALLEL_JOBSLOT=1'
is 'and its grace' "$(value grace)" '0.35 s from SIGTERM to SIGKILL'

# ----------------------------------------------------------------- input, output, records, plug-ins

out=$(seq 10 | "$forkpool" --explain --pipe --block 10 cat)
is '--pipe: how long the blocks are' "$(value stdin)" '10 bytes of standard input
8 bytes of standard input
3 bytes of standard input'
out=$(seq 10 | "$forkpool" --dry-run --pipe --block 10 cat '{#}')
is '--dry-run with --pipe' "$out" 'cat 1
cat 2
cat 3'
run "$forkpool" --explain --stdin-from '{} x.in' cat ::: 1
is '--stdin-from' "$(value argv):$(value stdin)" "cat:'1 x.in'"
run "$forkpool" --explain --process-slot-var SLOT --tagstring '{#}.' echo ::: a b
is 'the variable of the worker, and the tag' "$(of 1 env):$(of 1 tag):$(of 2 tag)" "SLOT=0:1.:2."
run "$forkpool" --explain --results r -k echo ::: a/b
is 'the tree of --results' "$(value stdout) $(value stderr)" "'r/1/a\\_b/stdout' 'r/1/a\\_b/stderr'"
is '-k' "$(value output)" "all of a job's when its turn has come, in the order of the input"
run "$forkpool" --explain --results 'r/{#}-{}' echo ::: a
is 'a template of --results' "$(value stdout) $(value stderr)" 'r/1-a r/1-a.err'
run "$forkpool" --explain --joblog l --results t.csv --results-json rj --trace tr --metrics-file m.prom --report p.html --junit u.xml --json echo ::: a
is 'files of the run' "$(value joblog) $(value results) $(value results-json) $(value trace) $(value metrics-file) $(value report) $(value junit)" \
	'l t.csv rj tr m.prom p.html u.xml'
is '--json' "$(value output)" 'in an object for each job, on standard output'
run "$forkpool" --explain --journal j echo ::: a
is '--journal' "$(value journal)" j
run "$forkpool" --explain --plugin nothere.so:f,g --plugin-args 'x y' --mem 64M ::: 'a b' c
is 'functions of a plug-in, which is not loaded' "$status:$(of 4 function) $(value argument)" "0:g 'a b'
'a b'
c
c"
is 'and what it starts with' "$(of 1 plugin):$(of 1 plugin-args)" "nothere.so:'x y'"
is 'no file was written' "$(ls)" sub

# ------------------------------------------------------------------------- what it says is what is so

run "$forkpool" --explain --wd sub --env 'A=it is' --env B=2 pwd ::: 1
said=$(value env) place=$(value directory)
is '--env' "$said" "A='it is'
B=2"
run "$forkpool" --wd sub --env 'A=it is' --env B=2 -n0 sh -c 'pwd -P; env | grep "^[AB]="' ::: 1
is 'a job has these' "$out" "$place
$(printf '%s\n' "$said" | tr -d \')"
run "$forkpool" --explain --timeout 150% --retries 2 --retry-delay 0.5 true ::: 1
is 'a share of the median, and a delay' "$(value timeout):$(value retry-delay)" \
	'150% of the median run time:0.5 s before the second run, twice that before the third, and so on'
run "$forkpool" --explain --nofile 40 --stack 1M --cpu 5 --fsize 2M --mem 1G --pids 7 --retries 3 true ::: 1
is 'limits' "$(value nofile) $(value stack) $(value fsize) $(value retries)" \
	'40 of each process, by RLIMIT_NOFILE 1048576 bytes of each process, by RLIMIT_STACK 2097152 bytes, by RLIMIT_FSIZE 3 runs of a job that fails'
is 'and more of them' "$(value cpu) $(value mem | cut -c 1-32) $(value pids | cut -c 1-10)" \
	'5 s of all processes of a job, which its worker measures 1073741824 bytes of each process 7 of a job'
run "$forkpool" -n0 --nofile 40 --stack 1M sh -c 'ulimit -n; ulimit -s' ::: 1
is 'a job has these' "$out" '40
1024'
run "$forkpool" --explain --sandbox --readable . --writable sub --scratch 1M --network=loopback env ::: 1
said=$(value env)
is 'a sandbox: paths' "$(value readable | grep -x -e . -e /usr) $(value writable | tail -n 1)" '/usr
. sub'
is 'and the rest' "$(value scratch):$(value network)" \
	"1048576 bytes in each of /tmp and /dev/shm:this machine alone, in one of each worker's own"
run "$forkpool" -n0 --sandbox env ::: 1
if ! no_sandbox; then
	is 'a sandboxed job has this environment alone' "$(printf '%s\n' "$said" | sort)" "$(printf '%s\n' "$out" | sort)"
fi
run "$forkpool" --explain --sandbox --host-root true ::: 1
is '--host-root' "$(value sandbox):$(value network)" 'these paths alone:none'

# ----------------------------------------------------------------------------- what ends it before

run "$forkpool" --explain nonesuch-at-all a ::: 1
is 'a command that is not there' "$status:$out:$err" '127::forkpool: nonesuch-at-all: this command is not to be found in PATH'
run "$forkpool" --explain --dry-run touch ran ::: 1
is 'one of both' "$status:$out:$err" '1::forkpool: --explain and --dry-run exclude each other: it has the commands in it'
run "$forkpool" --explain --sandbox --readable nowhere touch ran ::: 1
is 'a path that is not there' "$status:$out" '1:'
out=$(printf 'a\0b\n' | "$forkpool" --explain echo 2>err)
is 'bad input' "$?:$(grep -c '^forkpool: ' err)" "$(printf 'a\0b\n' | "$forkpool" --dry-run echo >/dev/null 2>&1; echo $?):1"
run env MAKEFLAGS=n "$forkpool" --explain echo ::: a
is 'make -n changes nothing' "$(value argv)" 'echo a'
rm err
is 'and nothing was run' "$(ls)" sub
seq 20000 | "$forkpool" --explain echo 2>err | head -n 1 >/dev/null
is 'a reader that goes away' "$(cat err)" ''
"$forkpool" -j1 --joblog failed sh -c 'exit 3' ::: a 2>/dev/null
run "$forkpool" --joblog failed --retry-failed --tag --explain
is 'of a joblog, where no tag is known' "$status:$(printf '%s\n' "$out" | grep -c 'argv')" 0:1
no_process_left 'no process is left'
done_testing
