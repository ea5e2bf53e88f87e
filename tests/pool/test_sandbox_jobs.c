/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Jobs in sandboxes that open something up: jobs can use that and nothing else.  And the identity
 * of jobs.
 */
#include "config.h"
#include "tests/support/attack.h"
#include "tests/support/users.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SANDBOXES (1u << ATTACK_SANDBOX | 1u << ATTACK_SANDBOX_USER)

#define MUST_FAIL(call, error) ATTACK_MUST((call) == -1 && errno == (error))

static void
job_must(struct attack_scene *scene, forkpool_fn *fn)
{
	for (int i = 0; i < 3; i++) {
		(void)support_submit(scene->pool, fn, &scene->known, sizeof scene->known);
		const struct forkpool_result *result = support_wait(scene->pool);
		ck_assert_msg(result->outcome == FORKPOOL_OK, "%s: %s",
		    forkpool_outcome_name(result->outcome), result->message);
	}
}

/* ---------------------------------------------------------------------------------------- files */

static char tree[128], tree_read[160], tree_write[160], tree_file[160];

static int
file_make(const char *directory, const char *name, const char *text)
{
	char path[256];

	(void)snprintf(path, sizeof path, "%s/%s", directory, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (fd == -1 || write(fd, text, strlen(text)) == -1 || fchmod(fd, 0666) == -1)
		return -1;
	return close(fd);
}

/*
 * Files for all tests, which everybody may read and write, outside the directory that must stay
 * empty.
 */
static int
tree_make(void)
{
	char path[256], copy[600];

	(void)snprintf(tree, sizeof tree, "/tmp/forkpool-tree.XXXXXX");
	if (mkdtemp(tree) == NULL)
		return -1;
	(void)snprintf(tree_read, sizeof tree_read, "%s/read", tree);
	(void)snprintf(tree_write, sizeof tree_write, "%s/write", tree);
	(void)snprintf(tree_file, sizeof tree_file, "%s/file", tree);
	(void)snprintf(path, sizeof path, "%s/escape", tree_read);
	(void)snprintf(copy, sizeof copy, "cp /bin/true %s/program && chmod 755 %s/program", tree,
	    tree);
	int made = mkdir(tree_read, 0777) == 0 && mkdir(tree_write, 0777) == 0 &&
	    chmod(tree, 0777) == 0 && chmod(tree_read, 0777) == 0 &&
	    chmod(tree_write, 0777) == 0 && file_make(tree, "file", "file") == 0 &&
	    file_make(tree, "other", "secret") == 0 && file_make(tree_read, "text", "text") == 0 &&
	    symlink("../other", path) == 0 && system(copy) == 0;
	return made ? 0 : -1;
}

static void
tree_remove(void)
{
	char command[200];

	(void)snprintf(command, sizeof command, "rm -rf %s", tree);
	if (system(command) != 0)
		perror(command);
}

static int
open_in(const char *directory, const char *name, int flags)
{
	char path[256];

	(void)snprintf(path, sizeof path, "%s/%s", directory, name);
	int fd = open(path, flags, 0666);
	int error = errno;
	if (fd != -1)
		(void)close(fd);
	errno = error;
	return fd;
}

static int
uses_files(struct forkpool_context *context, const void *args, size_t args_len)
{
	char a[256], b[256], text[8] = "";

	(void)attack_known(args, args_len);
	(void)snprintf(a, sizeof a, "%s/text", tree_read);
	int fd = open(a, O_RDONLY);
	ATTACK_MUST(fd != -1 && read(fd, text, 4) == 4 && strcmp(text, "text") == 0 &&
	    close(fd) == 0);
	ATTACK_MUST(open_in(tree_read, "", O_RDONLY | O_DIRECTORY) != -1);
	ATTACK_MUST(open_in(tree, "file", O_RDONLY) != -1);
	/* The job must not change any of it, */
	MUST_FAIL(open_in(tree_read, "text", O_RDWR), EACCES);
	MUST_FAIL(open_in(tree_read, "text", O_WRONLY | O_TRUNC), EACCES);
	MUST_FAIL(open_in(tree_read, "text", O_RDONLY | O_TRUNC), EACCES);
	MUST_FAIL(open_in(tree_read, "new", O_WRONLY | O_CREAT), EACCES);
	MUST_FAIL(open_in(tree, "file", O_WRONLY), EACCES);
	MUST_FAIL(unlink(a), EACCES);
	MUST_FAIL(truncate(a, 0), EACCES);
	/* nor see anything else, by whatever name. */
	MUST_FAIL(open_in(tree, "other", O_RDONLY), EACCES);
	MUST_FAIL(open_in(tree_read, "escape", O_RDONLY), EACCES);
	MUST_FAIL(open_in(tree_read, "../other", O_RDONLY), EACCES);
	MUST_FAIL(open_in(tree, "", O_RDONLY | O_DIRECTORY), EACCES);
	MUST_FAIL(open("/etc/passwd", O_RDONLY), EACCES);
	MUST_FAIL(open("/proc/self/maps", O_RDONLY), EACCES);
	MUST_FAIL(open("/tmp/made-by-a-job", O_WRONLY | O_CREAT, 0600), EACCES);
	/* Where the job may write it may make, change and remove files. */
	ATTACK_MUST(open_in(tree_write, "new", O_WRONLY | O_CREAT) != -1);
	(void)snprintf(a, sizeof a, "%s/new", tree_write);
	(void)snprintf(b, sizeof b, "%s/newer", tree_write);
	ATTACK_MUST(rename(a, b) == 0 && mkdir(a, 0700) == 0 && rmdir(a) == 0);
	(void)snprintf(a, sizeof a, "%s/moved", tree);
	ATTACK_MUST(rename(b, a) == -1 && (errno == EACCES || errno == EXDEV));
	ATTACK_MUST(link(b, a) == -1 && (errno == EACCES || errno == EXDEV || errno == EPERM));
	(void)snprintf(a, sizeof a, "%s/link", tree_write);
	/*
	 * Links that others might follow, and fifos that others might wait for, only programs may
	 * make.
	 */
	MUST_FAIL(symlink("../other", a), EACCES);
	ATTACK_MUST(mkfifo(a, 0600) == -1);
	ATTACK_MUST(unlink(b) == 0);
	MUST_FAIL(chmod(tree_write, 0700), EPERM);
	return 0;
}

static void
files_body(struct attack_scene *scene, const void *arg)
{
	struct stat st;

	(void)arg;
	ck_assert_uint_eq(forkpool_layers(scene->pool) & FORKPOOL_LAYER_FILES,
	    FORKPOOL_LAYER_FILES);
	job_must(scene, uses_files);
	ck_assert(stat(tree_write, &st) == 0 && (st.st_mode & 0777) == 0777 && st.st_nlink == 2);
}

START_TEST(files_opened_up)
{
	struct forkpool_options options = support_options(2);
	struct forkpool_sandbox sandbox = { 0 };

	const char *readable[] = { tree_read, tree_file, NULL }, *writable[] = { tree_write, NULL };
	sandbox.readable = readable;
	sandbox.writable = writable;
	options.sandbox = &sandbox;
	attack_in((enum attack_mode)_i, &options, files_body, NULL);
}
END_TEST

/* -------------------------------------------------------------------------------------- network */

static int
connects(struct forkpool_context *context, const void *args, size_t args_len)
{
	const struct attack_knowledge *known = attack_known(args, args_len);
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	int fd = socket(AF_INET, SOCK_STREAM, 0);
	in.sin_port = htons(known->tcp);
	ATTACK_MUST(fd != -1 && connect(fd, (struct sockaddr *)&in, sizeof in) == 0 &&
	    close(fd) == 0);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	in.sin_port = htons(known->udp);
	ATTACK_MUST(fd != -1 && sendto(fd, "x", 1, 0, (struct sockaddr *)&in, sizeof in) == 1 &&
	    close(fd) == 0);
	ATTACK_MUST(socket(AF_UNIX, SOCK_STREAM, 0) == -1);
	ATTACK_MUST(socket(AF_NETLINK, SOCK_RAW, 0) == -1);
	ATTACK_MUST(socket(AF_PACKET, SOCK_RAW, 0) == -1);
	ATTACK_MUST(socket(AF_INET, SOCK_RAW, 1) == -1);
	MUST_FAIL(open("/etc/passwd", O_RDONLY), EACCES);
	return 0;
}

/* In a network namespace of its own nobody listens. */
static int
connects_to_nobody(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	int fd = socket(AF_INET, SOCK_STREAM, 0);
	in.sin_port = htons(attack_known(args, args_len)->tcp);
	ATTACK_MUST(fd != -1 && connect(fd, (struct sockaddr *)&in, sizeof in) == -1 &&
	    close(fd) == 0);
	return 0;
}

static void
network_body(struct attack_scene *scene, const void *arg)
{
	char byte;

	(void)arg;
	ck_assert_uint_eq(forkpool_layers(scene->pool) & FORKPOOL_LAYER_NETWORK, 0);
	job_must(scene, connects);
	/* The three jobs came; nobody else did. */
	for (int i = 0; i < 3; i++) {
		int fd = accept(scene->tcp, NULL, NULL);
		ck_assert_int_ne(fd, -1);
		(void)close(fd);
		ck_assert_int_eq(recv(scene->udp, &byte, 1, MSG_DONTWAIT), 1);
	}
}

static void
lonely_body(struct attack_scene *scene, const void *arg)
{
	char own[64] = "", its[64] = "", path[64];

	(void)arg;
	ck_assert_uint_eq(forkpool_layers(scene->pool) & FORKPOOL_LAYER_NAMESPACES,
	    FORKPOOL_LAYER_NAMESPACES);
	job_must(scene, connects_to_nobody);
	static const char *const kinds[] = { "net", "ipc", "uts" };
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0] && getuid() == 0; i++) {
		(void)snprintf(path, sizeof path, "/proc/self/ns/%s", kinds[i]);
		ck_assert_int_gt(readlink(path, own, sizeof own - 1), 0);
		for (unsigned w = 0; w < ATTACK_WORKERS; w++) {
			(void)snprintf(path, sizeof path, "/proc/%d/ns/%s",
			    (int)scene->known.worker[w], kinds[i]);
			ck_assert_int_gt(readlink(path, its, sizeof its - 1), 0);
			ck_assert_str_ne(own, its);
		}
	}
}

START_TEST(network_opened_up)
{
	static const struct forkpool_sandbox network = { .network = 1 };
	static const struct forkpool_sandbox lonely = { .network = 1, .namespaces = 1 };
	struct forkpool_options options = support_options(2);

	options.sandbox = _i / ATTACK_MODES ? &lonely : &network;
	if (SANDBOXES & 1u << _i % ATTACK_MODES)
		attack_in((enum attack_mode)(_i % ATTACK_MODES), &options,
		    _i / ATTACK_MODES ? lonely_body : network_body, NULL);
}
END_TEST

/* ------------------------------------------------------------------------------------- programs */

static int
runs(const char *program)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		(void)execl(program, program, (char *)NULL);
		_exit(errno);
	}
	if (pid == -1 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static int
runs_programs(struct forkpool_context *context, const void *args, size_t args_len)
{
	char path[256];

	const struct attack_knowledge *known = attack_known(args, args_len);
	ATTACK_MUST(runs("/bin/true") == 0);
	ATTACK_MUST(runs("/bin/false") == 1);
	(void)snprintf(path, sizeof path, "%s/program", tree);
	ATTACK_MUST(runs(path) == EACCES);
	MUST_FAIL(open("/etc/passwd", O_RDONLY), EACCES);
	ATTACK_MUST(kill(known->worker[0], SIGWINCH) == -1 && kill(known->caller, SIGWINCH) == -1);
	(void)kill(-1, SIGWINCH); /* may succeed without reaching anybody */
	ATTACK_MUST(socket(AF_INET, SOCK_STREAM, 0) == -1);
	return 0;
}

#define MANY 100

/* Each process has a session of its own, ignores SIGTERM, and would stay. */
static int
leaves_many(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context;
	(void)attack_known(args, args_len);
	(void)signal(SIGTERM, SIG_IGN);
	while (atomic_fetch_add(&attack_words->bomb, 1) < MANY) {
		pid_t pid = fork();
		if (pid == -1)
			return errno;
		if (pid == 0) {
			(void)setsid();
			attack_pid_note(getpid());
		}
	}
	/*
	 * Processes that have not run when the job ends are killed before they can note their pids.
	 */
	support_await(&attack_words->processes, MANY);
	return 0;
}

static void
programs_body(struct attack_scene *scene, const void *arg)
{
	static const struct attack leaves = { "leaves many", leaves_many, .sandbox = ENDS(OK) };

	(void)arg;
	job_must(scene, runs_programs);
	attack_run(scene, &leaves);
	attack_pids_gone(scene, MANY);
}

START_TEST(programs_opened_up)
{
	static const char *const readable[] = { "/bin", "/lib", "/usr", NULL };
	static const char *const with_lib64[] = { "/bin", "/lib", "/usr", "/lib64", NULL };
	struct forkpool_options options = support_options(2);
	struct forkpool_sandbox sandbox = { .exec = 1 };

	sandbox.readable = access("/lib64", F_OK) == 0 ? with_lib64 : readable;
	options.sandbox = &sandbox;
	if (SANDBOXES & 1u << _i)
		attack_in((enum attack_mode)_i, &options, programs_body, NULL);
}
END_TEST

/* --------------------------------------------------------------------------------- identity */

static int
waits_to_be_seen(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context;
	(void)attack_known(args, args_len);
	atomic_store(&attack_words->neighbour, (int32_t)getpid());
	support_post(&attack_words->started);
	support_await(&attack_words->over, 1);
	return 0;
}

static void
status_line(pid_t pid, const char *name, char *value, size_t size)
{
	char path[64], line[256];

	value[0] = '\0';
	(void)snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	FILE *status = fopen(path, "re");
	ck_assert_ptr_nonnull(status);
	while (fgets(line, sizeof line, status) != NULL)
		if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':') {
			const char *at = line + strlen(name) + 1;
			at += strspn(at, " \t");
			(void)snprintf(value, size, "%.*s", (int)strcspn(at, "\n"), at);
		}
	(void)fclose(status);
}

static void
line_is(pid_t pid, const char *name, const char *wanted)
{
	char value[256];

	status_line(pid, name, value, sizeof value);
	ck_assert_msg(strncmp(value, wanted, strlen(wanted)) == 0, "%s of a job is %s, not %s",
	    name, value, wanted);
}

static void
identity_body(struct attack_scene *scene, const void *arg)
{
	const struct forkpool_sandbox *sandbox = arg;
	unsigned long uid = getuid(), gid = getgid(); /* for -1, and for an ordinary user */
	if (sandbox->uid != 0 && sandbox->uid != (uid_t)-1)
		uid = sandbox->uid;
	if (sandbox->gid != 0 && sandbox->gid != (gid_t)-1)
		gid = sandbox->gid;
	else if (sandbox->gid == 0 && getuid() == 0)
		gid = 65534;
	char wanted[128], link[64], path[64];

	(void)support_submit(scene->pool, waits_to_be_seen, &scene->known, sizeof scene->known);
	const struct forkpool_result *result = NULL;
	ck_assert_int_eq(forkpool_wait(scene->pool, &result, 0), 0);
	support_await(&scene->words->started, 1);
	pid_t job = (pid_t)atomic_load(&scene->words->neighbour);
	status_line(job, "PPid", wanted, sizeof wanted);
	if (sandbox->uid == 0 && getuid() == 0)
		uid = (unsigned long)user_of_worker((pid_t)strtol(wanted, NULL, 10));
	(void)snprintf(wanted, sizeof wanted, "%lu\t%lu\t%lu\t%lu", uid, uid, uid, uid);
	line_is(job, "Uid", wanted);
	(void)snprintf(wanted, sizeof wanted, "%lu\t%lu\t%lu\t%lu", gid, gid, gid, gid);
	line_is(job, "Gid", wanted);
	if (getuid() == 0) {
		status_line(job, "Groups", wanted, sizeof wanted);
		ck_assert_str_eq(wanted, "");
	}
	static const char *const capabilities[] = { "CapInh", "CapPrm", "CapEff", "CapAmb" };
	for (size_t i = 0; i < sizeof capabilities / sizeof capabilities[0]; i++)
		line_is(job, capabilities[i], "0000000000000000");
	line_is(job, "NoNewPrivs", "1");
	line_is(job, "Seccomp", "2");
	for (int fd = 0; fd < 10 && getuid() == 0; fd++) {
		(void)snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)job, fd);
		ssize_t n = readlink(path, link, sizeof link);
		ck_assert_msg((n != -1) == (fd < 3), "descriptor %d of a job is %.*s", fd, (int)n,
		    link);
		ck_assert_msg(fd >= 3 || (n == 9 && memcmp(link, "/dev/null", 9) == 0),
		    "descriptor %d of a job is %.*s", fd, (int)n, link);
	}
	atomic_store(&scene->words->over, 1);
	ck_assert_int_eq(support_wait(scene->pool)->outcome, FORKPOOL_OK);
}

START_TEST(who_it_is)
{
	static const struct forkpool_sandbox identities[] = { { .uid = 0 },
		{ .uid = 1234, .gid = 4321 }, { .uid = (uid_t)-1, .gid = (gid_t)-1 },
		{ .uid = (uid_t)-1 }, { .gid = 99 }, { .namespaces = 1 } };
	const struct forkpool_sandbox *sandbox = &identities[_i / ATTACK_MODES];
	enum attack_mode mode = (enum attack_mode)(_i % ATTACK_MODES);
	int is_other = (sandbox->uid != 0 && sandbox->uid != (uid_t)-1) ||
	    (sandbox->gid != 0 && sandbox->gid != (gid_t)-1);
	struct forkpool_options options = support_options(2);

	options.sandbox = sandbox;
	options.output = FORKPOOL_OUTPUT_DISCARD;
	if ((mode == ATTACK_SANDBOX || mode == ATTACK_SANDBOX_USER) &&
	    !(is_other && (mode == ATTACK_SANDBOX_USER || getuid() != 0)))
		attack_in(mode, &options, identity_body, sandbox);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("jobs in sandboxes");
	TCase *tc = support_case("opened up", 60);

	if (tree_make() == -1) {
		perror(tree);
		return EXIT_FAILURE;
	}
	tcase_add_loop_test(tc, files_opened_up, ATTACK_SANDBOX, ATTACK_MODES);
	tcase_add_loop_test(tc, network_opened_up, 0, 2 * ATTACK_MODES);
	tcase_add_loop_test(tc, programs_opened_up, 0, ATTACK_MODES);
	tcase_add_loop_test(tc, who_it_is, 0, 6 * ATTACK_MODES);
	suite_add_tcase(suite, tc);
	int status = attack_main(suite);
	tree_remove();
	return status;
}
