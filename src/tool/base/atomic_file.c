/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing a file under a temporary name and renaming it into its place. */
#include "config.h"
#include "tool/base/atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool/base/file_io.h"
#include "tool/base/message.h"

/* The file itself, behind any symbolic link: rename() would replace the link. */
static char *
path_of(const char *name)
{
	struct stat st;

	if (lstat(name, &st) == 0 && S_ISLNK(st.st_mode))
		return realpath(name, NULL);
	return strdup(name);
}

/* The mode of the file that is replaced, or else the one that open() would give a new file. */
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

/* Drops the temporary file and all memory; returns -1 with errno as it was. */
static int
abandon(struct atomic_file *f)
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
		return abandon(f);
	}
	size_t len = strlen(f->path);
	if ((f->temporary = malloc(len + sizeof suffix)) == NULL)
		return abandon(f);
	memcpy(f->temporary, f->path, len);
	memcpy(f->temporary + len, suffix, sizeof suffix);
	if ((f->fd = mkstemp(f->temporary)) == -1)
		return abandon(f);
	if (fcntl(f->fd, F_SETFD, FD_CLOEXEC) == -1 || fchmod(f->fd, mode_for(f->path)) == -1)
		return abandon(f);
	return 0;
}

void
atomic_file_add(struct atomic_file *f, const void *data, size_t len)
{
	if (f->error == 0 && file_write_all(f->fd, data, len) == -1)
		f->error = errno;
}

int
atomic_file_close(struct atomic_file *f)
{
	if (f->error != 0) {
		errno = f->error;
		return abandon(f);
	}
	int fd = f->fd;
	f->fd = -1;
	if (close(fd) == -1 || rename(f->temporary, f->path) == -1) {
		int error = errno;
		(void)unlink(f->temporary);
		errno = error;
		return abandon(f);
	}
	(void)abandon(f);
	return 0;
}

void
atomic_file_check(const char *name)
{
	struct atomic_file f;
	char shown[512];

	(void)message_text(shown, sizeof shown, name);
	if (atomic_file_open(&f, name) == -1) {
		if (errno == EINVAL)
			fail("cannot write %s: it must be a regular file, since it is "
			     "replaced as a whole", shown);
		fail_errno("cannot write %s", shown);
	}
	(void)abandon(&f);
}
