#include "config.h"
#include "feed.h"

#include "pipe_blocks.h"
#include "resume.h"

static const struct options *options;
static struct sources *sources;
static struct batcher *batcher;
static struct pipe_blocks *blocks;
static feed_skip *skip;
static size_t functions, function; /* the next one for the item at hand */
static struct task *item;
static struct task_list again;
static int stopped, input_over;

void
feed_open(const struct options *o, size_t function_count, feed_skip *skipped)
{
	options = o;
	skip = skipped;
	functions = function_count;
	TAILQ_INIT(&again);
	resume_open(o);
	if (o->retry_failed)
		return;
	if (o->pipe) {
		blocks = pipe_open(o);
	} else {
		sources = sources_open(o);
		batcher = batcher_open(o, sources);
	}
}

void
feed_close(void)
{
	task_free(item);
	item = NULL;
	pipe_close(blocks);
	batcher_close(batcher);
	sources_close(sources);
	resume_close();
}

const struct row *
feed_header(void)
{
	return sources != NULL && options->header ? sources_header(sources) : NULL;
}

/* The item at hand for the next function, or a new item for the first. */
static enum next
input_next(struct task **task, int block_fd)
{
	if (options->retry_failed)
		return (*task = resume_next_failed()) != NULL ? NEXT_GOT : NEXT_END;
	if (blocks != NULL)
		return pipe_next(blocks, block_fd, task);
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

/* What no earlier run has done. */
static enum next
left_next(struct task **task, int block_fd)
{
	for (;;) {
		enum next got = input_next(task, block_fd);
		input_over = got == NEXT_END;
		if (got != NEXT_GOT || options->retry_failed || !resume_has((*task)->seq))
			return got;
		skip((*task)->seq);
		task_free(*task);
	}
}

/* GNU parallel knows how many jobs there are before the first ends, where a share of them counts. */
static enum next
read_ahead(void)
{
	struct task *task;
	enum next got;

	while ((got = left_next(&task, -1)) == NEXT_GOT)
		feed_again(task);
	return got;
}

enum next
feed_next(struct task **task, int block_fd)
{
	int whole = options->halt.percent > 0 && blocks == NULL;

	if (whole && !stopped && !input_over && read_ahead() == NEXT_WAIT)
		return NEXT_WAIT;
	*task = TAILQ_FIRST(&again);
	if (*task != NULL) {
		TAILQ_REMOVE(&again, *task, link);
		return NEXT_GOT;
	}
	if (stopped || input_over)
		return NEXT_END;
	return left_next(task, block_fd);
}

int
feed_fd(void)
{
	return blocks != NULL ? pipe_fd(blocks) : batcher != NULL ? batcher_fd(batcher) : -1;
}

void
feed_again(struct task *task)
{
	TAILQ_INSERT_TAIL(&again, task, link);
}

struct task *
feed_stop(void)
{
	struct task *task = TAILQ_FIRST(&again);

	stopped = 1;
	if (task != NULL)
		TAILQ_REMOVE(&again, task, link);
	return task;
}

int
feed_is_over(void)
{
	return (stopped || input_over) && TAILQ_EMPTY(&again);
}

uint64_t
feed_total(void)
{
	return batcher != NULL ? batcher_total(batcher) * (functions > 1 ? functions : 1) : 0;
}

const char *
feed_error(int *status)
{
	return blocks != NULL ? pipe_error(blocks, status) : batcher != NULL ? batcher_error(batcher, status) : NULL;
}
