/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options_value - the values of options that are more than a number: delimiters, halting, endings, plug-ins, styles.
 *
 * Each returns NULL, or what would be right, to be put behind the option and the text.  Includes options, quantity.
 */
#ifndef FORKPOOL_TOOL_OPTIONS_VALUE_H
#define FORKPOOL_TOOL_OPTIONS_VALUE_H

#include "tool/cli/options.h"

/* One byte, or as xargs has it: \a \b \f \n \r \t \v \\ \0 \ooo \xHH. */
const char *value_delimiter(const char *text, int *separator);
/* never, soon or now with fail=, success= or done= N or N%; and GNU parallel's old 0, 1, 2, -1, -2, N%. */
const char *value_halt(const char *text, struct halt_option *);
/* TERM,ms,...,KILL: the time from the first TERM to KILL. */
const char *value_term_seq(const char *text, int64_t *grace_ns);
/* FILE:function[,function...]: two strings in one piece of memory, to be freed by *file. */
const char *value_plugin(const char *text, char **file, char **functions);
/* A regular expression, in which \t, \n, \r, \f and \d are what they are in Perl: *regex is to be freed. */
const char *value_colsep(const char *text, char **regex);
const char *value_jobserver_style(const char *text, enum jobserver_style *);

#endif
