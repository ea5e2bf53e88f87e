/* SPDX-License-Identifier: BSD-2-Clause */
/* Landlock and files: which files and programs a job's process can still reach, as root and as an
   ordinary user. */
#include "config.h"
#include "tests/support/support.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include "lib/sandbox/landlock.h"
#include "tests/support/landlocked.h"
#include "tests/support/users.h"

#define SELF_PROGRAM "/bin/true"

/* Has readable/file, writable/ and secret/file.  Their modes allow every user everything. */
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
opens(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0666);

	return fd == -1 ? -1 : close(fd);
}

static void
with_nothing(void)
{
	landlocked_enter(&(struct landlock_wants){ .readable = NULL });
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

	landlocked_enter(&(struct landlock_wants){ .readable = readable, .writable = writable });

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

	/* No traps for whoever reads there later, and no devices. */
	CHILD_DENIED(symlink("/etc/passwd", path_of("writable/symlink")), EACCES);
	CHILD_DENIED(mkfifo(path_of("writable/fifo"), 0666), EACCES);
	CHILD_CHECK(mknod(path_of("writable/device"), S_IFCHR | 0666, makedev(1, 3)) == -1);
	CHILD_CHECK(mknod(path_of("writable/device"), S_IFBLK | 0666, makedev(7, 0)) == -1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHILD_CHECK(fd != -1);
	(void)snprintf(name.sun_path, sizeof name.sun_path, "%s", path_of("writable/socket"));
	CHILD_DENIED(bind(fd, (struct sockaddr *)&name, sizeof name), EACCES);
}

/* The path of a file opens up that file and no other in its directory; the path of a device
   likewise. */
static void
with_files(void)
{
	const char *readable[] = { path_of("readable/file"), "/dev/zero", NULL };
	const char *writable[] = { path_of("secret/file"), "/dev/null", NULL };

	landlocked_enter(&(struct landlock_wants){ .readable = readable, .writable = writable });
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
	landlocked_enter(&(struct landlock_wants){
	    .readable = programs, .writable = writable, .exec = true });
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
	landlocked_enter(&(struct landlock_wants){ .readable = programs });
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
	/* Standard output and error stay open for the sanitizers and CHILD_CHECK(). */
	CHILD_CHECK(close(0) == 0);
	landlocked_enter(&(struct landlock_wants){ .readable = NULL });
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
	tcase_add_test(tc, a_path_that_is_not_there_is_named);
	tcase_add_test(tc, what_it_gives_is_told);
	tcase_add_test(tc, closed_standard_streams_are_not_taken);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}
