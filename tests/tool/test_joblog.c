/* SPDX-License-Identifier: BSD-2-Clause */
/* The joblog: lines as GNU parallel writes them, and which files are accepted as one. */
#include "config.h"
#include "tests/support/support.h"
#include "tests/support/tool_records.h"

#include <signal.h>
#include <sys/resource.h>

#include "tool/records/joblog.h"

#define HEADER "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n"

static int
row_write(const struct job_record *r, const char *command, size_t len)
{
	struct bytes row = { 0 };

	joblog_row(r, command, len, &row);
	int status = joblog_write(row.at, row.len);
	bytes_free(&row);
	return status;
}

static void
log_one(uint64_t seq, const struct outcome *outcome, const char *command, size_t len, int status)
{
	struct task *task = tool_task(seq, "", 0, "", 0);
	struct job_record r = { .task = task, .outcome = outcome };

	ck_assert_int_eq(row_write(&r, command, len), status);
	task_free(task);
}

START_TEST(lines_are_parallels)
{
	struct outcome e = { .verdict = VERDICT_OK,
		.start_ns = INT64_C(1700000000123456789),
		.run_ns = 1234567890,
		.sent = 7,
		.received = 1234567890123 };

	joblog_open("log", 0);
	log_one(1, &e, "gzip 'a b'", 10, 0);
	e = (struct outcome){ .verdict = VERDICT_FAILED,
		.exit_code = 3,
		.start_ns = INT64_C(1700000000999600000) };
	log_one(3, &e, "two\nlines\n\tand a tab\n", 21, 0);
	e = (struct outcome){ .verdict = VERDICT_CRASHED,
		.exit_code = 137,
		.signal = 9,
		.start_ns = 5000000 };
	log_one(UINT64_C(9007199254740993), &e, "", 0, 0);
	e = (struct outcome){ .verdict = VERDICT_TIMED_OUT,
		.exit_code = 143,
		.signal = 15,
		.run_ns = INT64_C(123456789000000000) };
	log_one(4, &e, "\xff", 1, 0);
	e = (struct outcome){ .verdict = VERDICT_SKIPPED, .exit_code = -1 };
	log_one(5, &e, "never began", 11, 0);
	e = (struct outcome){ .verdict = VERDICT_CANCELLED, .exit_code = 0 };
	log_one(6, &e, "well behaved at SIGTERM", 23, 0);
	ck_assert_int_eq(joblog_close(), 0);
	static const char expected[] = HEADER
	    "1\t:\t1700000000.123\t     1.235\t7\t1234567890123\t0\t0\tgzip 'a b'\n"
	    "3\t:\t1700000001.000\t     0.000\t0\t0\t3\t0\ttwo\0lines\0\tand a tab\0\n"
	    "9007199254740993\t:\t0.005\t     0.000\t0\t0\t0\t9\t\n"
	    "4\t:\t0.000\t123456789.000\t0\t0\t-1\t15\t\xff\n";
	tool_file_is("log", expected, sizeof expected - 1);
	ck_assert_int_eq(remove("log"), 0);
}
END_TEST

START_TEST(reads_what_it_wrote)
{
	struct outcome ok = { .verdict = VERDICT_OK };
	struct outcome bad = { .verdict = VERDICT_FAILED, .exit_code = 3 };
	struct outcome late = { .verdict = VERDICT_TIMED_OUT, .exit_code = 143, .signal = 15 };
	size_t count;

	joblog_open("log", 0);
	log_one(2, &ok, "a", 1, 0);
	log_one(1, &bad, "b\nc", 3, 0);
	log_one(2, &late, "", 0, 0);
	ck_assert_int_eq(joblog_close(), 0);
	struct joblog_entry *entry = joblog_read("log", &count);
	ck_assert_uint_eq(count, 3);
	ck_assert_uint_eq(entry[0].seq, 2);
	ck_assert_int_eq(entry[0].exit_code, 0);
	ck_assert_ptr_null(entry[0].command);
	ck_assert_uint_eq(entry[1].seq, 1);
	ck_assert_int_eq(entry[1].exit_code, 3);
	ck_assert_str_eq(entry[1].command, "b\nc");
	ck_assert_int_eq(entry[2].exit_code, -1);
	ck_assert_int_eq(entry[2].signal, 15);
	ck_assert_str_eq(entry[2].command, "");
	ck_assert_uint_lt(entry[0].order, entry[2].order);
	free(entry[1].command);
	free(entry[2].command);
	free(entry);
	ck_assert_ptr_null(joblog_read("missing", &count));
	ck_assert_uint_eq(count, 0);
	ck_assert_int_eq(remove("log"), 0);
}
END_TEST

/* Killed at any byte: whole lines count, half a line is cut off, and a new line follows. */
START_TEST(torn_at_every_byte)
{
	static const char text[] = HEADER "1\t:\t17.000\t     1.235\t7\t12\t1\t0\tfirst\n"
	    "12\t:\t17.000\t     1.235\t7\t12\t0\t0\tsecond \0 line\n";
	static const char more[] = "3\t:\t0.000\t     0.000\t0\t0\t0\t0\tthird\n";
	struct outcome ok = { .verdict = VERDICT_OK };

	for (size_t len = 0; len < sizeof text; len++) {
		size_t count, lines = 0, whole = 0, have;
		for (size_t i = 0; i < len; i++)
			if (text[i] == '\n') {
				lines++;
				whole = i + 1;
			}
		tool_write("log", text, len);
		struct joblog_entry *entry = joblog_read("log", &count);
		ck_assert_uint_eq(count, lines > 0 ? lines - 1 : 0);
		for (size_t i = 0; i < count; i++) {
			ck_assert_uint_eq(entry[i].seq, i == 0 ? 1 : 12);
			free(entry[i].command);
		}
		free(entry);
		joblog_open("log", 1);
		log_one(3, &ok, "third", 5, 0);
		ck_assert_int_eq(joblog_close(), 0);
		char *got = tool_read("log", &have);
		size_t before = whole > 0 ? whole : sizeof HEADER - 1;
		ck_assert_uint_eq(have, before + sizeof more - 1);
		ck_assert(memcmp(got, text, before) == 0);
		ck_assert_str_eq(got + before, more);
		free(got);
	}
	ck_assert_int_eq(remove("log"), 0);
}
END_TEST

static void
read_it(const void *path)
{
	size_t count;

	free(joblog_read(path, &count));
}

START_TEST(what_is_no_joblog_is_refused)
{
	static const struct {
		const char *text, *said;
	} row[] = {
		{ "abc\n", "log is no joblog" },
		{ "abc", "log is no joblog" },
		{ "\n", "log is no joblog" },
		{ "Seq\tHost\n", "log is no joblog" },
		{ HEADER "1\t:\tx\n",
		    "log: line 2 is not as a joblog has it: its column JobRuntime" },
		{ HEADER "\n", "log: line 2 is not as a joblog has it: its column Host" },
		{ HEADER "1\t:\t1\t1\t0\t0\t0\t0\tok\n0\t:\t1\t1\t0\t0\t0\t0\tx\n",
		    "log: line 3 is not as a joblog has it: its column Seq" },
		{ HEADER "-1\t:\t1\t1\t0\t0\t0\t0\tx\n", "column Seq" },
		{ HEADER "1x\t:\t1\t1\t0\t0\t0\t0\tx\n", "column Seq" },
		{ HEADER "99999999999999999999\t:\t1\t1\t0\t0\t0\t0\tx\n", "column Seq" },
		{ HEADER "1\t\t1\t1\t0\t0\t0\t0\tx\n", "column Host" },
		{ HEADER "1\t:\t\t1\t0\t0\t0\t0\tx\n", "column Starttime" },
		{ HEADER "1\t:\t1\tsoon\t0\t0\t0\t0\tx\n", "column JobRuntime" },
		{ HEADER "1\t:\t1\t1\t\t0\t0\t0\tx\n", "column Send" },
		{ HEADER "1\t:\t1\t1\t0\t 0\t0\t0\tx\n", "column Receive" },
		{ HEADER "1\t:\t1\t1\t0\t0\t256\t0\tx\n", "column Exitval" },
		{ HEADER "1\t:\t1\t1\t0\t0\t0\t-1\tx\n", "column Signal" },
		{ HEADER "1\t:\t1\t1\t0\t0\t0\t0\n", "column Command is missing" },
	};

	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		tool_write("log", row[i].text, strlen(row[i].text));
		const char *said = tool_refused(read_it, "log");
		if (strstr(said, row[i].said) == NULL ||
		    strchr(said, '\n') != said + strlen(said) - 1)
			ck_abort_msg("row %zu: %s", i, said);
	}
	ck_assert_int_eq(remove("log"), 0);
	ck_assert_ptr_nonnull(strstr(tool_refused(read_it, "."), "cannot read ."));
}
END_TEST

static void
open_it(const void *path)
{
	joblog_open(path, 0);
}

START_TEST(where_it_goes)
{
	struct outcome ok = { .verdict = VERDICT_OK };

	ck_assert_ptr_nonnull(
	    strstr(tool_refused(open_it, "no/such/directory"), "no/such/directory: No such file"));
	ck_assert_ptr_nonnull(strstr(tool_refused(open_it, "."), "Is a directory"));
	/* "+" appends lines to any file, without a header; without it the joblog is begun anew. */
	tool_write("log", "mine\n", 5);
	joblog_open("+log", 0);
	log_one(1, &ok, "x", 1, 0);
	ck_assert_int_eq(joblog_close(), 0);
	static const char appended[] = "mine\n1\t:\t0.000\t     0.000\t0\t0\t0\t0\tx\n";
	tool_file_is("log", appended, sizeof appended - 1);
	joblog_open("log", 0);
	ck_assert_int_eq(joblog_close(), 0);
	tool_file_is("log", HEADER, sizeof HEADER - 1);
	ck_assert_int_eq(remove("log"), 0);
}
END_TEST

/* A line for which there is no room is cut off again, so that the file stays a joblog. */
START_TEST(full_disk_leaves_whole_lines)
{
	struct outcome ok = { .verdict = VERDICT_OK };
	struct rlimit limit, before;
	char long_one[2000];
	size_t len;

	memset(long_one, 'x', sizeof long_one);
	joblog_open("log", 0);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	ck_assert_ptr_ne(signal(SIGXFSZ, SIG_IGN), SIG_ERR);
	int said_fd = open("said", O_RDWR | O_CREAT, 0600);
	ck_assert_int_ne(dup2(said_fd, STDERR_FILENO), -1);
	ck_assert_int_eq(close(said_fd), 0);
	struct task *task = tool_task(1, "", 0, "", 0);
	struct job_record r = { .task = task, .outcome = &ok };
	limit = before;
	limit.rlim_cur = 1000;
	int failed = setrlimit(RLIMIT_FSIZE, &limit) == 0 && row_write(&r, "fits", 4) == 0 &&
	    row_write(&r, long_one, sizeof long_one) == -1 &&
	    row_write(&r, long_one, sizeof long_one) == -1 && row_write(&r, "fits too", 8) == 0;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
	ck_assert_int_eq(failed, 1);
	task_free(task);
	ck_assert_int_eq(joblog_close(), 0);
	static const char expected[] = HEADER "1\t:\t0.000\t     0.000\t0\t0\t0\t0\tfits\n"
	    "1\t:\t0.000\t     0.000\t0\t0\t0\t0\tfits too\n";
	tool_file_is("log", expected, sizeof expected - 1);
	/* The error was told once. */
	char *said = tool_read("said", &len);
	ck_assert_ptr_nonnull(strstr(said, "cannot write log: "));
	ck_assert_ptr_eq(strchr(said, '\n'), said + len - 1);
	free(said);
	ck_assert_int_eq(remove("log") | remove("said"), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tool_joblog");
	TCase *tc = support_case("joblog", 60);

	tool_enter();
	tcase_add_test(tc, lines_are_parallels);
	tcase_add_test(tc, reads_what_it_wrote);
	tcase_add_test(tc, torn_at_every_byte);
	tcase_add_test(tc, what_is_no_joblog_is_refused);
	tcase_add_test(tc, where_it_goes);
	tcase_add_test(tc, full_disk_leaves_whole_lines);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}
