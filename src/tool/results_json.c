#include "config.h"
#include "results_json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "visible.h"

/* ------------------------------------------------------------------------------------------ strings */

static int
collect(const char *data, size_t len, void *to)
{
	bytes_add(to, data, len);
	return 0;
}

/* UTF-8 as it stands between the quotes of a JSON string. */
static void
escaped_add(struct record_file *f, const char *data, size_t len)
{
	static struct bytes text;
	json_t *string = json_stringn_nocheck(data, len);

	bytes_clear(&text);
	if (string == NULL || json_dump_callback(string, collect, &text, JSON_ENCODE_ANY) == -1)
		fail_memory();
	json_decref(string);
	record_add(f, text.at + 1, text.len - 2);
}

static void
base64_add(struct record_file *f, const unsigned char *data, size_t len)
{
	static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		unsigned bits = (unsigned)data[i] << 16 | (n > 1 ? (unsigned)data[i + 1] << 8 : 0) | (n > 2 ? data[i + 2] : 0u);
		char four[4] = { digit[bits >> 18], digit[bits >> 12 & 63], '=', '=' };
		if (n > 1)
			four[2] = digit[bits >> 6 & 63];
		if (n > 2)
			four[3] = digit[bits & 63];
		record_add(f, four, sizeof four);
	}
}

/*
 * A text comes in pieces, and these need not end where a character, or three bytes for base64, ends: what is left
 * over goes before the next piece.
 */
struct text {
	struct record_file *file;
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
	/* One that goes on in the next piece has at most three bytes here. */
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
	/* Back to the first byte of the last character. */
	while (back < 3 && end > 0 && ((unsigned char)t->joined[end - 1] & 0xc0) == 0x80) {
		end--;
		back++;
	}
	if (end > 0 && (unsigned char)t->joined[end - 1] >= 0xc0)
		end = utf8_sequence(t->joined + end - 1, len - end + 1) > 0 ? len : end - 1;
	else
		end = len;
	escaped_add(t->file, t->joined, end);
	text_keep(t, end, len);
	return 0;
}

static int
piece_base64(void *arg, const char *data, size_t len)
{
	struct text *t = arg;

	len = text_join(t, data, len);
	base64_add(t->file, (const unsigned char *)t->joined, len / 3 * 3);
	text_keep(t, len / 3 * 3, len);
	return 0;
}

/* --------------------------------------------------------------------------------------------- fields */

static int
is_text(const char *data, size_t len)
{
	for (size_t at = 0, n; at < len; at += n)
		if ((n = utf8_sequence(data + at, len - at)) == 0)
			return 0;
	return 1;
}

/* All of them as text or, if one is none, all in base64. */
static void
array_add(struct record_file *f, const char *name, const struct task *task, struct item (*get)(const struct task *, size_t),
    size_t count)
{
	int valid = 1;

	for (size_t i = 0; i < count && valid; i++)
		valid = is_text(get(task, i).data, get(task, i).len);
	record_text(f, ", \"");
	record_text(f, name);
	record_text(f, valid ? "\": [" : "_base64\": [");
	for (size_t i = 0; i < count; i++) {
		struct item item = get(task, i);
		record_text(f, i > 0 ? ", \"" : "\"");
		if (valid)
			escaped_add(f, item.data, item.len);
		else
			base64_add(f, (const unsigned char *)item.data, item.len);
		record_text(f, "\"");
	}
	record_text(f, "]");
}

static int
output_add(struct record_file *f, const char *name, const struct pocket *pocket)
{
	static struct text t;

	t.file = f;
	t.valid = 1;
	t.left = 0;
	if (record_pieces(pocket, piece_check, &t) == -1)
		return -1;
	int valid = t.valid && t.left == 0;
	t.left = 0;
	record_text(f, ", \"");
	record_text(f, name);
	record_text(f, valid ? "\": \"" : "_base64\": \"");
	if (record_pieces(pocket, valid ? piece_escape : piece_base64, &t) == -1)
		return -1;
	if (!valid)
		base64_add(f, (const unsigned char *)t.joined, t.left);
	record_text(f, "\"");
	return 0;
}

static void
number_add(struct record_file *f, const char *name, int64_t number, int known)
{
	char text[96];

	(void)snprintf(text, sizeof text, known ? ", \"%s\": %" PRId64 : ", \"%s\": null", name, number);
	record_text(f, text);
}

static void
seconds_add(struct record_file *f, const char *name, int64_t ns, int known)
{
	char text[96];
	int64_t us = (ns + 500) / 1000;

	if (known)
		(void)snprintf(text, sizeof text, ", \"%s\": %" PRId64 ".%06d", name, us / 1000000, (int)(us % 1000000));
	else
		(void)snprintf(text, sizeof text, ", \"%s\": null", name);
	record_text(f, text);
}

static void
word_add(struct record_file *f, const char *name, const char *word)
{
	record_text(f, ", \"");
	record_text(f, name);
	record_text(f, "\": ");
	if (word == NULL || *word == '\0' || !is_text(word, strlen(word))) {
		record_text(f, "null");
		return;
	}
	record_text(f, "\"");
	escaped_add(f, word, strlen(word));
	record_text(f, "\"");
}

static int
object_add(struct record_file *f, const struct job_record *r)
{
	const struct ending *e = r->ending;
	const struct task *task = r->task;
	char text[48];
	int began = e->start_ns != 0;

	(void)snprintf(text, sizeof text, "{\"seq\": %" PRIu64, task->seq);
	record_text(f, text);
	array_add(f, "command", task, task_word, task->word_count);
	array_add(f, "items", task, task_item, task->item_count);
	word_add(f, "outcome", verdict_name(e->verdict));
	number_add(f, "exit", e->exit_code, e->exit_code >= 0);
	number_add(f, "signal", e->signal, e->signal != 0);
	word_add(f, "signal_name", e->signal != 0 ? signal_word(e->signal) : NULL);
	record_text(f, e->core ? ", \"core\": true" : ", \"core\": false");
	word_add(f, "limit", e->limit);
	word_add(f, "message", e->message);
	number_add(f, "slot", e->slot, e->slot != 0);
	number_add(f, "attempt", e->attempt, e->attempt != 0);
	seconds_add(f, "start", e->start_ns, began);
	seconds_add(f, "duration", e->run_ns, began);
	seconds_add(f, "user", e->user_ns, e->user_ns >= 0);
	seconds_add(f, "system", e->system_ns, e->system_ns >= 0);
	number_add(f, "max_rss", e->max_rss, e->max_rss >= 0);
	if (output_add(f, "stdout", r->out) == -1 || output_add(f, "stderr", r->err) == -1)
		return -1;
	record_text(f, "}\n");
	return 0;
}

int
results_json_add(struct record_file *f, const struct job_record *r)
{
	record_begin(f);
	if (object_add(f, r) == -1)
		f->error = errno;
	return record_end(f);
}
