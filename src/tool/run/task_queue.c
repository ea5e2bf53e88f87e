/* SPDX-License-Identifier: BSD-2-Clause */
/* Gives out tasks: first those read ahead, then the rest of the input. */
#include "config.h"
#include "tool/run/task_queue.h"

#include <unistd.h>

#include "tool/base/message.h"
#include "tool/records/resume.h"
#include "tool/taskgen/stdin_blocks.h"

static const struct options *options;
static int from_joblog; /* --retry-failed takes the tasks from there */
static struct rows *sources;
static struct batcher *batcher;
static struct stdin_blocks *blocks;
static task_queue_skip *skip;
static size_t functions, function;    /* of a plug-in: how many; how many jobs of item are made */
static struct task *item;             /* with several functions: becomes a job of each */
static struct task_list ahead;        /* read to know how many tasks there are */
static size_t ahead_count, ahead_bytes;
static uint64_t passed_over;          /* by --resume */
static uint64_t given, used;          /* taken of the last task, and of the last that was used */
static int stopped, input_over;

/* The limits of reading ahead. */
#define AHEAD_TASKS 100000
#define AHEAD_BYTES (64 * 1024 * 1024)

/* Who waits for items that nobody types is told.  xargs says nothing. */
static void
say_terminal(const struct options *o)
{
	if (o->source_count > 0 || o->dialect == DIALECT_XARGS || !isatty(STDIN_FILENO))
		return;
	message("%s are read from the terminal, and Ctrl-D ends them%s",
	    o->pipe ? "blocks" : "items",
	    o->pipe ? "" : "; ::: and -a are other ways to give them");
}

void
task_queue_open(const struct options *o, size_t function_count, task_queue_skip *skipped)
{
	options = o;
	skip = skipped;
	functions = function_count;
	TAILQ_INIT(&ahead);
	from_joblog = o->retry_failed && o->journal == NULL;
	resume_open(o);
	if (from_joblog)
		return;
	say_terminal(o);
	if (o->pipe) {
		blocks = stdin_blocks_open(o);
	} else {
		sources = rows_open(o);
		batcher = batcher_open(o, sources);
	}
}

void
task_queue_close(void)
{
	struct task *task;

	while ((task = TAILQ_FIRST(&ahead)) != NULL) {
		TAILQ_REMOVE(&ahead, task, link);
		task_free(task);
	}
	task_free(item);
	item = NULL;
	stdin_blocks_close(blocks);
	batcher_close(batcher);
	rows_close(sources);
	resume_close();
}

const struct row *
task_queue_header(void)
{
	return sources != NULL && options->header ? rows_header(sources) : NULL;
}

/* The next task of the input: with several functions the present item for the next one, or a new
   item. */
static enum next
input_next(struct task **task, int block_fd)
{
	if (from_joblog)
		return (*task = resume_next_failed()) != NULL ? NEXT_GOT : NEXT_END;
	if (blocks != NULL)
		return stdin_blocks_next(blocks, block_fd, task);
	if (functions <= 1)
		return batcher_next(batcher, task);
	if (item == NULL) {
		enum next got = batcher_next(batcher, &item);
		if (got != NEXT_GOT)
			return got;
		function = 0;
	}
	uint64_t seq = (item->seq - 1) * functions + ++function;
	if (function == functions) {
		*task = item;
		item = NULL;
	} else {
		*task = task_copy(item);
	}
	(*task)->seq = seq;
	return NEXT_GOT;
}

/* The next task of the input that no earlier run has done (--resume). */
static enum next
input_left(struct task **task, int block_fd)
{
	while (!input_over) {
		enum next got = input_next(task, block_fd);
		input_over = got == NEXT_END;
		if (got != NEXT_GOT)
			return got;
		given = (*task)->taken;
		if (from_joblog || !resume_has(*task))
			return NEXT_GOT;
		passed_over++;
		task_queue_used(*task);
		if (skip != NULL)
			skip((*task)->seq);
		task_free(*task);
	}
	return NEXT_END;
}

static size_t
bytes_of(const struct task *task)
{
	return task->items.len + task->words.len + task->tag.len;
}

static void
ahead_add(struct task *task)
{
	TAILQ_INSERT_TAIL(&ahead, task, link);
	ahead_count++;
	ahead_bytes += bytes_of(task);
}

/* --halt with a percentage needs the number of all jobs before the first of them ends. */
static enum next
read_whole(void)
{
	struct task *task;
	enum next got;

	while ((got = input_left(&task, -1)) == NEXT_GOT)
		ahead_add(task);
	return got;
}

enum next
task_queue_next(struct task **task, int block_fd)
{
	const int whole = options->halt.percent > 0 && blocks == NULL;

	if (stopped)
		return NEXT_END;
	if (whole && read_whole() == NEXT_WAIT)
		return NEXT_WAIT;
	*task = TAILQ_FIRST(&ahead);
	if (*task != NULL) {
		TAILQ_REMOVE(&ahead, *task, link);
		ahead_count--;
		ahead_bytes -= bytes_of(*task);
		return NEXT_GOT;
	}
	return input_left(task, block_fd);
}

void
task_queue_look_ahead(size_t count)
{
	struct task *task;

	/* A block of --pipe could only be read into a channel. */
	if (batcher == NULL || stopped)
		return;
	for (; count > 0 && ahead_count < AHEAD_TASKS && ahead_bytes < AHEAD_BYTES; count--) {
		if (input_left(&task, -1) != NEXT_GOT)
			return;
		ahead_add(task);
	}
}

int
task_queue_fd(void)
{
	if (blocks != NULL)
		return stdin_blocks_fd(blocks);
	return batcher != NULL ? batcher_fd(batcher) : -1;
}

void
task_queue_stop(void)
{
	stopped = 1;
}

void
task_queue_used(const struct task *task)
{
	if (used < task->taken)
		used = task->taken;
}

void
task_queue_put_back(int with_next)
{
	struct task *task;
	uint64_t taken = used;

	if ((sources == NULL && blocks == NULL) || lseek(STDIN_FILENO, 0, SEEK_CUR) == -1)
		return;
	if (with_next) {
		if (given == used && input_left(&task, -1) == NEXT_GOT)
			task_free(task);
		taken = given;
	}
	/* Behind the last item: what has ended the input, and what was passed over there. */
	if (input_over && taken == given)
		taken = blocks != NULL ? stdin_blocks_taken(blocks) : rows_taken(sources);
	if (blocks != NULL)
		stdin_blocks_put_back(blocks, taken);
	else
		rows_put_back(sources, taken);
}

int
task_queue_is_over(void)
{
	return stopped || (input_over && TAILQ_EMPTY(&ahead));
}

uint64_t
task_queue_total(void)
{
	return batcher != NULL ? batcher_total(batcher) * (functions > 1 ? functions : 1) : 0;
}

uint64_t
task_queue_passed_over(void)
{
	return passed_over;
}

const char *
task_queue_error(int *status)
{
	if (blocks != NULL)
		return stdin_blocks_error(blocks, status);
	return batcher != NULL ? batcher_error(batcher, status) : NULL;
}
