#!/usr/bin/env zsh
# SPDX-License-Identifier: BSD-2-Clause
# What an interactive zsh completes: complete.zsh DIRECTORY-OF-COMPLETIONS <lines
#
# Each line is typed there, on a terminal of its own, with a key that puts in all that is offered.  For each line one is
# written: what was put in, a tab behind each, but for what stood there before the last = or :; nothing where nothing
# was offered.
emulate -R zsh
zmodload zsh/zpty || exit 77
dir=$(mktemp -d "${TMPDIR:-/tmp}/forkpool-zsh.XXXXXX") || exit 99
trap 'rm -rf $dir' EXIT
mkfifo $dir/told || exit 99

cat >$dir/rc <<END
unset HISTFILE
PS1= RPS1=
unsetopt prompt_cr prompt_sp beep
fpath=(${(q)1} \$fpath)
autoload -Uz compinit
compinit -D -u
zstyle ':completion:*' menu no
bindkey -e
compdef '_arguments --alpha --beta "*:word:(one two)"' ftcmd
all() { compstate[insert]=all }
answer() {
	comppostfuncs=(all)
	zle complete-word
	print -r -- \$BUFFER >$dir/told
	BUFFER=
}
zle -N answer
bindkey '^T' answer
print ready >$dir/told
END

exec {told}<>$dir/told
zpty shell "TERM=dumb zsh -f -i"
zpty -w shell "source $dir/rc"
answer() {
	IFS= read -r -t 60 -u $told answer || { zpty -d shell; exit 1; }
}

answer
while IFS= read -r line; do
	zpty -w -n shell "$line"$'\C-t'
	answer
	typed=(${(z)line})
	last=
	if [[ $line != *' ' ]]; then
		last=$typed[-1]
		shift -p typed
	fi
	words=(${(Q)${(z)answer}})
	shift $#typed words
	if [[ $answer == $line ]]; then
		print
		continue
	fi
	head=${last%${last##*[=:]}}
	print -r -- ${(pj:\t:)${words[@]#$head}}$'\t'
done
zpty -d shell
