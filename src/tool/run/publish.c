/* SPDX-License-Identifier: BSD-2-Clause */
/* Publishes jobs: their output, records and explanations, in the order in which they end or, with
   -k, of the input. */
#include "config.h"
#include "tool/run/publish.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tool/base/message.h"
#include "tool/records/records.h"
#include "tool/run/joblog_queue.h"
#include "tool/run/group_markers.h"
#include "tool/run/order.h"
#include "tool/run/output_writer.h"
#include "tool/run/run_totals.h"
#include "tool/run/task_queue.h"

static const struct options *options;
static struct journal *journal;
static uint64_t written[PUBLISH_STREAMS];
static struct bytes line, row;
static struct brief brief;
/* Jobs whose output a reader may have twice: as text ("4, 7-9, 2", as much of it as a message can
   have), and how many. */
static struct {
	struct bytes text;
	uint64_t first, last; /* of the range that is not in the text yet; 0: there is none */
	uint64_t count, left_out;
} in_doubt;
#define IN_DOUBT_TEXT 3000

void
publish_open(const struct options *o, struct journal *j)
{
	options = o;
	journal = j;
	if (j != NULL) {
		journal_attach(j, JOURNAL_OUT, output_writer_sink(PUBLISH_OUT), STDOUT_FILENO,
		    output_writer_is_one_file());
		journal_attach(j, JOURNAL_ERR, output_writer_sink(PUBLISH_ERR), STDERR_FILENO, 1);
	}
	order_open(j != NULL ? journal_first_place(j) + 1 : 1);
	if (o->joblog != NULL && joblog_is_output(o->joblog) &&
	    output_writer_add(PUBLISH_OUT, joblog_header(), strlen(joblog_header())) == -1)
		run_totals_broken();
}

void
publish_close(void)
{
	order_close();
	joblog_queue_close();
	bytes_free(&line);
	bytes_free(&row);
	brief_free(&brief);
}

static const struct bytes *
tag_of(const struct job *job)
{
	return options->tag || options->tag_string != NULL ? &job->task->tag : NULL;
}

/* GNU parallel does not show the output that it has put into the files of --results. */
static int
is_put_away(void)
{
	return options->results != NULL && options->dialect == DIALECT_PARALLEL;
}

/* --------------------------------------------------------------------- output, while a job runs */

/* Whether lines may go out before the job has ended. */
static int
is_live(const struct job *job)
{
	/* No record would have what has gone out. */
	if (is_put_away())
		return 0;
	return options->grouping == GROUP_LINES &&
	    (!options->keep_order || job->task->seq == order_turn());
}

/* Some of the job's output cannot be kept or let out: the run fails, and no line of the joblog may
   tell that the job is done. */
static void
lose_output(struct job *job)
{
	run_totals_broken();
	job->not_done = 1;
}

/* The length of all whole lines; 0 also if the buffer cannot be read. */
static uint64_t
whole_lines(const struct output_buffer *from)
{
	char piece[4096];
	uint64_t whole = 0;

	for (uint64_t at = 0; at < from->len;) {
		ssize_t n = output_buffer_read(from, at, piece, sizeof piece);
		if (n <= 0)
			return 0;
		const char *newline = memrchr(piece, '\n', (size_t)n);
		if (newline != NULL)
			whole = at + (uint64_t)(newline + 1 - piece);
		at += (uint64_t)n;
	}
	return whole;
}

static void
lines_out(struct job *job, int stream)
{
	struct output_buffer *from = stream == PUBLISH_OUT ? &job->out : &job->err, lines;
	char piece[4096];
	uint64_t left = whole_lines(from);

	if (left == 0)
		return;
	output_buffer_init(&lines);
	while (left > 0) {
		const char *data;
		ssize_t n = output_buffer_front(from, &data, piece,
		    left < sizeof piece ? (size_t)left : sizeof piece);
		if (n <= 0 || output_buffer_add(&lines, data, (size_t)n) == -1) {
			output_buffer_complain();
			lose_output(job);
			break;
		}
		output_buffer_drop(from, (size_t)n);
		left -= (uint64_t)n;
	}
	if (output_writer_take(stream, &lines, tag_of(job)) == -1)
		lose_output(job);
	output_buffer_clear(&lines);
}

void
publish_output(void *owner, int is_err, const char *data, size_t len)
{
	struct job *job = owner;
	const int stream = is_err ? PUBLISH_ERR : PUBLISH_OUT;

	written[stream] += len;
	if (output_buffer_add(is_err ? &job->err : &job->out, data, len) == -1) {
		output_buffer_complain();
		lose_output(job);
		return;
	}
	if (is_live(job) && memchr(data, '\n', len) != NULL)
		lines_out(job, stream);
}

uint64_t
publish_written(int stream)
{
	return written[stream];
}

/* --------------------------------------------------------------------------------- explanations */

struct job_record
publish_record(const struct job *job)
{
	return (struct job_record){ job->task, &job->outcome, &job->out, &job->err,
		task_queue_header() };
}

/* Where a command ends xargs, POSIX wants a line: with the words of GNU xargs where it has some. */
static void
explanation_as_xargs(const struct job *job, struct bytes *to)
{
	const struct outcome *e = &job->outcome;
	char shown[256];

	if (e->verdict != VERDICT_SETUP_FAILED) /* whose message has the command */
		bytes_printf(to, "%s: ",
		    message_text(shown, sizeof shown, task_word(job->task, 0).data));
	if (e->verdict == VERDICT_FAILED)
		bytes_printf(to, "exited with status %d; aborting", e->exit_code);
	else if (e->verdict == VERDICT_CRASHED)
		bytes_printf(to, "terminated by signal %d", e->signal);
	else
		outcome_what(e, to);
}

static int
is_explained(const struct outcome *e)
{
	if (options->quiet || !outcome_is_failure(e))
		return 0;
	/* With -u it was the job that wrote, and not the tool: it ends by the signal as filters do,
	   and silently. */
	if (options->grouping == GROUP_NONE && e->signal == SIGPIPE &&
	    output_writer_reader_is_gone())
		return 0;
	return options->dialect == DIALECT_NATIVE || (options->dialect == DIALECT_XARGS &&
	    e->verdict != VERDICT_CANCELLED && outcome_stops_xargs(e) != 0);
}

static void
explanation_add(const struct job *job)
{
	const struct job_record record = publish_record(job);
	const char *where = outcome_is_failure(&job->outcome) ? records_place(&record) : NULL;

	brief_of(&brief, job->task, options->shell);
	outcome_explain(&job->outcome, job->task->seq, &brief, where, &line);
}

static void
explain(const struct job *job)
{
	const int as_xargs = options->dialect == DIALECT_XARGS;

	/* The title of its group explains a job. */
	if (!is_explained(&job->outcome) ||
	    (options->group_markers != MARKERS_NONE && !as_xargs))
		return;
	bytes_clear(&line);
	bytes_printf(&line, "%s: ", message_name);
	if (as_xargs)
		explanation_as_xargs(job, &line);
	else
		explanation_add(job);
	bytes_add_byte(&line, '\n');
	if (output_writer_add(PUBLISH_ERR, line.at, line.len) == -1)
		run_totals_broken();
}

/* ----------------------------------------------- output that a reader may have twice (in doubt) */

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

void
publish_say_in_doubt(void)
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

/* ----------------------------------------------------------------------------------- publishing */

/* Whether no earlier run has published the job on that stream. */
static int
is_wanted(const struct job *job, int stream)
{
	return journal == NULL || sink_wants(output_writer_sink(stream),
	    journal_number(journal, stream == PUBLISH_OUT ? JOURNAL_OUT : JOURNAL_ERR, job->task));
}

/* With a journal a job that has failed and is run again has another result (--retry-failed). */
static int
is_last_result(const struct job *job)
{
	const struct task *task = job->task;

	return journal == NULL ||
	    journal_place(journal, task->seq, task->entry) ==
	    journal_place(journal, task->seq, UINT64_MAX);
}

static int
object_out(const struct job *job)
{
	const struct job_record record = publish_record(job);
	struct output_buffer object;

	output_buffer_init(&object);
	return records_json(&record, &object) == -1 ||
		output_writer_take(PUBLISH_OUT, &object, NULL) == -1 ?
	    -1 :
	    0;
}

static int
group_out(struct job *job)
{
	if (job->out.len == 0 && job->err.len == 0 && !is_explained(&job->outcome))
		return 0;
	bytes_clear(&line);
	explanation_add(job);
	return group_markers_out(options, &line, job, tag_of(job));
}

/* Behind the job's output. */
static void
row_out(const struct job *job)
{
	const struct job_record record = publish_record(job);

	bytes_clear(&row);
	records_row(&record, &row);
	if (!joblog_is_output(options->joblog))
		joblog_queue_add(row.at, row.len);
	else if (row.len > 0 && output_writer_add(PUBLISH_OUT, row.at, row.len) == -1)
		run_totals_broken();
}

/* The job's turn has come. */
static void
job_out(struct job *job)
{
	const int out = is_wanted(job, PUBLISH_OUT), err = is_wanted(job, PUBLISH_ERR);
	const struct job_record record = publish_record(job);
	int failed = 0;

	if (is_last_result(job))
		records_add_in_turn(&record);
	if (options->json)
		failed = out && object_out(job) == -1;
	else if (options->group_markers != MARKERS_NONE && !is_put_away())
		failed = group_out(job) == -1;
	else if (!is_put_away())
		failed = (out && output_writer_take(PUBLISH_OUT, &job->out, tag_of(job)) == -1) ||
		    (err && output_writer_take(PUBLISH_ERR, &job->err, tag_of(job)) == -1);
	if (failed)
		lose_output(job);
	if (out && output_writer_entry_end(PUBLISH_OUT))
		in_doubt_add(job->task->seq);
	if (err) {
		explain(job);
		(void)output_writer_entry_end(PUBLISH_ERR);
	}
	if (options->joblog != NULL && !job->not_done)
		row_out(job);
	job_free(job);
}

static void
turns_take(void)
{
	struct job *job;

	while ((job = order_next()) != NULL)
		job_out(job);
}

void
publish_job(struct job *job)
{
	const struct job_record record = publish_record(job);

	if (records_add(&record) == -1)
		lose_output(job);
	const uint64_t turn = journal == NULL ?
	    job->task->seq :
	    journal_place(journal, job->task->seq, job->task->entry) + 1;
	if (!options->keep_order) {
		job_out(job);
	} else if (turn < order_turn()) {
		/* An earlier run published the job and was killed before all records had it. */
		job_free(job);
	} else {
		order_add(turn, job);
		turns_take();
	}
}

void
publish_skip(uint64_t seq)
{
	if (!options->keep_order)
		return;
	order_add(seq, NULL);
	turns_take();
}
