/* SPDX-License-Identifier: BSD-2-Clause */
/* The text of the metrics file, the counts it needs, and when it is written. */
#include "config.h"
#include "tool/reports/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tool/base/atomic_file.h"
#include "tool/base/clock.h"
#include "tool/base/escape.h"

#define WRITE_EVERY INT64_C(1000000000)
#define MILLION     INT64_C(1000000)
#define LABEL_SHOWN 400

/* Upper bounds of the histogram's buckets: from a function's call to more than an hour. */
static const struct {
	int64_t ns;
	const char *seconds;
} bound[] = {
	{ MILLION / 10, "0.0001" },
	{ MILLION, "0.001" },
	{ 5 * MILLION, "0.005" },
	{ 10 * MILLION, "0.01" },
	{ 25 * MILLION, "0.025" },
	{ 50 * MILLION, "0.05" },
	{ 100 * MILLION, "0.1" },
	{ 250 * MILLION, "0.25" },
	{ 500 * MILLION, "0.5" },
	{ 1000 * MILLION, "1" },
	{ 2500 * MILLION, "2.5" },
	{ 5000 * MILLION, "5" },
	{ 10000 * MILLION, "10" },
	{ 30000 * MILLION, "30" },
	{ 60000 * MILLION, "60" },
	{ 300000 * MILLION, "300" },
	{ 900000 * MILLION, "900" },
	{ 3600000 * MILLION, "3600" },
	{ INT64_MAX, "+Inf" },
};
#define BOUNDS (sizeof bound / sizeof bound[0])

static struct {
	struct atomic_file file;
	struct forkpool *pool;
	struct attempt_began began;
	struct bytes label;      /* run="...", in each sample */
	struct bytes text;
	/* of tries that have ended */
	uint64_t in_bound[BOUNDS], runs, retries, run_ns, cpu_ns;
	int      stale;          /* the file's numbers are no longer true */
	int64_t  written_ns;
	uint64_t under_way;
	int      broken;
} metrics;

/* ------------------------------------------------------------------------------------- the text */

static void
head(const char *name, const char *type, const char *help)
{
	bytes_printf(&metrics.text, "# HELP forkpool_%s %s\n# TYPE forkpool_%s %s\n",
	    name, help, name, type);
}

/* label: "", or a further label: name="value". */
static void
begin(const char *name, const char *label)
{
	bytes_printf(&metrics.text, "forkpool_%s{%s%s%s} ", name, label, *label != '\0' ? "," : "",
	    metrics.label.at);
}

static void
number(const char *name, const char *label, uint64_t value)
{
	begin(name, label);
	bytes_printf(&metrics.text, "%" PRIu64 "\n", value);
}

static void
seconds(const char *name, uint64_t ns)
{
	begin(name, "");
	bytes_printf(&metrics.text, "%" PRIu64 ".%09u\n",
	    ns / 1000000000, (unsigned)(ns % 1000000000));
}

static void
jobs(const struct attempt_now *now, const struct forkpool_stats *stats)
{
	char label[64];

	head("jobs_total", "counter", "Jobs that have ended for good, by outcome.");
	for (unsigned i = 0; i < VERDICTS; i++) {
		(void)snprintf(label, sizeof label, "outcome=\"%s\"",
		    verdict_name((enum verdict)i));
		number("jobs_total", label, now->totals->by_verdict[i]);
	}
	head("jobs_running", "gauge", "Jobs that a worker runs.");
	number("jobs_running", "", stats->running);
	head("jobs_waiting", "gauge", "Jobs that were handed in and wait for a worker.");
	number("jobs_waiting", "", stats->queued);
	if (now->total > 0) {
		head("jobs_known", "gauge",
		    "Jobs that there are in all, once the input has been read to its end.");
		number("jobs_known", "", now->total);
	}
	head("retries_total", "counter", "Runs that failed and are tried again.");
	number("retries_total", "", metrics.retries);
}

static void
workers(const struct forkpool_stats *stats)
{
	head("workers", "gauge", "Worker processes.");
	number("workers", "", stats->workers_alive);
	head("worker_starts_total", "counter", "Worker processes that were started.");
	number("worker_starts_total", "", stats->workers_started);
	head("worker_deaths_total", "counter", "Worker processes that did not leave in order.");
	number("worker_deaths_total", "", stats->workers_died);
}

static void
runs(const struct attempt_now *now)
{
	uint64_t sum = 0;
	char label[64];

	head("run_duration_seconds", "histogram", "How long jobs ran, each try for itself.");
	for (size_t i = 0; i < BOUNDS; i++) {
		sum += metrics.in_bound[i];
		(void)snprintf(label, sizeof label, "le=\"%s\"", bound[i].seconds);
		number("run_duration_seconds_bucket", label, sum);
	}
	seconds("run_duration_seconds_sum", metrics.run_ns);
	number("run_duration_seconds_count", "", metrics.runs);
	head("cpu_seconds_total", "counter",
	    "Processor time of jobs that have a process of their own, user and system.");
	seconds("cpu_seconds_total", metrics.cpu_ns);
	head("output_bytes_total", "counter",
	    "What jobs have written, where it goes through forkpool.");
	number("output_bytes_total", "stream=\"stdout\"", now->out_bytes);
	number("output_bytes_total", "stream=\"stderr\"", now->err_bytes);
}

/* end: NULL while the run goes on. */
static void
make(const struct attempt_now *now, const struct attempt_end *end)
{
	struct forkpool_stats stats = { 0 };

	(void)forkpool_get_stats(metrics.pool, &stats);
	bytes_clear(&metrics.text);
	head("build_info", "gauge", "The version, with the value 1.");
	number("build_info", "version=\"" PACKAGE_VERSION "\"", 1);
	jobs(now, &stats);
	workers(&stats);
	runs(now);
	head("start_time_seconds", "gauge", "When it began, since the epoch.");
	seconds("start_time_seconds", (uint64_t)metrics.began.real_ns);
	if (end == NULL)
		return;
	head("end_time_seconds", "gauge", "When all was over, since the epoch; not there before.");
	seconds("end_time_seconds", (uint64_t)now->real_ns);
	head("exit_status", "gauge",
	    "The exit status, 128 and the signal where one ended it; not there before the end.");
	number("exit_status", "",
	    (uint64_t)(end->interrupted != 0 ? 128 + end->interrupted : end->status));
}

/* ------------------------------------------------------------------------------------- the file */

static void
file_write(const struct attempt_now *now, const struct attempt_end *end)
{
	make(now, end);
	int status = atomic_file_open(&metrics.file);
	if (status == 0) {
		atomic_file_add(&metrics.file, metrics.text.at, metrics.text.len);
		status = atomic_file_close(&metrics.file);
	}
	if (status == -1 && !metrics.broken)
		atomic_file_complain(&metrics.file);
	metrics.broken |= status == -1;
	metrics.stale = 0;
	metrics.written_ns = now->now_ns;
}

/* The label run="NAME" of DIR/NAME.prom; quotes and backslashes in the name are escaped. */
static void
label_make(const char *file)
{
	static const char suffix[] = ".prom";
	const char *slash = strrchr(file, '/'), *name = slash != NULL ? slash + 1 : file;
	size_t len = strlen(name);
	char shown[LABEL_SHOWN];

	if (len > sizeof suffix - 1 && strcmp(name + len - (sizeof suffix - 1), suffix) == 0)
		len -= sizeof suffix - 1;
	/* The format wants UTF-8; escape_text() leaves no control character in it either. */
	len = escape_text(shown, sizeof shown, name, len);
	bytes_add_text(&metrics.label, "run=\"");
	for (size_t i = 0; i < len; i++) {
		if (shown[i] == '"' || shown[i] == '\\')
			bytes_add_byte(&metrics.label, '\\');
		bytes_add_byte(&metrics.label, shown[i]);
	}
	bytes_add_text(&metrics.label, "\"");
}

void
metrics_open(const struct options *o, struct forkpool *pool, const struct attempt_began *began)
{
	static const struct totals none;

	metrics.pool = pool;
	metrics.began = *began;
	atomic_file_prepare(&metrics.file, "--metrics-file", o->metrics_file);
	label_make(o->metrics_file);
	const struct attempt_now now = {
		.now_ns = began->now_ns, .real_ns = began->real_ns, .totals = &none
	};
	file_write(&now, NULL);
}

void
metrics_run(const struct attempt *run)
{
	const struct outcome *e = run->record->outcome;
	size_t i = 0;

	metrics.stale = 1;
	metrics.retries += run->again != 0;
	if (e->start_ns == 0)
		return;
	while (e->run_ns > bound[i].ns)
		i++;
	metrics.in_bound[i]++;
	metrics.runs++;
	metrics.run_ns += e->run_ns > 0 ? (uint64_t)e->run_ns : 0;
	metrics.cpu_ns += run->cpu_ns > 0 ? (uint64_t)run->cpu_ns : 0;
}

void
metrics_update(const struct attempt_now *now)
{
	if (now->under_way != metrics.under_way)
		metrics.stale = 1;
	metrics.under_way = now->under_way;
	if (metrics.stale && now->now_ns - metrics.written_ns >= WRITE_EVERY)
		file_write(now, NULL);
}

int
metrics_timeout(int64_t now_ns)
{
	if (!metrics.stale)
		return -1;
	return clock_poll_ms(metrics.written_ns + WRITE_EVERY - now_ns);
}

int
metrics_close(const struct attempt_now *now, const struct attempt_end *end)
{
	file_write(now, end);
	atomic_file_free(&metrics.file);
	bytes_free(&metrics.label);
	bytes_free(&metrics.text);
	return metrics.broken ? -1 : 0;
}
