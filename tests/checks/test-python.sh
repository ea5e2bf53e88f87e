#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The module for Python: it installs from the tree without a network, its structures are those of the header, its own
# tests pass, README.md and the example do what they say, and pools are opened again and again while other threads are
# busy.  Run in the build directory.
srcdir=$(cd "${srcdir:-.}" && pwd)
# shellcheck source=tests/support/tool-lib.sh
. "$srcdir/tests/support/tool-lib.sh"
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES DESTDIR PYTHONPATH PYTHONHOME FORKPOOL_LIBRARY
make=${MAKE:-make}
PYTHON=${PYTHON:-python3}
[ -z "${SANITIZE_CFLAGS:-}" ] || skip_all 'the interpreter is built without sanitizers'
"$PYTHON" -c 'import ctypes, sys; sys.exit(sys.version_info < (3, 8))' 2>/dev/null || skip_all 'there is no Python 3.8'
command -v timeout >/dev/null || skip_all 'there is no timeout(1)'

run "$make" install-libLTLIBRARIES install-includeHEADERS install-data-local prefix="$dir/prefix"
is 'make install' "$status" 0
LD_LIBRARY_PATH=$dir/prefix/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
PKG_CONFIG_PATH=$dir/prefix/lib/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
export LD_LIBRARY_PATH PKG_CONFIG_PATH
[ -f "$dir/prefix/lib/libforkpool.so.1" ] || skip_all 'there is no shared library, or not by that name'

# pip builds in the source, so it gets a copy.  Python writes no cache into the source tree.
cp -R "$srcdir/python" "$dir/module"
cp -R "$srcdir/examples/python" "$dir/example"
chmod -R u+w "$dir/module" "$dir/example"
PYTHONDONTWRITEBYTECODE=1
export PYTHONDONTWRITEBYTECODE

# has_pip PYTHON: whether it can build and install without a network
has_pip() {
	"$1" -c 'import setuptools, wheel, pip, sys; sys.exit(int(setuptools.__version__.split(".")[0]) < 61)' 2>/dev/null
}

site=$dir/module/src
installed='pip installs the module, offline'
for installer in "$PYTHON" /usr/bin/python3 ''; do
	if [ -n "$installer" ] && has_pip "$installer"; then break; fi
done
if [ -n "$installer" ]; then
	run "$installer" -m pip install -q --disable-pip-version-check --no-build-isolation --no-index --no-deps \
		--target "$dir/site" "$dir/module"
	printf '%s\n' "$err" | sed '/^$/d; s/^/# /'
	is "$installed" "$status $(cd "$dir/site" && echo forkpool/py.typed forkpool-*.dist-info)" \
		"0 forkpool/py.typed forkpool-$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' "$dir/module/src/forkpool/_version.py").dist-info"
	site=$dir/site
else
	echo "ok $((number += 1)) - $installed # SKIP there is no pip with setuptools 61 and wheel"
fi
PYTHONPATH=$site
export PYTHONPATH

typed='mypy --strict has nothing to say'
if command -v mypy >/dev/null; then
	run sh -c 'cd "$1" && mypy --cache-dir "$2"' sh "$dir/module" "$dir/mypy"
	is "$typed" "$status $(printf '%s\n' "$out" | grep -c error)" '0 0'
	[ "$status" -eq 0 ] || printf '%s\n' "$out" | sed 's/^/# /'
else
	echo "ok $((number += 1)) - $typed # SKIP there is no mypy"
fi
cd "$dir/example" || exit 99

# python SCRIPT [ARG...]: at most five minutes, which is far more than it takes
python() {
	run timeout -k 5 300 "$PYTHON" "$@"
	printf '%s\n' "$err" | sed '/^$/d; s/^/# /'
}

"$PYTHON" "$srcdir/tests/support/python_layout.py" --source >layout.c
ok 'a program that tells the layout builds' ${CC:-cc} -I"$dir/prefix/include" -o layout layout.c
ok 'and runs' sh -c './layout >wanted'
python "$srcdir/tests/support/python_layout.py"
is 'each member of each structure is where C has it' "$out" "$(cat wanted)"

run "$make" CC="${CC:-cc}" CFLAGS='-O2 -g -Wall -Wextra -Werror' PYTHON="$PYTHON"
is 'the job function builds through pkg-config' "$status" 0
python pictures.py
is 'pictures.py: each picture comes out as it has to' "$status $out" "0 $(cat pictures.expected)"
python pictures.py --sandbox
case $status in
2) echo "ok $((number += 1)) - pictures.py --sandbox # SKIP $err" ;;
*) is 'pictures.py --sandbox: the same' "$status $out" "0 $(cat pictures.expected)" ;;
esac
run timeout -k 5 300 "$make" check CC="${CC:-cc}" PYTHON="$PYTHON"
is 'make check there' "$status $out" '0 ok pictures.py'

# The page's first blocks of C, Python and plain text are jobs.c, a program, and what it prints.  The command that
# builds the shared object is the page's own; the compiler is that of this build.
mkdir "$dir/readme" "$dir/bin"
cd "$dir/readme" || exit 99
awk -v fence='```' '
	index($0, fence) == 1 {
		if (name == "") {
			kind = substr($0, 4)
			name = kind == "c" ? "jobs.c" : kind == "python" ? "program.py" : kind == "" ? "shown" : "-"
			if (name in seen) name = "-"
			seen[name] = 1
		} else {
			name = ""
		}
		next
	}
	name != "" && name != "-" { print >name }' "$dir/module/README.md"
printf '#!/bin/sh\nexec %s -I%s -Wall -Wextra -Werror "$@"\n' "${CC:-cc}" "$dir/prefix/include" >"$dir/bin/cc"
chmod +x "$dir/bin/cc"
build=$(sed -n 's/.*`\(cc -shared [^`]*\)`.*/\1/p' "$dir/module/README.md")
ok 'README.md: its job function builds by its command' env PATH="$dir/bin:$PATH" sh -c "$build"
# Where a job died is told in more or fewer words, by what is known of the C library.
python program.py
is 'README.md: its program prints what the page shows' \
	"$status $(printf '%s\n' "$out" | sed 's/\((Aborted)\) in .*/\1/')" "0 $(sed 's/\((Aborted)\) in .*/\1/' shown)"
cd "$dir/example" || exit 99

FORKPOOL_TEST_JOBS=$dir/jobs.so
export FORKPOOL_TEST_JOBS
ok 'the job functions of the tests build' ${CC:-cc} -O2 -g -Wall -Wextra -Werror -I"$dir/prefix/include" -fPIC -shared \
	-o "$FORKPOOL_TEST_JOBS" "$dir/module/tests/jobs.c"
for tests in pool executor process; do
	run sh -c 'cd "$1" && shift && exec timeout -k 5 600 "$@"' sh "$dir/module/tests" \
		"$PYTHON" -X faulthandler -W error::ResourceWarning -m unittest -v "test_$tests"
	is "python/tests/test_$tests.py" "$status" 0
	[ "$status" -eq 0 ] || printf '%s\n' "$err" | sed 's/^/# /'
	printf '%s\n' "$err" | sed -n "s/.*skipped ['\"]\(.*\)['\"]\$/\1/p" | LC_ALL=C sort -u >"$dir/skipped"
	while read -r why; do
		echo "ok $((number += 1)) - some of python/tests/test_$tests.py # SKIP $why"
	done <"$dir/skipped"
done

# One heap for all threads, so that they compete for its lock.
MALLOC_ARENA_MAX=1
PYTHONPATH=$site:$dir/example
export MALLOC_ARENA_MAX
python "$srcdir/tests/support/python_stress.py" "${FORKPOOL_PYTHON_OPENS:-60}" ./decoder.so
is 'opened again and again while threads allocate and print' "$status" 0

cd "$dir" || exit 99
no_process_left 'no process is left'
done_testing
