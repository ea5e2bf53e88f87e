/*
 * store - job output that waits to be published: in memory up to a budget for all of it, beyond that in one file
 * without a name, whose space is given back as it is taken.
 *
 * A pocket is one stream's bytes, in order; only its front is taken and its end added to.  Trouble with the file ends
 * the tool's run: store_error() then tells.
 */
#ifndef FORKPOOL_TOOL_STORE_H
#define FORKPOOL_TOOL_STORE_H

#include <stdint.h>
#include <sys/queue.h>

#include "tool/base/bytes.h"

/* So much memory for all pockets. */
#define STORE_MEMORY (UINT64_C(16) << 20)

struct store_piece;
struct pocket {
	STAILQ_HEAD(store_pieces, store_piece) pieces;
	uint64_t len;
};

void     pocket_init(struct pocket *);
void     pocket_clear(struct pocket *);
/* 0, or -1 and errno: no room on disk; nothing was added. */
int      pocket_add(struct pocket *, const void *data, size_t len);
/* All of from to the end of to, without copying; from is empty then. */
void     pocket_move(struct pocket *to, struct pocket *from);
/* A view of bytes at its front, at most size (they are read into buffer where they lie in the file, or in several small
   pieces); its length, 0 where it is empty, -1 and errno. */
ssize_t  pocket_front(const struct pocket *, const char **data, char *buffer, size_t size);
/* The same from any offset, copied (reading in a row is fast); as much as lies together. */
ssize_t  pocket_read(const struct pocket *, uint64_t offset, void *buffer, size_t size);
void     pocket_drop(struct pocket *, size_t len); /* from the front */

/* A file without a name in $TMPDIR, or /tmp: its descriptor (close-on-exec), or -1 and errno. */
int      store_file(void);
uint64_t store_bytes(void); /* in all pockets */
void     store_close(void); /* the pockets are empty */

#endif
