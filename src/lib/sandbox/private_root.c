/* SPDX-License-Identifier: BSD-2-Clause */
/* Build a private root as planned, enter it, and keep its scratch directories clean. */
#include "config.h"
#include "lib/sandbox/private_root.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/os/fd.h"
#include "lib/os/syscall_gate.h"

void
private_root_view_init(struct private_root_view *view)
{
	*view = (struct private_root_view){ .mounts = -1, .top = -1 };
	for (int i = 0; i < PRIVATE_ROOT_SCRATCHES; i++)
		view->scratch[i] = -1;
}

void
private_root_view_close(struct private_root_view *view)
{
	fd_close(&view->mounts);
	fd_close(&view->top);
	for (int i = 0; i < PRIVATE_ROOT_SCRATCHES; i++)
		fd_close(&view->scratch[i]);
}

#ifdef __linux__

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "lib/sandbox/mount_call.h"
#include "lib/sandbox/scratch.h"

/* Milliseconds. */
#define CLEAN_AWAITS 1000

#define HARMLESS (MOUNT_NO_SETUID | MOUNT_NO_DEVICE)

/* Whether an open file is the one that was planned. */
static int
file_check(int fd, dev_t device, ino_t inode)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return -1;
	if (st.st_dev == device && st.st_ino == inode)
		return 0;
	errno = ESTALE;
	return -1;
}

/* A file system in memory, of at most so many bytes and files. */
static int
memory_new(int64_t bytes, uint64_t files, const char *mode, uint64_t attributes)
{
	char size[24], inodes[24];
	const struct mount_option options[] = {
		{ "size", size }, { "nr_inodes", inodes }, { "mode", mode }, { NULL, NULL },
	};

	(void)snprintf(size, sizeof size, "%lld", (long long)bytes);
	(void)snprintf(inodes, sizeof inodes, "%llu", (unsigned long long)files);
	return mount_new("tmpfs", options, attributes);
}

/* Where the kernel hides part of this /proc, as in many containers, it gives no other that shows
   more. */
static int
proc_new(void)
{
	static const struct mount_option whole[] = { { "hidepid", "2" }, { NULL, NULL } };
	static const struct mount_option pids[] = { { "hidepid", "2" }, { "subset", "pid" },
		{ NULL, NULL } };
	const uint64_t attributes = HARMLESS | MOUNT_NO_EXEC | MOUNT_READ_ONLY;
	int fd = mount_new("proc", whole, attributes);

	return fd != -1 || errno != EPERM ? fd : mount_new("proc", pids, attributes);
}

/* What was opened up, found again from the old root. */
static int
opened_copy(int old, const struct private_root_entry *e)
{
	const uint64_t attributes = MOUNT_NO_SETUID |
	    (e->device ? MOUNT_NO_EXEC : MOUNT_NO_DEVICE) |
	    (e->kind == ROOT_READ ? MOUNT_READ_ONLY : 0);
	int from = mount_open_below(old, e->path + 1, O_PATH | O_NOFOLLOW);
	int tree = -1;

	if (from != -1 && file_check(from, e->file_device, e->file_inode) == 0)
		tree = mount_copy(from);
	fd_close(&from);
	if (tree != -1 && mount_restrict(tree, attributes, 1) == -1)
		fd_close(&tree);
	return tree;
}

/* The tree of an entry that is no link, not attached yet. */
static int
tree_make(const struct private_root *r, int old, const struct private_root_entry *e)
{
	switch (e->kind) {
	case ROOT_PROC:
		return proc_new();
	case ROOT_SCRATCH:
		return memory_new(r->scratch, scratch_files(r->scratch), "1777",
		    HARMLESS | MOUNT_NO_ATIME);
	case ROOT_DIRECTORY:
		/* Only this process writes here. */
		return memory_new((int64_t)16 << 20, 4 * PRIVATE_ROOT_PATHS_MAX, "755", HARMLESS);
	default:
		return opened_copy(old, e);
	}
}

/* Make a directory or file in an open directory, if it is not there, and open it. */
static int
name_make(int dir, const char *name, bool directory)
{
	int fd = mount_open_below(dir, name, O_PATH | O_NOFOLLOW);

	if (fd != -1 || errno != ENOENT)
		return fd;
	if ((directory ? mkdirat(dir, name, 0755) : mknodat(dir, name, S_IFREG | 0444, 0)) == -1)
		return -1;
	return mount_open_below(dir, name, O_PATH | O_NOFOLLOW);
}

/* Open the file below top, made with all directories on the way where it is not there. */
static int
place_make(int top, const char *path, bool directory)
{
	char name[NAME_MAX + 1];
	int at = mount_open_below(top, "", O_PATH);

	while (at != -1 && *path != '\0') {
		size_t len = strcspn(path, "/");
		if (len >= sizeof name) {
			fd_close(&at);
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(name, path, len);
		name[len] = '\0';
		path += len + (path[len] == '/');
		int next = name_make(at, name, directory || *path != '\0');
		fd_close(&at);
		at = next;
	}
	return at;
}

static int
link_make(int top, const struct private_root_entry *e)
{
	char parent[PATH_MAX];

	(void)strlcpy(parent, e->path + 1, sizeof parent);
	char *name = strrchr(parent, '/');
	if (name != NULL)
		*name = '\0';
	int dir = place_make(top, name != NULL ? parent : "", true);
	int result = dir == -1 ? -1 : symlinkat(e->target, dir, strrchr(e->path, '/') + 1);
	fd_close(&dir);
	return result;
}

/* Whether the link stands in that directory itself. */
static bool
is_link_in(const struct private_root_entry *e, const char *directory)
{
	const size_t len = strlen(directory);

	return e->kind == ROOT_LINK && strncmp(e->path, directory, len) == 0 &&
	    strrchr(e->path, '/') == e->path + len;
}

static int
scratch_open(const struct private_root *r, struct private_root_view *view, int tree,
    const char *path)
{
	int i = view->scratch[0] == -1 ? 0 : 1;

	for (size_t j = 0; j < r->count; j++)
		view->has_links[i] |= is_link_in(&r->entries[j], path);
	view->scratch[i] = fd_raise(openat(tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	return view->scratch[i] == -1 ? -1 : 0;
}

/* Mount the entry in its place, or make the link. */
static int
entry_make(const struct private_root *r, struct private_root_view *view, int old, int top,
    const struct private_root_entry *e)
{
	bool directory = (e->kind != ROOT_READ && e->kind != ROOT_WRITE) || e->directory;

	if (e->kind == ROOT_LINK)
		return link_make(top, e);
	/* First the tree: without that, nothing is made. */
	int tree = tree_make(r, old, e), result = -1;
	int place = tree == -1 ? -1 : place_make(top, e->path + 1, directory);
	if (place != -1)
		result = mount_attach(tree, place);
	if (result == 0 && e->kind == ROOT_SCRATCH)
		result = scratch_open(r, view, tree, e->path);
	fd_close(&place);
	fd_close(&tree);
	return result;
}

/* The directories are complete: nobody writes there any more. */
static int
directories_close(const struct private_root *r, int top)
{
	for (size_t i = 0; i < r->count; i++) {
		if (r->entries[i].kind != ROOT_DIRECTORY)
			continue;
		int fd = mount_open_below(top, r->entries[i].path + 1, O_PATH);
		int result = fd == -1 ? -1 : mount_restrict(fd, MOUNT_READ_ONLY, 0);
		fd_close(&fd);
		if (result == -1)
			return -1;
	}
	return 0;
}

/*
 * Make top, which is mounted over the old root, the root, and let go of the old one.  A root that
 * the kernel itself began with (an initramfs) cannot be left: it stays below, where no path leads.
 */
static int
root_change(int top)
{
	if (fchdir(top) == -1)
		return -1;
	if (syscall(SYS_pivot_root, ".", ".") == 0)
		return umount2(".", MNT_DETACH) == -1 ? -1 : chdir("/");
	return errno != EINVAL || chroot(".") == -1 ? -1 : chdir("/");
}

/* Jobs come to the namespace's root: see that this is top.  It is not where this process is in a
   chroot(2). */
static int
root_check(const struct private_root_view *view, int top)
{
	struct stat root, planned;

	if (setns(view->mounts, CLONE_NEWNS) == -1 || stat("/", &root) == -1 ||
	    fstat(top, &planned) == -1)
		return -1;
	if (root.st_dev == planned.st_dev && root.st_ino == planned.st_ino)
		return 0;
	errno = EINVAL;
	return -1;
}

static bool
directory_is_seen(const struct private_root *r, int top)
{
	if (r->directory == NULL)
		return false;
	int fd = mount_open_below(top, r->directory + 1, O_PATH | O_DIRECTORY);
	bool seen = fd != -1 &&
	    file_check(fd, r->directory_device, r->directory_inode) == 0;
	fd_close(&fd);
	return seen;
}

static int
entries_make(const struct private_root *r, struct private_root_view *view, int old, int top,
    char *step)
{
	for (size_t i = 1; i < r->count; i++) {
		const struct private_root_entry *e = &r->entries[i];
		(void)snprintf(step, PRIVATE_ROOT_STEP_MAX, "private root: %s%s", e->path,
		    e->kind == ROOT_PROC ? " of its own" : "");
		if (entry_make(r, view, old, top, e) == -1)
			return -1;
	}
	return 0;
}

static int
build(const struct private_root *r, struct private_root_view *view, int old, int top, char *step)
{
	if (mount_attach(top, old) == -1 || entries_make(r, view, old, top, step) == -1)
		return -1;
	(void)strlcpy(step, "private root: its directories", PRIVATE_ROOT_STEP_MAX);
	if (directories_close(r, top) == -1)
		return -1;
	for (int i = 0; i < PRIVATE_ROOT_SCRATCHES; i++)
		if (view->scratch[i] != -1 &&
		    scratch_note(view->scratch[i], &view->free_files[i], &view->attributes[i]) ==
			-1)
			return -1;
	(void)strlcpy(step, "private root: the change of root directory", PRIVATE_ROOT_STEP_MAX);
	if (root_change(top) == -1)
		return -1;
	(void)strlcpy(step, "private root: its root directory (is this process in a chroot?)",
	    PRIVATE_ROOT_STEP_MAX);
	if (root_check(view, top) == -1)
		return -1;
	view->keeps_directory = directory_is_seen(r, top);
	return 0;
}

int
private_root_build(const struct private_root *r, struct private_root_view *view, char *step)
{
	int top = -1, result = -1;

	private_root_view_init(view);
	(void)umask(0);
	(void)strlcpy(step, "private root: its mount namespace", PRIVATE_ROOT_STEP_MAX);
	int old = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (old != -1 && mount_make_private() == 0)
		view->mounts = fd_raise(open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC));
	if (view->mounts != -1) {
		(void)strlcpy(step, "private root: / (it needs Linux 5.12)",
		    PRIVATE_ROOT_STEP_MAX);
		top = tree_make(r, old, &r->entries[0]);
	}
	if (top != -1)
		result = build(r, view, old, top, step);
	if (result == 0 && (view->top = fd_raise(top)) == -1)
		result = -1;
	if (result == -1)
		fd_close(&top);
	fd_close(&old);
	return result;
}

int
private_root_open_up(const struct private_root *r, const struct private_root_view *view,
    const struct sandbox_landlock *landlock)
{
	const bool all = r->entries[0].kind == ROOT_READ;

	if (landlock_renew(landlock) == -1 || landlock_open_up(landlock, view->top, !all) == -1)
		return -1;
	for (size_t i = 1; all && i < r->count; i++) {
		const struct private_root_entry *e = &r->entries[i];
		if (e->kind != ROOT_WRITE && e->kind != ROOT_SCRATCH && !e->device)
			continue;
		int file = mount_open_below(view->top, e->path + 1, O_PATH);
		int result = file == -1 ? -1 : landlock_open_up(landlock, file, true);
		fd_close(&file);
		if (result == -1)
			return -1;
	}
	return 0;
}

/* The links that stand in a scratch directory go with all else there. */
static int
links_renew(const struct private_root *r, int scratch, const char *path)
{
	for (size_t i = 0; i < r->count; i++) {
		const struct private_root_entry *e = &r->entries[i];
		if (is_link_in(e, path) &&
		    symlinkat(e->target, scratch, strrchr(e->path, '/') + 1) == -1)
			return -1;
	}
	return 0;
}

/* A file that was on its way through a socket is freed a little later than its processes. */
static int
clean_await(int scratch, uint64_t files, long attributes)
{
	const struct timespec moment = { .tv_nsec = 1000000 };

	for (int i = 0; i < CLEAN_AWAITS; i++) {
		if (scratch_is_clean(scratch, files, attributes))
			return 0;
		(void)nanosleep(&moment, NULL);
	}
	errno = ENOTEMPTY;
	return -1;
}

int
private_root_empty(const struct private_root *r, const struct private_root_view *view)
{
	for (size_t i = 0, n = 0; i < r->count && n < PRIVATE_ROOT_SCRATCHES; i++) {
		if (r->entries[i].kind != ROOT_SCRATCH)
			continue;
		const bool links = view->has_links[n];
		int fd = view->scratch[n];
		uint64_t files = view->free_files[n], files_now;
		long attributes = view->attributes[n++], attributes_now;
		if (!links && scratch_is_clean(fd, files, attributes))
			continue;
		if (scratch_empty(fd) == -1 || links_renew(r, fd, r->entries[i].path) == -1 ||
		    scratch_note(fd, &files_now, &attributes_now) == -1 ||
		    clean_await(fd, files, attributes) == -1)
			return -1;
	}
	return 0;
}

bool
private_root_is_clean(const struct private_root_view *view)
{
	for (int i = 0; i < PRIVATE_ROOT_SCRATCHES; i++)
		if (view->scratch[i] != -1 &&
		    (view->has_links[i] ||
			!scratch_is_clean(view->scratch[i], view->free_files[i],
			    view->attributes[i])))
			return false;
	return true;
}

int
private_root_enter_job(const struct private_root *r, const struct private_root_view *view)
{
	if (gate_call(SYS_setns, view->mounts, CLONE_NEWNS, 0, 0, 0) == -1)
		return -1;
	/* A path opened up can have been moved meanwhile: then the job begins in "/". */
	if (view->keeps_directory)
		(void)gate_call(SYS_chdir, (long)(intptr_t)r->directory, 0, 0, 0, 0);
	return 0;
}

#else

int
private_root_build(const struct private_root *r, struct private_root_view *view, char *step)
{
	(void)r;
	private_root_view_init(view);
	(void)strlcpy(step, "private root", PRIVATE_ROOT_STEP_MAX);
	errno = ENOTSUP;
	return -1;
}

int
private_root_open_up(const struct private_root *r, const struct private_root_view *view,
    const struct sandbox_landlock *landlock)
{
	(void)r;
	(void)view;
	(void)landlock;
	return 0;
}

int
private_root_empty(const struct private_root *r, const struct private_root_view *view)
{
	(void)r;
	(void)view;
	return 0;
}

bool
private_root_is_clean(const struct private_root_view *view)
{
	(void)view;
	return true;
}

int
private_root_enter_job(const struct private_root *r, const struct private_root_view *view)
{
	(void)r;
	(void)view;
	return 0;
}

#endif
