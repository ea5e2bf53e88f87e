/* SPDX-License-Identifier: BSD-2-Clause */
/* The name of a core file, by the patterns of core(5). */
#include "config.h"
#include "tests/support/support.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/os/clock.h"
#include "lib/os/core_file.h"

static const struct core_facts facts = {
	.pid = 4711, .signal = 11, .name = "fork/pool:0", .age_ns = 10 * CLOCK_S,
};
static char directory[] = "/tmp/forkpool-core.XXXXXX";

static void
file_make(const char *name)
{
	int fd = open(name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	(void)close(fd);
}

/* With that file there, the pattern says so; without it nothing is told. */
static void
told(const char *pattern, int uses_pid, const char *file)
{
	char text[400], wanted[400];

	ck_assert_int_eq(core_file_by_pattern(text, sizeof text, pattern, uses_pid, &facts), -1);
	file_make(file);
	int r = core_file_by_pattern(text, sizeof text, pattern, uses_pid, &facts);
	ck_assert_int_eq(unlink(file), 0);
	ck_assert_msg(r == 0, "%s: %s is not found", pattern, file);
	(void)snprintf(wanted, sizeof wanted, "core dumped to %s%s%s",
	    file[0] == '/' ? "" : directory, file[0] == '/' ? "" : "/", file);
	ck_assert_str_eq(text, wanted);
}

static void
directory_enter(void)
{
	ck_assert_ptr_nonnull(mkdtemp(directory));
	ck_assert_int_eq(chdir(directory), 0);
}

static void
directory_leave(void)
{
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(rmdir(directory), 0);
}

START_TEST(file_is_named_where_it_is)
{
	char absolute[100], file[100];

	directory_enter();
	told("core", 0, "core");
	told("core", 1, "core.4711");
	told("core.%p", 1, "core.4711");
	/* Only %p counts: format_corename() of fs/coredump.c. */
	told("core.%P", 1, "core.4711.4711");
	told("%e-%s%%%i", 0, "fork!pool:0-11%4711");
	told("core%", 0, "core");
	(void)snprintf(absolute, sizeof absolute, "%s/c.%%s", directory);
	(void)snprintf(file, sizeof file, "%s/c.11", directory);
	told(absolute, 0, file);
	directory_leave();
}
END_TEST

START_TEST(what_cannot_be_known_is_not_told)
{
	char text[400], small[10], longest[6000];

	directory_enter();
	file_make("core.%t");
	ck_assert_int_eq(core_file_by_pattern(text, sizeof text, "core.%t", 0, &facts), -1);
	ck_assert_int_eq(unlink("core.%t"), 0);
	file_make("core.%f");
	ck_assert_int_eq(core_file_by_pattern(text, sizeof text, "core.%f", 0, &facts), -1);
	ck_assert_int_eq(unlink("core.%f"), 0);
	file_make("core");
	ck_assert_int_eq(core_file_by_pattern(small, sizeof small, "core", 0, &facts), -1);
	ck_assert_int_eq(unlink("core"), 0);
	ck_assert_int_eq(symlink("/etc/passwd", "core"), 0); /* no file that the kernel made */
	ck_assert_int_eq(core_file_by_pattern(text, sizeof text, "core", 0, &facts), -1);
	ck_assert_int_eq(unlink("core"), 0);
	memset(longest, 'c', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	ck_assert_int_eq(core_file_by_pattern(text, sizeof text, longest, 0, &facts), -1);
	directory_leave();
}
END_TEST

/* Such a file is there, but it is older than the run, or another user's. */
START_TEST(what_another_process_has_left_is_not_told)
{
	const struct timespec times[2] = {
		{ .tv_nsec = UTIME_OMIT },
		clock_timespec(clock_read(CLOCK_REALTIME) - 12 * CLOCK_S),
	};
	char text[400];

	directory_enter();
	file_make("core");
	ck_assert_int_eq(core_file_by_pattern(text, sizeof text, "core", 0, &facts), 0);
	if (geteuid() == 0 && chown("core", 1, 1) == 0) {
		ck_assert_int_eq(core_file_by_pattern(text, sizeof text, "core", 0, &facts), -1);
		ck_assert_int_eq(chown("core", 0, 0), 0);
	}
	ck_assert_int_eq(utimensat(AT_FDCWD, "core", times, 0), 0);
	ck_assert_int_eq(core_file_by_pattern(text, sizeof text, "core", 0, &facts), -1);
	ck_assert_int_eq(unlink("core"), 0);
	directory_leave();
}
END_TEST

START_TEST(program_that_receives_it_is_named)
{
	char text[400];

	ck_assert_int_eq(core_file_by_pattern(text, sizeof text,
	    "| /usr/lib/systemd/systemd-coredump %P %u", 0, &facts), 0);
	ck_assert_str_eq(text, "core given to /usr/lib/systemd/systemd-coredump");
	/* Whatever this system has: one line, always. */
	ck_assert_int_eq(strncmp(core_file_where(text, sizeof text, &facts), "core ", 5), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("core_file");
	TCase *tc = support_case("core_file", 10);

	tcase_add_test(tc, file_is_named_where_it_is);
	tcase_add_test(tc, what_cannot_be_known_is_not_told);
	tcase_add_test(tc, what_another_process_has_left_is_not_told);
	tcase_add_test(tc, program_that_receives_it_is_named);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}
