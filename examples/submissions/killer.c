/* SPDX-License-Identifier: BSD-2-Clause */
/* Hostile: kills whom it can, the judge's worker first. */
#include <signal.h>
#include <unistd.h>

int
main(void)
{
	if (getppid() > 0) /* not seen: a number of 0 would be itself */
		(void)kill(getppid(), SIGKILL);
	(void)kill(-1, SIGKILL);
	return 3; /* if those who are to say so are still there */
}
