/* SPDX-License-Identifier: BSD-2-Clause */
/* Strings and fields of JSON objects, written into records. */
#include "config.h"
#include "tool/records/json_string.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "tool/base/escape.h"

int
json_string_is_utf8(const char *data, size_t len)
{
	for (size_t at = 0, n; at < len; at += n)
		if ((n = utf8_sequence(data + at, len - at)) == 0)
			return 0;
	return 1;
}

/* JSON allows DEL in a string, but some readers refuse it as a control character: escape it. */
static int
collect(const char *data, size_t len, void *to)
{
	const char *del;

	while ((del = memchr(data, 0x7f, len)) != NULL) {
		bytes_add(to, data, (size_t)(del - data));
		bytes_add_text(to, "\\u007f");
		len -= (size_t)(del + 1 - data);
		data = del + 1;
	}
	bytes_add(to, data, len);
	return 0;
}

void
json_string_add(struct record_writer *f, const char *data, size_t len)
{
	static struct bytes text;
	json_t *string = json_stringn_nocheck(data, len);

	bytes_clear(&text);
	if (string == NULL || json_dump_callback(string, collect, &text, JSON_ENCODE_ANY) == -1)
		fail_memory();
	json_decref(string);
	record_add(f, text.at + 1, text.len - 2);
}

void
json_string_add_base64(struct record_writer *f, const unsigned char *data, size_t len)
{
	static const char digit[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		unsigned bits = (unsigned)data[i] << 16 | (n > 1 ? (unsigned)data[i + 1] << 8 : 0) |
		    (n > 2 ? data[i + 2] : 0u);
		char four[4] = { digit[bits >> 18], digit[bits >> 12 & 63], '=', '=' };
		if (n > 1)
			four[2] = digit[bits >> 6 & 63];
		if (n > 2)
			four[3] = digit[bits & 63];
		record_add(f, four, sizeof four);
	}
}

/* --------------------------------------------------------------------------------------- fields */

void
json_field_text(struct record_writer *f, const char *name, const char *data, size_t len)
{
	int is_text = json_string_is_utf8(data, len);

	record_text(f, ", \"");
	record_text(f, name);
	record_text(f, is_text ? "\": \"" : "_base64\": \"");
	if (is_text)
		json_string_add(f, data, len);
	else
		json_string_add_base64(f, (const unsigned char *)data, len);
	record_text(f, "\"");
}

void
json_field_word(struct record_writer *f, const char *name, const char *word)
{
	if (word != NULL && *word != '\0' && json_string_is_utf8(word, strlen(word))) {
		json_field_text(f, name, word, strlen(word));
		return;
	}
	record_text(f, ", \"");
	record_text(f, name);
	record_text(f, "\": null");
}

void
json_field_number(struct record_writer *f, const char *name, int64_t number, int known)
{
	char text[96];

	(void)snprintf(text, sizeof text, known ? ", \"%s\": %" PRId64 : ", \"%s\": null", name,
	    number);
	record_text(f, text);
}

void
json_field_seconds(struct record_writer *f, const char *name, int64_t ns, int known)
{
	char text[96];
	int64_t us = (ns + 500) / 1000;

	if (known)
		(void)snprintf(text, sizeof text, ", \"%s\": %" PRId64 ".%06d", name, us / 1000000,
		    (int)(us % 1000000));
	else
		(void)snprintf(text, sizeof text, ", \"%s\": null", name);
	record_text(f, text);
}
