/* SPDX-License-Identifier: BSD-2-Clause */
/* Wrong: an int is too narrow for the third test. */
#include <stdio.h>

int
main(void)
{
	unsigned number, sum = 0;

	while (scanf("%u", &number) == 1)
		sum += number;
	printf("%d\n", (int)sum);
	return 0;
}
