#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# --junit: the report is there whole or not at all, is XML that keeps to the schema tests/support/junit.xsd, whatever
# jobs write, and has each job as it ended.  Run in the build directory.
srcdir=$(cd "${srcdir:-.}" && pwd)
# shellcheck source=tests/support/tool-lib.sh
. "$srcdir/tests/support/tool-lib.sh"
[ -x "$forkpool" ] || skip_all 'the command is not built'
command -v python3 >/dev/null || skip_all 'python3 is not installed'
mkdir "$dir/w"
xml=$dir/w/report.xml
cd "$dir" || exit 99

# says CODE: a test's command: Python runs it, with "suite" and "cases" of the report, and "by", the cases by name
says() {
	PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$srcdir/tests/support python3 -c "from junit_data import *
suite, cases = read('$xml')
by = {c['name']: c for c in cases}
$1" >python.out 2>&1 || {
		sed 's/^/# /' python.out
		return 1
	}
}
alone() {
	[ "$(ls -A w)" = "${1-report.xml}" ]
}
keeps_to_schema() {
	xmllint --noout --schema "$srcdir/tests/support/junit.xsd" "$xml" >xmllint.out 2>&1 || {
		cut -c1-300 xmllint.out | sed 's/^/# /'
		return 1
	}
}
# valid NAME: a test, where there is xmllint, which a CI has
valid() {
	if command -v xmllint >/dev/null || [ "${CI:-}" = true ]; then
		ok "$1: keeps to the schema" keeps_to_schema
	else
		number=$((number + 1))
		echo "ok $number - $1: keeps to the schema # SKIP xmllint (libxml2-utils) is not installed"
	fi
}

# ---------------------------------------------------------------------------------- how jobs ended

cat >job <<'END'
#!/bin/sh
echo "working on $1"
case $1 in
exit) echo 'no such thing' >&2; exit 7 ;;
crash) kill -SEGV $$ ;;
hang) exec sleep 60 ;;
second) [ -e second ] || { : >second; echo 'not yet' >&2; exit 5; } ;;
esac
END
chmod +x job
run "$forkpool" -k -j3 --timeout 5 --retries 2 --junit "$xml" ./job {} ::: a exit crash hang second b
is 'a run with a test report ends as it would without' "$status:$out" '123:working on a
working on exit
working on crash
working on hang
working on second
working on b'
ok 'there is the report, and nothing beside it' alone
valid 'jobs of all kinds'
ok 'with -k cases are in the order of the input' says "
assert [c['name'] for c in cases] == 'a exit crash hang second b'.split(), by"
ok 'a job that succeeded has its output and no more' says "
assert by['a']['system-out'] == 'working on a\n', by['a']
assert not {'failure', 'error', 'skipped', 'system-err'} & set(by['a']) and by['a']['earlier'] == [], by['a']
assert by['a']['classname'] == 'job' and 0 <= float(by['a']['time']) < 60, by['a']"
ok 'one with another exit status is a failure, told with the end of what it said' says "
c = by['exit']
assert c['failure'] == 'exit status 7\nno such thing\n' and c['type'] == 'failed' and c['message'] == 'exit status 7', c
assert c['system-err'] == 'no such thing\n' and c['system-out'] == 'working on exit\n', c"
ok 'a crash and a timeout are errors' says "
assert by['crash']['type'] == 'crashed' and 'SIGSEGV' in by['crash']['message'], by['crash']
assert by['crash']['error'].endswith('\nworking on crash\n'), by['crash']
assert by['hang']['type'] == 'timed_out' and by['hang']['error'].startswith('timed out after '), by['hang']
assert (suite['failures'], suite['errors'], suite['skipped']) == ('1', '2', '0'), suite"
ok 'one that succeeded at last is none, and flaky' says "
c = by['second']
((tag, kind, what, out, err),) = c['earlier']
assert tag == 'flakyFailure' and kind == 'failed' and what.startswith('run 1, after ') and 'exit status 5' in what, c
assert (out, err) == ('working on second\n', 'not yet\n'), c
assert 'failure' not in c and c['system-out'] == 'working on second\n' and 'system-err' not in c, c"
ok 'one that never did has its earlier run, too' says "
((tag, kind, what, out, err),) = by['exit']['earlier']
assert (tag, kind, out, err) == ('rerunFailure', 'failed', 'working on exit\n', 'no such thing\n'), by['exit']"
ok 'the suite has the command, the time, when and where' says "
from datetime import datetime, timedelta, timezone
import socket
assert suite['name'] == './job {}' and suite['hostname'] == socket.gethostname() and float(suite['time']) >= 1, suite
began = datetime.strptime(suite['timestamp'], '%Y-%m-%dT%H:%M:%SZ').replace(tzinfo=timezone.utc)
assert timedelta() <= datetime.now(timezone.utc) - began < timedelta(hours=1), suite"
run "$forkpool" --quiet --junit "$xml" {} ::: ./nowhere "$dir/job"
is 'a command that is not there' "$status" 127
valid 'a command that is not there'
ok 'is an error' says "
assert by['./nowhere']['type'] == 'setup_failed' and by['./nowhere']['classname'] == 'nowhere', by
assert 'error' not in by['$dir/job'] and by['$dir/job']['classname'] == 'job', by"
run "$forkpool" -k --junit "$xml" sh -c 'echo out; echo err >&2; echo out' x ::: 1
ok 'streams that go to two places are two' says "assert (cases[0]['system-out'], cases[0]['system-err']) == ('out\nout\n', 'err\n')"
"$forkpool" --junit "$xml" sh -c 'echo out; echo err >&2; echo out; exit 3' x ::: 1 >both 2>&1
ok 'and one where they are one file, in their order' says "
assert cases[0]['system-out'] == 'out\nerr\nout\n' and 'system-err' not in cases[0], cases
assert cases[0]['failure'] == 'exit status 3\nout\nerr\nout\n', cases"
run "$forkpool" -r --junit "$xml" echo
is 'no job at all' "$status" 0
valid 'no job at all'
ok 'is an empty suite' says "assert cases == [] and suite['tests'] == '0'"

# ------------------------------------------------------------------------------------------- names

run "$forkpool" -k --junit "$xml" true ::: a b a '' "$(printf 'two\nlines')" 'a  b' "$(head -c 3000 /dev/zero | tr '\0' x)1" \
	"$(head -c 3000 /dev/zero | tr '\0' x)2"
valid 'names'
ok 'each is the item, with the number of the job where another has it, or where it is none or cut' says "
names = [c['name'] for c in cases]
assert names[:6] == ['a', 'b', 'a (job 3)', 'true \'\' (job 4)', r'two\nlines', 'a  b'], names[:6]
assert names[6].startswith('xxx') and names[6].endswith('... (job 7)') and len(names[6]) < 1100 and len(names) == 8, names[6:]"
run "$forkpool" -k --junit "$xml" echo ::: a b ::: 1 2
ok 'several items have blanks between them' says "assert list(by) == ['a 1', 'a 2', 'b 1', 'b 2'], list(by)"
seq 3 >lines
"$forkpool" -j1 --pipe --block 2 --junit "$xml" /bin/cat <lines >out
valid 'blocks'
ok 'a block of --pipe has the command' says "
assert list(by) == ['/bin/cat (job %d)' % n for n in (1, 2, 3)] and cases[0]['classname'] == 'cat', cases"
run "$forkpool" -k --junit "$xml" --shell 'cd / && echo "$1"' ::: a
ok 'with --shell the class is the first word' says "assert (cases[0]['classname'], suite['name']) == ('cd', 'cd / && echo \"\$1\"'), (cases, suite)"
run "$forkpool" --quiet --joblog log false ::: x
run "$forkpool" --quiet --joblog log --retry-failed --junit "$xml"
valid '--retry-failed'
ok '--retry-failed has no items, but the words that failed' says "assert list(by) == ['false x (job 1)'] and cases[0]['classname'] == 'false', by"
cat >with.a.dot <<'END'
#!/bin/sh
END
chmod +x with.a.dot
run "$forkpool" --junit "$xml" ./with.a.dot ::: x.y
ok 'dots are packages in classes, and stay in names' says "assert (cases[0]['classname'], cases[0]['name']) == ('with_a_dot', 'x.y'), cases"

# ------------------------------------------------------------------------------------- hostile text

cat >say <<'END'
#!/usr/bin/env python3
import os, sys
kind = sys.argv[1]
text = {
	'all': bytes(range(256)) * 3,
	'markup': b'</system-out><failure/>]]>&lt;<![CDATA[<!--&#0;&#x1b;&undefined;',
	'unicode': 'über 測試 🙂 \u0085\u009b\u200e\u202e\u2028\ufeff\ufffe\uffff\ud7ff\ue000\U0010ffff'.encode(),
	'broken': b'\xff\xfe\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80\xe2\x82\n\xe2\x82',
	'long': b'y' * 1048576 + b'\n',
	'ends': b'\xe2\x82\xac' * 500000,
	'most': b'\x1b' * 1048576,
	'amp': b'&' * 1048576,
}[kind]
os.write(2, text[:100000])
while text:
	text = text[os.write(1, text):]
sys.exit(3)
END
chmod +x say
run "$forkpool" -k --quiet --junit "$xml" ./say ::: all markup unicode broken long ends most amp
valid 'any bytes'
ok 'text that is markup, and no text, is text' says "
assert by['markup']['system-out'] == '</system-out><failure/>]]>&lt;<![CDATA[<!--&#0;&#x1b;&undefined;', by['markup']
assert by['all']['system-out'].startswith(r'\000\001\002\003\004\005\006\a\b' + '\t\n' + r'\v\f\r\016'), by['all']
assert ' !\"#' in by['all']['system-out'] and by['all']['system-out'].endswith(r'\375\376\377'), by['all']
assert by['broken']['system-err'] == r'\377\376\300\200\355\240\200\364\220\200\200\342\202' + '\n' + r'\342\202', by['broken']
assert all(c['failure'].startswith('exit status 3\n') and c['message'] == 'exit status 3' for c in cases)"
ok 'characters stay, but those that XML has not or nobody sees' says "
assert by['unicode']['system-out'] == 'über 測試 🙂 ' + r'\302\205\302\233\342\200\216\342\200\256\342\200\250\357\273\277\357\277\276\357\277\277' + '\ud7ff\ue000\U0010ffff', by['unicode']"
ok 'of much there are both ends, and how much is left out' says "
half = 'y' * 524288
assert by['long']['system-out'] == half + '\n[... 1 byte left out here ...]\n' + half[1:] + '\n'
head, left, tail = re.match(r'(€+)\n\[\.\.\. ([0-9]+) bytes left out here \.\.\.\]\n(€+)\Z', by['ends']['system-out']).groups()
assert 3 * len(head) + int(left) + 3 * len(tail) == 1500000 and abs(len(head) - len(tail)) < 2, (len(head), left, len(tail))
assert 524280 < 3 * len(tail) <= 524288, len(tail)
assert by['most']['system-out'] == r'\033' * 1048576 and by['amp']['system-out'] == '&' * 1048576"
attack='"/><failure message="x">&lt;'
run "$forkpool" -k --quiet --junit "$xml" sh -c 'exit 1' "$attack" ::: "$attack" "$(printf 'a\001b\033[31m\177\377\300\200z')" "it's \"quoted\" \\ \$(id)" "$(printf '\342\200\256rev')"
valid 'names of any bytes'
ok 'names that are markup, or no text' says "
assert [c['name'] for c in cases] == ['$attack', r'a\001b\033[31m\177\377\300\200z', '''it's \"quoted\" \\\\ \$(id)''', r'\342\200\256rev'], list(by)
assert '$attack' in suite['name'], suite"

# ------------------------------------------------------------------------------------ runs that end

run "$forkpool" --quiet -j1 --halt soon,fail=1 --junit "$xml" test -d ::: / /nowhere /tmp
is '--halt' "$status" 124
valid '--halt'
ok 'leaves a report with those that have run, and those that were to' says "
assert [c['name'] for c in cases][:2] == ['/', '/nowhere'] and 'failure' in by['/nowhere'], by
assert all(c['name'] == '/tmp' and c['skipped'] == '' and c['message'] == 'was not run' for c in cases[2:]), cases"
cat >waits <<'END'
#!/bin/sh
echo "$1 begins"
echo "$1 warns" >&2
[ "$1" != last ] || [ -e go ] || {
	: >waiting
	while [ ! -e go ]; do sleep 0.1; done
}
END
chmod +x waits
printf '%s\n' c b a last >items
# in_background OPTION...: a run that waits in its last job; its process
in_background() {
	rm -f go waiting
	"$forkpool" "$@" --junit "$xml" -a items ./waits >>out 2>>err </dev/null &
	pid=$!
	ok 'its last job waits' until_true [ -e waiting ]
}
in_background -j1
kill -TERM "$pid"
wait "$pid" 2>/dev/null
is 'a signal' "$?" 143
valid 'a signal'
ok 'leaves a report too' says "
assert list(by) == ['c', 'b', 'a', 'last'] and by['last']['type'] == 'cancelled' and 'error' in by['last'], by"
echo before >"$xml"
in_background -j1
is 'while jobs run there is what was before' "$(cat "$xml"):$(ls -A w)" before:report.xml
kill -KILL "$pid"
wait "$pid" 2>/dev/null
: >go
is 'and after a kill' "$(cat "$xml"):$(ls -A w)" before:report.xml
for order in '' -k; do
	rm -f journal out err
	# shellcheck disable=SC2086 # no word, or one
	in_background $order -j2 --retries 3 --journal journal
	ok "$order: the others are out" until_true grep -q 'a begins' out
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null
	: >go
	# shellcheck disable=SC2086
	"$forkpool" $order -j2 --retries 3 --journal journal --junit "$xml" -a items ./waits >>out 2>>err </dev/null
	is "$order: a run that goes on ends well, and writes what is new" "$?:$(sort out | tr '\n' ' '):$(sort err | tr '\n' ' ')" \
		'0:a begins b begins c begins last begins :a warns b warns c warns last warns '
	valid "$order: it"
	ok "$order: and its report has all jobs, with their output, each once" says "
assert sorted(by) == ['a', 'b', 'c', 'last'] and len(cases) == 4, list(by)
assert '$order' == '' or list(by) == ['c', 'b', 'a', 'last'], list(by)
assert all((c['system-out'], c['system-err']) == (c['name'] + ' begins\n', c['name'] + ' warns\n') for c in cases), cases"
	cp "$xml" first.xml
	rm -f waiting go
	# shellcheck disable=SC2086
	"$forkpool" --quiet $order -j2 --retries 3 --journal journal --junit "$xml" -a items ./waits >>out 2>>err </dev/null
	is "$order: nothing is left to do" "$?:$(wc -l <out):$(wc -l <err):$(ls waiting 2>/dev/null)" 0:4:4:
	is "$order: and the report is the same" "$(sed 1,3d "$xml")" "$(sed 1,3d first.xml)"
	rm -f journal first
	for option in --retry-failed --resume-failed; do
		# shellcheck disable=SC2086
		run "$forkpool" --quiet $order -j1 --journal journal --junit "$xml" sh -c 'echo "$1"; [ -e first ] || exit 7' x ::: a b
		: >first
		# shellcheck disable=SC2086
		run "$forkpool" --quiet $order -j1 --journal journal $option --junit "$xml" sh -c 'echo "$1"; [ -e first ] || exit 7' x ::: a b
		valid "$order: $option"
		ok "$order: what $option runs again is once in it, as it has ended now" says "
assert list(by) == ['a', 'b'] and suite['failures'] == '0', cases
assert all(c['system-out'] == c['name'] + '\n' for c in cases), cases"
	done
done
rm -f log
run "$forkpool" --quiet -j1 --joblog log --junit "$xml" test -d ::: / /nowhere
run "$forkpool" --quiet -j1 --joblog log --resume-failed --junit "$xml" test -d ::: / /nowhere /tmp
ok 'what --resume-failed passes over is not in it' says "assert list(by) == ['/nowhere', '/tmp'], list(by)"
run "$forkpool" -j1 --line-buffer --junit "$xml" sh -c 'echo gone; printf kept' x ::: 1
ok 'with --line-buffer it has what had not come out' says "assert cases[0]['system-out'] == 'kept', cases"
run "$forkpool" -u --quiet --junit "$xml" false ::: 1
ok 'and with -u how it ended' says "assert 'failure' in cases[0] and 'system-out' not in cases[0], cases"

# ---------------------------------------------------------------------------------- no file, no run

# refused NAME WORDS OPTION...: a test: one line has the words, and no job has run
refused() {
	refused_name=$1
	words=$2
	shift 2
	rm -f ran
	run "$forkpool" "$@" touch ::: "$dir/ran"
	case $err in
	*"$words"*) said=$(printf '%s\n' "$err" | wc -l) ;;
	*) said=$err ;;
	esac
	is "$refused_name" "$status:$said:$(ls ran 2>/dev/null)" '1:1:'
}
refused 'standard output is no file' 'must be a file with a name' --junit -
refused 'a directory that is not there' 'No such file or directory' --junit missing/report.xml
refused 'a directory' 'Is a directory' --junit w
mkfifo w/pipe
refused 'a pipe, which would be gone after it' 'must be a regular file' --junit w/pipe
ok 'which is still there' [ -p w/pipe ]
rm -f w/pipe
refused 'an empty name' 'must not be empty' --junit ''
refused 'the file of another record' 'must be two files' --junit same --report same
echo item >items
refused 'the file of the items' 'where the items come from' --junit items -a items
rm -f "$xml"
run "$forkpool" --dry-run --junit "$xml" echo ::: 1
is '--dry-run writes none' "$status:$(ls -A w)" 0:
# The directory goes while the job runs.
mkdir gone
run "$forkpool" --junit gone/report.xml rmdir ::: gone
is 'a report that cannot be written is told, and the run fails' \
	"$status:$(printf '%s\n' "$err" | grep -c '^forkpool: --junit: cannot write gone/report.xml: ')" 1:1
mkdir gone
run "$forkpool" --quiet --junit gone/report.xml sh -c 'rmdir "$1"; exit 1' x ::: gone
is 'as it would have, if it fails anyway' "$status" 123

no_process_left 'no process is left'
done_testing
