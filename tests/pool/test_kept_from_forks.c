/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the caller keeps of a pool's jobs is in no process that is forked later: not in those of
 * another pool, nor in those of the pool's own next supervisor.
 */
#include "config.h"
#include "tests/support/support.h"
#include "tests/support/walk.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>

#include "lib/pool/pool.h"

#define LARGE ((size_t)300000)
#define MARK 32u
static char mark[MARK + 1];
static unsigned char veiled[MARK];

static int
replies(struct forkpool_context *context, const void *args, size_t args_len)
{
	return forkpool_reply(context, args, args_len);
}

static int
fails(struct forkpool_context *context, const void *args, size_t args_len)
{
	return forkpool_fail(context, EIO, "%.*s", (int)args_len, (const char *)args);
}

static int
dies_with_words(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)fails(context, args, args_len);
	return raise(SIGSEGV);
}

static void
mark_make(void)
{
	ck_assert_int_eq(getrandom(veiled, sizeof veiled, 0), (ssize_t)sizeof veiled);
	for (size_t i = 0; i < MARK; i++) {
		mark[i] = (char)('a' + veiled[i] % 26);
		veiled[i] = (unsigned char)mark[i] ^ WALK_VEIL;
	}
}

/* Hand the pool the mark in every way, and forget it; the results are not taken. */
static void
mark_submit(struct forkpool *pool)
{
	static char args[LARGE];
	static const size_t sizes[] = { MARK, 60, 100, 500, 3000, LARGE };

	mark_make();
	for (size_t at = 0; at + MARK <= sizeof args; at += MARK)
		memcpy(args + at, mark, MARK);
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		struct forkpool_job job = { .args = args, .args_len = sizes[i], .id = mark };
		job.fn = replies;
		ck_assert_int_eq(forkpool_submit(pool, &job, NULL), 1);
		job.fn = fails;
		job.args_len = sizes[i] < 200 ? sizes[i] : 200;
		ck_assert_int_eq(forkpool_submit(pool, &job, NULL), 1);
	}
	memset(args, 0, sizeof args);
	memset(mark, 0, sizeof mark);
	struct forkpool_stats stats;
	do {
		struct pollfd fds[16];
		size_t n = forkpool_pollfds(pool, fds, 16);
		ck_assert_int_ge(poll(fds, (nfds_t)n, forkpool_timeout(pool) == 0 ? 0 : 20), 0);
		(void)forkpool_dispatch(pool, fds, n);
		ck_assert_int_eq(forkpool_get_stats(pool, &stats), 0);
	} while (stats.queued + stats.running > 0);
}

static int
searches(struct forkpool_context *context, const void *args, size_t args_len)
{
	static volatile char own[MARK]; /* else the compiler may leave it unwritten */
	unsigned char own_veiled[MARK];
	struct walk_needle needles[2] = {
		{ .veiled = args, .len = MARK }, { .veiled = own_veiled, .len = MARK },
	};

	if (args_len != MARK)
		return EBADMSG;
	for (unsigned char i = 0; i < MARK; i++)
		own_veiled[i] = (unsigned char)(own[i] = (char)('0' + i)) ^ WALK_VEIL;
	walk_search(needles, 2);
	if (needles[1].hits == 0)
		return forkpool_fail(context, ESRCH, "the search does not find what is there");
	uint64_t found = needles[0].hits;
	return forkpool_reply(context, &found, sizeof found);
}

static void
search_finds_nothing(struct forkpool *pool)
{
	uint64_t found;

	uint64_t seq = support_submit(pool, searches, veiled, sizeof veiled);
	const struct forkpool_result *r;
	do
		r = support_wait(pool);
	while (r->seq != seq);
	ck_assert_msg(r->outcome == FORKPOOL_OK, "%s", r->message);
	ck_assert_uint_eq(r->value_len, sizeof found);
	memcpy(&found, r->value, sizeof found);
	ck_assert_uint_eq(found, 0);
}

/* Names, arguments, values and messages are in no process that is forked later. */
START_TEST(nothing_of_other_jobs_is_copied)
{
	if (SUPPORT_SANITIZED)
		return; /* it keeps copies of its own */
	struct forkpool_options options = support_options(1);
	struct forkpool *a = support_open(&options);
	mark_submit(a);
	struct forkpool *b = support_open(&options);
	search_finds_nothing(b);
	/* At JOB and SANDBOX nothing of the pool's own other jobs either. */
	pid_t before = a->d.link.pid;
	ck_assert_int_eq(kill(before, SIGKILL), 0);
	while (a->d.link.pid == before || a->d.link.socket == -1)
		(void)forkpool_dispatch(a, NULL, 0);
	if (support_own_process())
		search_finds_nothing(a);
	ck_assert_int_eq(forkpool_close(a), 0);
	ck_assert_int_eq(forkpool_close(b), 0);
}
END_TEST

/* Nor is the message that the caller has, which says where its job died and what it had said. */
START_TEST(nothing_of_a_message_is_copied)
{
	if (SUPPORT_SANITIZED)
		return;
	struct forkpool_options options = support_options(1);
	struct forkpool *a = support_open(&options);
	mark_make();
	(void)support_submit(a, dies_with_words, mark, MARK);
	const struct forkpool_result *r = support_wait(a);
	ck_assert_int_eq(r->outcome, FORKPOOL_CRASHED);
	if (support_own_process())
		ck_assert_msg(strstr(r->message, mark) != NULL, "%s", r->message);
	memset(mark, 0, sizeof mark);
	struct forkpool *b = support_open(&options);
	search_finds_nothing(b);
	ck_assert_int_eq(forkpool_close(a), 0);
	ck_assert_int_eq(forkpool_close(b), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("kept_from_forks");
	TCase *all = support_case("kept_from_forks", 30);

	tcase_add_test(all, nothing_of_other_jobs_is_copied);
	tcase_add_test(all, nothing_of_a_message_is_copied);
	suite_add_tcase(suite, all);
	return support_run(suite);
}
