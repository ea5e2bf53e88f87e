/* SPDX-License-Identifier: BSD-2-Clause */
/* A torn or damaged journal: whole entries count, a torn end is cut off, damage is refused. */
#include "config.h"
#include "tests/support/journal_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool/journal/journal_internal.h"

/* Makes a journal with entries 1 to 6; end: where the file ends after each. */
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

/* Of a journal cut there the entries that end before the cut are done, and a run goes on. */
static void
has_first(const size_t end[7], size_t cut)
{
	struct journal *j = journal_open(&journal_options);
	size_t whole = 0;

	while (whole < 6 && end[whole + 1] <= cut)
		whole++;
	for (uint64_t seq = 1; seq <= 6; seq++)
		must(look(j, seq) == (seq <= whole ? JOURNAL_DONE : JOURNAL_TO_RUN));
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
	char *whole = tool_read(journal_path, &len);
	ck_assert_uint_eq(len, end[6]);
	for (size_t cut = RECORDS_AT; cut <= len; cut++) {
		tool_write(journal_path, whole, cut);
		has_first(end, cut);
	}
	/* No journal is begun anew where the header is cut. */
	for (size_t cut = 1; cut < RECORDS_AT; cut += cut < 6000 ? 97 : 9973) {
		tool_write(journal_path, whole, cut);
		refused(cut < 16 ? "it is not a journal" : "damaged at byte");
	}
	free(whole);
}
END_TEST

/* A crash of the system: the disk has some blocks of the unsynced records and not others. */
START_TEST(torn_in_what_was_not_synced)
{
	size_t end[7], len;
	struct journal *j;

	make_six(end);
	char *synced = tool_read(journal_path, &len);
	j = journal_open(&journal_options);
	for (uint64_t seq = 7; seq <= 12; seq++)
		done(j, seq);
	must(journal_flush(j) == 0);
	size_t more_len;
	char *more = tool_read(journal_path, &more_len);
	journal_close(j);
	must(more_len > len);
	/* The checkpoint is of when six were synced; then there is a hole in the later records. */
	memcpy(more, synced, RECORDS_AT);
	for (size_t at = len; at < more_len; at += 8) {
		size_t hole = more_len - at < 64 ? more_len - at : 64;
		char *torn = malloc(more_len);
		must(torn != NULL);
		memcpy(torn, more, more_len);
		memset(torn + at, 0, hole);
		tool_write(journal_path, torn, more_len);
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
	char *whole = tool_read(journal_path, &len);
	for (size_t at = RECORDS_AT, entry = 0; at < len; at += 5) {
		while (at >= end[entry + 1])
			entry++;
		whole[at] = (char)(whole[at] ^ 1 << at % 8);
		tool_write(journal_path, whole, len);
		(void)snprintf(needle, sizeof needle, "damaged at byte %zu", end[entry]);
		refused(needle);
		/* The refused journal stays as it is. */
		size_t now_len;
		char *now = tool_read(journal_path, &now_len);
		must(now_len == len &&
		    memcmp(now + RECORDS_AT, whole + RECORDS_AT, len - RECORDS_AT) == 0);
		free(now);
		whole[at] = (char)(whole[at] ^ 1 << at % 8);
	}
	/* If the file is cut behind the damage, it is refused all the same. */
	whole[end[1] + 9] ^= 4;
	for (size_t cut = end[3]; cut < len; cut += 7) {
		tool_write(journal_path, whole, cut);
		(void)snprintf(needle, sizeof needle, "damaged at byte %zu", end[1]);
		refused(needle);
	}
	whole[end[1] + 9] ^= 4;
	/* Damage in the header. */
	for (size_t at = 0; at < 64; at++) {
		whole[at] ^= 0x40;
		tool_write(journal_path, whole, len);
		refused("--journal");
		whole[at] ^= 0x40;
	}
	/* Damage in both copies of a checkpoint. */
	memset(whole + 4096, 0x11, 128);
	tool_write(journal_path, whole, len);
	refused("damaged at byte 4096");
	free(whole);
}
END_TEST

START_TEST(not_ours)
{
	static const char line[] = "it is of another command line (true, begun ";
	struct journal *j;

	tool_write(journal_path, "seq\thost\n", 9);
	refused("it is not a journal of this program");
	/* Made by mktemp(1), or by a run that was killed before it wrote the header. */
	tool_write(journal_path, "", 0);
	journal_close(journal_open(&journal_options));
	char *zeros = calloc(1, RECORDS_AT);
	tool_write(journal_path, zeros, RECORDS_AT);
	free(zeros);
	j = journal_open(&journal_options);
	done(j, 1);
	journal_close(j);

	static char gzip[] = "gzip", nine[] = "-9";
	char *other[] = { gzip, nine, NULL };
	char **mine = journal_options.command;
	journal_options.command = other;
	journal_options.command_count = 2;
	refused(line);
	journal_options.command = mine;
	journal_options.command_count = 1;
	journal_options.keep_order = 1;
	refused(line);
	journal_options.keep_order = 0;
	/* These options may differ from the earlier run's. */
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

int
main(void)
{
	Suite *s = suite_create("journal");
	TCase *c = support_case("damage", 60);

	tcase_add_checked_fixture(c, journal_setup, journal_teardown);
	tcase_add_test(c, cut_at_every_byte);
	tcase_add_test(c, torn_in_what_was_not_synced);
	tcase_add_test(c, damaged_in_the_middle);
	tcase_add_test(c, not_ours);
	suite_add_tcase(s, c);
	return support_run(s);
}
