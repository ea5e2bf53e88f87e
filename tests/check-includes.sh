#!/bin/sh
# Includes between the files of src/ point downward only.
set -eu

# From bottom to top: a module may include only modules that stand before it here, its own header
# and forkpool.h.  This list alone decides.
order='config clock os fd outcome wire packet_pipe shared spool context control arena limits crash
	capture worker_setup worker_run worker worker_process supervisor job_table dispatch_state offers results deaths
	dispatcher pool pool_open pool_inspect pool_run'

srcdir=${srcdir:-.}
number=0
failed=0

set -- "$srcdir"/src/*.[ch]
if [ ! -f "$1" ]; then
	echo '1..0 # SKIP src/ is empty'
	exit 0
fi
echo "1..$#"
for file; do
	number=$((number + 1))
	# Prints what is wrong, nothing where all is well.
	wrong=$(awk -v order="$order" -v file="${file##*/}" '
		BEGIN {
			count = split(order, names, /[ \t\n]+/)
			for (i = 1; i <= count; i++) rank[names[i]] = i
			own = file
			sub(/\.[ch]$/, "", own)
			if (!(own in rank)) print own " is not in the list in tests/check-includes.sh"
		}
		/^[ \t]*#[ \t]*include[ \t]*"/ {
			name = $0
			sub(/^[^"]*"/, "", name)
			sub(/".*/, "", name)
			if (name == "forkpool.h") next
			if (name == file) { print FNR ": includes itself"; next }
			sub(/\.h$/, "", name)
			if (name == own || !(own in rank)) next
			if (!(name in rank)) print FNR ": " name ".h is not in the list"
			else if (rank[name] > rank[own]) print FNR ": " name ".h stands above " own
		}' "$file")
	if [ -z "$wrong" ]; then
		echo "ok $number - ${file##*/}"
	else
		echo "not ok $number - ${file##*/}"
		echo "$wrong" | sed 's/^/# /'
		failed=1
	fi
done
exit $failed
