#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# doc/status.svg, the picture of the status screen in doc/reports.md, from a real run:
#
#	sh doc/status-picture.sh build/forkpool >doc/status.svg
#
# forkpool compresses large files of this system in a window of tmux until enough has happened; what the window shows
# then becomes an SVG: text, with the colours that it has there.
set -eu

forkpool=$(realpath "${1:?usage: sh doc/status-picture.sh FORKPOOL >FILE.svg}")
columns=100 lines=24
dir=$(mktemp -d)
TMUX_TMPDIR=$dir
export TMUX_TMPDIR
unset TMUX
tm() {
	tmux -L picture -f /dev/null "$@"
}
trap 'tm kill-server 2>/dev/null || true; rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM

mkdir "$dir/bin"
ln -s "$forkpool" "$dir/bin/forkpool"
# Files that are no trouble, in the same order each time; among them one that is not there and one that takes too long.
find /usr/lib/*-linux-gnu /usr/bin -maxdepth 1 -type f -size +300k -size -2500k | LC_ALL=C sort |
	awk '{ print (NR * 37) % 101, $0 }' | sort -n | cut -d' ' -f2- >"$dir/some"
{
	head -n 3 "$dir/some"
	find /usr/lib /usr/bin -type f -size +30000k 2>/dev/null | LC_ALL=C sort | tail -n 1
	echo /usr/lib/gone.so
	tail -n +4 "$dir/some"
} >"$dir/files"

tm new-session -d -x "$columns" -y "$lines" -c "$dir" "env PS1='$ ' ENV= PATH='$dir/bin:$PATH' sh"
tm set-option status off
until tm capture-pane -p | grep -q '^\$'; do sleep 0.1; done
tm send-keys -l "forkpool -j6 --status --cpu 3 -a files xz -6c >/dev/null"
tm send-keys Enter
tries=0
until tm capture-pane -p >"$dir/seen" && grep -q '1 over_limit' "$dir/seen" && grep -q '6 running' "$dir/seen"; do
	tries=$((tries + 1))
	[ "$tries" -lt 1200 ] || { echo 'status-picture: the run does not come to what is to be shown' >&2; exit 1; }
	sleep 0.1
done
tm capture-pane -ep | awk -v columns="$columns" '
# Select Graphic Rendition, as much of it as the screen uses, as classes.
function rendition(codes,    i, n, code) {
	n = split(codes == "" ? "0" : codes, code, ";")
	for (i = 1; i <= n; i++) {
		if (code[i] == 0) { weight = ""; colour = "" }
		else if (code[i] == 1) weight = "b"
		else if (code[i] == 2) weight = "f"
		else if (code[i] == 31) colour = "r"
		else if (code[i] == 32) colour = "g"
		else if (code[i] == 39) colour = ""
	}
}
function shown(text) {
	gsub(/&/, "\\&amp;", text)
	gsub(/</, "\\&lt;", text)
	gsub(/>/, "\\&gt;", text)
	return weight colour == "" || text == "" ? text : "<tspan class=\"" weight colour "\">" text "</tspan>"
}
{
	line = ""
	while (match($0, /\033\[[0-9;]*m/)) {
		line = line shown(substr($0, 1, RSTART - 1))
		rendition(substr($0, RSTART + 2, RLENGTH - 3))
		$0 = substr($0, RSTART + RLENGTH)
	}
	out[NR] = line shown($0)
	if (out[NR] != "") last = NR
}
END {
	width = columns * 8.4 + 32
	height = last * 19 + 30
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\"", width, height
	printf " width=\"%d\" height=\"%d\" role=\"img\"", width, height
	print " aria-label=\"A terminal with the screen of forkpool --status\">"
	printf "<style>text{font:14px ui-monospace,Menlo,Consolas,\"DejaVu Sans Mono\",monospace;"
	print "fill:#d8dee9;white-space:pre}"
	print ".b{font-weight:bold;fill:#fff}.f{fill:#8b95a7}.r{fill:#ff7b72}.g{fill:#7ee787}</style>"
	print "<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#161b22\"/>"
	for (i = 1; i <= last; i++)
		if (out[i] != "")
			printf "<text x=\"16\" y=\"%d\" xml:space=\"preserve\">%s</text>\n", 10 + i * 19, out[i]
	print "</svg>"
}'
