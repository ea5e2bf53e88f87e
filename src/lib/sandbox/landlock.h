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
#include <stdint.h>

#include "forkpool.h"
#include "lib/ipc/job_paths.h"

struct landlock_wants {
	const char *const *readable;  /* NULL, or up to a NULL */
	const char *const *writable;
	bool network;
	bool exec;
	bool root;                    /* a private root holds the files: see landlock_open_up() */
	bool by_job;                  /* jobs have paths of their own: see landlock_enter_paths() */
};

/* So many paths may a pool have whose jobs have others. */
#define LANDLOCK_HELD_MAX 64u

struct landlock_attributes {
	uint64_t handled_fs, handled_net, scoped;
};

/* A path that is open; rights as far as the kernel knows them.  The kernel reads the first 12
   bytes, since its own structure is packed. */
struct landlock_path {
	uint64_t rights;
	int32_t  fd;
};

struct sandbox_landlock {
	int      fd;         /* the ruleset, above 2, kept until the child has entered; -1: none */
	unsigned layers;     /* those of FILES, NETWORK and SIGNALS that it gives here */
	int      abi;        /* what the kernel offers; 0: no Landlock */
	int      error;      /* abi 0: why; ENOSYS (not built in) or EOPNOTSUPP (not switched on) */
	uint64_t root_rights; /* what a job may do in a private root, as far as Landlock sees it */
	/* by_job: what a ruleset is made of, again for each job that has paths. */
	struct landlock_attributes attributes;
	uint64_t read, write;
	struct landlock_path held[LANDLOCK_HELD_MAX];
	size_t   held_count;
	bool     truncates;  /* FILES is missing in layers only since ABI 1 and 2 (Linux before 6.2)
	                        do not see truncation; it holds where a filter denies truncate(),
	                        and O_TRUNC without a right to write, in a private
	                        root, too */
};

/*
 * In the parent.  0, also where the kernel has no Landlock; -1, errno and one sentence in error
 * (error_size > 0): a path cannot be opened, or the ruleset cannot be made.
 */
int landlock_build(struct sandbox_landlock *, const struct landlock_wants *, char *error,
    size_t error_size);
/* Close the ruleset; does nothing if there is none (fd -1). */
void landlock_release(struct sandbox_landlock *);

/*
 * In a worker whose jobs have a private root: from now on the number of the ruleset is that of a
 * new one, this process's own, with nothing opened up.  0, or -1 and errno.
 */
int  landlock_renew(const struct sandbox_landlock *);
/* Open up all that is below the file or directory; writable: whatever Landlock sees may be done to
   it, else as below a readable path.  0, or -1 and errno. */
int  landlock_open_up(const struct sandbox_landlock *, int file, bool writable);

/*
 * by_job, in the job's process: make a ruleset that opens up these paths, too, and let it have the
 * number of the one that all jobs share.  No path is followed through a symbolic link, which
 * another job may have made.  0; or -1, errno (ELOOP: a link), and the path in *failed, cut to
 * size.  Async-signal-safe.
 */
int  landlock_enter_paths(const struct sandbox_landlock *, struct job_paths *, char *failed,
    size_t size);
/* All descriptors, for who closes others; how many there are. */
#define LANDLOCK_DESCRIPTORS_MAX (1 + LANDLOCK_HELD_MAX)
size_t landlock_descriptors(const struct sandbox_landlock *, int *fds);

/* In the job's process, which has no_new_privs: enter the ruleset.  0 (also where fd is -1), or -1
   and errno.  Async-signal-safe; the descriptor stays open. */
int  landlock_enter(const struct sandbox_landlock *);

/* For tests: from now on this process's kernel has no ABI above that one; 0: no Landlock. */
void landlock_pretend(int abi);

#endif
