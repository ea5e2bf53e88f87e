/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts processors: by sched_getaffinity(2), and by the files of the control groups. */
#include "config.h"
#include "lib/os/processors.h"

#include <errno.h>
#include <unistd.h>

#ifdef __linux__

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vis.h>

/* The kernel refuses a mask that is shorter than its own. */
#define MASK_MAX ((size_t)1 << 20)

static unsigned
affinity_count(void)
{
	for (size_t bits = CPU_SETSIZE; bits <= MASK_MAX; bits *= 2) {
		cpu_set_t *mask = CPU_ALLOC(bits);
		size_t size = CPU_ALLOC_SIZE(bits);
		if (mask == NULL)
			return 0;
		int got = sched_getaffinity(0, size, mask), error = errno;
		int count = got == 0 ? CPU_COUNT_S(size, mask) : 0;
		CPU_FREE(mask);
		if (got == 0 || error != EINVAL)
			return (unsigned)count;
	}
	return 0;
}

/* --------------------------------------------------------------------------------------- quotas */

/* The group of this process in each of the two kinds of hierarchies, as the kernel names it; NULL:
   there is none, or this process cannot see it. */
struct groups {
	char *unified; /* version 2 */
	char *cpu;     /* version 1: in the hierarchy of the controller "cpu" */
};

static FILE *
proc_open(const char *root, const char *name)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof path, "%s/proc/self/%s", root, name) >= (int)sizeof path)
		return NULL;
	return fopen(path, "re");
}

static int
list_has(char *list, const char *word)
{
	for (char *at; (at = strsep(&list, ",")) != NULL;)
		if (strcmp(at, word) == 0)
			return 1;
	return 0;
}

static struct groups
groups_read(const char *root)
{
	struct groups own = { NULL, NULL };
	FILE *file = proc_open(root, "cgroup");
	char *line = NULL;
	size_t room = 0;

	while (file != NULL && getline(&line, &room, file) != -1) {
		/* ID:CONTROLLER,...:PATH */
		char *path = line, *id = strsep(&path, ":"), *controllers = strsep(&path, ":");
		if (path == NULL)
			continue;
		path[strcspn(path, "\n")] = '\0';
		/* A group outside the namespace of this process begins with /.. */
		if (path[0] != '/' || strncmp(path, "/..", 3) == 0)
			continue;
		if (own.unified == NULL && strcmp(id, "0") == 0 && controllers[0] == '\0')
			own.unified = strdup(path);
		else if (own.cpu == NULL && list_has(controllers, "cpu"))
			own.cpu = strdup(path);
	}
	free(line);
	if (file != NULL)
		(void)fclose(file);
	return own;
}

/* The numbers that a file of the group begins with, 0 for each that is none. */
static void
numbers_read(const char *group, const char *name, long long *first, long long *second)
{
	char path[PATH_MAX], line[64] = "", *end;
	FILE *file = NULL;

	if (snprintf(path, sizeof path, "%s/%s", group, name) < (int)sizeof path)
		file = fopen(path, "re");
	if (file != NULL) {
		if (fgets(line, sizeof line, file) == NULL)
			line[0] = '\0';
		(void)fclose(file);
	}
	*first = strtoll(line, &end, 10);
	*second = strtoll(end, NULL, 10);
}

static unsigned
group_quota(const char *group, int version1)
{
	long long quota, period, none;

	if (version1) {
		numbers_read(group, "cpu.cfs_quota_us", &quota, &none); /* -1: no quota */
		numbers_read(group, "cpu.cfs_period_us", &period, &none);
	} else {
		numbers_read(group, "cpu.max", &quota, &period); /* "max": no quota */
	}
	if (quota <= 0 || period <= 0)
		return PROCESSORS_NO_QUOTA;
	/* Rounded up: rounded down, a part of what the group may use would never be used. */
	long long n = quota / period + (quota % period != 0);
	return n < PROCESSORS_NO_QUOTA ? (unsigned)n : PROCESSORS_NO_QUOTA;
}

/*
 * One line of mountinfo: ID PARENT DEVICE ROOT MOUNT_POINT OPTIONS [FIELD...] - TYPE SOURCE
 * SUPER_OPTIONS.  Where it is a hierarchy with a group of this process, the least quota from that
 * group up to the mount.  The mounts of version 1 that have other controllers have no such files.
 */
static unsigned
mount_quota(const char *root, char *line, const struct groups *own)
{
	char top[PATH_MAX], path[PATH_MAX], *field[5];
	unsigned least = PROCESSORS_NO_QUOTA;
	const char *type = strstr(line, " - ");
	int version1 = type != NULL && strncmp(type, " - cgroup ", 10) == 0;
	int version2 = type != NULL && strncmp(type, " - cgroup2 ", 11) == 0;
	const char *group = version1 ? own->cpu : version2 ? own->unified : NULL;

	if (group == NULL)
		return least;
	for (int i = 0; i < 5; i++)
		field[i] = strsep(&line, " ");
	/* Blanks stand there as \040.  What is decoded is not longer. */
	size_t before = strlen(root);
	if (field[4] == NULL || strlen(field[3]) >= sizeof top || strunvis(top, field[3]) == -1 ||
	    before + strlen(field[4]) >= sizeof path || strunvis(path + before, field[4]) == -1)
		return least;
	memcpy(path, root, before);
	/* A part of the hierarchy may be mounted alone: the group has to be in it. */
	size_t skip = strcmp(top, "/") == 0 ? 0 : strlen(top);
	if (strncmp(group, top, skip) != 0 || (group[skip] != '/' && group[skip] != '\0'))
		return least;
	size_t mount = strlen(path);
	const char *below = strcmp(group + skip, "/") == 0 ? "" : group + skip;
	if (strlcat(path, below, sizeof path) >= sizeof path)
		return least;
	for (char *slash = path; slash != NULL;) {
		unsigned quota = group_quota(path, version1);
		if (quota < least)
			least = quota;
		if ((slash = strrchr(path + mount, '/')) != NULL)
			*slash = '\0';
	}
	return least;
}

unsigned
processors_quota(const char *root)
{
	struct groups own = groups_read(root);
	unsigned least = PROCESSORS_NO_QUOTA;
	FILE *file = own.unified != NULL || own.cpu != NULL ? proc_open(root, "mountinfo") : NULL;
	char *line = NULL;
	size_t room = 0;

	while (file != NULL && getline(&line, &room, file) != -1) {
		unsigned quota = mount_quota(root, line, &own);
		if (quota < least)
			least = quota;
	}
	free(line);
	if (file != NULL)
		(void)fclose(file);
	free(own.unified);
	free(own.cpu);
	return least;
}

#else

static unsigned
affinity_count(void)
{
	return 0;
}

unsigned
processors_quota(const char *root)
{
	(void)root;
	return PROCESSORS_NO_QUOTA;
}

#endif

unsigned
processors_affine(void)
{
	unsigned count = affinity_count();

	if (count > 0)
		return count;
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	return online < 1 ? 1 : (unsigned)online;
}

unsigned
processors_usable(void)
{
	int error = errno;
	unsigned affine = processors_affine();
	unsigned quota = affine > 1 ? processors_quota("") : 1;

	errno = error;
	return quota < affine ? quota : affine;
}
