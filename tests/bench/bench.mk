# SPDX-License-Identifier: BSD-2-Clause
# Linked to run from the build directory without the wrapper script of libtool.
EXTRA_PROGRAMS =
bench_programs =
if BUILD_TOOL
EXTRA_PROGRAMS += bench/forkpool
bench_programs += bench/forkpool
endif
bench_forkpool_SOURCES = $(forkpool_SOURCES)
bench_forkpool_CPPFLAGS = $(forkpool_CPPFLAGS)
bench_forkpool_LDFLAGS = $(forkpool_LDFLAGS) -no-install
bench_forkpool_LDADD = $(forkpool_LDADD)

bench: all $(bench_programs)
	CC='$(CC)' CFLAGS='$(CFLAGS)' $(srcdir)/tests/bench/run $(abs_builddir) $(abs_srcdir)
.PHONY: bench

EXTRA_DIST += \
	tests/bench/bare.c \
	tests/bench/bench.h \
	tests/bench/go_pool.go \
	tests/bench/http_load.c \
	tests/bench/mce_pool.pl \
	tests/bench/mixed.h \
	tests/bench/payload.h \
	tests/bench/plots.gp \
	tests/bench/plugin.c \
	tests/bench/pool.c \
	tests/bench/pool_crash.c \
	tests/bench/pool_forks.c \
	tests/bench/pool_sandbox.c \
	tests/bench/python_executor.py \
	tests/bench/pool_threads.c \
	tests/bench/python_pool.py \
	tests/bench/run \
	tests/bench/stream.c \
	tests/bench/stream.h \
	tests/bench/table.awk \
	tests/bench/timed.c \
	tests/bench/without_landlock.c
