/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses that are looked up: right ones, and whatever a job may have made up. */
#include "config.h"
#include "tests/support/support.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/symbols/backtrace.h"
#include "tests/support/debug_info.h"

#define LOOKUPS 20000

static struct symbols symbols;
static struct symbol symbol;

static uintptr_t
address_of(int (*function)(void))
{
	uintptr_t address;

	memcpy(&address, &function, sizeof address);
	return address;
}

static __attribute__((noinline)) int
one_function(void)
{
	volatile int n = 1;

	return n + 1;
}
enum { ONE_FUNCTION = __LINE__ - 1 }; /* its end */

START_TEST(a_static_function)
{
	symbols_take(&symbols);
	symbols_find(&symbols, &symbol, address_of(one_function), false, SOURCE_QUICK);
	ck_assert_str_eq(symbol.object, "test_symbols");
	if (debug_info_names())
		ck_assert_str_eq(symbol.call[0].function, "one_function");
	if (debug_info_lines()) {
		ck_assert_str_eq(symbol.call[0].file, __FILE__);
		ck_assert_int_lt(symbol.call[0].line, ONE_FUNCTION);
		ck_assert_int_gt(symbol.call[0].line, ONE_FUNCTION - 6);
	}
	symbols_release(&symbols);
}
END_TEST

/* Look up one address, in all ways; the text is a line or more, and never empty. */
static void
look_up(uint64_t number)
{
	uint64_t twice[2] = { number, number };
	char place[BACKTRACE_PLACE_SIZE];
	char *text = backtrace_text(&symbols, twice, 2);

	ck_assert_ptr_nonnull(text);
	ck_assert_uint_ge(strlen(text), 4);
	ck_assert_int_eq(text[strlen(text) - 1], '\n');
	free(text);
	backtrace_place(&symbols, twice, 2, place);
	ck_assert_int_eq(place[0], ' ');
}

START_TEST(numbers_that_are_no_addresses)
{
	static const uint64_t numbers[] = {
		0, 1, UINT64_MAX, UINT64_MAX - 1, INT64_MAX, (uint64_t)INT64_MAX + 1,
		UINT64_C(0x0000800000000000), UINT64_C(0xffff7fffffffffff),
		UINT64_C(0xffffffffff600000),
	};
	uint64_t random = 88172645463325252u;

	symbols_take(&symbols);
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		look_up(numbers[i]);
	for (int i = 0; i < LOOKUPS; i++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		if (i % 4 == 0 || symbols.map.count == 0) {
			look_up(random);
			continue;
		}
		/* In an object, or just outside of one. */
		const struct object *o = &symbols.map.objects[random % symbols.map.count];
		uint64_t size = o->end - o->start;
		uint64_t address = o->start - 64 + (random >> 20) % (size + 128);
		symbols_find(&symbols, &symbol, (uintptr_t)address, i % 2 == 0, SOURCE_QUICK);
		if (i % 100 == 1)
			look_up(address);
	}
	symbols_release(&symbols);
}
END_TEST

START_TEST(an_object_that_is_unloaded)
{
	static const char *const objects[][2] = {
		{ "libjansson.so.4", "json_object" }, { "libz.so.1", "deflate" },
		{ "libbsd.so.0", "strlcpy" }, { "libmd.so.0", "MD5Init" },
	};
	void *object = NULL, *function = NULL;
	Dl_info info;
	size_t i = 0;

	for (; i < sizeof objects / sizeof objects[0] && object == NULL; i++) {
		if (dlopen(objects[i][0], RTLD_LAZY | RTLD_NOLOAD) == NULL)
			object = dlopen(objects[i][0], RTLD_NOW | RTLD_LOCAL);
		if (object != NULL)
			function = dlsym(object, objects[i][1]);
	}
	if (function == NULL)
		return; /* none is installed */
	symbols_take(&symbols);
	ck_assert_int_eq(dlclose(object), 0);
	/* With musl no object ever goes: its linker still has the name. */
	const int stays = dladdr(function, &info) != 0;
	symbols_find(&symbols, &symbol, (uintptr_t)function, false, SOURCE_QUICK);
	ck_assert_msg(strncmp(symbol.object, objects[i - 1][0], 5) == 0, "%s", symbol.object);
	if (stays || debug_info_names())
		ck_assert_str_eq(symbol.call[0].function, objects[i - 1][1]);
	else
		ck_assert_uint_eq(symbol.calls, 0);
	symbols_release(&symbols);
	/* What is not there at the time is not there for good, wherever it is loaded. */
	symbols_take(&symbols);
	object = dlopen(objects[i - 1][0], RTLD_NOW | RTLD_LOCAL);
	ck_assert_ptr_nonnull(function = dlsym(object, objects[i - 1][1]));
	symbols_find(&symbols, &symbol, (uintptr_t)function, false, SOURCE_ALL);
	if (symbols.map.count > 0 && !stays)
		ck_assert_ptr_null(symbol.object);
	ck_assert_int_eq(dlclose(object), 0);
	symbols_release(&symbols);
}
END_TEST

START_TEST(a_file_that_is_another_one_now)
{
	symbols_take(&symbols);
	struct object *object = object_map_find(&symbols.map, address_of(one_function));
	if (object == NULL) {
		symbols_release(&symbols);
		return; /* the system does not tell */
	}
	int fd = object_open(object);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(object_open_as(object, "/bin/sh"), -1);
	ck_assert_int_eq(object_open_as(object, "/dev/null"), -1);
	ck_assert_int_eq(object_open_as(object, "/nowhere/at/all"), -1);
	free(object->path);
	object->path = strdup("/bin/sh");
	ck_assert_int_eq(object_open(object), -1);
	symbols_find(&symbols, &symbol, address_of(one_function), false, SOURCE_ALL);
	ck_assert_uint_eq(symbol.calls, 0);
	ck_assert_str_eq(symbol.object, "sh");
	/* What has no directory in its name is no file of this directory. */
	free(object->path);
	object->path = strdup("test_symbols");
	ck_assert_int_eq(object_open(object), -1);
	symbols_release(&symbols);
}
END_TEST

START_TEST(nobody_is_asked_over_a_network)
{
	static const char client[] = "libdebuginfod.so.1";

	if (!debug_info_names() || dlopen(client, RTLD_LAZY | RTLD_NOLOAD) != NULL)
		return; /* this libdw loads it before it is needed */
	ck_assert_int_eq(setenv("DEBUGINFOD_URLS", "http://127.0.0.1:9/", 1), 0);
	symbols_take(&symbols);
	for (size_t i = 0; i < symbols.map.count; i++)
		look_up(symbols.map.objects[i].start + 4096);
	symbols_release(&symbols);
	ck_assert_ptr_null(dlopen(client, RTLD_LAZY | RTLD_NOLOAD));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("symbols");
	TCase *tc = support_case("symbols", 60);

	tcase_add_test(tc, a_static_function);
	tcase_add_test(tc, numbers_that_are_no_addresses);
	tcase_add_test(tc, an_object_that_is_unloaded);
	tcase_add_test(tc, a_file_that_is_another_one_now);
	tcase_add_test(tc, nobody_is_asked_over_a_network);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}
