#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# GNU parallel and forkpool --compat=parallel with the same input and options: the same output, in
# the order of the input, and the same status.  Every fifth of these is run; all with FORKPOOL_TEST_ALL=1.
# The braces are the templates' own.
# shellcheck disable=SC1091,SC1083,SC3009
. "${srcdir:-.}/tests/support/tool-lib.sh"

[ -x "$forkpool" ] || skip_all 'the command is not built'
parallel --version 2>/dev/null | grep -q 'GNU parallel' || skip_all 'GNU parallel is not installed'

# GNU parallel keeps files in $HOME, which we remove; and it runs the shell in $PARALLEL_SHELL.
HOME=$dir
PARALLEL_HOME=$dir/.parallel
PARALLEL_SHELL=/bin/sh
export HOME PARALLEL_HOME PARALLEL_SHELL
unset PARALLEL XDG_CONFIG_HOME XDG_CACHE_HOME
mkdir "$PARALLEL_HOME"
: >"$PARALLEL_HOME/will-cite"

cat >"$dir/show" <<'END'
#!/bin/sh
printf '[%s]' "$@"
echo
END
chmod +x "$dir/show"
PATH=$dir:$PATH

# input NAME FORMAT: a file of that name, with what printf makes of FORMAT
input() {
	# shellcheck disable=SC2059
	printf "$2" >"$dir/$1"
}

# same INPUT ARGUMENTS...: a test: both do the same with that input
same() {
	its_turn || return 0
	in=$1
	shift
	parallel -k "$@" <"$dir/$in" >"$dir/want" 2>"$dir/want.err"
	want=$?
	"$forkpool" --compat=parallel -k "$@" <"$dir/$in" >"$dir/got" 2>"$dir/got.err"
	got=$?
	if [ "$got" = "$want" ] && cmp -s "$dir/want" "$dir/got"; then
		report "$in: $*" 0
	else
		report "$in: $*" 1
		{
			echo "status $got; wanted $want"
			diff "$dir/want" "$dir/got" | head -n 8
			cat "$dir/want.err" "$dir/got.err"
		} | cut -c 1-300 | sed 's/^/# /'
	fi
}

input nothing ''
input newline '\n'
input lines 'a\nb\nc\nd\ne\n'
input many_dots 'x.\n.h\na..b\n./x\na.b/c\nd/.h\n/a/b.c.d/e.f.g.h\na.b.\n..\n....\na.b.c.d.e\n../x.tar.gz\n'
input no_newline 'a\nb\nc'
input blank_lines '\na\n\n  \nb\n'
input blanks ' a b \nc\td\n e\n'
input eof 'a\nb\nEOF\nc\n'
input names '/a/b.c/d.e\nf.g\n.h\n/\n//\na/\nb//c.d//\n.\n..\n/x\nx.y.z\nd.d/e\nno\n/a.b/\n'
input specials '$HOME\n`id`\na;b\n|\n&\n>x\n<x\n*\n?\n[a]\n#\n!\n~\n{}\n(\n"\n\\\n--\n-x\na=b\n=\n%%\n@\n,\n'
input quotes "'\n''\na'b\n'a\nb'\n'a'b'\n\"'\n"
input bytes '\377\376\n\303\244\n\033[0m\n\001\n'
input commas 'a,b,c\nd,e,f\ng,h\ni\n,\n,,\n j , k , l \n'
input tabs 'x\ty\n1\t2\n3\t4\n'
input header 'name,size,color\napple,3,red\nplum,1,blue\n'
input numbers "$(awk 'BEGIN { for (i = 1; i <= 30; i++) printf "%d\\n", i }')"
input continued 'a \nb\nc \nd \ne\nf\n'
input commands 'echo a b\nshow "c d"\nshow x; show y\nfalse\n'

# ---------------------------------------------------------------------------------------- templates

for in in nothing newline lines no_newline blank_lines blanks eof names specials quotes bytes; do
	same "$in" show
	same "$in" show {}
done
for in in names specials; do
	same "$in" show {.} {/} {//} {/.} 'x{}y{.}z'
	same "$in" show {1} {1.} {1/} {1//} {1/.} {-1} {-1/.}
done
same names --plus show {..} {...} {/..} {/...} {+/} {+.} {+..} {+...} x{1..}y {1+/}
same many_dots --plus show {..} {...} {/..} {/...} {+/} {+.} {+..} {+...} {-1+..}
same many_dots show {..} {+/} {...}
same nothing --plus show {2..} {1+.} {3+.} ::: a.b.c ::: d.e.f
same header --colsep , --header : --plus show {name} {1..} {2+.}
same lines show {#} {}
same lines show {#}
same lines show {2} {3}
same lines show '{ }' {x} '{{}}' {} '{}}' '{...}'
same lines show '{}' '{}' 'a b'
same lines show 'a  b' '' "'c  d'"
same lines -I % show % {} x%y%
same lines -I ,, show ,, {.} {1}
same lines 'show {}; show x{}'
same lines 'show "{}"'
same lines 'A={}; show $A'
same blanks 'A={}; show "$A"'
same specials -q show 'a  b' {} '$x'
same commands
same commands {}
same lines 's{}'
same lines -j1 'exit {#}'
same lines false
same lines 'test {} = c'
same nothing --nice 15 nice ';:' ::: a
same nothing --nice 0 nice ';:' ::: a

# ------------------------------------------------------------------------------------------ sources

same nothing show ::: a b c
same nothing show :::
same nothing show ::: '' a ''
same nothing show ::: 'a b' "it's" '$x'
same nothing show ::: a b ::: 1 2 ::: x y z
same nothing show {1} {2} {3} {-1} ::: a b ::: 1 2 ::: x y z
same nothing show {} {.} ::: a.b c.d ::: 1.2 2.3
same nothing show {3}-{2}-{1} ::: a b ::: 1 2 ::: x y z
same nothing show ::: a b c :::+ 1 2 3
same nothing show ::: a b c :::+ 1 2
same nothing show ::: a b :::+ 1 2 3
same nothing show ::: a b :::+ 1 2 ::: x y
same nothing show ::: x y ::: a b :::+ 1 2
same nothing show ::: a b :::+ 1 2 :::+ I II ::: x y :::+ X Y
same nothing --link show ::: a b c ::: 1 2 ::: x y z w
same nothing --xapply show {1}-{2} ::: a b ::: 1 2 3 :::+ x
same nothing --link show ::: a b c :::+ 1 2 ::: x y
same nothing --link show ::: a
same lines --link show
same lines --link show :::: - ::: 1 2 3 4 5 6 7
same lines --link show :::: - "$dir/no_newline" ::: 1 2
same lines --link -a - -a "$dir/no_newline" show {2} {1}
same header --link --colsep , show {1} {4} :::: - ::: a b
same nothing --link --header : show {x} {y} ::: x 1 2 3 ::: y 3 4
same nothing --link -n2 show ::: a b c ::: 1 2
same nothing --link show :::: "$dir/nothing" :::: "$dir/nothing"
same nothing show :::: "$dir/lines"
same lines show :::: -
same nothing show :::: "$dir/lines" "$dir/no_newline"
same nothing show ::: a b :::: "$dir/no_newline"
same nothing show :::: "$dir/lines" ::::+ "$dir/no_newline"
same nothing show ::: a b c :::: "$dir/nothing"
same nothing show :::: "$dir/nothing" ::: a b c
same nothing show :::: "$dir/nothing" :::: "$dir/nothing"
same lines show :::: - ::: a b
same lines show ::: a b :::: -
same nothing -a "$dir/lines" show
same nothing -a "$dir/lines" -a "$dir/no_newline" show {2} {1}
same nothing -a "$dir/lines" show ::: x y
same nothing show :::: "$dir/not-there"
same nothing -E b show ::: a b c
same eof -E EOF show
same eof -E EOF show :::: - ::: x EOF y
same blank_lines -r show
same newline -r show
same nothing -r show
same lines -d c show
same lines -d '\n' show
same lines -0 show
for in in commas tabs header; do
	same "$in" --colsep , show
	same "$in" --colsep , show {1} {2} {3}
	same "$in" --colsep , show {-1} {1/}
	same "$in" --colsep '\t' show {2} {1}
	same "$in" --colsep '[,\t]' show {2} {1}
done
same blanks --colsep ' +' show {1}-{2}
same blanks -C ' ' show {1}-{2}-{3}-{4}
same commas --colsep ,,+ show {1} {2}
same header --colsep , --header : show {name} {size} {color} {1} {nothing}
same header --colsep , --header : show {name.} {name/} {color//}
same header --header : show {}
same nothing --header : show {x} {y} ::: x 1 2 ::: y 3 4
same nothing --header : show {y}-{x} ::: x 1 2 :::+ y 3 4
same nothing --colsep - show {1} {2} {3} {4} ::: a-b c-d ::: e-f g

# ---------------------------------------------------------------------------------- several at once

for packing in -n2 '-n 3' -n0 -N0 -N1 '-N 4' '-N 30' -L1 '-L 3' '-m -j3' '-X -j3' '-m -j 7' '-m -j 1' '-X -j1' \
	'-m -n3 -j2' '-X -n 4 -j3' '-X -n 5 -j 4' '-m -s 40 -j1' '-X -s 40 -j1' '-X -s 50 -j2' '-m -j 100'; do
	# shellcheck disable=SC2086
	same numbers $packing show
	# shellcheck disable=SC2086
	same numbers $packing show a{}b c '{}'
	# GNU parallel counts these placeholders once for each item, so -s ends its lines earlier.
	# shellcheck disable=SC2086
	case $packing in *-s*) ;; *) same numbers $packing show {#} {2} x{2}y {-1} ;; esac
	# shellcheck disable=SC2086
	same blanks $packing 'show p{}q; show {.}'
done
for packing in -n2 -N4 '-m -j2' '-X -j2'; do
	# shellcheck disable=SC2086
	same nothing $packing show {} {1}{3} ::: a b c ::: 1 2
	# shellcheck disable=SC2086
	same no_newline $packing show
	# shellcheck disable=SC2086
	same nothing $packing show x
done
same continued -L1 show
same continued -L2 show
same numbers -s 8 show
same numbers -s 9 show

# -------------------------------------------------------------------------------------------- halts

# Each item is the status of its job.  one_failed has one job, so that any percentage is all of it.
input statuses '0\n1\n0\n2\n0\n3\n'
input all_well '0\n0\n0\n0\n'
input all_failed '7\n8\n9\n10\n'
input well_last '3\n0\n'
input one_failed '5\n'
# GNU parallel leaves with 101 where several jobs are done and none has failed, since its counter is
# not set then; we leave with 0.
for in in statuses all_well all_failed well_last one_failed nothing; do
	for why in fail success 'done'; do
		for n in 1 2 3 5 10% 17% 25% 30% 34% 50% 75% 99% 100%; do
			case $in,$why,$n in all_well,done,[23]) continue ;; esac
			same "$in" -j1 --halt "soon,$why=$n" 'echo {}; exit {}'
		done
		for n in 1 2 25% 50% 100%; do
			case $in,$why,$n in all_well,done,2) continue ;; esac
			same "$in" -j1 --halt "now,$why=$n" 'echo {}; exit {}'
		done
	done
done
for halt in never 0 1 2 -1 -2 10% 50% 100%; do
	same statuses -j1 --halt $halt 'echo {}; exit {}'
done
same nothing -j1 --halt now,fail=1 'kill -9 $$' ::: a b
same nothing -j1 --halt soon,fail=1 'kill -9 $$' ::: a b
same nothing -j1 --halt soon,fail=50% 'kill -9 $$' ::: a b

# ----------------------------------------------------------------------------------------- dry runs

# The text of the commands.
for in in specials quotes names blanks bytes; do
	same "$in" --dry-run show {} {/.} 'a b' "'"
done
same numbers --dry-run -X -j4 show a{}b
same lines --dry-run -j1 'show {%} {}{%}'
same nothing --dry-run show ::: '' ' ' a

# ------------------------------------------------------------------------------------------- blocks

awk 'BEGIN { for (i = 1; i <= 3000; i++) print "line", i }' >"$dir/many"
{ cat "$dir/many" && head -c 5000 /dev/zero | tr '\0' a && printf '\nb\n' && cat "$dir/many"; } >"$dir/long_line"
printf 'no newline at all' >"$dir/one_piece"
for in in nothing newline lines one_piece; do
	same "$in" --pipe cksum
done
for block in 1 3 10; do
	same lines --pipe --block $block cksum
	same no_newline --pipe --block $block cksum
done
for block in 1k 3K 1M; do
	same many --pipe --block $block cksum
	same long_line --pipe --block $block cksum
done
same many --pipe --block 10k 'echo {#}; wc -l'

done_testing
