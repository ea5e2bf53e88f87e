#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The examples, built by their own Makefile against an installed library that pkg-config finds, do what they say.
# The program of README.md compiles without a warning, and its commands print what the page shows.
# "make uninstall" removes all that "make install" has installed.
# Run in the build directory.
set -eu

srcdir=$(cd "${srcdir:-.}" && pwd)
builddir=$PWD
number=0
failed=0

# Options and variables of the make that runs this test must not reach the makes below.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES DESTDIR
make=${MAKE:-make}

if [ ! -f "$srcdir/examples/Makefile" ]; then
	echo '1..0 # SKIP there are no examples'
	exit 0
fi
dir=$(mktemp -d "${TMPDIR:-/tmp}/forkpool-examples.XXXXXX")
group=
trap 'rm -rf "$dir"; if [ -n "$group" ]; then rmdir "$group" 2>/dev/null; fi' EXIT
trap 'exit 1' HUP INT TERM
prefix=$dir/prefix

# report STATUS WHAT: one TAP line; $dir/log explains a failure
report() {
	number=$((number + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $number - $2"
	else
		echo "not ok $number - $2"
		sed 's/^/# /' "$dir/log"
		failed=1
	fi
}

# run WHAT COMMAND...: report on a command that must end with status 0
run() {
	what=$1
	shift
	status=0
	"$@" >"$dir/log" 2>&1 </dev/null || status=$?
	report $status "$what"
	return $status
}

finish() {
	echo "1..$number"
	exit $failed
}

# Completions may be configured to go outside the prefix; tests/tool/completions.sh tests them.
elsewhere='bashcompletiondir= zshcompletiondir= fishcompletiondir='
# shellcheck disable=SC2086
run 'make install' "$make" install prefix="$prefix" $elsewhere || finish

mkdir "$dir/examples"
cp "$srcdir"/examples/Makefile "$srcdir"/examples/*.[ch] "$srcdir"/examples/*.cc "$srcdir"/examples/*.expected \
	"$dir/examples/"
cp -R "$srcdir/examples/submissions" "$srcdir/examples/tasks" "$dir/examples/"
PKG_CONFIG_PATH=$prefix/lib/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
export PKG_CONFIG_PATH
cd "$dir/examples"

# skip WHAT WHY
skip() {
	number=$((number + 1))
	echo "ok $number - $1 # SKIP $2"
}

# What needs something that is not here the Makefile leaves out, and says so.
warnings='-O2 -g -Wall -Wextra -Wshadow -Werror'
run 'the examples build through pkg-config' "$make" CC="${CC:-cc}" ${CXX:+CXX="$CXX"} \
	CFLAGS="$warnings ${SANITIZE_CFLAGS:-}" CXXFLAGS="-std=c++17 $warnings ${SANITIZE_CFLAGS:-}" \
	LDFLAGS="${SANITIZE_CFLAGS:-} -Wl,-rpath,$prefix/lib" all || finish
cp "$dir/log" "$dir/built"

# left_out EXAMPLE: why it was not built; nothing where it was, or should have been
left_out() {
	sed -n "s/^$1 is left out: //p" "$dir/built"
}

# Where nothing is there that they need, they are left out, each with its sentence, and make is content.
mkdir "$dir/bare" "$dir/bare-bin"
cp Makefile "$dir/bare/"
for tool in cc1 pkg-config; do printf '#!/bin/sh\nexit 1\n' >"$dir/bare-bin/$tool"; done
chmod +x "$dir/bare-bin/cc1" "$dir/bare-bin/pkg-config"
status=0
PATH=$dir/bare-bin:$PATH "$make" -C "$dir/bare" CC=cc1 CXX=cc1 optional >"$dir/log" 2>&1 </dev/null || status=$?
for example in 06-server 07-pictures 08-plugins 10-coverage checksum-tree; do
	grep -q "^$example is left out: [a-z]" "$dir/log" || status=1
done
report $status 'an example that needs what is not here is left out, with a sentence'

# arguments_of EXAMPLE: those that it is run with
arguments_of() {
	if [ "$1" = 07-pictures ]; then
		"$make" -s pictures >&2
		echo pictures/*.png
	fi
}

for expected in [0-9]*.expected; do
	example=${expected%.expected}
	case ${SANITIZE_CFLAGS:+sanitized}:$example in
	sanitized:07-pictures | sanitized:08-plugins)
		skip "$example" "memory and signals are the sanitizer's here"
		continue
		;;
	esac
	if [ -n "$(left_out "$example")" ]; then
		skip "$example" "$(left_out "$example")"
		continue
	fi
	status=0
	# shellcheck disable=SC2046
	"./$example" $(arguments_of "$example") >"$dir/out" 2>"$dir/err" </dev/null || status=$?
	if [ "$example:$status" = 07-pictures:2 ]; then
		skip "$example" "$(head -n 1 "$dir/err")"
		continue
	fi
	{
		echo "exit status $status; expected (<) and written (>):"
		diff "$expected" "$dir/out" || status=1
		cat "$dir/err"
	} >"$dir/log"
	report $status "$example"
done

# What the jobs executed that returned is counted, each line as often as it was, also where they returned an error, and
# where many end at a time; the main program's lines are counted once.  A second run adds to it.
counted() { # RUNS
	cat <<-END
	$((59 * $1)) each that returned
	##### it crashed: lost
	$((10 * $1)) those that failed
	$((49 * $1)) those that are ok
	$((60 * $1)) each job
	END
}
gcov=gcov
case $(${CC:-cc} --version) in *clang*) gcov='llvm-cov gcov' ;; esac
for runs in 1 2; do
	what="10-coverage: the counts of $runs runs"
	if [ ! -x 10-coverage ]; then
		skip "$what" "$(left_out 10-coverage)"
		continue
	elif ! command -v ${gcov% *} >/dev/null; then
		skip "$what" "there is no ${gcov% *}"
		continue
	fi
	status=0
	if [ $runs -eq 2 ]; then ./10-coverage >"$dir/out"; fi
	$gcov 10-coverage.c >"$dir/log" 2>&1 || status=$?
	sed -n 's/^ *\([0-9#]*\):.*\/\* \(.*\) \*\/$/\1 \2/p' 10-coverage.c.gcov | grep -v never >"$dir/out"
	counted $runs >"$dir/wanted"
	diff "$dir/wanted" "$dir/out" >>"$dir/log" || status=1
	report $status "$what"
done

# Remove what differs from run to run before comparing with the expected output.
status=0
./05-status all >"$dir/log" 2>&1 </dev/null || status=$?
workers=$(grep -c '^[a-z]* *[0-9]*% *[0-3] *[1-9][0-9]* *[0-9]*\.[0-9]* *[1-9-][0-9]*$' "$dir/log") || status=1
if [ "$workers" -ne 3 ]; then status=1; fi
report $status '05-status all: worker, process, time and memory'

# On a busy machine a submission that computes may reach its limit of time before its 300 ms of processor time, and one
# that fills memory these 300 ms before its limit on memory.  Then no other verdict differs, and at level sandbox
# nothing has leaked.
only_the_other_clock() { # LEVEL LOG
	[ "$1" != sandbox ] ||
		grep -q "^calls to the judge's port: 0; replies with a line of /etc/passwd: 0\$" "$2" || return 1
	awk '
		/EXPECTED/ {
			n = 0
			for (i = 2; i <= NF; i++) if ($i == "ms" && ++n == 2) cpu = $(i - 1)
			if (/time limit: wall .*EXPECTED time limit: cpu$/ && n == 2 && cpu < 300) late++
			else if (/time limit: (cpu|wall) .*EXPECTED memory limit$/) late++
			else other++
		}
		END { exit !(late > 0 && !other) }' "$2"
}

# Each submission gets the verdict that the table expects at that level.
for level in worker job sandbox; do
	if [ -n "${SANITIZE_CFLAGS:-}" ]; then
		number=$((number + 1))
		echo "ok $number - judge --level $level # SKIP memory, stack and signals are the sanitizer's here"
		continue
	fi
	status=0
	./judge --level "$level" >"$dir/log" 2>&1 </dev/null || status=$?
	if [ $status -eq 2 ]; then
		number=$((number + 1))
		echo "ok $number - judge --level $level # SKIP $(tail -n 1 "$dir/log")"
	else
		# Say what was left out, and why.
		sed -n '/not run:/s/^/# /p; /^judge:/s/^/# /p' "$dir/log"
		if [ $status -eq 1 ] && only_the_other_clock "$level" "$dir/log"; then status=0; fi
		report $status "judge --level $level: each verdict is the one expected"
	fi
done

# Without a table there is no pool: one line says why.
# shellcheck disable=SC2086
echo 'int unrelated;' | ${CC:-cc} ${SANITIZE_CFLAGS:-} -shared -fPIC -xc -o empty.so -
for object in empty.so nothing.so; do
	status=0
	./judge --level worker "$object" >"$dir/log" 2>&1 </dev/null || status=$?
	if [ $status -eq 1 ] && [ "$(wc -l <"$dir/log")" -eq 1 ] && grep -q "^judge: .*$object" "$dir/log"; then
		status=0
	else
		status=1
	fi
	report $status "judge $object: one line says what is wrong with it"
done

# Whoever starts the contest, each submission gets the same verdict: root, root with a cgroup, an ordinary user.
mkdir "$dir/boxes"
users=itself
ordinary='setpriv --reuid=65534 --regid=65534 --clear-groups'
if [ "$(id -u)" = 0 ]; then
	users='itself grouped ordinary'
	chmod 755 "$dir"
	chown 65534:65534 "$dir/boxes"
	for above in /sys/fs/cgroup/pids /sys/fs/cgroup; do
		[ -e "$above/cgroup.procs" ] || continue
		if [ -z "$group" ] && mkdir "$above/forkpool-examples.$$" 2>/dev/null; then
			group=$above/forkpool-examples.$$
		fi
	done
fi
contest() { # USER [DIRECTORY]
	user=$1
	shift
	# shellcheck disable=SC2086
	case $user in
	itself) set -- ./contest "$@" ;;
	grouped) set -- ./contest --cgroup "$group" "$@" ;;
	ordinary) set -- $ordinary ./contest "$@" ;;
	esac
	TMPDIR=$dir/boxes "$@" >"$dir/log" 2>&1 </dev/null
}
# verdicts_of LOG: submission, task, tests passed and verdict, without which clock it was that ended it, or what
# stopped the compiler
verdicts_of() {
	cut -c1-64 "$1" | sed -E 's/(time limit|compile error): .*/\1/; s/ *$//'
}
# Submissions whose language is not here are left out, with a line that says so: any file has a verdict, or is one.
judge=
for user in $users; do
	verdicts="the contest, $user: each submission that has a compiler here gets the verdict expected"
	status=0
	if [ "$user" = ordinary ] && ! $ordinary true 2>/dev/null; then
		skip "$verdicts" 'no ordinary user can be had here'
	elif [ "$user" = grouped ] && [ -z "$group" ]; then
		skip "$verdicts" 'no cgroup can be made here'
	elif contest "$user" || status=$?; [ "$status" -eq 2 ]; then
		skip "$verdicts" "$(tail -n 1 "$dir/log")"
	else
		sed -n '/^no .* here:/s/^/# /p' "$dir/log"
		if [ "$(grep -c -e 'accepted' -e 'not judged' "$dir/log")" -lt 5 ]; then status=1; fi
		report "$status" "$verdicts"

		verdicts_of "$dir/log" >"$dir/verdicts-$user"
		judge=${judge:-$user}
		status=0
		{
			diff "$dir/verdicts-$judge" "$dir/verdicts-$user" || status=1
			diff -r "$srcdir/examples/tasks" tasks || status=1
			diff -r "$srcdir/examples/submissions" submissions || status=1
			ls -A "$dir/boxes"
		} >"$dir/log" 2>&1
		if [ -s "$dir/log" ]; then status=1; fi
		report "$status" "the contest, $user: the same table, its files are as they were, and no box is left"
	fi
done

if [ -n "$judge" ]; then
	# The same thief finds all of it where nothing holds it.
	if command -v python3 >/dev/null; then
		status=0
		(cd submissions && CONTEST=$dir/examples python3 thief.py) >"$dir/log" 2>&1 || status=$?
		for line in 6 'import sys'; do grep -qx "$line" "$dir/log" || status=1; done
		report "$status" 'the contest: its thief finds the answers, where there is no sandbox'
	fi

	mkdir -p other/submissions
	cp -R tasks other/
	cp submissions/sum.c other/submissions/
	echo 'sum.c sum wrong answer' >other/submissions/list
	status=0
	contest "$judge" other || status=$?
	if [ "$status" -eq 1 ] && grep -q '^sum\.c .* accepted .*EXPECTED wrong answer$' "$dir/log"; then
		status=0
	elif [ "$status" -ne 0 ] && grep -q 'not judged' "$dir/log"; then
		status=0
	else
		status=1
	fi
	report "$status" 'the contest: a verdict other than the one expected is told'
fi
if [ -n "$group" ]; then rmdir "$group"; fi
group=

if [ -n "$(left_out checksum-tree)" ]; then
	skip checksum-tree "$(left_out checksum-tree)"
else
	# A tree that does not change while it is read, with an empty file, an odd name and a large file.
	mkdir -p "$dir/tree/empty directory/deeper"
	cp -R "$srcdir/src" "$srcdir/include" "$srcdir/examples" "$dir/tree/"
	: >"$dir/tree/empty directory/nothing"
	echo 'no end of line' >"$dir/tree/empty directory/deeper/-a 'name' (odd) *"
	cat "$srcdir"/src/lib/*/*.c "$srcdir"/src/lib/*/*.c >"$dir/tree/twice"
	dd if=/dev/zero of="$dir/tree/large" bs=65536 count=100 2>/dev/null
	ln -s twice "$dir/tree/link"
	find "$dir/tree" -type f -exec sha256sum {} + | LC_ALL=C sort >"$dir/sums"

	status=0
	./checksum-tree "$dir/tree" >"$dir/out" 2>"$dir/err" </dev/null || status=$?
	LC_ALL=C sort "$dir/out" >"$dir/sorted"
	{
		echo "exit status $status; sha256sum (<) and checksum-tree (>):"
		diff "$dir/sums" "$dir/sorted" || status=1
		cat "$dir/err"
	} >"$dir/log"
	report $status 'checksum-tree prints what sha256sum prints'

	# A job that dies costs its own line and no other; the lines that are printed are true.
	status=0
	./checksum-tree --hostile 20 "$dir/tree" >"$dir/out" 2>"$dir/err" </dev/null || status=$?
	LC_ALL=C sort "$dir/out" >"$dir/sorted"
	# Status 0: each job without a line is in the table with the end that it was made to have.
	if [ ! -s "$dir/sorted" ]; then status=no-output; fi
	{
		echo "exit status $status; lines that sha256sum does not print, then standard error:"
		LC_ALL=C comm -13 "$dir/sums" "$dir/sorted" | tee "$dir/extra"
		cat "$dir/err"
	} >"$dir/log"
	if [ "$status" = 0 ] && [ ! -s "$dir/extra" ] && ! cmp -s "$dir/sums" "$dir/sorted"; then
		status=0
	else
		status=1
	fi
	report $status 'checksum-tree --hostile 20 loses the lines of jobs that died, and no other'
fi

# ------------------------------------------------------------------------------------------------ README.md

# A block ```c with main() is the program of the first "cc NAME.c".  Each line "$ COMMAND" of a block ```console is run
# as it is, and must print the lines that follow it.
mkdir "$dir/readme" "$dir/bin"
cd "$dir/readme"
awk '
	/^```/ {
		if (kind == "c" && text ~ /int main\(/) program = text
		kind = kind == "" ? substr($0, 4) : ""
		text = ""
		next
	}
	kind == "c" { text = text $0 "\n" }
	kind == "console" && /^\$ / {
		number++
		print substr($0, 3) >("command-" number)
		printf "" >("shown-" number)
		if (name == "" && match($0, /^\$ cc [a-z]*\.c/)) name = substr($0, 6, RLENGTH - 5)
		next
	}
	kind == "console" && number { print >("shown-" number) }
	END { if (program != "" && name != "") printf "%s", program >name }' "$srcdir/README.md"
# The compiler of this build, and its warnings as errors.
cat >"$dir/bin/cc" <<END
#!/bin/sh
exec ${CC:-cc} -O2 -Wall -Wextra -Wshadow -Wconversion -Werror ${SANITIZE_CFLAGS:-} "\$@"
END
chmod +x "$dir/bin/cc"

# readme_run NUMBER: run that command; its output is in $dir/out
readme_run() {
	PATH=$dir/bin:$prefix/bin:$PATH LD_LIBRARY_PATH=$prefix/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} LC_ALL=C \
		sh "./command-$1" >"$dir/out" 2>&1 </dev/null
}

# Durations differ each time, and where a job died is told in more or fewer words: by libdw, by the names in the C
# library, or, with sanitizers, not at all.
differing_mask() {
	sed -e 's/[0-9][0-9]*\.[0-9][0-9]* s$/N s/' -e 's/\(killed by signal [0-9]* ([A-Za-z ]*)\) in .*/\1/' "$1"
}

n=1
while [ -f "command-$n" ]; do
	what="README.md: $(cat "command-$n")"
	if [ ! -x "$prefix/bin/forkpool" ] && grep -qw 'forkpool' "command-$n" && ! grep -q '^cc ' "command-$n"; then
		number=$((number + 1))
		echo "ok $number - README.md, command $n # SKIP there is no command in this build"
	else
		status=0
		readme_run "$n" || status=$?
		differing_mask "shown-$n" >shown
		differing_mask "$dir/out" >out
		{
			echo "exit status $status; shown (<) and written (>):"
			diff shown out || status=1
		} >"$dir/log"
		report $status "$(echo "$what" | tr '#' ' ')"
	fi
	n=$((n + 1))
done
status=0
echo "commands: $((n - 1)); programs: $(find . -name '*.c')" >"$dir/log"
if [ "$n" -lt 5 ] || [ -z "$(find . -name '*.c')" ]; then status=1; fi
report $status 'README.md has a program and some commands'

cd "$builddir"
# shellcheck disable=SC2086
run 'make uninstall' "$make" uninstall prefix="$prefix" $elsewhere || finish
find "$prefix" ! -type d >"$dir/log"
status=0
if [ -s "$dir/log" ]; then status=1; fi
report $status 'make uninstall leaves nothing'
finish
