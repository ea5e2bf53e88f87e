/* SPDX-License-Identifier: BSD-2-Clause */
/* An earlier run's joblog: which of its jobs are done, and the commands of failed ones. */
#include "config.h"
#include "tool/records/resume.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/base/message.h"
#include "tool/base/shell_quote.h"
#include "tool/exec/command.h"
#include "tool/records/records.h"
#include "tool/taskgen/task_builder.h"

static struct joblog_entry *entry; /* sorted by seq; the last one with a seq counts */
static size_t entry_count, next_failed;
static int failed_again;
static const struct options *options;
static uint64_t others;      /* jobs passed over that the joblog has with another command */
static struct bytes command; /* for the moment of one call */

static int
by_seq(const void *a, const void *b)
{
	const struct joblog_entry *x = a, *y = b;

	if (x->seq != y->seq)
		return x->seq < y->seq ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

void
resume_open(const struct options *o)
{
	/* A journal knows more. */
	if (o->journal != NULL || o->joblog == NULL ||
	    !(o->resume || o->resume_failed || o->retry_failed))
		return;
	options = o;
	failed_again = o->resume_failed || o->retry_failed;
	const char *path = joblog_path(o->joblog);
	/*
	 * Without a joblog --resume runs all of the input, but --retry-failed cannot go on.  In GNU
	 * parallel it has nothing to do then, and succeeds.
	 */
	if (o->retry_failed && o->dialect != DIALECT_PARALLEL && access(path, F_OK) == -1)
		fail_errno("--retry-failed: cannot read the joblog %s", path);
	entry = joblog_read(o->joblog, &entry_count);
	if (entry_count > 0)
		qsort(entry, entry_count, sizeof *entry, by_seq);
}

void
resume_close(void)
{
	if (others > 1)
		message("--joblog %s: %" PRIu64 " jobs that were passed over have other commands "
			"now",
		    joblog_path(options->joblog), others);
	others = 0;
	bytes_free(&command);
	for (size_t i = 0; i < entry_count; i++)
		free(entry[i].command);
	free(entry);
	entry = NULL;
	entry_count = next_failed = 0;
}

static int
is_last_of_its_seq(size_t i)
{
	return i + 1 == entry_count || entry[i + 1].seq != entry[i].seq;
}

static int
has_failed(const struct joblog_entry *e)
{
	return e->exit_code != 0 || e->signal != 0;
}

/*
 * Jobs are known by their numbers, as in GNU parallel.  With another input a number is another job:
 * then jobs would never run, and nobody would know.  Whoever has mended the command since the
 * earlier run wants just that, so it is said and no more.
 */
static void
compare(const struct task *task, const struct joblog_entry *e)
{
	/* Which slot {%} would be nobody knows. */
	if (options->dialect != DIALECT_NATIVE || task->slot_count > 0)
		return;
	bytes_clear(&command);
	task_command_text(task, options->shell, &command);
	if (joblog_command_hash(command.at, command.len) == e->command_hash || others++ > 0)
		return;
	message("--joblog %s: job %" PRIu64
		" is passed over, and in line %zu it is another command: the input has to be the "
		"same",
	    joblog_path(options->joblog), task->seq, e->order);
}

int
resume_has(const struct task *task)
{
	const uint64_t seq = task->seq;
	size_t low = 0, high = entry_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (entry[middle].seq <= seq)
			low = middle + 1;
		else
			high = middle;
	}
	/* low is behind the last entry with that seq. */
	if (low == 0 || entry[low - 1].seq != seq ||
	    (failed_again && has_failed(&entry[low - 1])))
		return 0;
	compare(task, &entry[low - 1]);
	return 1;
}

/*
 * The joblog's command is a text for a shell.  If it consists of plain words, as forkpool writes
 * them, and the first is a program, the words are the command, and no shell runs its own echo
 * instead.  A text such as GNU parallel's "exit 3" needs a shell.
 */
static void
put_command(struct task *task, const char *text)
{
	if (options->dialect == DIALECT_NATIVE && !options->shell) {
		task->word_count = shell_quote_split(&task->words, text);
		int is_program = task->word_count > 0 && command_find(task->words.at) == 0;
		/* Forget what command_find() found: it is for this command alone. */
		command_setup.word = command_setup.path = NULL;
		if (is_program)
			return;
		bytes_clear(&task->words);
	}
	const char *shell = options->dialect == DIALECT_PARALLEL ? task_builder_shell() : "sh";
	bytes_add(&task->words, shell, strlen(shell) + 1);
	bytes_add(&task->words, "-c", sizeof "-c");
	bytes_add(&task->words, text, strlen(text) + 1);
	task->word_count = 3;
	task->is_text = 1;
}

struct task *
resume_next_failed(void)
{
	while (next_failed < entry_count) {
		size_t i = next_failed++;
		if (!is_last_of_its_seq(i) || !has_failed(&entry[i]))
			continue;
		struct task *task = task_new();
		task->seq = entry[i].seq;
		put_command(task, entry[i].command);
		return task;
	}
	return NULL;
}
