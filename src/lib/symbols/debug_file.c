/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding separate debug files. */
#include "config.h"
#include "lib/symbols/debug_file.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATH_SIZE 4096

int
debug_file_open(const struct object *object, const char *link)
{
	char path[PATH_SIZE], directory[PATH_SIZE], hex[2 * OBJECT_ID_MAX + 1];
	ssize_t len;

	if (!object->has_build_id)
		return -1;
	for (size_t i = 0; i < object->id_len; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", object->id[i]);
	(void)snprintf(path, sizeof path, "/usr/lib/debug/.build-id/%.2s/%s.debug", hex, hex + 2);
	int fd = object_open_as(object, path);
	if (fd != -1 || link == NULL || link[0] == '\0' || strchr(link, '/') != NULL)
		return fd;
	if (object->path[0] == '\0') {
		if ((len = readlink("/proc/self/exe", directory, sizeof directory - 1)) == -1)
			return -1;
		directory[len] = '\0';
	} else if (strlcpy(directory, object->path, sizeof directory) >= sizeof directory) {
		return -1;
	}
	char *slash = strrchr(directory, '/');
	if (slash == NULL)
		return -1;
	*slash = '\0';
	for (int hidden = 0; hidden < 2 && fd == -1; hidden++)
		if (snprintf(path, sizeof path, "%s/%s%s", directory, hidden ? ".debug/" : "",
			link) < (int)sizeof path)
			fd = object_open_as(object, path);
	return fd;
}
