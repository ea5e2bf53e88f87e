/* SPDX-License-Identifier: BSD-2-Clause */
/* Which recorders a run has, and what each job's end gives to them, in order. */
#include "config.h"
#include "tool/records/records.h"

#include "tool/base/anchored_file.h"
#include "tool/records/junit.h"
#include "tool/records/results_dir.h"
#include "tool/records/results_json.h"
#include "tool/records/results_table.h"

static const struct options *options;
static struct record_writer json = { .fd = -1 }, json_out = { .fd = -1 };
static struct sink tree; /* with a journal: counts the jobs whose files are in the tree */
static enum { NOWHERE, IN_TREE, IN_TABLE } results;
static struct bytes command, row;
static int with_journal;

void
records_check(const struct options *o)
{
	static const char compared[] = "a run with --journal compares its records with the file";
	int is_table = o->results != NULL && results_kind(o->results) != RESULTS_TREE;

	if (o->joblog != NULL)
		anchored_refuse("--joblog", joblog_path(o->joblog),
		    "--resume and --retry-failed would believe what these write");
	if (o->journal != NULL)
		anchored_refuse("--journal", o->journal,
		    "the next run would believe what these write");
	if (o->journal != NULL && is_table)
		anchored_refuse("--results", o->results, compared);
	if (o->journal != NULL && o->results_json != NULL)
		anchored_refuse("--results-json", o->results_json, compared);
}

int
records_keep_apart(const struct options *o)
{
	return o->json || o->results != NULL || o->results_json != NULL;
}

void
records_open(const struct options *o, struct journal *journal)
{
	int goes_on = journal != NULL && !journal_is_new(journal);
	enum record_open how = goes_on ? RECORD_APPEND : RECORD_REPLACE;

	options = o;
	results = NOWHERE;
	with_journal = journal != NULL;
	if (o->joblog != NULL && !joblog_is_output(o->joblog))
		joblog_open(o->joblog, goes_on || o->resume || o->resume_failed || o->retry_failed);
	if (o->results != NULL) {
		enum results_kind kind = results_kind(o->results);
		results = kind == RESULTS_TREE ? IN_TREE : IN_TABLE;
		if (kind == RESULTS_TREE)
			results_dir_open(o);
		else
			results_table_open(o->results, kind, how);
	}
	if (o->results_json != NULL)
		record_writer_open(&json, "--results-json", o->results_json, how);
	if (o->junit != NULL)
		junit_open(o);
	if (journal == NULL)
		return;
	/* The report has the jobs of earlier runs as well. */
	if (o->junit != NULL)
		journal_replay_all(journal);
	if (o->joblog != NULL)
		journal_attach(journal, JOURNAL_JOBLOG, &joblog_file()->sink, joblog_file()->fd, 0);
	if (results == IN_TREE)
		journal_attach(journal, JOURNAL_RESULTS, &tree, -1, 0);
	if (results == IN_TABLE)
		journal_attach(journal, JOURNAL_RESULTS, &results_table_file()->sink,
		    results_table_file()->fd, 0);
	if (json.fd != -1)
		journal_attach(journal, JOURNAL_RESULTS_JSON, &json.sink, json.fd, 0);
}

/* A run that was killed between two recorders has left the record in the first one. */
static int
wants(struct sink *s, const struct job_record *r)
{
	return sink_wants(s, r->task->entry);
}

static int
tree_add(const struct job_record *r)
{
	if (!wants(&tree, r))
		return 0;
	if (results_dir_add(r) == -1) {
		sink_give_up(&tree);
		return -1;
	}
	(void)sink_end(&tree, 0);
	return 0;
}

static void
command_text(const struct job_record *r)
{
	bytes_clear(&command);
	task_command_text(r->task, options->shell, &command);
}

void
records_row(const struct job_record *r, struct bytes *to)
{
	if (options->joblog == NULL || with_journal)
		return;
	command_text(r);
	joblog_row(r, command.at, command.len, to);
}

/* A run that goes on with a journal knows by itself what is out, so the line need not wait. */
static int
joblog_add(const struct job_record *r, int others)
{
	if (options->joblog == NULL || !with_journal || !wants(&joblog_file()->sink, r))
		return others;
	if (others == -1) {
		sink_give_up(&joblog_file()->sink);
		return -1;
	}
	command_text(r);
	bytes_clear(&row);
	joblog_row(r, command.at, command.len, &row);
	return joblog_write(row.at, row.len);
}

int
records_add(const struct job_record *r)
{
	int status = 0;

	if (results == IN_TABLE)
		command_text(r);
	if (results == IN_TREE && r->outcome->verdict != VERDICT_SKIPPED && tree_add(r) == -1)
		status = -1;
	if (results == IN_TABLE && wants(&results_table_file()->sink, r) &&
	    results_table_add(r, command.at, command.len) == -1)
		status = -1;
	if (json.fd != -1 && wants(&json.sink, r) && results_json_add(&json, r) == -1)
		status = -1;
	return joblog_add(r, status);
}

void
records_again(struct task *task, const struct job_record *r)
{
	if (options->junit != NULL)
		junit_again(task, r);
}

void
records_add_in_turn(const struct job_record *r)
{
	if (options->junit != NULL)
		junit_add(r);
}

const char *
records_place(const struct job_record *r)
{
	if (r->outcome->verdict == VERDICT_SKIPPED)
		return NULL;
	if (results == IN_TREE)
		return results_dir_place(r);
	return results == IN_TABLE ? options->results : options->results_json;
}

int
records_json(const struct job_record *r, struct output_buffer *to)
{
	struct output_buffer whole;

	output_buffer_init(&whole);
	json_out.stored = &whole;
	if (json_out.name == NULL)
		record_writer_into(&json_out, &whole);
	int status = results_json_add(&json_out, r);
	if (status == 0)
		output_buffer_move(to, &whole);
	output_buffer_clear(&whole);
	return status;
}

int
records_close(const char *stopped)
{
	int status = 0;

	if (options == NULL)
		return 0;
	if (options->joblog != NULL && !joblog_is_output(options->joblog) &&
	    joblog_close() == -1)
		status = -1;
	if (results == IN_TREE) {
		results_dir_close();
		sink_detach(&tree);
	}
	if (results == IN_TABLE && results_table_close(stopped) == -1)
		status = -1;
	if (json.fd != -1 && record_writer_close(&json) == -1)
		status = -1;
	if (options->junit != NULL && junit_close() == -1)
		status = -1;
	bytes_free(&json_out.buffer);
	bytes_free(&command);
	bytes_free(&row);
	return status;
}
