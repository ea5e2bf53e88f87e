/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * task - what is to be run once: the items, the command made of them, and how often it has begun.
 *
 * taskgen makes tasks, run makes each a job and frees it when the job has been published.
 */
#ifndef FORKPOOL_TOOL_TASK_H
#define FORKPOOL_TOOL_TASK_H

#include <stdint.h>
#include <sys/queue.h>

#include "tool/base/bytes.h"

struct item {
	const char *data;
	size_t      len;
};

struct item_list {
	struct item *at;
	size_t count, room;
};
void item_list_add(struct item_list *, struct item);
void item_list_free(struct item_list *);

struct task {
	TAILQ_ENTRY(task) link;
	uint64_t seq;            /* 1, 2, ... in order of the input */
	struct bytes items;      /* each followed by a NUL */
	size_t   item_count;
	int      items_apart;    /* no item is in the command, or, of --shell, in its text */
	int      is_text;        /* --retry-failed: words are a shell, -c and the command as text */
	size_t   columns;        /* items of its first row; 0: --pipe, --retry-failed */
	struct bytes words;      /* argv, each word followed by a NUL; or args of a plug-in */
	size_t   word_count;
	size_t  *slot_at;        /* where in words {%} goes, rising: known when it has run */
	size_t   slot_count;
	size_t   slot_room;      /* allocated in slot_at */
	struct bytes input;      /* --stdin-from: the file, with a NUL; else empty */
	struct bytes tag;        /* what --tag puts before each line */
	uint64_t taken;          /* bytes of standard input up to the end of its items or block */
	uint64_t block_len;      /* --pipe: length of its standard input, in its channel's file */
	unsigned attempts;       /* how often it has begun */
	struct bytes earlier;    /* --junit: what it tells of runs that were tried again */
	uint64_t hash;           /* of what is to run, for the journal */
	uint32_t ticket;         /* of the journal, while it is in flight; 0: none */
	uint64_t entry;          /* the number of its entry in the journal, once it is done */
};
TAILQ_HEAD(task_list, task);

/* All is zero; the buffers of a freed task are used again. */
struct task *task_new(void);
struct task *task_copy(const struct task *);
void         task_free(struct task *); /* NULL is fine */
/* {%} stands at the present end of words. */
void         task_slot_here(struct task *);
/* Put the number of the worker wherever {%} stands, for good. */
void         task_slot_fill(struct task *, unsigned slot);

/* The command as a shell would take it (words quoted where they must be): for the joblog,
   --dry-run, messages. */
void task_command_text(const struct task *, int shell, struct bytes *);
/* The same on one line, for a person (-t, -p): control characters are escaped. */
void task_command_line(const struct task *, int shell, struct bytes *);
/* The i-th item or word; data NULL: there is none. */
struct item task_item(const struct task *, size_t i);
struct item task_word(const struct task *, size_t i);

#endif
