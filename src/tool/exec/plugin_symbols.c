/* SPDX-License-Identifier: BSD-2-Clause */
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

/* count things of that size at that offset, or NULL where the file does not hold them. */
static const void *
image_at(const struct image *image, uint64_t offset, uint64_t count, size_t size)
{
	if (offset > image->len || count > (image->len - offset) / size ||
	    offset % sizeof(ElfW(Word)) != 0)
		return NULL;
	return image->at + offset;
}

/* The name at that offset of the string table; NULL: it does not end in it. */
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
		return PLUGIN_NAMES_NO_OBJECT;
	/* Of another machine's kind: the loader has its own words for that. */
	if (head == NULL ||
	    head->e_ident[EI_CLASS] != (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32) ||
	    head->e_shentsize != sizeof(ElfW(Shdr)))
		return PLUGIN_NAMES_UNKNOWN;
	const ElfW(Shdr) *sections =
	    image_at(image, head->e_shoff, head->e_shnum, sizeof *sections);
	const ElfW(Shdr) *dynamic = NULL;
	for (size_t i = 0; sections != NULL && i < head->e_shnum && dynamic == NULL; i++)
		if (sections[i].sh_type == SHT_DYNSYM && sections[i].sh_link < head->e_shnum)
			dynamic = &sections[i];
	if (dynamic == NULL)
		return PLUGIN_NAMES_UNKNOWN;
	size_t count = (size_t)(dynamic->sh_size / sizeof(ElfW(Sym)));
	const ElfW(Sym) *symbols = image_at(image, dynamic->sh_offset, count, sizeof *symbols);
	for (size_t i = 0; symbols != NULL && i < count; i++) {
		const char *name = name_at(image, &sections[dynamic->sh_link], symbols[i].st_name);
		unsigned type = symbols[i].st_info & 0xf; /* the same in both classes, as is the binding above it */
		if (name != NULL && name[0] != '\0' && symbols[i].st_shndx != SHN_UNDEF &&
		    symbols[i].st_info >> 4 != STB_LOCAL &&
		    (type == STT_FUNC || type == STT_GNU_IFUNC))
			bytes_add(names, name, strlen(name) + 1);
	}
	return symbols != NULL ? PLUGIN_NAMES_OK : PLUGIN_NAMES_UNKNOWN;
}

enum plugin_symbols
plugin_symbols_read(const char *path, struct bytes *names)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	enum plugin_symbols read = PLUGIN_NAMES_UNKNOWN;

	if (fd == -1)
		return read;
	if (fstat(fd, &st) == 0 && (uint64_t)st.st_size <= SIZE_MAX) {
		struct image image = { .len = (size_t)st.st_size };
		void *mapped = image.len == 0 ?
		    MAP_FAILED :
		    mmap(NULL, image.len, PROT_READ, MAP_PRIVATE, fd, 0);
		image.at = mapped;
		if (image.len == 0)
			read = PLUGIN_NAMES_NO_OBJECT;
		else if (mapped != MAP_FAILED)
			read = image_read(&image, names);
		if (mapped != MAP_FAILED)
			(void)munmap(mapped, image.len);
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
	return PLUGIN_NAMES_UNKNOWN;
}

#endif
