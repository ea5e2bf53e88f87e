/* SPDX-License-Identifier: BSD-2-Clause */
/* Hands each try and the present state to the observers that the options ask for. */
#include "config.h"
#include "tool/reports/observers.h"

#include "tool/reports/metrics.h"
#include "tool/reports/report.h"
#include "tool/reports/trace.h"

static struct {
	int trace, metrics, report;
} v;

void
observers_open(const struct options *o, struct forkpool *pool, const struct attempt_began *began)
{
	v.trace = o->trace_file != NULL;
	v.metrics = o->metrics_file != NULL;
	v.report = o->report != NULL;
	if (v.report)
		report_open(o, pool);
	if (v.trace)
		trace_open(o, pool, began);
	if (v.metrics)
		metrics_open(o, pool, began);
}

int
observers_wanted(void)
{
	return v.trace || v.metrics || v.report;
}

void
observers_run(const struct attempt *run)
{
	if (v.report)
		report_run(run);
	if (v.trace)
		trace_run(run);
	if (v.metrics)
		metrics_run(run);
}

void
observers_update(const struct attempt_now *now)
{
	if (v.trace)
		trace_update(now);
	if (v.metrics)
		metrics_update(now);
}

int
observers_timeout(int64_t now_ns)
{
	int trace = v.trace ? trace_timeout(now_ns) : -1,
	    metrics = v.metrics ? metrics_timeout(now_ns) : -1;

	return metrics == -1 || (trace != -1 && trace < metrics) ? trace : metrics;
}

int
observers_close(const struct attempt_now *now, const struct attempt_end *end)
{
	struct attempt_end so_far = *end;
	int status = 0;

	if (v.trace && trace_close(now) == -1)
		status = -1;
	if (v.report && report_close(end) == -1)
		status = -1;
	/* Metrics are last: they tell whether the other files could be written. */
	if (status == -1 && so_far.status == 0)
		so_far.status = 1;
	if (v.metrics && metrics_close(now, &so_far) == -1)
		status = -1;
	return status;
}
