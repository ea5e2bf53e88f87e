/* SPDX-License-Identifier: BSD-2-Clause */
/* The columns of each character, by wcwidth() in a UTF-8 locale. */
#include "config.h"
#include "tool/base/display_width.h"

#include <locale.h>
#include <wchar.h>

#include "tool/base/escape.h"

/*
 * wcwidth() depends on the locale, and the tool itself stays in the C locale, so that its output
 * and messages are the same everywhere.
 */
static locale_t
utf8_locale(void)
{
	static locale_t made;
	static int tried;

	if (!tried) {
		tried = 1;
		made = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	}
	return made;
}

/* The code point of a sequence of n bytes, two or more. */
static wchar_t
code_point(const unsigned char *s, size_t n)
{
	unsigned c = n == 2 ? s[0] & 0x1fu : n == 3 ? s[0] & 0x0fu : s[0] & 0x07u;

	for (size_t i = 1; i < n; i++)
		c = c << 6 | (s[i] & 0x3fu);
	return (wchar_t)c;
}

static size_t
columns_of(const char *sequence, size_t n)
{
	if (n <= 1)
		return 1;
	locale_t locale = utf8_locale(), before;
	if (locale == (locale_t)0 || (before = uselocale(locale)) == (locale_t)0)
		return n == 2 ? 1 : 2;
	int width = wcwidth(code_point((const unsigned char *)sequence, n));
	(void)uselocale(before);
	/* Newer than this system's tables: most new characters are wide. */
	return width < 0 ? 2 : (size_t)width;
}

/* How many bytes of text fit in so many columns; *used: the columns that they take. */
static size_t
walk(const char *text, size_t len, size_t columns, size_t *used)
{
	size_t at = 0;

	*used = 0;
	while (at < len) {
		size_t n = utf8_sequence(text + at, len - at), width = columns_of(text + at, n);
		if (width > columns - *used)
			break;
		*used += width;
		at += n > 0 ? n : 1;
	}
	return at;
}

size_t
display_width(const char *text, size_t len)
{
	size_t used;

	(void)walk(text, len, (size_t)-1, &used);
	return used;
}

size_t
display_width_fit(const char *text, size_t len, size_t columns)
{
	size_t used;

	return walk(text, len, columns, &used);
}

/* Where the last columns of a text begin that is wider: never within a character, nor with one that
   belongs to the character before. */
static size_t
end_of_width(const char *text, size_t len, size_t columns)
{
	const size_t skipped = display_width(text, len) - columns;
	size_t used, at = walk(text, len, skipped, &used);

	if (used == skipped || at == len)
		return at;
	size_t n = utf8_sequence(text + at, len - at);
	at += n > 0 ? n : 1;
	return at + walk(text + at, len - at, 0, &used);
}

void
display_width_cut(struct bytes *out, const char *text, size_t len, size_t columns, size_t head)
{
	static const char dots[] = "...";
	const size_t dots_width = sizeof dots - 1;

	if (display_width(text, len) <= columns) {
		bytes_add(out, text, len);
		return;
	}
	if (columns <= dots_width) {
		bytes_add(out, text, display_width_fit(text, len, columns));
		return;
	}
	size_t room = columns - dots_width, used;
	size_t first = walk(text, len, head < room ? head : room, &used);
	bytes_add(out, text, first);
	bytes_add(out, dots, dots_width);
	size_t last = first + end_of_width(text + first, len - first, room - used);
	bytes_add(out, text + last, len - last);
}
