/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads /proc/self/cgroup and /proc/self/mountinfo, and files of control groups. */
#include "config.h"
#include "tool/exec/cgroup_own.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <vis.h>

/* Whether list, words with the separator between them, has the word. */
static int
list_has(const char *list, char separator, const char *word)
{
	const char ends[] = { separator, '\n', '\0' };
	size_t len = strlen(word);

	while (*list != '\0') {
		size_t n = strcspn(list, ends);
		if (n == len && strncmp(list, word, n) == 0)
			return 1;
		list += n + (list[n] != '\0');
	}
	return 0;
}

/* The group's path as the kernel names it, in the hierarchy of that controller, or of version 2
   ("").  1, or 0. */
static int
group_of(const char *controller, char group[PATH_MAX])
{
	FILE *file = fopen("/proc/self/cgroup", "re");
	char *line = NULL;
	size_t room = 0;
	int found = 0;

	if (file == NULL)
		return 0;
	while (!found && getline(&line, &room, file) != -1) {
		/* ID:CONTROLLER,...:PATH */
		char *controllers = strchr(line, ':');
		char *path = controllers != NULL ? strchr(controllers + 1, ':') : NULL;
		if (path == NULL)
			continue;
		*controllers++ = *path++ = '\0';
		path[strcspn(path, "\n")] = '\0';
		found = controller[0] == '\0' ?
		    controllers[0] == '\0' :
		    list_has(controllers, ',', controller);
		/* A group outside the namespace of this process begins with /.. */
		if (found && (strncmp(path, "/..", 3) == 0 || strlen(path) >= PATH_MAX))
			break;
		if (found)
			memcpy(group, path, strlen(path) + 1);
	}
	free(line);
	(void)fclose(file);
	return found && group[0] == '/';
}

/*
 * One line of mountinfo: ID PARENT DEVICE ROOT MOUNT_POINT OPTIONS [FIELD...] - TYPE SOURCE
 * SUPER_OPTIONS.  1: it is where the group's hierarchy is mounted; own->mount and own->path are
 * set.
 */
static int
mount_matches(char *line, const char *controller, const char *group, struct cgroup_own *own)
{
	char root[PATH_MAX], *field[5], *type, *rest = strstr(line, " - "), *save = NULL;

	if (rest == NULL)
		return 0;
	*rest = '\0';
	rest += 3;
	for (int i = 0; i < 5; i++)
		if ((field[i] = strtok_r(i == 0 ? line : NULL, " ", &save)) == NULL)
			return 0;
	type = strtok_r(rest, " ", &save);
	if (type == NULL || strcmp(type, controller[0] == '\0' ? "cgroup2" : "cgroup") != 0 ||
	    strtok_r(NULL, " ", &save) == NULL)
		return 0;
	const char *super = strtok_r(NULL, " \n", &save);
	if (controller[0] != '\0' && (super == NULL || !list_has(super, ',', controller)))
		return 0;
	/* Blanks stand there as \040.  What is decoded is not longer. */
	if (strlen(field[3]) >= sizeof root || strunvis(root, field[3]) == -1 ||
	    strlen(field[4]) >= sizeof own->mount || strunvis(own->mount, field[4]) == -1)
		return 0;
	/* A part of the hierarchy may be mounted alone: the group has to be in it. */
	size_t skip = strcmp(root, "/") == 0 ? 0 : strlen(root);
	if (strncmp(group, root, skip) != 0 || (group[skip] != '/' && group[skip] != '\0'))
		return 0;
	const char *below = strcmp(group + skip, "/") == 0 ? "" : group + skip;
	return snprintf(own->path, sizeof own->path, "%s%s", own->mount, below) <
	    (int)sizeof own->path;
}

static int
find(struct cgroup_own *own, const char *controller)
{
	char group[PATH_MAX] = "", *line = NULL;
	size_t room = 0;
	int found = 0;

	if (!group_of(controller, group))
		return 0;
	FILE *file = fopen("/proc/self/mountinfo", "re");
	if (file == NULL)
		return 0;
	while (!found && getline(&line, &room, file) != -1)
		found = mount_matches(line, controller, group, own);
	free(line);
	(void)fclose(file);
	return found;
}

int
cgroup_own_find(struct cgroup_own *own, const char *controller)
{
	own->version1 = 1;
	if (find(own, controller))
		return 1;
	own->version1 = 0;
	return find(own, "");
}

int
cgroup_path(char path[PATH_MAX], const char *dir, const char *name)
{
	return snprintf(path, PATH_MAX, "%s/%s", dir, name) < PATH_MAX;
}

void
cgroup_file_read(const char *dir, const char *name, char *text, size_t size)
{
	char path[PATH_MAX];
	size_t len = 0;
	ssize_t n;

	text[0] = '\0';
	int fd = cgroup_path(path, dir, name) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd == -1)
		return;
	while (len < size - 1 && (n = read(fd, text + len, size - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	(void)close(fd);
}

int
cgroup_file_has(const char *dir, const char *name, const char *word)
{
	char text[1024];

	cgroup_file_read(dir, name, text, sizeof text);
	return list_has(text, ' ', word);
}

int
cgroup_file_write(const char *dir, const char *name, const char *value)
{
	char path[PATH_MAX];

	if (!cgroup_path(path, dir, name)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd == -1)
		return -1;
	ssize_t n = write(fd, value, strlen(value));
	int error = errno;
	(void)close(fd);
	errno = error;
	return n == -1 ? -1 : 0;
}
