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
if grep -q 'define HAVE_LIBDW 1' config.h; then libdw=yes; fi
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

# Only libdw reads what these have.
if [ "$libdw" = yes ]; then
	shared inlined -g -fvisibility=hidden <<-'END'
		#include <forkpool_plugin.h>
		#include <stddef.h>
		FORKPOOL_PLUGIN;
		static inline __attribute__((always_inline)) int
		first(volatile int *p)
		{
			*p = 1;
			return *p;
		}
		static inline __attribute__((always_inline)) int
		second(volatile int *p)
		{
			return first(p) + 1;
		}
		FORKPOOL_EXPORT int
		deep(struct forkpool_context *c, const void *a, size_t n)
		{
			int *volatile p = NULL;
			(void)c;
			(void)a;
			return second(p) + (int)n;
		}
	END
	crash "$dir/inlined.so"
	ok 'functions that were inlined have frames of their own' record \
		'first at [^"]*:7 in inlined\.so", "second at [^"]*:13 in inlined\.so", "deep at [^"]*:21 in inlined\.so'
	ok 'the line has the innermost' line 'first() at inlined\.c:7'

	# compiled FLAG...: jobs.c once more, where the compiler has these flags
	compiled() { ${CC:-cc} -g -O1 -shared -fPIC -fvisibility=hidden -I"$srcdir/include" "$@" 2>/dev/null; }

	if compiled -gz -o "$dir/packed.so" "$dir/jobs.c"; then
		crash "$dir/packed.so"
		ok 'what is compressed is read when the backtrace is made' record \
			'innermost at [^"]*:8 in packed\.so", "middle at [^"]*:15 [^"]*", "deep at [^"]*:26 in packed\.so'
	fi

	# An object that is told from others by its times alone.
	cat >"$dir/written.c" <<-'END'
		#include <fcntl.h>
		#include <forkpool_plugin.h>
		#include <stdlib.h>
		#include <string.h>
		#include <sys/stat.h>
		FORKPOOL_PLUGIN;
		FORKPOOL_EXPORT int
		deep(struct forkpool_context *c, const void *a, size_t n)
		{
			char path[4096] = "";
			const struct timespec times[2] = { { .tv_sec = 1000000000 }, { .tv_sec = 1000000000 } };
			(void)c;
			memcpy(path, a, n < sizeof path ? n : 0);
			if (n > 1 && utimensat(AT_FDCWD, path, times, 0) == -1)
				return 1;
			abort();
		}
	END
	if compiled -Wl,--build-id=none -o "$dir/written.so" "$dir/written.c"; then
		crash "$dir/written.so"
		ok 'an object without a build ID has lines' record '.*deep at [^"]*:16 in written\.so'
		"$forkpool" --plugin "$dir/written.so:deep" --results-json "$dir/json" ::: "$dir/written.so" 2>/dev/null
		ok 'if its file was not written meanwhile' record '.*deep+0x[^"]* in written\.so[^"]*'
	fi

	# Names that are in a file which several objects share, and which is a pipe that nobody writes to.
	if compiled -S -dA -o "$dir/shared.s" "$dir/jobs.c" && command -v objcopy >/dev/null; then
		awk '{ print } /\(DW_AT_name\)/ { getline; sub(/0xe([ \t]|$)/, "0x1f21 "); print }' "$dir/shared.s" >"$dir/link.s"
		mkfifo "$dir/pipe"
		printf '%s\0%s' "$dir/pipe" 01234567890123456789 >"$dir/link"
		if ! cmp -s "$dir/shared.s" "$dir/link.s" && compiled -o "$dir/link.so" "$dir/link.s" &&
			objcopy --add-section .gnu_debugaltlink="$dir/link" "$dir/link.so" "$dir/pipe.so"; then
			crash "$dir/pipe.so" &
			ok 'a file that debug information names is not waited for' \
				until_true record '.*"deep [^"]* in pipe\.so' 2>/dev/null
			! record '.*pipe\.so.*' || wait # what does not end is killed at the end of the script
		fi
	fi
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
