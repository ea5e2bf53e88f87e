/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A poll() loop of the program's own, with a pool as one of the things it looks after.
 *
 * Lines come from a pipe, each becomes a job, and results are printed as they arrive; neither
 * side waits for the other.  The four steps for the pool in each turn are numbered.
 */
#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include <forkpool.h>

#define PENDING_MAX 4   /* read no further while so many jobs wait */
#define POOL_FDS    16  /* forkpool_pollfds() wants one for each worker and a few more */

/* Runs in a worker. */
static int
shout(struct forkpool_context *context, const void *args, size_t args_len)
{
	for (size_t i = 0; i < args_len; i++) {
		char c = (char)toupper(((const unsigned char *)args)[i]);
		if (forkpool_reply(context, &c, 1) == -1) /* appends */
			return errno;
	}
	return 0;
}

static int
loop(struct forkpool *pool, FILE *input)
{
	struct pollfd fds[1 + POOL_FDS] = { { .events = POLLIN } };
	const struct forkpool_result *r;
	char line[100];
	int open = 1, got;

	while (open || forkpool_pending(pool) > 0) {
		/* poll() passes over a negative descriptor: the input is at its end, or has to wait. */
		fds[0].fd = open && forkpool_pending(pool) < PENDING_MAX ? fileno(input) : -1;
		size_t n = forkpool_pollfds(pool, fds + 1, POOL_FDS);           /* 1: what to watch */
		if (n == 0 || n > POOL_FDS)
			return -1;
		int ready = poll(fds, (nfds_t)(1 + n), forkpool_timeout(pool)); /* 2: and how long */
		if (ready == -1 && errno != EINTR)
			return -1;
		if (ready > 0 && fds[0].fd != -1 && fds[0].revents != 0) {
			open = fgets(line, sizeof line, input) != NULL;
			struct forkpool_job job = { .fn = shout,
				.args = line,
				.args_len = strcspn(line, "\n") };
			if (open && forkpool_submit(pool, &job, NULL) != 1)
				return -1;
		}
		if (forkpool_dispatch(pool, fds + 1, ready > 0 ? n : 0) == -1)  /* 3: let it work */
			return -1;
		while ((got = forkpool_next(pool, &r)) == 1)                    /* 4: take all there is */
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
		setvbuf(input, NULL, _IONBF, 0); /* poll() knows nothing of what stdio has read ahead */
		status = loop(pool, input);
		pclose(input);
	}
	if (status == -1)
		perror("event loop");
	return forkpool_close(pool) == 0 && status == 0 ? 0 : 1;
}
