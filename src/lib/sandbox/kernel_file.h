/* SPDX-License-Identifier: BSD-2-Clause */
/* kernel_file - write a setting into a file of the kernel's: below /proc, or in a cgroup
   directory. */
#ifndef FORKPOOL_KERNEL_FILE_H
#define FORKPOOL_KERNEL_FILE_H

/* name: an absolute path, or relative to the directory dir.  0, or -1 and errno.
   Async-signal-safe. */
int kernel_file_write(int dir, const char *name, const char *value);

#endif
