/* SPDX-License-Identifier: BSD-2-Clause */
/* Validating UTF-8, and escaping what must not reach a terminal. */
#include "config.h"
#include "tool/base/escape.h"

#include <stdint.h>
#include <string.h>
#include <vis.h>

size_t
utf8_sequence(const char *data, size_t len)
{
	const unsigned char *s = (const unsigned char *)data;

	if (len == 0)
		return 0;
	if (s[0] < 0x80)
		return 1;
	size_t n;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		n = 2;
	else if ((s[0] & 0xf0) == 0xe0)
		n = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		n = 4;
	else
		return 0;
	if (n > len)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	/* Overlong forms, halves of surrogate pairs, code points above U+10FFFF. */
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

/* Whether a character of two bytes or more would mislead a terminal or a reader. */
static int
is_hidden(const unsigned char *s, size_t n)
{
	if (n == 2)
		return s[0] == 0xc2 && s[1] < 0xa0; /* U+0080..9F: controls */
	if (n != 3)
		return 0;
	if (s[0] == 0xe2 && s[1] == 0x80) /* U+200B..200F, U+2028..202E */
		return (s[2] >= 0x8b && s[2] <= 0x8f) || (s[2] >= 0xa8 && s[2] <= 0xae);
	if (s[0] == 0xe2 && s[1] == 0x81) /* U+2060..206F */
		return s[2] >= 0xa0 && s[2] <= 0xaf;
	if (s[0] == 0xef && s[1] == 0xbf) /* U+FFFE, U+FFFF: no characters, XML has none of them */
		return s[2] >= 0xbe;
	return s[0] == 0xef && s[1] == 0xbb && s[2] == 0xbf; /* U+FEFF */
}

size_t
printable_sequence(const char *data, size_t len)
{
	size_t n = utf8_sequence(data, len);

	if (n == 1)
		return data[0] >= ' ' && data[0] <= '~';
	return is_hidden((const unsigned char *)data, n) ? 0 : n;
}

/* Write a byte that is no plain character; returns where it ends.  next: the byte behind it. */
static char *
byte_escape(char *to, int byte, int next)
{
	const int how = VIS_NL | VIS_TAB | VIS_NOSLASH | VIS_CSTYLE | VIS_OCTAL;

	if (byte < 0x80)
		return vis(to, byte, how, next);
	/* Of these vis() asks the C library which can be printed, and musl says that all can. */
	*to++ = '\\';
	for (int shift = 6; shift >= 0; shift -= 3)
		*to++ = (char)('0' + (byte >> shift & 7));
	return to;
}

size_t
escape_one(char *to, const char *data, size_t len, size_t *used)
{
	size_t n = printable_sequence(data, len), out = 0;

	/* vis() would not change these either, and is slow. */
	if (n > 0) {
		memcpy(to, data, n);
		*used = n;
		return n;
	}
	n = utf8_sequence(data, len);
	*used = n > 1 ? n : 1;
	for (size_t i = 0; i < *used; i++) {
		int next = i + 1 < len ? (unsigned char)data[i + 1] : 0;
		out = (size_t)(byte_escape(to + out, (unsigned char)data[i], next) - to);
	}
	return out;
}

size_t
escape_text(char *buffer, size_t size, const char *data, size_t len)
{
	static const char cut[] = "...";
	size_t to = 0, room = 0; /* room: the last place where the dots still fit */

	for (size_t from = 0; from < len;) {
		char escaped[ESCAPE_MAX];
		size_t used, out = escape_one(escaped, data + from, len - from, &used);
		from += used;
		if (to + out + 1 > size) {
			size_t dots = size >= sizeof cut ? sizeof cut - 1 : 0;
			memcpy(buffer + room, cut, dots);
			to = room + dots;
			break;
		}
		memcpy(buffer + to, escaped, out);
		to += out;
		if (to + sizeof cut <= size)
			room = to;
	}
	if (size > 0)
		buffer[to] = '\0';
	return to;
}
