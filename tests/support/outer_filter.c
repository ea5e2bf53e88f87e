/* SPDX-License-Identifier: BSD-2-Clause */
/* Put a seccomp filter of a few rules around this process, without libseccomp. */
#include "config.h"
#include "tests/support/outer_filter.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <unistd.h>

#define RULES_MAX 16
#define EACH      6 /* instructions of a rule at most */

int
outer_filter_enter(const struct outer_rule *rules, size_t n)
{
	struct sock_filter code[RULES_MAX * EACH + 1];
	struct sock_fprog program = { .filter = code };
	unsigned short at = 0;

	if (n > RULES_MAX) {
		errno = EINVAL;
		return -1;
	}
	for (size_t i = 0; i < n; i++) {
		const struct outer_rule *r = &rules[i];
		unsigned char rest = r->argument == OUTER_ANY ? 1 : 3;
		unsigned short test =
		    r->how == OUTER_BITS ? BPF_JMP | BPF_JSET | BPF_K : BPF_JMP | BPF_JEQ | BPF_K;
		code[at++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr));
		code[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
		    (uint32_t)r->number, 0, rest);
		if (r->argument != OUTER_ANY) {
			code[at++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			    offsetof(struct seccomp_data, args));
			code[at++] =
			    (struct sock_filter)BPF_JUMP(test, (uint32_t)r->argument, 0, 1);
		}
		code[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
		    SECCOMP_RET_ERRNO | (uint32_t)r->error);
	}
	code[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	program.len = at;
	/* Root needs no PR_SET_NO_NEW_PRIVS, and some rules have that call do nothing. */
	if (geteuid() != 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}
