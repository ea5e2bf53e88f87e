/* SPDX-License-Identifier: BSD-2-Clause */
/* Splitting at a plain text with memmem(), at anything else with regexec(). */
#include "config.h"
#include "tool/items/columns.h"

#include <ctype.h>
#include <regex.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tool/base/message.h"
#include "tool/items/white_space.h"

struct columns {
	struct bytes text; /* the separator, where the pattern is a plain text */
	int     plain;
	regex_t regex;
};

/* Whether the pattern matches one text only, which is appended to text. */
static int
is_plain(const char *pattern, struct bytes *text)
{
	for (const char *at = pattern; *at != '\0'; at++) {
		if (*at == '\\' && ispunct((unsigned char)at[1]))
			at++;
		else if (strchr("\\.[*+?()|{}^$", *at) != NULL)
			return 0;
		bytes_add_byte(text, *at);
	}
	return text->len > 0;
}

struct columns *
columns_open(const char *pattern)
{
	struct columns *c = calloc(1, sizeof *c);

	if (c == NULL)
		fail_memory();
	c->plain = is_plain(pattern, &c->text);
	if (!c->plain && regcomp(&c->regex, pattern, REG_EXTENDED) != 0)
		fail("--colsep: not an extended regular expression");
	return c;
}

void
columns_close(struct columns *c)
{
	if (c == NULL)
		return;
	if (!c->plain)
		regfree(&c->regex);
	bytes_free(&c->text);
	free(c);
}

static struct item
trim(struct item item)
{
	while (item.len > 0 && is_white_space(item.data[0])) {
		item.data++;
		item.len--;
	}
	while (item.len > 0 && is_white_space(item.data[item.len - 1]))
		item.len--;
	return item;
}

/* The first match of the expression from there on, in bytes of rest; false: there is none. */
static bool
match_from(const struct columns *c, struct item rest, size_t from, int flags, regmatch_t *match)
{
#ifdef REG_STARTEND
	*match = (regmatch_t){ .rm_so = (regoff_t)from, .rm_eo = (regoff_t)rest.len };
	return regexec(&c->regex, rest.data, 1, match, flags | REG_STARTEND) == 0;
#else
	/* A copy, since no NUL ends an item; what stands behind a NUL in it is not searched. */
	char *text = malloc(rest.len - from + 1);
	if (text == NULL)
		fail_memory();
	memcpy(text, rest.data + from, rest.len - from);
	text[rest.len - from] = '\0';
	bool found = regexec(&c->regex, text, 1, match, flags) == 0;
	free(text);
	match->rm_so += (regoff_t)from;
	match->rm_eo += (regoff_t)from;
	return found;
#endif
}

/*
 * Finds the first separator in rest; returns 0 where there is none.  An empty match counts from the
 * second byte on, as in Perl's split.  begun: rest is not the beginning of the item.
 */
static int
find(const struct columns *c, struct item rest, int begun, size_t *at, size_t *len)
{
	if (c->plain) {
		const char *found = memmem(rest.data, rest.len, c->text.at, c->text.len);
		*at = found == NULL ? 0 : (size_t)(found - rest.data);
		*len = c->text.len;
		return found != NULL;
	}
	for (size_t from = 0; from <= rest.len; from++) {
		regmatch_t match;
		if (!match_from(c, rest, from, begun || from > 0 ? REG_NOTBOL : 0, &match))
			return 0;
		*at = (size_t)match.rm_so;
		*len = (size_t)(match.rm_eo - match.rm_so);
		if (*len > 0 || (*at > 0 && *at < rest.len))
			return 1;
		from = *at; /* an empty match at the beginning or the end: search behind it */
	}
	return 0;
}

void
columns_split(const struct columns *c, struct item item, struct item_list *list)
{
	size_t at, len;

	for (int begun = 0; find(c, item, begun, &at, &len); begun = 1) {
		item_list_add(list, trim((struct item){ item.data, at }));
		item.data += at + len;
		item.len -= at + len;
	}
	item_list_add(list, trim(item));
}
