/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Jobs that attack the system: its files, its network, and the caller's terminal.
 */
#include "config.h"
#include "tests/support/attack.h"

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

#include "tests/support/lives.h"

/* ---------------------------------------------------------------------------------------- files */

enum file_act {
	READ_FILE,
	READ_SELF,
	READ_DIRECTORY,
	CREATE,
	CREATE_CWD,
	CREATE_SHM,
	MAKE_DIRECTORY,
	LINK,
	SYMLINK,
	RENAME,
	REMOVE,
	TRUNCATE,
	MKFIFO,
	MODE,
	OWNER,
	TIMES,
	ATTRIBUTE,
	OPEN_DEVICE,
	OPEN_PATH,
	TMPFILE,
	CHANGE_ROOT
};

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

/* A core file would be where the job crashed, or wherever the system's core pattern says. */
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
	{ "crashes where it may write", dumps_core, .job = ENDS(CRASHED),
	    .sandbox = ENDS(CRASHED) | ENDS(DENIED), .n = 0 },
	{ "crashes with cores allowed", dumps_core, SANDBOX(ENDS(CRASHED) | ENDS(DENIED)), .n = 1 },
	{ "crashes there with cores allowed", dumps_core, SANDBOX(ENDS(CRASHED) | ENDS(DENIED)),
	    .n = 2 },
};

static void
core_and_see(struct attack_scene *scene, const void *arg)
{
	attack_run(scene, arg);
	ck_assert_int_eq(scene->result.core_dumped, 0);
}

START_TEST(leaves_no_core)
{
	attack_table_with(on_cores, _i, NULL, core_and_see);
}
END_TEST

/* execve(2) makes a process dumpable again: only the limit on cores is left. */
static int
executes_and_crashes(struct forkpool_context *context, const void *args, size_t args_len)
{
	static const char *const texts[] = {
		"kill -SEGV $$",
		"ulimit -c unlimited; kill -SEGV $$",
		"ulimit -S -c unlimited; kill -SEGV $$",
		"ulimit -S -c 1000000; kill -SEGV $$",
	};
	const struct attack_knowledge *known = attack_known(args, args_len);

	if (chdir(known->directory) == -1)
		return forkpool_fail(context, errno, "the directory: %s", strerror(errno));
	(void)execl("/bin/sh", "sh", "-c", texts[known->n], (char *)NULL);
	return forkpool_fail(context, errno, "the shell: %s", strerror(errno));
}

#define PROGRAM(text, number) \
	{ text, executes_and_crashes, SANDBOX(ENDS(CRASHED)), .n = (number), .signal = SIGSEGV }

static const struct attack on_program_cores[] = {
	PROGRAM("a program crashes", 0),
	PROGRAM("a program crashes with cores allowed", 1),
	PROGRAM("a program crashes with a soft limit raised", 2),
	PROGRAM("a program crashes with a soft limit of a size", 3),
};

START_TEST(programs_leave_no_core)
{
	static const char *const readable[] = { "/bin", "/lib", "/usr", NULL };
	static const char *const with_lib64[] = { "/bin", "/lib", "/usr", "/lib64", NULL };
	const char *writable[] = { attack_directory(), NULL };
	struct forkpool_options options = support_options(2);
	struct forkpool_sandbox sandbox = { .exec = 1, .writable = writable };

	sandbox.readable = access("/lib64", F_OK) == 0 ? with_lib64 : readable;
	options.sandbox = &sandbox;
	options.output = FORKPOOL_OUTPUT_DISCARD; /* the shell reports the crash */
	attack_table_with(on_program_cores, _i, &options, core_and_see);
}
END_TEST

/* -------------------------------------------------------------------------------------- network */

static int
talks(struct forkpool_context *context, const void *args, size_t args_len)
{
	const struct attack_knowledge *known = attack_known(args, args_len);
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
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
			ATTACK_TRY(connect(fd, (struct sockaddr *)&un,
			    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + len)));
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
	{ "TCP", talks, DENIED_BY("socket"), .n = 0 },
	{ "UDP", talks, DENIED_BY("socket"), .n = 1 },
	{ "abstract socket", talks, DENIED_BY("socket"), .n = 2 },
	{ "netlink", talks, DENIED_BY("socket"), .n = 3 },
	{ "raw packets", talks, DENIED_BY("socket"), .n = 4 },
	{ "socketpair", talks, DENIED_BY("socketpair"), .n = 5 },
	{ "crypto socket", talks, DENIED_BY("socket"), .n = 6 },
	{ "virtual machine socket", talks, DENIED_BY("socket"), .n = 7 },
	{ "raw ICMP", talks, DENIED_BY("socket"), .n = 8 },
};

START_TEST(attacks_network)
{
	attack_table(on_network, _i, NULL);
}
END_TEST

/* ------------------------------------------------------------------------------------- terminal */

/*
 * What a process can do to a terminal that it has open.  The terminal itself answers ENOTTY to none
 * of these requests; the filter answers ENOTTY to all of them.
 */
static int no_discipline;
static unsigned char modes[256]; /* the kernel's struct termios, which is smaller */
static struct winsize size_now;  /* unchanged: another size would send the caller a signal */
static char key = '\n';

static const struct request {
	const char   *name;
	unsigned long number;
	const void   *arg;
	int           refused[2]; /* errors of the kernel: it is no job's controlling terminal */
} requests[] = {
	{ "TCSETS", TCSETS, modes, { 0 } },
	{ "TIOCSWINSZ", TIOCSWINSZ, &size_now, { 0 } },
	{ "TIOCEXCL", TIOCEXCL, NULL, { 0 } },
	{ "TCFLSH", TCFLSH, NULL /* TCIFLUSH */, { 0 } },
	{ "TIOCSETD", TIOCSETD, &no_discipline, { 0 } },
	{ "TIOCSCTTY", TIOCSCTTY, NULL, { EPERM } },
	/*
	 * Last, so that the typed byte stays.  It takes a capability; so it does where
	 * dev.tty.legacy_tiocsti is 0.
	 */
	{ "TIOCSTI", TIOCSTI, &key, { EPERM, EIO } },
};
#define REQUESTS (sizeof requests / sizeof requests[0])

/* The kernel ignores these bits, where a register has them. */
static const unsigned long high_bits[] = { 0,
#if SIZE_MAX > UINT32_MAX
	1ul << 32, 0xfffffffful << 32, 1ul << 63,
#endif
};
#define HIGH_BITS (sizeof high_bits / sizeof high_bits[0])

/* Two terminals: standard output at JOB, and at each level the descriptor that the options pass. */
static int terminal_fds[2] = { STDOUT_FILENO, -1 };

struct answers {
	int error[2][REQUESTS][HIGH_BITS]; /* 0: the request was carried out */
};

static int
uses_terminal(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct answers answers;

	(void)attack_known(args, args_len);
	for (size_t i = 0; i < REQUESTS; i++)
		for (int fd = 0; fd < 2; fd++)
			for (size_t j = 0; j < HIGH_BITS; j++) {
				unsigned long number = requests[i].number | high_bits[j];
				long r = syscall(SYS_ioctl, terminal_fds[fd], number,
				    requests[i].arg);
				answers.error[fd][i][j] = r == -1 ? errno : 0;
			}
	return forkpool_reply(context, &answers, sizeof answers);
}

static void
terminal_and_see(struct attack_scene *scene, const void *arg)
{
	int terminal = terminal_fds[1], typed = -1, types = 0;
	struct answers answers;

	attack_run(scene, arg);
	ck_assert_uint_eq(scene->result.value_len, sizeof answers);
	memcpy(&answers, scene->value, sizeof answers);
	for (int fd = 0; fd < 2; fd++)
		for (size_t i = 0; i < REQUESTS; i++)
			for (size_t j = 0; j < HIGH_BITS; j++) {
				const struct request *r = &requests[i];
				int error = answers.error[fd][i][j];
				int known = error == 0 || error == r->refused[0] ||
				    error == r->refused[1];
				if (scene->is_sandbox)
					known = error == ENOTTY;
				ck_assert_msg(known,
				    "%s with the high bits %#lx, at descriptor %d: %s", r->name,
				    high_bits[j], terminal_fds[fd], strerror(error));
				types += r->number == TIOCSTI && error == 0;
			}
	ck_assert_int_eq(ioctl(terminal, FIONREAD, &typed), 0);
	ck_assert_msg(typed == types, "%d bytes were typed, by %d calls that say so", typed, types);
	if (!scene->is_sandbox && types == 0)
		(void)fprintf(stderr,
		    "TIOCSTI at JOB: refused by the kernel itself, as this user has no capability "
		    "for it\n");
}

/*
 * A caller with a terminal of its own, which is the jobs' standard output, and is passed to them
 * too.
 */
static _Noreturn void
caller_at_terminal(enum attack_mode mode, const struct forkpool_sandbox *sandbox)
{
	static const struct attack uses = { "uses a terminal", uses_terminal, .job = ENDS(OK),
		.sandbox = ENDS(OK) };
	struct forkpool_options options = support_options(2);
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct termios raw;

	ck_assert_int_ne(master, -1);
	ck_assert(grantpt(master) == 0 && unlockpt(master) == 0);
	(void)setsid();
	/* The first terminal that a session leader opens becomes its controlling terminal. */
	int terminal = open(ptsname(master), O_RDWR | O_CLOEXEC);
	ck_assert_int_ne(terminal, -1);
	(void)ioctl(terminal, TIOCSCTTY, 0);
	ck_assert_int_eq(tcgetattr(terminal, &raw), 0);
	cfmakeraw(&raw);
	ck_assert_int_eq(tcsetattr(terminal, TCSANOW, &raw), 0);
	ck_assert(
	    ioctl(terminal, TCGETS, modes) == 0 && ioctl(terminal, TIOCGWINSZ, &size_now) == 0);
	ck_assert_int_eq(dup2(terminal, STDOUT_FILENO), STDOUT_FILENO);
	terminal_fds[1] = terminal;
	options.output = FORKPOOL_OUTPUT_INHERIT;
	options.descriptors = (const int[]){ terminal, -1 };
	options.sandbox = sandbox;
	attack_in(mode, &options, terminal_and_see, &uses);
	_exit(0);
}

/* Which requests of ioctl(2) are let through differs with what the sandbox opens up. */
static const struct forkpool_sandbox terminal_sandboxes[] = {
	{ .exec = 0 }, { .network = 1 }, { .exec = 1 }, { .exec = 1, .network = 1 },
};

/*
 * At JOB each request works or is refused by a rule of the kernel, which shows why the filter is
 * needed.
 */
START_TEST(attacks_the_terminal)
{
	enum attack_mode mode = (enum attack_mode)(_i % ATTACK_MODES);
	int is_sandbox = mode == ATTACK_SANDBOX || mode == ATTACK_SANDBOX_USER;

	if (!is_sandbox && _i / ATTACK_MODES > 0)
		return;
	pid_t pid = fork();
	ck_assert_int_ne(pid, -1);
	if (pid == 0)
		caller_at_terminal(mode,
		    is_sandbox ? &terminal_sandboxes[_i / ATTACK_MODES] : NULL);
	lives_child(pid);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("attacks on the system");
	TCase *files = support_case("files", 60), *network = support_case("network", 60),
	    *terminal = support_case("terminal", 60);

	ATTACK_TABLE(files, attacks_files, on_files);
	ATTACK_TABLE(files, leaves_no_core, on_cores);
	ATTACK_TABLE(files, programs_leave_no_core, on_program_cores);
	ATTACK_TABLE(network, attacks_network, on_network);
	ATTACK_TABLE(terminal, attacks_the_terminal, terminal_sandboxes);
	suite_add_tcase(suite, files);
	suite_add_tcase(suite, network);
	suite_add_tcase(suite, terminal);
	return attack_main(suite);
}
