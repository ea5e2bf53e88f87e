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

#define CLOCK_NEVER INT64_MAX
#define CLOCK_US    INT64_C(1000)
#define CLOCK_MS    INT64_C(1000000)
#define CLOCK_S     INT64_C(1000000000)

int64_t clock_now(void);

/* now + span, without overflow; a negative span means never. */
int64_t clock_after(int64_t now, int64_t span_ns);

/* A deadline as poll() wants it: -1 never, 0 passed, else milliseconds rounded up. */
int clock_poll_ms(int64_t deadline, int64_t now);

static inline int64_t
clock_earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

#endif
