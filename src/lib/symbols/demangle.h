/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * demangle - names of C++ functions as their source has them.
 *
 * By the C++ runtime of the program itself: who has C++ functions has it, and a C program is not to
 * need one.  (The demanglers of libiberty and libdw's tools are in no shared library.)
 */
#ifndef FORKPOOL_DEMANGLE_H
#define FORKPOOL_DEMANGLE_H

/* In memory from malloc(); NULL: it is no mangled name, or there is no C++ runtime. */
char *demangle(const char *linkage_name);

#endif
