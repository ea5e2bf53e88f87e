/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Walking a path so that nobody can turn it elsewhere, and making files where it ends.
 *
 * One name at a time by openat() with O_NOFOLLOW holds on every system, and links in trusted places
 * have to be read here anyway: openat2() with RESOLVE_NO_SYMLINKS would refuse those too.
 */
#include "config.h"
#include "tool/base/anchored_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/vfs.h>
#endif

#include "tool/base/message.h"

#define LINKS_MAX   40 /* as Linux has it */
#define TRIES_MAX   100
#define SUFFIX_SIZE sizeof ".XXXXXX"

/* --------------------------------------------------------------------------------- directories */

void
anchored_dir_close(struct anchored_dir *d)
{
	int error = errno;

	if (d->fd != -1)
		(void)close(d->fd);
	d->fd = -1;
	errno = error;
}

/* Goes on with next, which becomes at's, or is -1. */
static int
move_to(struct anchored_dir *at, int next)
{
	if (next == -1)
		return -1;
	anchored_dir_close(at);
	at->fd = next;
	return 0;
}

/* Goes to a directory whose place only the directories above it tell. */
static int
jump_to(struct anchored_dir *at, int next)
{
	return move_to(at, next) == -1 ? -1 : place_of(at->fd, &at->place);
}

/* The links in /proc lead to what a process has open; their text is no path to it. */
static int
is_proc(int dir)
{
#ifdef __linux__
	struct statfs fs;

	return fstatfs(dir, &fs) == 0 && fs.f_type == 0x9fa0;
#else
	(void)dir;
	return 0;
#endif
}

static int walk(struct anchored_dir *, const char *path, enum anchored_make, int *links);

/* name could not be entered: it is a symbolic link, or no directory. */
static int
follow(struct anchored_dir *at, const char *name, int *links)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(at->fd, name, target, sizeof target - 1);

	if (n == -1) {
		errno = errno == EINVAL ? ENOTDIR : errno;
		return -1;
	}
	if (at->place.trust != TRUSTED || ++*links > LINKS_MAX) {
		errno = ELOOP;
		return -1;
	}
	if (is_proc(at->fd))
		return jump_to(at, openat(at->fd, name, OPEN_DIRECTORY));
	target[n] = '\0';
	return walk(at, target, ANCHORED_FIND, links);
}

static int
step(struct anchored_dir *at, const char *name, enum anchored_make make, int *links)
{
	const int flags = OPEN_DIRECTORY | O_NOFOLLOW;

	if (strcmp(name, ".") == 0)
		return 0;
	if (strcmp(name, "..") == 0) {
		/* The directory may have been moved to another one. */
		if (at->place.trust == UNTRUSTED) {
			errno = EXDEV;
			return -1;
		}
		return jump_to(at, openat(at->fd, "..", OPEN_DIRECTORY));
	}
	int next = openat(at->fd, name, flags);
	if (next == -1 && errno == ENOENT && make == ANCHORED_MAKE) {
		if (mkdirat(at->fd, name, 0777) == -1 && errno != EEXIST)
			return -1;
		next = openat(at->fd, name, flags);
	}
	/* Systems have different words for a link that is not followed. */
	if (next == -1 && (errno == ENOTDIR || errno == ELOOP || errno == EMLINK))
		return follow(at, name, links);
	return move_to(at, next) == -1 ? -1 : place_step(&at->place, at->fd);
}

static int
walk(struct anchored_dir *at, const char *path, enum anchored_make make, int *links)
{
	char name[NAME_MAX + 1];

	if (*path == '/' && jump_to(at, open("/", OPEN_DIRECTORY)) == -1)
		return -1;
	while (*(path += strspn(path, "/")) != '\0') {
		size_t len = strcspn(path, "/");
		if (len >= sizeof name) {
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(name, path, len);
		name[len] = '\0';
		if (step(at, name, make, links) == -1)
			return -1;
		path += len;
	}
	return 0;
}

/* Opens the directory from once more, or the current one. */
static int
begin(struct anchored_dir *d, const struct anchored_dir *from)
{
	if (from == NULL) {
		*d = (struct anchored_dir){ .fd = -1 };
		return jump_to(d, open(".", OPEN_DIRECTORY));
	}
	*d = (struct anchored_dir){ fcntl(from->fd, F_DUPFD_CLOEXEC, 0), from->place };
	return d->fd == -1 ? -1 : 0;
}

static int
dir_open(struct anchored_dir *d, const struct anchored_dir *from, const char *path,
    enum anchored_make make, int *links)
{
	if (begin(d, from) == 0 && walk(d, path, make, links) == 0)
		return 0;
	anchored_dir_close(d);
	return -1;
}

int
anchored_dir_open(struct anchored_dir *d, const struct anchored_dir *from, const char *path,
    enum anchored_make make)
{
	int links = 0;

	if (*path == '\0') {
		*d = (struct anchored_dir){ .fd = -1 };
		errno = ENOENT;
		return -1;
	}
	return dir_open(d, from, path, make, &links);
}

/* --------------------------------------------------------------------------------------- files */

int
anchored_file_in(struct anchored_file *f, const struct anchored_dir *dir, const char *name)
{
	*f = (struct anchored_file){ .dir = *dir };
	if (strlen(name) >= sizeof f->name) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(f->name, name, strlen(name) + 1);
	return 0;
}

void
anchored_file_free(struct anchored_file *f)
{
	if (f->dir_is_ours)
		anchored_dir_close(&f->dir);
	f->dir.fd = -1;
	f->dir_is_ours = 0;
}

/* Finds path, whose last name may be a symbolic link. */
static int
find_one(struct anchored_file *f, const struct anchored_dir *from, const char *path,
    enum anchored_make make, int *links)
{
	const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
	struct anchored_dir dir = { .fd = -1 };
	char *before = strndup(path, (size_t)(name - path));

	*f = (struct anchored_file){ .dir = { .fd = -1 } };
	if (before == NULL)
		return -1;
	int status = dir_open(&dir, from, before, make, links);
	free(before);
	/* Nothing can be opened for writing, or replaced, by the name ".". */
	if (status == 0)
		status = anchored_file_in(f, &dir, *name != '\0' ? name : ".");
	if (status == -1)
		anchored_dir_close(&dir);
	f->dir = dir;
	f->dir_is_ours = 1;
	return status;
}

int
anchored_file_find(struct anchored_file *f, const struct anchored_dir *from, const char *path,
    enum anchored_make make)
{
	char target[PATH_MAX];
	struct stat st;
	int links = 0;

	if (*path == '\0') {
		*f = (struct anchored_file){ .dir = { .fd = -1 } };
		errno = ENOENT;
		return -1;
	}
	if (find_one(f, from, path, make, &links) == -1)
		return -1;
	while (f->dir.place.trust == TRUSTED) {
		ssize_t n = readlinkat(f->dir.fd, f->name, target, sizeof target - 1);
		if (n == -1 || is_proc(f->dir.fd))
			break;
		target[n] = '\0';
		struct anchored_file link = *f;
		int status = -1;
		if (++links > LINKS_MAX)
			errno = ELOOP;
		else
			status = find_one(f, &link.dir, target, ANCHORED_FIND, &links);
		anchored_file_free(&link);
		if (status == -1) {
			f->dir.fd = -1;
			return -1;
		}
	}
	if (untrusted_places_exist() &&
	    fstatat(f->dir.fd, f->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		place_of_file(&f->dir.place, &st);
	return 0;
}

int
anchored_file_temporary(struct anchored_file *f, int flags, mode_t mode)
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	size_t len = strlen(f->name), most = sizeof f->temporary - SUFFIX_SIZE;

	for (int i = 0; i < TRIES_MAX; i++) {
		char *to = f->temporary;
		len = len < most ? len : most;
		memcpy(to, f->name, len);
		to += len;
		*to++ = '.';
		for (size_t j = 0; j < SUFFIX_SIZE - 2; j++)
			*to++ = letters[arc4random_uniform(sizeof letters - 1)];
		*to = '\0';
		int fd = openat(f->dir.fd, f->temporary,
		    flags | O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode);
		if (fd != -1)
			return fd;
		if (errno != EEXIST)
			break;
	}
	f->temporary[0] = '\0';
	return -1;
}

int
anchored_file_open(struct anchored_file *f, int flags)
{
	if (f->dir.place.trust != TRUSTED)
		return anchored_file_temporary(f, flags & O_APPEND, 0666);
	return openat(f->dir.fd, f->name, flags | O_CREAT | O_CLOEXEC, 0666);
}

int
anchored_file_read(const struct anchored_file *f)
{
	const int trusted = f->dir.place.trust == TRUSTED;
	struct stat st;
	int error, fd = openat(f->dir.fd, f->name,
	    O_RDONLY | O_CLOEXEC | (trusted ? 0 : O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));

	if (fd == -1 || trusted)
		return fd;
	if (fstat(fd, &st) == -1)
		error = errno;
	else if (!S_ISREG(st.st_mode))
		error = ENXIO; /* as it is with a socket, which open() refuses */
	else if (fcntl(fd, F_SETFL, 0) == -1)
		error = errno;
	else
		return fd;
	(void)close(fd);
	errno = error;
	return -1;
}

int
anchored_file_put(struct anchored_file *f)
{
	if (f->temporary[0] != '\0' &&
	    renameat(f->dir.fd, f->temporary, f->dir.fd, f->name) == -1) {
		anchored_file_drop(f);
		return -1;
	}
	f->temporary[0] = '\0';
	return 0;
}

void
anchored_file_drop(struct anchored_file *f)
{
	int error = errno;

	if (f->temporary[0] != '\0')
		(void)unlinkat(f->dir.fd, f->temporary, 0);
	f->temporary[0] = '\0';
	errno = error;
}

const char *
anchored_file_not_regular(const struct anchored_file *f)
{
	struct stat st;

	if (fstatat(f->dir.fd, f->name, &st, AT_SYMLINK_NOFOLLOW) == -1 || S_ISREG(st.st_mode))
		return NULL;
	return S_ISDIR(st.st_mode) ? strerror(EISDIR) :
	    "it must be a regular file, since it is replaced as a whole";
}

/* ------------------------------------------------------------------------------------ sentences */

const char *
anchored_why(const struct anchored_dir *d)
{
	static char text[700];
	char shown[512];
	const char *rule = errno == ELOOP ? "no symbolic link is followed" :
	    errno == EXDEV		  ? "no .. is followed" :
	    errno == ENXIO		  ? "only a regular file is read" :
					    NULL;

	if (d->place.trust == TRUSTED || rule == NULL)
		return strerror(errno);
	(void)snprintf(text, sizeof text, "jobs can write to --writable %s, so %s there",
	    message_text(shown, sizeof shown, d->place.writable), rule);
	return text;
}

void
anchored_check(const char *option, const char *path)
{
	struct anchored_file f = { .dir = { .fd = -1 } };
	struct stat st;
	char shown[512];
	int status = anchored_dir_open(&f.dir, NULL, path, ANCHORED_FIND);

	if (status == 0) {
		anchored_dir_close(&f.dir);
		return;
	}
	/* It is no directory: what has its name is still to be looked at. */
	if (errno == ENOTDIR && (status = anchored_file_find(&f, NULL, path, ANCHORED_FIND)) == 0 &&
	    f.dir.place.trust != TRUSTED &&
	    (status = fstatat(f.dir.fd, f.name, &st, AT_SYMLINK_NOFOLLOW)) == 0 &&
	    S_ISLNK(st.st_mode)) {
		errno = ELOOP;
		status = -1;
	}
	if (status == -1)
		fail("%s %s: %s", option, message_text(shown, sizeof shown, path),
		    anchored_why(&f.dir));
	anchored_file_free(&f);
}

void
anchored_refuse(const char *option, const char *path, const char *consequence)
{
	struct anchored_file f;
	char shown[512], writable[512];

	if (!untrusted_places_exist())
		return;
	int found = anchored_file_find(&f, NULL, path, ANCHORED_FIND) == 0;
	struct place place = f.dir.place;
	/* What is not there is told by those who open it. */
	if (!found && place.trust == TRUSTED && errno != ENOENT && errno != ENOTDIR)
		fail_errno("%s: it cannot be seen whether jobs can write to %s", option,
		    message_text(shown, sizeof shown, path));
	anchored_file_free(&f);
	if (place.trust != TRUSTED)
		fail("%s: jobs can write to %s (--writable %s), and %s: name a file elsewhere",
		    option, message_text(shown, sizeof shown, path),
		    message_text(writable, sizeof writable, place.writable), consequence);
}
