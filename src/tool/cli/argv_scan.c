/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include "tool/cli/argv_scan.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "tool/base/bytes.h"
#include "tool/base/message.h"

enum { LONG = 256 }; /* what getopt_long() answers for long_names[0] */

/* Long names as getopt_long() takes them, those of the table first. */
static struct option *
long_names(enum option_id **ids)
{
	static struct option names[OPTION_COUNT + 64];
	static enum option_id of[OPTION_COUNT + 64];
	size_t n = 0;

	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (options_table[i].name != NULL) {
			names[n].name = options_table[i].name;
			of[n++] = (enum option_id)i;
		}
	for (const struct option_alias *alias = options_aliases; alias->name != NULL; alias++)
		if (alias->name[1] != '\0' && n + 1 < sizeof names / sizeof names[0]) {
			names[n].name = alias->name;
			of[n++] = alias->id;
		}
	for (size_t i = 0; i < n; i++) {
		names[i].has_arg = (int)options_table[of[i]].argument;
		names[i].val = LONG + (int)i;
	}
	*ids = of;
	return names;
}

/* The option that a letter stands for; OPTION_COUNT: none. */
static enum option_id
letter_id(int letter)
{
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (options_table[i].letter == letter)
			return (enum option_id)i;
	for (const struct option_alias *alias = options_aliases; alias->name != NULL; alias++)
		if (alias->name[0] == letter && alias->name[1] == '\0')
			return alias->id;
	return OPTION_COUNT;
}

static void
letters_add(char *to, int letter, enum option_id id)
{
	size_t at = strlen(to);

	to[at++] = (char)letter;
	for (unsigned colons = (unsigned)options_table[id].argument; colons > 0; colons--)
		to[at++] = ':';
	to[at] = '\0';
}

static const char *
letters(void)
{
	static char all[4 * OPTION_COUNT];

	(void)strlcpy(all, "+:", sizeof all); /* stop at the command; ':' tells that a value is missing */
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (options_table[i].letter != 0)
			letters_add(all, options_table[i].letter, (enum option_id)i);
	for (const struct option_alias *alias = options_aliases; alias->name != NULL; alias++)
		if (alias->name[1] == '\0')
			letters_add(all, alias->name[0], alias->id);
	return all;
}

static _Noreturn void
unknown_long(const char *word, const struct option *names)
{
	char name[64], shown[160];
	size_t len = strcspn(word + 2, "="), matches = 0;
	struct bytes could = { 0 };

	(void)message_word(shown, sizeof shown, word, len + 2);
	if (len < sizeof name) {
		memcpy(name, word + 2, len);
		name[len] = '\0';
		const char *why = options_refused(name), *near = options_nearest(name);
		if (why != NULL)
			fail("%s is not an option here: %s", shown, why);
		for (const struct option *o = names; o->name != NULL && len > 0; o++)
			if (strncmp(o->name, name, len) == 0)
				bytes_printf(&could, "%s--%s", matches++ == 0 ? "" : ", ", o->name);
		if (matches > 0)
			fail("%s could be any of %s", shown, could.at);
		if (near != NULL)
			fail("unknown option %s: is --%s meant?", shown, near);
	}
	fail("unknown option %s: --help lists those there are", shown);
}

static _Noreturn void
unknown_letter(int letter)
{
	char name[2] = { (char)letter, '\0' }, shown[16];
	const char *why = options_refused(name);

	if (why != NULL)
		fail("-%s is not an option here: %s", name, why);
	fail("unknown option -%s: --help lists those there are",
	    message_word(shown, sizeof shown, name, 1));
}

/* "-j" or "--jobs", for messages. */
static char *
spelled(int got, const struct option *names)
{
	struct bytes name = { 0 };

	if (got >= LONG)
		bytes_printf(&name, "--%s", names[got - LONG].name);
	else
		bytes_printf(&name, "-%c", got);
	return name.at;
}

void
value_fail(const struct argument *a, const char *why)
{
	char shown[512];

	fail("%s %s %s", a->name, message_word(shown, sizeof shown, a->value, strlen(a->value)),
	    why);
}

static enum dialect
dialect_named(const char *name)
{
	return strcmp(name, "xargs") == 0 ? DIALECT_XARGS :
	    strcmp(name, "parallel") == 0 ? DIALECT_PARALLEL :
					    DIALECT_NATIVE;
}

static void
dialect_set(struct options *o, enum dialect dialect)
{
	static const struct { const char *name; int status;
	} how[] = {
		[DIALECT_NATIVE] = { "forkpool", 1 },
		[DIALECT_XARGS] = { "xargs", 1 },
		[DIALECT_PARALLEL] = { "parallel", 255 },
	};

	o->dialect = dialect;
	message_as(how[dialect].name, how[dialect].status);
}

/* --compat: at once, so that what is said of the options behind it is said in that name. */
static void
compat(struct options *o, const struct argument *a)
{
	enum dialect dialect = dialect_named(a->value);

	if (dialect == DIALECT_NATIVE && strcmp(a->value, "native") != 0)
		value_fail(a, "must be xargs, parallel or native");
	dialect_set(o, dialect);
}

int
argv_scan_read(struct options *o, struct line *line, int argc, char **argv)
{
	enum option_id *ids;
	const struct option *names = long_names(&ids);
	const char *short_names = letters();
	const char *program = argc > 0 ? argv[0] : "", *slash = strrchr(program, '/');
	int got;

	dialect_set(o, dialect_named(slash != NULL ? slash + 1 : program));
	opterr = 0;
	optind = 1;
	for (;;) {
		int at = optind;
		got = getopt_long(argc, argv, short_names, names, NULL);
		if (got == -1)
			return optind;
		const char *word = argv[at < argc ? at : argc - 1];
		if (got == ':')
			fail("%s needs a value", spelled(optopt, names));
		if (got == '?') {
			if (optopt >= LONG)
				fail("%s takes no value: %s", spelled(optopt, names), word);
			if (optopt == 0)
				unknown_long(argv[optind - 1], names);
			unknown_letter(optopt);
		}
		enum option_id id = got >= LONG ? ids[got - LONG] : letter_id(got);
		if (id == OPTION_HELP)
			usage_help();
		if (id == OPTION_VERSION)
			usage_version();
		line->arguments =
		    options_grow(line->arguments, line->count, sizeof *line->arguments);
		line->arguments[line->count] =
		    (struct argument){ .id = id, .name = spelled(got, names), .value = optarg };
		if (id == OPTION_COMPAT)
			compat(o, &line->arguments[line->count]);
		line->count++;
	}
}

void
argv_scan_free(struct line *line)
{
	for (size_t i = 0; i < line->count; i++)
		free(line->arguments[i].name);
	free(line->arguments);
	*line = (struct line){ 0 };
}
