/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of runs, jobs and programs, made of the options and of a job's words and items. */
#include "config.h"
#include "tool/records/record_name.h"

#include <string.h>

#include "tool/base/escape.h"
#include "tool/base/shell_quote.h"

void
record_run_name(const struct options *o, struct bytes *name)
{
	if (o->plugin_file != NULL)
		bytes_printf(name, "--plugin %s:%s", o->plugin_file,
		    o->plugin_functions != NULL ? o->plugin_functions : "");
	for (size_t i = 0; i < o->command_count; i++) {
		if (i > 0)
			bytes_add_byte(name, ' ');
		/* With --shell the command is a text; and {} reads better without quotes. */
		const char *word = o->command[i];
		int is_template = strchr(word, '{') != NULL &&
		    strpbrk(word, " \t\n'\"\\$`*?;&|<>()") == NULL;
		if (o->shell || is_template)
			bytes_add_text(name, word);
		else
			shell_quote_word(name, word, strlen(word));
	}
}

int
record_named_by_items(const struct task *task)
{
	for (size_t i = 0; i < task->item_count; i++)
		if (task_item(task, i).len > 0)
			return 1;
	return 0;
}

size_t
record_job_name(char *buffer, size_t size, const struct task *task, const char *command, size_t len)
{
	struct bytes items = { 0 };

	if (!record_named_by_items(task))
		return escape_text(buffer, size, command, len);
	/* More would not be shown. */
	for (size_t i = 0; i < task->item_count && items.len < size; i++) {
		struct item item = task_item(task, i);
		if (i > 0)
			bytes_add_byte(&items, ' ');
		bytes_add(&items, item.data, item.len);
	}
	len = escape_text(buffer, size, items.at, items.len);
	bytes_free(&items);
	return len;
}

/* The n-th of the functions, whose names have commas between them. */
static struct item
function_name(const char *names, uint64_t n)
{
	for (; n > 0; n--)
		names += strcspn(names, ",") + 1;
	return (struct item){ names, strcspn(names, ",") };
}

static uint64_t
function_count(const char *names)
{
	uint64_t count = 1;

	for (; *names != '\0'; names++)
		count += *names == ',';
	return count;
}

void
record_program_name(const struct options *o, const struct task *task, struct bytes *name)
{
	struct item program = task_word(task, 0);

	if (o->plugin_file != NULL) {
		const char *names = o->plugin_functions != NULL ? o->plugin_functions : "";
		program = function_name(names, (task->seq - 1) % function_count(names));
	} else if ((o->shell || task->is_text) && task->word_count >= 3) {
		/* The first word of the text, which is a path or the shell's own. */
		struct item text = task_word(task, 2);
		size_t blank = strspn(text.data, " \t\n");
		size_t len = strcspn(text.data + blank, " \t\n;|&<>()");
		if (len > 0)
			program = (struct item){ text.data + blank, len };
	}
	const char *slash = program.len > 0 ? memrchr(program.data, '/', program.len) : NULL;
	if (slash != NULL) {
		program.len -= (size_t)(slash + 1 - program.data);
		program.data = slash + 1;
	}
	bytes_add(name, program.data, program.len);
}
