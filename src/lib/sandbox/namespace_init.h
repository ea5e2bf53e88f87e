/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * namespace_init - the first process of a worker's pid namespace, once it is ready.
 *
 * It is the parent of all processes there that have no other.  It reaps each as soon as that has
 * ended, since one that has ended and is not reaped counts against its job's limit and against the
 * machine's; and at the worker's word it ends those that are left.  Async-signal-safe.
 */
#ifndef FORKPOOL_NAMESPACE_INIT_H
#define FORKPOOL_NAMESPACE_INIT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "lib/sandbox/private_root.h"

/* What the worker says to init, as a uint32_t; init answers with an int: 0 or errno. */
enum namespace_word {
	WORD_SWEEP = 1, /* end all others here */
	WORD_REFRESH,   /* empty /tmp and /dev/shm */
};

/* All that init has reaped since it began.  It writes there, the worker reads, and no job has this
   memory. */
struct namespace_tally {
	_Atomic uint32_t reaping;    /* init may have reaped some that are not counted yet */
	_Atomic uint32_t count;
	_Atomic uint32_t earlier;    /* of these, without the last ones that it found at once */
	_Atomic int64_t  user_ns, system_ns;
};

/* Over the link between them: send without a SIGPIPE, and receive a message of that size.  0, or -1
   and errno: EPIPE the other end is closed. */
int namespace_message_send(int link, const struct msghdr *);
int namespace_data_send(int link, const void *data, size_t size);
int namespace_data_receive(int link, void *data, size_t size);

/* In init: no signal ends it or interrupts it, from now on. */
void namespace_init_signals(void);
/* Until the worker is gone. */
_Noreturn void namespace_init_serve(int link, struct namespace_tally *,
    const struct private_root *, const struct private_root_view *);

#endif
