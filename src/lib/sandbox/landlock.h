/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * landlock - which files, ports, signals and abstract sockets a job can reach (Landlock).
 *
 * The parent builds the ruleset once, and the workers inherit it as a descriptor; a job's process
 * only enters it, which costs some microseconds however many paths were opened up.  The ruleset
 * holds for all processes that the job makes, and neither they nor root among them can take it off.
 *
 * Below a writable path a job may read, write, make, remove and rename regular files and
 * directories.  With exec it may also execute files, and make symbolic links and pipes, as programs
 * do; without exec it may not: a computation needs neither, and both are traps for whoever reads
 * what it left there.  With network it may also make sockets.  It may never make devices, nor (from
 * ABI 5 on) use ioctl on a device that was opened up.
 *
 * Landlock does not see stat, chdir, access, and changes of mode, owner, times and extended
 * attributes, which need no open file; those are left to the system call filter and the job's user.
 */
#ifndef FORKPOOL_LANDLOCK_H
#define FORKPOOL_LANDLOCK_H

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
	int      fd;         /* the ruleset, above 2, kept until the child has entered; -1: none */
	unsigned layers;     /* those of FILES, NETWORK and SIGNALS that it gives here */
	int      abi;        /* what the kernel offers; 0: no Landlock */
	int      error;      /* abi 0: why; ENOSYS (not built in) or EOPNOTSUPP (not switched on) */
	bool     truncates;  /* FILES is missing in layers only since ABI 1 and 2 (Linux before 6.2)
	                        do not see truncation; it holds where a filter denies truncate(),
	                        and O_TRUNC without a right to write */
};

/*
 * In the parent.  0, also where the kernel has no Landlock; -1, errno and one sentence in error
 * (error_size > 0): a path cannot be opened, or the ruleset cannot be made.
 */
int landlock_build(struct sandbox_landlock *, const struct landlock_wants *, char *error,
    size_t error_size);
/* Close the ruleset; does nothing if there is none (fd -1). */
void landlock_release(struct sandbox_landlock *);

/* In the job's process, which has no_new_privs: enter the ruleset.  0 (also where fd is -1), or -1
   and errno.  Async-signal-safe; the descriptor stays open. */
int  landlock_enter(const struct sandbox_landlock *);

#endif
