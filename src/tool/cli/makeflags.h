/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * makeflags - reads the jobserver, -j and -n out of the variable MAKEFLAGS, and writes MAKEFLAGS
 * with another jobserver.
 *
 * Words are split as make splits them: at blanks, with a backslash protecting the byte behind it;
 * variables follow a "--".  A first word without a dash and without = consists of option letters.
 */
#ifndef FORKPOOL_TOOL_MAKEFLAGS_H
#define FORKPOOL_TOOL_MAKEFLAGS_H

#include "tool/base/bytes.h"

enum makeflags_server {
	MAKEFLAGS_NONE = 0, /* no jobserver is named */
	MAKEFLAGS_PIPE,     /* --jobserver-auth=R,W, --jobserver-fds=R,W: two descriptors */
	MAKEFLAGS_FIFO,     /* --jobserver-auth=fifo:PATH */
	MAKEFLAGS_CLOSED,   /* a negative descriptor: a jobserver that this process may not use */
	MAKEFLAGS_UNKNOWN,  /* another kind, or nonsense */
};

struct makeflags {
	enum makeflags_server server; /* of several the last one counts */
	int          read_fd, write_fd;
	struct bytes text;            /* its value, unchanged; FIFO: the path; NONE: empty */
	unsigned     jobs;            /* -jN; 0: not given */
	int          dry_run;         /* -n */
};

/* value: of the variable, NULL where MAKEFLAGS is not set. */
void makeflags_read(struct makeflags *, const char *value);
void makeflags_free(struct makeflags *);
/* Appends the flags of value; words (none: "") replace -j and the jobserver in them. */
void makeflags_write(struct bytes *to, const char *value, const char *words);

#endif
