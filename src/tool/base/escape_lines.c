/* SPDX-License-Identifier: BSD-2-Clause */
/* Escapes lines, most of which need no escapes. */
#include "config.h"
#include "tool/base/escape_lines.h"

#include "tool/base/escape.h"

/* How many bytes at the beginning are plain. */
static size_t
plain(const char *data, size_t len)
{
	size_t n = 0;

	while (n < len &&
	    ((data[n] >= ' ' && data[n] <= '~') || data[n] == '\n' || data[n] == '\t'))
		n++;
	return n;
}

size_t
escape_lines(struct bytes *to, const char *data, size_t len, int is_last)
{
	size_t from = 0;

	while (from < len) {
		char escaped[ESCAPE_MAX];
		size_t n = plain(data + from, len - from), used;
		bytes_add(to, data + from, n);
		from += n;
		if (from == len)
			break;
		if (data[from] == '\0') {
			/* As if a digit came next, which the next piece may have. */
			bytes_add_text(to, "\\000");
			from++;
			continue;
		}
		if (!is_last && (unsigned char)data[from] >= 0xc2 && len - from < 4 &&
		    utf8_sequence(data + from, len - from) == 0)
			break;
		n = escape_one(escaped, data + from, len - from, &used);
		bytes_add(to, escaped, n);
		from += used;
	}
	return from;
}
