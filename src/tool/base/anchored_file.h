/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * anchored_file - a directory held open, and files that are made in it, whatever others plant
 * there.
 *
 * A path is walked name by name, each directory held open while the next name is looked up in it.
 * In a directory that can be trusted symbolic links are followed as the system does it.  In one
 * that cannot (untrusted_place.h) none is, and no ".." leads up; nothing that lies there is opened:
 * a file is made under a new name, and renamed into its place when it is complete.
 */
#ifndef FORKPOOL_TOOL_ANCHORED_FILE_H
#define FORKPOOL_TOOL_ANCHORED_FILE_H

#include <limits.h>
#include <sys/types.h>

#include "tool/base/untrusted_place.h"

#ifndef NAME_MAX
#define NAME_MAX 255
#endif

struct anchored_dir {
	int fd; /* -1: there is none */
	struct place place;
};

struct anchored_file {
	struct anchored_dir dir;
	int  dir_is_ours;              /* anchored_file_free() closes it */
	char name[NAME_MAX + 1];
	char temporary[NAME_MAX + 1];  /* the name in use while the file is made; else empty */
};

/* Whether the directories of a path are made where they are missing. */
enum anchored_make { ANCHORED_FIND, ANCHORED_MAKE };

/*
 * Opens path, looked up in from (NULL: the current directory).  0, or -1 and errno; then the place
 * is that of the last directory reached, for anchored_why().
 */
int  anchored_dir_open(struct anchored_dir *, const struct anchored_dir *from, const char *path,
    enum anchored_make);
void anchored_dir_close(struct anchored_dir *);

/*
 * Opens the directory of path's last name.  Where that name, in a trusted directory, is a symbolic
 * link, it is the link's target that is found.  0, or -1 and errno as above.
 */
int  anchored_file_find(struct anchored_file *, const struct anchored_dir *from, const char *path,
    enum anchored_make);
/* The file of that name in a directory that stays the caller's; nothing is looked up. */
int  anchored_file_in(struct anchored_file *, const struct anchored_dir *, const char *name);
void anchored_file_free(struct anchored_file *);

/*
 * The file's descriptor, or -1 and errno.  In a trusted directory what has that name is opened with
 * these flags, or made; else a new file with another name, until anchored_file_put().
 */
int  anchored_file_open(struct anchored_file *, int flags);
/*
 * Opens what has that name for reading.  In a directory that cannot be trusted that is a regular
 * file only, so that nothing planted there leads elsewhere or makes us wait.
 */
int  anchored_file_read(const struct anchored_file *);
/* Makes a new file with another name, for reading and writing, wherever the directory is. */
int  anchored_file_temporary(struct anchored_file *, int flags, mode_t);
/* Gives the new file its name, instead of what has it.  -1 and errno: the new file is gone. */
int  anchored_file_put(struct anchored_file *);
/* Removes the new file, if there is one; errno is kept. */
void anchored_file_drop(struct anchored_file *);
/* Why the file cannot be replaced as a whole: what has its name is no regular file.  Or NULL. */
const char *anchored_file_not_regular(const struct anchored_file *);

/* errno in words, for what failed in that place. */
const char *anchored_why(const struct anchored_dir *);
/* Ends the tool if the path, of a file or a directory, leads by a link that a job can plant. */
void anchored_check(const char *option, const char *path);
/*
 * Ends the tool if the path leads through, or to, an untrusted place.  consequence: what would
 * come of it if a job wrote there.
 */
void anchored_refuse(const char *option, const char *path, const char *consequence);

#endif
