/* SPDX-License-Identifier: BSD-2-Clause */
/* Cores and sockets, counted in a directory like that of Linux. */
#include "config.h"
#include "tests/support/support.h"
#include "tests/support/tool_records.h"

#include <stdio.h>
#include <sys/stat.h>

#include "forkpool.h"
#include "tool/base/processor_count.h"

static const char directory[] = "cpu";

static void
number_write(unsigned cpu, const char *name, long number)
{
	char path[160], text[16];

	(void)snprintf(path, sizeof path, "%s/cpu%u/topology/%s", directory, cpu, name);
	tool_write(path, text, (size_t)snprintf(text, sizeof text, "%ld\n", number));
}

static void
cpu_make(unsigned cpu, long socket, long core)
{
	char path[160];

	(void)snprintf(path, sizeof path, "%s/cpu%u", directory, cpu);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	(void)snprintf(path, sizeof path, "%s/cpu%u/topology", directory, cpu);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	number_write(cpu, "physical_package_id", socket);
	number_write(cpu, "core_id", core);
}

/* Not more than the processors that this process may use. */
static unsigned
at_most(unsigned count)
{
	unsigned usable = forkpool_processors();

	return count < usable ? count : usable;
}

START_TEST(cores_and_sockets)
{
	unsigned usable = forkpool_processors();

	ck_assert_int_eq(mkdir(directory, 0700), 0);
	/* A system that does not tell. */
	ck_assert_uint_eq(processor_count(PROCESSOR_CORES, directory), usable);
	ck_assert_uint_eq(processor_count(PROCESSOR_SOCKETS, directory), usable);
	/* One core with two threads. */
	cpu_make(0, 0, 0);
	cpu_make(1, 0, 0);
	ck_assert_uint_eq(processor_count(PROCESSOR_THREADS, directory), usable);
	ck_assert_uint_eq(processor_count(PROCESSOR_CORES, directory), 1);
	ck_assert_uint_eq(processor_count(PROCESSOR_SOCKETS, directory), 1);
	/* A second socket, with a core of the same number; and a number that is missing. */
	cpu_make(3, 1, 0);
	ck_assert_uint_eq(processor_count(PROCESSOR_CORES, directory), at_most(2));
	ck_assert_uint_eq(processor_count(PROCESSOR_SOCKETS, directory), at_most(2));
	/* Far more than may be used. */
	for (unsigned cpu = 10; cpu < 40; cpu++)
		cpu_make(cpu, 2, cpu);
	ck_assert_uint_eq(processor_count(PROCESSOR_CORES, directory), at_most(32));
	ck_assert_uint_eq(processor_count(PROCESSOR_SOCKETS, directory), at_most(3));
}
END_TEST

START_TEST(this_machine)
{
	unsigned threads = processor_count(PROCESSOR_THREADS, PROCESSOR_DIRECTORY);
	unsigned cores = processor_count(PROCESSOR_CORES, PROCESSOR_DIRECTORY);
	unsigned sockets = processor_count(PROCESSOR_SOCKETS, PROCESSOR_DIRECTORY);

	ck_assert_uint_ge(sockets, 1);
	ck_assert_uint_le(sockets, cores);
	ck_assert_uint_le(cores, threads);
}
END_TEST

int
main(void)
{
	tool_enter();
	Suite *suite = suite_create("tool_processor_count");
	TCase *tc = support_case("processor_count", 60);

	tcase_add_test(tc, cores_and_sockets);
	tcase_add_test(tc, this_machine);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}
