/* SPDX-License-Identifier: BSD-2-Clause */
/* The descriptors that a caller lists: checked and duplicated in the parent, placed in the
   supervisor. */
#include "config.h"
#include "lib/os/inherited_fds.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
by_number(const void *a, const void *b)
{
	const struct descriptor *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

/* How many descriptors the list has, or -1. */
static int
list_check(const int *list, char *error, size_t error_size)
{
	int n = 0;

	for (; list[n] != -1; n++) {
		if ((unsigned)n == DESCRIPTORS_MAX) {
			(void)snprintf(error, error_size,
			    "descriptors: more than %u, or no -1 after the last", DESCRIPTORS_MAX);
			errno = EINVAL;
			return -1;
		}
		if (list[n] <= 2) {
			(void)snprintf(error, error_size, "descriptors: %d is not above 2",
			    list[n]);
			errno = EINVAL;
			return -1;
		}
	}
	return n;
}

/* Sort by number, drop duplicates, and fill in the spans. */
static void
list_sort(struct descriptors *d)
{
	size_t kept = 0;

	qsort(d->each, d->count, sizeof *d->each, by_number);
	for (size_t i = 0; i < d->count; i++) {
		int number = d->each[i].number;
		if (kept > 0 && d->each[kept - 1].number == number)
			continue;
		d->each[kept++] = d->each[i];
		if (d->span_count > 0 && d->spans[d->span_count - 1].last == number - 1)
			d->spans[d->span_count - 1].last = number;
		else
			d->spans[d->span_count++] = (struct fd_span){ number, number };
	}
	d->count = kept;
}

int
descriptors_take(struct descriptors *d, const int *list, char *error, size_t error_size)
{
	int n = list != NULL ? list_check(list, error, error_size) : 0;

	if (n <= 0)
		return n;
	d->each = calloc((size_t)n, sizeof *d->each);
	d->spans = calloc((size_t)n, sizeof *d->spans);
	if (d->each == NULL || d->spans == NULL) {
		(void)snprintf(error, error_size, "no memory for the list of descriptors");
		errno = ENOMEM;
		return -1;
	}
	d->count = (size_t)n;
	for (int i = 0; i < n; i++)
		d->each[i] = (struct descriptor){ .number = list[i], .kept = -1 };
	/* Check all before the first duplicate is made: the duplicate could get the number of a
	   listed descriptor that is not open. */
	for (size_t i = 0; i < d->count; i++)
		if ((d->each[i].flags = fcntl(d->each[i].number, F_GETFD)) == -1) {
			int saved = errno;
			(void)snprintf(error, error_size, "descriptors: %d cannot be had: %s",
			    d->each[i].number, strerror(saved));
			errno = saved;
			return -1;
		}
	list_sort(d);
	for (size_t i = 0; i < d->count; i++)
		if ((d->each[i].kept = fcntl(d->each[i].number, F_DUPFD_CLOEXEC, 3)) == -1) {
			int saved = errno;
			(void)snprintf(error, error_size,
			    "descriptors: cannot keep a duplicate of %d: %s", d->each[i].number,
			    strerror(saved));
			errno = saved;
			return -1;
		}
	return 0;
}

void
descriptors_release(struct descriptors *d)
{
	for (size_t i = 0; i < d->count; i++)
		fd_close(&d->each[i].kept);
	free(d->each);
	free(d->spans);
	*d = (struct descriptors){ 0 };
}

int
descriptors_place(const struct descriptors *d, int *socket)
{
	for (size_t i = 0; i < d->count; i++) {
		const struct descriptor *each = &d->each[i];
		/* The socket may move to the number of a later entry: then it moves once more. */
		if (*socket == each->number && (*socket = fcntl(*socket, F_DUPFD_CLOEXEC, 3)) == -1)
			return -1;
		if (dup2(each->kept, each->number) == -1 ||
		    (each->flags != 0 && fcntl(each->number, F_SETFD, each->flags) == -1))
			return -1;
	}
	return 0;
}
