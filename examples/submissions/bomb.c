/* SPDX-License-Identifier: BSD-2-Clause */
/* Hostile: makes processes for ever. */
#include <unistd.h>

int
main(void)
{
	for (;;)
		(void)!fork();
}
