/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * publisher - what goes to standard output and standard error, in the order in which it is handed in.
 *
 * Nothing waits here for a slow reader: what it does not take now stays in a pocket, and the run goes on until there is
 * too much of it.  Messages of the tool itself do not come this way.  What is drawn on a terminal makes room for what is
 * written to one (message_before).  Includes message, outlet, store, terminal.
 */
#ifndef FORKPOOL_TOOL_PUBLISHER_H
#define FORKPOOL_TOOL_PUBLISHER_H

#include <poll.h>

#include "tool/journal/sink.h"
#include "tool/task/output_buffer.h"

enum { PUBLISH_OUT = 0, PUBLISH_ERR, PUBLISH_STREAMS };

void     output_writer_open(void);
/* Behind what is there already; -1: the store has no room (said). */
int      output_writer_add(int stream, const void *data, size_t len);
/* The whole pocket, which is empty then; with a tag before each line, where that is not NULL. */
int      output_writer_take(int stream, struct output_buffer *, const struct bytes *tag);
/* With a journal: what was added since the last end is an entry of that stream's outlet.  As outlet_end(). */
int      output_writer_entry_end(int stream);
struct sink *output_writer_sink(int stream);
/* Write what is taken now.  -1: standard output is closed (EPIPE) or cannot be written; errno. */
int      output_writer_flush(void);
/* The same, waiting for the readers, until nothing is left. */
int      output_writer_finish(void);
/* hold: what is for a terminal stays here, until this is called with 0, or publisher_finish(). */
void     output_writer_hold(int hold);
/* Something waits that is for a terminal. */
int      output_writer_terminal_waits(void);
/* Bytes that nobody has taken yet, and whether that is so many that no more jobs are to be started. */
uint64_t output_writer_waiting(void);
int      output_writer_is_full(void);
/* Those to poll for room; how many. */
size_t   output_writer_pollfds(struct pollfd fds[PUBLISH_STREAMS]);

#endif
