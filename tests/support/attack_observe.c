/* SPDX-License-Identifier: BSD-2-Clause */
/* What the caller can see of itself and of the pool's processes, before an attack and after it. */
#include "config.h"
#include "tests/support/attack_observe.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

uint64_t
attack_sum(const unsigned char *data, size_t len)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < len; i++)
		sum = (sum ^ data[i]) * UINT64_C(0x100000001b3);
	return sum;
}

/* ------------------------------------------------------------------------------------ processes */

static size_t
proc_read(pid_t pid, const char *name, char *text, size_t size)
{
	char path[64];

	(void)snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	FILE *file = fopen(path, "re");
	size_t n = file != NULL ? fread(text, 1, size - 1, file) : 0;
	if (file != NULL)
		(void)fclose(file);
	text[n] = '\0';
	return n;
}

/* Whether it is the first process of a pid namespace below this one: a worker may have such an
   init, and no job is one. */
static int
is_init(pid_t pid)
{
	char path[40], line[128];
	int first = 0;

	(void)snprintf(path, sizeof path, "/proc/%ld/status", (long)pid);
	FILE *file = fopen(path, "re");
	while (file != NULL && fgets(line, sizeof line, file) != NULL)
		if (strncmp(line, "NSpid:", 6) == 0)
			first = strlen(line) > 3 && strcmp(line + strlen(line) - 3, "\t1\n") == 0;
	if (file != NULL)
		(void)fclose(file);
	return first;
}

/* Whether the process is a live one below that worker, by way of an init. */
static int
is_below(pid_t pid, pid_t worker)
{
	pid_t above = (pid_t)support_stat(pid, 4);

	for (int i = 0; i < 256 && above > 1 && above != worker; i++)
		above = (pid_t)support_stat(above, 4);
	return above == worker && support_alive(pid);
}

/* No process but the pool's own is a child of one of the pool's processes, or below a worker. */
static void
no_strangers(const struct attack_scene *scene)
{
	DIR *proc = opendir("/proc");

	ck_assert_ptr_nonnull(proc);
	for (struct dirent *entry; (entry = readdir(proc)) != NULL;) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
		if (pid <= 0)
			continue;
		pid_t parent = (pid_t)support_stat(pid, 4);
		int is_worker = 0;
		for (unsigned i = 0; i < ATTACK_WORKERS; i++) {
			ck_assert_msg(parent != scene->known.worker[i] || is_init(pid),
			    "process %d is a child of worker %u", (int)pid, i);
			ck_assert_msg(!is_below(pid, scene->known.worker[i]) || is_init(pid),
			    "process %d is below worker %u", (int)pid, i);
			is_worker |= pid == scene->known.worker[i];
		}
		ck_assert_msg(parent != scene->known.supervisor || is_worker,
		    "process %d is a child of the supervisor", (int)pid);
		ck_assert_msg(parent != scene->known.caller || pid == scene->known.supervisor,
		    "process %d is a child of the caller", (int)pid);
	}
	(void)closedir(proc);
}

/* The processes of a pid namespace have noted pids that mean something else out here. */
void
attack_pids_gone(struct attack_scene *scene, uint32_t at_least)
{
	uint32_t n = atomic_load(&scene->words->processes);

	ck_assert_msg(n >= at_least, "%u processes were to be made, %u were", (unsigned)at_least,
	    (unsigned)n);
	if (forkpool_mechanisms(scene->pool) & FORKPOOL_SIGNALS_BY_NAMESPACE) {
		no_strangers(scene);
		n = 0;
	}
	for (uint32_t i = 0; i < n && i < ATTACK_PIDS; i++)
		ck_assert_msg(!support_alive((pid_t)atomic_load(&scene->words->pid[i])),
		    "process %u of %u is still there",
		    (unsigned)i, (unsigned)n);
	atomic_store(&scene->words->processes, 0);
}

/* The state that a job inherits from its worker, as far as this user may see it. */
static char *
state_of(pid_t pid)
{
	static const char *const lines[] = { "Umask:", "Uid:", "Gid:", "Groups:", "SigBlk:",
		"SigIgn:", "SigCgt:", "CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:",
		"NoNewPrivs:", "Seccomp:", "Seccomp_filters:", "Cpus_allowed:", "Threads:" };
	static char text[16384];
	char *state = calloc(1, 32768), link[256];
	size_t at = 0;
	const size_t size = 32768;

	ck_assert_ptr_nonnull(state);
	(void)proc_read(pid, "status", text, sizeof text);
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		const char *line = strstr(text, lines[i]);
		if (line != NULL)
			at += (size_t)snprintf(state + at, size - at, "%.*s\n",
			    (int)strcspn(line, "\n"), line);
	}
	(void)proc_read(pid, "limits", text, sizeof text);
	at += (size_t)snprintf(state + at, size - at, "%s", text);
	at += (size_t)snprintf(state + at, size - at, "nice %llu\n",
	    (unsigned long long)support_stat(pid, 19));
	at += (size_t)snprintf(state + at, size - at, "session %llu\n",
	    (unsigned long long)support_stat(pid, 6));
	static const char *const links[] = { "cwd", "root", "fd/0", "fd/1", "fd/2", "ns/user",
		"ns/net", "ns/mnt" };
	for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
		char path[64];
		(void)snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, links[i]);
		ssize_t n = readlink(path, link, sizeof link);
		at += (size_t)snprintf(state + at, size - at, "%s %.*s\n", links[i],
		    n > 0 ? (int)n : 0, link);
	}
	for (int fd = 0; fd < 3; fd++) {
		char path[32];
		(void)snprintf(path, sizeof path, "fdinfo/%d", fd);
		(void)proc_read(pid, path, text, sizeof text);
		const char *flags = strstr(text, "flags:");
		if (flags != NULL)
			at += (size_t)snprintf(state + at, size - at, "%d %.*s\n", fd,
			    (int)strcspn(flags, "\n"), flags);
	}
	char environ_of[4096];
	at += (size_t)snprintf(state + at, size - at, "environment %zu\n",
	    proc_read(pid, "environ", environ_of, sizeof environ_of));
	ck_assert_uint_lt(at, size);
	return state;
}

const char *
attack_difference(const char *a, const char *b)
{
	static char line[300];
	size_t i = 0, begin = 0;

	for (; a[i] != '\0' && a[i] == b[i]; i++)
		if (a[i] == '\n')
			begin = i + 1;
	(void)snprintf(line, sizeof line, "%.*s, which was %.*s", (int)strcspn(b + begin, "\n"),
	    b + begin, (int)strcspn(a + begin, "\n"), a + begin);
	return line;
}

static void
workers_same(struct attack_scene *scene)
{
	for (unsigned i = 0; i < ATTACK_WORKERS; i++) {
		struct forkpool_worker_info info;
		ck_assert_int_eq(forkpool_worker_info(scene->pool, i, &info), 0);
		ck_assert_msg(info.pid == scene->known.worker[i] && support_alive(info.pid) &&
			support_stat(info.pid, 22) == scene->born[i],
		    "worker %u is not the process that it was", i);
		/* The worker may still be on its way back from its last job. */
		for (int left = SUPPORT_HANGS_MS; left >= 0; left--) {
			char *now = state_of(info.pid);
			int same = strcmp(now, scene->worker_state[i]) == 0;
			ck_assert_msg(same || left > 0, "worker %u has %s", i,
			    attack_difference(scene->worker_state[i], now));
			free(now);
			if (same)
				break;
			(void)nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
		}
	}
	ck_assert_msg(support_alive(scene->known.supervisor) &&
		support_stat(scene->known.supervisor, 22) == scene->born[ATTACK_WORKERS],
	    "the supervisor is not the process that it was");
}

/* ----------------------------------------------------------------------------- the caller's own */

static int
listen_at(struct sockaddr *address, socklen_t len, int type)
{
	int fd = socket(address->sa_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(bind(fd, address, len), 0);
	if (type == SOCK_STREAM)
		ck_assert_int_eq(listen(fd, 4), 0);
	ck_assert_int_eq(getsockname(fd, address, &len), 0);
	return fd;
}

static void
doors_open(struct attack_scene *scene)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	scene->tcp = listen_at((struct sockaddr *)&in, sizeof in, SOCK_STREAM);
	scene->known.tcp = ntohs(in.sin_port);
	in.sin_port = 0;
	scene->udp = listen_at((struct sockaddr *)&in, sizeof in, SOCK_DGRAM);
	scene->known.udp = ntohs(in.sin_port);
	(void)snprintf(scene->known.abstract, sizeof scene->known.abstract, "forkpool attack %d",
	    (int)getpid());
	size_t len = strlen(scene->known.abstract);
	memcpy(un.sun_path + 1, scene->known.abstract, len);
	len += offsetof(struct sockaddr_un, sun_path) + 1;
	scene->abstract = listen_at((struct sockaddr *)&un, (socklen_t)len, SOCK_STREAM);
}

static void
nobody_came(const struct attack_scene *scene)
{
	struct pollfd door[] = { { .fd = scene->tcp, .events = POLLIN },
		{ .fd = scene->udp, .events = POLLIN },
		{ .fd = scene->abstract, .events = POLLIN } };
	static const char *const name[] = { "TCP", "UDP", "abstract" };

	ck_assert_int_ne(poll(door, 3, 0), -1);
	for (int i = 0; i < 3; i++)
		ck_assert_msg(door[i].revents == 0, "somebody came to the %s socket", name[i]);
}

static void
directory_empty(const struct attack_scene *scene)
{
	DIR *dir = opendir(scene->known.directory);

	ck_assert_ptr_nonnull(dir);
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
		ck_assert_msg(strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0,
		    "%s was written", entry->d_name);
	(void)closedir(dir);
}

static void
caller_same(const struct attack_scene *scene)
{
	struct sigaction action;
	sigset_t mask;

	ck_assert_msg(attack_sum(scene->canary, ATTACK_CANARY) == scene->canary_sum,
	    "the caller's memory has changed");
	ck_assert(sigpending(&mask) == 0 && sigismember(&mask, SIGWINCH) == 0);
	ck_assert_int_eq(sigprocmask(SIG_SETMASK, NULL, &mask), 0);
	for (int signo = 1; signo < 65; signo++) {
		ck_assert_msg(sigismember(&mask, signo) == sigismember(&scene->mask, signo),
		    "signal %d: the mask changed", signo);
		ck_assert_msg(sigaction(signo, NULL, &action) == -1 ||
			(action.sa_handler == scene->action[signo].sa_handler &&
			    action.sa_flags == scene->action[signo].sa_flags),
		    "signal %d: the handler changed", signo);
	}
	ck_assert_int_eq(support_open_fds(), scene->fds);
}

void
attack_observe_before(struct attack_scene *scene)
{
	scene->canary =
	    mmap(NULL, ATTACK_CANARY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(scene->canary, MAP_FAILED);
	for (size_t at = 0; at < ATTACK_CANARY; at += 256)
		ck_assert_int_eq(getrandom(scene->canary + at, 256, 0), 256);
	scene->canary_sum = attack_sum(scene->canary, ATTACK_CANARY);
	scene->known.canary = (uintptr_t)scene->canary;
	scene->known.caller = getpid();
	/* Attacks send SIGWINCH: blocked, it stays pending and can be seen. */
	(void)sigemptyset(&scene->mask);
	(void)sigaddset(&scene->mask, SIGWINCH);
	ck_assert_int_eq(sigprocmask(SIG_BLOCK, &scene->mask, NULL), 0);
	ck_assert_int_eq(sigprocmask(SIG_SETMASK, NULL, &scene->mask), 0);
	for (int signo = 1; signo < 65; signo++)
		(void)sigaction(signo, NULL, &scene->action[signo]);
	doors_open(scene);
}

/*
 * The state of a worker that waits for jobs.  On its way there a worker has signals blocked, and
 * layers are missing.
 */
static char *
settled_state_of(pid_t pid)
{
	char *before = state_of(pid);

	for (int left = SUPPORT_HANGS_MS;; left--) {
		ck_assert_msg(left > 0, "process %d does not come to rest: %s", (int)pid, before);
		(void)nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
		char *now = state_of(pid);
		const char *blocked = strstr(now, "SigBlk:\t");
		int rests = strcmp(now, before) == 0 && blocked != NULL &&
		    (strtoull(blocked + strlen("SigBlk:\t"), NULL, 16) >> (SIGUSR1 - 1) & 1) == 0;
		free(before);
		if (rests)
			return now;
		before = now;
	}
}

void
attack_observe(struct attack_scene *scene)
{
	for (unsigned i = 0; i < ATTACK_WORKERS; i++) {
		struct forkpool_worker_info info;
		ck_assert_int_eq(forkpool_worker_info(scene->pool, i, &info), 0);
		ck_assert_int_gt(info.pid, 0);
		scene->known.worker[i] = info.pid;
		scene->known.supervisor = (pid_t)support_stat(info.pid, 4);
		scene->born[i] = support_stat(info.pid, 22);
		scene->worker_state[i] = settled_state_of(info.pid);
	}
	ck_assert_int_eq((pid_t)support_stat(scene->known.supervisor, 4), scene->known.caller);
	scene->born[ATTACK_WORKERS] = support_stat(scene->known.supervisor, 22);
	scene->fds = support_open_fds();
}

void
attack_aftermath(struct attack_scene *scene)
{
	struct forkpool_stats stats;

	workers_same(scene);
	no_strangers(scene);
	caller_same(scene);
	nobody_came(scene);
	directory_empty(scene);
	ck_assert_int_eq(forkpool_get_stats(scene->pool, &stats), 0);
	ck_assert_uint_eq(stats.workers_died, 0);
	ck_assert_uint_eq(stats.workers_started, ATTACK_WORKERS);
	ck_assert_uint_eq(stats.workers_alive, ATTACK_WORKERS);
	ck_assert_uint_eq(stats.retries, 0);
}

void
attack_observe_end(struct attack_scene *scene)
{
	(void)close(scene->tcp);
	(void)close(scene->udp);
	(void)close(scene->abstract);
	for (unsigned i = 0; i < ATTACK_WORKERS; i++)
		free(scene->worker_state[i]);
	(void)munmap(scene->canary, ATTACK_CANARY);
}

void
attack_directory_remove(const char *path)
{
	DIR *dir = opendir(path);
	char below[512];

	for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		(void)snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
		if (unlink(below) == -1 && (errno == EISDIR || errno == EPERM))
			attack_directory_remove(below);
	}
	if (dir != NULL)
		(void)closedir(dir);
	(void)rmdir(path);
}
