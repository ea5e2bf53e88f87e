/* SPDX-License-Identifier: BSD-2-Clause */
/* The one struct totals of a run, and the functions that write it. */
#include "config.h"
#include "tool/run/run_totals.h"

static struct totals totals;

const struct totals *
run_totals(void)
{
	return &totals;
}

void
run_totals_add(const struct options *o, const struct outcome *outcome)
{
	totals_add(&totals, outcome, o->dialect);
}

void
run_totals_halt(const struct options *o, const struct outcome *outcome, uint64_t total)
{
	totals_halt(&totals, outcome, &o->halt, total);
}

void
run_totals_halted(void)
{
	totals.halted = 1;
}

void
run_totals_broken(void)
{
	totals.broken = 1;
}
