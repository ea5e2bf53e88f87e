/*
 * Jobs that attack the system they run on: its files, its network, the caller's terminal, its kernel by calls
 * that a pure computation has no use for, in every way that a call can be made.
 */
#include "config.h"
#include "tests/attack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "tests/lives.h"

#define SANDBOX(ends) .job = 0, .sandbox = (ends)
#define DENIED_BY(call) .job = 0, .sandbox = ENDS(DENIED), .denied = (call)

/* ------------------------------------------------------------------------------------------ files */

enum file_act { READ_FILE, READ_SELF, READ_DIRECTORY, CREATE, CREATE_CWD, CREATE_SHM, MAKE_DIRECTORY, LINK, SYMLINK,
    RENAME, REMOVE, TRUNCATE,
	MKFIFO, MODE, OWNER, TIMES, ATTRIBUTE, OPEN_DEVICE, OPEN_PATH, TMPFILE, CHANGE_ROOT };

static int
touches_files(struct forkpool_context *context, const void *args, size_t args_len)
{
	const struct attack_knowledge *known = attack_known(args, args_len);
	char path[160], other[160];

	(void)snprintf(path, sizeof path, "%s/made-by-a-job", known->directory);
	(void)snprintf(other, sizeof other, "%s/made-by-another", known->directory);
	switch ((enum file_act)known->n) {
	case READ_FILE:
		ATTACK_TRY(open("/etc/passwd", O_RDONLY));
		ATTACK_TRY(open("/proc/version", O_RDONLY));
		break;
	case READ_SELF:
		ATTACK_TRY(open("/proc/self/maps", O_RDONLY));
		ATTACK_TRY(open("/proc/self/mem", O_RDWR));
		ATTACK_TRY(open("/proc/self/exe", O_RDONLY));
		ATTACK_TRY(open("/proc/thread-self/attr/current", O_RDWR));
		break;
	case READ_DIRECTORY:
		ATTACK_TRY(open("/", O_RDONLY | O_DIRECTORY));
		ATTACK_TRY(open(".", O_RDONLY | O_DIRECTORY));
		ATTACK_TRY(open(known->directory, O_RDONLY | O_DIRECTORY));
		break;
	case CREATE:
		ATTACK_TRY(open(path, O_WRONLY | O_CREAT, 0666));
		break;
	case CREATE_CWD:
		ATTACK_TRY(open("made-by-a-job", O_WRONLY | O_CREAT, 0666));
		ATTACK_TRY(open("/tmp/made-by-a-job", O_WRONLY | O_CREAT | O_EXCL, 0666));
		ATTACK_TRY(open("/var/tmp/made-by-a-job", O_WRONLY | O_CREAT | O_EXCL, 0666));
		break;
	case CREATE_SHM:
		ATTACK_TRY(open("/dev/shm/made-by-a-job", O_WRONLY | O_CREAT | O_EXCL, 0666));
		break;
	case MAKE_DIRECTORY:
		ATTACK_TRY(mkdir(path, 0777));
		break;
	case LINK:
		ATTACK_TRY(link("/etc/passwd", path));
		break;
	case SYMLINK:
		ATTACK_TRY(symlink("/etc/passwd", path));
		break;
	case RENAME:
		ATTACK_TRY(rename(known->directory, other));
		break;
	case REMOVE:
		ATTACK_TRY(rmdir(known->directory));
		break;
	case TRUNCATE:
		ATTACK_TRY(truncate(known->directory, 0));
		break;
	case MKFIFO:
		ATTACK_TRY(mkfifo(path, 0666));
		break;
	case MODE:
		ATTACK_TRY(chmod(known->directory, 0));
		break;
	case OWNER:
		ATTACK_TRY(chown(known->directory, 1, 1));
		break;
	case TIMES:
		ATTACK_TRY(utimensat(AT_FDCWD, known->directory, NULL, 0));
		break;
	case ATTRIBUTE:
		ATTACK_TRY(syscall(SYS_setxattr, known->directory, "user.job", "x", 1, 0));
		break;
	case OPEN_DEVICE:
		ATTACK_TRY(open("/dev/zero", O_RDWR));
		ATTACK_TRY(open("/dev/tty", O_RDWR));
		ATTACK_TRY(open("/dev/ptmx", O_RDWR));
		ATTACK_TRY(open("/dev/kmsg", O_WRONLY));
		break;
	case OPEN_PATH:
		ATTACK_TRY(open("/etc/passwd", O_PATH));
		ATTACK_TRY(open("/etc", O_PATH | O_DIRECTORY));
		break;
	case TMPFILE:
		ATTACK_TRY(open(known->directory, O_TMPFILE | O_RDWR, 0600));
		break;
	case CHANGE_ROOT:
		ATTACK_TRY(chroot("/"));
		break;
	default:
		break;
	}
	return 0;
}

static const struct attack on_files[] = {
	{ "reads a file", touches_files, SANDBOX(ENDS(OK)), .n = READ_FILE },
	{ "reads its own", touches_files, SANDBOX(ENDS(OK)), .n = READ_SELF },
	{ "reads a directory", touches_files, SANDBOX(ENDS(OK)), .n = READ_DIRECTORY },
	{ "creates a file", touches_files, SANDBOX(ENDS(OK)), .n = CREATE },
	{ "creates a file here", touches_files, SANDBOX(ENDS(OK)), .n = CREATE_CWD },
	{ "creates shared memory", touches_files, SANDBOX(ENDS(OK)), .n = CREATE_SHM },
	{ "makes a directory", touches_files, SANDBOX(KEPT_OUT), .n = MAKE_DIRECTORY },
	{ "links", touches_files, SANDBOX(KEPT_OUT), .n = LINK },
	{ "links by name", touches_files, SANDBOX(KEPT_OUT), .n = SYMLINK },
	{ "renames", touches_files, SANDBOX(KEPT_OUT), .n = RENAME },
	{ "removes", touches_files, SANDBOX(KEPT_OUT), .n = REMOVE },
	{ "truncates", touches_files, SANDBOX(KEPT_OUT), .n = TRUNCATE },
	{ "makes a fifo", touches_files, SANDBOX(KEPT_OUT), .n = MKFIFO },
	{ "changes a mode", touches_files, SANDBOX(KEPT_OUT), .n = MODE },
	{ "changes an owner", touches_files, SANDBOX(KEPT_OUT), .n = OWNER },
	{ "changes times", touches_files, SANDBOX(KEPT_OUT), .n = TIMES },
	{ "sets an attribute", touches_files, SANDBOX(KEPT_OUT), .n = ATTRIBUTE },
	{ "opens a device", touches_files, SANDBOX(ENDS(OK)), .n = OPEN_DEVICE },
	{ "opens for a name only", touches_files, SANDBOX(KEPT_OUT), .n = OPEN_PATH },
	{ "opens without a name", touches_files, SANDBOX(KEPT_OUT), .n = TMPFILE },
	{ "changes its root", touches_files, SANDBOX(KEPT_OUT), .n = CHANGE_ROOT },
};

START_TEST(attacks_files)
{
	attack_table(on_files, _i, NULL);
}
END_TEST

/* A core file would lie where it crashed, or wherever the system's pattern says. */
static int
dumps_core(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct rlimit all = { .rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY };
	const struct attack_knowledge *known = attack_known(args, args_len);

	(void)context;
	if (known->n != 0)
		(void)setrlimit(RLIMIT_CORE, &all);
	if (known->n != 1)
		(void)chdir(known->directory);
	abort();
}

static const struct attack on_cores[] = {
	{ "crashes where it may write", dumps_core, .job = ENDS(CRASHED), .sandbox = ENDS(CRASHED) | ENDS(DENIED),
	    .n = 0 },
	{ "crashes with cores allowed", dumps_core, SANDBOX(ENDS(CRASHED) | ENDS(DENIED)), .n = 1 },
	{ "crashes there with cores allowed", dumps_core, SANDBOX(ENDS(CRASHED) | ENDS(DENIED)), .n = 2 },
};

static void
core_and_see(struct attack_scene *scene, const void *arg)
{
	attack_run(scene, arg);
	ck_assert_int_eq(scene->result.core_dumped, 0);
}

START_TEST(leaves_no_core)
{
	const struct attack *attack = &on_cores[_i / ATTACK_MODES];
	enum attack_mode mode = (enum attack_mode)(_i % ATTACK_MODES);

	if (attack_ends(attack, mode) != 0)
		attack_in(mode, NULL, core_and_see, attack);
}
END_TEST

/* ---------------------------------------------------------------------------------------- network */

static int
talks(struct forkpool_context *context, const void *args, size_t args_len)
{
	const struct attack_knowledge *known = attack_known(args, args_len);
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	size_t len = strlen(known->abstract);
	int pair[2];

	memcpy(un.sun_path + 1, known->abstract, len);
	int fd = -1;
	switch (known->n) {
	case 0:
		fd = socket(AF_INET, SOCK_STREAM, 0);
		in.sin_port = htons(known->tcp);
		if (fd != -1)
			ATTACK_TRY(connect(fd, (struct sockaddr *)&in, sizeof in));
		break;
	case 1:
		fd = socket(AF_INET, SOCK_DGRAM, 0);
		in.sin_port = htons(known->udp);
		if (fd != -1)
			ATTACK_TRY(sendto(fd, "evil", 4, 0, (struct sockaddr *)&in, sizeof in));
		break;
	case 2:
		fd = socket(AF_UNIX, SOCK_STREAM, 0);
		if (fd != -1)
			ATTACK_TRY(connect(fd, (struct sockaddr *)&un, (socklen_t)(offsetof(struct sockaddr_un,
			    sun_path) + 1 + len)));
		break;
	case 3:
		fd = socket(AF_NETLINK, SOCK_RAW, 0);
		break;
	case 4:
		fd = socket(AF_PACKET, SOCK_RAW, 0);
		break;
	case 5:
		fd = socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
		break;
	case 6:
		fd = socket(38 /* AF_ALG */, SOCK_SEQPACKET, 0);
		break;
	case 7:
		fd = socket(40 /* AF_VSOCK */, SOCK_STREAM, 0);
		break;
	default:
		fd = socket(AF_INET6, SOCK_RAW, 58);
		break;
	}
	return fd == -1 ? 0 : attack_through(context, "a socket", fd);
}

static const struct attack on_network[] = {
	{ "TCP", talks, DENIED_BY("socket"), .n = 0 }, { "UDP", talks, DENIED_BY("socket"), .n = 1 },
	{ "abstract socket", talks, DENIED_BY("socket"), .n = 2 }, { "netlink", talks, DENIED_BY("socket"),
	    .n = 3 },
	{ "raw packets", talks, DENIED_BY("socket"), .n = 4 }, { "socketpair", talks, DENIED_BY("socketpair"),
	    .n = 5 },
	{ "crypto socket", talks, DENIED_BY("socket"), .n = 6 }, { "virtual machine socket", talks,
	    DENIED_BY("socket"), .n = 7 },
	{ "raw ICMP", talks, DENIED_BY("socket"), .n = 8 },
};

START_TEST(attacks_network)
{
	attack_table(on_network, _i, NULL);
}
END_TEST

/* --------------------------------------------------------------------------------------- terminal */

/* Each of these types into the terminal, as if the caller's user had. */
static int
types(struct forkpool_context *context, const void *args, size_t args_len)
{
	static const unsigned long high[] = { 0, 1ul << 32, 0xfffffffful << 32, 1ul << 63 };
	int64_t n = attack_known(args, args_len)->n;
	char key = '\n', paste[2] = { 3, 0 };

	for (int fd = 0; fd < 3; fd++) {
		if (n < 4)
			ATTACK_TRY(syscall(SYS_ioctl, fd, TIOCSTI | high[n], &key));
		else if (n == 4)
			ATTACK_TRY(ioctl(fd, TIOCLINUX, paste));
		else if (n == 5)
			ATTACK_TRY(ioctl(fd, TIOCSCTTY, 1));
		else if (n == 6)
			ATTACK_TRY(ioctl(fd, TIOCSPGRP, &key));
		else
			ATTACK_TRY(ioctl(fd, TIOCNOTTY));
	}
	return 0;
}

static const struct attack on_terminal[] = {
	{ "TIOCSTI", types, SANDBOX(KEPT_OUT), .denied = "ioctl", .n = 0 },
	{ "TIOCSTI with bit 32", types, SANDBOX(KEPT_OUT), .denied = "ioctl", .n = 1 },
	{ "TIOCSTI with all high bits", types, SANDBOX(KEPT_OUT), .denied = "ioctl", .n = 2 },
	{ "TIOCSTI with bit 63", types, SANDBOX(KEPT_OUT), .denied = "ioctl", .n = 3 },
	{ "TIOCLINUX", types, SANDBOX(KEPT_OUT), .denied = "ioctl", .n = 4 },
	{ "TIOCSCTTY", types, SANDBOX(KEPT_OUT), .denied = "ioctl", .n = 5 },
	{ "TIOCSPGRP", types, SANDBOX(KEPT_OUT), .denied = "ioctl", .n = 6 },
	{ "TIOCNOTTY", types, SANDBOX(KEPT_OUT), .denied = "ioctl", .n = 7 },
};

/* A caller with a terminal of its own, where jobs print. */
static _Noreturn void
caller_at_terminal(int i)
{
	struct forkpool_options options = support_options(2);
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct termios raw;
	int typed = -1;

	ck_assert_int_ne(master, -1);
	ck_assert(grantpt(master) == 0 && unlockpt(master) == 0);
	(void)setsid();
	int terminal = open(ptsname(master), O_RDWR | O_CLOEXEC); /* the first one that a session leader opens is its own */
	ck_assert_int_ne(terminal, -1);
	(void)ioctl(terminal, TIOCSCTTY, 0);
	ck_assert_int_eq(tcgetattr(terminal, &raw), 0);
	cfmakeraw(&raw);
	ck_assert_int_eq(tcsetattr(terminal, TCSANOW, &raw), 0);
	int kept = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
	for (int fd = 0; fd < 3; fd++)
		ck_assert_int_eq(dup2(terminal, fd), fd);
	options.output = FORKPOOL_OUTPUT_INHERIT;
	attack_table(on_terminal, i, &options);
	ck_assert_int_eq(ioctl(terminal, FIONREAD, &typed), 0);
	ck_assert_msg(typed == 0, "%d bytes were typed", typed);
	ck_assert_int_eq(dup2(kept, STDERR_FILENO), STDERR_FILENO);
	_exit(0);
}

START_TEST(attacks_the_terminal)
{
	pid_t pid = fork();

	ck_assert_int_ne(pid, -1);
	if (pid == 0)
		caller_at_terminal(_i);
	lives_child(pid);
}
END_TEST

#define TABLE(tc, test, table) \
	tcase_add_loop_test(tc, test, 0, (int)(sizeof (table) / sizeof (table)[0]) * ATTACK_MODES)

int
main(void)
{
	Suite *suite = suite_create("attacks on the system");
	TCase *files = support_case("files", 60), *network = support_case("network", 60),
	    *terminal = support_case("terminal", 60);

	TABLE(files, attacks_files, on_files);
	TABLE(files, leaves_no_core, on_cores);
	TABLE(network, attacks_network, on_network);
	TABLE(terminal, attacks_the_terminal, on_terminal);
	suite_add_tcase(suite, files);
	suite_add_tcase(suite, network);
	suite_add_tcase(suite, terminal);
	return attack_main(suite);
}
