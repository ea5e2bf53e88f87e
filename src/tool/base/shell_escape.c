/* SPDX-License-Identifier: BSD-2-Clause */
/* Choosing between no quotes, '...', "..." around an apostrophe, and pieces of $'...'. */
#include "config.h"
#include "tool/base/shell_escape.h"

#include <string.h>

#include "tool/base/escape.h"

/* Whether a shell could take that byte of a word for more than itself. */
static int
is_special(const char *data, size_t len, size_t at)
{
	switch (data[at]) {
	case '\0':
		return 1;
	case '#':
	case '~':
		return at == 0;
	case '{':
	case '}':
		return len == 1;
	default:
		return strchr(" !\"$&'()*;<=>?[\\^`|", data[at]) != NULL;
	}
}

/* Whether it means itself between double quotes too. */
static int
is_plain_in_double(const char *data, size_t at)
{
	if (data[at] == '#' || data[at] == '~')
		return at == 0;
	return data[at] != '\0' && strchr("!\"$&()*;<=>?[\\^`{|}", data[at]) == NULL;
}

static void
escape_byte(struct bytes *out, char c)
{
	static const char named[] = "\a\b\t\n\v\f\r", names[] = "abtnvfr";
	const char *at = c == '\0' ? NULL : strchr(named, c);

	if (at != NULL)
		bytes_printf(out, "\\%c", names[at - named]);
	else
		bytes_printf(out, "\\%03o", (unsigned)(unsigned char)c);
}

/* Between single quotes, which each apostrophe and each row of escapes interrupts. */
static void
quote(struct bytes *out, const char *data, size_t len)
{
	int escaping = 0;

	bytes_add_byte(out, '\'');
	for (size_t i = 0; i < len;) {
		size_t n = printable_sequence(data + i, len - i);
		if (n == 0) {
			if (!escaping)
				bytes_add_text(out, "'$'");
			escaping = 1;
			escape_byte(out, data[i++]);
			continue;
		}
		if (data[i] == '\'') {
			bytes_add_text(out, "'\\''");
		} else {
			if (escaping)
				bytes_add_text(out, "''");
			bytes_add(out, data + i, n);
		}
		escaping = 0;
		i += n;
	}
	bytes_add_byte(out, '\'');
}

void
shell_escape_word(struct bytes *out, const char *data, size_t len)
{
	int plain = len > 0, apostrophe = 0, plain_in_double = 1;

	for (size_t i = 0, n; i < len; i += n) {
		n = printable_sequence(data + i, len - i);
		apostrophe |= data[i] == '\'';
		plain &= n > 0 && !is_special(data, len, i);
		plain_in_double &= n > 0 && is_plain_in_double(data, i);
		n = n > 0 ? n : 1;
	}
	if (plain) {
		bytes_add(out, data, len);
	} else if (apostrophe && plain_in_double) {
		bytes_add_byte(out, '"');
		bytes_add(out, data, len);
		bytes_add_byte(out, '"');
	} else {
		quote(out, data, len);
	}
}
