/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * template - a command with places for items: {} {.} {/} {//} {/.} {#} {%} {n} {n.} {-n} ... {name}, or what -I says.
 *
 * Parsed once, expanded for each job.  Items are counted through all rows of the job, as GNU parallel does: {2} is the second
 * of them.  Includes options, quote, sources, task.
 */
#ifndef FORKPOOL_TOOL_TEMPLATE_H
#define FORKPOOL_TOOL_TEMPLATE_H

#include "tool/cli/options.h"
#include "tool/items/rows.h"
#include "tool/task/task.h"

struct template;

enum template_form {
	TEMPLATE_WORDS = 0, /* argv: an item stays within its word, or is a word */
	TEMPLATE_LITERAL,   /* argv without places: items come behind it */
	TEMPLATE_ARGUMENTS, /* argv whose first word, the command, has no place: xargs -I */
	TEMPLATE_QUOTED,    /* one text for a shell, in GNU parallel's way: items go into it quoted (unless they are its command) */
	TEMPLATE_PLAIN,     /* one text for people or files: --tagstring, --results, --wd */
};

/*
 * add_items: as the dialect has it, items go to the end where no place is named.  header: the columns' names, NULL for none.
 */
struct template *template_parse(char *const *words, size_t count, enum template_form,
    const struct options *, const struct row *header, int add_items);
/*
 * Places that no job can fill end the tool: {0}, a {3} where no job has three items, with a header a {name} that it does not have.
 * GNU parallel leaves them empty or as they are.
 */
void
template_check(char *const *words, size_t count, const struct options *, const struct row *header);
void   template_free(struct template *);
int    template_has_place(const struct template *);
/* Append its words for these items to task->words, count them in word_count; {%} becomes an entry of slot_at. */
void template_expand(const struct template *, const struct item *items, size_t count, uint64_t seq,
    struct task *);
/* The text of TEMPLATE_PLAIN for that task; {%} is slot. */
void   template_text(const struct template *, const struct task *, unsigned slot, struct bytes *);

/* What a command line takes: bytes with a NUL for each word; words; and the longest word. */
struct template_size {
	size_t bytes, words, longest;
};
/* Add what one more item makes of it, behind as many; before the first, items NULL, what it has without.  Never too little. */
void template_measure(const struct template *, const struct item *item, size_t before, uint64_t seq,
    struct template_size *);

#endif
