/* SPDX-License-Identifier: BSD-2-Clause */
/* The objects of this process, as the dynamic linker tells them. */
#include "config.h"
#include "lib/symbols/object_map.h"

#include <stdlib.h>
#include <string.h>

void
object_map_release(struct object_map *map)
{
	for (size_t i = 0; i < map->count; i++)
		free(map->objects[i].path);
	free(map->objects);
	*map = (struct object_map){ 0 };
}

struct object *
object_map_find(const struct object_map *map, uintptr_t address)
{
	for (size_t i = 0; i < map->count; i++)
		if (address >= map->objects[i].start && address < map->objects[i].end)
			return &map->objects[i];
	return NULL;
}

#if defined(HAVE_DL_ITERATE_PHDR) && defined(HAVE_LINK_H) && defined(__ELF__)
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <unistd.h>

#include "lib/os/fd.h"

#define HEADERS_MAX 64u

struct file_stamp
file_stamp(const struct stat *st)
{
	return (struct file_stamp){
		.device = st->st_dev, .number = st->st_ino, .size = st->st_size,
		.changed = st->st_mtim,
	};
}

bool
file_stamp_is(const struct file_stamp *a, const struct file_stamp *b)
{
	return a->device == b->device && a->number == b->number && a->size == b->size &&
	    a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

/* A sum by which two tables of program headers are told apart (FNV-1a). */
static uint64_t
headers_sum(const void *headers, size_t len)
{
	const unsigned char *at = headers;
	uint64_t sum = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < len; i++)
		sum = (sum ^ at[i]) * UINT64_C(0x100000001b3);
	return sum;
}

/* Find the build ID in the notes of a segment. */
static void
build_id_find(struct object *object, const unsigned char *notes, size_t len)
{
	ElfW(Nhdr) note;

	while (len >= sizeof note) {
		memcpy(&note, notes, sizeof note);
		size_t name = ((size_t)note.n_namesz + 3) & ~(size_t)3;
		size_t data = ((size_t)note.n_descsz + 3) & ~(size_t)3;
		if (name > len - sizeof note || data > len - sizeof note - name)
			return;
		const unsigned char *text = notes + sizeof note;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
		    memcmp(text, "GNU", 4) == 0 && note.n_descsz > 0 &&
		    note.n_descsz <= OBJECT_ID_MAX) {
			memcpy(object->id, text + name, note.n_descsz);
			object->id_len = note.n_descsz;
			object->has_build_id = true;
			return;
		}
		notes += sizeof note + name + data;
		len -= sizeof note + name + data;
	}
}

/* Whether the bytes lie in what is mapped of the object. */
static bool
is_loaded(const struct dl_phdr_info *info, uintptr_t at, size_t len)
{
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *h = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + h->p_vaddr;
		if (h->p_type == PT_LOAD && (h->p_flags & PF_R) != 0 && at >= start &&
		    at - start <= h->p_filesz && len <= h->p_filesz - (at - start))
			return true;
	}
	return false;
}

/* All but its path. */
static void
object_describe(struct object *object, const struct dl_phdr_info *info)
{
	*object = (struct object){ .base = info->dlpi_addr, .start = UINTPTR_MAX };
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *h = &info->dlpi_phdr[i];
		uintptr_t at = info->dlpi_addr + h->p_vaddr;
		if (h->p_type == PT_LOAD && at < object->start) {
			object->start = at;
			object->aligned = at;
			if (h->p_align > 1)
				object->aligned =
				    info->dlpi_addr + (h->p_vaddr & -(uintptr_t)h->p_align);
		}
		if (h->p_type == PT_LOAD && at + h->p_memsz > object->end)
			object->end = at + h->p_memsz;
		if (h->p_type == PT_NOTE && object->id_len == 0 && is_loaded(info, at, h->p_filesz))
			build_id_find(object, (const unsigned char *)at, h->p_filesz);
	}
	if (object->id_len == 0) {
		uint64_t sum = headers_sum(info->dlpi_phdr,
		    info->dlpi_phnum * sizeof info->dlpi_phdr[0]);
		memcpy(object->id, &sum, sizeof sum);
		object->id_len = sizeof sum;
	}
}

static int
object_add(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct object_map *map = arg;
	struct object object;
	struct stat st;

	(void)size;
	object_describe(&object, info);
	if (object.start >= object.end)
		return 0;
	/* Powers of two: the array is full where the count is one. */
	if ((map->count & (map->count - 1)) == 0) {
		size_t room = map->count == 0 ? 1 : 2 * map->count;
		struct object *more = reallocarray(map->objects, room, sizeof *more);
		if (more == NULL)
			return 1;
		map->objects = more;
	}
	object.path = strdup(info->dlpi_name != NULL ? info->dlpi_name : "");
	if (object.path == NULL)
		return 1;
	if (!object.has_build_id &&
	    stat(object.path[0] != '\0' ? object.path : "/proc/self/exe", &st) == 0)
		object.file = file_stamp(&st);
	map->objects[map->count++] = object;
	return 0;
}

void
object_map_take(struct object_map *map)
{
	*map = (struct object_map){ 0 };
	if (dl_iterate_phdr(object_add, map) != 0)
		object_map_release(map);
}

static int
is_same(struct dl_phdr_info *info, size_t size, void *arg)
{
	const struct object *object = arg;
	struct object other;

	(void)size;
	if (info->dlpi_addr != object->base ||
	    strcmp(info->dlpi_name != NULL ? info->dlpi_name : "", object->path) != 0)
		return 0;
	object_describe(&other, info);
	return other.start == object->start && other.end == object->end &&
	    other.id_len == object->id_len && memcmp(other.id, object->id, other.id_len) == 0;
}

bool
object_is_mapped(const struct object *object)
{
	struct object copy = *object; /* the callback takes no const */

	return dl_iterate_phdr(is_same, &copy) != 0;
}

/* The program headers of a file of this machine's class: how many, 0 where they cannot be had. */
static size_t
headers_read(int fd, ElfW(Phdr) headers[HEADERS_MAX])
{
	ElfW(Ehdr) head;

	if (fd_pread_all(fd, &head, sizeof head, 0) == -1 ||
	    memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 ||
	    head.e_ident[EI_CLASS] != (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32) ||
	    head.e_phentsize != sizeof headers[0] || head.e_phnum > HEADERS_MAX ||
	    fd_pread_all(fd, headers, head.e_phnum * sizeof headers[0], (off_t)head.e_phoff) == -1)
		return 0;
	return head.e_phnum;
}

bool
object_has_file(const struct object *object, int fd)
{
	ElfW(Phdr) headers[HEADERS_MAX];
	struct object file = { 0 };
	unsigned char notes[4096];
	struct stat st;

	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		return false;
	size_t count = headers_read(fd, headers);
	if (!object->has_build_id) {
		struct file_stamp now = file_stamp(&st);
		uint64_t sum = headers_sum(headers, count * sizeof headers[0]);
		return count > 0 && memcmp(object->id, &sum, sizeof sum) == 0 &&
		    file_stamp_is(&object->file, &now);
	}
	for (size_t i = 0; i < count && file.id_len == 0; i++)
		if (headers[i].p_type == PT_NOTE && headers[i].p_filesz <= sizeof notes &&
		    fd_pread_all(fd, notes, headers[i].p_filesz, (off_t)headers[i].p_offset) == 0)
			build_id_find(&file, notes, headers[i].p_filesz);
	return file.id_len == object->id_len && memcmp(file.id, object->id, file.id_len) == 0;
}

int
object_open_as(const struct object *object, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd != -1 && !object_has_file(object, fd))
		fd_close(&fd);
	return fd;
}

int
object_open(const struct object *object)
{
	Dl_info info;

	/* What has no directory in its name is no file, as the kernel's own object. */
	if (object->path[0] != '\0' && strchr(object->path, '/') == NULL)
		return -1;
	if (object->path[0] != '\0')
		return object_open_as(object, object->path);
	/* The program itself, whatever has become of its name. */
	int fd = object_open_as(object, "/proc/self/exe");
	if (fd == -1 && dladdr((const void *)object->start, &info) != 0 && info.dli_fname != NULL)
		fd = object_open_as(object, info.dli_fname);
	return fd;
}

const char *
object_name(const struct object *object)
{
	const char *path = object->path;
	Dl_info info;

	if (path[0] == '\0' && dladdr((const void *)object->start, &info) != 0 &&
	    info.dli_fname != NULL)
		path = info.dli_fname;
	const char *slash = strrchr(path, '/');
	return slash != NULL ? slash + 1 : path;
}
#else
void
object_map_take(struct object_map *map)
{
	*map = (struct object_map){ 0 };
}

bool
object_is_mapped(const struct object *object)
{
	(void)object;
	return false;
}

bool
object_has_file(const struct object *object, int fd)
{
	(void)object;
	(void)fd;
	return false;
}

int
object_open(const struct object *object)
{
	(void)object;
	return -1;
}

int
object_open_as(const struct object *object, const char *path)
{
	(void)object;
	(void)path;
	return -1;
}

const char *
object_name(const struct object *object)
{
	return object->path;
}
#endif
