/* SPDX-License-Identifier: BSD-2-Clause */
/* Scratch directories: compare, and empty without recursion. */
#include "config.h"
#include "lib/sandbox/scratch.h"

#ifdef __linux__

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/os/fd.h"
#include "lib/os/syscall_gate.h"

#define MODE        (S_IFDIR | 01777)
#define FILES_MIN   1024u
#define FILES_MAX   65536u
#define ONLY_IF_FREE 1u     /* RENAME_NOREPLACE */
#define NAMES_MAX   4096   /* bytes of names of attributes read at a time */

/* As the kernel writes it. */
struct record {
	uint64_t inode;
	int64_t  offset;
	uint16_t length;
	uint8_t  type;
	char     name[];
};

/* statx(2), which not every C library has: its answer and the parts of that which matter here. */
struct moment {
	int64_t  seconds;
	uint32_t nanoseconds, unused;
};
struct state {
	uint32_t mask, block_size;
	uint64_t attributes;
	uint32_t links, user, group;
	uint16_t mode, unused;
	uint64_t inode, size, blocks, attributes_mask;
	struct moment accessed, made, changed, modified;
	uint64_t more[16];
};
#define STATE_TYPE     0x01u
#define STATE_MODE     0x02u
#define STATE_ACCESSED 0x20u
#define STATE_MODIFIED 0x40u

uint64_t
scratch_files(int64_t bytes)
{
	uint64_t files = (uint64_t)bytes / 4096;

	return files < FILES_MIN ? FILES_MIN : files > FILES_MAX ? FILES_MAX : files;
}

/* How many files are free; -1 and errno. */
static int64_t
free_now(int dir)
{
	struct statfs st;

#ifdef __LP64__
	/* Through the gate: the worker may be confined. */
	if (gate_call(SYS_fstatfs, dir, (long)(intptr_t)&st, 0, 0, 0) == -1)
		return -1;
#else
	if (fstatfs(dir, &st) == -1)
		return -1;
#endif
	return (int64_t)st.f_ffree;
}

static long
attributes_now(int dir)
{
	return gate_call(SYS_flistxattr, dir, 0, 0, 0, 0);
}

int
scratch_note(int dir, uint64_t *free_files, long *attributes)
{
	const struct timespec never[2] = { { 0, 0 }, { 0, 0 } };
	int64_t files = free_now(dir);

	if (files == -1 || futimens(dir, never) == -1)
		return -1;
	*free_files = (uint64_t)files;
	*attributes = attributes_now(dir);
	return 0;
}

bool
scratch_is_clean(int dir, uint64_t free_files, long attributes)
{
	struct state st;

	return free_now(dir) == (int64_t)free_files &&
	    gate_call(SYS_statx, dir, (long)(intptr_t) "", AT_EMPTY_PATH,
		STATE_TYPE | STATE_MODE | STATE_ACCESSED | STATE_MODIFIED,
		(long)(intptr_t)&st) == 0 &&
	    st.mode == MODE && st.modified.seconds == 0 && st.modified.nanoseconds == 0 &&
	    st.accessed.seconds == 0 && st.accessed.nanoseconds == 0 &&
	    attributes_now(dir) == attributes;
}

/* A directory that is not empty: move it up to the top, under a number that is free there. */
static int
move_up(int dir, const char *name, int top, unsigned *number)
{
	char to[16];
	long result;

	do {
		(void)snprintf(to, sizeof to, "%u", (*number)++);
		result = syscall(SYS_renameat2, dir, name, top, to, ONLY_IF_FREE);
	} while (result == -1 && errno == EEXIST);
	return (int)result;
}

static int passes(int dir, int top, unsigned *number);

/* Remove one name, with all that is in it, or move that to the top.  1: it is gone; 0: something is
   mounted there; -1. */
static int
name_remove(int dir, const char *name, int top, unsigned *number)
{
	if (unlinkat(dir, name, 0) == 0)
		return 1;
	if (errno == EBUSY)
		return 0;
	if (errno != EISDIR)
		return -1;
	if (unlinkat(dir, name, AT_REMOVEDIR) == 0)
		return 1;
	if (errno != ENOTEMPTY)
		return errno == EBUSY ? 0 : -1;
	if (dir != top)
		return move_up(dir, name, top, number) == 0 ? 1 : -1;
	int inner = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int result = inner == -1 ? -1 : passes(inner, top, number);
	fd_close(&inner);
	if (result == -1)
		return -1;
	return unlinkat(dir, name, AT_REMOVEDIR) == 0 ? 1 : -1;
}

/* Go once through a directory, which is top or in top.  How many names are gone; -1. */
static int
pass(int dir, int top, unsigned *number)
{
	char text[2048] __attribute__((aligned(8)));
	int removed = 0;
	long n;

	if (lseek(dir, 0, SEEK_SET) == -1)
		return -1;
	while ((n = syscall(SYS_getdents64, dir, text, sizeof text)) > 0)
		for (long at = 0; at < n;) {
			const struct record *r = (const void *)(text + at);
			const char *name = r->name;
			at += r->length;
			if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
				continue;
			int gone = name_remove(dir, name, top, number);
			if (gone == -1)
				return -1;
			removed += gone;
		}
	return n == -1 ? -1 : removed;
}

static void
attributes_remove(int dir)
{
	char names[NAMES_MAX];
	ssize_t n = flistxattr(dir, names, sizeof names);

	/* Those that are not the job's to set cannot be removed. */
	for (ssize_t at = 0; at < n; at += (ssize_t)strlen(names + at) + 1)
		(void)fremovexattr(dir, names + at);
}

/* Until nothing more goes: what is removed or comes up while a directory is read may make that skip
   a name. */
static int
passes(int dir, int top, unsigned *number)
{
	int removed;

	do
		removed = pass(dir, top, number);
	while (removed > 0);
	return removed;
}

int
scratch_empty(int dir)
{
	unsigned number = 0;

	if (passes(dir, dir, &number) == -1)
		return -1;
	attributes_remove(dir);
	return fchmod(dir, MODE & 07777);
}

#endif
