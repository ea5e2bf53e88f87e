/* SPDX-License-Identifier: BSD-2-Clause */
/* The journal: what is in it is whole or not there, and says what is done, in flight, and out, whenever it was left. */
#include "config.h"
#include "tests/support/journal_support.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tool/base/checksum.h"
#include "tool/journal/checkpoint.h"
#include "tool/journal/inflight.h"
#include "tool/journal/journal_file.h"

#define RECORDS_AT 131072

START_TEST(sums)
{
	ck_assert_uint_eq(checksum_crc(0, "123456789", 9), 0xe3069283u);
	/* In pieces it is the same. */
	for (size_t cut = 0; cut <= 9; cut++)
		ck_assert_uint_eq(checksum_crc(checksum_crc(0, "123456789", cut), &"123456789"[cut],
				      9 - cut),
		    0xe3069283u);
	ck_assert_uint_eq(checksum_hash(CHECKSUM_HASH_START, "a", 1), UINT64_C(0xaf63dc4c8601ec8c));
}
END_TEST

START_TEST(marks)
{
	struct checkpoint mark = { 0 }, old;
	uint64_t number[CHECKPOINT_NUMBERS] = { 1, 2, 3, 4, 5, 6 }, got[CHECKPOINT_NUMBERS];

	checkpoint_make(&mark);
	ck_assert_int_eq(checkpoint_load(&mark, got), 0);
	ck_assert_uint_eq(got[0], 0);
	for (uint64_t turn = 1; turn < 20; turn++) {
		old = mark;
		number[0] = turn;
		checkpoint_store(&mark, number);
		ck_assert_int_eq(checkpoint_load(&mark, got), 0);
		ck_assert_uint_eq(got[0], turn);
		ck_assert_uint_eq(got[5], 6);
		/* However far its writer has come, it is the old one or the new one. */
		for (size_t cut = 0; cut <= sizeof mark; cut += sizeof(uint64_t)) {
			struct checkpoint half = old;
			memcpy(&half, &mark, cut);
			ck_assert_int_eq(checkpoint_load(&half, got), 0);
			ck_assert(got[0] == turn || got[0] == turn - 1);
		}
	}
	memset(&mark, 0x55, sizeof mark);
	ck_assert_int_eq(checkpoint_load(&mark, got), -1);
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
	/* Nothing of it was out anywhere. */
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

/* A job with all that one can have. */
START_TEST(all_of_a_job)
{
	enum { SIZE = 3 * JOURNAL_PIECE_MAX + 12345 };
	struct outcome outcome = { .verdict = VERDICT_OVER_LIMIT,
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
	struct outcome got;
	struct journal *j = journal_open(&journal_options);
	struct task *task = job(1), *back;
	struct output_buffer out, err, got_out, got_err;
	struct sink sink;
	char *large = malloc(SIZE), *read_back = malloc(SIZE);

	must(large != NULL && read_back != NULL);
	for (size_t i = 0; i < SIZE; i++)
		large[i] = (char)(i * 2654435761u >> 13);
	output_buffer_init(&out);
	output_buffer_init(&err);
	output_buffer_init(&got_out);
	output_buffer_init(&got_err);
	must(output_buffer_add(&out, large, SIZE) == 0 &&
	    output_buffer_add(&err, "no\0t this", 9) == 0);
	bytes_add(&task->tag, "tag\t", 4);
	bytes_add(&task->words, large, SIZE);
	task_slot_here(task);
	task->block_len = 77;
	task->columns = 5;
	task->attempts = 3;
	must(journal_done(j, task, &outcome, &out, &err) == 0);
	done(j, 2);
	journal_close(j);

	j = journal_open(&journal_options);
	journal_attach(j, JOURNAL_RESULTS, &sink, -1, 0);
	ck_assert_int_eq(journal_replay(j, &back, &got, &got_out, &got_err), 1);
	ck_assert_uint_eq(back->seq, 1);
	ck_assert_uint_eq(back->hash, task->hash);
	ck_assert_uint_eq(back->items.len, task->items.len);
	ck_assert_mem_eq(back->items.at, task->items.at, task->items.len);
	ck_assert_uint_eq(back->words.len, task->words.len);
	ck_assert_mem_eq(back->words.at, task->words.at, task->words.len);
	ck_assert_uint_eq(back->item_count, 1);
	ck_assert_uint_eq(back->word_count, 2);
	ck_assert_uint_eq(back->slot_count, 1);
	ck_assert_uint_eq(back->slot_at[0], task->slot_at[0]);
	ck_assert_mem_eq(back->tag.at, "tag\t", 4);
	ck_assert_uint_eq(back->block_len, 77);
	ck_assert_uint_eq(back->columns, 5);
	ck_assert_uint_eq(back->attempts, 3);
	ck_assert_int_eq(got.verdict, VERDICT_OVER_LIMIT);
	ck_assert_int_eq(got.exit_code, 137);
	ck_assert_int_eq(got.signal, 9);
	ck_assert_int_eq(got.core, 1);
	ck_assert_uint_eq(got.slot, 7);
	ck_assert_uint_eq(got.attempt, 3);
	ck_assert_int_eq(got.start_ns, 1700000000123456789);
	ck_assert_int_eq(got.run_ns, 5);
	ck_assert_int_eq(got.user_ns, 6);
	ck_assert_int_eq(got.system_ns, 7);
	ck_assert_int_eq(got.max_rss, 8);
	ck_assert_uint_eq(got.sent, 9);
	ck_assert_uint_eq(got.received, SIZE);
	ck_assert_str_eq(got.limit, "memory");
	ck_assert_str_eq(got.message, "it wanted too much");
	ck_assert_uint_eq(got_out.len, SIZE);
	for (size_t at = 0; at < SIZE;) {
		ssize_t n = output_buffer_read(&got_out, at, read_back + at, SIZE - at);
		must(n > 0);
		at += (size_t)n;
	}
	ck_assert_mem_eq(read_back, large, SIZE);
	ck_assert_uint_eq(got_err.len, 9);
	must(output_buffer_read(&got_err, 0, read_back, 9) == 9);
	ck_assert_mem_eq(read_back, "no\0t this", 9);
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
	free(read_back);
}
END_TEST

/* Entries 1..6, and where the file ends after each. */
static void
make_six(size_t end[7])
{
	struct journal *j = journal_open(&journal_options);
	struct stat st;

	end[0] = RECORDS_AT;
	for (uint64_t seq = 1; seq <= 6; seq++) {
		done(j, seq);
		must(journal_sync(j) == 0 && stat(journal_path, &st) == 0);
		end[seq] = (size_t)st.st_size;
	}
	journal_close(j);
}

static void
has_first(const size_t end[7], size_t cut)
{
	struct journal *j = journal_open(&journal_options);
	size_t whole = 0;

	while (whole < 6 && end[whole + 1] <= cut)
		whole++;
	for (uint64_t seq = 1; seq <= 6; seq++)
		must(look(j, seq) == (seq <= whole ? JOURNAL_DONE : JOURNAL_TO_RUN));
	/* And it goes on from there. */
	done(j, whole + 1);
	journal_close(j);
	j = journal_open(&journal_options);
	must(look(j, whole + 1) == JOURNAL_DONE && look(j, whole + 2) == JOURNAL_TO_RUN);
	journal_close(j);
}

START_TEST(cut_at_every_byte)
{
	size_t end[7], len;

	make_six(end);
	char *whole = file_read(journal_path, &len);
	ck_assert_uint_eq(len, end[6]);
	for (size_t cut = RECORDS_AT; cut <= len; cut++) {
		file_write(journal_path, whole, cut);
		has_first(end, cut);
	}
	/* It does not begin in the middle of its header. */
	for (size_t cut = 1; cut < RECORDS_AT; cut += cut < 6000 ? 97 : 9973) {
		file_write(journal_path, whole, cut);
		refused(cut < 16 ? "it is not a journal" : "damaged at byte");
	}
	free(whole);
}
END_TEST

/* Of what was not synced the disk has some blocks and not others: so it looks after a crash of the system. */
START_TEST(torn_in_what_was_not_synced)
{
	size_t end[7], len;
	struct journal *j;

	make_six(end);
	char *synced = file_read(journal_path, &len);
	j = journal_open(&journal_options);
	for (uint64_t seq = 7; seq <= 12; seq++)
		done(j, seq);
	must(journal_flush(j) == 0);
	size_t more_len;
	char *more = file_read(journal_path, &more_len);
	journal_close(j);
	must(more_len > len);
	/* The mark as it was when six were synced, and a hole in what came then. */
	memcpy(more, synced, RECORDS_AT);
	for (size_t at = len; at < more_len; at += 8) {
		size_t hole = more_len - at < 64 ? more_len - at : 64;
		char *torn = malloc(more_len);
		must(torn != NULL);
		memcpy(torn, more, more_len);
		memset(torn + at, 0, hole);
		file_write(journal_path, torn, more_len);
		free(torn);
		j = journal_open(&journal_options);
		for (uint64_t seq = 1; seq <= 6; seq++)
			must(look(j, seq) == JOURNAL_DONE);
		must(look(j, 12) == JOURNAL_TO_RUN);
		journal_close(j);
	}
	free(synced);
	free(more);
}
END_TEST

START_TEST(damaged_in_the_middle)
{
	size_t end[7], len;
	char needle[64];

	make_six(end);
	char *whole = file_read(journal_path, &len);
	for (size_t at = RECORDS_AT, entry = 0; at < len; at += 5) {
		while (at >= end[entry + 1])
			entry++;
		whole[at] = (char)(whole[at] ^ 1 << at % 8);
		file_write(journal_path, whole, len);
		(void)snprintf(needle, sizeof needle, "damaged at byte %zu", end[entry]);
		refused(needle);
		/* Nor is it touched. */
		size_t now_len;
		char *now = file_read(journal_path, &now_len);
		must(now_len == len &&
		    memcmp(now + RECORDS_AT, whole + RECORDS_AT, len - RECORDS_AT) == 0);
		free(now);
		whole[at] = (char)(whole[at] ^ 1 << at % 8);
	}
	/* Cut somewhere behind that, it is damaged all the same. */
	whole[end[1] + 9] ^= 4;
	for (size_t cut = end[3]; cut < len; cut += 7) {
		file_write(journal_path, whole, cut);
		(void)snprintf(needle, sizeof needle, "damaged at byte %zu", end[1]);
		refused(needle);
	}
	whole[end[1] + 9] ^= 4;
	/* Its header. */
	for (size_t at = 0; at < 64; at++) {
		whole[at] ^= 0x40;
		file_write(journal_path, whole, len);
		refused("--journal");
		whole[at] ^= 0x40;
	}
	/* A mark: both copies of it. */
	memset(whole + 4096, 0x11, 128);
	file_write(journal_path, whole, len);
	refused("damaged at byte 4096");
	free(whole);
}
END_TEST

START_TEST(not_ours)
{
	char line[64];
	struct journal *j;

	file_write(journal_path, "seq\thost\n", 9);
	refused("it is not a journal of this program");
	/* Made by mktemp(1), or by one who was killed before it had a header. */
	file_write(journal_path, "", 0);
	journal_close(journal_open(&journal_options));
	char *zeros = calloc(1, RECORDS_AT);
	file_write(journal_path, zeros, RECORDS_AT);
	free(zeros);
	j = journal_open(&journal_options);
	done(j, 1);
	journal_close(j);

	static char gzip[] = "gzip", nine[] = "-9";
	char *other[] = { gzip, nine, NULL };
	char **mine = journal_options.command;
	journal_options.command = other;
	journal_options.command_count = 2;
	(void)snprintf(line, sizeof line, "it is of another command line (true, begun ");
	refused(line);
	journal_options.command = mine;
	journal_options.command_count = 1;
	journal_options.keep_order = 1;
	refused(line);
	journal_options.keep_order = 0;
	/* What may change. */
	journal_options.workers = 7;
	journal_options.retries = 3;
	journal_options.timeout_ns = 1;
	j = journal_open(&journal_options);
	ck_assert_int_eq(look(j, 1), JOURNAL_DONE);
	journal_close(j);

	ck_assert_int_eq(unlink(journal_path), 0);
	ck_assert_int_eq(mkdir(journal_path, 0700), 0);
	refused("--journal");
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

	/* One that is killed: the lock is its workers' until they are gone too. */
	int fd[2], status;
	must(pipe(fd) == 0);
	pid_t runner = fork();
	if (runner == 0) {
		(void)journal_open(&journal_options);
		pid_t worker = fork();
		if (worker == 0) {
			/* Not gone before it is noticed. */
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
	/* The worker, which is ours now. */
	while (wait(&status) > 0)
		;
	(void)close(fd[0]);
	(void)close(fd[1]);
}
END_TEST

/* No room: what was told to be on the disk is, what was not is handed over when there is room again. */
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
	/* A large one is not half there. */
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

/* Many, so that entries are found from the middle. */
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
	tcase_add_test(c, marks);
	tcase_add_test(c, done_is_known);
	tcase_add_test(c, all_of_a_job);
	tcase_add_test(c, cut_at_every_byte);
	tcase_add_test(c, torn_in_what_was_not_synced);
	tcase_add_test(c, damaged_in_the_middle);
	tcase_add_test(c, not_ours);
	tcase_add_test(c, other_input);
	tcase_add_test(c, held);
	tcase_add_test(c, no_room);
	tcase_add_test(c, only_what_is_not_out);
	suite_add_tcase(s, c);
	return support_run(s);
}
