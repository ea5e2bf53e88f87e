/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing a file under a temporary name and renaming it into its place. */
#include "config.h"
#include "tool/base/atomic_file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool/base/file_io.h"
#include "tool/base/message.h"

/* The mode of the file that is replaced, or else the one that open() would give a new file. */
static mode_t
mode_for(const struct anchored_file *f)
{
	struct stat st;

	if (fstatat(f->dir.fd, f->name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
		return st.st_mode & 0777;
	mode_t mask = umask(0);
	(void)umask(mask);
	return 0666 & ~mask;
}

/* Drops the temporary file; returns -1 with errno as it was. */
static int
abandon(struct atomic_file *f)
{
	int error = errno;

	if (f->fd != -1)
		(void)close(f->fd);
	f->fd = -1;
	f->error = 0;
	anchored_file_drop(&f->place);
	errno = error;
	return -1;
}

/* Whether the path has to be looked up anew: what it leads to may have changed by good rights. */
static int
is_looked_up(const struct atomic_file *f)
{
	return f->place.dir.fd == -1 || !untrusted_places_exist();
}

int
atomic_file_open(struct atomic_file *f)
{
	if (is_looked_up(f)) {
		anchored_file_free(&f->place);
		if (anchored_file_find(&f->place, NULL, f->path, ANCHORED_FIND) == -1)
			return -1;
		f->mode = mode_for(&f->place);
	}
	/* Jobs may have put anything where they can write: it is replaced, whatever it is. */
	if (f->place.dir.place.trust == TRUSTED) {
		f->mode = mode_for(&f->place);
		if (anchored_file_not_regular(&f->place) != NULL) {
			errno = EINVAL;
			return -1;
		}
	}
	f->fd = anchored_file_temporary(&f->place, 0, 0600);
	return f->fd == -1 || fchmod(f->fd, f->mode) == -1 ? abandon(f) : 0;
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
	if (close(fd) == -1)
		return abandon(f);
	return anchored_file_put(&f->place);
}

void
atomic_file_prepare(struct atomic_file *f, const char *option, const char *path)
{
	char shown[512];
	const char *why = NULL;

	*f = (struct atomic_file){ .option = option, .path = path, .place.dir.fd = -1, .fd = -1 };
	if (anchored_file_find(&f->place, NULL, path, ANCHORED_FIND) == -1)
		why = anchored_why(&f->place.dir);
	else if ((why = anchored_file_not_regular(&f->place)) == NULL) {
		f->mode = mode_for(&f->place);
		why = atomic_file_open(f) == -1 ? anchored_why(&f->place.dir) : NULL;
	}
	if (why != NULL)
		fail("%s: cannot write %s: %s", option, message_text(shown, sizeof shown, path),
		    why);
	(void)abandon(f);
}

void
atomic_file_complain(const struct atomic_file *f)
{
	char shown[512];

	message_errno("%s: cannot write %s", f->option, message_text(shown, sizeof shown, f->path));
}

void
atomic_file_free(struct atomic_file *f)
{
	anchored_file_free(&f->place);
}
