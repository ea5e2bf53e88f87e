/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include "tool/base/shell_quote.h"

#include <string.h>

static int
is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    c == '-' || c == '_' || c == '.' || c == '+' || c == '/';
}

static size_t
put(struct bytes *out, const char *mark, const char *data, size_t len)
{
	if (out != NULL) {
		bytes_add(out, mark, 1);
		bytes_add(out, data, len);
		bytes_add(out, mark, 1);
	}
	return len + 2;
}

/*
 * What stands between single quotes in single quotes, even if that is nothing, but for nothing at either end; and each single
 * quote in double ones.  With out NULL only the length is counted.
 */
static size_t
quote(struct bytes *out, const char *data, size_t len)
{
	size_t from = 0, total = 0;

	while (from < len && is_plain(data[from]))
		from++;
	if (from == len && len > 0) {
		if (out != NULL)
			bytes_add(out, data, len);
		return len;
	}
	for (from = 0;; from++) {
		size_t to = from;
		while (to < len && data[to] != '\'')
			to++;
		if (to > from || (from > 0 && to < len) || len == 0)
			total += put(out, "'", data + from, to - from);
		if (to == len)
			return total;
		total += put(out, "\"", "'", 1);
		from = to;
	}
}

void
quote_word(struct bytes *out, const char *data, size_t len)
{
	(void)quote(out, data, len);
}

size_t
quote_len(const char *data, size_t len)
{
	return quote(NULL, data, len);
}

/* A word that quote_word() has made, or one that it could: how long it is, 0 where it is none. */
static size_t
split_word(struct bytes *words, const char *text)
{
	const char *at = text;

	while (is_plain(*at) || *at == '\'' || *at == '"') {
		const char *end = at;
		if (is_plain(*at)) {
			while (is_plain(*end))
				end++;
			bytes_add(words, at, (size_t)(end - at));
			at = end;
			continue;
		}
		if ((end = strchr(at + 1, *at)) == NULL)
			return 0;
		bytes_add(words, at + 1, (size_t)(end - at - 1));
		at = end + 1;
	}
	return (size_t)(at - text);
}

size_t
quote_split(struct bytes *words, const char *text)
{
	struct bytes again = { 0 };
	size_t count = 0, len, from;

	for (const char *at = text;; at++) {
		from = words->len;
		if ((len = split_word(words, at)) == 0)
			break;
		quote_word(&again, words->at + from, words->len - from);
		bytes_add_byte(words, '\0');
		count++;
		at += len;
		if (*at != ' ')
			break;
		bytes_add_byte(&again, ' ');
	}
	/* Whatever else a shell makes of a text, this one is as it is written here. */
	if (again.len != strlen(text) || memcmp(again.at, text, again.len) != 0)
		count = 0;
	bytes_free(&again);
	return count;
}
