/* SPDX-License-Identifier: BSD-2-Clause */
/* The journal's file itself: making it, holding it, and whether it is ours and whole. */
#include "config.h"
#include "tool/journal/journal_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tool/base/checksum.h"
#include "tool/base/file_io.h"
#include "tool/base/message.h"
#include "tool/journal/journal_internal.h"

#define MAGIC           "forkpool journal"
#define FORMAT          2u
#define BYTE_ORDER_MARK UINT32_C(0x01020304)
/* How long to wait until a killed run's last processes are gone. */
#define HOLD_MS         15000
/* A runner that was killed a moment ago may need so long to be gone itself. */
#define RUNNER_MS       1000

/* The file's name must be on the disk too. */
static int
sync_directory(const char *path)
{
	char directory[PATH_MAX];
	const char *slash = strrchr(path, '/');
	size_t len = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);

	(void)snprintf(directory, sizeof directory, "%.*s", len > 0 ? (int)len : 1,
	    len > 0 ? path : ".");
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* Nothing can be done where a directory cannot be opened or synced: go on. */
	if (fd == -1)
		return 0;
	int done = fsync(fd) == 0 || errno == EINVAL || errno == EBADF;
	(void)close(fd);
	return done ? 0 : -1;
}

/* Whether a runner has the file that is not killed, and in *pid its process; 0: unknown. */
static int
has_runner(int fd, pid_t *pid)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };

	if (fcntl(fd, F_GETLK, &lock) == -1 || lock.l_type == F_UNLCK)
		return 0;
	/* A process that this one cannot see has the number 0, or -1. */
	*pid = lock.l_pid > 0 ? lock.l_pid : 0;
	return 1;
}

/*
 * There are two locks.  flock() locks the open file, which the pool hands on to the runner's
 * workers.  They keep the lock until the last of them is gone: until then they begin jobs that they
 * were given, and note them in the page, whatever has become of the runner.  Workers of a killed
 * runner are about to exit, so wait for them.  The other lock is fcntl()'s, which is the runner's
 * alone and ends with it.  It tells for whom there is no point in waiting.
 */
static void
hold(const char *path, int fd)
{
	const struct timespec moment = { .tv_nsec = 10000000 };
	const struct flock own = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };
	pid_t runner;

	for (int waited = 0; flock(fd, LOCK_EX | LOCK_NB) == -1; waited += 10) {
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK)
			fail_errno("--journal %s: cannot be locked", path);
		if (waited >= RUNNER_MS && has_runner(fd, &runner)) {
			char process[32] = "";
			if (runner > 0)
				(void)snprintf(process, sizeof process, ", process %ld",
				    (long)runner);
			fail("--journal %s: another runner holds it%s: wait for its end, or name "
			     "another file",
			    path, process);
		}
		if (waited >= HOLD_MS)
			fail("--journal %s: processes of a run that was killed still hold it",
			    path);
		(void)nanosleep(&moment, NULL);
	}
	/* Where a network's file system takes the two for one, another runner waits in vain. */
	(void)fcntl(fd, F_SETLK, &own);
}

static int
open_and_hold(const char *path)
{
	struct stat st, named;

	for (;;) {
		int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
		if (fd == -1)
			fail_errno("--journal %s", path);
		if (fstat(fd, &st) == -1)
			fail_errno("--journal %s", path);
		if (!S_ISREG(st.st_mode))
			fail("--journal %s: it is not a regular file", path);
		hold(path, fd);
		/* Start over if the file was removed or replaced while we waited for the lock. */
		if (stat(path, &named) == 0 && named.st_dev == st.st_dev &&
		    named.st_ino == st.st_ino)
			return fd;
		(void)close(fd);
	}
}

static void *
map(const struct journal_file *f, off_t at, size_t len)
{
	void *mapped = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, f->fd, at);

	if (mapped == MAP_FAILED)
		fail_errno("--journal %s: its file system does not let it be mapped", f->path);
	return mapped;
}

static uint64_t
random_number(void)
{
	uint64_t number;

	arc4random_buf(&number, sizeof number);
	return number;
}

static void
make(struct journal_file *f, uint64_t hash, const char *text)
{
	char first[CHECKPOINTS_AT + sizeof(struct journal_checkpoints)];
	struct journal_header *header = (struct journal_header *)first;
	struct journal_checkpoints *all = (struct journal_checkpoints *)(first + CHECKPOINTS_AT);

	/* Allocate all blocks now: a store into the mapping could not report a full disk. */
	int error = posix_fallocate(f->fd, 0, RECORDS_AT);
	if (error != 0) {
		errno = error;
		fail_errno("--journal %s", f->path);
	}
	memset(first, 0, sizeof first);
	memcpy(header->magic, MAGIC, sizeof header->magic);
	header->format = FORMAT;
	header->byte_order = BYTE_ORDER_MARK;
	header->number = random_number();
	header->hash = hash;
	header->made = (int64_t)time(NULL);
	(void)snprintf(header->text, sizeof header->text, "%s", text);
	header->check = checksum_crc(0, header, offsetof(struct journal_header, check));
	checkpoint_make(&all->file);
	for (int i = 0; i < JOURNAL_SINKS; i++)
		checkpoint_make(&all->sink[i]);
	/* The header is written last: a file that has one is complete. */
	if (file_write_at(f->fd, CHECKPOINTS_AT, all, sizeof *all) == -1 ||
	    file_write_at(f->fd, 0, first, CHECKPOINTS_AT) == -1 || fsync(f->fd) == -1 ||
	    sync_directory(f->path) == -1)
		fail_errno("--journal %s", f->path);
}

/* Returns the header's length, which is less where the file is shorter. */
static size_t
header_read(const struct journal_file *f, uint64_t size, void *header)
{
	size_t len = sizeof(struct journal_header);

	len = size < len ? (size_t)size : len;
	if (file_read_at(f->fd, 0, header, len) == -1)
		fail_errno("--journal %s", f->path);
	return len;
}

/* The file is empty, or its maker was killed before it wrote the header. */
static int
is_new(const struct journal_file *f, uint64_t size)
{
	char first[sizeof(struct journal_header)];
	size_t n = header_read(f, size, first);

	for (size_t i = 0; i < n; i++)
		if (first[i] != 0)
			return 0;
	return size <= RECORDS_AT;
}

static void
check_header(const struct journal_file *f, uint64_t size, uint64_t hash)
{
	struct journal_header header;
	uint64_t number[CHECKPOINT_NUMBERS];
	char when[64] = "";

	size_t n = header_read(f, size, &header);
	if (n < sizeof header.magic ||
	    memcmp(header.magic, MAGIC, sizeof header.magic) != 0)
		fail("--journal %s: it is not a journal of this program, and is left as it is",
		    f->path);
	if (n == sizeof header &&
	    (header.format != FORMAT || header.byte_order != BYTE_ORDER_MARK))
		fail("--journal %s: it was written by another version, or on another kind of "
		     "machine",
		    f->path);
	if (n != sizeof header ||
	    header.check != checksum_crc(0, &header, offsetof(struct journal_header, check)))
		fail("--journal %s: damaged at byte 0, in its header: name another file, or remove "
		     "it",
		    f->path);
	if (size < RECORDS_AT)
		fail("--journal %s: damaged at byte %" PRIu64
		     ", in its header: name another file, or remove it",
		    f->path, size);
	if (header.hash != hash) {
		time_t made = (time_t)header.made;
		struct tm tm;
		if (localtime_r(&made, &tm) != NULL)
			(void)strftime(when, sizeof when, ", begun %Y-%m-%d %H:%M:%S", &tm);
		fail("--journal %s: it is of another command line (%s%s): name another file, or "
		     "remove it",
		    f->path, header.text, when);
	}
	for (int i = -1; i < JOURNAL_SINKS; i++) {
		const struct checkpoint *c =
		    i == -1 ? &f->checkpoints->file : &f->checkpoints->sink[i];
		size_t at = (size_t)((const char *)c - (const char *)f->front);
		if (checkpoint_load(c, number) == -1)
			fail("--journal %s: damaged at byte %zu, in its header: name another file, "
			     "or remove it",
			    f->path, at);
	}
}

struct journal_file *
journal_file_open(const char *path, uint64_t hash, const char *text)
{
	struct journal_file *f = calloc(1, sizeof *f);
	struct rlimit limit;
	struct stat st;
	uint64_t number[CHECKPOINT_NUMBERS];

	if (f == NULL || (f->path = strdup(path)) == NULL ||
	    (f->buffer = malloc(READ_SIZE)) == NULL)
		fail_memory();
	f->limit = INT64_MAX;
	if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < (rlim_t)INT64_MAX)
		f->limit = (uint64_t)limit.rlim_cur;
	f->fd = open_and_hold(path);
	if (f->limit < RECORDS_AT)
		fail("--journal %s: the limit on the size of files leaves no room for it", path);
	if (fstat(f->fd, &st) == -1)
		fail_errno("--journal %s", path);
	if (is_new(f, (uint64_t)st.st_size)) {
		make(f, hash, text);
		if (fstat(f->fd, &st) == -1)
			fail_errno("--journal %s", path);
	}
	/* The mapping ends where the file does: a shorter file is refused below, unmapped. */
	if ((uint64_t)st.st_size >= RECORDS_AT) {
		f->front = map(f, 0, PAGE_AT);
		f->page = map(f, PAGE_AT, RECORDS_AT - PAGE_AT);
		f->header = f->front;
		f->checkpoints =
		    (struct journal_checkpoints *)((char *)f->front + CHECKPOINTS_AT);
#ifdef MADV_DONTFORK
		/* No worker needs the header. */
		(void)madvise(f->front, PAGE_AT, MADV_DONTFORK);
#endif
	}
	check_header(f, (uint64_t)st.st_size, hash);
	(void)checkpoint_load(&f->checkpoints->file, number);
	f->synced = number[FILE_SYNCED];
	f->end = (uint64_t)st.st_size;
	journal_note_synced(f);
	return f;
}
