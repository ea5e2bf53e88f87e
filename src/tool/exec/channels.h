/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * channels - for each job under way a pair of pipes that its command's standard output and error come through, and
 * with --pipe a file for its standard input.
 *
 * Made before the pool is opened: workers inherit the ends for jobs, and nothing else of ours.  A channel is free again
 * when its job's result has come and it has been drained: nobody can write into it then, since no descendant of a job
 * outlives it.  Includes store.
 */
#ifndef FORKPOOL_TOOL_CHANNELS_H
#define FORKPOOL_TOOL_CHANNELS_H

#include <poll.h>

#include "tool/exec/command.h"
#include "tool/task/output_buffer.h"

struct channel {
	struct command_descriptors job; /* the ends that it gets */
	int    out, err;                /* ours: they do not wait */
	void  *owner;                   /* of the job that has it; NULL: free */
	unsigned next_free;
};

/* Who gets what a job wrote. */
typedef void channel_sink(void *owner, int is_err, const char *data, size_t len);

/* count of them, at most; with_input: a file each.  from: the ends for jobs have numbers from there on.  Ends the tool
   where not even one can be made. */
void            channels_open(unsigned count, int with_output, int with_input, unsigned from);
void            channels_close(void);
unsigned        channels_count(void);
/* What options.descriptors wants; up to a -1. */
const int      *channels_descriptors(void);

struct channel *channel_take(void *owner); /* NULL: all are in use */
void            channel_release(struct channel *);
/* All that is there now. */
void            channel_drain(struct channel *, channel_sink *);

/* Those in use, to poll; how many.  fds has room for 2 * channels_count(). */
size_t          channels_pollfds(struct pollfd *fds);
/* After that poll(). */
void            channels_read(const struct pollfd *fds, size_t n, channel_sink *);

#endif
