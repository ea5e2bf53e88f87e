/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The promises of a sandbox on kernels with less of Landlock than this one: the pool opens, says by
 * what each promise holds, and jobs end as they do here.  And what jobs can be allowed besides:
 * threads, a private root, a network of their own.
 */
#include "config.h"
#include "tests/support/attack.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/support/landlocked.h"
#include "tests/support/lives.h"
#include "tests/support/users.h"

#define PROMISED \
	(FORKPOOL_LAYER_PROCESS | FORKPOOL_LAYER_PRIVILEGES | FORKPOOL_LAYER_FILES | \
	 FORKPOOL_LAYER_NETWORK | FORKPOOL_LAYER_SIGNALS | FORKPOOL_LAYER_SYSCALLS)

static const char *const usr[] = { "/usr", NULL };

/* What an act in a job came to. */
struct target {
	pid_t caller, worker;
};

static const struct forkpool_result *
run(struct forkpool *pool, forkpool_fn *fn, const void *args, size_t len)
{
	(void)support_submit(pool, fn, args, len);
	return support_wait(pool);
}

#define ENDS_AS(pool, fn, args, len, expected) \
	do { \
		const struct forkpool_result *ended = run(pool, fn, args, len); \
		ck_assert_msg(ended->outcome == (expected), "%s ended as %s: %s (errno %d)", #fn, \
		    forkpool_outcome_name(ended->outcome), ended->message, ended->error); \
	} while (0)

static int
aborts(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context;
	(void)args;
	(void)args_len;
	abort();
}

/* Success is an error number of its own: the act got through. */
static int
signals_others(struct forkpool_context *context, const void *args, size_t args_len)
{
	const struct target *t = args;

	(void)args_len;
	if (syscall(SYS_tgkill, t->caller, t->caller, SIGWINCH) != -1 ||
	    syscall(SYS_tgkill, t->worker, t->worker, SIGWINCH) != -1 ||
	    syscall(SYS_tkill, t->caller, SIGWINCH) != -1)
		return forkpool_fail(context, EBADMSG, "it signalled another process");
	return 0;
}

static int
kills_caller(struct forkpool_context *context, const void *args, size_t args_len)
{
	const struct target *t = args;

	(void)args_len;
	return kill(t->caller, 0) != -1 ? forkpool_fail(context, EBADMSG, "it may kill") : 0;
}

static int
opens_others_files(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct stat st;

	(void)args;
	(void)args_len;
	int fd = open("/etc/passwd", O_RDONLY);
	if (fd != -1 || truncate("/etc/passwd", 0) != -1 || mkdir("/etc/x", 0700) != -1)
		return forkpool_fail(context, EBADMSG, "/etc is open");
	return stat("/etc/shadow-of-nobody", &st) == 0 ? EBADMSG : 0;
}

static int
connects(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context;
	(void)args;
	(void)args_len;
	return socket(AF_INET, SOCK_STREAM, 0) != -1 ? EBADMSG : 0;
}

struct system {
	int abi;
	struct forkpool_sandbox sandbox;
};

static void
promises_hold(const void *arg)
{
	const struct system *system = arg;
	struct forkpool_options options = support_options(1);
	const struct forkpool_sandbox *s = &system->sandbox;

	landlock_pretend(system->abi);
	/* The kernel that runs this may be an older one itself. */
	const int abi = landlock_abi();
	const int root = geteuid() == 0, older = abi < 6;
	options.isolation = FORKPOOL_ISOLATE_SANDBOX;
	options.sandbox = s;
	struct forkpool *pool = support_open(&options);
	struct forkpool_worker_info info;
	ck_assert_int_eq(forkpool_worker_info(pool, 0, &info), 0);
	const struct target target = { getpid(), info.pid };
	unsigned by = forkpool_mechanisms(pool);
	ck_assert_uint_eq(forkpool_layers(pool) & PROMISED, PROMISED);
	ck_assert_int_eq((by & FORKPOOL_SIGNALS_BY_LANDLOCK) != 0, !older);
	if (s->readable == NULL && !s->exec)
		ck_assert(by & FORKPOOL_FILES_BY_FILTER);
	else
		ck_assert(by & (abi > 0 ? FORKPOOL_FILES_BY_LANDLOCK : FORKPOOL_FILES_BY_ROOT));
	if (older && !root && !s->exec && !(by & FORKPOOL_FILES_BY_ROOT))
		ck_assert(by & FORKPOOL_SIGNALS_BY_FILTER);
	ck_assert_int_eq((by & FORKPOOL_JOBS_BY_USER) != 0, root);
	for (int i = 0; i < 2; i++) {
		ENDS_AS(pool, aborts, NULL, 0, FORKPOOL_CRASHED);
		ENDS_AS(pool, signals_others, &target, sizeof target, FORKPOOL_OK);
		ENDS_AS(pool, kills_caller, &target, sizeof target,
		    s->exec ? FORKPOOL_OK : FORKPOOL_DENIED);
		ENDS_AS(pool, opens_others_files, NULL, 0, FORKPOOL_OK);
		ENDS_AS(pool, connects, NULL, 0, s->exec ? FORKPOOL_OK : FORKPOOL_DENIED);
	}
	lives_double(pool, 20);
	ck_assert_int_eq(forkpool_close(pool), 0);
}

/* In a child, as root and as an ordinary user. */
static void
as_user(int user, void (*body)(const void *), const void *arg)
{
	if (!attack_mode_possible(user == USER_OTHER ? ATTACK_SANDBOX_USER : ATTACK_SANDBOX))
		return;
	pid_t pid = fork();
	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		if (user == USER_OTHER)
			user_become(USER_OTHER);
		body(arg);
		_exit(0);
	}
	lives_child(pid);
}

static const struct system systems[] = {
	{ 7, { .exec = 0 } },
	{ 5, { .exec = 0 } },
	{ 2, { .exec = 0 } },
	{ 1, { .exec = 0 } },
	{ 0, { .exec = 0 } },
	{ 2, { .readable = usr } },
	{ 1, { .readable = usr } },
	{ 0, { .readable = usr } },
	{ 3, { .readable = usr, .exec = 1 } },
	{ 2, { .readable = usr, .exec = 1 } },
	{ 0, { .readable = usr, .exec = 1 } },
};

START_TEST(older_kernels)
{
	const struct system *system = &systems[_i / 2];

	if ((system->sandbox.exec || system->abi == 0) && system->sandbox.readable != NULL &&
	    user_lacks_namespaces(_i % 2, "older kernels"))
		return;
	as_user(_i % 2, promises_hold, system);
}
END_TEST

/* ------------------------------------------------------------------------------------- memory */

static int
grows(struct forkpool_context *context, const void *args, size_t args_len)
{
	const size_t step = (size_t)1 << 20;
	unsigned char *all = NULL;

	(void)args;
	(void)args_len;
	for (size_t size = step; size <= 48 * step; size += step) {
		if ((all = realloc(all, size)) == NULL)
			return forkpool_fail(context, ENOMEM, "at %zu", size);
		memset(all + size - step, 1, step);
	}
	/* What was moved was not copied: one mapping was there at a time. */
	void *moved = mmap(NULL, step, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return mremap(moved, step, 2 * step, MREMAP_MAYMOVE) == MAP_FAILED ? errno : 0;
}

START_TEST(a_buffer_grows_up_to_the_limit)
{
	struct forkpool_options options = support_options(1);

	if (!attack_mode_possible(ATTACK_SANDBOX))
		return;
	options.isolation = FORKPOOL_ISOLATE_SANDBOX;
	options.limits.memory = (int64_t)64 << 20;
	struct forkpool *pool = support_open(&options);
	ENDS_AS(pool, grows, NULL, 0, FORKPOOL_OK);
	ck_assert_int_eq(forkpool_close(pool), 0);
}
END_TEST

/* ------------------------------------------------------------------------------------ threads */

/* With memory of its own, while all are there. */
static void *
adds(void *arg)
{
	volatile char *memory = malloc(100);

	if (memory != NULL)
		(void)__atomic_add_fetch((int *)arg, memory[0] = 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n((int *)arg, __ATOMIC_SEQ_CST) < 8)
		(void)sched_yield();
	free((void *)(uintptr_t)memory);
	return NULL;
}

static void *
waits(void *arg)
{
	(void)arg;
	while (pause() == -1)
		continue;
	return NULL;
}

static int
makes_threads(struct forkpool_context *context, const void *args, size_t args_len)
{
	pthread_t thread[8];
	int sum = 0, error;

	(void)args;
	(void)args_len;
	for (int i = 0; i < 8; i++)
		if ((error = pthread_create(&thread[i], NULL, adds, &sum)) != 0)
			return forkpool_fail(context, error, "thread %d", i);
	for (int i = 0; i < 8; i++)
		(void)pthread_join(thread[i], NULL);
	return sum == 8 ? 0 : EBADMSG;
}

static int
makes_many_threads(struct forkpool_context *context, const void *args, size_t args_len)
{
	pthread_t thread;
	int error = 0, n = 1;

	(void)args;
	(void)args_len;
	while (n < 64 && (error = pthread_create(&thread, NULL, waits, NULL)) == 0)
		n++;
	return forkpool_fail(context, error, "%d threads", n);
}

/* What is only read, and the tables for it, RLIMIT_DATA does not count. */
static int
maps_to_read(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)args;
	(void)args_len;
	for (int i = 0; i < 64; i++)
		if (mmap(NULL, (size_t)1 << 30, PROT_READ,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) == MAP_FAILED)
			return errno == ENOMEM ? 0 : errno;
	return forkpool_fail(context, EBADMSG, "64 GiB to read");
}

static int
forks(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context;
	(void)args;
	(void)args_len;
	return fork() != -1 ? EBADMSG : 0;
}

static void
threads_body(const void *arg)
{
	const struct forkpool_sandbox threads = { .threads = 1, .namespaces = geteuid() != 0 };
	struct forkpool_options options = support_options(1);

	(void)arg;
	options.isolation = FORKPOOL_ISOLATE_SANDBOX;
	struct forkpool *pool = support_open(&options);
	ck_assert_int_ne(run(pool, makes_threads, NULL, 0)->outcome, FORKPOOL_OK);
	ck_assert_int_eq(forkpool_close(pool), 0);

	options.sandbox = &threads;
	options.limits = (struct forkpool_limits){ .memory = 256 << 20, .processes = 10 };
	pool = support_open(&options);
	ENDS_AS(pool, makes_threads, NULL, 0, FORKPOOL_OK);
	ENDS_AS(pool, maps_to_read, NULL, 0, FORKPOOL_OK);
	ENDS_AS(pool, forks, NULL, 0, FORKPOOL_DENIED);
	const struct forkpool_result *result = run(pool, makes_many_threads, NULL, 0);
	ck_assert_msg(result->outcome == FORKPOOL_OVER_LIMIT && 
		result->limit == FORKPOOL_LIMIT_PROCESSES,
	    "%s: %s", forkpool_outcome_name(result->outcome), result->message);
	ENDS_AS(pool, makes_threads, NULL, 0, FORKPOOL_OK);
	ck_assert_int_eq(forkpool_close(pool), 0);
}

START_TEST(threads_without_processes)
{
	if (!user_lacks_namespaces(_i, "threads"))
		as_user(_i, threads_body, NULL);
}
END_TEST

/* --------------------------------------------------------------------------------------- root */

static int
changes_files(struct forkpool_context *context, const void *args, size_t args_len)
{
	const struct timespec times[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
	struct stat st;

	(void)args;
	(void)args_len;
	/* Empty at each job's start. */
	int fd = open("/tmp/file", O_RDWR | O_CREAT | O_EXCL, 0600);
	if (fd == -1 || write(fd, "text", 4) != 4)
		return forkpool_fail(context, errno, "/tmp/file");
	if (chmod("/tmp/file", 0640) == -1 || fchmod(fd, 0604) == -1 ||
	    utimensat(AT_FDCWD, "/tmp/file", times, 0) == -1 ||
	    symlink("file", "/tmp/link") == -1 || mkfifo("/tmp/fifo", 0600) == -1)
		return forkpool_fail(context, errno, "changes");
	if (stat("/tmp/link", &st) == -1 || (st.st_mode & 07777) != 0604 || st.st_mtime != 1)
		return forkpool_fail(context, EBADMSG, "mode %o", (unsigned)st.st_mode);
	if (chmod("/tmp/file", 04755) != -1 || fchmod(fd, 02755) != -1 ||
	    open("/tmp/gains", O_WRONLY | O_CREAT, 06755) != -1 || chmod("/usr", 0700) != -1 ||
	    open("/etc/passwd", O_RDONLY) != -1)
		return forkpool_fail(context, EBADMSG, "what it may not");
	return 0;
}

static void
root_body(const void *arg)
{
	const struct forkpool_sandbox sandbox = { .readable = usr, .private_root = 1,
		.scratch = 1 << 20 };
	struct forkpool_options options = support_options(1);

	(void)arg;
	options.isolation = FORKPOOL_ISOLATE_SANDBOX;
	options.sandbox = &sandbox;
	struct forkpool *pool = support_open(&options);
	unsigned by = forkpool_mechanisms(pool);
	ck_assert(by & FORKPOOL_FILES_BY_ROOT && by & FORKPOOL_SIGNALS_BY_NAMESPACE);
	for (int i = 0; i < 3; i++)
		ENDS_AS(pool, changes_files, NULL, 0, FORKPOOL_OK);
	ENDS_AS(pool, aborts, NULL, 0, FORKPOOL_CRASHED);
	ck_assert_int_eq(forkpool_close(pool), 0);
}

START_TEST(a_root_of_its_own)
{
	if (!user_lacks_namespaces(_i, "private root"))
		as_user(_i, root_body, NULL);
}
END_TEST

static int
makes_gainers(struct forkpool_context *context, const void *args, size_t args_len)
{
	char path[200];

	(void)args_len;
	(void)snprintf(path, sizeof path, "%s/x", (const char *)args);
	if (open(path, O_WRONLY | O_CREAT, 06755) != -1 ||
	    open(path, O_WRONLY | O_CREAT, 04755) != -1 || creat(path, 02755) != -1)
		return forkpool_fail(context, EBADMSG, "a file that gains");
	int fd = open(path, O_RDWR | O_CREAT, 0755);
	return fd == -1 || unlink(path) == -1 ? errno : 0;
}

START_TEST(no_file_gains_by_its_owner)
{
	const char *const writable[] = { attack_directory(), NULL };
	struct forkpool_sandbox sandbox = { .writable = writable };
	struct forkpool_options options = support_options(1);

	if (!attack_mode_possible(ATTACK_SANDBOX))
		return;
	options.isolation = FORKPOOL_ISOLATE_SANDBOX;
	for (int exec = 0; exec < 2; exec++) {
		sandbox.exec = exec;
		options.sandbox = &sandbox;
		struct forkpool *pool = support_open(&options);
		ENDS_AS(pool, makes_gainers, writable[0], strlen(writable[0]) + 1, FORKPOOL_OK);
		ck_assert_int_eq(forkpool_close(pool), 0);
	}
}
END_TEST

/* ------------------------------------------------------------------------------------ network */

static int
talks_to_itself(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof to;
	in_port_t port;
	int there = socket(AF_INET, SOCK_STREAM, 0), here = socket(AF_INET, SOCK_STREAM, 0);

	(void)args_len;
	if (there == -1 || bind(there, (struct sockaddr *)&to, len) == -1 ||
	    listen(there, 1) == -1 ||
	    getsockname(there, (struct sockaddr *)&to, &len) == -1 ||
	    connect(here, (struct sockaddr *)&to, len) == -1)
		return forkpool_fail(context, errno, "its own network");
	memcpy(&port, args, sizeof port);
	to.sin_port = port;
	int outside = socket(AF_INET, SOCK_STREAM, 0);
	return connect(outside, (struct sockaddr *)&to, len) != -1 ? EBADMSG : 0;
}

static void
loopback_body(const void *arg)
{
	const struct forkpool_sandbox sandbox = { .network = FORKPOOL_NETWORK_LOOPBACK };
	struct forkpool_options options = support_options(1);
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	(void)arg;
	ck_assert(bind(listener, (struct sockaddr *)&at, len) == 0 && listen(listener, 4) == 0 &&
	    getsockname(listener, (struct sockaddr *)&at, &len) == 0);
	options.isolation = FORKPOOL_ISOLATE_SANDBOX;
	options.sandbox = &sandbox;
	struct forkpool *pool = support_open(&options);
	ck_assert(forkpool_mechanisms(pool) & FORKPOOL_NETWORK_BY_NAMESPACE);
	ENDS_AS(pool, talks_to_itself, &at.sin_port, sizeof at.sin_port, FORKPOOL_OK);
	ck_assert_int_eq(forkpool_close(pool), 0);
	ck_assert_int_eq(close(listener), 0);
}

START_TEST(a_network_of_its_own)
{
	if (!user_lacks_namespaces(_i, "loopback"))
		as_user(_i, loopback_body, NULL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("promises");
	TCase *tc = support_case("promises", 120);

	tcase_add_loop_test(tc, older_kernels, 0, 2 * (int)(sizeof systems / sizeof systems[0]));
	tcase_add_test(tc, a_buffer_grows_up_to_the_limit);
	tcase_add_loop_test(tc, threads_without_processes, 0, USERS);
	tcase_add_loop_test(tc, a_root_of_its_own, 0, USERS);
	tcase_add_test(tc, no_file_gains_by_its_owner);
	tcase_add_loop_test(tc, a_network_of_its_own, 0, USERS);
	suite_add_tcase(suite, tc);
	return attack_main(suite);
}
