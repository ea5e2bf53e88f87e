/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * last_frame - where the stack of a forked process ends for whoever unwinds it.
 *
 * A fork copies the frames of the functions that led to it.  An exception of C++ that nobody below
 * has caught would go on into them and be caught there, in the wrong process.
 */
#ifndef FORKPOOL_LAST_FRAME_H
#define FORKPOOL_LAST_FRAME_H

/* At the beginning of a function that never returns and is not inlined: it has no caller.  To an
   unwinder that is a return address with no value (DWARF 5, 6.4.4); where the compiler writes no
   such tables, or for another machine, nothing happens. */
#if defined(__GCC_HAVE_DWARF2_CFI_ASM) && defined(__x86_64__)
#define LAST_FRAME() __asm__ volatile(".cfi_undefined rip")
#elif defined(__GCC_HAVE_DWARF2_CFI_ASM) && defined(__i386__)
#define LAST_FRAME() __asm__ volatile(".cfi_undefined eip")
#elif defined(__GCC_HAVE_DWARF2_CFI_ASM) && defined(__aarch64__)
#define LAST_FRAME() __asm__ volatile(".cfi_undefined x30")
#else
#define LAST_FRAME() ((void)0)
#endif

#endif
