/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The system call filter where files, network or programs were opened up, and its gate: calls from
 * the gate pass, and once it is closed nothing brings it back.
 */
#include "config.h"
#include "tests/support/confined.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef HAVE_LIBSECCOMP

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "lib/os/syscall_gate.h"

static const struct filter_wants strict = { 0 };
static const struct filter_wants files = { .files = true };
static const struct filter_wants network = { .network = true };
static const struct filter_wants programs = { .files = true, .exec = true };
static const struct filter_wants rooted = { .files = true, .exec = true, .root = true };

static char some_path[] = "/", buffer[4096];
#define PATH ((long)some_path)
#define DATA ((long)buffer)
#define N(name) #name, SYS_##name
#define RW (PROT_READ | PROT_WRITE)
#define HIGH (1L << 32)

/* ---------------------------------------------------------------------------------------- files */

static int
uses_files(void)
{
	char name[] = "/tmp/forkpool-XXXXXX", text[8] = "";
	struct stat st;
	int fd = mkstemp(name);

	if (fd == -1 || write(fd, "hello", 5) != 5 || ftruncate(fd, 4) == -1 || fsync(fd) == -1 ||
	    stat(name, &st) == -1 || st.st_size != 4)
		return 1;
	void *map = mmap(NULL, 4, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED || memcmp(map, "hell", 4) != 0)
		return 2;
	if (pread(fd, text, 4, 0) != 4 || lockf(fd, F_LOCK, 0) == -1 || close(fd) == -1)
		return 3;
	/* The filter denies what Landlock does not see. */
	if (chmod(name, 0644) != -1 || errno != EPERM || truncate(name, 0) != -1 ||
	    errno != EACCES || open(name, O_RDONLY | O_TRUNC) != -1 || errno != EACCES)
		return 4;
	FILE *f = fopen(name, "we");
	if (f == NULL || fputs("again", f) == EOF || fclose(f) == EOF)
		return 5;
	return unlink(name);
}

static const struct confined_call files_calls[] = {
	{ N(openat), { AT_FDCWD, PATH, O_RDONLY }, CALL_MADE },
	{ N(utimensat), { AT_FDCWD, PATH, 0, 0 }, EPERM },
	/* Nobody makes a file that gains. */
	{ N(openat), { AT_FDCWD, PATH, O_RDWR, 06755 }, CALL_MADE },
	{ N(openat), { AT_FDCWD, PATH, O_RDWR | O_CREAT, 06755 }, EPERM },
	{ N(openat), { AT_FDCWD, PATH, O_RDWR | O_CREAT, 04755 }, EPERM },
	{ N(openat), { AT_FDCWD, PATH, O_RDWR | O_CREAT, 02755 + HIGH }, EPERM },
	{ N(openat), { AT_FDCWD, PATH, O_RDWR | O_TMPFILE, 06600 }, EPERM },
	{ N(mkdirat), { AT_FDCWD, PATH, 02755 }, EPERM },
	{ N(mknodat), { AT_FDCWD, PATH, S_IFIFO | 0644 }, EPERM },
	{ N(fchmodat), { AT_FDCWD, PATH, 0644 }, EPERM },
	{ N(fchownat), { AT_FDCWD, PATH, 0, 0, 0 }, EPERM },
	{ N(openat2), { AT_FDCWD, PATH, DATA, 24 }, ENOSYS },
	{ N(mmap), { 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, 0 }, EACCES },
	{ N(mmap), { 0, 4096, RW, MAP_SHARED | MAP_ANONYMOUS, -1 }, EPERM },
	{ N(ioctl), { 0, TIOCSTI + HIGH, DATA }, ENOTTY },
	{ N(copy_file_range), { 0, 0, 1, 0, 1, 0 }, ENOSYS },
	{ N(splice), { 0, 0, 1, 0, 1, 0 }, EINVAL },
	{ N(tee), { 0, 1, 1, 0 }, EINVAL },
	{ N(vmsplice), { 1, DATA, 1, 0 }, EINVAL },
	{ N(inotify_init1), { 0 }, CALL_TRAPPED },
	{ N(name_to_handle_at), { AT_FDCWD, PATH }, CALL_TRAPPED },
	{ N(mount), { 0 }, CALL_TRAPPED },
	{ N(socket), { AF_INET, SOCK_STREAM }, CALL_TRAPPED },
	{ N(execve), { PATH, 0, 0 }, CALL_TRAPPED },
};

START_TEST(files_can_be_used)
{
	confined_assert_exit(confined_run(&files, uses_files), 0);
	confined_check_calls(&files, files_calls, sizeof files_calls / sizeof files_calls[0]);
}
END_TEST

/* -------------------------------------------------------------------------------------- network */

static int
uses_network(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof address;
	int one = 1, error = 1, pair[2];
	char text[8] = "";
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
	    client = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);

	if (listener == -1 || client == -1 ||
	    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == -1 ||
	    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) == -1)
		return 1;
	if (bind(listener, (struct sockaddr *)&address, len) == -1 || listen(listener, 1) == -1 ||
	    getsockname(listener, (struct sockaddr *)&address, &len) == -1)
		return 2;
	if (fcntl(client, F_SETFL, O_NONBLOCK) == -1 ||
	    (connect(client, (struct sockaddr *)&address, len) == -1 && errno != EINPROGRESS))
		return 3;
	int server = accept(listener, NULL, NULL), events = epoll_create1(0);
	struct epoll_event event = { .events = EPOLLIN };
	if (server == -1 || events == -1 || send(server, "hello", 5, MSG_NOSIGNAL) != 5 ||
	    epoll_ctl(events, EPOLL_CTL_ADD, client, &event) == -1 ||
	    epoll_wait(events, &event, 1, 5000) != 1)
		return 4;
	len = sizeof error;
	if (recv(client, text, sizeof text, 0) != 5 || memcmp(text, "hello", 5) != 0 ||
	    getsockopt(client, SOL_SOCKET, SO_ERROR, &error, &len) == -1 || error != 0 ||
	    shutdown(client, SHUT_RDWR) == -1)
		return 5;
	return socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == -1 ? 6 : 0;
}

static const struct confined_call network_calls[] = {
	{ N(socket), { AF_UNIX, SOCK_STREAM }, EAFNOSUPPORT },
	{ N(socket), { AF_NETLINK, SOCK_DGRAM }, EAFNOSUPPORT },
	{ N(socket), { AF_PACKET, SOCK_DGRAM }, EAFNOSUPPORT },
	{ N(socket), { AF_INET, SOCK_RAW, IPPROTO_TCP }, ESOCKTNOSUPPORT },
	{ N(socket), { AF_INET, SOCK_STREAM, 262 }, EPROTONOSUPPORT },
	{ N(socketpair), { AF_UNIX, SOCK_DGRAM, 0, DATA }, ESOCKTNOSUPPORT },
	{ N(sendto), { 0, DATA, 1, MSG_OOB }, EOPNOTSUPP },
	{ N(setsockopt), { 0, SOL_SOCKET, SO_ATTACH_FILTER, DATA, 16 }, ENOPROTOOPT },
	{ N(ioctl), { 0, TIOCSTI, DATA }, ENOTTY },
	{ N(openat), { AT_FDCWD, PATH, O_RDONLY }, EACCES },
	{ N(clone), { SIGCHLD }, CALL_TRAPPED },
	{ N(sendfile), { 0 }, CALL_TRAPPED },
};

START_TEST(network_can_be_used)
{
	confined_assert_exit(confined_run(&network, uses_network), 0);
	confined_check_calls(&network, network_calls,
	    sizeof network_calls / sizeof network_calls[0]);
}
END_TEST

/* ------------------------------------------------------------------------------------- programs */

static void *
thread_main(void *arg)
{
	return arg;
}

static int
uses_programs(void)
{
	pthread_t thread;
	void *back = NULL;

	if (pthread_create(&thread, NULL, thread_main, &back) != 0 ||
	    pthread_join(thread, &back) != 0 || back != &back)
		return 1;
	void *code = mmap(NULL, 4096, RW | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (code == MAP_FAILED || mremap(code, 4096, 8192, MREMAP_MAYMOVE) == MAP_FAILED)
		return 2;
	pid_t pid = fork();
	if (pid == 0)
		for (;;)
			(void)pause();
	int status;
	if (pid == -1 || kill(pid, SIGKILL) == -1 || waitpid(pid, &status, 0) != pid ||
	    !WIFSIGNALED(status))
		return 3;
	/* A shell that makes pipes and processes, and programs that read directories and files. */
	status = system("set -e; x=$(ls -l /usr/bin/env | wc -l; cat /etc/passwd | sort | head -n "
			"1 >/dev/null); test \"$x\" -eq 1; "
			"sleep 5 & kill $!; wait");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 4;
}

static const struct confined_call program_calls[] = {
	{ N(clone), { SIGCHLD | CLONE_NEWUSER }, EPERM },
	{ N(clone), { SIGCHLD | CLONE_PARENT }, EPERM },
	{ N(unshare), { CLONE_NEWUSER }, CALL_TRAPPED },
	{ N(setns), { 0 }, CALL_TRAPPED },
	{ N(setresuid), { -1, -1, -1 }, CALL_MADE },
	{ N(setresgid), { -1, -1, -1 }, CALL_MADE },
	{ N(setgroups), { 0 }, EPERM },
	{ N(setfsuid), { 0 }, EPERM },
	{ N(capset), { 0 }, EPERM },
	{ N(ptrace), { 0 }, CALL_TRAPPED },
	{ N(ptrace), { 16 /* PTRACE_ATTACH */, 1 }, EPERM },
	{ N(ptrace), { 0x4206 /* PTRACE_SEIZE */, 1 }, EPERM },
	{ N(ptrace), { 16 + HIGH, 1 }, CALL_TRAPPED },
	{ N(ptrace), { 7 /* PTRACE_CONT */, 1 }, CALL_TRAPPED },
	{ N(bpf), { 0 }, CALL_TRAPPED },
	{ N(mount), { 0 }, CALL_TRAPPED },
	{ N(socket), { AF_UNIX, SOCK_STREAM }, EACCES },
	{ N(socketpair), { AF_UNIX, SOCK_DGRAM, 0, DATA }, ESOCKTNOSUPPORT },
	{ N(getpeername), { 0, DATA, DATA }, CALL_MADE },
	{ N(io_uring_setup), { 1, DATA }, ENOSYS },
	{ N(memfd_create), { PATH }, ENOSYS },
	{ N(prctl), { PR_SET_PDEATHSIG, 0 }, EINVAL },
	{ N(prctl), { PR_SET_DUMPABLE, 1 }, EINVAL },
	{ N(ioctl), { 0, TIOCSTI, DATA }, ENOTTY },
	{ N(ioctl), { 0, TIOCSTI + HIGH, DATA }, ENOTTY },
	{ N(mmap), { 0, 4096, RW, MAP_SHARED | MAP_ANONYMOUS, -1 }, EPERM },
	{ N(rt_sigaction), { SIGSYS, 0, 0, 8 }, CALL_MADE },
};

START_TEST(programs_can_be_run)
{
	confined_assert_exit(confined_run(&programs, uses_programs), 0);
	confined_check_calls(&programs, program_calls,
	    sizeof program_calls / sizeof program_calls[0]);
}
END_TEST

/* No descriptor has that number. */
#define NOBODY 1000

static const struct confined_call root_calls[] = {
	{ N(fchmod), { NOBODY, 0644 }, CALL_MADE },
	{ N(fchmod), { NOBODY, 04755 }, EPERM },
	{ N(fchown), { NOBODY, -1, -1 }, EPERM },
	{ N(fchownat), { NOBODY, PATH, -1, -1 }, EPERM },
	{ N(utimensat), { NOBODY, PATH, 0, 0 }, CALL_MADE },
};

START_TEST(what_a_private_root_adds)
{
	confined_check_calls(&rooted, root_calls, sizeof root_calls / sizeof root_calls[0]);
}
END_TEST

/* ----------------------------------------------------------------------------------------- gate */

typedef long gate_function(long number, long a, long b, long c, long d, long e);

/* The gate's page, found by the address after its system call. */
static uintptr_t
gate_page(void)
{
	uintptr_t size = (uintptr_t)sysconf(_SC_PAGESIZE);

	return gate_address() / size * size;
}

static long
executable_bytes(void)
{
	char line[512], perms[8];
	unsigned long from, to;
	long sum = 0;
	FILE *maps = fopen("/proc/self/maps", "re");

	ck_assert_ptr_nonnull(maps);
	while (fgets(line, sizeof line, maps) != NULL)
		if (sscanf(line, "%lx-%lx %7s", &from, &to, perms) == 3 && perms[2] == 'x')
			sum += (long)(to - from);
	(void)fclose(maps);
	return sum;
}

START_TEST(the_gate_is_a_page_of_its_own)
{
	const unsigned char *page = (const unsigned char *)gate_page();
	size_t size = (size_t)sysconf(_SC_PAGESIZE), used = gate_address() - gate_page() + 1;

	gate_use();
	ck_assert(gate_in_use());
	ck_assert_int_eq(gate_call(SYS_getpid, 0, 0, 0, 0, 0), getpid());
	ck_assert_int_eq(gate_call(SYS_close, -1, 0, 0, 0, 0), -1);
	ck_assert_int_eq(errno, EBADF);
	ck_assert_uint_lt(used, 64);
#ifdef __x86_64__
	for (size_t i = used; i < size; i++)
		ck_assert_uint_eq(page[i], 0xcc);
#else
	(void)page;
#endif
	long before = executable_bytes();
	ck_assert_int_eq(gate_close(), 0);
	ck_assert(!gate_in_use());
	long gone = before - executable_bytes();
	ck_assert(gone == (long)size || (gone > 0 && gone % 65536 == 0));
	ck_assert_int_eq(gate_call(SYS_getpid, 0, 0, 0, 0, 0), getpid());
}
END_TEST

static int
makes_stack_executable(void)
{
	char line[512];
	unsigned long from, to;
	FILE *maps = fopen("/proc/self/maps", "re");

	while (maps != NULL && fgets(line, sizeof line, maps) != NULL)
		if (strstr(line, "[stack]") != NULL && sscanf(line, "%lx-%lx", &from, &to) == 2 &&
		    mprotect((void *)from, to - from, RW | PROT_EXEC) == -1)
			return 1;
	gate_use();
	return gate_in_use();
}

START_TEST(an_executable_stack_rules_the_gate_out)
{
	confined_assert_exit(confined_run_free(makes_stack_executable), 0);
}
END_TEST

/* Act as a worker that has a gate, then as a job that wants the gate back. */
enum wish { SOCKET_THERE, SOCKET_HERE, GATE_GONE, GATE_GROWN, GATE_MOVED, GATE_WRITTEN };
static enum wish wish;
static intptr_t gate_off;

static int
job(void)
{
	void *page = (void *)gate_page();
	char *before = (char *)page - sysconf(_SC_PAGESIZE);
	size_t size = (size_t)sysconf(_SC_PAGESIZE);

	if (gate_close() == -1)
		return 1;
	switch (wish) {
	case GATE_GROWN:
		if (mremap(before, size, 2 * size, 0) != MAP_FAILED || errno != ENOSYS)
			return 2;
		break;
	case GATE_MOVED:
		if (mremap(before, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, page) != MAP_FAILED ||
		    errno != ENOSYS)
			return 3;
		break;
	case GATE_WRITTEN: /* the job can have memory there, but not execute it */
		if (mmap(page, size, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != page)
			return 4;
		memset(page, 0x90, size);
		break;
	default:
		break;
	}
	(void)((gate_function *)(uintptr_t)page)(SYS_getpid, 0, 0, 0, 0, 0);
	return 0;
}

static int
worker(void)
{
	int status;

	gate_use();
	if (!gate_in_use() ||
	    confined_enter(&strict, (uintptr_t)((intptr_t)gate_address() + gate_off)) == -1)
		return 255;
	if (wish == SOCKET_HERE)
		return socket(AF_UNIX, SOCK_STREAM, 0) != -1;
	if (wish == SOCKET_THERE)
		return gate_call(SYS_socket, AF_UNIX, SOCK_STREAM, 0, 0, 0) == -1;
	pid_t pid = (pid_t)gate_call(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		_exit(job());
	if (pid == -1 || waitpid(pid, &status, 0) != pid)
		return 254;
	atomic_store(&note->value, status);
	return 0;
}

static int
run_worker(enum wish what, intptr_t off)
{
	wish = what;
	gate_off = off;
	return confined_run_free(worker);
}

START_TEST(only_the_gate_lets_calls_pass)
{
	confined_assert_exit(run_worker(SOCKET_THERE, 0), 0);
	confined_assert_trapped(run_worker(SOCKET_HERE, 0), SYS_socket);
	/* Both halves of the gate's address are compared. */
	confined_assert_trapped(run_worker(SOCKET_THERE, 1), SYS_socket);
	confined_assert_trapped(run_worker(SOCKET_THERE, -1), SYS_socket);
	confined_assert_trapped(run_worker(SOCKET_THERE, (intptr_t)1 << 32), SYS_socket);
}
END_TEST

START_TEST(there_is_no_way_back_to_the_gate)
{
	for (enum wish what = GATE_GONE; what <= GATE_WRITTEN; what++) {
		confined_assert_exit(run_worker(what, 0), 0);
		int status = atomic_load(&note->value);
		ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV,
		    "wish %d: status %#x", (int)what, (unsigned)status);
	}
}
END_TEST

START_TEST(there_is_no_gate_with_programs)
{
	struct sandbox_filter filter;
	char error[256] = "";

	ck_assert_int_eq(filter_build(&filter, &programs, error, sizeof error), 0);
	ck_assert_int_eq(filter_enter(&filter, gate_address()), -1);
	ck_assert_int_eq(errno, EINVAL);
	filter_release(&filter);
}
END_TEST

#endif /* HAVE_LIBSECCOMP */

int
main(void)
{
	if (!confined_possible())
		return 0;
#ifdef HAVE_LIBSECCOMP
	Suite *suite = suite_create("sandbox_opened");
	TCase *tc = support_case("sandbox_opened", 60);

	tcase_add_unchecked_fixture(tc, confined_begin, confined_end);
	tcase_add_test(tc, files_can_be_used);
	tcase_add_test(tc, network_can_be_used);
	tcase_add_test(tc, programs_can_be_run);
	tcase_add_test(tc, what_a_private_root_adds);
	if (gate_address() != 0) {
		tcase_add_test(tc, the_gate_is_a_page_of_its_own);
		tcase_add_test(tc, an_executable_stack_rules_the_gate_out);
		tcase_add_test(tc, only_the_gate_lets_calls_pass);
		tcase_add_test(tc, there_is_no_way_back_to_the_gate);
		tcase_add_test(tc, there_is_no_gate_with_programs);
	}
	suite_add_tcase(suite, tc);
	return support_run(suite);
#endif
}
