/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"
#include "lib/sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#ifdef HAVE_SYS_PRCTL_H
#include <sys/prctl.h>
#endif
#ifdef HAVE_SYS_SYSCALL_H
#include <sys/syscall.h>
#endif

#include "lib/os/fd.h"
#include "lib/os/os.h"
#include "lib/os/syscall_gate.h"

#define LAYERS_COUNT 9u

static const struct {
	const char *name, *text;
} layers[LAYERS_COUNT] = {
	{ "process",    "a process for each job" },
	{ "privileges", "no new privileges, no capability" },
	{ "user",       "another user" },
	{ "files",      "Landlock for files (Linux 6.2)" },
	{ "network",    "Landlock for the network (Linux 6.7)" },
	{ "signals",    "Landlock for signals (Linux 6.12)" },
	{ "syscalls",   "a seccomp filter" },
	{ "namespaces", "namespaces of its own" },
	{ "cgroup",     "a cgroup" },
};

static const char *const step_names[STEPS] = {
	[STEP_PARENT] = "the tie to its worker",
	[STEP_ARGUMENTS] = "its arguments",
	[STEP_LIMITS] = "its limits",
	[STEP_IDENTITY] = "its privileges",
	[STEP_USER] = "its user and group",
	[STEP_FILES] = "the Landlock layer",
	[STEP_SYSCALLS] = "the filter of system calls",
	[STEP_GATE] = "the end of the gate",
	[STEP_SELFTEST] = "the sandbox",
};

const char *
job_step_name(unsigned step)
{
	return step < STEPS ? step_names[step] : NULL;
}

const char *
forkpool_layer_name(unsigned layer)
{
	for (unsigned i = 0; i < LAYERS_COUNT; i++)
		if (layer == 1u << i)
			return layers[i].name;
	return "unknown";
}

const char *
layer_text(unsigned layer)
{
	for (unsigned i = 0; i < LAYERS_COUNT; i++)
		if (layer & 1u << i)
			return layers[i].text;
	return "nothing";
}

void
sandbox_init(struct sandbox *s, enum forkpool_isolation level)
{
	memset(s, 0, sizeof *s);
	s->level = level;
	s->landlock.fd = s->cgroup.dir = -1;
}

void
sandbox_release(struct sandbox *s)
{
	filter_release(&s->filter);
	landlock_release(&s->landlock);
	cgroup_release(&s->cgroup);
}

/* Strictly: a sentence that names what is missing. */
static int
refuse(unsigned missing, const char *why, char *error, size_t error_size)
{
	size_t used = 0;

	if (error_size > 0)
		used = strlcpy(error, "sandbox: this system does not give ", error_size);
	for (unsigned i = 0, n = 0; i < LAYERS_COUNT; i++) {
		if (!(missing & 1u << i))
			continue;
		if (used < error_size)
			used += (size_t)snprintf(error + used, error_size - used, "%s%s",
			    n++ > 0 ? ", nor " : "", layers[i].text);
	}
	if (used < error_size && why != NULL)
		(void)snprintf(error + used, error_size - used, ": %s", why);
	errno = ENOTSUP;
	return -1;
}

static int
prepare_strict(struct sandbox *s, const struct forkpool_options *options,
    const struct forkpool_sandbox *o, char *error, size_t error_size)
{
	struct landlock_wants wants = { .readable = o->readable, .writable = o->writable,
		.network = o->network != 0, .exec = o->exec != 0 };
	unsigned have = FORKPOOL_LAYER_PROCESS;
	char why[200] = "";

	s->best_effort = o->best_effort != 0;
	s->network = wants.network;
	s->exec = wants.exec;
	s->files = (o->readable != NULL && o->readable[0] != NULL) ||
	    (o->writable != NULL && o->writable[0] != NULL);
	if (identity_plan(&s->identity, o, error, error_size) == -1 ||
	    landlock_build(&s->landlock, &wants, error, error_size) == -1)
		return -1;
	s->executes = options->executes != 0 && s->level == FORKPOOL_ISOLATE_JOB;
	s->counts_processes = options->limits.processes > 0 && s->exec && !s->cgroup.has_pids;
	if (s->counts_processes && !(s->identity.namespaces && s->identity.user_namespace)) {
		if (error_size > 0)
			(void)snprintf(error, error_size,
			    "limits.processes: with exec it needs a cgroup%s",
			    s->identity.user_namespace ? ", or namespaces" : "");
		errno = EINVAL;
		return -1;
	}
	have |= s->identity.layers | s->landlock.layers;
	s->layers |= FORKPOOL_LAYER_PRIVILEGES | s->identity.layers | FORKPOOL_LAYER_FILES |
	    FORKPOOL_LAYER_SIGNALS | FORKPOOL_LAYER_SYSCALLS |
	    (s->network ? 0 : FORKPOOL_LAYER_NETWORK) |
	    (o->namespaces ? FORKPOOL_LAYER_NAMESPACES : 0);
	if (s->landlock.abi == 0)
		(void)snprintf(why, sizeof why,
		    "the kernel has no Landlock, or it is not switched on (%s)",
		    strerror(s->landlock.error));

	if (os_sanitized()) {
		(void)snprintf(why, sizeof why,
		    "a sanitizer's runtime makes system calls of its own");
	} else if (!filter_available()) {
		(void)snprintf(why, sizeof why, "the kernel takes no seccomp filter here");
	} else {
		struct filter_wants calls = { .files = s->files,
			.network = s->network,
			.exec = s->exec };
		if (filter_build(&s->filter, &calls, error, error_size) == 0)
			have |= FORKPOOL_LAYER_SYSCALLS;
		else if (!s->best_effort)
			return -1;
	}
	/* What an older Landlock does not see, the filter denies: with no path opened up, every open(). */
	if (s->landlock.truncates && (have & FORKPOOL_LAYER_SYSCALLS) && !s->files)
		have |= FORKPOOL_LAYER_FILES;
	s->needs_filter = options->limits.processes > 0 && !s->exec && !s->cgroup.has_pids;
	if (s->needs_filter && !(have & FORKPOOL_LAYER_SYSCALLS))
		return refuse(FORKPOOL_LAYER_SYSCALLS, "limits.processes needs it, or a cgroup",
		    error, error_size);
	if ((s->layers & ~have) != 0 && !s->best_effort)
		return refuse(s->layers & ~have, why[0] != '\0' ? why : NULL, error, error_size);
	s->layers &= have;
	/* Files that were opened up are nothing but dangerous where nothing holds the others. */
	if (!(s->layers & FORKPOOL_LAYER_FILES) && s->files)
		return refuse(FORKPOOL_LAYER_FILES, "paths can be opened up only with it", error,
		    error_size);
	return 0;
}

int
sandbox_prepare(struct sandbox *s, const struct forkpool_options *options, char *error,
    size_t error_size)
{
	static const struct forkpool_sandbox strictest;
	const struct forkpool_sandbox *o = options->sandbox != NULL ? options->sandbox : &strictest;

	s->layers = FORKPOOL_LAYER_PROCESS;
	s->worker_stays = options->worker_exit != NULL;
	if (cgroup_plan(&s->cgroup, o->cgroup, &options->limits, error, error_size) == -1)
		return -1;
	if (s->cgroup.dir != -1)
		s->layers |= FORKPOOL_LAYER_CGROUP;
	s->needs_cgroup = s->cgroup.has_pids && options->limits.processes > 0;
	if (s->level == FORKPOOL_ISOLATE_SANDBOX)
		return prepare_strict(s, options, o, error, error_size);
	s->executes = options->executes != 0 && s->level == FORKPOOL_ISOLATE_JOB;
	s->counts_processes = options->limits.processes > 0 && !s->cgroup.has_pids;
	return identity_plan_process(&s->identity, s->counts_processes, error, error_size);
}

int
sandbox_do_without(struct sandbox *s, unsigned layer)
{
	const unsigned landlock =
	    FORKPOOL_LAYER_FILES | FORKPOOL_LAYER_NETWORK | FORKPOOL_LAYER_SIGNALS;

	if (layer & landlock) {
		if (s->files)
			return -1; /* nothing would hold the others */
		s->layers &= ~landlock;
		landlock_release(&s->landlock);
	}
	if (layer & (FORKPOOL_LAYER_PROCESS | FORKPOOL_LAYER_PRIVILEGES))
		return -1;
	if ((layer & FORKPOOL_LAYER_CGROUP && s->needs_cgroup) ||
	    (layer & FORKPOOL_LAYER_SYSCALLS && s->needs_filter))
		return -1;
	if (layer & FORKPOOL_LAYER_NAMESPACES)
		s->identity.namespaces = false;
	if (layer & FORKPOOL_LAYER_USER)
		s->identity.change_user = false;
	s->identity.layers &= ~layer;
	s->layers &= ~layer;
	return 0;
}

int
sandbox_enter_worker(const struct sandbox *s, const char **step, unsigned *layer)
{
	*layer = 0;
	os_environment_clear();
	if (s->level == FORKPOOL_ISOLATE_SANDBOX)
		return identity_enter_worker(&s->identity, layer, step);
	if (identity_enter_process(&s->identity, s->executes, step) == 0)
		return 0;
	return errno == ENOTSUP ? 0 : -1;
}

int
sandbox_enter_worker_late(const struct sandbox *s, unsigned worker,
    const struct forkpool_limits *limits, unsigned threads, bool *gated, const char **step,
    unsigned *layer)
{
	*gated = false;
	*layer = FORKPOOL_LAYER_CGROUP;
	if (s->layers & FORKPOOL_LAYER_CGROUP &&
	    cgroup_enter_worker(&s->cgroup, worker, limits, step) == -1)
		return -1;
	*layer = FORKPOOL_LAYER_SYSCALLS;
	*step = "the filter of system calls";
	if (!sandbox_filters(s) || s->exec || s->worker_stays || threads != 1 ||
	    os_fork_bare_prepare() == -1)
		return 0; /* each job's process takes it on itself */
	gate_use();
	if (!gate_in_use())
		return 0;
	if (filter_enter(&s->filter, gate_address()) == -1)
		return -1;
	*gated = true;
	return 0;
}

/* Whether this process is not who it is to be. */
static bool
user_is_another(const struct sandbox *s)
{
	return geteuid() != s->identity.uid || getegid() != s->identity.gid;
}

/* Each layer by what it is to deny, before the next one can hide that it does not.  The layer that does not hold; 0. */
static unsigned
layer_broken(const struct sandbox *s, pid_t worker)
{
#ifdef __linux__
	struct { uint32_t version; int pid; } header = { .version = 0x20080522 };
	struct { uint32_t effective, permitted, inheritable; } caps[2] = { { 0 } };

	if (gate_call(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 ||
	    gate_call(SYS_prctl, PR_GET_DUMPABLE, 0, 0, 0, 0) != 0 ||
	    gate_call(SYS_capget, (long)(intptr_t)&header, (long)(intptr_t)caps, 0, 0, 0) == -1 ||
	    (caps[0].effective | caps[0].permitted | caps[1].effective | caps[1].permitted) != 0)
		return FORKPOOL_LAYER_PRIVILEGES;
	if (s->layers & FORKPOOL_LAYER_USER && user_is_another(s))
		return FORKPOOL_LAYER_USER;
	if (s->layers & FORKPOOL_LAYER_SIGNALS && gate_call(SYS_kill, worker, 0, 0, 0, 0) != -1)
		return FORKPOOL_LAYER_SIGNALS;
	/* What anybody may read, and nobody opens up by accident. */
	if (s->landlock.fd != -1 && !s->files &&
	    gate_call(SYS_openat, AT_FDCWD, (long)(intptr_t) "/", O_RDONLY | O_DIRECTORY, 0, 0) !=
		-1)
		return FORKPOOL_LAYER_FILES;
	if (s->layers & FORKPOOL_LAYER_NETWORK) {
		/* 127.0.0.1:1: refused by nobody listening there, or denied before that. */
		const unsigned char address[16] = { 2, 0, 0, 1, 127, 0, 0, 1 };
		struct { uint16_t family; unsigned char rest[14]; } to = { .family = 2 };
		memcpy(to.rest, address + 2, sizeof to.rest);
		long fd = gate_call(SYS_socket, 2, 1, 0, 0, 0);
		if (fd != -1 &&
		    (gate_call(SYS_connect, fd, (long)(intptr_t)&to, sizeof to, 0, 0) != -1 ||
			errno != EACCES))
			return FORKPOOL_LAYER_NETWORK;
	}
#else
	(void)s;
	(void)worker;
#endif
	return 0;
}

int
sandbox_enter_job(const struct sandbox *s, pid_t worker, enum job_step *failed)
{
	const char *step;

	if (s->level == FORKPOOL_ISOLATE_SANDBOX) {
		*failed = STEP_IDENTITY;
		if (identity_enter_job(&s->identity, &step) == -1) {
			if (s->layers & FORKPOOL_LAYER_USER && user_is_another(s))
				*failed = STEP_USER;
			return -1;
		}
		/* A change of user has undone this. */
		if (s->identity.change_user && os_die_with_parent(SIGKILL) == -1)
			return -1;
		if (s->identity.change_user && os_parent() != worker)
			os_exit(1);
		*failed = STEP_FILES;
		if (landlock_enter(&s->landlock) == -1)
			return -1;
		unsigned broken = s->in_selftest ? layer_broken(s, worker) : 0;
		if (broken != 0) {
			*failed = STEP_SELFTEST;
			errno = (int)broken;
			return -1;
		}
	}
	if (s->landlock.fd != -1 &&
	    os_close_range((unsigned)s->landlock.fd, (unsigned)s->landlock.fd) == -1)
		(void)close(s->landlock.fd);
	if (!sandbox_filters(s))
		return 0;
	*failed = STEP_GATE;
	if (gate_in_use())
		return gate_close();
	*failed = STEP_SYSCALLS;
	return filter_enter(&s->filter, 0);
}

bool
sandbox_allows_processes(const struct sandbox *s)
{
	return s->exec || !sandbox_filters(s);
}

bool
sandbox_filters(const struct sandbox *s)
{
	return (s->layers & FORKPOOL_LAYER_SYSCALLS) != 0;
}
