/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The filter's program, interpreted in this process for calls that nobody makes: for each set of
 * wants it answers as the tables say.  And what the tables say of the calls that matter most.
 */
#include "config.h"
#include "tests/support/filter_judge.h"
#include "tests/support/support.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#ifdef HAVE_LIBSECCOMP

#include <linux/futex.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "lib/sandbox/seccomp_filter.h"
#include "lib/sandbox/syscall_policy.h"

/* --------------------------------------------------------- the tables, read in the plainest way */

static int
compare_holds(const struct scmp_arg_cmp *c, const uint64_t *args)
{
	uint64_t value = args[c->arg];

	switch (c->op) {
	case SCMP_CMP_EQ: return value == c->datum_a;
	case SCMP_CMP_NE: return value != c->datum_a;
	case SCMP_CMP_MASKED_EQ: return (value & c->datum_a) == c->datum_b;
	default: return 1; /* no such comparison */
	}
}

static int
has_call(const char *calls, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = calls; (at = strstr(at, name)) != NULL; at += len)
		if ((at == calls || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
			return 1;
	return 0;
}

static int
applies(unsigned wants, unsigned any, unsigned none)
{
	return (any == 0 || (wants & any) != 0) && (wants & none) == 0;
}

static int
choice_answer(const struct policy_choice *choice, unsigned wants, const uint64_t *args)
{
	uint64_t value = args[choice->arg], most = 0;
	uint64_t care = choice->care | ((choice->care >> 31) != 0 ? (uint64_t)UINT32_MAX << 32 : 0);

	for (size_t i = 0; i < choice->count; i++) {
		if (!applies(wants, choice->values[i].any, 0))
			continue;
		if ((value & care) == (choice->values[i].value & care))
			return choice->listed;
		if (choice->values[i].value > most)
			most = choice->values[i].value;
	}
	if (choice->other == POLICY_ALLOW && (value & care) > most)
		return POLICY_TRAP;
	return choice->other;
}

/* Which rules and choices of the tables name the call that is being checked. */
static unsigned char rule_names_it[256], choice_names_it[256];

static void
find_call(const char *name)
{
	ck_assert_uint_le(policy_rule_count, sizeof rule_names_it);
	ck_assert_uint_le(policy_choice_count, sizeof choice_names_it);
	for (size_t i = 0; i < policy_rule_count; i++)
		rule_names_it[i] = has_call(policy_rules[i].calls, name) != 0;
	for (size_t i = 0; i < policy_choice_count; i++)
		choice_names_it[i] = has_call(policy_choices[i].calls, name) != 0;
}

/*
 * Does the program's answer agree with what the tables say of this call?  Without ck_assert(), as
 * filter_judge() is.
 */
static void
check_call(unsigned wants, const char *name, int number, const uint64_t *args)
{
	int got = filter_judge(wants, number, args), allowed = 0, refused = 0, as_refused = 0;

	for (size_t i = 0; i < policy_rule_count; i++) {
		const struct policy_rule *rule = &policy_rules[i];
		if (!rule_names_it[i] || !applies(wants, rule->any, rule->none))
			continue;
		int holds = 1;
		for (int j = 0; j < 3; j++)
			holds = holds && compare_holds(&rule->compare[j], args);
		if (!holds)
			continue;
		allowed |= rule->answer == POLICY_ALLOW;
		refused |= rule->answer > 0;
		as_refused |= rule->answer == got;
	}
	for (size_t i = 0; i < policy_choice_count; i++) {
		const struct policy_choice *choice = &policy_choices[i];
		if (!choice_names_it[i] || !applies(wants, choice->any, choice->none) ||
		    !compare_holds(&choice->where, args))
			continue;
		int answer = choice_answer(choice, wants, args);
		allowed |= answer == POLICY_ALLOW;
		refused |= answer > 0;
		as_refused |= answer == got;
	}
	const char *format = "wants %u: %s(%#jx, %#jx, %#jx, %#jx): %d, in the tables %s%s";
	int agrees = allowed ? got == POLICY_ALLOW :
	    refused          ? got > 0 && as_refused :
			       got == POLICY_TRAP;
	if (!agrees || (allowed && refused))
		ck_abort_msg(format, wants, name, (uintmax_t)args[0], (uintmax_t)args[1],
		    (uintmax_t)args[2], (uintmax_t)args[3], got, allowed ? "allowed" : "",
		    refused ? "refused" : "");
}

/* ----------------------------------------------------------------------------- arguments to try */

static uint64_t state = 88172645463325252u;

static uint64_t
next_random(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static uint64_t pool[6][512];
static size_t pool_count[6];

static void
pool_put(unsigned arg, uint64_t value)
{
	if (pool_count[arg] < sizeof pool[arg] / sizeof pool[arg][0])
		pool[arg][pool_count[arg]++] = value;
}

/* Add the values that the tables name for an argument, and their neighbours. */
static void
pool_fill(void)
{
	memset(pool_count, 0, sizeof pool_count);
	for (unsigned arg = 0; arg < 6; arg++)
		pool_put(arg, 0);
	for (size_t i = 0; i < policy_rule_count; i++)
		for (int j = 0; rule_names_it[i] && j < 3 && policy_rules[i].compare[j].op != 0;
		     j++) {
			const struct scmp_arg_cmp *c = &policy_rules[i].compare[j];
			pool_put(c->arg, c->op == SCMP_CMP_MASKED_EQ ? c->datum_b : c->datum_a);
		}
	for (size_t i = 0; i < policy_choice_count; i++)
		for (size_t j = 0; choice_names_it[i] && j < policy_choices[i].count; j++) {
			pool_put(policy_choices[i].arg, policy_choices[i].values[j].value);
			if (policy_choices[i].where.op != 0)
				pool_put(policy_choices[i].where.arg,
				    policy_choices[i].where.datum_a);
		}
}

static uint64_t
pool_take(unsigned arg)
{
	uint64_t value = pool[arg][next_random() % pool_count[arg]], r = next_random();

	switch (r >> 60) {
	case 0: return value ^ 1u << (r & 31);
	case 1: return value ^ (uint64_t)1 << (r & 63);
	case 2: return value + 1;
	case 3: return value - 1;
	case 4: return value | pool[arg][next_random() % pool_count[arg]];
	case 5: return r >> (r & 63);
	case 6: return value | (uint64_t)1 << 32;
	default: return value;
	}
}

START_TEST(program_answers_as_the_tables_say)
{
	for (int number = 0; number < (int)policy_first_unknown; number++) {
		char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
		if (name == NULL)
			continue;
		find_call(name);
		pool_fill();
		int tries = 1;
		for (unsigned arg = 0; arg < 6; arg++)
			if (pool_count[arg] > 1)
				tries = 2000;
		for (int i = 0; i < tries; i++)
			for (unsigned wants = 0; wants < FILTER_JUDGES; wants++) {
				uint64_t args[6];
				for (unsigned arg = 0; arg < 6; arg++)
					args[arg] = pool_take(arg);
				check_call(wants, name, number, args);
			}
		free(name);
	}
}
END_TEST

/* libseccomp skips a misspelt name, and the call would have no rule. */
START_TEST(tables_name_calls_that_exist)
{
	for (size_t i = 0; i < policy_rule_count + policy_choice_count; i++) {
		char names[1024], *rest = names;
		(void)snprintf(names, sizeof names, "%s",
		    i < policy_rule_count ? policy_rules[i].calls :
					    policy_choices[i - policy_rule_count].calls);
		ck_assert_uint_lt(strlen(names), sizeof names - 1);
		for (char *name; (name = strsep(&rest, " ")) != NULL;)
			ck_assert_msg(seccomp_syscall_resolve_name(name) != __NR_SCMP_ERROR,
			    "%s is no call", name);
	}
	for (size_t i = 0; i < policy_choice_count; i++)
		ck_assert_uint_le(policy_choices[i].count, POLICY_VALUES_MAX);
}
END_TEST

START_TEST(young_foreign_and_x32_calls_are_not_made)
{
	int unknown = (int)policy_first_unknown;

	for (unsigned wants = 0; wants < FILTER_JUDGES; wants++) {
		if (unknown != 0) {
			ck_assert_int_eq(filter_judge(wants, unknown, NULL), ENOSYS);
			ck_assert_int_eq(filter_judge(wants, 0x3fffffff, NULL), ENOSYS);
			ck_assert_int_eq(filter_judge(wants, unknown - 1, NULL), POLICY_TRAP);
		}
		ck_assert_int_eq(filter_judge(wants, -1, NULL), POLICY_TRAP);
		ck_assert_int_eq(filter_judge(wants, INT32_MIN, NULL), POLICY_TRAP);
		for (int number = 0; number < 500; number++) {
			/* SYS_getpid and all others with the bit of x32 */
			int x32 = filter_judge(wants, number | 0x40000000, NULL);
			int foreign = filter_judge_foreign(wants, number);
			ck_assert_int_eq(x32, POLICY_TRAP);
			ck_assert(foreign == POLICY_TRAP ||
			    (foreign == ENOSYS && number >= unknown));
		}
	}
}
END_TEST

/* ------------------------------------------------------- what must hold whatever the tables say */

struct expected {
	unsigned wants;  /* for all sets with these, */
	unsigned none;   /* and without these */
	int number;
	uint64_t args[6];
	int answer;
};
#define HIGH ((uint64_t)1 << 32)
#define FILES WANT_FILES
#define NETWORK WANT_NETWORK
#define EXEC WANT_EXEC
#define THREADS WANT_THREADS
#define RW (PROT_READ | PROT_WRITE)

static const struct expected expected[] = {
	{ 0, 0, SYS_read, { 0 }, 0 },
	{ 0, 0, SYS_exit_group, { 0 }, 0 },
	{ 0, 0, SYS_mmap, { 0, 4096, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK },
	    0 },
	{ 0, 0, SYS_mmap, { 0, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS }, 0 },
	{ 0, 0, SYS_mmap, { 0, 4096, RW, MAP_SHARED | MAP_ANONYMOUS }, EPERM },
	{ 0, FILES | EXEC, SYS_mmap, { 0, 4096, RW, MAP_SHARED }, EPERM },
	{ FILES, 0, SYS_mmap, { 0, 4096, RW, MAP_SHARED }, 0 },
	{ 0, 0, SYS_mmap, { 0, 4096, RW, 8 | MAP_ANONYMOUS }, EINVAL },
	{ 0, 0, SYS_mmap, { 0, 4096, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN }, EPERM },
	{ 0, 0, SYS_mmap, { 0, 4096, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB }, EPERM },
	{ 0, 0, SYS_mmap, { 0, 4096, RW, MAP_PRIVATE | MAP_ANONYMOUS | HIGH }, POLICY_TRAP },
	{ 0, EXEC, SYS_mmap, { 0, 4096, RW | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS },
	    POLICY_TRAP },
	{ FILES, EXEC, SYS_mmap, { 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE }, EACCES },
	{ EXEC, 0, SYS_mmap, { 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE }, 0 },
	{ 0, EXEC, SYS_mprotect, { 0, 4096, PROT_EXEC }, POLICY_TRAP },
	{ 0, EXEC, SYS_mprotect, { 0, 4096, RW | PROT_EXEC | HIGH }, POLICY_TRAP },
	{ 0, 0, SYS_mprotect, { 0, 4096, RW }, 0 },
	{ 0, 0, SYS_mprotect, { 0, 4096, RW | PROT_GROWSDOWN }, EINVAL },
	{ 0, 0, SYS_mremap, { 4096, 4096, 8192, MREMAP_MAYMOVE }, 0 },
	{ 0, EXEC, SYS_mremap, { 4096, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED }, ENOSYS },
	{ THREADS, EXEC, SYS_clone, { 0x3d0f00 }, 0 },
	{ THREADS, EXEC, SYS_clone, { 0x3d0f00 | HIGH }, POLICY_TRAP },
	{ 0, EXEC | THREADS, SYS_clone, { 0x3d0f00 }, POLICY_TRAP },
	{ 0, EXEC, SYS_rt_sigaction, { SIGSYS }, POLICY_TRAP },
	{ 0, EXEC, SYS_rt_sigaction, { SIGSYS | HIGH }, POLICY_TRAP },
	{ 0, 0, SYS_rt_sigaction, { SIGSEGV }, 0 },
	{ 0, 0, SYS_rt_sigaction, { 64 }, 0 },
	{ 0, 0, SYS_futex, { 0, FUTEX_WAIT | FUTEX_PRIVATE_FLAG }, 0 },
	{ 0, 0, SYS_futex, { 0, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME }, 0 },
	{ 0, 0, SYS_futex, { 0, FUTEX_LOCK_PI }, ENOSYS },
	{ 0, 0, SYS_futex, { 0, FUTEX_LOCK_PI | FUTEX_PRIVATE_FLAG | HIGH }, ENOSYS },
	{ 0, EXEC, SYS_prctl, { PR_SET_DUMPABLE, 1 }, POLICY_TRAP },
	{ 0, EXEC, SYS_prctl, { PR_SET_PDEATHSIG }, POLICY_TRAP },
	{ EXEC, 0, SYS_prctl, { PR_SET_PDEATHSIG }, EINVAL },
	{ EXEC, 0, SYS_prctl, { PR_SET_DUMPABLE, 1 }, EINVAL },
	{ 0, 0, SYS_prctl, { PR_SET_NAME }, 0 },
	{ 0, EXEC, SYS_kill, { 1 }, POLICY_TRAP },
	{ 0, EXEC, SYS_clone, { SIGCHLD }, POLICY_TRAP },
	{ EXEC, 0, SYS_clone, { SIGCHLD }, 0 },
	{ EXEC, 0, SYS_clone, { SIGCHLD | CLONE_NEWUSER }, EPERM },
	{ EXEC, 0, SYS_clone, { SIGCHLD | CLONE_PARENT | HIGH }, EPERM },
	{ 0, EXEC, SYS_execve, { 0 }, POLICY_TRAP },
	{ 0, 0, SYS_prlimit64, { 0, 3, 0, 1 }, 0 },
	{ 0, 0, SYS_prlimit64, { 1, 3, 0, 1 }, EPERM },
	{ 0, EXEC, SYS_prlimit64, { 0, 3, 1, 0 }, EPERM },
	{ 0, NETWORK | EXEC, SYS_ioctl, { 0, TIOCSTI }, ENOTTY },
	{ 0, 0, SYS_ioctl, { 0, TIOCSTI | HIGH }, ENOTTY },
	{ 0, 0, SYS_ioctl, { 0, TIOCLINUX | HIGH << 8 }, ENOTTY },
	{ EXEC, 0, SYS_ioctl, { 0, TCGETS }, 0 },
	{ 0, NETWORK | EXEC, SYS_fcntl, { 1, F_SETFL }, EPERM },
	{ 0, 0, SYS_fcntl, { 1, 1031 }, EPERM },
	{ 0, 0, SYS_fcntl, { 1, F_GETFL }, 0 },
	{ 0, FILES, SYS_openat, { 0 }, EACCES },
	{ FILES, 0, SYS_openat, { 0, 0, O_RDWR | O_CREAT | O_TRUNC }, 0 },
	{ FILES, 0, SYS_openat, { 0, 0, O_RDONLY | O_TRUNC }, EACCES },
	{ FILES, 0, SYS_openat, { 0, 0, 3 | O_TRUNC }, EACCES },
	{ WANT_ROOT, WANT_TRUNCATE, SYS_truncate, { 0 }, EACCES },
	{ WANT_ROOT | WANT_TRUNCATE, 0, SYS_truncate, { 0 }, 0 },
	{ 0, WANT_ROOT, SYS_fchmod, { 0, 0644 }, EPERM },
	{ WANT_ROOT, 0, SYS_fchmod, { 0, 0644 }, 0 },
	{ 0, NETWORK | EXEC, SYS_socket, { AF_INET, SOCK_STREAM, 0 }, POLICY_TRAP },
	{ EXEC, NETWORK, SYS_socket, { AF_INET, SOCK_STREAM, 0 }, EACCES },
	{ NETWORK, 0, SYS_socket, { AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP }, 0 },
	{ NETWORK, 0, SYS_socket, { AF_UNIX, SOCK_STREAM, 0 }, EAFNOSUPPORT },
	{ NETWORK, 0, SYS_socket, { AF_NETLINK, SOCK_DGRAM, 0 }, EAFNOSUPPORT },
	{ NETWORK, 0, SYS_socket, { AF_INET, SOCK_RAW, IPPROTO_TCP }, ESOCKTNOSUPPORT },
	{ NETWORK, 0, SYS_setsockopt, { 3, SOL_SOCKET, SO_ATTACH_FILTER }, ENOPROTOOPT },
	{ NETWORK, 0, SYS_setsockopt, { 3, IPPROTO_TCP, 31 }, ENOPROTOOPT },
	{ NETWORK, 0, SYS_setsockopt, { 3, IPPROTO_TCP, 1 }, 0 },
	{ 0, 0, SYS_ptrace, { 0 }, POLICY_TRAP },
	{ 0, 0, SYS_bpf, { 0 }, POLICY_TRAP },
	{ 0, EXEC, SYS_io_uring_setup, { 0 }, POLICY_TRAP },
	{ 0, 0, SYS_io_uring_enter, { 0 }, POLICY_TRAP },
	{ 0, 0, SYS_unshare, { 0 }, POLICY_TRAP },
	{ 0, 0, SYS_process_vm_writev, { 0 }, POLICY_TRAP },
	{ 0, 0, SYS_userfaultfd, { 0 }, POLICY_TRAP },
	{ 0, 0, SYS_shmat, { 0 }, POLICY_TRAP },
	{ 0, 0, SYS_remap_file_pages, { 0 }, POLICY_TRAP },
	{ 0, EXEC, SYS_personality, { 0x0400000 }, POLICY_TRAP },
	{ 0, 0, SYS_clone3, { 0 }, ENOSYS },
#ifdef SYS_arch_prctl
	{ 0, EXEC, SYS_arch_prctl, { 0x2003 }, POLICY_TRAP }, /* ARCH_MAP_VDSO_64 */
	{ EXEC, 0, SYS_arch_prctl, { 0x2003 }, EINVAL },
#endif
};

START_TEST(what_matters_most)
{
	for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
		for (unsigned wants = 0; wants < FILTER_JUDGES; wants++) {
			const struct expected *e = &expected[i];
			if ((wants & e->wants) != e->wants || (wants & e->none) != 0)
				continue;
			int got = filter_judge(wants, e->number, e->args);
			ck_assert_msg(got == e->answer,
			    "line %zu, wants %u, call %d: %d instead of %d", i, wants, e->number,
			    got, e->answer);
		}
}
END_TEST

START_TEST(sizes_stay_small)
{
	/* The strictest filter, for a pure computation, must cost least to install. */
	ck_assert_uint_lt(filter_judge_length(0), 600);
	for (unsigned wants = 0; wants < FILTER_JUDGES; wants++)
		ck_assert_uint_lt(filter_judge_length(wants), 1600);
}
END_TEST

#endif /* HAVE_LIBSECCOMP */

int
main(void)
{
#ifndef HAVE_LIBSECCOMP
	(void)puts("1..0 # SKIP this build has no libseccomp");
	return 0;
#else
	Suite *suite = suite_create("sandbox_policy");
	TCase *tc = support_case("sandbox_policy", 120);

	/* Once for all tests: libseccomp takes its time. */
	tcase_add_unchecked_fixture(tc, filter_judges_make, filter_judges_release);
	tcase_add_test(tc, program_answers_as_the_tables_say);
	tcase_add_test(tc, tables_name_calls_that_exist);
	tcase_add_test(tc, young_foreign_and_x32_calls_are_not_made);
	tcase_add_test(tc, what_matters_most);
	tcase_add_test(tc, sizes_stay_small);
	suite_add_tcase(suite, tc);
	return support_run(suite);
#endif
}
