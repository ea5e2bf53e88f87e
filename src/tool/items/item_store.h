/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * item_store - copies of items, which outlast the input that they were read from.
 */
#ifndef FORKPOOL_TOOL_ITEM_STORE_H
#define FORKPOOL_TOOL_ITEM_STORE_H

#include "tool/task/task.h"

struct item_store {
	struct bytes     text;  /* of all items, each followed by a NUL */
	struct item_list items; /* data is set by item_store_items() only: adding may move text */
};

void item_store_add(struct item_store *, struct item);
/* The items, items.count of them; valid until the next one is added or dropped. */
const struct item *item_store_items(struct item_store *);
/* Drops the first count items. */
void item_store_drop(struct item_store *, size_t count);
void item_store_free(struct item_store *);

#endif
