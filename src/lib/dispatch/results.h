/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * results - results in: packets read, their frames checked and taken.
 *
 * Nothing that a worker wrote is believed: a result counts only if the job is offered, the ticket
 * is the current one and the claim is that worker's.  A frame seen before matches no ticket and is
 * dropped; a frame that its writer could not rightly send gets that worker killed.
 */
#ifndef FORKPOOL_RESULTS_H
#define FORKPOOL_RESULTS_H

#include "lib/dispatch/dispatch_state.h"

/* Take all results of one packet of a worker's. */
void results_absorb(struct dispatcher *, unsigned worker, const struct wire_packet *, size_t len);

/* Read one packet from each pipe that may have one. */
void results_read(struct dispatcher *);

/* Whether workers say that they have written packets that we have not read yet, at the cost of no
   system call.  Only a hint. */
bool results_written(struct dispatcher *);

/* Read all that the dead process of that generation has left in the pipe. */
void results_drain(struct dispatcher *, unsigned worker, uint32_t generation);

/* Read all that is in the pipe, whichever process wrote it: the supervisor is gone. */
void results_drain_all(struct dispatcher *, unsigned worker);

/* Look into the outboxes of busy workers for results stuck behind a long job. */
void results_peek(struct dispatcher *);

#endif
