/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * makeflags - the variable MAKEFLAGS: what it says of a jobserver and of -n, and the same flags with another jobserver.
 *
 * Words are split as make does it: at blanks, a backslash protects the byte behind it, variables follow a "--".
 * A first word without a dash and without = is option letters.  Includes bytes.
 */
#ifndef FORKPOOL_TOOL_MAKEFLAGS_H
#define FORKPOOL_TOOL_MAKEFLAGS_H

#include "tool/base/bytes.h"

enum makeflags_server {
	MAKEFLAGS_NONE = 0, /* no jobserver is named */
	MAKEFLAGS_PIPE,     /* --jobserver-auth=R,W, --jobserver-fds=R,W: two descriptors */
	MAKEFLAGS_FIFO,     /* --jobserver-auth=fifo:PATH */
	MAKEFLAGS_CLOSED,   /* a negative descriptor: there is one, and not for this process */
	MAKEFLAGS_UNKNOWN,  /* of another kind, or nonsense */
};

struct makeflags {
	enum makeflags_server server; /* of several the last one counts */
	int          read_fd, write_fd;
	struct bytes text;            /* its value as it stands there; FIFO: the path; else nothing */
	unsigned     jobs;            /* -jN; 0: not said */
	int          dry_run;         /* -n */
};

/* value: of the variable, NULL where it is not set. */
void makeflags_read(struct makeflags *, const char *value);
void makeflags_free(struct makeflags *);
/* The flags without -j and without their jobserver, and with these words (none: "") in place of them. */
void makeflags_write(struct bytes *to, const char *value, const char *words);

#endif
