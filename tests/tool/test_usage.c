/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages for wrong options, and that --help and the manual describe every option of the table. */
#include "config.h"
#include "tests/support/options_support.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/base/message.h"
#include "tool/cli/option_table.h"

/* ------------------------------------------------------------------------------------- refusals */

START_TEST(statuses_are_the_dialects)
{
	struct said said;

	RUN(&said, "forkpool", "-j", "x", "true");
	ck_assert_int_eq(said.status, 1);
	ck_assert_str_eq(said.err,
	    "forkpool: -j x must be a number from 0 to 4096, or +N, -N or N% of the processors\n");
	RUN(&said, "xargs", "-P", "x", "true");
	ck_assert_int_eq(said.status, 1);
	ck_assert_int_eq(strncmp(said.err, "xargs: -P x ", 12), 0);
	RUN(&said, "parallel", "-j", "x", "true");
	ck_assert_int_eq(said.status, 255);
	ck_assert_int_eq(strncmp(said.err, "parallel: -j x ", 15), 0);
	RUN(&said, "forkpool", "--nonsense", "--compat=parallel", "true");
	ck_assert_int_eq(said.status, 1);
	/* The message stays one line, whatever the value contains. */
	RUN(&said, "forkpool", "-j", "a\nb\033[2J", "true");
	ck_assert_int_eq(said.status, 1);
	ck_assert_ptr_nonnull(strstr(said.err, "$'a\\012b\\033[2J'"));
	ck_assert_ptr_eq(strchr(said.err, '\n'), said.err + strlen(said.err) - 1);
}
END_TEST

START_TEST(letters_of_each_dialect)
{
	struct said said;

	for (int letter = 'A'; letter <= 'z'; letter++) {
		char name[3] = { '-', (char)letter, '\0' };
		if (letter > 'Z' && letter < 'a')
			continue;
		for (unsigned d = DIALECT_NATIVE; d <= DIALECT_PARALLEL; d++) {
			static const char *const programs[] = { "forkpool", "xargs", "parallel" };
			/* An empty value is wrong for every option that needs one. */
			RUN(&said, programs[d], name, "", "true");
			if (option_letter_known((enum dialect)d, letter))
				ck_assert_msg(strstr(said.err, "not an option") == NULL &&
					strstr(said.err, "unknown") == NULL,
				    "%s: %s", name, said.err);
			else
				ck_assert_msg(said.status > 0 && strstr(said.err, name) != NULL,
				    "%s %s: %d %s", programs[d], name, said.status, said.err);
		}
	}
}
END_TEST

START_TEST(near_names_are_suggested)
{
	static const struct {
		const char *typed, *meant;
	} cases[] = {
		{ "--jbos", "--jobs" },
		{ "--timout", "--timeout" },
		{ "--keep-ordre", "--keep-order" },
		{ "--job-log", "--joblog" },
		{ "--jurnal", "--journal" },
		{ "--retrys", "--retries" },
		{ "--dryrum", "--dryrun" },
		{ "--sandobx=1", "--sandbox" },
		{ "--tgstring", "--tagstring" },
	};
	struct said said;
	char wanted[64];

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		RUN(&said, "forkpool", cases[i].typed, "true");
		(void)snprintf(wanted, sizeof wanted, "is %s meant?", cases[i].meant);
		ck_assert_msg(said.status == 1 && strstr(said.err, wanted) != NULL, "%s: %s",
		    cases[i].typed, said.err);
	}
	RUN(&said, "forkpool", "--quite-something-else", "true");
	ck_assert_int_eq(said.status, 1);
	ck_assert_ptr_null(strstr(said.err, "meant"));
	RUN(&said, "forkpool", "--max", "2", "true");
	ck_assert_int_eq(said.status, 1);
	ck_assert_ptr_nonnull(strstr(said.err, "--max-args"));
	ck_assert_ptr_nonnull(strstr(said.err, "--max-lines"));
	/* Names may be cut short where they stay unique, as in xargs and GNU parallel. */
	struct options o = READ("forkpool", "--time", "3", "--max-a=2", "true");
	ck_assert_int_eq(o.timeout_ns, 3000000000);
	ck_assert_uint_eq(o.max_items, 2);
	options_free(&o);
	/* Several names of one option are one. */
	o = READ("forkpool", "--dr", "--line", "--resume-", "--tag-", "x", "--jl", "log", "true");
	ck_assert_int_eq(o.dry_run, 1);
	ck_assert_int_eq(o.grouping, GROUP_JOB); /* --dry-run undoes --line-buffer */
	ck_assert_int_eq(o.resume_failed, 1);
	ck_assert_str_eq(o.tag_string, "x");
	options_free(&o);
	o = READ("forkpool", "--line", "true");
	ck_assert_int_eq(o.grouping, GROUP_LINES);
	options_free(&o);
	/* Messages have the whole name. */
	RUN(&said, "forkpool", "--line", "-u", "true");
	ck_assert_str_eq(said.err, "forkpool: -u and --line-buffer exclude each other: one of them "
				   "says how output is grouped\n");
	RUN(&said, "forkpool", "--time");
	ck_assert_str_eq(said.err, "forkpool: --timeout needs a value\n");
	RUN(&said, "forkpool", "--dr=x", "true");
	ck_assert_str_eq(said.err, "forkpool: --dry-run takes no value: --dr=x\n");
	/* Each option once, and a name of another program before any of ours. */
	RUN(&said, "forkpool", "--re", "true");
	ck_assert_ptr_nonnull(strstr(said.err, "--retry-failed"));
	ck_assert_ptr_null(strstr(said.err, "--retryfailed"));
	RUN(&said, "forkpool", "--retry", "3", "true");
	ck_assert_ptr_nonnull(strstr(said.err, "--retries N"));
	o = READ("parallel", "--retry-f", "--joblog", "l");
	ck_assert_int_eq(o.retry_failed, 1);
	options_free(&o);
}
END_TEST

/* Letters in one word, and values in the same word or the next one. */
START_TEST(letters_in_one_word)
{
	struct options o = READ("forkpool", "-kj", "3", "-rkn2", "true", "-k", "--eta");

	ck_assert_int_eq(o.keep_order, 1);
	ck_assert_uint_eq(o.workers, 3);
	ck_assert_uint_eq(o.command_count, 3);
	ck_assert_int_eq(o.eta, 0);
	options_free(&o);
	o = READ("forkpool", "-j4", "-", "-k");
	ck_assert_uint_eq(o.workers, 4);
	ck_assert_str_eq(o.command[0], "-");
	options_free(&o);
	o = READ("forkpool", "-d", "-", "--", "-k");
	ck_assert_str_eq(o.command[0], "-k");
	options_free(&o);
}
END_TEST

/* ---------------------------------------------------------------------------------------- texts */

/* Whether text has name as a whole word. */
static int
has_name(const char *text, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = text; (at = strstr(at, name)) != NULL; at += len)
		if (strchr("abcdefghijklmnopqrstuvwxyz-", at[len]) == NULL || at[len] == '\0')
			if (at == text || at[-1] != '-')
				return 1;
	return 0;
}

START_TEST(help_has_them_all)
{
	struct said said;
	char name[64];

	RUN(&said, "forkpool", "--help");
	ck_assert_int_eq(said.status, 0);
	ck_assert_str_eq(said.err, "");
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		if (option_table[i].name != NULL) {
			(void)snprintf(name, sizeof name, "--%s", option_table[i].name);
			ck_assert_msg(has_name(said.out, name), "%s", name);
		}
		if (option_table[i].letter != 0) {
			(void)snprintf(name, sizeof name, "\n  -%c", option_table[i].letter);
			ck_assert_msg(strstr(said.out, name) != NULL, "%s", name);
		}
	}
	for (const struct option_alias *alias = option_aliases; alias->name != NULL; alias++) {
		(void)snprintf(name, sizeof name, "%s%s", alias->name[1] == '\0' ? "-" : "--",
		    alias->name);
		ck_assert_msg(has_name(said.out, name), "%s", name);
	}
	for (const char *line = said.out; *line != '\0';) {
		const char *end = strchr(line, '\n');
		ck_assert_ptr_nonnull(end);
		ck_assert_msg(end - line < 80, "%.*s", (int)(end - line), line);
		ck_assert_msg(end == line || end[-1] != ' ', "%.*s", (int)(end - line), line);
		line = end + 1;
	}
	RUN(&said, "xargs", "-0", "--version", "--nonsense");
	ck_assert_int_eq(said.status, 0);
	ck_assert_str_eq(said.out, "forkpool " PACKAGE_VERSION "\n");
}
END_TEST

/* Whether an option has that name, "P" or "jobs". */
static int
is_known(const char *name, size_t len)
{
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct option_row *row = &option_table[i];
		if ((len == 1 && row->letter == name[0]) ||
		    (row->name != NULL && strlen(row->name) == len &&
			memcmp(row->name, name, len) == 0))
			return 1;
	}
	for (const struct option_alias *alias = option_aliases; alias->name != NULL; alias++)
		if (strlen(alias->name) == len && memcmp(alias->name, name, len) == 0)
			return 1;
	return 0;
}

/* The manual has an ".It Fl" for each name of each option, and for no other name. */
START_TEST(manual_has_them_all)
{
	static char page[1 << 18], listed[1 << 16];
	const char *srcdir = getenv("srcdir");
	char path[4096], name[64];

	(void)snprintf(path, sizeof path, "%s/man/forkpool.1", srcdir == NULL ? "." : srcdir);
	FILE *file = fopen(path, "r");
	ck_assert_msg(file != NULL, "%s: %s", path, strerror(errno));
	page[fread(page, 1, sizeof page - 1, file)] = '\0';
	(void)fclose(file);
	/* Join the names of all these lines, " Fl " before each and " " behind it. */
	size_t at = 0;
	for (const char *line = page; line != NULL && *line != '\0';
	     line = strchr(line, '\n'), line += line != NULL) {
		size_t len = strcspn(line, "\n");
		if (strncmp(line, ".It Fl ", 7) != 0)
			continue;
		ck_assert_uint_lt(at + len + 2, sizeof listed);
		at += (size_t)snprintf(listed + at, sizeof listed - at, "%.*s ", (int)(len - 3),
		    line + 3);
	}
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		if (option_table[i].name != NULL) {
			(void)snprintf(name, sizeof name, " Fl -%s ", option_table[i].name);
			ck_assert_msg(strstr(listed, name) != NULL, "%s", name);
		}
		if (option_table[i].letter != 0) {
			(void)snprintf(name, sizeof name, " Fl %c ", option_table[i].letter);
			ck_assert_msg(strstr(listed, name) != NULL, "%s", name);
		}
	}
	for (const struct option_alias *alias = option_aliases; alias->name != NULL; alias++) {
		(void)snprintf(name, sizeof name, " Fl %s%s ", alias->name[1] == '\0' ? "" : "-",
		    alias->name);
		ck_assert_msg(strstr(listed, name) != NULL, "%s", name);
	}
	for (const char *flag = listed; (flag = strstr(flag, " Fl ")) != NULL;) {
		flag += 4;
		flag += *flag == '-';
		size_t len = strcspn(flag, " ");
		ck_assert_msg(is_known(flag, len), "%.*s", (int)len, flag);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tool_usage");
	TCase *tc = support_case("usage", 60);

	tcase_add_test(tc, statuses_are_the_dialects);
	tcase_add_test(tc, letters_of_each_dialect);
	tcase_add_test(tc, near_names_are_suggested);
	tcase_add_test(tc, letters_in_one_word);
	tcase_add_test(tc, help_has_them_all);
	tcase_add_test(tc, manual_has_them_all);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}
