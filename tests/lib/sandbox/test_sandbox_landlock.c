/* SPDX-License-Identifier: BSD-2-Clause */
/* What a job's process can still reach with a Landlock ruleset on, as root and as an ordinary user. */
#include "config.h"
#include "tests/support/support.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include "lib/sandbox/landlock.h"
#include "tests/support/users.h"

#define SELF_PROGRAM "/bin/true"

/* base/readable/file, base/writable/, base/secret/file; a job's user could do anything to them. */
static char base[64];

static char *
path_of(const char *name)
{
	static char paths[8][128];
	static unsigned next;
	char *path = paths[next++ % 8];

	(void)snprintf(path, sizeof paths[0], "%s/%s", base, name);
	return path;
}

static int
remove_one(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void
directory_end(void)
{
	(void)nftw(base, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void
file_make(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(write(fd, "text", 4), 4);
	ck_assert_int_eq(fchmod(fd, 0666), 0);
	ck_assert_int_eq(close(fd), 0);
}

static void
directory_begin(void)
{
	static const char *const names[] = { "readable", "readable/below", "writable",
		"writable/below", "secret" };

	(void)snprintf(base, sizeof base, "/tmp/forkpool-landlock-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(base));
	ck_assert_int_eq(chmod(base, 0777), 0);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		ck_assert_int_eq(mkdir(path_of(names[i]), 0777), 0);
		ck_assert_int_eq(chmod(path_of(names[i]), 0777), 0);
	}
	file_make(path_of("readable/file"));
	file_make(path_of("readable/below/file"));
	file_make(path_of("secret/file"));
	file_make(path_of("secret/sibling"));
}

static int
landlock_missing(int layer, const char *test)
{
	struct sandbox_landlock landlock;
	struct landlock_wants wants = { .network = false };

	ck_assert_int_eq(landlock_build(&landlock, &wants, NULL, 0), 0);
	int missing = !(landlock.layers & (unsigned)layer);
	if (missing)
		(void)skip(test,
		    landlock.abi == 0 ? "no Landlock" : "the kernel's Landlock is too old");
	landlock_release(&landlock);
	return missing;
}

/* What the test's body enters; built there, that is, by the user. */
static struct landlock_wants wants;

static void
enter(void)
{
	struct sandbox_landlock landlock;
	char error[256] = "";

	if (landlock_build(&landlock, &wants, error, sizeof error) == -1)
		(void)fprintf(stderr, "# %s\n", error);
	CHILD_CHECK(landlock.fd > 2);
	CHILD_CHECK(fcntl(landlock.fd, F_GETFD) & FD_CLOEXEC);
	CHILD_CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHILD_CHECK(landlock_enter(&landlock) == 0);
	landlock_release(&landlock);
	CHILD_CHECK(landlock.fd == -1);
}

static int
opens(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0666);

	return fd == -1 ? -1 : close(fd);
}

static void
with_nothing(void)
{
	wants = (struct landlock_wants){ .readable = NULL };
	enter();
	CHILD_DENIED(opens("/", O_RDONLY | O_DIRECTORY), EACCES);
	CHILD_DENIED(opens("/dev/null", O_RDWR), EACCES);
	CHILD_DENIED(opens("/etc/passwd", O_RDONLY), EACCES);
	CHILD_DENIED(opens("/proc/self/mem", O_RDWR), EACCES);
	CHILD_DENIED(opens(path_of("readable/file"), O_RDONLY), EACCES);
	CHILD_DENIED(opens(path_of("writable/new"), O_WRONLY | O_CREAT), EACCES);
	CHILD_DENIED(truncate(path_of("readable/file"), 0), EACCES);
	CHILD_DENIED(unlink(path_of("readable/file")), EACCES);
	CHILD_DENIED(mkdir(path_of("writable/new"), 0777), EACCES);
	CHILD_DENIED(execl(SELF_PROGRAM, SELF_PROGRAM, (char *)NULL), EACCES);
}

static void
with_directories(void)
{
	const char *readable[] = { path_of("readable"), NULL };
	const char *writable[] = { path_of("writable"), NULL };
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	char text[8];

	wants = (struct landlock_wants){ .readable = readable, .writable = writable };
	enter();

	int fd = open(path_of("readable/below/file"), O_RDONLY | O_CLOEXEC);
	CHILD_CHECK(fd != -1 && read(fd, text, sizeof text) == 4 && close(fd) == 0);
	CHILD_CHECK(opens(path_of("readable"), O_RDONLY | O_DIRECTORY) == 0);
	CHILD_DENIED(opens(path_of("readable/file"), O_WRONLY), EACCES);
	CHILD_DENIED(opens(path_of("readable/file"), O_RDONLY | O_TRUNC), EACCES);
	CHILD_DENIED(opens(path_of("readable/new"), O_WRONLY | O_CREAT), EACCES);
	CHILD_DENIED(truncate(path_of("readable/file"), 0), EACCES);
	CHILD_DENIED(unlink(path_of("readable/file")), EACCES);
	CHILD_DENIED(mkdir(path_of("readable/new"), 0777), EACCES);
	CHILD_DENIED(rmdir(path_of("readable/below")), EACCES);
	CHILD_DENIED(rename(path_of("readable/file"), path_of("readable/other")), EACCES);
	CHILD_DENIED(opens(path_of("secret/file"), O_RDONLY), EACCES);
	CHILD_DENIED(opens(path_of("readable/../secret/file"), O_RDONLY), EACCES);
	CHILD_DENIED(opens(path_of("secret"), O_RDONLY | O_DIRECTORY), EACCES);
	CHILD_DENIED(opens(base, O_RDONLY | O_DIRECTORY), EACCES);

	fd = open(path_of("writable/new"), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	CHILD_CHECK(
	    fd != -1 && write(fd, "text", 4) == 4 && ftruncate(fd, 2) == 0 && close(fd) == 0);
	CHILD_CHECK(truncate(path_of("writable/new"), 0) == 0);
	CHILD_CHECK(mkdir(path_of("writable/dir"), 0777) == 0);
	CHILD_CHECK(rename(path_of("writable/new"), path_of("writable/dir/new")) == 0);
	CHILD_CHECK(link(path_of("writable/dir/new"), path_of("writable/below/linked")) == 0);
	CHILD_CHECK(unlink(path_of("writable/below/linked")) == 0);
	CHILD_CHECK(unlink(path_of("writable/dir/new")) == 0);
	CHILD_CHECK(rmdir(path_of("writable/dir")) == 0);
	CHILD_CHECK(opens(path_of("writable"), O_RDONLY | O_DIRECTORY) == 0);
	CHILD_CHECK(link(path_of("readable/file"), path_of("writable/linked")) == -1);
	CHILD_CHECK(rename(path_of("secret/file"), path_of("writable/moved")) == -1);

	/* Traps for whoever reads there later, and devices. */
	CHILD_DENIED(symlink("/etc/passwd", path_of("writable/symlink")), EACCES);
	CHILD_DENIED(mkfifo(path_of("writable/fifo"), 0666), EACCES);
	CHILD_CHECK(mknod(path_of("writable/device"), S_IFCHR | 0666, makedev(1, 3)) == -1);
	CHILD_CHECK(mknod(path_of("writable/device"), S_IFBLK | 0666, makedev(7, 0)) == -1);
	CHILD_CHECK(mknod(path_of("writable/whiteout"), S_IFCHR | 0666, 0) == -1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHILD_CHECK(fd != -1);
	(void)snprintf(name.sun_path, sizeof name.sun_path, "%s", path_of("writable/socket"));
	CHILD_DENIED(bind(fd, (struct sockaddr *)&name, sizeof name), EACCES);
}

/* A path that is a file opens up that file, and not its neighbour; a device too, without ioctl. */
static void
with_files(void)
{
	const char *readable[] = { path_of("readable/file"), "/dev/zero", NULL };
	const char *writable[] = { path_of("secret/file"), "/dev/null", NULL };

	wants = (struct landlock_wants){ .readable = readable, .writable = writable };
	enter();
	CHILD_CHECK(opens(path_of("readable/file"), O_RDONLY) == 0);
	CHILD_DENIED(opens(path_of("readable/file"), O_RDWR), EACCES);
	CHILD_DENIED(opens(path_of("readable/below/file"), O_RDONLY), EACCES);
	CHILD_CHECK(opens(path_of("secret/file"), O_RDWR | O_TRUNC) == 0);
	CHILD_DENIED(opens(path_of("secret/sibling"), O_RDONLY), EACCES);
	CHILD_DENIED(unlink(path_of("secret/file")), EACCES);
	CHILD_CHECK(opens("/dev/zero", O_RDONLY) == 0);
	CHILD_DENIED(opens("/dev/zero", O_RDWR), EACCES);
	CHILD_CHECK(opens("/dev/null", O_RDWR) == 0);
}

START_TEST(files_are_those_opened_up)
{
	if (landlock_missing(FORKPOOL_LAYER_FILES, "files") || user_missing(_i, "files"))
		return;
	user_run(_i, with_nothing);
	user_run(_i, with_directories);
	user_run(_i, with_files);
}
END_TEST

static int
program_status(const char *path)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		(void)execl(path, path, (char *)NULL);
		_exit(errno == EACCES ? 126 : 127);
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
copy_program(const char *to)
{
	static char bytes[1 << 20];
	int in = open(SELF_PROGRAM, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0777);
	ssize_t n = read(in, bytes, sizeof bytes);

	CHILD_CHECK(n > 0 && write(out, bytes, (size_t)n) == n && fchmod(out, 0777) == 0);
	CHILD_CHECK(close(in) == 0 && close(out) == 0);
}

static const char *programs[] = { "/bin", "/usr", "/lib", "/lib64", NULL };

static void
with_exec(void)
{
	const char *writable[] = { path_of("writable"), NULL };

	(void)unlink(path_of("secret/program"));
	copy_program(path_of("secret/program"));
	if (access("/lib64", F_OK) == -1)
		programs[3] = NULL;
	wants = (struct landlock_wants){ .readable = programs, .writable = writable, .exec = true };
	enter();
	copy_program(path_of("writable/program"));
	CHILD_CHECK(program_status(SELF_PROGRAM) == 0);
	CHILD_CHECK(program_status(path_of("writable/program")) == 0);
	CHILD_CHECK(program_status(path_of("secret/program")) == 126);
	CHILD_CHECK(symlink("program", path_of("writable/symlink")) == 0 &&
	    unlink(path_of("writable/symlink")) == 0);
	CHILD_CHECK(
	    mkfifo(path_of("writable/fifo"), 0666) == 0 && unlink(path_of("writable/fifo")) == 0);
	CHILD_CHECK(unlink(path_of("writable/program")) == 0);
}

static void
without_exec(void)
{
	if (access("/lib64", F_OK) == -1)
		programs[3] = NULL;
	wants = (struct landlock_wants){ .readable = programs };
	enter();
	CHILD_CHECK(opens(SELF_PROGRAM, O_RDONLY) == 0);
	CHILD_CHECK(program_status(SELF_PROGRAM) == 126);
}

START_TEST(programs_need_exec)
{
	if (landlock_missing(FORKPOOL_LAYER_FILES, "programs") || user_missing(_i, "programs"))
		return;
	user_run(_i, with_exec);
	user_run(_i, without_exec);
}
END_TEST

static struct sockaddr_in listener;

static int
tcp_connect(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int r = connect(fd, (struct sockaddr *)&listener, sizeof listener);
	int saved = errno;

	(void)close(fd);
	errno = saved;
	return r;
}

static int
tcp_bind(void)
{
	struct sockaddr_in any = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int r = bind(fd, (struct sockaddr *)&any, sizeof any);
	int saved = errno;

	(void)close(fd);
	errno = saved;
	return r;
}

static void
without_network(void)
{
	wants = (struct landlock_wants){ .network = false };
	enter();
	CHILD_DENIED(tcp_connect(), EACCES);
	CHILD_DENIED(tcp_bind(), EACCES);
}

static void
with_network(void)
{
	wants = (struct landlock_wants){ .network = true };
	enter();
	CHILD_CHECK(tcp_connect() == 0);
	CHILD_CHECK(tcp_bind() == 0);
}

START_TEST(tcp_needs_network)
{
	socklen_t len = sizeof listener;

	if (landlock_missing(FORKPOOL_LAYER_NETWORK, "TCP") || user_missing(_i, "TCP"))
		return;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ne(fd, -1);
	listener = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	if (bind(fd, (struct sockaddr *)&listener, sizeof listener) == -1 || listen(fd, 8) == -1 ||
	    getsockname(fd, (struct sockaddr *)&listener, &len) == -1 || tcp_connect() == -1)
		(void)skip("TCP", "no loopback interface");
	else {
		user_run(_i, without_network);
		user_run(_i, with_network);
	}
	ck_assert_int_eq(close(fd), 0);
}
END_TEST

static struct sockaddr_un abstract;
static socklen_t abstract_len;
static volatile sig_atomic_t signals_seen;

static void
signal_seen(int signo)
{
	(void)signo;
	signals_seen++;
}

static int
abstract_connect(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int r = connect(fd, (struct sockaddr *)&abstract, abstract_len);
	int saved = errno;

	(void)close(fd);
	errno = saved;
	return r;
}

static void
alone(void)
{
	int status;

	/* With a network as well. */
	wants = (struct landlock_wants){ .network = true };
	enter();
	CHILD_DENIED(kill(getppid(), SIGUSR1), EPERM);
	CHILD_DENIED(kill(getppid(), 0), EPERM);
	CHILD_DENIED(abstract_connect(), EPERM);
	/* Its own it can reach. */
	pid_t pid = fork();
	if (pid == 0)
		for (;;)
			(void)pause();
	CHILD_CHECK(kill(pid, SIGKILL) == 0);
	CHILD_CHECK(
	    waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void
not_alone(void)
{
	CHILD_CHECK(abstract_connect() == 0);
}

/* An ordinary user's child could signal the test only if that were of the same user, so that one is, too. */
static void
among_equals(void)
{
	struct sigaction action = { .sa_handler = signal_seen };

	CHILD_CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
	for (int sandboxed = 0; sandboxed < 2; sandboxed++) {
		int status;
		pid_t pid = fork();
		if (pid == 0) {
			if (sandboxed)
				alone();
			else
				CHILD_CHECK(kill(getppid(), SIGUSR1) == 0);
			_exit(0);
		}
		while (waitpid(pid, &status, 0) == -1)
			CHILD_CHECK(errno == EINTR);
		CHILD_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
		CHILD_CHECK(signals_seen == 1);
	}
}

START_TEST(nobody_outside_is_reached)
{
	if (landlock_missing(FORKPOOL_LAYER_SIGNALS, "signals") || user_missing(_i, "signals"))
		return;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ne(fd, -1);
	abstract = (struct sockaddr_un){ .sun_family = AF_UNIX };
	int n = snprintf(abstract.sun_path + 1, sizeof abstract.sun_path - 1, "forkpool-test-%ld",
	    (long)getpid());
	abstract_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&abstract, abstract_len), 0);
	ck_assert_int_eq(listen(fd, 8), 0);
	user_run(_i, not_alone);
	user_run(_i, among_equals);
	ck_assert_int_eq(close(fd), 0);
}
END_TEST

START_TEST(a_path_that_is_not_there_is_named)
{
	const char *missing[] = { base, path_of("missing"), NULL };
	struct landlock_wants readable = { .readable = missing };
	struct landlock_wants writable = { .writable = missing };
	struct sandbox_landlock landlock;
	char error[256], expected[256];

	ck_assert_int_eq(landlock_build(&landlock, &readable, error, sizeof error), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(landlock.fd, -1);
	(void)snprintf(expected, sizeof expected,
	    "sandbox: readable path %s: No such file or directory", missing[1]);
	ck_assert_str_eq(error, expected);
	ck_assert_int_eq(landlock_build(&landlock, &writable, error, sizeof error), -1);
	(void)snprintf(expected, sizeof expected,
	    "sandbox: writable path %s: No such file or directory", missing[1]);
	ck_assert_str_eq(error, expected);
	ck_assert_int_eq(landlock_build(&landlock, &writable, NULL, 0), -1);
	landlock_release(&landlock);
}
END_TEST

START_TEST(what_it_gives_is_told)
{
	struct landlock_wants network = { .network = true };
	struct sandbox_landlock landlock;

	ck_assert_int_eq(landlock_build(&landlock, &network, NULL, 0), 0);
	ck_assert_int_eq((int)(landlock.layers & FORKPOOL_LAYER_NETWORK), 0);
	ck_assert_int_eq(landlock.abi >= 1, landlock.fd != -1);
	ck_assert_int_eq(landlock.abi >= 1, landlock.error == 0);
	ck_assert_int_eq(landlock.abi >= 3, (landlock.layers & FORKPOOL_LAYER_FILES) != 0);
	ck_assert_int_eq(landlock.abi == 1 || landlock.abi == 2, landlock.truncates);
	ck_assert_int_eq(landlock.abi >= 6, (landlock.layers & FORKPOOL_LAYER_SIGNALS) != 0);
	landlock_release(&landlock);
	landlock_release(&landlock);
	ck_assert_int_eq(landlock_enter(&landlock), 0);
}
END_TEST

static void
with_standard_streams_closed(void)
{
	/* Those that the sanitizers and CHILD_CHECK() write to are kept. */
	CHILD_CHECK(close(0) == 0);
	wants = (struct landlock_wants){ .readable = NULL };
	enter();
	CHILD_DENIED(close(0), EBADF);
}

START_TEST(closed_standard_streams_are_not_taken)
{
	if (!landlock_missing(0x7fffffff, "closed streams"))
		user_run(USER_OTHER, with_standard_streams_closed);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sandbox_landlock");
	TCase *tc = support_case("sandbox_landlock", 60);

	tcase_add_unchecked_fixture(tc, directory_begin, directory_end);
	tcase_add_loop_test(tc, files_are_those_opened_up, 0, USERS);
	tcase_add_loop_test(tc, programs_need_exec, 0, USERS);
	tcase_add_loop_test(tc, tcp_needs_network, 0, USERS);
	tcase_add_loop_test(tc, nobody_outside_is_reached, 0, USERS);
	tcase_add_test(tc, a_path_that_is_not_there_is_named);
	tcase_add_test(tc, what_it_gives_is_told);
	tcase_add_test(tc, closed_standard_streams_are_not_taken);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}
