/* SPDX-License-Identifier: BSD-2-Clause */
/* Landlock: build and enter the ruleset. */
#include "config.h"
#include "lib/sandbox/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/os/fd.h"
#include "lib/os/syscall_gate.h"
#include "lib/sandbox/refusal.h"

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

struct ruleset_attributes {
	uint64_t handled_fs, handled_net, scoped;
};

/* The kernel's struct is packed: it reads the first 12 bytes of this one. */
struct path_rule {
	uint64_t allowed;
	int32_t  fd;
};

static void
ruleset_attributes(struct ruleset_attributes *a, int abi, bool network)
{
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
ruleset_make(struct ruleset_attributes *a, int abi, bool network)
{
	ruleset_attributes(a, abi, network);
	int fd = (int)syscall(CREATE_RULESET, a, sizeof *a, 0u);
	if (fd == -1 && errno == EINVAL && abi > ABI_TRIED) {
		ruleset_attributes(a, ABI_TRIED, network);
		fd = (int)syscall(CREATE_RULESET, a, sizeof *a, 0u);
	}
	return fd_raise(fd);
}

/* Open up one path; with ruleset -1 only see whether the path exists. */
static int
ruleset_add(int ruleset, const char *path, uint64_t rights)
{
	struct path_rule rule = { .fd = open(path, O_PATH | O_CLOEXEC) };
	struct stat status;
	int r = 0;

	if (rule.fd == -1 || fstat(rule.fd, &status) == -1) {
		fd_close(&rule.fd);
		return -1;
	}
	rule.allowed = S_ISDIR(status.st_mode) ? rights : rights & FILE_RIGHTS;
	if (ruleset != -1)
		r = (int)syscall(ADD_RULE, ruleset, RULE_PATH_BENEATH, &rule, 0u);
	fd_close(&rule.fd);
	return r;
}

static int
ruleset_add_all(int ruleset, const char *const *paths, uint64_t rights, const char *what,
    char *error, size_t error_size)
{
	for (; paths != NULL && *paths != NULL; paths++)
		if (ruleset_add(ruleset, *paths, rights) == -1)
			return refusal_set(error, error_size, errno, "sandbox: %s %s: %s", what,
			    *paths, strerror(errno));
	return 0;
}

int
landlock_build(struct sandbox_landlock *landlock, const struct landlock_wants *wants, char *error,
    size_t error_size)
{
	struct ruleset_attributes attributes;
	uint64_t read = FS_READ_FILE | FS_READ_DIR;
	uint64_t write = FS_WRITE_FILE | FS_TRUNCATE | FS_MAKE_REG | FS_MAKE_DIR | FS_REMOVE_FILE |
	    FS_REMOVE_DIR | FS_REFER;

	*landlock = (struct sandbox_landlock){ .fd = -1 };
	memset(&attributes, 0, sizeof attributes);
	long abi = syscall(CREATE_RULESET, NULL, (size_t)0, RULESET_VERSION);
	if (abi >= 1) {
		landlock->abi = (int)abi;
		landlock->fd = ruleset_make(&attributes, landlock->abi, wants->network);
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
	/* A path that does not exist is the caller's mistake, with or without Landlock. */
	if (ruleset_add_all(landlock->fd, wants->readable, read & attributes.handled_fs,
		"readable path", error, error_size) == -1 ||
	    ruleset_add_all(landlock->fd, wants->writable, write & attributes.handled_fs,
		"writable path", error, error_size) == -1) {
		landlock_release(landlock);
		return -1;
	}
	landlock->truncates = landlock->fd != -1 && !(attributes.handled_fs & FS_TRUNCATE);
	if (attributes.handled_fs & FS_TRUNCATE)
		landlock->layers |= FORKPOOL_LAYER_FILES;
	if (attributes.handled_net != 0)
		landlock->layers |= FORKPOOL_LAYER_NETWORK;
	if (attributes.scoped != 0)
		landlock->layers |= FORKPOOL_LAYER_SIGNALS;
	return 0;
}

int
landlock_enter(const struct sandbox_landlock *landlock)
{
	return landlock->fd == -1 ? 0 : (int)gate_call(RESTRICT_SELF, landlock->fd, 0, 0, 0, 0);
}

#else

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
landlock_enter(const struct sandbox_landlock *landlock)
{
	(void)landlock;
	return 0;
}

#endif

void
landlock_release(struct sandbox_landlock *landlock)
{
	fd_close(&landlock->fd);
	landlock->layers = 0;
}
