/* SPDX-License-Identifier: BSD-2-Clause */
/* Follows a null pointer. */
#include <stddef.h>

int
main(void)
{
	int *volatile nowhere = NULL;

	return *nowhere;
}
