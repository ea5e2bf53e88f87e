/* SPDX-License-Identifier: BSD-2-Clause */
/* Wiping the vector registers, for each architecture that the compiler can be told to do so. */
#include "config.h"
#include "lib/os/os.h"

#include <stdint.h>

#if defined(__x86_64__) && defined(__GNUC__)
#include <cpuid.h>
#endif

#if defined(__x86_64__) && defined(__GNUC__)
/* State components of XSAVE: SSE, AVX, and the three of AVX-512.  Not the x87's, whose state
   functions must preserve. */
#define VECTOR_STATE UINT64_C(0xe6)
#define XORPS(n) "xorps %%xmm" #n ", %%xmm" #n "\n"

/* Which of these the system enables; 0: there is no XRSTOR, and so no more than SSE. */
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
	/* XRSTOR gives each component that the area does not hold its initial state.  It loads
	   MXCSR from the area in any case, so store the current MXCSR there first. */
	static _Alignas(64) unsigned char none[4096];
	static uint64_t state = UINT64_MAX;

	if (state == UINT64_MAX)
		state = vector_state();
	if (state != 0) {
		__asm__ volatile("stmxcsr %0" : "=m"(*(uint32_t *)(void *)(none + 24)));
		__asm__ volatile(
		    "xrstor64 %0"
		    :: "m"(none), "a"((uint32_t)state), "d"(0)
		    : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
		    "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"
#ifdef __AVX512F__
		    , "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23",
		    "xmm24", "xmm25", "xmm26", "xmm27", "xmm28", "xmm29", "xmm30", "xmm31",
		    "k1", "k2", "k3", "k4", "k5", "k6", "k7"
#endif
		);
		return;
	}
	__asm__ volatile(
	    XORPS(0) XORPS(1) XORPS(2) XORPS(3) XORPS(4) XORPS(5) XORPS(6) XORPS(7)
	    XORPS(8) XORPS(9) XORPS(10) XORPS(11) XORPS(12) XORPS(13) XORPS(14) XORPS(15)
	    ::: "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
	    "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
}
#elif defined(__aarch64__) && defined(__GNUC__)
#define MOVI(n) "movi v" #n ".2d, #0\n"

void
os_registers_clear(void)
{
	/* All but v8 to v15, whose lower halves functions must preserve.  The SVE registers have
	   these as their lowest bits, and a write to these clears the rest. */
	__asm__ volatile(
	    MOVI(0) MOVI(1) MOVI(2) MOVI(3) MOVI(4) MOVI(5) MOVI(6) MOVI(7)
	    MOVI(16) MOVI(17) MOVI(18) MOVI(19) MOVI(20) MOVI(21) MOVI(22) MOVI(23)
	    MOVI(24) MOVI(25) MOVI(26) MOVI(27) MOVI(28) MOVI(29) MOVI(30) MOVI(31)
	    ::: "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7",
	    "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23",
	    "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31");
}
#else
void
os_registers_clear(void)
{
}
#endif
