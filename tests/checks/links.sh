#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The pages name things that exist: each relative link of a .md file leads to a file, and to the heading behind its #;
# each path in `...` that begins with a folder of the source exists; and doc/architecture.md names the files of each
# folder of src/.
set -eu

srcdir=${srcdir:-.}
dir=$(mktemp -d "${TMPDIR:-/tmp}/forkpool-links.XXXXXX") || exit 99
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
number=0
failed=0

# report NAME WRONG
report() {
	number=$((number + 1))
	if [ -z "$2" ]; then
		echo "ok $number - $1"
	else
		echo "not ok $number - $1"
		printf '%s\n' "$2" | sed 's/^/# /'
		failed=1
	fi
}

# pages TOP: the .md files of the source
pages() {
	(cd "$1" && find . -name '*.md' ! -path './build*' ! -path './.git/*' ! -path './forkpool-*') |
		sed 's|^\./||' | LC_ALL=C sort
}

# targets FILE: "link TARGET" and "path TARGET", outside of blocks of code
targets() {
	awk '
		function is_path(text) {
			if (text !~ /^(src|python|tests|include|man|doc|examples|completions)\//) return 0
			return text !~ /[ <>]|NAME|FOLDER/
		}
		/^```/ { fenced = !fenced; next }
		fenced || /^(\t|    )/ { next }
		{
			line = $0
			while (match(line, /`[^`]*`/)) {
				path = substr(line, RSTART + 1, RLENGTH - 2)
				if (is_path(path)) print "path", path
				line = substr(line, 1, RSTART - 1) substr(line, RSTART + RLENGTH)
			}
			# Remove code.  A link whose text is code loses its text, but keeps its target.
			while (match(line, /\]\([^)]*\)/)) {
				print "link", substr(line, RSTART + 2, RLENGTH - 3)
				line = substr(line, RSTART + RLENGTH)
			}
		}' "$1"
}

# has_heading FILE ANCHOR
has_heading() {
	sed -n 's/^##* //p' "$1" | tr 'A-Z ' 'a-z-' | sed 's/[^a-z0-9_-]//g' | grep -qxF -e "$2"
}

# there PATTERN: there is such a file, or files that match, or a file .c of which that program is made
there() {
	# shellcheck disable=SC2086 # it is to be expanded
	set -- $1
	[ -e "$1" ] || [ -e "$1.c" ]
}

# wrong TOP FILE: a line for each link or path that does not exist
wrong() {
	targets "$1/$2" | while read -r kind target; do
		case $kind:$target in
		*:http://* | *:https://* | *:mailto:*) continue ;;
		link:*)
			file=${target%%#*}
			if [ -z "$file" ]; then file=$1/$2; else file=$1/$(dirname "$2")/$file; fi
			if [ ! -e "$file" ]; then echo "a link to $target"; continue; fi
			case $target in
			*'#'*) has_heading "$file" "${target#*#}" || echo "a link to $target" ;;
			esac ;;
		path:*) (cd "$1" && there "$target") || echo "the path $target" ;;
		esac
	done
}

# rows TOP: "FOLDER/NAME" for each file that a row "| `FOLDER/` | ... | files |" of doc/architecture.md names
rows() {
	awk -F '|' '/^\| `src\/(lib|tool)\/[a-z]+\/` \|/ {
		folder = $2
		gsub(/[ `]/, "", folder)
		while (match($4, /`[^`]*`/)) {
			name = substr($4, RSTART + 1, RLENGTH - 2)
			if (name ~ /^[a-z_]+(\.h)?$/) print folder name
			$4 = substr($4, RSTART + RLENGTH)
		}
	}' "$1/doc/architecture.md" | LC_ALL=C sort
}

# unnamed TOP: a line for each file .c that its folder's row does not name, and for each name without a file
unnamed() {
	rows "$1" >"$dir/rows"
	(cd "$1" && ls src/lib/*/*.c src/tool/*/*.c 2>/dev/null) | sed 's/\.c$//' | LC_ALL=C sort |
		LC_ALL=C comm -13 "$dir/rows" - | sed 's/$/.c is in no row/'
	while read -r file; do
		if [ -e "$1/$file" ] || [ -e "$1/$file.c" ] || [ -e "$1/$file.h" ]; then continue; fi
		echo "$file is not there"
	done <"$dir/rows"
}

# ------------------------------------------------------------------------ planted mistakes are found

mkdir -p "$dir/plant/doc" "$dir/plant/src"
: >"$dir/plant/src/there.c"
cat >"$dir/plant/doc/page.md" <<'END'
# A page, with a heading
[right](../src/there.c), [`code`](page.md#a-page-with-a-heading), [far](https://example.org/none),
`src/there.c`, `src/*.c`, `src/lib/NAME.c` and `src/the file`.

    [in code](nowhere.md)
END
report 'a page that keeps the rule' "$(wrong "$dir/plant" doc/page.md)"
cat >"$dir/plant/doc/page.md" <<'END'
# A page
[wrong](src/there.c), ![none](none.png), [no heading](page.md#b-page), [`x`](y), `src/gone.c`, `src/*.h`
END
found=$(wrong "$dir/plant" doc/page.md | LC_ALL=C sort)
wanted='a link to none.png
a link to page.md#b-page
a link to src/there.c
a link to y
the path src/*.h
the path src/gone.c'
if [ "$found" = "$wanted" ]; then found=; else found="found: $found"; fi
report 'planted links and paths that lead nowhere' "$found"

mkdir -p "$dir/plant/src/lib/os"
: >"$dir/plant/src/lib/os/named.c"
: >"$dir/plant/src/lib/os/types.h"
: >"$dir/plant/src/lib/os/other.c"
echo '| `src/lib/os/` | what | `named` (`page/`), `types.h`, `gone` |' >"$dir/plant/doc/architecture.md"
found=$(unnamed "$dir/plant")
wanted='src/lib/os/other.c is in no row
src/lib/os/gone is not there'
if [ "$found" = "$wanted" ]; then found=; else found="found: $found"; fi
report 'a planted file that no row has, and a name without a file' "$found"

# --------------------------------------------------------------------------------------------- the pages

pages "$srcdir" >"$dir/pages"
if grep -qx README.md "$dir/pages" && grep -q '^doc/' "$dir/pages"; then
	report 'there are pages to look at' ''
else
	report 'there are pages to look at' "$(cat "$dir/pages")"
fi
while read -r page; do
	report "$page" "$(wrong "$srcdir" "$page")"
done <"$dir/pages"
found=$(unnamed "$srcdir")
if [ -s "$dir/rows" ]; then
	report 'doc/architecture.md names the files of each folder' "$found"
else
	report 'doc/architecture.md has rows of folders' 'there is none'
fi
echo "1..$number"
exit $failed
