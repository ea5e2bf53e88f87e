/* SPDX-License-Identifier: BSD-2-Clause */
/* Test points, their blocks of YAML, and the plan. */
#include "config.h"
#include "tool/records/results_tap.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool/base/escape.h"
#include "tool/base/message.h"
#include "tool/records/record_name.h"

#define HEAD "TAP version 14\n"
/* The longest description, and the longest other text, in bytes. */
#define NAME_SHOWN 1000
#define TEXT_SHOWN 4096

static void
add_escaped(struct record_writer *f, const char *text, const char *special)
{
	for (size_t n; *text != '\0'; text += n) {
		n = strcspn(text, special);
		if (n == 0) {
			record_add(f, "\\", 1);
			n = 1;
		}
		record_add(f, text, n);
	}
}

/* ----------------------------------------------------------------------------------------- YAML */

static void
field_word(struct record_writer *f, const char *name, const char *word)
{
	record_text(f, "  ");
	record_text(f, name);
	record_text(f, ": ");
	record_text(f, word);
	record_text(f, "\n");
}

/* A text on one line, as escape_text() makes it. */
static void
field_text(struct record_writer *f, const char *name, const char *text)
{
	record_text(f, "  ");
	record_text(f, name);
	record_text(f, ": \"");
	add_escaped(f, text, "\\\"");
	record_text(f, "\"\n");
}

/* A block of lines: `|` and each line four columns in. */
struct block {
	struct record_writer *file;
	int at_start;  /* of a line */
	int has_begun; /* the first line that is not empty, from which readers know the columns */
};

static int
block_piece(void *arg, const char *data, size_t len)
{
	struct block *b = arg;

	for (const char *end = data + len; data < end;) {
		const char *newline = memchr(data, '\n', (size_t)(end - data));
		size_t n = newline != NULL ? (size_t)(newline + 1 - data) : (size_t)(end - data);
		if (b->at_start)
			record_text(b->file, "    ");
		/* Readers would take a blank there for a fifth column. */
		if (b->at_start && !b->has_begun && (*data == ' ' || *data == '\t')) {
			record_text(b->file, *data == ' ' ? "\\040" : "\\011");
			data++;
			n--;
			b->has_begun = 1;
		}
		b->has_begun |= b->at_start && n > 0 && *data != '\n';
		record_add(b->file, data, n);
		b->at_start = newline != NULL;
		data += n;
	}
	return 0;
}

static int
field_output(struct record_writer *f, const char *name, const struct output_buffer *p)
{
	struct block b = { .file = f, .at_start = 1 };

	if (record_size(p) == 0) {
		field_text(f, name, "");
		return 0;
	}
	field_word(f, name, "|");
	int status = record_lines(p, 0, p->len, block_piece, &b);
	if (!b.at_start)
		record_text(f, "\n");
	return status;
}

static void
field_what(struct record_writer *f, const struct outcome *e)
{
	struct bytes what = { 0 };

	outcome_what(e, &what);
	field_text(f, "message", what.at);
	bytes_free(&what);
}

static int
yaml_add(struct record_writer *f, const struct job_record *r, const char *command, size_t len)
{
	const struct outcome *e = r->outcome;
	char text[TEXT_SHOWN];

	record_text(f, "  ---\n");
	(void)snprintf(text, sizeof text, "%" PRIu64, r->task->seq);
	field_word(f, "seq", text);
	(void)escape_text(text, sizeof text, command, len);
	field_text(f, "command", text);
	field_word(f, "outcome", verdict_name(e->verdict));
	if (e->verdict != VERDICT_OK)
		field_what(f, e);
	if (outcome_exit_status(e) >= 0) {
		(void)snprintf(text, sizeof text, "%d", outcome_exit_status(e));
		field_word(f, "exit", text);
	}
	if (e->signal != 0)
		field_word(f, "signal", signal_word(e->signal));
	if (e->limit != NULL && *e->limit != '\0')
		field_word(f, "limit", e->limit);
	if (e->start_ns != 0) {
		(void)snprintf(text, sizeof text, "%u\n  duration: %.3f", e->attempt,
		    (double)e->run_ns / 1e9);
		field_word(f, "attempt", text);
	}
	if (field_output(f, "stdout", r->out) == -1 || field_output(f, "stderr", r->err) == -1)
		return -1;
	record_text(f, "  ...\n");
	return 0;
}

/* --------------------------------------------------------------------------------------- points */

int
results_tap_point(struct record_writer *f, const struct job_record *r, uint64_t number,
    const char *command, size_t len)
{
	char text[NAME_SHOWN];

	if (number == 1)
		record_text(f, HEAD);
	(void)snprintf(text, sizeof text, "%s %" PRIu64 " - ",
	    outcome_is_failure(r->outcome) ? "not ok" : "ok", number);
	record_text(f, text);
	(void)record_job_name(text, sizeof text, r->task, command, len);
	add_escaped(f, text, "\\#");
	record_text(f, r->outcome->verdict == VERDICT_SKIPPED ? " # SKIP was not run\n" : "\n");
	return yaml_add(f, r, command, len);
}

/* ----------------------------------------------------------------------------------------- plan */

int
results_tap_end(struct record_writer *f, uint64_t points, const char *stopped)
{
	char text[64];

	record_begin(f);
	if (points == 0)
		record_text(f, HEAD);
	if (stopped != NULL) {
		record_text(f, "Bail out! ");
		record_text(f, stopped);
		record_text(f, "\n");
	}
	(void)snprintf(text, sizeof text, "1..%" PRIu64 "%s\n", points,
	    points == 0 ? " # SKIP no job has run" : "");
	record_text(f, text);
	return record_end(f);
}

/* Where the last line begins in a text, which may end with a newline. */
static size_t
last_line(const char *text, size_t len)
{
	const char *newline = len > 0 ? memrchr(text, '\n', len - 1) : NULL;

	return newline != NULL ? (size_t)(newline + 1 - text) : 0;
}

void
results_tap_go_on(struct record_writer *f)
{
	char text[1024];
	struct stat st;
	size_t len, cut;

	if (fstat(f->fd, &st) == -1 || !S_ISREG(st.st_mode))
		return;
	off_t from = st.st_size > (off_t)sizeof text ? st.st_size - (off_t)sizeof text : 0;
	ssize_t n = pread(f->fd, text, sizeof text, from);
	if (n <= 0)
		return;
	/* No line of a test point begins so. */
	for (cut = len = (size_t)n; cut > 0; len = cut) {
		size_t at = last_line(text, len);
		if ((at == 0 && from > 0) || (text[at] != '1' && text[at] != 'B'))
			break;
		cut = at;
	}
	if (from == 0 && cut == sizeof HEAD - 1 && memcmp(text, HEAD, cut) == 0)
		cut = 0;
	/* If that fails, the file will have two plans, and readers refuse it. */
	if (cut < (size_t)n && ftruncate(f->fd, from + (off_t)cut) == -1)
		message_errno("%s cannot be cut where it ended", f->name);
}
