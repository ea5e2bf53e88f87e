/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include "tool/base/display_width.h"

#include <locale.h>
#include <wchar.h>

#include "tool/base/escape.h"

/* wcwidth() goes by the locale, and the tool's is C: neither output nor messages are to depend on whose machine it is. */
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

static wchar_t
character(const unsigned char *s, size_t n)
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
	int width = wcwidth(character((const unsigned char *)sequence, n));
	(void)uselocale(before);
	/* Later than this system's tables: most of what is new there is wide. */
	return width < 0 ? 2 : (size_t)width;
}

/* How far it goes without taking more than so many columns; *used: those it takes. */
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
width_of(const char *text, size_t len)
{
	size_t used;

	(void)walk(text, len, (size_t)-1, &used);
	return used;
}

size_t
width_fitting(const char *text, size_t len, size_t columns)
{
	size_t used;

	return walk(text, len, columns, &used);
}
