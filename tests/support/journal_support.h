/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journal_support - a journal in a directory of its own, and jobs that end in it.
 */
#ifndef FORKPOOL_TESTS_JOURNAL_SUPPORT_H
#define FORKPOOL_TESTS_JOURNAL_SUPPORT_H

#include "tests/support/support.h"
#include "tests/support/tool_records.h"

#include "tool/journal/journal.h"

extern char journal_path[];      /* its directory is made for each test, and goes with it */
extern struct options journal_options; /* --journal FILE command */

void journal_setup(void);
void journal_teardown(void);

/* Task seq of an invented input; its output is text_of(seq). */
struct task *job(uint64_t seq);
const char  *text_of(uint64_t seq);
/* Adds the end of job(seq) with its output to the journal. */
void         done(struct journal *, uint64_t seq);
/* The state of job(seq). */
enum journal_state look(struct journal *, uint64_t seq);
/* Replays all entries: their seqs in order, at most room.  Returns how many. */
size_t       replay(struct journal *, uint64_t *seqs, size_t room);

/* journal_open() ends the tool with status 1 and one line that has this in it. */
void refused(const char *needle);

#endif
