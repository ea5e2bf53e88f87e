#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The rule of the folders: a file of src/ uses files of its own folder and of lower ones, never of a higher one, and no
# files need each other in a circle.  Library and command use nothing of each other but the installed headers.
#
# Both ways of using something count: an #include, and a symbol that an object file takes from another (nm), since a
# declaration "extern" hides from the first what the second shows.
. "${srcdir:-.}/tests/support/tool-lib.sh"

# From the lowest folder to the highest.
lib_folders='os ipc sandbox job worker supervisor symbols dispatch pool'
tool_folders='base cli task items taskgen journal exec jobserver records reports display run'

srcdir=${srcdir:-.}
# A file is known by its path below src/ without the ending: lib/ipc/wire.

# files SRC: each of them
files() {
	(cd "$1" && find lib tool -name '*.[ch]' | sed 's/\.[ch]$//' | LC_ALL=C sort -u)
}

# includes SRC: "include FROM TO LINE" for each of the project's own headers that a file includes
includes() {
	(cd "$1" && find lib tool -name '*.[ch]' -exec awk '
		/^[ \t]*#[ \t]*include[ \t]*"/ {
			to = $0
			sub(/^[^"]*"/, "", to)
			sub(/".*/, "", to)
			if (to == "config.h" || to ~ /^forkpool(_sandbox|_plugin)?\.h$/) next
			from = FILENAME
			sub(/\.[ch]$/, "", from)
			sub(/\.h$/, "", to)
			print "include", from, to, "line_" FNR
		}' {} +)
}

# symbols BUILD SRC: "symbol FROM TO NAME" for each symbol that an object file below BUILD/src takes from another.
# An object whose source has gone is left from before a move.
symbols() {
	# Without static libraries the only objects are in .libs.
	find "$1/src" -name '*.o' | sed -e 's|/\.libs/|/|' | LC_ALL=C sort -u | while read -r object; do
		if [ ! -f "$object" ]; then object=${object%/*}/.libs/${object##*/}; fi
		echo "$object"
	done >"$dir/objects"
	sed -e "s|^$1/src/||" -e 's|/\.libs/|/|' -e 's|/[^/]*_la-|/|' -e 's|/forkpool-|/|' -e 's|\.o$||' "$dir/objects" |
		paste -d ' ' "$dir/objects" - | while read -r object file; do
		if [ -f "$2/$file.c" ]; then echo "$object: $file"; fi
	done >"$dir/owners"
	# One nm for all: a process for each takes longer than all it has to read.
	sed 's/: .*//' "$dir/owners" | xargs ${NM:-nm} -A -P | awk '
		FNR == NR { file[$1] = $2; next }
		$3 ~ /^[TDBRVWC]$/ { owner[$2] = file[$1] }
		$3 ~ /^[Uvw]$/ { user[++n] = file[$1]; name[n] = $2 }
		END {
			for (i = 1; i <= n; i++)
				if (name[i] in owner && owner[name[i]] != user[i])
					print "symbol", user[i], owner[name[i]], name[i]
		}' "$dir/owners" -
}

# exports SRC: "exported NAME" for each public symbol of the library
exports() {
	sed -n 's/^[ \t]*\(forkpool_[a-z0-9_]*\);.*/exported \1/p' "$1/lib/forkpool.map"
}

# judge FILES EDGES: "FILE: what is wrong", a line each
judge() {
	awk -v lib="$lib_folders" -v tool="$tool_folders" '
		function folder(file) { sub("/[^/]*$", "", file); return file }
		function side(file) { sub("/.*", "", file); return file }
		function place(file) {
			if (file == "tool/main") return 1000
			return folder(file) in rank ? rank[folder(file)] : 0
		}
		# Follow what FILE needs in the graph of KIND: a file that is met again on the way is part of a circle.
		function follow(kind, file, way,	n, i, next_files, next_file) {
			state[kind, file] = 1
			n = split(needs[kind, file], next_files, " ")
			for (i = 1; i <= n; i++) {
				next_file = next_files[i]
				if (state[kind, next_file] == 1)
					print file ": a circle of " kind "s: " \
						substr(way " " next_file, index(way " ", " " next_file " ") + 1)
				else if (!state[kind, next_file]) follow(kind, next_file, way " " next_file)
			}
			state[kind, file] = 2
		}
		BEGIN {
			n = split(lib, names, " ")
			for (i = 1; i <= n; i++) rank["lib/" names[i]] = i
			n = split(tool, names, " ")
			for (i = 1; i <= n; i++) rank["tool/" names[i]] = i
		}
		NF == 2 { exported[$2] = 1; next }
		NF == 1 {
			files[++count] = $1
			if (!place($1)) print $1 ": its folder is not in the list in tests/checks/folders.sh"
			next
		}
		$2 == $3 { next }
		{
			what = $1 " " $4 " of " $3
			if (!place($3)) { print $2 ": " what ": not by a path below src/"; next }
			if ($4 in exported) next
			if (side($2) != side($3)) print $2 ": " what ": library and command use nothing of each other"
			else if (place($3) > place($2)) print $2 ": " what ": from a higher folder"
			if (!seen[$1, $2, $3]++) needs[$1, $2] = needs[$1, $2] " " $3
		}
		END {
			for (i = 1; i <= count; i++) {
				if (!state["include", files[i]]) follow("include", files[i], " " files[i])
				if (!state["symbol", files[i]]) follow("symbol", files[i], " " files[i])
			}
		}' "$1" "$2"
}

# ------------------------------------------------------------------------ planted mistakes are found

# planted NAME WANTED: these words, and nothing else, are what is found in the tree in $dir/plant
planted() {
	files "$dir/plant/src" >"$dir/files"
	includes "$dir/plant/src" >"$dir/edges"
	for source in $(cd "$dir/plant" && find src -name '*.c'); do
		${CC:-cc} -iquote "$dir/plant/src" -c -o "$dir/plant/${source%.c}.o" "$dir/plant/$source"
	done
	symbols "$dir/plant" "$dir/plant/src" >>"$dir/edges"
	found=$(judge "$dir/files" "$dir/edges")
	rm -rf "$dir/plant"
	is "$1" "$found" "$2"
}

# plant FILE LINE...: a file of the tree
plant() {
	path=$dir/plant/src/$1
	shift
	mkdir -p "${path%/*}" "$dir/plant/src/tool"
	printf '%s\n' "$@" >"$path"
}

plant lib/os/a.h '#include "lib/os/b.h"'
plant lib/os/b.h ''
plant lib/ipc/c.c '#include "lib/os/a.h"' 'int a(void); int c(void) { return a(); }'
plant lib/os/a.c '#include "lib/os/a.h"' 'int a(void) { return 0; }'
planted 'a tree that keeps the rule' ''

plant lib/os/a.h '#include "lib/os/b.h"'
plant lib/os/b.c '#include "lib/os/a.h"'
plant lib/os/b.h 'typedef int b_is_included;'
planted 'a planted circle of includes' 'lib/os/b: a circle of includes: lib/os/a lib/os/b lib/os/a'

plant lib/os/a.c 'extern int state; int a(void) { return state; }'
plant lib/os/b.c 'int a(void); int state; int b(void) { return a(); }'
planted 'a planted circle of symbols, by a variable' 'lib/os/b: a circle of symbols: lib/os/a lib/os/b lib/os/a'

plant lib/os/a.c '#include "lib/ipc/b.h"'
plant lib/ipc/b.h ''
planted 'a planted include from a higher folder' 'lib/os/a: include line_1 of lib/ipc/b: from a higher folder'

plant lib/os/a.c 'int b(void); int a(void) { return b(); }'
plant lib/ipc/b.c 'int b(void) { return 0; }'
planted 'a planted symbol from a higher folder' 'lib/os/a: symbol b of lib/ipc/b: from a higher folder'

plant tool/base/a.c 'int b(void); int a(void) { return b(); }'
plant lib/os/b.c 'int b(void) { return 0; }'
planted 'a planted symbol of the library in the command' \
	'tool/base/a: symbol b of lib/os/b: library and command use nothing of each other'

plant lib/elsewhere/a.c ''
planted 'a planted folder that is in neither list' \
	'lib/elsewhere/a: its folder is not in the list in tests/checks/folders.sh'

# ------------------------------------------------------------------------------------------------ the tree

files "$srcdir/src" >"$dir/files"
{ exports "$srcdir/src"; includes "$srcdir/src"; symbols . "$srcdir/src"; } >"$dir/edges"
for kind in include symbol; do
	case $(grep -c "^$kind lib/" "$dir/edges") in
	0) report "there are ${kind}s to look at" 1 ;;
	*) report "there are ${kind}s to look at" 0 ;;
	esac
done
judge "$dir/files" "$dir/edges" >"$dir/wrong"
wrong=
while read -r file; do
	if [ -s "$dir/wrong" ]; then wrong=$(sed -n "s|^$file: ||p" "$dir/wrong"); fi
	is "$file" "$wrong" ''
done <"$dir/files"
done_testing
