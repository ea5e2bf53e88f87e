/* SPDX-License-Identifier: BSD-2-Clause */
/* A control group for each worker, below directories that the test makes and removes. */
#include "config.h"
#include "tests/support/support.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include "lib/sandbox/cgroup.h"
#include "lib/sandbox/limits.h"
#include "tests/support/users.h"

#define MIB ((int64_t)1 << 20)

/* Where systems mount the hierarchies; and the test's directories there, "" where it could make
   none. */
enum hierarchy { PIDS, MEMORY, UNIFIED, HIERARCHIES };
static const char *const mounts[HIERARCHIES][2] = {
	[PIDS] = { "/sys/fs/cgroup/pids" },
	[MEMORY] = { "/sys/fs/cgroup/memory" },
	[UNIFIED] = { "/sys/fs/cgroup/unified", "/sys/fs/cgroup" },
};
static char directories[HIERARCHIES][96];

static void
pause_ms(long ms)
{
	(void)nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 },
	    NULL);
}

/* How many groups are left in path; with kill, their processes are killed first. */
static int
groups_below(const char *path, bool remove_them)
{
	DIR *dir = opendir(path);
	int n = 0;

	if (dir == NULL)
		return 0;
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
		char name[512];
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		n++;
		if (!remove_them)
			continue;
		(void)snprintf(name, sizeof name, "%s/%s/cgroup.procs", path, entry->d_name);
		FILE *procs = fopen(name, "re");
		for (long pid; procs != NULL && fscanf(procs, "%ld", &pid) == 1;)
			(void)kill((pid_t)pid, SIGKILL);
		if (procs != NULL)
			(void)fclose(procs);
		(void)snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
		for (int i = 0; i < 200 && rmdir(name) == -1 && errno == EBUSY; i++)
			pause_ms(5);
	}
	(void)closedir(dir);
	return n;
}

static void
directories_end(void)
{
	for (int i = 0; i < HIERARCHIES; i++)
		if (directories[i][0] != '\0') {
			(void)groups_below(directories[i], true);
			(void)rmdir(directories[i]);
		}
}

static void
directories_begin(void)
{
	for (int i = 0; i < HIERARCHIES; i++)
		for (int j = 0; j < 2 && mounts[i][j] != NULL; j++) {
			char probe[96];
			(void)snprintf(probe, sizeof probe, "%s/%s", mounts[i][j],
			    i == UNIFIED ? "cgroup.controllers" : "cgroup.clone_children");
			(void)snprintf(directories[i], sizeof directories[i],
			    "%s/forkpool-test-%ld", mounts[i][j], (long)getpid());
			/* Delegated to the ordinary user, too. */
			if (access(probe, F_OK) == 0 && mkdir(directories[i], 0755) == 0) {
				if (geteuid() == 0)
					ck_assert_int_eq(chown(directories[i], USER_NOBODY,
							     USER_NOBODY),
					    0);
				break;
			}
			directories[i][0] = '\0';
		}
}

static int
hierarchy_missing(enum hierarchy hierarchy, const char *test)
{
	return directories[hierarchy][0] == '\0' ?
	    skip(test, "no such cgroup directory can be made here") :
	    0;
}

static struct sandbox_cgroup cgroup;
static struct forkpool_limits limits;
static unsigned worker_index;

/* pids: NULL, or the directory for the pids controller. */
static void
plan_both(enum hierarchy hierarchy, const char *pids)
{
	char error[256] = "";

	int r = cgroup_plan(&cgroup, directories[hierarchy], pids, &limits, error, sizeof error);
	ck_assert_msg(r == 0, "%s", error);
	ck_assert_int_gt(cgroup.dir, 2);
	ck_assert(fcntl(cgroup.dir, F_GETFD) & FD_CLOEXEC);
	ck_assert_int_eq(groups_below(directories[hierarchy], false), 0);
}

static void
plan(enum hierarchy hierarchy)
{
	plan_both(hierarchy, NULL);
}

static void
enter(void)
{
	const char *step = "";

	if (cgroup_enter_worker(&cgroup, worker_index, &limits, &step) == -1) {
		(void)fprintf(stderr, "# %s: %s\n", step, strerror(errno));
		_exit(1);
	}
}

/* A worker with a job that makes a number of processes. */
static void
fork_up_to_the_limit(void)
{
	uint64_t hits, kills;
	pid_t pids[3];

	enter();
	CHILD_CHECK(cgroup_events(&cgroup, worker_index, &hits, &kills) == 0);
	uint64_t before = hits;
	for (int i = 0; i < 3; i++) {
		pids[i] = fork();
		CHILD_CHECK(pids[i] != -1);
		if (pids[i] == 0)
			for (;;)
				(void)pause();
	}
	for (uint64_t n = 1; n <= 2; n++) {
		CHILD_DENIED(fork(), EAGAIN);
		CHILD_CHECK(cgroup_events(&cgroup, worker_index, &hits, &kills) == 0);
		CHILD_CHECK(hits == before + n && kills == 0);
	}
	for (int i = 0; i < 3; i++)
		CHILD_CHECK(kill(pids[i], SIGKILL) == 0 && waitpid(pids[i], NULL, 0) == pids[i]);
	/* The next job has room again. */
	pids[0] = fork();
	if (pids[0] == 0)
		_exit(0);
	CHILD_CHECK(pids[0] != -1 && waitpid(pids[0], NULL, 0) == pids[0]);
}

START_TEST(processes_are_limited)
{
	if (hierarchy_missing(PIDS, "processes") || user_missing(_i, "processes"))
		return;
	limits = (struct forkpool_limits){ .processes = 3 };
	plan(PIDS);
	ck_assert(cgroup.has_pids);
	/* The second worker takes over the first one's leaf; the third has a leaf of its own. */
	for (int i = 0; i < 3; i++) {
		worker_index = i == 2 ? 4095 : 7;
		user_run(_i, fork_up_to_the_limit);
	}
	ck_assert_int_eq(groups_below(directories[PIDS], false), 2);
	cgroup_remove(&cgroup, 8);
	ck_assert_int_eq(groups_below(directories[PIDS], false), 1);
	cgroup_remove(&cgroup, 4096);
	ck_assert_int_eq(groups_below(directories[PIDS], false), 0);
	cgroup_release(&cgroup);
	ck_assert_int_eq(cgroup.dir, -1);
}
END_TEST

/* A worker with a job that takes far more than it may have. */
static void
take_too_much(void)
{
	uint64_t hits, kills;
	int status;

	enter();
	pid_t pid = fork();
	CHILD_CHECK(pid != -1);
	if (pid == 0) {
		size_t size = (size_t)(256 * MIB + limits_memory_used());
		char *memory =
		    mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		CHILD_CHECK(memory != MAP_FAILED);
		for (size_t i = 0; i < size; i += 4096)
			memory[i] = 1;
		_exit(0);
	}
	CHILD_CHECK(waitpid(pid, &status, 0) == pid);
	CHILD_CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	CHILD_CHECK(cgroup_events(&cgroup, worker_index, &hits, &kills) == 0);
	CHILD_CHECK(kills >= 1 && hits == 0);
}

static void
take_what_is_allowed(void)
{
	enter();
	size_t size = (size_t)limits.memory;
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHILD_CHECK(memory != MAP_FAILED);
	for (size_t i = 0; i < size; i += 4096)
		memory[i] = 1;
}

START_TEST(memory_is_limited)
{
	if (hierarchy_missing(MEMORY, "memory") || user_missing(_i, "memory"))
		return;
#ifdef FORKPOOL_SANITIZE
	(void)skip("memory", "a sanitizer's own memory is too large for a limit");
	return;
#endif
	limits = (struct forkpool_limits){ .memory = 48 * MIB };
	plan(MEMORY);
	ck_assert(cgroup.has_memory && cgroup.version1);
	worker_index = 0;
	user_run(_i, take_what_is_allowed);
	user_run(_i, take_too_much);
	limits.memory += 3 * MIB; /* raise the limit of a leaf that exists, and lower it again */
	user_run(_i, take_what_is_allowed);
	limits.memory -= 6 * MIB;
	user_run(_i, take_what_is_allowed);
	cgroup_remove(&cgroup, 1);
	ck_assert_int_eq(groups_below(directories[MEMORY], false), 0);
	cgroup_release(&cgroup);
}
END_TEST

/* Version 1: memory here, processes there. */
START_TEST(two_hierarchies_limit_both)
{
	if (hierarchy_missing(MEMORY, "two hierarchies") ||
	    hierarchy_missing(PIDS, "two hierarchies") || user_missing(_i, "two hierarchies"))
		return;
#ifdef FORKPOOL_SANITIZE
	(void)skip("two hierarchies", "a sanitizer's own memory is too large for a limit");
	return;
#endif
	limits = (struct forkpool_limits){ .memory = 48 * MIB, .processes = 3 };
	plan_both(MEMORY, directories[PIDS]);
	ck_assert(cgroup.has_memory && cgroup.has_pids && cgroup.pids_dir > 2);
	ck_assert_int_eq(groups_below(directories[PIDS], false), 0);
	worker_index = 0;
	user_run(_i, fork_up_to_the_limit);
	worker_index = 1;
	user_run(_i, take_too_much);
	ck_assert_int_eq(groups_below(directories[PIDS], false), 2);
	ck_assert_int_eq(groups_below(directories[MEMORY], false), 2);
	cgroup_remove(&cgroup, 2);
	ck_assert_int_eq(groups_below(directories[PIDS], false), 0);
	ck_assert_int_eq(groups_below(directories[MEMORY], false), 0);
	cgroup_release(&cgroup);
	ck_assert_int_eq(cgroup.pids_dir, -1);
}
END_TEST

static _Atomic uint32_t *left;

/* A worker that dies and leaves a process in its leaf: for long where cgroup.kill can end it, else
   for a moment. */
static void
leave_somebody(void)
{
	enter();
	pid_t pid = fork();
	CHILD_CHECK(pid != -1);
	if (pid == 0) {
		if (!cgroup.has_kill)
			pause_ms(50);
		else
			pause_ms(30000);
		_exit(0);
	}
	atomic_store(left, (uint32_t)pid);
}

START_TEST(what_is_left_in_a_leaf_goes)
{
	enum hierarchy hierarchy = (enum hierarchy)_i;
	int status;

	if (hierarchy_missing(hierarchy, "leftovers") || user_missing(USER_ROOT, "leftovers"))
		return;
	limits = (struct forkpool_limits){ .processes = 0 };
	left = support_shared(sizeof *left);
	plan(hierarchy);
	worker_index = 2;
	user_run(USER_ROOT, leave_somebody);
	ck_assert_int_eq(groups_below(directories[hierarchy], false), 1);
	cgroup_remove(&cgroup, 3);
	ck_assert_int_eq(groups_below(directories[hierarchy], false), 0);
	cgroup_remove(&cgroup, 3);
	/* The test adopted the process that was left: it is a subreaper. */
	ck_assert_int_eq(waitpid((pid_t)atomic_load(left), &status, 0), (pid_t)atomic_load(left));
	ck_assert_int_eq(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, cgroup.has_kill);
	cgroup_release(&cgroup);
}
END_TEST

START_TEST(what_it_has_not_is_named)
{
	char error[256] = "", expected[256];

	limits = (struct forkpool_limits){ .processes = 3 };
	ck_assert_int_eq(cgroup_plan(&cgroup, "/tmp", NULL, &limits, error, sizeof error), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_str_eq(error, "sandbox: cgroup /tmp: is not in a cgroup file system");
	ck_assert_int_eq(cgroup_plan(&cgroup, "/sys/fs/cgroup/none/such", NULL, &limits, error,
			     sizeof error),
	    -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_str_eq(error,
	    "sandbox: cgroup /sys/fs/cgroup/none/such: No such file or directory");
	ck_assert_int_eq(cgroup.dir, -1);
	ck_assert_int_eq(cgroup_plan(&cgroup, "/tmp", NULL, &limits, NULL, 0), -1);
	if (hierarchy_missing(MEMORY, "no pids.max"))
		return;
	ck_assert_int_eq(cgroup_plan(&cgroup, directories[MEMORY], NULL, &limits, error,
			     sizeof error),
	    -1);
	ck_assert_int_eq(errno, ENOTSUP);
	(void)snprintf(expected, sizeof expected,
	    "sandbox: cgroup %s: groups there have no pids.max, which limits.processes needs",
	    directories[MEMORY]);
	ck_assert_str_eq(error, expected);
	ck_assert_int_eq(groups_below(directories[MEMORY], false), 0);
}
END_TEST

/* A version 2 directory whose parent gives it no pids controller. */
START_TEST(a_controller_that_is_not_to_be_had_is_named)
{
	char error[256] = "", controllers[256] = "";

	if (hierarchy_missing(UNIFIED, "version 2"))
		return;
	(void)snprintf(error, sizeof error, "%s/cgroup.controllers", directories[UNIFIED]);
	FILE *file = fopen(error, "re");
	ck_assert_ptr_nonnull(file);
	(void)!fread(controllers, 1, sizeof controllers - 1, file);
	(void)fclose(file);
	limits = (struct forkpool_limits){ .processes = 3, .memory = MIB };
	int r = cgroup_plan(&cgroup, directories[UNIFIED], NULL, &limits, error, sizeof error);
	if (strstr(controllers, "pids") != NULL) {
		ck_assert_msg(r == 0, "%s", error);
		ck_assert(cgroup.has_pids && !cgroup.version1);
	} else {
		ck_assert_int_eq(r, -1);
		ck_assert_int_eq(errno, ENOTSUP);
		ck_assert_ptr_nonnull(strstr(error,
		    "no pids.max, which limits.processes needs; +pids in "
		    "cgroup.subtree_control: "));
	}
	ck_assert_int_eq(groups_below(directories[UNIFIED], false), 0);
	cgroup_release(&cgroup);
}
END_TEST

static void
plan_without_leave(void)
{
	char error[256] = "";

	CHILD_DENIED(cgroup_plan(&cgroup, mounts[PIDS][0], NULL, &limits, error, sizeof error),
	    EACCES);
	CHILD_CHECK(strcmp(error,
			"sandbox: cgroup /sys/fs/cgroup/pids: no group can be made there: "
			"Permission denied") == 0);
	CHILD_CHECK(cgroup.dir == -1);
}

START_TEST(a_directory_of_somebody_else_is_refused)
{
	if (!hierarchy_missing(PIDS, "not delegated"))
		user_run(USER_OTHER, plan_without_leave);
}
END_TEST

START_TEST(none_was_asked_for)
{
	uint64_t hits = 1, kills = 1;
	const char *step;

	limits = (struct forkpool_limits){ .processes = 3 };
	ck_assert_int_eq(cgroup_plan(&cgroup, NULL, NULL, &limits, NULL, 0), 0);
	ck_assert_int_eq(cgroup_enter_worker(&cgroup, 0, &limits, &step), 0);
	ck_assert_int_eq(cgroup_events(&cgroup, 0, &hits, &kills), 0);
	ck_assert_uint_eq(hits + kills, 0);
	cgroup_remove(&cgroup, 4096);
	cgroup_release(&cgroup);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sandbox_cgroup");
	TCase *tc = support_case("sandbox_cgroup", 60);

	tcase_add_unchecked_fixture(tc, directories_begin, directories_end);
	tcase_add_loop_test(tc, processes_are_limited, 0, USERS);
	tcase_add_loop_test(tc, memory_is_limited, 0, USERS);
	tcase_add_loop_test(tc, two_hierarchies_limit_both, 0, USERS);
	tcase_add_loop_test(tc, what_is_left_in_a_leaf_goes, 0, HIERARCHIES);
	tcase_add_test(tc, what_it_has_not_is_named);
	tcase_add_test(tc, a_controller_that_is_not_to_be_had_is_named);
	tcase_add_test(tc, a_directory_of_somebody_else_is_refused);
	tcase_add_test(tc, none_was_asked_for);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}
