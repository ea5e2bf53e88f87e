/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * channels - for each job under way, a pipe or two for the standard output and error of its
 * command, and with --pipe a file for its standard input, or with --stdin-from a socket over which
 * it gets one.
 *
 * All channels are made before the pool is opened: workers inherit the jobs' ends, and nothing else
 * of ours.  A channel is free again once the job's result has come and the channel has been
 * drained: nobody can write into it then, since no descendant of a job outlives the job.
 */
#ifndef FORKPOOL_TOOL_CHANNELS_H
#define FORKPOOL_TOOL_CHANNELS_H

#include <poll.h>

#include "tool/exec/command.h"
#include "tool/task/output_buffer.h"

enum channel_input { CHANNEL_NO_INPUT = 0, CHANNEL_FILE, CHANNEL_SOCKET };
/* CHANNEL_ONE_PIPE: standard error goes into the pipe of standard output, so that what a job wrote
   to both stays in the order in which it wrote it. */
enum channel_output { CHANNEL_NO_OUTPUT = 0, CHANNEL_ONE_PIPE, CHANNEL_TWO_PIPES };

struct channel {
	struct command_descriptors job; /* the ends that the job gets */
	int    out, err;                /* our ends, non-blocking; err -1: there is one pipe */
	int    in;                      /* CHANNEL_SOCKET: our end; else -1 */
	void  *owner;                   /* the job that has the channel; NULL: free */
	unsigned next_free;             /* of a free channel: the next one, or the count of all */
};

/* Gets what a job wrote. */
typedef void channel_sink(void *owner, int is_err, const char *data, size_t len);

/*
 * Makes count channels, or fewer where descriptors run out; ends the tool where not even one can be
 * made.  from: the lowest number that a descriptor of a job may have.
 */
void            channels_open(unsigned count, enum channel_output, enum channel_input,
    unsigned from);
void            channels_close(void);
unsigned        channels_count(void);
/* All descriptors of jobs, for options.descriptors of the pool; a -1 ends the list. */
const int      *channels_descriptors(void);

struct channel *channel_take(void *owner); /* NULL: all channels are in use */
/* It is that owner's from here on; NULL is fine.  Returns the channel. */
struct channel *channel_lend(struct channel *, void *owner);
void            channel_release(struct channel *);
/* With --pipe: the channel for the block that is to be read, which is the one that has the
   beginning of that block already, if there is one; NULL: all channels are in use. */
struct channel *channel_to_fill(void);
/* Gives back the channel of channel_to_fill() without a whole block.  more: the rest of the block
   is still to come, and only the next channel_to_fill() gets the channel. */
void            channel_unfilled(struct channel *, int more);
/* Reads all that the pipes hold now. */
void            channel_drain(struct channel *, channel_sink *);

/* Fills in the pipes of the channels in use, for poll(), and returns how many.  fds has room for
   2 * channels_count(). */
size_t          channels_pollfds(struct pollfd *fds);
/* Reads what that poll() has found. */
void            channels_read(const struct pollfd *fds, size_t n, channel_sink *);

#endif
