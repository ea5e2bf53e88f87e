/* SPDX-License-Identifier: BSD-2-Clause */
/* Looking up code addresses, in debug information or with the dynamic linker. */
#include "config.h"
#include "lib/symbols/symbols.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "lib/symbols/demangle.h"

void
symbols_take(struct symbols *s)
{
	s->lines = (struct source_lines){ 0 };
	object_map_take(&s->map);
}

void
symbols_release(struct symbols *s)
{
	source_lines_drop(&s->lines, &s->map);
	object_map_release(&s->map);
}

/* Ask the dynamic linker, which knows exported functions of what is loaded now. */
static void
ask_linker(struct symbol *to, uintptr_t at)
{
	Dl_info info;

	if (dladdr((const void *)at, &info) == 0)
		return;
	if (to->object == NULL && info.dli_fname != NULL) {
		const char *slash = strrchr(info.dli_fname, '/');
		to->object = slash != NULL ? slash + 1 : info.dli_fname;
		to->offset = to->address - (uintptr_t)info.dli_fbase;
	}
	if (info.dli_sname == NULL)
		return;
	to->call[0] = (struct source_call){
		.function = info.dli_sname, .linkage = info.dli_sname,
		.offset = at - (uintptr_t)info.dli_saddr,
	};
	to->calls = 1;
}

void
symbols_find(struct symbols *s, struct symbol *to, uintptr_t address, bool returned_to,
    enum source_depth depth)
{
	/* A call is the last instruction of its line, or of its function, now and then. */
	const uintptr_t at = returned_to && address > 0 ? address - 1 : address;
	struct object *object = object_map_find(&s->map, at);

	to->address = address;
	to->object = NULL;
	to->offset = to->calls = 0;
	if (object != NULL) {
		to->object = object_name(object);
		to->offset = address - object->base;
		to->calls = source_lines_find(&s->lines, object, at, depth, to->call);
		if (to->calls == 0 && object_is_mapped(object))
			ask_linker(to, at);
	} else if (s->map.count == 0) {
		ask_linker(to, at);
	}
	/* As in the object's listing. */
	if (to->calls > 0 && to->call[0].line == 0)
		to->call[0].offset += address - at;
}

char *
symbols_function(const struct source_call *call)
{
	char *name = call->linkage != NULL ? demangle(call->linkage) : NULL;

	if (name == NULL && call->function != NULL)
		name = strdup(call->function);
	return name;
}
