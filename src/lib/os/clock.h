/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock - monotonic nanoseconds.
 *
 * Every time in the project is CLOCK_MONOTONIC in nanoseconds since the system's own epoch, the
 * same in all processes of a machine.  CLOCK_NEVER stands for "no deadline".
 * Includes nothing of the project.
 */
#ifndef FORKPOOL_CLOCK_H
#define FORKPOOL_CLOCK_H

#include <stdint.h>
#include <sys/time.h>
#include <time.h>

#define CLOCK_NEVER INT64_MAX
#define CLOCK_US    INT64_C(1000)
#define CLOCK_MS    INT64_C(1000000)
#define CLOCK_S     INT64_C(1000000000)

/* What any clock of the system says; -1 and errno: it has no such clock. */
int64_t clock_read(clockid_t);
/* CLOCK_MONOTONIC. */
int64_t clock_now(void);

static inline int64_t
clock_from_timeval(const struct timeval *t)
{
	return (int64_t)t->tv_sec * CLOCK_S + (int64_t)t->tv_usec * CLOCK_US;
}

/* A span as the system's calls take it; not negative. */
static inline struct timespec
clock_timespec(int64_t span_ns)
{
	return (struct timespec){ .tv_sec = (time_t)(span_ns / CLOCK_S),
		.tv_nsec = (long)(span_ns % CLOCK_S) };
}

/* now + span, without overflow; a negative span means never. */
int64_t clock_after(int64_t now, int64_t span_ns);

/* A deadline as poll() wants it: -1 never, 0 passed, else milliseconds rounded up. */
int clock_poll_ms(int64_t deadline, int64_t now);

/*
 * The same time for a loop that asks every few dozen nanoseconds: by the processor's counter where it
 * has one that ticks evenly (x86: invariant TSC), set right by clock_now() every 100 us.  Never goes
 * back.  Elsewhere it is clock_now().
 */
struct clock_meter {
	int64_t  last;                /* what was answered */
	int64_t  base_ns, first_ns;
	uint64_t base_tick, first_tick;
	uint64_t ns_per_tick;         /* << 32; 0: not known (yet) */
};

void    clock_meter_init(struct clock_meter *);
int64_t clock_meter_set(struct clock_meter *); /* look at the real clock */

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

	/* As many ticks as there are nanoseconds at the least: below 2^32, so the product fits. */
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
