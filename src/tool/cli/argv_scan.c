/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding the options in argv with getopt_long(), and refusing those that do not exist. */
#include "config.h"
#include "tool/cli/argv_scan.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "tool/base/array.h"
#include "tool/base/bytes.h"
#include "tool/base/message.h"

enum { LONG = 256 }; /* what getopt_long() returns for the first long name; letters are below it */

/* All long names for getopt_long(), those of the table first; *ids: the option of each. */
static struct option *
long_names(enum option_id **ids)
{
	static struct option names[OPTION_COUNT + 64];
	static enum option_id of[OPTION_COUNT + 64];
	size_t n = 0;

	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (option_table[i].name != NULL) {
			names[n].name = option_table[i].name;
			of[n++] = (enum option_id)i;
		}
	for (const struct option_alias *alias = option_aliases; alias->name != NULL; alias++)
		if (alias->name[1] != '\0' && n + 1 < sizeof names / sizeof names[0]) {
			names[n].name = alias->name;
			of[n++] = alias->id;
		}
	for (size_t i = 0; i < n; i++) {
		names[i].has_arg = (int)option_table[of[i]].argument;
		names[i].val = LONG + (int)i;
	}
	*ids = of;
	return names;
}

/* The option with that letter; OPTION_COUNT: none. */
static enum option_id
letter_id(int letter)
{
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (option_table[i].letter == letter)
			return (enum option_id)i;
	for (const struct option_alias *alias = option_aliases; alias->name != NULL; alias++)
		if (alias->name[0] == letter && alias->name[1] == '\0')
			return alias->id;
	return OPTION_COUNT;
}

static void
letters_add(char *to, int letter, enum option_id id)
{
	size_t at = strlen(to);

	to[at++] = (char)letter;
	for (unsigned colons = (unsigned)option_table[id].argument; colons > 0; colons--)
		to[at++] = ':';
	to[at] = '\0';
}

/* All letters for getopt_long(). */
static const char *
letters(void)
{
	static char all[4 * OPTION_COUNT];

	/* '+': stop at the command; ':': return ':' where a value is missing. */
	(void)strlcpy(all, "+:", sizeof all);
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (option_table[i].letter != 0)
			letters_add(all, option_table[i].letter, (enum option_id)i);
	for (const struct option_alias *alias = option_aliases; alias->name != NULL; alias++)
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
		const char *why = option_refused(name), *near = option_nearest(name);
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
	const char *why = option_refused(name);

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
argument_fail(const struct argument *a, const char *why)
{
	char shown[512];

	fail("%s %s %s", a->name, message_text(shown, sizeof shown, a->value), why);
}

static enum dialect
dialect_named(const char *name)
{
	if (strcmp(name, "xargs") == 0)
		return DIALECT_XARGS;
	return strcmp(name, "parallel") == 0 ? DIALECT_PARALLEL : DIALECT_NATIVE;
}

static void
dialect_set(struct options *o, enum dialect dialect)
{
	static const struct {
		const char *name;
		int         status;
	} how[] = {
		[DIALECT_NATIVE] = { "forkpool", 1 },
		[DIALECT_XARGS] = { "xargs", 1 },
		[DIALECT_PARALLEL] = { "parallel", 255 },
	};

	o->dialect = dialect;
	message_as(how[dialect].name, how[dialect].status);
}

/* --compat takes effect at once, so that errors in the options behind it have that name. */
static void
compat(struct options *o, const struct argument *a)
{
	enum dialect dialect = dialect_named(a->value);

	if (dialect == DIALECT_NATIVE && strcmp(a->value, "native") != 0)
		argument_fail(a, "must be xargs, parallel or native");
	dialect_set(o, dialect);
}

int
argv_scan_read(struct options *o, struct argv_scan *scan, int argc, char **argv)
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
		scan->arguments = array_reserve(scan->arguments, scan->count, &scan->room,
		    sizeof *scan->arguments);
		scan->arguments[scan->count] =
		    (struct argument){ .id = id, .name = spelled(got, names), .value = optarg };
		if (id == OPTION_COMPAT)
			compat(o, &scan->arguments[scan->count]);
		scan->count++;
	}
}

void
argv_scan_free(struct argv_scan *scan)
{
	for (size_t i = 0; i < scan->count; i++)
		free(scan->arguments[i].name);
	free(scan->arguments);
	*scan = (struct argv_scan){ 0 };
}
