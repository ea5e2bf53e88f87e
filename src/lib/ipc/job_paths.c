/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes a job's paths behind its arguments, and finds them there. */
#include "config.h"
#include "lib/ipc/job_paths.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

/* Before each path, for what it may be used. */
enum { READ = 'r', WRITE = 'w' };

struct block_end {
	uint32_t size; /* of the paths */
};
_Static_assert(sizeof(struct block_end) == JOB_PATHS_NONE, "a block without paths is not one");

/* Bytes of the paths, each with its letter and NUL.  Adds up *count; SIZE_MAX: too many. */
static size_t
list_size(const char *const *paths, unsigned *count)
{
	size_t size = 0;

	for (; paths != NULL && *paths != NULL; paths++) {
		size_t len = strnlen(*paths, JOB_PATHS_SIZE_MAX);
		if (++*count > JOB_PATHS_MAX || (size += len + 2) > JOB_PATHS_SIZE_MAX)
			return SIZE_MAX;
	}
	return size;
}

static char *
list_write(char *at, const char *const *paths, char letter)
{
	for (; paths != NULL && *paths != NULL; paths++) {
		size_t len = strlen(*paths) + 1;
		*at++ = letter;
		memcpy(at, *paths, len);
		at += len;
	}
	return at;
}

size_t
job_paths_block_size(const struct forkpool_job *job)
{
	unsigned count = 0;
	size_t readable = list_size(job->readable, &count);
	size_t writable = readable == SIZE_MAX ? SIZE_MAX : list_size(job->writable, &count);

	if (writable == SIZE_MAX || readable + writable > JOB_PATHS_SIZE_MAX ||
	    job->args_len > SIZE_MAX - JOB_PATHS_SIZE_MAX - sizeof(struct block_end))
		return 0;
	return job->args_len + readable + writable + sizeof(struct block_end);
}

void *
job_paths_block(struct kept_heap *heap, const struct forkpool_job *job, size_t size)
{
	const struct block_end end = {
		.size = (uint32_t)(size - job->args_len - sizeof(struct block_end)),
	};
	char *block = kept_alloc(heap, size);

	if (block == NULL)
		return NULL;
	if (job->args_len > 0)
		memcpy(block, job->args, job->args_len);
	char *at = list_write(block + job->args_len, job->readable, READ);
	at = list_write(at, job->writable, WRITE);
	memcpy(at, &end, sizeof end);
	return block;
}

int
job_paths_find(struct job_paths *paths, const void *block, size_t *len)
{
	const char *from = block;
	struct block_end end;

	*paths = (struct job_paths){ NULL, NULL };
	if (*len == 0)
		return 0;
	errno = EBADMSG;
	if (*len < sizeof end)
		return -1;
	memcpy(&end, from + *len - sizeof end, sizeof end);
	if (end.size > *len - sizeof end || end.size > JOB_PATHS_SIZE_MAX)
		return -1;
	paths->end = from + *len - sizeof end;
	paths->at = paths->end - end.size;
	if (end.size > 0 && paths->end[-1] != '\0')
		return -1;
	*len -= sizeof end + end.size;
	return 0;
}

const char *
job_paths_next(struct job_paths *paths, bool *writable)
{
	if (paths->end - paths->at < 2)
		return NULL;
	const char *path = paths->at + 1;
	*writable = paths->at[0] == WRITE;
	paths->at = path + strlen(path) + 1;
	return path;
}
