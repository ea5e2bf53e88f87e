/* SPDX-License-Identifier: BSD-2-Clause */
/* Jobs in flight when a run was killed: what the next run knows of them, and a damaged page. */
#include "config.h"
#include "tests/support/journal_support.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tool/journal/inflight.h"
#include "tool/journal/journal_internal.h"

/* A run that is killed when so many jobs were handed to a worker, have begun, and have ended. */
static void
killed_run(uint64_t handed, uint64_t begun, uint64_t ended)
{
	pid_t runner = fork();
	int status;

	must(runner != -1);
	if (runner == 0) {
		struct journal *j = journal_open(&journal_options);
		struct inflight_ticket ticket[16];
		struct task *task[16];
		struct outcome outcome;
		for (uint64_t i = 0; i < handed; i++) {
			task[i] = job(i + 1);
			if (journal_check(j, task[i], &outcome) == JOURNAL_DONE)
				_exit(2);
			task[i]->attempts++;
			if (inflight_take(task[i], &ticket[i]) != 1)
				_exit(3);
		}
		pid_t worker = fork();
		if (worker == 0) {
			for (uint64_t i = 0; i < begun; i++)
				inflight_note(&ticket[i]);
			_exit(0);
		}
		if (waitpid(worker, &status, 0) != worker || status != 0)
			_exit(4);
		for (uint64_t i = 0; i < ended; i++) {
			outcome = (struct outcome){ .verdict = VERDICT_FAILED,
				.exit_code = 5,
				.message = "" };
			if (journal_done(j, task[i], &outcome, NULL, NULL) == -1)
				_exit(5);
		}
		if (journal_flush(j) == -1)
			_exit(6);
		(void)raise(SIGKILL);
	}
	must(waitpid(runner, &status, 0) == runner);
	ck_assert_int_eq(WIFSIGNALED(status) ? 0 : WEXITSTATUS(status), 0);
}

START_TEST(in_flight)
{
	struct outcome outcome;
	struct journal *j;

	killed_run(6, 4, 2);
	for (int again = 0; again < 3; again++) {
		j = journal_open(&journal_options);
		for (uint64_t seq = 1; seq <= 2; seq++)
			ck_assert_int_eq(look(j, seq), JOURNAL_DONE);
		for (uint64_t seq = 3; seq <= 4; seq++)
			ck_assert_int_eq(look(j, seq), JOURNAL_UNKNOWN);
		for (uint64_t seq = 5; seq <= 7; seq++)
			ck_assert_int_eq(look(j, seq), JOURNAL_TO_RUN);
		struct task *task = job(1);
		ck_assert_int_eq(journal_check(j, task, &outcome), JOURNAL_DONE);
		ck_assert_int_eq(outcome.verdict, VERDICT_FAILED);
		ck_assert_int_eq(outcome.exit_code, 5);
		task_free(task);
		task = job(3);
		ck_assert_int_eq(journal_check(j, task, &outcome), JOURNAL_UNKNOWN);
		ck_assert_int_eq(outcome.verdict, VERDICT_UNKNOWN);
		ck_assert_uint_eq(outcome.attempt, 1);
		task->hash++;
		ck_assert_int_eq(journal_check(j, task, &outcome), JOURNAL_CHANGED);
		task_free(task);
		journal_close(j);
	}
	/* A job with tries left is run again. */
	journal_options.retries = 3;
	j = journal_open(&journal_options);
	struct task *task = job(3);
	ck_assert_int_eq(journal_check(j, task, &outcome), JOURNAL_TO_RUN);
	ck_assert_uint_eq(task->attempts, 1);
	task_free(task);
	journal_close(j);
	j = journal_open(&journal_options);
	ck_assert_int_eq(look(j, 2), JOURNAL_DONE);
	journal_close(j);
}
END_TEST

START_TEST(in_flight_again_and_again)
{
	struct outcome outcome;
	struct journal *j;

	journal_options.retries = 3;
	for (unsigned times = 1; times <= 3; times++) {
		killed_run(6, 4, 0);
		j = journal_open(&journal_options);
		struct task *task = job(3);
		ck_assert_int_eq(journal_check(j, task, &outcome),
		    times < 3 ? JOURNAL_TO_RUN : JOURNAL_UNKNOWN);
		ck_assert_uint_eq(task->attempts, times);
		task_free(task);
		ck_assert_int_eq(look(j, 5), JOURNAL_TO_RUN);
		journal_close(j);
	}
	/* An unknown outcome is recorded as any other end. */
	j = journal_open(&journal_options);
	struct task *task = job(3);
	ck_assert_int_eq(journal_check(j, task, &outcome), JOURNAL_UNKNOWN);
	must(journal_done(j, task, &outcome, NULL, NULL) == 0);
	task_free(task);
	journal_close(j);
	j = journal_open(&journal_options);
	task = job(3);
	ck_assert_int_eq(journal_check(j, task, &outcome), JOURNAL_DONE);
	ck_assert_int_eq(outcome.verdict, VERDICT_UNKNOWN);
	task_free(task);
	journal_close(j);
}
END_TEST

/* A word in which any one byte was changed is never taken for one that a worker stored. */
START_TEST(words)
{
	static uint64_t page[INFLIGHT_TICKETS];
	static const uint64_t seqs[] = { 1, 2, 255, 256, 21760, UINT64_C(0x123456789),
		INFLIGHT_SEQ_MAX };
	static const unsigned attempts[] = { 1, 2, 64, 255, 256, 1000000 };
	enum {
		SEQS = sizeof seqs / sizeof seqs[0],
		ATTEMPTS = sizeof attempts / sizeof attempts[0],
	};
	struct inflight_ticket ticket;
	struct inflight_note note;

	ck_assert_int_eq(inflight_read(0, &note), 0);
	inflight_open(page);
	for (size_t i = 0; i < SEQS * ATTEMPTS; i++) {
		struct task *task = job(seqs[i % SEQS]);
		task->attempts = attempts[i / SEQS];
		must(inflight_take(task, &ticket) == 1);
		inflight_note(&ticket);
		uint64_t word = page[task->ticket - 1];
		must(inflight_read(word, &note) == 1);
		must(note.seq == task->seq && note.hash == inflight_hash(task->hash));
		must(note.attempt == (task->attempts < 255 ? task->attempts : 255));
		for (int byte = 0; byte < 8; byte++)
			for (uint64_t change = 1; change < 256; change++)
				must(inflight_read(word ^ change << 8 * byte, &note) == -1);
		inflight_clear(task);
		must(page[0] == 0);
		task_free(task);
	}
	for (int byte = 0; byte < 8; byte++)
		for (uint64_t change = 1; change < 256; change++)
			must(inflight_read(change << 8 * byte, &note) == -1);
	inflight_open(NULL);
}
END_TEST

/* Damage to the words of jobs that are done, of jobs in flight, and to a free one. */
START_TEST(damaged_page)
{
	char needle[64];
	size_t len;

	killed_run(6, 4, 2);
	char *whole = tool_read(journal_path, &len);
	for (size_t at = PAGE_AT; at < PAGE_AT + 5 * 8; at++) {
		ck_assert(at >= PAGE_AT + 4 * 8 || whole[at / 8 * 8 + 2] != 0);
		whole[at] = (char)(whole[at] ^ 1 << at % 7);
		tool_write(journal_path, whole, len);
		(void)snprintf(needle, sizeof needle, "damaged at byte %zu, where it has",
		    at / 8 * 8);
		refused(needle);
		size_t now_len;
		char *now = tool_read(journal_path, &now_len);
		must(now_len == len && memcmp(now + PAGE_AT, whole + PAGE_AT, len - PAGE_AT) == 0);
		free(now);
		whole[at] = (char)(whole[at] ^ 1 << at % 7);
	}
	/* The page without damage is accepted. */
	tool_write(journal_path, whole, len);
	struct journal *j = journal_open(&journal_options);
	ck_assert_int_eq(look(j, 2), JOURNAL_DONE);
	ck_assert_int_eq(look(j, 4), JOURNAL_UNKNOWN);
	journal_close(j);
	free(whole);
}
END_TEST

/* A ticket is free when the end is written; a job that the run itself ended leaves no trace. */
START_TEST(tickets)
{
	struct journal *j = journal_open(&journal_options);
	struct inflight_ticket ticket;
	struct outcome outcome = { .message = "" };
	static struct task *task[INFLIGHT_TICKETS];

	for (uint64_t i = 0; i < INFLIGHT_TICKETS; i++) {
		task[i] = job(i + 1);
		must(inflight_take(task[i], &ticket) == 1);
		inflight_note(&ticket);
	}
	struct task *more = job(INFLIGHT_TICKETS + 1);
	ck_assert_int_eq(inflight_take(more, &ticket), 0);
	must(journal_done(j, task[0], &outcome, NULL, NULL) == 0);
	ck_assert_int_eq(inflight_take(more, &ticket), 0);
	must(journal_flush(j) == 0);
	ck_assert_int_eq(inflight_take(more, &ticket), 1);
	inflight_note(&ticket);
	journal_not_done(j, more);
	ck_assert_int_eq(inflight_take(more, &ticket), 1);
	for (uint64_t i = 1; i < INFLIGHT_TICKETS; i++)
		if (i != 100)
			journal_not_done(j, task[i]);
	journal_close(j);
	j = journal_open(&journal_options);
	ck_assert_int_eq(look(j, 1), JOURNAL_DONE);
	ck_assert_int_eq(look(j, 2), JOURNAL_TO_RUN);
	ck_assert_int_eq(look(j, 101), JOURNAL_UNKNOWN);
	ck_assert_int_eq(look(j, INFLIGHT_TICKETS + 1), JOURNAL_TO_RUN);
	journal_close(j);
	for (uint64_t i = 0; i < INFLIGHT_TICKETS; i++)
		task_free(task[i]);
	task_free(more);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("inflight");
	TCase *c = support_case("inflight", 60);

	tcase_add_checked_fixture(c, journal_setup, journal_teardown);
	tcase_add_test(c, in_flight);
	tcase_add_test(c, in_flight_again_and_again);
	tcase_add_test(c, words);
	tcase_add_test(c, damaged_page);
	tcase_add_test(c, tickets);
	suite_add_tcase(s, c);
	return support_run(s);
}
