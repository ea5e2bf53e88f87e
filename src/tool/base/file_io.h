/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * file_io - reading and writing all of something, whatever signals come and however little one
 * system call takes.
 */
#ifndef FORKPOOL_TOOL_FILE_IO_H
#define FORKPOOL_TOOL_FILE_IO_H

#include <stddef.h>
#include <stdint.h>

/* Write behind what was written last.  0, or -1 and errno; part of it may be written then. */
int file_write_all(int fd, const void *data, size_t len);
/* 0, or -1 and errno (ENOSPC where the system took nothing without saying why); part of it may be
   written then. */
int file_write_at(int fd, uint64_t at, const void *data, size_t len);
/* 0, or -1 and errno (EIO: the file ends before that). */
int file_read_at(int fd, uint64_t at, void *buffer, size_t len);
/* Wait until the file's data, and what it takes to read them back, are on the disk.  0, or -1 and
   errno. */
int file_sync_data(int fd);

#endif
