/* SPDX-License-Identifier: BSD-2-Clause */
/* Channels: the pipes and files of jobs, made once and lent to one job after another. */
#include "config.h"
#include "tool/exec/channels.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tool/base/message.h"
#include "tool/base/temporary.h"
#include "tool/exec/fd_pass.h"
#include "tool/exec/job_fd.h"

static struct channel *channel;
static unsigned channel_count, first_free;
static int jobs_from; /* ends that jobs get have this number or a higher one */
static int *descriptors;
static size_t descriptor_count;
/* For each entry of the last poll(): twice the index of the channel, and 1 more for its err. */
static unsigned *polled;

static char buffer[65536];

/* A pipe whose reading end is ours and non-blocking; the job gets the writing end. */
static int
pipe_make(int *ours, int *theirs)
{
	int end[2];

	if (pipe(end) == -1)
		return -1;
	*ours = end[0];
	*theirs = end[1];
	if (fcntl(end[0], F_SETFL, O_NONBLOCK) == -1 || fcntl(end[0], F_SETFD, FD_CLOEXEC) == -1)
		return -1;
	return job_fd_raise(theirs, jobs_from);
}

/* A file that the job reads its standard input from, or a socket that brings it one. */
static int
input_make(struct channel *c, enum channel_input kind)
{
	int pair[2];

	if (kind == CHANNEL_FILE) {
		if ((c->job.in = output_buffer_file()) == -1)
			return -1;
	} else {
		if (fd_pass_pair(pair) == -1)
			return -1;
		c->in = pair[0];
		c->job.in = pair[1];
	}
	return job_fd_raise(&c->job.in, jobs_from);
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
	close_one(&c->in);
	close_one(&c->job.in);
	if (c->job.err != c->job.out)
		close_one(&c->job.err);
	close_one(&c->job.out);
}

static int
outputs_make(struct channel *c, enum channel_output output)
{
	if (output == CHANNEL_NO_OUTPUT)
		return 0;
	if (pipe_make(&c->out, &c->job.out) == -1)
		return -1;
	if (output == CHANNEL_TWO_PIPES)
		return pipe_make(&c->err, &c->job.err);
	c->job.err = c->job.out;
	return 0;
}

static int
channel_open(struct channel *c, enum channel_output output, enum channel_input input)
{
	*c = (struct channel){ .job = { -1, -1, -1 }, .out = -1, .err = -1, .in = -1 };
	int result = outputs_make(c, output);

	if (result == 0 && input != CHANNEL_NO_INPUT)
		result = input_make(c, input);
	if (result == -1) {
		int error = errno;
		channel_close(c);
		errno = error;
	}
	return result;
}

void
channels_open(unsigned count, enum channel_output output, enum channel_input input, unsigned from)
{
	jobs_from = (int)from;
	channel = calloc(count, sizeof *channel);
	descriptors = calloc(3 * (size_t)count + 1, sizeof *descriptors);
	polled = calloc(2 * (size_t)count, sizeof *polled);
	if (channel == NULL || descriptors == NULL || polled == NULL)
		fail_memory();
	for (channel_count = 0; channel_count < count; channel_count++) {
		struct channel *c = &channel[channel_count];
		if (channel_open(c, output, input) == -1) {
			if (channel_count > 0)
				break;
			if (input == CHANNEL_FILE)
				fail_errno("cannot make the pipes of a job, or a file for its "
					   "standard input in %s", temporary_place());
			fail_errno("cannot make the pipes of a job");
		}
		c->next_free = channel_count + 1;
		const int of_job[] = { c->job.in, c->job.out, c->err != -1 ? c->job.err : -1 };
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

struct channel *
channel_lend(struct channel *c, void *owner)
{
	if (c != NULL)
		c->owner = owner;
	return c;
}

void
channel_release(struct channel *c)
{
	/* A job that was cancelled has not taken its file. */
	int fd = c->in != -1 ? fd_pass_receive(c->job.in) : -1;

	if (fd != -1)
		(void)close(fd);
	job_fd_restore(c->job.out);
	job_fd_restore(c->job.err);
	c->owner = NULL;
	c->next_free = first_free;
	first_free = (unsigned)(c - channel);
}

static struct channel *filling; /* its file has the beginning of a block */

struct channel *
channel_to_fill(void)
{
	struct channel *c = filling;

	if (c == NULL)
		return channel_take(NULL);
	filling = NULL;
	return c;
}

void
channel_unfilled(struct channel *c, int more)
{
	if (more)
		filling = c;
	else
		channel_release(c);
}

/* One read() from the pipe.  How many bytes came; 0: the pipe is empty, or there is none. */
static size_t
read_once(struct channel *c, int is_err, channel_sink *sink)
{
	int fd = is_err ? c->err : c->out;
	ssize_t n;

	if (fd == -1)
		return 0;
	while ((n = read(fd, buffer, sizeof buffer)) == -1 && errno == EINTR)
		continue;
	if (n <= 0)
		return 0;
	sink(c->owner, is_err, buffer, (size_t)n);
	return (size_t)n;
}

void
channel_drain(struct channel *c, channel_sink *sink)
{
	const int fds[2] = { c->out, c->err };

	for (int i = 0; i < 2; i++) {
		/* Not until it is empty: a process that is none of the job's may have got the pipe
		   from it, and write on for ever. */
		int there = 0;
		size_t taken = 0, n;
		if (fds[i] == -1 || ioctl(fds[i], FIONREAD, &there) == -1)
			continue;
		while (taken < (size_t)there && (n = read_once(c, i, sink)) > 0)
			taken += n;
	}
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
		if (channel[i].err == -1)
			continue;
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
		/*
		 * One read() for each channel: a job that writes much does not keep the others
		 * waiting.
		 */
		if ((fds[i].revents & POLLIN) != 0 && c->owner != NULL)
			(void)read_once(c, polled[i] & 1, sink);
	}
}
