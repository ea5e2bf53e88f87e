/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The strictest system call filter on real processes: what a computation needs works, denied calls
 * are not made and are named, refused calls fail with an error.
 */
#include "config.h"
#include "tests/support/confined.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/os/os.h"

static const struct filter_wants strict = { 0 };

#ifdef HAVE_LIBSECCOMP

#include <linux/audit.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* ----------------------------------------------------------------------------- what has to work */

static int
by_value(const void *a, const void *b)
{
	return *(const int *)a < *(const int *)b ? -1 : *(const int *)a > *(const int *)b;
}

static void
on_alarm(int signo)
{
	(void)signo;
}

static int
computes(void)
{
	size_t size = 1000;
	char *grown = malloc(size);
	int *numbers = malloc(2000000 * sizeof *numbers);

	if (grown == NULL || numbers == NULL)
		return 1;
	memset(grown, 7, size);
	while (size < 50000000) {
		char *more = realloc(grown, size * 3 / 2);
		if (more == NULL || more[size - 1] != 7)
			return 2;
		memset(more + size, 7, size / 2);
		grown = more;
		size = size * 3 / 2;
	}
	grown = realloc(grown, 100);
	if (grown == NULL || grown[99] != 7)
		return 3;
	free(grown);
	for (int i = 0; i < 2000000; i++)
		numbers[i] = (int)((i * 7919L) % 1000003);
	qsort(numbers, 2000000, sizeof *numbers, by_value);
	if (numbers[0] > numbers[1999999])
		return 4;
	free(numbers);
	struct timespec t;
	struct timeval tv;
	unsigned char random[32];
	if (clock_gettime(CLOCK_MONOTONIC, &t) == -1 ||
	    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) == -1 || gettimeofday(&tv, NULL) == -1 ||
	    time(NULL) == -1 || localtime(&tv.tv_sec) == NULL)
		return 5;
	if (nanosleep(&(struct timespec){ .tv_nsec = 1000 }, NULL) == -1 ||
	    syscall(SYS_getrandom, random, sizeof random, 0) != 32)
		return 6;
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval soon = { .it_value = { .tv_usec = 1000 } };
	if (sigaction(SIGALRM, &action, NULL) == -1 || setitimer(ITIMER_REAL, &soon, NULL) == -1 ||
	    pause() != -1 || errno != EINTR)
		return 7;
	return sysconf(_SC_NPROCESSORS_ONLN) > 0 && isatty(0) == 0 && getpid() > 0 ? 0 : 8;
}

static int pipe_fds[2];

static int
prints(void)
{
	(void)dup2(pipe_fds[1], STDOUT_FILENO);
	(void)dup2(pipe_fds[1], STDERR_FILENO);
	(void)printf("%s %.3f", "pi is", 3.14159);
	(void)fflush(stdout);
	errno = EDOM;
	perror(", not");
	return 0;
}

static int
aborts(void)
{
	abort();
}

static int
raises(void)
{
	(void)raise(SIGUSR1);
	return 1;
}

static volatile int deep = 1;

static int
recurses(void)
{
	volatile char frame[4096];

	frame[0] = 1;
	return deep ? recurses() + frame[0] : 0;
}

static int
leaves(void)
{
	exit(7);
}

START_TEST(a_computation_works)
{
	char text[100] = "", right[100];
	int status;

	confined_assert_exit(confined_run(&strict, computes), 0);
	ck_assert_int_eq(pipe(pipe_fds), 0);
	confined_assert_exit(confined_run(&strict, prints), 0);
	ck_assert_int_gt(read(pipe_fds[0], text, sizeof text - 1), 0);
	(void)snprintf(right, sizeof right, "pi is 3.142, not: %s\n", strerror(EDOM));
	ck_assert_str_eq(text, right);
	(void)close(pipe_fds[0]);
	(void)close(pipe_fds[1]);
	confined_assert_exit(confined_run(&strict, leaves), 7);
	status = confined_run(&strict, aborts);
	confined_assert_signal(status, SIGABRT);
	status = confined_run(&strict, raises);
	confined_assert_signal(status, SIGUSR1);
	status = confined_run(&strict, recurses);
	confined_assert_signal(status, SIGSEGV);
}
END_TEST

/* ------------------------------------------------------------------------------ what is refused */

static char some_path[] = "/", buffer[4096];

#define PATH ((long)some_path)
#define DATA ((long)buffer)
#define N(name) #name, SYS_##name
#define RW (PROT_READ | PROT_WRITE)
#define HIGH (1L << 32)
static const struct confined_call strict_calls[] = {
	{ N(socket), { AF_INET, SOCK_STREAM }, CALL_TRAPPED },
	{ N(socketpair), { AF_UNIX, SOCK_STREAM, 0, DATA }, CALL_TRAPPED },
	{ N(clone), { SIGCHLD }, CALL_TRAPPED },
	{ N(clone3), { DATA, 88 }, ENOSYS },
	{ N(execve), { PATH, 0, 0 }, CALL_TRAPPED },
	{ N(kill), { 0, 0 }, CALL_TRAPPED },
	{ N(setsid), { 0 }, CALL_TRAPPED },
	{ N(ptrace), { 0 }, CALL_TRAPPED },
	{ N(process_vm_writev), { 1 }, CALL_TRAPPED },
	{ N(pidfd_open), { 1 }, CALL_TRAPPED },
	{ N(unshare), { CLONE_NEWUSER }, CALL_TRAPPED },
	{ N(mount), { 0 }, CALL_TRAPPED },
	{ N(bpf), { 0 }, CALL_TRAPPED },
	{ N(io_uring_setup), { 1, DATA }, CALL_TRAPPED },
	{ N(userfaultfd), { 0 }, CALL_TRAPPED },
	{ N(perf_event_open), { 0 }, CALL_TRAPPED },
	{ N(keyctl), { 0 }, CALL_TRAPPED },
	{ N(shmget), { 0, 4096, 0600 }, CALL_TRAPPED },
	{ N(memfd_create), { PATH, 0 }, CALL_TRAPPED },
	{ N(personality), { 0x0400000 }, CALL_TRAPPED },
	{ N(prctl), { PR_SET_DUMPABLE, 1 }, CALL_TRAPPED },
	{ N(seccomp), { 1, 0, 0 }, CALL_TRAPPED },
	{ N(rt_sigaction), { SIGSYS, 0, 0, 8 }, CALL_TRAPPED },
	{ N(rt_sigaction), { SIGSYS + HIGH, 0, 0, 8 }, CALL_TRAPPED },
	{ N(mmap), { 0, 4096, RW | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1 }, CALL_TRAPPED },
	{ N(mprotect), { DATA, 4096, RW | PROT_EXEC }, CALL_TRAPPED },
	{ N(timer_create), { 0 }, CALL_TRAPPED },
	{ N(mmap), { 0, 4096, RW, MAP_SHARED | MAP_ANONYMOUS, -1 }, EPERM },
	{ N(mmap), { 0, 4096, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN, -1 }, EPERM },
	{ N(mremap), { DATA, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, DATA }, ENOSYS },
	{ N(openat), { AT_FDCWD, PATH, O_RDONLY }, EACCES },
	{ N(newfstatat), { AT_FDCWD, PATH, DATA }, EACCES },
	{ N(getcwd), { DATA, 4096 }, EACCES },
	{ N(unlinkat), { AT_FDCWD, PATH }, EACCES },
	{ N(statx), { AT_FDCWD, PATH, 0, 0, DATA }, ENOSYS },
	{ N(fcntl), { 1, F_SETFL, O_NONBLOCK }, EPERM },
	{ N(ioctl), { 0, TIOCSTI, DATA }, ENOTTY },
	{ N(ioctl), { 0, TIOCSTI + HIGH, DATA }, ENOTTY },
	{ N(prlimit64), { 0, RLIMIT_CPU, DATA, 0 }, EPERM },
	{ N(prlimit64), { 1, RLIMIT_CPU, 0, DATA }, EPERM },
	{ "too young", 600, { 0 }, ENOSYS },
};

START_TEST(denied_calls_are_trapped_or_refused)
{
	confined_check_calls(&strict, strict_calls, sizeof strict_calls / sizeof strict_calls[0]);
}
END_TEST

#ifdef __x86_64__
static int
calls_32_bit(void)
{
	long r;

	__asm__ volatile("int $0x80" : "=a"(r) : "0"(20L) : "memory", "r8", "r9", "r10", "r11");
	return r > 0 ? 1 : 2;
}

static int
calls_x32(void)
{
	return syscall(0x40000000 + SYS_getpid) > 0 ? 1 : 2;
}

START_TEST(other_architectures_are_trapped)
{
	char name[64];

	confined_assert_trapped(confined_run(&strict, calls_x32), 0x40000000 + SYS_getpid);
	(void)filter_call_name(atomic_load(&note->number), atomic_load(&note->arch), name,
	    sizeof name);
	ck_assert_str_eq(name, "system call 39 of another architecture");
	int status = confined_run(&strict, calls_32_bit);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV)
		return; /* this kernel has no such calls */
	confined_assert_trapped(status, 20);
	ck_assert_uint_eq(atomic_load(&note->arch), AUDIT_ARCH_I386);
	(void)filter_call_name(20, AUDIT_ARCH_I386, name, sizeof name);
	ck_assert_str_eq(name, "system call 20 of another architecture");
}
END_TEST
#endif

/* fork() and its kin block all signals first: no handler runs that could name the call. */
static int
forks(void)
{
	return fork() != 0;
}

static int
blocks_and_calls(void)
{
	sigset_t all;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, NULL);
	return socket(AF_INET, SOCK_STREAM, 0) != -1;
}

START_TEST(blocked_signals_are_no_way_around)
{
	int status = confined_run(&strict, forks);

	confined_assert_signal(status, SIGSYS);
	status = confined_run(&strict, blocks_and_calls);
	confined_assert_signal(status, SIGSYS);
	ck_assert_int_eq(atomic_load(&note->trapped), 0);
}
END_TEST

static void
on_trap_return(int signo, siginfo_t *info, void *context)
{
	(void)signo;
	(void)info;
	(void)context;
	atomic_fetch_add(&note->trapped, 1);
}

static pid_t victim;

static int
returns_from_traps(void)
{
	struct sigaction action = { .sa_sigaction = on_trap_return, .sa_flags = SA_SIGINFO };
	struct sandbox_filter filter;

	if (filter_build(&filter, &strict, NULL, 0) == -1 ||
	    sigaction(SIGSYS, &action, NULL) == -1 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 || filter_enter(&filter, 0) == -1)
		return 255;
	for (int i = 0; i < 3; i++)
		(void)kill(victim, SIGKILL);
	return 0;
}

START_TEST(a_handler_that_returns_gains_nothing)
{
	int status;

	victim = fork();
	ck_assert_int_ne(victim, -1);
	if (victim == 0) {
		(void)pause();
		_exit(0);
	}
	confined_assert_exit(confined_run_free(returns_from_traps), 0);
	ck_assert_int_eq(atomic_load(&note->trapped), 3);
	ck_assert_int_eq(waitpid(victim, &status, WNOHANG), 0);
	(void)kill(victim, SIGKILL);
	ck_assert_int_eq(waitpid(victim, &status, 0), victim);
}
END_TEST

static int
enters_again(void)
{
	/* A job may neither add a filter of its own making nor change the one it has. */
	struct sandbox_filter filter;

	if (filter_build(&filter, &strict, NULL, 0) == -1)
		return 1;
	return filter_enter(&filter, 0) == -1 ? 2 : 3;
}

static int
enters_without_promise(void)
{
	struct sandbox_filter filter;

	if (filter_build(&filter, &strict, NULL, 0) == -1)
		return 1;
	if (geteuid() == 0 && setuid(65534) == -1)
		return 2;
	return filter_enter(&filter, 0) == -1 ? errno : 3;
}

START_TEST(entering_has_its_conditions)
{
	confined_assert_exit(confined_run_free(enters_without_promise), EACCES);
	/* Building a filter needs a file in memory. */
	confined_assert_trapped(confined_run(&strict, enters_again), SYS_memfd_create);
	struct sandbox_filter none = { 0 };
	ck_assert_int_eq(filter_enter(&none, 0), -1);
	ck_assert_int_eq(errno, EINVAL);
	filter_release(&none);
}
END_TEST

START_TEST(calls_have_names)
{
	char name[64], tiny[4];

	ck_assert_str_eq(filter_call_name(SYS_socket, seccomp_arch_native(), name, sizeof name),
	    "socket");
	ck_assert_str_eq(filter_call_name(9999, seccomp_arch_native(), name, sizeof name),
	    "system call 9999");
	ck_assert_str_eq(filter_call_name(-1, seccomp_arch_native(), name, sizeof name),
	    "system call -1");
	ck_assert_str_eq(filter_call_name(5, 1, name, sizeof name),
	    "system call 5 of another architecture");
	ck_assert_str_eq(filter_call_name(SYS_socket, seccomp_arch_native(), tiny, sizeof tiny),
	    "soc");
}
END_TEST

#else /* HAVE_LIBSECCOMP */

START_TEST(build_without_libseccomp_says_so)
{
	struct sandbox_filter filter;
	char error[256] = "", name[64];

	ck_assert_int_eq(filter_build(&filter, &strict, error, sizeof error), -1);
	ck_assert_int_eq(errno, ENOTSUP);
	ck_assert_str_eq(error,
	    OS_ADDRESSES_ABOUND ?
		"sandbox: this build of forkpool has no libseccomp, so system calls cannot be "
		"filtered" :
		"sandbox: system calls are filtered on 64-bit systems only");
	ck_assert_int_eq(filter_enter(&filter, 0), -1);
	ck_assert_int_eq(errno, ENOTSUP);
	filter_release(&filter);
	ck_assert_int_eq(strncmp(filter_call_name(333, 0, name, sizeof name), "system call 333",
			     15),
	    0);
}
END_TEST

#endif

int
main(void)
{
#ifdef HAVE_LIBSECCOMP
	if (!confined_possible())
		return 0;
#endif
	Suite *suite = suite_create("sandbox_filter");
	TCase *tc = support_case("sandbox_filter", 60);

#ifdef HAVE_LIBSECCOMP
	tcase_add_unchecked_fixture(tc, confined_begin, confined_end);
	tcase_add_test(tc, a_computation_works);
	tcase_add_test(tc, denied_calls_are_trapped_or_refused);
#ifdef __x86_64__
	tcase_add_test(tc, other_architectures_are_trapped);
#endif
	tcase_add_test(tc, blocked_signals_are_no_way_around);
	tcase_add_test(tc, a_handler_that_returns_gains_nothing);
	tcase_add_test(tc, entering_has_its_conditions);
	tcase_add_test(tc, calls_have_names);
#else
	tcase_add_test(tc, build_without_libseccomp_says_so);
#endif
	suite_add_tcase(suite, tc);
	return support_run(suite);
}
