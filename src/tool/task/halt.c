/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts against the limits of --halt, and the exit statuses that GNU parallel gives for them. */
#include "config.h"
#include "tool/task/halt.h"

/* How many jobs end the run; with a percentage a fraction, too: 30 % of six jobs are 1.8. */
static double
wanted(const struct halt_option *h, uint64_t total)
{
	return h->percent > 0 ? h->percent / 100 * (double)total : (double)h->count;
}

int
halt_reached(const struct halt_option *h, uint64_t failed, uint64_t succeeded, uint64_t total)
{
	uint64_t done = failed + succeeded;
	uint64_t count = h->what == HALT_FAIL ? failed : h->what == HALT_SUCCESS ? succeeded : done;

	if (h->when == HALT_NEVER || count == 0 || (h->percent > 0 && total == 0))
		return 0;
	return (double)count >= wanted(h, total);
}

/* The percentage of jobs that failed, rounded up. */
static int
share_failed(uint64_t failed, uint64_t of)
{
	uint64_t whole = of == 0 ? 0 : (failed * 100 + of - 1) / of;

	return whole > 100 ? 100 : (int)whole;
}

int
halt_status(const struct halt_option *h, uint64_t failed, uint64_t total, int status)
{
	if (h->what == HALT_SUCCESS)
		return 0;
	if (wanted(h, total) == 1)
		return status;
	if (h->percent > 0)
		return share_failed(failed, total);
	return failed > 101 ? 101 : (int)failed;
}

int
halt_status_unreached(const struct halt_option *h, uint64_t failed, uint64_t done)
{
	if (h->when != HALT_NEVER && h->percent > 0)
		return share_failed(failed, done);
	return failed > 101 ? 101 : (int)failed;
}
