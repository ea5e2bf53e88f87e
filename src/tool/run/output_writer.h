/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * output_writer - standard output and standard error: job output goes out in the order in which it
 * is handed in.
 *
 * The run does not wait for a slow reader: what the reader does not take now stays in an output
 * buffer, and the run goes on until there is too much of it.  Messages of the tool itself do not
 * come this way.  Before output is written to a terminal, what is drawn there is removed
 * (message_before).
 */
#ifndef FORKPOOL_TOOL_OUTPUT_WRITER_H
#define FORKPOOL_TOOL_OUTPUT_WRITER_H

#include <poll.h>

#include "tool/journal/sink.h"
#include "tool/task/output_buffer.h"

enum { PUBLISH_OUT = 0, PUBLISH_ERR, PUBLISH_STREAMS };

/*
 * with_journal: each stream has a sink of its own.  Without one, standard output and standard error
 * that are one file are one stream, so that all comes in the order in which it was queued.
 */
void     output_writer_open(int with_journal);
/* Whether standard output and standard error are one file, pipe, terminal... */
int      output_writer_is_one_file(void);
/* Queue a copy of the bytes.  0, or -1: there is no room for them (said). */
int      output_writer_add(int stream, const void *data, size_t len);
/* Queue all of the buffer, which is empty then, with the tag before each line unless it is NULL.
   0, or -1 (said). */
int      output_writer_take(int stream, struct output_buffer *, const struct bytes *tag);
/* With a journal: the bytes queued since the last call are one entry of the stream's sink.  Returns
   as sink_end(). */
int      output_writer_entry_end(int stream);
struct sink *output_writer_sink(int stream);
/* Write as much as the readers take now.  -1 and errno: standard output is closed (EPIPE) or cannot
   be written. */
int      output_writer_flush(void);
/* Write all, waiting for the readers.  Returns as output_writer_flush(). */
int      output_writer_finish(void);
/* hold: output for a terminal stays queued until this is called with 0, or
   output_writer_finish(). */
void     output_writer_hold(int hold);
/* Whether output for a terminal is queued. */
int      output_writer_terminal_waits(void);
/* Bytes that were ever queued for a stream, and how many of them are out, or were dropped since
   nobody reads standard error. */
uint64_t output_writer_queued(int stream);
uint64_t output_writer_out(int stream);
/* Whether nobody reads standard output any more. */
int      output_writer_reader_is_gone(void);
/* Bytes queued, and whether they are so many that no more jobs should start. */
uint64_t output_writer_waiting(void);
int      output_writer_is_full(void);
/* The descriptors to poll for writing; returns how many. */
size_t   output_writer_pollfds(struct pollfd fds[PUBLISH_STREAMS]);

#endif
