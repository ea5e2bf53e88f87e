/* SPDX-License-Identifier: BSD-2-Clause */
/* The names of a job's directories below --results DIR, made of its items. */
#include "config.h"
#include "tool/records/results_path.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tool/base/checksum.h"

enum results_kind
results_kind(const char *name)
{
	static const struct { const char end[6]; enum results_kind kind; } known[] = {
		{ ".csv", RESULTS_CSV }, { ".tsv", RESULTS_TSV }, { ".json", RESULTS_JSON },
		{ ".tap", RESULTS_TAP },
	};
	size_t len = strlen(name);

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		size_t n = strlen(known[i].end);
		if (len >= n && strcasecmp(name + len - n, known[i].end) == 0)
			return known[i].kind;
	}
	return RESULTS_TREE;
}

static void
name_add(struct bytes *names, const char *data, size_t len, size_t name_max)
{
	static const char special[] = "\\\t/", escape[] = "\\t_";
	size_t from = names->len;

	if ((len == 1 && data[0] == '.') || (len == 2 && data[0] == '.' && data[1] == '.'))
		bytes_add_byte(names, '\\');
	for (size_t i = 0; i < len; i++) {
		const char *at = data[i] != '\0' ? strchr(special, data[i]) : NULL;
		if (at != NULL || data[i] == '\0')
			bytes_add_byte(names, '\\');
		char c = data[i] == '\0' ? '0' : data[i];
		bytes_add_byte(names, at != NULL ? escape[at - special] : c);
	}
	if (names->len - from > name_max) {
		char hash[24];
		int n = snprintf(hash, sizeof hash, "-%016" PRIx64,
		    checksum_hash(CHECKSUM_HASH_START, data, len));
		names->len = from + (name_max > (size_t)n ? name_max - (size_t)n : 0);
		/* Do not cut within a character. */
		while (names->len > from && (names->at[names->len] & 0xc0) == 0x80)
			names->len--;
		bytes_add(names, hash, (size_t)n);
	}
	bytes_add_byte(names, '\0');
}

/* Names are ordered as perl does: by the numbers that they begin with, then byte by byte. */
static const struct row *sorted_names;

static int
by_name(const void *a, const void *b)
{
	const struct item *x = &sorted_names->items[*(const size_t *)a],
			  *y = &sorted_names->items[*(const size_t *)b];
	double m = strtod(x->data, NULL), n = strtod(y->data, NULL);

	if (m < n || m > n)
		return m < n ? -1 : 1;
	int order = memcmp(x->data, y->data, x->len < y->len ? x->len : y->len);
	if (order != 0)
		return order;
	return (x->len > y->len) - (x->len < y->len);
}

size_t
results_names(const struct job_record *r, size_t name_max, struct bytes *names)
{
	const struct task *task = r->task;
	size_t columns = task->columns > 0 ? task->columns : task->item_count, count = 0;
	int named = r->header != NULL && r->header->count >= columns;
	char number[24];

	bytes_clear(names);
	if (columns == 0) {
		/* --pipe: without items, the job's number makes each block's directory. */
		(void)snprintf(number, sizeof number, "%" PRIu64, task->seq);
		name_add(names, number, strlen(number), name_max);
		return 1;
	}
	size_t *order = calloc(columns, sizeof *order);
	if (order == NULL)
		fail_memory();
	for (size_t i = 0; i < columns; i++)
		order[i] = i;
	if (named) {
		sorted_names = r->header;
		qsort(order, columns, sizeof *order, by_name);
	}
	for (size_t row = 0; row < task->item_count; row += columns) {
		for (size_t i = 0; i < columns && row + order[i] < task->item_count; i++) {
			struct item item = task_item(task, row + order[i]);
			(void)snprintf(number, sizeof number, "%zu", order[i] + 1);
			struct item name = named ? r->header->items[order[i]] :
						   (struct item){ number, strlen(number) };
			name_add(names, name.data, name.len, name_max);
			count++;
			/* As in GNU parallel an empty item makes no directory. */
			if (item.len > 0) {
				name_add(names, item.data, item.len, name_max);
				count++;
			}
		}
	}
	free(order);
	return count;
}

int
results_path_leaves(const char *path)
{
	for (const char *at = path; at != NULL; at = strchr(at, '/')) {
		at += *at == '/';
		if (strncmp(at, "..", 2) == 0 && (at[2] == '/' || at[2] == '\0'))
			return 1;
	}
	return 0;
}
