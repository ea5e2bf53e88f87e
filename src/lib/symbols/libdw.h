/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libdw - the functions of libdw and libelf that source_lines and unit_map call, as loaded at run
 * time.
 */
#ifndef FORKPOOL_LIBDW_H
#define FORKPOOL_LIBDW_H

#include <elfutils/libdwfl.h>

#define LIBDW_FUNCTIONS(X)       \
	X(elf_version)           \
	X(elf_end)               \
	X(elf_memory)            \
	X(dwfl_begin)            \
	X(dwfl_end)              \
	X(dwfl_report_begin)     \
	X(dwfl_report_module)    \
	X(dwfl_report_end)       \
	X(dwfl_module_getelf)    \
	X(dwfl_module_info)      \
	X(dwfl_module_addrdie)   \
	X(dwfl_module_addrinfo)  \
	X(dwfl_module_nextcu)    \
	X(dwarf_attr)            \
	X(dwarf_attr_integrate)  \
	X(dwarf_diename)         \
	X(dwarf_filesrc)         \
	X(dwarf_formstring)      \
	X(dwarf_formudata)       \
	X(dwarf_getscopes)       \
	X(dwarf_getscopes_die)   \
	X(dwarf_getsrc_die)      \
	X(dwarf_getsrcfiles)     \
	X(dwarf_lineno)          \
	X(dwarf_linesrc)         \
	X(dwarf_ranges)          \
	X(dwarf_tag)

struct libdw {
#define LIBDW_MEMBER(name) __typeof__(name) *name;
	LIBDW_FUNCTIONS(LIBDW_MEMBER)
};

/* NULL: it is not installed, or too old.  The library stays loaded, and so may be asked for again
   at no cost. */
struct libdw *libdw_load(void);

#endif
