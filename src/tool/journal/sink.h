/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sink - a place that a run appends to (standard output, a joblog, ...), and how much of the
 * results is out there already.
 *
 * With a journal a checkpoint in it says how much is out, so that a run that goes on after a kill
 * knows where to begin.  What goes out consists of entries: a job's output, or a line of a joblog.
 * Each entry has its number, 0, 1, ... in the order in which the entries go out.
 *
 *	sink_wants(number) -> the bytes are queued -> sink_end(length) ...
 *	    sink_pass() -> sink_piece() -> sink_tries() -> write() -> sink_wrote()
 *
 * A regular file is measured: the checkpoint has the offset at which the next entry begins, and
 * whatever the file has behind that offset is compared with the bytes that are to be written.
 * Bytes that agree are not written again, so it does not matter how many of them were out when the
 * tool was killed.  Where a byte differs, it depends:
 *  - the journal has lost entries that had gone out, or an entry is under way: the bytes that
 *    differ are saved beside the journal (FILE.surplus) and cut off;
 *  - else they are not this run's, and the run goes on behind them.
 * Anything else is counted: after each write() the checkpoint has the number of entries that are
 * out and the number of bytes of the next one, and before each write() how many bytes are tried.
 * So that a write is all or nothing, a pipe gets PIPE_BUF bytes at most.  A kill between the two
 * checkpoints leaves these bytes in doubt.  If the sink is a file after all (a file that others
 * write to as well is counted), the file shows whether it has them.  A pipe cannot be asked, so it
 * gets them again: sink_end() tells that an entry may be there twice, while a missing entry could
 * not be made good.
 *
 * A struct sink that is all zero has no journal: it wants all entries and notes nothing.
 */
#ifndef FORKPOOL_TOOL_SINK_H
#define FORKPOOL_TOOL_SINK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "tool/journal/checkpoint.h"

struct sink {
	struct checkpoint *checkpoint; /* the journal's; NULL: nothing is noted */
	const char  *name;       /* for messages: "standard output" */
	const char  *surplus;    /* the file that gets what is cut off */
	int          fd;         /* -1: the sink only counts entries */
	int          reader;     /* the same file, for reading */
	int          measured, lost;
	int          given_up;   /* an entry could not be written: this run adds no more */
	uint64_t     device, inode, base;
	uint64_t     count;      /* entries that are out */
	uint64_t     next;       /* the number of the next entry to be queued */
	uint64_t     queued, out; /* bytes of this run */
	size_t       tries;      /* counted: bytes of the write() under way */
	uint64_t     tries_at;   /* where in the file they go, if the sink is one */
	int          noted;      /* this run has stored the checkpoint; not before it writes */
	size_t       doubt;      /* counted: so many of the next bytes may be out already */
	uint64_t     doubt_from, doubt_to; /* the same as a range of queued; 0: the file tells */
	char        *doubt_text; /* what the file has in their place, of which doubt_used agreed */
	size_t       doubt_len, doubt_used;
	uint64_t     started;    /* where in out the entry under way began */
	uint64_t     at;         /* measured: where in the file the next byte belongs */
	/* Of the entry under way: measured: where it began; counted: earlier runs' bytes of it. */
	uint64_t     entry_at;
	uint64_t     pass;       /* counted: bytes to pass over; measured: the end of the file */
	uint64_t    *end;        /* a ring: in queued, the ends of the entries that are not out */
	size_t       end_first, end_count, end_room;
};

/*
 * Looks at what fd is and what the checkpoint says of an earlier run.  known: how many entries, in
 * a row, the journal has.  counted: count even if fd is a file, since others write to it as well.
 * Ends the tool where the file cannot be read.
 */
void sink_attach(struct sink *, struct checkpoint *, int fd, int counted, uint64_t known,
    const char *name, const char *surplus);
void    sink_detach(struct sink *);
/* Whether that entry is still to be queued.  Entries come in order, without a gap. */
int     sink_wants(const struct sink *, uint64_t number);
/*
 * The next entry is queued, or written: all bytes since the one before.  1: some of its bytes may
 * be out twice; else 0.
 */
int     sink_end(struct sink *, uint64_t len);
/* How many bytes at the front of the queue are out already and not to be written; -1 and errno. */
ssize_t sink_pass(struct sink *, const void *data, size_t len);
/* How many of len bytes one write() may have. */
size_t  sink_piece(const struct sink *, size_t len);
/* Called right before that write(). */
void    sink_tries(struct sink *, size_t len);
/* Called right after it; len 0: it failed. */
void    sink_wrote(struct sink *, size_t len);
/* The entry under way could not be written, and the caller has cut off what was written of it. */
void    sink_give_up(struct sink *);
/*
 * All entries that the journal has are out again: what is left in the file are entries that the
 * journal lost, and is cut off.  -1 and errno.
 */
int     sink_caught_up(struct sink *);
#endif
