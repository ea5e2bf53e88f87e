#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The house rules that a script can hold: licence line, opening sentence, width, length of files and of functions.
. "${srcdir:-.}/tests/support/tool-lib.sh"

srcdir=${srcdir:-.}
# Longer than 70 lines, and why: FILE:FUNCTION, each a switch or a table.
long_functions='tests/attacks/test_attacks_gate.c:goes tests/attacks/test_attacks_reply.c:lies'
long_functions="$long_functions tests/attacks/test_attacks_system.c:touches_files"

# What a source file's name ends in; manual pages are sources too.
endings='c|h|js|css|sh|py|mk|pml|go|pl|awk|gp|bash|zsh|fish|map|[1-9]'

# findings TREE: "FILE:LINE: what is wrong", a line each
findings() {
	(
		cd "$1" || exit
		for folder in src include python tests examples completions doc man .ci; do
			if [ -d "$folder" ]; then find "$folder" -type f; fi
		done | grep -E "\\.($endings)\$|^completions/_|/run\$" | LC_ALL=C sort | while read -r file; do
			LC_ALL=C awk -v long_functions=" $long_functions " '
				function say(what) { print FILENAME ":" FNR ": " what }
				function columns(line,	n) {
					gsub(/[\200-\277]/, "", line)
					while ((n = index(line, "\t")) > 0)
						line = substr(line, 1, n - 1) \
							substr("        ", 1, 8 - (n - 1) % 8) substr(line, n + 1)
					return length(line)
				}
				FNR == 1 { is_c = FILENAME ~ /\.[ch]$/; is_source = is_c && FILENAME ~ /^(src|python|tests|examples)/ }
				FNR <= 3 && /SPDX-License-Identifier: BSD-2-Clause/ { licence = 1; next }
				FNR == 4 && !licence { say("no licence line") }
				is_source && !opened && (/\/\*/ || /^ \*/) { sentence = 1 }
				is_source && !opened && /^[ \t]*#/ {
					opened = 1
					if (!sentence) say("no sentence on what the file is for")
				}
				is_c && columns($0) > 100 { say("more than 100 columns") }
				# Of scripts the prose; a command, with what it is to print, may be long.
				!is_c && /^[ \t]*(#|\/\/) / && columns($0) > 120 { say("more than 120 columns") }
				is_c && /^[a-z_]+\(/ { name = $0; sub(/\(.*/, "", name) }
				is_c && /^{/ { begun = FNR }
				is_c && /^}/ && begun {
					if (FNR - begun - 1 > 70 && !index(long_functions, " " FILENAME ":" name " "))
						say(name "() has more than 70 lines")
					begun = 0
				}
				END {
					if (FNR < 4 && !licence) say("no licence line")
					if (is_source && !opened && !sentence) say("no sentence on what the file is for")
					if (FNR > 500 && FILENAME !~ /\.[1-9]$/)
						say("more than 500 lines")
				}' "$file"
		done
	)
}

# lines N TEXT
lines() {
	awk -v n="$1" -v text="$2" 'BEGIN { while (n-- > 0) print text }'
}

licence='/* SPDX-License-Identifier: BSD-2-Clause */'
wide=$(printf '%101s' '' | tr ' ' x)
mkdir -p "$dir/tree/src" "$dir/tree/tests"
{
	echo "$licence"
	echo '/* It is for this test. */'
	echo '#include "a.h"'
	lines 490 'int a;'
} >"$dir/tree/src/good.c"
{ echo '/* It is for this test. */'; lines 5 'int a;'; } >"$dir/tree/src/licence.c"
{ echo "$licence"; echo '#include "a.h"'; } >"$dir/tree/src/sentence.c"
{ echo "$licence"; echo '/* It is for this test. */'; echo "$wide"; } >"$dir/tree/src/width.c"
{ echo "$licence"; echo '/* It is for this test. */'; echo; lines 500 'int a;'; } >"$dir/tree/src/file.c"
{ echo "$licence"; echo '/* It is for this test. */'; echo 'int'; echo 'f(void)'; echo '{'; lines 71 '	a++;'; echo '}'; } >"$dir/tree/tests/function.c"
cat >"$dir/wanted" <<'END'
src/file.c:503: more than 500 lines
src/licence.c:4: no licence line
src/sentence.c:2: no sentence on what the file is for
src/width.c:3: more than 100 columns
tests/function.c:77: f() has more than 70 lines
END
findings "$dir/tree" >"$dir/found"
is 'one planted mistake of each kind is found, and nothing else' "$(cat "$dir/found")" "$(cat "$dir/wanted")"

findings "$srcdir" >"$dir/found"
for what in 'no licence line' 'no sentence on what the file is for' 'columns' '70 lines' '500 lines'; do
	is "none with: $what" "$(grep "$what" "$dir/found")" ''
done
done_testing
