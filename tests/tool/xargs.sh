#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# xargs and forkpool --compat=xargs with the same input and options: the same output and status.
# Each set of options meets every fifth input, and each input every fifth set; all with FORKPOOL_TEST_ALL=1.
# The $ and the braces are for other shells.
# shellcheck disable=SC1091,SC2016,SC1083
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
same 'no room for the command alone' "$dir/nothing.in" -s 4
same 'no room for the command alone, and nothing to run' "$dir/nothing.in" -r -s 9 show a b
same 'just room for it' "$dir/nothing.in" -s 5
same 'with -I its length is another for each item' "$dir/nothing.in" -s 4 -I{} echo {}
same '-s above the system limit' "$dir/words.in" -s 100000000 "$show"

# Items of about the longest argument that Linux allows (131072 bytes with the NUL), and longer.
head -c 131000 /dev/zero | tr '\0' a >"$dir/longest"
same 'a long item' "$dir/longest" -s 200000 sh -c 'echo ${#1}' x
same 'longer than a command is by default' "$dir/longest" sh -c 'echo ${#1}' x
head -c 400000 /dev/zero | tr '\0' a >"$dir/longer"
same 'an item that no command can have' "$dir/longer" echo

# ----------------------------------------------------------------------- what is left of the input

# rest COMMAND...: runs it, and behind it cat with the same standard input
rest() {
	"$@"
	echo "status $?, and left is:"
	cat
}

# left INPUT ARGUMENTS...: a test: both leave the same of standard input
left() {
	in=$dir/$1.in
	shift
	rest xargs "$@" <"$in" >"$dir/want" 2>"$dir/want.err"
	rest "$forkpool" --compat=xargs "$@" <"$in" >"$dir/got" 2>"$dir/got.err"
	report "left: ${in##*/}, $*" "$(cmp -s "$dir/want" "$dir/got"; echo $?)"
	cmp -s "$dir/want" "$dir/got" || diff "$dir/want" "$dir/got" | head -n 9 | sed 's/^/# /'
}
input numbers '1 2 3\n4 \n 5\n\n6\n'
input apostrophe "1\n2'a\nb'\n4\n"
left eof -E EOF show
left eof_in_line -E EOF -n 1 show
left eof_in_line -E EOF show
left eof -E b -I{} show {}
left eof -E a "$dir/not-there"
left blanks -n 1 sh -c 'exit 255' _
left eof -r -E a show
left numbers -n 1 sh -c 'exit 255' _
left numbers -n 2 sh -c 'exit 255' _
left numbers -n 4 sh -c 'exit 255' _
left numbers -L 1 sh -c 'exit 255' _
left numbers -I{} sh -c 'exit 255' _
left numbers -d '\n' -n 1 sh -c 'exit 255' _
left numbers -s 22 sh -c 'exit 255' _
left numbers -n 1 sh -c 'kill $$' _
left numbers -n 1 sh -c '[ "$1" != 3 ] || exit 255' _
left numbers -n 1 -E 3 sh -c 'exit 255' _
left numbers -n 1 sh -c 'cat; exit 255' _
left numbers -n 1 "$dir/not-there"
left numbers -s 40 -n 2 "$dir/not-there"
left numbers -n 1 "$dir/words.in"
left numbers -s 10 -x -n 3 echo 12345
left numbers -n 2 false
left apostrophe echo
left apostrophe -n 1 echo
left many -n 10 sh -c '[ "$1" != item-number-9991 ] || exit 255' _
left many -E item-number-12345 -s 20000 echo

# ----------------------------------------------------------------- what commands have as their input

left lines -a "$dir/words.in" -n 2 sh -c 'echo "$@"; read -r line; echo "$line"' _
left lines -a "$dir/words.in" sh -c 'head -c 4' _
left lines -a "$dir/nothing.in" cat
left lines -a - -n 1 sh -c 'echo "$@"; cat' _
left lines -a /dev/stdin -n 3 sh -c 'echo "$@"; cat' _
left lines -n 3 sh -c 'echo "$@"; cat' _
out=$(printf 'x\ny\n' | "$forkpool" --compat=xargs -P 4 -a "$dir/words.in" -n 1 cat -)
is '-a: what one command has taken the others have not' "$out" "$(printf 'x\ny')"
out=$("$forkpool" --compat=xargs -a "$dir/words.in" sh -c 'cat; echo "$#"' _ <&- 2>"$dir/got")
is '-a: standard input is closed' "$out" 7

# ----------------------------------------------------------------------------- on standard error

# said NAME INPUT ARGUMENTS...: a test: both write the same on standard error
said() {
	said_name=$1
	in=$2
	shift 2
	xargs "$@" <"$in" 2>&1 >/dev/null | sed 's/^[^ ]*xargs: /xargs: /' >"$dir/want"
	"$forkpool" --compat=xargs "$@" <"$in" 2>"$dir/got" >/dev/null
	ok "$said_name" cmp "$dir/want" "$dir/got"
}
# Apart from an apostrophe together with a control character, which xargs may quote wrongly.
awk 'BEGIN { for (c = 1; c < 128; c++) {
	printf "%c%c", c, 0; printf "%ca%c", c, 0; printf "a%c%c", c, 0; printf "a %c\033%c", c == 39 ? 34 : c, 0
	if (c >= 32 && c < 127) printf "it%cs%c%c", 39, c, 0 } printf "%c", 0 }' >"$dir/words0.in"
said '-t shows any word on one line, and the same' "$dir/words0.in" -0 -n 1 -t true
said '-t: and of the command itself' "$dir/words.in" -t true 'a b' "it's" '' '
'
said 'a status of 255' "$dir/words.in" -n 1 sh -c 'exit 255'
said 'a signal' "$dir/words.in" -n 1 sh -c 'kill -USR1 $$'
said 'another status' "$dir/words.in" -n 1 sh -c 'exit 254'
"$forkpool" --compat=xargs "$dir/not-there" <"$dir/words.in" 2>"$dir/got"
is 'a command that is not there' "$(cat "$dir/got")" "xargs: cannot run $dir/not-there: No such file or directory"
"$forkpool" --compat=xargs --quiet sh -c 'exit 255' <"$dir/words.in" 2>"$dir/got"
is '--quiet' "$?:$(cat "$dir/got")" 124:

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
