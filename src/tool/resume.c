#include "config.h"
#include "resume.h"

#include <stdlib.h>
#include <string.h>

#include "records.h"

static struct joblog_entry *entry; /* by number; of those with the same number the last counts */
static size_t entry_count, next_failed;
static int failed_again;

static int
by_seq(const void *a, const void *b)
{
	const struct joblog_entry *x = a, *y = b;

	return x->seq < y->seq ? -1 : x->seq > y->seq ? 1 : x->order < y->order ? -1 : x->order > y->order;
}

void
resume_open(const struct options *o)
{
	if (o->joblog == NULL || !(o->resume || o->resume_failed || o->retry_failed))
		return;
	failed_again = o->resume_failed || o->retry_failed;
	entry = joblog_read(o->joblog, &entry_count);
	if (entry_count > 0)
		qsort(entry, entry_count, sizeof *entry, by_seq);
}

void
resume_close(void)
{
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

int
resume_has(uint64_t seq)
{
	size_t low = 0, high = entry_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (entry[middle].seq <= seq)
			low = middle + 1;
		else
			high = middle;
	}
	/* Behind the last one of that number. */
	return low > 0 && entry[low - 1].seq == seq && !(failed_again && has_failed(&entry[low - 1]));
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
		bytes_add(&task->words, "sh\0-c", sizeof "sh\0-c");
		bytes_add(&task->words, entry[i].command, strlen(entry[i].command) + 1);
		task->word_count = 3;
		return task;
	}
	return NULL;
}
