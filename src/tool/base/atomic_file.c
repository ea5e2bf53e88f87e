/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include "tool/base/atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool/base/bytes.h"
#include "tool/base/message.h"

/* Where the file is: through links, so that these stay. */
static char *
path_of(const char *name)
{
	struct stat st;

	if (lstat(name, &st) == 0 && S_ISLNK(st.st_mode))
		return realpath(name, NULL);
	return strdup(name);
}

/* As the file that is replaced, or as one that open() makes. */
static mode_t
mode_for(const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0)
		return st.st_mode & 0777;
	mode_t mask = umask(0);
	(void)umask(mask);
	return 0666 & ~mask;
}

static int
forget(struct atomic_file *f)
{
	int error = errno;

	if (f->fd != -1)
		(void)close(f->fd);
	if (f->fd != -1 && f->temporary != NULL)
		(void)unlink(f->temporary);
	free(f->path);
	free(f->temporary);
	*f = (struct atomic_file){ .fd = -1 };
	errno = error;
	return -1;
}

int
atomic_file_open(struct atomic_file *f, const char *name)
{
	static const char suffix[] = ".XXXXXX";
	struct stat st;

	*f = (struct atomic_file){ .fd = -1 };
	if ((f->path = path_of(name)) == NULL)
		return -1;
	if (stat(f->path, &st) == 0 && !S_ISREG(st.st_mode)) {
		errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
		return forget(f);
	}
	size_t len = strlen(f->path);
	if ((f->temporary = malloc(len + sizeof suffix)) == NULL)
		return forget(f);
	memcpy(f->temporary, f->path, len);
	memcpy(f->temporary + len, suffix, sizeof suffix);
	if ((f->fd = mkstemp(f->temporary)) == -1)
		return forget(f);
	if (fcntl(f->fd, F_SETFD, FD_CLOEXEC) == -1 || fchmod(f->fd, mode_for(f->path)) == -1)
		return forget(f);
	return 0;
}

void
atomic_file_add(struct atomic_file *f, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0 && f->error == 0) {
		ssize_t n = write(f->fd, at, len);
		if (n == -1 && errno != EINTR)
			f->error = errno;
		at += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
}

int
atomic_file_close(struct atomic_file *f)
{
	if (f->error != 0) {
		errno = f->error;
		return forget(f);
	}
	int fd = f->fd;
	f->fd = -1;
	if (close(fd) == -1 || rename(f->temporary, f->path) == -1) {
		int error = errno;
		(void)unlink(f->temporary);
		errno = error;
		return forget(f);
	}
	(void)forget(f);
	return 0;
}

void
atomic_file_check(const char *name)
{
	struct atomic_file f;
	char shown[512];

	(void)message_word(shown, sizeof shown, name, strlen(name));
	if (atomic_file_open(&f, name) == -1) {
		if (errno == EINVAL)
			fail("cannot write %s: it must be a regular file, since it is replaced as "
			     "a whole",
			    shown);
		fail_errno("cannot write %s", shown);
	}
	(void)forget(&f);
}
