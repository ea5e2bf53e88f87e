/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Jobs that make each system call there is, in each way that there is: a call that a computation
 * does not need never runs; it is denied, or refused with an error that says so.
 */
#include "config.h"
#include "tests/support/attack.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* --------------------------------------------------------------------------------- every number */

/* Calls that computations make on some C library, and that do no harm without files and sockets. */
static const long computing[] = {
	SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_pread64, SYS_pwrite64, SYS_preadv,
	SYS_pwritev, SYS_preadv2, SYS_pwritev2, SYS_lseek, SYS_fstat, SYS_close, SYS_close_range,
	SYS_dup, SYS_dup3, SYS_fcntl, SYS_fsync, SYS_fdatasync, SYS_ftruncate, SYS_ppoll,
	SYS_pselect6, SYS_exit, SYS_exit_group, SYS_restart_syscall, SYS_umask, SYS_brk, SYS_mmap,
	SYS_munmap, SYS_mprotect, SYS_msync, SYS_munlock, SYS_munlockall, SYS_madvise, SYS_getpid,
	SYS_gettid, SYS_getppid, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid, SYS_getresuid,
	SYS_getresgid, SYS_getgroups, SYS_getpgid, SYS_getsid, SYS_capget, SYS_clock_gettime,
	SYS_clock_getres, SYS_clock_nanosleep, SYS_gettimeofday, SYS_nanosleep, SYS_times,
	SYS_getrusage, SYS_getrandom, SYS_uname, SYS_sysinfo, SYS_sched_yield,
	SYS_sched_getaffinity, SYS_sched_getparam, SYS_sched_getscheduler, SYS_sched_getattr,
	SYS_sched_get_priority_max, SYS_sched_get_priority_min, SYS_sched_rr_get_interval,
	SYS_getpriority, SYS_ioprio_get, SYS_getcpu, SYS_rt_sigprocmask, SYS_rt_sigreturn,
	SYS_rt_sigpending, SYS_rt_sigsuspend, SYS_rt_sigtimedwait, SYS_rt_sigaction,
	SYS_sigaltstack, SYS_tgkill, SYS_tkill, SYS_setitimer, SYS_getitimer, SYS_wait4, SYS_waitid,
	SYS_futex, SYS_prlimit64, SYS_prctl,
#ifdef __x86_64__
	SYS_dup2, SYS_poll, SYS_select, SYS_getpgrp, SYS_time, SYS_alarm, SYS_pause, SYS_getrlimit,
	/*
	 * uretprobe, uprobe: the kernel lets them pass any filter, but obeys its own trampoline
	 * only.
	 */
	335, 336,
#endif
};

static int
is_computing(long number)
{
	for (size_t i = 0; i < sizeof computing / sizeof computing[0]; i++)
		if (computing[i] == number)
			return 1;
	return 0;
}

/* No call can use these arguments: one that runs fails with another error than a refusal. */
static int
calls(struct forkpool_context *context, const void *args, size_t args_len)
{
	int64_t number;

	if (args_len != sizeof number)
		return EBADMSG;
	memcpy(&number, args, sizeof number);
	errno = 0;
	long r = syscall((long)number, -1L, -1L, -1L, -1L, -1L, -1L);
	return forkpool_fail(context, r == -1 ? errno : EPROTO, "%ld", r);
}

static int
is_refusal(int error)
{
	return error == ENOSYS || error == EACCES || error == EPERM || error == EOPNOTSUPP ||
	    error == ENOTTY || error == ENOMEM;
}

static void
call_all(struct attack_scene *scene, const int64_t *numbers, size_t n)
{
	uint64_t first = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t seq = support_submit(scene->pool, calls, &numbers[i], sizeof numbers[i]);
		first = i == 0 ? seq : first;
	}
	for (size_t i = 0; i < n; i++) {
		const struct forkpool_result *result = support_wait(scene->pool);
		int64_t number = numbers[result->seq - first];
		ck_assert_msg(result->outcome == FORKPOOL_DENIED ||
			(result->outcome == FORKPOOL_FAILED && is_refusal(result->error)),
		    "system call %lld (%#llx): %s (signal %d, error %s): %s", (long long)number,
		    (unsigned long long)number, forkpool_outcome_name(result->outcome),
		    result->signal, strerror(result->error), result->message);
		if (result->outcome == FORKPOOL_DENIED)
			ck_assert_int_eq(result->signal, SIGSYS);
	}
}

static void
call_numbers(struct attack_scene *scene, const void *arg)
{
	static int64_t numbers[700];
	size_t n = 0;

	(void)arg;
	for (int64_t number = 0; number < 700; number++)
		if (!is_computing((long)number))
			numbers[n++] = number;
	call_all(scene, numbers, n);
}

/* Numbers of another interface, or that are a call's number in some of their bits. */
static void
call_odd_numbers(struct attack_scene *scene, const void *arg)
{
	static int64_t numbers[1000];
	size_t n = 0;

	(void)arg;
	for (int64_t number = 0; number < 600; number++)
		numbers[n++] = 0x40000000 | number; /* x32 */
	static const int64_t odd[] = { -1, -2, INT32_MAX, 0x7fffffff0000, 0x20000000, 0x10000,
		0xffff, 1000, 1024, 4096 };
	for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
		numbers[n++] = odd[i];
	/* The kernel reads only the lower half of the register. */
	static const int64_t high[] = { SYS_ptrace, SYS_kill, SYS_socket, SYS_execve, SYS_clone };
	for (size_t i = 0; i < sizeof high / sizeof high[0]; i++) {
		numbers[n++] = high[i] | (int64_t)1 << 32;
		numbers[n++] = high[i] | INT64_MIN;
	}
	call_all(scene, numbers, n);
}

/*
 * A worker with a worker_exit() or with threads does not enter the filter itself: each job's
 * process does.
 */
static void
exit_of_worker(void *arg, void *state)
{
	(void)arg;
	(void)state;
}

static int
init_makes_thread(void *arg, void **state)
{
	pthread_t thread;

	(void)arg;
	*state = NULL;
	return pthread_create(&thread, NULL, support_thread_waits, NULL);
}

static void
call_with(enum attack_mode mode, int kind, attack_body *body)
{
	struct forkpool_options options = support_options(2);

	if (kind == 1)
		options.worker_exit = exit_of_worker;
	if (kind == 2)
		options.worker_init = init_makes_thread;
	if (mode == ATTACK_SANDBOX || mode == ATTACK_SANDBOX_USER)
		attack_in(mode, &options, body, NULL);
}

START_TEST(calls_each_number)
{
	call_with((enum attack_mode)(_i % ATTACK_MODES), _i / ATTACK_MODES, call_numbers);
}
END_TEST

START_TEST(calls_odd_numbers)
{
	call_with((enum attack_mode)(_i % ATTACK_MODES), _i / ATTACK_MODES, call_odd_numbers);
}
END_TEST

/* ------------------------------------------------------------------ calls known for their holes */

static const struct named_call {
	const char *name;
	long number, a, b, c, d;
} named[] = {
	{ "io_uring_setup", 425, 8, -1, 0, 0 },
	{ "io_uring_enter", 426, 0, 1, 0, 0 },
	{ "io_uring_register", 427, 0, 0, 0, 0 },
	{ "bpf", SYS_bpf, 0, 0, 0, 0 },
	{ "userfaultfd", SYS_userfaultfd, 1, 0, 0, 0 },
	{ "perf_event_open", SYS_perf_event_open, 0, 0, -1, -1 },
	{ "unshare", SYS_unshare, 0x10000000, 0, 0, 0 },
	{ "setns", SYS_setns, 0, 0, 0, 0 },
	{ "keyctl", SYS_keyctl, 0, 0, 0, 0 },
	{ "add_key", SYS_add_key, 0, 0, 0, 0 },
	{ "memfd_create", SYS_memfd_create, 0, 0, 0, 0 },
	{ "execve", SYS_execve, 0, 0, 0, 0 },
	{ "execveat", SYS_execveat, -1, 0, 0, 0 },
	{ "ptrace", SYS_ptrace, 0 /* PTRACE_TRACEME */, 0, 0, 0 },
	{ "mount", SYS_mount, 0, 0, 0, 0 },
	{ "fsopen", 430, 0, 0, 0, 0 },
	{ "open_tree", 428, -100, 0, 0, 0 },
	{ "pivot_root", SYS_pivot_root, 0, 0, 0, 0 },
	{ "swapon", SYS_swapon, 0, 0, 0, 0 },
	{ "reboot", SYS_reboot, 0, 0, 0, 0 },
	{ "kexec_load", SYS_kexec_load, 0, 0, 0, 0 },
	{ "init_module", SYS_init_module, 0, 0, 0, 0 },
	{ "personality", SYS_personality, 0x0400000, 0, 0, 0 },
	{ "setuid", SYS_setuid, 0, 0, 0, 0 },
	{ "setresuid", SYS_setresuid, 0, 0, 0, 0 },
	{ "capset", SYS_capset, 0, 0, 0, 0 },
	{ "prctl", SYS_prctl, 4 /* PR_SET_DUMPABLE */, 1, 0, 0 },
#if SIZE_MAX > UINT32_MAX
	{ "prctl", SYS_prctl, 15 | 1ul << 32 /* PR_SET_NAME in its lower half */, 0, 0, 0 },
#endif
	{ "prctl", SYS_prctl, 1 /* PR_SET_PDEATHSIG */, 0, 0, 0 },
	{ "prctl", SYS_prctl, 59 /* PR_SET_SYSCALL_USER_DISPATCH */, 1, 0, 0 },
	{ "shmget", SYS_shmget, 0, 4096, 01600, 0 },
	{ "msgget", SYS_msgget, 0, 01600, 0, 0 },
	{ "semget", SYS_semget, 0, 1, 01600, 0 },
	{ "mq_open", SYS_mq_open, 0, 0, 0, 0 },
	{ "name_to_handle_at", SYS_name_to_handle_at, -100, 0, 0, 0 },
	{ "open_by_handle_at", SYS_open_by_handle_at, -100, 0, 0, 0 },
	{ "remap_file_pages", SYS_remap_file_pages, 0, 0, 0, 0 },
	{ "process_madvise", 440, 0, 0, 0, 0 },
	{ "seccomp", SYS_seccomp, 0, 0, 0, 0 },
	{ "landlock_create_ruleset", 444, 0, 0, 1, 0 },
	{ "clone", SYS_clone, 0x10000000 | SIGCHLD, 0, 0, 0 },
	{ "pipe2", SYS_pipe2, 0, 0, 0, 0 },
	{ "eventfd2", SYS_eventfd2, 0, 0, 0, 0 },
	{ "timerfd_create", SYS_timerfd_create, 1, 0, 0, 0 },
	{ "inotify_init1", SYS_inotify_init1, 0, 0, 0, 0 },
	{ "timer_create", SYS_timer_create, 1, 0, 0, 0 },
	{ "setsid", SYS_setsid, 0, 0, 0, 0 },
	{ "setpgid", SYS_setpgid, 0, 0, 0, 0 },
	{ "sethostname", SYS_sethostname, 0, 0, 0, 0 },
	{ "clock_settime", SYS_clock_settime, 0, 0, 0, 0 },
#ifdef __x86_64__
	{ "arch_prctl", SYS_arch_prctl, 0x1001 /* ARCH_SET_GS */, 0, 0, 0 },
	{ "modify_ldt", SYS_modify_ldt, 0, 0, 0, 0 },
	{ "iopl", SYS_iopl, 3, 0, 0, 0 },
	{ "ioperm", SYS_ioperm, 0, 1, 1, 0 },
	{ "uselib", SYS_uselib, 0, 0, 0, 0 },
	{ "vfork", SYS_vfork, 0, 0, 0, 0 },
#endif
};

static int
calls_named(struct forkpool_context *context, const void *args, size_t args_len)
{
	const struct named_call *call = &named[attack_known(args, args_len)->n];
	long r = syscall(call->number, call->a, call->b, call->c, call->d, 0L, 0L);

	if (r == 0 && (call->number == SYS_clone || strcmp(call->name, "vfork") == 0))
		_exit(0);
	return forkpool_fail(context, r == -1 ? errno : EPROTO, "%ld", r);
}

START_TEST(calls_one_of_bad_fame)
{
	const struct attack attack = { named[_i / 2].name, calls_named,
		DENIED_BY(named[_i / 2].name), .n = _i / 2 };

	attack_table(&attack, _i % 2 ? ATTACK_SANDBOX_USER : ATTACK_SANDBOX, NULL);
}
END_TEST

/* ------------------------------------------------------------------------------ the other doors */

#ifdef __x86_64__
static long
interrupt_80(long number, long b, long c, long d)
{
	long r;

	__asm__ volatile("int $0x80"
			 : "=a"(r)
			 : "0"(number), "b"(b), "c"(c), "d"(d)
			 : "memory", "r8", "r9", "r10", "r11");
	return r;
}

static int
calls_by_interrupt(struct forkpool_context *context, const void *args, size_t args_len)
{
	/* Numbers of i386: getpid, kill, fork, ptrace, socketcall, open. */
	static const long numbers[] = { 20, 37, 2, 26, 102, 5 };
	int64_t n = attack_known(args, args_len)->n;
	long r = interrupt_80(numbers[n], 0, 0, 0);

	if (r == 0 && numbers[n] == 2)
		_exit(0);
	if (r == -ENOSYS)
		return 0;
	return attack_through(context, r < 0 ? "int 0x80, with an error" : "int 0x80", r);
}

#define BY_INTERRUPT(name, n_) \
	{ name " by int 0x80", calls_by_interrupt, \
	  SANDBOX(ENDS(DENIED) | ENDS(CRASHED) | ENDS(OK)), .n = (n_), .signal = SIGSEGV }

static const struct attack doors[] = {
	BY_INTERRUPT("getpid", 0),
	BY_INTERRUPT("kill", 1),
	BY_INTERRUPT("fork", 2),
	BY_INTERRUPT("ptrace", 3),
	BY_INTERRUPT("socketcall", 4),
	BY_INTERRUPT("open", 5),
};

START_TEST(calls_through_another_door)
{
	attack_table(doors, _i, NULL);
}
END_TEST
#endif

/* -------------------------------------------------------------------------------- code, signals */

/* Memory that can be written and executed at the same time, or one after the other. */
static int
makes_code(struct forkpool_context *context, const void *args, size_t args_len)
{
	const int private = MAP_PRIVATE | MAP_ANONYMOUS;
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, private, -1, 0);

	switch (attack_known(args, args_len)->n) {
	case 0:
		at = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, private, -1, 0);
		break;
	case 1:
		at = mmap(NULL, 4096, PROT_EXEC, private, -1, 0);
		break;
	case 2:
		at = mmap(NULL, 4096, PROT_READ | PROT_EXEC | 1l << 24, MAP_SHARED | MAP_ANONYMOUS,
		    -1, 0);
		break;
	case 3:
		at = mprotect(at, 4096, PROT_READ | PROT_EXEC) == 0 ? at : MAP_FAILED;
		break;
	case 4: { /* make the text writable */
		uintptr_t text = (uintptr_t)makes_code & ~(uintptr_t)4095;
		if (mprotect((void *)text, 4096, PROT_READ | PROT_WRITE | PROT_EXEC) == -1)
			at = MAP_FAILED;
		break;
	}
	default:
		if (syscall(SYS_pkey_mprotect, at, 4096L, (long)(PROT_READ | PROT_EXEC), -1L) == -1)
			at = MAP_FAILED;
		break;
	}
	return at != MAP_FAILED ? attack_through(context, "executable memory", 1) : 0;
}

/* A handler for SIGSYS, so that the job goes on after a denied call. */
static void
on_trap(int signo)
{
	(void)signo;
}

static int
survives_denial(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct sigaction action;
	sigset_t trap;

	memset(&action, 0, sizeof action);
	sigemptyset(&action.sa_mask);
	action.sa_handler = on_trap;
	switch (attack_known(args, args_len)->n) {
	case 0:
		ATTACK_TRY(sigaction(SIGSYS, &action, NULL));
		break;
	case 1:
		action.sa_handler = SIG_IGN;
		ATTACK_TRY(sigaction(SIGSYS, &action, NULL));
		break;
	case 2:
		sigemptyset(&trap);
		sigaddset(&trap, SIGSYS);
		(void)sigprocmask(SIG_BLOCK, &trap, NULL);
		(void)syscall(SYS_ptrace, 0L, 0L, 0L, 0L);
		return attack_through(context, "a blocked SIGSYS", 0);
	case 3: /* no stack for the handler to run on */
		(void)sigaltstack(&(stack_t){ .ss_flags = SS_DISABLE }, NULL);
		(void)syscall(SYS_ptrace, 0L, 0L, 0L, 0L);
		return attack_through(context, "ptrace", 0);
	default:
		(void)raise(SIGSYS);
		return attack_through(context, "raise(SIGSYS)", 0);
	}
	return 0;
}

static const struct attack code[] = {
	{ "writable and executable memory", makes_code, SANDBOX(KEPT_OUT), .denied = "mmap",
	    .n = 0 },
	{ "executable memory", makes_code, SANDBOX(KEPT_OUT), .denied = "mmap", .n = 1 },
	{ "shared executable memory", makes_code, SANDBOX(KEPT_OUT), .denied = "mmap", .n = 2 },
	{ "memory made executable", makes_code, SANDBOX(KEPT_OUT), .denied = "mprotect", .n = 3 },
	{ "text made writable", makes_code, SANDBOX(KEPT_OUT), .denied = "mprotect", .n = 4 },
	{ "memory made executable with a key", makes_code, SANDBOX(KEPT_OUT),
	    .denied = "pkey_mprotect", .n = 5 },
	{ "a handler for SIGSYS", survives_denial, SANDBOX(KEPT_OUT), .denied = "sigaction",
	    .n = 0 },
	{ "SIGSYS ignored", survives_denial, SANDBOX(KEPT_OUT), .denied = "sigaction", .n = 1 },
	{ "SIGSYS blocked", survives_denial, SANDBOX(ENDS(DENIED) | ENDS(CRASHED)), .n = 2,
	    .signal = SIGSYS },
	{ "no stack for the handler", survives_denial, SANDBOX(ENDS(DENIED)), .n = 3 },
	{ "SIGSYS raised", survives_denial, .job = ENDS(CRASHED), .sandbox = ENDS(CRASHED), .n = 4,
	    .signal = SIGSYS },
};

START_TEST(makes_code_or_survives)
{
	attack_table(code, _i, NULL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("attacks by calls");
	TCase *numbers = support_case("numbers", 120), *names = support_case("names", 60);

	tcase_add_loop_test(numbers, calls_each_number, 0, 3 * ATTACK_MODES);
	tcase_add_loop_test(numbers, calls_odd_numbers, 0, 3 * ATTACK_MODES);
	tcase_add_loop_test(names, calls_one_of_bad_fame, 0,
	    (int)(sizeof named / sizeof named[0]) * 2);
#ifdef __x86_64__
	ATTACK_TABLE(names, calls_through_another_door, doors);
#endif
	ATTACK_TABLE(names, makes_code_or_survives, code);
	suite_add_tcase(suite, numbers);
	suite_add_tcase(suite, names);
	return attack_main(suite);
}
