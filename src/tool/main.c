/* SPDX-License-Identifier: BSD-2-Clause */
/* The command: reads its options, and runs. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "tool/cli/options.h"
#include "tool/run/run.h"

/* Opens the standard descriptors that the tool was started without, in the wrong direction: using
   one fails, and no pipe of the tool gets its number. */
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
