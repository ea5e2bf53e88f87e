/* SPDX-License-Identifier: BSD-2-Clause */
/* Who a job's process is, read from outside in /proc, as root and as an ordinary user. */
#include "config.h"
#include "tests/support/support.h"

#include <inttypes.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "lib/sandbox/identity.h"
#include "tests/support/users.h"

/* What a worker and its job's process report to the test, which inspects both while they wait. */
struct scene {
	_Atomic uint32_t entered;  /* both have entered, or one has failed */
	_Atomic uint32_t looked;   /* the test has inspected them: they may end */
	pid_t    worker, job;
	int      result, error;    /* of what failed first */
	char     step[64];
	unsigned layers;
	int      worker_dumpable, job_dumpable, persona;
};

static struct scene *scene;
static struct forkpool_sandbox sandbox;

static void
scene_say(int result, const char *step)
{
	scene->result = result;
	scene->error = errno;
	(void)snprintf(scene->step, sizeof scene->step, "%s", step);
}

/* The worker: plan, enter, fork the job's process. */
static void
worker(void)
{
	struct sandbox_identity identity;
	char error[256] = "";
	const char *step = "";

	scene->worker = getpid();
	if (identity_plan(&identity, &sandbox, error, sizeof error) == -1) {
		scene_say(-1, error);
		support_post(&scene->entered);
		return;
	}
	if (identity_enter_worker(&identity, &scene->layers, &step) == -1) {
		scene_say(-1, step);
		support_post(&scene->entered);
		return;
	}
	scene->worker_dumpable = prctl(PR_GET_DUMPABLE);
	scene->persona = personality(0xffffffff);
	pid_t pid = fork();
	CHILD_CHECK(pid != -1);
	if (pid == 0) {
		scene->job = getpid();
		if (identity_enter_job(&identity, scene->worker, &step) == -1)
			scene_say(-1, step);
		scene->job_dumpable = prctl(PR_GET_DUMPABLE);
		support_post(&scene->entered);
		support_await(&scene->looked, 1);
		_exit(0);
	}
	int status;
	while (waitpid(pid, &status, 0) == -1)
		CHILD_CHECK(errno == EINTR);
	CHILD_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static pid_t
scene_start(int user, void (*body)(void))
{
	scene = support_shared(sizeof *scene);
	pid_t pid = user_start(user, body);
	support_await(&scene->entered, 1);
	return pid;
}

static void
scene_end(pid_t pid)
{
	support_post(&scene->looked);
	user_end(pid);
}

#define scene_is_well() \
	ck_assert_msg(scene->result == 0, "%s: %s", scene->step, strerror(scene->error))

static void
file_text(char *text, size_t size, pid_t pid, const char *name)
{
	char path[64];

	(void)snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid, name);
	FILE *file = fopen(path, "re");
	ck_assert_msg(file != NULL, "%s: %s", path, strerror(errno));
	text[fread(text, 1, size - 1, file)] = '\0';
	(void)fclose(file);
}

/* The rest of the line "key:" in the process's status, with single blanks. */
static const char *
status_of(pid_t pid, const char *key)
{
	static char value[128];
	char text[4096], line[64];
	size_t n = 0;

	file_text(text, sizeof text, pid, "status");
	(void)snprintf(line, sizeof line, "\n%s:", key);
	const char *at = strstr(text, line);
	ck_assert_msg(at != NULL, "no %s", key);
	for (at += strlen(line); *at != '\n' && *at != '\0' && n < sizeof value - 1; at++)
		if ((*at != '\t' && *at != ' ') || (n > 0 && value[n - 1] != ' '))
			value[n++] = *at == '\t' ? ' ' : *at;
	while (n > 0 && value[n - 1] == ' ')
		n--;
	value[n] = '\0';
	return value;
}

#define NO_CAPABILITY "0000000000000000"

static void
is_user(pid_t pid, long uid, long gid)
{
	char expected[64];

	(void)snprintf(expected, sizeof expected, "%ld %ld %ld %ld", uid, uid, uid, uid);
	ck_assert_str_eq(status_of(pid, "Uid"), expected);
	(void)snprintf(expected, sizeof expected, "%ld %ld %ld %ld", gid, gid, gid, gid);
	ck_assert_str_eq(status_of(pid, "Gid"), expected);
}

static void
is_without_privileges(pid_t pid, int root)
{
	ck_assert_str_eq(status_of(pid, "NoNewPrivs"), "1");
	ck_assert_str_eq(status_of(pid, "CapInh"), NO_CAPABILITY);
	ck_assert_str_eq(status_of(pid, "CapPrm"), NO_CAPABILITY);
	ck_assert_str_eq(status_of(pid, "CapEff"), NO_CAPABILITY);
	ck_assert_str_eq(status_of(pid, "CapAmb"), NO_CAPABILITY);
	if (root)
		ck_assert_str_eq(status_of(pid, "CapBnd"), NO_CAPABILITY);
}

/* The files in /proc of an undumpable process belong to root. */
static void
is_closed(pid_t pid)
{
	struct stat status;
	char path[64];

	(void)snprintf(path, sizeof path, "/proc/%ld/environ", (long)pid);
	ck_assert_int_eq(stat(path, &status), 0);
	ck_assert_int_eq((int)status.st_uid, 0);
}

START_TEST(strictest)
{
	if (user_missing(_i, "strictest"))
		return;
	long uid = geteuid() == 0 ? USER_NOBODY : (long)geteuid();
	long gid = geteuid() == 0 ? USER_NOBODY : (long)getegid();
	sandbox = (struct forkpool_sandbox){ .uid = 0 };
	pid_t pid = scene_start(_i, worker);
	scene_is_well();
	if (_i == USER_ROOT)
		uid = user_of_worker(scene->worker);
	ck_assert_int_eq((int)scene->layers,
	    FORKPOOL_LAYER_PRIVILEGES | (_i == USER_ROOT ? FORKPOOL_LAYER_USER : 0));
	is_user(scene->job, uid, gid);
	is_without_privileges(scene->job, _i == USER_ROOT);
	if (_i == USER_ROOT || geteuid() == 0)
		ck_assert_str_eq(status_of(scene->job, "Groups"), "");
	is_closed(scene->job);
	is_closed(scene->worker);
	ck_assert_int_eq(scene->job_dumpable, 0);
	ck_assert_int_eq(scene->worker_dumpable, 0);
	if (_i == USER_ROOT) {
		/* The worker can still change user and group for the next job. */
		is_user(scene->worker, 0, (long)getegid());
		uint64_t effective = strtoull(status_of(scene->worker, "CapEff"), NULL, 16);
		ck_assert(effective >> 6 & effective >> 7 & 1);
	}
	scene_end(pid);
}
END_TEST

static void
worker_with_groups(void)
{
	gid_t groups[] = { 4, 24, 27 };

	CHILD_CHECK(setgroups(3, groups) == 0);
	(void)personality(READ_IMPLIES_EXEC);
	worker();
}

START_TEST(supplementary_groups_and_persona_go)
{
	if (user_missing(USER_ROOT, "groups"))
		return;
	sandbox = (struct forkpool_sandbox){ .uid = 0 };
	pid_t pid = scene_start(USER_ROOT, worker_with_groups);
	scene_is_well();
	ck_assert_str_eq(status_of(scene->worker, "Groups"), "");
	ck_assert_str_eq(status_of(scene->job, "Groups"), "");
	ck_assert_int_eq(scene->persona & READ_IMPLIES_EXEC, 0);
	scene_end(pid);
}
END_TEST

START_TEST(root_that_stays_root_has_no_capability)
{
	if (user_missing(USER_ROOT, "uid -1"))
		return;
	sandbox = (struct forkpool_sandbox){ .uid = (uid_t)-1, .gid = (gid_t)-1 };
	pid_t pid = scene_start(USER_ROOT, worker);
	scene_is_well();
	ck_assert_int_eq((int)scene->layers, FORKPOOL_LAYER_PRIVILEGES);
	is_user(scene->job, 0, (long)getegid());
	is_without_privileges(scene->job, 1);
	ck_assert_int_eq(scene->job_dumpable, 0);
	scene_end(pid);
}
END_TEST

START_TEST(the_user_that_was_asked_for)
{
	if (user_missing(USER_ROOT, "uid"))
		return;
	sandbox = (struct forkpool_sandbox){ .uid = 12345, .gid = 54321 };
	pid_t pid = scene_start(USER_ROOT, worker);
	scene_is_well();
	is_user(scene->job, 12345, 54321);
	is_without_privileges(scene->job, 1);
	is_closed(scene->job);
	scene_end(pid);
}
END_TEST

#define AMBIENT_RAISE 2

/* A worker of an ordinary user that keeps all capabilities, also across exec. */
static void
capable_worker(void)
{
	struct { uint32_t version; int32_t pid; } header = { 0x20080522, 0 };
	struct { uint32_t effective, permitted, inheritable; } sets[2];

	CHILD_CHECK(prctl(PR_SET_KEEPCAPS, 1) == 0);
	CHILD_CHECK(setgroups(0, NULL) == 0);
	CHILD_CHECK(setresgid(USER_NOBODY, USER_NOBODY, USER_NOBODY) == 0);
	CHILD_CHECK(setresuid(USER_NOBODY, USER_NOBODY, USER_NOBODY) == 0);
	CHILD_CHECK(syscall(SYS_capget, &header, sets) == 0);
	for (int i = 0; i < 2; i++)
		sets[i].inheritable = sets[i].effective = sets[i].permitted;
	CHILD_CHECK(syscall(SYS_capset, &header, sets) == 0);
	CHILD_CHECK(prctl(PR_CAP_AMBIENT, AMBIENT_RAISE, 7, 0, 0) == 0);
	worker();
}

START_TEST(capabilities_of_an_ordinary_user_go)
{
	if (user_missing(USER_ROOT, "capable user"))
		return;
	sandbox = (struct forkpool_sandbox){ .uid = 0 };
	pid_t pid = scene_start(USER_ROOT, capable_worker);
	scene_is_well();
	is_user(scene->job, USER_NOBODY, USER_NOBODY);
	is_without_privileges(scene->job, 1);
	scene_end(pid);
}
END_TEST

/* A worker with three users, as a set-user-id program that has saved its owner's id. */
static void
worker_of_three_users(void)
{
	CHILD_CHECK(setgroups(0, NULL) == 0);
	CHILD_CHECK(setresgid(3001, 3002, 3003) == 0);
	CHILD_CHECK(setresuid(3001, 3002, 0) == 0);
	worker();
}

START_TEST(ids_put_aside_go)
{
	if (user_missing(USER_ROOT, "saved ids"))
		return;
	sandbox = (struct forkpool_sandbox){ .uid = (uid_t)-1, .gid = (gid_t)-1 };
	pid_t pid = scene_start(USER_ROOT, worker_of_three_users);
	scene_is_well();
	is_user(scene->job, 3002, 3002);
	is_without_privileges(scene->job, 0);
	ck_assert_int_eq(scene->job_dumpable, 0);
	scene_end(pid);
}
END_TEST

static int
shares_namespace(pid_t pid, const char *name)
{
	char path[64];
	struct stat own, other;

	(void)snprintf(path, sizeof path, "/proc/%ld/ns/%s", (long)pid, name);
	ck_assert_int_eq(stat(path, &other), 0);
	(void)snprintf(path, sizeof path, "/proc/self/ns/%s", name);
	ck_assert_int_eq(stat(path, &own), 0);
	return own.st_ino == other.st_ino && own.st_dev == other.st_dev;
}

START_TEST(namespaces_are_its_own)
{
	char text[4096], expected[64];

	if (user_lacks_namespaces(_i, "namespaces"))
		return;
	int privileged = geteuid() == 0;
	sandbox = (struct forkpool_sandbox){ .namespaces = 1 };
	pid_t pid = scene_start(_i, worker);
	scene_is_well();
	ck_assert(scene->layers & FORKPOOL_LAYER_NAMESPACES);
	is_without_privileges(scene->job, 1);
	ck_assert_int_eq(scene->job_dumpable, 0);
	ck_assert_int_eq(scene->worker_dumpable, 0);
	/* Only root can follow the links in /proc of an undumpable process. */
	if (privileged) {
		is_user(scene->job, _i == USER_ROOT ? user_of_worker(scene->worker) : USER_NOBODY,
		    USER_NOBODY);
		ck_assert_int_eq(shares_namespace(scene->job, "net"), 0);
		ck_assert_int_eq(shares_namespace(scene->job, "ipc"), 0);
		ck_assert_int_eq(shares_namespace(scene->job, "uts"), 0);
		ck_assert_int_eq(shares_namespace(scene->job, "user"), _i == USER_ROOT);
		file_text(text, sizeof text, scene->job, "net/dev");
		const char *interfaces = strrchr(text, '|');
		ck_assert_ptr_nonnull(interfaces);
		interfaces = strchr(interfaces, '\n') + 1;
		ck_assert_ptr_nonnull(strstr(interfaces, "lo:"));
		ck_assert_ptr_eq(strchr(interfaces, ':'), strrchr(interfaces, ':'));
	}
	if (_i == USER_OTHER) {
		long uid = privileged ? USER_NOBODY : (long)geteuid();
		uint64_t inside, outside, count;
		file_text(text, sizeof text, scene->job, "uid_map");
		ck_assert_int_eq(sscanf(text, "%" SCNu64 "%" SCNu64 "%" SCNu64, &inside, &outside,
				     &count),
		    3);
		(void)snprintf(expected, sizeof expected, "%ld", uid);
		ck_assert_uint_eq(inside, (uint64_t)uid);
		ck_assert_uint_eq(outside, (uint64_t)uid);
		ck_assert_uint_eq(count, 1);
		file_text(text, sizeof text, scene->job, "setgroups");
		ck_assert_str_eq(text, "deny\n");
	}
	scene_end(pid);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sandbox_identity");
	TCase *tc = support_case("sandbox_identity", 60);

	tcase_add_loop_test(tc, strictest, 0, USERS);
	tcase_add_test(tc, supplementary_groups_and_persona_go);
	tcase_add_test(tc, root_that_stays_root_has_no_capability);
	tcase_add_test(tc, the_user_that_was_asked_for);
	tcase_add_test(tc, capabilities_of_an_ordinary_user_go);
	tcase_add_test(tc, ids_put_aside_go);
	tcase_add_loop_test(tc, namespaces_are_its_own, 0, USERS);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}
