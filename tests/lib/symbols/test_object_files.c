/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of objects that are written while they are looked at, or are none, or are forged. */
#include "config.h"
#include "tests/support/support.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/symbols/backtrace.h"
#include "tests/support/debug_info.h"

/* How many forged files there are, and how many of their bytes are others. */
#define FORGED      150
#define BYTES_MAX   512
#define LOOKS       8
/* A look at one takes milliseconds. */
#define SECONDS_MAX 20

static struct symbols symbols;
static struct symbol symbol;
/* A copy of this program, which is taken for its file, and has no name; -1: the system does not
   tell what this program is. */
static int  copy_fd = -1;
static unsigned char *image;
static size_t size;

static __attribute__((noinline)) int
one_function(int n)
{
	return n + (int)size;
}

static __attribute__((noinline)) int
another_function(int n)
{
	return n * (int)size;
}

static uintptr_t
address_of(int (*function)(int))
{
	uintptr_t address;

	memcpy(&address, &function, sizeof address);
	return address;
}

static void
copy_write(void)
{
	ck_assert_int_eq(ftruncate(copy_fd, 0), 0);
	ck_assert_int_eq(pwrite(copy_fd, image, size, 0), (ssize_t)size);
}

static void
setup(void)
{
	char name[] = "test_object_files.XXXXXX";
	struct stat st;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	if (fd == -1)
		return;
	ck_assert_int_eq(fstat(fd, &st), 0);
	size = (size_t)st.st_size;
	image = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	ck_assert_ptr_ne(image, MAP_FAILED);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_ne(copy_fd = mkostemp(name, O_CLOEXEC), -1);
	ck_assert_int_eq(unlink(name), 0);
	copy_write();
}

static void
teardown(void)
{
	if (copy_fd == -1)
		return;
	(void)munmap(image, size);
	(void)close(copy_fd);
}

/* The object of this program, whose file is this one; NULL: the system does not tell. */
static struct object *
object_of(int fd)
{
	char path[40];

	if (copy_fd == -1)
		return NULL;
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	symbols_take(&symbols);
	struct object *object = object_map_find(&symbols.map, address_of(one_function));
	if (object == NULL || !object->has_build_id) {
		symbols_release(&symbols);
		return NULL;
	}
	free(object->path);
	ck_assert_ptr_nonnull(object->path = strdup(path));
	return object;
}

static void
check_found(int (*function)(int), const char *name)
{
	symbols_find(&symbols, &symbol, address_of(function), false, SOURCE_QUICK);
	if (!debug_info_names())
		return;
	ck_assert_uint_eq(symbol.calls, 1);
	ck_assert_str_eq(symbol.call[0].function, name);
	if (debug_info_lines())
		ck_assert_str_eq(symbol.call[0].file, __FILE__);
}

/* A linker may write a file anew that is mapped, and what was read of it is still to be read. */
START_TEST(a_file_that_is_cut_short)
{
	if (object_of(copy_fd) == NULL)
		return;
	check_found(one_function, "one_function");
	ck_assert_int_eq(ftruncate(copy_fd, 0), 0);
	check_found(another_function, "another_function");
	check_found(one_function, "one_function");
	symbols_release(&symbols);
}
END_TEST

START_TEST(a_file_that_has_lost_its_end)
{
	for (size_t part = 0; part < 8; part++) {
		if (object_of(copy_fd) == NULL)
			return;
		ck_assert_int_eq(ftruncate(copy_fd, (off_t)(size * part / 8)), 0);
		symbols_find(&symbols, &symbol, address_of(one_function), false, SOURCE_ALL);
		symbols_release(&symbols);
	}
}
END_TEST

/* What a look holds of a file it holds once, and gives back. */
START_TEST(what_is_held)
{
	if (object_of(copy_fd) == NULL)
		return;
	symbols_find(&symbols, &symbol, address_of(one_function), false, SOURCE_ALL);
	uint64_t held = symbols.lines.held;
	if (debug_info_names())
		ck_assert_uint_gt(held, 0);
	symbols_find(&symbols, &symbol, address_of(another_function), false, SOURCE_QUICK);
	symbols_find(&symbols, &symbol, address_of(another_function), false, SOURCE_ALL);
	ck_assert_uint_eq(symbols.lines.held, held);
	symbols_release(&symbols);
	ck_assert_uint_eq(symbols.lines.held, 0);
}
END_TEST

#ifdef O_PATH
START_TEST(what_is_no_file)
{
	static const char name[] = "test_object_files.pipe";

	(void)unlink(name);
	ck_assert_int_eq(mkfifo(name, 0600), 0);
	int fd = open(name, O_PATH | O_CLOEXEC);
	ck_assert_int_eq(unlink(name), 0);
	ck_assert_int_ne(fd, -1);
	struct object *object = object_of(fd);
	if (object == NULL) {
		(void)close(fd);
		return;
	}
	(void)alarm(SECONDS_MAX);
	ck_assert_int_eq(object_open(object), -1);
	ck_assert_int_eq(object_open_as(object, "/dev/zero"), -1);
	ck_assert_int_eq(object_open_as(object, "/"), -1);
	symbols_find(&symbols, &symbol, address_of(one_function), false, SOURCE_ALL);
	(void)alarm(0);
	ck_assert_uint_eq(symbol.calls, 0);
	symbols_release(&symbols);
	ck_assert_int_eq(close(fd), 0);
}
END_TEST
#endif

static uint64_t
next_random(void)
{
	static uint64_t random = 88172645463325252u;

	random ^= random << 13;
	random ^= random >> 7;
	random ^= random << 17;
	return random;
}

/* Write other bytes into the second half of the copy, where debug information is, and the symbols
   and the headers of sections at the end. */
static void
forge(void)
{
	uint64_t count = 1 + next_random() % BYTES_MAX;

	copy_write();
	for (uint64_t i = 0; i < count; i++) {
		uint64_t random = next_random();
		unsigned char byte = (unsigned char)random;
		size_t from = random % 16 == 0 ? size - 4096 : size / 2;
		ck_assert_int_eq(pwrite(copy_fd, &byte, 1,
		    (off_t)(from + (random >> 8) % (size - from))), 1);
	}
}

/* In a child, look at some addresses of the forged object.  0, or 1: that child has crashed. */
static unsigned
look_at_forged(unsigned number)
{
	uint64_t random[LOOKS];
	char place[BACKTRACE_PLACE_SIZE];
	int status;

	for (size_t i = 0; i < LOOKS; i++)
		random[i] = next_random();
	pid_t pid = fork();
	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		(void)alarm(SECONDS_MAX);
		const struct object *object = object_of(copy_fd);
		for (size_t i = 0; i < LOOKS; i++)
			random[i] = object->start + random[i] % (object->end - object->start);
		random[0] = address_of(one_function);
		backtrace_place(&symbols, random, LOOKS, place);
		char *text = backtrace_text(&symbols, random, LOOKS);
		_exit(text == NULL || place[0] != ' ');
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGABRT))
		return 1;
	ck_assert_msg(status == 0, "file %u: status %#x", number, (unsigned)status);
	return 0;
}

START_TEST(files_that_are_forged)
{
	if (object_of(copy_fd) == NULL || !debug_info_names())
		return;
	unsigned crashes = 0;
	symbols_release(&symbols);
	for (unsigned i = 0; i < FORGED; i++) {
		forge();
		crashes += look_at_forged(i);
	}
	/* None does with libdw 0.188; of another one a bug may be found. */
	ck_assert_uint_le(crashes, FORGED / 20);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("object_files");
	TCase *tc = support_case("object_files", 60);

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_file_that_is_cut_short);
	tcase_add_test(tc, a_file_that_has_lost_its_end);
	tcase_add_test(tc, what_is_held);
#ifdef O_PATH
	tcase_add_test(tc, what_is_no_file);
#endif
	tcase_add_test(tc, files_that_are_forged);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}
