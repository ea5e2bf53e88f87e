/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A pool in the poll() loop of a program that has other input to look after.
 *
 * The program reads lines from a pipe, makes a job of each, and prints results as they arrive;
 * neither side waits for the other.  One descriptor tells that the pool has something to do, and
 * each turn of the loop does three steps for it, which are numbered below.  They are the same with
 * epoll(7), libuv, glib, or whatever else waits for descriptors.  (forkpool_fd() needs Linux.  What
 * there is elsewhere, forkpool_pollfds() and forkpool_timeout(), is in forkpool(3).)
 */
#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include <forkpool.h>

#define PENDING_MAX 4 /* read no more lines while so many jobs are pending */

/* The job, run in a worker.  Returns 0, or the errno with which it failed. */
static int
shout(struct forkpool_context *context, const void *args, size_t args_len)
{
	for (size_t i = 0; i < args_len; i++) {
		char c = (char)toupper(((const unsigned char *)args)[i]);
		if (forkpool_reply(context, &c, 1) != 0) /* each call appends to the value */
			return errno;
	}
	return 0;
}

static int
loop(struct forkpool *pool, FILE *input)
{
	struct pollfd fds[2] = {
		{ .events = POLLIN },
		{ .events = POLLIN, .fd = forkpool_fd(pool) }, /* it stays the same */
	};
	const struct forkpool_result *r;
	char line[100];
	int open = 1, got;

	if (fds[1].fd == -1)
		return -1;
	while (open || forkpool_pending(pool) > 0) {
		/* Stop watching the input at its end, and while the pool is full: poll() ignores
		   a descriptor of -1. */
		fds[0].fd = open && forkpool_pending(pool) < PENDING_MAX ? fileno(input) : -1;
		/* 1: wait for that descriptor as well. */
		int ready = poll(fds, 2, -1);
		if (ready == -1 && errno != EINTR)
			return -1;
		if (ready > 0 && fds[0].fd != -1 && fds[0].revents != 0) {
			open = fgets(line, sizeof line, input) != NULL;
			struct forkpool_job job = {
				.fn = shout,
				.args = line,
				.args_len = strcspn(line, "\n"),
			};
			if (open && forkpool_submit(pool, &job, NULL) != 1)
				return -1;
		}
		/* 2: let the pool work.  There is no harm in it where nothing has happened. */
		if (forkpool_dispatch(pool, NULL, 0) == -1)
			return -1;
		/* 3: take all results that are ready. */
		while ((got = forkpool_next(pool, &r)) == 1)
			printf("%.*s\n", (int)r->value_len,
			    r->outcome == FORKPOOL_OK ? (const char *)r->value : "");
		if (got == -1)
			return -1;
	}
	return 0;
}

int
main(void)
{
	struct forkpool_options options = { .workers = 2, .ordered = 1 };
	char error[256];

	struct forkpool *pool = forkpool_open(&options, error, sizeof error);
	if (pool == NULL) {
		fprintf(stderr, "no pool: %s\n", error);
		return 1;
	}
	FILE *input = popen("for word in one two three four five six; do echo $word; done", "r");
	int status = -1;
	if (input != NULL) {
		/* No buffer: poll() would not see the lines that stdio has read ahead. */
		setvbuf(input, NULL, _IONBF, 0);
		status = loop(pool, input);
		pclose(input);
	}
	if (status == -1)
		perror("event loop");
	return forkpool_close(pool) == 0 && status == 0 ? 0 : 1;
}
