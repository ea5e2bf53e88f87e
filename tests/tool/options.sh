#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Options that say when jobs start, what jobs have, what is told of them, and how they are ended.
# Run in the build directory.  The braces are the templates' own.
# shellcheck disable=SC1091,SC1083,SC2016
. "${srcdir:-.}/tests/support/tool-lib.sh"
[ -x "$forkpool" ] || skip_all 'the command is not built'
support=$(cd "${srcdir:-.}/tests/support" && pwd)
cd "$dir" || exit 99

# in_background COMMAND...: starts it and sets $pid
in_background() {
	"$@" >out 2>err </dev/null &
	pid=$!
}

# have FILE...: whether all of them exist
have() {
	for file; do [ -e "$file" ] || return 1; done
}

# A job that tells whether another one begins within a second.
cat >beside <<'SCRIPT'
#!/bin/sh
: >"begun.$1"
tries=0
while [ "$tries" -lt 20 ]; do
	set -- "$1" begun.*
	if [ $# -gt 2 ] || [ -e together ]; then
		: >together
		break
	fi
	tries=$((tries + 1))
	sleep 0.05
done
rm "begun.$1"
SCRIPT
chmod +x beside

# ---------------------------------------------------------------------------------- when jobs start

run "$forkpool" -j2 ./beside ::: 1 2
is 'two at a time' "$status:$(ls together)" 0:together
rm -f together
# On a machine that has been idle for long the load is 0, below any number.
read -r load rest </proc/loadavg
if [ "$load" != 0.00 ]; then
	run "$forkpool" -j2 --load 0.001 ./beside ::: 1 2
	is '--load: one at a time while the load is above it' "$status:$(ls together 2>/dev/null)" 0:
fi
run "$forkpool" -j2 --load 1000000 ./beside ::: 1 2
is '--load: below it nobody waits' "$status:$(ls together)" 0:together
rm -f together

run "$forkpool" --memfree 1K echo ::: a
is '--memfree: there is as much' "$status:$out" 0:a
in_background "$forkpool" --memfree 1000T touch ::: begun.memory
tries=0
while [ "$tries" -lt 10 ] && [ ! -e begun.memory ]; do
	tries=$((tries + 1))
	sleep 0.05
done
kill -TERM "$pid"
wait "$pid"
is '--memfree: no job begins before there is' "$?:$(ls begun.memory 2>/dev/null)" 143:

run "$forkpool" -k -j2 --limit 'echo asked; echo x >>asked' echo ::: a b c
is '--limit: status 0 starts a job' "$status:$out" '0:a
b
c'
is '--limit: asked once for each' "$(wc -l <asked)" 3
is '--limit: what it prints goes to standard error' "$err" 'asked
asked
asked'
in_background "$forkpool" -j2 --limit 'echo x >>asked.again; test -e there' touch ::: begun.limit
# asked_again: whether it has been asked several times
asked_again() {
	[ -e asked.again ] && [ "$(wc -l <asked.again)" -gt 1 ]
}
ok '--limit: asked again while it says 1' until_true asked_again
ok '--limit: no job begins meanwhile' test ! -e begun.limit
: >there
wait "$pid"
is '--limit: and then it does' "$?:$(ls begun.limit)" 0:begun.limit
# A command that fails lets jobs that run end, and ends the run.
run "$forkpool" -j2 -n0 --limit 'test -e once || exec touch once; until test -e runs; do sleep 0.02; done; exit 7' \
	sh -c ': >runs; sleep 0.1; echo done' ::: 1 2 3
is '--limit: another status ends the run' "$status:$out" '1:done'
is '--limit: which a line says' "$(printf '%s\n' "$err" | grep -c "exit status 7, where 0 is to start")" 1
in_background "$forkpool" --limit ': >limit.runs; sleep 1000 & sleep 1000' true ::: a
ok '--limit: a command that goes on' until_true have limit.runs
kill -TERM "$pid"
wait "$pid"
is '--limit: ends with the run' $? 143
no_process_left '--limit: with all that it has started'
run "$forkpool" --compat=parallel -k --limit 'exit 0' echo ::: a b
is '--limit: as GNU parallel' "$status:$out" '0:a
b'

# No job begins before its time.
before=$(date +%s%N)
run "$forkpool" -j3 --delay 0.3 --joblog delayed true ::: 1 2 3
is '--delay: status' "$status" 0
# first_at N: when job N has begun, in milliseconds from here on
first_at() {
	awk -v before="$before" -v n="$1" '$1 == n { printf "%d", $3 * 1000 - before / 1000000 }' delayed
}
# The joblog rounds its times.
ok '--delay: between the first and the second' test "$(first_at 2)" -ge 299
ok '--delay: and the third' test "$(first_at 3)" -ge 599

# SIGUSR2 comes while two jobs run.  Once the tool says that it has one worker, one runs at a time.
cat >take_turns <<'SCRIPT'
#!/bin/sh
if [ ! -e go ]; then
	: >"begun.$1"
	while [ ! -e go ]; do sleep 0.02; done
elif [ -e alone ]; then
	mkdir running 2>/dev/null || : >together
	echo "$1" >>in_turn
	[ "$(wc -l <in_turn)" -lt 5 ] || : >enough
	sleep 0.05
	rmdir running 2>/dev/null
fi
exit 0
SCRIPT
chmod +x take_turns
one_worker() {
	grep -q '^forkpool_workers{.*} 1$' metrics
}
mkfifo numbers
(
	i=0
	while [ ! -e enough ]; do
		echo $((i += 1))
		sleep 0.01
	done
) >numbers &
in_background "$forkpool" -j2 --metrics-file metrics -a numbers ./take_turns
ok 'two have begun' until_true have begun.1 begun.2
kill -USR2 "$pid"
: >go
ok 'SIGUSR2: one worker less' until_true one_worker
: >alone
wait "$pid"
is 'and one job at a time' "$?:$(ls enough together 2>/dev/null)" 0:enough

# ----------------------------------------------------------------------------------- what they have

run "$forkpool" --nice 5 sh -c nice ::: x
is '--nice' "$status:$out" "0:$(($(nice) > 14 ? 19 : $(nice) + 5))"
if [ "$(id -u)" -ne 0 ]; then
	ordinary() { "$@"; }
elif command -v setpriv >/dev/null && setpriv --reuid=65534 --clear-groups "$forkpool" true ::: a 2>/dev/null; then
	ordinary() { setpriv --reuid=65534 --clear-groups "$@"; }
else
	ordinary() { false; }
	echo '# no ordinary user can be had here, so --pids is not looked at'
fi
if ordinary true; then
	run ordinary "$forkpool" --pids 1000000 sh -c 'sleep 0 & wait; echo "$0"' ::: fine
	is '--pids: enough' "$status:$out" 0:fine
	run ordinary "$forkpool" --pids 3 sh -c 'for i in 1 2 3 4 5 6; do sleep 60 & done; wait; echo "$0"' ::: fine
	is '--pids: no more than three' "$status:$out" 123:
	ok 'it says so' grep -q '^forkpool: job 1: .*processes limit' .err
fi

mkdir elsewhere
run "$forkpool" --tmpdir elsewhere --wd / sh -c 'echo "$TMPDIR"' ::: x
is '--tmpdir is TMPDIR' "$status:$out" "0:$dir/elsewhere"
# Blocks lie in files there.
run eval 'echo x | "$forkpool" --pipe --tmpdir elsewhere readlink /proc/self/fd/0'
case $out in "$dir/elsewhere/"*) fine=0 ;; *) fine=1 ;; esac
report '--tmpdir: blocks lie there' $fine

threads='' cores='' cpus='' sockets=''
for unit in threads cores cpus sockets; do
	run "$forkpool" --number-of-$unit --nonsense
	eval "$unit=\$out"
	is "--number-of-$unit" "$status:$(echo "$out" | tr -d 0-9):$err" 0::
	ok "--number-of-$unit: at least one" test "$out" -gt 0
done
is '--number-of-cpus: cores' "$cpus" "$cores"
ok 'no more sockets than cores, than processors' [ "$((sockets <= cores && cores <= threads))" = 1 ]
if command -v taskset >/dev/null && cpu=$(taskset -cp $$ | sed 's/.*: \([0-9]*\).*/\1/') &&
	[ "$(taskset -c "$cpu" nproc)" = 1 ]; then
	run taskset -c "$cpu" "$forkpool" --number-of-threads
	is '--number-of-threads: those that may be used' "$out" 1
	run taskset -c "$cpu" "$forkpool" --number-of-cores
	is '--number-of-cores: no more than these' "$out" 1
fi

# ------------------------------------------------------------------------------------- what is told

run "$forkpool" -j1 --tagstring '<{#}:{}>' sh -c 'echo "$0"; echo e >&2' ::: a b
is '--tagstring' "$out" "$(printf '<1:a>\ta\n<2:b>\tb')"
is '--tagstring on standard error' "$err" "$(printf '<1:a>\te\n<2:b>\te')"
for option in --bar --eta; do
	run "$forkpool" -k $option echo ::: a b
	is "$option leaves standard output alone" "$status:$out" '0:a
b'
	is "$option: a plain line at the end where there is no terminal" \
		"$(printf '%s\n' "$err" | grep -c . ):$(printf '%s' "$err" | tr -d '\n' | tr '\000-\037\177' '!' | grep -c '!')" 1:0
done
run "$forkpool" --bar true ::: a b
ok '--bar says how many are done' grep -q '^forkpool: 2/2 done' .err
run "$forkpool" --eta true ::: a b
ok '--eta says what is left' grep -q 'ETA: 0s Left: 0 ' .err

# ------------------------------------------------------------------------------ commands on one line

# With a newline, an escape sequence, text that would be shown from right to left, and an umlaut.
odd=$(printf "it's\\n\\033[1m \\342\\200\\256 \\303\\244")
run "$forkpool" -t true ::: "$odd" plain 'a b' "it's"
is '-t: each on one line' "$(printf '%s\n' "$err" | LC_ALL=C sort)" "$(printf '%s\n' \
	"true 'a b'" "true 'it'\\''s'\$'\\n\\033''[1m '\$'\\342\\200\\256'' $(printf '\303\244')'" 'true "it'"'"'s"' 'true plain' | LC_ALL=C sort)"
if command -v bash >/dev/null; then
	run bash -c "$(printf '%s\n' "$err" | sed -n '/033/s/^true/printf %s/p')"
	is '-t: a shell takes it back' "$out" "$odd"
fi
run "$forkpool" -j1 --dry-run echo ::: "$odd"
is '--dry-run: for any shell, with a newline' "$(printf '%s\n' "$out" | sh)" "$odd"
run "$forkpool" --compat=parallel -t true ::: "$(printf 'a\nb')"
is '-t as GNU parallel: the text that the shell gets' "$err" "true 'a
b'"

# ---------------------------------------------------------------------------------------- questions

if command -v python3 >/dev/null; then
	run python3 "$support/terminal.py" "?..." y,n,Yes "$forkpool" -j1 -p touch ::: asked.a asked.b asked.c
	is '-p runs what it is told to' "$(ls asked.[abc] | tr '\n' ' ')" 'asked.a asked.c '
	is 'and asks of each' "$(printf '%s\n' "$out" | grep -c '^touch asked\.[abc] ?\.\.\.'):$(printf '%s\n' "$out" | tail -n 1)" '3:status 0'
	run python3 "$support/terminal.py" "?..." n "$forkpool" -p touch ::: "$(printf 'a\nb')"
	is '-p: the command is on one line' "$(printf '%s\n' "$out" | sed -n 1p)" "touch 'a'\$'\\n''b' ?...n"
fi
if command -v setsid >/dev/null; then
	for dialect in native xargs parallel; do
		printf 'asked.d\nasked.e\n' >items
		setsid -w "$forkpool" --compat=$dialect -p touch <items >out 2>err
		status=$?
		case $dialect in parallel) wanted=255: ;; *) wanted=1: ;; esac
		is "-p without a terminal: $dialect" "$status:$(ls asked.[de] 2>/dev/null)" "$wanted"
		is 'and a line that says it' "$(grep -c -- '-p: there is no terminal' err):$(wc -l <err)" 1:1
	done
fi

# ---------------------------------------------------------------------------------------------- end

cat >stubborn <<'SCRIPT'
#!/bin/sh
trap ': >terminated' TERM
: >begun.stubborn
while :; do sleep 0.02; done
SCRIPT
chmod +x stubborn
in_background "$forkpool" --term-seq TERM,500,KILL ./stubborn ::: x
ok 'a job that ignores SIGTERM has begun' until_true have begun.stubborn
before=$(date +%s%N)
kill -TERM "$pid"
wait "$pid"
is '--term-seq: it is ended nevertheless' $? 143
ok 'not before its time' test $((($(date +%s%N) - before) / 1000000)) -ge 500
ok 'and had SIGTERM first' have terminated
no_process_left 'no process is left'
done_testing
