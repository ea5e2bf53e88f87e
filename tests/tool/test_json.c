/* SPDX-License-Identifier: BSD-2-Clause */
/* One JSON object a job: jansson reads what was written, wherever a piece of text ends. */
#include "config.h"
#include "tests/support/support.h"
#include "tests/support/tool_records.h"

#include <jansson.h>

#include "tool/records/results_json.h"

static struct record_writer file;

/* The object of that record; checks that it is one line. */
static json_t *
object_of(const struct job_record *r)
{
	struct output_buffer p;
	json_error_t error;

	output_buffer_init(&p);
	record_writer_into(&file, &p);
	ck_assert_int_eq(results_json_add(&file, r), 0);
	char *text = malloc(p.len + 1);
	ck_assert_ptr_nonnull(text);
	for (uint64_t at = 0; at < p.len;) {
		ssize_t n = output_buffer_read(&p, at, text + at, p.len - at);
		ck_assert_int_gt(n, 0);
		at += (uint64_t)n;
	}
	text[p.len] = '\0';
	ck_assert_ptr_eq(memchr(text, '\n', p.len), text + p.len - 1);
	json_t *object = json_loadb(text, p.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	if (object == NULL)
		ck_abort_msg("%s: %.200s", error.text, text);
	free(text);
	output_buffer_clear(&p);
	bytes_free(&file.buffer);
	return object;
}

static const char *
string_of(const json_t *object, const char *name)
{
	const char *string = json_string_value(json_object_get(object, name));

	if (string == NULL)
		ck_abort_msg("there is no string %s", name);
	return string;
}

/* base64 by its definition, bit by bit, to compare with. */
static char *
base64_of(const char *data, size_t len)
{
	static const char digit[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t digits = (len * 8 + 5) / 6, padded = (len + 2) / 3 * 4;
	char *text = malloc(padded + 1);

	ck_assert_ptr_nonnull(text);
	for (size_t i = 0; i < digits; i++) {
		unsigned value = 0;
		for (size_t bit = i * 6; bit < i * 6 + 6; bit++)
			value = value << 1 |
			    (bit < len * 8 ?
				    (unsigned)(unsigned char)data[bit / 8] >> (7 - bit % 8) & 1 :
				    0);
		text[i] = digit[value];
	}
	memset(text + digits, '=', padded - digits);
	text[padded] = '\0';
	return text;
}

START_TEST(all_fields)
{
	static const char *const in_order[] = { "seq", "command", "items", "outcome", "exit",
		"signal", "signal_name", "core", "limit", "message", "backtrace", "slot", "attempt",
		"start", "duration", "user", "system", "max_rss", "stdout", "stderr" };
	struct outcome e = { .verdict = VERDICT_CRASHED,
		.exit_code = 139,
		.signal = 11,
		.core = 1,
		.slot = 3,
		.attempt = 2,
		.start_ns = INT64_C(1700000000123456789),
		.run_ns = 1999999600,
		.user_ns = 1500000,
		.system_ns = 0,
		.max_rss = INT64_C(5000000000),
		.message = "killed by \"signal\" 11",
		.backtrace = "one \"1\"\ntwo\n" };
	struct task *task =
	    tool_task(UINT64_C(9007199254740993), "a b\0\xc3\xa9\n\0", 8, "gzip\0-9\0\"\\\0", 11);
	struct output_buffer out, err;
	struct job_record r = { .task = task,
		.outcome = &e,
		.out = tool_output(&out, "x\0y\n", 4),
		.err = tool_output(&err, "", 0) };

	json_t *o = object_of(&r);
	size_t at = 0;
	const char *name;
	json_t *value;
	json_object_foreach(o, name, value) {
		ck_assert_uint_lt(at, sizeof in_order / sizeof in_order[0]);
		ck_assert_str_eq(name, in_order[at++]);
	}
	ck_assert_uint_eq(at, sizeof in_order / sizeof in_order[0]);
	ck_assert_int_eq(json_integer_value(json_object_get(o, "seq")), 9007199254740993);
	ck_assert_uint_eq(json_array_size(json_object_get(o, "command")), 3);
	ck_assert_str_eq(json_string_value(json_array_get(json_object_get(o, "command"), 2)),
	    "\"\\");
	ck_assert_uint_eq(json_array_size(json_object_get(o, "items")), 2);
	ck_assert_str_eq(json_string_value(json_array_get(json_object_get(o, "items"), 1)),
	    "\xc3\xa9\n");
	ck_assert_str_eq(string_of(o, "outcome"), "crashed");
	ck_assert(json_is_null(json_object_get(o, "exit")));
	ck_assert_int_eq(json_integer_value(json_object_get(o, "signal")), 11);
	ck_assert_str_eq(string_of(o, "signal_name"), "SEGV");
	ck_assert(json_is_true(json_object_get(o, "core")));
	ck_assert(json_is_null(json_object_get(o, "limit")));
	ck_assert_str_eq(string_of(o, "message"), "killed by \"signal\" 11");
	ck_assert_uint_eq(json_array_size(json_object_get(o, "backtrace")), 2);
	ck_assert_str_eq(json_string_value(json_array_get(json_object_get(o, "backtrace"), 0)),
	    "one \"1\"");
	ck_assert_str_eq(json_string_value(json_array_get(json_object_get(o, "backtrace"), 1)),
	    "two");
	ck_assert_int_eq(json_integer_value(json_object_get(o, "slot")), 3);
	ck_assert_int_eq(json_integer_value(json_object_get(o, "attempt")), 2);
	ck_assert_double_eq_tol(json_real_value(json_object_get(o, "start")), 1700000000.123457,
	    1e-6);
	ck_assert_double_eq_tol(json_real_value(json_object_get(o, "duration")), 2.0, 1e-9);
	ck_assert_double_eq_tol(json_real_value(json_object_get(o, "user")), 0.0015, 1e-9);
	ck_assert(json_is_real(json_object_get(o, "system")));
	ck_assert_int_eq(json_integer_value(json_object_get(o, "max_rss")), 5000000000);
	ck_assert_uint_eq(json_string_length(json_object_get(o, "stdout")), 4);
	ck_assert(memcmp(string_of(o, "stdout"), "x\0y\n", 5) == 0);
	ck_assert_str_eq(string_of(o, "stderr"), "");
	json_decref(o);
	output_buffer_clear(&out);
	task_free(task);
}
END_TEST

START_TEST(what_is_not_known_is_null)
{
	static const char *const unknown[] = { "exit", "signal", "signal_name", "limit", "message",
		"backtrace", "slot", "attempt", "start", "duration", "user", "system", "max_rss" };
	struct outcome e = { .verdict = VERDICT_SKIPPED,
		.exit_code = -1,
		.user_ns = -1,
		.system_ns = -1,
		.max_rss = -1,
		.message = "" };
	struct task *task = tool_task(1, "", 0, "", 0);
	struct job_record r = { .task = task, .outcome = &e };

	json_t *o = object_of(&r);
	ck_assert_str_eq(string_of(o, "outcome"), "skipped");
	for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
		ck_assert_msg(json_is_null(json_object_get(o, unknown[i])), "%s", unknown[i]);
	ck_assert(json_is_false(json_object_get(o, "core")));
	ck_assert_uint_eq(json_array_size(json_object_get(o, "items")), 0);
	json_decref(o);
	task_free(task);
}
END_TEST

START_TEST(arguments_that_are_no_text)
{
	struct outcome e = { .verdict = VERDICT_OK };
	struct task *task = tool_task(1, "a\0\xff\0", 4, "cat\0\xc3\0", 6);
	struct job_record r = { .task = task, .outcome = &e };

	json_t *o = object_of(&r);
	ck_assert_ptr_null(json_object_get(o, "items"));
	ck_assert_ptr_null(json_object_get(o, "command"));
	ck_assert_str_eq(json_string_value(json_array_get(json_object_get(o, "items_base64"), 0)),
	    "YQ==");
	ck_assert_str_eq(json_string_value(json_array_get(json_object_get(o, "items_base64"), 1)),
	    "/w==");
	ck_assert_str_eq(json_string_value(json_array_get(json_object_get(o, "command_base64"), 0)),
	    "Y2F0");
	json_decref(o);
	task_free(task);
}
END_TEST

/* The object has that output, as text or in base64. */
static void
output_is(const struct output_buffer *p, const char *data, size_t len, int is_text)
{
	struct outcome e = { .verdict = VERDICT_OK };
	struct task *task = tool_task(1, "", 0, "", 0);
	struct job_record r = { .task = task, .outcome = &e, .out = p, .err = NULL };

	json_t *o = object_of(&r);
	if (is_text) {
		ck_assert_ptr_null(json_object_get(o, "stdout_base64"));
		ck_assert_uint_eq(json_string_length(json_object_get(o, "stdout")), len);
		ck_assert(memcmp(string_of(o, "stdout"), data, len) == 0);
	} else {
		char *expected = base64_of(data, len);
		ck_assert_ptr_null(json_object_get(o, "stdout"));
		ck_assert_str_eq(string_of(o, "stdout_base64"), expected);
		free(expected);
	}
	json_decref(o);
	task_free(task);
}

/* Characters of each length, and bytes that are none, at each place around a piece's end. */
START_TEST(cut_anywhere)
{
	static const struct {
		const char *bytes;
		int is_text;
	} row[] = {
		{ "z", 1 },
		{ "\xc3\xa9", 1 },
		{ "\xe2\x82\xac", 1 },
		{ "\xf0\x9f\x98\x80", 1 },
		{ "\x01\"\\", 1 },
		{ "\x80", 0 },
		{ "\xc3", 0 },
		{ "\xe2\x82", 0 },
		{ "\xf0\x9f\x98", 0 },
		{ "\xed\xa0\x80", 0 },
		{ "\xf0\x9f\x98z", 0 },
	};
	size_t room = 2 * RECORD_PIECE + 16;
	char *text = malloc(room);

	ck_assert_ptr_nonnull(text);
	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		for (size_t at = RECORD_PIECE - 5; at < RECORD_PIECE + 2; at++) {
			for (size_t after = 0; after < 5; after++) {
				size_t n = strlen(row[i].bytes), len = at + n + after;
				memset(text, 'a', len);
				memcpy(text + at, row[i].bytes, n);
				struct output_buffer p;
				output_buffer_init(&p);
				/* The buffer's own pieces end elsewhere. */
				ck_assert_int_eq(output_buffer_add(&p, text, 100 + after), 0);
				ck_assert_int_eq(output_buffer_add(&p, text + 100 + after,
						     len - 100 - after),
				    0);
				output_is(&p, text, len, row[i].is_text);
				output_buffer_clear(&p);
			}
		}
	}
	free(text);
}
END_TEST

START_TEST(every_small_piece)
{
	static const char text[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 \x7f\t\"";
	unsigned char byte;

	for (size_t len = 0; len < sizeof text; len++) {
		struct output_buffer p;
		int is_text = len != 2 && len != 4 && len != 5 && len != 7 && len != 8 && len != 9;
		output_buffer_init(&p);
		ck_assert_int_eq(output_buffer_add(&p, text, len), 0);
		output_is(&p, text, len, is_text);
		output_buffer_clear(&p);
	}
	for (unsigned i = 0; i < 256; i++) {
		struct output_buffer p;
		byte = (unsigned char)i;
		output_is(tool_output(&p, &byte, 1), (char *)&byte, 1, i < 128);
		output_buffer_clear(&p);
	}
}
END_TEST

/* Much output goes in constant memory into a file, and into an output buffer. */
START_TEST(much_output_in_little_memory)
{
	enum { BLOCK = 1 << 20, BLOCKS = 192 };
	struct outcome e = { .verdict = VERDICT_OK };
	struct task *task = tool_task(1, "", 0, "", 0);
	struct output_buffer p, to;
	struct job_record r = { .task = task, .outcome = &e, .out = &p };
	static char block[BLOCK];

	memset(block, 'b', sizeof block);
	output_buffer_init(&p);
	for (int i = 0; i < BLOCKS; i++)
		ck_assert_int_eq(output_buffer_add(&p, block, sizeof block), 0);
	uint64_t before = tool_memory("VmHWM:");
	record_writer_open(&file, "--results-json", "log", RECORD_REPLACE);
	ck_assert_int_eq(results_json_add(&file, &r), 0);
	ck_assert_int_eq(record_writer_close(&file), 0);
	struct stat st;
	ck_assert_int_eq(stat("log", &st), 0);
	ck_assert_int_gt(st.st_size, (off_t)BLOCKS * BLOCK);
	output_buffer_init(&to);
	record_writer_into(&file, &to);
	ck_assert_int_eq(results_json_add(&file, &r), 0);
	ck_assert_uint_eq(to.len, (uint64_t)st.st_size);
	if (!SUPPORT_SANITIZED)
		ck_assert_uint_lt(tool_memory("VmHWM:") - before, 32 << 10);
	output_buffer_clear(&to);
	output_buffer_clear(&p);
	bytes_free(&file.buffer);
	output_buffer_close();
	ck_assert_int_eq(remove("log"), 0);
	task_free(task);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tool_json");
	TCase *tc = support_case("json", 120);

	tool_enter();
	tcase_add_test(tc, all_fields);
	tcase_add_test(tc, what_is_not_known_is_null);
	tcase_add_test(tc, arguments_that_are_no_text);
	tcase_add_test(tc, cut_anywhere);
	tcase_add_test(tc, every_small_piece);
	tcase_add_test(tc, much_output_in_little_memory);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}
