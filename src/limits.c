#include "config.h"
#include "limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

/* Below these a worker cannot work itself. */
#define STACK_MIN      (64 * 1024)
#define OPEN_FILES_MIN 16

static int
refuse(char *error, size_t error_size, const char *sentence)
{
	if (error_size > 0)
		(void)snprintf(error, error_size, "%s", sentence);
	errno = EINVAL;
	return -1;
}

int
limits_check(const struct forkpool_limits *limits, char *error, size_t error_size)
{
	if (limits->memory < 0 || limits->cpu_ns < 0 || limits->file_size < 0 || limits->open_files < 0 ||
	    limits->processes < 0 || limits->stack < 0 || limits->output < 0)
		return refuse(error, error_size, "limits: a limit must not be negative (0 means no limit)");
	if (limits->cpu_ns > 0)
		return refuse(error, error_size, "limits.cpu_ns: a long-lived worker's processor time "
		    "is not one job's; it needs FORKPOOL_ISOLATE_JOB");
	if (limits->processes > 0)
		return refuse(error, error_size, "limits.processes: the system counts processes by user, "
		    "not by worker; it needs FORKPOOL_ISOLATE_JOB");
	if (limits->stack > 0 && limits->stack < STACK_MIN)
		return refuse(error, error_size, "limits.stack: at least 65536 bytes are needed");
	if (limits->open_files > 0 && limits->open_files < OPEN_FILES_MIN)
		return refuse(error, error_size, "limits.open_files: at least 16 are needed");
	return 0;
}

uint64_t
limits_memory_used(void)
{
	/* proc(5) statm: size resident shared text lib data dt, in pages. */
	char text[256];
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);

	if (fd == -1)
		return 0;
	ssize_t n = read(fd, text, sizeof text - 1);
	(void)close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	uint64_t pages = 0;
	int field = 0;
	for (const char *p = text; *p != '\0' && field < 6; p++) {
		if (*p == ' ') {
			field++;
			if (field < 6)
				pages = 0;
		} else if (*p >= '0' && *p <= '9') {
			pages = pages * 10 + (uint64_t)(*p - '0');
		}
	}
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* The soft limit only: the worker lifts it for its own needs, and a job that raises it is not what
   this level is for. */
static int
limit_set(unsigned resource, uint64_t bytes)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) == -1)
		return -1;
	limit.rlim_cur = limit.rlim_max != RLIM_INFINITY && bytes > limit.rlim_max ?
	    limit.rlim_max : (rlim_t)bytes;
	return setrlimit(resource, &limit);
}

int
limits_enter(const struct forkpool_limits *limits, uint64_t *memory_max)
{
	*memory_max = 0;
	if (limits->memory > 0) {
		/* RLIMIT_DATA counts all private writable memory since Linux 4.7 (getrlimit(2)), what
		   was inherited included: the limit is for what comes on top. */
		*memory_max = limits_memory_used() + (uint64_t)limits->memory;
		if (limit_set(RLIMIT_DATA, *memory_max) == -1)
			return -1;
	}
	if (limits->file_size > 0 && limit_set(RLIMIT_FSIZE, (uint64_t)limits->file_size) == -1)
		return -1;
	if (limits->open_files > 0 && limit_set(RLIMIT_NOFILE, (uint64_t)limits->open_files) == -1)
		return -1;
	if (limits->stack > 0 && limit_set(RLIMIT_STACK, (uint64_t)limits->stack) == -1)
		return -1;
	return 0;
}
