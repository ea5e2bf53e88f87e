/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes the groups of a run, keeps them locked, and removes them. */
#include "config.h"
#include "tool/exec/run_cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libutil.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tool/exec/cgroup_own.h"

#define RUN_PREFIX  "forkpool-run-"
#define SELF_PREFIX "forkpool-self-"
#define SUBTREE     "cgroup.subtree_control"

#define NAME_TRIES 8
/* A group can be removed some moments after its last process has gone. */
#define REMOVE_TRIES    100
#define REMOVE_PAUSE_NS 2000000

enum { MEMORY, PIDS, CONTROLLERS };
static const char *const controller_names[CONTROLLERS] = { "memory", "pids" };

/* One group of the run; a run in version 2, or one that limits one thing, has one. */
struct group {
	int  lock;              /* the locked directory; -1: there is none */
	char path[PATH_MAX];
};
static struct group groups[CONTROLLERS] = { { .lock = -1 }, { .lock = -1 } };

/* Version 2: our own group, from which we have moved away; "": we have not. */
static char left[PATH_MAX];
static char left_for[PATH_MAX];   /* where we are */
static char left_gives[32];       /* what takes the controllers away from it again */

static char why[PATH_MAX + 256];

static void why_set(const char *format, ...) __attribute__((__format__(__printf__, 1, 2)));

static void
why_set(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(why, sizeof why, format, arguments);
	va_end(arguments);
}

/* -------------------------------------------------------------------------------- what was left */

static void
remove_patiently(const char *path)
{
	const struct timespec pause = { .tv_nsec = REMOVE_PAUSE_NS };

	for (int i = 0; i < REMOVE_TRIES && rmdir(path) == -1 && errno == EBUSY; i++)
		(void)nanosleep(&pause, NULL);
}

/* Remove the groups right below path, and path.  Those with processes stay. */
static void
tree_remove(const char *path)
{
	char below[PATH_MAX];
	DIR *dir = opendir(path);

	for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;)
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.' &&
		    cgroup_path(below, path, entry->d_name))
			(void)rmdir(below);
	if (dir != NULL)
		(void)closedir(dir);
	(void)rmdir(path);
}

/* The directory, open and locked; -1: it is not there, or somebody has the lock. */
static int
lock_take(const char *path)
{
	return flopen(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
}

/* Remove what runs have left in that directory that did not come to their end. */
static void
sweep(const char *base)
{
	char path[PATH_MAX];
	DIR *dir = opendir(base);

	if (dir == NULL)
		return;
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		if (!cgroup_path(path, base, entry->d_name))
			continue;
		/* A group that a tool is in cannot be removed. */
		if (strncmp(entry->d_name, SELF_PREFIX, strlen(SELF_PREFIX)) == 0)
			(void)rmdir(path);
		if (strncmp(entry->d_name, RUN_PREFIX, strlen(RUN_PREFIX)) != 0)
			continue;
		int lock = lock_take(path);
		if (lock == -1)
			continue;
		tree_remove(path);
		(void)close(lock);
	}
	(void)closedir(dir);
}

/* ------------------------------------------------------------------------------- making a group */

/* Make a group for the run in that directory.  0, or -1 and why. */
static int
group_make(struct group *group, const char *base)
{
	char name[64];

	sweep(base);
	for (int i = 0; i < NAME_TRIES; i++) {
		(void)snprintf(name, sizeof name, RUN_PREFIX "%08" PRIx32, arc4random());
		if (!cgroup_path(group->path, base, name))
			return -1;
		if (mkdir(group->path, 0755) == -1 && errno != EEXIST) {
			why_set("in %s no group can be made: %s", base, strerror(errno));
			return -1;
		}
		/* Another run may have taken it for left behind, before it was locked. */
		if ((group->lock = lock_take(group->path)) != -1)
			return 0;
	}
	why_set("the groups that are made in %s are gone at once", base);
	return -1;
}

static void
group_remove(struct group *group)
{
	if (group->lock == -1)
		return;
	tree_remove(group->path);
	remove_patiently(group->path);
	(void)close(group->lock);
	group->lock = -1;
}

/* "+memory +pids": those of the wanted controllers that the directory has; "" where it has none. */
static void
controllers_wanted(const char *dir, const int wanted[CONTROLLERS], char sign, char text[32])
{
	size_t len = 0;

	text[0] = '\0';
	for (int i = 0; i < CONTROLLERS; i++)
		if (wanted[i] && cgroup_file_has(dir, "cgroup.controllers", controller_names[i]))
			len += (size_t)snprintf(text + len, 32 - len, "%s%c%s",
			    len > 0 ? " " : "", sign, controller_names[i]);
}

/*
 * Whether groups in that directory have, or now get, the controllers that it has.  Only the root of
 * all, which has no cgroup.type, may have processes as well.
 */
static int
hands_out(const char *dir, const int wanted[CONTROLLERS])
{
	char text[32];

	cgroup_file_read(dir, "cgroup.procs", text, sizeof text);
	if (text[0] != '\0') {
		cgroup_file_read(dir, "cgroup.type", text, sizeof text);
		if (text[0] != '\0')
			return 0;
	}
	controllers_wanted(dir, wanted, '+', text);
	return text[0] != '\0' && cgroup_file_write(dir, SUBTREE, text) == 0;
}

static int
are_alone(const char *dir)
{
	char text[64], *end;

	cgroup_file_read(dir, "cgroup.procs", text, sizeof text);
	return strtol(text, &end, 10) == (long)getpid() && strcmp(end, "\n") == 0;
}

static void
move_back(void)
{
	if (left[0] == '\0')
		return;
	(void)cgroup_file_write(left, SUBTREE, left_gives);
	(void)cgroup_file_write(left, "cgroup.procs", "0");
	remove_patiently(left_for);
	left[0] = '\0';
}

/* Move to a group of our own below our group, so that this can hand out controllers.  1, or 0. */
static int
move_down(const char *own, const int wanted[CONTROLLERS])
{
	char name[64];

	if (!are_alone(own))
		return 0;
	sweep(own);
	(void)snprintf(name, sizeof name, SELF_PREFIX "%08" PRIx32, arc4random());
	if (!cgroup_path(left_for, own, name) || mkdir(left_for, 0755) == -1)
		return 0;
	(void)snprintf(left, sizeof left, "%s", own);
	controllers_wanted(own, wanted, '-', left_gives);
	if (cgroup_file_write(left_for, "cgroup.procs", "0") == 0 && hands_out(own, wanted))
		return 1;
	move_back();
	return 0;
}

/* A group beside ours is not to escape our limits. */
static void
limits_copy(const char *from, const char *to)
{
	static const char *const names[] = {
		"memory.max", "memory.high", "memory.swap.max", "pids.max", "cpu.max",
	};
	char text[64];

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		cgroup_file_read(from, names[i], text, sizeof text);
		if (text[0] != '\0' && strncmp(text, "max", 3) != 0)
			(void)cgroup_file_write(to, names[i], text);
	}
}

/* Version 2.  0, or -1 and why. */
static int
unified_make(struct group *group, const struct cgroup_own *own, const int wanted[CONTROLLERS])
{
	static const char delegate[] =
	    "; systemd-run --user --scope -p Delegate=yes gives one";
	char parent[PATH_MAX];

	if (hands_out(own->path, wanted) || move_down(own->path, wanted)) {
		if (group_make(group, own->path) == 0)
			return 0;
		move_back();
		return -1;
	}
	if (strcmp(own->path, own->mount) == 0) {
		why_set("the group %s, which has other processes, hands out no controllers",
		    own->path);
		return -1;
	}
	(void)snprintf(parent, sizeof parent, "%s", own->path);
	*strrchr(parent, '/') = '\0';
	if (!hands_out(parent, wanted)) {
		why_set("no group is ours that hands out controllers%s",
		    geteuid() == 0 ? "" : delegate);
		return -1;
	}
	if (group_make(group, parent) == -1)
		return -1;
	limits_copy(own->path, group->path);
	return 0;
}

struct run_cgroup
run_cgroup_open(int memory, int processes)
{
	const int wanted[CONTROLLERS] = { memory, processes };
	struct run_cgroup made = { .why = why };
	int unified = 0;

	why[0] = '\0';
	for (int i = 0; i < CONTROLLERS; i++) {
		struct cgroup_own own;
		struct group *group = &groups[i];
		if (!wanted[i])
			continue;
		if (!cgroup_own_find(&own, controller_names[i])) {
			why_set(access("/proc/self/cgroup", R_OK) == -1 ?
				    "/proc/self/cgroup cannot be read (is /proc mounted?)" :
				    "no control groups are mounted here");
			continue;
		}
		/* Of version 2 there is one group for both. */
		if (!own.version1 && unified++)
			continue;
		if ((own.version1 ? group_make(group, own.path) :
				    unified_make(group, &own, wanted)) == -1)
			continue;
		if (made.cgroup == NULL)
			made.cgroup = group->path;
		else
			made.cgroup_pids = group->path;
		made.has_pids |= !own.version1 ?
		    cgroup_file_has(group->path, "cgroup.controllers", "pids") :
		    i == PIDS;
	}
	if (made.cgroup != NULL && processes && !made.has_pids && why[0] == '\0')
		why_set("%s has no pids controller", made.cgroup);
	return made;
}

void
run_cgroup_close(void)
{
	for (int i = 0; i < CONTROLLERS; i++)
		group_remove(&groups[i]);
	move_back();
}
