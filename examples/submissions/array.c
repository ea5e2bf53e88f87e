/* SPDX-License-Identifier: BSD-2-Clause */
/* Hostile: a program of two gigabytes. */
int numbers[1 << 29] = { 1 };

int
main(void)
{
	return numbers[0];
}
