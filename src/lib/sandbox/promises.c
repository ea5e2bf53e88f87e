/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables of promises and mechanisms, and the choice among them. */
#include "config.h"
#include "lib/sandbox/promises.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define COUNT(array) (sizeof (array) / sizeof (array)[0])

static const struct {
	unsigned layer;
	const char *name, *text;
} promises[] = {
	{ FORKPOOL_LAYER_PROCESS,    "process",    "a process for each job" },
	{ FORKPOOL_LAYER_PRIVILEGES, "privileges", "no new privileges, no capability" },
	{ FORKPOOL_LAYER_USER,       "user",       "another user" },
	{ FORKPOOL_LAYER_FILES,      "files",      "no file but those opened up" },
	{ FORKPOOL_LAYER_NETWORK,    "network",    "no network" },
	{ FORKPOOL_LAYER_SIGNALS,    "signals",    "no signal to anybody else" },
	{ FORKPOOL_LAYER_SYSCALLS,   "syscalls",   "a seccomp filter" },
	{ FORKPOOL_LAYER_NAMESPACES, "namespaces", "namespaces of its own" },
	{ FORKPOOL_LAYER_CGROUP,     "cgroup",     "a cgroup" },
};

/* keeps: alone; the others are second walls. */
static const struct {
	unsigned mechanism, layer;
	bool keeps;
	const char *name;
} mechanisms[] = {
	{ FORKPOOL_FILES_BY_LANDLOCK,    FORKPOOL_LAYER_FILES,    true,  "files:landlock" },
	{ FORKPOOL_FILES_BY_FILTER,      FORKPOOL_LAYER_FILES,    true,  "files:filter" },
	{ FORKPOOL_FILES_BY_ROOT,        FORKPOOL_LAYER_FILES,    true,  "files:root" },
	{ FORKPOOL_NETWORK_BY_FILTER,    FORKPOOL_LAYER_NETWORK,  true,  "network:filter" },
	{ FORKPOOL_NETWORK_BY_LANDLOCK,  FORKPOOL_LAYER_NETWORK,  false, "network:landlock" },
	{ FORKPOOL_NETWORK_BY_NAMESPACE, FORKPOOL_LAYER_NETWORK,  true,  "network:namespace" },
	{ FORKPOOL_SIGNALS_BY_LANDLOCK,  FORKPOOL_LAYER_SIGNALS,  true,  "signals:landlock" },
	{ FORKPOOL_SIGNALS_BY_FILTER,    FORKPOOL_LAYER_SIGNALS,  true,  "signals:filter" },
	{ FORKPOOL_SIGNALS_BY_NAMESPACE, FORKPOOL_LAYER_SIGNALS,  true,  "signals:namespace" },
	{ FORKPOOL_SIGNALS_BY_USER,      FORKPOOL_LAYER_SIGNALS,  true,  "signals:user" },
	{ FORKPOOL_JOBS_BY_USER,         0,                       false, "jobs:user" },
	{ FORKPOOL_JOBS_BY_NAMESPACE,    0,                       false, "jobs:namespace" },
	{ FORKPOOL_SYSCALLS_BY_FILTER,   FORKPOOL_LAYER_SYSCALLS, true,  "syscalls:filter" },
};

const char *
forkpool_layer_name(unsigned layer)
{
	for (size_t i = 0; i < COUNT(promises); i++)
		if (layer == promises[i].layer)
			return promises[i].name;
	return "unknown";
}

const char *
forkpool_mechanism_name(unsigned mechanism)
{
	for (size_t i = 0; i < COUNT(mechanisms); i++)
		if (mechanism == mechanisms[i].mechanism)
			return mechanisms[i].name;
	return "unknown";
}

const char *
promise_text(unsigned layer)
{
	for (size_t i = 0; i < COUNT(promises); i++)
		if (layer & promises[i].layer)
			return promises[i].text;
	return "nothing";
}

unsigned
promises_held(unsigned set)
{
	unsigned layers = 0;

	for (size_t i = 0; i < COUNT(mechanisms); i++)
		if (set & mechanisms[i].mechanism && mechanisms[i].keeps)
			layers |= mechanisms[i].layer;
	return layers;
}

unsigned
promises_mechanisms(unsigned layers)
{
	unsigned set = 0;

	for (size_t i = 0; i < COUNT(mechanisms); i++)
		if (layers & mechanisms[i].layer)
			set |= mechanisms[i].mechanism;
	return set;
}

static unsigned
plan_files(const struct promise_facts *f, unsigned barred)
{
	const bool filter = f->filter && !(barred & FORKPOOL_FILES_BY_FILTER);
	const bool root = f->jail && f->root && !(barred & FORKPOOL_FILES_BY_ROOT);
	unsigned chosen = 0;

	if (f->root_wanted)
		return root ? FORKPOOL_FILES_BY_ROOT : 0;
	/* The filter refuses every path; an executed program would be a way around that. */
	if (filter && !f->files && !f->exec)
		chosen |= FORKPOOL_FILES_BY_FILTER;
	if (f->landlock_files && !(barred & FORKPOOL_FILES_BY_LANDLOCK)) {
		if (f->landlock_truncation)
			chosen |= FORKPOOL_FILES_BY_LANDLOCK;
		else if (filter)
			chosen |= FORKPOOL_FILES_BY_LANDLOCK | FORKPOOL_FILES_BY_FILTER;
	}
	return chosen == 0 && root && !f->job_paths ? FORKPOOL_FILES_BY_ROOT : chosen;
}

static unsigned
plan_network(const struct promise_facts *f)
{
	const unsigned namespace = f->namespaces ? FORKPOOL_NETWORK_BY_NAMESPACE : 0;

	if (f->loopback || f->network)
		return f->loopback ? namespace : 0;
	return (f->filter ? FORKPOOL_NETWORK_BY_FILTER : 0) |
	    (f->landlock_network ? FORKPOOL_NETWORK_BY_LANDLOCK : 0) | namespace;
}

static unsigned
plan_signals(const struct promise_facts *f, unsigned files, unsigned barred)
{
	unsigned chosen;

	/* In a pid namespace there is nobody to see the others hold by. */
	if (files & FORKPOOL_FILES_BY_ROOT)
		return FORKPOOL_SIGNALS_BY_NAMESPACE;
	chosen = (f->landlock_signals ? FORKPOOL_SIGNALS_BY_LANDLOCK : 0) |
	    (f->own_user ? FORKPOOL_SIGNALS_BY_USER : 0);
	if ((chosen & ~barred) != 0)
		return chosen;
	/* These cost each job something, so they are not for a second wall. */
	if (f->filter && !f->exec && !(barred & FORKPOOL_SIGNALS_BY_FILTER))
		return FORKPOOL_SIGNALS_BY_FILTER;
	return f->jail ? FORKPOOL_SIGNALS_BY_NAMESPACE : 0;
}

unsigned
promises_plan(const struct promise_facts *facts, unsigned barred)
{
	struct promise_facts f = *facts;

	/* A filter that cannot be entered, or does not hold, holds nothing. */
	if (barred & FORKPOOL_SYSCALLS_BY_FILTER)
		f.filter = false;
	unsigned files = plan_files(&f, barred);
	unsigned chosen = (files | plan_network(&f) | plan_signals(&f, files, barred) |
			      (f.filter ? FORKPOOL_SYSCALLS_BY_FILTER : 0) |
			      (f.own_user ? FORKPOOL_JOBS_BY_USER : 0)) &
	    ~barred;
	if (f.user_namespace && (f.namespaces || chosen & PROMISES_BY_JAIL))
		chosen |= FORKPOOL_JOBS_BY_NAMESPACE & ~barred;
	return chosen;
}

/* What keeps this user from making namespaces; "" nothing that is known. */
static const char *
namespaces_help(void)
{
	static const struct {
		const char *path, *help;
		char bad;
	} switches[] = {
		{ "/proc/sys/kernel/unprivileged_userns_clone",
		    "user namespaces: sysctl kernel.unprivileged_userns_clone=1", '0' },
		{ "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
		    "user namespaces: sysctl kernel.apparmor_restrict_unprivileged_userns=0", '1' },
		{ "/proc/sys/user/max_user_namespaces",
		    "user namespaces: sysctl user.max_user_namespaces=10000", '0' },
	};

	for (size_t i = 0; i < COUNT(switches); i++) {
		char value = 0;
		int fd = open(switches[i].path, O_RDONLY | O_CLOEXEC);
		ssize_t n = fd == -1 ? 0 : read(fd, &value, 1);
		if (fd != -1)
			(void)close(fd);
		if (n == 1 && value == switches[i].bad)
			return switches[i].help;
	}
	return "";
}

void
promise_help(unsigned layer, const struct promise_facts *f, char *text, size_t size)
{
	static const char filter[] = "a seccomp filter";
	const char *help = "", *more = "";

	/* Where there is no filter, that is missing as well, and nothing else would do. */
	if (layer == FORKPOOL_LAYER_FILES)
		help = f->root_wanted ? "" :
		    f->files || f->exec ? "Landlock (Linux 5.13)" :
		    f->filter		? "a seccomp filter, or Landlock (Linux 6.2)" :
					  filter;
	else if (layer == FORKPOOL_LAYER_NETWORK)
		help = f->loopback ? "namespaces" : filter;
	else if (layer == FORKPOOL_LAYER_SIGNALS)
		help = f->exec	? "Landlock of Linux 6.12, or a caller that is root" :
		    f->filter	? "a seccomp filter, or Landlock of Linux 6.12" :
				  filter;
	if (layer & (FORKPOOL_LAYER_FILES | FORKPOOL_LAYER_SIGNALS | FORKPOOL_LAYER_NAMESPACES) &&
	    f->user_namespace)
		more = namespaces_help();
	const char *or = help[0] != '\0' && more[0] != '\0' ? ", or " : "";
	(void)snprintf(text, size, "%s%s%s", help, or, more);
}
