#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Wrong values of options: each ends with one line that names option and value, before any job has
# run.  With right values the same command line runs its job.
# shellcheck disable=SC1091,SC2154
. "${srcdir:-.}/tests/support/tool-lib.sh"
. "${srcdir:-.}/tests/support/usage-lib.sh"

refused_options <<'END'
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
--stack 0|--stack 0
--stack 1K|--stack 1K
--stack x|--stack x
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
median|--timeout 20%
--timeout 100%|--timeout 100%
--timeout %|--timeout %
--timeout 200%s|--timeout 200%s
--timeout 2h%|--timeout 2h%
--timeout -200%|--timeout -200%
--timeout 1.2.3%|--timeout 1.2.3%
--timeout 1000001%|--timeout 1000001%
--retry-delay 0|--retries 2 --retry-delay 0
--retry-delay x|--retries 2 --retry-delay x
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
# other kinds of values
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
--group-markers x|--group-markers x
--group-markers ''|--group-markers=
--group-markers GitHub|--group-markers=GitHub
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
--env ''|--env ''
--env =x|--env =x
--stdin-from ''|--stdin-from ''
{%}|--stdin-from '{%}'
{2}|--stdin-from '{2}.in'
--network x|--sandbox --network=x
--network |--sandbox --network=
--scratch 0|--sandbox --scratch 0
--scratch x|--sandbox --scratch x
--uid ''|--sandbox --uid ''
--uid nobody:|--sandbox --uid nobody:
--uid no-such-user|--sandbox --uid no-such-user
--uid 1:no-such-group|--sandbox --uid 1:no-such-group
--uid 0|--sandbox --uid 0
--uid 1:0|--sandbox --uid 1:0
--uid -1|--sandbox --uid -1
--uid 4294967295|--sandbox --uid 4294967295
--joblog ''|--joblog ''
--journal ''|--journal ''
--results ''|--results=
--results-json ''|--results-json=
--junit ''|--junit=
--trace ''|--trace=
--metrics-file ''|--metrics-file=
--wd ''|--wd ''
--wd ...|--wd ...
--joblog: cannot write|--joblog nowhere/x
--results-json: cannot write|--results-json nowhere/x
--results: cannot write|--results nowhere/x.csv
--results: cannot write|--results nowhere/x.tap
--junit: cannot write|--junit nowhere/x
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
END

# Right values.
for words in '-j 2' '--timeout 30' '--halt now,fail=1' '-n 1' '-d ,' '--wd .' '--retries 2' '--nice 1' '--term-seq TERM,200,KILL' '--joblog log'; do
	rm -f "$ran"
	# shellcheck disable=SC2086
	run "$forkpool" $words touch ran ::: a
	ok "right: $words" test "$status,$err" = 0, -a -e "$ran"
done
no_process_left 'no process is left'
done_testing
