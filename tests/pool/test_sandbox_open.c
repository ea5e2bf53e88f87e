/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * forkpool_open() at the levels JOB and SANDBOX: options that it refuses, layers that it reports,
 * and layers that a filter around the caller hides from it.
 */
#include "config.h"
#include "tests/support/attack.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/landlocked.h"
#include "tests/support/lives.h"
#include "tests/support/outer_filter.h"
#include "tests/support/users.h"

#define FILES      FORKPOOL_LAYER_FILES
#define SYSCALLS   FORKPOOL_LAYER_SYSCALLS
#define NAMESPACES FORKPOOL_LAYER_NAMESPACES
#define USER       FORKPOOL_LAYER_USER
#define PRIVILEGES FORKPOOL_LAYER_PRIVILEGES
#define NETWORK    FORKPOOL_LAYER_NETWORK

#define STRICTEST \
	(FORKPOOL_LAYER_PROCESS | PRIVILEGES | FILES | NETWORK | FORKPOOL_LAYER_SIGNALS | SYSCALLS)
#define LANDLOCK \
	(FORKPOOL_FILES_BY_LANDLOCK | FORKPOOL_NETWORK_BY_LANDLOCK | FORKPOOL_SIGNALS_BY_LANDLOCK)

static int
is_root(void)
{
	return geteuid() == 0;
}

static struct forkpool_options
level(enum forkpool_isolation isolation)
{
	struct forkpool_options options = support_options(1);

	options.isolation = isolation;
	return options;
}

/* Run body in a child that is root or not, as the mode says. */
static void
own_process(enum attack_mode mode, void (*body)(const void *), const void *arg)
{
	if (!attack_mode_possible(mode))
		return;
	pid_t pid = fork();
	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		if (mode == ATTACK_SANDBOX_USER || mode == ATTACK_JOB_USER)
			user_become(USER_OTHER);
		(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
		body(arg);
		ck_assert_msg(waitpid(-1, NULL, 0) == -1 && errno == ECHILD, "a process was left");
		_exit(0);
	}
	lives_child(pid);
}

/* ------------------------------------------------------------------------------ what is refused */

static const char *const none[] = { NULL };
static const char *const missing[] = { "/tmp", "/nowhere/at/all", NULL };
static const char *const tmp[] = { "/tmp", NULL };
static const char *const nameless[] = { "A=1", "=x", NULL };
static const char *const one_variable[] = { "A=1", NULL };

#define FOR_ROOT 1u
#define FOR_USER 2u
#define FOR_ALL  3u

static const struct refusal {
	const char *name, *word;        /* the sentence has that word */
	int error, level;
	unsigned who;
	struct forkpool_limits limits;
	struct forkpool_sandbox sandbox;
	int has_sandbox;
	const char *const *environment;
	int output;
} refusals[] = {
#define WITH(...) .has_sandbox = 1, .sandbox = { __VA_ARGS__ }
	{ "a sandbox at WORKER", "sandbox", EINVAL, 0, FOR_ALL, WITH(.readable = NULL) },
	{ "an environment at WORKER", "environment", EINVAL, 0, FOR_ALL,
	    .environment = one_variable },
	{ "cpu_ns at WORKER", "cpu_ns", EINVAL, 0, FOR_ALL, .limits = { .cpu_ns = 1 } },
	{ "processes at WORKER", "processes", EINVAL, 0, FOR_ALL, .limits = { .processes = 5 } },
	{ "paths at JOB", "sandbox", EINVAL, 1, FOR_ALL, WITH(.readable = tmp) },
	{ "paths to write at JOB", "sandbox", EINVAL, 1, FOR_ALL, WITH(.writable = tmp) },
	{ "network at JOB", "sandbox", EINVAL, 1, FOR_ALL, WITH(.network = 1) },
	{ "exec at JOB", "sandbox", EINVAL, 1, FOR_ALL, WITH(.exec = 1) },
	{ "a root directory at JOB", "sandbox", EINVAL, 1, FOR_ALL, WITH(.private_root = 1) },
	{ "threads at JOB", "sandbox", EINVAL, 1, FOR_ALL, WITH(.threads = 1) },
	{ "a network that is none", "network", EINVAL, 2, FOR_ALL, WITH(.network = 3) },
	{ "negative scratch", "scratch", EINVAL, 2, FOR_ALL,
	    WITH(.private_root = 1, .scratch = -1) },
	{ "scratch without a root", "scratch", EINVAL, 2, FOR_ALL, WITH(.scratch = 4096) },
	{ "processes with threads, by an ordinary user", "processes", EINVAL, 2, FOR_USER,
	    .limits = { .processes = 5 }, WITH(.threads = 1) },
	{ "memory with as many threads as it likes", "limits.processes", EINVAL, 2, FOR_ALL,
	    .limits = { .memory = 1 << 20 }, WITH(.threads = 1) },
	{ "namespaces at JOB", "sandbox", EINVAL, 1, FOR_ALL, WITH(.namespaces = 1) },
	{ "a user at JOB", "sandbox", EINVAL, 1, FOR_ALL, WITH(.uid = 1) },
	{ "a group at JOB", "sandbox", EINVAL, 1, FOR_ALL, WITH(.gid = 1) },
	{ "processes at JOB, by root", "processes", EPERM, 1, FOR_ROOT,
	    .limits = { .processes = 5 } },
	{ "a variable without a name", "environment", EINVAL, 1, FOR_ALL, .environment = nameless },
	{ "a path that is not there", "/nowhere/at/all", ENOENT, 2, FOR_ALL,
	    WITH(.readable = missing) },
	{ "a path to write that is not there", "/nowhere/at/all", ENOENT, 2, FOR_ALL,
	    WITH(.writable = missing) },
	{ "another user, by an ordinary one", "uid", EPERM, 2, FOR_USER, WITH(.uid = 1) },
	{ "another group, by an ordinary one", "gid", EPERM, 2, FOR_USER, WITH(.gid = 1) },
	{ "a cgroup that is no directory of one", "cgroup", 0, 2, FOR_ALL,
	    WITH(.cgroup = "/tmp") },
	{ "a cgroup that is not there", "cgroup", ENOENT, 2, FOR_ALL,
	    WITH(.cgroup = "/nowhere/at/all") },
	{ "a cgroup at JOB that is not there", "cgroup", ENOENT, 1, FOR_ALL,
	    WITH(.cgroup = "/nowhere/at/all") },
	{ "negative memory", "limits", EINVAL, 2, FOR_ALL, .limits = { .memory = -1 } },
	{ "negative cpu_ns", "limits", EINVAL, 2, FOR_ALL, .limits = { .cpu_ns = -1 } },
	{ "negative file_size", "limits", EINVAL, 2, FOR_ALL, .limits = { .file_size = -1 } },
	{ "negative open_files", "limits", EINVAL, 1, FOR_ALL, .limits = { .open_files = -1 } },
	{ "negative processes", "limits", EINVAL, 1, FOR_ALL, .limits = { .processes = -1 } },
	{ "negative stack", "limits", EINVAL, 1, FOR_ALL, .limits = { .stack = INT64_MIN } },
	{ "negative output", "limits", EINVAL, 2, FOR_ALL, .limits = { .output = -1 },
	    .output = FORKPOOL_OUTPUT_CAPTURE },
	{ "few open_files", "open_files", EINVAL, 2, FOR_ALL, .limits = { .open_files = 15 } },
	{ "little stack", "stack", EINVAL, 2, FOR_ALL, .limits = { .stack = 65535 } },
	{ "a limit of output that is not captured", "output", EINVAL, 2, FOR_ALL,
	    .limits = { .output = 10 }, .output = FORKPOOL_OUTPUT_DISCARD },
	{ "a level that is none", "isolation", EINVAL, 3, FOR_ALL, .output = 0 },
};

static void
is_refused(const void *arg)
{
	const struct refusal *r = arg;
	struct forkpool_options options = level((enum forkpool_isolation)r->level);
	char sentence[512] = "";
	int fds = support_open_fds();

	options.limits = r->limits;
	options.output = (enum forkpool_output)r->output;
	options.environment = r->environment;
	if (r->has_sandbox)
		options.sandbox = &r->sandbox;
	struct forkpool *pool = forkpool_open(&options, sentence, sizeof sentence);
	int error = errno;
	ck_assert_msg(pool == NULL, "%s: it is not refused", r->name);
	ck_assert_msg(r->error == 0 || error == r->error, "%s: %s: %s", r->name, strerror(error),
	    sentence);
	ck_assert_msg(strstr(sentence, r->word) != NULL && strchr(sentence, '\n') == NULL &&
		strlen(sentence) < 300,
	    "%s: the sentence is: %s", r->name, sentence);
	/* A sentence that is cut short, or none at all, changes nothing. */
	ck_assert(forkpool_open(&options, sentence, 10) == NULL && strlen(sentence) < 10);
	ck_assert(forkpool_open(&options, NULL, 0) == NULL && errno == error);
	ck_assert_int_eq(support_open_fds(), fds);
}

START_TEST(wrong_options_are_refused)
{
	const struct refusal *r = &refusals[_i / 2];
	enum attack_mode mode = _i % 2 ? ATTACK_SANDBOX_USER : ATTACK_SANDBOX;

	if (r->who & (_i % 2 || !is_root() ? FOR_USER : FOR_ROOT))
		own_process(mode, is_refused, r);
}
END_TEST

/*
 * The structure of a later version: a field that is set there and unknown here cannot be honoured.
 */
static void
larger_structure(const void *arg)
{
	struct {
		struct forkpool_sandbox sandbox;
		uint64_t later;
	} larger = { .later = *(const uint64_t *)arg };
	struct forkpool_options options = level(FORKPOOL_ISOLATE_SANDBOX);
	char sentence[300] = "";

	options.sandbox = &larger.sandbox;
	struct forkpool *pool = forkpool_open_sized(&options, sizeof options, sizeof larger,
	    sentence, sizeof sentence);
	if (larger.later != 0) {
		ck_assert(pool == NULL && errno == E2BIG && strstr(sentence, "sandbox") != NULL);
		return;
	}
	ck_assert_msg(pool != NULL, "%s", sentence);
	ck_assert_int_eq(forkpool_close(pool), 0);
}

START_TEST(structures_of_other_sizes)
{
	static const uint64_t later[] = { 0, 1 };

	own_process(ATTACK_SANDBOX, larger_structure, &later[_i]);
}
END_TEST

/* ------------------------------------------------------------------------ layers that there are */

static void
layers_are(const void *arg)
{
	static const struct forkpool_sandbox network = { .network = 1 };
	static const struct forkpool_sandbox namespaces = { .namespaces = 1 };
	static const struct forkpool_sandbox stays = { .uid = (uid_t)-1, .gid = (gid_t)-1 };
	static const struct forkpool_sandbox empty = { .readable = none, .writable = none };
	static const struct {
		int level;
		const struct forkpool_sandbox *sandbox;
		unsigned layers;
		int changes_user;
	} levels[] = {
		{ FORKPOOL_ISOLATE_WORKER, NULL, 0, 0 },
		{ FORKPOOL_ISOLATE_JOB, NULL, FORKPOOL_LAYER_PROCESS, 0 },
		{ FORKPOOL_ISOLATE_SANDBOX, NULL, STRICTEST, 1 },
		{ FORKPOOL_ISOLATE_SANDBOX, &empty, STRICTEST, 1 },
		{ FORKPOOL_ISOLATE_SANDBOX, &stays, STRICTEST, 0 },
		{ FORKPOOL_ISOLATE_SANDBOX, &network, STRICTEST & ~(unsigned)FORKPOOL_LAYER_NETWORK,
		    1 },
		{ FORKPOOL_ISOLATE_SANDBOX, &namespaces, STRICTEST | NAMESPACES, 1 },
	};

	(void)arg;
	for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
		struct forkpool_options options = level((enum forkpool_isolation)levels[i].level);
		options.sandbox = levels[i].sandbox;
		struct forkpool *pool = support_open(&options);
		ck_assert_msg(forkpool_layers(pool) ==
			(levels[i].layers | (levels[i].changes_user && is_root() ? USER : 0)),
		    "%zu: the layers are %#x", i, forkpool_layers(pool));
		lives_double(pool, 20);
		ck_assert_int_eq(forkpool_close(pool), 0);
	}
}

START_TEST(layers_are_told)
{
	own_process(_i ? ATTACK_SANDBOX_USER : ATTACK_SANDBOX, layers_are, NULL);
}
END_TEST

/* ----------------------------------------------------------------------- layers that are hidden */

#define NUMBERS_LANDLOCK(e) \
	{ { 444, OUTER_ANY, 0, e }, { 445, OUTER_ANY, 0, e }, { 446, OUTER_ANY, 0, e } }
/* Neither a pid nor a user namespace. */
#define NO_NAMESPACES \
	{ SYS_clone, 0x20000000, OUTER_BITS, EPERM }, { SYS_unshare, 0x10000000, OUTER_BITS, EPERM }
#define PRCTL(option, e) { SYS_prctl, option, 0, e }
#define SET_SECCOMP 22

/*
 * Calls that fail for the caller, and the layers that costs; none where the filter keeps the
 * promises alone.  A lie: the call returns 0 and does nothing.
 */
static const struct hidden_layer {
	const char *name, *word;      /* the sentence has that word */
	unsigned layers;
	unsigned who;
	struct outer_rule rules[4];
	struct forkpool_sandbox sandbox;
} hidden[] = {
	{ "Landlock: ENOSYS", "", 0, FOR_ALL, .rules = NUMBERS_LANDLOCK(ENOSYS) },
	{ "Landlock: EOPNOTSUPP", "", 0, FOR_ALL,
	    .rules = NUMBERS_LANDLOCK(EOPNOTSUPP) },
	{ "Landlock: EPERM", "", 0, FOR_ALL, .rules = NUMBERS_LANDLOCK(EPERM) },
	{ "landlock_restrict_self: EPERM", "", 0, FOR_ALL,
	    .rules = { { 446, OUTER_ANY, 0, EPERM } } },
	{ "landlock_restrict_self, a lie", "", 0, FOR_ALL,
	    .rules = { { 446, OUTER_ANY, 0, 0 } } },
	{ "Landlock, a lie", "", 0, FOR_ALL, .rules = NUMBERS_LANDLOCK(0) },
	{ "Landlock and paths: ENOSYS", "", 0, FOR_ROOT, .rules = NUMBERS_LANDLOCK(ENOSYS),
	    .sandbox = { .readable = tmp } },
	{ "Landlock and namespaces and paths", "Landlock", FILES, FOR_ALL,
	    .rules = { { 444, OUTER_ANY, 0, ENOSYS }, NO_NAMESPACES },
	    .sandbox = { .readable = tmp } },
	{ "landlock_restrict_self and paths, a lie", "Landlock", FILES, FOR_ALL,
	    .rules = { { 446, OUTER_ANY, 0, 0 } }, .sandbox = { .readable = tmp } },
	{ "seccomp: ENOSYS", "seccomp", SYSCALLS | NETWORK, FOR_ALL,
	    .rules = { { SYS_seccomp, OUTER_ANY, 0, ENOSYS }, PRCTL(SET_SECCOMP, EINVAL) } },
	{ "seccomp: EPERM", "seccomp", SYSCALLS | NETWORK, FOR_ALL,
	    .rules = { { SYS_seccomp, OUTER_ANY, 0, EPERM }, PRCTL(SET_SECCOMP, EPERM) } },
	{ "seccomp, a lie", "seccomp", SYSCALLS | NETWORK, FOR_ALL,
	    .rules = { { SYS_seccomp, OUTER_ANY, 0, 0 }, PRCTL(SET_SECCOMP, 0) } },
	{ "unshare: EPERM", "namespaces", NAMESPACES, FOR_ALL,
	    .rules = { { SYS_unshare, OUTER_ANY, 0, EPERM },
		{ SYS_clone, 0x10000000, OUTER_BITS, EPERM }, { 435, OUTER_ANY, 0, ENOSYS } },
	    .sandbox = { .namespaces = 1 } },
	{ "unshare: ENOSYS", "namespaces", NAMESPACES, FOR_ALL,
	    .rules = { { SYS_unshare, OUTER_ANY, 0, ENOSYS } }, .sandbox = { .namespaces = 1 } },
	{ "unshare, a lie", "namespaces", NAMESPACES, FOR_ALL,
	    .rules = { { SYS_unshare, OUTER_ANY, 0, 0 } }, .sandbox = { .namespaces = 1 } },
	{ "setresuid: EPERM", "user", USER, FOR_ROOT,
	    .rules = { { SYS_setresuid, OUTER_ANY, 0, EPERM },
		{ SYS_setuid, OUTER_ANY, 0, EPERM } } },
	{ "setresgid: EPERM", "user", USER, FOR_ROOT,
	    .rules = { { SYS_setresgid, OUTER_ANY, 0, EPERM },
		{ SYS_setgid, OUTER_ANY, 0, EPERM } } },
	{ "setresuid, a lie", "user", USER, FOR_ROOT,
	    .rules = { { SYS_setresuid, OUTER_ANY, 0, 0 } } },
	{ "setresgid, a lie", "user", USER, FOR_ROOT,
	    .rules = { { SYS_setresgid, OUTER_ANY, 0, 0 } } },
	{ "capset: EPERM", "privileges", PRIVILEGES, FOR_ROOT,
	    .rules = { { SYS_capset, OUTER_ANY, 0, EPERM } },
	    .sandbox = { .uid = (uid_t)-1, .gid = (gid_t)-1 } },
	{ "capset, a lie", "privileges", PRIVILEGES, FOR_ROOT,
	    .rules = { { SYS_capset, OUTER_ANY, 0, 0 } },
	    .sandbox = { .uid = (uid_t)-1, .gid = (gid_t)-1 } },
	{ "no new privileges: EPERM", "privileges", PRIVILEGES, FOR_ALL,
	    .rules = { PRCTL(PR_SET_NO_NEW_PRIVS, EPERM) } },
	{ "no new privileges, a lie", "sandbox", PRIVILEGES, FOR_ROOT,
	    .rules = { PRCTL(PR_SET_NO_NEW_PRIVS, 0) } },
	{ "undumpable, a lie", "privileges", PRIVILEGES, FOR_USER,
	    .rules = { PRCTL(PR_SET_DUMPABLE, 0) } },
};

static size_t
rules_of(const struct hidden_layer *h)
{
	size_t n = 0;

	while (n < 4 && h->rules[n].number != 0)
		n++;
	return n;
}

static int
sees_files(struct forkpool_context *context, const void *args, size_t args_len)
{
	int root = syscall(SYS_openat, -100, "/", 0, 0) != -1;

	(void)args;
	(void)args_len;
	return forkpool_reply(context, &root, sizeof root);
}

static void
is_open(struct forkpool *pool, const struct hidden_layer *h, unsigned expected)
{
	unsigned layers = forkpool_layers(pool), mechanisms = forkpool_mechanisms(pool);

	/* Without the filter an older Landlock does not hold files. */
	if (!(expected & SYSCALLS) && landlock_missing(FILES, h->name))
		expected = (expected & ~(unsigned)FILES) | (layers & FILES);
	ck_assert_msg(layers == expected, "%s: the layers are %#x, not %#x", h->name, layers,
	    expected);
	ck_assert_msg(!(mechanisms & LANDLOCK) || h->rules[0].number < 444, "%s: by %#x", h->name,
	    mechanisms);
	ck_assert_msg(((mechanisms & FORKPOOL_SYSCALLS_BY_FILTER) != 0) ==
		((layers & SYSCALLS) != 0), "%s: by %#x", h->name, mechanisms);
	lives_double(pool, 20);
	(void)support_submit(pool, sees_files, NULL, 0);
	const struct forkpool_result *result = support_wait(pool);
	int root = -1;
	ck_assert_int_eq(result->outcome, FORKPOOL_OK);
	memcpy(&root, result->value, sizeof root);
	/* Where there is no Landlock the filter denies files. */
	ck_assert_msg(mechanisms & FORKPOOL_FILES_BY_ROOT ||
		root == ((layers & (FILES | SYSCALLS)) == 0),
	    "%s, at best: files are %s", h->name, root ? "seen" : "not seen");
	lives_double(pool, 20);
	ck_assert_int_eq(forkpool_close(pool), 0);
}

/*
 * Strictly: where nothing keeps a promise the pool does not open, and the sentence names it.  With
 * best effort it opens without that layer, which forkpool_layers() does not report.
 */
static void
is_hidden(const void *arg)
{
	const struct hidden_layer *h = arg;
	struct forkpool_options options = level(FORKPOOL_ISOLATE_SANDBOX);
	struct forkpool_sandbox sandbox = h->sandbox;
	char sentence[512] = "";
	int fds = support_open_fds();
	unsigned whole = STRICTEST | (is_root() ? USER : 0) |
	    (sandbox.namespaces ? NAMESPACES : 0);

	ck_assert_int_eq(outer_filter_enter(h->rules, rules_of(h)), 0);
	options.sandbox = &sandbox;
	struct forkpool *pool = forkpool_open(&options, sentence, sizeof sentence);
	int error = errno;
	if (h->layers == 0) {
		ck_assert_msg(pool != NULL, "%s: %s", h->name, sentence);
		is_open(pool, h, whole);
		ck_assert_int_eq(support_open_fds(), fds);
		return;
	}
	ck_assert_msg(pool == NULL, "%s: opened, with the layers %#x", h->name,
	    forkpool_layers(pool));
	ck_assert_msg(error != 0 && strstr(sentence, h->word) != NULL &&
		strchr(sentence, '\n') == NULL,
	    "%s: %s: %s", h->name, strerror(error), sentence);
	ck_assert_int_eq(support_open_fds(), fds);

	sandbox.best_effort = 1;
	pool = forkpool_open(&options, sentence, sizeof sentence);
	if (h->layers == PRIVILEGES || h->layers == FILES) { /* no sandbox without this layer */
		ck_assert_msg(pool == NULL && strstr(sentence, h->word) != NULL, "%s, at best: %s",
		    h->name, sentence);
		return;
	}
	ck_assert_msg(pool != NULL, "%s, at best: %s", h->name, sentence);
	is_open(pool, h, whole & ~h->layers);
	ck_assert_int_eq(support_open_fds(), fds);
}

START_TEST(hidden_layers_are_named)
{
	const struct hidden_layer *h = &hidden[_i / 2];
	enum attack_mode mode = _i % 2 ? ATTACK_SANDBOX_USER : ATTACK_SANDBOX;

	if (h->who & (_i % 2 || !is_root() ? FOR_USER : FOR_ROOT))
		own_process(mode, is_hidden, h);
}
END_TEST

/* All layers are hidden at once: only the process is left, as at JOB. */
static void
all_hidden(const void *arg)
{
	static const struct outer_rule rules[] = { { 444, OUTER_ANY, 0, ENOSYS },
		{ SYS_seccomp, OUTER_ANY, 0, ENOSYS }, PRCTL(SET_SECCOMP, EINVAL),
		{ SYS_unshare, OUTER_ANY, 0, EPERM },
		{ SYS_clone, 0x20000000, OUTER_BITS, EPERM } };
	static const struct forkpool_sandbox paths = { .readable = tmp, .best_effort = 1 };
	struct forkpool_sandbox sandbox = { .namespaces = 1 };
	struct forkpool_options options = level(FORKPOOL_ISOLATE_SANDBOX);
	char sentence[512] = "";

	(void)arg;
	ck_assert_int_eq(outer_filter_enter(rules, sizeof rules / sizeof rules[0]), 0);
	options.sandbox = &sandbox;
	ck_assert_ptr_null(forkpool_open(&options, sentence, sizeof sentence));
	ck_assert_msg(strstr(sentence, "seccomp") != NULL, "%s", sentence);
	sandbox.best_effort = 1;
	struct forkpool *pool = support_open(&options);
	/* What is left to root: its jobs are others, who may signal nobody. */
	ck_assert_uint_eq(forkpool_layers(pool), FORKPOOL_LAYER_PROCESS | PRIVILEGES |
		(is_root() ? USER | FORKPOOL_LAYER_SIGNALS : 0));
	lives_double(pool, 20);
	lives_crash(pool);
	ck_assert_int_eq(forkpool_close(pool), 0);
	/* The sandbox opens some files up: without Landlock it would open all. */
	options.sandbox = &paths;
	ck_assert_ptr_null(forkpool_open(&options, sentence, sizeof sentence));
	ck_assert_msg(strstr(sentence, "Landlock") != NULL, "%s", sentence);
}

START_TEST(all_layers_hidden)
{
	own_process(_i ? ATTACK_SANDBOX_USER : ATTACK_SANDBOX, all_hidden, NULL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("opening a sandbox");
	TCase *refused = support_case("refused", 60), *layers = support_case("layers", 60);

	tcase_add_loop_test(refused, wrong_options_are_refused, 0,
	    2 * (int)(sizeof refusals / sizeof refusals[0]));
	tcase_add_loop_test(refused, structures_of_other_sizes, 0, 2);
	tcase_add_loop_test(layers, layers_are_told, 0, 2);
	tcase_add_loop_test(layers, hidden_layers_are_named, 0,
	    2 * (int)(sizeof hidden / sizeof hidden[0]));
	tcase_add_loop_test(layers, all_layers_hidden, 0, 2);
	suite_add_tcase(suite, refused);
	suite_add_tcase(suite, layers);
	return attack_main(suite);
}
