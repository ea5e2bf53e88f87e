/* SPDX-License-Identifier: BSD-2-Clause */
/* A trace's events: exact times that never overlap on a track, and names that are only data. */
#include "config.h"
#include "tests/support/support.h"
#include "tests/support/tool_records.h"

#include <jansson.h>

#include "tool/reports/trace.h"

/* The origin of all times; in nanoseconds it has more digits than a double. */
#define BEGAN INT64_C(1700000000123456789)

static const struct attempt_began began = { .real_ns = BEGAN, .now_ns = INT64_C(5000000000) };
static char file_name[] = "t.json";
static char *words[] = { (char[]){ "gzip" }, (char[]){ "\"a\033\xff" }, NULL };

static void
begin(void)
{
	struct options o = { .trace_file = file_name, .command = words, .command_count = 2 };

	trace_open(&o, NULL, &began);
}

/* Adds a try of that command. */
static void
add(uint64_t seq, unsigned slot, int64_t at_ns, int64_t run_ns, unsigned attempt, int again,
    const char *command, size_t len)
{
	struct task *task = tool_task(seq, "", 0, "", 0);
	struct outcome e = { .verdict = again ? VERDICT_FAILED : VERDICT_OK,
		.slot = slot,
		.attempt = attempt,
		.start_ns = BEGAN + at_ns,
		.run_ns = run_ns,
		.user_ns = -1,
		.system_ns = -1,
		.max_rss = -1,
		.message = "" };
	struct job_record record = { .task = task, .outcome = &e };
	struct brief brief = { 0 };
	struct attempt run = { .record = &record,
		.brief = &brief,
		.command = command,
		.command_len = len,
		.cpu_ns = -1,
		.again = again };

	bytes_add(&brief.command, command, len);
	trace_run(&run);
	brief_free(&brief);
	task_free(task);
}

static json_t *
end(void)
{
	struct attempt_now now = { .now_ns = began.now_ns + 1000, .real_ns = BEGAN + 1000 };
	json_error_t error;
	size_t len;

	ck_assert_int_eq(trace_close(&now), 0);
	char *text = tool_read(file_name, &len);
	json_t *events = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	if (events == NULL)
		ck_abort_msg("%s: %.400s", error.text, text);
	free(text);
	ck_assert_int_eq(remove(file_name), 0);
	return events;
}

/* The n-th event of that phase. */
static json_t *
nth(const json_t *events, const char *phase, size_t n)
{
	size_t i;
	json_t *event;

	json_array_foreach(events, i, event)
		if (strcmp(json_string_value(json_object_get(event, "ph")), phase) == 0 && n-- == 0)
			return event;
	return NULL;
}

static int64_t
ns_of(const json_t *event, const char *name)
{
	ck_assert(json_is_number(json_object_get(event, name)));
	return (int64_t)(json_number_value(json_object_get(event, name)) * 1000 + 0.5);
}

static void
run_is(const json_t *events, size_t n, int64_t at_ns, int64_t run_ns)
{
	const json_t *event = nth(events, "X", n);

	ck_assert_ptr_nonnull(event);
	ck_assert_int_eq(ns_of(event, "ts"), at_ns);
	ck_assert_int_eq(ns_of(event, "dur"), run_ns);
}

START_TEST(times_are_exact)
{
	begin();
	add(1, 1, 0, 1, 1, 0, "a", 1);
	add(2, 1, 1, 999, 1, 0, "a", 1);
	add(3, 1, 1000, 86400 * INT64_C(1000000000) + 7, 1, 0, "a", 1);
	json_t *events = end();
	run_is(events, 0, 0, 1);
	run_is(events, 1, 1, 999);
	run_is(events, 2, 1000, 86400 * INT64_C(1000000000) + 7);
	json_decref(events);
}
END_TEST

/* A start may be early, by the moment between two readings of the clock; a duration is exact. */
START_TEST(runs_of_a_worker_do_not_overlap)
{
	begin();
	add(1, 1, 100, 50, 1, 0, "a", 1);
	add(2, 1, 140, 50, 1, 0, "a", 1);   /* 10 too early */
	add(3, 2, 140, 50, 1, 0, "a", 1);   /* on another worker */
	add(4, 1, 195, 5, 1, 0, "a", 1);    /* 5 too early, since the second one was moved */
	add(5, 1, 300, 5, 1, 0, "a", 1);    /* late enough */
	add(6, 2, -1000, 5, 1, 0, "a", 1);  /* the clock was set back */
	add(7, 3, -1000, 5, 1, 0, "a", 1);
	json_t *events = end();
	run_is(events, 0, 100, 50);
	run_is(events, 1, 150, 50);
	run_is(events, 2, 140, 50);
	run_is(events, 3, 200, 5);
	run_is(events, 4, 300, 5);
	run_is(events, 5, 190, 5);
	run_is(events, 6, 0, 5);
	json_decref(events);
}
END_TEST

START_TEST(what_never_began_is_not_there)
{
	begin();
	add(1, 0, -BEGAN, 0, 1, 0, "a", 1);
	json_t *events = end();
	ck_assert_ptr_null(nth(events, "X", 0));
	ck_assert_ptr_nonnull(nth(events, "i", 0));
	json_decref(events);
}
END_TEST

START_TEST(tries_are_joined)
{
	begin();
	add(7, 1, 0, 10, 1, 1, "a", 1);
	add(7, 2, 20, 10, 2, 1, "a", 1);
	add(7, 1, 40, 10, 3, 0, "a", 1);
	json_t *events = end();
	for (size_t i = 0; i < 2; i++) {
		const json_t *from = nth(events, "s", i), *to = nth(events, "f", i);
		ck_assert_str_eq(json_string_value(json_object_get(from, "id")),
		    i == 0 ? "7.1" : "7.2");
		ck_assert_str_eq(json_string_value(json_object_get(to, "id")),
		    i == 0 ? "7.1" : "7.2");
		ck_assert_int_eq(ns_of(from, "ts"), i == 0 ? 0 : 20);
		ck_assert_int_eq(ns_of(to, "ts"), i == 0 ? 20 : 40);
		ck_assert_int_eq(json_integer_value(json_object_get(from, "tid")), i == 0 ? 1 : 2);
		ck_assert_int_eq(json_integer_value(json_object_get(to, "tid")), i == 0 ? 2 : 1);
	}
	ck_assert_ptr_null(nth(events, "s", 2));
	ck_assert_ptr_null(nth(events, "f", 2));
	json_decref(events);
}
END_TEST

/* Commands of each single byte, and longer ones: every event has a name without control bytes. */
START_TEST(names_are_data)
{
	static const struct {
		const char *command;
		size_t len;
		const char *name;
		int is_text;
	} row[] = {
		{ "", 0, "job 1", 1 },
		{ "a\0b", 3, NULL, 1 },
		{ "\"\\\x7f\x1b[2J\n", 8, NULL, 1 },
		{ "\xc3\xa9", 2, "\xc3\xa9", 1 },
		{ "\xc3", 1, "\\303", 0 },
		{ "\xed\xa0\x80", 3, NULL, 0 },
		{ "\xe2\x80\xae", 3, NULL, 1 },
	};
	static char longest[200000];

	memset(longest, 'x', sizeof longest);
	begin();
	for (unsigned i = 0; i < 256; i++)
		add(1, 1, 0, 1, 1, 0, (char[]){ (char)i }, 1);
	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
		add(1, 1, 0, 1, 1, 0, row[i].command, row[i].len);
	add(1, 1, 0, 1, 1, 0, longest, sizeof longest);
	json_t *events = end();
	for (size_t i = 0; i < 256 + sizeof row / sizeof row[0]; i++) {
		const char byte = (char)i, *data = i < 256 ? &byte : row[i - 256].command;
		size_t len = i < 256 ? 1 : row[i - 256].len;
		const json_t *event = nth(events, "X", i), *args = json_object_get(event, "args");
		const char *name = json_string_value(json_object_get(event, "name"));
		for (const char *c = name; *c != '\0'; c++)
			ck_assert_msg((unsigned char)*c >= 0x20 && *c != 0x7f, "%zu: %s", i, name);
		ck_assert_uint_gt(strlen(name), 0);
		if (i >= 256 && row[i - 256].name != NULL)
			ck_assert_str_eq(name, row[i - 256].name);
		const json_t *command = json_object_get(args, "command");
		if (i < 256 ? i < 128 : row[i - 256].is_text) {
			ck_assert_uint_eq(json_string_length(command), len);
			ck_assert(memcmp(json_string_value(command), data, len) == 0);
		} else {
			ck_assert_ptr_null(command);
			ck_assert_ptr_nonnull(json_object_get(args, "command_base64"));
		}
	}
	const json_t *last = nth(events, "X", 256 + sizeof row / sizeof row[0]);
	ck_assert_uint_lt(strlen(json_string_value(json_object_get(last, "name"))), 80);
	ck_assert_uint_eq(json_string_length(
			      json_object_get(json_object_get(last, "args"), "command")),
	    sizeof longest);
	json_decref(events);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tool_trace");
	TCase *tc = support_case("trace", 60);

	tool_enter();
	tcase_add_test(tc, times_are_exact);
	tcase_add_test(tc, runs_of_a_worker_do_not_overlap);
	tcase_add_test(tc, what_never_began_is_not_there);
	tcase_add_test(tc, tries_are_joined);
	tcase_add_test(tc, names_are_data);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}
