/* SPDX-License-Identifier: BSD-2-Clause */
/* Hostile: calls somebody. */
#include <sys/socket.h>

int
main(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) == -1 ? 3 : 0; /* 3: it could not */
}
