/* SPDX-License-Identifier: BSD-2-Clause */
/* Wiping the vector registers, for each architecture that the compiler can be told to do so. */
#include "config.h"
#include "lib/os/os.h"

#include <stdint.h>

#if defined(__x86_64__) && defined(__GNUC__)
#include <cpuid.h>
#endif

#if defined(__x86_64__) && defined(__GNUC__)
/* SSE, AVX, and the three parts of AVX-512; not the x87's, whose state functions have to keep. */
#define VECTOR_STATE UINT64_C(0xe6)

/* Which of them the system keeps for its processes; 0: there is no XRSTOR, and so no more than SSE. */
static uint64_t
vector_state(void)
{
	unsigned a, b, c, d;

	if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & bit_OSXSAVE) == 0)
		return 0;
	__asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
	return a & VECTOR_STATE;
}

void
os_registers_clear(void)
{
	/* What is not in such an area gets its first state.  The control register is read from it in any case. */
	static _Alignas(64) unsigned char none[4096];
	static uint64_t state = UINT64_MAX;

	if (state == UINT64_MAX)
		state = vector_state();
	if (state != 0) {
		__asm__ volatile("stmxcsr %0" : "=m"(*(uint32_t *)(void *)(none + 24)));
		__asm__ volatile("xrstor64 %0" ::"m"(none), "a"((uint32_t)state), "d"(0)
				 : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
				 "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
				 "xmm15"
#ifdef __AVX512F__
				 ,
				 "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22",
				 "xmm23", "xmm24", "xmm25", "xmm26", "xmm27", "xmm28", "xmm29",
				 "xmm30", "xmm31", "k1", "k2", "k3", "k4", "k5", "k6", "k7"
#endif
		);
		return;
	}
	__asm__ volatile("xorps %%xmm0, %%xmm0; xorps %%xmm1, %%xmm1; xorps %%xmm2, %%xmm2; xorps "
			 "%%xmm3, %%xmm3;"
			 "xorps %%xmm4, %%xmm4; xorps %%xmm5, %%xmm5; xorps %%xmm6, %%xmm6; xorps "
			 "%%xmm7, %%xmm7;"
			 "xorps %%xmm8, %%xmm8; xorps %%xmm9, %%xmm9; xorps %%xmm10, %%xmm10; "
			 "xorps %%xmm11, %%xmm11;"
			 "xorps %%xmm12, %%xmm12; xorps %%xmm13, %%xmm13; xorps %%xmm14, %%xmm14; "
			 "xorps %%xmm15, %%xmm15" ::
			     : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
			 "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
}
#elif defined(__aarch64__) && defined(__GNUC__)
void
os_registers_clear(void)
{
	/* But for 8 to 15, half of which functions have to keep; of those of SVE these are the first bits, and what writes
	   to them clears the others. */
	__asm__ volatile("movi v0.2d, #0; movi v1.2d, #0; movi v2.2d, #0; movi v3.2d, #0; movi "
			 "v4.2d, #0; movi v5.2d, #0;"
			 "movi v6.2d, #0; movi v7.2d, #0; movi v16.2d, #0; movi v17.2d, #0; movi "
			 "v18.2d, #0; movi v19.2d, #0;"
			 "movi v20.2d, #0; movi v21.2d, #0; movi v22.2d, #0; movi v23.2d, #0; movi "
			 "v24.2d, #0; movi v25.2d, #0;"
			 "movi v26.2d, #0; movi v27.2d, #0; movi v28.2d, #0; movi v29.2d, #0; movi "
			 "v30.2d, #0; movi v31.2d, #0" ::
			     : "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v16", "v17", "v18",
			 "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28",
			 "v29", "v30", "v31");
}
#else
void
os_registers_clear(void)
{
}
#endif
