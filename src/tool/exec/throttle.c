/* SPDX-License-Identifier: BSD-2-Clause */
/* Throttle: when the last job was started, and what the system said about its load and memory. */
#include "config.h"
#include "tool/exec/throttle.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tool/exec/limit_command.h"

/* How often the system is asked for its load and memory. */
#define POLL_NS INT64_C(200000000)

static int64_t last_start = INT64_MIN / 2, last_poll = INT64_MIN / 2;
static int last_answer;

/* Bytes that programs can get without swapping; -1: not known. */
static int64_t
memory_available(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	char line[128];
	long long kib = -1;

	if (file != NULL) {
		while (fgets(line, sizeof line, file) != NULL)
			if (sscanf(line, "MemAvailable: %lld kB", &kib) == 1)
				break;
		(void)fclose(file);
		return kib < 0 ? -1 : (int64_t)kib * 1024;
	}
#ifdef _SC_AVPHYS_PAGES
	return (int64_t)sysconf(_SC_AVPHYS_PAGES) * sysconf(_SC_PAGESIZE);
#else
	return -1;
#endif
}

static int
system_allows(const struct options *o)
{
	double load;

	if (o->load > 0 && getloadavg(&load, 1) == 1 && load >= o->load)
		return 0;
	if (o->memfree > 0) {
		int64_t available = memory_available();
		if (available != -1 && available < o->memfree)
			return 0;
	}
	return 1;
}

int
throttle_wanted(const struct options *o)
{
	return o->delay_ns > 0 || o->load > 0 || o->memfree > 0 || o->limit != NULL;
}

/* As throttle_wait(), by --load and --memfree. */
static int64_t
system_wait(const struct options *o, int64_t now, int none_runs)
{
	if ((o->load <= 0 && o->memfree <= 0) || (none_runs && o->memfree <= 0))
		return 0;
	if (now - last_poll >= POLL_NS) {
		last_poll = now;
		last_answer = system_allows(o);
	}
	return last_answer ? 0 : POLL_NS - (now - last_poll);
}

int64_t
throttle_wait(const struct options *o, int64_t now, int none_runs)
{
	if (o->delay_ns > 0 && now - last_start < o->delay_ns)
		return o->delay_ns - (now - last_start);
	int64_t wait = system_wait(o, now, none_runs);
	return wait > 0 || o->limit == NULL ? wait : limit_command_wait(o, now);
}

void
throttle_started(int64_t now)
{
	last_start = now;
	limit_command_used();
}
