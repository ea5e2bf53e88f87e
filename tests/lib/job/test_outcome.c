/* SPDX-License-Identifier: BSD-2-Clause */
/* The outcomes' names, and wait statuses in words. */
#include "config.h"
#include "tests/support/support.h"

#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/job/outcome.h"

static void
lowered(char *to, const char *from, size_t size)
{
	size_t i = 0;

	for (; from[i] != '\0' && i + 1 < size; i++)
		to[i] = (char)tolower((unsigned char)from[i]);
	to[i] = '\0';
}

START_TEST(names_are_those_of_the_constants)
{
	char name[40];

#define CHECK_NAME(constant, text, person)                                        \
	lowered(name, #constant, sizeof name);                                    \
	ck_assert_str_eq(text, name);                                             \
	ck_assert_str_eq(forkpool_outcome_name(FORKPOOL_##constant), name);       \
	ck_assert_uint_gt(strlen(person), 0);
	OUTCOME_TABLE(CHECK_NAME)
}
END_TEST

START_TEST(table_has_what_the_public_header_has)
{
	const char *srcdir = getenv("srcdir");
	char path[4096], line[256], name[40];
	int number = 0, inside = 0;

	(void)snprintf(path, sizeof path, "%s/include/forkpool.h", srcdir != NULL ? srcdir : ".");
	FILE *header = fopen(path, "re");
	ck_assert_msg(header != NULL, "cannot open %s", path);
	while (fgets(line, sizeof line, header) != NULL) {
		if (strncmp(line, "enum forkpool_outcome {", 23) == 0)
			inside = 1;
		else if (line[0] == '}')
			inside = 0;
		else if (inside && strncmp(line, "\tFORKPOOL_", 10) == 0) {
			line[10 + strspn(line + 10, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_")] = '\0';
			lowered(name, line + 10, sizeof name);
			ck_assert_str_eq(forkpool_outcome_name((enum forkpool_outcome)number),
			    name);
			number++;
		}
	}
	(void)fclose(header);
	ck_assert_int_eq(number, OUTCOME_COUNT);
}
END_TEST

START_TEST(number_out_of_range_has_a_name_too)
{
	ck_assert_str_eq(forkpool_outcome_name((enum forkpool_outcome)OUTCOME_COUNT), "unknown");
	ck_assert_str_eq(forkpool_outcome_name((enum forkpool_outcome)1000), "unknown");
	ck_assert_str_eq(forkpool_outcome_name((enum forkpool_outcome)-1), "unknown");
}
END_TEST

static int
status_of_child(int exit_code, int signo)
{
	int status;
	pid_t pid = fork();

	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		struct rlimit none = { 0, 0 };
		(void)setrlimit(RLIMIT_CORE, &none);
		if (signo != 0) {
			(void)signal(signo, SIG_DFL);
			(void)raise(signo);
		}
		_exit(exit_code);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

START_TEST(status_in_words)
{
	char text[120], expected[120];

	ck_assert_ptr_eq(outcome_status_text(status_of_child(0, 0), text, sizeof text), text);
	ck_assert_str_eq(text, "exited with status 0");
	ck_assert_str_eq(outcome_status_text(status_of_child(255, 0), text, sizeof text),
	    "exited with status 255");
	(void)snprintf(expected, sizeof expected, "killed by signal %d (%s)", SIGKILL,
	    strsignal(SIGKILL));
	ck_assert_str_eq(outcome_status_text(status_of_child(0, SIGKILL), text, sizeof text),
	    expected);
	(void)snprintf(expected, sizeof expected, "killed by signal %d (%s)", SIGUSR1,
	    strsignal(SIGUSR1));
	ck_assert_str_eq(outcome_status_text(status_of_child(0, SIGUSR1), text, sizeof text),
	    expected);
}
END_TEST

START_TEST(core_flag_in_words)
{
#ifdef __WCOREFLAG
	char text[120];
	const char *end = ", core dumped";

	(void)outcome_status_text(SIGSEGV | __WCOREFLAG, text, sizeof text);
	ck_assert_uint_gt(strlen(text), strlen(end));
	ck_assert_str_eq(text + strlen(text) - strlen(end), end);
	(void)outcome_status_text(SIGSEGV, text, sizeof text);
	ck_assert_ptr_null(strstr(text, "core"));
#endif
}
END_TEST

START_TEST(any_status_in_any_room)
{
	char text[200];

	for (int status = 0; status <= 0xffff; status++) {
		(void)outcome_status_text(status, text, sizeof text);
		size_t len = strlen(text);
		ck_assert_uint_gt(len, 0);
		ck_assert_uint_lt(len, 80);
	}
	for (size_t size = 1; size < 60; size++) {
		memset(text, 'x', sizeof text);
		(void)outcome_status_text(SIGSEGV, text, size);
		ck_assert_uint_lt(strlen(text), size);
		ck_assert_int_eq(text[size], 'x');
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("outcome");
	TCase *tc = support_case("outcome", 20);

	tcase_add_test(tc, names_are_those_of_the_constants);
	tcase_add_test(tc, table_has_what_the_public_header_has);
	tcase_add_test(tc, number_out_of_range_has_a_name_too);
	tcase_add_test(tc, status_in_words);
	tcase_add_test(tc, core_flag_in_words);
	tcase_add_test(tc, any_status_in_any_room);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}
