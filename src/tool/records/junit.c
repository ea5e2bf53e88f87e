/* SPDX-License-Identifier: BSD-2-Clause */
/* Test cases in JUnit's XML, and the report that is made of them. */
#include "config.h"
#include "tool/records/junit.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tool/base/atomic_file.h"
#include "tool/base/clock.h"
#include "tool/base/escape.h"
#include "tool/base/escape_lines.h"
#include "tool/records/name_set.h"
#include "tool/records/record_name.h"
#include "tool/records/record_writer.h"
#include "tool/records/held_bytes.h"
#include "tool/records/xml_text.h"

/* The longest names, in bytes. */
#define NAME_SHOWN    1000
#define PROGRAM_SHOWN 100

static struct {
	const struct options *o;
	struct atomic_file file;
	struct held_bytes cases;
	int      error;                    /* errno of output that could not be read back */
	int64_t  began_ns, began_clock_ns; /* since the epoch, and monotonic */
	uint64_t tests, failures, errors, skipped;
	size_t   earlier;                  /* bytes that tasks keep for junit_add() */
	struct name_set names;
	struct bytes text, what;           /* for the moment */
} junit = { .cases.fd = -1 };

void
junit_open(const struct options *o)
{
	atomic_file_prepare(&junit.file, "--junit", o->junit);
	junit.o = o;
	junit.began_ns = clock_ns(CLOCK_REALTIME);
	junit.began_clock_ns = clock_ns(CLOCK_MONOTONIC);
	held_bytes_open(&junit.cases, "--junit");
}

/* --------------------------------------------------------------------------------------- output */

static int
piece_add(void *to, const char *data, size_t len)
{
	xml_text_add(to, data, len);
	return 0;
}

/* Adds the bytes from..to of the output. */
static void
lines_add(struct bytes *out, const struct output_buffer *p, uint64_t from, uint64_t to)
{
	if (record_lines(p, from, to, piece_add, out) == -1 && junit.error == 0)
		junit.error = errno;
}

/* The next place, from that one on, where no character of UTF-8 is cut in two. */
static uint64_t
between_characters(const struct output_buffer *p, uint64_t at)
{
	char c;

	for (int i = 0; i < 3; i++, at++)
		if (output_buffer_read(p, at, &c, 1) != 1 || ((unsigned char)c & 0xc0) != 0x80)
			break;
	return at;
}

/* Where the last bytes of the output begin, at most that many. */
static uint64_t
tail_of(const struct output_buffer *p, uint64_t most)
{
	uint64_t len = record_size(p);

	return len > most ? between_characters(p, len - most) : 0;
}

static void
output_add(struct bytes *out, const char *element, const struct output_buffer *p)
{
	uint64_t len = record_size(p), head = len, tail = len;

	if (len == 0)
		return;
	if (len > JUNIT_OUTPUT) {
		head = between_characters(p, JUNIT_OUTPUT / 2);
		tail = tail_of(p, JUNIT_OUTPUT / 2);
	}
	bytes_printf(out, "<%s>", element);
	lines_add(out, p, 0, head);
	if (tail > head)
		bytes_printf(out, "\n[... %" PRIu64 " byte%s left out here ...]\n", tail - head,
		    tail - head == 1 ? "" : "s");
	lines_add(out, p, tail, len);
	bytes_printf(out, "</%s>\n", element);
}

static void
tail_add(struct bytes *out, const char *element, const struct output_buffer *p)
{
	if (record_size(p) == 0)
		return;
	bytes_printf(out, "<%s>", element);
	lines_add(out, p, tail_of(p, JUNIT_EARLIER), p->len);
	bytes_printf(out, "</%s>\n", element);
}

/* ------------------------------------------------------------------------------------- failures */

/* What happened, on one line, in junit.what. */
static void
what_set(const struct outcome *e)
{
	bytes_clear(&junit.what);
	outcome_what(e, &junit.what);
}

static void
backtrace_add(struct bytes *out, const struct outcome *e)
{
	if (e->backtrace == NULL)
		return;
	bytes_clear(&junit.text);
	(void)escape_lines(&junit.text, e->backtrace, strlen(e->backtrace), 1);
	xml_text_add(out, junit.text.at, junit.text.len);
}

static void
failure_add(struct bytes *out, const char *element, const struct job_record *r)
{
	const struct outcome *e = r->outcome;
	const struct output_buffer *said = record_size(r->err) > 0 ? r->err : r->out;

	what_set(e);
	bytes_printf(out, "<%s", element);
	xml_attribute(out, "message", junit.what.at);
	xml_attribute(out, "type", verdict_name(e->verdict));
	bytes_add_byte(out, '>');
	xml_text_add(out, junit.what.at, junit.what.len);
	bytes_add_byte(out, '\n');
	backtrace_add(out, e);
	lines_add(out, said, tail_of(said, JUNIT_FAILURE), record_size(said));
	bytes_printf(out, "</%s>\n", element);
}

static void
verdict_add(struct bytes *out, const struct job_record *r)
{
	switch (r->outcome->verdict) {
	case VERDICT_OK:
		break;
	case VERDICT_FAILED:
		junit.failures++;
		failure_add(out, "failure", r);
		break;
	case VERDICT_SKIPPED:
		junit.skipped++;
		what_set(r->outcome);
		bytes_add_text(out, "<skipped");
		xml_attribute(out, "message", junit.what.at);
		bytes_add_text(out, "/>\n");
		break;
	default:
		junit.errors++;
		failure_add(out, "error", r);
		break;
	}
}

/* Whether a job that is tried again will succeed is not known yet: junit_add() changes the name. */
#define FLAKY "flaky"
#define RERUN "rerun"
_Static_assert(sizeof FLAKY == sizeof RERUN, "one is written over the other");

void
junit_again(struct task *task, const struct job_record *r)
{
	const struct outcome *e = r->outcome;
	struct bytes *out = &task->earlier;
	size_t before = out->len;

	if (before > JUNIT_EARLIER_JOB || junit.earlier > JUNIT_EARLIER_ALL)
		return;
	what_set(e);
	bytes_add_text(out, "<" FLAKY "Failure");
	xml_attribute(out, "message", junit.what.at);
	xml_attribute(out, "type", verdict_name(e->verdict));
	bytes_printf(out, ">\n<stackTrace>run %u, after %.3f s: ", e->attempt,
	    (double)e->run_ns / 1e9);
	xml_text_add(out, junit.what.at, junit.what.len);
	bytes_add_byte(out, '\n');
	backtrace_add(out, e);
	bytes_add_text(out, "</stackTrace>\n");
	tail_add(out, "system-out", r->out);
	tail_add(out, "system-err", r->err);
	bytes_add_text(out, "</" FLAKY "Failure>\n");
	junit.earlier += out->len - before;
}

/* Text from outside has no `<` in it any more: what is found are the elements' names. */
static void
earlier_add(struct bytes *out, const struct task *task, int has_succeeded)
{
	const char *begin = "<" FLAKY "Failure", *end = "</" FLAKY "Failure";
	size_t from = out->len;
	char *at;

	bytes_add(out, task->earlier.at, task->earlier.len);
	junit.earlier -= task->earlier.len;
	if (has_succeeded)
		return;
	for (at = out->at + from; (at = strstr(at, begin)) != NULL;)
		memcpy(at + 1, RERUN, sizeof RERUN - 1);
	for (at = out->at + from; (at = strstr(at, end)) != NULL;)
		memcpy(at + 2, RERUN, sizeof RERUN - 1);
}

/* ---------------------------------------------------------------------------------------- cases */

/*
 * Some readers pass over a case whose name another one had.  The job's number, which makes a name
 * another one, changes with the input: only those have it that need it.
 */
static void
name_add(struct bytes *out, const struct task *task)
{
	char name[NAME_SHOWN + 32];

	bytes_clear(&junit.text);
	task_command_text(task, junit.o->shell, &junit.text);
	size_t len = record_job_name(name, NAME_SHOWN, task, junit.text.at, junit.text.len);
	/* It may have been cut. */
	int is_whole = len + 32 < NAME_SHOWN && record_named_by_items(task);
	if (!is_whole || !name_set_add(&junit.names, name, len))
		(void)snprintf(name + len, sizeof name - len, " (job %" PRIu64 ")", task->seq);
	xml_attribute(out, "name", name);
}

/* Readers take what stands before a dot for the name of a package. */
static void
class_add(struct bytes *out, const struct task *task)
{
	char name[PROGRAM_SHOWN];

	bytes_clear(&junit.text);
	record_program_name(junit.o, task, &junit.text);
	(void)escape_text(name, sizeof name, junit.text.at, junit.text.len);
	for (char *dot; (dot = strchr(name, '.')) != NULL;)
		*dot = '_';
	xml_attribute(out, "classname", name);
}

void
junit_add(const struct job_record *r)
{
	struct bytes *out = &junit.cases.waiting;

	junit.tests++;
	bytes_add_text(out, "<testcase");
	name_add(out, r->task);
	class_add(out, r->task);
	bytes_printf(out, " time=\"%.3f\">\n", (double)r->outcome->run_ns / 1e9);
	verdict_add(out, r);
	earlier_add(out, r->task, r->outcome->verdict == VERDICT_OK);
	output_add(out, "system-out", r->out);
	output_add(out, "system-err", r->err);
	bytes_add_text(out, "</testcase>\n");
	held_bytes_settle(&junit.cases);
}

/* --------------------------------------------------------------------------------------- report */

static void
number_add(struct bytes *out, const char *name, uint64_t number)
{
	bytes_printf(out, " %s=\"%" PRIu64 "\"", name, number);
}

static void
head_add(struct bytes *out)
{
	const double elapsed = (double)(clock_ns(CLOCK_MONOTONIC) - junit.began_clock_ns) / 1e9;
	char host[256] = "", shown[NAME_SHOWN], began[32] = "";
	const time_t seconds = (time_t)(junit.began_ns / 1000000000);
	struct tm tm;

	(void)gethostname(host, sizeof host - 1);
	if (gmtime_r(&seconds, &tm) != NULL)
		(void)strftime(began, sizeof began, "%Y-%m-%dT%H:%M:%SZ", &tm);
	bytes_clear(&junit.text);
	record_run_name(junit.o, &junit.text);
	if (junit.text.len == 0)
		bytes_add_text(&junit.text, "forkpool"); /* the items are the commands */
	(void)escape_text(shown, sizeof shown, junit.text.at, junit.text.len);
	bytes_add_text(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	for (int is_suite = 0; is_suite < 2; is_suite++) {
		bytes_add_text(out, is_suite ? "<testsuite" : "<testsuites");
		xml_attribute(out, "name", shown);
		number_add(out, "tests", junit.tests);
		number_add(out, "failures", junit.failures);
		number_add(out, "errors", junit.errors);
		bytes_printf(out, " time=\"%.3f\"", elapsed);
		if (is_suite) {
			number_add(out, "skipped", junit.skipped);
			xml_attribute(out, "timestamp", began);
			(void)escape_text(shown, sizeof shown, host, strlen(host));
			xml_attribute(out, "hostname", shown);
		}
		bytes_add_text(out, ">\n");
	}
}

static int
report_make(void)
{
	static const char foot[] = "</testsuite>\n</testsuites>\n";

	if (junit.error != 0) {
		errno = junit.error;
		return -1;
	}
	if (atomic_file_open(&junit.file) == -1)
		return -1;
	bytes_clear(&junit.what);
	head_add(&junit.what);
	atomic_file_add(&junit.file, junit.what.at, junit.what.len);
	if (held_bytes_copy(&junit.cases, &junit.file) == -1)
		junit.file.error = errno;
	atomic_file_add(&junit.file, foot, sizeof foot - 1);
	return atomic_file_close(&junit.file);
}

int
junit_close(void)
{
	int status = report_make();

	if (status == -1)
		atomic_file_complain(&junit.file);
	atomic_file_free(&junit.file);
	held_bytes_close(&junit.cases);
	name_set_free(&junit.names);
	bytes_free(&junit.text);
	bytes_free(&junit.what);
	return status;
}
