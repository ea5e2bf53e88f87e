/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * outlet - a place that a run appends to (standard output, a joblog, ...), and what of that is out already.
 *
 * With a journal it is told in a mark there, so that the run that goes on after a kill knows where to begin.  What goes
 * out is made of entries: a job's output, or a line; each has its number, 0, 1, ... in the order in which they go out.
 *
 *	outlet_wants(number) -> the bytes are queued -> outlet_end(length) ...
 *	    outlet_pass() -> outlet_piece() -> outlet_tries() -> write() -> outlet_wrote()
 *
 * A regular file is measured: the mark has the place where the next entry begins, and what the file has behind that is
 * compared with what comes.  What agrees is not written again, so it does not matter how much of it was
 * out when the tool was killed.  Where it differs: if the journal has lost entries that had gone out, or in the middle of
 * an entry, what differs is put beside the journal (FILE.surplus) and cut off; else it is not ours, and we go on
 * behind it.
 * Anything else is counted: the mark has the entries and the bytes of the next one that are out, after each write(), and
 * before it how many bytes are tried; so that a write is all or nothing, a pipe gets PIPE_BUF bytes at most.  A kill
 * between the two leaves a doubt about these.  If it is a file after all (others write to it as well), it still has them
 * or has not.  What a pipe had nobody can see any more: it gets them again, since twice can be told, as
 * outlet_end() does, and never could not be made good.
 *
 * Zero is an outlet without a journal: it wants all and notes nothing.  Includes mark.
 */
#ifndef FORKPOOL_TOOL_OUTLET_H
#define FORKPOOL_TOOL_OUTLET_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "tool/journal/checkpoint.h"

struct sink {
	struct checkpoint *mark;       /* the journal's; NULL: nothing is noted */
	const char  *name;       /* for messages: "standard output" */
	const char  *surplus;    /* where what is cut off goes */
	int          fd;         /* -1: it only counts entries */
	int          reader;     /* the same file, for reading */
	int          measured, lost;
	int          given_up;   /* an entry could not be written: no more of this run */
	uint64_t     device, inode, base;
	uint64_t     count;      /* entries that are out */
	uint64_t     next;       /* the number of the next entry to be queued */
	uint64_t     queued, out; /* bytes, of this run */
	size_t       tries;      /* counted: what the write() under way is to put there */
	uint64_t     tries_at;   /* where in the file, if it is one */
	int          noted;      /* the mark is of this run; until it has tried to write it changes nothing */
	size_t       doubt;      /* counted: of the bytes that come next, those that an earlier run may have put there */
	uint64_t     doubt_from, doubt_to; /* the same, where in queued; 0: the file tells */
	char        *doubt_text; /* what the file has there, behind doubt_used */
	size_t       doubt_len, doubt_used;
	uint64_t     started;    /* where in out the entry that is under way began */
	uint64_t     at;         /* measured: where in the file the next byte belongs */
	uint64_t     entry_at;   /* measured: where in the file the entry under way began; else what earlier runs had of it */
	uint64_t     pass;       /* counted: bytes to pass over.  measured: there is something in the file up to here */
	uint64_t    *end;        /* a ring: in queued, where the entries end that are not out */
	size_t       end_first, end_count, end_room;
};

/*
 * Look at what fd is and what the mark says of an earlier run.  known: entries that the journal has, in a row.
 * counted: even if it is a file, since others write to it as well.  Ends the tool where the file cannot be read.
 */
void sink_attach(struct sink *, struct checkpoint *, int fd, int counted, uint64_t known,
    const char *name, const char *surplus);
void    sink_detach(struct sink *);
/* Whether that entry is still to be queued; entries come in order, without a gap. */
int     sink_wants(const struct sink *, uint64_t number);
/* The next entry is queued, or written: all bytes since the one before.  1: some of it may be there twice; else 0. */
int     sink_end(struct sink *, uint64_t len);
/* How many bytes at the front of what is queued are out already and are not to be written; -1 and errno. */
ssize_t sink_pass(struct sink *, const void *data, size_t len);
/* How much of len one write() may have. */
size_t  sink_piece(const struct sink *, size_t len);
/* Right before that write(). */
void    sink_tries(struct sink *, size_t len);
/* And after it; 0: it failed. */
void    sink_wrote(struct sink *, size_t len);
/* The entry under way could not be written, and what there was of it has been taken back. */
void    sink_give_up(struct sink *);
/* Entries that the journal has are out again: what is left of those that it lost is to go.  -1 and errno. */
int     sink_caught_up(struct sink *);
#endif
