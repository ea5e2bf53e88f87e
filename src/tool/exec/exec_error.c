/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the beginning of a file that could not be executed: a script's first line, or the headers
   of a program. */
#include "config.h"
#include "tool/exec/exec_error.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* A script's interpreter may be a script as well; the system follows so many. */
#define SCRIPTS_MAX 5
#define SEGMENTS_MAX 64

struct beginning {
	unsigned char at[EXEC_ERROR_PATH_MAX];
	size_t len;
};

static int
file_open(const char *path, struct beginning *b)
{
	int fd = open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	b->len = 0;
	if (fd == -1)
		return -1;
	ssize_t n = pread(fd, b->at, sizeof b->at, 0);
	b->len = n > 0 ? (size_t)n : 0;
	return fd;
}

static int
is_program(const struct beginning *b)
{
	return b->len > EI_DATA && memcmp(b->at, ELFMAG, SELFMAG) == 0;
}

int
exec_error_is_program(const char *path)
{
	struct beginning b;
	int fd = file_open(path, &b);

	if (fd == -1)
		return 0;
	(void)close(fd);
	return is_program(&b);
}

/* --------------------------------------------------------------------------------- interpreter */

/* The word behind "#!", with a carriage return if the line ends with one.  0: there is none. */
static int
interpreter_of(const struct beginning *b, char *name)
{
	size_t from = 2, to;

	if (b->len < 2 || memcmp(b->at, "#!", 2) != 0)
		return 0;
	while (from < b->len && (b->at[from] == ' ' || b->at[from] == '\t'))
		from++;
	for (to = from; to < b->len && to - from < EXEC_ERROR_PATH_MAX - 1; to++)
		if (b->at[to] == ' ' || b->at[to] == '\t' || b->at[to] == '\n' || b->at[to] == '\0')
			break;
	memcpy(name, b->at + from, to - from);
	name[to - from] = '\0';
	return to > from;
}

/* ------------------------------------------------------------------------------------- program */

static const char *
machine_name(unsigned machine)
{
	static const struct {
		unsigned machine;
		char     name[12];
	} known[] = {
		{ EM_386, "i386" },
		{ EM_X86_64, "x86_64" },
		{ EM_ARM, "arm" },
		{ EM_AARCH64, "aarch64" },
		{ EM_PPC, "ppc" },
		{ EM_PPC64, "ppc64" },
		{ EM_S390, "s390" },
		{ EM_MIPS, "mips" },
		{ EM_SPARCV9, "sparc64" },
		{ 243, "riscv" },     /* EM_RISCV and the next one are not in each elf.h */
		{ 258, "loongarch" },
	};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (known[i].machine == machine)
			return known[i].name;
	return NULL;
}

static void
machine_tell(struct exec_error *e, const struct beginning *b)
{
	const size_t at = offsetof(Elf64_Ehdr, e_machine); /* as in Elf32_Ehdr */
	struct utsname system;

	if (b->len < at + 2 || uname(&system) == -1)
		return;
	const unsigned first = b->at[at], second = b->at[at + 1];
	const char *name = machine_name(b->at[EI_DATA] == ELFDATA2MSB ? first << 8 | second :
								       second << 8 | first);
	if (name != NULL && strncmp(name, system.machine, strlen(name)) == 0)
		(void)snprintf(e->hint, sizeof e->hint, " (the program is damaged)");
	else
		(void)snprintf(e->hint, sizeof e->hint, " (a program for %s, and this is %.32s)",
		    name != NULL ? name : "another machine", system.machine);
}

/* The place of the name of the dynamic loader in the file; 0: there is none. */
static uint64_t
loader_at(int fd, const struct beginning *b, uint64_t *size)
{
	Elf64_Ehdr head64;
	Elf32_Ehdr head32;
	const int is_64 = b->at[EI_CLASS] == ELFCLASS64;

	if (b->len < sizeof head64)
		return 0;
	memcpy(&head64, b->at, sizeof head64);
	memcpy(&head32, b->at, sizeof head32);
	const unsigned count = is_64 ? head64.e_phnum : head32.e_phnum;
	for (unsigned i = 0; i < count && i < SEGMENTS_MAX; i++) {
		Elf64_Phdr segment64;
		Elf32_Phdr segment32;
		const uint64_t at = is_64 ? head64.e_phoff + i * sizeof segment64 :
					    head32.e_phoff + i * sizeof segment32;
		void *segment = is_64 ? (void *)&segment64 : (void *)&segment32;
		const size_t len = is_64 ? sizeof segment64 : sizeof segment32;
		if (at > INT32_MAX || pread(fd, segment, len, (off_t)at) != (ssize_t)len)
			return 0;
		if ((is_64 ? segment64.p_type : segment32.p_type) != PT_INTERP)
			continue;
		*size = is_64 ? segment64.p_filesz : segment32.p_filesz;
		return is_64 ? segment64.p_offset : segment32.p_offset;
	}
	return 0;
}

static int
loader_of(int fd, const struct beginning *b, char *name)
{
	uint64_t size = 0, at = loader_at(fd, b, &size);

	if (at == 0 || at > INT32_MAX || size == 0 || size > EXEC_ERROR_PATH_MAX)
		return 0;
	if (pread(fd, name, (size_t)size, (off_t)at) != (ssize_t)size)
		return 0;
	name[size - 1] = '\0';
	return name[0] != '\0';
}

/* ---------------------------------------------------------------------------------------- both */

/* What the file at path needs to run; 0: nothing.  *what: what that is to it. */
static int
needs(const char *path, struct exec_error *e, const char **what)
{
	struct beginning b;
	int found = 0, fd = file_open(path, &b);

	if (fd == -1)
		return 0;
	*what = "interpreter";
	if (is_program(&b)) {
		*what = "dynamic loader";
		found = loader_of(fd, &b, e->needed);
	} else {
		found = interpreter_of(&b, e->needed);
	}
	(void)close(fd);
	return found;
}

int
exec_error_needs(const char *path, char name[EXEC_ERROR_PATH_MAX])
{
	struct exec_error e;
	const char *what;

	if (!needs(path, &e, &what) || access(e.needed, X_OK) == -1)
		return 0;
	memcpy(name, e.needed, EXEC_ERROR_PATH_MAX);
	return 1;
}

void
exec_error_find(struct exec_error *e, const char *path, int error)
{
	struct beginning b;
	const char *what;
	char last[EXEC_ERROR_PATH_MAX];

	*e = (struct exec_error){ .what = "" };
	if (error == ENOEXEC) {
		int fd = file_open(path, &b);
		if (fd != -1)
			(void)close(fd);
		if (is_program(&b))
			machine_tell(e, &b);
		return;
	}
	if (error != ENOENT && error != EACCES && error != ENOTDIR)
		return;
	if (access(path, X_OK) == -1)
		return; /* it is that file */
	for (int i = 0; i < SCRIPTS_MAX && needs(path, e, &what); i++) {
		const size_t len = strlen(e->needed);
		if (access(e->needed, X_OK) == -1 && errno == error) {
			(void)snprintf(e->what, sizeof e->what, "%s %s", i > 0 ? "the" : "its",
			    what);
			if (len == 0 || e->needed[len - 1] != '\r')
				return;
			(void)snprintf(e->needed + len - 1, sizeof e->needed - len + 1, "\\r");
			(void)snprintf(e->hint, sizeof e->hint,
			    " (its lines end with CR LF: dos2unix makes that LF)");
			return;
		}
		memcpy(last, e->needed, sizeof last);
		path = last;
	}
	e->needed[0] = '\0';
}
