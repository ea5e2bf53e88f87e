/* SPDX-License-Identifier: BSD-2-Clause */
/* Identities: plan and take on a job's user, privileges and namespaces. */
#include "config.h"
#include "lib/sandbox/identity.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/os/syscall_gate.h"
#include "lib/sandbox/kernel_file.h"
#include "lib/sandbox/loopback.h"
#include "lib/sandbox/refusal.h"

static uid_t
user_of(const struct sandbox_identity *identity, pid_t worker)
{
	return identity->own_user ? (uid_t)(identity->own_base + (uint32_t)worker) : identity->uid;
}

bool
identity_is_user(const struct sandbox_identity *identity, pid_t worker)
{
	return geteuid() == user_of(identity, worker) && getegid() == identity->gid;
}

#ifdef __linux__

#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdint.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* On architectures whose ids once had 16 bits the plain names still are the calls for those. */
#ifdef SYS_setresuid32
#define SET_USER SYS_setresuid32
#else
#define SET_USER SYS_setresuid
#endif
#ifdef SYS_setresgid32
#define SET_GROUP SYS_setresgid32
#else
#define SET_GROUP SYS_setresgid
#endif
#ifdef SYS_setgroups32
#define SET_GROUPS SYS_setgroups32
#else
#define SET_GROUPS SYS_setgroups
#endif

/* As in linux/capability.h, which not every C library's include path has. */
#define CAPABILITY_VERSION 0x20080522u
#define CAPABILITY_SETGID  6
#define CAPABILITY_SETUID  7
#define CAPABILITIES_MAX   64

struct capability_header {
	uint32_t version;
	int32_t  pid;
};

struct capability_sets {
	uint32_t effective, permitted, inheritable;
};

/* Of this process.  0, or -1 and errno. */
static int
capabilities_get(struct capability_sets sets[2])
{
	struct capability_header header = { .version = CAPABILITY_VERSION };

	memset(sets, 0, 2 * sizeof sets[0]);
	return (int)gate_call(SYS_capget, (long)&header, (long)sets, 0, 0, 0);
}

static uint64_t
capabilities_effective(void)
{
	struct capability_sets sets[2];

	if (capabilities_get(sets) == -1)
		return 0;
	return sets[0].effective | (uint64_t)sets[1].effective << 32;
}

/* Whether this process is that user and group alone: a job must not keep a real or saved id of
   somebody else's, as set-user-id programs have, since it could become that. */
static bool
ids_are(uid_t uid, gid_t gid)
{
	uid_t users[3];
	gid_t groups[3];

	if (getresuid(&users[0], &users[1], &users[2]) == -1 ||
	    getresgid(&groups[0], &groups[1], &groups[2]) == -1)
		return false;
	for (int i = 0; i < 3; i++)
		if (users[i] != uid || groups[i] != gid)
			return false;
	return true;
}

/* All sets but the bounding set: the ambient set is never larger than these. */
static int
capabilities_drop(void)
{
	struct capability_header header = { .version = CAPABILITY_VERSION };
	struct capability_sets sets[2];

	memset(sets, 0, sizeof sets);
	return (int)gate_call(SYS_capset, (long)&header, (long)sets, 0, 0, 0);
}

/* Whether the ids from first to last exist, one mapping has them all, in this process's user
   namespace; 1 where the map cannot be read. */
static int
ids_are_mapped(const char *map, uint64_t first, uint64_t last)
{
	FILE *file = fopen(map, "re");
	uint64_t inside, outside, count;
	int mapped = 0;

	if (file == NULL)
		return 1;
	while (!mapped &&
	    fscanf(file, "%" SCNu64 " %" SCNu64 " %" SCNu64, &inside, &outside, &count) == 3)
		mapped = first >= inside && last - inside < count;
	(void)fclose(file);
	return mapped;
}

/* Whether this root can become the identity's user and group. */
static int
change_check(const struct sandbox_identity *identity, uid_t uid, gid_t gid, char *error,
    size_t error_size)
{
	uint64_t capabilities = capabilities_effective();

	if (identity->uid != uid && !(capabilities >> CAPABILITY_SETUID & 1))
		return refusal_set(error, error_size, EPERM,
		    "sandbox: user %lu: this process is root without the capability to change its "
		    "user (CAP_SETUID)",
		    (unsigned long)identity->uid);
	if (identity->gid != gid && !(capabilities >> CAPABILITY_SETGID & 1))
		return refusal_set(error, error_size, EPERM,
		    "sandbox: group %lu: this process is root without the capability to change its "
		    "group (CAP_SETGID)",
		    (unsigned long)identity->gid);
	if (!ids_are_mapped("/proc/self/uid_map", identity->uid, identity->uid))
		return refusal_set(error, error_size, EINVAL,
		    "sandbox: user %lu does not exist in the user namespace of this process",
		    (unsigned long)identity->uid);
	if (!ids_are_mapped("/proc/self/gid_map", identity->gid, identity->gid))
		return refusal_set(error, error_size, EINVAL,
		    "sandbox: group %lu does not exist in the user namespace of this process",
		    (unsigned long)identity->gid);
	return 0;
}

int
identity_map_check(char *error, size_t error_size)
{
	if (prctl(PR_GET_DUMPABLE) == 1)
		return 0;
	return refusal_set(error, error_size, EACCES,
	    "sandbox: namespaces: this process is undumpable, as one is that has "
	    "changed its user; prctl(PR_SET_DUMPABLE, 1) before would let it have them");
}

/* The namespaces that this process is in; 0 where that cannot be seen. */
static void
namespaces_note(uint64_t which[3])
{
	static const char *const paths[3] = { "/proc/self/ns/net", "/proc/self/ns/ipc",
		"/proc/self/ns/uts" };
	struct stat st;

	for (int i = 0; i < 3; i++)
		which[i] = stat(paths[i], &st) == 0 ? (uint64_t)st.st_ino : 0;
}

/* Where all of that range exists. */
static void
own_user_plan(struct sandbox_identity *identity)
{
	const uint32_t shares = (IDENTITY_OWN_LAST - IDENTITY_OWN_FIRST + 1) >> IDENTITY_OWN_SHIFT;
	struct stat st;

	if (!ids_are_mapped("/proc/self/uid_map", IDENTITY_OWN_FIRST, IDENTITY_OWN_LAST))
		return;
	uint64_t share = stat("/proc/self/ns/pid", &st) == 0 ? (uint64_t)st.st_ino % shares : 0;
	identity->own_base = IDENTITY_OWN_FIRST + ((uint32_t)share << IDENTITY_OWN_SHIFT);
	identity->own_user = true;
}

static void
maps_fill(struct sandbox_identity *identity, uid_t uid, gid_t gid)
{
	(void)snprintf(identity->uid_map, sizeof identity->uid_map, "%lu %lu 1\n",
	    (unsigned long)uid, (unsigned long)uid);
	(void)snprintf(identity->gid_map, sizeof identity->gid_map, "%lu %lu 1\n",
	    (unsigned long)gid, (unsigned long)gid);
}

int
identity_plan(struct sandbox_identity *identity, const struct forkpool_sandbox *sandbox,
    char *error, size_t error_size)
{
	const uid_t uid = geteuid(), uid_asked = sandbox != NULL ? sandbox->uid : 0;
	const gid_t gid = getegid(), gid_asked = sandbox != NULL ? sandbox->gid : 0;

	memset(identity, 0, sizeof *identity);
	bool root = uid == 0;
	bool keep_uid = uid_asked == (uid_t)-1 || (uid_asked == 0 && !root);
	bool keep_gid = gid_asked == (gid_t)-1 || (gid_asked == 0 && !root);

	identity->uid = keep_uid ? uid : uid_asked == 0 ? IDENTITY_NOBODY : uid_asked;
	identity->gid = keep_gid ? gid : gid_asked == 0 ? IDENTITY_NOBODY : gid_asked;
	if (!root && identity->uid != uid)
		return refusal_set(error, error_size, EPERM,
		    "sandbox: uid %lu: only root may ask for another user",
		    (unsigned long)identity->uid);
	if (!root && identity->gid != gid)
		return refusal_set(error, error_size, EPERM,
		    "sandbox: gid %lu: only root may ask for another group",
		    (unsigned long)identity->gid);
	if ((identity->uid != uid || identity->gid != gid) &&
	    change_check(identity, uid, gid, error, error_size) == -1) {
		if (sandbox == NULL || !sandbox->best_effort)
			return -1;
		identity->uid = uid;
		identity->gid = gid;
	}
	if (root && uid_asked == 0 && identity->uid != uid)
		own_user_plan(identity);
	identity->change_user = !ids_are(identity->uid, identity->gid);
	identity->drop_groups = root;
	identity->drop_caps = root;
	identity->namespaces = sandbox != NULL &&
	    (sandbox->namespaces || sandbox->network == FORKPOOL_NETWORK_LOOPBACK);
	identity->loopback = sandbox != NULL && sandbox->network == FORKPOOL_NETWORK_LOOPBACK;
	identity->user_namespace = !root;
	if (identity->namespaces && !root && identity_map_check(error, error_size) == -1) {
		if (!sandbox->best_effort)
			return -1;
		identity->namespaces = false;
	}
	maps_fill(identity, uid, gid);
	namespaces_note(identity->outside);
	identity->layers = FORKPOOL_LAYER_PRIVILEGES;
	if (identity->uid != uid && !keep_gid)
		identity->layers |= FORKPOOL_LAYER_USER;
	if (identity->namespaces)
		identity->layers |= FORKPOOL_LAYER_NAMESPACES;
	return 0;
}

void
identity_keep_user(struct sandbox_identity *identity)
{
	identity->uid = geteuid();
	identity->gid = getegid();
	identity->own_user = false;
	identity->change_user = !ids_are(identity->uid, identity->gid);
	identity->layers &= ~(unsigned)FORKPOOL_LAYER_USER;
}

static int
prctl_call(int option, long value)
{
	return (int)gate_call(SYS_prctl, option, value, 0, 0, 0);
}

static int
user_namespace_enter(const struct sandbox_identity *identity, const char **step)
{
	*step = "user namespace";
	if (gate_call(SYS_unshare, CLONE_NEWUSER, 0, 0, 0, 0) == -1)
		return -1;
	/* Who may drop a group can open a file that is closed to that group. */
	*step = "identity map of the user namespace";
	if (kernel_file_write(AT_FDCWD, "/proc/self/setgroups", "deny") == -1 && errno != ENOENT)
		return -1;
	if (kernel_file_write(AT_FDCWD, "/proc/self/uid_map", identity->uid_map) == -1)
		return -1;
	return kernel_file_write(AT_FDCWD, "/proc/self/gid_map", identity->gid_map);
}

static int
namespaces_enter(const struct sandbox_identity *identity, const char **step)
{
	if (identity->user_namespace && user_namespace_enter(identity, step) == -1)
		return -1;
	*step = "network, IPC and UTS namespaces";
	if (gate_call(SYS_unshare, CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS, 0, 0, 0, 0) == -1)
		return -1;
	/* Success need not mean that unshare() was made: this process may run in somebody's
	   filter. */
	uint64_t inside[3];
	namespaces_note(inside);
	for (int i = 0; i < 3; i++)
		if (inside[i] == identity->outside[i]) {
			errno = EPERM;
			return -1;
		}
	return identity->loopback ? loopback_enter_worker(step) : 0;
}

int
identity_enter_worker(const struct sandbox_identity *identity, unsigned *layers, const char **step)
{
	*layers = FORKPOOL_LAYER_PRIVILEGES;
	*step = "no new privileges";
	if (prctl_call(PR_SET_NO_NEW_PRIVS, 1) == -1)
		return -1;

	/* With READ_IMPLIES_EXEC a filter could not tell which mappings can be executed. */
	*step = "execution domain";
	long persona = gate_call(SYS_personality, (long)0xffffffff, 0, 0, 0, 0);
	if (persona == -1)
		return -1;
	if (persona & READ_IMPLIES_EXEC &&
	    gate_call(SYS_personality, persona & ~(long)READ_IMPLIES_EXEC, 0, 0, 0, 0) == -1)
		return -1;

	if (identity->namespaces && namespaces_enter(identity, step) == -1) {
		*layers = FORKPOOL_LAYER_NAMESPACES;
		return -1;
	}
	if (!identity->namespaces && identity->jail && identity->user_namespace &&
	    user_namespace_enter(identity, step) == -1) {
		*layers = 0;
		return -1;
	}

	*step = "supplementary groups";
	if (identity->drop_groups && getgroups(0, NULL) != 0 &&
	    gate_call(SET_GROUPS, 0, 0, 0, 0, 0) == -1 && identity->layers & FORKPOOL_LAYER_USER) {
		*layers = FORKPOOL_LAYER_USER;
		return -1;
	}

	/* With no new privileges the bounding set gives nothing: where it may not be emptied, no
	   matter. */
	for (int i = 0; i < CAPABILITIES_MAX && prctl_call(PR_CAPBSET_READ, i) != -1; i++)
		if (prctl_call(PR_CAPBSET_DROP, i) == -1)
			break;

	*step = "capabilities";
	if (!identity->drop_caps && !identity->jail && capabilities_drop() == -1)
		return -1;
	*step = "undumpable";
	if (prctl_call(PR_SET_DUMPABLE, 0) == -1)
		return -1;
	*layers = identity->layers;
	return 0;
}

int
identity_enter_job(const struct sandbox_identity *identity, pid_t worker, const char **step)
{
	const long uid = (long)user_of(identity, worker), gid = (long)identity->gid;

	if (identity->change_user) {
		*step = "group";
		if (gate_call(SET_GROUP, gid, gid, gid, 0, 0) == -1)
			return -1;
		*step = "user";
		if (gate_call(SET_USER, uid, uid, uid, 0, 0) == -1)
			return -1;
	}
	*step = "capabilities";
	if ((identity->drop_caps || identity->jail) && capabilities_drop() == -1)
		return -1;
	/* A change of user sets the dumpable flag to fs.suid_dumpable. */
	*step = "undumpable";
	return identity->change_user ? prctl_call(PR_SET_DUMPABLE, 0) : 0;
}

int
identity_plan_process(struct sandbox_identity *identity, bool count_processes, char *error,
    size_t error_size)
{
	memset(identity, 0, sizeof *identity);
	if (!count_processes)
		return 0;
	if (geteuid() == 0)
		return refusal_set(error, error_size, EPERM,
		    "limits.processes: root is not bound by a limit on processes; it "
		    "needs a cgroup (struct forkpool_sandbox), or another user");
	if (identity_map_check(error, error_size) == -1)
		return -1;
	identity->user_namespace = true;
	maps_fill(identity, geteuid(), getegid());
	return 0;
}

int
identity_enter_process(const struct sandbox_identity *identity, bool may_gain, const char **step)
{
	if (identity->user_namespace &&
	    (user_namespace_enter(identity, step) == -1 || capabilities_drop() == -1))
		return -1;
	*step = "no new privileges";
	if (!may_gain && prctl_call(PR_SET_NO_NEW_PRIVS, 1) == -1)
		return -1;
	*step = "undumpable";
	return prctl_call(PR_SET_DUMPABLE, 0);
}

bool
identity_is_unprivileged(void)
{
	struct capability_sets sets[2];

	if (prctl_call(PR_GET_NO_NEW_PRIVS, 0) != 1 || prctl_call(PR_GET_DUMPABLE, 0) != 0 ||
	    capabilities_get(sets) == -1 || !ids_are(geteuid(), getegid()))
		return false;
	return (sets[0].effective | sets[0].permitted | sets[1].effective | sets[1].permitted) == 0;
}

#else

int
identity_plan(struct sandbox_identity *identity, const struct forkpool_sandbox *sandbox,
    char *error, size_t error_size)
{
	(void)sandbox;
	memset(identity, 0, sizeof *identity);
	return refusal_set(error, error_size, ENOTSUP,
	    "sandbox: this system has no way to take a job's privileges");
}

void
identity_keep_user(struct sandbox_identity *identity)
{
	(void)identity;
}

int
identity_enter_worker(const struct sandbox_identity *identity, unsigned *layers, const char **step)
{
	(void)identity;
	*layers = FORKPOOL_LAYER_PRIVILEGES;
	*step = "no new privileges";
	errno = ENOTSUP;
	return -1;
}

int
identity_enter_job(const struct sandbox_identity *identity, pid_t worker, const char **step)
{
	(void)identity;
	(void)worker;
	*step = "capabilities";
	errno = ENOTSUP;
	return -1;
}

int
identity_map_check(char *error, size_t error_size)
{
	return refusal_set(error, error_size, ENOTSUP, "sandbox: this system has no namespaces");
}

int
identity_plan_process(struct sandbox_identity *identity, bool count_processes, char *error,
    size_t error_size)
{
	memset(identity, 0, sizeof *identity);
	if (!count_processes)
		return 0;
	return refusal_set(error, error_size, ENOTSUP,
	    "limits.processes: this system does not count processes by job");
}

int
identity_enter_process(const struct sandbox_identity *identity, bool may_gain, const char **step)
{
	(void)identity;
	(void)may_gain;
	*step = "";
	return 0;
}

bool
identity_is_unprivileged(void)
{
	return false;
}

#endif
