/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include "tool/taskgen/task_builder.h"

#include <stdlib.h>
#include <string.h>

#include "tool/base/checksum.h"

struct task_builder {
	const struct options *options;
	struct template *command; /* NULL: a plug-in's functions take the item as it is */
	struct template *tag;
	const char      *shell;   /* GNU parallel's way: it runs the command's one text */
	struct bytes     text;    /* --shell: what stands behind sh -c */
};

#define WORD(text) ((char *)(uintptr_t)(text))

static struct template *
parse_shell(struct task_builder *m)
{
	const struct options *o = m->options;
	char *words[] = { WORD("sh"), WORD("-c"), NULL, WORD("sh") };

	for (size_t i = 0; i < o->command_count; i++) {
		if (i > 0)
			bytes_add_byte(&m->text, ' ');
		bytes_add_text(&m->text, o->command[i]);
	}
	words[2] = m->text.at;
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
parse_command(struct task_builder *m, const struct row *header)
{
	const struct options *o = m->options;
	char *echo[] = { WORD("echo") };

	switch (o->dialect) {
	case DIALECT_PARALLEL:
		if (!o->shell) /* -q */
			break;
		m->shell = task_builder_shell();
		return template_parse(o->command, o->command_count, TEMPLATE_QUOTED, o, header,
		    !o->pipe);
	case DIALECT_XARGS:
		/* The command itself has no place. */
		return template_parse(o->command_count > 0 ? o->command : echo,
		    o->command_count > 0 ? o->command_count : 1,
		    o->replace_given ? TEMPLATE_ARGUMENTS : TEMPLATE_LITERAL, o, NULL,
		    !o->replace_given);
	default:
		break;
	}
	if (o->shell)
		return parse_shell(m);
	return template_parse(o->command, o->command_count, TEMPLATE_WORDS, o, header, !o->pipe);
}

struct task_builder *
task_builder_open(const struct options *options, const struct row *header)
{
	struct task_builder *m = calloc(1, sizeof *m);

	if (m == NULL)
		fail_memory();
	m->options = options;
	/* All that have places, --results as well: it is expanded only when a job has ended. */
	if (options->plugin_file == NULL && !options->shell)
		template_check(options->command, options->command_count, options, header);
	if (options->tag_string != NULL)
		template_check(&m->options->tag_string, 1, options, header);
	if (options->results != NULL)
		template_check(&m->options->results, 1, options, header);
	if (options->plugin_file == NULL)
		m->command = parse_command(m, header);
	if (options->tag_string != NULL)
		m->tag =
		    template_parse(&m->options->tag_string, 1, TEMPLATE_PLAIN, options, header, 0);
	return m;
}

void
task_builder_close(struct task_builder *m)
{
	if (m == NULL)
		return;
	template_free(m->command);
	template_free(m->tag);
	bytes_free(&m->text);
	free(m);
}

/* What --tag puts before a line: the items with blanks between them; and a tab behind that or --tagstring's text. */
static void
put_tag(const struct task_builder *m, const struct item *items, size_t count, struct task *task)
{
	if (m->tag != NULL) {
		template_text(m->tag, task, 0, &task->tag);
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
task_builder_build(const struct task_builder *m, const struct item *items, size_t count, uint64_t seq)
{
	const struct options *o = m->options;
	struct task *task = task_new();

	task->seq = seq;
	task->item_count = count;
	for (size_t i = 0; i < count; i++) {
		bytes_add(&task->items, items[i].data, items[i].len);
		bytes_add_byte(&task->items, '\0');
	}
	if (m->command == NULL) {
		for (size_t i = 0; i < count; i++) {
			if (i > 0)
				bytes_add_byte(&task->words, (char)o->separator);
			bytes_add(&task->words, items[i].data, items[i].len);
		}
		task->word_count = 1;
	} else {
		if (m->shell != NULL) {
			bytes_add(&task->words, m->shell, strlen(m->shell) + 1);
			bytes_add(&task->words, "-c", sizeof "-c");
			task->word_count = 2;
		}
		template_expand(m->command, items, count, seq, task);
	}
	if (o->tag || o->tag_string != NULL)
		put_tag(m, items, count, task);
	if (o->journal != NULL) {
		task->hash = checksum_hash(CHECKSUM_HASH_START, task->words.at, task->words.len);
		task->hash = checksum_hash(task->hash, task->items.at, task->items.len);
	}
	return task;
}

void
task_builder_measure(const struct task_builder *m, const struct item *item, size_t before, uint64_t seq,
    struct template_size *size)
{
	if (m->command != NULL) {
		template_measure(m->command, item, before, seq, size);
	} else if (item != NULL) {
		size->bytes += item->len + 1;
		size->words = 1;
		size->longest = size->bytes;
	}
}
