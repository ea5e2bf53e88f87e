/* SPDX-License-Identifier: BSD-2-Clause */
/* The spool: where each range lies, the worker that writes to it, the parent that reads. */
#include "config.h"
#include "lib/ipc/value_spool.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/os/clock.h"
#include "lib/os/fd.h"
#include "lib/os/heirloom.h"
#include "lib/os/os.h"

#define SPOOL_PAGE  ((uint64_t)4096)
/* From this size on, reading through a mapping is faster than pread(). */
#define MAPPED_MIN  ((size_t)32 << 10)
/* How many bytes of large values a worker may be ahead of the parent. */
#define SPOOL_AHEAD ((uint64_t)16 << 20)
/* Output kept of one run at most, whatever the caller allows: the ranges of all workers must fit
   the offsets of a file. */
#define SPOOL_OUTPUT_MAX ((uint64_t)1 << 40)

static uint64_t
page_up(uint64_t n)
{
	return (n + SPOOL_PAGE - 1) / SPOOL_PAGE * SPOOL_PAGE;
}

int
spool_open(struct spool *s, uint64_t value_max, uint64_t output_max)
{
	if (output_max > SPOOL_OUTPUT_MAX)
		output_max = SPOOL_OUTPUT_MAX;
	s->item_max = value_max + output_max;
	s->output_max = output_max;
	s->values = page_up(s->item_max + (s->item_max < SPOOL_AHEAD ? s->item_max : SPOOL_AHEAD));
	s->stride = s->values + page_up(output_max);
	s->fd = fd_raise(os_memory_file("forkpool-values", 1));
	return s->fd == -1 ? -1 : 0;
}

void
spool_close(struct spool *s)
{
	fd_close(&s->fd);
}

uint64_t
spool_base(const struct spool *s, unsigned worker, unsigned parity)
{
	return ((uint64_t)worker * 2 + parity) * s->stride;
}

uint64_t
spool_last_output(const struct spool *s, unsigned worker, unsigned parity)
{
	return spool_base(s, worker, parity) + s->values;
}

int
spool_holds(const struct spool *s, unsigned worker, unsigned parity, uint64_t offset, uint64_t len)
{
	uint64_t base = spool_base(s, worker, parity);

	return offset >= base && offset - base <= s->values && len <= s->values - (offset - base);
}

void
spool_writer_init(struct spool_writer *w, const struct spool *s, _Atomic uint32_t *taken,
    unsigned worker, unsigned parity)
{
	*w = (struct spool_writer){
		.spool = s, .taken = taken, .base = spool_base(s, worker, parity),
	};
}

int
spool_must_wait(const struct spool_writer *w)
{
	/* Only if a value of the largest size might not fit any more. */
	return atomic_load(w->taken) != w->given &&
	    w->start > w->spool->values - w->spool->item_max;
}

uint64_t
spool_room(const struct spool_writer *w)
{
	/* One that has to wait begins at the range's start, as one does when all are taken. */
	bool at_start = atomic_load(w->taken) == w->given || spool_must_wait(w);
	uint64_t offset = w->base + (at_start ? 0 : w->start);
	struct rlimit limit;

	/* The soft limit is lifted for the write. */
	if (os_limit(RLIMIT_FSIZE, NULL, &limit) == -1 || limit.rlim_max == RLIM_INFINITY)
		return UINT64_MAX;
	return limit.rlim_max > offset ? limit.rlim_max - offset : 0;
}

void
spool_begin(struct spool_writer *w)
{
	while (spool_must_wait(w)) {
		uint32_t taken = atomic_load(w->taken);
		if (taken != w->given)
			os_word_wait(w->taken, taken, 100 * CLOCK_MS);
	}
	if (atomic_load(w->taken) == w->given)
		w->start = 0;
	w->at = w->start;
}

/* Whether a write up to end is below RLIMIT_FSIZE, or would raise SIGXFSZ: 0 it is below, 1 only
   the soft limit is in the way, -1 and EFBIG the hard one is. */
static int
file_limit_check(uint64_t end)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
	    end > limit.rlim_cur) {
		/* The soft limit may be the one set for jobs, and the worker may lift it. */
		errno = EFBIG;
		if (limit.rlim_max != RLIM_INFINITY && end > limit.rlim_max)
			return -1;
		return 1;
	}
	return 0;
}

static int
spool_write(const struct spool *s, uint64_t offset, const void *data, size_t len)
{
	int lift = file_limit_check(offset + len);
	struct rlimit limit, lifted;

	if (lift == -1)
		return -1;
	if (lift == 1) {
		(void)os_limit(RLIMIT_FSIZE, NULL, &limit);
		lifted = limit;
		lifted.rlim_cur = limit.rlim_max;
		if (os_limit(RLIMIT_FSIZE, &lifted, NULL) == -1)
			return -1;
	}
	int r = fd_pwrite_all(s->fd, data, len, (off_t)offset);
	int error = errno;
	if (lift == 1)
		(void)os_limit(RLIMIT_FSIZE, &limit, NULL);
	errno = error == ENOSPC ? ENOMEM : error;
	return r;
}

static void
range_map(struct spool_writer *w)
{
	if (!OS_ADDRESSES_ABOUND)
		return;
	w->map = mmap(NULL, (size_t)w->spool->values, PROT_READ | PROT_WRITE, MAP_SHARED,
	    w->spool->fd, (off_t)w->base);
	if (w->map == MAP_FAILED)
		w->map = NULL;
}

void
spool_writer_map(struct spool_writer *w)
{
	range_map(w);
	if (w->map != NULL && os_page_hidden_from_fork(w->map, (size_t)w->spool->values) == -1) {
		(void)munmap(w->map, (size_t)w->spool->values);
		w->map = NULL;
	}
}

int
spool_append(struct spool_writer *w, const void *data, size_t len)
{
	if (len == 0)
		return 0;
	if (len > w->spool->values - w->at) {
		errno = EMSGSIZE;
		return -1;
	}
	if (w->at + len <= w->backed && w->map == NULL)
		range_map(w);
	if (w->at + len <= w->backed && w->map != NULL)
		memcpy(w->map + w->at, data, len);
	else if (spool_write(w->spool, w->base + w->at, data, len) == -1)
		return -1;
	w->at += len;
	if (w->at > w->backed)
		w->backed = w->at;
	return 0;
}

static int
spool_copy(const struct spool *s, uint64_t offset, int fd, uint64_t len)
{
	char part[16384];

	for (uint64_t done = 0; done < len;) {
		size_t n = len - done < sizeof part ? (size_t)(len - done) : sizeof part;
		if (fd_pread_all(fd, part, n, (off_t)done) == -1 ||
		    spool_write(s, offset + done, part, n) == -1)
			return -1;
		done += n;
	}
	return 0;
}

int
spool_append_file(struct spool_writer *w, int fd, uint64_t len)
{
	if (len > w->spool->values - w->at) {
		errno = EMSGSIZE;
		return -1;
	}
	if (spool_copy(w->spool, w->base + w->at, fd, len) == -1)
		return -1;
	w->at += len;
	return 0;
}

void
spool_reader_init(struct spool_reader *r, const struct spool *s)
{
	r->spool = s;
	r->size = 0;
	/* If somebody could cut the file short, reading a mapping of it could raise SIGBUS. */
	r->map = OS_ADDRESSES_ABOUND && os_file_only_grows(s->fd) ?
	    calloc(2 * SHARED_WORKERS_MAX, sizeof *r->map) :
	    NULL;
}

void
spool_reader_release(struct spool_reader *r)
{
	for (unsigned i = 0; r->map != NULL && i < 2 * SHARED_WORKERS_MAX; i++)
		if (r->map[i] != NULL)
			(void)munmap(r->map[i], (size_t)r->spool->stride);
	free(r->map);
	r->map = NULL;
}

int
spool_read(struct spool_reader *r, unsigned worker, unsigned parity, uint64_t offset, void *data,
    size_t len)
{
	const struct spool *s = r->spool;
	uint64_t base = spool_base(s, worker, parity);
	struct stat st;

	if (offset < base || offset - base > s->stride || len > s->stride - (offset - base)) {
		errno = EIO;
		return -1;
	}
	if (r->map == NULL || len < MAPPED_MIN)
		return fd_pread_all(s->fd, data, len, (off_t)offset);
	if (offset + len > r->size && fstat(s->fd, &st) == 0)
		r->size = (uint64_t)st.st_size;
	if (offset + len > r->size) {
		errno = EIO;
		return -1;
	}
	char **map = &r->map[2 * worker + parity];
	if (*map == NULL) {
		void *range = heirloom_of_file(s->fd, (off_t)base, (size_t)s->stride, PROT_READ);
		if (range == NULL)
			return fd_pread_all(s->fd, data, len, (off_t)offset);
		*map = range;
	}
	memcpy(data, *map + (offset - base), len);
	return 0;
}

void
spool_commit(struct spool_writer *w)
{
	w->start = w->at;
	w->given++;
}

int
spool_keep_output(const struct spool *s, unsigned worker, unsigned parity, int fd, uint64_t len)
{
	return spool_copy(s, spool_last_output(s, worker, parity), fd, len);
}
