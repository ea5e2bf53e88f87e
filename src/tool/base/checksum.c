/* SPDX-License-Identifier: BSD-2-Clause */
/* CRC32C by tables, eight bytes at a time, and FNV-1a. */
#include "config.h"
#include "tool/base/checksum.h"

/* table[k][b]: the CRC of byte b with k zero bytes behind it. */
static uint32_t table[8][256];
static int table_is_made;

static void
table_make(void)
{
	for (uint32_t b = 0; b < 256; b++) {
		uint32_t crc = b;
		for (int bit = 0; bit < 8; bit++)
			crc = (crc & 1) != 0 ? (crc >> 1) ^ UINT32_C(0x82f63b78) : crc >> 1;
		table[0][b] = crc;
	}
	for (int k = 1; k < 8; k++)
		for (uint32_t b = 0; b < 256; b++)
			table[k][b] = (table[k - 1][b] >> 8) ^ table[0][table[k - 1][b] & 0xff];
	table_is_made = 1;
}

uint32_t
checksum_crc(uint32_t crc, const void *data, size_t len)
{
	const unsigned char *at = data;

	if (!table_is_made)
		table_make();
	crc = ~crc;
	/* Byte by byte instead of as words, so that byte order does not matter. */
	for (; len >= 8; at += 8, len -= 8)
		crc = table[7][(crc ^ at[0]) & 0xff] ^ table[6][((crc >> 8) ^ at[1]) & 0xff] ^
		    table[5][((crc >> 16) ^ at[2]) & 0xff] ^
		    table[4][((crc >> 24) ^ at[3]) & 0xff] ^ table[3][at[4]] ^ table[2][at[5]] ^
		    table[1][at[6]] ^ table[0][at[7]];
	for (; len > 0; at++, len--)
		crc = (crc >> 8) ^ table[0][(crc ^ *at) & 0xff];
	return ~crc;
}

uint64_t
checksum_hash(uint64_t hash, const void *data, size_t len)
{
	const unsigned char *at = data;

	for (; len > 0; at++, len--)
		hash = (hash ^ *at) * UINT64_C(0x100000001b3);
	return hash;
}
