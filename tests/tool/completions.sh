#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The completions that make install installs, tried in bash (with and without the package
# bash-completion), zsh and fish, on a terminal where the shell needs one.  They know exactly the
# options that --help has, and which of those take a value.
# Run in the build directory.
srcdir=$(cd "${srcdir:-.}" && pwd)
# shellcheck source=tests/support/tool-lib.sh
. "$srcdir/tests/support/tool-lib.sh"
[ -x "$forkpool" ] || skip_all 'the command is not built'
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES DESTDIR
make=${MAKE:-make}

# ------------------------------------------------------------------------------------- installation

# value VARIABLE: its value in the configured Makefile
value() {
	printf 'include Makefile\nshow:\n\t@echo "$(%s)"\n' "$1" |
		"$make" --no-print-directory -s -f - show prefix="$dir/prefix"
}

# makes install|uninstall ROOT [VARIABLE=VALUE...]: make for the completions alone, which writes
# nothing to the build directory
makes() {
	what=$1
	root=$2
	shift 2
	run "$make" "$what-bashcompletionDATA" "$what-zshcompletionDATA" "$what-fishcompletionDATA" \
		prefix="$dir/prefix" DESTDIR="$root" "$@"
}

# found ROOT: the installed completions
found() {
	find "$1" -name '*forkpool' -o -name 'forkpool.fish'
}

makes install "$dir/root"
is 'make install' "$status" 0
# Put each file below a data directory, where its shell looks.
share=$dir/share
while read -r shell place name source; do
	to=$(value "${shell}completiondir") # "": configured without
	case $(sed -n "s/^  \$ .*--with-$shell-completion-dir.*/given/p" config.log) in
	given) ;;
	*) is "$shell: below the prefix" "$to" "$(value datadir)/$place" ;;
	esac
	mkdir -p "$share/$place"
	if [ -n "$to" ]; then
		ok "$shell: installed" cmp -s "$dir/root$to/$name" "$srcdir/completions/$source"
		cp "$dir/root$to/$name" "$share/$place/"
	else
		cp "$srcdir/completions/$source" "$share/$place/$name"
	fi
done <<'END'
bash bash-completion/completions forkpool forkpool.bash
zsh zsh/site-functions _forkpool _forkpool
fish fish/vendor_completions.d forkpool.fish forkpool.fish
END
makes uninstall "$dir/root"
is 'make uninstall takes them away' "$status $(found "$dir/root")" '0 '
mkdir "$dir/none"
makes install "$dir/none" bashcompletiondir= zshcompletiondir= fishcompletiondir=
is 'left out where the directory is none' "$status $(found "$dir/none")" '0 '

# ---------------------------------------------------------------------- files and commands to offer

work=$dir/work
mkdir -p "$work/sub" "$dir/bin" "$dir/home/config" "$dir/home/data" || exit 99
: >"$work/my file.log"
: >"$work/sub/inner.txt"
# fish completes only commands that exist; forkpool is not run.
for program in forkpool ftcmd ftcmd-other; do
	printf '#!/bin/sh\n' >"$dir/bin/$program"
	chmod +x "$dir/bin/$program"
done
PATH=$dir/bin:$PATH
export PATH
with_plugin=no
if command -v nm >/dev/null && ${CC:-cc} -shared -fPIC -I"$srcdir/include" -o "$work/jobs.so" -xc - <<'END'
#include <forkpool_plugin.h>
FORKPOOL_PLUGIN;
int forkpool_plugin_init(const char *args, void **state) { (void)args, (void)state; return 0; }
void forkpool_plugin_exit(void *state) { (void)state; }
FORKPOOL_EXPORT int parse_line(struct forkpool_context *c, const void *a, size_t n) { return (void)c, (void)a, (void)n, 0; }
FORKPOOL_EXPORT int print_it(struct forkpool_context *c, const void *a, size_t n) { return (void)c, (void)a, (void)n, 0; }
FORKPOOL_EXPORT int print_all(struct forkpool_context *c, const void *a, size_t n) { return (void)c, (void)a, (void)n, 0; }
int data_not_a_function = 1;
END
then
	with_plugin=yes
fi
# Keep the shells from writing to the user's own directories.
HOME=$dir/home XDG_CONFIG_HOME=$dir/home/config XDG_DATA_HOME=$dir/home/data XDG_CACHE_HOME=$dir/home/cache
XDG_DATA_DIRS=$share:/usr/local/share:/usr/share
export HOME XDG_CONFIG_HOME XDG_DATA_HOME XDG_CACHE_HOME XDG_DATA_DIRS
unset ZDOTDIR BASH_ENV ENV XDG_RUNTIME_DIR BASH_COMPLETION_USER_DIR BASH_COMPLETION_USER_FILE

# --------------------------------------------------------------------------- the options, by --help

# Lines "NAME none|needed|optional offered|further".
"$forkpool" --help | awk '
	/^  / && !further {
		line = $0
		sub(/^ +/, "", line)
		if (line !~ /^-/) next
		sub(/  .*/, "", line)
		kind = line ~ /^[^=]*\[/ ? "optional" : line ~ /=|^-. / ? "needed" : "none"
		count = split(line, words, /[ ,=\[]+/)
		for (i = 1; i <= count; i++) if (words[i] ~ /^-/) { value[words[i]] = kind; print words[i], kind, "offered" }
	}
	/^Further names$/ { further = 1; next }
	further && /^$/ { exit }
	further { text = text " " $0 }
	END {
		count = split(text, parts, /;/)
		for (i = 1; i <= count; i++) {
			split(parts[i], sides, /:/)
			for (j = split(sides[1], names, /[ ,]+/); j > 0; j--)
				if (names[j] ~ /^-/) {
					target = parts[i]
					sub(/.*: */, "", target)
					print names[j], target == "nothing" ? "none" : value[target], "further"
				}
		}
	}' >"$dir/options"
ok '--help was understood' test "$(grep -c ' offered$' "$dir/options")" -gt 80 -a "$(grep -c ' further$' "$dir/options")" -gt 20
is 'of each is known whether it takes a value' "$(grep -vE '^--?[a-zA-Z0-9][a-z-]* (none|needed|optional) ' "$dir/options")" ''

# ---------------------------------------------------------------------------------------- questions

: >"$dir/questions"
: >"$dir/wanted"
# ask QUESTION WANTED...: after typing QUESTION, the WANTED are to be offered, in any order
ask() {
	printf '%s\n' "$1" >>"$dir/questions"
	shift
	printf '%s\n' "$@" | sort | tr '\n' '\t' >>"$dir/wanted"
	echo >>"$dir/wanted"
}

# shellcheck disable=SC2046 # one word each
ask 'forkpool -' $(sed -n 's/ .* offered$//p' "$dir/options")
# shellcheck disable=SC2046
ask 'forkpool --jo' $(sed -n 's/^\(--jo[^ ]*\) .* offered$/\1/p' "$dir/options")
ask 'forkpool -k --jobl' --joblog
ask 'forkpool --nonsense' ''
ask 'forkpool --compat ' native parallel xargs
ask 'forkpool --compat=p' parallel
ask 'forkpool --halt now,f' 'now,fail=1' 'now,fail=10%'
ask 'forkpool --halt=soon,fail' 'soon,fail=1' 'soon,fail=10%'
ask 'forkpool --halt n' never now,done=1 now,done=10% now,fail=1 now,fail=10% now,success=1 now,success=10%
ask 'forkpool --term-seq ' TERM
ask 'forkpool --term-seq TERM,20' TERM,200
ask 'forkpool --term-seq=TERM,200,' TERM,200,KILL TERM,200,TERM
ask 'forkpool --header ' :
ask 'forkpool -j ' +1 -1 0 1 2 4 8 16 32 64 50% 100% 200%
ask 'forkpool -kj 5' 50%
ask 'forkpool -P 5' 50%
ask 'forkpool --timeout 1' 1s 10s 1m 10m 1h 100ms
ask 'forkpool --mem 2' 256M
ask 'forkpool --joblog m' 'my file.log'
ask 'forkpool --joblog=m' 'my file.log'
ask 'forkpool -a m' 'my file.log'
ask 'forkpool --argfile m' 'my file.log'
ask 'forkpool --results s' sub
ask 'forkpool --journal sub/' sub/inner.txt
ask 'forkpool --readable ./my' './my file.log'
ask 'forkpool --wd ' sub
# Where the command is expected, after options of every kind.
ask 'forkpool ftc' ftcmd ftcmd-other
ask 'forkpool -k ftc' ftcmd ftcmd-other
ask 'forkpool -kj 4 --joblog x --halt=now,fail=1 ftc' ftcmd ftcmd-other
ask 'forkpool -j4 --eof -l ftcmd-' ftcmd-other
ask 'forkpool -- ftcmd-' ftcmd-other
ask 'forkpool -k -- ftcmd-' ftcmd-other
# Behind the command: the command's own words and options, until the items come.
ask 'forkpool ftcmd --joblo' ''
ask 'forkpool -k ftcmd --al' --alpha
ask 'forkpool -j 4 ftcmd ' one two
ask 'forkpool -- ftcmd t' two
ask 'forkpool ftcmd one ::: m' 'my file.log'
ask 'forkpool ftcmd :::: sub/' sub/inner.txt
ask 'forkpool ftcmd ::: a :::+ m' 'my file.log'
ask 'forkpool ftcmd ::: --jo' ''
ask 'forkpool --plugin ./jobs.so:parse_line ' ::: :::+ :::: ::::+
ask 'forkpool --plugin=./jobs.so:parse_line -k ::: m' 'my file.log'
ask 'forkpool --plugin ./jobs.so:parse_line --joblog ' 'my file.log' jobs.so sub
if [ $with_plugin = yes ]; then
	ask 'forkpool --plugin j' jobs.so
	ask 'forkpool --plugin=./' ./jobs.so ./sub
	ask 'forkpool --plugin jobs.so:' parse_line print_all print_it
	ask 'forkpool --plugin=./jobs.so:print_' print_all print_it
	ask 'forkpool --plugin ./jobs.so:print_it,pa' print_it,parse_line
	ask 'forkpool --plugin ./nothing.so:' ''
fi
# Where an option takes the next word, the command is the word after that.
while read -r name kind _; do
	case $name in
	-h | --help | -V | --version | --number-of-*) continue ;; # nothing follows them
	esac
	if [ "$kind" = needed ]; then
		ask "forkpool $name ftcmd-" ''
		case $name in
		--plugin) ;; # no command follows
		*) ask "forkpool $name x ftcmd-" ftcmd-other ;;
		esac
	else
		ask "forkpool $name ftcmd-" ftcmd-other
	fi
done <"$dir/options"

# answered WHAT [PATTERN]: a test: the answers are those wanted, but for questions that the pattern
# matches
answered() {
	if [ "$(wc -l <"$dir/answers")" -ne "$(wc -l <"$dir/questions")" ]; then
		ok "$1: answers everything" false
		sed 's/^/# /' "$dir/err"
		return
	fi
	# Sort the answers, and drop what a shell puts behind a word that goes on: / , = :
	awk -F '\t' '
		function sorted(line,    words, count, i, j, t, out) {
			count = split(line, words, /\t/)
			for (i = 1; i <= count; i++) {
				if (words[i] ~ /\.so:$/) sub(/:$/, "", words[i])
				if (words[i] ~ /.[\/,=]$/) sub(/.$/, "", words[i])
			}
			for (i = 2; i <= count; i++)
				for (j = i; j > 1 && words[j - 1] "" > words[j] ""; j--) { t = words[j]; words[j] = words[j - 1]; words[j - 1] = t }
			out = ""
			for (i = 1; i <= count; i++) if (words[i] != "" && words[i] != words[i - 1]) out = out " " words[i]
			return out
		}
		FILENAME == ARGV[1] { question[FNR] = $0; next }
		FILENAME == ARGV[2] { wanted[FNR] = $0; next }
		{
			w = sorted(wanted[FNR])
			g = sorted($0)
			if (w != g) printf "%s|%s|%s\n", question[FNR], g, w
		}' "$dir/questions" "$dir/wanted" "$dir/answers" >"$dir/wrong"
	if [ -n "${2-}" ]; then
		grep -vE -- "$2" "$dir/wrong" >"$dir/wrong2"
		mv "$dir/wrong2" "$dir/wrong"
	fi
	ok "$1: each answer is right" test ! -s "$dir/wrong"
	head -n 20 "$dir/wrong" | awk -F '|' '{ print "# typed: " $1 "\n#   got:" $2 "\n#   wanted:" $3 }'
}

cd "$work" || exit 99
share_bash=$share/bash-completion/completions/forkpool
if ! command -v bash >/dev/null || ! script --version 2>/dev/null | grep -q util-linux; then
	echo "ok $((number += 1)) - bash # SKIP there is no bash, or no script(1) of util-linux"
else
	bash "$srcdir/tests/support/complete.bash" "$share_bash" <"$dir/questions" >"$dir/answers" 2>"$dir/err"
	answered 'bash' '^forkpool[^|]* ftcmd (|--al|t)\|' # completing the command's own words needs the package
	for package in /usr/share/bash-completion/bash_completion /usr/local/share/bash-completion/bash_completion; do
		[ ! -f "$package" ] || break
	done
	if [ -f "$package" ]; then
		# The package finds the completions by itself.
		bash "$srcdir/tests/support/complete.bash" "$package" <"$dir/questions" >"$dir/answers" 2>"$dir/err"
		answered 'bash with bash-completion'
	fi
fi
if ! command -v zsh >/dev/null; then
	echo "ok $((number += 1)) - zsh # SKIP there is no zsh"
else
	zsh -f "$srcdir/tests/support/complete.zsh" "$share/zsh/site-functions" <"$dir/questions" >"$dir/answers" 2>"$dir/err"
	answered 'zsh'
fi
if ! command -v fish >/dev/null; then
	echo "ok $((number += 1)) - fish # SKIP there is no fish"
else
	fish "$srcdir/tests/support/complete.fish" <"$dir/questions" >"$dir/answers" 2>"$dir/err"
	answered 'fish' '^forkpool -P 5\|' # fish completes the value of an option that it does not offer with files
fi

no_process_left 'no process is left'
done_testing
