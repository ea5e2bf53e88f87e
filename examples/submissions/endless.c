/* SPDX-License-Identifier: BSD-2-Clause */
/* Computes for ever. */
int
main(void)
{
	for (volatile int n = 0;; n++)
		;
}
