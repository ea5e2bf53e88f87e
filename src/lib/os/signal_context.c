/* SPDX-License-Identifier: BSD-2-Clause */
/* The registers of interrupted code, by machine. */
#include "config.h"
#include "lib/os/signal_context.h"

#include <stddef.h>

#ifdef __linux__
#include <ucontext.h>
#endif

/* PC: the instruction; SP: the stack; LINK: where a call keeps its return address, if not on the
   stack. */
#if defined(__linux__) && defined(__x86_64__) && defined(REG_RIP)
#define PC(context) ((context)->uc_mcontext.gregs[REG_RIP])
#define SP(context) ((context)->uc_mcontext.gregs[REG_RSP])
#elif defined(__linux__) && defined(__i386__) && defined(REG_EIP)
#define PC(context) ((context)->uc_mcontext.gregs[REG_EIP])
#define SP(context) ((context)->uc_mcontext.gregs[REG_ESP])
#elif defined(__linux__) && defined(__aarch64__)
#define PC(context) ((context)->uc_mcontext.pc)
#define SP(context) ((context)->uc_mcontext.sp)
#define LINK(context) ((context)->uc_mcontext.regs[30])
#elif defined(__linux__) && defined(__arm__)
#define PC(context) ((context)->uc_mcontext.arm_pc)
#define SP(context) ((context)->uc_mcontext.arm_sp)
#define LINK(context) ((context)->uc_mcontext.arm_lr)
#endif

#ifdef PC
int
signal_context_pc(const void *context, uintptr_t *pc)
{
	const ucontext_t *c = context;

	*pc = (uintptr_t)PC(c);
	return 1;
}

int
signal_context_step_out(void *context, struct signal_context_was *was, uintptr_t *to)
{
	ucontext_t *c = context;

	was->pc = (uintptr_t)PC(c);
	was->sp = (uintptr_t)SP(c);
#ifdef LINK
	*to = (uintptr_t)LINK(c);
#else
	*to = *(const uintptr_t *)was->sp;
	SP(c) = (__typeof__(SP(c)))(was->sp + sizeof *to);
#endif
	/* Within the call instruction: behind it another function may begin. */
	PC(c) = (__typeof__(PC(c)))(*to - 1);
	return 1;
}

void
signal_context_restore(void *context, const struct signal_context_was *was)
{
	ucontext_t *c = context;

	PC(c) = (__typeof__(PC(c)))was->pc;
	SP(c) = (__typeof__(SP(c)))was->sp;
}
#else
int
signal_context_pc(const void *context, uintptr_t *pc)
{
	(void)context;
	*pc = 0;
	return 0;
}

int
signal_context_step_out(void *context, struct signal_context_was *was, uintptr_t *to)
{
	(void)context;
	(void)was;
	(void)to;
	return 0;
}

void
signal_context_restore(void *context, const struct signal_context_was *was)
{
	(void)context;
	(void)was;
}
#endif
