/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether there is libdw, and debug information in the program. */
#include "config.h"
#include "tests/support/debug_info.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/os/os.h"

int
debug_info_frames(void)
{
#if defined(HAVE_BACKTRACE) || defined(HAVE_LIBUNWIND)
	return !os_sanitized();
#else
	return 0;
#endif
}

int
debug_info_names(void)
{
#ifdef HAVE_LIBDW
	return !os_sanitized() &&
	    dlopen("libdw.so.1", RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE) != NULL;
#else
	return 0;
#endif
}

int
debug_info_lines(void)
{
	static const char section[] = "\0.debug_line";
	int fd = debug_info_names() ? open("/proc/self/exe", O_RDONLY | O_CLOEXEC) : -1, found = 0;
	struct stat st;

	if (fd == -1)
		return 0;
	if (fstat(fd, &st) == 0) {
		size_t size = (size_t)st.st_size;
		void *file = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (file != MAP_FAILED) {
			found = memmem(file, size, section, sizeof section) != NULL;
			(void)munmap(file, size);
		}
	}
	(void)close(fd);
	return found;
}
