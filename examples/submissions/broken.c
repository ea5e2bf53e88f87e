/* SPDX-License-Identifier: BSD-2-Clause */
/* Is no C. */
int
main(void)
{
	return missing;
}
