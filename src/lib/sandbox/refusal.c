/* SPDX-License-Identifier: BSD-2-Clause */
/* A refusal: errno and one sentence. */
#include "config.h"
#include "lib/sandbox/refusal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

int
refusal_set(char *error, size_t error_size, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (error_size > 0)
		(void)vsnprintf(error, error_size, format, args);
	va_end(args);
	errno = code;
	return -1;
}
