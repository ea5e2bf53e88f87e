/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * parse_units - numbers, sizes, durations and numbers of workers, as people write them.
 *
 * Each function returns NULL and stores the value, or returns a static sentence that says what
 * would be right ("must be a number from 1 to 4096"); the caller puts that behind the option's name
 * and the text given.
 */
#ifndef FORKPOOL_TOOL_PARSE_UNITS_H
#define FORKPOOL_TOOL_PARSE_UNITS_H

#include <stdint.h>

const char *parse_count(const char *text, long long min, long long max, long long *value);
/* From 1 byte; with K, M, G or T: powers of 1024. */
const char *parse_size(const char *text, int64_t *bytes);
/* "1.5", "200ms", "3m", "2h", "1d", "1h30m", above 0. */
const char *parse_duration(const char *text, int64_t *ns);
/* "4", "1.5" or "50%", above 0: a load, or a share of the machine's processors, since the load is
   the machine's too. */
const char *parse_load(const char *text, double *value);
/* N, +N, -N, N% of the processors that this process may use, at least 1; 0: as many as can be (252,
   as GNU parallel). */
const char *parse_workers(const char *text, unsigned *workers);

#endif
