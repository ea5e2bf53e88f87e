/* SPDX-License-Identifier: BSD-2-Clause */
/* Resource limits: check, set, and tell which one was met. */
#include "config.h"
#include "lib/sandbox/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/os/os.h"
#include "lib/sandbox/refusal.h"

/* With less the worker itself cannot work. */
#define STACK_MIN      (64 * 1024)
#define OPEN_FILES_MIN 16
/* Address space on top of the memory limit: for the stack, and mappings that are hardly touched. */
#define SPACE_EXTRA ((uint64_t)64 << 20)
/* Address space that glibc's malloc(3) takes for a thread's arena: twice what it keeps of it. */
#define ARENA_SPACE ((uint64_t)128 << 20)
/* A thread's stack, where the C library does not say how large it makes one. */
#define STACK_USUAL ((size_t)8 << 20)
/* Signals that wait for a sandboxed process, and POSIX timers that it has. */
#define SIGNALS_QUEUED 1024

const char *
forkpool_limit_name(enum forkpool_limit limit)
{
	static const char *const names[] = {
		[FORKPOOL_LIMIT_NONE] = "none",
		[FORKPOOL_LIMIT_MEMORY] = "memory",
		[FORKPOOL_LIMIT_CPU] = "cpu",
		[FORKPOOL_LIMIT_FILE_SIZE] = "file_size",
		[FORKPOOL_LIMIT_OPEN_FILES] = "open_files",
		[FORKPOOL_LIMIT_PROCESSES] = "processes",
		[FORKPOOL_LIMIT_STACK] = "stack",
		[FORKPOOL_LIMIT_OUTPUT] = "output",
	};

	return (unsigned)limit < sizeof names / sizeof names[0] ? names[limit] : "unknown";
}

/* A field of proc(5) statm, in bytes: size resident shared text lib data dt. */
static uint64_t
statm(int wanted)
{
	char text[256];
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);

	if (fd == -1)
		return 0;
	ssize_t n = read(fd, text, sizeof text - 1);
	(void)close(fd);
	uint64_t pages = 0;
	int field = 0;
	for (const char *p = text; p < text + n && field <= wanted; p++) {
		if (*p < '0' || *p > '9')
			field++;
		else if (field == wanted)
			pages = pages * 10 + (uint64_t)(*p - '0');
	}
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

uint64_t
limits_memory_used(void)
{
	return statm(5);
}

uint64_t
limits_space_used(void)
{
	return statm(0);
}

int
limits_check(const struct forkpool_limits *limits, enum forkpool_isolation isolation, char *error,
    size_t error_size)
{
	if (limits->memory < 0 || limits->cpu_ns < 0 || limits->file_size < 0 ||
	    limits->open_files < 0 || limits->processes < 0 || limits->stack < 0 ||
	    limits->output < 0)
		return refusal_set(error, error_size, EINVAL,
		    "limits: a limit must not be negative (0 means no limit)");
	for (size_t i = 0; i < sizeof limits->reserved / sizeof limits->reserved[0]; i++)
		if (limits->reserved[i] != 0)
			return refusal_set(error, error_size, E2BIG,
			    "limits: a limit is set that this version of forkpool does not know");
#ifdef __linux__
	/* The limit would count all that the process begins with. */
	if (limits->memory > 0 && limits_memory_used() == 0)
		return refusal_set(error, error_size, ENOTSUP,
		    "limits.memory: /proc/self/statm, by which what a process begins with is "
		    "not counted, cannot be read (is /proc mounted?)");
#endif
	if (limits->cpu_ns > 0 && isolation == FORKPOOL_ISOLATE_WORKER)
		return refusal_set(error, error_size, EINVAL,
		    "limits.cpu_ns: a long-lived worker's processor time "
		    "is not one job's; it needs FORKPOOL_ISOLATE_JOB");
	if (limits->processes > 0 && isolation == FORKPOOL_ISOLATE_WORKER)
		return refusal_set(error, error_size, EINVAL,
		    "limits.processes: the system counts processes by user, "
		    "not by worker; it needs FORKPOOL_ISOLATE_JOB");
	if (limits->stack > 0 && limits->stack < STACK_MIN)
		return refusal_set(error, error_size, EINVAL,
		    "limits.stack: at least 65536 bytes are needed");
	if (limits->open_files > 0 && limits->open_files < OPEN_FILES_MIN)
		return refusal_set(error, error_size, EINVAL,
		    "limits.open_files: at least 16 are needed");
	return 0;
}

uint64_t
limits_space_of_threads(int64_t threads)
{
	pthread_attr_t attributes;
	size_t stack = STACK_USUAL;
	uint64_t space;

	/* The C library takes the limit on the stack that the program began with. */
	if (pthread_attr_init(&attributes) == 0) {
		(void)pthread_attr_getstacksize(&attributes, &stack);
		(void)pthread_attr_destroy(&attributes);
	}
	return __builtin_mul_overflow((uint64_t)threads, stack + ARENA_SPACE, &space) ||
	    space > (uint64_t)INT64_MAX / 2 ? (uint64_t)INT64_MAX / 2 : space;
}

/* Set only the soft limit: the worker raises it for its own needs (value_spool.c).  A job could
   raise it too, but level WORKER does not defend against that. */
static int
limit_set(unsigned resource, uint64_t bytes)
{
	struct rlimit limit;

	if (os_limit(resource, NULL, &limit) == -1)
		return -1;
	limit.rlim_cur = limit.rlim_max != RLIM_INFINITY && bytes > limit.rlim_max ?
	    limit.rlim_max : (rlim_t)bytes;
	return os_limit(resource, &limit, NULL);
}

/* Set soft and hard limit, never higher than before: nobody without privileges can raise them
   again. */
static int
limit_fix(unsigned resource, uint64_t value)
{
	struct rlimit limit;

	if (os_limit(resource, NULL, &limit) == -1)
		return -1;
	if (limit.rlim_max == RLIM_INFINITY || value < limit.rlim_max)
		limit.rlim_max = (rlim_t)value;
	limit.rlim_cur = limit.rlim_max;
	return os_limit(resource, &limit, NULL);
}

int
limits_enter(const struct forkpool_limits *limits)
{
	/* Since Linux 4.7 RLIMIT_DATA counts all private writable memory (getrlimit(2)), inherited
	   memory included: the limit is for what comes on top. */
	if (limits->memory > 0 &&
	    limit_set(RLIMIT_DATA, limits_memory_used() + (uint64_t)limits->memory) == -1)
		return -1;
	if (limits->file_size > 0 && limit_set(RLIMIT_FSIZE, (uint64_t)limits->file_size) == -1)
		return -1;
	if (limits->open_files > 0 && limit_set(RLIMIT_NOFILE, (uint64_t)limits->open_files) == -1)
		return -1;
	if (limits->stack > 0 && limit_set(RLIMIT_STACK, (uint64_t)limits->stack) == -1)
		return -1;
	return 0;
}

int
limits_enter_worker(const struct forkpool_limits *limits, enum forkpool_isolation isolation)
{
	/* A user's processes share one count of queued signals and timers, and whoever uses it up
	   leaves the others none. */
#if defined(RLIMIT_SIGPENDING) && defined(RLIMIT_MSGQUEUE)
	if (isolation == FORKPOOL_ISOLATE_SANDBOX &&
	    (limit_fix(RLIMIT_SIGPENDING, SIGNALS_QUEUED) == -1 ||
		limit_fix(RLIMIT_MSGQUEUE, 0) == -1))
		return -1;
#else
	(void)isolation;
#endif
	/* A stack is held to the limit in force when it grows, not when its process began. */
	return limits->stack > 0 ? limit_fix(RLIMIT_STACK, (uint64_t)limits->stack) : 0;
}

int
limits_enter_job(const struct forkpool_limits *limits, const struct limits_base *base,
    uint64_t mapped)
{
	if (limits->memory > 0 &&
	    limit_fix(RLIMIT_DATA, base->memory + (uint64_t)limits->memory) == -1)
		return -1;
	/* RLIMIT_DATA does not count memory that is only read, nor page tables; RLIMIT_AS bounds
	   both. */
	if (limits->memory > 0 && base->space > 0 &&
	    limit_fix(RLIMIT_AS, base->space + mapped + (uint64_t)limits->memory + SPACE_EXTRA) ==
		-1)
		return -1;
	if (limits->file_size > 0 && limit_fix(RLIMIT_FSIZE, (uint64_t)limits->file_size) == -1)
		return -1;
	if (limits->open_files > 0 && limit_fix(RLIMIT_NOFILE, (uint64_t)limits->open_files) == -1)
		return -1;
#ifdef RLIMIT_NPROC
	if (limits->processes > 0 && base->processes != LIMITS_UNCOUNTED &&
	    limit_fix(RLIMIT_NPROC, base->processes + (uint64_t)limits->processes) == -1)
		return -1;
#endif
	/* RLIMIT_CPU counts whole seconds: the worker measures more closely, this is for when it
	   cannot. */
	if (limits->cpu_ns > 0 &&
	    limit_fix(RLIMIT_CPU, (uint64_t)limits->cpu_ns / 1000000000 + 2) == -1)
		return -1;
	return 0;
}

/* Whether margin more bytes of memory would meet the limit. */
static int
memory_is_short(size_t margin)
{
	void *more = mmap(NULL, margin, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (more == MAP_FAILED)
		return errno == ENOMEM;
	(void)munmap(more, margin);
	return 0;
}

unsigned
limits_met(const struct forkpool_limits *limits, int error)
{
	unsigned met = 0;

	if (limits->memory > 0) {
		/* Met means within a sixteenth of the limit, at least a megabyte: the pieces in
		   which malloc() grows the heap are no larger. */
		size_t margin =
		    (size_t)limits->memory / 16 > 1 << 20 ? (size_t)limits->memory / 16 : 1 << 20;
		if (error == ENOMEM || memory_is_short(margin))
			met |= 1u << FORKPOOL_LIMIT_MEMORY;
	}
	if (limits->file_size > 0 && error == EFBIG)
		met |= 1u << FORKPOOL_LIMIT_FILE_SIZE;
	if (limits->processes > 0 && error == EAGAIN)
		met |= 1u << FORKPOOL_LIMIT_PROCESSES;
	if (limits->open_files > 0) {
		int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
		if (error == EMFILE || (fd == -1 && errno == EMFILE))
			met |= 1u << FORKPOOL_LIMIT_OPEN_FILES;
		if (fd != -1)
			(void)close(fd);
	}
	return met;
}
