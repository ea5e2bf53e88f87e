/* SPDX-License-Identifier: BSD-2-Clause */
/* Which identities root and an ordinary user can plan, what is refused, and that entering keeps the
   plan. */
#include "config.h"
#include "tests/support/support.h"

#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "lib/sandbox/identity.h"
#include "lib/sandbox/kernel_file.h"
#include "lib/sandbox/loopback.h"
#include "tests/support/users.h"

#define NO_SUCH_USER "sandbox: user 65534 does not exist in the user namespace of this process"

static struct forkpool_sandbox sandbox;

/* The only network interface is down, and the job may not set it up. */
static void
lonely_worker(void)
{
	struct sandbox_identity identity;
	struct ifreq request = { .ifr_name = "lo" };
	unsigned layers;
	const char *step = "";

	CHILD_CHECK(identity_plan(&identity, &sandbox, NULL, 0) == 0);
	CHILD_CHECK(identity_enter_worker(&identity, &layers, &step) == 0);
	CHILD_CHECK(identity_enter_job(&identity, getpid(), &step) == 0);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	CHILD_CHECK(fd != -1);
	CHILD_CHECK(ioctl(fd, SIOCGIFFLAGS, &request) == 0);
	CHILD_CHECK(!(request.ifr_flags & IFF_UP));
	request.ifr_flags |= IFF_UP;
	CHILD_DENIED(ioctl(fd, SIOCSIFFLAGS, &request), EPERM);
	CHILD_DENIED(sethostname("x", 1), EPERM);
	CHILD_CHECK(geteuid() == getuid() && identity_is_user(&identity, getpid()));
}

START_TEST(the_network_is_empty)
{
	if (user_lacks_namespaces(_i, "empty network"))
		return;
	sandbox = (struct forkpool_sandbox){ .namespaces = 1 };
	user_run(_i, lonely_worker);
}
END_TEST

/* Whether a datagram socket can send to itself at that address. */
static int
reaches_itself(int family, const void *address, socklen_t size)
{
	struct sockaddr_storage own;
	socklen_t len = sizeof own;
	char byte = 0;
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd != -1 && bind(fd, address, size) == 0 &&
	    getsockname(fd, (struct sockaddr *)&own, &len) == 0 &&
	    sendto(fd, &byte, 1, 0, (struct sockaddr *)&own, len) == 1 &&
	    recv(fd, &byte, 1, 0) == 1 && close(fd) == 0;
}

/* The network has this machine's addresses of its own, and no way out. */
static void
worker_that_talks_to_itself(void)
{
	const struct sockaddr_in v4 = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT };
	const struct sockaddr_in elsewhere = { .sin_family = AF_INET, .sin_port = htons(9),
		.sin_addr.s_addr = htonl(0xc0000201) /* 192.0.2.1, for examples */ };
	struct sandbox_identity identity;
	unsigned layers;
	const char *step = "";

	CHILD_CHECK(identity_plan(&identity, &sandbox, NULL, 0) == 0);
	identity.drop_caps = true;
	CHILD_CHECK(identity_enter_worker(&identity, &layers, &step) == 0);
	CHILD_CHECK(loopback_enter_worker(&step) == 0);
	CHILD_CHECK(identity_enter_job(&identity, getpid(), &step) == 0);
	CHILD_CHECK(reaches_itself(AF_INET, &v4, sizeof v4));
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd != -1) /* the kernel has IPv6 */
		CHILD_CHECK(close(fd) == 0 && reaches_itself(AF_INET6, &v6, sizeof v6));
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	CHILD_DENIED(connect(fd, (const struct sockaddr *)&elsewhere, sizeof elsewhere),
	    ENETUNREACH);
}

/* A process without the right to is told so. */
static void
worker_without_rights(void)
{
	struct sandbox_identity identity;
	unsigned layers;
	const char *step = "";

	CHILD_CHECK(identity_plan(&identity, &sandbox, NULL, 0) == 0);
	CHILD_CHECK(identity_enter_worker(&identity, &layers, &step) == 0);
	CHILD_CHECK(identity_enter_job(&identity, getpid(), &step) == 0);
	CHILD_DENIED(loopback_enter_worker(&step), EPERM);
	CHILD_CHECK(strcmp(step, "loopback interface") == 0);
}

START_TEST(the_network_is_loopback)
{
	if (user_lacks_namespaces(_i, "loopback"))
		return;
	sandbox = (struct forkpool_sandbox){ .namespaces = 1 };
	user_run(_i, worker_that_talks_to_itself);
	user_run(_i, worker_without_rights);
}
END_TEST

/* Become root of a user namespace that has no other user. */
static void
become_root_of_little(void)
{
	char map[32], gid_map[32];

	/* In the new namespace this process has no ids until it has maps. */
	(void)snprintf(map, sizeof map, "0 %ld 1", (long)geteuid());
	(void)snprintf(gid_map, sizeof gid_map, "0 %ld 1", (long)getegid());
	CHILD_CHECK(unshare(CLONE_NEWUSER) == 0);
	CHILD_CHECK(kernel_file_write(AT_FDCWD, "/proc/self/setgroups", "deny") == 0);
	CHILD_CHECK(kernel_file_write(AT_FDCWD, "/proc/self/uid_map", map) == 0);
	CHILD_CHECK(kernel_file_write(AT_FDCWD, "/proc/self/gid_map", gid_map) == 0);
	CHILD_CHECK(geteuid() == 0);
}

static void
worker_among_few(void)
{
	struct sandbox_identity identity;
	char error[256] = "";
	unsigned layers;
	const char *step = "";

	become_root_of_little();
	CHILD_DENIED(identity_plan(&identity, NULL, error, sizeof error), EINVAL);
	CHILD_CHECK(strcmp(error, NO_SUCH_USER) == 0);
	sandbox.best_effort = 1;
	CHILD_CHECK(identity_plan(&identity, &sandbox, error, sizeof error) == 0);
	CHILD_CHECK(identity.layers == FORKPOOL_LAYER_PRIVILEGES);
	CHILD_CHECK(identity_enter_worker(&identity, &layers, &step) == 0);
	CHILD_CHECK(layers == FORKPOOL_LAYER_PRIVILEGES);
	CHILD_CHECK(identity_enter_job(&identity, getpid(), &step) == 0);
	CHILD_CHECK(geteuid() == 0);
	CHILD_DENIED(sethostname("x", 1), EPERM);
}

static void
worker_that_may_not(void)
{
	struct sandbox_identity identity;
	unsigned layers = 0;
	const char *step = "";

	/* With no id mapped this process is an ordinary user of its new namespace. */
	CHILD_CHECK(unshare(CLONE_NEWUSER) == 0);
	if (kernel_file_write(AT_FDCWD, "/proc/sys/user/max_user_namespaces", "0") == -1)
		_exit(skip("no further namespace", "cannot be arranged") - 1);
	CHILD_CHECK(identity_plan(&identity, &sandbox, NULL, 0) == 0);
	CHILD_CHECK(identity_enter_worker(&identity, &layers, &step) == -1);
	CHILD_CHECK(layers == FORKPOOL_LAYER_NAMESPACES);
	CHILD_CHECK(strcmp(step, "user namespace") == 0);
}

START_TEST(what_cannot_be_had_is_named)
{
	if (user_lacks_namespaces(USER_OTHER, "few users"))
		return;
	sandbox = (struct forkpool_sandbox){ .uid = 0 };
	user_run(USER_OTHER, worker_among_few);
	sandbox = (struct forkpool_sandbox){ .namespaces = 1 };
	user_run(USER_OTHER, worker_that_may_not);
}
END_TEST

static void
ordinary_plans(void)
{
	struct sandbox_identity identity;
	char error[256] = "";

	sandbox = (struct forkpool_sandbox){ .uid = geteuid(), .gid = getegid() };
	CHILD_CHECK(identity_plan(&identity, &sandbox, error, sizeof error) == 0);
	CHILD_CHECK(!identity.change_user && !identity.drop_caps && !identity.drop_groups);
	sandbox = (struct forkpool_sandbox){ .uid = (uid_t)-1, .gid = (gid_t)-1 };
	CHILD_CHECK(identity_plan(&identity, &sandbox, error, sizeof error) == 0);
	CHILD_CHECK(identity.uid == geteuid() && identity.gid == getegid());
	sandbox = (struct forkpool_sandbox){ .uid = 4711 };
	CHILD_DENIED(identity_plan(&identity, &sandbox, error, sizeof error), EPERM);
	CHILD_CHECK(strcmp(error, "sandbox: uid 4711: only root may ask for another user") == 0);
	sandbox = (struct forkpool_sandbox){ .gid = 4711, .best_effort = 1 };
	CHILD_DENIED(identity_plan(&identity, &sandbox, error, sizeof error), EPERM);
	CHILD_CHECK(strcmp(error, "sandbox: gid 4711: only root may ask for another group") == 0);
	sandbox = (struct forkpool_sandbox){ .namespaces = 1 };
	CHILD_CHECK(prctl(PR_SET_DUMPABLE, 0) == 0);
	CHILD_DENIED(identity_plan(&identity, &sandbox, error, sizeof error), EACCES);
	CHILD_CHECK(strncmp(error, "sandbox: namespaces: this process is undumpable", 47) == 0);
	sandbox.best_effort = 1;
	CHILD_CHECK(identity_plan(&identity, &sandbox, error, sizeof error) == 0);
	CHILD_CHECK(!identity.namespaces && identity.layers == FORKPOOL_LAYER_PRIVILEGES);
}

static void
root_plans(void)
{
	struct sandbox_identity identity;

	CHILD_CHECK(identity_plan(&identity, NULL, NULL, 0) == 0);
	CHILD_CHECK(
	    identity.uid == USER_NOBODY && identity.gid == USER_NOBODY && identity.change_user);
	CHILD_CHECK(identity.layers == (FORKPOOL_LAYER_PRIVILEGES | FORKPOOL_LAYER_USER));
	/* The USER layer needs another group, too. */
	sandbox = (struct forkpool_sandbox){ .uid = 4711, .gid = (gid_t)-1, .namespaces = 1 };
	CHILD_CHECK(identity_plan(&identity, &sandbox, NULL, 0) == 0);
	CHILD_CHECK(identity.uid == 4711 && identity.gid == getegid());
	CHILD_CHECK(identity.layers == (FORKPOOL_LAYER_PRIVILEGES | FORKPOOL_LAYER_NAMESPACES));
	CHILD_CHECK(!identity.user_namespace);
}

START_TEST(plans)
{
	if (!user_missing(_i, "plans"))
		user_run(_i, _i == USER_ROOT ? root_plans : ordinary_plans);
}
END_TEST

/* Whose real and saved ids are another's could become that one, without any capability. */
static void
process_of_three_users(void)
{
	const struct sandbox_identity whole = { .layers = FORKPOOL_LAYER_PRIVILEGES };
	struct sandbox_identity identity;
	unsigned layers;
	const char *step;

	CHILD_CHECK(setgroups(0, NULL) == 0);
	CHILD_CHECK(setresgid(3001, 3002, 3002) == 0);
	CHILD_CHECK(setresuid(3002, 3002, 3001) == 0);
	CHILD_CHECK(identity_enter_worker(&whole, &layers, &step) == 0);
	CHILD_CHECK(identity_enter_job(&whole, getpid(), &step) == 0);
	CHILD_CHECK(!identity_is_unprivileged());
	CHILD_CHECK(setresuid(3002, 3002, 3002) == 0 && prctl(PR_SET_DUMPABLE, 0) == 0);
	CHILD_CHECK(!identity_is_unprivileged());
	CHILD_CHECK(identity_plan(&identity, NULL, NULL, 0) == 0 && identity.change_user);
	CHILD_CHECK(identity_enter_job(&identity, getpid(), &step) == 0);
	CHILD_CHECK(identity_is_unprivileged());
}

/* A root that finds at its trial that it cannot change its user: jobs keep root's own, and not that
   of who has called it. */
static void
root_keeps_its_user(void)
{
	struct sandbox_identity identity;
	unsigned layers;
	const char *step;

	CHILD_CHECK(setresuid(3001, 0, 3002) == 0);
	CHILD_CHECK(identity_plan(&identity, NULL, NULL, 0) == 0 && identity.uid != 0);
	identity_keep_user(&identity);
	CHILD_CHECK(identity.layers == FORKPOOL_LAYER_PRIVILEGES && !identity.own_user);
	CHILD_CHECK(identity_enter_worker(&identity, &layers, &step) == 0);
	CHILD_CHECK(identity_enter_job(&identity, getpid(), &step) == 0);
	CHILD_CHECK(identity_is_user(&identity, getpid()) && geteuid() == 0);
	CHILD_CHECK(identity_is_unprivileged());
	CHILD_DENIED(setuid(3001), EPERM);
	/* Nothing is to be changed where all are the same. */
	identity_keep_user(&identity);
	CHILD_CHECK(!identity.change_user);
}

START_TEST(no_id_is_put_aside)
{
	if (user_missing(USER_ROOT, "saved ids"))
		return;
	user_run(USER_ROOT, process_of_three_users);
	user_run(USER_ROOT, root_keeps_its_user);
}
END_TEST

static void
process_enters(void)
{
	const struct sandbox_identity identity = { .layers = FORKPOOL_LAYER_PRIVILEGES };
	const char *step;

	CHILD_CHECK(identity_enter_process(&identity, false, &step) == 0);
	CHILD_CHECK(prctl(PR_GET_DUMPABLE) == 0);
	CHILD_CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
}

START_TEST(level_job)
{
	if (!user_missing(_i, "level job"))
		user_run(_i, process_enters);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sandbox_identity_plan");
	TCase *tc = support_case("sandbox_identity_plan", 60);

	tcase_add_loop_test(tc, the_network_is_empty, 0, USERS);
	tcase_add_loop_test(tc, the_network_is_loopback, 0, USERS);
	tcase_add_test(tc, what_cannot_be_had_is_named);
	tcase_add_loop_test(tc, plans, 0, USERS);
	tcase_add_test(tc, no_id_is_put_aside);
	tcase_add_loop_test(tc, level_job, 0, USERS);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}
