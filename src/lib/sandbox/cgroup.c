/* SPDX-License-Identifier: BSD-2-Clause */
/* Control groups: plan, enter, read and remove the workers' leaves. */
#include "config.h"
#include "lib/sandbox/cgroup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/os/fd.h"
#include "lib/os/syscall_gate.h"
#include "lib/sandbox/kernel_file.h"
#include "lib/sandbox/limits.h"
#include "lib/sandbox/refusal.h"

void
cgroup_release(struct sandbox_cgroup *cgroup)
{
	fd_close(&cgroup->dir);
	fd_close(&cgroup->pids_dir);
}

#ifdef __linux__

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <time.h>

/* linux/magic.h */
#define CGROUP1_MAGIC 0x27e0eb
#define CGROUP2_MAGIC 0x63677270

/* The worker's own share: the kernel's stacks and tables for some processes, and pages that the
   worker writes to. */
#define MEMORY_SLACK ((uint64_t)32 << 20)

#define SUBTREE_CONTROL "cgroup.subtree_control"

#define REMOVE_TRIES    100
#define REMOVE_PAUSE_NS 5000000

/* prefix + index + "/memory.memsw.limit_in_bytes" */
#define NAME_SIZE 128

/* Text put together without stdio, which is not async-signal-safe; it is cut at the end, but no
   name here is that long. */
struct text {
	size_t len;
	char   data[NAME_SIZE];
};

static void
text_add(struct text *text, const char *s)
{
	while (*s != '\0' && text->len < sizeof text->data - 1)
		text->data[text->len++] = *s++;
	text->data[text->len] = '\0';
}

static void
text_add_number(struct text *text, uint64_t number)
{
	char digits[24];
	size_t at = sizeof digits - 1;

	digits[at] = '\0';
	do
		digits[--at] = (char)('0' + number % 10);
	while ((number /= 10) != 0);
	text_add(text, digits + at);
}

/* The directory whose leaves have the pids controller. */
static int
pids_dir(const struct sandbox_cgroup *cgroup)
{
	return cgroup->pids_dir != -1 ? cgroup->pids_dir : cgroup->dir;
}

/* The path of worker index's leaf, or of a file in it, below a delegated directory. */
static const char *
leaf_name(struct text *name, const struct sandbox_cgroup *cgroup, unsigned index, const char *file)
{
	name->len = 0;
	text_add(name, cgroup->prefix);
	text_add_number(name, index);
	if (file != NULL) {
		text_add(name, "/");
		text_add(name, file);
	}
	return name->data;
}

static int
leaf_write(const struct sandbox_cgroup *cgroup, int dir, unsigned index, const char *file,
    const char *value)
{
	struct text name;

	return kernel_file_write(dir, leaf_name(&name, cgroup, index, file), value);
}

static int
leaf_write_number(const struct sandbox_cgroup *cgroup, int dir, unsigned index, const char *file,
    uint64_t number)
{
	struct text value = { .len = 0 };

	text_add_number(&value, number);
	return leaf_write(cgroup, dir, index, file, value.data);
}

static bool
leaf_has(const struct sandbox_cgroup *cgroup, int dir, unsigned index, const char *file)
{
	struct text name;

	return faccessat(dir, leaf_name(&name, cgroup, index, file), F_OK, 0) == 0;
}

static void
leaf_check(struct sandbox_cgroup *cgroup, unsigned index)
{
	cgroup->has_memory = leaf_has(cgroup, cgroup->dir, index,
	    cgroup->version1 ? "memory.limit_in_bytes" : "memory.max");
	cgroup->has_pids = leaf_has(cgroup, pids_dir(cgroup), index, "pids.max");
	cgroup->has_kill = leaf_has(cgroup, cgroup->dir, index, "cgroup.kill");
}

/* 0, or -1, errno and one sentence. */
static int
directory_open(int *dir, bool *version1, const char *path, char *error, size_t error_size)
{
	struct statfs filesystem;

	*dir = fd_raise(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	if (*dir == -1 || fstatfs(*dir, &filesystem) == -1)
		return refusal_set(error, error_size, errno, "sandbox: cgroup %s: %s", path,
		    strerror(errno));
	if (filesystem.f_type != CGROUP1_MAGIC && filesystem.f_type != CGROUP2_MAGIC)
		return refusal_set(error, error_size, EINVAL,
		    "sandbox: cgroup %s: is not in a cgroup file system", path);
	*version1 = filesystem.f_type == CGROUP1_MAGIC;
	return 0;
}

static int
leaf_make(const struct sandbox_cgroup *cgroup, int dir, const char *path, char *error,
    size_t error_size)
{
	struct text name;

	if (mkdirat(dir, leaf_name(&name, cgroup, 0, NULL), 0755) == -1)
		return refusal_set(error, error_size, errno,
		    "sandbox: cgroup %s: no group can be made there: %s", path, strerror(errno));
	return 0;
}

static void
leaf_remove(const struct sandbox_cgroup *cgroup, int dir)
{
	struct text name;

	if (dir != -1)
		(void)unlinkat(dir, leaf_name(&name, cgroup, 0, NULL), AT_REMOVEDIR);
}

/* Make a leaf as worker 0 will, see what it has, and remove it.  0, or -1, errno and one
   sentence. */
static int
leaf_try(struct sandbox_cgroup *cgroup, const char *path, const char *pids_path,
    const struct forkpool_limits *limits, char *error, size_t error_size)
{
	int refused = 0;

	if (leaf_make(cgroup, cgroup->dir, path, error, error_size) == -1)
		return -1;
	if (cgroup->pids_dir != -1 &&
	    leaf_make(cgroup, cgroup->pids_dir, pids_path, error, error_size) == -1) {
		leaf_remove(cgroup, cgroup->dir);
		return -1;
	}
	leaf_check(cgroup, 0);
	if (!cgroup->version1) {
		if (limits->memory > 0 && !cgroup->has_memory)
			(void)kernel_file_write(cgroup->dir, SUBTREE_CONTROL, "+memory");
		if (limits->processes > 0 && !cgroup->has_pids &&
		    kernel_file_write(cgroup->dir, SUBTREE_CONTROL, "+pids") == -1)
			refused = errno;
	}
	leaf_check(cgroup, 0);
	leaf_remove(cgroup, cgroup->dir);
	leaf_remove(cgroup, cgroup->pids_dir);
	if (limits->processes <= 0 || cgroup->has_pids)
		return 0;
	const char *why = "";
	if (refused == ENOENT)
		why = "it is not in cgroup.controllers here";
	else if (refused != 0)
		why = strerror(refused);
	return refusal_set(error, error_size, ENOTSUP,
	    "sandbox: cgroup %s: groups there have no pids.max, which limits.processes needs%s%s",
	    cgroup->pids_dir != -1 ? pids_path : path,
	    refused != 0 ? "; +pids in " SUBTREE_CONTROL ": " : "", why);
}

int
cgroup_plan(struct sandbox_cgroup *cgroup, const char *path, const char *pids_path,
    const struct forkpool_limits *limits, char *error, size_t error_size)
{
	bool version1;

	memset(cgroup, 0, sizeof *cgroup);
	cgroup->dir = cgroup->pids_dir = -1;
	if (path == NULL && pids_path == NULL)
		return 0;
	if (path == NULL)
		return refusal_set(error, error_size, EINVAL, "sandbox: cgroup_pids needs cgroup");
	/* Random suffix: the pid may be reused, or this process may open two pools. */
	(void)snprintf(cgroup->prefix, sizeof cgroup->prefix, "forkpool-%ld-%08" PRIx32 ".",
	    (long)getpid(), arc4random());
	if (directory_open(&cgroup->dir, &cgroup->version1, path, error, error_size) == 0 &&
	    (pids_path == NULL ||
		directory_open(&cgroup->pids_dir, &version1, pids_path, error, error_size) == 0) &&
	    leaf_try(cgroup, path, pids_path, limits, error, error_size) == 0)
		return 0;
	cgroup_release(cgroup);
	return -1;
}

static int
memory_limit(const struct sandbox_cgroup *cgroup, unsigned index, uint64_t memory)
{
	/* limits.memory is for what a job gets beyond what it was born with.  Pages that it was
	   born with are copied, and charged here, when it writes to them; and all of it needs page
	   tables: a 512th for each process. */
	uint64_t born = limits_memory_used();
	uint64_t limit = memory + born + born / 128 + memory / 128 + MEMORY_SLACK;

	if (limit < memory || limit > (uint64_t)INT64_MAX)
		return 0;
	if (!cgroup->version1) {
		if (leaf_write_number(cgroup, cgroup->dir, index, "memory.max", limit) == -1)
			return -1;
		/* Else the limit would only make the job swap.  Not every kernel counts swap. */
		(void)leaf_write(cgroup, cgroup->dir, index, "memory.swap.max", "0");
		return 0;
	}
	/* The kernel refuses a limit on memory above that on memory and swap together: lift the old
	   one first. */
	(void)leaf_write(cgroup, cgroup->dir, index, "memory.memsw.limit_in_bytes", "-1");
	if (leaf_write_number(cgroup, cgroup->dir, index, "memory.limit_in_bytes", limit) == -1)
		return -1;
	(void)leaf_write_number(cgroup, cgroup->dir, index, "memory.memsw.limit_in_bytes", limit);
	return 0;
}

/* 0, or -1 and errno; the group may be there. */
static int
leaf_ensure(const struct sandbox_cgroup *cgroup, int dir, unsigned index)
{
	struct text name;
	const char *leaf = leaf_name(&name, cgroup, index, NULL);

	if (gate_call(SYS_mkdirat, dir, (long)leaf, 0755, 0, 0) == -1 && errno != EEXIST)
		return -1;
	return 0;
}

int
cgroup_enter_worker(const struct sandbox_cgroup *cgroup, unsigned index,
    const struct forkpool_limits *limits, const char **step)
{
	if (cgroup->dir == -1)
		return 0;
	*step = "making a cgroup";
	if (leaf_ensure(cgroup, cgroup->dir, index) == -1 ||
	    (cgroup->pids_dir != -1 && leaf_ensure(cgroup, cgroup->pids_dir, index) == -1))
		return -1;
	*step = "pids.max of the cgroup";
	if (limits->processes > 0 &&
	    leaf_write_number(cgroup, pids_dir(cgroup), index, "pids.max",
		(uint64_t)limits->processes + 1) == -1)
		return -1;
	*step = "memory limit of the cgroup";
	if (limits->memory > 0 && cgroup->has_memory &&
	    memory_limit(cgroup, index, (uint64_t)limits->memory) == -1)
		return -1;
	*step = "entering the cgroup";
	if (cgroup->pids_dir != -1 &&
	    leaf_write(cgroup, cgroup->pids_dir, index, "cgroup.procs", "0") == -1)
		return -1;
	return leaf_write(cgroup, cgroup->dir, index, "cgroup.procs", "0");
}

void
cgroup_enter_job(const struct sandbox_cgroup *cgroup)
{
	static const char score[] = "/proc/self/oom_score_adj";

	if (cgroup->dir == -1 || !cgroup->has_memory ||
	    kernel_file_write(AT_FDCWD, score, "1000") == 0)
		return;
	/* The files of an undumpable process are root's.  For a moment this one is not; no job's
	   code runs in it yet. */
	long dumpable = gate_call(SYS_prctl, PR_GET_DUMPABLE, 0, 0, 0, 0);
	if (dumpable == 1 || gate_call(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0) == -1)
		return;
	(void)kernel_file_write(AT_FDCWD, score, "1000");
	(void)gate_call(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/* *count: the number on the line that begins with key; 0 where there is no such file or line. */
static int
leaf_count(const struct sandbox_cgroup *cgroup, int dir, unsigned index, const char *file,
    const char *key, uint64_t *count)
{
	struct text name;
	char text[1024];
	size_t len = 0, key_len = strlen(key);
	ssize_t n;

	*count = 0;
	const char *path = leaf_name(&name, cgroup, index, file);
	int fd = (int)gate_call(SYS_openat, dir, (long)path, O_RDONLY | O_CLOEXEC, 0, 0);
	if (fd == -1)
		return errno == ENOENT ? 0 : -1;
	while (len < sizeof text - 1) {
		n = read(fd, text + len, sizeof text - 1 - len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	fd_close(&fd);
	text[len] = '\0';
	for (const char *line = text; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, key_len) != 0 || line[key_len] != ' ')
			continue;
		for (line += key_len + 1; *line >= '0' && *line <= '9'; line++)
			*count = *count * 10 + (uint64_t)(*line - '0');
		break;
	}
	return 0;
}

int
cgroup_events(const struct sandbox_cgroup *cgroup, unsigned index, uint64_t *pids_hits,
    uint64_t *oom_kills)
{
	*pids_hits = 0;
	*oom_kills = 0;
	if (cgroup->dir == -1)
		return 0;
	if (cgroup->has_pids &&
	    leaf_count(cgroup, pids_dir(cgroup), index, "pids.events", "max", pids_hits) == -1)
		return -1;
	const char *events = cgroup->version1 ? "memory.oom_control" : "memory.events";
	if (cgroup->has_memory &&
	    leaf_count(cgroup, cgroup->dir, index, events, "oom_kill", oom_kills) == -1)
		return -1;
	return 0;
}

int
cgroup_cpu_ns(const struct sandbox_cgroup *cgroup, unsigned index, int64_t *cpu_ns)
{
	uint64_t us = 0;

	if (cgroup->dir == -1 || cgroup->version1)
		return 0;
	if (leaf_count(cgroup, cgroup->dir, index, "cpu.stat", "usage_usec", &us) == -1)
		return -1;
	*cpu_ns = (int64_t)us * 1000;
	return us > 0;
}

void
cgroup_remove(const struct sandbox_cgroup *cgroup, unsigned slots)
{
	const struct timespec pause = { .tv_nsec = REMOVE_PAUSE_NS };
	const int dirs[] = { cgroup->dir, cgroup->pids_dir };
	struct text name;
	int tries = REMOVE_TRIES;

	for (unsigned i = 0; cgroup->dir != -1 && i < 2 * slots; i++) {
		const char *leaf = leaf_name(&name, cgroup, i / 2, NULL);
		int dir = dirs[i % 2];
		if (dir == -1)
			continue;
		while (unlinkat(dir, leaf, AT_REMOVEDIR) == -1 && errno == EBUSY && tries-- > 0) {
			if (cgroup->has_kill)
				(void)leaf_write(cgroup, dir, i / 2, "cgroup.kill", "1");
			(void)nanosleep(&pause, NULL);
		}
	}
}

#else

int
cgroup_plan(struct sandbox_cgroup *cgroup, const char *path, const char *pids_path,
    const struct forkpool_limits *limits, char *error, size_t error_size)
{
	(void)pids_path;
	(void)limits;
	memset(cgroup, 0, sizeof *cgroup);
	cgroup->dir = cgroup->pids_dir = -1;
	if (path == NULL)
		return 0;
	return refusal_set(error, error_size, ENOTSUP,
	    "sandbox: cgroup %s: this system has no control groups", path);
}

int
cgroup_enter_worker(const struct sandbox_cgroup *cgroup, unsigned index,
    const struct forkpool_limits *limits, const char **step)
{
	(void)index;
	(void)limits;
	*step = "making a cgroup";
	errno = ENOTSUP;
	return cgroup->dir == -1 ? 0 : -1;
}

int
cgroup_events(const struct sandbox_cgroup *cgroup, unsigned index, uint64_t *pids_hits,
    uint64_t *oom_kills)
{
	(void)cgroup;
	(void)index;
	*pids_hits = 0;
	*oom_kills = 0;
	return 0;
}

int
cgroup_cpu_ns(const struct sandbox_cgroup *cgroup, unsigned index, int64_t *cpu_ns)
{
	(void)cgroup;
	(void)index;
	*cpu_ns = 0;
	return 0;
}

void
cgroup_enter_job(const struct sandbox_cgroup *cgroup)
{
	(void)cgroup;
}

void
cgroup_remove(const struct sandbox_cgroup *cgroup, unsigned slots)
{
	(void)cgroup;
	(void)slots;
}

#endif
