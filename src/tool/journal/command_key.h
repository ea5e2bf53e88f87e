/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * command_key - one number for all of a command line that decides which jobs there are and how
 * their output looks.
 *
 * A later run with the same journal may use another number of workers, other timeouts and retries,
 * and record other things beside the output: none of these is in the key.  The items themselves
 * are in each task's hash.
 */
#ifndef FORKPOOL_TOOL_COMMAND_KEY_H
#define FORKPOOL_TOOL_COMMAND_KEY_H

#include <stdint.h>

#include "tool/base/bytes.h"
#include "tool/cli/options.h"

/* text: the command, for a person to read. */
uint64_t command_key(const struct options *, struct bytes *text);

#endif
