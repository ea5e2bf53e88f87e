# SPDX-License-Identifier: BSD-2-Clause
# usage-lib - what the tests of wrong command lines (tests/tool/usage*.sh) have in common; they read
# it after tool-lib.sh.
#
#	$ran                                    the file that a job makes
#	one_line PROGRAM STATUS                 whether run() has got one line from that program
#	refused PROGRAM STATUS CULPRIT WORDS    a test: the command line ends with one line that has
#	                                        CULPRIT, and no job runs
#	refused_options                         such a test for each line of standard input:
#	                                        CULPRIT|OPTIONS
#
# shellcheck shell=sh disable=SC2154
[ -x "$forkpool" ] || skip_all 'there is no command in this build'

ran=$dir/ran
mkdir "$dir/directory" || exit 99
: >"$dir/file"
printf 'x\n' >"$dir/items"
cd "$dir" || exit 99

one_line() {
	[ "$status" -eq "$2" ] && [ -z "$out" ] && [ "$(printf '%s\n' "$err" | wc -l)" -eq 1 ] &&
		case $err in "$1: "?*) true ;; *) false ;; esac
}

# WORDS are quoted for a shell.
refused() {
	rm -f "$ran"
	# shellcheck disable=SC2086
	eval "run \"\$forkpool\" $4"
	fine=0
	one_line "$1" "$2" || fine=1
	case $err in *"$3"*) ;; *) fine=1 ;; esac
	[ ! -e "$ran" ] || fine=1
	report "refused: $4" $fine
	if [ $fine -ne 0 ]; then
		printf 'status %s, to name: %s\n%s\n%s\n' "$status" "$3" "$out" "$err" | sed 's/^/# /'
		[ ! -e "$ran" ] || echo '# a job has run'
	fi
}

refused_options() {
	while IFS='|' read -r culprit words; do
		case $culprit in '' | '#'*) continue ;; esac
		refused forkpool 1 "$culprit" "$words touch ran ::: a"
	done
}
