/* SPDX-License-Identifier: BSD-2-Clause */
/* Try to break what a sandbox promises. */
#include "config.h"
#include "lib/sandbox/acts.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef HAVE_SYS_SYSCALL_H
#include <sys/syscall.h>
#endif

#include "lib/os/os.h"
#include "lib/os/syscall_gate.h"

/* How deep a path is followed up to the root. */
#define DEPTH_MAX 64

static bool
same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Whether the directory is one of the paths, or below one; also where that cannot be seen. */
static bool
is_below(const char *directory, const char *const *paths)
{
	char at[16 + 3 * DEPTH_MAX];
	struct stat here, above, opened;
	size_t len = strlcpy(at, directory, sizeof at);

	if (paths == NULL || *paths == NULL)
		return false;
	for (int depth = 0; depth < DEPTH_MAX && stat(at, &here) == 0; depth++) {
		for (const char *const *p = paths; *p != NULL; p++)
			if (stat(*p, &opened) == -1 || same_file(&opened, &here))
				return true;
		memcpy(at + len, "/..", 4);
		len += 3;
		if (stat(at, &above) == -1)
			return true;
		if (same_file(&above, &here))
			return false; /* this was the root */
	}
	return true;
}

static void
choose(struct acts_place *place, const char *const *candidates, const char *const *readable,
    const char *const *writable)
{
	struct stat st;

	*place = (struct acts_place){ .path = NULL };
	for (; *candidates != NULL && place->path == NULL; candidates++)
		if (stat(*candidates, &st) == 0 && S_ISDIR(st.st_mode) &&
		    !is_below(*candidates, readable) && !is_below(*candidates, writable))
			*place = (struct acts_place){ .path = *candidates,
				.device = (uint64_t)st.st_dev, .file = (uint64_t)st.st_ino };
}

void
acts_choose(struct acts_places *places, const struct forkpool_sandbox *sandbox)
{
	static const char *const to_read[] = { "/", "/usr", "/etc", "/var", "/dev", "/tmp", NULL };
	static const char *const to_write[] = { "/tmp", "/var/tmp", "/dev/shm", NULL };

	choose(&places->unreadable, to_read, sandbox->readable, sandbox->writable);
	choose(&places->unwritable, to_write, NULL, sandbox->writable);
}

#ifdef __linux__

#define PATH(text) ((long)(intptr_t)(text))
/* si_code of the SIGSYS of a filter; bits/siginfo-consts.h may lack it. */
#define BY_FILTER 1
#define OPENAT2   437

static volatile sig_atomic_t acting, trapped;
static struct sigaction before;

/* One call, trapped or not: -1 and errno, EPERM where it was trapped. */
static long
act(long number, long a, long b, long c, long d)
{
	trapped = 0;
	acting = 1;
	long r = gate_call(number, a, b, c, d, 0);
	acting = 0;
	if (!trapped)
		return r;
	errno = EPERM;
	return -1;
}

static void
on_trap(int signo, siginfo_t *info, void *context)
{
	if (acting && info->si_code == BY_FILTER) {
		trapped = 1;
		return;
	}
	before.sa_sigaction(signo, info, context);
	/* It has raised the signal, which is to end the process, but here is still a handler, and
	   the filter lets nobody take it off.  A call that is trapped while the signal is blocked
	   ends the process at once. */
	(void)gate_call(SYS_ptrace, 0, 0, 0, 0, 0);
}

void
acts_catch_traps(void)
{
	struct sigaction action = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	sigemptyset(&action.sa_mask);
	if (sigaction(SIGSYS, NULL, &before) == 0 && before.sa_flags & SA_SIGINFO)
		(void)sigaction(SIGSYS, &action, NULL);
}

/* Whether a signal can be sent to the process.  In a pid namespace the low numbers are those in
   there. */
static bool
can_signal(const struct acts *a, pid_t pid)
{
	if (a->jailed && pid <= os_self())
		return false;
	return act(SYS_kill, pid, 0, 0, 0) != -1 || act(SYS_tgkill, pid, pid, 0, 0) != -1 ||
	    act(SYS_tkill, pid, 0, 0, 0) != -1;
}

static bool
can_signal_others(const struct acts *a)
{
	return can_signal(a, a->worker) || can_signal(a, a->supervisor) ||
	    can_signal(a, a->caller) || can_signal(a, a->sibling);
}

/* Whether the place can be opened, and is the one outside. */
static bool
can_open(const struct acts_place *place, int flags)
{
	struct stat st;

	if (place->path == NULL)
		return false;
	long fd = act(SYS_openat, AT_FDCWD, PATH(place->path), flags, 0600);
	if (fd == -1)
		return false;
	bool known = fstat((int)fd, &st) == 0;
	(void)act(SYS_close, fd, 0, 0, 0);
	/* A file that was made there has a number of its own. */
	return !known || ((uint64_t)st.st_dev == place->device &&
			     (flags & O_DIRECTORY || (uint64_t)st.st_ino == place->file));
}

static bool
can_open_files(const struct acts *a)
{
	return can_open(&a->places.unreadable, O_RDONLY) ||
	    can_open(&a->places.unwritable, O_RDWR | O_TMPFILE);
}

/* What connecting to somebody outside comes to: 0 or an errno. */
static int
connect_error(const struct acts *a)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(a->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	long fd = act(SYS_socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0, 0);

	if (fd == -1)
		return errno;
	int error = act(SYS_connect, fd, PATH(&to), sizeof to, 0) == -1 ? errno : 0;
	(void)act(SYS_close, fd, 0, 0, 0);
	return error;
}

static bool
can_make_sockets(void)
{
	static const int families[] = { AF_INET, AF_INET6, AF_UNIX, AF_NETLINK };

	for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
		long fd = act(SYS_socket, families[i], SOCK_DGRAM | SOCK_CLOEXEC, 0, 0);
		if (fd == -1)
			continue;
		(void)act(SYS_close, fd, 0, 0, 0);
		return true;
	}
	return false;
}

static void
note_seen(struct acts *a, unsigned mechanisms)
{
	(void)atomic_fetch_or(&a->seen, mechanisms);
}

void
acts_as_user(struct acts *a)
{
	if (!can_signal_others(a))
		note_seen(a, FORKPOOL_SIGNALS_BY_USER | FORKPOOL_JOBS_BY_USER);
	if (a->jailed && !can_signal_others(a) && !can_signal(a, a->twin))
		note_seen(a, FORKPOOL_SIGNALS_BY_NAMESPACE);
	if (!can_open_files(a))
		note_seen(a, FORKPOOL_FILES_BY_ROOT);
	if (connect_error(a) != 0)
		note_seen(a, FORKPOOL_NETWORK_BY_NAMESPACE);
}

void
acts_behind_landlock(struct acts *a)
{
	if (!can_open_files(a))
		note_seen(a, FORKPOOL_FILES_BY_LANDLOCK);
	if (connect_error(a) == EACCES)
		note_seen(a, FORKPOOL_NETWORK_BY_LANDLOCK);
	/* A process that the user alone does not keep it off. */
	if (!can_signal(a, a->twin))
		note_seen(a, FORKPOOL_SIGNALS_BY_LANDLOCK);
}

/* Whether the filter refuses what Landlock does not see; without any path that is all of them. */
static bool
filter_holds_files(bool files)
{
	struct stat st;
	struct {
		uint64_t flags, mode, resolve;
	} how = { .flags = O_RDONLY };

	/* Elsewhere than at the filter the first is EINVAL, and the second may succeed. */
	if (act(SYS_truncate, PATH("/dev/null"), 0, 0, 0) != -1 || errno == EINVAL)
		return false;
	if (act(SYS_openat, AT_FDCWD, PATH("/dev/null"), O_RDONLY | O_TRUNC, 0) != -1 ||
	    act(OPENAT2, AT_FDCWD, PATH("/dev/null"), PATH(&how), sizeof how) != -1)
		return false;
	return files ||
	    act(SYS_readlinkat, AT_FDCWD, PATH("/proc/self/exe"), PATH(&st), sizeof st) == -1;
}

void
acts_behind_all(struct acts *a, unsigned promised, bool files)
{
	bool sockets = can_make_sockets(), signals = can_signal_others(a);

	if (filter_holds_files(files))
		note_seen(a, FORKPOOL_FILES_BY_FILTER);
	if (!sockets)
		note_seen(a, FORKPOOL_NETWORK_BY_FILTER);
	if (!signals && !can_signal(a, a->twin))
		note_seen(a, FORKPOOL_SIGNALS_BY_FILTER);
	if (promised & FORKPOOL_LAYER_SIGNALS && signals)
		(void)atomic_fetch_or(&a->broken, FORKPOOL_LAYER_SIGNALS);
	if (promised & FORKPOOL_LAYER_FILES && can_open_files(a))
		(void)atomic_fetch_or(&a->broken, FORKPOOL_LAYER_FILES);
	if (promised & FORKPOOL_LAYER_NETWORK && sockets && connect_error(a) == 0)
		(void)atomic_fetch_or(&a->broken, FORKPOOL_LAYER_NETWORK);
}

#else

void
acts_catch_traps(void)
{
}

void
acts_as_user(struct acts *a)
{
	(void)a;
}

void
acts_behind_landlock(struct acts *a)
{
	(void)a;
}

void
acts_behind_all(struct acts *a, unsigned promised, bool files)
{
	(void)a;
	(void)promised;
	(void)files;
}

#endif
