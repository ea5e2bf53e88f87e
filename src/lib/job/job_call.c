/* SPDX-License-Identifier: BSD-2-Clause */
/* The call of a job's function, and where it returns to. */
#include "config.h"
#include "lib/job/job_call.h"

#ifndef __has_attribute
#define __has_attribute(x) 0
#endif
/* One copy, also where the whole program is optimized at once. */
#if __has_attribute(noipa)
#define ONE_COPY __attribute__((noipa))
#elif defined(__GNUC__)
#define ONE_COPY __attribute__((noinline))
#else
#define ONE_COPY
#endif

/* With something to do after a call, it is none that a jump could replace. */
#ifdef __GNUC__
#define AFTER_CALL(value) __asm__ volatile("" : "+r"(value))
#else
#define AFTER_CALL(value) (void)(value)
#endif

ONE_COPY int
job_call(forkpool_fn *fn, struct forkpool_context *context, const void *args, size_t args_len)
{
	int returned = fn(context, args, args_len);

	AFTER_CALL(returned);
	return returned;
}

/* The job function that says where it is called from. */
static ONE_COPY int
returns_to(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context;
	(void)args_len;
#ifdef __GNUC__
	*(uintptr_t *)(uintptr_t)args =
	    (uintptr_t)__builtin_extract_return_addr(__builtin_return_address(0));
#else
	(void)args;
#endif
	return 0;
}

uintptr_t
job_call_returns_to(void)
{
	uintptr_t address = 0;

	(void)job_call(returns_to, NULL, &address, sizeof address);
	return address;
}
