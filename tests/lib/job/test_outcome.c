/* SPDX-License-Identifier: BSD-2-Clause */
/* Outcomes: their names, how one is decided, and what is said of it. */
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

	(void)snprintf(path, sizeof path, "%s/include/forkpool_result.h",
	    srcdir != NULL ? srcdir : ".");
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

/* In words of their own, not taken from the library's table: programs compare with them. */
START_TEST(limits_have_the_names_that_the_header_promises)
{
	static const struct { enum forkpool_limit limit; const char *name; } rows[] = {
		{ FORKPOOL_LIMIT_NONE, "none" },
		{ FORKPOOL_LIMIT_MEMORY, "memory" },
		{ FORKPOOL_LIMIT_CPU, "cpu" },
		{ FORKPOOL_LIMIT_FILE_SIZE, "file_size" },
		{ FORKPOOL_LIMIT_OPEN_FILES, "open_files" },
		{ FORKPOOL_LIMIT_PROCESSES, "processes" },
		{ FORKPOOL_LIMIT_STACK, "stack" },
		{ FORKPOOL_LIMIT_OUTPUT, "output" },
		{ (enum forkpool_limit)-1, "unknown" },
		{ (enum forkpool_limit)1000, "unknown" },
	};
	unsigned named = 0;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		ck_assert_str_eq(forkpool_limit_name(rows[i].limit), rows[i].name);
	/* Those that have a name are those of this table. */
	for (unsigned limit = 0; limit < 1000; limit++)
		named += strcmp(forkpool_limit_name((enum forkpool_limit)limit), "unknown") != 0;
	ck_assert_uint_eq(named, sizeof rows / sizeof rows[0] - 2);
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

START_TEST(claim_decides_or_not)
{
	ck_assert_int_eq(outcome_of_claim(CLAIM_TIMED_OUT), FORKPOOL_TIMED_OUT);
	ck_assert_int_eq(outcome_of_claim(CLAIM_CANCELLED), FORKPOOL_CANCELLED);
	ck_assert_int_eq(outcome_of_claim(CLAIM_CLAIMED), FORKPOOL_OK);
	ck_assert_int_eq(outcome_of_claim(CLAIM_DONE), FORKPOOL_OK);
}
END_TEST

START_TEST(death_is_of_a_limit_a_signal_or_an_exit)
{
	int killed = status_of_child(0, SIGKILL), exited = status_of_child(3, 0);

	ck_assert_int_eq(outcome_of_death(killed, FORKPOOL_LIMIT_MEMORY), FORKPOOL_OVER_LIMIT);
	ck_assert_int_eq(outcome_of_death(exited, FORKPOOL_LIMIT_MEMORY), FORKPOOL_OVER_LIMIT);
	ck_assert_int_eq(outcome_of_death(killed, FORKPOOL_LIMIT_NONE), FORKPOOL_CRASHED);
	ck_assert_int_eq(outcome_of_death(exited, FORKPOOL_LIMIT_NONE), FORKPOOL_EXITED);
}
END_TEST

START_TEST(limit_that_a_signal_enforces)
{
	struct forkpool_limits none = { 0 }, both = { .file_size = 1, .stack = 1 };
	struct crash_note note;
	int too_large = status_of_child(0, SIGXFSZ), killed = status_of_child(0, SIGKILL);

	memset(&note, 0, sizeof note);
	ck_assert_int_eq(outcome_limit_of_signal(&both, too_large, &note),
	    FORKPOOL_LIMIT_FILE_SIZE);
	ck_assert_int_eq(outcome_limit_of_signal(&none, too_large, &note), FORKPOOL_LIMIT_NONE);
	ck_assert_int_eq(outcome_limit_of_signal(&both, killed, &note), FORKPOOL_LIMIT_NONE);
	atomic_store(&note.raised, 1); /* the process sent itself the signal */
	ck_assert_int_eq(outcome_limit_of_signal(&both, too_large, &note), FORKPOOL_LIMIT_NONE);
	atomic_store(&note.stack_full, 1);
	ck_assert_int_eq(outcome_limit_of_signal(&both, killed, &note), FORKPOOL_LIMIT_STACK);
	ck_assert_int_eq(outcome_limit_of_signal(&none, killed, &note), FORKPOOL_LIMIT_NONE);
	ck_assert_int_eq(outcome_limit_of_signal(&both, status_of_child(0, 0), &note),
	    FORKPOOL_LIMIT_NONE);
}
END_TEST

START_TEST(messages)
{
	static const struct {
		enum forkpool_outcome outcome;
		enum forkpool_limit limit;
		int stack_full;
		const char *text;
		const char *behind; /* which where it was may be said */
	} rows[] = {
		{ FORKPOOL_TIMED_OUT, FORKPOOL_LIMIT_NONE, 1,
		    "its deadline passed while it ran: HOW", "" },
		{ FORKPOOL_CANCELLED, FORKPOOL_LIMIT_NONE, 0, "cancelled while it ran: HOW", "" },
		{ FORKPOOL_OVER_LIMIT, FORKPOOL_LIMIT_CPU, 1, "went over its cpu limit: HOW", "" },
		{ FORKPOOL_CRASHED, FORKPOOL_LIMIT_NONE, 0, "HOW", "" },
		{ FORKPOOL_CRASHED, FORKPOOL_LIMIT_NONE, 1, "HOW: its stack was full",
		    ": its stack was full" },
		{ FORKPOOL_EXITED, FORKPOOL_LIMIT_NONE, 1, "HOW", "" },
		{ FORKPOOL_LOST, FORKPOOL_LIMIT_NONE, 0, "its worker was lost while it ran: HOW",
		    "" },
	};
	char text[80];

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		size_t place = outcome_message(text, sizeof text, rows[i].outcome, rows[i].limit,
		    rows[i].stack_full, "HOW");
		ck_assert_str_eq(text, rows[i].text);
		ck_assert_str_eq(text + place, rows[i].behind);
	}
}
END_TEST

START_TEST(lost_output_is_appended_as_far_as_it_fits)
{
	static const char whole[] = "ended; 7 bytes of output past the limit were dropped";
	char text[80] = "";

	outcome_add_output_lost(text, sizeof text, 7);
	ck_assert_str_eq(text, "7 bytes of output past the limit were dropped");
	for (size_t size = sizeof "ended"; size <= sizeof whole; size++) {
		memset(text, 'x', sizeof text);
		(void)strcpy(text, "ended");
		outcome_add_output_lost(text, size, 7);
		ck_assert_uint_eq(strlen(text), size - 1);
		ck_assert_mem_eq(text, whole, size - 1);
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
	tcase_add_test(tc, limits_have_the_names_that_the_header_promises);
	tcase_add_test(tc, status_in_words);
	tcase_add_test(tc, any_status_in_any_room);
	tcase_add_test(tc, claim_decides_or_not);
	tcase_add_test(tc, death_is_of_a_limit_a_signal_or_an_exit);
	tcase_add_test(tc, limit_that_a_signal_enforces);
	tcase_add_test(tc, messages);
	tcase_add_test(tc, lost_output_is_appended_as_far_as_it_fits);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}
