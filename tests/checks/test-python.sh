#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The library used from Python by ctypes, as in examples/python: the structures are those of the header, the example
# does what it says, and pools are opened again and again while other threads are busy.
# Run in the build directory.
srcdir=$(cd "${srcdir:-.}" && pwd)
# shellcheck source=tests/support/tool-lib.sh
. "$srcdir/tests/support/tool-lib.sh"
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES DESTDIR PYTHONPATH PYTHONHOME
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
[ -f "$dir/prefix/lib/libforkpool.so.0" ] || skip_all 'there is no shared library, or not by that name'

cp -R "$srcdir/examples/python" "$dir/python"
chmod -R u+w "$dir/python"
cd "$dir/python" || exit 99
# Python writes no cache into the source tree.
PYTHONPATH=$dir/python PYTHONDONTWRITEBYTECODE=1
export PYTHONPATH PYTHONDONTWRITEBYTECODE

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

# An error is an exception, and leaves no pool behind.
python -c '
import forkpool
for what, options in (("nothing.so", {}), ("decoder.so", {"wokers": 2}), ("decoder.so", {"workers": 5000})):
    try:
        forkpool.Pool("./" + what, ["decode"], **options)
    except (OSError, TypeError) as error:
        print(type(error).__name__, str(error).split(": ", 1)[-1])
try:
    forkpool.Pool("./decoder.so", ["encode"])
except AttributeError:
    print("AttributeError")
'
is 'what is wrong is said' "$(printf '%s\n' "$out" | sed 1d)" 'TypeError wokers
OSError workers: 5000 is more than 4096
AttributeError'

# One heap for all threads, so that they compete for its lock.
MALLOC_ARENA_MAX=1
export MALLOC_ARENA_MAX
python "$srcdir/tests/support/python_stress.py" "${FORKPOOL_PYTHON_OPENS:-60}" ./decoder.so
is 'opened again and again while threads allocate and print' "$status" 0

cd "$dir" || exit 99
no_process_left 'no process is left'
done_testing
