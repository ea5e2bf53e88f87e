#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# What an interactive bash completes: complete.bash FILE... <lines
#
# The files are read by it first.  Each line is typed there, on a terminal of its own, with a key that puts in all
# that is offered, and is then run: forkpool is a function that tells its arguments.  For each line one is
# written: what was put in, a tab behind each, but for what stood there before the last = or :, which readline
# does not see; nothing where nothing was offered.
set -u
dir=$(mktemp -d "${TMPDIR:-/tmp}/forkpool-bash.XXXXXX") || exit 99
terminal=
trap 'if [[ $terminal ]]; then kill "$terminal" 2>/dev/null; fi; rm -rf "$dir"' EXIT
mkfifo "$dir/told" || exit 99

cat >"$dir/rc" <<END
PS1= PS2= HISTFILE=
for file in ${*@Q}; do . "\$file"; done
forkpool() {
	printf '%s\t' "\$@" >"$dir/told"
	echo >"$dir/told"
}
_ftcmd() { case \$2 in -*) COMPREPLY=(\$(compgen -W '--alpha --beta' -- "\$2")) ;; *) COMPREPLY=(\$(compgen -W 'one two' -- "\$2")) ;; esac; }
complete -F _ftcmd ftcmd
bind 'set bell-style none'
bind 'set enable-bracketed-paste off' 2>/dev/null
bind '"\C-t": insert-completions'
forkpool ready
END

export INPUTRC=/dev/null TERM=dumb
exec 8<>"$dir/told"
coproc script -qec "exec bash --noprofile --rcfile '$dir/rc' -i" /dev/null >/dev/null 2>&1
terminal=$COPROC_PID
exec 9>&"${COPROC[1]}"

# The answer to the one before is awaited, so that what is typed is never more than the terminal holds.
answer() {
	IFS= read -r -t 60 -u 8 answer || exit 1
}

answer
while IFS= read -r line; do
	printf '%s\024\n' "$line" >&9
	answer
	read -ra typed <<<"${line#forkpool}"
	last=
	case $line in
	*' ') ;;
	*) last=${typed[-1]} && unset 'typed[-1]' ;;
	esac
	IFS=$'\t' read -ra words <<<"$answer"
	words=("${words[@]:${#typed[@]}}")
	if [[ ${#words[@]} -eq 0 || ${#words[@]} -eq 1 && ${words[0]} == "$last" ]]; then
		echo
		continue
	fi
	case $last in *[=:]*) words[0]=${words[0]#"${last%"${last##*[=:]}"}"} ;; esac
	printf '%s\t' "${words[@]}"
	echo
done
echo 'exit' >&9
exec 9>&-
wait "$terminal"
terminal=
