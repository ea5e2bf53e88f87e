/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xargs_splitter - items as xargs separates them without -0 and -d: by blanks and newlines, with
 * quotes and backslashes.
 */
#ifndef FORKPOOL_TOOL_XARGS_SPLITTER_H
#define FORKPOOL_TOOL_XARGS_SPLITTER_H

#include "tool/items/record_reader.h"

enum xargs_splitter_fault {
	SPLITTER_FINE = 0,
	SPLITTER_DOUBLE,  /* an unmatched double quote */
	SPLITTER_SINGLE,
	SPLITTER_TOO_LONG
};

struct xargs_splitter;
/* whole_lines: blanks separate nothing, as with -I.  bound: bytes of the longest item. */
struct xargs_splitter *xargs_splitter_open(struct record_reader *, int whole_lines, size_t bound);
void      xargs_splitter_close(struct xargs_splitter *); /* leaves the reader open */
/*
 * The next item, valid until the next call.  ends_line: the item is the last of its line, and the
 * line does not end with a blank, which would make the next line a part of it.  After a fault all
 * calls return NEXT_END.
 */
enum next xargs_splitter_item(struct xargs_splitter *, struct item *, int *ends_line);
/* The fault, if any, and the beginning of the item that has it. */
enum xargs_splitter_fault
xargs_splitter_fault(const struct xargs_splitter *, struct item *beginning);

#endif
