/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "tool/cli/options.h"
#include "tool/run/run.h"

/* Whoever was started without one of them is not to take a pipe of our own for it: what it is used for fails there. */
static void
standard_descriptors_take(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) == -1 && errno == EBADF)
			(void)open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

int
main(int argc, char **argv)
{
	struct options options;

	standard_descriptors_take();
	options_read(&options, argc, argv);
	int status = run(&options);
	options_free(&options);
	return status;
}
