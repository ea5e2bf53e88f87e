/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * untrusted_place - which directories others can change while we run: all below --writable.
 *
 * What lies there may have been planted, by an earlier run too: a symbolic link that leads to a
 * file of ours, a FIFO that makes open() wait, a hard link, a directory where a file was.  Only the
 * way down to such a place, from outside, can be trusted.
 */
#ifndef FORKPOOL_TOOL_UNTRUSTED_PLACE_H
#define FORKPOOL_TOOL_UNTRUSTED_PLACE_H

#include <fcntl.h>
#include <sys/stat.h>

/* Opens a directory to look up names in it, which is possible without the right to read it. */
#ifdef O_PATH
#define OPEN_DIRECTORY (O_PATH | O_DIRECTORY | O_CLOEXEC)
#else
#define OPEN_DIRECTORY (O_RDONLY | O_DIRECTORY | O_CLOEXEC)
#endif

enum trust {
	TRUSTED,
	UNTRUSTED_TOP, /* named by --writable: its own name and its ".." are to be trusted */
	UNTRUSTED,     /* further down */
};

struct place {
	enum trust  trust;
	const char *writable; /* the path that --writable named; NULL where trusted */
};

/* The paths of --writable, up to a NULL, which must last; NULL: none.  Ends the tool where one of
   them cannot be looked at. */
void untrusted_places_are(char *const *paths);
/* Whether there are any. */
int  untrusted_places_exist(void);
/* What the directory is, by the directories above it.  0, or -1 and errno. */
int  place_of(int dir, struct place *);
/* From place one step down into a directory, by a name that is no symbolic link.  0, or -1. */
int  place_step(struct place *, int dir);
/* A file that --writable names is not to be trusted, wherever it lies. */
void place_of_file(struct place *, const struct stat *);

#endif
