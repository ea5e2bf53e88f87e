/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report_text - bytes from outside as JSON strings that may stand in a page: no text in them can end the element that
 * they stand in, or be markup.
 *
 * What is no UTF-8, and what would not be seen, becomes escapes first (visible).  Includes bytes, store.
 */
#ifndef FORKPOOL_TOOL_REPORT_TEXT_H
#define FORKPOOL_TOOL_REPORT_TEXT_H

#include "tool/base/bytes.h"
#include "tool/task/output_buffer.h"

/* In quotes; text is UTF-8. */
void report_text_add(struct bytes *, const char *text, size_t len);
/* The same of any bytes, shown in a line, cut to what fits in max. */
void report_text_add_line(struct bytes *, const char *data, size_t len, size_t max);
/* The end of what a job wrote, shown in lines: of its last max bytes (at most REPORT_TAIL_MAX), from where one begins. */
#define REPORT_TAIL_MAX ((size_t)4096)
void report_text_add_tail(struct bytes *, const struct output_buffer *, size_t max);

#endif
