#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# xargs and forkpool --compat=xargs with the same input and options: the same output and status.
# Each set of options meets every fifth input, and each input every fifth set; all with FORKPOOL_TEST_ALL=1.
# shellcheck disable=SC1091
. "${srcdir:-.}/tests/support/tool-lib.sh"

[ -x "$forkpool" ] || skip_all 'the command is not built'
xargs --version 2>/dev/null | grep -q 'GNU findutils' || skip_all 'xargs of GNU findutils is not installed'

# Prints each argument in brackets, one line for each command.
cat >"$dir/show" <<'END'
#!/bin/sh
printf '[%s]' "$@"
echo
END
chmod +x "$dir/show"
show=$dir/show

# ------------------------------------------------------------------------------------------- inputs

inputs=
# input NAME FORMAT: a file NAME.in, with what printf makes of FORMAT
input() {
	# shellcheck disable=SC2059
	printf "$2" >"$dir/$1.in"
	inputs="$inputs $1"
}
input nothing ''
input newline '\n'
input newlines '\n\n\n'
input blanks '  \t \n \t\n'
input word 'word'
input words 'a b c d e f g\n'
input lines 'a\nb\nc\nd\ne\n'
input no_newline 'a\nb\nc'
input mixed 'a b\nc  d\te\n\n  f g  \nh\n'
input trailing 'a \nb\nc\t\nd e \n\nf\n'
input quotes '"a b" '"'c d'"' e\\ f "it'"'"'s" \\"x\\"\n'
input joined 'a"b c"d'"'e f'"'\\ g\n'
input empty_quotes "'' \"\" a\n''\nb ''\n"
input escapes 'a\\\nb \\\\ \\a c\\\n'
input unmatched_double 'a b\nc "d e\nf\n'
input unmatched_single "a b c 'd\n"
input unmatched_end 'a b "c'
input eof 'a\nb\nEOF\nc\n'
input eof_in_line 'a b EOF c\nd\n'
input eof_quoted 'a "EOF" b\n'
input eof_part 'a EOFX XEOF\nb EOF\n'
input nuls 'a b\\0c\\0\\0d\n\\0e'
input nul_lines 'a\nb\\0c d\ne\\0'
input commas 'a,b c,,d\n,e\n'
input braces '{} a{}b {\n{}{}\n x {}y \n'
input specials '$HOME `id` ; | & > < * ? [a] # ! ~\n'
input dashes '-n --help -x --\n'
input bytes '\\377\\376 \\303\\244 \\033[0m \\001\n'
input spaces '\\013a\\014 b\\013c\r\n'
input long_words 'aaaaaaaaaa bbbbbbbbbbbbbbb cccc dddddddddddddddddddd e f g hhhhhhhhhhhh\n'
input too_long 'a b\nccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc\nd\n'
awk 'BEGIN { for (i = 1; i <= 20000; i++) print "item-number-" i }' >"$dir/many.in"

# ------------------------------------------------------------------------------------------ compare

# same NAME INPUT ARGUMENTS...: a test: both do the same with that input
same() {
	name=$1
	in=$2
	shift 2
	xargs "$@" <"$in" >"$dir/want" 2>"$dir/want.err"
	want=$?
	"$forkpool" --compat=xargs "$@" <"$in" >"$dir/got" 2>"$dir/got.err"
	got=$?
	if [ "$got" = "$want" ] && cmp -s "$dir/want" "$dir/got"; then
		report "$name" 0
	else
		report "$name" 1
		{
			echo "status $got; wanted $want"
			diff "$dir/want" "$dir/got" | head -n 6
			cat "$dir/want.err" "$dir/got.err"
		} | cut -c 1-300 | sed 's/^/# /'
	fi
}

sets=0
# all ARGUMENTS...: the same for each input whose turn it is
all() {
	sets=$((sets + 1))
	turn=$sets
	for input in $inputs; do
		its_turn || continue
		same "$input: $*" "$dir/$input.in" "$@"
	done
}

show_path=$PATH
PATH=$dir:$PATH
all
all show
all -n1 show
all -n 3 show a b
all -L1 show
all -L 2 show
all -I{} show '<{}>' x
all -I{} show {} '{}{}' a
all -I % show %-% {}
all -i show {}
all -0 show
all -0 -n 1 show
all -d '\n' show
all -d '\n' -n2 show
all -d '\n' -L2 show
all -d , -I x show xx
all -E EOF show
all -E EOF -n1 show
all -E EOF -I{} show {}
all -r show
all -r -I{} show {}
all -s 60 show
all -s 60 -n 2 show
all -s 60 -x show
all -s 60 -x -n 3 show
all -s 60 -L 2 show
all -s 60 -I{} show {}
all -s 60 -I{} show {}{}
all -n 2 -P 1 show
for arguments in '' '-n 3000' '-L 7000' '-s 20000' '-s 100000 -n 4000' '-x -n 20000'; do
	# shellcheck disable=SC2086
	same "many: $arguments" "$dir/many.in" $arguments show
done
PATH=$show_path

# ----------------------------------------------------------------------------------------- and else

same 'a command that is not there' "$dir/words.in" -n1 "$dir/not-there"
same 'a command that cannot be executed' "$dir/words.in" -n1 "$dir/words.in"
same 'a command that fails' "$dir/words.in" -n1 false
same 'a command that ends with 255' "$dir/words.in" -n1 sh -c 'echo "$0"; [ "$0" != c ] || exit 255'
same 'a command that is killed' "$dir/words.in" -n1 sh -c 'echo "$0"; [ "$0" != c ] || kill -9 $$'
same 'a file of items' "$dir/nothing.in" -a "$dir/mixed.in" -n2 "$show"
same 'a file that is not there' "$dir/nothing.in" -a "$dir/not-there" "$show"
same 'the command is not replaced in' "$dir/lines.in" -I echo echo echo
same '-s above the system limit' "$dir/words.in" -s 100000000 "$show"

# Items of about the longest argument that Linux allows (131072 bytes with the NUL), and longer.
head -c 131000 /dev/zero | tr '\0' a >"$dir/longest"
same 'a long item' "$dir/longest" -s 200000 sh -c 'echo ${#1}' x
same 'longer than a command is by default' "$dir/longest" sh -c 'echo ${#1}' x
head -c 400000 /dev/zero | tr '\0' a >"$dir/longer"
same 'an item that no command can have' "$dir/longer" echo

# With several workers: the same lines, each by one write(), in any order.
sorted() {
	sort "$1" >"$1.sorted" && mv "$1.sorted" "$1"
}
xargs -n 100 -P 4 echo <"$dir/many.in" >"$dir/want"
"$forkpool" --compat=xargs -n 100 -P 4 echo <"$dir/many.in" >"$dir/got"
is '-P 4: status' $? 0
sorted "$dir/want"
sorted "$dir/got"
ok '-P 4: the same lines in any order' cmp "$dir/want" "$dir/got"

done_testing
