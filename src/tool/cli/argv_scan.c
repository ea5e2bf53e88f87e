/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding the options in argv, and refusing those that do not exist. */
#include "config.h"
#include "tool/cli/argv_scan.h"

#include <stdlib.h>
#include <string.h>

#include "tool/base/array.h"
#include "tool/base/bytes.h"
#include "tool/base/message.h"

/*
 * Not with getopt_long(): it takes a name that is cut short for ambiguous where it begins two names
 * of one option, --dry-run and --dryrun; in C libraries other than glibc whatever they are.
 */
struct long_name {
	const char    *name;
	enum option_id id;
};

/* All long names, those of the table first; the last one's name is NULL. */
static const struct long_name *
long_names(void)
{
	static struct long_name names[OPTION_COUNT + 128];
	size_t n = 0;

	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (option_table[i].name != NULL)
			names[n++] = (struct long_name){ option_table[i].name, (enum option_id)i };
	for (const struct option_alias *alias = option_aliases; alias->name != NULL; alias++)
		if (alias->name[1] != '\0' && n + 1 < sizeof names / sizeof names[0])
			names[n++] = (struct long_name){ alias->name, alias->id };
	return names;
}

/*
 * The option that has that name, or whose names alone begin with it; NULL: there is none, or there
 * are several.
 */
static const struct long_name *
long_find(const char *text)
{
	const struct long_name *found = NULL;
	size_t len = strlen(text);
	int several = 0;

	for (const struct long_name *n = long_names(); n->name != NULL; n++) {
		if (strncmp(n->name, text, len) != 0)
			continue;
		if (n->name[len] == '\0')
			return n;
		if (found == NULL)
			found = n;
		several |= found->id != n->id;
	}
	return several ? NULL : found;
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

/* "--jobs, --joblog": one name of each option whose names begin with that text. */
static void
candidates(const char *text, size_t len, struct bytes *out)
{
	char listed[OPTION_COUNT] = { 0 };

	for (const struct long_name *n = long_names(); n->name != NULL; n++) {
		if (strncmp(n->name, text, len) != 0 || listed[n->id])
			continue;
		bytes_printf(out, "%s--%s", out->len == 0 ? "" : ", ", n->name);
		listed[n->id] = 1;
	}
}

static _Noreturn void
unknown_long(const char *name)
{
	const char *near = option_nearest(name);
	char shown[160];
	struct bytes word = { 0 }, could = { 0 };

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
unknown_letter(int letter)
{
	char name[2] = { (char)letter, '\0' }, shown[16];
	const char *why = option_refused(name);

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

/* The words of argv, and how far they have been read. */
struct words {
	char **argv;
	int    argc, at; /* at: the next word */
};

/* Notes the option; value: what stands behind its name in the same word, or NULL. */
static void
option_note(struct options *o, struct argv_scan *scan, struct words *words, enum option_id id,
    char *name, char *value)
{
	if (value == NULL && option_table[id].argument == ARGUMENT_NEEDED) {
		if (words->at == words->argc)
			fail("%s needs a value", name);
		value = words->argv[words->at++];
	}
	if (id == OPTION_HELP)
		usage_help();
	if (id == OPTION_VERSION)
		usage_version();
	scan->arguments = array_reserve(scan->arguments, scan->count, &scan->room,
	    sizeof *scan->arguments);
	struct argument *a = &scan->arguments[scan->count++];
	*a = (struct argument){ .id = id, .name = name, .value = value };
	if (id == OPTION_COMPAT)
		compat(o, a);
}

/* "--name" or "--name=value". */
static void
long_read(struct options *o, struct argv_scan *scan, struct words *words, char *word)
{
	size_t len = strcspn(word + 2, "=");
	char *value = word[2 + len] == '=' ? word + 2 + len + 1 : NULL;
	struct bytes typed = { 0 }, name = { 0 };
	char shown[512];

	bytes_add(&typed, word + 2, len);
	bytes_add_byte(&typed, '\0');
	const struct long_name *found = long_find(typed.at);
	/* --retry 3 is not --retry-failed cut short, other than in GNU parallel. */
	if (found == NULL || (found->name[len] != '\0' && o->dialect == DIALECT_NATIVE)) {
		const char *why = option_refused(typed.at);
		if (why != NULL)
			fail("--%s is not an option here: %s", typed.at, why);
	}
	if (found == NULL)
		unknown_long(typed.at);
	bytes_free(&typed);
	bytes_printf(&name, "--%s", found->name);
	if (value != NULL && option_table[found->id].argument == ARGUMENT_NONE)
		fail("%s takes no value: %s", name.at, message_text(shown, sizeof shown, word));
	option_note(o, scan, words, found->id, name.at, value);
}

/* "-k", "-j4", "-kj4", "-kj 4". */
static void
letters_read(struct options *o, struct argv_scan *scan, struct words *words, char *word)
{
	for (char *letter = word + 1; *letter != '\0'; letter++) {
		enum option_id id = letter_id((unsigned char)*letter);
		struct bytes name = { 0 };
		if (id == OPTION_COUNT)
			unknown_letter((unsigned char)*letter);
		bytes_printf(&name, "-%c", *letter);
		int takes = option_table[id].argument != ARGUMENT_NONE;
		option_note(o, scan, words, id, name.at,
		    takes && letter[1] != '\0' ? letter + 1 : NULL);
		if (takes)
			return;
	}
}

int
argv_scan_read(struct options *o, struct argv_scan *scan, int argc, char **argv)
{
	struct words words = { argv, argc, 1 };
	const char *program = argc > 0 ? argv[0] : "", *slash = strrchr(program, '/');

	dialect_set(o, dialect_named(slash != NULL ? slash + 1 : program));
	while (words.at < argc) {
		char *word = argv[words.at];
		if (word[0] != '-' || word[1] == '\0')
			break;
		words.at++;
		if (word[1] != '-')
			letters_read(o, scan, &words, word);
		else if (word[2] == '\0')
			break;
		else
			long_read(o, scan, &words, word);
	}
	return words.at < argc ? words.at : argc;
}

void
argv_scan_free(struct argv_scan *scan)
{
	for (size_t i = 0; i < scan->count; i++)
		free(scan->arguments[i].name);
	free(scan->arguments);
	*scan = (struct argv_scan){ 0 };
}
