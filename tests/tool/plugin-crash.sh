#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# A job of a plug-in that crashes is told with where it was: in the line that explains it, and, frame by frame, in the
# records.
# Run in the build directory.
srcdir=$(cd "${srcdir:-.}" && pwd)
# shellcheck source=tests/support/tool-lib.sh
. "$srcdir/tests/support/tool-lib.sh"
[ -x "$forkpool" ] || skip_all 'the command is not built'
[ -z "${SANITIZE_CFLAGS-}" ] || skip_all 'a sanitizer has the signals'
grep -q 'define HAVE_BACKTRACE 1' config.h || grep -q 'define HAVE_LIBUNWIND 1' config.h ||
	skip_all 'this system has no backtraces'

# crash OBJECT: a crash of its function deep; the line is in $dir/err, the record in $dir/json
crash() {
	rm -f "$dir/json"
	"$forkpool" --plugin "$1:deep" --results-json "$dir/json" ::: x >"$dir/out" 2>"$dir/err"
}

# line PATTERN, record PATTERN: these are in the line, in the record
line() { grep -q "SIGSEGV (.*) in $1; its output" "$dir/err"; }
record() { grep -q "\"backtrace\": \\[\"$1\"\\]" "$dir/json"; }

shared jobs -g -fvisibility=hidden <<'END'
#include <forkpool_plugin.h>
#include <stddef.h>
FORKPOOL_PLUGIN;

static __attribute__((noinline)) int
innermost(volatile int *p)
{
	*p = 1;
	return *p + 1;
}

static __attribute__((noinline)) int
middle(volatile int *p)
{
	int r = innermost(p);
	return r + 1;
}

FORKPOOL_EXPORT int
deep(struct forkpool_context *c, const void *a, size_t n)
{
	int *volatile p = NULL;

	(void)c;
	(void)a;
	return middle(p) + (int)n;
}
END

crash "$dir/jobs.so"
is 'the status says that it failed' $? 123
libdw=no
if grep -q '"backtrace": \["innermost' "$dir/json"; then libdw=yes; fi
if [ "$libdw" = yes ]; then
	ok 'a crash is told with function, file and line' line 'innermost() at jobs\.c:8'
	ok 'and with the frames of the job alone' record \
		'innermost at [^"]*jobs\.c:8 in jobs\.so", "middle at [^"]*jobs\.c:15 in jobs\.so", "deep at [^"]*:26 in jobs\.so'
else
	ok 'without libdw, with the object' line '\(deep()\|jobs\.so+0x[0-9a-f]*\)'
	ok 'and with what is exported' record 'jobs\.so+0x[^"]*", "jobs\.so+0x[^"]*", "deep+0x[^"]* in jobs\.so+0x[^"]*'
fi
if command -v objcopy >/dev/null; then
	objcopy --only-keep-debug "$dir/jobs.so" "$dir/apart.debug"
	objcopy --strip-all --add-gnu-debuglink="$dir/apart.debug" "$dir/jobs.so" "$dir/apart.so"
	# Where the compiler gives objects no build ID, nothing says that the two belong together.
	if [ "$libdw" = yes ] && readelf -n "$dir/apart.so" 2>/dev/null | grep -q 'Build ID'; then
		crash "$dir/apart.so"
		ok 'a debug file of its own is read when the backtrace is made' record \
			'innermost at [^"]*:8 in apart\.so", "middle at [^"]*", "deep at [^"]*'
	fi
	: >"$dir/apart.debug"
	crash "$dir/apart.so"
	ok 'without it there are names that are exported' record \
		'apart\.so+0x[^"]*", "apart\.so+0x[^"]*", "deep+0x[^"]*'
fi

if [ -n "${CXX:-}" ]; then
	cat >"$dir/cxx.cc" <<-'END'
		#include <forkpool_plugin.h>
		#include <string>
		FORKPOOL_PLUGIN;
		namespace pic {
		struct reader { int header(volatile int *p) const; };
		__attribute__((noinline)) int reader::header(volatile int *p) const
		{ *p = 1; return *p + 1; }
		}
		FORKPOOL_EXPORT int deep(struct forkpool_context *, const void *a, size_t n)
		{
			std::string item(static_cast<const char *>(a), n); // which takes the C++ runtime
			int *volatile p = nullptr;
			return pic::reader().header(p) + (int)item.size();
		}
	END
	$CXX -g -O1 -shared -fPIC -I"$srcdir/include" -o "$dir/cxx.so" "$dir/cxx.cc"
	crash "$dir/cxx.so"
	ok 'names of C++ are those of the source' line 'pic::reader::header(int volatile\*) const.*'
fi
done_testing
