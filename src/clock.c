#include "config.h"
#include "clock.h"

#include <limits.h>
#include <time.h>

int64_t
clock_now(void)
{
	struct timespec ts;

	/* POSIX lets it fail for an unknown clock only, and this one is known. */
	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * CLOCK_S + ts.tv_nsec;
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
	/* Rounded up, since a poll() that returns early would spin until the deadline. */
	return ms > INT_MAX ? INT_MAX : (int)ms;
}
