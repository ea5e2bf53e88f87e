/* The memory that a worker shares with a job's process: one window each, and nothing of one job in it for the next. */
#include "config.h"
#include "tests/support/support.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/job/mailbox.h"

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

static unsigned char *
area_of(size_t size)
{
	unsigned char *area = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(area, MAP_FAILED);
	return area;
}

START_TEST(each_has_pages_of_its_own)
{
	struct window *windows = windows_create();

	ck_assert_ptr_nonnull(windows);
	ck_assert_ptr_eq(windows_at(windows, 0), windows);
	for (unsigned i = 0; i < SHARED_WORKERS_MAX; i++) {
		const char *at = (const char *)windows_at(windows, i);
		ck_assert_uint_eq((uintptr_t)at % page, 0);
		if (i > 0)
			ck_assert_uint_ge((size_t)(at - (const char *)windows_at(windows, i - 1)), sizeof(struct window));
	}
	/* Memory is taken as it is touched, up to the last. */
	windows_at(windows, 1)->args[WIRE_PACKET_SIZE - 1] = 1;
	windows_at(windows, SHARED_WORKERS_MAX - 1)->args[WIRE_PACKET_SIZE - 1] = 2;
	ck_assert_uint_eq(windows_at(windows, 0)->args[WIRE_PACKET_SIZE - 1], 0);
	ck_assert_uint_eq(atomic_load(&windows_at(windows, 2)->stage), WINDOW_BORN);
	windows_destroy(windows);
	windows_destroy(NULL);
}
END_TEST

START_TEST(what_one_process_writes_the_others_see)
{
	struct window *windows = windows_create();
	int status;

	ck_assert_ptr_nonnull(windows);
	pid_t pid = fork();
	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		struct window *own = windows_at(windows, 7);
		memcpy(own->context.value, "a value", 7);
		own->context.value_len = 7;
		atomic_store(&own->progress[0], 3);
		atomic_store(&own->stage, WINDOW_RETURNED);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	const struct window *own = windows_at(windows, 7);
	ck_assert_uint_eq(atomic_load(&own->stage), WINDOW_RETURNED);
	ck_assert_uint_eq(atomic_load(&own->progress[0]), 3);
	ck_assert_uint_eq(own->context.value_len, 7);
	ck_assert_mem_eq(own->context.value, "a value", 7);
	windows_destroy(windows);
}
END_TEST

/* _i: which worker; the first, the last, and some between. */
START_TEST(a_worker_keeps_its_own_alone)
{
	static const unsigned workers[] = { 0, 1, 100, SHARED_WORKERS_MAX - 2, SHARED_WORKERS_MAX - 1 };
	unsigned own = workers[_i];
	struct window *windows = windows_create();
	int status;

	ck_assert_ptr_nonnull(windows);
	pid_t pid = fork();
	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		size_t stride = (size_t)((char *)windows_at(windows, 1) - (char *)windows);
		const char *first = (const char *)windows, *kept = (const char *)windows_at(windows, own);
		windows_keep(windows, own);
		for (const char *at = first; at < first + SHARED_WORKERS_MAX * stride; at += page)
			if (is_mapped(at) != (at >= kept && at < kept + stride))
				_exit(1);
		windows_at(windows, own)->args[0] = 1;
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_uint_eq(windows_at(windows, own)->args[0], 1); /* the parent has all of them still */
	windows_destroy(windows);
}
END_TEST

/* _i: pages of the area. */
START_TEST(nothing_is_left_after_it_was_cleared)
{
	struct window *windows = windows_create(), *w = windows_at(windows, 5), *other = windows_at(windows, 6);
	size_t size = (size_t)_i * page, stride = (size_t)((char *)other - (char *)w);
	unsigned char *area = area_of(size);

	for (int round = 0; round < 3; round++) {
		memset(w, 0xff, stride); /* all that a job can write */
		memset(other, 0xee, stride);
		memset(area, 0xdd, size);
		window_clear(w, area, size);
		for (size_t i = 0; i < stride; i++) {
			ck_assert_uint_eq(((unsigned char *)w)[i], 0);
			ck_assert_uint_eq(((unsigned char *)other)[i], 0xee);
		}
		for (size_t i = 0; i < size; i++)
			ck_assert_uint_eq(area[i], 0);
	}
	/* In a process that has it mapped and has seen it before. */
	_Atomic uint32_t *step = support_shared(sizeof *step);
	int status;
	memset(area, 0xdd, size);
	pid_t pid = fork();
	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		int was = ((volatile unsigned char *)area)[size - 1];
		support_post(step);
		support_await(step, 2);
		_exit(was == 0xdd && ((volatile unsigned char *)area)[size - 1] == 0 ? 0 : 1);
	}
	support_await(step, 1);
	window_clear(w, area, size);
	support_post(step);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(munmap(area, size), 0);
	windows_destroy(windows);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("window");
	TCase *tc = support_case("window", 30);

	tcase_add_checked_fixture(tc, begin, NULL);
	tcase_add_test(tc, each_has_pages_of_its_own);
	tcase_add_test(tc, what_one_process_writes_the_others_see);
	tcase_add_loop_test(tc, a_worker_keeps_its_own_alone, 0, 5);
	tcase_add_loop_test(tc, nothing_is_left_after_it_was_cleared, 1, 5);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}
