#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# In a program in C++, an exception that leaves a job's function ends the job's process and is caught by nobody: not by
# the functions of the caller whose frames that process has inherited.  Run in the build directory.
set -eu

srcdir=${srcdir:-.}
dir=$(mktemp -d "${TMPDIR:-/tmp}/forkpool-cxx.XXXXXX")
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM

cat >"$dir/caller.cc" <<'EOF'
#include <forkpool.h>
#include <cstdio>
#include <cstring>
#include <new>
#include <stdexcept>
#include <unistd.h>

static int throws(struct forkpool_context *, const void *, size_t)
{
	throw std::runtime_error("nobody's");
}

static int runs_out(struct forkpool_context *, const void *, size_t)
{
	throw std::bad_alloc();
}

static int catches_its_own(struct forkpool_context *, const void *, size_t)
{
	try {
		throws(nullptr, nullptr, 0);
	} catch (const std::exception &) {
		return 0;
	}
	return 1;
}

static int ends_as(struct forkpool *pool, forkpool_fn *fn, enum forkpool_outcome outcome, int signal)
{
	struct forkpool_job job = {};
	const struct forkpool_result *r;

	job.fn = fn;
	if (forkpool_submit(pool, &job, nullptr) != 1 || forkpool_wait(pool, &r, -1) != 1)
		return std::perror("forkpool_wait"), 1;
	if (r->outcome == outcome && r->signal == signal)
		return 0;
	std::printf("%s, signal %d: %s\n", forkpool_outcome_name(r->outcome), r->signal, r->message);
	return 1;
}

int main(int, char **argv)
{
	const pid_t self = getpid();
	struct forkpool_options options = {};
	struct forkpool *pool;
	int failed = 0;

	options.workers = 1;
	options.output = FORKPOOL_OUTPUT_DISCARD;
	if (std::strcmp(argv[1], "job") == 0)
		options.isolation = FORKPOOL_ISOLATE_JOB;
	try {
		pool = forkpool_open(&options, nullptr, 0);
	} catch (...) {
		// The worker is not the caller.  What it does here, the caller's destructors would do too.
		if (getpid() != self)
			_exit(77);
		throw;
	}
	if (pool == nullptr)
		return std::perror("forkpool_open"), 1;
	failed |= ends_as(pool, throws, FORKPOOL_CRASHED, 6);
	failed |= ends_as(pool, runs_out, FORKPOOL_CRASHED, 6);
	failed |= ends_as(pool, catches_its_own, FORKPOOL_OK, 0);
	return forkpool_close(pool) == 0 ? failed : 1;
}
EOF

if [ -z "${CXX-}" ]; then
	echo "ok 1 - a program in C++ # SKIP no compiler for it"
	echo "1..1"
	exit 0
fi
number=1
failed=0
# The compiler may be several words, "ccache g++".
# shellcheck disable=SC2086
if $CXX -std=c++11 ${SANITIZE_CFLAGS-} -I"$srcdir/include" -c "$dir/caller.cc" -o "$dir/caller.o" >"$dir/log" 2>&1 &&
	./libtool --quiet --tag=CC --mode=link $CXX ${SANITIZE_CFLAGS-} -no-install -o "$dir/caller" "$dir/caller.o" \
		libforkpool.la >>"$dir/log" 2>&1; then
	echo "ok 1 - a program in C++ is built"
	for level in worker job; do
		number=$((number + 1))
		if "$dir/caller" "$level" >"$dir/log" 2>&1; then
			echo "ok $number - $level: an exception that leaves its job is the end of it"
		else
			echo "not ok $number - $level: an exception that leaves its job is the end of it"
			sed 's/^/# /' "$dir/log"
			failed=1
		fi
	done
else
	echo "not ok 1 - a program in C++ is built"
	sed 's/^/# /' "$dir/log"
	failed=1
fi
echo "1..$number"
exit $failed
