/* SPDX-License-Identifier: BSD-2-Clause */
/* Directories are known by device and inode, so that no spelling of a path matters. */
#include "config.h"
#include "tool/base/untrusted_place.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "tool/base/message.h"

static struct writable {
	const char *path;
	dev_t device;
	ino_t inode;
} *writable;
static size_t writable_count;

void
untrusted_places_are(char *const *paths)
{
	struct stat st;
	char shown[512];

	free(writable);
	writable = NULL;
	writable_count = 0;
	if (paths == NULL)
		return;
	for (size_t n = 0; paths[n] != NULL; n++) {
		struct writable *more = reallocarray(writable, n + 1, sizeof *more);
		if (more == NULL)
			fail_memory();
		writable = more;
		if (stat(paths[n], &st) == -1)
			fail_errno("--writable %s", message_text(shown, sizeof shown, paths[n]));
		more[n] = (struct writable){ paths[n], st.st_dev, st.st_ino };
		writable_count = n + 1;
	}
}

int
untrusted_places_exist(void)
{
	return writable_count > 0;
}

static const char *
writable_path(const struct stat *st)
{
	for (size_t i = 0; i < writable_count; i++)
		if (writable[i].device == st->st_dev && writable[i].inode == st->st_ino)
			return writable[i].path;
	return NULL;
}

int
place_of(int dir, struct place *place)
{
	struct stat st, below = { 0 };
	int fd = -1;

	*place = (struct place){ .trust = TRUSTED };
	if (writable_count == 0)
		return 0;
	for (int first = 1;; first = 0) {
		int next = openat(first ? dir : fd, first ? "." : "..", OPEN_DIRECTORY);
		int failed = next == -1 || fstat(next, &st) == -1, error = errno;
		if (fd != -1)
			(void)close(fd);
		fd = next;
		int is_top = !first && st.st_dev == below.st_dev && st.st_ino == below.st_ino;
		if (failed || is_top) {
			if (fd != -1)
				(void)close(fd);
			errno = error;
			return failed ? -1 : 0;
		}
		const char *path = writable_path(&st);
		if (path != NULL)
			*place = (struct place){ first ? UNTRUSTED_TOP : UNTRUSTED, path };
		below = st;
	}
}

int
place_step(struct place *place, int dir)
{
	struct stat st;
	const char *path;

	if (writable_count == 0)
		return 0;
	if (place->trust != TRUSTED) {
		place->trust = UNTRUSTED;
		return 0;
	}
	if (fstat(dir, &st) == -1)
		return -1;
	if ((path = writable_path(&st)) != NULL)
		*place = (struct place){ UNTRUSTED_TOP, path };
	return 0;
}

void
place_of_file(struct place *place, const struct stat *st)
{
	const char *path;

	/* A device such as /dev/null stays what it is, whoever writes to it. */
	if (place->trust == TRUSTED && S_ISREG(st->st_mode) && (path = writable_path(st)) != NULL)
		*place = (struct place){ UNTRUSTED, path };
}
