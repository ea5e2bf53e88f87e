/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * file_io - whole pieces written to files and read from them, whatever signals come.
 *
 * All return 0, or -1 and errno; then a part may have been written.
 */
#ifndef FORKPOOL_TOOL_FILE_IO_H
#define FORKPOOL_TOOL_FILE_IO_H

#include <stddef.h>
#include <stdint.h>

int write_all(int fd, const void *data, size_t len);
/* At that offset.  A file that takes no byte and has no error counts as full: ENOSPC. */
int write_all_at(int fd, const void *data, size_t len, uint64_t at);
/* A file that ends before so many bytes is an error: EIO. */
int read_all_at(int fd, void *buffer, size_t len, uint64_t at);

#endif
