/* SPDX-License-Identifier: BSD-2-Clause */
/* A pid namespace: fork its first process, and have that clear up after each job. */
#include "config.h"
#include "lib/sandbox/pid_namespace.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/os/fd.h"

void
pid_namespace_none(struct pid_namespace *ns)
{
	*ns = (struct pid_namespace){ .link = -1, .pids = -1, .orphans = -1 };
	private_root_view_init(&ns->root);
}

#ifdef __linux__

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "lib/os/os.h"
#include "lib/os/syscall_gate.h"

/* First of all init says whether it is ready. */
struct hello {
	int error;
	char step[PRIVATE_ROOT_STEP_MAX];
	struct private_root_view root; /* its descriptors are those of init; -1: there is none */
};

/* Descriptors that come with the hello: the pid namespace, and those of the view. */
#define PASSED_MAX (3 + PRIVATE_ROOT_SCRATCHES)

union passed {
	struct cmsghdr header;
	unsigned char  space[CMSG_SPACE(PASSED_MAX * sizeof(int))];
};

/* The fields for the descriptors that a hello brings. */
static size_t
passed_list(struct private_root_view *root, int *pids, int *list[PASSED_MAX])
{
	size_t n = 0;

	list[n++] = pids;
	if (root->mounts != -1)
		list[n++] = &root->mounts;
	if (root->top != -1)
		list[n++] = &root->top;
	for (int i = 0; i < PRIVATE_ROOT_SCRATCHES; i++)
		if (root->scratch[i] != -1)
			list[n++] = &root->scratch[i];
	return n;
}

/* ------------------------------------------------------------------------------------- in init */

/* Become what a job cannot touch, and hold on to nothing of the caller's. */
static int
init_begin(int *link, int *pids, char *step)
{
	(void)strlcpy(step, "first process of the pid namespace", PRIVATE_ROOT_STEP_MAX);
	if (os_die_with_parent(SIGKILL) == -1 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		return -1;
	namespace_init_signals();
	os_process_name("forkpool:init");
	fd_close_all_but(link, 1, NULL, 0);
	(void)strlcat(step, ": /dev/null", PRIVATE_ROOT_STEP_MAX);
	for (int fd = 0; fd <= 2; fd++)
		if (fd_redirect("/dev/null", O_RDWR, fd) == -1)
			return -1;
	(void)strlcpy(step,
	    "first process of the pid namespace: /proc/self/ns/pid (is /proc mounted?)",
	    PRIVATE_ROOT_STEP_MAX);
	*pids = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
	return *pids == -1 ? -1 : 0;
}

static int
hello_send(int link, struct hello *hello, int pids)
{
	union passed passed = { 0 };
	struct iovec part = { .iov_base = hello, .iov_len = sizeof *hello };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	int *list[PASSED_MAX];

	if (hello->error == 0) {
		size_t n = passed_list(&hello->root, &pids, list);
		message.msg_control = &passed;
		message.msg_controllen = (socklen_t)CMSG_SPACE(n * sizeof(int));
		passed.header.cmsg_level = SOL_SOCKET;
		passed.header.cmsg_type = SCM_RIGHTS;
		passed.header.cmsg_len = (socklen_t)CMSG_LEN(n * sizeof(int));
		for (size_t i = 0; i < n; i++)
			memcpy(CMSG_DATA(&passed.header) + i * sizeof(int), list[i], sizeof(int));
	}
	return namespace_message_send(link, &message);
}

static _Noreturn void
init_main(int link, struct namespace_tally *tally, const struct private_root *root)
{
	struct hello hello = { 0 };
	int pids = -1;

	private_root_view_init(&hello.root);
	int result = init_begin(&link, &pids, hello.step);
	if (result == 0 && root->wanted)
		result = private_root_build(root, &hello.root, hello.step);
	else if (result == 0)
		result = chdir("/");
	if (result == -1)
		hello.error = errno != 0 ? errno : EIO;
	if (hello_send(link, &hello, pids) == -1 || result == -1)
		os_exit(1);
	fd_close(&pids);
	namespace_init_serve(link, tally, root, &hello.root);
}

/* -------------------------------------------------------------------------------- in the worker */

/* A child without an exit signal: waits for any child pass it by, and no SIGCHLD comes of it. */
static pid_t
init_fork(bool has_root)
{
	const long flags = CLONE_NEWPID | (has_root ? CLONE_NEWNS : 0);

#ifdef __s390__
	return (pid_t)gate_call(SYS_clone, 0, flags, 0, 0, 0);
#else
	return (pid_t)gate_call(SYS_clone, flags, 0, 0, 0, 0);
#endif
}

/* 0; -1 and errno, with ns->step where init says what failed. */
static int
hello_receive(struct pid_namespace *ns)
{
	union passed passed = { 0 };
	struct hello hello = { 0 };
	struct iovec part = { .iov_base = &hello, .iov_len = sizeof hello };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &passed,
		.msg_controllen = sizeof passed };
	int *list[PASSED_MAX];
	ssize_t n;

	do
		n = recvmsg(ns->link, &message, MSG_CMSG_CLOEXEC);
	while (n == -1 && errno == EINTR);
	if (n != (ssize_t)sizeof hello) {
		errno = n == -1 ? errno : EPIPE;
		return -1;
	}
	memcpy(ns->step, hello.step, sizeof ns->step);
	if (hello.error != 0) {
		errno = hello.error;
		return -1;
	}
	ns->root = hello.root;
	size_t count = passed_list(&ns->root, &ns->pids, list);
	for (size_t i = 0; i < count; i++)
		*list[i] = -1;
	if (passed.header.cmsg_len != CMSG_LEN(count * sizeof(int))) {
		errno = EMFILE; /* the system drops those that there is no room for */
		return -1;
	}
	for (size_t i = 0; i < count; i++)
		memcpy(list[i], CMSG_DATA(&passed.header) + i * sizeof(int), sizeof(int));
	for (size_t i = 0; i < count; i++)
		if ((*list[i] = fd_raise(*list[i])) == -1)
			return -1;
	return 0;
}

int
pid_namespace_enter_worker(struct pid_namespace *ns, const struct private_root *root,
    const char **step)
{
	int ends[2];

	pid_namespace_none(ns);
	(void)strlcpy(ns->step, root->wanted ? "pid and mount namespaces" : "pid namespace",
	    sizeof ns->step);
	*step = ns->step;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == -1)
		return -1;
	ends[0] = fd_raise(ends[0]);
	ends[1] = fd_raise(ends[1]);
	if (ends[0] != -1 && ends[1] != -1)
		ns->tally = os_map_shared(sizeof *ns->tally);
	if (ns->tally != NULL)
		ns->init = init_fork(root->wanted);
	if (ns->init == 0 && ns->tally != NULL)
		init_main(ends[1], ns->tally, root);
	fd_close(&ends[1]);
	ns->link = ends[0];
	if (ns->init <= 0)
		ns->init = 0;
	else if (os_page_hidden_from_fork(ns->tally, sizeof *ns->tally) == 0 &&
	    hello_receive(ns) == 0) {
		/* Without the list init is asked after each job. */
		ns->orphans = fd_raise(os_children_open_of(ns->init));
		return 0;
	}
	int saved = errno;
	pid_namespace_release(ns);
	errno = saved;
	return -1;
}

int
pid_namespace_enter_late(struct pid_namespace *ns, const char **step)
{
	*step = "pid namespace";
	if (ns->init == 0)
		return 0;
	if (gate_call(SYS_setns, ns->pids, CLONE_NEWPID, 0, 0, 0) == -1)
		return -1;
	fd_close(&ns->pids);
	return 0;
}

static int
ask(const struct pid_namespace *ns, enum namespace_word word)
{
	const uint32_t text = word;
	int error;

	if (namespace_data_send(ns->link, &text, sizeof text) == -1 ||
	    namespace_data_receive(ns->link, &error, sizeof error) == -1)
		return -1;
	if (error == 0)
		return 0;
	errno = error;
	return -1;
}

/* Whether init lives and has no child; false also where that cannot be told. */
static bool
has_no_orphans(const struct pid_namespace *ns)
{
	struct pollfd link = { .fd = ns->link };
	char text[16];

	/* One that init is just reaping is no longer a child, and not in the tally yet. */
	return ns->orphans != -1 && pread(ns->orphans, text, sizeof text, 0) == 0 &&
	    atomic_load(&ns->tally->reaping) == 0 && poll(&link, 1, 0) == 0;
}

bool
pid_namespace_reaped(const struct pid_namespace *ns, struct pid_namespace_left *left)
{
	const struct pid_namespace_left *told = &ns->told;
	struct namespace_tally *tally = ns->tally;

	*left = (struct pid_namespace_left){ 0 };
	if (tally == NULL)
		return true;
	bool settled = atomic_load(&tally->reaping) == 0;
	unsigned earlier = atomic_load(&tally->earlier) - told->count;
	left->count = atomic_load(&tally->count) - told->count;
	left->earlier = earlier <= left->count ? earlier : 0; /* or they were told */
	left->user_ns = atomic_load(&tally->user_ns) - told->user_ns;
	left->system_ns = atomic_load(&tally->system_ns) - told->system_ns;
	return settled;
}

int
pid_namespace_sweep(struct pid_namespace *ns, struct pid_namespace_left *left)
{
	int result = ns->init == 0 || has_no_orphans(ns) ? 0 : ask(ns, WORD_SWEEP);
	int error = errno;

	(void)pid_namespace_reaped(ns, left);
	ns->told.count += left->count;
	ns->told.user_ns += left->user_ns;
	ns->told.system_ns += left->system_ns;
	errno = error;
	return result;
}

bool
pid_namespace_is_gone(const struct pid_namespace *ns)
{
	struct pollfd link = { .fd = ns->link };

	return ns->init != 0 && poll(&link, 1, 0) == 1 && (link.revents & POLLHUP) != 0;
}

int
pid_namespace_refresh(struct pid_namespace *ns)
{
	return private_root_is_clean(&ns->root) ? 0 : ask(ns, WORD_REFRESH);
}

void
pid_namespace_release(struct pid_namespace *ns)
{
	fd_close(&ns->link); /* upon which init ends */
	if (ns->init != 0) {
		(void)os_kill(ns->init, SIGKILL);
		while (waitpid(ns->init, NULL, __WALL) == -1 && errno == EINTR)
			continue;
		ns->init = 0;
	}
	fd_close(&ns->pids);
	fd_close(&ns->orphans);
	private_root_view_close(&ns->root);
	if (ns->tally != NULL)
		(void)os_unmap(ns->tally, sizeof *ns->tally);
	ns->tally = NULL;
}

#else

int
pid_namespace_enter_worker(struct pid_namespace *ns, const struct private_root *root,
    const char **step)
{
	(void)root;
	pid_namespace_none(ns);
	*step = "pid namespace";
	errno = ENOTSUP;
	return -1;
}

int
pid_namespace_enter_late(struct pid_namespace *ns, const char **step)
{
	(void)ns;
	*step = "pid namespace";
	return 0;
}

bool
pid_namespace_reaped(const struct pid_namespace *ns, struct pid_namespace_left *left)
{
	(void)ns;
	*left = (struct pid_namespace_left){ 0 };
	return true;
}

int
pid_namespace_sweep(struct pid_namespace *ns, struct pid_namespace_left *left)
{
	(void)pid_namespace_reaped(ns, left);
	return 0;
}

bool
pid_namespace_is_gone(const struct pid_namespace *ns)
{
	(void)ns;
	return false;
}

int
pid_namespace_refresh(struct pid_namespace *ns)
{
	(void)ns;
	return 0;
}

void
pid_namespace_release(struct pid_namespace *ns)
{
	(void)ns;
}

#endif
