#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Wrong command lines: each ends with one line that names what is wrong, before any job has run.
# Right ones beside them run, so that it is not for another reason.
# shellcheck disable=SC1091,SC2154
. "${srcdir:-.}/tests/support/tool-lib.sh"
[ -x "$forkpool" ] || skip_all 'there is no command in this build'

ran=$dir/ran
mkdir "$dir/directory" || exit 99
: >"$dir/file"
printf 'x\n' >"$dir/items"
cd "$dir" || exit 99
# libtool's program in the build directory is a script, which has a name of its own for what it runs.
program=${forkpool%/*}/.libs/${forkpool##*/}
if [ -x "$program" ]; then
	LD_LIBRARY_PATH=${program%/*}${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
	export LD_LIBRARY_PATH
	forkpool=$program
fi
ln -s "$forkpool" xargs
ln -s "$forkpool" parallel

# one_line PROGRAM STATUS: what run() has left is one line of that program
one_line() {
	[ "$status" -eq "$2" ] && [ -z "$out" ] && [ "$(printf '%s\n' "$err" | wc -l)" -eq 1 ] &&
		case $err in "$1: "?*) true ;; *) false ;; esac
}

# refused PROGRAM STATUS CULPRIT WORDS: the words, as a shell splits them, are the command line
refused() {
	rm -f "$ran"
	# shellcheck disable=SC2086
	eval "run \"\$forkpool\" $4"
	fine=0
	one_line "$1" "$2" || fine=1
	case $err in *"$3"*) ;; *) fine=1 ;; esac
	[ ! -e "$ran" ] || fine=1
	report "refused: $4" $fine
	if [ $fine -ne 0 ]; then
		printf 'status %s, to name: %s\n%s\n%s\n' "$status" "$3" "$out" "$err" | sed 's/^/# /'
		[ ! -e "$ran" ] || echo '# a job has run'
	fi
}

# Each line: what is to be named, a bar, what stands before the command.
while IFS='|' read -r culprit words; do
	case $culprit in '' | '#'*) continue ;; esac
	refused forkpool 1 "$culprit" "$words touch ran ::: a"
done <<'END'
# numbers
-j x|-j x
-j ''|-j ''
-j -|-j -
-j +|-j +
-j +-1|-j +-1
-j 1.5|-j 1.5
-j 1x|-j 1x
-j 4097|-j 4097
-j 99999999999999999999|-j 99999999999999999999
-j 0%|-j 0%
-j 99999999%|-j 99999999%
-j %|-j %
-j ' 4'|-j ' 4'
-j '4 '|-j '4 '
-j 0x4|-j 0x4
-j 1e2|-j 1e2
--jobs x|--jobs=x
--max-procs x|--max-procs=x
-P x|-P x
-n -1|-n -1
-n x|-n x
-n ''|-n ''
-n 1x|-n 1x
-n 99999999999|-n 99999999999
-n 1.5|-n 1.5
-n ' 1'|-n ' 1'
--max-args x|--max-args=x
-N -1|-N -1
-N x|-N x
--max-replace-args 1k|--max-replace-args=1k
-L 0|-L 0
-L -1|-L -1
-L x|-L x
-L ''|-L ''
-l 0|-l0
-l x|-lx
--max-lines 0|--max-lines=0
--max-lines x|--max-lines=x
--retries 0|--retries 0
--retries -1|--retries -1
--retries x|--retries x
--retries 1.5|--retries=1.5
--retries 99999999999|--retries 99999999999
--nice 20|--nice 20
--nice -21|--nice -21
--nice x|--nice x
--nice 1.5|--nice 1.5
--nice ''|--nice ''
--nofile 15|--nofile 15
--nofile 0|--nofile 0
--nofile -1|--nofile -1
--nofile x|--nofile x
--nofile 99999999999|--nofile 99999999999
--pids 0|--pids 0
--pids -1|--pids -1
--pids x|--pids x
--load 0|--load 0
--load -1|--load -1
--load x|--load x
--load 0%|--load 0%
--load ''|--load ''
--load 1x|--load 1x
--load 1%%|--load 1%%
--load nan|--load nan
--load inf|--load inf
# sizes
--mem 0|--mem 0
--mem -1|--mem -1
--mem x|--mem x
--mem ''|--mem ''
--mem 1X|--mem 1X
--mem 1KB|--mem 1KB
--mem 1.5G|--mem 1.5G
--mem 1%|--mem 1%
--mem ' 1K'|--mem ' 1K'
--mem 8388608T|--mem 8388608T
--mem 99999999999999999999|--mem 99999999999999999999
--mem 18446744073709551617|--mem 18446744073709551617
--fsize 0|--fsize 0
--fsize -1K|--fsize -1K
--fsize x|--fsize x
--fsize 9223372036854775808|--fsize 9223372036854775808
--memfree 0|--memfree 0
--memfree x|--memfree x
--memfree -1|--memfree -1
--block 0|--pipe --block 0
--block -1|--pipe --block -1
--block x|--pipe --block x
--block 1Mx|--pipe --block 1Mx
-s 0|-s 0
-s -1|-s -1
-s x|-s x
-s 1kk|-s 1kk
--max-chars 0|--max-chars=0
# times
--timeout 0|--timeout 0
--timeout 0.0|--timeout 0.0
--timeout 0s|--timeout 0s
--timeout -1|--timeout -1
--timeout +1|--timeout +1
--timeout x|--timeout x
--timeout ''|--timeout ''
--timeout 1x|--timeout 1x
--timeout 1..5|--timeout 1..5
--timeout 1e3|--timeout 1e3
--timeout 0x10|--timeout 0x10
--timeout nan|--timeout nan
--timeout inf|--timeout inf
--timeout 1m30|--timeout 1m30
--timeout ' 1'|--timeout ' 1'
--timeout '1 s'|--timeout '1 s'
--timeout 99999999999999999999|--timeout 99999999999999999999
--timeout 1000000000000h|--timeout 1000000000000h
--timeout 0.0000000001|--timeout 0.0000000001
median|--timeout 200%
--timeout 200%|--timeout 200%
--delay 0|--delay 0
--delay -1|--delay -1
--delay x|--delay x
--delay 1auto|--delay 1auto
--delay 99999999999999|--delay 99999999999999
--grace 0|--grace 0
--grace x|--grace x
--cpu 0|--cpu 0
--cpu -1|--cpu -1
--cpu x|--cpu x
--cpu 1%|--cpu 1%
# values of other kinds
--halt x|--halt x
--halt ''|--halt ''
--halt 3|--halt 3
--halt -3|--halt -3
--halt now|--halt now
--halt now,fail|--halt now,fail
--halt now,fail=0|--halt now,fail=0
--halt now,fail=-1|--halt now,fail=-1
--halt now,fail=x|--halt now,fail=x
--halt now,fail=101%|--halt now,fail=101%
--halt now,fail=0%|--halt now,fail=0%
--halt soon,done=|--halt soon,done=
--halt later,fail=1|--halt later,fail=1
--halt now,crash=1|--halt now,crash=1
--halt now,fail=1,done=1|--halt now,fail=1,done=1
--halt-on-error x|--halt-on-error x
--term-seq x|--term-seq x
--term-seq ''|--term-seq ''
--term-seq TERM|--term-seq TERM
--term-seq KILL|--term-seq KILL
--term-seq TERM,200|--term-seq TERM,200
--term-seq INT,200,KILL|--term-seq INT,200,KILL
--term-seq TERM,0,KILL|--term-seq TERM,0,KILL
--term-seq TERM,x,KILL|--term-seq TERM,x,KILL
--term-seq TERM,200,KILL,|--term-seq TERM,200,KILL,
--jobserver-style x|--jobserver --jobserver-style x
--jobserver-style ''|--jobserver --jobserver-style=
--jobserver-style Pipe|--jobserver --jobserver-style=Pipe
--jobserver-style fifo:/tmp/x|--jobserver --jobserver-style=fifo:/tmp/x
-d ab|-d ab
-d ''|-d ''
-d '\q'|-d '\q'
-d '\x'|-d '\x'
-d '\xg'|-d '\xg'
-d '\400'|-d '\400'
--delimiter ab|--delimiter=ab
-C '('|-C '('
-C '['|-C '['
-C ''|-C ''
-C 'x*'|-C 'x*'
--colsep '('|--colsep='('
--header x|--header x
--header 0|--header 0
--header ''|--header ''
-I ''|-I ''
--replace ''|--replace=
--compat x|--compat x
--compat ''|--compat=
--compat Xargs|--compat=Xargs
--process-slot-var A=B|--process-slot-var A=B
--process-slot-var ''|--process-slot-var ''
--joblog ''|--joblog ''
--journal ''|--journal ''
--results ''|--results=
--results-json ''|--results-json=
--trace ''|--trace=
--metrics-file ''|--metrics-file=
--wd ''|--wd ''
--wd ...|--wd ...
--joblog: cannot write|--joblog nowhere/x
--results-json: cannot write|--results-json nowhere/x
--results: cannot write|--results nowhere/x.csv
--retry-failed: cannot read the joblog nowhere|--joblog nowhere --retry-failed
{2}|--tagstring {2}
{2}|--results d/{2}
--wd nowhere|--wd nowhere
--wd file|--wd file
--wd items/x|--wd items/x
--readable nowhere|--sandbox --readable nowhere
--readable ''|--sandbox --readable ''
--writable nowhere|--sandbox --writable nowhere
# files
items from nowhere|-a nowhere
items from directory|-a directory
items from ''|-a ''
items from nowhere|--arg-file=nowhere
items from items/x|-a items/x
standard input|-a - -a -
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
:::+|--link
-m or -X|--xargs
--results|--files
--bar|--progress
Perl|--rpl x
--pipe|--pipepart
no terminal|-o
no terminal|--open-tty
ARG_MAX|--show-limits
--colsep|--csv
shuf|--shuf
whole environment|--env PATH
semaphore|--semaphore
-q|-q
--quote|--quote
--will-cite|--will-cite
--gnu|--gnu
# what excludes each other
--json and --lb|--json --lb
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
--jobserver-style needs --jobserver|--jobserver-style pipe
--term-seq and --grace|--term-seq TERM,5,KILL --grace 1
--retry-failed and --resume|--resume --retry-failed --joblog l
--retry-failed and --resume-failed|--resume-failed --retry-failed --joblog l
--journal and --resume|--journal j --resume --joblog l
--journal and --resume-failed|--journal j --resume-failed --joblog l
--journal and --retry-failed|--journal j --retry-failed --joblog l
both are f|--joblog f --journal f
both are f|--joblog f --results-json f
both are f|--results-json f --journal f
# what needs another
--resume needs --joblog|--resume
--resume-failed needs --joblog|--resume-failed
--retry-failed needs --joblog|--retry-failed
--resume needs --joblog|--resume --results d
--plugin-args needs --plugin|--plugin-args x
--block needs --pipe|--block 1M
--readable needs --sandbox|--readable file
--writable needs --sandbox|--writable file
--network needs --sandbox|--network
END

# The same with the whole command line.
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
standard input|touch ran :::: - -
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

# The others' statuses and names.
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

# By the name it is called by.
for program in xargs parallel; do
	rm -f "$ran"
	run "./$program" --nonsense touch ran
	fine=0
	case $program in xargs) one_line xargs 1 || fine=1 ;; parallel) one_line parallel 255 || fine=1 ;; esac
	[ ! -e "$ran" ] || fine=1
	report "called as $program" $fine
done

# Whatever a word has in it, it stays one line and moves no cursor.
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

# Places that a job can have.
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

# The same beginnings are right.
for words in '-j 2' '--timeout 30' '--halt now,fail=1' '-n 1' '-d ,' '--wd .' '--retries 2' '--nice 1' '--term-seq TERM,200,KILL' '--joblog log'; do
	rm -f "$ran"
	# shellcheck disable=SC2086
	run "$forkpool" $words touch ran ::: a
	ok "right: $words" test "$status,$err" = 0, -a -e "$ran"
done
no_process_left 'no process is left'
done_testing
