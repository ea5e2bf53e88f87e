/* SPDX-License-Identifier: BSD-2-Clause */
/* Functions and lines, from what libdw reads. */
#include "config.h"
#include "lib/symbols/source_lines.h"

#ifdef HAVE_LIBDW
#include <dwarf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/os/fd.h"
#include "lib/symbols/debug_file.h"
#include "lib/symbols/libdw.h"

/* Debug information of more bytes than this is slow to read: the first look into 10 MB takes some
   milliseconds. */
#define QUICK_SIZE_MAX ((uint64_t)64 << 20)

/* What is read of one object. */
struct object_lines {
	const struct libdw *f;
	const struct object *object;
	Dwfl        *dwfl;
	Dwfl_Module *module;    /* NULL: there is nothing to read */
	enum source_depth depth; /* that it was opened for */
	bool         is_slow;   /* its debug information is not for SOURCE_QUICK */
};

/* What the sections of a file say of its debug information. */
struct debug_sections {
	uint64_t size;
	bool     compressed;
	char     link[256];     /* the name of a separate file; "": none */
};

static void
section_note(const struct libdw *f, struct debug_sections *found, Elf_Scn *section,
    const GElf_Shdr *header, const char *name)
{
	if (strncmp(name, ".debug_", 7) == 0 || strncmp(name, ".zdebug_", 8) == 0) {
		found->size += header->sh_size;
		found->compressed |= name[1] == 'z' || (header->sh_flags & SHF_COMPRESSED) != 0;
	} else if (strcmp(name, ".gnu_debuglink") == 0) {
		const Elf_Data *data = f->elf_rawdata(section, NULL);
		if (data != NULL && data->d_buf != NULL &&
		    memchr(data->d_buf, '\0', data->d_size) != NULL)
			(void)strlcpy(found->link, data->d_buf, sizeof found->link);
	}
}

static void
sections_scan(const struct libdw *f, Elf *elf, struct debug_sections *found)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	size_t names;

	*found = (struct debug_sections){ 0 };
	if (elf == NULL || f->elf_getshdrstrndx(elf, &names) != 0)
		return;
	while ((section = f->elf_nextscn(elf, section)) != NULL) {
		const char *name = f->gelf_getshdr(section, &header) != NULL ?
		    f->elf_strptr(elf, names, header.sh_name) :
		    NULL;
		if (name != NULL)
			section_note(f, found, section, &header, name);
	}
}

/* Map the file, and close the descriptor: none stays open, as the caller may need them. */
static Elf *
elf_map(const struct libdw *f, int fd)
{
	if (fd == -1)
		return NULL;
	/* Read-only, since valgrind takes what is writable for a library that is loaded. */
	Elf *elf = f->elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (elf != NULL && f->elf_cntl(elf, ELF_C_FDREAD) == -1) {
		(void)f->elf_end(elf);
		elf = NULL;
	}
	fd_close(&fd);
	return elf;
}

/* libdwfl asks for the object's file.  A separate debug file has all that is read here, too, and
   takes its place: the descriptor of one that is found later would stay open. */
static int
elf_find(Dwfl_Module *module, void **userdata, const char *name, Dwarf_Addr base, char **path,
    Elf **elf)
{
	struct object_lines *lines = *userdata;
	const struct libdw *f = lines->f;
	struct debug_sections sections;

	(void)module;
	(void)base;
	*elf = elf_map(f, object_open(lines->object));
	sections_scan(f, *elf, &sections);
	lines->is_slow = sections.compressed || sections.size > QUICK_SIZE_MAX;
	if (lines->depth == SOURCE_ALL && sections.size == 0) {
		Elf *separate = elf_map(f, debug_file_open(lines->object, sections.link));
		if (separate != NULL) {
			(void)f->elf_end(*elf);
			*elf = separate;
			lines->is_slow = true;
		}
	}
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
lines_open(const struct libdw *f, const struct object *object, enum source_depth depth)
{
	struct object_lines *lines = calloc(1, sizeof *lines);
	void **userdata = NULL;

	if (lines == NULL)
		return NULL;
	lines->f = f;
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

/* The compilation unit; *bias: what is to be taken from the address. */
static Dwarf_Die *
unit_find(const struct object_lines *lines, uintptr_t address, Dwarf_Addr *bias)
{
	Dwarf_Die *unit = lines->f->dwfl_module_addrdie(lines->module, address, bias);

	if (unit != NULL)
		return unit;
	/* Not all compilers write a table of which unit is where. */
	while ((unit = lines->f->dwfl_module_nextcu(lines->module, unit, bias)) != NULL)
		if (lines->f->dwarf_haspc(unit, address - *bias) == 1)
			return unit;
	return NULL;
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

	if (lines != NULL && lines->dwfl != NULL)
		lines->f->dwfl_end(lines->dwfl);
	free(lines);
	object->lines = NULL;
}

/* What is read of the object, so deep at least; NULL: nothing. */
static const struct object_lines *
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
		object->lines = lines_open(all->libdw, object, depth);
	return object->lines != NULL && object->lines->module != NULL ? object->lines : NULL;
}

size_t
source_lines_find(struct source_lines *all, struct object *object, uintptr_t address,
    enum source_depth depth, struct source_call calls[SOURCE_CALLS_MAX])
{
	const struct object_lines *lines = lines_of(all, object, depth);
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
	Dwarf_Die *unit = skip ? NULL : unit_find(lines, address, &bias);
	if (unit != NULL) {
		Dwarf_Line *line = f->dwarf_getsrc_die(unit, address - bias);
		if (line != NULL && f->dwarf_lineno(line, &calls[0].line) == 0)
			calls[0].file =
			    file_shown(f, unit, f->dwarf_linesrc(line, NULL, NULL));
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
