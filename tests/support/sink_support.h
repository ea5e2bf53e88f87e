/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sink_support - a sink with a checkpoint of a test's own, and entries that go out to it.
 */
#ifndef FORKPOOL_TESTS_SINK_SUPPORT_H
#define FORKPOOL_TESTS_SINK_SUPPORT_H

#include "tests/support/journal_support.h"

#include "tool/journal/sink.h"

/* Both files are in the directory of journal_path; the checkpoint says 0. */
extern char sink_path[256], sink_surplus[256];
extern struct checkpoint sink_checkpoint;

/* As journal_setup(), which they call; the fixture ends with journal_teardown(). */
void sink_setup(void);
/* Begins again with a checkpoint that says 0. */
void sink_checkpoint_new(void);

/* Entry i of a run: some entries are empty, some begin as others do. */
const char *entry(uint64_t i);
/* before and the first n entries. */
void expect(char *to, size_t size, const char *before, uint64_t n);
/* The file has exactly that text. */
void has(const char *file, const char *wanted);

/* One entry, passed over or written as the recorders do. */
void append(struct sink *, uint64_t number, const void *data, size_t len);
/* Appends entries from to n - 1. */
void let_out(struct sink *, uint64_t from, uint64_t n);
/* Adds the entries up to n - 1 that the sink wants to the end of all, a text, and queues them. */
void queue(struct sink *, uint64_t n, char *all);
/*
 * Passes over and writes the first most bytes of all that was queued, at most pass or piece of
 * them at once.
 */
void write_queued(struct sink *, const char *all, size_t most, size_t pass, size_t piece);

#endif
