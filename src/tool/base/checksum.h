/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * checksum - a CRC that detects damaged bytes, and a hash that tells command lines apart.
 *
 * Neither withstands an attacker.
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
