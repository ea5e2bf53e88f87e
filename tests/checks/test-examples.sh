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
trap 'rm -rf "$dir"' EXIT
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
cp "$srcdir"/examples/Makefile "$srcdir"/examples/*.[ch] "$srcdir"/examples/*.expected "$dir/examples/"
PKG_CONFIG_PATH=$prefix/lib/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
export PKG_CONFIG_PATH
cd "$dir/examples"

# Without libmd the one example that needs it is left out.
programs=
for source in [0-9]*.c checksum-tree.c; do
	case $source in
	checksum-tree.c) if [ "${HAVE_LIBMD:-yes}" = no ]; then continue; fi ;;
	esac
	programs="$programs ${source%.c}"
done
programs="$programs judge submissions.so plugin.so"
# shellcheck disable=SC2086
run 'the examples build through pkg-config' "$make" CC="${CC:-cc}" \
	CFLAGS="-O2 -g -Wall -Wextra -Werror ${SANITIZE_CFLAGS:-}" \
	LDFLAGS="${SANITIZE_CFLAGS:-} -Wl,-rpath,$prefix/lib" $programs || finish

for expected in [0-9]*.expected; do
	example=${expected%.expected}
	status=0
	"./$example" >"$dir/out" 2>"$dir/err" </dev/null || status=$?
	{
		echo "exit status $status; expected (<) and written (>):"
		diff "$expected" "$dir/out" || status=1
		cat "$dir/err"
	} >"$dir/log"
	report $status "$example"
done

# Remove what differs from run to run before comparing with the expected output.
status=0
./05-status all >"$dir/log" 2>&1 </dev/null || status=$?
workers=$(grep -c '^[a-z]* *[0-9]*% *[0-3] *[1-9][0-9]* *[0-9]*\.[0-9]* *[1-9-][0-9]*$' "$dir/log") || status=1
if [ "$workers" -ne 3 ]; then status=1; fi
report $status '05-status all: worker, process, time and memory'

# On a busy machine a submission that computes may reach its limit of time before its 300 ms of processor time.  Then
# no other verdict differs, and nothing has leaked.
only_the_other_clock() { # LOG
	grep -q "^calls to the judge's port: 0; replies with a line of /etc/passwd: 0\$" "$1" && awk '
		/EXPECTED/ {
			n = 0
			for (i = 2; i <= NF; i++) if ($i == "ms" && ++n == 2) cpu = $(i - 1)
			if (/time limit: wall .*EXPECTED time limit: cpu$/ && n == 2 && cpu < 300) late++
			else other++
		}
		END { exit !(late > 0 && !other) }' "$1"
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
		if [ $status -eq 1 ] && only_the_other_clock "$dir/log"; then status=0; fi
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

if [ "${HAVE_LIBMD:-yes}" = no ]; then
	number=$((number + 1))
	echo "ok $number - checksum-tree # SKIP libmd is not installed"
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

# Durations differ each time.
durations_mask() {
	sed 's/[0-9][0-9]*\.[0-9][0-9]* s$/N s/' "$1"
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
		durations_mask "shown-$n" >shown
		durations_mask "$dir/out" >out
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
