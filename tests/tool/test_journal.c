/* SPDX-License-Identifier: BSD-2-Clause */
/* The journal: its entries are whole or not there, and tell a later run what is done and out. */
#include "config.h"
#include "tests/support/journal_support.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tool/base/checksum.h"
#include "tool/journal/checkpoint.h"
#include "tool/journal/journal_internal.h"

START_TEST(sums)
{
	ck_assert_uint_eq(checksum_crc(0, "123456789", 9), 0xe3069283u);
	/* The sum of two pieces is the sum of the whole. */
	for (size_t cut = 0; cut <= 9; cut++)
		ck_assert_uint_eq(checksum_crc(checksum_crc(0, "123456789", cut), &"123456789"[cut],
				      9 - cut),
		    0xe3069283u);
	ck_assert_uint_eq(checksum_hash(CHECKSUM_HASH_START, "a", 1), UINT64_C(0xaf63dc4c8601ec8c));
}
END_TEST

START_TEST(checkpoints)
{
	struct checkpoint c = { 0 }, old;
	uint64_t number[CHECKPOINT_NUMBERS] = { 1, 2, 3, 4, 5, 6 }, got[CHECKPOINT_NUMBERS];

	checkpoint_make(&c);
	ck_assert_int_eq(checkpoint_load(&c, got), 0);
	ck_assert_uint_eq(got[0], 0);
	for (uint64_t turn = 1; turn < 20; turn++) {
		old = c;
		number[0] = turn;
		checkpoint_store(&c, number);
		ck_assert_int_eq(checkpoint_load(&c, got), 0);
		ck_assert_uint_eq(got[0], turn);
		ck_assert_uint_eq(got[5], 6);
		/* A writer killed after any store leaves the old numbers or the new ones. */
		for (size_t cut = 0; cut <= sizeof c; cut += sizeof(uint64_t)) {
			struct checkpoint half = old;
			memcpy(&half, &c, cut);
			ck_assert_int_eq(checkpoint_load(&half, got), 0);
			ck_assert(got[0] == turn || got[0] == turn - 1);
		}
	}
	memset(&c, 0x55, sizeof c);
	ck_assert_int_eq(checkpoint_load(&c, got), -1);
}
END_TEST

START_TEST(done_is_known)
{
	uint64_t seqs[8];
	struct journal *j = journal_open(&journal_options);
	struct sink out;

	ck_assert(journal_is_new(j));
	ck_assert_int_eq(journal_timeout(j), -1);
	for (uint64_t seq = 1; seq <= 3; seq++) {
		ck_assert_int_eq(look(j, seq), JOURNAL_TO_RUN);
		done(j, seq);
	}
	ck_assert_int_ge(journal_timeout(j), 0);
	ck_assert_int_eq(journal_sync(j), 0);
	ck_assert_int_eq(journal_timeout(j), -1);
	journal_close(j);

	j = journal_open(&journal_options);
	ck_assert(!journal_is_new(j));
	journal_attach(j, JOURNAL_RESULTS, &out, -1, 0);
	for (uint64_t seq = 1; seq <= 3; seq++)
		ck_assert_int_eq(look(j, seq), JOURNAL_DONE);
	ck_assert_int_eq(look(j, 4), JOURNAL_TO_RUN);
	/* No entry was out anywhere. */
	ck_assert_uint_eq(replay(j, seqs, 8), 3);
	for (uint64_t i = 0; i < 3; i++) {
		ck_assert_uint_eq(seqs[i], i + 1);
		ck_assert(sink_wants(&out, i));
		sink_end(&out, 0);
		ck_assert(!sink_wants(&out, i));
	}
	sink_detach(&out);
	journal_close(j);

	j = journal_open(&journal_options);
	journal_attach(j, JOURNAL_RESULTS, &out, -1, 0);
	ck_assert_uint_eq(replay(j, seqs, 8), 0);
	sink_detach(&out);
	journal_close(j);
}
END_TEST

enum { SIZE = 3 * JOURNAL_PIECE_MAX + 12345 };
static const struct outcome full_outcome = { .verdict = VERDICT_OVER_LIMIT,
	.exit_code = 137,
	.signal = 9,
	.core = 1,
	.slot = 7,
	.attempt = 3,
	.start_ns = 1700000000123456789,
	.run_ns = 5,
	.user_ns = 6,
	.system_ns = 7,
	.max_rss = 8,
	.sent = 9,
	.received = SIZE,
	.limit = "memory",
	.message = "it wanted too much" };

/* A task in which no field is empty. */
static struct task *
full_task(const char *large)
{
	struct task *task = job(1);

	bytes_add(&task->tag, "tag\t", 4);
	bytes_add(&task->words, large, SIZE);
	task_slot_here(task);
	task->block_len = 77;
	task->columns = 5;
	task->attempts = 3;
	return task;
}

static void
full_task_is(const struct task *got, const struct task *task)
{
	ck_assert_uint_eq(got->seq, 1);
	ck_assert_uint_eq(got->hash, task->hash);
	ck_assert_uint_eq(got->items.len, task->items.len);
	ck_assert_mem_eq(got->items.at, task->items.at, task->items.len);
	ck_assert_uint_eq(got->words.len, task->words.len);
	ck_assert_mem_eq(got->words.at, task->words.at, task->words.len);
	ck_assert_uint_eq(got->item_count, 1);
	ck_assert_uint_eq(got->word_count, 2);
	ck_assert_uint_eq(got->slot_count, 1);
	ck_assert_uint_eq(got->slot_at[0], task->slot_at[0]);
	ck_assert_mem_eq(got->tag.at, "tag\t", 4);
	ck_assert_uint_eq(got->block_len, 77);
	ck_assert_uint_eq(got->columns, 5);
	ck_assert_uint_eq(got->attempts, 3);
}

static void
full_outcome_is(const struct outcome *got)
{
	ck_assert_int_eq(got->verdict, full_outcome.verdict);
	ck_assert_int_eq(got->exit_code, full_outcome.exit_code);
	ck_assert_int_eq(got->signal, full_outcome.signal);
	ck_assert_int_eq(got->core, full_outcome.core);
	ck_assert_uint_eq(got->slot, full_outcome.slot);
	ck_assert_uint_eq(got->attempt, full_outcome.attempt);
	ck_assert_int_eq(got->start_ns, full_outcome.start_ns);
	ck_assert_int_eq(got->run_ns, full_outcome.run_ns);
	ck_assert_int_eq(got->user_ns, full_outcome.user_ns);
	ck_assert_int_eq(got->system_ns, full_outcome.system_ns);
	ck_assert_int_eq(got->max_rss, full_outcome.max_rss);
	ck_assert_uint_eq(got->sent, full_outcome.sent);
	ck_assert_uint_eq(got->received, full_outcome.received);
	ck_assert_str_eq(got->limit, full_outcome.limit);
	ck_assert_str_eq(got->message, full_outcome.message);
}

static void
output_is(const struct output_buffer *got, const char *wanted, size_t len)
{
	char *data = malloc(len);

	must(data != NULL);
	ck_assert_uint_eq(got->len, len);
	for (size_t at = 0; at < len;) {
		ssize_t n = output_buffer_read(got, at, data + at, len - at);
		must(n > 0);
		at += (size_t)n;
	}
	ck_assert_mem_eq(data, wanted, len);
	free(data);
}

/* Every field of a job comes back, and output that takes several records. */
START_TEST(all_of_a_job)
{
	struct outcome got;
	struct journal *j = journal_open(&journal_options);
	struct task *task, *back;
	struct output_buffer out, err, got_out, got_err;
	struct sink sink;
	char *large = malloc(SIZE);

	must(large != NULL);
	for (size_t i = 0; i < SIZE; i++)
		large[i] = (char)(i * 2654435761u >> 13);
	task = full_task(large);
	output_buffer_init(&got_out);
	output_buffer_init(&got_err);
	must(journal_done(j, task, &full_outcome, tool_output(&out, large, SIZE),
		 tool_output(&err, "no\0t this", 9)) == 0);
	done(j, 2);
	journal_close(j);

	j = journal_open(&journal_options);
	journal_attach(j, JOURNAL_RESULTS, &sink, -1, 0);
	ck_assert_int_eq(journal_replay(j, &back, &got, &got_out, &got_err), 1);
	full_task_is(back, task);
	full_outcome_is(&got);
	output_is(&got_out, large, SIZE);
	output_is(&got_err, "no\0t this", 9);
	output_buffer_clear(&got_out);
	output_buffer_clear(&got_err);
	task_free(back);
	ck_assert_int_eq(journal_replay(j, &back, &got, &got_out, &got_err), 1);
	ck_assert_uint_eq(back->seq, 2);
	task_free(back);
	output_buffer_clear(&got_out);
	sink_detach(&sink);
	journal_close(j);
	output_buffer_clear(&out);
	output_buffer_clear(&err);
	task_free(task);
	free(large);
}
END_TEST

START_TEST(other_input)
{
	struct journal *j = journal_open(&journal_options);
	struct outcome outcome;

	for (uint64_t seq = 1; seq <= 3; seq++)
		done(j, seq);
	journal_close(j);
	j = journal_open(&journal_options);
	struct task *task = job(2);
	task->hash++;
	ck_assert_int_eq(journal_check(j, task, &outcome), JOURNAL_CHANGED);
	task_free(task);
	ck_assert_uint_eq(journal_known(j), 3);
	journal_close(j);
}
END_TEST

START_TEST(held)
{
	char needle[64];
	struct journal *j = journal_open(&journal_options);

	(void)snprintf(needle, sizeof needle, "another runner holds it, process %ld",
	    (long)getpid());
	refused(needle);
	journal_close(j);
	journal_close(journal_open(&journal_options));

	/* The runner is killed: its workers have the lock until they are gone too. */
	int fd[2], status;
	must(pipe(fd) == 0);
	pid_t runner = fork();
	if (runner == 0) {
		(void)journal_open(&journal_options);
		pid_t worker = fork();
		if (worker == 0) {
			/* Lives long enough for the next runner to wait. */
			(void)usleep(300000);
			_exit(0);
		}
		(void)write(fd[1], "x", 1);
		(void)pause();
		_exit(0);
	}
	char byte;
	must(read(fd[0], &byte, 1) == 1);
	must(kill(runner, SIGKILL) == 0 && waitpid(runner, &status, 0) == runner);
	journal_close(journal_open(&journal_options));
	/* The worker is a child of this subreaper now. */
	while (wait(&status) > 0)
		;
	(void)close(fd[0]);
	(void)close(fd[1]);
}
END_TEST

/* A full disk: synced entries are there, later ones are added when there is room again. */
START_TEST(no_room)
{
	struct rlimit limit, low;
	uint64_t last = 0;

	must(getrlimit(RLIMIT_FSIZE, &limit) == 0);
	low = limit;
	low.rlim_cur = RECORDS_AT + 3000;
	must(setrlimit(RLIMIT_FSIZE, &low) == 0);
	struct journal *j = journal_open(&journal_options);
	for (uint64_t seq = 1; seq < 100; seq++) {
		done(j, seq);
		if (journal_sync(j) == -1)
			break;
		last = seq;
	}
	ck_assert_int_eq(errno, EFBIG);
	ck_assert_uint_ge(last, 3);
	ck_assert_uint_le(last, 30);
	ck_assert_int_eq(journal_sync(j), -1);
	/* No part of a large entry stays. */
	struct task *task = job(last + 2);
	struct outcome outcome = { .message = "" };
	struct output_buffer out;
	static char large[2 * JOURNAL_PIECE_MAX];
	output_buffer_init(&out);
	for (int i = 0; i < 8; i++)
		must(output_buffer_add(&out, large, sizeof large) == 0);
	ck_assert_int_eq(journal_done(j, task, &outcome, &out, NULL), -1);
	output_buffer_clear(&out);
	task_free(task);
	journal_close(j);
	must(setrlimit(RLIMIT_FSIZE, &limit) == 0);

	j = journal_open(&journal_options);
	for (uint64_t seq = 1; seq <= last; seq++)
		ck_assert_int_eq(look(j, seq), JOURNAL_DONE);
	ck_assert_int_eq(look(j, last + 1), JOURNAL_TO_RUN);
	ck_assert_int_eq(look(j, last + 2), JOURNAL_TO_RUN);
	for (uint64_t seq = last + 1; seq < last + 40; seq++)
		done(j, seq);
	ck_assert_int_eq(journal_sync(j), 0);
	journal_close(j);
	j = journal_open(&journal_options);
	for (uint64_t seq = 1; seq < last + 40; seq++)
		ck_assert_int_eq(look(j, seq), JOURNAL_DONE);
	journal_close(j);
}
END_TEST

/* So many entries that the index is needed to find the first one to replay. */
START_TEST(only_what_is_not_out)
{
	enum { MANY = 5000 };
	static uint64_t seqs[MANY];
	struct journal *j = journal_open(&journal_options);
	struct sink out;

	journal_attach(j, JOURNAL_RESULTS, &out, -1, 0);
	for (uint64_t seq = 1; seq <= MANY; seq++)
		done(j, seq % 2 == 0 ? seq - 1 : seq + 1);
	must(journal_sync(j) == 0);
	for (uint64_t i = 0; i < 3333; i++)
		sink_end(&out, 0);
	sink_detach(&out);
	journal_close(j);
	j = journal_open(&journal_options);
	journal_attach(j, JOURNAL_RESULTS, &out, -1, 0);
	ck_assert_uint_eq(out.count, 3333);
	ck_assert_uint_eq(replay(j, seqs, MANY), MANY - 3333);
	for (uint64_t i = 0; i < MANY - 3333; i++)
		must(seqs[i] == ((i + 3334) % 2 == 0 ? i + 3334 - 1 : i + 3334 + 1));
	sink_detach(&out);
	journal_close(j);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("journal");
	TCase *c = support_case("journal", 60);

	tcase_add_checked_fixture(c, journal_setup, journal_teardown);
	tcase_add_test(c, sums);
	tcase_add_test(c, checkpoints);
	tcase_add_test(c, done_is_known);
	tcase_add_test(c, all_of_a_job);
	tcase_add_test(c, other_input);
	tcase_add_test(c, held);
	tcase_add_test(c, no_room);
	tcase_add_test(c, only_what_is_not_out);
	suite_add_tcase(s, c);
	return support_run(s);
}
