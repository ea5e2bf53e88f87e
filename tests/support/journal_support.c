/* SPDX-License-Identifier: BSD-2-Clause */
/* The journal of a test, and a run in small that adds entries to it and reads them back. */
#include "config.h"
#include "tests/support/journal_support.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char directory[] = "/tmp/forkpool-journal-XXXXXX";
char journal_path[sizeof directory + 16];
struct options journal_options;
static char command_word[] = "true", *command[] = { command_word, NULL };

void
journal_setup(void)
{
	(void)strcpy(directory + sizeof directory - 7, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	(void)snprintf(journal_path, sizeof journal_path, "%s/journal", directory);
	journal_options = (struct options){ .command = command,
		.command_count = 1,
		.retries = 1,
		.journal = journal_path };
}

void
journal_teardown(void)
{
	char line[sizeof directory + 16];

	(void)snprintf(line, sizeof line, "rm -rf %s", directory);
	ck_assert_int_eq(system(line), 0);
}

const char *
text_of(uint64_t seq)
{
	static char text[64];

	(void)snprintf(text, sizeof text, "job %" PRIu64 "%.*s\n", seq, (int)(seq % 9), "........");
	return text;
}

struct task *
job(uint64_t seq)
{
	struct task *task = task_new();
	char item[32];
	int len = snprintf(item, sizeof item, "item %" PRIu64, seq);

	task->seq = seq;
	task->hash = seq * UINT64_C(0x9e3779b97f4a7c15);
	bytes_add(&task->items, item, (size_t)len + 1);
	task->item_count = 1;
	bytes_add(&task->words, "true\0item", 10);
	task->word_count = 2;
	return task;
}

void
done(struct journal *j, uint64_t seq)
{
	struct outcome outcome = { .verdict = VERDICT_OK,
		.slot = 1,
		.attempt = 1,
		.user_ns = -1,
		.system_ns = -1,
		.max_rss = -1,
		.message = "" };
	struct task *task = job(seq);
	struct output_buffer out;

	output_buffer_init(&out);
	must(output_buffer_add(&out, text_of(seq), strlen(text_of(seq))) == 0);
	must(journal_done(j, task, &outcome, &out, NULL) == 0);
	output_buffer_clear(&out);
	task_free(task);
}

enum journal_state
look(struct journal *j, uint64_t seq)
{
	struct task *task = job(seq);
	struct outcome outcome;
	enum journal_state state = journal_check(j, task, &outcome);

	task_free(task);
	return state;
}

size_t
replay(struct journal *j, uint64_t *seqs, size_t room)
{
	struct output_buffer out, err;
	struct outcome outcome;
	struct task *task;
	size_t n = 0;
	int got;

	output_buffer_init(&out);
	output_buffer_init(&err);
	while ((got = journal_replay(j, &task, &outcome, &out, &err)) == 1) {
		char buffer[64];
		const char *text = text_of(task->seq);
		must(n < room);
		must(out.len == strlen(text) && err.len == 0);
		must(output_buffer_read(&out, 0, buffer, sizeof buffer) == (ssize_t)strlen(text));
		must(memcmp(buffer, text, strlen(text)) == 0);
		seqs[n++] = task->seq;
		output_buffer_clear(&out);
		task_free(task);
	}
	must(got == 0);
	return n;
}

static void
open_it(const void *unused)
{
	(void)unused;
	(void)journal_open(&journal_options);
}

void
refused(const char *needle)
{
	const char *said = tool_refused(open_it, NULL);

	if (strstr(said, needle) == NULL || strchr(said, '\n') != said + strlen(said) - 1)
		ck_abort_msg("wanted one line with \"%s\", got \"%s\"", needle, said);
}
