/* SPDX-License-Identifier: BSD-2-Clause */
/* The options that decide which jobs there are, hashed into one number. */
#include "config.h"
#include "tool/journal/command_key.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "tool/base/checksum.h"
#include "tool/base/message.h"

static void
add_number(uint64_t *key, int64_t number)
{
	*key = checksum_hash(*key, &number, sizeof number);
}

/* The NUL is part of the hash, so that "a" "b" differs from "ab"; and NULL differs from "". */
static void
add_text(uint64_t *key, const char *text)
{
	add_number(key, text != NULL);
	if (text != NULL)
		*key = checksum_hash(*key, text, strlen(text) + 1);
}

static void
add_words(uint64_t *key, char *const *words, size_t count)
{
	add_number(key, (int64_t)count);
	for (size_t i = 0; i < count; i++)
		add_text(key, words[i]);
}

static void
describe(const struct options *o, struct bytes *text)
{
	char word[256];

	if (o->plugin_file != NULL)
		bytes_printf(text, "--plugin %s:%s",
		    message_word(word, sizeof word, o->plugin_file, strlen(o->plugin_file)),
		    o->plugin_functions != NULL ? o->plugin_functions : "");
	for (size_t i = 0; i < o->command_count && text->len < 500; i++) {
		bytes_add_text(text, text->len > 0 ? " " : "");
		bytes_add_text(text,
		    message_word(word, sizeof word, o->command[i], strlen(o->command[i])));
	}
	if (text->len == 0)
		bytes_add_text(text, "commands from its input");
}

uint64_t
command_key(const struct options *o, struct bytes *text)
{
	uint64_t key = CHECKSUM_HASH_START;
	char directory[PATH_MAX];

	describe(o, text);
	/* In another directory a relative name is another file. */
	add_text(&key, getcwd(directory, sizeof directory));
	add_text(&key, o->directory);
	add_number(&key, o->dialect);
	add_words(&key, o->command, o->command_count);
	add_number(&key, o->shell);
	add_text(&key, o->plugin_file);
	add_text(&key, o->plugin_functions);
	add_text(&key, o->plugin_args);
	add_number(&key, (int64_t)o->source_count);
	for (size_t i = 0; i < o->source_count; i++) {
		const struct source_option *source = &o->sources[i];
		add_number(&key, source->kind);
		add_number(&key, source->linked);
		add_words(&key, source->words, source->count);
	}
	add_number(&key, o->separator);
	add_number(&key, o->xargs_quoting);
	add_text(&key, o->colsep);
	add_number(&key, o->header);
	add_text(&key, o->end_of_input);
	add_number(&key, o->pipe);
	add_number(&key, o->block);
	add_number(&key, o->packing);
	add_number(&key, (int64_t)o->max_items);
	add_number(&key, (int64_t)o->max_lines);
	add_number(&key, o->max_chars);
	add_text(&key, o->replace);
	/* These decide the order and the form of output that is published already. */
	add_number(&key, o->keep_order);
	add_number(&key, o->tag);
	add_text(&key, o->tag_string);
	add_number(&key, o->json);
	/* Only where it is given, so that journals from before there was this option stay good. */
	if (o->link)
		add_text(&key, "--link");
	if (o->plus)
		add_text(&key, "--plus");
	return key;
}
