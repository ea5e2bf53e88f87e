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

enum { LONG = 256 }; /* what getopt_long() returns for the first option's long names; letters are
			below it */

/*
 * All long names for getopt_long(), those of the table first.  The names of one option differ in
 * nothing else, so that glibc takes what could be several of them, --dr, for that option; elsewhere
 * cut_short() does.
 */
static const struct option *
long_names(void)
{
	static struct option names[OPTION_COUNT + 128];
	size_t n = 0;

	if (names[0].name != NULL)
		return names;
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (option_table[i].name != NULL)
			names[n++] = (struct option){ .name = option_table[i].name, .val = (int)i };
	for (const struct option_alias *alias = option_aliases; alias->name != NULL; alias++)
		if (alias->name[1] != '\0' && n + 1 < sizeof names / sizeof names[0])
			names[n++] = (struct option){ .name = alias->name, .val = (int)alias->id };
	for (size_t i = 0; i < n; i++) {
		names[i].has_arg = (int)option_table[names[i].val].argument;
		names[i].val += LONG;
	}
	return names;
}

/* Whether a long name is not cut short. */
static int
is_whole(const char *typed)
{
	for (const struct option *n = long_names(); n->name != NULL; n++)
		if (strcmp(n->name, typed) == 0)
			return 1;
	return 0;
}

/*
 * What getopt_long() would return for a word that glibc alone does not find ambiguous, with optarg,
 * optopt and optind: '?' and optopt 0 where that name is none of ours, or could be several options.
 */
static int
cut_short(const char *typed, char *word, int argc, char **argv)
{
	const struct option *found = NULL;
	char *value = strchr(word, '=');

	for (const struct option *n = long_names(); n->name != NULL; n++) {
		if (strncmp(n->name, typed, strlen(typed)) != 0)
			continue;
		if (found != NULL && found->val != n->val)
			return '?';
		found = n;
	}
	if (found == NULL || typed[0] == '\0')
		return '?';
	optopt = found->val;
	optarg = value != NULL ? value + 1 : NULL;
	if (value != NULL)
		return found->has_arg == no_argument ? '?' : found->val;
	if (found->has_arg == required_argument) {
		if (optind == argc)
			return ':';
		optarg = argv[optind++];
	}
	return found->val;
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

/* "--jobs, --joblog": one name of each option whose names begin with that text. */
static void
candidates(const char *text, size_t len, struct bytes *out)
{
	char listed[OPTION_COUNT] = { 0 };

	for (const struct option *n = long_names(); n->name != NULL; n++) {
		if (strncmp(n->name, text, len) != 0 || listed[n->val - LONG])
			continue;
		bytes_printf(out, "%s--%s", out->len == 0 ? "" : ", ", n->name);
		listed[n->val - LONG] = 1;
	}
}

/* Ends the tool where that name, typed in full, is one of another program. */
static void
refuse_others(const char *name, enum dialect dialect)
{
	const char *why = option_refused(name, dialect);

	if (why != NULL)
		fail("--%s is not an option here: %s", name, why);
}

static _Noreturn void
unknown_long(const char *name, enum dialect dialect)
{
	char shown[160];
	struct bytes word = { 0 }, could = { 0 };

	refuse_others(name, dialect);
	const char *near = option_nearest(name);
	bytes_printf(&word, "--%s", name);
	(void)message_word(shown, sizeof shown, word.at, word.len);
	if (name[0] != '\0')
		candidates(name, strlen(name), &could);
	if (could.len > 0)
		fail("%s could be any of %s", shown, could.at);
	if (near != NULL)
		fail("unknown option %s: is --%s meant?", shown, near);
	fail("unknown option %s: --help lists those there are", shown);
}

static _Noreturn void
unknown_letter(int letter, enum dialect dialect)
{
	char name[2] = { (char)letter, '\0' }, shown[16];
	const char *why = option_refused(name, dialect);

	if (why != NULL)
		fail("-%s is not an option here: %s", name, why);
	fail("unknown option -%s: --help lists those there are",
	    message_word(shown, sizeof shown, name, 1));
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

/* "-j", or "--jobs" where a name of that option was cut short, for messages. */
static char *
spelled(int got, const char *typed)
{
	struct bytes name = { 0 };

	if (got < LONG)
		bytes_printf(&name, "-%c", got);
	else
		bytes_printf(&name, "--%s",
		    is_whole(typed) ? typed : option_table[got - LONG].name);
	return name.at;
}

/* What getopt_long() does not take. */
static _Noreturn void
refuse(int got, const char *typed, const char *word, enum dialect dialect)
{
	char shown[512];

	if (got == ':')
		fail("%s needs a value", spelled(optopt, typed));
	if (optopt >= LONG)
		fail("%s takes no value: %s", spelled(optopt, typed),
		    message_text(shown, sizeof shown, word));
	if (optopt == 0)
		unknown_long(typed, dialect);
	unknown_letter(optopt, dialect);
}

static void
option_note(struct options *o, struct argv_scan *scan, enum option_id id, char *name)
{
	if (id == OPTION_HELP)
		usage_help();
	if (id == OPTION_VERSION)
		usage_version();
	if (id == OPTION_NUMBER_OF_THREADS || id == OPTION_NUMBER_OF_CORES ||
	    id == OPTION_NUMBER_OF_SOCKETS)
		usage_processors(id);
	scan->arguments = array_reserve(scan->arguments, scan->count, &scan->room,
	    sizeof *scan->arguments);
	struct argument *a = &scan->arguments[scan->count++];
	*a = (struct argument){ .id = id, .name = name, .value = optarg };
	if (id == OPTION_COMPAT)
		compat(o, a);
}

int
argv_scan_read(struct options *o, struct argv_scan *scan, int argc, char **argv)
{
	const char *program = argc > 0 ? argv[0] : "", *slash = strrchr(program, '/');
	struct bytes typed = { 0 };
	int got;

	dialect_set(o, dialect_named(slash != NULL ? slash + 1 : program));
	opterr = 0;
	optind = 1;
	for (;;) {
		char none[] = "", *word = optind < argc ? argv[optind] : none;
		got = getopt_long(argc, argv, letters(), long_names(), NULL);
		if (got == -1)
			break;
		/* The long name as it was typed; of letters this is not used. */
		bytes_clear(&typed);
		if (strncmp(word, "--", 2) == 0)
			bytes_add(&typed, word + 2, strcspn(word + 2, "="));
		bytes_add_byte(&typed, '\0');
		if (got == '?' && optopt == 0)
			got = cut_short(typed.at, word, argc, argv);
		if (got == ':' || got == '?')
			refuse(got, typed.at, word, o->dialect);
		/* A name of another program is none of ours cut short, but for GNU parallel. */
		if (got >= LONG && o->dialect == DIALECT_NATIVE && !is_whole(typed.at))
			refuse_others(typed.at, o->dialect);
		option_note(o, scan, got >= LONG ? (enum option_id)(got - LONG) : letter_id(got),
		    spelled(got, typed.at));
	}
	bytes_free(&typed);
	return optind;
}

void
argv_scan_free(struct argv_scan *scan)
{
	for (size_t i = 0; i < scan->count; i++)
		free(scan->arguments[i].name);
	free(scan->arguments);
	*scan = (struct argv_scan){ 0 };
}
