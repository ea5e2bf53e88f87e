/* SPDX-License-Identifier: BSD-2-Clause */
/* Mount calls by number: the C library may be older than the kernel.  Linux alone has any. */
#include "config.h"
#include "lib/sandbox/mount_call.h"

#include <fcntl.h>
#include <unistd.h>

#include "lib/os/fd.h"

#ifdef __linux__

#include <sys/mount.h>
#include <sys/syscall.h>

#ifdef __alpha__
#define MOUNT_NUMBER(n) (110 + (n))
#else
#define MOUNT_NUMBER(n) (n)
#endif
#define OPEN_TREE     MOUNT_NUMBER(428)
#define MOVE_MOUNT    MOUNT_NUMBER(429)
#define FSOPEN        MOUNT_NUMBER(430)
#define FSCONFIG      MOUNT_NUMBER(431)
#define FSMOUNT       MOUNT_NUMBER(432)
#define OPENAT2       MOUNT_NUMBER(437)
#define MOUNT_SETATTR MOUNT_NUMBER(442)

#define CLOSE_ON_EXEC       1u        /* of fsopen and fsmount */
#define CONFIG_SET_FLAG     0u
#define CONFIG_SET_STRING   1u
#define CONFIG_CREATE       6u
#define TREE_CLONE          1u
#define PATH_EMPTY          0x1000u   /* AT_EMPTY_PATH */
#define WHOLE_TREE          0x8000u   /* AT_RECURSIVE */
#define MOVE_FROM_EMPTY     0x04u
#define MOVE_TO_EMPTY       0x40u
#define RESOLVE_NO_LINKS    0x04u     /* and no magic ones, which are links, too */
#define RESOLVE_BELOW       0x08u

struct attributes {
	uint64_t set, clear, propagation, user_namespace;
};

struct how {
	uint64_t flags, mode, resolve;
};

int
mount_new(const char *type, const struct mount_option *options, uint64_t attributes)
{
	int context = (int)syscall(FSOPEN, type, CLOSE_ON_EXEC);
	int fd = -1;

	if (context == -1)
		return -1;
	for (; options->name != NULL; options++)
		if (syscall(FSCONFIG, context,
			options->value != NULL ? CONFIG_SET_STRING : CONFIG_SET_FLAG,
			options->name, options->value, 0) == -1)
			break;
	if (options->name == NULL && syscall(FSCONFIG, context, CONFIG_CREATE, NULL, NULL, 0) == 0)
		fd = (int)syscall(FSMOUNT, context, CLOSE_ON_EXEC, (unsigned)attributes);
	fd_close(&context);
	return fd;
}

int
mount_copy(int file)
{
	return (int)syscall(OPEN_TREE, file, "",
	    TREE_CLONE | (unsigned)O_CLOEXEC | PATH_EMPTY | WHOLE_TREE);
}

int
mount_restrict(int tree, uint64_t attributes, int all)
{
	struct attributes a = { .set = attributes };

	return (int)syscall(MOUNT_SETATTR, tree, "", PATH_EMPTY | (all ? WHOLE_TREE : 0u), &a,
	    sizeof a);
}

int
mount_make_private(void)
{
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

int
mount_attach(int tree, int over)
{
	return (int)syscall(MOVE_MOUNT, tree, "", over, "", MOVE_FROM_EMPTY | MOVE_TO_EMPTY);
}

int
mount_open_below(int dir, const char *path, uint64_t flags)
{
	struct how how = { .flags = flags | (unsigned)O_CLOEXEC,
		.resolve = RESOLVE_NO_LINKS | RESOLVE_BELOW };

	return (int)syscall(OPENAT2, dir, *path != '\0' ? path : ".", &how, sizeof how);
}

#endif
