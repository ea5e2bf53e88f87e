/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * checksum - what tells damaged bytes from whole ones, and one command line from another.
 *
 * Neither withstands somebody who means harm.  Includes nothing of the tool.
 */
#ifndef FORKPOOL_TOOL_CHECKSUM_H
#define FORKPOOL_TOOL_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* CRC32C of data, continuing from crc (0 at the beginning). */
uint32_t checksum_crc(uint32_t crc, const void *data, size_t len);

#define CHECKSUM_HASH_START UINT64_C(0xcbf29ce484222325)
/* FNV-1a with 64 bits, continuing from hash. */
uint64_t checksum_hash(uint64_t hash, const void *data, size_t len);

#endif
