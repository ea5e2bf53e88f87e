/* SPDX-License-Identifier: BSD-2-Clause */
/* Clocks: reading one, deadlines, and the meter that counts ticks between two readings. */
#include "config.h"
#include "lib/os/clock.h"

#include <limits.h>

#if CLOCK_HAS_TICKS
#include <cpuid.h>
#endif

/* Time over which the meter measures the counter's rate: long enough for an error of some 50 ns
   to be one in 20,000. */
#define CLOCK_RATE_NS CLOCK_MS

int64_t
clock_read(clockid_t clock)
{
	struct timespec t;

	if (clock_gettime(clock, &t) == -1)
		return -1;
	return (int64_t)t.tv_sec * CLOCK_S + t.tv_nsec;
}

int64_t
clock_now(void)
{
	/* clock_gettime() fails for an unknown clock only (POSIX), and this one is known. */
	return clock_read(CLOCK_MONOTONIC);
}

int64_t
clock_after(int64_t now, int64_t span_ns)
{
	if (span_ns < 0 || span_ns > CLOCK_NEVER - now)
		return CLOCK_NEVER;
	return now + span_ns;
}

int
clock_poll_ms(int64_t deadline, int64_t now)
{
	if (deadline == CLOCK_NEVER)
		return -1;
	if (deadline <= now)
		return 0;
	int64_t left = deadline - now;
	int64_t ms = left / CLOCK_MS + (left % CLOCK_MS != 0);
	/* Rounded up: if poll() returned early, the caller would spin until the deadline. */
	return ms > INT_MAX ? INT_MAX : (int)ms;
}

/* Whether the counter keeps its rate when the processor changes its frequency or sleeps. */
static int
ticks_are_even(void)
{
#if CLOCK_HAS_TICKS
	unsigned a, b, c, d;

	/* Intel SDM vol. 3, "Invariant TSC"; AMD has the same bit. */
	return __get_cpuid(0x80000007, &a, &b, &c, &d) && (d >> 8 & 1);
#else
	return 0;
#endif
}

void
clock_meter_init(struct clock_meter *m)
{
	*m = (struct clock_meter){ .first_ns = ticks_are_even() ? 0 : -1 };
	(void)clock_meter_set(m);
}

int64_t
clock_meter_set(struct clock_meter *m)
{
	int64_t now = clock_now();

	if (m->first_ns >= 0) {
		uint64_t tick = clock_ticks();
		if (m->first_ns == 0) {
			m->first_ns = now;
			m->first_tick = tick;
		} else if (now - m->first_ns >= CLOCK_RATE_NS && tick > m->first_tick) {
			/* Measure from the first reading on, so the rate becomes ever more exact;
			   begin anew each second, so that the shifted span fits 64 bits. */
			uint64_t span = (uint64_t)(now - m->first_ns);
			if (span < (uint64_t)CLOCK_S * 4)
				m->ns_per_tick = (span << 32) / (tick - m->first_tick);
			if (span >= (uint64_t)CLOCK_S) {
				m->first_ns = now;
				m->first_tick = tick;
			}
			/* No processor has such a rate; a migration can make it appear.  Use
			   clock_now() until the next measurement. */
			if (m->ns_per_tick >> 32 >= 10)
				m->ns_per_tick = 0;
		}
		m->base_ns = now;
		m->base_tick = tick;
	}
	if (now > m->last)
		m->last = now;
	return m->last;
}
