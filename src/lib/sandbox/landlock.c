/* SPDX-License-Identifier: BSD-2-Clause */
/* Landlock: build and enter the ruleset. */
#include "config.h"
#include "lib/sandbox/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/os/fd.h"
#include "lib/os/syscall_gate.h"
#include "lib/sandbox/refusal.h"

static int abi_most = INT_MAX;

void
landlock_pretend(int abi)
{
	abi_most = abi;
}

#ifdef __linux__

#include <sys/syscall.h>

/* As in linux/landlock.h, up to ABI 10: the installed header may be older than the kernel. */
#ifdef __alpha__
#define LANDLOCK_NUMBER(n) (110 + (n))
#else
#define LANDLOCK_NUMBER(n) (n)
#endif
#define CREATE_RULESET LANDLOCK_NUMBER(444)
#define ADD_RULE       LANDLOCK_NUMBER(445)
#define RESTRICT_SELF  LANDLOCK_NUMBER(446)

#define RULESET_VERSION   1u
#define RULE_PATH_BENEATH 1

#define FS_EXECUTE      ((uint64_t)1 << 0)
#define FS_WRITE_FILE   ((uint64_t)1 << 1)
#define FS_READ_FILE    ((uint64_t)1 << 2)
#define FS_READ_DIR     ((uint64_t)1 << 3)
#define FS_REMOVE_DIR   ((uint64_t)1 << 4)
#define FS_REMOVE_FILE  ((uint64_t)1 << 5)
#define FS_MAKE_CHAR    ((uint64_t)1 << 6)
#define FS_MAKE_DIR     ((uint64_t)1 << 7)
#define FS_MAKE_REG     ((uint64_t)1 << 8)
#define FS_MAKE_SOCK    ((uint64_t)1 << 9)
#define FS_MAKE_FIFO    ((uint64_t)1 << 10)
#define FS_MAKE_BLOCK   ((uint64_t)1 << 11)
#define FS_MAKE_SYM     ((uint64_t)1 << 12)
#define FS_REFER        ((uint64_t)1 << 13) /* ABI 2 */
#define FS_TRUNCATE     ((uint64_t)1 << 14) /* ABI 3 */
#define FS_IOCTL_DEV    ((uint64_t)1 << 15) /* ABI 5 */
#define FS_RESOLVE_UNIX ((uint64_t)1 << 16) /* ABI 9: connect to a socket that has a path */

#define NET_BIND_TCP    ((uint64_t)1 << 0)  /* ABI 4 */
#define NET_CONNECT_TCP ((uint64_t)1 << 1)
#define NET_BIND_UDP    ((uint64_t)1 << 2)  /* ABI 10 */
#define NET_CONNECT_UDP ((uint64_t)1 << 3)

#define SCOPE_ABSTRACT_SOCKET ((uint64_t)1 << 0) /* ABI 6 */
#define SCOPE_SIGNAL          ((uint64_t)1 << 1)

/* For anything but a directory the kernel refuses all other rights. */
#define FILE_RIGHTS \
	(FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV | FS_RESOLVE_UNIX)

/* The newest ABI that this code has been run on; newer ones are used as documented. */
#define ABI_TRIED 7

/* openat2(2), which is older than Landlock. */
#ifdef __alpha__
#define OPENAT2 547
#else
#define OPENAT2 437
#endif
#define RESOLVE_WITHOUT_LINKS (0x04u | 0x02u) /* RESOLVE_NO_SYMLINKS, RESOLVE_NO_MAGICLINKS */

static void
ruleset_attributes(struct landlock_attributes *a, int abi, const struct landlock_wants *wants)
{
	const bool network = wants->network;

	memset(a, 0, sizeof *a);
	a->handled_fs = FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_READ_DIR | FS_REMOVE_DIR |
	    FS_REMOVE_FILE | FS_MAKE_CHAR | FS_MAKE_DIR | FS_MAKE_REG | FS_MAKE_SOCK |
	    FS_MAKE_FIFO | FS_MAKE_BLOCK | FS_MAKE_SYM;
	if (abi >= 2)
		a->handled_fs |= FS_REFER;
	if (abi >= 3)
		a->handled_fs |= FS_TRUNCATE;
	if (abi >= 5)
		a->handled_fs |= FS_IOCTL_DEV;
	if (abi >= 9)
		a->handled_fs |= FS_RESOLVE_UNIX;
	if (abi >= 4 && !network)
		a->handled_net |= NET_BIND_TCP | NET_CONNECT_TCP;
	if (abi >= 10 && !network)
		a->handled_net |= NET_BIND_UDP | NET_CONNECT_UDP;
	/* With network too: abstract sockets lead to other programs of this machine. */
	if (abi >= 6)
		a->scoped |= SCOPE_ABSTRACT_SOCKET | SCOPE_SIGNAL;
}

static int
ruleset_make(struct landlock_attributes *a, int abi, const struct landlock_wants *wants)
{
	ruleset_attributes(a, abi, wants);
	int fd = (int)syscall(CREATE_RULESET, a, sizeof *a, 0u);
	if (fd == -1 && errno == EINVAL && abi > ABI_TRIED) {
		ruleset_attributes(a, ABI_TRIED, wants);
		fd = (int)syscall(CREATE_RULESET, a, sizeof *a, 0u);
	}
	return fd_raise(fd);
}

/* Through the gate, since a job's process may come here behind a filter. */
static int
rule_add(int ruleset, const struct landlock_path *path)
{
	return (int)gate_call(ADD_RULE, ruleset, RULE_PATH_BENEATH, (long)(intptr_t)path, 0, 0);
}

/* Open up one path, and hold it open for the rulesets of single jobs; without a ruleset only see
   whether it exists. */
static int
path_add(struct sandbox_landlock *landlock, const struct landlock_wants *wants, const char *name,
    uint64_t rights)
{
	struct landlock_path path = { .fd = fd_raise(open(name, O_PATH | O_CLOEXEC)) };
	struct stat status;
	int r = 0;

	if (path.fd == -1 || fstat(path.fd, &status) == -1) {
		fd_close(&path.fd);
		return -1;
	}
	path.rights = S_ISDIR(status.st_mode) ? rights : rights & FILE_RIGHTS;
	if (landlock->fd == -1 || wants->root || (r = rule_add(landlock->fd, &path)) == -1 ||
	    !wants->by_job)
		fd_close(&path.fd);
	else
		landlock->held[landlock->held_count++] = path;
	return r;
}

static int
paths_add(struct sandbox_landlock *landlock, const struct landlock_wants *wants,
    const char *const *names, uint64_t rights, const char *what, char *error, size_t error_size)
{
	for (; names != NULL && *names != NULL; names++) {
		if (wants->by_job && landlock->held_count == LANDLOCK_HELD_MAX)
			return refusal_set(error, error_size, EINVAL,
			    "sandbox: %s %s: with job_paths a pool has no more than %u paths", what,
			    *names, LANDLOCK_HELD_MAX);
		if (path_add(landlock, wants, *names, rights) == -1)
			return refusal_set(error, error_size, errno, "sandbox: %s %s: %s", what,
			    *names, strerror(errno));
	}
	return 0;
}

int
landlock_build(struct sandbox_landlock *landlock, const struct landlock_wants *wants, char *error,
    size_t error_size)
{
	struct landlock_attributes *attributes = &landlock->attributes;
	uint64_t read = FS_READ_FILE | FS_READ_DIR;
	uint64_t write = FS_WRITE_FILE | FS_TRUNCATE | FS_MAKE_REG | FS_MAKE_DIR | FS_REMOVE_FILE |
	    FS_REMOVE_DIR | FS_REFER;

	*landlock = (struct sandbox_landlock){ .fd = -1 };
	long abi = syscall(CREATE_RULESET, NULL, (size_t)0, RULESET_VERSION);
	if (abi > abi_most)
		abi = abi_most;
	if (abi >= 1) {
		landlock->abi = (int)abi;
		landlock->fd = ruleset_make(attributes, landlock->abi, wants);
		if (landlock->fd == -1)
			return refusal_set(error, error_size, errno,
			    "sandbox: Landlock ruleset: %s", strerror(errno));
	} else {
		landlock->error = abi == -1 ? errno : ENOSYS;
	}

	if (wants->network) {
		read |= FS_RESOLVE_UNIX;
		write |= FS_MAKE_SOCK;
	}
	if (wants->exec) {
		read |= FS_EXECUTE;
		write |= FS_MAKE_SYM | FS_MAKE_FIFO;
	}
	write |= read;
	landlock->read = read & attributes->handled_fs;
	landlock->write = write & attributes->handled_fs;
	/* A path that does not exist is the caller's mistake, with or without Landlock. */
	if (paths_add(landlock, wants, wants->readable, landlock->read, "readable path", error,
		error_size) == -1 ||
	    paths_add(landlock, wants, wants->writable, landlock->write, "writable path", error,
		error_size) == -1) {
		landlock_release(landlock);
		return -1;
	}
	landlock->root_rights =
	    attributes->handled_fs & ~(FS_MAKE_CHAR | FS_MAKE_BLOCK | FS_IOCTL_DEV);
	landlock->truncates = landlock->fd != -1 && !(attributes->handled_fs & FS_TRUNCATE);
	if (attributes->handled_fs & FS_TRUNCATE)
		landlock->layers |= FORKPOOL_LAYER_FILES;
	if (attributes->handled_net != 0)
		landlock->layers |= FORKPOOL_LAYER_NETWORK;
	if (attributes->scoped != 0)
		landlock->layers |= FORKPOOL_LAYER_SIGNALS;
	return 0;
}

/* A ruleset as the parent made it, but with nothing opened up; -1 and errno. */
static int
ruleset_again(const struct sandbox_landlock *landlock)
{
	return (int)gate_call(CREATE_RULESET, (long)(intptr_t)&landlock->attributes,
	    sizeof landlock->attributes, 0, 0, 0);
}

/* Give the ruleset the number of the shared one, in this process, and close it. */
static int
ruleset_take_place(const struct sandbox_landlock *landlock, int ruleset)
{
	int r = dup3(ruleset, landlock->fd, O_CLOEXEC);

	fd_close(&ruleset);
	return r == -1 ? -1 : 0;
}

/* It is no directory, whose rights alone the kernel takes, if that says EINVAL. */
static int
rule_add_any(int ruleset, struct landlock_path path)
{
	if (rule_add(ruleset, &path) == 0)
		return 0;
	path.rights &= FILE_RIGHTS;
	return errno == EINVAL ? rule_add(ruleset, &path) : -1;
}

int
landlock_renew(const struct sandbox_landlock *landlock)
{
	if (landlock->fd == -1)
		return 0;
	int ruleset = ruleset_again(landlock);
	return ruleset == -1 ? -1 : ruleset_take_place(landlock, ruleset);
}

int
landlock_open_up(const struct sandbox_landlock *landlock, int file, bool writable)
{
	const struct landlock_path path = {
		.rights = writable ? landlock->root_rights : landlock->read, .fd = file,
	};

	return landlock->fd == -1 ? 0 : rule_add_any(landlock->fd, path);
}

/* A path that one job named. */
static int
job_path_add(int ruleset, const char *name, uint64_t rights)
{
	const struct {
		uint64_t flags, mode, resolve;
	} how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_WITHOUT_LINKS };
	struct landlock_path path = { .rights = rights };

	path.fd = (int)gate_call(OPENAT2, AT_FDCWD, (long)(intptr_t)name, (long)(intptr_t)&how,
	    sizeof how, 0);
	if (path.fd == -1)
		return -1;
	int r = rule_add_any(ruleset, path);
	fd_close(&path.fd);
	return r;
}

int
landlock_enter_paths(const struct sandbox_landlock *landlock, struct job_paths *paths,
    char *failed, size_t size)
{
	bool writable;
	const char *name = job_paths_next(paths, &writable);

	if (landlock->fd == -1 || name == NULL)
		return 0;
	int ruleset = ruleset_again(landlock);
	if (ruleset == -1)
		return -1;
	for (size_t i = 0; i < landlock->held_count; i++)
		if (rule_add(ruleset, &landlock->held[i]) == -1)
			goto fail;
	for (; name != NULL; name = job_paths_next(paths, &writable))
		if (job_path_add(ruleset, name, writable ? landlock->write : landlock->read) ==
		    -1) {
			(void)strlcpy(failed, name, size);
			goto fail;
		}
	return ruleset_take_place(landlock, ruleset);
fail:
	fd_close(&ruleset);
	return -1;
}

int
landlock_enter(const struct sandbox_landlock *landlock)
{
	return landlock->fd == -1 ? 0 : (int)gate_call(RESTRICT_SELF, landlock->fd, 0, 0, 0, 0);
}

#else

int
landlock_renew(const struct sandbox_landlock *landlock)
{
	(void)landlock;
	return 0;
}

int
landlock_open_up(const struct sandbox_landlock *landlock, int file, bool writable)
{
	(void)landlock;
	(void)file;
	(void)writable;
	return 0;
}

int
landlock_build(struct sandbox_landlock *landlock, const struct landlock_wants *wants, char *error,
    size_t error_size)
{
	(void)wants;
	(void)error;
	(void)error_size;
	*landlock = (struct sandbox_landlock){ .fd = -1, .error = ENOSYS };
	return 0;
}

int
landlock_enter_paths(const struct sandbox_landlock *landlock, struct job_paths *paths,
    char *failed, size_t size)
{
	(void)landlock;
	(void)paths;
	(void)failed;
	(void)size;
	return 0;
}

int
landlock_enter(const struct sandbox_landlock *landlock)
{
	(void)landlock;
	return 0;
}

#endif

size_t
landlock_descriptors(const struct sandbox_landlock *landlock, int *fds)
{
	fds[0] = landlock->fd;
	for (size_t i = 0; i < landlock->held_count; i++)
		fds[1 + i] = landlock->held[i].fd;
	return 1 + landlock->held_count;
}

void
landlock_release(struct sandbox_landlock *landlock)
{
	fd_close(&landlock->fd);
	while (landlock->held_count > 0)
		fd_close(&landlock->held[--landlock->held_count].fd);
	landlock->layers = 0;
}
