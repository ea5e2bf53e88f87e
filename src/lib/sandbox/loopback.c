/* SPDX-License-Identifier: BSD-2-Clause */
/* Bring the loopback interface up. */
#include "config.h"
#include "lib/sandbox/loopback.h"

#include <errno.h>

#ifdef __linux__

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "lib/os/fd.h"

int
loopback_enter_worker(const char **step)
{
	struct ifreq request = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int result = -1;

	*step = "loopback interface";
	/* The interface has its addresses as soon as it is up. */
	if (fd != -1 && ioctl(fd, SIOCGIFFLAGS, &request) == 0) {
		request.ifr_flags |= IFF_UP;
		result = ioctl(fd, SIOCSIFFLAGS, &request);
	}
	fd_close(&fd);
	return result;
}

#else

int
loopback_enter_worker(const char **step)
{
	*step = "loopback interface";
	errno = ENOTSUP;
	return -1;
}

#endif
