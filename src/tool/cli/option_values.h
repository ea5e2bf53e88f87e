/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * option_values - parsers for the values of options that have a syntax of their own: delimiters,
 * --halt, --term-seq, plug-ins, regular expressions, styles, users.
 *
 * Each returns NULL and stores the value, or returns a sentence that says what would be right; the
 * caller puts that behind the option's name and the text given.
 */
#ifndef FORKPOOL_TOOL_OPTION_VALUES_H
#define FORKPOOL_TOOL_OPTION_VALUES_H

#include "tool/cli/options.h"

/* One byte, or an escape that xargs knows: \a \b \f \n \r \t \v \\ \0 \ooo \xHH. */
const char *option_value_delimiter(const char *text, int *separator);
/*
 * never, soon or now with fail=, success= or done= N or N%; and GNU parallel's old forms 0, 1, 2,
 * -1, -2, N%.
 */
const char *option_value_halt(const char *text, struct halt_option *);
/* A time, or N% with a fraction if need be, above 100; the other of the two becomes 0. */
const char *option_value_timeout(const char *text, int64_t *ns, double *percent);
/* TERM,ms,...,KILL: the time from the first TERM to KILL. */
const char *option_value_term_seq(const char *text, int64_t *grace_ns);
/* FILE:function[,function...], in one piece of memory: the caller frees *file. */
const char *option_value_plugin(const char *text, char **file, char **functions);
/* A regular expression with Perl's \t, \n, \r, \f and \d; the caller frees *regex. */
const char *option_value_colsep(const char *text, char **regex);
/* A command for sh, and none of those that GNU parallel has built in. */
const char *option_value_limit(const char *text);
const char *option_value_group_markers(const char *text, enum group_markers *);
const char *option_value_jobserver_style(const char *text, enum jobserver_style *);
/* text: NULL or "open", "loopback"; *network: enum forkpool_network. */
const char *option_value_network(const char *text, int *network);
/* USER or USER:GROUP, names or numbers, neither of them root's; without GROUP the user's own. */
const char *option_value_uid(const char *text, uid_t *uid, gid_t *gid);

#endif
