/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sandbox_landlock - which files, ports, signals and abstract sockets a job can reach (Landlock).
 *
 * The ruleset is built once, in the parent, and inherited as a descriptor; the job's process only takes
 * it on, which costs some microseconds however much was opened up.  It holds for all that process makes, and
 * neither it nor root in it can take it off.
 *
 * What may be done below a writable path: read, write, make and remove regular files and directories, and
 * rename them.  With exec also execute, and make symbolic links and pipes, as programs do; without, not:
 * they serve a computation nothing, and are traps for whoever reads what it left there.  With network also
 * make sockets.  Devices never, nor is one that is opened up given ioctl (from ABI 5 on).
 *
 * What Landlock does not see at all: stat, chdir, access, and changes of mode, owner, times and extended
 * attributes, which need no open file; those are for the system call filter and the job's user.
 *
 * Includes the public header, fd, gate.
 */
#ifndef FORKPOOL_SANDBOX_LANDLOCK_H
#define FORKPOOL_SANDBOX_LANDLOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "forkpool.h"

struct landlock_wants {
	const char *const *readable;  /* NULL, or up to a NULL */
	const char *const *writable;
	bool network;
	bool exec;
};

struct sandbox_landlock {
	int      fd;         /* the ruleset, above 2, to be kept until the child has entered; -1: there is none */
	unsigned layers;     /* of FILES, NETWORK and SIGNALS those that it gives on this kernel and with these wants */
	int      abi;        /* what the kernel offers; 0: no Landlock */
	int      error;      /* abi 0: why, an errno (ENOSYS not built in, EOPNOTSUPP not switched on) */
	bool     truncates;  /* ABI 1 and 2 (Linux before 6.2) do not see truncation, so FILES is not in layers: it is given
	                        where a filter denies truncate() and O_TRUNC without a right to write */
};

/*
 * In the parent.  0, also where the kernel has no Landlock; -1: a path cannot be opened, or the ruleset
 * cannot be made: errno, and one sentence in error (error_size > 0).
 */
int landlock_build(struct sandbox_landlock *, const struct landlock_wants *, char *error,
    size_t error_size);
/* Close it; for one that is released or was never built (fd -1) nothing. */
void landlock_release(struct sandbox_landlock *);

/* In the job's process, which has no_new_privs: take it on.  0 (also where fd is -1), or -1 and errno.
   Async-signal-safe; the descriptor stays open. */
int  landlock_enter(const struct sandbox_landlock *);

#endif
