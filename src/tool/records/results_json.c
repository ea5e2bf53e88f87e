/* SPDX-License-Identifier: BSD-2-Clause */
/* A job as one line of JSON: its fields, and output of any size in pieces. */
#include "config.h"
#include "tool/records/results_json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tool/base/escape.h"
#include "tool/records/json_string.h"

/* --------------------------------------------------------------------------------------- output */

/*
 * A text comes in pieces, and a piece may end within a character, or within three bytes that
 * base64 needs together: the bytes left over are joined to the front of the next piece.
 */
struct text {
	struct record_writer *file;
	int    valid;
	size_t left;
	char   joined[3 + RECORD_PIECE];
};

static void
text_keep(struct text *t, size_t used, size_t len)
{
	t->left = len - used;
	memmove(t->joined, t->joined + used, t->left);
}

static size_t
text_join(struct text *t, const char *data, size_t len)
{
	memcpy(t->joined + t->left, data, len);
	return t->left + len;
}

static int
piece_check(void *arg, const char *data, size_t len)
{
	struct text *t = arg;
	size_t at = 0, n;

	len = text_join(t, data, len);
	while (at < len && (n = utf8_sequence(t->joined + at, len - at)) > 0)
		at += n;
	/* A character that goes on in the next piece has at most three bytes in this one. */
	if (len - at > 3)
		t->valid = 0;
	text_keep(t, t->valid ? at : len, len);
	return 0;
}

static int
piece_escape(void *arg, const char *data, size_t len)
{
	struct text *t = arg;
	size_t end, back = 0;

	end = len = text_join(t, data, len);
	/* Go back to the first byte of the last character. */
	while (back < 3 && end > 0 && ((unsigned char)t->joined[end - 1] & 0xc0) == 0x80) {
		end--;
		back++;
	}
	if (end > 0 && (unsigned char)t->joined[end - 1] >= 0xc0)
		end = utf8_sequence(t->joined + end - 1, len - end + 1) > 0 ? len : end - 1;
	else
		end = len;
	json_string_add(t->file, t->joined, end);
	text_keep(t, end, len);
	return 0;
}

static int
piece_base64(void *arg, const char *data, size_t len)
{
	struct text *t = arg;

	len = text_join(t, data, len);
	json_string_add_base64(t->file, (const unsigned char *)t->joined, len / 3 * 3);
	text_keep(t, len / 3 * 3, len);
	return 0;
}

/* --------------------------------------------------------------------------------------- fields */

/* Writes all as text or, if one of them is not UTF-8, all in base64. */
static void
array_add(struct record_writer *f, const char *name, const struct task *task,
    struct item (*get)(const struct task *, size_t), size_t count)
{
	int valid = 1;

	for (size_t i = 0; i < count && valid; i++)
		valid = json_string_is_utf8(get(task, i).data, get(task, i).len);
	record_text(f, ", \"");
	record_text(f, name);
	record_text(f, valid ? "\": [" : "_base64\": [");
	for (size_t i = 0; i < count; i++) {
		struct item item = get(task, i);
		record_text(f, i > 0 ? ", \"" : "\"");
		if (valid)
			json_string_add(f, item.data, item.len);
		else
			json_string_add_base64(f, (const unsigned char *)item.data, item.len);
		record_text(f, "\"");
	}
	record_text(f, "]");
}

static int
output_add(struct record_writer *f, const char *name, const struct output_buffer *stored)
{
	static struct text t;

	t.file = f;
	t.valid = 1;
	t.left = 0;
	if (record_pieces(stored, piece_check, &t) == -1)
		return -1;
	int valid = t.valid && t.left == 0;
	t.left = 0;
	record_text(f, ", \"");
	record_text(f, name);
	record_text(f, valid ? "\": \"" : "_base64\": \"");
	if (record_pieces(stored, valid ? piece_escape : piece_base64, &t) == -1)
		return -1;
	if (!valid)
		json_string_add_base64(f, (const unsigned char *)t.joined, t.left);
	record_text(f, "\"");
	return 0;
}

/* Writes a text as an array of its lines; null if there is none. */
static void
lines_add(struct record_writer *f, const char *name, const char *text)
{
	if (text == NULL) {
		json_field_word(f, name, NULL);
		return;
	}
	record_text(f, ", \"");
	record_text(f, name);
	record_text(f, "\": [");
	for (const char *end; (end = strchr(text, '\n')) != NULL; text = end + 1) {
		record_text(f, "\"");
		/* Names in an object can hold any bytes. */
		if (json_string_is_utf8(text, (size_t)(end - text)))
			json_string_add(f, text, (size_t)(end - text));
		record_text(f, end[1] != '\0' ? "\", " : "\"");
	}
	record_text(f, "]");
}

static int
object_add(struct record_writer *f, const struct job_record *r)
{
	const struct outcome *e = r->outcome;
	const struct task *task = r->task;
	char text[48];
	int began = e->start_ns != 0;

	(void)snprintf(text, sizeof text, "{\"seq\": %" PRIu64, task->seq);
	record_text(f, text);
	array_add(f, "command", task, task_word, task->word_count);
	array_add(f, "items", task, task_item, task->item_count);
	json_field_word(f, "outcome", verdict_name(e->verdict));
	json_field_number(f, "exit", outcome_exit_status(e), outcome_exit_status(e) >= 0);
	json_field_number(f, "signal", e->signal, e->signal != 0);
	json_field_word(f, "signal_name", e->signal != 0 ? signal_word(e->signal) : NULL);
	record_text(f, e->core ? ", \"core\": true" : ", \"core\": false");
	json_field_word(f, "limit", e->limit);
	json_field_word(f, "message", e->message);
	lines_add(f, "backtrace", e->backtrace);
	json_field_number(f, "slot", e->slot, e->slot != 0);
	json_field_number(f, "attempt", e->attempt, e->attempt != 0);
	json_field_seconds(f, "start", e->start_ns, began);
	json_field_seconds(f, "duration", e->run_ns, began);
	json_field_seconds(f, "user", e->user_ns, e->user_ns >= 0);
	json_field_seconds(f, "system", e->system_ns, e->system_ns >= 0);
	json_field_number(f, "max_rss", e->max_rss, e->max_rss >= 0);
	if (output_add(f, "stdout", r->out) == -1 || output_add(f, "stderr", r->err) == -1)
		return -1;
	record_text(f, "}\n");
	return 0;
}

int
results_json_add(struct record_writer *f, const struct job_record *r)
{
	record_begin(f);
	if (object_add(f, r) == -1)
		f->error = errno;
	return record_end(f);
}
