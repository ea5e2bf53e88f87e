#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# In a program built with a sanitizer, a job that goes wrong leaves the sanitizer's report in its output, at the levels
# WORKER and JOB; and a crash that the sanitizer leaves alone has a backtrace.  The library may be built without one.
# Run in the build directory.
set -eu

srcdir=${srcdir:-.}
number=0
failed=0
dir=$(mktemp -d "${TMPDIR:-/tmp}/forkpool-sanitized.XXXXXX")
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM

# The other tests have the signals left alone.
unset UBSAN_OPTIONS
ASAN_OPTIONS=detect_leaks=0
export ASAN_OPTIONS

cat >"$dir/caller.c" <<'EOF'
#include <forkpool.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static volatile int one = 1;

static int overflows(struct forkpool_context *context, const void *args, size_t args_len)
{
	char *volatile block = malloc(10);
	(void)context; (void)args; (void)args_len;
	block[9 + one] = 1;
	return 0;
}

static int segfaults(struct forkpool_context *context, const void *args, size_t args_len)
{
	int *volatile nowhere = (int *)8;
	(void)context; (void)args; (void)args_len;
	*nowhere = 1;
	return 0;
}

static int recurses(struct forkpool_context *context, const void *args, size_t args_len)
{
	volatile char frame[4096];
	frame[0] = 1;
	return recurses(context, args, args_len) + frame[0];
}

static int aborts(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context; (void)args; (void)args_len;
	abort();
}

static int adds(struct forkpool_context *context, const void *args, size_t args_len)
{
	volatile int most = INT_MAX;
	(void)context; (void)args; (void)args_len;
	most += one;
	return 0;
}

int main(int argc, char **argv)
{
	static const struct { const char *name; forkpool_fn *fn; } jobs[] = {
		{ "overflows", overflows }, { "segfaults", segfaults }, { "recurses", recurses },
		{ "aborts", aborts }, { "adds", adds },
	};
	struct forkpool_options options = { .workers = 1,
		.output = FORKPOOL_OUTPUT_CAPTURE };
	const struct forkpool_result *r;

	if (argc < 3)
		return 0;
	if (strcmp(argv[1], "job") == 0)
		options.isolation = FORKPOOL_ISOLATE_JOB;
	struct forkpool *pool = forkpool_open(&options, NULL, 0);
	if (pool == NULL)
		return perror("forkpool_open"), 1;
	for (size_t i = 0; i < sizeof jobs / sizeof jobs[0]; i++)
		if (strcmp(argv[2], jobs[i].name) == 0)
			forkpool_submit(pool, &(struct forkpool_job){ .fn = jobs[i].fn }, NULL);
	if (forkpool_wait(pool, &r, -1) != 1)
		return 1;
	printf("%s signal %d exit %d%s\n%.*s\n", forkpool_outcome_name(r->outcome), r->signal,
	    r->exit_code, forkpool_backtrace(pool, r) != NULL ? " backtrace" : "", (int)r->output_len, r->output);
	return forkpool_close(pool) == 0 ? 0 : 1;
}
EOF

echo 'int main(void) { return 0; }' >"$dir/nothing.c"

# runs SANITIZER: whether programs built with it run here
runs() {
	# The compiler may be several words, "ccache gcc".
	# shellcheck disable=SC2086
	$CC -fsanitize="$1" "$dir/nothing.c" -o "$dir/nothing" >"$dir/log" 2>&1 && "$dir/nothing" >>"$dir/log" 2>&1
}

# build SANITIZER: the program
build() {
	number=$((number + 1))
	# shellcheck disable=SC2086
	if $CC -g -std=c11 -fsanitize="$1" -fno-sanitize-recover="$1" -I"$srcdir/include" \
		-c "$dir/caller.c" -o "$dir/caller.o" >"$dir/log" 2>&1 &&
		./libtool --quiet --tag=CC --mode=link $CC -fsanitize="$1" ${SANITIZE_CFLAGS-} -no-install \
			-o "$dir/caller" "$dir/caller.o" libforkpool.la >>"$dir/log" 2>&1; then
		echo "ok $number - $1: the program is built"
	else
		echo "not ok $number - $1: the program is built"
		sed 's/^/# /' "$dir/log"
		failed=1
		return 1
	fi
}

# tells JOB OUTCOME REPORT: at each level the first line of what the program prints has the one, and the rest the other
tells() {
	for level in worker job; do
		number=$((number + 1))
		"$dir/caller" "$level" "$1" >"$dir/log" 2>&1 || echo "status $?" >>"$dir/log"
		if sed -n 1p "$dir/log" | grep -q "^$2" && grep -q "$3" "$dir/log"; then
			echo "ok $number - $sanitizer, $level: $1"
		else
			echo "not ok $number - $sanitizer, $level: $1"
			sed 's/^/# /' "$dir/log"
			failed=1
		fi
	done
}

# begin SANITIZER: whether its tests can be made
begin() {
	sanitizer=$1
	if ! runs "$1"; then
		number=$((number + 1))
		echo "ok $number - $1 # SKIP no program built with it runs here"
		return 1
	fi
	build "$1"
}

if begin address; then
	tells overflows 'exited signal 0 exit 1' 'AddressSanitizer: heap-buffer-overflow'
	tells segfaults 'exited signal 0 exit 1' 'AddressSanitizer: SEGV'
	tells recurses 'exited signal 0 exit 1' 'AddressSanitizer: stack-overflow'
	tells aborts 'crashed signal 6 exit -1 backtrace' backtrace
	ASAN_OPTIONS=$ASAN_OPTIONS:abort_on_error=1
	tells segfaults 'crashed signal 6' 'AddressSanitizer: SEGV'
fi
if begin undefined; then
	tells adds 'exited signal 0 exit 1' 'signed integer overflow'
	tells aborts 'crashed signal 6 exit -1 backtrace' backtrace
fi
echo "1..$number"
exit $failed
