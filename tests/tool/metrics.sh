#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# --metrics-file: the file keeps the rules of Prometheus' text format, its numbers agree with
# --json, and a reader never finds half a file.
# Run in the build directory.
# shellcheck disable=SC1091,SC2154
. "${srcdir:-.}/tests/support/tool-lib.sh"
[ -x "$forkpool" ] || skip_all 'the command is not built'
python3 -c 'import json, decimal' 2>/dev/null || skip_all 'there is no python3 to read the file with'

# rules NAME FILE [JSON]: a test: the file keeps the rules and agrees with the JSON
rules() {
	rules_name=$1
	shift
	is "$rules_name" "$(python3 "${srcdir:-.}/tests/support/metrics_rules.py" "$@" 2>&1)" ''
	# Prometheus' own checker, where it is installed.
	if command -v promtool >/dev/null 2>&1; then
		is "promtool too: $rules_name" "$(promtool check metrics <"$1" 2>&1)" ''
	fi
}

# value SAMPLE: its value in $file
value() {
	sed -n "s/^forkpool_$1 //p" "$file" | tr -d '\n'
}
mkdir "$dir/m"
file=$dir/m/nightly.prom
cat >"$dir/job" <<'END_OF_JOB'
#!/bin/sh
case $1 in
fail) exit 3 ;;
crash) kill -SEGV $$ ;;
slow) sleep 60 ;;
kill) kill -KILL $PPID; sleep 60 ;;
text) printf 'out'; printf 'errors' >&2 ;;
esac
END_OF_JOB
chmod +x "$dir/job"

# ---------------------------------------------------------------------------------------- numbers

run "$forkpool" -j3 --quiet --timeout 1 --json --metrics-file "$file" "$dir/job" ::: a b c fail text crash slow text missing
printf '%s\n' "$out" >"$dir/json"
is 'the run' "$status" 123
rules 'the file at the end, and what --json says' "$file" "$dir/json"
is 'jobs by outcome' "$(value 'jobs_total{outcome="ok",run="nightly"}'):$(value 'jobs_total{outcome="timed_out",run="nightly"}'):$(value 'jobs_total{outcome="lost",run="nightly"}')" 6:1:0
is 'what they wrote' "$(value 'output_bytes_total{stream="stdout",run="nightly"}'):$(value 'output_bytes_total{stream="stderr",run="nightly"}')" 6:12
is 'the exit status' "$(value 'exit_status{run="nightly"}')" 123
is 'workers' "$(value 'worker_deaths_total{run="nightly"}'):$(value 'worker_starts_total{run="nightly"}'):$(value 'workers{run="nightly"}')" 0:3:3
is 'nothing else is in its directory' "$(ls -A "$dir/m")" nightly.prom
run "$forkpool" -j2 --quiet --retries 3 --json --metrics-file "$file" "$dir/job" ::: a fail kill b
printf '%s\n' "$out" >"$dir/json"
rules 'tries and deaths' "$file" "$dir/json"
is 'are counted' "$(value 'retries_total{run="nightly"}'):$(value 'worker_deaths_total{run="nightly"}')" 4:3
# The run does not wait for the other workers that replace dead ones.
ok 'and workers in the place of those that died' test "$(value 'worker_starts_total{run="nightly"}')" -ge 3
run "$forkpool" -j1 --quiet --lb --metrics-file "$file" "$dir/job" ::: text text
is 'what has gone out before the end counts as well' "$(value 'output_bytes_total{stream="stderr",run="nightly"}')" 12
run "$forkpool" -j1 --quiet --halt soon,fail=1 --json --metrics-file "$file" "$dir/job" ::: fail b c
printf '%s\n' "$out" >"$dir/json"
is 'those that were not run are skipped' "$(value 'jobs_total{outcome="skipped",run="nightly"}'):$(value 'exit_status{run="nightly"}')" "$(grep -c skipped "$dir/json"):124"
run "$forkpool" --metrics-file "$file" true </dev/null
rules 'no job at all' "$file"

# -------------------------------------------------------------------------------- while jobs run

mkfifo "$dir/fifo"
"$forkpool" -j2 --quiet --metrics-file "$file" sh -c "[ \$0 = a ] || read -r x <'$dir/fifo'" ::: a b c d >/dev/null 2>&1 &
pid=$!
two_run() {
	[ "$(value 'jobs_running{run="nightly"}'):$(value 'jobs_waiting{run="nightly"}'):$(value 'jobs_total{outcome="ok",run="nightly"}')" = 2:1:1 ]
}
ok 'it is brought up to date while jobs run' until_true two_run
rules 'and well formed then' "$file"
is 'it says that the run is not over' "$(grep -c 'end_time\|exit_status' "$file")" 0
kill -TERM "$pid"
wait "$pid"
is 'a run that is interrupted' "$?:$(value 'exit_status{run="nightly"}'):$(value 'jobs_total{outcome="cancelled",run="nightly"}')" 143:143:2

# A reader reads the file all the time while runs begin and end.
rm -f "$file"
mkfifo "$dir/end"
python3 "${srcdir:-.}/tests/support/metrics_rules.py" --watch "$file" <"$dir/end" >"$dir/watched" 2>&1 &
watcher=$!
exec 3>"$dir/end"
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	"$forkpool" -j2 --metrics-file "$file" true ::: "$i" a b c
done
exec 3>&-
wait "$watcher"
is 'a reader never sees half a file' "$(sed '$d' "$dir/watched")" ''
ok 'though it is replaced by others' test "$(tail -n 1 "$dir/watched")" -gt 3
is 'and nothing is left beside it' "$(ls -A "$dir/m")" nightly.prom

# ------------------------------------------------------------------------------------- the file

rm -f "$file"
(umask 022 && "$forkpool" --metrics-file "$file" true ::: a)
is 'others may read it, as the umask says' "$(ls -l "$file" | cut -c 1-10)" '-rw-r--r--'
ln -s nightly.prom "$dir/m/link"
run "$forkpool" --metrics-file "$dir/m/link" true ::: a
is 'where a link leads it is replaced, and the link stays' "$status:$(readlink "$dir/m/link"):$(grep -c 'run="link"' "$file")" "0:nightly.prom:$(grep -cv '^#' "$file")"
rm "$dir/m/link"
mkfifo "$dir/m/pipe"
run "$forkpool" --metrics-file "$dir/m/pipe" touch "$dir/ran" ::: a
is 'a pipe or a device is not replaced' "$status:$(printf '%s\n' "$err" | grep -c 'regular file'):$(ls "$dir/ran" 2>/dev/null)" 1:1:
rm "$dir/m/pipe"
run "$forkpool" --metrics-file "$dir/nowhere/x.prom" touch "$dir/ran" ::: a
is 'a directory that is not there' "$status:$(printf '%s\n' "$err" | wc -l | tr -d ' '):$(printf '%s\n' "$err" | grep -c 'nowhere/x.prom'):$(ls "$dir/ran" 2>/dev/null)" 1:1:1:
rm -f "$file"
run "$forkpool" --dry-run --metrics-file "$file" echo ::: a
is '--dry-run writes none' "$status:$out:$(ls -A "$dir/m")" '0:echo a:'
run "$forkpool" --metrics-file "$file" --trace "$file" true ::: a
is 'it is no other file' "$status:$(printf '%s\n' "$err" | grep -c 'must be two files')" 1:1
# The directory is removed while a job runs; the job ends when the tool has said so.
mkdir "$dir/gone"
"$forkpool" --metrics-file "$dir/gone/x.prom" sh -c "rm -r '$dir/gone'; read -r x <'$dir/fifo'; echo done" ::: a >"$dir/out" 2>"$dir/err" &
pid=$!
is_said() {
	grep -q '^forkpool: --metrics-file: cannot write .*gone/x.prom' "$dir/err"
}
ok 'what cannot be written any more is said' until_true is_said
echo go >"$dir/fifo"
wait "$pid"
is 'once, and makes the status 1' "$?:$(cat "$dir/out"):$(wc -l <"$dir/err" | tr -d ' ')" 1:done:1

# --------------------------------------------------------------------------------- names of files

for name in 'a"b' 'back\slash' 'new
line.prom' "$(printf 'no text \377')" "$(printf '\303\251.prom')" .prom 'x{y="z"} 1'; do
	run "$forkpool" --metrics-file "$dir/m/$name" true ::: a
	rules "a file called $(printf %s "$name" | tr '\n\377' '??')" "$dir/m/$name"
done
file=$(printf '%s/m/\303\251.prom' "$dir")
is 'the name is the label' "$(value "$(printf 'jobs_known{run="\303\251"}')")" 1
file="$dir/m/a\"b"
is 'a quote in it is escaped' "$(grep -c 'jobs_known{run="a\\"b"} 1' "$file")" 1

no_process_left 'no process is left'
done_testing
