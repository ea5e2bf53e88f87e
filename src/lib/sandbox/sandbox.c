/* SPDX-License-Identifier: BSD-2-Clause */
/* The sandbox: plan its layers, enter them in worker and job, test that they hold. */
#include "config.h"
#include "lib/sandbox/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#ifdef HAVE_SYS_SYSCALL_H
#include <sys/syscall.h>
#endif

#include "lib/os/fd.h"
#include "lib/os/os.h"
#include "lib/os/syscall_gate.h"
#include "lib/sandbox/refusal.h"

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

/* -1, ENOTSUP, and a sentence that names the missing layers, and why (may be empty). */
static int
missing_refuse(unsigned missing, const char *why, char *error, size_t error_size)
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
	if (used < error_size && why[0] != '\0')
		(void)snprintf(error + used, error_size - used, ": %s", why);
	errno = ENOTSUP;
	return -1;
}

/* 1: there is a filter; 0: why says why there is none; -1: the same where that is an error. */
static int
filter_plan(struct sandbox *s, char *why, size_t why_size, char *error, size_t error_size)
{
	struct filter_wants wants = { .files = s->files, .network = s->network, .exec = s->exec };

	if (os_sanitized()) {
		(void)snprintf(why, why_size,
		    "a sanitizer's runtime makes system calls of its own");
		return 0;
	}
	if (!filter_available()) {
		(void)snprintf(why, why_size, "the kernel takes no seccomp filter here");
		return 0;
	}
	if (filter_build(&s->filter, &wants, error, error_size) == 0)
		return 1;
	return s->best_effort ? 0 : -1;
}

static int
prepare_strict(struct sandbox *s, const struct forkpool_options *options,
    const struct forkpool_sandbox *o, char *error, size_t error_size)
{
	struct landlock_wants wants = {
		.readable = o->readable, .writable = o->writable,
		.network = o->network != 0, .exec = o->exec != 0,
	};
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
	s->counts_processes = options->limits.processes > 0 && s->exec && !s->cgroup.has_pids;
	if (s->counts_processes && !(s->identity.namespaces && s->identity.user_namespace))
		return refusal_set(error, error_size, EINVAL,
		    "limits.processes: with exec it needs a cgroup%s",
		    s->identity.user_namespace ? ", or namespaces" : "");
	have |= s->identity.layers | s->landlock.layers;
	s->layers |= FORKPOOL_LAYER_PRIVILEGES | s->identity.layers | FORKPOOL_LAYER_FILES |
	    FORKPOOL_LAYER_SIGNALS | FORKPOOL_LAYER_SYSCALLS |
	    (s->network ? 0 : FORKPOOL_LAYER_NETWORK) |
	    (o->namespaces ? FORKPOOL_LAYER_NAMESPACES : 0);
	if (s->landlock.abi == 0)
		(void)snprintf(why, sizeof why,
		    "the kernel has no Landlock, or it is not switched on (%s)",
		    strerror(s->landlock.error));

	int filters = filter_plan(s, why, sizeof why, error, error_size);
	if (filters == -1)
		return -1;
	if (filters)
		have |= FORKPOOL_LAYER_SYSCALLS;
	/* An older Landlock does not see truncation; the filter denies that: with no path opened
	   up, every open(). */
	if (s->landlock.truncates && (have & FORKPOOL_LAYER_SYSCALLS) && !s->files)
		have |= FORKPOOL_LAYER_FILES;
	s->needs_filter = options->limits.processes > 0 && !s->exec && !s->cgroup.has_pids;
	if (s->needs_filter && !(have & FORKPOOL_LAYER_SYSCALLS))
		return missing_refuse(FORKPOOL_LAYER_SYSCALLS,
		    "limits.processes needs it, or a cgroup", error, error_size);
	if ((s->layers & ~have) != 0 && !s->best_effort)
		return missing_refuse(s->layers & ~have, why, error, error_size);
	s->layers &= have;
	/* Without this layer, opening up some files would open up all files. */
	if (!(s->layers & FORKPOOL_LAYER_FILES) && s->files)
		return missing_refuse(FORKPOOL_LAYER_FILES, "paths can be opened up only with it",
		    error, error_size);
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
			return -1; /* nothing would hold the files that were not opened up */
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
	    os_fork_raw_prepare() == -1)
		return 0; /* each job's process enters the filter itself */
	gate_use();
	if (!gate_in_use())
		return 0;
	if (filter_enter(&s->filter, gate_address()) == -1)
		return -1;
	*gated = true;
	return 0;
}

#ifdef __linux__
/* Everybody may read the root directory, and nobody opens it up by accident. */
static bool
root_can_be_read(void)
{
	return gate_call(SYS_openat, AT_FDCWD, (long)(intptr_t) "/", O_RDONLY | O_DIRECTORY, 0,
	    0) != -1;
}

/* Connect to port 1 of this machine: where nobody listens the network refuses, the layer denies
   before. */
static bool
network_answers(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(1),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	long fd = gate_call(SYS_socket, AF_INET, SOCK_STREAM, 0, 0, 0);

	if (fd == -1)
		return false;
	return gate_call(SYS_connect, fd, (long)(intptr_t)&to, sizeof to, 0, 0) != -1 ||
	    errno != EACCES;
}
#endif

/* Do what each layer must deny, before the next layer can hide that it does not.  Returns the layer
   that does not hold; 0: all hold. */
static unsigned
layer_broken(const struct sandbox *s, pid_t worker)
{
#ifdef __linux__
	if (!identity_is_unprivileged())
		return FORKPOOL_LAYER_PRIVILEGES;
	if (s->layers & FORKPOOL_LAYER_USER && !identity_is_user(&s->identity))
		return FORKPOOL_LAYER_USER;
	if (s->layers & FORKPOOL_LAYER_SIGNALS && gate_call(SYS_kill, worker, 0, 0, 0, 0) != -1)
		return FORKPOOL_LAYER_SIGNALS;
	if (s->landlock.fd != -1 && !s->files && root_can_be_read())
		return FORKPOOL_LAYER_FILES;
	if (s->layers & FORKPOOL_LAYER_NETWORK && network_answers())
		return FORKPOOL_LAYER_NETWORK;
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
			if (s->layers & FORKPOOL_LAYER_USER && !identity_is_user(&s->identity))
				*failed = STEP_USER;
			return -1;
		}
		/* A change of user has cleared the parent-death signal. */
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
