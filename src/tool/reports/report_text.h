/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report_text - bytes from outside as JSON strings that may stand in a page: no text in them can
 * be markup, or end the element that they stand in.
 *
 * Bytes that are not UTF-8, and characters that cannot be seen, become escapes first (escape.h).
 */
#ifndef FORKPOOL_TOOL_REPORT_TEXT_H
#define FORKPOOL_TOOL_REPORT_TEXT_H

#include "tool/base/bytes.h"
#include "tool/task/output_buffer.h"

/* Adds text, which is UTF-8, in quotes. */
void report_text_add(struct bytes *, const char *text, size_t len);
/* Adds any bytes in quotes, as one line that is cut to max bytes. */
void report_text_add_line(struct bytes *, const char *data, size_t len, size_t max);
/* Adds the first lines of a text, of max bytes together (at most REPORT_TAIL_MAX). */
void report_text_add_head(struct bytes *, const char *text, size_t max);
/*
 * Adds the end of a job's output, in lines: its last max bytes (at most REPORT_TAIL_MAX), from
 * where a line begins.
 */
#define REPORT_TAIL_MAX ((size_t)4096)
void report_text_add_tail(struct bytes *, const struct output_buffer *, size_t max);

#endif
