/* SPDX-License-Identifier: BSD-2-Clause */
/* Recurses for ever. */
static int
deeper(volatile int *above)
{
	volatile int here = *above + 1;

	return deeper(&here) + here;
}

int
main(void)
{
	volatile int start = 0;

	return deeper(&start);
}
