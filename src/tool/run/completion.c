/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include "tool/run/completion.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool/base/message.h"
#include "tool/display/status.h"
#include "tool/records/records.h"
#include "tool/run/order.h"
#include "tool/run/output_writer.h"
#include "tool/run/task_queue.h"

static const struct options *options;
static struct journal *journal;
static struct totals totals;
static struct job *unsynced, **unsynced_end = &unsynced; /* done, and not known to be on the disk */
static uint64_t waiting, written[PUBLISH_STREAMS];
static struct bytes line, command;
/* Jobs whose output a reader may have twice: as text ("4, 7-9, 2", as much of it as a line can have), and how many. */
static struct {
	struct bytes text;
	uint64_t first, last; /* of the range that is not in the text yet; 0: there is none */
	uint64_t count, left_out;
} in_doubt;
#define IN_DOUBT_TEXT 3000

void
completion_open(const struct options *o, struct journal *j)
{
	options = o;
	journal = j;
	if (j != NULL) {
		struct stat out, err;
		int shared = fstat(STDOUT_FILENO, &out) == 0 && fstat(STDERR_FILENO, &err) == 0 &&
		    out.st_dev == err.st_dev && out.st_ino == err.st_ino;
		journal_attach(j, JOURNAL_OUT, output_writer_sink(PUBLISH_OUT), STDOUT_FILENO,
		    shared);
		journal_attach(j, JOURNAL_ERR, output_writer_sink(PUBLISH_ERR), STDERR_FILENO, 1);
	}
	order_open(j != NULL ? journal_first_seq(j) : 1);
}

void
completion_close(void)
{
	while (unsynced != NULL) {
		struct job *job = unsynced;
		unsynced = job->next;
		job_free(job);
	}
	unsynced_end = &unsynced;
	order_close();
	bytes_free(&line);
	bytes_free(&command);
}

struct totals *
completion_totals(void)
{
	return &totals;
}

static void
broken(void)
{
	totals.broken = 1;
}

static const struct bytes *
tag_of(const struct job *job)
{
	return options->tag || options->tag_string != NULL ? &job->task->tag : NULL;
}

/* ----------------------------------------------------------------------------------------- output */

/* Whether what it writes may go out before it has ended. */
static int
is_live(const struct job *job)
{
	/* What has gone out is in no record. */
	if (options->results != NULL && options->dialect == DIALECT_PARALLEL)
		return 0;
	return options->grouping == GROUP_LINES &&
	    (!options->keep_order || job->task->seq == order_turn());
}

/* All whole lines that it has by now. */
static void
lines_out(struct job *job, int stream)
{
	struct output_buffer *stored = stream == PUBLISH_OUT ? &job->out : &job->err;
	char buffer[4096];
	uint64_t whole = 0;

	for (uint64_t at = 0; at < stored->len;) {
		ssize_t n = output_buffer_read(stored, at, buffer, sizeof buffer);
		if (n <= 0)
			return;
		const char *newline = memrchr(buffer, '\n', (size_t)n);
		if (newline != NULL)
			whole = at + (uint64_t)(newline + 1 - buffer);
		at += (uint64_t)n;
	}
	if (whole == 0)
		return;
	struct output_buffer lines;
	output_buffer_init(&lines);
	for (uint64_t left = whole; left > 0;) {
		const char *data;
		ssize_t n = output_buffer_front(stored, &data, buffer,
		    left < sizeof buffer ? (size_t)left : sizeof buffer);
		if (n <= 0 || output_buffer_add(&lines, data, (size_t)n) == -1) {
			broken();
			break;
		}
		output_buffer_drop(stored, (size_t)n);
		left -= (uint64_t)n;
	}
	if (output_writer_take(stream, &lines, tag_of(job)) == -1)
		broken();
	output_buffer_clear(&lines);
}

void
completion_output(void *owner, int is_err, const char *data, size_t len)
{
	struct job *job = owner;
	struct output_buffer *stored = is_err ? &job->err : &job->out;

	written[is_err ? PUBLISH_ERR : PUBLISH_OUT] += len;
	if (output_buffer_add(stored, data, len) == -1) {
		if (!totals.broken)
			message_errno("cannot keep the output of jobs");
		broken();
		return;
	}
	if (is_live(job) && memchr(data, '\n', len) != NULL)
		lines_out(job, is_err ? PUBLISH_ERR : PUBLISH_OUT);
}

/* ----------------------------------------------------------------------------------------- publish */

static struct job_record
record_of(const struct job *job)
{
	return (struct job_record){ job->task, &job->outcome, &job->out, &job->err,
		task_queue_header() };
}

static int
is_failure(const struct job *job)
{
	return job->outcome.verdict != VERDICT_OK && job->outcome.verdict != VERDICT_SKIPPED;
}

/* Which job it was, what happened and where its output is. */
static void
add_explanation(const struct job *job)
{
	const struct job_record record = record_of(job);

	bytes_clear(&command);
	task_command_text(job->task, options->shell, &command);
	outcome_explain(&job->outcome, job->task, command.at, records_place(&record), &line);
}

/* In one line. */
static void
explain(const struct job *job)
{
	if (options->quiet || options->dialect != DIALECT_NATIVE || !is_failure(job))
		return;
	bytes_clear(&line);
	bytes_printf(&line, "%s: ", message_name);
	add_explanation(job);
	bytes_add_byte(&line, '\n');
	if (output_writer_add(PUBLISH_ERR, line.at, line.len) == -1)
		broken();
}

/* Not what an earlier run has published. */
static int
wants(const struct job *job, int stream)
{
	return journal == NULL || sink_wants(output_writer_sink(stream),
	    journal_number(journal, stream == PUBLISH_OUT ? JOURNAL_OUT : JOURNAL_ERR, job->task));
}

/* What GNU parallel has put into --results it does not show. */
static int
is_put_away(void)
{
	return options->results != NULL && options->dialect == DIALECT_PARALLEL;
}

static void
in_doubt_range_end(void)
{
	const char *comma = in_doubt.text.len > 0 ? ", " : "";

	if (in_doubt.first == 0)
		return;
	if (in_doubt.text.len > IN_DOUBT_TEXT)
		in_doubt.left_out += in_doubt.last - in_doubt.first + 1;
	else if (in_doubt.first == in_doubt.last)
		bytes_printf(&in_doubt.text, "%s%" PRIu64, comma, in_doubt.first);
	else
		bytes_printf(&in_doubt.text, "%s%" PRIu64 "-%" PRIu64, comma, in_doubt.first,
		    in_doubt.last);
	in_doubt.first = 0;
}

static void
in_doubt_add(uint64_t seq)
{
	if (in_doubt.first != 0 && seq != in_doubt.last + 1)
		in_doubt_range_end();
	if (in_doubt.first == 0)
		in_doubt.first = seq;
	in_doubt.last = seq;
	in_doubt.count++;
}

static void
in_doubt_say(void)
{
	char more[64] = "";

	in_doubt_range_end();
	if (in_doubt.left_out > 0)
		(void)snprintf(more, sizeof more, " and %" PRIu64 " more", in_doubt.left_out);
	if (in_doubt.count > 0)
		message("standard output may have output of job%s %s%s twice: a run was killed "
			"while it wrote that",
		    in_doubt.count == 1 ? "" : "s", in_doubt.text.at, more);
	bytes_free(&in_doubt.text);
	in_doubt.count = in_doubt.left_out = 0;
}

static void
publish(struct job *job)
{
	int out = wants(job, PUBLISH_OUT), err = wants(job, PUBLISH_ERR);

	if (options->json && out) {
		const struct job_record record = record_of(job);
		struct output_buffer object;
		output_buffer_init(&object);
		if (records_json(&record, &object) == -1 ||
		    output_writer_take(PUBLISH_OUT, &object, NULL) == -1)
			broken();
	} else if (!options->json && !is_put_away() &&
	    ((out && output_writer_take(PUBLISH_OUT, &job->out, tag_of(job)) == -1) ||
		(err && output_writer_take(PUBLISH_ERR, &job->err, tag_of(job)) == -1))) {
		broken();
	}
	if (out && output_writer_entry_end(PUBLISH_OUT))
		in_doubt_add(job->task->seq);
	if (err) {
		explain(job);
		(void)output_writer_entry_end(PUBLISH_ERR);
	}
	waiting--;
	job_free(job);
}

static void
turns_take(void)
{
	struct job *job;

	while ((job = order_next()) != NULL)
		publish(job);
}

/* It is on the disk, where there is a journal. */
static void
let_out(struct job *job)
{
	const struct job_record record = record_of(job);

	if (records_add(&record) == -1)
		broken();
	if (!options->keep_order) {
		publish(job);
	} else if (job->task->seq < order_turn()) {
		/* An earlier run has published it, and was killed before it was recorded everywhere. */
		waiting--;
		job_free(job);
	} else {
		order_add(job->task->seq, job);
		turns_take();
	}
}

void
completion_skip(uint64_t seq)
{
	if (!options->keep_order)
		return;
	order_add(seq, NULL);
	turns_take();
}

/* Handed in to the journal; 0: it is not to be shown, the next run has it again. */
static int
keep(struct job *job)
{
	if (job->outcome.verdict == VERDICT_CANCELLED || job->outcome.verdict == VERDICT_SKIPPED) {
		journal_not_done(journal, job->task);
		return 0;
	}
	if (journal_done(journal, job->task, &job->outcome, &job->out, &job->err) == 0)
		return 1;
	broken();
	return 0;
}

void
completion_ended(struct job *job)
{
	totals_add(&totals, &job->outcome, options->dialect);
	if (status_is_on() && is_failure(job)) {
		bytes_clear(&line);
		add_explanation(job);
		status_failure(line.at, line.len);
	}
	totals_halt(&totals, &job->outcome, &options->halt, task_queue_total());
	if (journal == NULL) {
		waiting++;
		let_out(job);
		return;
	}
	if (!keep(job)) {
		job_free(job);
		return;
	}
	waiting++;
	job->next = NULL;
	*unsynced_end = job;
	unsynced_end = &job->next;
}

void
completion_outcome(struct job *job, const struct forkpool_result *result)
{
	outcome_of_result(&job->outcome, result, job->submitted_ns, options->plugin_file == NULL);
	job->outcome.attempt = job->task->attempts;
	job->outcome.sent = job->task->block_len;
	if (result->value_len > 0)
		completion_output(job, 0, result->value, result->value_len);
	if (result->output_len > 0)
		completion_output(job, 1, result->output, result->output_len);
	job->outcome.received = job->out.len;
}

void
completion_result(struct job *job, const struct forkpool_result *result)
{
	(void)result;
	job_keep_texts(job);
	/* From now on its command is the one that has run. */
	if (job->outcome.slot > 0)
		task_slot_fill(job->task, job->outcome.slot);
	completion_ended(job);
}

int
completion_check(struct task *task, int only_compare)
{
	struct outcome outcome;
	struct job *job;
	enum journal_state state =
	    journal == NULL ? JOURNAL_TO_RUN : journal_check(journal, task, &outcome);

	if (only_compare && (state == JOURNAL_TO_RUN || state == JOURNAL_UNKNOWN)) {
		task->attempts = 0;
		return 0;
	}
	switch (state) {
	case JOURNAL_TO_RUN:
		return 0;
	case JOURNAL_DONE:
		totals_add(&totals, &outcome, options->dialect);
		task_free(task);
		return 1;
	case JOURNAL_UNKNOWN:
		job = job_new(task);
		job->outcome = outcome;
		completion_ended(job);
		return 1;
	case JOURNAL_CHANGED:
		break;
	}
	task_free(task);
	broken();
	return -1;
}

void
completion_replay(void)
{
	struct output_buffer out, err;
	struct outcome outcome;
	struct task *task;
	int got = 0;

	output_buffer_init(&out);
	output_buffer_init(&err);
	while (
	    journal != NULL && (got = journal_replay(journal, &task, &outcome, &out, &err)) == 1) {
		struct job *job = job_new(task);
		output_buffer_move(&job->out, &out);
		output_buffer_move(&job->err, &err);
		job->outcome = outcome;
		job_keep_texts(job);
		waiting++;
		let_out(job);
		if (output_writer_is_full() && output_writer_finish() == -1)
			return;
	}
	if (got == -1)
		broken();
	in_doubt_say();
	/* With -k the turn of what it has may come later. */
	if (journal != NULL && !options->keep_order && output_writer_finish() == 0)
		completion_caught_up();
}

void
completion_caught_up(void)
{
	if (sink_caught_up(output_writer_sink(PUBLISH_OUT)) == -1)
		broken();
}

int
completion_timeout(void)
{
	return journal != NULL ? journal_timeout(journal) : -1;
}

void
completion_sync(int wait)
{
	if (journal == NULL)
		return;
	if (!wait && journal_timeout(journal) != 0) {
		if (journal_flush(journal) == -1)
			broken();
		return;
	}
	if (journal_sync(journal) == -1) {
		broken();
		return;
	}
	while (unsynced != NULL) {
		struct job *job = unsynced;
		if ((unsynced = job->next) == NULL)
			unsynced_end = &unsynced;
		let_out(job);
	}
}

uint64_t
completion_waiting(void)
{
	return waiting;
}

uint64_t
completion_written(int stream)
{
	return written[stream];
}
