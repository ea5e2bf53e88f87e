/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The filter's program, interpreted in this process for calls that nobody makes.
 *
 * In here no ck_assert() that is reached for each call: it tells Check's parent where the test is,
 * by a system call, which costs more than all the rest.
 */
#include "config.h"
#include "tests/support/filter_judge.h"

#ifdef HAVE_LIBSECCOMP

#include <check.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>

#include "lib/sandbox/seccomp_filter.h"
#include "lib/sandbox/syscall_policy.h"

#define GATE ((uintptr_t)0x00007f1234567890)

static struct sandbox_filter filters[FILTER_JUDGES];

void
filter_judges_make(void)
{
	for (unsigned wants = 0; wants < FILTER_JUDGES; wants++) {
		struct filter_wants w = { .files = (wants & WANT_FILES) != 0,
			.network = (wants & WANT_NETWORK) != 0, .exec = (wants & WANT_EXEC) != 0,
			.threads = (wants & WANT_THREADS) != 0, .root = (wants & WANT_ROOT) != 0,
			.truncate = (wants & WANT_TRUNCATE) != 0 };
		ck_assert_int_eq(filter_build(&filters[wants], &w, NULL, 0), 0);
	}
}

void
filter_judges_release(void)
{
	for (unsigned wants = 0; wants < FILTER_JUDGES; wants++)
		filter_release(&filters[wants]);
}

/* What the kernel would do with this program and this call. */
static uint32_t
run(const struct sandbox_filter *filter, const struct seccomp_data *data)
{
	const struct sock_filter *code = filter->code;
	uint32_t a = 0;

	for (size_t pc = 0; pc < filter->count; pc++) {
		const struct sock_filter *i = &code[pc];
		int yes = 0;
		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (i->k > sizeof *data - 4)
				ck_abort_msg("the program reads at %u", i->k);
			memcpy(&a, (const char *)data + i->k, sizeof a);
			continue;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= i->k;
			continue;
		case BPF_RET | BPF_K:
			return i->k;
		case BPF_JMP | BPF_JA:
			pc += i->k;
			continue;
		case BPF_JMP | BPF_JEQ | BPF_K:
			yes = a == i->k;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			yes = a > i->k;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			yes = a >= i->k;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			yes = (a & i->k) != 0;
			break;
		default:
			ck_abort_msg("instruction %#x at %zu is not known here", i->code, pc);
		}
		pc += yes ? i->jt : i->jf;
	}
	ck_abort_msg("the program has no end");
	return 0;
}

/* The kernel's action as an answer of the tables. */
static int
answer_of(uint32_t action)
{
	if ((action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO)
		return (int)(action & SECCOMP_RET_DATA);
	if (action == SECCOMP_RET_ALLOW)
		return POLICY_ALLOW;
	if (action != SECCOMP_RET_TRAP)
		ck_abort_msg("the program answers %#x", action);
	return POLICY_TRAP;
}

int
filter_judge(unsigned wants, int number, const uint64_t *args)
{
	struct seccomp_data data = { .nr = number,
		.arch = seccomp_arch_native(),
		.instruction_pointer = GATE };

	if (args != NULL)
		memcpy(data.args, args, sizeof data.args);
	return answer_of(run(&filters[wants], &data));
}

int
filter_judge_foreign(unsigned wants, int number)
{
	struct seccomp_data data = { .nr = number, .arch = seccomp_arch_native() ^ 0x80000000u };

	return answer_of(run(&filters[wants], &data));
}

size_t
filter_judge_length(unsigned wants)
{
	return filters[wants].count;
}

#endif
