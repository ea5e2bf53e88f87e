/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of GNU parallel's options in doc/compat.md says what the command does with each. */
#include "config.h"
#include "tests/support/support.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/cli/option_table.h"

enum { LINE = 1024 };

/* A row of the table. */
struct row {
	char names[LINE]; /* "-a --arg-file" */
	char verdict[LINE];
	char why[LINE];
};

/* Copies the cell that text begins with, without blanks at its ends and without backquotes; returns
   what stands behind its bar. */
static const char *
cell_copy(const char *text, char *to)
{
	size_t len = strcspn(text, "|"), n = 0;

	ck_assert_int_eq(text[len], '|');
	for (size_t i = strspn(text, " "); i < len; i++)
		if (text[i] != '`')
			to[n++] = text[i];
	while (n > 0 && to[n - 1] == ' ')
		n--;
	to[n] = '\0';
	return text + len + 1;
}

/* Calls found() for each row; returns how many there were. */
static unsigned
rows_read(void (*found)(const struct row *))
{
	const char *srcdir = getenv("srcdir");
	char path[4096], line[LINE];
	unsigned count = 0;
	int inside = 0;

	(void)snprintf(path, sizeof path, "%s/doc/compat.md", srcdir == NULL ? "." : srcdir);
	FILE *file = fopen(path, "r");
	ck_assert_msg(file != NULL, "%s: %s", path, strerror(errno));
	while (fgets(line, sizeof line, file) != NULL) {
		struct row row;
		ck_assert_ptr_nonnull(strchr(line, '\n'));
		if (strncmp(line, "## ", 3) == 0)
			inside = strcmp(line, "## GNU parallel\n") == 0;
		if (!inside || strncmp(line, "| `-", 4) != 0)
			continue;
		(void)cell_copy(cell_copy(cell_copy(line + 1, row.names), row.verdict), row.why);
		found(&row);
		count++;
	}
	(void)fclose(file);
	return count;
}

/* Whether an option is accepted by that name, "P" or "max-procs". */
static int
is_accepted(const char *name)
{
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct option_row *row = &option_table[i];
		if (name[1] == '\0' ? row->letter == name[0] :
				      row->name != NULL && strcmp(row->name, name) == 0)
			return 1;
	}
	for (const struct option_alias *alias = option_aliases; alias->name != NULL; alias++)
		if (strcmp(alias->name, name) == 0)
			return 1;
	return 0;
}

static void
row_check(const struct row *row)
{
	char names[LINE], *rest = names, *word;
	int refused = strcmp(row->verdict, "refused") == 0;

	ck_assert_msg(refused || strcmp(row->verdict, "same") == 0 ||
		(strcmp(row->verdict, "different") == 0 && row->why[0] != '\0'),
	    "%s: %s", row->names, row->verdict);
	(void)snprintf(names, sizeof names, "%s", row->names);
	while ((word = strsep(&rest, " ")) != NULL) {
		const char *name = word + strspn(word, "-");
		ck_assert_msg(is_accepted(name) == !refused, "%s: %s", word, row->verdict);
		if (name[1] == '\0')
			ck_assert_msg(refused || option_letter_known(DIALECT_PARALLEL, name[0]),
			    "%s", word);
		if (!refused)
			continue;
		const char *why = option_refused(name, DIALECT_PARALLEL);
		ck_assert_msg(why != NULL, "%s", word);
		ck_assert_msg(strcmp(why, row->why) == 0, "%s:\n%s\n%s", word, why, row->why);
	}
}

START_TEST(each_row_is_true)
{
	ck_assert_uint_gt(rows_read(row_check), 50);
}
END_TEST

static char all_names[32768]; /* " -a --arg-file --arg-sep " */

static void
names_keep(const struct row *row)
{
	size_t at = strlen(all_names);

	ck_assert_uint_lt(at + strlen(row->names) + 2, sizeof all_names);
	(void)snprintf(all_names + at, sizeof all_names - at, "%s ", row->names);
}

static int
has_name(const char *name)
{
	char word[64];

	(void)snprintf(word, sizeof word, " %s%s ", name[1] == '\0' ? "-" : "--", name);
	return strstr(all_names, word) != NULL;
}

START_TEST(nothing_is_left_out)
{
	all_names[0] = ' ';
	(void)rows_read(names_keep);
	for (const struct option_refusal *r = option_refusals; r->name != NULL; r++)
		ck_assert_msg(has_name(r->name), "%s", r->name);
	/* Each letter is one that GNU parallel has too. */
	for (int letter = '0'; letter <= 'z'; letter++) {
		char name[] = { (char)letter, '\0' };
		if (option_letter_known(DIALECT_PARALLEL, letter))
			ck_assert_msg(has_name(name), "-%s", name);
	}
	/* A name that GNU parallel has stands there with the letter of the same option. */
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct option_row *row = &option_table[i];
		char name[] = { (char)row->letter, '\0' };
		if (row->letter != 0 && row->name != NULL)
			ck_assert_msg(has_name(name) == has_name(row->name), "--%s", row->name);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tool_compat_page");
	TCase *tc = support_case("compat_page", 60);

	tcase_add_test(tc, each_row_is_true);
	tcase_add_test(tc, nothing_is_left_out);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}
