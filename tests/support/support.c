/* SPDX-License-Identifier: BSD-2-Clause */
/* What every test program needs: options, jobs and a fixture that shows what is left behind. */
#include "config.h"
#include "tests/support/support.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Factor on the timeout of a test case.  Timeouts only end tests that hang: they may be long. */
#define PATIENCE 5.0

static int fds_before;

int
support_open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = -1; /* not counting the directory's own */

	ck_assert_ptr_nonnull(dir);
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
		n += entry->d_name[0] != '.';
	(void)closedir(dir);
	return n;
}

int
support_fd_is_open(int fd)
{
	char byte;

	return read(fd, &byte, 0) != -1 || errno != EBADF || write(fd, &byte, 0) != -1 ||
	    errno != EBADF;
}

static void
fixture_begin(void)
{
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	fds_before = support_open_fds();
}

static void
fixture_end(void)
{
	int status;

	/* Killed orphans may still be on their way to this process; living ones are a leak. */
	for (int i = 0; i < SUPPORT_HANGS_MS; i++) {
		pid_t pid = waitpid(-1, &status, WNOHANG);
		if (pid == -1)
			break;
		if (pid == 0)
			(void)nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	ck_assert_msg(waitpid(-1, &status, WNOHANG) == -1 && errno == ECHILD,
	    "a process was left behind");
	ck_assert_int_eq(support_open_fds(), fds_before);
}

TCase *
support_case(const char *name, double timeout_s)
{
	TCase *tc = tcase_create(name);

	tcase_set_timeout(tc, timeout_s * PATIENCE);
	tcase_add_checked_fixture(tc, fixture_begin, fixture_end);
	return tc;
}

enum forkpool_isolation
support_level(void)
{
	static const char *const names[] = { "worker", "job", "sandbox" };
	static int level = -1; /* looked up once: jobs do not have the environment */

	if (level != -1)
		return (enum forkpool_isolation)level;
	const char *name = getenv("FORKPOOL_TEST_ISOLATION");
	if (name == NULL || *name == '\0')
		name = names[0];
	for (level = FORKPOOL_ISOLATE_WORKER; level <= FORKPOOL_ISOLATE_SANDBOX; level++)
		if (strcmp(name, names[level]) == 0)
			return (enum forkpool_isolation)level;
	(void)printf("Bail out! FORKPOOL_TEST_ISOLATION: there is no level %s\n", name);
	exit(99);
}

int
support_own_process(void)
{
	return support_level() != FORKPOOL_ISOLATE_WORKER;
}

unsigned
support_times(unsigned at_worker)
{
	return support_own_process() ? at_worker / 5 : at_worker;
}

int
support_sandboxed(void)
{
	return support_level() == FORKPOOL_ISOLATE_SANDBOX;
}

/* Whether this system has the level; if not, say so as TAP. */
static int
level_is_there(void)
{
	struct forkpool_options options = support_options(1);
	char error[256] = "";
	struct forkpool *pool = forkpool_open(&options, error, sizeof error);

	if (pool == NULL && errno == ENOTSUP && getenv("FORKPOOL_REQUIRE_SANDBOX") == NULL) {
		(void)printf("1..0 # SKIP %s\n", error);
		return 0;
	}
	(void)forkpool_close(pool);
	return 1;
}

int
support_run(Suite *suite)
{
	/* A shell without job control starts background commands with these ignored. */
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGQUIT, SIG_DFL);
	if (support_own_process() && !level_is_there())
		return EXIT_SUCCESS;
	SRunner *runner = srunner_create(suite);

	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

struct forkpool_options
support_options(unsigned workers)
{
	struct forkpool_options options;

	memset(&options, 0, sizeof options);
	options.workers = workers;
	options.isolation = support_level();
	return options;
}

struct forkpool *
support_open(const struct forkpool_options *options)
{
	struct forkpool_options two = support_options(2);
	char error[256] = "";
	struct forkpool *pool =
	    forkpool_open(options != NULL ? options : &two, error, sizeof error);

	ck_assert_msg(pool != NULL, "forkpool_open: %s (%s)", error, strerror(errno));
	return pool;
}

uint64_t
support_submit(struct forkpool *pool, forkpool_fn *fn, const void *args, size_t args_len)
{
	struct forkpool_job job = { .fn = fn, .args = args, .args_len = args_len };
	uint64_t seq = 0;
	int r = forkpool_submit(pool, &job, &seq);

	ck_assert_msg(r == 1, "forkpool_submit: %d (%s)", r, strerror(errno));
	return seq;
}

const struct forkpool_result *
support_wait(struct forkpool *pool)
{
	const struct forkpool_result *result = NULL;
	int r = forkpool_wait(pool, &result, -1);

	ck_assert_msg(r == 1, "forkpool_wait: %d (%s)", r, strerror(errno));
	return result;
}

const struct forkpool_result *
support_outcome(struct forkpool *pool, forkpool_fn *fn, enum forkpool_outcome outcome)
{
	(void)support_submit(pool, fn, NULL, 0);
	const struct forkpool_result *result = support_wait(pool);
	ck_assert_msg(result->outcome == outcome, "%s: %s", forkpool_outcome_name(result->outcome),
	    result->message);
	return result;
}

void *
support_shared(size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(at, MAP_FAILED);
	return at;
}

void
support_await(_Atomic uint32_t *word, uint32_t at_least)
{
	while (atomic_load(word) < at_least)
		(void)nanosleep(&(struct timespec){ .tv_nsec = 200000 }, NULL);
}

void
support_post(_Atomic uint32_t *word)
{
	(void)atomic_fetch_add(word, 1);
}

int
support_job_nothing(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context;
	(void)args;
	(void)args_len;
	return 0;
}

int
support_job_hangs(struct forkpool_context *context, const void *args, size_t args_len)
{
	while (pause() == -1)
		continue;
	return support_job_nothing(context, args, args_len);
}

int
support_job_environment(struct forkpool_context *context, const void *args, size_t args_len)
{
	extern char **environ;

	for (char **at = environ; at != NULL && *at != NULL; at++)
		if (forkpool_reply(context, *at, strlen(*at)) != 0 ||
		    forkpool_reply(context, "\n", 1) != 0)
			return errno;
	return support_job_nothing(context, args, args_len);
}

_Noreturn void
support_wait_for_sigkill(void)
{
	(void)signal(SIGTERM, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	for (;;)
		(void)pause();
}

void *
support_thread_waits(void *arg)
{
	for (;;)
		(void)pause();
	return arg;
}

int
support_generate_nothing(struct forkpool_job *job, void *arg)
{
	(void)job;
	(void)arg;
	return 0;
}

#define REFUSED(call) (errno = 0, (call) == -1 && errno == error)

const char *
support_not_refused(struct forkpool *pool, int error)
{
	struct forkpool_job job = { .fn = support_job_nothing };
	const struct forkpool_result *result;
	struct forkpool_worker_info info;
	struct forkpool_stats stats;
	struct pollfd fds[8];
	const struct {
		const char *name;
		int refused;
	} calls[] = {
		{ "submit", REFUSED(forkpool_submit(pool, &job, NULL)) },
		{ "next", REFUSED(forkpool_next(pool, &result)) },
		{ "wait", REFUSED(forkpool_wait(pool, &result, -1)) },
		{ "run", REFUSED(forkpool_run(pool, support_generate_nothing, NULL, NULL, NULL)) },
		{ "cancel", REFUSED(forkpool_cancel(pool, FORKPOOL_CANCEL_QUEUED)) },
		{ "cancel", REFUSED(forkpool_cancel(pool, FORKPOOL_CANCEL_RUNNING)) },
		{ "cancel_job", REFUSED(forkpool_cancel_job(pool, 1, FORKPOOL_CANCEL_QUEUED)) },
		{ "cancel_job", REFUSED(forkpool_cancel_job(pool, 1, FORKPOOL_CANCEL_RUNNING)) },
		{ "set_deadline", REFUSED(forkpool_set_deadline(pool, 1)) },
		{ "suspend", REFUSED(forkpool_suspend(pool)) },
		{ "resume", REFUSED(forkpool_resume(pool)) },
		{ "timeout", REFUSED(forkpool_timeout(pool)) },
		{ "dispatch", REFUSED(forkpool_dispatch(pool, NULL, 0)) },
		{ "wakeup", REFUSED(forkpool_wakeup(pool)) },
		{ "resize", REFUSED(forkpool_resize(pool, 1)) },
		{ "get_stats", REFUSED(forkpool_get_stats(pool, &stats)) },
		{ "worker_info", REFUSED(forkpool_worker_info(pool, 0, &info)) },
		{ "backtrace",
		    (errno = 0, forkpool_backtrace(pool, NULL) == NULL && errno == error) },
		{ "pending", (errno = 0, forkpool_pending(pool) == 0 && errno == error) },
		{ "pollfds", (errno = 0, forkpool_pollfds(pool, NULL, 0) == 0 && errno == error) },
		{ "pollfds", (errno = 0, forkpool_pollfds(pool, fds, 8) == 0 && errno == error) },
	};

	for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
		if (!calls[i].refused)
			return calls[i].name;
	return NULL;
}

static struct support_gate *gate;

void
support_gate_use(struct support_gate *shared)
{
	gate = shared;
}

int
support_job_waits(struct forkpool_context *context, const void *args, size_t args_len)
{
	support_post(&gate->started);
	support_await(&gate->go, 1);
	return support_job_nothing(context, args, args_len);
}

/*
 * Read /proc/PID/stat: its fields 1 and 2 are "PID (NAME".  The rest, from ')' on; NULL where it is
 * gone.
 */
static const char *
stat_read(pid_t pid, char *text, size_t size)
{
	char path[40];

	(void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	FILE *stat = fopen(path, "re");
	if (stat == NULL)
		return NULL;
	size_t n = fread(text, 1, size - 1, stat);
	(void)fclose(stat);
	text[n] = '\0';
	const char *rest = strrchr(text, ')'); /* the name may hold any character */
	return rest != NULL && strlen(rest) >= 5 ? rest : NULL;
}

static int
is_alive(const char *stat)
{
	return stat != NULL && stat[2] != 'Z' && stat[2] != 'X';
}

char
support_state(pid_t pid)
{
	char text[1024];
	const char *stat = stat_read(pid, text, sizeof text);

	return stat != NULL ? stat[2] : '\0';
}

int
support_alive(pid_t pid)
{
	char text[1024];

	return is_alive(stat_read(pid, text, sizeof text));
}

int
support_alive_as(pid_t pid, const char *name)
{
	char text[1024];
	const char *stat = stat_read(pid, text, sizeof text);

	if (!is_alive(stat))
		return 0;
	const char *begin = strchr(text, '(') + 1;
	return stat - begin == (ptrdiff_t)strlen(name) && strncmp(begin, name, strlen(name)) == 0;
}

uint64_t
support_stat(pid_t pid, int field)
{
	char text[1024];
	const char *at = stat_read(pid, text, sizeof text);

	for (int i = 2; i < field && at != NULL; i++)
		at = strchr(at + 1, ' ');
	return at != NULL ? strtoull(at, NULL, 10) : 0;
}

pid_t
support_parent(pid_t pid)
{
	return (pid_t)support_stat(pid, 4);
}

pid_t
support_supervisor(struct forkpool *pool)
{
	struct forkpool_worker_info info;

	for (;;) {
		ck_assert_int_ne(forkpool_dispatch(pool, NULL, 0), -1);
		ck_assert_int_eq(forkpool_worker_info(pool, 0, &info), 0);
		pid_t supervisor = info.pid > 0 ? support_parent(info.pid) : 0;
		/* A worker whose supervisor died becomes a child of this process. */
		if (supervisor > 0 && supervisor != getpid() &&
		    support_parent(supervisor) == getpid())
			return supervisor;
		(void)nanosleep(&(struct timespec){ .tv_nsec = 200000 }, NULL);
	}
}

pid_t
support_own_supervisor(void)
{
	return support_own_process() ? support_parent(getppid()) : getppid();
}

void
support_open_up(struct forkpool_options *options, const char *directory)
{
	static struct forkpool_sandbox sandbox;
	static const char *paths[2];

	paths[0] = directory;
	sandbox = (struct forkpool_sandbox){ .writable = paths };
	if (support_sandboxed())
		options->sandbox = &sandbox;
}

int
support_gone(pid_t pid, int timeout_ms)
{
	for (int i = 0;; i++) {
		if (!support_alive(pid))
			return 1;
		if (i >= timeout_ms * 2)
			return 0;
		(void)nanosleep(&(struct timespec){ .tv_nsec = 500000 }, NULL);
	}
}
