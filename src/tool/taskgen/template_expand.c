/* SPDX-License-Identifier: BSD-2-Clause */
/* Putting items into a template, and how long the command line becomes by that. */
#include "config.h"
#include "tool/taskgen/template.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tool/base/shell_quote.h"
#include "tool/taskgen/template_internal.h"

struct expansion {
	const struct template *template;
	const struct item *items;
	size_t        count;
	uint64_t      seq;
	struct task  *task; /* NULL: the slot is known already */
	unsigned      slot;
	struct bytes *out;
	size_t        words;
};

static void
put_number(struct bytes *out, uint64_t number)
{
	char digits[24];

	bytes_add(out, digits, (size_t)snprintf(digits, sizeof digits, "%" PRIu64, number));
}

static void
put_item(const struct expansion *e, enum placeholder place, struct item item)
{
	item = placeholder_apply(place, item);
	if (e->template->form == TEMPLATE_QUOTED && !e->template->raw)
		shell_quote_word(e->out, item.data, item.len);
	else
		bytes_add(e->out, item.data, item.len);
}

/* Appends the part; item is for a part that stands for all items. */
static void
put_part(const struct expansion *e, const struct part *part, struct item item)
{
	switch (part->place) {
	case PLACEHOLDER_NONE:
		bytes_add(e->out, part->text.data, part->text.len);
		return;
	case PLACEHOLDER_SEQ:
		put_number(e->out, e->seq);
		return;
	case PLACEHOLDER_SLOT:
		if (e->task != NULL)
			task_slot_here(e->task);
		else
			put_number(e->out, e->slot);
		return;
	default:
		break;
	}
	if (part->position != 0) {
		size_t back = part->position < 0 ? (size_t)-part->position : 0;
		size_t nth = back == 0 ? (size_t)part->position - 1 : e->count - back;
		if (back > e->count || nth >= e->count)
			return;
		item = e->items[nth];
	}
	put_item(e, part->place, item);
}

/* Separates the texts of two items. */
static void
put_between(struct expansion *e, int own_word)
{
	bytes_add_byte(e->out, own_word ? '\0' : ' ');
	e->words += (size_t)own_word;
}

static void
put_group(struct expansion *e, const struct group *g)
{
	const struct template *t = e->template;
	int argv = template_is_argv(t);

	if (g->has_all && (g->alone || (t->context && !t->nothing))) {
		for (size_t i = 0; i < e->count; i++) {
			if (i > 0)
				put_between(e, argv);
			for (size_t p = g->first; p < g->end; p++)
				put_part(e, &t->parts[p], e->items[i]);
		}
		if (e->count == 0 && argv)
			return; /* no word */
	} else {
		for (size_t p = g->first; p < g->end; p++) {
			const struct part *part = &t->parts[p];
			if (!part_is_all(part)) {
				put_part(e, part, (struct item){ "", 0 });
				continue;
			}
			for (size_t i = 0; i < e->count; i++) {
				if (i > 0)
					put_between(e, 0);
				put_part(e, part, e->items[i]);
			}
		}
	}
	if (argv || g->behind != '\0')
		bytes_add_byte(e->out, g->behind);
	e->words += (size_t)argv;
}

static void
expand(struct expansion *e)
{
	for (size_t g = 0; g < e->template->group_count; g++)
		put_group(e, &e->template->groups[g]);
}

void
template_expand(const struct template *t, const struct item *items, size_t count, uint64_t seq,
    struct task *task)
{
	static const struct item nothing = { "", 0 };
	struct expansion e = {
		.template = t,
		.items = items,
		.count = count,
		.seq = seq,
		.task = task,
		.out = &task->words,
	};

	/* A shell text without items (--pipe) has one empty item, as in GNU parallel. */
	if (t->nothing) {
		e.count = 0;
	} else if (count == 0 && !template_is_argv(t)) {
		e.items = &nothing;
		e.count = 1;
	}
	expand(&e);
	if (!template_is_argv(t)) {
		bytes_add_byte(&task->words, '\0');
		e.words++;
	}
	task->word_count += e.words;
}

void
template_text(const struct template *t, const struct task *task, unsigned slot, struct bytes *out)
{
	struct item_list items = { 0 };
	struct expansion e = {
		.template = t,
		.count = t->nothing ? 0 : task->item_count,
		.seq = task->seq,
		.slot = slot,
		.out = out,
	};
	const char *at = task->items.at;

	for (size_t i = 0; i < task->item_count; i++) {
		item_list_add(&items, (struct item){ at, strlen(at) });
		at += strlen(at) + 1;
	}
	e.items = items.at;
	expand(&e);
	item_list_free(&items);
}

static size_t
item_size(const struct template *t, enum placeholder place, struct item item)
{
	item = placeholder_apply(place, item);
	if (t->form == TEMPLATE_QUOTED && !t->raw)
		return shell_quote_len(item.data, item.len);
	return item.len;
}

/* The length of a part that takes no item. */
static size_t
fixed_size(const struct part *part, uint64_t seq)
{
	char digits[24];

	switch (part->place) {
	case PLACEHOLDER_NONE:
		return part->text.len;
	case PLACEHOLDER_SEQ:
		return (size_t)snprintf(digits, sizeof digits, "%" PRIu64, seq);
	case PLACEHOLDER_SLOT:
		return 4; /* there are at most 4096 workers */
	default:
		return 0;
	}
}

/* Adds one group's share of template_measure(). */
static void
measure_group(const struct template *t, const struct group *g, const struct item *item,
    size_t before, uint64_t seq, struct template_size *size)
{
	int repeated = g->has_all && (t->context || g->alone);
	int whole = (item == NULL) != repeated; /* its fixed parts count now */
	size_t bytes = 0;

	/* Each item repeats the fixed parts of a repeated group; those of others count once. */
	for (size_t p = g->first; p < g->end; p++) {
		const struct part *part = &t->parts[p];
		if (whole)
			bytes += fixed_size(part, seq);
		if (item == NULL)
			continue;
		if (part_is_all(part))
			bytes += item_size(t, part->place, *item) + (!repeated && before > 0);
		else if (part->position != 0 &&
		    (repeated || part->position < 0 || (size_t)part->position == before + 1))
			bytes += item_size(t, part->place, *item);
	}
	if (whole) {
		bytes++;
		size->words++;
		if (bytes > size->longest)
			size->longest = bytes;
	} else if (bytes > 0) {
		/* This word grows with each item: the longest one grows by at most as much. */
		size->longest += bytes;
	}
	size->bytes += bytes;
}

void
template_measure(const struct template *t, const struct item *item, size_t before, uint64_t seq,
    struct template_size *size)
{
	for (size_t g = 0; g < t->group_count; g++)
		measure_group(t, &t->groups[g], item, before, seq, size);
	if (!template_is_argv(t)) {
		size->words = 1;
		size->longest = size->bytes;
	}
}
