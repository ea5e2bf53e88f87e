/* SPDX-License-Identifier: BSD-2-Clause */
/* The plan of a private root: resolve the paths, and bring all mounts into one order. */
#include "config.h"
#include "lib/sandbox/private_root.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/sandbox/refusal.h"

#ifdef __linux__

/* As many as the kernel follows. */
#define LINKS_MAX 40

static const char *const scratch_paths[PRIVATE_ROOT_SCRATCHES] = { "/dev/shm", "/tmp" };
static const char *const devices[] = { "/dev/null", "/dev/zero", "/dev/full", "/dev/random",
	"/dev/urandom" };
static const struct {
	const char *path, *target;
} links[] = {
	{ "/dev/fd", "/proc/self/fd" },
	{ "/dev/stdin", "/proc/self/fd/0" },
	{ "/dev/stdout", "/proc/self/fd/1" },
	{ "/dev/stderr", "/proc/self/fd/2" },
};

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

static bool
is_below(const char *path, const char *of)
{
	size_t len = strcmp(of, "/") == 0 ? 0 : strlen(of);

	return strncmp(path, of, len) == 0 && path[len] == '/' && path[len + 1] != '\0';
}

/* st, for READ and WRITE: the file.  0, or -1 and errno. */
static int
entry_add(struct private_root *r, enum private_root_kind kind, const char *path,
    const char *target, const struct stat *st)
{
	/* The namespace's own /proc has all of it. */
	if (kind != ROOT_PROC && (strcmp(path, "/proc") == 0 || is_below(path, "/proc")))
		return 0;
	if (r->count == PRIVATE_ROOT_PATHS_MAX) {
		errno = E2BIG;
		return -1;
	}
	if (r->count == r->capacity) {
		size_t capacity = r->capacity == 0 ? 32 : 2 * r->capacity;
		void *more = reallocarray(r->entries, capacity, sizeof *r->entries);
		if (more == NULL)
			return -1;
		r->entries = more;
		r->capacity = capacity;
	}
	struct private_root_entry *e = &r->entries[r->count];
	*e = (struct private_root_entry){ .kind = kind, .path = strdup(path) };
	if (st != NULL) {
		e->directory = S_ISDIR(st->st_mode);
		e->device = S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode);
		e->file_device = st->st_dev;
		e->file_inode = st->st_ino;
	}
	if (e->path == NULL)
		return -1;
	r->count++; /* private_root_release() frees it from now on */
	return target != NULL && (e->target = strdup(target)) == NULL ? -1 : 0;
}

/* Put text before what is left of the path.  0, or -1 and errno. */
static int
path_prepend(char rest[PATH_MAX], const char *text)
{
	char all[PATH_MAX];

	if (strlcpy(all, text, sizeof all) >= sizeof all ||
	    strlcat(all, "/", sizeof all) >= sizeof all ||
	    strlcat(all, rest, sizeof all) >= sizeof all) {
		errno = ENAMETOOLONG;
		return -1;
	}
	(void)strlcpy(rest, all, PATH_MAX);
	return 0;
}

/* Take the first name off the path, where it is no longer than name; 0: there is none. */
static size_t
name_take(char rest[PATH_MAX], char name[PATH_MAX])
{
	const char *at = rest + strspn(rest, "/");
	size_t len = strcspn(at, "/");

	memcpy(name, at, len);
	name[len] = '\0';
	memmove(rest, at + len, strlen(at + len) + 1);
	return len;
}

/* Go on to the name, or to where it leads if it is a link, which becomes an entry. */
static int
name_walk(struct private_root *r, char done[PATH_MAX], const char *name, char rest[PATH_MAX],
    int *followed)
{
	char target[PATH_MAX];
	struct stat st;
	size_t len = strlen(done);

	if (strlcat(done, "/", PATH_MAX) >= PATH_MAX || strlcat(done, name, PATH_MAX) >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (lstat(done, &st) == -1)
		return -1;
	if (!S_ISLNK(st.st_mode))
		return 0;
	if (++*followed > LINKS_MAX) {
		errno = ELOOP;
		return -1;
	}
	ssize_t n = readlink(done, target, sizeof target - 1);
	if (n == -1)
		return -1;
	target[n] = '\0';
	if (entry_add(r, ROOT_LINK, done, target, NULL) == -1)
		return -1;
	done[target[0] == '/' ? 0 : len] = '\0';
	return path_prepend(rest, target);
}

/* Resolve the path as the kernel would, with an entry for each link on the way and for its end. */
static int
path_add(struct private_root *r, enum private_root_kind kind, const char *path)
{
	char done[PATH_MAX] = "", rest[PATH_MAX] = "", name[PATH_MAX];
	struct stat st;
	int followed = 0;

	if (path[0] != '/' && getcwd(rest, sizeof rest) == NULL)
		return -1;
	if (strlcat(rest, "/", sizeof rest) >= sizeof rest ||
	    strlcat(rest, path, sizeof rest) >= sizeof rest) {
		errno = ENAMETOOLONG;
		return -1;
	}
	while (name_take(rest, name) > 0) {
		if (strcmp(name, ".") == 0)
			continue;
		if (strcmp(name, "..") == 0) {
			char *last = strrchr(done, '/');
			if (last != NULL)
				*last = '\0';
		} else if (name_walk(r, done, name, rest, &followed) == -1) {
			return -1;
		}
	}
	const char *end = done[0] == '\0' ? "/" : done;
	return stat(end, &st) == -1 ? -1 : entry_add(r, kind, end, NULL, &st);
}

static bool
is_opened_up(const struct private_root *r, const char *path)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->entries[i].kind <= ROOT_READ && strcmp(r->entries[i].path, path) == 0)
			return true;
	return false;
}

/* Something is mounted deeper in that scratch directory: make the way there a mount as well, which
   no job can rename. */
static int
scratch_ways_add(struct private_root *r, const char *scratch)
{
	char way[PATH_MAX];

	if (is_opened_up(r, scratch))
		return 0;
	for (size_t i = 0, n = r->count; i < n; i++) {
		const char *path = r->entries[i].path;
		const char *next = path + strlen(scratch) + 1;
		if (!is_below(path, scratch) || (next = strchr(next, '/')) == NULL)
			continue;
		(void)strlcpy(way, path, (size_t)(next - path) + 1);
		if (entry_add(r, ROOT_DIRECTORY, way, NULL, NULL) == -1)
			return -1;
	}
	return 0;
}

/* What every private root has. */
static int
own_add(struct private_root *r, bool proc)
{
	struct stat st;

	for (size_t i = 0; i < LENGTH(devices); i++)
		if (stat(devices[i], &st) == 0 && S_ISCHR(st.st_mode) &&
		    entry_add(r, ROOT_READ, devices[i], NULL, &st) == -1)
			return -1;
	for (size_t i = 0; i < LENGTH(links); i++)
		if (entry_add(r, ROOT_LINK, links[i].path, links[i].target, NULL) == -1)
			return -1;
	for (size_t i = 0; i < LENGTH(scratch_paths); i++)
		if (entry_add(r, ROOT_SCRATCH, scratch_paths[i], NULL, NULL) == -1 ||
		    scratch_ways_add(r, scratch_paths[i]) == -1)
			return -1;
	if (entry_add(r, ROOT_DIRECTORY, "/", NULL, NULL) == -1 ||
	    entry_add(r, ROOT_DIRECTORY, "/dev", NULL, NULL) == -1)
		return -1;
	return proc ? entry_add(r, ROOT_PROC, "/proc", NULL, NULL) : 0;
}

static int
by_path(const void *a, const void *b)
{
	const struct private_root_entry *x = a, *y = b;
	int order = strcmp(x->path, y->path);

	return order != 0 ? order : (x->kind > y->kind) - (x->kind < y->kind);
}

static void
entry_free(struct private_root_entry *e)
{
	free(e->path);
	free(e->target);
}

/* The innermost directory that the path is in, of the first n entries, which are in order; NULL:
   none. */
static const struct private_root_entry *
around(const struct private_root *r, size_t n, const char *path)
{
	while (n > 0 && !is_below(path, r->entries[n - 1].path))
		n--;
	return n > 0 ? &r->entries[n - 1] : NULL;
}

/* Whether what is there without this entry is the same: the first of one path counts. */
static bool
is_needless(const struct private_root *r, size_t kept, const struct private_root_entry *e)
{
	const struct private_root_entry *in = around(r, kept, e->path);

	if (kept > 0 && strcmp(r->entries[kept - 1].path, e->path) == 0)
		return true;
	if (in == NULL)
		return false;
	if (in->kind == ROOT_DIRECTORY)
		return e->kind == ROOT_DIRECTORY;
	return in->kind <= ROOT_READ && !e->device &&
	    (e->kind == in->kind || e->kind == ROOT_LINK);
}

static void
entries_settle(struct private_root *r)
{
	size_t kept = 0;

	qsort(r->entries, r->count, sizeof *r->entries, by_path);
	for (size_t i = 0; i < r->count; i++) {
		if (is_needless(r, kept, &r->entries[i]))
			entry_free(&r->entries[i]);
		else
			r->entries[kept++] = r->entries[i];
	}
	r->count = kept;
}

/*
 * Something is mounted deeper in a writable directory: mount each directory on the way there on
 * itself, so that no job can rename it.  The roots that there are would hold all the same, but no
 * later worker would find what it has to mount.
 */
static int
writable_ways_add(struct private_root *r)
{
	const size_t settled = r->count;
	char way[PATH_MAX], *last;
	struct stat st;

	for (size_t i = 0; i < settled; i++) {
		const struct private_root_entry *in = around(r, i, r->entries[i].path);
		if (in == NULL || in->kind != ROOT_WRITE || r->entries[i].kind == ROOT_LINK)
			continue;
		const size_t len = strcmp(in->path, "/") == 0 ? 0 : strlen(in->path);
		(void)strlcpy(way, r->entries[i].path, sizeof way);
		while ((last = strrchr(way, '/')) != NULL && (size_t)(last - way) > len) {
			*last = '\0';
			size_t j = settled;
			while (j < r->count && strcmp(r->entries[j].path, way) != 0)
				j++;
			if (j == r->count &&
			    (stat(way, &st) == -1 ||
				entry_add(r, ROOT_WRITE, way, NULL, &st) == -1))
				return -1;
		}
	}
	qsort(r->entries, r->count, sizeof *r->entries, by_path);
	return 0;
}

static int
paths_add(struct private_root *r, enum private_root_kind kind, const char *const *paths,
    const char *what, char *error, size_t error_size)
{
	for (; paths != NULL && *paths != NULL; paths++)
		if (path_add(r, kind, *paths) == -1)
			return refusal_set(error, error_size, errno, "sandbox: %s %s: %s", what,
			    *paths, strerror(errno));
	return 0;
}

static void
directory_note(struct private_root *r)
{
	char path[PATH_MAX];
	struct stat st;

	if (getcwd(path, sizeof path) == NULL || path[0] != '/' || stat(".", &st) == -1)
		return;
	r->directory = strdup(path);
	r->directory_device = st.st_dev;
	r->directory_inode = st.st_ino;
}

int
private_root_plan(struct private_root *r, const struct private_root_wants *wants, char *error,
    size_t error_size)
{
	*r = (struct private_root){ .wanted = true };
	r->scratch = wants->scratch > 0 ? wants->scratch : PRIVATE_ROOT_SCRATCH_DEFAULT;
	if (paths_add(r, ROOT_READ, wants->readable, "readable path", error, error_size) == -1 ||
	    paths_add(r, ROOT_WRITE, wants->writable, "writable path", error, error_size) == -1) {
		private_root_release(r);
		return -1;
	}
	int result = own_add(r, !wants->no_proc);
	if (result == 0) {
		entries_settle(r);
		result = writable_ways_add(r);
	}
	if (result == -1) {
		int saved = errno;
		private_root_release(r);
		return refusal_set(error, error_size, saved, "sandbox: private root: %s",
		    strerror(saved));
	}
	directory_note(r);
	return 0;
}

void
private_root_release(struct private_root *r)
{
	for (size_t i = 0; i < r->count; i++)
		entry_free(&r->entries[i]);
	free(r->entries);
	free(r->directory);
	*r = (struct private_root){ 0 };
}

#else

int
private_root_plan(struct private_root *r, const struct private_root_wants *wants, char *error,
    size_t error_size)
{
	(void)wants;
	*r = (struct private_root){ 0 };
	return refusal_set(error, error_size, ENOTSUP,
	    "sandbox: this system has no private root directory for a job");
}

void
private_root_release(struct private_root *r)
{
	*r = (struct private_root){ 0 };
}

#endif
