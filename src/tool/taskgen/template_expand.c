/* SPDX-License-Identifier: BSD-2-Clause */
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
	struct task  *task; /* NULL: a text, and slot is known */
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

/* What the part is with that item; positions count through all. */
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
		size_t nth = back == 0 ? (size_t)part->position - 1 :
		    back <= e->count   ? e->count - back :
					 e->count;
		if (nth >= e->count)
			return;
		item = e->items[nth];
	}
	put_item(e, part->place, item);
}

/* Between what two items became. */
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
	struct expansion e = { t, items, count, seq, task, 0, &task->words, 0 };

	/* As GNU parallel has it with --pipe: in its texts no item is an empty one. */
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
	struct expansion e = { t, NULL, t->nothing ? 0 : task->item_count, task->seq, NULL, slot,
		out, 0 };

	for (size_t i = 0; i < task->item_count; i++)
		item_list_add(&items, i == 0 ? task_item(task, 0) :
		    (struct item){ items.at[i - 1].data + items.at[i - 1].len + 1,
		    strlen(items.at[i - 1].data + items.at[i - 1].len + 1) });
	e.items = items.at;
	expand(&e);
	item_list_free(&items);
}

static size_t
item_size(const struct template *t, enum placeholder place, struct item item)
{
	item = placeholder_apply(place, item);
	return t->form == TEMPLATE_QUOTED && !t->raw ? shell_quote_len(item.data, item.len) : item.len;
}

/* How long the part is without items. */
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

static void
longest(struct template_size *size, size_t bytes)
{
	if (bytes > size->longest)
		size->longest = bytes;
}

static void
measure_group(const struct template *t, const struct group *g, const struct item *item,
    size_t before, uint64_t seq, struct template_size *size)
{
	int repeated = g->has_all && (t->context || g->alone);
	size_t bytes = 0;

	/* The first item takes a repeated group as a whole, or nothing does. */
	for (size_t p = g->first; p < g->end; p++) {
		const struct part *part = &t->parts[p];
		if ((item == NULL) != repeated)
			bytes += fixed_size(part, seq);
		if (item != NULL && part_is_all(part))
			bytes +=
			    item_size(t, part->place, *item) + (!repeated && before > 0 ? 1 : 0);
		else if (item != NULL &&
		    (repeated || part->position < 0 || (size_t)part->position == before + 1) &&
		    part->position != 0)
			bytes += item_size(t, part->place, *item);
	}
	if ((item == NULL) != repeated) {
		bytes++;
		size->words++;
		longest(size, bytes);
	} else if (bytes > 0) {
		/* It grows with each item: no word is longer than the longest and all that was added so. */
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
