/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mount_call - the mount calls of Linux 5.2 to 5.12, whose trees are descriptors until they are
 * attached.
 *
 * All of it is async-signal-safe, and answers -1 with errno (ENOSYS on an older kernel).  On Linux
 * alone.
 */
#ifndef FORKPOOL_MOUNT_CALL_H
#define FORKPOOL_MOUNT_CALL_H

#include <stdint.h>

/* As in linux/mount.h, which a C library's own header may exclude. */
#define MOUNT_READ_ONLY ((uint64_t)0x01)
#define MOUNT_NO_SETUID ((uint64_t)0x02)
#define MOUNT_NO_DEVICE ((uint64_t)0x04)
#define MOUNT_NO_EXEC   ((uint64_t)0x08)
#define MOUNT_NO_ATIME  ((uint64_t)0x10)

/* value NULL: a flag. */
struct mount_option {
	const char *name, *value;
};

/* A new file system of that type, with options up to one without a name: a descriptor. */
int mount_new(const char *type, const struct mount_option *options, uint64_t attributes);
/* A copy of what is mounted at the open file, and below it: a descriptor. */
int mount_copy(int file);
/* Set attributes of a tree, or of its uppermost mount alone; none is taken away.  0; -1. */
int mount_restrict(int tree, uint64_t attributes, int all);
/* Have no mount of this namespace take part in what is mounted elsewhere.  0; -1. */
int mount_make_private(void);
/* Attach the tree over the open file.  0; -1. */
int mount_attach(int tree, int over);
/* Open below dir without following a symbolic link or leaving dir; path "" is dir. */
int mount_open_below(int dir, const char *path, uint64_t flags);

#endif
