/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading parts of an ELF file into memory of its size. */
#include "config.h"

#ifdef HAVE_LIBDW
#include "lib/symbols/object_image.h"

#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "lib/os/fd.h"

struct file_read {
	struct object_image *image;
	int      fd;
	uint64_t section_at;    /* where the section headers are */
	size_t   section_count;
	uint64_t names_at;      /* of sections */
	size_t   names_size;
	uint64_t symbol_size;   /* of all that is not debug information */
	uint64_t left;          /* so many bytes may still be read, whatever the headers say */
};

enum section_kind {
	SECTION_UNUSED,
	SECTION_SYMBOLS,        /* and other small things */
	SECTION_DEBUG,
};

static uint64_t
sum(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static bool
piece_read(struct file_read *file, uint64_t offset, uint64_t len)
{
	const struct object_image *image = file->image;

	if (len > file->left || len > image->size || offset > image->size - len)
		return false;
	file->left -= len;
	return fd_pread_all(file->fd, image->at + offset, (size_t)len, (off_t)offset) == 0;
}

static ElfW(Shdr)
section_get(const struct file_read *file, size_t index)
{
	ElfW(Shdr) header;

	memcpy(&header, file->image->at + file->section_at + index * sizeof header, sizeof header);
	return header;
}

/* Read what says where all else is. */
static bool
headers_read(struct file_read *file)
{
	ElfW(Ehdr) head;

	if (!piece_read(file, 0, sizeof head))
		return false;
	memcpy(&head, file->image->at, sizeof head);
	if (memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 ||
	    head.e_ident[EI_CLASS] != (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32) ||
	    (head.e_phnum > 0 && head.e_phentsize != sizeof(ElfW(Phdr))) ||
	    (head.e_shnum > 0 && head.e_shentsize != sizeof(ElfW(Shdr))) ||
	    !piece_read(file, head.e_phoff, head.e_phnum * sizeof(ElfW(Phdr))) ||
	    !piece_read(file, head.e_shoff, head.e_shnum * sizeof(ElfW(Shdr))))
		return false;
	file->section_at = head.e_shoff;
	file->section_count = head.e_shnum;
	if (head.e_shstrndx >= head.e_shnum)
		return true;
	ElfW(Shdr) names = section_get(file, head.e_shstrndx);
	if (names.sh_type != SHT_STRTAB || !piece_read(file, names.sh_offset, names.sh_size))
		return false;
	file->names_at = names.sh_offset;
	file->names_size = names.sh_size;
	return true;
}

static const char *
section_name(const struct file_read *file, const ElfW(Shdr) *header)
{
	const unsigned char *names = file->image->at + file->names_at;

	if (header->sh_name >= file->names_size ||
	    memchr(names + header->sh_name, '\0', file->names_size - header->sh_name) == NULL)
		return "";
	return (const char *)names + header->sh_name;
}

static enum section_kind
section_kind(const struct file_read *file, const ElfW(Shdr) *header)
{
	const char *name = section_name(file, header);

	if (header->sh_type == SHT_NOBITS || header->sh_type == SHT_NULL)
		return SECTION_UNUSED;
	if (strcmp(name, ".gnu_debugaltlink") == 0 || strcmp(name, ".debug_sup") == 0)
		return SECTION_UNUSED;
	if (strncmp(name, ".debug_", 7) == 0 || strncmp(name, ".zdebug_", 8) == 0)
		return SECTION_DEBUG;
	switch (header->sh_type) {
	case SHT_SYMTAB:
	case SHT_DYNSYM:
	case SHT_STRTAB:
	case SHT_NOTE:
	case SHT_DYNAMIC:
	case SHT_HASH:
	case SHT_GNU_HASH:
	case SHT_GNU_versym:
	case SHT_GNU_verdef:
	case SHT_GNU_verneed:
	case SHT_SYMTAB_SHNDX:
		return SECTION_SYMBOLS;
	default:
		return strcmp(name, ".gnu_debuglink") == 0 || strcmp(name, ".gnu_debugdata") == 0 ?
		    SECTION_SYMBOLS : SECTION_UNUSED;
	}
}

/* How many bytes come out of a section that is compressed; 0: it is not. */
static uint64_t
unpacked_size(const struct file_read *file, const ElfW(Shdr) *header)
{
	ElfW(Chdr) way;
	unsigned char old[12]; /* ZLIB, and the size */
	uint64_t size = 0;

	if ((header->sh_flags & SHF_COMPRESSED) != 0) {
		if (fd_pread_all(file->fd, &way, sizeof way, (off_t)header->sh_offset) == -1)
			return UINT64_MAX;
		return sum(way.ch_size, 1);
	}
	if (section_name(file, header)[1] != 'z')
		return 0;
	if (fd_pread_all(file->fd, old, sizeof old, (off_t)header->sh_offset) == -1)
		return UINT64_MAX;
	for (size_t i = 4; i < sizeof old; i++)
		size = size << 8 | old[i];
	return sum(size, 1);
}

static void
sections_measure(struct file_read *file)
{
	struct object_image *image = file->image;

	for (size_t i = 0; i < file->section_count; i++) {
		ElfW(Shdr) header = section_get(file, i);
		enum section_kind kind = section_kind(file, &header);
		if (kind == SECTION_SYMBOLS)
			file->symbol_size = sum(file->symbol_size, header.sh_size);
		if (kind != SECTION_DEBUG)
			continue;
		uint64_t unpacked = unpacked_size(file, &header);
		image->is_compressed |= unpacked != 0;
		image->debug_size = sum(image->debug_size, sum(header.sh_size, unpacked));
	}
}

/* Read this section, or else note in the image that it has no content. */
static bool
section_read(struct file_read *file, size_t index, bool with_debug)
{
	struct object_image *image = file->image;
	ElfW(Shdr) header = section_get(file, index);
	enum section_kind kind = section_kind(file, &header);

	if (kind == SECTION_SYMBOLS || (kind == SECTION_DEBUG && with_debug)) {
		if (!piece_read(file, header.sh_offset, header.sh_size))
			return false;
		const char *link = (const char *)image->at + header.sh_offset;
		if (strcmp(section_name(file, &header), ".gnu_debuglink") == 0 &&
		    memchr(link, '\0', header.sh_size) != NULL)
			(void)strlcpy(image->link, link, sizeof image->link);
	} else if (header.sh_type != SHT_NULL) {
		header.sh_type = SHT_NOBITS;
		memcpy(image->at + file->section_at + index * sizeof header, &header,
		    sizeof header);
	}
	return true;
}

static bool
sections_read(struct file_read *file, const struct object_image_limits *limits)
{
	struct object_image *image = file->image;

	sections_measure(file);
	if (file->symbol_size > limits->all)
		return false;
	bool with_debug = image->debug_size <= limits->debug &&
	    image->debug_size <= limits->all - file->symbol_size &&
	    (limits->unpack || !image->is_compressed);
	image->held = file->symbol_size + (with_debug ? image->debug_size : 0);
	for (size_t i = 0; i < file->section_count; i++)
		if (!section_read(file, i, with_debug))
			return false;
	return true;
}

void
object_image_read(struct object_image *image, const struct object *object, int fd,
    const struct object_image_limits *limits)
{
	struct file_read file = { .image = image, .fd = fd, .left = limits->all };
	struct file_stamp before = { 0 }, after;
	struct stat st;

	*image = (struct object_image){ 0 };
	if (fd == -1)
		return;
	if (fstat(fd, &st) == 0 && st.st_size > 0 && (uintmax_t)st.st_size <= SIZE_MAX) {
		before = file_stamp(&st);
		image->size = (size_t)st.st_size;
		void *at = mmap(NULL, image->size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		image->at = at != MAP_FAILED ? at : NULL;
	}
	if (image->at != NULL && headers_read(&file) && sections_read(&file, limits) &&
	    object_has_file(object, fd) && fstat(fd, &st) == 0) {
		after = file_stamp(&st);
		if (file_stamp_is(&before, &after)) {
			fd_close(&fd);
			return;
		}
	}
	object_image_release(image);
	fd_close(&fd);
}

void
object_image_release(struct object_image *image)
{
	if (image->at != NULL)
		(void)munmap(image->at, image->size);
	*image = (struct object_image){ 0 };
}
#else
/* C knows no empty file. */
extern int forkpool_without_object_image;
#endif
