/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows of a report, which of them are kept, and the page that is made of them. */
#include "config.h"
#include "tool/reports/report.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tool/base/atomic_file.h"
#include "tool/base/clock.h"
#include "tool/base/escape.h"
#include "tool/records/record_name.h"
#include "tool/records/records.h"
#include "tool/records/held_bytes.h"
#include "tool/reports/report_page.h"
#include "tool/reports/report_stats.h"
#include "tool/reports/report_text.h"

/* How many bytes of a command, and of the explanation of a failure, are shown. */
#define COMMAND_SHOWN 512
#define WHY_SHOWN     600
/* Stands in the page's text for the key that marks its own scripts and styles. */
#define KEY           "@key@"

/* One try, as it becomes a row. */
struct report_row {
	uint64_t seq;
	unsigned slot, verdict, attempt, flags;
	int64_t  start, run, max_rss; /* us, us, KiB */
	int      exit_code;
	struct bytes command;         /* as shown */
	struct bytes more;            /* the text of further fields */
};
enum { ROW_AGAIN = 1, ROW_DIED = 2 };

static struct {
	const struct options *o;
	struct forkpool *pool;
	int64_t  began_ns, began_clock_ns; /* since the epoch, and monotonic */
	struct held_bytes rows;
	uint64_t count;                    /* of rows */
	int      full;                     /* the limit on rows is reached */
	uint64_t more;                     /* rows of failed tries beyond it */
	uint64_t tails;                    /* bytes */
	struct report_row last;            /* the next row is its difference to this one */
	struct report_row now;
	/* Beyond the limit: a heap with the shortest on top. */
	struct report_row slowest[REPORT_SLOWEST];
	size_t   slowest_count;
	struct bytes text;
	struct atomic_file page;
} report = { .rows.fd = -1 };

static int64_t
us(int64_t ns)
{
	return (ns + (ns < 0 ? -500 : 500)) / 1000;
}

void
report_open(const struct options *o, struct forkpool *pool)
{
	atomic_file_prepare(&report.page, "--report", o->report);
	report.o = o;
	report.pool = pool;
	report.began_ns = clock_ns(CLOCK_REALTIME);
	report.began_clock_ns = clock_ns(CLOCK_MONOTONIC);
	held_bytes_open(&report.rows, "--report");
}

/* ----------------------------------------------------------------------------------------- rows */

static int
is_failure(enum verdict verdict)
{
	return verdict != VERDICT_OK && verdict != VERDICT_CANCELLED;
}

/* How many ASCII characters both have in common at the beginning, or at the end. */
static size_t
common(const struct bytes *a, const struct bytes *b, size_t most, int at_end)
{
	size_t n = 0;

	while (n < most) {
		unsigned char c = (unsigned char)a->at[at_end ? a->len - 1 - n : n];
		if (c >= 0x80 || c != (unsigned char)b->at[at_end ? b->len - 1 - n : n])
			break;
		n++;
	}
	return n;
}

/*
 * Numbers are written as differences to the row before, and of the command what differs: that
 * halves the page.
 */
static void
row_add(const struct report_row *row)
{
	struct report_row *last = &report.last;
	struct bytes *out = &report.rows.waiting;
	size_t most = row->command.len < last->command.len ? row->command.len : last->command.len;
	size_t begin = common(&row->command, &last->command, most, 0);
	size_t end = common(&row->command, &last->command, most - begin, 1);

	bytes_printf(out,
	    "%s[%" PRId64 ",%u,%u,%u,%u,%" PRId64 ",%" PRId64 ",%d,%" PRId64 ",%zu,%zu,",
	    report.count > 0 ? ",\n" : "", (int64_t)(row->seq - last->seq), row->slot, row->verdict,
	    row->attempt, row->flags, row->start - last->start, row->run, row->exit_code,
	    row->max_rss, begin, end);
	report_text_add(out, row->command.at + begin, row->command.len - begin - end);
	bytes_add(out, row->more.at, row->more.len);
	bytes_add_byte(out, ']');
	last->seq = row->seq;
	last->start = row->start;
	bytes_clear(&last->command);
	bytes_add(&last->command, row->command.at, row->command.len);
	report.count++;
	held_bytes_settle(&report.rows);
}

static void
tail_add(struct report_row *row, const struct output_buffer *from)
{
	uint64_t len = record_size(from), shown = len < REPORT_TAIL ? len : REPORT_TAIL;

	bytes_printf(&row->more, ",%" PRIu64 ",", len);
	if (len == 0 || report.tails + shown > REPORT_TAILS) {
		bytes_add_text(&row->more, "null");
		return;
	}
	report.tails += shown;
	report_text_add_tail(&row->more, from, REPORT_TAIL);
}

/* Adds where a function of a plug-in died, frame by frame, as a further field; else none. */
static void
backtrace_add(struct report_row *row, const char *backtrace)
{
	size_t len = backtrace != NULL ? strlen(backtrace) : 0;

	len = len < REPORT_TAIL ? len : REPORT_TAIL;
	if (len == 0 || report.tails + len > REPORT_TAILS)
		return;
	report.tails += len;
	bytes_add_byte(&row->more, ',');
	report_text_add_head(&row->more, backtrace, REPORT_TAIL);
}

/* Adds what happened, where the job's output is kept, and the end of that output. */
static void
failure_add(struct report_row *row, const struct job_record *record)
{
	const char *place = records_place(record);

	bytes_clear(&report.text);
	outcome_what(record->outcome, &report.text);
	bytes_add_byte(&row->more, ',');
	report_text_add_line(&row->more, report.text.at, report.text.len, WHY_SHOWN);
	bytes_add_byte(&row->more, ',');
	if (place != NULL)
		report_text_add_line(&row->more, place, strlen(place), WHY_SHOWN);
	else
		bytes_add_text(&row->more, "null");
	tail_add(row, record->err);
	tail_add(row, record->out);
	backtrace_add(row, record->outcome->backtrace);
}

/* Sets *out to the command as a shell would take it; of a long one, to what tells it apart. */
static void
command_set(struct bytes *out, const struct attempt *run)
{
	bytes_clear(out);
	if (run->command_len > COMMAND_SHOWN) {
		brief_add(run->brief, COMMAND_SHOWN, out);
		return;
	}
	/* An escape of one byte has at most four. */
	const size_t size = 4 * run->command_len + 1;
	out->len = escape_text(bytes_reserve(out, size), size, run->command, run->command_len);
}

static void
row_fill(struct report_row *row, const struct attempt *run)
{
	const struct outcome *e = run->record->outcome;

	row->seq = run->record->task->seq;
	row->slot = e->slot;
	row->verdict = e->verdict;
	row->attempt = e->attempt;
	row->flags = (run->again ? ROW_AGAIN : 0u) | (run->worker_died ? ROW_DIED : 0u);
	row->start = us(e->start_ns - report.began_ns);
	row->run = us(e->run_ns);
	row->max_rss = e->max_rss >= 0 ? e->max_rss / 1024 : -1;
	row->exit_code = outcome_exit_status(e);
	command_set(&row->command, run);
	bytes_clear(&row->more);
	if (e->verdict != VERDICT_OK)
		failure_add(row, run->record);
}

/* -------------------------------------------------------------------------------------- slowest */

static void
rows_swap(struct report_row *a, struct report_row *b)
{
	struct report_row kept = *a;

	*a = *b;
	*b = kept;
}

/* Makes a row only if the try is among the slowest, which its duration alone decides. */
static void
slowest_add(const struct attempt *run)
{
	struct report_row *heap = report.slowest;
	size_t i = report.slowest_count, child;

	if (i < REPORT_SLOWEST) {
		row_fill(&heap[i], run);
		for (report.slowest_count++; i > 0 && heap[i].run < heap[(i - 1) / 2].run;
		     i = (i - 1) / 2)
			rows_swap(&heap[i], &heap[(i - 1) / 2]);
		return;
	}
	if (us(run->record->outcome->run_ns) <= heap[0].run)
		return;
	row_fill(&heap[0], run);
	for (i = 0; (child = 2 * i + 1) < REPORT_SLOWEST; i = child) {
		if (child + 1 < REPORT_SLOWEST && heap[child + 1].run < heap[child].run)
			child++;
		if (heap[i].run <= heap[child].run)
			break;
		rows_swap(&heap[i], &heap[child]);
	}
}

void
report_run(const struct attempt *run)
{
	const struct outcome *e = run->record->outcome;
	int failed = is_failure(e->verdict);

	if (e->slot == 0)
		return;
	const struct report_stats_run sums = { .slot = e->slot,
		.start = us(e->start_ns - report.began_ns),
		.run = us(e->run_ns),
		.failed = failed,
		.again = run->again,
		.died = run->worker_died };
	report_stats_add(&sums);
	if (report.count >= REPORT_ROWS || held_bytes_size(&report.rows) >= REPORT_BYTES)
		report.full = 1;
	if (report.full && (!failed || report.more >= REPORT_MORE)) {
		slowest_add(run);
		return;
	}
	report.more += report.full != 0;
	row_fill(&report.now, run);
	row_add(&report.now);
}

/* ----------------------------------------------------------------------------------------- page */

static void
member_text(struct bytes *out, const char *name, const char *text)
{
	bytes_printf(out, "\"%s\":", name);
	report_text_add_line(out, text, strlen(text), COMMAND_SHOWN);
	bytes_add_byte(out, ',');
}

static void
member_command(struct bytes *out)
{
	struct bytes line = { 0 };

	record_run_name(report.o, &line);
	member_text(out, "command", line.at != NULL ? line.at : "");
	bytes_free(&line);
}

static void
members_of_run(struct bytes *out, const struct attempt_end *end)
{
	static const char *const grouping[] = {
		[GROUP_JOB] = "job", [GROUP_LINES] = "lines", [GROUP_NONE] = "none"
	};
	struct forkpool_stats stats = { 0 };
	char host[256] = "", directory[PATH_MAX];

	(void)gethostname(host, sizeof host - 1);
	(void)forkpool_get_stats(report.pool, &stats);
	member_text(out, "version", PACKAGE_VERSION);
	member_command(out);
	member_text(out, "host", host);
	member_text(out, "directory", getcwd(directory, sizeof directory) != NULL ? directory : "");
	member_text(out, "output", grouping[report.o->grouping]);
	member_text(out, "signal", end->interrupted != 0 ? signal_word(end->interrupted) : "");
	bytes_printf(out,
	    "\"began\":%" PRId64 ",\"elapsed\":%" PRId64
	    ",\"workers\":%u,\"status\":%d,\"halted\":%d,"
	    "\"started\":%" PRIu64 ",\"died\":%" PRIu64 ",\"row_limit\":%u,\"complete\":%s,",
	    us(report.began_ns), us(clock_ns(CLOCK_MONOTONIC) - report.began_clock_ns),
	    report.o->workers, end->status, end->totals->halted, stats.workers_started,
	    stats.workers_died, REPORT_ROWS, report.full ? "false" : "true");
	bytes_add_text(out, "\"outcomes\":[");
	for (unsigned i = 0; i < VERDICTS; i++)
		bytes_printf(out, "%s\"%s\"", i > 0 ? "," : "", verdict_name(i));
	bytes_add_text(out, "],\"jobs\":[");
	for (unsigned i = 0; i < VERDICTS; i++)
		bytes_printf(out, "%s%" PRIu64, i > 0 ? "," : "", end->totals->by_verdict[i]);
	bytes_add_text(out, "],");
}

/*
 * Only a script that is marked with the key runs in the page.  The key is random and made when all
 * data is there already, so no text from outside can have it.
 */
static void
page_add(const char *text, const char *key)
{
	const char *at;

	while ((at = strstr(text, KEY)) != NULL) {
		atomic_file_add(&report.page, text, (size_t)(at - text));
		atomic_file_add(&report.page, key, strlen(key));
		text = at + strlen(KEY);
	}
	atomic_file_add(&report.page, text, strlen(text));
}

static int
page_make(const struct attempt_end *end)
{
	char key[2 * 16 + 1];

	if (atomic_file_open(&report.page) == -1)
		return -1;
	for (size_t i = 0; i < sizeof key - 1; i += 8)
		(void)snprintf(key + i, sizeof key - i, "%08" PRIx32, arc4random());
	page_add(report_page[0], key);
	bytes_clear(&report.text);
	bytes_add_byte(&report.text, '{');
	members_of_run(&report.text, end);
	report_stats_json(&report.text);
	bytes_add_text(&report.text, "\"rows\":[\n");
	atomic_file_add(&report.page, report.text.at, report.text.len);
	if (held_bytes_copy(&report.rows, &report.page) == -1)
		report.page.error = errno;
	atomic_file_add(&report.page, "\n]}\n", 4);
	page_add(report_page[1], key);
	return atomic_file_close(&report.page);
}

int
report_close(const struct attempt_end *end)
{
	for (size_t i = 0; i < report.slowest_count; i++) {
		row_add(&report.slowest[i]);
		bytes_free(&report.slowest[i].command);
		bytes_free(&report.slowest[i].more);
	}
	int status = page_make(end);
	if (status == -1)
		atomic_file_complain(&report.page);
	atomic_file_free(&report.page);
	held_bytes_close(&report.rows);
	bytes_free(&report.last.command);
	bytes_free(&report.now.command);
	bytes_free(&report.now.more);
	bytes_free(&report.text);
	report_stats_free();
	return status;
}
