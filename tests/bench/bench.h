/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench.h - what the benchmark programs share: a clock, a way to print a figure, a way to stop, and
 * the one function that every pool is asked to compute.
 *
 * A program prints one line per figure, "metric<TAB>number<TAB>unit", and exits 0 only if every
 * value that came back was the right one.
 */
#ifndef BENCH_H
#define BENCH_H

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The value of job i, in every pool of every language here. */
static inline uint64_t
job_value(uint64_t i)
{
	return 3 * i + 7;
}

/* Spread i over 64 bits: the sum of these over all results shows a lost or doubled job. */
static inline uint64_t
job_mix(uint64_t i)
{
	i = (i ^ (i >> 31)) * UINT64_C(0x9e3779b97f4a7c15);
	return i ^ (i >> 29);
}

static inline int64_t
clock_now(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static inline int64_t
now_ns(void)
{
	return clock_now(CLOCK_MONOTONIC);
}

__attribute__((noreturn, format(printf, 1, 2))) static inline void
die(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

static inline void
emit(const char *metric, double value, const char *unit)
{
	printf("%s\t%.6g\t%s\n", metric, value, unit);
}

static inline int
compare_int64(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Sort n > 0 times, and print their median, 90th and 99th percentile. */
static inline void
emit_times(const char *metric, int64_t *times, size_t n)
{
	char name[64];

	qsort(times, n, sizeof *times, compare_int64);
	emit(metric, (double)times[n / 2], "ns");
	snprintf(name, sizeof name, "%s_p90", metric);
	emit(name, (double)times[n * 9 / 10], "ns");
	snprintf(name, sizeof name, "%s_p99", metric);
	emit(name, (double)times[n * 99 / 100], "ns");
}

static inline void *
allocate(size_t n, size_t size)
{
	void *memory = calloc(n, size);

	if (memory == NULL)
		die("no memory for %zu * %zu bytes", n, size);
	return memory;
}

static inline uint64_t
parse_number(const char *text)
{
	char *end;
	unsigned long long number;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0')
		die("not a number: %s", text);
	return number;
}

#endif
