/* SPDX-License-Identifier: BSD-2-Clause */
/* loopback - a network namespace in which jobs reach one another at 127.0.0.1 and ::1, and nobody
   else. */
#ifndef FORKPOOL_LOOPBACK_H
#define FORKPOOL_LOOPBACK_H

/* In a worker that is in a network namespace of its own, and may set that up: bring "lo" up.  0, or
   -1 and errno, and *step says what failed.  Async-signal-safe. */
int loopback_enter_worker(const char **step);

#endif
