/* SPDX-License-Identifier: BSD-2-Clause */
/* The mailboxes: one for each worker, and nothing of one job in it for the next. */
#include "config.h"
#include "tests/support/support.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/job/mailbox.h"
#include "lib/os/heirloom.h"

static size_t page;

static void
begin(void)
{
	page = (size_t)sysconf(_SC_PAGESIZE);
}

/* Whether that address is mapped in this process. */
static int
is_mapped(const void *at)
{
	void *start = (void *)((uintptr_t)at / page * page);

	return msync(start, page, MS_ASYNC) == 0 || errno != ENOMEM;
}

/* fork(2), and the child has the mailboxes. */
static pid_t
fork_with(struct mailbox *mailboxes)
{
	struct heirloom memory = { mailboxes, mailboxes_size() };

	return heirloom_fork(&memory, 1);
}

static unsigned char *
area_of(size_t size)
{
	unsigned char *area =
	    mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(area, MAP_FAILED);
	return area;
}

START_TEST(each_has_pages_of_its_own)
{
	struct mailbox *mailboxes = mailboxes_create();

	ck_assert_ptr_nonnull(mailboxes);
	ck_assert_ptr_eq(mailboxes_at(mailboxes, 0), mailboxes);
	for (unsigned i = 0; i < SHARED_WORKERS_MAX; i++) {
		const char *at = (const char *)mailboxes_at(mailboxes, i);
		ck_assert_uint_eq((uintptr_t)at % page, 0);
		if (i == 0)
			continue;
		const char *before = (const char *)mailboxes_at(mailboxes, i - 1);
		ck_assert_uint_ge((size_t)(at - before), sizeof(struct mailbox));
	}
	/* The first and the last can be touched; others stay empty. */
	mailboxes_at(mailboxes, 1)->args[WIRE_PACKET_SIZE - 1] = 1;
	mailboxes_at(mailboxes, SHARED_WORKERS_MAX - 1)->args[WIRE_PACKET_SIZE - 1] = 2;
	ck_assert_uint_eq(mailboxes_at(mailboxes, 0)->args[WIRE_PACKET_SIZE - 1], 0);
	ck_assert_uint_eq(atomic_load(&mailboxes_at(mailboxes, 2)->stage), MAILBOX_BORN);
	mailboxes_destroy(mailboxes);
	mailboxes_destroy(NULL);
}
END_TEST

START_TEST(what_one_process_writes_the_others_see)
{
	struct mailbox *mailboxes = mailboxes_create();
	int status;

	ck_assert_ptr_nonnull(mailboxes);
	pid_t pid = fork_with(mailboxes);
	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		struct mailbox *own = mailboxes_at(mailboxes, 7);
		memcpy(own->context.value, "a value", 7);
		own->context.value_len = 7;
		atomic_store(&own->progress[0], 3);
		atomic_store(&own->stage, MAILBOX_RETURNED);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	const struct mailbox *own = mailboxes_at(mailboxes, 7);
	ck_assert_uint_eq(atomic_load(&own->stage), MAILBOX_RETURNED);
	ck_assert_uint_eq(atomic_load(&own->progress[0]), 3);
	ck_assert_uint_eq(own->context.value_len, 7);
	ck_assert_mem_eq(own->context.value, "a value", 7);
	mailboxes_destroy(mailboxes);
}
END_TEST

/* _i: which worker; the first, the last, and some between. */
START_TEST(a_worker_keeps_its_own_alone)
{
	static const unsigned workers[] = { 0, 1, 100, SHARED_WORKERS_MAX - 2,
		SHARED_WORKERS_MAX - 1 };
	unsigned own = workers[_i];
	struct mailbox *mailboxes = mailboxes_create();
	int status;

	ck_assert_ptr_nonnull(mailboxes);
	pid_t pid = fork_with(mailboxes);
	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		size_t stride = (size_t)((char *)mailboxes_at(mailboxes, 1) - (char *)mailboxes);
		const char *first = (const char *)mailboxes,
			   *kept = (const char *)mailboxes_at(mailboxes, own);
		mailboxes_keep(mailboxes, own);
		for (const char *at = first; at < first + SHARED_WORKERS_MAX * stride; at += page)
			if (is_mapped(at) != (at >= kept && at < kept + stride))
				_exit(1);
		mailboxes_at(mailboxes, own)->args[0] = 1;
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	/* The parent still has all of them. */
	ck_assert_uint_eq(mailboxes_at(mailboxes, own)->args[0], 1);
	mailboxes_destroy(mailboxes);
}
END_TEST

/* _i: pages of the area. */
START_TEST(nothing_is_left_after_it_was_cleared)
{
	struct mailbox *mailboxes = mailboxes_create();
	struct mailbox *m = mailboxes_at(mailboxes, 5), *other = mailboxes_at(mailboxes, 6);
	size_t size = (size_t)_i * page, stride = (size_t)((char *)other - (char *)m);
	unsigned char *area = area_of(size);

	for (int round = 0; round < 3; round++) {
		memset(m, 0xff, stride); /* all that a job can write */
		memset(other, 0xee, stride);
		memset(area, 0xdd, size);
		mailbox_clear(m, area, size);
		for (size_t i = 0; i < stride; i++) {
			ck_assert_uint_eq(((unsigned char *)m)[i], 0);
			ck_assert_uint_eq(((unsigned char *)other)[i], 0xee);
		}
		for (size_t i = 0; i < size; i++)
			ck_assert_uint_eq(area[i], 0);
	}
	/* A process that has the area mapped, and has seen its old contents, sees it cleared. */
	_Atomic uint32_t *step = support_shared(sizeof *step);
	int status;
	memset(area, 0xdd, size);
	pid_t pid = fork_with(mailboxes);
	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		int was = ((volatile unsigned char *)area)[size - 1];
		support_post(step);
		support_await(step, 2);
		_exit(was == 0xdd && ((volatile unsigned char *)area)[size - 1] == 0 ? 0 : 1);
	}
	support_await(step, 1);
	mailbox_clear(m, area, size);
	support_post(step);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(munmap(area, size), 0);
	mailboxes_destroy(mailboxes);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("mailbox");
	TCase *tc = support_case("mailbox", 30);

	tcase_add_checked_fixture(tc, begin, NULL);
	tcase_add_test(tc, each_has_pages_of_its_own);
	tcase_add_test(tc, what_one_process_writes_the_others_see);
	tcase_add_loop_test(tc, a_worker_keeps_its_own_alone, 0, 5);
	tcase_add_loop_test(tc, nothing_is_left_after_it_was_cleared, 1, 5);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}
