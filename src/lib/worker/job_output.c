/* SPDX-License-Identifier: BSD-2-Clause */
/* A job's output: pipes into the worker, and on to memory or the caller's output. */
#include "config.h"
#include "lib/worker/job_output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/os/fd.h"
#include "lib/os/os.h"

/* Output on its way through the worker, in memory that no child has: no other job may see it. */
struct job_output_hidden {
	struct job_output_part {
		size_t        at, len;  /* data[at .. len) is to be passed on */
		unsigned char data[PIPE_BUF];
	} part[2];
};

/* Up to so much kept memory is not given back between two jobs. */
#define KEPT_WARM ((uint64_t)64 << 10)

/* Make the pipe from[i], whose write end takes the place of the descriptors in targets. */
static int
pipe_make(struct job_output *o, int i, const int *targets, int n)
{
	int fds[2];

	if (os_pipe(fds, 0) == -1)
		return -1;
	o->from[i] = fd_raise(fds[0]);
	int end = fd_raise(fds[1]);
	if (o->from[i] == -1 || end == -1 || fd_set_nonblocking(o->from[i], 1) == -1 ||
	    os_signal_on_input(o->from[i]) == -1)
		return -1;
	for (int t = 0; t < n; t++)
		if (dup2(end, targets[t]) == -1)
			return -1;
	fd_close(&end);
	return 0;
}

/*
 * Open the caller's output so that writing never waits: a pipe or a terminal is opened anew, since
 * all that share a descriptor share its O_NONBLOCK; a signal tells when there is room again.  Where
 * it cannot be opened anew, poll() says whether there is room, but another worker may take the room
 * first, and then write() waits.
 */
static int
target_open(int fd)
{
	char path[32];
	struct stat st;
	int to = -1;

	(void)snprintf(path, sizeof path, "/dev/fd/%d", fd);
	if (fstat(fd, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode)))
		to = fd_raise(open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
	if (to == -1)
		return fcntl(fd, F_DUPFD_CLOEXEC, 3);
	(void)os_signal_on_input(to); /* it signals room, too */
	return to;
}

int
job_output_init(struct job_output *o, enum forkpool_output output, int sandboxed, uint64_t max)
{
	static const int both[2] = { STDOUT_FILENO, STDERR_FILENO };

	*o = (struct job_output){ .from = { -1, -1 }, .to = { -1, -1 }, .max = max };
	if ((o->hidden = os_memory_hidden(sizeof *o->hidden)) == NULL)
		return -1;
	if (output == FORKPOOL_OUTPUT_CAPTURE) {
		o->kept = os_memory_hidden(max > 0 ? (size_t)max : 1);
		return o->kept == NULL ? -1 : pipe_make(o, 0, both, 2);
	}
	if (output != FORKPOOL_OUTPUT_INHERIT || !sandboxed)
		return 0;
	for (int i = 0; i < 2; i++)
		if ((o->to[i] = target_open(both[i])) == -1 || pipe_make(o, i, &both[i], 1) == -1)
			return -1;
	return 0;
}

/* Take the pending SIGPIPE, which would end the worker once it is unblocked. */
static void
sigpipe_take(void)
{
	sigset_t set;
	siginfo_t info;

	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	(void)os_signal_wait(&set, &info, 0);
	errno = EPIPE;
}

/* Write what the reader takes now.  1: nothing is left; 0: the reader is slow. */
static int
pass_on(struct job_output *o, int i)
{
	struct job_output_part *part = &o->hidden->part[i];

	while (part->at < part->len) {
		struct pollfd room = { .fd = o->to[i], .events = POLLOUT };
		if (poll(&room, 1, 0) == 0)
			return 0;
		/* At most PIPE_BUF, which a pipe that poll() calls writable takes at once
		   (pipe(7)). */
		ssize_t n = write(o->to[i], part->data + part->at, part->len - part->at);
		if (n == -1 && errno == EPIPE)
			sigpipe_take();
		if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return 0;
		if (n == -1 && errno != EINTR)
			part->at = part->len; /* nobody reads any more */
		if (n > 0)
			part->at += (size_t)n;
	}
	return 1;
}

static size_t
smaller(uint64_t a, size_t b)
{
	return a < b ? (size_t)a : b;
}

/* Take in what was there at the last look, as far as the reader takes it.  1: all of it; 0: the
   reader is slow. */
static int
drain(struct job_output *o, int i)
{
	struct job_output_part *part = &o->hidden->part[i];

	for (;;) {
		if (o->to[i] != -1 && !pass_on(o, i))
			return 0;
		if (o->there[i] <= 0)
			return 1;
		int room = o->to[i] == -1 && o->kept_len < o->max;
		unsigned char *to = room ? o->kept + o->kept_len : part->data;
		uint64_t size = room ? o->max - o->kept_len : sizeof part->data;
		ssize_t n = read(o->from[i], to, smaller(size, (size_t)o->there[i]));
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return 1;
		o->there[i] -= (int)n;
		if (room) {
			o->kept_len += (uint64_t)n;
		} else if (o->to[i] == -1) {
			o->lost += (uint64_t)n;
		} else {
			part->at = 0;
			part->len = (size_t)n;
		}
	}
}

/* Take in what was there at the last look from both pipes.  1; 0: a reader is slow. */
static int
drain_both(struct job_output *o)
{
	int all = 1;

	for (int i = 0; i < 2; i++)
		if (o->from[i] != -1)
			all &= drain(o, i);
	return all;
}

/*
 * A job that prints as fast as this reads must not keep its worker from its signals and timers: so
 * each call takes what was there when it began, and no more.  What is written later signals anew.
 */
int
job_output_drain(struct job_output *o)
{
	for (int i = 0; i < 2; i++)
		if (o->from[i] != -1 && os_pipe_bytes(o->from[i], &o->there[i]) == -1)
			o->there[i] = PIPE_BUF;
	return drain_both(o);
}

void
job_output_finish(struct job_output *o)
{
	sigset_t pipe_only, before;

	if (o->to[0] == -1 && o->to[1] == -1)
		return;
	sigemptyset(&pipe_only);
	sigaddset(&pipe_only, SIGPIPE);
	(void)sigprocmask(SIG_BLOCK, &pipe_only, &before);
	while (!drain_both(o)) {
		struct pollfd room[2];
		for (int i = 0; i < 2; i++) {
			const struct job_output_part *part = &o->hidden->part[i];
			int fd = part->at < part->len ? o->to[i] : -1;
			room[i] = (struct pollfd){ .fd = fd, .events = POLLOUT };
		}
		(void)poll(room, 2, -1);
	}
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
}

void
job_output_begin(struct job_output *o)
{
	if (o->kept_len > KEPT_WARM)
		os_pages_drop(o->kept, (size_t)o->max);
	o->kept_len = o->lost = 0;
}

void
job_output_await(const struct job_output *o, sigset_t *set)
{
	if (o->from[0] != -1)
		sigaddset(set, SIGIO);
}
