/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * core_file - where a process that has dumped core left the file, as core(5) of Linux says it.
 *
 * Only what can be seen is told: the name is put together from the system's pattern, and counts
 * where a file of that name is there that can be the process's.  A pattern with a time, or with a
 * name that the process has changed, may not lead to it.
 */
#ifndef FORKPOOL_CORE_FILE_H
#define FORKPOOL_CORE_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What is known of the process that has dumped core. */
struct core_facts {
	pid_t pid;
	int   signal;
	const char *name;  /* as ps(1) shows it */
	int64_t age_ns;    /* it began its run so long ago */
};

/* Put the words of core_file_where() together from that pattern and that /proc/sys/kernel/
   core_uses_pid; for tests. */
int core_file_by_pattern(char *text, size_t size, const char *pattern, int uses_pid,
    const struct core_facts *);

/* Where the core is, for a message: "core dumped to /path", or where a program receives it "core
   given to /program"; "core dumped" where that cannot be known.  Returns text. */
const char *core_file_where(char *text, size_t size, const struct core_facts *);

#endif
