#!/bin/sh
# Includes between the files of src/ point downward only, and so do those in src/tool, which sees the
# library as everybody does: through forkpool.h.
set -eu

# From bottom to top: a module may include only modules that stand before it here, its own header
# and forkpool.h.  This list alone decides.
order='config probe clock gate os os_process fd descriptors sandbox_policy sandbox_filter outcome wire packet_pipe shared spool context window control arena limits crash
	capture sandbox_landlock sandbox_identity sandbox_cgroup sandbox descendants worker_setup job_child job_verdict job_output job_process sandbox_probe worker_run worker worker_process supervisor job_table dispatch_state offers results deaths
	dispatcher pool pool_open pool_inspect pool_run'
# The same for src/tool.
tool='config visible width message bytes terminal pace checksum mark
	quantity makeflags rescue token_pipe options options_table
	options_value options_given options_defaults options_usage
	options_xargs options_parallel options_check options_line options_read
	quote task begun command blame reader splitter source columns sources
	place template template_parts template_parse template_check
	template_expand task_maker command_limit batcher store pipe_blocks
	ending plugin_names plugin outlet journal_parts journal_file
	journal_make journal_entry journal_key journal record record_file
	json_text joblog results_path results_dir results_table results_json
	records halt tally run_view whole_file trace metrics report_text
	report_sums report_page report views screen resident throttle
	interrupts prompt channels jobserver_client jobserver_server jobserver
	publisher job status progress resume feed finish sandbox_paths start
	dry_run run_state submit begin run main'

srcdir=${srcdir:-.}
number=0
failed=0

set -- "$srcdir"/src/*.[ch] "$srcdir"/src/tool/*.[ch]
if [ ! -f "$1" ]; then
	echo '1..0 # SKIP src/ is empty'
	exit 0
fi
echo "1..$#"
for file; do
	number=$((number + 1))
	name=${file#"$srcdir"/src/}
	case $name in
	tool/*) list=$tool ;;
	*) list=$order ;;
	esac
	# Prints what is wrong, nothing where all is well.
	wrong=$(awk -v order="$list" -v file="${file##*/}" '
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
			if (name == "forkpool.h" || name == "forkpool_plugin.h") next
			if (name == file) { print FNR ": includes itself"; next }
			sub(/\.h$/, "", name)
			if (name == own || !(own in rank)) next
			if (!(name in rank)) print FNR ": " name ".h is not in the list"
			else if (rank[name] > rank[own]) print FNR ": " name ".h stands above " own
		}' "$file")
	if [ -z "$wrong" ]; then
		echo "ok $number - $name"
	else
		echo "not ok $number - $name"
		echo "$wrong" | sed 's/^/# /'
		failed=1
	fi
done
exit $failed
