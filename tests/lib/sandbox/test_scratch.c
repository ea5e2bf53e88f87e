/* SPDX-License-Identifier: BSD-2-Clause */
/* Scratch directories: bounded, and as at the start for each job, whatever the last one did. */
#include "config.h"
#include "tests/support/support.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <sys/xattr.h>

#include "tests/support/jail.h"

#define SCRATCH    ((int64_t)8 << 20)
#define DEPTH      900
#define CROWD      600

static struct jail jail;
static const char *top;      /* "/tmp" or "/dev/shm" */
static const char *mounted;  /* a writable path in "/tmp" */
static char planned[PATH_MAX]; /* in "/tmp", the link that leads to it */

static void
go_there(void)
{
	CHILD_CHECK(chdir(top) == 0);
}

static void
make(const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0);

	CHILD_CHECK(fd != -1 && write(fd, "x", 1) == 1 && close(fd) == 0);
}

/* ------------------------------------------------------------------------------- what jobs do */

static void does_nothing(void) { }

static void
makes_files(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = "socket" };

	make("file");
	CHILD_CHECK(link("file", "link") == 0 && symlink("/etc/passwd", "symlink") == 0);
	CHILD_CHECK(mkfifo("fifo", 0) == 0);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	CHILD_CHECK(bind(fd, (struct sockaddr *)&name, sizeof name) == 0);
}

static void
removes_its_files(void)
{
	make("file");
	CHILD_CHECK(unlink("file") == 0);
}

static void
goes_deep(void)
{
	for (int i = 0; i < DEPTH; i++) {
		make("file");
		CHILD_CHECK(mkdir("0", 0700) == 0 && chdir("0") == 0);
	}
}

/* Numbers are the names that emptying uses itself. */
static void
makes_a_crowd(void)
{
	char name[32];

	for (int i = 0; i < CROWD; i++) {
		(void)snprintf(name, sizeof name, "%d", i);
		CHILD_CHECK(mkdir(name, 0700) == 0);
		(void)snprintf(name, sizeof name, "%d/%d", i, i + 1);
		CHILD_CHECK(mkdir(name, 0700) == 0);
		(void)snprintf(name, sizeof name, "%d/%d/x", i, i + 1);
		make(name);
	}
}

static void
locks_it(void)
{
	CHILD_CHECK(mkdir("a", 0700) == 0 && mkdir("a/b", 0700) == 0);
	make("a/b/c");
	CHILD_CHECK(chmod("a/b", 0) == 0 && chmod("a", 0) == 0);
	/* An ordinary user's job owns the directory itself. */
	(void)chmod(top, 0);
}

static void
hides_its_traces(void)
{
	const struct timespec never[2] = { { 0, 0 }, { 0, 0 } };

	make("file");
	(void)utimensat(AT_FDCWD, top, never, 0);
}

static void
leaves_only_a_time(void)
{
	const struct timespec message[2] = { { 1, 2 }, { 3, 4 } };

	(void)utimensat(AT_FDCWD, top, message, 0);
}

static void
leaves_only_a_time_of_access(void)
{
	const struct timespec message[2] = { { 1, 2 }, { 0, 0 } };

	(void)utimensat(AT_FDCWD, top, message, 0);
}

/* Only an ordinary user's job may: it owns the directory itself. */
static void
puts_a_link_in_the_place_of_the_callers(void)
{
	const struct timespec never[2] = { { 0, 0 }, { 0, 0 } };

	if (strcmp(top, "/tmp") == 0 && unlink(planned) == 0)
		CHILD_CHECK(symlink("/planted", planned) == 0 &&
		    utimensat(AT_FDCWD, top, never, 0) == 0);
}

static void
leaves_an_attribute(void)
{
	static const unsigned char acl[] = { 2, 0, 0, 0, 1, 0, 7, 0, 255, 255, 255, 255, 4, 0, 7, 0,
		255, 255, 255, 255, 32, 0, 7, 0, 255, 255, 255, 255 };

	(void)setxattr(top, "user.message", "x", 1, 0);
	(void)setxattr(top, "system.posix_acl_default", acl, sizeof acl, 0);
}

static void
fills_it(void)
{
	static char block[1 << 16];
	int64_t written = 0;
	ssize_t n;

	int fd = open("file", O_WRONLY | O_CREAT, 0600);
	CHILD_CHECK(fd != -1);
	while ((n = write(fd, block, sizeof block)) > 0 && written <= SCRATCH)
		written += n;
	CHILD_CHECK(written <= SCRATCH && written >= SCRATCH / 2);
	CHILD_CHECK(n == -1 && errno == ENOSPC);
}

static void
has_too_many(void)
{
	char name[32];
	int i = 0, fd;

	while (i < 10000) {
		(void)snprintf(name, sizeof name, "%d", i);
		if ((fd = open(name, O_WRONLY | O_CREAT, 0600)) == -1)
			break;
		(void)close(fd);
		i++;
	}
	CHILD_CHECK(errno == ENOSPC && i >= 1000 && i < 10000);
}

/* A process that holds an open file without a name. */
static void
leaves_a_holder(void)
{
	int fd = open("file", O_RDWR | O_CREAT, 0600);
	pid_t child;

	CHILD_CHECK(fd != -1 && unlink("file") == 0 && ftruncate(fd, 1 << 20) == 0);
	CHILD_CHECK((child = fork()) != -1);
	if (child == 0)
		for (;;)
			(void)pause();
}

/* An open file on its way through sockets that only each other hold. */
static void
leaves_a_file_in_a_circle(void)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(2 * sizeof(int))];
	} control = { .space = { 0 } };
	struct iovec part = { .iov_base = control.space, .iov_len = 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof control };
	int pair[2], passed[2];

	CHILD_CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0);
	passed[0] = open("file", O_RDWR | O_CREAT, 0600);
	passed[1] = pair[1];
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof passed);
	memcpy(CMSG_DATA(&control.header), passed, sizeof passed);
	CHILD_CHECK(passed[0] != -1 && sendmsg(pair[0], &message, 0) == 1);
	CHILD_CHECK(unlink("file") == 0);
}

static void
moves_what_is_mounted(void)
{
	if (strcmp(top, "/tmp") != 0)
		return;
	CHILD_CHECK(rename(mounted, "other") == -1 && rmdir(mounted) == -1);
	char way[PATH_MAX];
	(void)strlcpy(way, mounted, sizeof way);
	*strrchr(way, '/') = '\0';
	CHILD_CHECK(rename(way, "other") == -1 && rmdir(way) == -1);
	make("file");
}

static void (*const deeds[])(void) = {
	does_nothing, makes_files, removes_its_files, goes_deep, makes_a_crowd, locks_it,
	hides_its_traces, leaves_only_a_time, leaves_only_a_time_of_access,
	puts_a_link_in_the_place_of_the_callers, leaves_an_attribute, fills_it, has_too_many,
	leaves_a_holder, leaves_a_file_in_a_circle, moves_what_is_mounted,
};
#define DEEDS (int)(sizeof deeds / sizeof deeds[0])

/* -------------------------------------------------------------------------- what the next finds */

static struct statvfs at_first;

static void
finds_nothing(void)
{
	struct statvfs st;
	struct stat status;
	DIR *dir = opendir(".");

	CHILD_CHECK(dir != NULL);
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
		CHILD_CHECK(entry->d_name[0] == '.' ||
		    (strcmp(top, "/tmp") == 0 &&
			(strncmp(entry->d_name, mounted + 5, strlen(entry->d_name)) == 0 ||
			    strcmp(entry->d_name, planned + 5) == 0)));
	(void)closedir(dir);
	CHILD_CHECK(stat(".", &status) == 0 && (status.st_mode & 07777) == 01777);
	CHILD_CHECK(status.st_mtim.tv_sec == 0 && status.st_mtim.tv_nsec == 0);
	CHILD_CHECK(status.st_atim.tv_sec == 0 && status.st_atim.tv_nsec == 0);
	CHILD_CHECK(listxattr(".", NULL, 0) == 0);
	CHILD_CHECK(statvfs(".", &st) == 0 && st.f_ffree == at_first.f_ffree);
	CHILD_CHECK((uint64_t)st.f_blocks * st.f_frsize == (uint64_t)SCRATCH);
	CHILD_CHECK(st.f_bfree == st.f_blocks);
	if (strcmp(top, "/tmp") == 0) {
		char name[PATH_MAX];
		(void)snprintf(name, sizeof name, "%s/file", mounted);
		CHILD_CHECK(access(name, W_OK) == 0);
		ssize_t n = readlink(planned, name, sizeof name);
		CHILD_CHECK(n == (ssize_t)strlen(mounted));
		CHILD_CHECK(strncmp(name, mounted, (size_t)n) == 0);
	}
}

static int deed;
static char path[PATH_MAX];

static void
does_it(void)
{
	go_there();
	deeds[deed]();
}

static void
looks(void)
{
	go_there();
	finds_nothing();
}

static void
worker(void)
{
	char file[PATH_MAX + 8];
	const char *writable[] = { path, planned, NULL };
	const struct private_root_wants wants = { NULL, writable, SCRATCH, false };

	(void)umask(0);
	(void)snprintf(path, sizeof path, "/tmp/scratch-%ld", (long)getppid());
	CHILD_CHECK(mkdir(path, 0777) == 0 || errno == EEXIST);
	(void)strlcat(path, "/inner", sizeof path);
	CHILD_CHECK(mkdir(path, 0777) == 0 || errno == EEXIST);
	(void)snprintf(file, sizeof file, "%s/file", path);
	CHILD_CHECK(close(open(file, O_WRONLY | O_CREAT, 0666)) == 0);
	(void)snprintf(planned, sizeof planned, "/tmp/scratch-%ld-link", (long)getppid());
	CHILD_CHECK(symlink(path, planned) == 0 || errno == EEXIST);
	mounted = path;
	jail_enter(&jail, &wants);
	for (int i = 0; i < PRIVATE_ROOT_SCRATCHES; i++) {
		top = i == 0 ? "/dev/shm" : "/tmp";
		CHILD_CHECK(fstatvfs(jail.ns.root.scratch[i], &at_first) == 0);
		jail_run(&jail, looks);
		jail_run(&jail, does_it);
		jail_run(&jail, looks);
		CHILD_CHECK(access(file, F_OK) == 0);
	}
	jail_leave(&jail);
}

/* _i: the deed, for root; from DEEDS on for an ordinary user. */
START_TEST(it_is_empty_for_the_next)
{
	char command[96];
	int user = _i < DEEDS ? USER_ROOT : USER_OTHER;

	deed = _i % DEEDS;
	if (jail_lacking(user, "scratch"))
		return;
	user_run(user, worker);
	(void)snprintf(command, sizeof command, "rm -rf /tmp/scratch-%ld /tmp/scratch-%ld-link",
	    (long)getpid(), (long)getpid());
	ck_assert_int_eq(system(command), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("scratch");
	TCase *tc = support_case("scratch", 60);

	tcase_add_loop_test(tc, it_is_empty_for_the_next, 0, 2 * DEEDS);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}
