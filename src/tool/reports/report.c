/* SPDX-License-Identifier: BSD-2-Clause */
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
#include "tool/base/escape.h"
#include "tool/base/shell_quote.h"
#include "tool/records/records.h"
#include "tool/reports/report_page.h"
#include "tool/reports/report_stats.h"
#include "tool/reports/report_text.h"

/* What is shown of a command, and of what is said of it. */
#define COMMAND_SHOWN 512
#define WHY_SHOWN     600
/* Rows are written when there are so many bytes of them. */
#define ROWS_BUFFER   ((size_t)64 << 10)
/* In the page, where the key goes with which its own scripts and styles are marked. */
#define KEY           "@key@"

/* One run, as it becomes a row.  Its place among the others is in text already. */
struct report_row {
	uint64_t seq;
	unsigned slot, verdict, attempt, flags;
	int64_t  start, run, max_rss; /* us, us, KiB */
	int      exit_code;
	struct bytes command;         /* as it is shown */
	struct bytes more;            /* further fields, as they are written */
};
enum { ROW_AGAIN = 1, ROW_DIED = 2 };

static struct {
	const struct options *o;
	struct forkpool *pool;
	int64_t  began_ns, began_clock_ns; /* since the epoch, and as a clock has it that nobody sets */
	int      fd;
	int      error;
	struct bytes rows;                 /* not written yet */
	uint64_t written, count;           /* bytes, rows */
	int      full;                     /* the limit has been met; */
	uint64_t more;                     /* rows beyond it */
	uint64_t tails;
	struct report_row last;                   /* what the next row is told by */
	struct report_row now;
	struct report_row slowest[REPORT_SLOWEST]; /* beyond the limit: a heap, its shortest first */
	size_t   slowest_count;
	struct bytes text;
} r = { .fd = -1 };

static int64_t
clock_ns(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t
us(int64_t ns)
{
	return (ns + (ns < 0 ? -500 : 500)) / 1000;
}

void
report_open(const struct options *o, struct forkpool *pool)
{
	atomic_file_check(o->report);
	r.o = o;
	r.pool = pool;
	r.began_ns = clock_ns(CLOCK_REALTIME);
	r.began_clock_ns = clock_ns(CLOCK_MONOTONIC);
	if ((r.fd = output_buffer_file()) == -1)
		fail_errno("cannot keep the rows of the report");
}

/* ------------------------------------------------------------------------------------------- rows */

static int
is_failure(enum verdict verdict)
{
	return verdict != VERDICT_OK && verdict != VERDICT_CANCELLED;
}

static void
rows_write(void)
{
	const char *at = r.rows.at;
	size_t left = r.rows.len;

	while (left > 0 && r.error == 0) {
		ssize_t n = write(r.fd, at, left);
		if (n == -1 && errno != EINTR)
			r.error = errno;
		at += n > 0 ? n : 0;
		left -= n > 0 ? (size_t)n : 0;
	}
	r.written += r.rows.len;
	bytes_clear(&r.rows);
}

/* How much the two have in common at their beginnings, or at their ends, of bytes that are a character each. */
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

/* Numbers are differences to the row before, and the command is what differs: that is half the page. */
static void
row_add(const struct report_row *row)
{
	struct report_row *last = &r.last;
	struct bytes *out = &r.rows;
	size_t most = row->command.len < last->command.len ? row->command.len : last->command.len;
	size_t begin = common(&row->command, &last->command, most, 0);
	size_t end = common(&row->command, &last->command, most - begin, 1);

	bytes_printf(out,
	    "%s[%" PRId64 ",%u,%u,%u,%u,%" PRId64 ",%" PRId64 ",%d,%" PRId64 ",%zu,%zu,",
	    r.count > 0 ? ",\n" : "", (int64_t)(row->seq - last->seq), row->slot, row->verdict,
	    row->attempt, row->flags, row->start - last->start, row->run, row->exit_code,
	    row->max_rss, begin, end);
	report_text_add(out, row->command.at + begin, row->command.len - begin - end);
	bytes_add(out, row->more.at, row->more.len);
	bytes_add_byte(out, ']');
	last->seq = row->seq;
	last->start = row->start;
	bytes_clear(&last->command);
	bytes_add(&last->command, row->command.at, row->command.len);
	r.count++;
	if (out->len >= ROWS_BUFFER)
		rows_write();
}

static void
tail_add(struct report_row *row, const struct output_buffer *from)
{
	uint64_t len = record_size(from), shown = len < REPORT_TAIL ? len : REPORT_TAIL;

	bytes_printf(&row->more, ",%" PRIu64 ",", len);
	if (len == 0 || r.tails + shown > REPORT_TAILS) {
		bytes_add_text(&row->more, "null");
		return;
	}
	r.tails += shown;
	report_text_add_tail(&row->more, from, REPORT_TAIL);
}

/* What happened, where its output is, and the end of that. */
static void
failure_add(struct report_row *row, const struct job_record *record)
{
	const char *place = records_place(record);

	bytes_clear(&r.text);
	outcome_what(record->outcome, &r.text);
	bytes_add_byte(&row->more, ',');
	report_text_add_line(&row->more, r.text.at, r.text.len, WHY_SHOWN);
	bytes_add_byte(&row->more, ',');
	if (place != NULL)
		report_text_add_line(&row->more, place, strlen(place), WHY_SHOWN);
	else
		bytes_add_text(&row->more, "null");
	tail_add(row, record->err);
	tail_add(row, record->out);
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
	row->start = us(e->start_ns - r.began_ns);
	row->run = us(e->run_ns);
	row->max_rss = e->max_rss >= 0 ? e->max_rss / 1024 : -1;
	row->exit_code = e->exit_code;
	bytes_clear(&row->command);
	(void)bytes_reserve(&row->command, COMMAND_SHOWN);
	row->command.len =
	    escape_text(row->command.at, COMMAND_SHOWN + 1, run->command, run->command_len);
	bytes_clear(&row->more);
	if (e->verdict != VERDICT_OK)
		failure_add(row, run->record);
}

/* ---------------------------------------------------------------------------------------- slowest */

static void
rows_swap(struct report_row *a, struct report_row *b)
{
	struct report_row kept = *a;

	*a = *b;
	*b = kept;
}

/* Its number and times alone decide whether it is among them: then it is worth a row. */
static void
slowest_add(const struct attempt *run)
{
	struct report_row *heap = r.slowest;
	size_t i = r.slowest_count, child;

	if (i < REPORT_SLOWEST) {
		row_fill(&heap[i], run);
		for (r.slowest_count++; i > 0 && heap[i].run < heap[(i - 1) / 2].run;
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
	report_stats_add(&(struct report_sum){ .slot = e->slot,
	    .start = us(e->start_ns - r.began_ns),
	    .run = us(e->run_ns),
	    .failed = failed,
	    .again = run->again,
	    .died = run->worker_died });
	r.full = r.full || r.count >= REPORT_ROWS || r.written + r.rows.len >= REPORT_BYTES;
	if (r.full && (!failed || r.more >= REPORT_MORE)) {
		slowest_add(run);
		return;
	}
	r.more += r.full != 0;
	row_fill(&r.now, run);
	row_add(&r.now);
}

/* ------------------------------------------------------------------------------------------- page */

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

	if (r.o->plugin_file != NULL)
		bytes_printf(&line, "--plugin %s:%s", r.o->plugin_file,
		    r.o->plugin_functions != NULL ? r.o->plugin_functions : "");
	for (size_t i = 0; i < r.o->command_count; i++) {
		if (i > 0)
			bytes_add_byte(&line, ' ');
		/* With --shell it is a text as it stands; and {} reads better without quotes. */
		if (r.o->shell ||
		    (strchr(r.o->command[i], '{') != NULL &&
			strpbrk(r.o->command[i], " \t\n'\"\\$`*?;&|<>()") == NULL))
			bytes_add_text(&line, r.o->command[i]);
		else
			shell_quote_word(&line, r.o->command[i], strlen(r.o->command[i]));
	}
	member_text(out, "command", line.at != NULL ? line.at : "");
	bytes_free(&line);
}

static void
members_of_run(struct bytes *out, const struct attempt_end *end)
{
	static const char *const
	    grouping[] = { [GROUP_JOB] = "job", [GROUP_LINES] = "lines", [GROUP_NONE] = "none" };
	struct forkpool_stats stats = { 0 };
	char host[256] = "", directory[PATH_MAX];

	(void)gethostname(host, sizeof host - 1);
	(void)forkpool_get_stats(r.pool, &stats, sizeof stats);
	member_text(out, "version", PACKAGE_VERSION);
	member_command(out);
	member_text(out, "host", host);
	member_text(out, "directory", getcwd(directory, sizeof directory) != NULL ? directory : "");
	member_text(out, "output", grouping[r.o->grouping]);
	member_text(out, "signal", end->interrupted != 0 ? signal_word(end->interrupted) : "");
	bytes_printf(out,
	    "\"began\":%" PRId64 ",\"elapsed\":%" PRId64
	    ",\"workers\":%u,\"status\":%d,\"halted\":%d,"
	    "\"started\":%" PRIu64 ",\"died\":%" PRIu64 ",\"row_limit\":%u,\"complete\":%s,",
	    us(r.began_ns), us(clock_ns(CLOCK_MONOTONIC) - r.began_clock_ns), r.o->workers,
	    end->status, end->totals->halted, stats.workers_started, stats.workers_died,
	    REPORT_ROWS, r.full ? "false" : "true");
	bytes_add_text(out, "\"outcomes\":[");
	for (unsigned i = 0; i < VERDICTS; i++)
		bytes_printf(out, "%s\"%s\"", i > 0 ? "," : "", verdict_name(i));
	bytes_add_text(out, "],\"jobs\":[");
	for (unsigned i = 0; i < VERDICTS; i++)
		bytes_printf(out, "%s%" PRIu64, i > 0 ? "," : "", end->totals->by_verdict[i]);
	bytes_add_text(out, "],");
}

/* Only a script that has the key runs in the page, and it is made when all data is there already. */
static void
page_add(struct atomic_file *page, const char *text, const char *key)
{
	const char *at;

	while ((at = strstr(text, KEY)) != NULL) {
		atomic_file_add(page, text, (size_t)(at - text));
		atomic_file_add(page, key, strlen(key));
		text = at + strlen(KEY);
	}
	atomic_file_add(page, text, strlen(text));
}

static void
rows_copy(struct atomic_file *page)
{
	char *buffer = bytes_reserve(&r.rows, ROWS_BUFFER);

	for (uint64_t at = 0; at < r.written && page->error == 0;) {
		ssize_t n = pread(r.fd, buffer, ROWS_BUFFER, (off_t)at);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0) {
			page->error = n == -1 ? errno : EIO;
			return;
		}
		atomic_file_add(page, buffer, (size_t)n);
		at += (uint64_t)n;
	}
}

static int
page_make(const struct attempt_end *end)
{
	struct atomic_file page;
	char key[2 * 16 + 1];

	if (r.error != 0) {
		errno = r.error;
		return -1;
	}
	if (atomic_file_open(&page, r.o->report) == -1)
		return -1;
	for (size_t i = 0; i < sizeof key - 1; i += 8)
		(void)snprintf(key + i, sizeof key - i, "%08" PRIx32, arc4random());
	page_add(&page, report_page[0], key);
	bytes_clear(&r.text);
	bytes_add_byte(&r.text, '{');
	members_of_run(&r.text, end);
	report_stats_json(&r.text);
	bytes_add_text(&r.text, "\"rows\":[\n");
	atomic_file_add(&page, r.text.at, r.text.len);
	rows_copy(&page);
	atomic_file_add(&page, "\n]}\n", 4);
	page_add(&page, report_page[1], key);
	return atomic_file_close(&page);
}

int
report_close(const struct attempt_end *end)
{
	for (size_t i = 0; i < r.slowest_count; i++) {
		row_add(&r.slowest[i]);
		bytes_free(&r.slowest[i].command);
		bytes_free(&r.slowest[i].more);
	}
	rows_write();
	int status = page_make(end);
	if (status == -1)
		message_errno("cannot write the report %s", r.o->report);
	(void)close(r.fd);
	bytes_free(&r.rows);
	bytes_free(&r.last.command);
	bytes_free(&r.now.command);
	bytes_free(&r.now.more);
	bytes_free(&r.text);
	report_stats_free();
	r.fd = -1;
	return status;
}
