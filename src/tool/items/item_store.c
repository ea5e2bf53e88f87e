/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies of items, one behind the other in one buffer. */
#include "config.h"
#include "tool/items/item_store.h"

#include <string.h>

void
item_store_add(struct item_store *s, struct item item)
{
	item_list_add(&s->items, (struct item){ NULL, item.len });
	bytes_add(&s->text, item.data, item.len);
	bytes_add_byte(&s->text, '\0');
}

const struct item *
item_store_items(struct item_store *s)
{
	const char *at = s->text.at;

	for (size_t i = 0; i < s->items.count; i++) {
		s->items.at[i].data = at;
		at += s->items.at[i].len + 1;
	}
	return s->items.at;
}

void
item_store_drop(struct item_store *s, size_t count)
{
	size_t bytes = 0;

	if (count == 0)
		return;
	for (size_t i = 0; i < count; i++)
		bytes += s->items.at[i].len + 1;
	s->text.len -= bytes;
	memmove(s->text.at, s->text.at + bytes, s->text.len);
	s->items.count -= count;
	memmove(s->items.at, s->items.at + count, s->items.count * sizeof *s->items.at);
}

void
item_store_free(struct item_store *s)
{
	bytes_free(&s->text);
	item_list_free(&s->items);
}
