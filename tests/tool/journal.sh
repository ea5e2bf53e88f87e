#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The command with --journal: killed at random moments, with its journal cut at each byte of its
# end, with a damaged journal, and with other input.  Afterwards each job has one result, in the
# output, the joblog and the results.
# Run in the build directory.  SEED=N repeats the same moments, as far as the machine does.
. "${srcdir:-.}/tests/support/tool-lib.sh"
[ -x "$forkpool" ] || skip_all 'the command is not built'
[ -r /proc/self/environ ] || skip_all 'processes cannot be found by their environment here'

seed=${SEED:-$$}
echo "# SEED=$seed"
# random N: sets $random to 0..N-1
random() {
	seed=$(((seed * 1103515245 + 12345) & 2147483647))
	random=$(((seed >> 12) % $1))
}

# A job notes that it runs and writes nothing, two lines, or more than a pipe holds.  With FAILS=yes
# some jobs fail.
cat >"$dir/job" <<'END'
#!/bin/sh
echo "$1" >>"$RAN"
case $1 in
*[05]) lines=0 ;;
*7) lines=$LARGE ;;
*) lines=2 ;;
esac
seq -f "$1 %.0f" 1 "$lines"
case $FAILS$1 in
yes*3) exit 3 ;;
esac
END
chmod +x "$dir/job"

# The output of the jobs whose numbers come on standard input.
texts() {
	awk -v large="$LARGE" '{ n = $1 ~ /[05]$/ ? 0 : $1 ~ /7$/ ? large : 2; for (i = 1; i <= n; i++) print $1, i }'
}

# SEQ OUTCOME of each result, in the order of the results.
outcomes() {
	sed -n 's/^{"seq": \([0-9]*\), .*"outcome": "\([^"]*\)".*/\1 \2/p' "$at/results"
}

# What all runs together should have published.
published() {
	case $options in
	*-k*) outcomes | sort -n ;;
	*) outcomes ;;
	esac | grep -v ' unknown$' | texts
}

# ------------------------------------------------------------------------- killed at random moments

# new_place ITEMS: an empty directory for a run and the runs that go on from its journal
new_place() {
	at=$dir/place
	rm -rf "$at"
	mkdir "$at"
	: >"$at/out"
	: >"$at/ran"
	seq "$1" >"$at/items"
	runs=0
	kills=0
}

# One run, with the standard output and error of the caller.
forkpool_here() {
	# shellcheck disable=SC2086 # options are words
	exec env RAN="$at/ran" LARGE="$LARGE" FAILS="$FAILS" FORKPOOL_TEST_RUN="$at/$runs" \
		"$forkpool" $options --journal "$at/journal" --joblog "$at/joblog" --results-json "$at/results" \
		-a "$at/items" "$dir/job" </dev/null
}

# begin WHERE: starts a run; its standard output goes to a file, a pipe, or to one file with its
# errors (both)
begin() {
	runs=$((runs + 1))
	# The shell may be killed before it makes the file.
	: >"$at/err.$runs"
	case $1 in
	file) (forkpool_here >>"$at/out" 2>"$at/err.$runs") & ;;
	both) (forkpool_here >>"$at/out" 2>&1) & ;;
	pipe) (forkpool_here >"$at/pipe" 2>"$at/err.$runs") & ;;
	esac
	pid=$!
}

# Kills the tool, its supervisor, workers and jobs; or the tool alone, with which all others end.
kill_tree() {
	kills=$((kills + 1))
	random 3
	if [ "$random" -eq 0 ]; then
		kill -KILL "$pid"
		return
	fi
	for environ in $(grep -lzxF "FORKPOOL_TEST_RUN=$at/$runs" /proc/[0-9]*/environ 2>/dev/null); do
		environ=${environ#/proc/}
		echo "${environ%/environ}"
	done >"$at/pids"
	# shellcheck disable=SC2046 # each is a word
	kill -KILL "$pid" $(cat "$at/pids") 2>/dev/null
}

# Some shells reap a process before wait is called, so its state may be gone.
has_ended() {
	state=gone
	while read -r field state rest; do
		[ "$field" != State: ] || break
	done <"/proc/$pid/status"
	[ "$state" = Z ] || [ "$state" = gone ]
} 2>/dev/null

lines_of() {
	[ ! -e "$1" ] || wc -l <"$1"
}

# Kills the run once a file has some lines more.  1: the run has ended before.
kill_by_file() {
	random 3
	case $random in
	0) watched=$at/out ;;
	1) watched=$at/ran ;;
	2) watched=$at/joblog ;;
	esac
	random 12
	target=$(($(lines_of "$watched") + 0 + random))
	while ! has_ended; do
		if [ $(($(lines_of "$watched") + 0)) -gt "$target" ]; then
			kill_tree
			return 0
		fi
	done
	return 1
}

# Reads from the pipe and then kills the run.  1: the run has ended before.
kill_by_reader() {
	random 25
	left=$random
	while IFS= read -r line; do
		printf '%s\n' "$line"
		[ "$left" -ne 0 ] || kill_tree
		left=$((left - 1))
	done <"$at/pipe" >"$at/piece.$runs"
	# The last line may have no newline.
	printf '%s' "$line" >>"$at/piece.$runs"
	[ "$left" -lt 0 ]
}

# Whether the pieces that the runs have written to the pipe make up $at/wanted.  Where a run was
# killed while it wrote, the next run may write that again, and must have named the jobs whose
# output it is.
pieces_fit() {
	awk -v runs="$runs" -v at="$at" '
		# Sets named[] to the jobs of "4, 7-9".
		function names(list,   part, n, i, ends) {
			delete named
			n = split(list, part, ", ")
			while (n > 0) {
				split(part[n], ends, "-")
				for (i = ends[1]; i <= (ends[2] == "" ? ends[1] : ends[2]); i++) named[i] = 1
				n--
			}
		}
		function all_named(from, to,   i) {
			for (i = 1; i <= count; i++)
				if (from < to && line_from[i] < to && line_to[i] > from && !(line_job[i] in named)) return 0
			return 1
		}
		function whole_of(file,   text, record, newline) {
			while ((getline record <file) > 0) text = text newline record
			return text
		}
		BEGIN {
			while ((getline line <(at "/wanted")) > 0) {
				line_job[++count] = line + 0
				line_from[count] = length(wanted)
				wanted = wanted line "\n"
				line_to[count] = length(wanted)
			}
			RS = "\001" # does not occur
			have = twice = 0
			for (run = 1; run <= runs; run++) {
				piece = whole_of(at "/piece." run)
				err = whole_of(at "/err." run)
				most = 0
				if (match(err, /standard output may have output of jobs? [0-9, -]* twice/)) {
					doubts++
					list = substr(err, RSTART, RLENGTH)
					sub(/^.* jobs? /, "", list)
					sub(/ twice$/, "", list)
					names(list)
					most = 4096
				}
				for (back = 0; back <= most && back <= have; back++)
					if (substr(wanted, have - back + 1, length(piece)) == piece && all_named(have - back, have)) break
				if (back > most || back > have) {
					print "# what run " run " wrote does not belong behind byte " have
					exit 1
				}
				have += length(piece) - back
				twice += back > 0
			}
			if (have != length(wanted)) print "# byte " have " is the last, and not " length(wanted)
			printf "# %d runs, %d said to be in doubt, %d wrote again\n", runs, doubts, twice
			exit have != length(wanted)
		}'
}

# judge NAME WHERE STATUS: tests: output, joblog and results have each job once and agree
judge() {
	outcomes >"$at/outcomes"
	cut -d' ' -f1 "$at/outcomes" >"$at/order"
	sort -n "$at/order" | cmp - "$at/items"
	report "$1: each job is once in the results" $?
	tail -n +2 "$at/joblog" | cut -f1 | cmp - "$at/order"
	report "$1: and in the joblog" $?
	published >"$at/wanted"
	case $2 in
	file) cmp "$at/out" "$at/wanted" ;;
	both) grep -v '^forkpool: ' "$at/out" | cmp - "$at/wanted" ;;
	pipe) pieces_fit ;;
	esac
	report "$1: and in the output" $?
	unknown=$(grep -c ' unknown$' "$at/outcomes")
	echo "# $kills kills, $unknown unknown"
	wanted=0
	if [ "$unknown" -gt 0 ] || [ "$FAILS" = yes ]; then wanted=123; fi
	is "$1: the status tells of those that failed" "$3" "$wanted"
	[ "$3" = "$wanted" ] || { cat "$at/err.$runs" && grep '^forkpool: ' "$at/out"; } | sed 's/^/# /'
	# An unknown job may have been killed before it noted that it runs.
	again=1
	case $options in *'--retries 2'*) again=2 ;; esac
	sort -n "$at/ran" | uniq -c | awk -v again="$again" -v outcomes="$at/outcomes" -v fails="$FAILS" '
		{ ran[$2] = $1; if ($1 > again) { print "# job " $2 " ran " $1 " times"; bad = 1 } }
		END {
			while ((getline line <outcomes) > 0) {
				split(line, of, " ")
				if (of[2] != "unknown" && !(of[1] in ran)) { print "# job " of[1] " never ran"; bad = 1 }
				if (of[2] != (fails == "yes" && of[1] ~ /3$/ ? "failed" : "ok") && of[2] != "unknown") {
					print "# job " of[1] " is said to be " of[2]
					bad = 1
				}
			}
			exit bad
		}'
	report "$1: none ran oftener than it may" $?
	# For each of 3 workers: the job that it runs, and one that it has taken or whose end nobody
	# has read.
	[ "$unknown" -le $((6 * kills)) ]
	report "$1: unknown are those that ran when it was killed, at most" $?
}

# All that runs have put out, but for the line by which a run says that nothing is left to do: errors may be in the same
# file.
left_behind() {
	sed '/^forkpool: --journal .* jobs are done/d' "$at/out"
	cat "$at/joblog" "$at/results" "$at/ran"
}

all_kills=0
# kill_often NAME WHERE OPTIONS...: kills runs until one ends by itself; then one more does nothing
kill_often() {
	name=$1
	where=$2
	shift 2
	options="$* -j3"
	new_place 60
	mkfifo "$at/pipe"
	while :; do
		begin "$where"
		if [ "$where" = pipe ]; then
			killed=0
			kill_by_reader || killed=1
		elif [ "$kills" -lt 6 ]; then
			killed=0
			kill_by_file || killed=1
		else
			killed=1
		fi
		wait "$pid" 2>/dev/null
		status=$?
		# The kill may have come too late.
		if [ "$killed" -ne 0 ] || [ "$status" -ne 137 ]; then break; fi
	done
	judge "$name" "$where" "$status"
	all_kills=$((all_kills + kills))
	left_behind >"$at/before"
	begin "$where"
	[ "$where" != pipe ] || cat "$at/pipe" >>"$at/out"
	wait "$pid"
	is "$name: once more does nothing" "$?:$(left_behind | cksum)" \
		"$status:$(cksum <"$at/before")"
}

LARGE=700
FAILS=no
kill_often 'killed, into a file' file
kill_often 'killed, -k, into a file' file -k
# More than twice what a pipe holds: so the run has not ended while the reader reads, however busy
# the machine is.
LARGE=4500
kill_often 'killed, into a pipe' pipe
kill_often 'killed, -k, into a pipe' pipe -k
FAILS=yes
kill_often 'killed, -k --retries 2, into a pipe' pipe -k --retries 2
LARGE=700
kill_often 'killed, --retries 2, into a file' file --retries 2
# Output and errors in one file do not cut each other.
LARGE=2
kill_often 'killed, output and errors in one file' both -k --retries 2
is 'and each failure is said once' "$(grep -c '^forkpool: job ' "$at/out")" "$(grep -c -v 'ok$' "$at/outcomes")"
echo "# $all_kills kills"
ok 'they were killed indeed' test "$all_kills" -ge 5
no_process_left 'nothing is left of any'

# ------------------------------------------------------------------------------ cut at every byte

# After a power failure the disk may have less of the journal than has been put out.
LARGE=2
FAILS=no
new_place 6
options='-k -j1 --retries 2'
begin file
wait "$pid"
is 'six jobs' "$?" 0
echo "# an entry has $((($(wc -c <"$at/journal") - 131072) / 6)) bytes"
mkdir "$at/whole"
cp -p "$at/out" "$at/joblog" "$at/results" "$at/journal" "$at/whole"
size=$(wc -c <"$at/journal")

# put_back BYTES: restores all files, and that much of the journal; output, joblog and results keep
# their inodes, by which a run knows them
put_back() {
	for file in out joblog results; do cat "$at/whole/$file" >"$at/$file"; done
	head -c "$1" "$at/whole/journal" >"$at/journal"
	: >"$at/ran"
}

# An entry has more than 200 bytes: cut within the last entry and the end of the one before.
cut=$((size - 280))
cuts=0
lost=0
: >"$at/wrong"
while [ "$cut" -lt "$size" ]; do
	put_back "$cut"
	(forkpool_here >>"$at/out" 2>"$at/err.1")
	status=$?
	[ "$status" -eq 0 ] && cmp -s "$at/out" "$at/whole/out" && outcomes >"$at/outcomes" &&
		[ "$(cut -d' ' -f1 "$at/outcomes" | tr '\n' ' ')$(cut -f1 "$at/joblog" | tr '\n' ' ')" = \
			'1 2 3 4 5 6 Seq 1 2 3 4 5 6 ' ] || echo "at $cut of $size: status $status" >>"$at/wrong"
	[ ! -s "$at/ran" ] || lost=$((lost + 1))
	cut=$((cut + 1))
	cuts=$((cuts + 1))
done
is 'cut at each byte of its end, what it lost is run again, and all is there once' "$(cat "$at/wrong")" ''
is 'and something was lost each time' "$lost" "$cuts"

# Without --retries no job may run again.
options='-k -j1'
new_place 6
begin file
wait "$pid"
mkdir "$at/whole"
cp -p "$at/out" "$at/joblog" "$at/results" "$at/journal" "$at/whole"
size=$(wc -c <"$at/journal")
put_back $((size - 1))
kills=1
begin file
wait "$pid"
status=$?
echo 1 2 3 4 5 6 | tr ' ' '\n' >"$at/ran"
judge 'cut, without --retries' file "$status"
is 'what is not to be in the output any more is not thrown away' "$(grep -x '6 .' "$at/journal.surplus")" "$(echo 6 | texts)"

# ------------------------------------------------------------------------------------------ damage

# Damage in the middle, and in the part for the jobs that have begun.
# refused NAME PATTERN: tests: the run ends with one line that has the pattern, and does nothing
refused() {
	cat "$at/out" "$at/joblog" "$at/results" "$at/ran" >"$at/before"
	begin file
	wait "$pid"
	is "$1" "$?:$(grep -c "$2" "$at/err.$runs"):$(wc -l <"$at/err.$runs")" 1:1:1
	is "$1, and nothing runs or comes out" "$(cat "$at/out" "$at/joblog" "$at/results" "$at/ran" | cksum)" \
		"$(cksum <"$at/before")"
}
# flip BYTE: changes a bit of that byte of the journal
flip() {
	was=$(tail -c +$(($1 + 1)) "$at/journal" | head -c 1 | od -An -tu1)
	# shellcheck disable=SC2059 # it is one byte
	printf "\\$(printf %03o $((was ^ 16)))" | dd of="$at/journal" bs=1 seek="$1" conv=notrunc 2>/dev/null
}
flip $((131072 + 100))
refused 'damaged in the middle' "^forkpool: --journal .*: damaged at byte 131072, and not at its end"
flip $((131072 + 100))
for byte in 0 1 2 3 4 5 6 7; do
	flip $((65536 + byte))
	refused "damaged in byte $byte of a job that has begun" \
		'^forkpool: --journal .*: damaged at byte 65536, where it has the jobs that have begun'
	flip $((65536 + byte))
done
flip 100000
refused 'damaged where no job has begun' '^forkpool: --journal .*: damaged at byte 100000, where'
flip 100000

# ------------------------------------------------------------------------------------- other input

seq 2 7 >"$at/items"
refused 'other input' '^forkpool: --journal .*: job 1 was another one when it was begun: the input has changed$'
seq 5 >"$at/items"
refused 'shorter input' '^forkpool: --journal .*: the input ends at job 5, and had 6 or more: it has changed$'
: >"$at/new"
(forkpool_here >"$at/new" 2>"$at/err.1")
is 'shorter input and a new file of output' "$?:$(cat "$at/new")" 1:
seq 6 >"$at/items"
(forkpool_here >>"$at/out" 2>"$at/err.1")
is 'that has not become the place of the output' "$?:$(cksum <"$at/out")" "123:$(cksum <"$at/wanted")"
(forkpool_here >"$at/new" 2>"$at/err.1")
is 'the same input and a new file of output, which gets everything' "$(cksum <"$at/new")" "$(cksum <"$at/wanted")"
(forkpool_here 2>"$at/err.1") | cat >"$at/piped"
is 'and then a pipe, which gets what is not out' "$(cat "$at/piped")" ''
seq 8 >"$at/items"
: >"$at/ran"
(forkpool_here >>"$at/new" 2>"$at/err.1")
is 'longer input: what has been added is run' "$(tr '\n' ' ' <"$at/ran")" '7 8 '
seq 8 | grep -v 6 | texts >"$at/wanted"
is 'and published' "$(cksum <"$at/new")" "$(cksum <"$at/wanted")"

# A job that was running and may run again does not, until the input has been compared up to where
# the earlier runs came.
cat >"$dir/job" <<'END'
#!/bin/sh
echo "$1" >>"$RAN"
[ "$1" -ne 1 ] || [ "$(wc -l <"$RAN")" -gt 2 ] || exec sleep 60
echo "$1"
END
new_place 2
options='-j2 --retries 2'
begin file
second_is_done() {
	[ "$(lines_of "$at/ran")" = 2 ] && [ "$(cat "$at/out")" = 2 ]
}
until_true second_is_done
kill_tree
wait "$pid" 2>/dev/null
printf '1\n3\n' >"$at/items"
refused 'changed behind a job that is to run again' '^forkpool: --journal .*: job 2 was another one'
seq 2 >"$at/items"
begin file
wait "$pid"
is 'and with its input it does' "$?:$(sort "$at/ran" | tr '\n' ' '):$(tr '\n' ' ' <"$at/out")" '0:1 1 2 :2 1 '

# Blocks of --pipe.
piped() {
	"$forkpool" --pipe --block 20 -k --journal "$dir/piped" cat
}
seq 100 | piped >"$at/out"
seq 90 | piped >"$at/new" 2>"$at/err.1"
is '--pipe: shorter input' "$?:$(cat "$at/new"):$(grep -c 'has changed$' "$at/err.1")" 1::1
seq 100 | piped >>"$at/out"
is 'and the same' "$?:$(cksum <"$at/out")" "0:$(seq 100 | cksum)"
done_testing
