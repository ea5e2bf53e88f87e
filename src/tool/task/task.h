/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * task - one job of the tool, from its items to its record.
 *
 * Made by the batcher, sent by run, recorded when it has ended, freed when its output has been
 * published.  Includes bytes.
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
	int      is_text;        /* words are a shell, -c and a text, and the text is the command (--retry-failed) */
	size_t   columns;        /* items that are of its first row; 0: of --pipe or --retry-failed */
	struct bytes words;      /* argv, each word followed by a NUL; plug-in: the args, as they are */
	size_t   word_count;
	size_t  *slot_at;        /* {%} is known when a worker has it: where in words its number goes, rising */
	size_t   slot_count;
	size_t   slot_room;      /* what slot_at has memory for */
	struct bytes tag;        /* what --tag puts before each line */
	uint64_t block_len;      /* --pipe: bytes of its standard input, in the file of its channel */
	unsigned attempts;       /* begun */
	uint64_t hash;           /* of what is to run, for the journal */
	uint32_t ticket;         /* its place among those that have begun; 0: none */
	uint64_t entry;          /* its number in the journal, once it is done */
};
TAILQ_HEAD(task_list, task);

struct task *task_new(void);            /* all zero but seq-less; recycled where it can be */
struct task *task_copy(const struct task *); /* on no list */
/* {%} goes in at the present end of words. */
void         task_slot_here(struct task *);
/* It is that number, for good. */
void         task_slot_fill(struct task *, unsigned slot);
void         task_free(struct task *);  /* NULL is fine */

/* The command as a shell would take it (words quoted where they must be): for the joblog,
   --dry-run, -t, messages. */
void task_command_text(const struct task *, int shell, struct bytes *);
/* The i-th item or word; data is NULL where there is none. */
struct item task_item(const struct task *, size_t i);
struct item task_word(const struct task *, size_t i);

#endif
