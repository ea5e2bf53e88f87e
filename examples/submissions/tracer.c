/* SPDX-License-Identifier: BSD-2-Clause */
/* Hostile: would look into the judge's worker. */
#define _GNU_SOURCE

#include <sys/uio.h>

#include <stdint.h>
#include <unistd.h>

int
main(void)
{
	char there[16];
	const struct iovec to = { .iov_base = there, .iov_len = sizeof there };
	const struct iovec from = { .iov_base = (void *)(uintptr_t)0x400000, .iov_len = 16 };

	return process_vm_readv(getppid(), &to, 1, &from, 1, 0) == -1 ? 3 : 0;
}
