/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * splitter - items as xargs has them without -0 and -d: separated by blanks and newlines, with quotes and backslashes.
 *
 * Includes reader.
 */
#ifndef FORKPOOL_TOOL_SPLITTER_H
#define FORKPOOL_TOOL_SPLITTER_H

#include "tool/items/record_reader.h"

enum xargs_splitter_fault {
	SPLITTER_FINE = 0,
	SPLITTER_DOUBLE,
	SPLITTER_SINGLE,
	SPLITTER_TOO_LONG
};

struct xargs_splitter;
/* whole_lines: blanks separate nothing, as with -I.  bound: bytes of the longest item. */
struct xargs_splitter *xargs_splitter_open(struct record_reader *, int whole_lines, size_t bound);
void      xargs_splitter_close(struct xargs_splitter *); /* the reader is its caller's */
/*
 * The next item, valid until the next call; ends_line: its line ends here, and not with a blank, which would make the next line
 * part of it.  After a fault there is nothing but NEXT_END: then splitter_fault() tells, with the beginning of the item.
 */
enum next xargs_splitter_item(struct xargs_splitter *, struct item *, int *ends_line);
enum xargs_splitter_fault xargs_splitter_fault(const struct xargs_splitter *, struct item *beginning);

#endif
