/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of options, their further names, and what a mistyped name was meant to be. */
#include "config.h"
#include "tool/cli/option_table.h"

#include <string.h>

const struct option_row option_table[OPTION_COUNT] = {
#define OPTION_ROW(id, short_, long_, argument_, argument_name_, section_, kind_, field_, help_) \
	[OPTION_##id] = { \
		.letter = short_, \
		.name = long_, \
		.argument = ARGUMENT_##argument_, \
		.argument_name = argument_name_, \
		.section = SECTION_##section_, \
		.kind = KIND_##kind_, \
		.field = offsetof(struct options, field_), \
		.help = help_, \
	},
	OPTIONS(OPTION_ROW)
#undef OPTION_ROW
};

const struct option_alias option_aliases[] = {
	{ "P", OPTION_JOBS },
	{ "max-procs", OPTION_JOBS },
	{ "argfile", OPTION_ARG_FILE },
	{ "col-sep", OPTION_COLSEP },
	{ "spreadstdin", OPTION_PIPE },
	{ "block-size", OPTION_BLOCK },
	{ "maxargs", OPTION_MAX_ARGS },
	{ "xapply", OPTION_LINK },
	{ "workdir", OPTION_WD },
	{ "work-dir", OPTION_WD },
	{ "halt-on-error", OPTION_HALT },
	{ "dryrun", OPTION_DRY_RUN },
	{ "tempdir", OPTION_TMPDIR },
	{ "number-of-cpus", OPTION_NUMBER_OF_CORES },
	{ "termseq", OPTION_TERM_SEQ },
	{ "lb", OPTION_LINE_BUFFER },
	{ "linebuffer", OPTION_LINE_BUFFER },
	{ "line-buffered", OPTION_LINE_BUFFER },
	{ "keeporder", OPTION_KEEP_ORDER },
	{ "tag-string", OPTION_TAG_STRING },
	{ "resumefailed", OPTION_RESUME_FAILED },
	{ "retryfailed", OPTION_RETRY_FAILED },
	{ "jl", OPTION_JOBLOG },
	{ "result", OPTION_RESULTS },
	{ "res", OPTION_RESULTS },
	{ "progress", OPTION_ETA },
	{ "will-cite", OPTION_NOTHING },
	{ "gnu", OPTION_NOTHING },
	{ "plain", OPTION_NOTHING },
	{ "silent", OPTION_NOTHING },
	{ "no-notice", OPTION_NOTHING },
	{ NULL, OPTION_COUNT },
};

/* The letters of each dialect; a letter means the same in all. */
static const char *const letters[] = {
	[DIALECT_NATIVE] = "0aCdEehIijkLlmNnPpqrstuVXx",
	[DIALECT_XARGS] = "0adEehIiLlnPprstVx",
	[DIALECT_PARALLEL] = "0aCdEehIijkLlmNnPpqrstuVXx",
};

int
option_letter_known(enum dialect dialect, int letter)
{
	return letter != 0 && strchr(letters[dialect], letter) != NULL;
}

static size_t
least(size_t a, size_t b, size_t c)
{
	return a < b ? (a < c ? a : c) : (b < c ? b : c);
}

/* Letters to insert, delete, change, or swap with the next one, to make b of a. */
static size_t
distance(const char *a, const char *b)
{
	enum { LONGEST = 32 };
	size_t a_len = strlen(a), b_len = strlen(b);
	size_t rows[3][LONGEST + 1], *before = rows[0], *last = rows[1], *row = rows[2];

	if (a_len > LONGEST || b_len > LONGEST)
		return LONGEST;
	for (size_t j = 0; j <= b_len; j++)
		last[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			row[j] = least(last[j] + 1, row[j - 1] + 1,
			    last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
		size_t *free_row = before;
		before = last;
		last = row;
		row = free_row;
	}
	return last[b_len];
}

const char *
option_nearest(const char *name)
{
	const char *nearest = NULL;
	size_t near = strlen(name) / 3 + 1; /* a larger distance means another word */

	for (size_t i = 0; i < OPTION_COUNT; i++) {
		if (option_table[i].name == NULL)
			continue;
		size_t d = distance(name, option_table[i].name);
		if (d < near || (d == near && nearest == NULL)) {
			near = d;
			nearest = option_table[i].name;
		}
	}
	for (const struct option_alias *alias = option_aliases; alias->name != NULL; alias++) {
		size_t d = distance(name, alias->name);
		if (d < near && alias->name[1] != '\0' && alias->id != OPTION_NOTHING) {
			near = d;
			nearest = alias->name;
		}
	}
	return nearest;
}
