/* SPDX-License-Identifier: BSD-2-Clause */
/* Parsing a command into groups of texts and placeholders. */
#include "config.h"
#include "tool/taskgen/template.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "tool/base/array.h"
#include "tool/taskgen/template_internal.h"

static struct part *
add_part(struct template *t)
{
	t->parts = array_reserve(t->parts, t->part_count, &t->part_room, sizeof *t->parts);
	t->parts[t->part_count] = (struct part){ .place = PLACEHOLDER_NONE };
	return &t->parts[t->part_count++];
}

static void
add_literal(struct template *t, const char *from, const char *to)
{
	if (to > from)
		add_part(t)->text = (struct item){ from, (size_t)(to - from) };
}

static void
begin_group(struct template *t)
{
	t->groups = array_reserve(t->groups, t->group_count, &t->group_room, sizeof *t->groups);
	t->groups[t->group_count++] = (struct group){ .first = t->part_count };
}

static void
end_group(struct template *t, char behind)
{
	struct group *g = &t->groups[t->group_count - 1];

	g->end = t->part_count;
	g->behind = behind;
	for (size_t i = g->first; i < g->end; i++) {
		g->has_place |= t->parts[i].place != PLACEHOLDER_NONE;
		g->has_all |= part_is_all(&t->parts[i]);
	}
	g->alone = g->end == g->first + 1 && g->has_all;
	t->has_place |= g->has_place;
}

long
template_column(const struct row *header, const char *text, int plus, size_t *len)
{
	for (size_t i = 0; header != NULL && i < header->count; i++) {
		struct item name = header->items[i];
		size_t letters;
		if (name.len == 0 || strncmp(text, name.data, name.len) != 0)
			continue;
		enum placeholder place = placeholder_parse(text + name.len, plus, &letters);
		if (placeholder_takes_item(place)) {
			*len = name.len;
			return (long)i + 1;
		}
	}
	return 0;
}

/* Parses the placeholder that text begins with; its length, 0: there is none. */
static size_t
parse_place(const char *text, const struct options *o, const struct row *header, struct part *part)
{
	int replaced = o->replace_given && o->replace != NULL && *o->replace != '\0';
	const char *at = text + 1;
	size_t len = 0;

	if (replaced && strncmp(text, o->replace, strlen(o->replace)) == 0) {
		*part = (struct part){ .place = PLACEHOLDER_ITEM };
		return strlen(o->replace);
	}
	if (*text != '{' || o->dialect == DIALECT_XARGS)
		return 0;
	long position = template_column(header, at, o->plus, &len);
	at += len;
	if (position == 0 && isdigit((unsigned char)at[*at == '-'])) {
		char *behind;
		position = strtol(at, &behind, 10);
		at = behind;
	}
	enum placeholder place = placeholder_parse(at, o->plus, &len);
	if (place == PLACEHOLDER_NONE || (place >= PLACEHOLDER_SEQ && at != text + 1))
		return 0;
	/* With -I {} is ordinary text, and in GNU parallel {1} too. */
	if (replaced && place == PLACEHOLDER_ITEM &&
	    (at == text + 1 || o->dialect == DIALECT_PARALLEL))
		return 0;
	*part = (struct part){ .place = place, .position = position };
	return (size_t)(at - text) + len;
}

static void
parse_word(struct template *t, const char *text, const struct options *o, const struct row *header,
    char behind)
{
	const char *from = text;
	int is_command = t->form == TEMPLATE_ARGUMENTS && t->group_count == 0;
	int places = t->form != TEMPLATE_LITERAL && !is_command;

	begin_group(t);
	for (const char *at = text; *at != '\0';) {
		struct part part;
		size_t len = places ? parse_place(at, o, header, &part) : 0;
		if (len > 0) {
			add_literal(t, from, at);
			*add_part(t) = part;
			from = at += len;
		} else if (!template_is_argv(t) && (*at == ' ' || *at == '\t')) {
			add_literal(t, from, at);
			end_group(t, *at);
			begin_group(t);
			from = ++at;
		} else {
			at++;
		}
	}
	add_literal(t, from, from + strlen(from));
	end_group(t, behind);
}

/* Whether an item is the command or a part of its name: it is then not quoted. */
static int
item_is_command(const struct template *t)
{
	const struct group *g = &t->groups[0];

	for (size_t i = g->first; i < g->end; i++) {
		const struct item *text = &t->parts[i].text;
		if (t->parts[i].place != PLACEHOLDER_NONE)
			return 1;
		if (memchr(text->data, '=', text->len) != NULL ||
		    memchr(text->data, '\n', text->len) != NULL)
			return 0;
	}
	return 0;
}

struct template *
template_parse(char *const *words, size_t count, enum template_form form, const struct options *o,
    const struct row *header, int add_items)
{
	struct template *t = calloc(1, sizeof *t);

	if (t == NULL)
		fail_memory();
	t->form = form;
	t->context = o->repeat_word;
	t->nothing = o->insert_nothing;
	for (size_t i = 0; i < count; i++)
		parse_word(t, words[i], o, header, template_is_argv(t) ? '\0' : ' ');
	if (!t->has_place && add_items) {
		begin_group(t);
		add_part(t)->place = PLACEHOLDER_ITEM;
		end_group(t, '\0');
	}
	if (t->group_count > 0) {
		t->groups[t->group_count - 1].behind = '\0';
		t->raw = form == TEMPLATE_PLAIN || (form == TEMPLATE_QUOTED && item_is_command(t));
	}
	return t;
}

void
template_free(struct template *t)
{
	if (t == NULL)
		return;
	free(t->parts);
	free(t->groups);
	free(t);
}

int
template_has_place(const struct template *t)
{
	return t->has_place;
}

int
template_takes_items(const struct template *t)
{
	for (size_t i = 0; i < t->part_count && !t->nothing; i++)
		if (placeholder_takes_item(t->parts[i].place))
			return 1;
	return 0;
}
