/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock - monotonic time in nanoseconds.
 *
 * Every time in the library is CLOCK_MONOTONIC in nanoseconds since the system's own epoch, the
 * same in all processes of a machine.  CLOCK_NEVER stands for "no deadline".
 */
#ifndef FORKPOOL_CLOCK_H
#define FORKPOOL_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/time.h>
#include <time.h>

#define CLOCK_NEVER INT64_MAX
#define CLOCK_US    INT64_C(1000)
#define CLOCK_MS    INT64_C(1000000)
#define CLOCK_S     INT64_C(1000000000)

/* Any clock of the system, in nanoseconds; -1 and errno where the system has no such clock. */
int64_t clock_read(clockid_t);
/* CLOCK_MONOTONIC. */
int64_t clock_now(void);

static inline int64_t
clock_from_timeval(const struct timeval *t)
{
	return (int64_t)t->tv_sec * CLOCK_S + (int64_t)t->tv_usec * CLOCK_US;
}

/* Whether a time or a span that another process tells can be one: not negative, and sums of a few
   of them do not overflow. */
static inline bool
clock_can_be(int64_t ns)
{
	return ns >= 0 && ns < INT64_MAX / 8;
}

/* A span of time as system calls take it; the span must not be negative. */
static inline struct timespec
clock_timespec(int64_t span_ns)
{
	return (struct timespec){ .tv_sec = (time_t)(span_ns / CLOCK_S),
		.tv_nsec = (long)(span_ns % CLOCK_S) };
}

/* now + span, without overflow; a negative span means never. */
int64_t clock_after(int64_t now, int64_t span_ns);

/* The time from then to now, where `then` may be anything: 0 where it is none. */
static inline int64_t
clock_since(int64_t then, int64_t now)
{
	return then > 0 && then < now ? now - then : 0;
}

/* A deadline as poll() takes it: -1 never, 0 passed, else milliseconds rounded up. */
int clock_poll_ms(int64_t deadline, int64_t now);

/*
 * A cheaper clock for a loop that reads the time every few dozen nanoseconds.
 *
 * Where the processor has a counter that ticks evenly (x86: invariant TSC) the meter counts ticks
 * and corrects itself by clock_now() every 100 us.  The meter never goes back.  On other
 * processors the meter is clock_now().
 */
struct clock_meter {
	int64_t  last;                /* the last answer */
	int64_t  base_ns, first_ns;
	uint64_t base_tick, first_tick;
	uint64_t ns_per_tick;         /* << 32; 0: not known (yet) */
};

void    clock_meter_init(struct clock_meter *);
int64_t clock_meter_set(struct clock_meter *); /* read clock_now() and correct the meter */

#if defined(__x86_64__) && defined(__GNUC__)
#define CLOCK_HAS_TICKS 1
static inline uint64_t
clock_ticks(void)
{
	return __builtin_ia32_rdtsc();
}
#else
#define CLOCK_HAS_TICKS 0
static inline uint64_t
clock_ticks(void)
{
	return 0;
}
#endif

#define CLOCK_METER_NS (100 * CLOCK_US)

static inline int64_t
clock_meter_now(struct clock_meter *m)
{
	uint64_t ticks = clock_ticks() - m->base_tick;

	/* A tick takes less than 10 ns (clock_meter_set() sees to that), and these are fewer than
	   10^6 ticks: the product below fits 64 bits. */
	if (m->ns_per_tick == 0 || ticks >= (uint64_t)10 * CLOCK_METER_NS)
		return clock_meter_set(m);
	int64_t ns = (int64_t)(ticks * m->ns_per_tick >> 32);
	if (ns >= CLOCK_METER_NS)
		return clock_meter_set(m);
	if (m->base_ns + ns > m->last)
		m->last = m->base_ns + ns;
	return m->last;
}

static inline int64_t
clock_earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

#endif
