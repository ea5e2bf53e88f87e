/* SPDX-License-Identifier: BSD-2-Clause */
/* Prints for ever. */
#include <stdio.h>

int
main(void)
{
	for (int n = 0; n < 1000000; n++)
		puts("0");
	return 0;
}
