/* SPDX-License-Identifier: BSD-2-Clause */
/* Plug-in symbols: the names of exported functions, from the ELF file's dynamic symbol table. */
#include "config.h"
#include "tool/exec/plugin_symbols.h"

#ifdef __ELF__

#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct image {
	const char *at;
	size_t      len;
};

/* count records of that size at that offset; NULL: they are not aligned, or not in the file. */
static const void *
image_at(const struct image *image, uint64_t offset, uint64_t count, size_t size)
{
	if (offset > image->len || count > (image->len - offset) / size ||
	    offset % sizeof(ElfW(Word)) != 0)
		return NULL;
	return image->at + offset;
}

/* The name at that offset of the string table; NULL: it does not lie within the table. */
static const char *
name_at(const struct image *image, const ElfW(Shdr) *strings, uint64_t offset)
{
	if (strings->sh_offset > image->len || strings->sh_size > image->len - strings->sh_offset ||
	    offset >= strings->sh_size)
		return NULL;
	const char *name = image->at + strings->sh_offset + offset;
	return memchr(name, '\0', (size_t)(strings->sh_size - offset)) != NULL ? name : NULL;
}

static enum plugin_symbols
image_read(const struct image *image, struct bytes *names)
{
	const ElfW(Ehdr) *head = image_at(image, 0, 1, sizeof *head);

	if (image->len < SELFMAG || memcmp(image->at, ELFMAG, SELFMAG) != 0)
		return PLUGIN_SYMBOLS_NOT_OBJECT;
	/* An object for another kind of machine: dlopen() says so. */
	if (head == NULL ||
	    head->e_ident[EI_CLASS] != (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32) ||
	    head->e_shentsize != sizeof(ElfW(Shdr)))
		return PLUGIN_SYMBOLS_UNKNOWN;
	const ElfW(Shdr) *sections =
	    image_at(image, head->e_shoff, head->e_shnum, sizeof *sections);
	const ElfW(Shdr) *dynamic = NULL;
	for (size_t i = 0; sections != NULL && i < head->e_shnum && dynamic == NULL; i++)
		if (sections[i].sh_type == SHT_DYNSYM && sections[i].sh_link < head->e_shnum)
			dynamic = &sections[i];
	if (dynamic == NULL)
		return PLUGIN_SYMBOLS_UNKNOWN;
	size_t count = (size_t)(dynamic->sh_size / sizeof(ElfW(Sym)));
	const ElfW(Sym) *symbols = image_at(image, dynamic->sh_offset, count, sizeof *symbols);
	for (size_t i = 0; symbols != NULL && i < count; i++) {
		const char *name = name_at(image, &sections[dynamic->sh_link], symbols[i].st_name);
		/* Type and binding lie in the same bits in both classes, ELF32 and ELF64. */
		unsigned type = symbols[i].st_info & 0xf, binding = symbols[i].st_info >> 4;
		if (name == NULL || strcmp(name, "_init") == 0 || strcmp(name, "_fini") == 0)
			continue; /* the latter two are the linker's, with musl */
		if (name[0] != '\0' && symbols[i].st_shndx != SHN_UNDEF &&
		    binding != STB_LOCAL && (type == STT_FUNC || type == STT_GNU_IFUNC))
			bytes_add(names, name, strlen(name) + 1);
	}
	return symbols != NULL ? PLUGIN_SYMBOLS_OK : PLUGIN_SYMBOLS_UNKNOWN;
}

enum plugin_symbols
plugin_symbols_read(const char *path, struct bytes *names)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	enum plugin_symbols read = PLUGIN_SYMBOLS_UNKNOWN;

	if (fd == -1)
		return read;
	if (fstat(fd, &st) == 0 && (uint64_t)st.st_size <= SIZE_MAX) {
		struct image image = { .len = (size_t)st.st_size };
		void *mapped = MAP_FAILED;
		if (image.len == 0)
			read = PLUGIN_SYMBOLS_NOT_OBJECT;
		else
			mapped = mmap(NULL, image.len, PROT_READ, MAP_PRIVATE, fd, 0);
		if (mapped != MAP_FAILED) {
			image.at = mapped;
			read = image_read(&image, names);
			(void)munmap(mapped, image.len);
		}
	}
	(void)close(fd);
	return read;
}

#else

enum plugin_symbols
plugin_symbols_read(const char *path, struct bytes *names)
{
	(void)path;
	(void)names;
	return PLUGIN_SYMBOLS_UNKNOWN;
}

#endif
