/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts outcomes, and the exit status of a run in each dialect. */
#include "config.h"
#include "tool/task/totals.h"

#include "tool/task/halt.h"

void
totals_add(struct totals *t, const struct outcome *e, enum dialect dialect)
{
	t->by_verdict[e->verdict]++;
	if (e->verdict == VERDICT_SKIPPED)
		return;
	if (e->verdict == VERDICT_OK) {
		t->succeeded++;
		return;
	}
	t->failed++;
	t->not_found += e->verdict == VERDICT_SETUP_FAILED && e->exit_code == 127;
	t->not_executable += e->verdict == VERDICT_SETUP_FAILED && e->exit_code == 126;
	if (dialect == DIALECT_XARGS && t->xargs_stops == 0)
		t->xargs_stops = outcome_stops_xargs(e);
}

/* A job's exit status as GNU parallel has it; 255 for a timeout. */
static int
status_of(const struct outcome *e)
{
	if (e->verdict == VERDICT_OK)
		return 0;
	if (e->verdict == VERDICT_TIMED_OUT)
		return 255;
	if (e->signal != 0)
		return 128 + e->signal;
	return e->exit_code > 0 ? e->exit_code : 255;
}

void
totals_halt(struct totals *t, const struct outcome *e, const struct halt_option *h, uint64_t total)
{
	/* Jobs that end after the one that reached --halt do not count. */
	if (t->halt_seen || e->verdict == VERDICT_SKIPPED ||
	    !halt_reached(h, t->failed, t->succeeded, total))
		return;
	t->halt_seen = 1;
	t->halt_status = halt_status(h, t->failed, total, status_of(e));
}

int
totals_status(const struct totals *t, const struct options *o)
{
	if (o->dialect == DIALECT_XARGS && t->xargs_stops != 0)
		return t->xargs_stops;
	if (t->broken)
		return o->dialect == DIALECT_PARALLEL ? 255 : 1;
	if (o->dialect == DIALECT_PARALLEL) {
		/* parallel(1): the number of failed jobs, 101 for more than 100. */
		if (t->halted)
			return t->halt_status;
		return halt_status_unreached(&o->halt, t->failed, t->failed + t->succeeded);
	}
	if (t->halted)
		return 124;
	if (t->failed == 0)
		return 0;
	if (t->not_found + t->not_executable == t->failed)
		return t->not_found > 0 ? 127 : 126;
	return 123;
}
