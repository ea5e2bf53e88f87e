/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens what no job can have planted, and leaves the rest to the job. */
#include "config.h"
#include "tool/exec/input_file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif

#include "tool/base/anchored_file.h"
#include "tool/base/file_io.h"
#include "tool/base/message.h"
#include "tool/task/output_buffer.h"

static struct anchored_dir begin = { .fd = -1 }; /* the directory of relative paths */
static int changeable; /* jobs may change modes and times of the files that they have */

void
input_file_setup(const char *directory, int may_change)
{
	changeable = may_change;
	if (anchored_dir_open(&begin, NULL, directory != NULL ? directory : ".",
		ANCHORED_FIND) == -1 && begin.place.trust == TRUSTED)
		fail_errno("the current directory");
}

void
input_file_close(void)
{
	anchored_dir_close(&begin);
}

/*
 * Whether a job could change mode or times of the file, as its owner or as one who may write to it.
 * Jobs are who we are; those of root are anybody else.
 */
static int
is_changeable(const struct anchored_file *f, const struct stat *st)
{
	if (!changeable || !S_ISREG(st->st_mode))
		return 0;
	if (geteuid() == 0)
		return st->st_uid != 0 || (st->st_mode & (S_IWGRP | S_IWOTH)) != 0;
	return st->st_uid == geteuid() || faccessat(f->dir.fd, f->name, W_OK, AT_EACCESS) == 0;
}

/* The open file once more, on a mount that nothing is changed through; -1: the system, or a user
   without privileges, has none. */
static int
view_of(int fd, const struct stat *st)
{
#if defined(SYS_open_tree) && defined(SYS_mount_setattr)
	/* Written out, as the C library may be older than the kernel. */
	enum { CLONE = 1, EMPTY_PATH = 0x1000, READ_ONLY = 1, NO_SETUID = 2, NO_DEVICE = 4 };
	struct { uint64_t set, clear, propagation, user_namespace; } attributes = {
		.set = READ_ONLY | NO_SETUID | NO_DEVICE,
	};
	char path[40];
	struct stat seen;
	int view = -1, tree = (int)syscall(SYS_open_tree, fd, "", CLONE | EMPTY_PATH | O_CLOEXEC);

	if (tree == -1)
		return -1;
	if (syscall(SYS_mount_setattr, tree, "", EMPTY_PATH, &attributes, sizeof attributes) == 0) {
		(void)snprintf(path, sizeof path, "/proc/self/fd/%d", tree);
		view = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	}
	(void)close(tree);
	if (view != -1 && fstat(view, &seen) == 0 && seen.st_dev == st->st_dev &&
	    seen.st_ino == st->st_ino)
		return view;
	if (view != -1)
		(void)close(view);
#else
	(void)fd;
	(void)st;
#endif
	return -1;
}

/* A copy of the file; -1 and errno. */
static int
copy_of(int fd)
{
	static char buffer[65536];
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction before;
	int copy = output_buffer_file(), error;
	ssize_t n = copy == -1 ? -1 : 1;

	/* A write past the limit on the size of files is to fail, and not to end the tool. */
	(void)sigaction(SIGXFSZ, &ignore, &before);
	while (n > 0) {
		n = read(fd, buffer, sizeof buffer);
		if (n == -1 && errno == EINTR)
			n = 1;
		else if (n > 0 && file_write_all(copy, buffer, (size_t)n) == -1)
			n = -1;
	}
	error = errno;
	(void)sigaction(SIGXFSZ, &before, NULL);
	if (n == 0 && lseek(copy, 0, SEEK_SET) == 0)
		return copy;
	if (copy != -1)
		(void)close(copy);
	errno = error;
	return -1;
}

/* What a job gets in place of the file, which is closed; or -1 and errno. */
static int
unchangeable(int fd, const struct stat *st, enum input_file_fault *fault)
{
	int got = view_of(fd, st);

	if (got == -1 && (got = copy_of(fd)) == -1)
		*fault = INPUT_FILE_COPY;
	int error = errno;
	(void)close(fd);
	errno = error;
	return got;
}

/* As input_file_open(); the place, too, tells whether it is the job's. */
static int
found_open(struct anchored_file *f, enum input_file_fault *fault)
{
	struct stat st;

	if (f->dir.place.trust != TRUSTED || fstatat(f->dir.fd, f->name, &st, 0) == -1)
		return -1;
	/* A link in /proc can lead to what --writable names. */
	place_of_file(&f->dir.place, &st);
	/* Merely opening a named pipe would let its writer go on, who then writes to nobody. */
	if (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode) && !S_ISDIR(st.st_mode))
		*fault = INPUT_FILE_BY_JOB;
	if (*fault == INPUT_FILE_BY_JOB || f->dir.place.trust != TRUSTED)
		return -1;
	int fd = openat(f->dir.fd, f->name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode) && fcntl(fd, F_SETFL, 0) != -1)
		return is_changeable(f, &st) ? unchangeable(fd, &st, fault) : fd;
	int error = S_ISDIR(st.st_mode) ? EISDIR : errno;
	(void)close(fd);
	errno = error;
	return -1;
}

int
input_file_open(const char *path, enum input_file_fault *fault)
{
	struct anchored_file f = { .dir = begin };
	int fd = -1;

	*fault = INPUT_FILE_WRONG;
	/* Where jobs run may be known to them alone, behind a link that one of them has planted. */
	if (path[0] == '/' || begin.fd != -1) {
		if (anchored_file_find(&f, begin.fd != -1 ? &begin : NULL, path,
			ANCHORED_FIND) == 0)
			fd = found_open(&f, fault);
		anchored_file_free(&f);
	}
	if (f.dir.place.trust != TRUSTED)
		*fault = INPUT_FILE_BY_JOB;
	return fd;
}
