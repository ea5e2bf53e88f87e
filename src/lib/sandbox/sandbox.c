/* SPDX-License-Identifier: BSD-2-Clause */
/* The sandbox: plan its layers, enter them in worker and job, test that they hold. */
#include "config.h"
#include "lib/sandbox/sandbox.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/os/fd.h"
#include "lib/os/os.h"
#include "lib/os/syscall_gate.h"
#include "lib/sandbox/refusal.h"

static const char *const step_names[STEPS] = {
	[STEP_PARENT] = "the tie to its worker",
	[STEP_ARGUMENTS] = "its arguments",
	[STEP_ROOT] = "its root directory",
	[STEP_PATHS] = "its path",
	[STEP_LIMITS] = "its limits",
	[STEP_IDENTITY] = "its privileges",
	[STEP_USER] = "its user and group",
	[STEP_FILES] = "the Landlock layer",
	[STEP_SYSCALLS] = "the filter of system calls",
	[STEP_GATE] = "the end of the gate",
	[STEP_MAILBOX] = "the seal of its mailbox",
	[STEP_IDENTITY_HOLDS] = "its privileges",
	[STEP_USER_HOLDS] = "its user and group",
};

const char *
job_step_name(unsigned step)
{
	return step < STEPS ? step_names[step] : NULL;
}

void
sandbox_init(struct sandbox *s, enum forkpool_isolation level)
{
	memset(s, 0, sizeof *s);
	s->level = level;
	s->landlock.fd = s->cgroup.dir = s->cgroup.pids_dir = -1;
}

void
sandbox_release(struct sandbox *s)
{
	filter_release(&s->filter);
	landlock_release(&s->landlock);
	private_root_release(&s->root);
	cgroup_release(&s->cgroup);
}

/* -1, ENOTSUP, and a sentence that names the missing layers, what could keep them, and why there is
   none (may be empty). */
static int
missing_refuse(const struct sandbox *s, unsigned missing, const char *why, char *error,
    size_t error_size)
{
	size_t used = 0;

	if (error_size > 0)
		used = strlcpy(error, "sandbox: this system cannot promise ", error_size);
	for (unsigned layer = 1, n = 0; layer != 0; layer <<= 1) {
		char help[160];
		if (!(missing & layer))
			continue;
		promise_help(layer, &s->facts, help, sizeof help);
		if (used < error_size)
			used += (size_t)snprintf(error + used, error_size - used, "%s%s%s%s%s",
			    n++ > 0 ? ", nor " : "", promise_text(layer),
			    help[0] != '\0' ? " (what could: " : "", help,
			    help[0] != '\0' ? ")" : "");
	}
	if (used < error_size && why[0] != '\0')
		(void)snprintf(error + used, error_size - used, ": %s", why);
	errno = ENOTSUP;
	return -1;
}

/* Choose the mechanisms.  Returns the wanted layers that none of them keeps. */
static unsigned
plan(struct sandbox *s)
{
	s->mechanisms = s->level == FORKPOOL_ISOLATE_SANDBOX ?
	    promises_plan(&s->facts, s->barred) : 0;
	s->layers = s->wanted & (s->offered | promises_held(s->mechanisms));
	s->identity.jail = (s->mechanisms & PROMISES_BY_JAIL) != 0;
	if (!(s->mechanisms & PROMISES_BY_LANDLOCK) && !s->facts.root_wanted)
		landlock_release(&s->landlock);
	return s->wanted & ~s->layers;
}

/* Of the missing layers those without which there can be no sandbox. */
static unsigned
indispensable(const struct sandbox *s, unsigned missing)
{
	unsigned layers = FORKPOOL_LAYER_PROCESS | FORKPOOL_LAYER_PRIVILEGES;

	/* Without this one, opening up some files would open up all files; and who asks for a root
	   directory of its own is to have it. */
	if (s->files || s->facts.root_wanted)
		layers |= FORKPOOL_LAYER_FILES;
	if (s->needs_cgroup)
		layers |= FORKPOOL_LAYER_CGROUP;
	if (s->needs_filter)
		layers |= FORKPOOL_LAYER_SYSCALLS;
	return missing & (s->best_effort ? layers : ~0u);
}

/* 1: there is a filter; 0: why says why there is none; -1: the same where that is an error. */
static int
filter_plan(struct sandbox *s, char *why, size_t why_size, char *error, size_t error_size)
{
	struct filter_wants wants = { .files = s->files || s->facts.root_wanted,
		.network = s->network, .exec = s->exec, .threads = s->threads,
		.root = s->facts.root_wanted,
		/* By /proc/self/fd a path leads out of a private root, to the job's descriptors. */
		.truncate = s->facts.root_wanted && !s->landlock.truncates };

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

static void
facts_fill(struct sandbox *s, bool filter)
{
	const bool root_wanted = s->facts.root_wanted;

	s->facts = (struct promise_facts){
		.files = s->files,
		.network = s->network,
		.exec = s->exec,
		.job_paths = s->job_paths,
		.landlock_files = s->landlock.fd != -1,
		.landlock_truncation = (s->landlock.layers & FORKPOOL_LAYER_FILES) != 0,
		.landlock_network = (s->landlock.layers & FORKPOOL_LAYER_NETWORK) != 0,
		.landlock_signals = (s->landlock.layers & FORKPOOL_LAYER_SIGNALS) != 0,
		.filter = filter,
		.own_user = s->identity.own_user,
		.namespaces = s->identity.namespaces,
		.loopback = s->loopback,
		.user_namespace = s->identity.user_namespace,
		.jail = !s->identity.user_namespace || identity_map_check(NULL, 0) == 0,
		.root = true,
		.root_wanted = root_wanted,
	};
}

static int
prepare_strict(struct sandbox *s, const struct forkpool_options *options,
    const struct forkpool_sandbox *o, char *error, size_t error_size)
{
	struct landlock_wants wants = {
		.readable = o->readable, .writable = o->writable,
		.network = o->network != 0, .exec = o->exec != 0, .root = o->private_root != 0,
		.by_job = o->job_paths != 0,
	};
	struct private_root_wants root = {
		.readable = o->readable, .writable = o->writable, .scratch = o->scratch,
	};
	char why[200] = "";

	s->best_effort = o->best_effort != 0;
	s->network = wants.network;
	s->exec = wants.exec;
	s->threads = o->threads != 0;
	s->loopback = o->network == FORKPOOL_NETWORK_LOOPBACK;
	s->facts.root_wanted = wants.root;
	s->job_paths = wants.by_job;
	s->files = wants.by_job || (o->readable != NULL && o->readable[0] != NULL) ||
	    (o->writable != NULL && o->writable[0] != NULL);
	if (identity_plan(&s->identity, o, error, error_size) == -1 ||
	    landlock_build(&s->landlock, &wants, error, error_size) == -1)
		return -1;
	acts_choose(&s->places, o);
	const bool counted = options->limits.processes > 0 && !s->cgroup.has_pids;
	s->counts_processes = counted && (s->exec || s->threads);
	if (s->counts_processes && !s->identity.own_user &&
	    !(s->identity.user_namespace && (s->identity.namespaces || wants.root)))
		return refusal_set(error, error_size, EINVAL,
		    "limits.processes: with exec or threads it needs a cgroup%s",
		    s->identity.user_namespace ? ", namespaces, or a private root" : "");
	/* Without a bound on threads there is none on the address space, and RLIMIT_DATA leaves out
	   what is only read and the tables for it. */
	const bool many = s->threads && !s->exec && options->limits.processes == 0 &&
	    options->limits.memory > 0;
	s->needs_cgroup |= many;
	if (many && !s->cgroup.has_memory)
		return refusal_set(error, error_size, EINVAL,
		    "limits.memory: with threads it needs limits.processes, or a cgroup that has "
		    "a memory controller");
	s->offered |= s->identity.layers;
	s->wanted |= FORKPOOL_LAYER_PRIVILEGES | s->identity.layers | FORKPOOL_LAYER_FILES |
	    FORKPOOL_LAYER_SIGNALS | FORKPOOL_LAYER_SYSCALLS |
	    (s->network && !s->loopback ? 0 : FORKPOOL_LAYER_NETWORK) |
	    (o->namespaces || s->loopback ? FORKPOOL_LAYER_NAMESPACES : 0);
	if (s->landlock.abi == 0)
		(void)snprintf(why, sizeof why,
		    "the kernel has no Landlock, or it is not switched on (%s)",
		    strerror(s->landlock.error));

	int filters = filter_plan(s, why, sizeof why, error, error_size);
	if (filters == -1)
		return -1;
	facts_fill(s, filters != 0);
	s->needs_filter = counted && !s->counts_processes;
	unsigned missing = indispensable(s, plan(s));
	/* To plan a root takes looking at each path: not for a case that may never come. */
	s->facts.root = (s->mechanisms & FORKPOOL_FILES_BY_ROOT) != 0;
	root.no_proc = s->landlock.fd == -1;
	if (s->facts.root && private_root_plan(&s->root, &root, error, error_size) == -1)
		return -1;
	if (missing & FORKPOOL_LAYER_SYSCALLS && s->needs_filter)
		return missing_refuse(s, FORKPOOL_LAYER_SYSCALLS,
		    "limits.processes needs it, or a cgroup", error, error_size);
	return missing == 0 ? 0 : missing_refuse(s, missing, why, error, error_size);
}

int
sandbox_prepare(struct sandbox *s, const struct forkpool_options *options, char *error,
    size_t error_size)
{
	static const struct forkpool_sandbox strictest;
	const struct forkpool_sandbox *o = options->sandbox != NULL ? options->sandbox : &strictest;

	s->worker_stays = options->worker_exit != NULL;
	if (cgroup_plan(&s->cgroup, o->cgroup, o->cgroup_pids, &options->limits, error,
		error_size) == -1)
		return -1;
	s->wanted = s->offered = FORKPOOL_LAYER_PROCESS |
	    (s->cgroup.dir != -1 ? FORKPOOL_LAYER_CGROUP : 0);
	s->needs_cgroup = s->cgroup.has_pids && options->limits.processes > 0;
	if (s->level == FORKPOOL_ISOLATE_SANDBOX)
		return prepare_strict(s, options, o, error, error_size);
	(void)plan(s);
	s->executes = options->executes != 0 && s->level == FORKPOOL_ISOLATE_JOB;
	s->counts_processes = options->limits.processes > 0 && !s->cgroup.has_pids;
	return identity_plan_process(&s->identity, s->counts_processes, error, error_size);
}

static void
leave_out(struct sandbox *s, unsigned layers, unsigned mechanisms)
{
	if (layers & FORKPOOL_LAYER_NAMESPACES)
		s->identity.namespaces = s->facts.namespaces = false;
	if (layers & FORKPOOL_LAYER_USER) {
		identity_keep_user(&s->identity);
		s->facts.own_user = false;
	}
	s->identity.layers &= ~layers;
	s->offered &= ~layers;
	if (mechanisms & FORKPOOL_FILES_BY_ROOT)
		private_root_release(&s->root);
	s->barred |= mechanisms;
}

int
sandbox_do_without(struct sandbox *s, unsigned layers, unsigned mechanisms, unsigned *missing)
{
	leave_out(s, layers, mechanisms);
	*missing = plan(s);
	return indispensable(s, *missing) == 0 ? 0 : -1;
}

void
sandbox_settle(struct sandbox *s, unsigned layers, unsigned mechanisms)
{
	unsigned missing;

	(void)sandbox_do_without(s, s->offered & ~layers, s->mechanisms & ~mechanisms, &missing);
	s->layers = layers;
	s->mechanisms = mechanisms;
}

int
sandbox_enter_worker(const struct sandbox *s, struct pid_namespace *ns, struct sandbox_fault *fault)
{
	*fault = (struct sandbox_fault){ .step = "" };
	pid_namespace_none(ns);
	os_environment_clear();
	if (s->level != FORKPOOL_ISOLATE_SANDBOX)
		return identity_enter_process(&s->identity, s->executes, &fault->step) == 0 ||
		    errno == ENOTSUP ? 0 : -1;
	if (identity_enter_worker(&s->identity, &fault->layers, &fault->step) == -1) {
		if (fault->layers == 0)
			fault->mechanisms = PROMISES_BY_JAIL;
		return -1;
	}
	fault->layers = 0;
	fault->mechanisms = PROMISES_BY_JAIL;
	if (!s->identity.jail)
		return 0;
	if (pid_namespace_enter_worker(ns, &s->root, &fault->step) == -1)
		return -1;
	fault->step = "Landlock for the private root";
	if (s->root.wanted && private_root_open_up(&s->root, &ns->root, &s->landlock) == -1)
		return -1;
	fd_close(&ns->root.top);
	return 0;
}

int
sandbox_enter_worker_late(const struct sandbox *s, struct pid_namespace *ns, unsigned worker,
    const struct forkpool_limits *limits, unsigned threads, bool *gated,
    struct sandbox_fault *fault)
{
	*gated = false;
	*fault = (struct sandbox_fault){ .mechanisms = PROMISES_BY_JAIL };
	if (pid_namespace_enter_late(ns, &fault->step) == -1)
		return -1;
	*fault = (struct sandbox_fault){ .layers = FORKPOOL_LAYER_CGROUP };
	if (s->layers & FORKPOOL_LAYER_CGROUP &&
	    cgroup_enter_worker(&s->cgroup, worker, limits, &fault->step) == -1)
		return -1;
	*fault = (struct sandbox_fault){ .step = "the filter of system calls",
		.mechanisms = PROMISES_BY_FILTER };
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

int
sandbox_enter_root(const struct sandbox *s, const struct pid_namespace *ns)
{
	return s->root.wanted && ns->init != 0 ? private_root_enter_job(&s->root, &ns->root) : 0;
}

int
sandbox_enter_paths(const struct sandbox *s, struct job_paths *paths, char *failed, size_t size)
{
	return s->job_paths ? landlock_enter_paths(&s->landlock, paths, failed, size) : 0;
}

/* Who the job is, and what it may reach.  0, or -1, errno and *failed. */
static int
confine(const struct sandbox *s, const struct pid_namespace *ns, pid_t worker,
    enum job_step *failed)
{
	const char *step;

	*failed = STEP_IDENTITY;
	if (identity_enter_job(&s->identity, worker, &step) == -1) {
		if (s->layers & FORKPOOL_LAYER_USER && !identity_is_user(&s->identity, worker))
			*failed = STEP_USER;
		return -1;
	}
	/* A change of user has cleared the parent-death signal. */
	if (s->identity.change_user && os_die_with_parent(SIGKILL) == -1)
		return -1;
	if (s->identity.change_user && os_parent() != sandbox_parent(ns, worker))
		os_exit(1);
	if (s->acts != NULL) {
		errno = EPERM;
		*failed = STEP_IDENTITY_HOLDS;
		if (!identity_is_unprivileged())
			return -1;
		*failed = STEP_USER_HOLDS;
		if (s->layers & FORKPOOL_LAYER_USER && !identity_is_user(&s->identity, worker))
			return -1;
		acts_as_user(s->acts);
	}
	*failed = STEP_FILES;
	if (landlock_enter(&s->landlock) == -1)
		return -1;
	if (s->acts != NULL && s->landlock.fd != -1)
		acts_behind_landlock(s->acts);
	return 0;
}

int
sandbox_enter_job(const struct sandbox *s, const struct pid_namespace *ns, pid_t worker,
    enum job_step *failed)
{
	if (s->level == FORKPOOL_ISOLATE_SANDBOX && confine(s, ns, worker, failed) == -1)
		return -1;
	if (s->landlock.fd != -1 &&
	    os_close_range((unsigned)s->landlock.fd, (unsigned)s->landlock.fd) == -1)
		(void)close(s->landlock.fd);
	if (!sandbox_filters(s))
		return 0;
	*failed = STEP_SYSCALLS;
	/* Before the filter that would refuse another one. */
	if (s->mechanisms & FORKPOOL_SIGNALS_BY_FILTER && filter_enter_own(os_self()) == -1)
		return -1;
	if (!gate_in_use())
		return filter_enter(&s->filter, 0);
	*failed = STEP_GATE;
	return gate_close();
}

bool
sandbox_allows_processes(const struct sandbox *s)
{
	return s->exec || !sandbox_filters(s);
}

bool
sandbox_allows_threads(const struct sandbox *s)
{
	return s->threads || sandbox_allows_processes(s);
}

bool
sandbox_filters(const struct sandbox *s)
{
	return (s->layers & FORKPOOL_LAYER_SYSCALLS) != 0;
}
