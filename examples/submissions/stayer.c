/* SPDX-License-Identifier: BSD-2-Clause */
/* Hostile: right, but leaves a process behind, which holds the output open. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

int
main(void)
{
	int64_t number, sum = 0;

	if (fork() == 0) {
		setsid();
		for (;;)
			pause();
	}
	while (scanf("%" SCNd64, &number) == 1)
		sum += number;
	printf("%" PRId64 "\n", sum);
	return 0;
}
