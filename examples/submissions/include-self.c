/* SPDX-License-Identifier: BSD-2-Clause */
/* Hostile: includes itself twice, 200 deep. */
#include __FILE__
#include __FILE__

int
main(void)
{
	return 0;
}
