/* SPDX-License-Identifier: BSD-2-Clause */
/* Quoting a word as GNU parallel does, and splitting a text that was quoted so. */
#include "config.h"
#include "tool/base/shell_quote.h"

#include <string.h>

static int
is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    c == '-' || c == '_' || c == '.' || c == '+' || c == '/';
}

/* data between two quotation marks; out may be NULL. */
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
 * Each single quote in data goes between double quotes and each text between two of them between
 * single quotes, also an empty one, but no empty text at either end.  out NULL: only count.
 * Returns the length.
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
shell_quote_word(struct bytes *out, const char *data, size_t len)
{
	(void)quote(out, data, len);
}

size_t
shell_quote_len(const char *data, size_t len)
{
	return quote(NULL, data, len);
}

/*
 * Appends the word at the beginning of text without its quotes; returns how many bytes of text it
 * takes, 0: no word.
 */
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
shell_quote_split(struct bytes *words, const char *text)
{
	struct bytes again = { 0 }; /* the words, quoted anew */
	size_t count = 0, len, from;

	for (const char *at = text;; at++) {
		from = words->len;
		if ((len = split_word(words, at)) == 0)
			break;
		shell_quote_word(&again, words->at + from, words->len - from);
		bytes_add_byte(words, '\0');
		count++;
		at += len;
		if (*at != ' ')
			break;
		bytes_add_byte(&again, ' ');
	}
	/* A shell may read other texts otherwise: quoting the words must give this text. */
	if (again.len != strlen(text) || memcmp(again.at, text, again.len) != 0)
		count = 0;
	bytes_free(&again);
	return count;
}
