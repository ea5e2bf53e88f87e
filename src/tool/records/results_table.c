/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows of --results FILE.csv, .tsv and .json, in which GNU parallel's tables are the model. */
#include "config.h"
#include "tool/records/results_table.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tool/records/joblog.h"
#include "tool/records/results_tap.h"

static struct record_writer file = { .fd = -1 };
static enum results_kind kind;
static char separator;
static uint64_t rows; /* of this run */

void
results_table_open(const char *name, enum results_kind of, enum record_open how)
{
	record_writer_open(&file, "--results", name, how);
	kind = of;
	separator = of == RESULTS_CSV ? ',' : '\t';
	rows = 0;
	if (of == RESULTS_TAP && how == RECORD_APPEND)
		results_tap_go_on(&file);
}

struct record_writer *
results_table_file(void)
{
	return &file;
}

/* With a journal earlier runs may have written rows, and an entry's number is that of its row. */
static int
has_journal(void)
{
	return file.sink.checkpoint != NULL;
}

int
results_table_close(const char *stopped)
{
	int status = 0;

	if (kind == RESULTS_TAP) {
		uint64_t points = has_journal() ? file.sink.count : rows;
		sink_detach(&file.sink);
		status = results_tap_end(&file, points,
		    file.said ? "not all test points could be written" : stopped);
	}
	return record_writer_close(&file) == -1 ? -1 : status;
}

/* -------------------------------------------------------------------------------------- columns */

static int
is_special(char c)
{
	return c == '"' || c == separator || c == ' ' || (c >= '\t' && c <= '\r') || c == '\0';
}

static int
look_for_special(void *found, const char *data, size_t len)
{
	for (size_t i = 0; i < len && !*(int *)found; i++)
		*(int *)found = is_special(data[i]);
	return 0;
}

static int
add_doubled(void *arg, const char *data, size_t len)
{
	(void)arg;
	for (const char *at = data, *end = data + len; at < end;) {
		const char *quote = memchr(at, '"', (size_t)(end - at));
		size_t n = quote != NULL ? (size_t)(quote + 1 - at) : (size_t)(end - at);
		record_add(&file, at, n);
		if (quote != NULL)
			record_add(&file, "\"", 1);
		at += n;
	}
	return 0;
}

/* Writes the text as it is, or between quotes if a tool could misread it. */
static void
column_add(const char *data, size_t len, int is_first)
{
	int special = 0;

	(void)look_for_special(&special, data, len);
	record_add(&file, &separator, is_first ? 0 : 1);
	record_add(&file, "\"", special ? 1 : 0);
	(void)add_doubled(NULL, data, len);
	record_add(&file, "\"", special ? 1 : 0);
}

static void
column_number(uint64_t number, int is_negative)
{
	char text[24];
	int n = snprintf(text, sizeof text, "%s%" PRIu64, is_negative ? "-" : "", number);

	column_add(text, (size_t)n, 0);
}

static int
column_output(const struct output_buffer *stored)
{
	int special = 0;

	if (record_pieces(stored, look_for_special, &special) == -1)
		return -1;
	record_add(&file, &separator, 1);
	record_add(&file, "\"", special ? 1 : 0);
	int done = record_pieces(stored, add_doubled, NULL);
	record_add(&file, "\"", special ? 1 : 0);
	return done;
}

static void
header_add(const struct job_record *r)
{
	size_t columns = r->task->columns > 0 ? r->task->columns : r->task->item_count;

	for (enum joblog_column i = 0; i < JOBLOG_COLUMNS; i++) {
		const char *name = joblog_column_name(i);
		column_add(name, strlen(name), i == 0);
	}
	for (size_t i = 0; i < r->task->item_count; i++) {
		char number[24];
		if (r->header != NULL && r->header->count >= columns) {
			/* The names are one row's: a job of several rows has more items. */
			if (i < columns)
				column_add(r->header->items[i].data, r->header->items[i].len, 0);
			continue;
		}
		int n = snprintf(number, sizeof number, "V%zu", i + 1);
		column_add(number, (size_t)n, 0);
	}
	column_add("Stdout", 6, 0);
	column_add("Stderr", 6, 0);
	record_add(&file, "\n", 1);
}

static int
row_add(const struct job_record *r, const char *command, size_t len)
{
	const struct outcome *e = r->outcome;
	char text[64];
	int exit_code, signo;

	if ((has_journal() ? r->task->entry : rows) == 0)
		header_add(r);
	(void)snprintf(text, sizeof text, "%" PRIu64, r->task->seq);
	column_add(text, strlen(text), 1);
	column_add(":", 1, 0);
	joblog_start(e, text, sizeof text);
	column_add(text, strlen(text), 0);
	(void)snprintf(text, sizeof text, "%0.3f", (double)e->run_ns / 1e9);
	column_add(text, strlen(text), 0);
	column_number(e->sent, 0);
	column_number(e->received, 0);
	joblog_status(e, &exit_code, &signo);
	column_number(exit_code < 0 ? 1 : (uint64_t)exit_code, exit_code < 0);
	column_number((uint64_t)signo, 0);
	column_add(command, len, 0);
	for (size_t i = 0; i < r->task->item_count; i++) {
		struct item item = task_item(r->task, i);
		column_add(item.data, item.len, 0);
	}
	int done = column_output(r->out) == 0 && column_output(r->err) == 0 ? 0 : -1;
	record_add(&file, "\n", 1);
	return done;
}

/* ----------------------------------------------------------------------------------------- JSON */

/* As GNU parallel does: escapes only what must be, and leaves bytes that are not UTF-8. */
static int
add_escaped(void *arg, const char *data, size_t len)
{
	(void)arg;
	for (size_t i = 0; i < len; i++) {
		char text[8];
		if ((unsigned char)data[i] < 0x20)
			record_add(&file, text,
			    (size_t)snprintf(text, sizeof text, "\\u%04x", (unsigned)data[i]));
		else if (data[i] == '"' || data[i] == '\\')
			record_add(&file, (const char[]){ '\\', data[i] }, 2);
		else
			record_add(&file, &data[i], 1);
	}
	return 0;
}

static int
object_add(const struct job_record *r, const char *command, size_t len)
{
	const struct outcome *e = r->outcome;
	char text[256], start[32];
	int exit_code, signo;

	joblog_status(e, &exit_code, &signo);
	joblog_start(e, start, sizeof start);
	(void)snprintf(text, sizeof text,
	    "{ \"Seq\": %" PRIu64 ", \"Host\": \":\", \"Starttime\": %s, \"JobRuntime\": %0.3f, "
	    "\"Send\": %" PRIu64 ", \"Receive\": %" PRIu64
	    ", \"Exitval\": %d, \"Signal\": %d, \"Command\": \"",
	    r->task->seq, start, (double)e->run_ns / 1e9, e->sent, e->received, exit_code, signo);
	record_text(&file, text);
	(void)add_escaped(NULL, command, len);
	record_text(&file, "\", \"V\": [ ");
	for (size_t i = 0; i < r->task->item_count; i++) {
		struct item item = task_item(r->task, i);
		record_text(&file, i > 0 ? ",\"" : "\"");
		(void)add_escaped(NULL, item.data, item.len);
		record_text(&file, "\"");
	}
	record_text(&file, " ], \"Stdout\": \"");
	int done = record_pieces(r->out, add_escaped, NULL);
	record_text(&file, "\", \"Stderr\": \"");
	if (done == 0)
		done = record_pieces(r->err, add_escaped, NULL);
	record_text(&file, "\" }\n");
	return done;
}

static int
point_add(const struct job_record *r, const char *command, size_t len)
{
	uint64_t before = has_journal() ? r->task->entry : rows;

	return results_tap_point(&file, r, before + 1, command, len);
}

int
results_table_add(const struct job_record *r, const char *command, size_t len)
{
	if (file.fd == -1 || (r->outcome->verdict == VERDICT_SKIPPED && kind != RESULTS_TAP))
		return 0;
	record_begin(&file);
	int done = kind == RESULTS_TAP ? point_add(r, command, len) :
	    kind == RESULTS_JSON       ? object_add(r, command, len) :
					 row_add(r, command, len);
	if (done == -1)
		file.error = errno;
	if (record_end(&file) == -1)
		return -1;
	rows++;
	return 0;
}
