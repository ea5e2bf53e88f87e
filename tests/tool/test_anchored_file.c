/* SPDX-License-Identifier: BSD-2-Clause */
/* Paths that lead through places where others can plant links, and the files made there. */
#include "config.h"
#include "tests/support/support.h"
#include "tests/support/tool_records.h"

#include "tool/base/anchored_file.h"

static char jobs[] = "jobs", one_file[] = "one/file", *writable[] = { jobs, one_file, NULL };

/* one/{two,file} and jobs/{deep,file}, of which jobs is not to be trusted. */
static void
tree(void)
{
	must(mkdir("one", 0777) == 0 && mkdir("one/two", 0777) == 0);
	must(mkdir("jobs", 0777) == 0 && mkdir("jobs/deep", 0777) == 0);
	tool_write("one/file", "x", 1);
	tool_write("jobs/file", "x", 1);
	untrusted_places_are(writable);
}

static void
tree_end(void)
{
	untrusted_places_are(NULL);
	must(nftw("one", tool_remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0);
	must(nftw("jobs", tool_remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0);
}

/* The path leads to that name in that directory, with that much trust. */
static void
finds(const char *path, const char *directory, const char *name, enum trust trust)
{
	struct anchored_file f;
	struct stat found, wanted;

	if (anchored_file_find(&f, NULL, path, ANCHORED_FIND) == -1)
		ck_abort_msg("%s: %s", path, strerror(errno));
	ck_assert_int_eq(fstat(f.dir.fd, &found), 0);
	ck_assert_int_eq(stat(directory, &wanted), 0);
	if (found.st_ino != wanted.st_ino || strcmp(f.name, name) != 0 ||
	    f.dir.place.trust != trust)
		ck_abort_msg("%s: %s, trust %d", path, f.name, (int)f.dir.place.trust);
	anchored_file_free(&f);
}

static void
finds_not(const char *path, int error, enum trust trust)
{
	struct anchored_file f;

	errno = 0;
	if (anchored_file_find(&f, NULL, path, ANCHORED_FIND) != -1 || errno != error ||
	    f.dir.place.trust != trust || f.dir.fd != -1)
		ck_abort_msg("%s: %s, trust %d", path, strerror(errno), (int)f.dir.place.trust);
	anchored_file_free(&f);
}

START_TEST(trust_ends_where_jobs_write)
{
	tree();
	finds("one/new", "one", "new", TRUSTED);
	finds("./one//two/../new", "one", "new", TRUSTED);
	finds("one/file", "one", "file", UNTRUSTED);
	finds("jobs", ".", "jobs", TRUSTED);
	finds("jobs/new", "jobs", "new", UNTRUSTED_TOP);
	finds("jobs/deep/new", "jobs/deep", "new", UNTRUSTED);
	finds("jobs/../one/new", "one", "new", TRUSTED);
	finds_not("jobs/deep/../new", EXDEV, UNTRUSTED);
	finds_not("jobs/missing/new", ENOENT, UNTRUSTED_TOP);
	finds_not("one/missing/new", ENOENT, TRUSTED);
	finds_not("jobs/file/new", ENOTDIR, UNTRUSTED_TOP);
	finds_not("", ENOENT, TRUSTED);
	/* The same from inside, where only the directories above tell. */
	ck_assert_int_eq(chdir("jobs/deep"), 0);
	finds("new", ".", "new", UNTRUSTED);
	finds_not("../new", EXDEV, UNTRUSTED);
	ck_assert_int_eq(chdir(".."), 0);
	finds("new", ".", "new", UNTRUSTED_TOP);
	finds("../new", "..", "new", TRUSTED);
	ck_assert_int_eq(chdir(".."), 0);
	tree_end();
}
END_TEST

START_TEST(links_are_followed_up_to_there)
{
	char target[64] = "new", name[64];

	tree();
	ck_assert_int_eq(symlink("two", "one/link"), 0);
	ck_assert_int_eq(symlink("../one/link/../two/new", "one/far"), 0);
	ck_assert_int_eq(symlink("../jobs/new", "one/there"), 0);
	ck_assert_int_eq(symlink("../jobs/back/x", "one/through"), 0);
	ck_assert_int_eq(symlink("../one", "jobs/back"), 0);
	ck_assert_int_eq(symlink("loop", "one/loop"), 0);
	finds("one/link/new", "one/two", "new", TRUSTED);
	finds("one/link", "one", "two", TRUSTED);
	finds("one/far", "one/two", "new", TRUSTED);
	finds("one/there", "jobs", "new", UNTRUSTED_TOP);
	/* What is there may be a link: it is not looked at. */
	finds("jobs/back", "jobs", "back", UNTRUSTED_TOP);
	finds_not("jobs/back/new", ELOOP, UNTRUSTED_TOP);
	finds_not("one/through", ELOOP, UNTRUSTED_TOP);
	finds_not("one/loop", ELOOP, TRUSTED);
	finds_not("one/loop/new", ELOOP, TRUSTED);
	for (int i = 0; i <= 40; i++) {
		(void)snprintf(name, sizeof name, "one/chain%d", i);
		ck_assert_int_eq(symlink(target, name), 0);
		(void)snprintf(target, sizeof target, "chain%d", i);
	}
	finds("one/chain39", "one", "new", TRUSTED);
	finds_not("one/chain40", ELOOP, TRUSTED);
	finds("/proc/self/cwd/jobs/new", "jobs", "new", UNTRUSTED_TOP);
	tree_end();
}
END_TEST

START_TEST(directories_are_made_where_they_belong)
{
	struct anchored_dir top, d;
	struct stat st;

	tree();
	ck_assert_int_eq(symlink("../one", "jobs/back"), 0);
	ck_assert_int_eq(symlink("absent", "one/dangling"), 0);
	ck_assert_int_eq(anchored_dir_open(&top, NULL, "jobs", ANCHORED_MAKE), 0);
	ck_assert_int_eq(anchored_dir_open(&d, &top, "a/b", ANCHORED_MAKE), 0);
	ck_assert_int_eq(stat("jobs/a/b", &st), 0);
	/* Moved, it is the same directory. */
	ck_assert_int_eq(rename("jobs/a", "jobs/c"), 0);
	ck_assert_int_eq(symlink("../one", "jobs/a"), 0);
	anchored_dir_close(&d);
	ck_assert_int_eq(anchored_dir_open(&d, &top, "a/b", ANCHORED_MAKE), -1);
	ck_assert_int_eq(errno, ELOOP);
	ck_assert_int_eq(anchored_dir_open(&d, &top, "back/new", ANCHORED_MAKE), -1);
	ck_assert_int_eq(errno, ELOOP);
	ck_assert_int_eq(d.fd, -1);
	ck_assert_int_eq(stat("one/new", &st), -1);
	ck_assert_int_eq(anchored_dir_open(&d, NULL, "one/dangling/new", ANCHORED_MAKE), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(stat("one/absent", &st), -1);
	anchored_dir_close(&top);
	tree_end();
}
END_TEST

START_TEST(a_new_file_takes_the_place_of_any)
{
	struct anchored_file f;
	struct stat st;
	char path[NAME_MAX + 6];

	tree();
	/* The longest name has to be cut for the other name. */
	(void)snprintf(path, sizeof path, "jobs/%0255d", 1);
	ck_assert_int_eq(link("one/two/../file", path), 0);
	ck_assert_int_eq(anchored_file_find(&f, NULL, path, ANCHORED_FIND), 0);
	int fd = anchored_file_open(&f, O_WRONLY | O_TRUNC | O_APPEND);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & O_APPEND, O_APPEND);
	ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_eq(write(fd, "new", 3), 3);
	tool_file_is(path, "x", 1);
	ck_assert_int_eq(fstatat(f.dir.fd, f.temporary, &st, 0), 0);
	ck_assert_int_eq(anchored_file_put(&f), 0);
	ck_assert_int_eq(close(fd), 0);
	tool_file_is(path, "new", 3);
	tool_file_is("one/file", "x", 1);

	/* A directory is in the way: nothing is left of the new file. */
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkdir(path, 0777), 0);
	ck_assert_int_ne(fd = anchored_file_open(&f, O_WRONLY), -1);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(anchored_file_put(&f), -1);
	ck_assert_int_eq(errno, EISDIR);
	ck_assert_ptr_nonnull(anchored_file_not_regular(&f));
	ck_assert_int_eq(rmdir(path), 0);
	ck_assert_int_ne(fd = anchored_file_open(&f, O_WRONLY), -1);
	ck_assert_int_eq(close(fd), 0);
	anchored_file_drop(&f);
	ck_assert_int_eq(stat(path, &st), -1);
	ck_assert_ptr_null(anchored_file_not_regular(&f));
	anchored_file_free(&f);
	ck_assert_int_eq(unlink("jobs/file"), 0);
	ck_assert_int_eq(rmdir("jobs/deep"), 0);
	ck_assert_int_eq(rmdir("jobs"), 0); /* it is empty */
	ck_assert_int_eq(mkdir("jobs", 0777), 0);
	tree_end();
}
END_TEST

/* What reading it says: 0, or why not. */
static int
read_error(const char *path)
{
	struct anchored_file f;

	if (anchored_file_find(&f, NULL, path, ANCHORED_FIND) == -1)
		ck_abort_msg("%s: %s", path, strerror(errno));
	int fd = anchored_file_read(&f), error = fd == -1 ? errno : 0;
	if (fd != -1) {
		ck_assert_int_eq(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
		ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
		ck_assert_int_eq(close(fd), 0);
	}
	anchored_file_free(&f);
	return error;
}

START_TEST(only_files_are_read_there)
{
	tree();
	ck_assert_int_eq(symlink("../one/file", "jobs/link"), 0);
	ck_assert_int_eq(symlink("two/../file", "one/link"), 0);
	ck_assert_int_eq(mkfifo("jobs/fifo", 0666), 0);
	ck_assert_int_eq(read_error("jobs/file"), 0);
	ck_assert_int_eq(read_error("one/file"), 0);
	ck_assert_int_eq(read_error("one/link"), 0);
	ck_assert_int_eq(read_error("/dev/null"), 0);
	ck_assert_int_eq(read_error("jobs/link"), ELOOP);
	ck_assert_int_eq(read_error("jobs/fifo"), ENXIO);
	ck_assert_int_eq(read_error("jobs/deep"), ENXIO);
	ck_assert_int_eq(read_error("jobs/absent"), ENOENT);
	tree_end();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tool_anchored_file");
	TCase *tc = support_case("anchored_file", 60);

	tool_enter();
	tcase_add_test(tc, trust_ends_where_jobs_write);
	tcase_add_test(tc, links_are_followed_up_to_there);
	tcase_add_test(tc, directories_are_made_where_they_belong);
	tcase_add_test(tc, a_new_file_takes_the_place_of_any);
	tcase_add_test(tc, only_files_are_read_there);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}
