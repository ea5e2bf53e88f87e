/* SPDX-License-Identifier: BSD-2-Clause */
/* A private root: what a job sees, what it can write, and that no way leads out. */
#include "config.h"
#include "tests/support/support.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>

#include "tests/support/jail.h"

static struct jail jail;
static char place[PATH_MAX];   /* a directory for one test */

/* A path in place; the last sixteen stay valid. */
static const char *
in(const char *name)
{
	static char texts[16][PATH_MAX + 64];
	static unsigned n;
	char *text = texts[n++ % 16];

	(void)snprintf(text, sizeof texts[0], "%s/%s", place, name);
	return text;
}

static void
make_file(const char *name)
{
	int fd = open(in(name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

	CHILD_CHECK(fd != -1);
	CHILD_CHECK(write(fd, "text", 4) == 4);
	CHILD_CHECK(close(fd) == 0);
}

static void
make_directory(const char *name)
{
	CHILD_CHECK(mkdir(in(name), 0777) == 0);
}

/* As the test's user: place has
   read/{file,deep/{file},write/{file,read/{file}}}, link -> read, hidden. */
static void
place_fill(void)
{
	(void)umask(0);
	CHILD_CHECK(mkdir(place, 0755) == 0);
	make_directory("read");
	make_file("read/file");
	make_directory("read/deep");
	make_file("read/deep/file");
	make_directory("read/write");
	make_file("read/write/file");
	make_directory("read/write/read");
	make_file("read/write/read/file");
	CHILD_CHECK(symlink("read", in("link")) == 0);
	make_file("hidden");
	make_file("alone");
}

static int
opens(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0666);

	if (fd == -1)
		return 0;
	(void)close(fd);
	return 1;
}

/* The names in a directory, sorted, with a blank behind each. */
static const char *
names(const char *path)
{
	static char text[4096];
	struct dirent **list;
	int n = scandir(path, &list, NULL, alphasort);

	CHILD_CHECK(n >= 2);
	text[0] = '\0';
	for (int i = 0; i < n; i++)
		if (list[i]->d_name[0] != '.') {
			(void)strlcat(text, list[i]->d_name, sizeof text);
			(void)strlcat(text, " ", sizeof text);
		}
	return text;
}

static void
is_denied(const char *path, int flags, int error)
{
	CHILD_DENIED(open(path, flags, 0666), error);
}

/* ------------------------------------------------------------------------- what there is to see */

static void
job_sees(void)
{
	char top[NAME_MAX + 2];
	struct stat st, up;
	char directory[PATH_MAX];

	/* place is in /tmp. */
	CHILD_CHECK(strcmp(names("/"), "dev proc tmp ") == 0);
	CHILD_CHECK(strcmp(names("/dev"),
	    "fd full null random shm stderr stdin stdout urandom zero ") == 0);
	(void)snprintf(top, sizeof top, "%s ", strrchr(place, '/') + 1);
	CHILD_CHECK(strcmp(names("/tmp"), top) == 0);
	CHILD_CHECK(strcmp(names(place), "alone link read ") == 0);
	CHILD_CHECK(strcmp(names(in("read")), "deep file write ") == 0);
	CHILD_CHECK(strcmp(names("/dev/shm"), "") == 0);
	CHILD_CHECK(stat("/", &st) == 0 && stat("/..", &up) == 0);
	CHILD_CHECK(st.st_ino == up.st_ino && st.st_dev == up.st_dev);
	CHILD_CHECK(getcwd(directory, sizeof directory) != NULL && strcmp(directory, "/") == 0);
	/* Nobody is here but this process, and init, which may not be seen. */
	DIR *proc = opendir("/proc");
	CHILD_CHECK(proc != NULL);
	for (struct dirent *entry; (entry = readdir(proc)) != NULL;)
		CHILD_CHECK(atol(entry->d_name) <= 1 || atol(entry->d_name) == getpid());
	(void)closedir(proc);
	CHILD_CHECK(opens("/proc/self/maps", O_RDONLY));
	CHILD_CHECK(opens("/dev/null", O_WRONLY) && opens("/dev/urandom", O_RDONLY));
}

static void
job_writes(void)
{
	CHILD_CHECK(opens(in("read/file"), O_RDONLY) && opens(in("link/deep/file"), O_RDONLY));
	is_denied(in("read/file"), O_WRONLY, EROFS);
	is_denied(in("read/new"), O_WRONLY | O_CREAT, EROFS);
	is_denied(in("read/deep/file"), O_RDWR, EROFS);
	CHILD_CHECK(opens(in("read/write/new"), O_WRONLY | O_CREAT | O_EXCL));
	CHILD_CHECK(unlink(in("read/write/new")) == 0);
	CHILD_CHECK(opens(in("read/write/file"), O_RDWR | O_TRUNC));
	CHILD_CHECK(opens(in("read/write/read/file"), O_RDONLY));
	is_denied(in("read/write/read/file"), O_WRONLY, EROFS);
	CHILD_DENIED(unlink(in("read/write/read/file")), EROFS);
	CHILD_DENIED(rename(in("read/write/read"), in("read/write/other")), EBUSY);
	CHILD_CHECK(opens(in("alone"), O_RDWR));
	is_denied(in("hidden"), O_RDONLY, ENOENT);
	is_denied(in("new"), O_WRONLY | O_CREAT, EROFS);
	/* Root's /tmp is sticky for the job, and an ordinary user's is its own. */
	CHILD_CHECK(rmdir(place) == -1 && (errno == EBUSY || errno == EPERM));
	CHILD_CHECK(rename(place, "/tmp/other") == -1 && (errno == EBUSY || errno == EPERM));
	is_denied("/new", O_WRONLY | O_CREAT, EROFS);
	is_denied("/dev/new", O_WRONLY | O_CREAT, EROFS);
	CHILD_CHECK(!opens("/proc/sys/kernel/core_pattern", O_WRONLY));
	CHILD_CHECK(!opens("/proc/self/oom_score_adj", O_WRONLY));
	CHILD_DENIED(chmod("/dev/null", 0666), EROFS);
}

static void
job_tries_to_leave(void)
{
	struct stat st, up;

	CHILD_DENIED(umount2("/tmp", MNT_DETACH), EPERM);
	CHILD_DENIED(mount("x", "/tmp", "tmpfs", 0, NULL), EPERM);
	CHILD_DENIED(mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL), EPERM);
	CHILD_DENIED(chroot("/tmp"), EPERM);
	CHILD_DENIED(syscall(SYS_pivot_root, ".", "."), EPERM);
	CHILD_CHECK(!opens("/proc/1/root", O_RDONLY) && !opens("/proc/1/cwd", O_RDONLY));
	CHILD_CHECK(!opens("/proc/1/ns/mnt", O_RDONLY) && !opens("/proc/1/fd/3", O_RDONLY));
	CHILD_DENIED(ptrace(PTRACE_ATTACH, 1, NULL, NULL), EPERM);
	CHILD_CHECK(chdir("/proc/self/cwd/../../../..") == 0);
	CHILD_CHECK(stat(".", &st) == 0 && stat("/", &up) == 0);
	CHILD_CHECK(st.st_ino == up.st_ino && st.st_dev == up.st_dev);
	CHILD_CHECK(mknod("/tmp/device", S_IFCHR | 0666, 0x103) == -1);
}

/* The worker sees the files of this system as before. */
static void
worker_of_a_place(void)
{
	place_fill();
	const char *readable[] = { in("link"), in("read/deep"), in("read/write/read"), NULL };
	const char *writable[] = { in("read/write"), in("alone"), NULL };
	const struct private_root_wants wants = { readable, writable, 0, false };
	CHILD_CHECK(chdir("/usr") == 0);
	jail_enter(&jail, &wants);
	CHILD_CHECK(opens(in("hidden"), O_RDONLY) && opens("/proc/self/exe", O_RDONLY));
	jail_run(&jail, job_sees);
	jail_run(&jail, job_writes);
	jail_run(&jail, job_tries_to_leave);
	jail_run(&jail, job_sees);
	jail_leave(&jail);
}

static void
place_run(int user, const char *test, void (*body)(void))
{
	char command[PATH_MAX + 16];

	if (jail_lacking(user, test))
		return;
	(void)snprintf(place, sizeof place, "/tmp/private-root-%ld", (long)getpid());
	user_run(user, body);
	(void)snprintf(command, sizeof command, "rm -rf %s", place);
	ck_assert_int_eq(system(command), 0);
}

START_TEST(only_what_was_opened_up)
{
	place_run(_i, "private root", worker_of_a_place);
}
END_TEST

/* ------------------------------------------------------------------- ways in a writable path */

static void
job_moves_the_way(void)
{
	is_denied(in("read/deep/way/read/file"), O_WRONLY, EROFS);
	CHILD_DENIED(rename(in("read/deep/way"), in("read/deep/other")), EBUSY);
	CHILD_DENIED(rename(in("read/deep"), in("read/other")), EBUSY);
	CHILD_CHECK(opens(in("read/deep/way/new"), O_WRONLY | O_CREAT | O_EXCL));
	CHILD_CHECK(rename(in("read/deep/way/new"), in("read/deep/way/newer")) == 0);
	CHILD_CHECK(unlink(in("read/deep/way/newer")) == 0);
	CHILD_CHECK(mkdir(in("read/deep/beside"), 0700) == 0);
	CHILD_CHECK(rename(in("read/deep/beside"), in("read/deep/moved")) == 0);
	CHILD_CHECK(rmdir(in("read/deep/moved")) == 0);
}

/* One worker after another, as planned once. */
static void
workers_with_a_way(void)
{
	place_fill();
	make_directory("read/deep/way");
	make_directory("read/deep/way/read");
	make_file("read/deep/way/read/file");
	const char *readable[] = { in("read/deep/way/read"), NULL };
	const char *writable[] = { in("read"), NULL };
	const struct private_root_wants wants = { readable, writable, 0, false };
	const char *step = "";
	unsigned layers;
	int status;

	jail_plan(&jail, &wants);
	for (int i = 0; i < 2; i++) {
		pid_t pid = fork();
		CHILD_CHECK(pid != -1);
		if (pid == 0) {
			jail.worker = getpid();
			CHILD_CHECK(identity_enter_worker(&jail.identity, &layers, &step) == 0);
			CHILD_CHECK(
			    pid_namespace_enter_worker(&jail.ns, &jail.root, &step) == 0);
			CHILD_CHECK(pid_namespace_enter_late(&jail.ns, &step) == 0);
			jail_run(&jail, job_moves_the_way);
			jail_leave(&jail);
			_exit(0);
		}
		CHILD_CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	}
	private_root_release(&jail.root);
}

START_TEST(no_job_moves_the_way_to_a_path)
{
	place_run(_i, "ways", workers_with_a_way);
}
END_TEST

/* ---------------------------------------------------------------------- the working directory */

static const char *expected_directory;

static void
job_is_somewhere(void)
{
	char directory[PATH_MAX];

	CHILD_CHECK(getcwd(directory, sizeof directory) != NULL);
	CHILD_CHECK(strcmp(directory, expected_directory) == 0);
}

static void
worker_that_is_somewhere(void)
{
	const char *readable[] = { "read", NULL }; /* relative */
	const struct private_root_wants wants = { readable, NULL, 0, false };

	place_fill();
	CHILD_CHECK(chdir(place) == 0);
	expected_directory = place;
	jail_plan(&jail, &wants);
	private_root_release(&jail.root);
	CHILD_CHECK(chdir(in("read/deep")) == 0);
	readable[0] = "../../link";
	expected_directory = in("read/deep");
	jail_enter(&jail, &wants);
	jail_run(&jail, job_is_somewhere);
	jail_leave(&jail);
}

START_TEST(the_directory_is_kept_where_it_is_seen)
{
	place_run(_i, "working directory", worker_that_is_somewhere);
}
END_TEST

/* ----------------------------------------------------------------------------- mounts, all of / */

static void
job_under_all(void)
{
	CHILD_CHECK(opens(in("hidden"), O_RDONLY) && opens("/bin/sh", O_RDONLY));
	is_denied(in("hidden"), O_WRONLY, EROFS);
	is_denied(in("mounted/file"), O_WRONLY, EROFS);
	is_denied(in("mounted/new"), O_WRONLY | O_CREAT, EROFS);
	CHILD_CHECK(!opens(in("mounted/null"), O_RDONLY) && errno == EACCES);
	CHILD_CHECK(opens("/tmp/new", O_WRONLY | O_CREAT | O_EXCL));
	CHILD_CHECK(opens("/dev/shm/new", O_WRONLY | O_CREAT | O_EXCL));
	CHILD_CHECK(strcmp(names("/dev"),
	    "fd full null random shm stderr stdin stdout urandom zero ") == 0);
}

/* A file system below a readable path, with a device; and the whole of "/". */
static void
worker_among_mounts(void)
{
	const char *readable[] = { "/", place, NULL };
	const struct private_root_wants wants = { readable, NULL, 0, false };

	place_fill();
	CHILD_CHECK(unshare(CLONE_NEWNS) == 0);
	CHILD_CHECK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	make_directory("mounted");
	CHILD_CHECK(mount("x", in("mounted"), "tmpfs", 0, "mode=777") == 0);
	make_file("mounted/file");
	CHILD_CHECK(mknod(in("mounted/null"), S_IFCHR | 0666, 0x103) == 0);
	jail_enter(&jail, &wants);
	jail_run(&jail, job_under_all);
	jail_run(&jail, job_under_all);
	jail_leave(&jail);
}

START_TEST(mounts_below_are_read_only_too)
{
	place_run(USER_ROOT, "mounts", worker_among_mounts);
}
END_TEST

/* ------------------------------------------------------------------------------ what is refused */

static void
refused_plans(void)
{
	const char *paths[] = { NULL, NULL };
	struct private_root_wants wants = { paths, NULL, 0, false };
	struct private_root root;
	char error[PATH_MAX + 256] = "", expected[PATH_MAX + 256];

	place_fill();
	paths[0] = in("nothing");
	CHILD_DENIED(private_root_plan(&root, &wants, error, sizeof error), ENOENT);
	(void)snprintf(expected, sizeof expected,
	    "sandbox: readable path %s: No such file or directory", paths[0]);
	CHILD_CHECK(strcmp(error, expected) == 0);
	CHILD_CHECK(symlink("loop", in("loop")) == 0);
	paths[0] = in("loop/x");
	CHILD_DENIED(private_root_plan(&root, &wants, error, sizeof error), ELOOP);
	paths[0] = in("alone/x");
	CHILD_DENIED(private_root_plan(&root, &wants, error, sizeof error), ENOTDIR);
	CHILD_CHECK(root.entries == NULL && root.count == 0 && !root.wanted);

	/* It is another directory by the time that a worker starts. */
	const char *step = "";
	unsigned layers;
	paths[0] = in("read/deep");
	jail_plan(&jail, &wants);
	CHILD_CHECK(rename(in("read/deep"), in("read/old")) == 0);
	make_directory("read/deep");
	CHILD_CHECK(identity_enter_worker(&jail.identity, &layers, &step) == 0);
	CHILD_DENIED(pid_namespace_enter_worker(&jail.ns, &jail.root, &step), ESTALE);
	(void)snprintf(expected, sizeof expected, "private root: %s", paths[0]);
	CHILD_CHECK(strcmp(step, expected) == 0);
	CHILD_DENIED(waitpid(-1, NULL, __WALL), ECHILD);
	jail_leave(&jail);
}

START_TEST(what_cannot_be_opened_up_is_named)
{
	place_run(_i, "refusals", refused_plans);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("private_root");
	TCase *tc = support_case("private_root", 60);

	tcase_add_loop_test(tc, only_what_was_opened_up, 0, USERS);
	tcase_add_loop_test(tc, no_job_moves_the_way_to_a_path, 0, USERS);
	tcase_add_loop_test(tc, the_directory_is_kept_where_it_is_seen, 0, USERS);
	tcase_add_test(tc, mounts_below_are_read_only_too);
	tcase_add_loop_test(tc, what_cannot_be_opened_up_is_named, 0, USERS);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}
