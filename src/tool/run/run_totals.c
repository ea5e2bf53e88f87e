/* SPDX-License-Identifier: BSD-2-Clause */
/* The one struct totals of a run, and the functions that write it. */
#include "config.h"
#include "tool/run/run_totals.h"

#include <stdio.h>

#include "tool/run/task_queue.h"

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

const char *
run_stopped_by(const struct options *o, int signo)
{
	static char by_signal[40];
	int status;

	if (signo != 0) {
		(void)snprintf(by_signal, sizeof by_signal, "SIG%s has ended the run",
		    signal_word(signo));
		return by_signal;
	}
	if (totals.halted && o->halt.what == HALT_FAIL)
		return "--halt has ended the run";
	if (totals.xargs_stops != 0)
		return "a command has ended the run, as in xargs";
	if (task_queue_error(&status) != NULL)
		return "the input could not be read to its end";
	return totals.broken ? "forkpool itself had trouble" : NULL;
}
