/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journal_key - one number for all of a command line that decides which jobs there are and how their output looks.
 *
 * How many run at a time, for how long, how often they are tried and what is recorded beside the output may be
 * another the next time.  The items themselves are in each task's hash.  Includes options, checksum, bytes.
 */
#ifndef FORKPOOL_TOOL_JOURNAL_KEY_H
#define FORKPOOL_TOOL_JOURNAL_KEY_H

#include <stdint.h>

#include "tool/base/bytes.h"
#include "tool/cli/options.h"

/* text: the command, for a person. */
uint64_t command_key(const struct options *, struct bytes *text);

#endif
