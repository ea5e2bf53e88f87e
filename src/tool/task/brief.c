/* SPDX-License-Identifier: BSD-2-Clause */
/* Which parts of a task a line has room for. */
#include "config.h"
#include "tool/task/brief.h"

#include <string.h>

#include "tool/base/display_width.h"
#include "tool/base/escape.h"
#include "tool/base/shell_quote.h"

/* How many bytes of a text are kept at each end, and the most columns that are made of them. */
#define END_KEPT    2048
#define COLUMNS_MAX 1024
/* An escape of one byte has at most four. */
#define ESCAPED_MAX (4 * 2 * (END_KEPT + 8))
/* Fewer columns of a command's beginning tell nothing. */
#define BEGINNING_LEAST 8

/* The words of a task of --shell: sh -c SCRIPT sh ITEM... */
enum { SCRIPT = 2, ITEMS = 4 };

static int
is_inside_character(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

static void
ends_keep(struct bytes *b)
{
	static const char dots[] = "...";
	size_t begin = END_KEPT, end = b->len - END_KEPT;

	if (b->len <= 2 * END_KEPT + sizeof dots)
		return;
	while (begin > END_KEPT - 3 && is_inside_character(b->at[begin]))
		begin--;
	while (end < b->len - END_KEPT + 3 && is_inside_character(b->at[end]))
		end++;
	memcpy(b->at + begin, dots, sizeof dots - 1);
	memmove(b->at + begin + sizeof dots - 1, b->at + end, b->len - end + 1);
	b->len = begin + sizeof dots - 1 + b->len - end;
}

static void
items_set(struct bytes *out, const struct task *task)
{
	const char *at = task->items.at;

	bytes_clear(out);
	for (size_t i = 0; i < task->item_count; i++) {
		size_t len = task->item_count == 1 ? task_item(task, 0).len : strlen(at);
		if (i > 0)
			bytes_add_byte(out, ' ');
		shell_quote_word(out, at, len);
		at += len + 1;
	}
	ends_keep(out);
}

void
brief_of(struct brief *b, const struct task *task, int shell)
{
	items_set(&b->items, task);
	b->is_apart = task->items_apart;
	bytes_clear(&b->command);
	if (shell && task->items_apart && task->word_count >= ITEMS) {
		const struct item script = task_word(task, SCRIPT);
		bytes_add(&b->command, script.data, script.len);
	} else {
		task_command_text(task, shell, &b->command);
	}
	ends_keep(&b->command);
}

void
brief_free(struct brief *b)
{
	bytes_free(&b->items);
	bytes_free(&b->command);
}

static int
items_are_all(const struct brief *b)
{
	return b->items.len == 0 ||
	    (b->items.len == b->command.len &&
		memcmp(b->items.at, b->command.at, b->items.len) == 0);
}

void
brief_add(const struct brief *b, size_t columns, struct bytes *out)
{
	char command[ESCAPED_MAX], items[ESCAPED_MAX];
	const char *text = b->command.at != NULL ? b->command.at : "";
	size_t len = escape_text(command, sizeof command, text, b->command.len);
	size_t width = display_width(command, len);

	columns = columns < COLUMNS_MAX ? columns : COLUMNS_MAX;
	if (items_are_all(b) || (!b->is_apart && width <= columns)) {
		display_width_cut(out, command, len, columns, columns / 4);
		return;
	}
	size_t items_len = escape_text(items, sizeof items, b->items.at, b->items.len);
	size_t items_width = display_width(items, items_len);
	display_width_cut(out, items, items_len, columns, columns / 4);
	if (items_width >= columns)
		return;
	size_t room = columns - items_width, least = width < BEGINNING_LEAST ? width :
									       BEGINNING_LEAST;
	if (len == 0 || room < 2 + least)
		return;
	bytes_add_text(out, ": ");
	display_width_cut(out, command, len, room - 2, room);
}
