/* SPDX-License-Identifier: BSD-2-Clause */
/* --help, made of the table of options, --version and --number-of-... */
#include "config.h"
#include "tool/cli/cli_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/base/bytes.h"
#include "tool/base/message.h"
#include "tool/base/processor_count.h"

enum { COLUMN = 32, WIDTH = 80 }; /* where the explanation begins, and where lines end */

static const char *const section_titles[SECTIONS] = {
	[SECTION_INPUT] = "Items",
	[SECTION_PACKING] = "Items into jobs",
	[SECTION_JOBS] = "What runs",
	[SECTION_STARTING] = "When",
	[SECTION_LIMITS] = "Limits of each job",
	[SECTION_OUTPUT] = "Output",
	[SECTION_RECORDS] = "Records",
	[SECTION_OTHER] = "Other",
};

static const char introduction[] =
    "Runs the command once for each item, many at a time, each contained and accounted for.  Items "
    "are the lines of standard input or of -a FILE, or what stands behind ::: (:::: has files, and "
    "with a + at its end it goes item by item with the one before).";
static const char placeholders[] =
    "In the command {} is the item, {.} the same without its extension, {/} its last part, {//} "
    "its directory, {/.} the last part without extension, {#} the job's number, {%} the worker's, "
    "{n} the n-th source or column, {n.} and so on likewise.  Where none of them is there the item "
    "goes at the end.";
static const char units_and_statuses[] =
    "TIME: seconds, with fractions, or with ms s m h d.  SIZE: bytes, or with K M G T.  Exit "
    "status: 0 all succeeded; 123 some failed; 124 stopped by --halt; 126, 127 the command cannot "
    "be run or found; 130 and the like by a signal; 1 usage, or trouble of its own.  See "
    "forkpool(1).";

/* Prints text, wrapped at WIDTH: its first line from column at on, the others at column indent. */
static void
wrapped(const char *text, int at, int indent)
{
	for (int first = 1; *text != '\0'; first = 0) {
		int len = (int)strcspn(text, " ");
		if (!first && at + 1 + len >= WIDTH) {
			printf("\n%*s", indent, "");
			at = indent;
		} else if (!first) {
			printf(" ");
			at++;
		}
		printf("%.*s", len, text);
		at += len;
		text += len + (text[len] == ' ');
	}
	printf("\n");
}

static void
option_help(const struct option_row *row)
{
	char names[64];
	int at;

	if (row->letter == 0)
		at = snprintf(names, sizeof names, "      --%s", row->name);
	else
		at = snprintf(names, sizeof names, row->name == NULL ? "  -%c" : "  -%c, --%s",
		    row->letter, row->name);
	if (row->argument_name != NULL) {
		int is_long = row->name != NULL, optional = row->argument == ARGUMENT_OPTIONAL;
		const char *format = is_long ? "=%s" : " %s";
		if (optional)
			format = is_long ? "[=%s]" : "[%s]";
		at += snprintf(names + at, sizeof names - (size_t)at, format, row->argument_name);
	}
	printf("%s", names);
	if (at + 2 > COLUMN) {
		printf("\n");
		at = 0;
	}
	printf("%*s", COLUMN - at, "");
	wrapped(row->help, COLUMN, COLUMN);
}

static _Noreturn void
leave(void)
{
	if (fflush(stdout) != 0 || ferror(stdout))
		fail_errno("standard output");
	exit(0);
}

/* "-P, --max-procs: --jobs; ..." */
static void
aliases_help(void)
{
	struct bytes text = { 0 };

	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const char *before = text.len == 0 ? "" : "; ";
		for (const struct option_alias *alias = option_aliases; alias->name != NULL;
		     alias++)
			if (alias->id == (enum option_id)i) {
				bytes_printf(&text, "%s%s%s", before,
				    alias->name[1] == '\0' ? "-" : "--", alias->name);
				before = ", ";
			}
		if (strcmp(before, ", ") == 0)
			bytes_printf(&text,
			    i == OPTION_NOTHING ? " (--compat=parallel): nothing" : ": --%s",
			    option_table[i].name);
	}
	printf("\nFurther names\n  ");
	wrapped(text.at, 2, 2);
	bytes_free(&text);
}

void
usage_help(void)
{
	printf("Usage: forkpool [options] command [args] [::: item...]\n"
	       "       forkpool [options] --plugin=FILE:FUNCTION [::: item...]\n\n");
	wrapped(introduction, 0, 0);
	printf("\n");
	wrapped(placeholders, 0, 0);
	for (unsigned section = 0; section < SECTIONS; section++) {
		printf("\n%s\n", section_titles[section]);
		for (size_t i = 0; i < OPTION_COUNT; i++)
			if (option_table[i].section == (enum option_section)section &&
			    option_table[i].help != NULL)
				option_help(&option_table[i]);
	}
	aliases_help();
	printf("\n");
	wrapped(units_and_statuses, 0, 0);
	leave();
}

void
usage_version(void)
{
	printf("forkpool %s\n", PACKAGE_VERSION);
	leave();
}

void
usage_processors(enum option_id id)
{
	enum processor_unit unit = PROCESSOR_THREADS;

	if (id == OPTION_NUMBER_OF_CORES)
		unit = PROCESSOR_CORES;
	else if (id == OPTION_NUMBER_OF_SOCKETS)
		unit = PROCESSOR_SOCKETS;
	printf("%u\n", processor_count(unit, PROCESSOR_DIRECTORY));
	leave();
}
