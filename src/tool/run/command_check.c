/* SPDX-License-Identifier: BSD-2-Clause */
/* Looking for the command, and saying what is right where a line for a shell is one word. */
#include "config.h"
#include "tool/run/command_check.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "tool/base/bytes.h"
#include "tool/base/message.h"
#include "tool/exec/command.h"

static const char blanks[] = " \t\n";

/* Whether a placeholder may stand in that word, so that it differs from job to job. */
static int
may_differ(const char *word, const struct options *o)
{
	return strchr(word, '{') != NULL ||
	    (o->replace != NULL && strstr(word, o->replace) != NULL);
}

/*
 * Whether a word is a line for a shell, as GNU parallel takes it: 'gzip -9 {}', 'ls | wc'.  No file
 * has that name; or which it is differs, and it begins with a command that there is.
 */
static int
is_shell_line(const char *word, const struct options *o)
{
	if (strpbrk(word, ";|<>") != NULL || strstr(word, "&&") != NULL)
		return 1;
	if (strpbrk(word, blanks) == NULL)
		return 0;
	if (!may_differ(word, o))
		return 1;
	struct bytes first = { 0 };
	bytes_add(&first, word, strcspn(word, blanks));
	bytes_add_byte(&first, '\0');
	int is_one = !may_differ(first.at, o) && command_find(first.at) == 0;
	command_setup.path = NULL; /* of no job */
	bytes_free(&first);
	return is_one;
}

/* Whether a shell takes each blank-separated word of the text as it is. */
static int
is_plain(const char *text)
{
	for (; *text != '\0'; text++)
		if (!isalnum((unsigned char)*text) && strchr(" {}_@%+:,./-", *text) == NULL)
			return 0;
	return 1;
}

/*
 * The text for --shell that does the same: {} and {2} become "$1" and "$2", or "$1" goes at the
 * end; blocks of --pipe are no items.  0: it cannot be told, because of quotes or of {.} and the
 * like.
 */
static int
shell_text(const char *text, int plain, int has_items, struct bytes *out)
{
	int places = 0;

	if (strlen(text) > 200 || strpbrk(text, "'\"\\`\n") != NULL)
		return 0;
	while (*text != '\0') {
		size_t digits = *text == '{' ? strspn(text + 1, "123456789") : 0;
		if (*text != '{') {
			if ((unsigned char)*text < ' ' || (unsigned char)*text > '~')
				return 0;
			bytes_add_byte(out, *text++);
		} else if (digits < 2 && text[1 + digits] == '}') {
			bytes_printf(out, "\"$%c\"", digits == 0 ? '1' : text[1]);
			text += digits + 2;
			places++;
		} else {
			return 0;
		}
	}
	if (!has_items)
		return places == 0;
	/* A pipeline may want it elsewhere. */
	if (places == 0 && !plain)
		return 0;
	bytes_add_text(out, places == 0 ? " \"$1\"" : "");
	return 1;
}

static void
explain_shell_line(const struct options *o)
{
	const char *items = o->source_count > 0 ? " ::: ..." : "";
	struct bytes text = { 0 }, shell = { 0 };
	char shown[256];

	for (size_t i = 0; i < o->command_count; i++) {
		bytes_add_text(&text, i > 0 ? " " : "");
		bytes_add_text(&text, o->command[i]);
	}
	bytes_add_byte(&text, '\0');
	(void)message_text(shown, sizeof shown, o->command[0]);
	int plain = is_plain(text.at) && !o->replace_given && strlen(text.at) <= 200;
	int made = !o->replace_given && shell_text(text.at, plain, !o->pipe, &shell);
	bytes_add_byte(&shell, '\0');
	if (plain && made)
		message("%s is one word, and no command has that name: use forkpool %s%s, or for a "
			"shell forkpool --shell '%s'%s",
		    shown, text.at, items, shell.at, items);
	else if (plain)
		message("%s is one word, and no command has that name: use forkpool %s%s", shown,
		    text.at, items);
	else if (made)
		message("%s is one word, and no command has that name: for a shell use forkpool "
			"--shell '%s'%s",
		    shown, shell.at, items);
	else
		message("%s is one word, and no command has that name: for a shell give --shell, "
			"and \"$1\" in the text where the item is to be",
		    shown);
	bytes_free(&text);
	bytes_free(&shell);
}

static int
explain_missing(const struct options *o, const char *word, int status)
{
	if (status == 127 && errno == ENOENT && is_shell_line(word, o))
		explain_shell_line(o);
	else if (status == 127 && errno == ENOENT && strchr(word, '/') == NULL)
		message("%s: this command is not to be found in PATH", word);
	else
		message_errno("cannot run %s", word);
	return status;
}

int
command_check(const struct options *o)
{
	const char *word = o->shell ? "sh" : o->command_count > 0 ? o->command[0] : NULL;

	/* --env may give jobs another PATH. */
	for (char **entry = o->environment; entry != NULL && *entry != NULL; entry++)
		if (strncmp(*entry, "PATH=", 5) == 0)
			command_setup.search_path = *entry + 5;
	if (o->plugin_file != NULL || word == NULL)
		return 0;
	if (may_differ(word, o)) {
		if (o->dialect != DIALECT_NATIVE || !is_shell_line(word, o))
			return 0;
		explain_shell_line(o);
		return 127;
	}
	int status = command_find(word);
	return status == 0 || o->dialect != DIALECT_NATIVE ? 0 : explain_missing(o, word, status);
}
