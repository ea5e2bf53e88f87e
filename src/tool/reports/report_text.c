/* SPDX-License-Identifier: BSD-2-Clause */
/* Text of jobs made safe for a page: as JSON, and without the characters of markup. */
#include "config.h"
#include "tool/reports/report_text.h"

#include <string.h>

#include <jansson.h>

#include "tool/base/escape.h"

/* An escape of one byte has at most so many. */
#define SHOWN_MAX 4

/* Escapes <, > and &, which could be markup in a page; in JSON they stand in strings only. */
static int
add_dumped(const char *data, size_t len, void *to)
{
	for (size_t from = 0; from < len;) {
		size_t plain = 0;
		while (from + plain < len && data[from + plain] != '<' &&
		    data[from + plain] != '>' && data[from + plain] != '&')
			plain++;
		bytes_add(to, data + from, plain);
		from += plain;
		if (from < len)
			bytes_printf(to, "\\u%04x", (unsigned)(unsigned char)data[from++]);
	}
	return 0;
}

void
report_text_add(struct bytes *out, const char *text, size_t len)
{
	json_t *string = json_stringn(text, len);

	if (string == NULL || json_dump_callback(string, add_dumped, out, JSON_ENCODE_ANY) == -1)
		fail_memory();
	json_decref(string);
}

void
report_text_add_line(struct bytes *out, const char *data, size_t len, size_t max)
{
	static struct bytes line;

	bytes_clear(&line);
	line.len = escape_text(bytes_reserve(&line, max), max + 1, data, len);
	report_text_add(out, line.at, line.len);
}

/* Where to begin in the end of a longer text: with a line, or else with a character. */
static size_t
beginning(const char *data, size_t len)
{
	const char *newline = memchr(data, '\n', len / 2);
	size_t at = 0;

	if (newline != NULL)
		return (size_t)(newline + 1 - data);
	while (at < 3 && at < len && ((unsigned char)data[at] & 0xc0) == 0x80)
		at++;
	return at;
}

/* Adds so many bytes, at most REPORT_TAIL_MAX, with their newlines and tabs. */
static void
add_lines(struct bytes *out, const char *data, size_t len)
{
	static char shown[SHOWN_MAX * REPORT_TAIL_MAX + 1];
	size_t to = 0;

	for (size_t at = 0; at < len;) {
		size_t end = at;
		while (end < len && data[end] != '\n' && data[end] != '\t')
			end++;
		to += escape_text(shown + to, sizeof shown - to, data + at, end - at);
		if (end < len)
			shown[to++] = data[end++];
		at = end;
	}
	report_text_add(out, shown, to);
}

void
report_text_add_head(struct bytes *out, const char *text, size_t max)
{
	size_t len = strlen(text);

	max = max < REPORT_TAIL_MAX ? max : REPORT_TAIL_MAX;
	if (len > max)
		for (len = max; len > 0 && text[len - 1] != '\n';)
			len--;
	add_lines(out, text, len);
}

void
report_text_add_tail(struct bytes *out, const struct output_buffer *from, size_t max)
{
	static char data[REPORT_TAIL_MAX];
	size_t len = 0, at = 0;
	uint64_t skipped;

	max = max < sizeof data ? max : sizeof data;
	skipped = from->len > max ? from->len - max : 0;
	while (skipped + len < from->len) {
		ssize_t n = output_buffer_read(from, skipped + len, data + len,
		    (size_t)(from->len - skipped - len));
		/* Show what could be read: the output writer tells the error. */
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	if (skipped > 0)
		at = beginning(data, len);
	add_lines(out, data + at, len - at);
}
