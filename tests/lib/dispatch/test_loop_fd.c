/* SPDX-License-Identifier: BSD-2-Clause */
/* The one descriptor for a caller's loop, over pipes that no pool is behind. */
#include "config.h"
#include "tests/support/support.h"

#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/dispatch/dispatcher.h"
#include "lib/dispatch/loop_fd.h"
#include "lib/os/clock.h"
#include "lib/os/fd.h"
#include "lib/os/os.h"

#ifdef __linux__
#include <sys/epoll.h>
#endif

#define SLOTS 5u

static struct dispatcher *d;
static int writer[SLOTS];

static void
begin(void)
{
	static const struct dispatch_options options = { .workers = SLOTS };
	int fds[2];

	ck_assert_ptr_nonnull(d = calloc(1, sizeof *d));
	dispatcher_init(d, &options);
	ck_assert_int_eq(os_pipe(d->bell, 0), 0);
	ck_assert_ptr_nonnull(d->link.results = calloc(SLOTS, sizeof *d->link.results));
	d->link.slots = SLOTS;
	for (unsigned i = 0; i < SLOTS; i++) {
		ck_assert_int_eq(os_pipe(fds, 0), 0);
		results_pipe_init(&d->link.results[i], fds[0], 0);
		writer[i] = fds[1];
	}
	ck_assert_int_ge(loop_fd_open(d), 0);
	loop_fd_settle(d, CLOCK_NEVER);
}

static void
end(void)
{
	loop_fd_close(d);
	for (unsigned i = 0; i < SLOTS; i++) {
		results_pipe_close(&d->link.results[i]);
		fd_close(&writer[i]);
	}
	fd_close(&d->bell[0]);
	fd_close(&d->bell[1]);
	free(d->link.results);
	free(d);
}

static int
readable(void)
{
	struct pollfd fd = { .fd = d->loop.fd.fd, .events = POLLIN };

	return poll(&fd, 1, 0);
}

/* Results of so many slots, from the first one on, are there. */
static void
results_come(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		ck_assert_int_eq(write(writer[i], "r", 1), 1);
}

START_TEST(those_that_are_ready_have_their_names)
{
	uint32_t names[SLOTS + 3];
	char byte;

	ck_assert_int_eq(readable(), 0);
	ck_assert_int_eq(loop_fd_ready(d, names, SLOTS + 3), 0);
	ck_assert_int_eq(write(writer[3], "r", 1), 1);
	ck_assert_int_eq(readable(), 1);
	ck_assert_int_eq(loop_fd_ready(d, names, SLOTS + 3), 1);
	ck_assert_uint_eq(names[0], 3);
	ck_assert_int_eq(read(d->link.results[3].fd, &byte, 1), 1);
	ck_assert_int_eq(loop_fd_ready(d, names, SLOTS + 3), 0);
	ck_assert_int_eq(fd_ring_pipe(d->bell[1]), 0);
	ck_assert_int_eq(loop_fd_ready(d, names, SLOTS + 3), 1);
	ck_assert_uint_eq(names[0], LOOP_BELL);
}
END_TEST

/* _i: so many are asked for.  Whoever has had them is told of the rest, also where he waits for
   changes alone, and where nothing else is to come. */
START_TEST(more_than_were_asked_for)
{
	uint32_t names[SLOTS];

	results_come(SLOTS);
	ck_assert_int_eq(loop_fd_ready(d, names, _i), _i);
	ck_assert(d->loop.fd.more);
	loop_fd_settle(d, CLOCK_NEVER);
	ck_assert_int_eq(d->loop.fd.armed, 0);
}
END_TEST

START_TEST(fewer_than_were_asked_for)
{
	uint32_t names[SLOTS];

	results_come(SLOTS - 1);
	ck_assert_int_eq(loop_fd_ready(d, names, SLOTS), SLOTS - 1);
	ck_assert(!d->loop.fd.more);
	loop_fd_settle(d, CLOCK_NEVER);
	ck_assert_int_eq(d->loop.fd.armed, CLOCK_NEVER);
}
END_TEST

#ifdef __linux__
START_TEST(edge_for_what_is_left)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int set = epoll_create1(EPOLL_CLOEXEC);
	uint32_t names[SLOTS];

	ck_assert_int_eq(epoll_ctl(set, EPOLL_CTL_ADD, d->loop.fd.fd, &event), 0);
	results_come(SLOTS);
	for (int i = 0; i < 20; i++) {
		ck_assert_int_eq(epoll_wait(set, &event, 1, -1), 1);
		ck_assert_int_eq(loop_fd_ready(d, names, 2), 2);
		loop_fd_settle(d, CLOCK_NEVER);
	}
	(void)close(set);
}
END_TEST
#endif

int
main(void)
{
	Suite *suite = suite_create("loop_fd");
	TCase *tc = support_case("loop_fd", 20);

	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, those_that_are_ready_have_their_names);
	tcase_add_loop_test(tc, more_than_were_asked_for, 1, SLOTS);
	tcase_add_test(tc, fewer_than_were_asked_for);
#ifdef __linux__
	tcase_add_test(tc, edge_for_what_is_left);
#endif
	suite_add_tcase(suite, tc);
	return support_run(suite);
}
