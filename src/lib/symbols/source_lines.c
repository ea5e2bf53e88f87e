/* SPDX-License-Identifier: BSD-2-Clause */
/* Functions and lines, from what libdw reads. */
#include "config.h"
#include "lib/symbols/source_lines.h"

#ifdef HAVE_LIBDW
#include <dwarf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/symbols/debug_file.h"
#include "lib/symbols/libdw.h"
#include "lib/symbols/object_image.h"
#include "lib/symbols/unit_map.h"

/* Debug information of more bytes than this is slow to read: the first look into 10 MB takes some
   milliseconds. */
#define QUICK_SIZE_MAX ((uint64_t)64 << 20)

/* So many units without a table of addresses are gone through, once: in 0.1 s.  The linker's order
   of them is that of the objects it was given. */
#define QUICK_UNITS_MAX 8192u

/* As in DWARF 5 and GNU's DWARF 4; older headers do not have all. */
#define TAG_SKELETON_UNIT 0x4a
#define AT_DWO_NAME       0x76
#define AT_GNU_DWO_NAME   0x2130

/* What is read of one object. */
struct object_lines {
	const struct libdw *f;
	struct source_lines *all;
	const struct object *object;
	Dwfl        *dwfl;
	Dwfl_Module *module;    /* NULL: there is nothing to read */
	enum source_depth depth; /* that it was opened for */
	bool         is_slow;   /* its debug information is not for SOURCE_QUICK */
	struct object_image image;
	struct unit_map units;
};

/* Copy what is read of this file; *elf: as libelf knows it, NULL: it cannot be used. */
static void
image_open(struct object_lines *lines, int fd, struct object_image *image, Elf **elf)
{
	const struct object_image_limits limits = {
		.all = SOURCE_BYTES_MAX - lines->all->held,
		.debug = lines->depth == SOURCE_QUICK ? QUICK_SIZE_MAX : SOURCE_BYTES_MAX,
		.unpack = lines->depth != SOURCE_QUICK,
	};

	*elf = NULL;
	object_image_read(image, lines->object, fd, &limits);
	if (image->at != NULL)
		*elf = lines->f->elf_memory((char *)image->at, image->size);
	if (*elf == NULL)
		object_image_release(image);
}

/* libdwfl asks for the object's file.  A separate debug file has all that is read here, too, and
   takes its place. */
static int
elf_find(Dwfl_Module *module, void **userdata, const char *name, Dwarf_Addr base, char **path,
    Elf **elf)
{
	struct object_lines *lines = *userdata;
	struct object_image *image = &lines->image, separate;
	Elf *separate_elf;

	(void)module;
	(void)base;
	image_open(lines, object_open(lines->object), image, elf);
	lines->is_slow = image->is_compressed || image->debug_size > QUICK_SIZE_MAX;
	if (lines->depth == SOURCE_ALL && image->debug_size == 0) {
		image_open(lines, debug_file_open(lines->object, image->link), &separate,
		    &separate_elf);
		if (separate_elf != NULL) {
			(void)lines->f->elf_end(*elf);
			object_image_release(image);
			*elf = separate_elf;
			*image = separate;
			lines->is_slow = true;
		}
	}
	lines->all->held += image->held;
	/* Without a file it would open that of the path. */
	if (*elf != NULL)
		*path = strdup(name);
	return -1;
}

/* libdwfl asks for a separate debug file, or for one that several share. */
static int
separate_find(Dwfl_Module *module, void **userdata, const char *name, Dwarf_Addr base,
    const char *path, const char *link, GElf_Word sum, char **found)
{
	(void)module;
	(void)userdata;
	(void)name;
	(void)base;
	(void)path;
	(void)link;
	(void)sum;
	(void)found;
	return -1;
}

static const Dwfl_Callbacks callbacks = {
	.find_elf = elf_find,
	.find_debuginfo = separate_find,
};

static struct object_lines *
lines_open(struct source_lines *all, const struct object *object, enum source_depth depth)
{
	const struct libdw *f = all->libdw;
	struct object_lines *lines = calloc(1, sizeof *lines);
	void **userdata = NULL;

	if (lines == NULL)
		return NULL;
	lines->f = f;
	lines->all = all;
	lines->object = object;
	lines->depth = depth;
	if ((lines->dwfl = f->dwfl_begin(&callbacks)) == NULL)
		return lines;
	f->dwfl_report_begin(lines->dwfl);
	lines->module = f->dwfl_report_module(lines->dwfl, object_name(object), object->aligned,
	    object->end);
	if (lines->module != NULL) {
		(void)f->dwfl_module_info(lines->module, &userdata, NULL, NULL, NULL, NULL, NULL,
		    NULL);
		*userdata = lines;
	}
	if (f->dwfl_report_end(lines->dwfl, NULL, NULL) != 0)
		lines->module = NULL;
	return lines;
}

/* Whether the unit's functions are in a file of their own (-gsplit-dwarf).  Of such a unit only the
   lines are told: libdw would open and map what has that file's name. */
static bool
is_split(const struct libdw *f, Dwarf_Die *unit)
{
	Dwarf_Attribute attribute;

	return f->dwarf_tag(unit) == TAG_SKELETON_UNIT ||
	    f->dwarf_attr(unit, AT_DWO_NAME, &attribute) != NULL ||
	    f->dwarf_attr(unit, AT_GNU_DWO_NAME, &attribute) != NULL;
}

/* A source file's name as the compiler was given it. */
static const char *
file_shown(const struct libdw *f, Dwarf_Die *unit, const char *file)
{
	Dwarf_Attribute attribute;
	const char *directory =
	    f->dwarf_formstring(f->dwarf_attr(unit, DW_AT_comp_dir, &attribute));
	size_t len = directory != NULL ? strlen(directory) : 0;

	if (file != NULL && len > 0 && strncmp(file, directory, len) == 0 && file[len] == '/')
		return file + len + 1;
	return file;
}

static void
function_name(const struct libdw *f, Dwarf_Die *die, struct source_call *call)
{
	Dwarf_Attribute attribute;

	call->function = f->dwarf_diename(die);
	call->linkage =
	    f->dwarf_formstring(f->dwarf_attr_integrate(die, DW_AT_linkage_name, &attribute));
	if (call->linkage == NULL)
		call->linkage = f->dwarf_formstring(
		    f->dwarf_attr_integrate(die, DW_AT_MIPS_linkage_name, &attribute));
}

/* The place in the next function where this one was inlined. */
static void
inlined_at(const struct libdw *f, Dwarf_Die *unit, Dwarf_Die *die, struct source_call *call)
{
	Dwarf_Attribute attribute;
	Dwarf_Word number;
	Dwarf_Files *files;
	size_t count;

	if (f->dwarf_formudata(f->dwarf_attr(die, DW_AT_call_line, &attribute), &number) == 0 &&
	    number <= INT32_MAX)
		call->line = (int)number;
	if (f->dwarf_formudata(f->dwarf_attr(die, DW_AT_call_file, &attribute), &number) == 0 &&
	    f->dwarf_getsrcfiles(unit, &files, &count) == 0 && number < count)
		call->file = file_shown(f, unit, f->dwarf_filesrc(files, number, NULL, NULL));
}

/* The functions of the unit at this address; calls[0] has its line already. */
static size_t
functions_find(const struct libdw *f, Dwarf_Die *unit, Dwarf_Addr pc, struct source_call *calls)
{
	Dwarf_Die *scopes = NULL, *around = NULL;
	int count = f->dwarf_getscopes(unit, pc, &scopes);
	size_t found = 0;

	/* Those around an inlined function are by its declaration, and are asked for anew. */
	if (count > 0)
		count = f->dwarf_getscopes_die(&scopes[0], &around);
	for (int i = 0; i < count && found < SOURCE_CALLS_MAX; i++) {
		int tag = f->dwarf_tag(&around[i]);
		if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_subprogram)
			continue;
		function_name(f, &around[i], &calls[found++]);
		if (tag == DW_TAG_subprogram)
			break;
		if (found < SOURCE_CALLS_MAX)
			inlined_at(f, unit, &around[i], &calls[found]);
	}
	free(scopes);
	free(around);
	return found;
}

static void
lines_close(struct object *object)
{
	struct object_lines *lines = object->lines;

	object->lines = NULL;
	if (lines == NULL)
		return;
	if (lines->dwfl != NULL)
		lines->f->dwfl_end(lines->dwfl);
	lines->all->held -= lines->image.held;
	object_image_release(&lines->image);
	unit_map_release(&lines->units);
	free(lines);
}

/* What is read of the object, so deep at least; NULL: nothing. */
static struct object_lines *
lines_of(struct source_lines *all, struct object *object, enum source_depth depth)
{
	if (all->libdw == NULL && !all->missing)
		all->missing = (all->libdw = libdw_load()) == NULL;
	if (all->libdw == NULL)
		return NULL;
	/* libdwfl does not look again for what it has not found. */
	if (object->lines != NULL && object->lines->depth < depth)
		lines_close(object);
	if (object->lines == NULL)
		object->lines = lines_open(all, object, depth);
	return object->lines != NULL && object->lines->module != NULL ? object->lines : NULL;
}

size_t
source_lines_find(struct source_lines *all, struct object *object, uintptr_t address,
    enum source_depth depth, struct source_call calls[SOURCE_CALLS_MAX])
{
	struct object_lines *lines = lines_of(all, object, depth);
	Dwarf_Addr bias;
	GElf_Off offset;
	GElf_Sym symbol;
	size_t found = 0;

	if (lines == NULL)
		return 0;
	const struct libdw *f = all->libdw;
	memset(calls, 0, SOURCE_CALLS_MAX * sizeof calls[0]);
	if (f->dwfl_module_getelf(lines->module, &bias) == NULL)
		return 0;
	/* A quick look finds the same lines before and after another one. */
	bool skip = depth == SOURCE_QUICK && lines->is_slow;
	Dwarf_Die *unit = skip ? NULL :
	    unit_map_find(&lines->units, f, lines->module, address,
		depth == SOURCE_QUICK ? QUICK_UNITS_MAX : SIZE_MAX, &bias);
	if (unit != NULL) {
		Dwarf_Line *line = f->dwarf_getsrc_die(unit, address - bias);
		if (line != NULL && f->dwarf_lineno(line, &calls[0].line) == 0)
			calls[0].file =
			    file_shown(f, unit, f->dwarf_linesrc(line, NULL, NULL));
		if (!is_split(f, unit))
			found = functions_find(f, unit, address - bias, calls);
	}
	if (found > 0 && calls[0].function != NULL)
		return found;
	const char *name = f->dwfl_module_addrinfo(lines->module, address, &offset, &symbol, NULL,
	    NULL, NULL);
	if (name == NULL)
		return found;
	calls[0].function = calls[0].linkage = name;
	calls[0].offset = (uintptr_t)offset;
	return found > 0 ? found : 1;
}

void
source_lines_drop(struct source_lines *all, struct object_map *map)
{
	for (size_t i = 0; i < map->count; i++)
		lines_close(&map->objects[i]);
	free(all->libdw);
	*all = (struct source_lines){ 0 };
}
#else
size_t
source_lines_find(struct source_lines *all, struct object *object, uintptr_t address,
    enum source_depth depth, struct source_call calls[SOURCE_CALLS_MAX])
{
	(void)all;
	(void)object;
	(void)address;
	(void)depth;
	(void)calls;
	return 0;
}

void
source_lines_drop(struct source_lines *all, struct object_map *map)
{
	(void)all;
	(void)map;
}
#endif
