/* SPDX-License-Identifier: BSD-2-Clause */
/* Fewer jobs at once where processes run out, and step by step more again. */
#include "config.h"
#include "tool/run/shortage.h"

#include "tool/base/message.h"

/* When some jobs more are tried; and where none is under way, when one is. */
#define MORE_NS  INT64_C(1000000000)
#define AGAIN_NS INT64_C(100000000)
/* So long one job alone is tried, before the run gives up. */
#define TRIED_NS INT64_C(30000000000)

static unsigned allowed;  /* jobs under way; 0 with more_ns 0: there is no shortage */
static int64_t more_ns;   /* when these become more */
static int64_t since_ns;  /* since then not one job has had a process; 0: one has */

int
shortage_met(uint64_t under_way, int64_t now)
{
	static int said;

	if (!said)
		message("no process was to be had for a job (ulimit -u, or the pids.max of a "
			"control group): fewer run at a time");
	said = 1;
	if (more_ns == 0 || under_way < allowed)
		allowed = (unsigned)under_way;
	more_ns = now + (under_way > 0 ? MORE_NS : AGAIN_NS);
	if (under_way > 0)
		since_ns = 0;
	else if (since_ns == 0)
		since_ns = now;
	if (since_ns == 0 || now - since_ns < TRIED_NS)
		return 0;
	message("for %d seconds no process was to be had for any job: no more jobs are started",
	    (int)(TRIED_NS / 1000000000));
	return -1;
}

void
shortage_not_met(void)
{
	since_ns = 0;
}

unsigned
shortage_most(unsigned most, int64_t now)
{
	if (more_ns == 0)
		return most;
	if (now >= more_ns) {
		allowed += 1 + allowed / 4;
		more_ns = now + MORE_NS;
	}
	if (allowed >= most)
		more_ns = 0;
	return allowed < most ? allowed : most;
}

int64_t
shortage_wait(int64_t now)
{
	if (more_ns == 0)
		return 0;
	return more_ns > now ? more_ns - now : 1;
}
