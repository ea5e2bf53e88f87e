/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include "tool/base/escape.h"

#include <stdint.h>
#include <string.h>
/* Two systems' strnvis() differ, and the header wants to be told which is meant; vis() is the same in both. */
#define LIBBSD_NETBSD_VIS
#include <vis.h>

size_t
utf8_sequence(const char *data, size_t len)
{
	const unsigned char *s = (const unsigned char *)data;

	if (len == 0)
		return 0;
	if (s[0] < 0x80)
		return 1;
	size_t n = s[0] >= 0xc2 && s[0] <= 0xdf ? 2 :
	    (s[0] & 0xf0) == 0xe0               ? 3 :
	    s[0] >= 0xf0 && s[0] <= 0xf4        ? 4 :
						  0;
	if (n == 0 || n > len)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	/* Longer than it need be, half of a surrogate pair, past the last code point. */
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

/* A sequence of two bytes or more that a terminal or a reader would be misled by. */
static int
is_hidden(const unsigned char *s, size_t n)
{
	if (n == 2)
		return s[0] == 0xc2 && s[1] < 0xa0; /* U+0080..9F: controls */
	/* U+200B..200F, U+2028..202E, U+2060..206F, U+FEFF */
	return n == 3 && ((s[0] == 0xe2 && ((s[1] == 0x80 && ((s[2] >= 0x8b && s[2] <= 0x8f) ||
	    (s[2] >= 0xa8 && s[2] <= 0xae))) || (s[1] == 0x81 && s[2] >= 0xa0 && s[2] <= 0xaf))) ||
	    (s[0] == 0xef && s[1] == 0xbb && s[2] == 0xbf));
}

size_t
escape_text(char *buffer, size_t size, const char *data, size_t len)
{
	static const char cut[] = "...";
	size_t to = 0, room = 0;  /* room: where the last one ended that leaves room for the dots */

	for (size_t from = 0; from < len;) {
		char escaped[4 * 4 + 1];
		size_t n = utf8_sequence(data + from, len - from), out = 0;
		/* vis() leaves these as they are too, and is slow. */
		if ((n > 1 && !is_hidden((const unsigned char *)data + from, n)) ||
		    (data[from] >= ' ' && data[from] <= '~')) {
			memcpy(escaped, data + from, out = n);
			from += n;
		} else {
			for (size_t end = from + (n > 1 ? n : 1); from < end; from++) {
				int next = from + 1 < len ? (unsigned char)data[from + 1] : 0;
				int c = (unsigned char)data[from];
				out = (size_t)(vis(escaped + out, c,
						   VIS_NL | VIS_TAB | VIS_NOSLASH | VIS_CSTYLE |
						       VIS_OCTAL,
						   next) -
				    escaped);
			}
		}
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
