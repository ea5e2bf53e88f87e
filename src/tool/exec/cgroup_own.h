/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cgroup_own - where the control group of this process is that a controller has, and small files of
 * the cgroup file system.
 */
#ifndef FORKPOOL_TOOL_CGROUP_OWN_H
#define FORKPOOL_TOOL_CGROUP_OWN_H

#include <limits.h>
#include <stddef.h>

struct cgroup_own {
	int  version1;
	char mount[PATH_MAX];  /* where its file system is mounted */
	char path[PATH_MAX];   /* the group's directory, at or below mount */
};

/*
 * The group in version 1's hierarchy of that controller ("memory"), or else in version 2, whether
 * or not that has the controller.  1; 0: there is none here.
 */
int  cgroup_own_find(struct cgroup_own *, const char *controller);

/* path becomes DIR/NAME.  1; 0: it is too long. */
int  cgroup_path(char path[PATH_MAX], const char *dir, const char *name);
/* What the file says, cut to size, with a NUL; "" where it cannot be read. */
void cgroup_file_read(const char *dir, const char *name, char *text, size_t size);
/* Whether word is one of those in the file. */
int  cgroup_file_has(const char *dir, const char *name, const char *word);
/* One write, as the kernel wants it.  0, or -1 and errno. */
int  cgroup_file_write(const char *dir, const char *name, const char *value);

#endif
