#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# tests/peers/xargs.sh DIR [PROGRAM]
#
# Run the tests that findutils and toybox have for their xargs with forkpool, called as xargs, in the place of theirs,
# or with PROGRAM; and write TAP.  A case in tests/peers/xargs.differs is one where forkpool means to be different.
#
#	DIR/src		the sources of both, which apt fetches where they are not there yet
#
# It needs bash, python3, and that apt can fetch sources; it installs nothing and needs no rights.
#
# tool-lib.sh sets forkpool, dir, failed and number, and reads FORKPOOL.
# shellcheck disable=SC2154,SC2034
set -u
export LC_ALL=C

top=$(cd "$(dirname "$0")/../.." && pwd) || exit 2
[ $# -ge 1 ] || { sed -n '3,11p' "$0" | sed 's/^# \{0,1\}//' >&2; exit 2; }
mkdir -p "$1/src" || exit 2
place=$(cd "$1" && pwd) || exit 2
[ $# -lt 2 ] || FORKPOOL=$2
# shellcheck source=/dev/null
. "$top/tests/support/tool-lib.sh"
# shellcheck source=/dev/null
. "$top/tests/support/apt.sh"
[ -x "$forkpool" ] || skip_all "there is no $forkpool"
command -v python3 >/dev/null || skip_all 'there is no python3'

# ------------------------------------------------------------------------------------------ sources

# Sets $findutils and $toybox to their sources.
fetch() {
	local package tar
	for package in findutils toybox; do
		set -- "$place/src/$package"-*/
		[ ! -d "$1" ] || continue
		[ -e "$place/apt.conf" ] || apt_private "$place" deb-src
		# Only the tar of upstream; what Debian adds is no test.
		(cd "$place/src" && apt-get -q source --download-only --tar-only "$package") >>"$place/fetch.log" 2>&1
		for tar in "$place/src/$package"_*.orig.tar.*; do
			case $tar in *.asc) continue ;; esac
			[ -f "$tar" ] && tar -xf "$tar" -C "$place/src"
		done
	done
	set -- "$place"/src/findutils-*/
	findutils=${1%/}
	set -- "$place"/src/toybox-*/
	toybox=${1%/}
}
fetch
[ -d "$findutils" ] || echo "# no sources of findutils: see $place/fetch.log and update.log"
[ -d "$toybox" ] || echo "# no sources of toybox: see $place/fetch.log and update.log"
[ -d "$findutils" ] || [ -d "$toybox" ] || skip_all 'apt can fetch the sources of none'

# -------------------------------------------------------------------------------------------- cases

passed=0
different=0
skipped=0

# case_done NAME STATUS: a test; a case of xargs.differs has to differ, and is not counted as a failure
case_done() {
	local why
	why=$(sed -n "s|^$1	||p" "$top/tests/peers/xargs.differs")
	if [ -z "$why" ]; then
		[ "$2" -ne 0 ] || passed=$((passed + 1))
		report "$1" "$2"
	elif [ "$2" -eq 0 ]; then
		report "$1: is in xargs.differs, and is the same" 1
	else
		number=$((number + 1))
		different=$((different + 1))
		echo "not ok $number - $1 # TODO $why"
	fi
}

mkdir "$dir/bin" "$dir/work"
ln -s "$(command -v "$forkpool")" "$dir/bin/xargs"
PATH=$dir/bin:$PATH
cd "$dir/work" || exit 99

# findutils' for DejaGnu, which need no DejaGnu.
for expect in "$findutils"/xargs/testsuite/xargs.*/*.exp; do
	[ -f "$expect" ] || continue
	name=${expect#"$findutils"/xargs/testsuite/}
	python3 "$top/tests/peers/dejagnu.py" "$dir/bin/xargs" "$expect" >"$dir/said" 2>&1
	case_done "findutils/${name%.exp}" $?
	sed 's/^/# /' "$dir/said"
done

# findutils' scripts.
for script in "$findutils"/tests/xargs/*.sh; do
	[ -f "$script" ] || continue
	srcdir=$findutils built_programs=xargs SHELL=/bin/sh bash "$script" >"$dir/said" 2>&1
	case_done "findutils/tests/${script##*/}" $?
	sed 's/^/# /' "$dir/said"
done

# toybox': a script of calls of this function.
testing() { # NAME COMMAND WANTED INFILE STDIN
	printf '%b' "$3" >"$dir/want"
	rm -f input
	[ -z "$4" ] || printf '%b' "$4" >input
	printf '%b' "$5" | eval "$2" >"$dir/got" 2>"$dir/got.err"
	cmp -s "$dir/want" "$dir/got"
	case_done "toybox/$1" $?
	if ! cmp -s "$dir/want" "$dir/got"; then
		diff "$dir/want" "$dir/got" | head -n 6
		head -n 3 "$dir/got.err"
	fi | cut -c 1-200 | sed 's/^/# /'
}
toyonly() {
	number=$((number + 1))
	skipped=$((skipped + 1))
	echo "ok $number - toybox/$2 # SKIP of toybox alone, as it says itself"
}
if [ -d "$toybox" ]; then
	# shellcheck source=/dev/null
	. "$toybox/tests/xargs.test"
fi

echo "# $number cases: $passed the same, $different different on purpose, $failed failed, $skipped skipped"
done_testing
