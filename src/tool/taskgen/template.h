/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * template - a command with placeholders: {} {.} {/} {//} {/.} {#} {%} {n} {n.} {-n} ... {name},
 * those of --plus, or the text of -I.
 *
 * It is parsed once and expanded for each job.  {2} is the second item of the job, counted through
 * all its rows, as in GNU parallel.
 */
#ifndef FORKPOOL_TOOL_TEMPLATE_H
#define FORKPOOL_TOOL_TEMPLATE_H

#include "tool/cli/options.h"
#include "tool/items/rows.h"
#include "tool/task/task.h"

struct template;

enum template_form {
	TEMPLATE_WORDS = 0, /* argv: an item stays within its word, or is a word */
	TEMPLATE_LITERAL,   /* argv without placeholders: items come behind it */
	TEMPLATE_ARGUMENTS, /* argv whose first word, the command, has no placeholder: xargs -I */
	/* one text for a shell, as GNU parallel: items are quoted unless they are the command */
	TEMPLATE_QUOTED,
	TEMPLATE_PLAIN,     /* one text for people or files: --tagstring, --results, --wd */
};

/*
 * add_items: a template without placeholders gets the items at its end, as the dialect has it.
 * header: the names of the columns, or NULL.
 */
struct template *template_parse(char *const *words, size_t count, enum template_form,
    const struct options *, const struct row *header, int add_items);
/*
 * Ends the tool at a placeholder that no job can fill: {0}, {3} where no job has three items,
 * {name} that the header does not have.  In GNU parallel such placeholders are empty or stay as
 * they are.
 */
void   template_check(char *const *words, size_t count, const struct options *,
    const struct row *header);
/*
 * Ends the tool at what only GNU parallel replaces: {= Perl =}, and with --plus {:-text} and the
 * like.  As xargs these are texts.
 */
void   template_refuse_foreign(char *const *words, size_t count, const struct options *);
void   template_free(struct template *);
int    template_has_place(const struct template *);
/* Whether a task's items, or parts of them, are in its words. */
int    template_takes_items(const struct template *);
/* Appends the words for these items to task->words; the place of {%} goes into slot_at. */
void   template_expand(const struct template *, const struct item *items, size_t count,
    uint64_t seq, struct task *);
/* Appends the text of TEMPLATE_PLAIN for that task; {%} is slot. */
void   template_text(const struct template *, const struct task *, unsigned slot, struct bytes *);

/* The size of a command line: bytes with a NUL for each word, words, and the longest word. */
struct template_size {
	size_t bytes, words, longest;
};
/*
 * Adds what one more item, the one behind that many, adds to the command line; item NULL, at first:
 * its size without items.  Never too little.
 */
void   template_measure(const struct template *, const struct item *item, size_t before,
    uint64_t seq, struct template_size *);

#endif
