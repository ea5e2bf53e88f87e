/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * private_root - a root directory of their own for a worker's jobs: what was opened up, a /proc and
 * a /dev of their own, an empty /tmp and /dev/shm, and nothing else.
 *
 * The parent plans it once: private_root_plan() resolves every path, and puts everything that will
 * be mounted into one list in the order of mounting.  The first process of a worker's namespaces
 * (pid_namespace.h) builds it in a mount namespace that the worker does not enter: so the worker,
 * its worker_init() and worker_exit() see the files of this system as before, and /proc as well.
 * Each job's process enters with one call.
 *
 * A path must lead to the same file when a worker starts as it did when the pool was opened; no
 * symbolic link is followed then.  What is mounted below a readable path is readable too, and
 * mounts that are made later do not come in.
 *
 * By /proc/self/fd a job could open what is behind its descriptors anew, outside the root and with
 * more rights.  So there is to be a /proc only where Landlock holds files, too
 * (private_root_open_up()).
 *
 * /tmp and /dev/shm are file systems in memory, of bounded size.  A worker sees with a few calls
 * whether they are as they were (private_root_is_clean()), and has them emptied where they are not:
 * this costs less than mounting new ones, and what is mounted below /tmp stays.  One in which links
 * of the plan stand is emptied after each job.
 *
 * Needs Linux 5.12, for mount_setattr(2).
 */
#ifndef FORKPOOL_PRIVATE_ROOT_H
#define FORKPOOL_PRIVATE_ROOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "forkpool.h"
#include "lib/sandbox/landlock.h"

#define PRIVATE_ROOT_SCRATCH_DEFAULT ((int64_t)64 << 20)
#define PRIVATE_ROOT_PATHS_MAX       4096u
#define PRIVATE_ROOT_STEP_MAX        200u

struct private_root_wants {
	const char *const *readable;  /* NULL, or up to a NULL */
	const char *const *writable;
	int64_t scratch;              /* bytes of /tmp, and of /dev/shm; 0: the default */
	bool    no_proc;
};

enum private_root_kind {
	ROOT_WRITE,      /* what is there, to read and write */
	ROOT_READ,       /* what is there, to read */
	ROOT_PROC,
	ROOT_SCRATCH,    /* an empty directory to write to */
	ROOT_DIRECTORY,  /* a directory that has only what other entries put there */
	ROOT_LINK,       /* a symbolic link */
};

struct private_root_entry {
	char *path;      /* without a symbolic link on the way; owned */
	char *target;    /* LINK: its text; owned */
	enum private_root_kind kind;
	bool  directory; /* READ and WRITE: what it is, and which */
	bool  device;
	dev_t file_device;
	ino_t file_inode;
};

struct private_root {
	bool     wanted;              /* false: all else is 0 */
	struct private_root_entry *entries; /* in the order of mounting, which is by path; owned */
	size_t   count, capacity;
	int64_t  scratch;
	char    *directory;           /* the working directory; owned; NULL: jobs start in "/" */
	dev_t    directory_device;
	ino_t    directory_inode;
};

/*
 * In the parent.  0, or -1, errno and one sentence in error (error_size > 0): a path that does not
 * exist, or too many of them (E2BIG); ENOTSUP this system has no such thing.
 */
int  private_root_plan(struct private_root *, const struct private_root_wants *, char *error,
    size_t error_size);
/* Free the plan; does nothing if there is none (all zero). */
void private_root_release(struct private_root *);

/* What a worker keeps of its root; each descriptor above 2, or -1. */
#define PRIVATE_ROOT_SCRATCHES 2
struct private_root_view {
	int  mounts;                  /* the mount namespace */
	int  top;                     /* its root directory, to be closed once it is opened up */
	int  scratch[PRIVATE_ROOT_SCRATCHES]; /* /tmp and /dev/shm; -1: a path opened that up */
	uint64_t free_files[PRIVATE_ROOT_SCRATCHES]; /* when these are clean */
	long attributes[PRIVATE_ROOT_SCRATCHES];     /* likewise: length of the list of names */
	bool has_links[PRIVATE_ROOT_SCRATCHES];      /* of the plan, which jobs may replace: these
	                                                are never taken to be clean */
	bool keeps_directory;         /* jobs start in the working directory: they can see it */
};

/* So that private_root_view_close() has nothing to do. */
void private_root_view_init(struct private_root_view *);
void private_root_view_close(struct private_root_view *);

/*
 * In the first process of a pid namespace, which has a mount namespace of its own and may mount:
 * build the root and go there.  step: PRIVATE_ROOT_STEP_MAX bytes.  0, or -1, errno, and in step
 * what failed.
 */
int  private_root_build(const struct private_root *, struct private_root_view *, char *step);
/*
 * In the worker: open up by Landlock what the mounts of the root hold, and nothing outside.  A
 * job's descriptors lead there, by way of /proc/self/fd and by "..", on mounts that may be written.
 * Landlock knows a directory by its inode: where "/" is readable, all that the caller sees is below
 * the top of the root, so what may be written is opened up piece by piece.  0, or -1 and errno.
 */
int  private_root_open_up(const struct private_root *, const struct private_root_view *,
    const struct sandbox_landlock *);
/* In that process: empty /tmp and /dev/shm.  0, or -1 and errno. */
int  private_root_empty(const struct private_root *, const struct private_root_view *);

/* In the worker: whether /tmp and /dev/shm are as at the start.  Async-signal-safe. */
bool private_root_is_clean(const struct private_root_view *);
/* In a job's process, which still has the worker's privileges, before it closes descriptors: see
   this root and nothing else.  0, or -1 and errno.  Async-signal-safe. */
int  private_root_enter_job(const struct private_root *, const struct private_root_view *);

#endif
