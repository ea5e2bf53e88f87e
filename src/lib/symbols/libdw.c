/* SPDX-License-Identifier: BSD-2-Clause */
/* Loading libdw. */
#include "config.h"

#ifdef HAVE_LIBDW
#include "lib/symbols/libdw.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "lib/os/os.h"

/* Weak: a program that is linked statically does not have them, since it could load libdw only
   together with a second C library. */
extern __typeof__(dlopen) dlopen __attribute__((weak));
extern __typeof__(dlsym) dlsym __attribute__((weak));

struct libdw *
libdw_load(void)
{
	void *library = NULL;
	struct libdw *f;

	/* The thread-local data of a library that is loaded late brings LeakSanitizer to fall (gcc
	   12: it takes wrong addresses for it). */
	if (os_sanitized())
		return NULL;
	if (dlopen == NULL || dlsym == NULL || (f = malloc(sizeof *f)) == NULL)
		return NULL;
	/* Never unloaded: other pools of this program may use it, and it leaves per-thread data. */
	library = dlopen("libdw.so.1", RTLD_LAZY | RTLD_LOCAL | RTLD_NODELETE);
#define LIBDW_FIND(name)                                                       \
	if (library != NULL) {                                                 \
		void *function = dlsym(library, #name);                        \
		_Static_assert(sizeof function == sizeof f->name, "as in POSIX"); \
		memcpy(&f->name, &function, sizeof function);                  \
		if (function == NULL)                                          \
			library = NULL;                                        \
	}
	LIBDW_FUNCTIONS(LIBDW_FIND)
	if (library == NULL || f->elf_version(EV_CURRENT) == EV_NONE) {
		free(f);
		return NULL;
	}
	return f;
}
#else
/* C knows no empty file. */
extern int forkpool_without_libdw;
#endif
