/* SPDX-License-Identifier: BSD-2-Clause */
/* Making a task of its items: its words, its tag, its hash. */
#include "config.h"
#include "tool/taskgen/task_builder.h"

#include <stdlib.h>
#include <string.h>

#include "tool/base/checksum.h"

struct task_builder {
	const struct options *options;
	struct template *command; /* NULL: a plug-in's functions take the item as it is */
	struct template *tag;
	struct template *input;   /* --stdin-from */
	const char      *shell;   /* as in GNU parallel: it runs the command, which is one text */
	struct bytes     text;    /* --shell: the argument of sh -c */
	int              apart;   /* the command has no item in it */
};

#define WORD(text) ((char *)(uintptr_t)(text))

static struct template *
parse_shell(struct task_builder *b)
{
	const struct options *o = b->options;
	char *words[] = { WORD("sh"), WORD("-c"), NULL, WORD("sh") };

	for (size_t i = 0; i < o->command_count; i++) {
		if (i > 0)
			bytes_add_byte(&b->text, ' ');
		bytes_add_text(&b->text, o->command[i]);
	}
	words[2] = b->text.at;
	return template_parse(words, 4, TEMPLATE_LITERAL, o, NULL, !o->pipe);
}

const char *
task_builder_shell(void)
{
	const char *shell = getenv("PARALLEL_SHELL");

	if (shell == NULL || *shell == '\0')
		shell = getenv("SHELL");
	return shell == NULL || *shell == '\0' ? "/bin/sh" : shell;
}

static struct template *
parse_command(struct task_builder *b, const struct row *header)
{
	const struct options *o = b->options;
	char *echo[] = { WORD("echo") };
	/* An item that has its place in --stdin-from is not put at the command's end as well. */
	const int add_items = !o->pipe && (b->input == NULL || !template_has_place(b->input));

	switch (o->dialect) {
	case DIALECT_PARALLEL:
		if (!o->shell) /* -q */
			break;
		b->shell = task_builder_shell();
		return template_parse(o->command, o->command_count, TEMPLATE_QUOTED, o, header,
		    add_items);
	case DIALECT_XARGS:
		/* No placeholder is replaced in the command's own name. */
		return template_parse(o->command_count > 0 ? o->command : echo,
		    o->command_count > 0 ? o->command_count : 1,
		    o->replace_given ? TEMPLATE_ARGUMENTS : TEMPLATE_LITERAL, o, NULL,
		    !o->replace_given);
	default:
		break;
	}
	if (o->shell)
		return parse_shell(b);
	return template_parse(o->command, o->command_count, TEMPLATE_WORDS, o, header, add_items);
}

/* text: NULL: there is none. */
static void
text_check(char *text, const struct options *options, const struct row *header)
{
	if (text == NULL)
		return;
	template_refuse_foreign(&text, 1, options);
	template_check(&text, 1, options, header);
}

struct task_builder *
task_builder_open(const struct options *options, const struct row *header)
{
	struct task_builder *b = calloc(1, sizeof *b);

	if (b == NULL)
		fail_memory();
	b->options = options;
	/* --results too, though it is expanded later: errors come before any job runs. */
	if (options->plugin_file == NULL)
		template_refuse_foreign(options->command, options->command_count, options);
	if (options->plugin_file == NULL && !options->shell)
		template_check(options->command, options->command_count, options, header);
	text_check(options->tag_string, options, header);
	text_check(options->stdin_from, options, header);
	text_check(options->results, options, header);
	if (options->stdin_from != NULL)
		b->input = template_parse(&options->stdin_from, 1, TEMPLATE_PLAIN, options, header,
		    0);
	if (options->plugin_file == NULL)
		b->command = parse_command(b, header);
	b->apart = b->command != NULL &&
	    (b->text.len > 0 || !template_takes_items(b->command));
	if (options->tag_string != NULL)
		b->tag = template_parse(&options->tag_string, 1, TEMPLATE_PLAIN, options, header,
		    0);
	return b;
}

void
task_builder_close(struct task_builder *b)
{
	if (b == NULL)
		return;
	template_free(b->command);
	template_free(b->tag);
	template_free(b->input);
	bytes_free(&b->text);
	free(b);
}

/* The tag: the items with blanks between them, or --tagstring's text; and a tab. */
static void
put_tag(const struct task_builder *b, const struct item *items, size_t count, struct task *task)
{
	if (b->tag != NULL) {
		template_text(b->tag, task, 0, &task->tag);
	} else {
		for (size_t i = 0; i < count; i++) {
			if (i > 0)
				bytes_add_byte(&task->tag, ' ');
			bytes_add(&task->tag, items[i].data, items[i].len);
		}
	}
	bytes_add_byte(&task->tag, '\t');
}

struct task *
task_builder_build(const struct task_builder *b, const struct item *items, size_t count,
    uint64_t seq)
{
	const struct options *o = b->options;
	struct task *task = task_new();

	task->seq = seq;
	task->item_count = count;
	task->items_apart = b->apart;
	for (size_t i = 0; i < count; i++) {
		bytes_add(&task->items, items[i].data, items[i].len);
		bytes_add_byte(&task->items, '\0');
	}
	if (b->command == NULL) {
		for (size_t i = 0; i < count; i++) {
			if (i > 0)
				bytes_add_byte(&task->words, (char)o->separator);
			bytes_add(&task->words, items[i].data, items[i].len);
		}
		task->word_count = 1;
	} else {
		if (b->shell != NULL) {
			bytes_add(&task->words, b->shell, strlen(b->shell) + 1);
			bytes_add(&task->words, "-c", sizeof "-c");
			task->word_count = 2;
		}
		template_expand(b->command, items, count, seq, task);
	}
	if (o->tag || o->tag_string != NULL)
		put_tag(b, items, count, task);
	if (b->input != NULL) {
		template_text(b->input, task, 0, &task->input);
		bytes_add_byte(&task->input, '\0');
	}
	if (o->journal != NULL) {
		task->hash = checksum_hash(CHECKSUM_HASH_START, task->words.at, task->words.len);
		task->hash = checksum_hash(task->hash, task->items.at, task->items.len);
		task->hash = checksum_hash(task->hash, task->input.at, task->input.len);
	}
	return task;
}

void
task_builder_measure(const struct task_builder *b, const struct item *item, size_t before,
    uint64_t seq, struct template_size *size)
{
	if (b->command != NULL) {
		template_measure(b->command, item, before, seq, size);
	} else if (item != NULL) {
		size->bytes += item->len + 1;
		size->words = 1;
		size->longest = size->bytes;
	}
}
