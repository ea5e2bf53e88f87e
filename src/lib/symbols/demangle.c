/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding and calling the demangler of a C++ runtime that is loaded. */
#include "config.h"
#include "lib/symbols/demangle.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

typedef char *demangler(const char *name, char *buffer, size_t *size, int *status);

/* Weak: as in libdw.c. */
extern __typeof__(dlopen) dlopen __attribute__((weak));
extern __typeof__(dlsym) dlsym __attribute__((weak));
extern __typeof__(dlclose) dlclose __attribute__((weak));

char *
demangle(const char *linkage_name)
{
	/* A plug-in that was loaded with RTLD_LOCAL has a runtime that only these names find. */
	static const char *const runtimes[] = { NULL, "libstdc++.so.6", "libc++abi.so.1" };
	char *name = NULL;
	int status = -1;

	if (strncmp(linkage_name, "_Z", 2) != 0 || dlopen == NULL || dlsym == NULL)
		return NULL;
	for (size_t i = 0; i < sizeof runtimes / sizeof runtimes[0] && name == NULL; i++) {
		void *runtime = dlopen(runtimes[i], RTLD_LAZY | RTLD_NOLOAD);
		void *found = runtime != NULL ? dlsym(runtime, "__cxa_demangle") : NULL;
		demangler *function;
		_Static_assert(sizeof function == sizeof found, "dlsym() can return functions");
		memcpy(&function, &found, sizeof function);
		if (function != NULL)
			name = function(linkage_name, NULL, NULL, &status);
		if (runtime != NULL)
			(void)dlclose(runtime);
	}
	return name;
}
