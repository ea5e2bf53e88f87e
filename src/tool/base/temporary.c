/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks TMPDIR up. */
#include "config.h"
#include "tool/base/temporary.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tool/base/message.h"

static const char *
named(void)
{
	const char *directory = getenv("TMPDIR");

	return directory != NULL && *directory != '\0' ? directory : NULL;
}

const char *
temporary_directory(void)
{
	const char *directory = named();

	return directory != NULL ? directory : "/tmp";
}

const char *
temporary_place(void)
{
	static char place[600];
	char shown[512];
	const int error = errno;

	if (named() != NULL)
		(void)snprintf(place, sizeof place, "TMPDIR, %s",
		    message_text(shown, sizeof shown, named()));
	else
		(void)snprintf(place, sizeof place, "/tmp, since TMPDIR is not set");
	errno = error;
	return place;
}
