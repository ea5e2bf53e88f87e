/* SPDX-License-Identifier: BSD-2-Clause */
/* Hands each try and the present state to the observers that the options ask for. */
#include "config.h"
#include "tool/reports/observers.h"

#include "tool/reports/metrics.h"
#include "tool/reports/report.h"
#include "tool/reports/trace.h"

static struct {
	int trace, metrics, report;
} active;

void
observers_open(const struct options *o, struct forkpool *pool, const struct attempt_began *began)
{
	active.trace = o->trace_file != NULL;
	active.metrics = o->metrics_file != NULL;
	active.report = o->report != NULL;
	if (active.report)
		report_open(o, pool);
	if (active.trace)
		trace_open(o, pool, began);
	if (active.metrics)
		metrics_open(o, pool, began);
}

int
observers_wanted(void)
{
	return active.trace || active.metrics || active.report;
}

void
observers_run(const struct attempt *run)
{
	if (active.report)
		report_run(run);
	if (active.trace)
		trace_run(run);
	if (active.metrics)
		metrics_run(run);
}

void
observers_update(const struct attempt_now *now)
{
	if (active.trace)
		trace_update(now);
	if (active.metrics)
		metrics_update(now);
}

int
observers_timeout(int64_t now_ns)
{
	int trace = active.trace ? trace_timeout(now_ns) : -1,
	    metrics = active.metrics ? metrics_timeout(now_ns) : -1;

	return metrics == -1 || (trace != -1 && trace < metrics) ? trace : metrics;
}

int
observers_close(const struct attempt_now *now, const struct attempt_end *end)
{
	struct attempt_end so_far = *end;
	int status = 0;

	if (active.trace && trace_close(now) == -1)
		status = -1;
	if (active.report && report_close(end) == -1)
		status = -1;
	/* Metrics are last: they tell whether the other files could be written. */
	if (status == -1 && so_far.status == 0)
		so_far.status = 1;
	if (active.metrics && metrics_close(now, &so_far) == -1)
		status = -1;
	return status;
}
