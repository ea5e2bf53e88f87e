#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Writes a C program that prints what a program built with the headers of a directory has of them: where each member
# of each structure is, how long it is, and each constant.
#
#	tests/checks/header-layout.sh include >layout.c
#	cc -Iinclude -o layout layout.c && ./layout >tests/checks/layout-0.2.0
set -eu

[ $# -eq 1 ] || { echo "usage: $0 DIRECTORY" >&2; exit 2; }
cat <<'END'
#include <forkpool.h>
#include <stdio.h>
#define MEMBER(name, member) printf("%s.%s at %zu, %zu bytes\n", #name, #member, \
	offsetof(struct name, member), sizeof ((struct name *)0)->member)
#define START(name, member) printf("%s.%s at %zu\n", #name, #member, offsetof(struct name, member))
#define CONSTANT(name) printf("%s %lld\n", #name, (long long)name)
int
main(void)
{
END
# Comments may run over several lines; a member has its name before its '[', ';' or ',', or in "(*name)".  An array at
# the end of a structure may grow, and what is reserved gives way to new members.
cat "$1"/forkpool.h "$1"/forkpool_[a-oq-z]*.h | awk '
	function bare(line,	out, at) {
		out = ""
		while (line != "") {
			if (inside) {
				if (!(at = index(line, "*/"))) return out
				line = substr(line, at + 2)
				inside = 0
			} else {
				if (!(at = index(line, "/*"))) return out line
				out = out substr(line, 1, at - 1)
				line = substr(line, at + 2)
				inside = 1
			}
		}
		return out
	}
	{ line = bare($0) }
	line ~ /^struct forkpool_[a-z_]* \{/ { split(line, word, /[ {]+/); name = word[2]; next }
	line ~ /^enum.*\{/ { constants = 1; next }
	line ~ /^}/ { name = ""; constants = 0 }
	name != "" && line ~ /;/ {
		if (line ~ /\(\*/) {
			sub(/.*\(\*/, "", line)
			sub(/\).*/, "", line)
		}
		sub(/;.*/, "", line)
		n = split(line, member, ",")
		for (i = 1; i <= n; i++) {
			macro = sub(/\[.*/, "", member[i]) ? "START" : "MEMBER"
			sub(/.*[ \t*]/, "", member[i])
			if (member[i] != "reserved")
				print "\t" macro "(" name ", " member[i] ");"
		}
	}
	constants && match(line, /FORKPOOL_[A-Z0-9_]+/) {
		print "\tCONSTANT(" substr(line, RSTART, RLENGTH) ");"
	}'
printf '\treturn 0;\n}\n'
