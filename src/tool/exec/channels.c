/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include "tool/exec/channels.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "tool/base/message.h"

static struct channel *channel;
static unsigned channel_count, jobs_from, first_free;
static int *descriptors;
static size_t descriptor_count;
static unsigned *polled; /* which channel the entries of the last poll belong to: 2 each */

static char buffer[65536];

/*
 * Those for jobs get numbers in a row: a job's process closes all others before it runs, and that is one call for each gap.
 * What is ours lies below.
 */
static int
move_up(int *fd)
{
	int up = *fd == -1 ? -1 : fcntl(*fd, F_DUPFD_CLOEXEC, (int)jobs_from);

	if (up == -1)
		return -1;
	(void)close(*fd);
	*fd = up;
	return 0;
}

/* A pipe whose end for us does not wait. */
static int
pipe_make(int *ours, int *theirs)
{
	int end[2];

	if (pipe(end) == -1)
		return -1;
	*ours = end[0];
	*theirs = end[1];
	return fcntl(end[0], F_SETFL, O_NONBLOCK) == -1 ||
		fcntl(end[0], F_SETFD, FD_CLOEXEC) == -1 ?
	    -1 :
	    move_up(theirs);
}

static void
close_one(int *fd)
{
	if (*fd != -1)
		(void)close(*fd);
	*fd = -1;
}

static void
channel_close(struct channel *c)
{
	close_one(&c->out);
	close_one(&c->err);
	close_one(&c->job.in);
	close_one(&c->job.out);
	close_one(&c->job.err);
}

static int
channel_open(struct channel *c, int with_output, int with_input)
{
	*c = (struct channel){ .job = { -1, -1, -1 }, .out = -1, .err = -1 };
	if ((with_output &&
		(pipe_make(&c->out, &c->job.out) == -1 || pipe_make(&c->err, &c->job.err) == -1)) ||
	    (with_input &&
		((c->job.in = output_buffer_file()) == -1 || move_up(&c->job.in) == -1))) {
		int error = errno;
		channel_close(c);
		errno = error;
		return -1;
	}
	return 0;
}

void
channels_open(unsigned count, int with_output, int with_input, unsigned from)
{
	jobs_from = from;
	channel = calloc(count, sizeof *channel);
	descriptors = calloc(3 * (size_t)count + 1, sizeof *descriptors);
	polled = calloc(2 * (size_t)count, sizeof *polled);
	if (channel == NULL || descriptors == NULL || polled == NULL)
		fail_memory();
	for (channel_count = 0; channel_count < count; channel_count++) {
		struct channel *c = &channel[channel_count];
		if (channel_open(c, with_output, with_input) == -1) {
			if (channel_count == 0)
				fail_errno("cannot make the pipes of a job");
			break;
		}
		c->next_free = channel_count + 1;
		const int of_job[] = { c->job.in, c->job.out, c->job.err };
		for (int i = 0; i < 3; i++)
			if (of_job[i] != -1)
				descriptors[descriptor_count++] = of_job[i];
	}
	descriptors[descriptor_count] = -1;
	first_free = 0;
}

void
channels_close(void)
{
	for (unsigned i = 0; i < channel_count; i++)
		channel_close(&channel[i]);
	free(channel);
	free(descriptors);
	free(polled);
	channel = NULL;
	descriptors = NULL;
	polled = NULL;
	channel_count = 0;
	descriptor_count = 0;
}

unsigned
channels_count(void)
{
	return channel_count;
}

const int *
channels_descriptors(void)
{
	return descriptors;
}

struct channel *
channel_take(void *owner)
{
	if (first_free == channel_count)
		return NULL;
	struct channel *c = &channel[first_free];
	first_free = c->next_free;
	c->owner = owner;
	return c;
}

/* A command may have made its end one that does not wait; the next one's writes would fail then. */
static void
waits_again(int fd)
{
	int flags = fd == -1 ? -1 : fcntl(fd, F_GETFL);

	if (flags != -1 && (flags & (O_NONBLOCK | O_APPEND)) != 0)
		(void)fcntl(fd, F_SETFL, flags & ~(O_NONBLOCK | O_APPEND));
}

void
channel_release(struct channel *c)
{
	waits_again(c->job.out);
	waits_again(c->job.err);
	c->owner = NULL;
	c->next_free = first_free;
	first_free = (unsigned)(c - channel);
}

/* 1: there may be more. */
static int
read_once(struct channel *c, int is_err, channel_sink *sink)
{
	int fd = is_err ? c->err : c->out;
	ssize_t n;

	if (fd == -1)
		return 0;
	while ((n = read(fd, buffer, sizeof buffer)) == -1 && errno == EINTR)
		continue;
	if (n > 0)
		sink(c->owner, is_err, buffer, (size_t)n);
	return n > 0;
}

void
channel_drain(struct channel *c, channel_sink *sink)
{
	while (read_once(c, 0, sink))
		continue;
	while (read_once(c, 1, sink))
		continue;
}

size_t
channels_pollfds(struct pollfd *fds)
{
	size_t n = 0;

	for (unsigned i = 0; i < channel_count; i++) {
		if (channel[i].owner == NULL || channel[i].out == -1)
			continue;
		polled[n] = 2 * i;
		fds[n++] = (struct pollfd){ .fd = channel[i].out, .events = POLLIN };
		polled[n] = 2 * i + 1;
		fds[n++] = (struct pollfd){ .fd = channel[i].err, .events = POLLIN };
	}
	return n;
}

void
channels_read(const struct pollfd *fds, size_t n, channel_sink *sink)
{
	for (size_t i = 0; i < n; i++) {
		struct channel *c = &channel[polled[i] / 2];
		/* One piece each, so that one that writes much does not keep the others waiting. */
		if ((fds[i].revents & POLLIN) != 0 && c->owner != NULL)
			(void)read_once(c, polled[i] & 1, sink);
	}
}
