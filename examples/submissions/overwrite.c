/* SPDX-License-Identifier: BSD-2-Clause */
/* Hostile: overwrites its input, for those that come after it. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <unistd.h>

int
main(void)
{
	int again = open("/proc/self/fd/0", O_WRONLY | O_TRUNC);

	if (write(0, "9 9 9", 5) == 5 || ftruncate(0, 0) == 0 || again != -1)
		return 0;
	return 3; /* it could not */
}
