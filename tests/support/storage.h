/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * storage - files with known bytes and limits on files, for the tests of the arena and of the
 * spool.
 */
#ifndef FORKPOOL_TESTS_STORAGE_H
#define FORKPOOL_TESTS_STORAGE_H

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/os/fd.h"
#include "tests/support/support.h"

#define MIB ((size_t)1 << 20)

static inline uint64_t
storage_size(int fd)
{
	struct stat st;

	ck_assert_int_eq(fstat(fd, &st), 0);
	return (uint64_t)st.st_size;
}

/* In units of 512 bytes. */
static inline uint64_t
storage_blocks(int fd)
{
	struct stat st;

	ck_assert_int_eq(fstat(fd, &st), 0);
	return (uint64_t)st.st_blocks;
}

static inline void
storage_fill(unsigned char *to, size_t len, unsigned seed)
{
	for (size_t i = 0; i < len; i++)
		to[i] = (unsigned char)(seed * 101 + i * 7 + i / 256);
}

/* Whether the bytes at an offset of a file are those of storage_fill() with that seed. */
static inline int
storage_holds(int fd, uint64_t offset, size_t len, unsigned seed)
{
	unsigned char *expected = malloc(len), *found = malloc(len);

	ck_assert(expected != NULL && found != NULL);
	storage_fill(expected, len, seed);
	int same =
	    fd_pread_all(fd, found, len, (off_t)offset) == 0 && memcmp(found, expected, len) == 0;
	free(expected);
	free(found);
	return same;
}

static inline int
storage_limit(rlim_t soft, rlim_t hard)
{
	struct rlimit limit = { soft, hard };

	return setrlimit(RLIMIT_FSIZE, &limit);
}

/*
 * Run body in a child, whose exit status says where it went wrong: under a limit on files no
 * assertion works, as libcheck writes to a file at each one.  SIGXFSZ has its default action.
 */
static inline void
storage_in_child(int (*body)(void))
{
	int status;
	pid_t pid = fork();

	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		(void)signal(SIGXFSZ, SIG_DFL);
		_exit(body());
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(status == 0, "wait status %#x", (unsigned)status);
}

#endif
