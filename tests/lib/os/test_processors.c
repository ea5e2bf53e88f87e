/* SPDX-License-Identifier: BSD-2-Clause */
/* How many processors there are for us: by affinity, and by quotas in files that the tests write,
   and in a cgroup where one can be made. */
#include "config.h"
#include "tests/support/support.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/os/processors.h"
#include "tests/support/users.h"

/* ------------------------------------------------------------------------------------- affinity */

/* A machine whose masks have so many bytes, of which each that is not below CPU_SETSIZE is full;
   0: this machine. */
static size_t large_mask;

int __real_sched_getaffinity(pid_t, size_t, cpu_set_t *);
int __wrap_sched_getaffinity(pid_t, size_t, cpu_set_t *);

int
__wrap_sched_getaffinity(pid_t pid, size_t size, cpu_set_t *mask)
{
	if (large_mask == 0)
		return __real_sched_getaffinity(pid, size, mask);
	if (size < large_mask) {
		errno = EINVAL;
		return -1;
	}
	memset(mask, 0, size);
	memset((unsigned char *)mask + sizeof *mask, 0xff, large_mask - sizeof *mask);
	return 0;
}

START_TEST(affinity_of_the_thread)
{
	cpu_set_t all, one;
	size_t first = 0;

	ck_assert_int_eq(sched_getaffinity(0, sizeof all, &all), 0);
	ck_assert_uint_eq(processors_affine(), (unsigned)CPU_COUNT(&all));
	ck_assert_uint_le(forkpool_processors(), processors_affine());
	while (!CPU_ISSET(first, &all))
		first++;
	CPU_ZERO(&one);
	CPU_SET(first, &one);
	ck_assert_int_eq(sched_setaffinity(0, sizeof one, &one), 0);
	ck_assert_uint_eq(processors_affine(), 1);
	errno = ERANGE;
	ck_assert_uint_eq(forkpool_processors(), 1);
	ck_assert_int_eq(errno, ERANGE);

	/* A pool has so many workers. */
	struct forkpool_options options = support_options(0);
	struct forkpool *pool = support_open(&options);
	struct forkpool_stats stats;
	ck_assert_uint_eq(support_submit(pool, support_job_nothing, NULL, 0), 1);
	ck_assert_int_eq(support_wait(pool)->outcome, FORKPOOL_OK);
	ck_assert_int_eq(forkpool_get_stats(pool, &stats), 0);
	ck_assert_uint_eq(stats.workers_started, 1);
	ck_assert_int_eq(forkpool_close(pool), 0);
	ck_assert_int_eq(sched_setaffinity(0, sizeof all, &all), 0);
}
END_TEST

START_TEST(more_than_fit_in_a_usual_mask)
{
	large_mask = 1024;
	ck_assert_uint_eq(processors_affine(), 8 * (1024 - sizeof(cpu_set_t)));
	/* A mask that is never long enough: those online. */
	large_mask = SIZE_MAX;
	ck_assert_uint_eq(processors_affine(), (unsigned)sysconf(_SC_NPROCESSORS_ONLN));
	large_mask = 0;
}
END_TEST

/* ----------------------------------------------------------------------------- quotas, in files */

static char root[] = "/tmp/forkpool-processors.XXXXXX";

static void
root_begin(void)
{
	ck_assert_ptr_nonnull(mkdtemp(root));
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

static void
root_end(void)
{
	(void)nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* Write a file below the root, and make the directories above it. */
static void
put(const char *name, const char *text)
{
	char path[512];
	int len = snprintf(path, sizeof path, "%s%s", root, name);

	ck_assert(len > 0 && len < (int)sizeof path);
	for (char *at = path + strlen(root) + 1; (at = strchr(at, '/')) != NULL; *at++ = '/') {
		*at = '\0';
		ck_assert(mkdir(path, 0700) == 0 || errno == EEXIST);
	}
	FILE *file = fopen(path, "we");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

#define CGROUP    "/proc/self/cgroup"
#define MOUNTINFO "/proc/self/mountinfo"
#define MOUNT2    "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"

START_TEST(no_files_no_quota)
{
	ck_assert_uint_eq(processors_quota("/nonexistent"), PROCESSORS_NO_QUOTA);
	ck_assert_uint_eq(processors_quota(root), PROCESSORS_NO_QUOTA);
	put(CGROUP, "0::/\n");
	ck_assert_uint_eq(processors_quota(root), PROCESSORS_NO_QUOTA);
	put(MOUNTINFO, "23 1 8:1 / / rw - ext4 /dev/sda1 rw\n" MOUNT2);
	ck_assert_uint_eq(processors_quota(root), PROCESSORS_NO_QUOTA);
	put(CGROUP, "");
	ck_assert_uint_eq(processors_quota(root), PROCESSORS_NO_QUOTA);
}
END_TEST

static const struct {
	const char *text;
	unsigned    processors;
} quotas[] = {
	{ "max 100000\n", PROCESSORS_NO_QUOTA },
	{ "100000 100000\n", 1 },
	{ "100001 100000\n", 2 },
	{ "150000 100000\n", 2 },
	{ "200000 100000\n", 2 },
	{ "1000 100000\n", 1 },
	{ "350000 50000\n", 7 },
	{ "150000 100000", 2 },
	{ "", PROCESSORS_NO_QUOTA },
	{ "max", PROCESSORS_NO_QUOTA },
	{ "0 100000\n", PROCESSORS_NO_QUOTA },
	{ "-1 100000\n", PROCESSORS_NO_QUOTA },
	{ "100000 0\n", PROCESSORS_NO_QUOTA },
	{ "100000\n", PROCESSORS_NO_QUOTA },
	{ "x y\n", PROCESSORS_NO_QUOTA },
	{ "99999999999999999999 1\n", PROCESSORS_NO_QUOTA },
};

START_TEST(quota_is_rounded_up)
{
	put(CGROUP, "0::/\n");
	put(MOUNTINFO, MOUNT2);
	put("/sys/fs/cgroup/cpu.max", quotas[_i].text);
	unsigned quota = processors_quota(root);
	ck_assert_msg(quota == quotas[_i].processors, "\"%s\": %u", quotas[_i].text, quota);
}
END_TEST

START_TEST(least_of_the_ancestors)
{
	put(CGROUP, "0::/a/b c/d\n");
	put(MOUNTINFO, "23 1 8:1 / / rw - ext4 /dev/sda1 rw\n" MOUNT2);
	put("/sys/fs/cgroup/a/b c/d/cpu.max", "max 100000\n");
	ck_assert_uint_eq(processors_quota(root), PROCESSORS_NO_QUOTA);
	put("/sys/fs/cgroup/a/cpu.max", "400000 100000\n");
	ck_assert_uint_eq(processors_quota(root), 4);
	put("/sys/fs/cgroup/a/b c/d/cpu.max", "300000 100000\n");
	ck_assert_uint_eq(processors_quota(root), 3);
	put("/sys/fs/cgroup/a/b c/cpu.max", "500000 100000\n");
	ck_assert_uint_eq(processors_quota(root), 3);
	put("/sys/fs/cgroup/cpu.max", "200000 100000\n");
	ck_assert_uint_eq(processors_quota(root), 2);
	/* Those beside the group, and above the mount, do not count. */
	put("/sys/fs/cgroup/a/b c/e/cpu.max", "100000 100000\n");
	put("/sys/fs/cpu.max", "100000 100000\n");
	put("/cpu.max", "100000 100000\n");
	ck_assert_uint_eq(processors_quota(root), 2);
}
END_TEST

/* A part of the hierarchy is mounted alone, as in a container without a namespace for cgroups; and
   at a place with a blank in its name. */
START_TEST(part_of_a_hierarchy)
{
	put(CGROUP, "0::/docker/some\\thing/inner\n");
	put(MOUNTINFO, "30 23 0:26 /docker/some\\134thing /sys/fs/c\\040g rw - cgroup2 c rw\n");
	put("/sys/fs/c g/inner/cpu.max", "300000 100000\n");
	ck_assert_uint_eq(processors_quota(root), 3);
	put("/sys/fs/c g/cpu.max", "200000 100000\n");
	ck_assert_uint_eq(processors_quota(root), 2);
	/* Of another group's part nothing is ours, also where its name begins as ours does. */
	put(MOUNTINFO, "30 23 0:26 /docker/so /sys/fs/c\\040g rw - cgroup2 cgroup2 rw\n");
	ck_assert_uint_eq(processors_quota(root), PROCESSORS_NO_QUOTA);
	/* Our group is outside of the namespace that we see. */
	put(CGROUP, "0::/../inner\n");
	put(MOUNTINFO, "30 23 0:26 / /sys/fs/c\\040g rw - cgroup2 cgroup2 rw\n");
	ck_assert_uint_eq(processors_quota(root), PROCESSORS_NO_QUOTA);
}
END_TEST

#define MOUNTS1 \
	"31 25 0:27 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n" \
	"32 25 0:28 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n" \
	"33 25 0:29 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n"

START_TEST(version_1)
{
	put(CGROUP, "5:cpuset:/set\n4:cpuacct,cpu:/a/b\n1:name=systemd:/user.slice\n");
	put(MOUNTINFO, MOUNTS1);
	put("/sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_quota_us", "-1\n");
	put("/sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_period_us", "100000\n");
	put("/sys/fs/cgroup/cpuset/set/cpu.shares", "1024\n");
	ck_assert_uint_eq(processors_quota(root), PROCESSORS_NO_QUOTA);
	put("/sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_quota_us", "250000\n");
	ck_assert_uint_eq(processors_quota(root), 3);
	put("/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "75000\n");
	ck_assert_uint_eq(processors_quota(root), 3);
	put("/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "50000\n");
	ck_assert_uint_eq(processors_quota(root), 2);
}
END_TEST

/* Whatever stands in the two files of version 1, of which one may not be there (NULL). */
static const struct {
	const char *quota, *period;
	unsigned    processors;
} pairs[] = {
	{ "100000\n", "100000\n", 1 },
	{ "100001\n", "100000\n", 2 },
	{ "250000", "100000", 3 },
	{ "1000\n", "100000\n", 1 },
	{ "0\n", "100000\n", PROCESSORS_NO_QUOTA },
	{ "-1\n", "100000\n", PROCESSORS_NO_QUOTA },
	{ "100000\n", "0\n", PROCESSORS_NO_QUOTA },
	{ "100000\n", "-100000\n", PROCESSORS_NO_QUOTA },
	{ "", "100000\n", PROCESSORS_NO_QUOTA },
	{ "100000\n", "", PROCESSORS_NO_QUOTA },
	{ "x\n", "y\n", PROCESSORS_NO_QUOTA },
	{ "99999999999999999999\n", "1\n", PROCESSORS_NO_QUOTA },
	{ "100000\n", NULL, PROCESSORS_NO_QUOTA },
	{ NULL, "100000\n", PROCESSORS_NO_QUOTA },
};

START_TEST(version_1_rounded_up_or_damaged)
{
	put(CGROUP, "4:cpuacct,cpu:/a\n");
	put(MOUNTINFO, MOUNTS1);
	if (pairs[_i].quota != NULL)
		put("/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", pairs[_i].quota);
	if (pairs[_i].period != NULL)
		put("/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", pairs[_i].period);
	ck_assert_uint_eq(processors_quota(root), pairs[_i].processors);
}
END_TEST

/* Both versions at a time: the controller is in one of them. */
START_TEST(hybrid)
{
	put(CGROUP, "4:cpu,cpuacct:/a\n0::/s/t\n");
	put(MOUNTINFO, "34 25 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n" MOUNTS1);
	put("/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "300000\n");
	put("/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n");
	put("/sys/fs/cgroup/unified/s/t/cgroup.procs", "");
	ck_assert_uint_eq(processors_quota(root), 3);
	put("/sys/fs/cgroup/unified/s/cpu.max", "200000 100000\n");
	ck_assert_uint_eq(processors_quota(root), 2);
}
END_TEST

static const char *const broken[] = {
	"\n",
	"30\n",
	" - cgroup2 \n",
	"30 23 0:26 / - cgroup2 cgroup2 rw\n",
	"30 23 0:26 / /sys/fs/cgroup rw cgroup2 cgroup2 rw\n",
	"30 23 0:26 / /sys/fs/cgroup rw - cgroup2\n",
	"30 23 0:26 / /sys/fs/cgroup rw - tmpfs cgroup2 rw\n",
	"30 23 0:26 / /sys/fs/cgroup rw - fuse.cgroup2 cgroup2 rw\n",
};

START_TEST(lines_that_are_none)
{
	put(CGROUP, ":\n::\n0\n0:\n0::\n:cpu:\n0::x\n0::/\n");
	put("/sys/fs/cgroup/cpu.max", "100000 100000\n");
	for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
		put(MOUNTINFO, broken[i]);
		ck_assert_msg(processors_quota(root) == PROCESSORS_NO_QUOTA, "%s", broken[i]);
	}
	/* A name that is too long, before one that is right. */
	char *lines = malloc(3 * PATH_MAX);
	ck_assert_ptr_nonnull(lines);
	(void)snprintf(lines, 3 * (size_t)PATH_MAX, "30 23 0:26 / /%*d rw - cgroup2 c rw\n%s",
	    PATH_MAX + 9, 0, MOUNT2);
	for (char *at = strstr(lines, "/ /") + 3; *at == ' '; at++)
		*at = 'x';
	put(MOUNTINFO, lines);
	free(lines);
	ck_assert_uint_eq(processors_quota(root), 1);
}
END_TEST

/* ------------------------------------------------------------------------- quotas, in a cgroup */

static char group[64], inner[80];

/* Write a setting of a group; where the file is not there, or not to be written, 0. */
static int
set(const char *dir, const char *name, const char *format, ...)
{
	char path[160], text[64];
	va_list arguments;

	va_start(arguments, format);
	int len = vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd == -1)
		return 0;
	int written = write(fd, text, (size_t)len) == len;
	(void)close(fd);
	return written;
}

/* The quota in thousandths of a processor. */
static int
quota_set(const char *dir, int version1, int quota)
{
	return version1 ? set(dir, "cpu.cfs_period_us", "100000") &&
		set(dir, "cpu.cfs_quota_us", "%d", 100 * quota) :
			  set(dir, "cpu.max", "%d 100000", 100 * quota);
}

static void
group_remove(void)
{
	/* A process that has ended may be in it for a moment. */
	for (int i = 0; i < 200 && rmdir(inner) == -1 && errno == EBUSY; i++)
		(void)usleep(5000);
	(void)rmdir(group);
}

static int
group_make(int version1)
{
	static const char *const mounts[2][2] = {
		{ "/sys/fs/cgroup", "/sys/fs/cgroup/unified" },
		{ "/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/cpu" },
	};

	for (int i = 0; i < 2; i++) {
		(void)snprintf(group, sizeof group, "%s/forkpool-test-%ld", mounts[version1][i],
		    (long)getpid());
		(void)snprintf(inner, sizeof inner, "%s/inner", group);
		if (mkdir(group, 0755) == 0 && quota_set(group, version1, 1500) &&
		    (version1 || set(group, "cgroup.subtree_control", "+cpu")) &&
		    mkdir(inner, 0755) == 0 && quota_set(inner, version1, 1400))
			return 1;
		group_remove();
	}
	return 0;
}

START_TEST(quota_of_a_real_group)
{
	int status;

	if (processors_quota("") < 2) {
		(void)skip("quota_of_a_real_group", "there is a smaller quota already");
		return;
	}
	if (!group_make(_i)) {
		(void)skip("quota_of_a_real_group", "no cgroup with a quota can be made here");
		return;
	}
	pid_t pid = fork();
	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		CHILD_CHECK(set(inner, "cgroup.procs", "0"));
		CHILD_CHECK(processors_quota("") == 2);
		CHILD_CHECK(quota_set(inner, _i, 500));
		CHILD_CHECK(processors_quota("") == 1);
		CHILD_CHECK(forkpool_processors() == 1);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	group_remove();
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(access(group, F_OK), -1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("processors");
	TCase *tc = support_case("affinity", 20), *files = support_case("files", 20),
	      *real = support_case("cgroup", 20);

	tcase_add_test(tc, affinity_of_the_thread);
	tcase_add_test(tc, more_than_fit_in_a_usual_mask);
	tcase_add_checked_fixture(files, root_begin, root_end);
	tcase_add_test(files, no_files_no_quota);
	tcase_add_loop_test(files, quota_is_rounded_up, 0,
	    (int)(sizeof quotas / sizeof quotas[0]));
	tcase_add_test(files, least_of_the_ancestors);
	tcase_add_test(files, part_of_a_hierarchy);
	tcase_add_test(files, version_1);
	tcase_add_loop_test(files, version_1_rounded_up_or_damaged, 0,
	    (int)(sizeof pairs / sizeof pairs[0]));
	tcase_add_test(files, hybrid);
	tcase_add_test(files, lines_that_are_none);
	tcase_add_loop_test(real, quota_of_a_real_group, 0, 2);
	suite_add_tcase(suite, tc);
	suite_add_tcase(suite, files);
	suite_add_tcase(suite, real);
	return support_run(suite);
}
