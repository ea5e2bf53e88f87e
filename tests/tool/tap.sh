#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# --results FILE.tap: Perl's TAP::Parser reads what is written, whatever jobs write; the plan and "Bail out!" say how
# the run ended; a run that goes on with a journal leaves one plan.  Run in the build directory.
srcdir=$(cd "${srcdir:-.}" && pwd)
# shellcheck source=tests/support/tool-lib.sh
. "$srcdir/tests/support/tool-lib.sh"
[ -x "$forkpool" ] || skip_all 'the command is not built'
perl -MTAP::Parser -e 1 2>/dev/null || skip_all 'perl has no TAP::Parser'
cd "$dir" || exit 99

# points: what the parser finds: the points, how the file ends, and of each point the fields that FIELDS names
points() {
	perl "$srcdir/tests/support/tap_read.pl" r.tap >points.all 2>&1
	grep -E "^[^ ]${FIELDS:+|^  ($FIELDS)=}" points.all
}
# yaml_too NAME: a test: PyYAML, where there is one, reads each block
yaml_too() {
	if ! python3 -c 'import yaml' 2>/dev/null; then return; fi
	python3 - r.tap >yaml.out 2>&1 <<'END'
import re, sys, yaml
text = open(sys.argv[1], encoding='utf-8').read()
blocks = re.findall(r'^  ---\n(.*?)^  \.\.\.\n', text, re.M | re.S)
assert len(blocks) == len(re.findall(r'^(?:not )?ok ', text, re.M)) > 0
for block in blocks:
    data = yaml.safe_load(re.sub('^  ', '', block, flags=re.M))
    assert isinstance(data['seq'], int) and data['outcome'] and 'stdout' in data and 'stderr' in data, data
END
	report "$1: PyYAML reads it too" $?
}

cat >job <<'END'
#!/bin/sh
echo "working on $1"
case $1 in
exit) echo 'no such thing' >&2; exit 7 ;;
crash) kill -SEGV $$ ;;
second) [ -e second ] || { : >second; exit 5; } ;;
esac
END
chmod +x job
run "$forkpool" --quiet -j1 --retries 2 --results r.tap ./job ::: a exit crash second
is 'the status is as it would be without' "$status" 123
is 'the first line' "$(head -n 1 r.tap)" 'TAP version 14'
is 'each job is a point' "$(FIELDS='seq|outcome|message|exit|signal|attempt|stdout|stderr|command' points)" '1 ok - a
  attempt=1
  command=./job a
  exit=0
  outcome=ok
  seq=1
  stderr=
  stdout=working on a\n
2 not_ok - exit
  attempt=2
  command=./job exit
  exit=7
  message=exit status 7
  outcome=failed
  seq=2
  stderr=no such thing\n
  stdout=working on exit\n
3 not_ok - crash
  attempt=2
  command=./job crash
  message=killed by SIGSEGV (Segmentation fault)
  outcome=crashed
  seq=3
  signal=SEGV
  stderr=
  stdout=working on crash\n
4 ok - second
  attempt=2
  command=./job second
  exit=0
  outcome=ok
  seq=4
  stderr=
  stdout=working on second\n
plan 1..4
good'
yaml_too 'jobs of all kinds'
run "$forkpool" --quiet -j1 --results r.tap true ::: a b
sed -i '1s/14/13/' r.tap
run prove r.tap
is 'prove finds that all is well' "$status:$(echo "$out" | tail -n 1)" '0:Result: PASS'
run "$forkpool" -r --results r.tap echo
is 'no job' "$(cat r.tap)" 'TAP version 14
1..0 # SKIP no job has run'
run "$forkpool" --results R.TAP --results r.tap true ::: a
is 'is a file however it is written' "$(ls -d [rR].[tT]*)" r.tap

# ------------------------------------------------------------------------------------- hostile text

cat >say.pl <<'END'
my %text = (
	all => join('', map chr, 0 .. 255) x 3,
	points => "ok 1 - x\nnot ok 2\n1..5\nBail out! no\nTAP version 14\n  ...\n...\n  ---\n---\n# Subtest: x\n    ok 1\n",
	yaml => "a: b\n- c\n\@`\%{}[]&*!|>'\"#?: ,\n",
	indented => "  first\n second\n\tthird\n",
	tab => "\tfirst\nsecond\n",
	empty => "\n\n  \n    \n first\nsecond\n",
	blank => "\n \n\n",
	none => "no newline",
	cr => "a\rb\r\nc",
	unicode => "\xc2\x85\xe2\x80\xa8\xef\xbb\xbf\xef\xbf\xbe\xc3\xbc\n",
	long => ('z' x 1048576) . "\n",
	escapes => ("\e[31mred\e[0m " x 20000) . "\n",
);
print $text{$ARGV[0]};
END
run "$forkpool" -j1 --results r.tap perl say.pl ::: all points yaml indented tab empty blank none cr unicode long escapes
is 'whatever jobs write' "$status:$(points)" '0:1 ok - all
2 ok - points
3 ok - yaml
4 ok - indented
5 ok - tab
6 ok - empty
7 ok - blank
8 ok - none
9 ok - cr
10 ok - unicode
11 ok - long
12 ok - escapes
plan 1..12
good'
yaml_too 'whatever jobs write'
# output N: of that point
output() {
	awk -v n="$1" '/^[0-9]/ { on = $1 == n } on && sub(/^  stdout=/, "")' points.all
}
is 'lines that look like TAP are text' "$(output 2)" 'ok 1 - x\nnot ok 2\n1..5\nBail out! no\nTAP version 14\n  ...\n...\n  ---\n---\n# Subtest: x\n    ok 1\n'
is 'and so is what looks like YAML' "$(output 3)" 'a: b\n- c\n@`%{}[]&*!|>'"'"'"#?: ,\n'
is 'blanks at the beginning' "$(output 4):$(output 5):$(output 6)" '\\040 first\n second\n third\n:\\011first\nsecond\n:\n\n\\040 \n    \n first\nsecond\n'
is 'other ends of lines' "$(output 8):$(output 9)" 'no newline\n:a\\rb\\r\nc\n'
is 'characters that nobody sees' "$(output 10)" '\\302\\205\\342\\200\\250\\357\\273\\277\\357\\277\\276ü\n'
is 'much of it' "$(output 11 | wc -c):$(output 12 | wc -c)" "1048579:$((20000 * (5 + 4 + 3 + 5 + 3 + 1) + 3))"
run "$forkpool" -j1 --results r.tap true ::: 'a # SKIP b' 'a # todo' '#skip' 'back\slash \# \' '12' '- 3' '' "$(printf 'two\nlines\033\377')" '"q": |'
is 'names that look like TAP are names' "$(FIELDS='command' points)" '1 ok - a \# SKIP b
  command=true '"'a # SKIP b'"'
2 ok - a \# todo
  command=true '"'a # todo'"'
3 ok - \#skip
  command=true '"'#skip'"'
4 ok - back\\slash \\\# \\
  command=true '"'back\\\\slash \\\\# \\\\'"'
5 ok - 12
  command=true 12
6 ok - - 3
  command=true '"'- 3'"'
7 ok - true '"''"'
  command=true '"''"'
8 ok - two\\nlines\\033\\377
  command=true '"'two\\\\nlines\\\\033\\\\377'"'
9 ok - "q": |
  command=true '"'\"q\": |'"'
plan 1..9
good'
yaml_too 'names that look like TAP'

# -------------------------------------------------------------------------------- how the run ended

run "$forkpool" --quiet -j1 --halt soon,fail=1 --results r.tap test -d ::: / /nowhere /tmp /var
is '--halt for a failure' "$(points | grep -v SKIP | sed 's/1\.\.[234]/1..N/')" '1 ok - /
2 not_ok - /nowhere
bail --halt has ended the run
plan 1..N
good'
is 'those that were to be run are skipped' "$(points | grep -c ' SKIP ')" "$(($(sed -n 's/^1\.\.//p' r.tap) - 2))"
run "$forkpool" --quiet -j1 --halt soon,success=1 --results r.tap test -d ::: / /nowhere /tmp
is '--halt for a success is no accident' "$(points | grep -v SKIP | sed 's/1\.\.[123]/1..N/')" '1 ok - /
plan 1..N
good'
cat >waits <<'END'
#!/bin/sh
echo "$1 begins"
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
	"$forkpool" "$@" --results r.tap -a items ./waits >>out 2>err </dev/null &
	pid=$!
	ok 'its last job waits' until_true [ -e waiting ]
}
in_background -j1
kill -TERM "$pid"
wait "$pid" 2>/dev/null
is 'a signal' "$(points)" '1 ok - c
2 ok - b
3 ok - a
4 not_ok - last
bail SIGTERM has ended the run
plan 1..4
good'
in_background -j1
kill -KILL "$pid"
wait "$pid" 2>/dev/null
: >go
is 'a kill leaves no plan' "$(points)" '1 ok - c
2 ok - b
3 ok - a
bad No plan found in TAP output'
for how in KILL TERM; do
	rm -f journal out r.tap
	in_background -j1 --retries 3 --journal journal
	kill -"$how" "$pid"
	wait "$pid" 2>/dev/null
	: >go
	[ "$how" != TERM ] || is 'with a journal a signal leaves a plan' "$(tail -n 2 r.tap)" 'Bail out! SIGTERM has ended the run
1..3'
	run "$forkpool" -j1 --retries 3 --journal journal --results r.tap -a items ./waits
	is "a run that goes on after SIG$how has one plan" "$status:$(points)" '0:1 ok - c
2 ok - b
3 ok - a
4 ok - last
plan 1..4
good'
	is 'and its points once' "$(grep -c '^TAP' r.tap):$err" 1:
	run "$forkpool" --quiet -j1 --retries 3 --journal journal --results r.tap -a items ./waits
	is 'once more changes nothing' "$status:$(points | tail -n 3):$err" '0:4 ok - last
plan 1..4
good:'
	echo more >>items
	run "$forkpool" -j1 --retries 3 --journal journal --results r.tap -a items ./waits
	is 'and more input adds to it' "$status:$(points | tail -n 4):$err" '0:4 ok - last
5 ok - more
plan 1..5
good:'
	printf '%s\n' c b a last >items
done
printf 'a\n' >items
rm -rf journal r.tap
run "$forkpool" -r --journal journal --results r.tap -a /dev/null echo
run "$forkpool" -r --journal journal --results r.tap -a items echo
is 'nothing at first, and then something' "$status:$(points)" '0:1 ok - a
plan 1..1
good'

no_process_left 'no process is left'
done_testing
