#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Wrong command lines: names of options, options that exclude or need each other, sources,
# templates.  Each ends with one line that names the fault, before any job has run.  Also --help and
# --version.
# shellcheck disable=SC1091,SC2154
. "${srcdir:-.}/tests/support/tool-lib.sh"
. "${srcdir:-.}/tests/support/usage-lib.sh"

ln -s "$forkpool" xargs
ln -s "$forkpool" parallel

refused_options <<'END'
# names
--nonsense|--nonsense
--jobs|--jbos 2
--timeout|--timeot 2
--max-args, --max-replace-args|--max 2
--re|--re
-Z|-Z
-z|-kz
-v|-v
--bar|--bar=1
--keep-order|--keep-order=yes
--dry-run|--dry-run=no
--null|--null=0
--jobserver|--jobserver=4
# other programs' options
this machine|--sshlogin host
this machine|-S host
this machine|--transferfile x
-m or -X|--xargs
--results|--files
Perl|--rpl x
--pipe|--pipepart
no terminal|-o
no terminal|--open-tty
ARG_MAX|--show-limits
--colsep|--csv
shuf|--shuf
whole environment|--record-env
semaphore|--semaphore
--will-cite|--will-cite
--gnu|--gnu
--quiet|--silent
flock|--semaphorename x
flock|--st 3
--stdin-from|--tee
/dev/stdin|--cat
-I changes|--er x
# what people try
--joblog|--log x
--joblog|--log=x
--results|--output d
--results-json|--json-file f
--junit FILE|--junitxml f
FILE.tap|--tap
-j N|--max-jobs 3
-j N|--threads 3
now,fail=1|--fail-fast
now,fail=1|--stop-on-error
soon,fail=N|--maxfail=2
--retries N|--retry 3
-k|--ordered
--wd|--cwd /
-n0|--repeat 3
--load or --memfree|--limit 'load 5'
must be a command|--limit ' '
--dry-run|--just-print
# options that exclude each other
--json and --lb|--json --lb
--group-markers and -u|-u --group-markers=github
--group-markers and --lb|--group-markers=gitlab --lb
--group-markers and --json|--json --group-markers=github
--group-markers and --journal|--journal j --group-markers=github
--explain and --dry-run|--dry-run --explain
--json and --line-buffer|--line-buffer --json
--json and -u|-u --json
--json and --tag|--json --tag
--json and --tagstring|--json --tagstring x
-u and --results|-u --results d
-u and --results-json|-u --results-json f
-u and --journal|-u --journal j
-u and -k|-uk
-u and --keep-order|-u --keep-order
--ungroup and --tag|--tag --ungroup
-u and --tagstring|-u --tagstring x
-u and --lb|-u --lb
-u and --group|-u --group
--lb and --group|--group --lb
--lb and --journal|--lb --journal j
--status and --bar|--status --bar
--status and --eta|--eta --status
--status and -u|-u --status
--status and -p|-p --status
--tag and --tagstring|--tag --tagstring x
-0 and -d|-0 -d,
--null and --delimiter|--null --delimiter=,
--pipe and -C|--pipe -C,
--pipe and --header|--pipe --header :
--pipe and -E|--pipe -E x
--pipe and -e|--pipe -ex
--pipe and -n|--pipe -n2
--pipe and -N|--pipe -N2
--pipe and -L|--pipe -L2
--pipe and -l|--pipe -l2
--pipe and -m|--pipe -m
--pipe and -X|--pipe -X
--pipe and -I|--pipe -I x
--pipe and -i|--pipe -i
--pipe and -a|--pipe -a items
--pipe and --retry-failed|--pipe --retry-failed --joblog l
--pipe and --stdin-from|--pipe --stdin-from x
--retry-failed and --stdin-from|--stdin-from x --retry-failed --joblog l
--pipe and :::|--pipe
-n and -N|-n2 -N2
-n and -L|-n2 -L2
-n and -l|-n2 -l2
-N and -L|-N2 -L2
-N and -l|-l -N2
-L and -l|-L2 -l
-L and -m|-L2 -m
-L and -X|-L2 -X
-l and -m|-l -m
-l and -X|-l -X
-m and -X|-mX
-n 0|-n0 -m
-N 0|-N0 -X
--shell and -I|--shell -I x
--shell and -i|--shell -i
--sandbox and --jobserver|--jobserver --sandbox
--retry-delay needs --retries|--retry-delay 1
--jobserver-style needs --jobserver|--jobserver-style pipe
--term-seq and --grace|--term-seq TERM,5,KILL --grace 1
--retry-failed and --resume|--resume --retry-failed --joblog l
--retry-failed and --resume-failed|--resume-failed --retry-failed --joblog l
--journal and --resume|--journal j --resume --joblog l
both are f|--joblog f --journal f
both are f|--joblog f --results-json f
both are f|--results-json f --journal f
both are f|--junit f --report f
# options that need another
--resume needs --joblog|--resume
--resume-failed needs --joblog|--resume-failed
--retry-failed needs --joblog|--retry-failed
--resume needs --joblog|--resume --results d
--plugin-args needs --plugin|--plugin-args x
--block needs --pipe|--block 1M
--readable needs --sandbox|--readable file
--writable needs --sandbox|--writable file
--network needs --sandbox|--network
--uid needs --sandbox|--uid 1
--scratch needs --sandbox|--scratch 1M
--host-root needs --sandbox|--host-root
--host-root and --scratch|--sandbox --scratch 1M --host-root
END

# Each line: what the message names, a bar, the whole command line.
while IFS='|' read -r culprit words; do
	refused forkpool 1 "$culprit" "$words"
done <<'END'
no command|
no command|-j 2
no command|--
no command|::: a b
no command|-k ::: a
no command|-a items
no command|--pipe
no command|--json --joblog l
name is empty|'' ::: a
-j needs a value|-j
-n needs a value|-kn
--jobs needs a value|--jobs
--timeout needs a value|-k --timeout
--joblog needs a value|--joblog
--compat needs a value|--compat
:::+ has no source|touch ran :::+ a
::::+ has no source|touch ran ::::+ items
:::: needs a file|touch ran ::::
:::: needs a file|touch ran :::: ::: a
::::+ needs a file|touch ran ::: a ::::+
items from nowhere|touch ran :::: nowhere
items from directory|touch ran :::: directory
{0}|touch ran {0} ::: a
{0.}|touch ran x{0.} ::: a
{-0}|touch ran {-0} ::: a
{2}|touch ran {2} ::: a
{-2/}|touch ran {-2/} ::: a
{3}|touch ran {1}{3} ::: a ::: b
{3}|-N2 touch ran {3} ::: a b c
{2}|-a items touch ran {2}
{99999999999999999999}|touch ran {99999999999999999999} ::: a
{99999999999999999999}|--colsep , touch ran {99999999999999999999} ::: a
the header has: one, two|--colsep , --header : touch ran {three} ::: one,two a,b
the header has: one|--header : --tagstring {two/} touch ran ::: one a
the header has: one|--header : --results d/{two} touch ran ::: one a
in --shell items are|--shell 'touch ran {}' ::: a
begins Perl|touch ran '{= $_++ =}' ::: a
begins Perl|touch ran {= s/a/b/ =} ::: a
begins Perl|--shell 'touch ran; echo {=1 uq =}' ::: a
begins Perl|--tagstring '{= x =}' touch ran ::: a
{:-x}|--plus touch ran '{:-x}' ::: a
{##}|--plus touch ran 'x{##}' ::: a
{2..}|--plus touch ran x{2..} ::: a
standard input|touch ran :::: - -
--tmpdir nowhere|--tmpdir nowhere touch ran ::: a
--tmpdir file must be a directory|--tmpdir file touch ran ::: a
items from nowhere|touch ran :::: items nowhere
items from nowhere|touch ran ::: a ::::+ nowhere
--plugin x|--plugin x
--plugin x:|--plugin x:
--plugin :f|--plugin :f
--plugin ''|--plugin ''
--plugin x:f,|--plugin x:f,
--plugin 'x:f g'|--plugin 'x:f g'
--plugin x:1f|--plugin x:1f
touch|--plugin x.so:f touch ran
one source|--plugin x.so:f ::: a ::: b
--plugin and --pipe|--plugin x.so:f --pipe
--plugin and -C|--plugin x.so:f -C,
--plugin and --header|--plugin x.so:f --header :
--plugin and -n|--plugin x.so:f -n2
--plugin and -N|--plugin x.so:f -N2
--plugin and -L|--plugin x.so:f -L2
--plugin and -l|--plugin x.so:f -l
--plugin and -m|--plugin x.so:f -m
--plugin and -X|-X --plugin x.so:f
--plugin and -I|--plugin x.so:f -I x
--plugin and -i|--plugin x.so:f -i
--plugin and -s|--plugin x.so:f -s 100
--plugin and -x|--plugin x.so:f -x
--plugin and --shell|--plugin x.so:f --shell
--plugin and --process-slot-var|--plugin x.so:f --process-slot-var A
--plugin and --dry-run|--plugin x.so:f --dry-run
--plugin and --jobserver|--plugin x.so:f --jobserver
--plugin and -t|--plugin x.so:f -t
--plugin and -p|--plugin x.so:f -p
--plugin and --retry-failed|--plugin x.so:f --retry-failed --joblog l
--plugin and -u|--plugin x.so:f -u
--plugin and --lb|--plugin x.so:f --lb
END

# A line for a shell, given as one word as in GNU parallel: both ways that are right, where they can be told.
while IFS='#' read -r culprit words; do
	refused forkpool 127 "$culprit" "$words"
done <<'END'
'touch -c {}' is one word#'touch -c {}' ::: ran
use forkpool touch -c {} ::: ..., or#'touch -c {}' ::: ran
shell forkpool --shell 'touch -c "$1"' ::: ...#'touch -c {}' ::: ran
use forkpool touch -c ::: ..., or for a shell forkpool --shell 'touch -c "$1"' ::: ...#'touch -c' ::: ran
use forkpool touch -c, or for a shell forkpool --shell 'touch -c "$1"'#'touch -c' <items
use forkpool touch -c {} ::: ...#'touch -c' {} ::: ran
use forkpool touch {.}x ::: ...#'touch {.}x' ::: ran
for a shell use forkpool --shell 'touch "$1" && cat "$2" >"$1"' ::: ...#'touch {1} && cat {2} >{1}' ::: ran ::: a
for a shell use forkpool --shell 'cd "$1"; touch ran' ::: ...#'cd {}; touch ran' ::: .
for a shell use forkpool --shell 'touch ran>"$1"' ::: ...#'touch ran>{}' ::: x
for a shell give --shell#'touch "{}"' ::: ran
for a shell give --shell#'touch ran; cat' ::: a
for a shell give --shell#'touch {}|cat {.}' ::: ran
for a shell give --shell#-I % 'touch %' ::: ran
for a shell give --shell#"touch {} $(head -c 300 /dev/zero | tr '\0' x)" ::: ran
END
mkdir 'a dir'
printf '#!/bin/sh\necho "$0"\n' >'a dir/a & b'
chmod +x 'a dir/a & b'
for command in './a dir/{}' './a dir/a & b' '{}'; do
	case $command in '{}') item='./a dir/a & b' ;; *) item='a & b' ;; esac
	run "$forkpool" "$command" ::: "$item"
	is "a file that has such a name: $command" "$status:$out:$err" '0:./a dir/a & b:'
done

# As xargs and as GNU parallel: the message has that name, and the status is that program's.
while IFS='|' read -r program exit culprit words; do
	refused "$program" "$exit" "$culprit" "--compat=$program $words"
done <<'END'
xargs|1|-P -1|-P -1 touch ran
xargs|1|-P 50%|-P 50% touch ran
xargs|1|-P x|-P x touch ran
xargs|1|-n 0|-n 0 touch ran
xargs|1|-L 0|-L 0 touch ran
xargs|1|-s 0|-s 0 touch ran
xargs|1|-d ab|-d ab touch ran
xargs|1|-j|-j 2 touch ran
xargs|1|-k|-k touch ran
xargs|1|-X|-X touch ran
xargs|1|-N|-N 2 touch ran
xargs|1|-C|-C , touch ran
xargs|1|-u|-u touch ran
xargs|1|-o|-o touch ran
xargs|1|use forkpool -m|-J % touch ran % x
xargs|1|leave it out|-R 5 -I % touch ran %
xargs|1|leave it out|-S 255 -I % touch ran %
xargs|1|--show-limits|--show-limits touch ran
xargs|1|--nonsense|--nonsense touch ran
xargs|1|items from nowhere|-a nowhere touch ran
xargs|1|--process-slot-var A=B|--process-slot-var A=B touch ran
xargs|1|--pipe|--pipe touch ran
xargs|1|--colsep|--colsep , touch ran
xargs|1|--header|--header : touch ran
xargs|1|--quote|--quote touch ran
xargs|1|--plugin|--plugin x.so:f
parallel|255|-j x|-j x touch ran
parallel|255|--wd ...|--wd ... touch ran ::: a
parallel|255|--halt x|--halt x touch ran ::: a
parallel|255|--timeout 20%|--timeout 20% touch ran ::: a
parallel|255|begins Perl|touch ran '{= s/a/b/ =}' ::: a
parallel|255|{%x}|--plus touch ran '{%x}' ::: a
parallel|255|-S|-S host touch ran ::: a
parallel|255|--joblog|--resume touch ran ::: a
parallel|255|items from nowhere|-a nowhere touch ran
parallel|255|--pipe and -N|--pipe -N2 touch ran
parallel|255|--pipe needs a command|--pipe
parallel|255|--plugin|--plugin x.so:f ::: a
parallel|255|-q needs a command|-q ::: a
parallel|255|--shell and -q|-q --shell touch ran ::: a
parallel|255|--nonsense|--nonsense touch ran ::: a
parallel|255|-Z|-Z touch ran ::: a
END

# Called by those names.
for program in xargs parallel; do
	rm -f "$ran"
	run "./$program" --nonsense touch ran
	fine=0
	case $program in xargs) one_line xargs 1 || fine=1 ;; parallel) one_line parallel 255 || fine=1 ;; esac
	[ ! -e "$ran" ] || fine=1
	report "called as $program" $fine
done

# The message is one line and moves no cursor, whatever bytes the word has.
run "$forkpool" -j "$(printf 'a\nb\033[2J\t\377')" touch ran ::: a
is 'control characters are shown' "$err" "forkpool: -j \$'a\\012b\\033[2J\\011\\377' must be a number from 0 to 4096, or +N, -N or N% of the processors"
run "$forkpool" "--$(printf 'a\nb\033[2J')" touch ran ::: a
ok 'and in names' one_line forkpool 1
run "$forkpool" -j "$(head -c 100000 /dev/zero | tr '\0' x)" touch ran ::: a
ok 'a long value is cut' one_line forkpool 1
ok 'to less than a screen' test "${#err}" -lt 1000

run "$forkpool" --help
is '--help succeeds' "$status $err" '0 '
ok '--help has something to say' test "$(printf '%s\n' "$out" | wc -l)" -gt 60
is '--help fits 80 columns' "$(printf '%s\n' "$out" | awk 'length > 79')" ''
run "$forkpool" --version
is '--version' "$status $err ${out%% [0-9]*}" '0  forkpool'
if [ -e /dev/full ]; then
	"$forkpool" --help >/dev/full 2>"$dir/.err"
	is '--help that cannot be written' $? 1
	ok 'says so' grep -q '^forkpool: standard output: ' "$dir/.err"
fi

# Placeholders that exist, and others, which stay as they are.
run "$forkpool" -k echo '{1}{2}{-2}' '{x}' '{ }' ::: a ::: b
is 'places that there are' "$status:$out:$err" '0:aba {x} { }:'
run "$forkpool" --colsep , echo '{1}{3}' ::: a,b
is 'with --colsep the number is not known' "$status:$out:$err" '0:a:'
# shellcheck disable=SC2016
run "$forkpool" --header : echo '{one}' '{one.}' '${two}' '{1 two}' ::: one a.b
# shellcheck disable=SC2016
is 'with --header others are the columns' "$status:$out:$err" '0:a.b a ${two} {1 two}:'
run "$forkpool" --compat=parallel echo '{3}' '{0}' ::: a
is 'GNU parallel has them empty' "$status" 0

no_process_left 'no process is left'
done_testing
