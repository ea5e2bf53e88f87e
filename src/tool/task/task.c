/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes, copies and frees tasks, fills in {%}, and writes commands as a shell would take them. */
#include "config.h"
#include "tool/task/task.h"

#include <stdlib.h>
#include <string.h>

#include "tool/base/shell_escape.h"
#include "tool/base/shell_quote.h"

/* Freed tasks are kept with their buffers: after its first jobs a run allocates no more. */
#define SPARE_TASKS 4096
#define SPARE_ROOM  (64 * 1024) /* larger buffers are freed */

static struct task_list spare = TAILQ_HEAD_INITIALIZER(spare);
static size_t spare_count;

void
item_list_add(struct item_list *list, struct item item)
{
	if (list->count == list->room) {
		size_t room = list->room == 0 ? 16 : list->room * 2;
		struct item *at = reallocarray(list->at, room, sizeof *at);
		if (at == NULL)
			fail_memory();
		list->at = at;
		list->room = room;
	}
	list->at[list->count++] = item;
}

void
item_list_free(struct item_list *list)
{
	free(list->at);
	*list = (struct item_list){ 0 };
}

struct task *
task_new(void)
{
	struct task *task = TAILQ_FIRST(&spare);

	if (task != NULL) {
		TAILQ_REMOVE(&spare, task, link);
		spare_count--;
		return task;
	}
	task = calloc(1, sizeof *task);
	if (task == NULL)
		fail_memory();
	return task;
}

static void
spare_bytes(struct bytes *b)
{
	if (b->room > SPARE_ROOM)
		bytes_free(b);
	bytes_clear(b);
}

void
task_free(struct task *task)
{
	if (task == NULL)
		return;
	if (spare_count == SPARE_TASKS) {
		bytes_free(&task->items);
		bytes_free(&task->words);
		bytes_free(&task->input);
		bytes_free(&task->tag);
		bytes_free(&task->earlier);
		free(task->slot_at);
		free(task);
		return;
	}
	spare_bytes(&task->items);
	spare_bytes(&task->words);
	spare_bytes(&task->input);
	spare_bytes(&task->tag);
	spare_bytes(&task->earlier);
	*task = (struct task){ .items = task->items, .words = task->words,
	    .input = task->input, .tag = task->tag, .earlier = task->earlier,
	    .slot_at = task->slot_at, .slot_room = task->slot_room };
	TAILQ_INSERT_HEAD(&spare, task, link);
	spare_count++;
}

struct task *
task_copy(const struct task *from)
{
	struct task *task = task_new(), kept = *task;

	*task = *from;
	task->items = kept.items;
	task->words = kept.words;
	task->input = kept.input;
	task->tag = kept.tag;
	task->earlier = kept.earlier;
	task->slot_at = kept.slot_at;
	task->slot_room = kept.slot_room;
	task->slot_count = 0;
	bytes_add(&task->items, from->items.at, from->items.len);
	bytes_add(&task->input, from->input.at, from->input.len);
	bytes_add(&task->tag, from->tag.at, from->tag.len);
	for (size_t i = 0, done = 0; i <= from->slot_count; i++) {
		size_t to = i < from->slot_count ? from->slot_at[i] : from->words.len;
		bytes_add(&task->words, from->words.at + done, to - done);
		done = to;
		if (i < from->slot_count)
			task_slot_here(task);
	}
	return task;
}

void
task_slot_here(struct task *task)
{
	if (task->slot_count == task->slot_room) {
		size_t room = task->slot_room == 0 ? 4 : task->slot_room * 2;
		size_t *at = reallocarray(task->slot_at, room, sizeof *at);
		if (at == NULL)
			fail_memory();
		task->slot_at = at;
		task->slot_room = room;
	}
	task->slot_at[task->slot_count++] = task->words.len;
}

void
task_slot_fill(struct task *task, unsigned slot)
{
	struct bytes filled = { 0 };
	size_t done = 0;

	if (task->slot_count == 0)
		return;
	for (size_t i = 0; i < task->slot_count; i++) {
		bytes_add(&filled, task->words.at + done, task->slot_at[i] - done);
		bytes_printf(&filled, "%u", slot);
		done = task->slot_at[i];
	}
	bytes_add(&filled, task->words.at + done, task->words.len - done);
	bytes_free(&task->words);
	task->words = filled;
	task->slot_count = 0;
}

/* A single item may have NULs in it (of a plug-in); of several, each ends at its first NUL. */
static struct item
nth(const struct bytes *from, size_t count, size_t i)
{
	const char *at = from->at, *end = from->at + from->len;

	if (i >= count)
		return (struct item){ NULL, 0 };
	if (count == 1)
		return (struct item){ at,
			from->len > 0 && end[-1] == '\0' ? from->len - 1 : from->len };
	for (; i > 0; i--)
		at += strlen(at) + 1;
	return (struct item){ at, strlen(at) };
}

struct item
task_item(const struct task *task, size_t i)
{
	return nth(&task->items, task->item_count, i);
}

struct item
task_word(const struct task *task, size_t i)
{
	return nth(&task->words, task->word_count, i);
}

static void
command_write(const struct task *task, int shell, struct bytes *out,
    void (*word_write)(struct bytes *, const char *, size_t))
{
	const char *at = task->words.at;

	if ((shell || task->is_text) && task->word_count == 3) {
		struct item text = task_word(task, 2);
		bytes_add(out, text.data, text.len);
		return;
	}
	for (size_t i = 0; i < task->word_count; i++) {
		size_t len = task->word_count == 1 ? task_word(task, 0).len : strlen(at);
		if (i > 0)
			bytes_add_byte(out, ' ');
		word_write(out, at, len);
		at += len + 1;
	}
}

void
task_command_text(const struct task *task, int shell, struct bytes *out)
{
	command_write(task, shell, out, shell_quote_word);
}

void
task_command_line(const struct task *task, int shell, struct bytes *out)
{
	command_write(task, shell, out, shell_escape_word);
}
