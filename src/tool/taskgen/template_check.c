/* SPDX-License-Identifier: BSD-2-Clause */
/* Refusing placeholders that no job can fill, and what only GNU parallel knows. */
#include "config.h"
#include "tool/taskgen/template.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "tool/base/message.h"
#include "tool/taskgen/template_internal.h"

/* How many items a job has at most; 0: depends on the input. */
static size_t
items_most(const struct options *o)
{
	size_t sources = o->source_count > 0 ? o->source_count : 1;
	size_t rows = o->packing == PACK_ONE ? 1 : 0;

	if (o->colsep != NULL || o->pipe || o->insert_nothing)
		return 0;
	if (o->max_items > 0)
		rows = o->max_items;
	else if (o->max_lines > 0)
		rows = o->max_lines;
	return sources * rows;
}

static _Noreturn void
refuse(const char *word, const char *text, size_t len, const char *why)
{
	char place[128], shown[256];

	(void)message_word(place, sizeof place, text, len);
	(void)message_text(shown, sizeof shown, word);
	if (strlen(word) == len)
		fail("%s %s", place, why);
	fail("%s in %s %s", place, shown, why);
}

/* text: the brace of {n} or the like, with a number behind it. */
static void
check_number(const char *word, const char *text, size_t len, const struct options *o)
{
	size_t most = items_most(o);
	struct bytes why = { 0 };

	errno = 0;
	long n = strtol(text + 1, NULL, 10);
	if (n == 0)
		refuse(word, text, len,
		    "is no place: items are counted from 1, and from the last one backwards from "
		    "-1");
	if (errno == ERANGE || n > INT_MAX || n < -INT_MAX)
		refuse(word, text, len, "is no place: no job has as many items");
	if (most == 0 || (size_t)(n < 0 ? -n : n) <= most)
		return;
	bytes_printf(&why, "is always empty: a job has %zu item%s here", most,
	    most == 1 ? "" : "s at most");
	refuse(word, text, len, why.at);
}

static void
check_name(const char *word, const char *text, size_t len, const struct row *header)
{
	struct bytes why = { 0 };

	bytes_printf(&why, "is no column's name; the header has: ");
	for (size_t i = 0; i < header->count && why.len < 400; i++) {
		char shown[128];
		bytes_printf(&why, "%s%s", i > 0 ? ", " : "",
		    message_word(shown, sizeof shown, header->items[i].data, header->items[i].len));
	}
	refuse(word, text, len, why.at);
}

static void
check_word(const char *word, const struct options *o, const struct row *header)
{
	for (const char *text = strchr(word, '{'); text != NULL; text = strchr(text + 1, '{')) {
		const char *at = text + 1;
		size_t len;
		int is_number = isdigit((unsigned char)at[*at == '-']);
		if (template_column(header, at, o->plus, &len) != 0)
			continue;
		if (is_number)
			at += strspn(at, "-0123456789");
		else if (header != NULL && (isalpha((unsigned char)*at) || *at == '_') &&
		    (text == word || text[-1] != '$'))
			while (isalnum((unsigned char)*at) || *at == '_' || *at == '-')
				at++;
		enum placeholder place = placeholder_parse(at, o->plus, &len);
		if (at == text + 1 || !placeholder_takes_item(place))
			continue;
		len += (size_t)(at - text);
		if (is_number)
			check_number(word, text, len, o);
		else
			check_name(word, text, len, header);
	}
}

/* Whether text begins with what GNU parallel replaces with --plus, and is not replaced here. */
static int
is_unknown_plus(const char *text, size_t *len)
{
	static const char *const names[] = { "##", "0#", "0%", "choose_k", "uniq", "slot", "host",
		"sshlogin", "hgrp", "agrp" };
	size_t known;

	*len = strcspn(text, "}");
	if (*text != '{' || text[*len] != '}' || placeholder_parse(text + 1, 1, &known) != 0)
		return 0;
	++*len;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strlen(names[i]) == *len - 2 && memcmp(text + 1, names[i], *len - 2) == 0)
			return 1;
	/* {:-text} {:1} {#text} {%text} {/text/text} {^text} {,text} */
	return *len > 3 && strchr(":#%/^,", text[1]) != NULL;
}

/* {= Perl =}, from one word to another. */
static void
refuse_perl(char *const *words, size_t count)
{
	static const char why[] = "begins Perl that only GNU parallel knows: there is no Perl "
				  "here; let the command itself change the item";
	const char *begin = NULL, *word = NULL;

	for (size_t i = 0; i < count; i++)
		for (const char *at = words[i]; *at != '\0'; at++) {
			if (begin != NULL && at != begin + 1 && strncmp(at, "=}", 2) == 0)
				refuse(word, begin, 2, why);
			if (begin == NULL && strncmp(at, "{=", 2) == 0) {
				begin = at;
				word = words[i];
			}
		}
}

static void
refuse_plus(char *const *words, size_t count)
{
	size_t len;

	for (size_t i = 0; i < count; i++)
		for (const char *at = words[i]; *at != '\0'; at++)
			if (is_unknown_plus(at, &len))
				refuse(words[i], at, len, "is not known here, also with --plus");
}

void
template_refuse_foreign(char *const *words, size_t count, const struct options *o)
{
	if (o->dialect == DIALECT_XARGS)
		return;
	refuse_perl(words, count);
	if (o->plus)
		refuse_plus(words, count);
}

void
template_check(char *const *words, size_t count, const struct options *o, const struct row *header)
{
	if (o->dialect != DIALECT_NATIVE)
		return;
	for (size_t i = 0; i < count; i++)
		check_word(words[i], o, header);
}
