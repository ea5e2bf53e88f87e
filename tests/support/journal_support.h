/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journal_support - a journal in a directory of its own, jobs that end in it, and what refuses it.
 */
#ifndef FORKPOOL_TESTS_JOURNAL_SUPPORT_H
#define FORKPOOL_TESTS_JOURNAL_SUPPORT_H

#include "tests/support/support.h"

#include "tool/journal/journal.h"

/* For what is asked a million times: libcheck notes each of its own in a file. */
#define must(what) do { if (!(what)) ck_abort_msg("%s", #what); } while (0)

extern char journal_path[];      /* the directory is made, and goes with the test */
extern struct options journal_options; /* --journal FILE command */

void journal_setup(void);
void journal_teardown(void);

/* A whole file; the caller frees. */
char *file_read(const char *path, size_t *len);
void  file_write(const char *path, const void *data, size_t len);

/* Task seq of a made-up input; its output is text_of(seq). */
struct task *job(uint64_t seq);
const char  *text_of(uint64_t seq);
/* It ends well and has written its text; the task is freed. */
void         done(struct journal *, uint64_t seq);
enum journal_state look(struct journal *, uint64_t seq);
/* What is to be let out, each seq in its turn; the caller closes nothing.  Returns how many. */
size_t       replay(struct journal *, uint64_t *seqs, size_t room);

/* journal_open() in a process of its own ends the tool with status 1 and a line that has this in it. */
void refused(const char *needle);

#endif
