/* SPDX-License-Identifier: BSD-2-Clause */
/* Output buffers: bytes come back in order, from memory and from the file; a full disk loses
   nothing. */
#include "config.h"
#include "tests/support/support.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/mount.h>
#endif

#include "tool/task/output_buffer.h"

#define MIB (1u << 20)

/* For checks made a million times: libcheck writes each of its own checks to a file. */
#define must(what) do { if (!(what)) ck_abort_msg("%s", #what); } while (0)

/* Bytes that depend on their offset in a stream. */
static void
fill(char *to, uint64_t from, size_t len, unsigned stream)
{
	for (size_t i = 0; i < len; i++) {
		uint64_t x = (from + i) * 2654435761u + stream * 40503u;
		to[i] = (char)(x >> 13 ^ x >> 5);
	}
}

static char block[MIB], expected[MIB];

static void
add_stream(struct output_buffer *p, uint64_t from, uint64_t len, size_t piece, unsigned stream)
{
	while (len > 0) {
		size_t n = piece < len ? piece : (size_t)len;
		fill(block, from, n, stream);
		must(output_buffer_add(p, block, n) == 0);
		from += n;
		len -= n;
	}
}

/* Take all of it from the front, size bytes at most at a time. */
static void
take_stream(struct output_buffer *p, uint64_t from, size_t size, unsigned stream)
{
	while (p->len > 0) {
		const char *data;
		ssize_t n = output_buffer_front(p, &data, block, size);
		must(n > 0);
		must((size_t)n <= size);
		fill(expected, from, (size_t)n, stream);
		must(memcmp(data, expected, (size_t)n) == 0);
		output_buffer_drop(p, (size_t)n);
		from += (uint64_t)n;
	}
	const char *data;
	must(output_buffer_front(p, &data, block, size) == 0);
}

/* The descriptor that the file of the buffers will get, if one is opened. */
static int next_fd;

static void
note_next_fd(void)
{
	ck_assert_int_ne(next_fd = dup(STDERR_FILENO), -1);
	ck_assert_int_eq(close(next_fd), 0);
}

/* The file of the buffers; -1: none is open. */
static int
buffer_file(struct stat *st)
{
	/* Its directory was open while it was made. */
	for (int fd = next_fd; fd <= next_fd + 1; fd++)
		if (fstat(fd, st) == 0 && S_ISREG(st->st_mode) && st->st_nlink == 0)
			return fd;
	return -1;
}

/* One view has the output of many small jobs: a write() for each would cost as much as the rest of
   the job. */
START_TEST(output_of_small_jobs_comes_in_one_piece)
{
	enum { JOBS = 1000, EACH = 7 };
	struct output_buffer all, one;
	const char *data;

	output_buffer_init(&all);
	output_buffer_init(&one);
	for (unsigned i = 0; i < JOBS; i++) {
		add_stream(&one, (uint64_t)i * EACH, EACH, EACH, 1);
		output_buffer_move(&all, &one);
	}
	ck_assert_int_eq(output_buffer_front(&all, &data, block, sizeof block), JOBS * EACH);
	ck_assert_int_eq(output_buffer_front(&all, &data, block, 100), 100);
	take_stream(&all, 0, 1000, 1);
	ck_assert_uint_eq(output_buffer_bytes(), 0);
}
END_TEST

START_TEST(little_stays_in_memory)
{
	struct output_buffer p;
	struct stat st;
	char text[64];
	const char *data;

	output_buffer_init(&p);
	ck_assert_int_eq(output_buffer_front(&p, &data, block, 10), 0);
	ck_assert_int_eq(output_buffer_read(&p, 0, text, sizeof text), 0);
	ck_assert_int_eq(output_buffer_add(&p, "hello ", 6), 0);
	ck_assert_int_eq(output_buffer_add(&p, "", 0), 0);
	ck_assert_int_eq(output_buffer_add(&p, "world", 5), 0);
	ck_assert_uint_eq(p.len, 11);
	ck_assert_uint_eq(output_buffer_bytes(), 11);
	ck_assert_int_eq(output_buffer_front(&p, &data, block, 4), 4);
	ck_assert(memcmp(data, "hell", 4) == 0);
	output_buffer_drop(&p, 4);
	ck_assert_int_eq(output_buffer_front(&p, &data, block, sizeof block), 7);
	ck_assert(memcmp(data, "o world", 7) == 0);
	ck_assert_int_eq(output_buffer_read(&p, 2, text, sizeof text), 5);
	ck_assert(memcmp(text, "world", 5) == 0);
	ck_assert_int_eq(output_buffer_read(&p, 7, text, sizeof text), 0);
	ck_assert_int_eq(output_buffer_read(&p, UINT64_MAX, text, sizeof text), 0);
	output_buffer_drop(&p, 1000);
	ck_assert_uint_eq(p.len, 0);
	ck_assert_uint_eq(output_buffer_bytes(), 0);
	ck_assert_int_eq(buffer_file(&st), -1);
	output_buffer_close();
}
END_TEST

START_TEST(much_is_spilled_and_comes_back)
{
	static const size_t piece[] = { 1, 20, 4096, 65536, 1000003 };
	struct stat st;

	for (size_t i = 0; i < sizeof piece / sizeof piece[0]; i++) {
		/* Adding byte by byte is slow: do so only past the budget. */
		uint64_t quick = piece[i] < 4096 ? OUTPUT_BUFFER_MEMORY : 0,
			 len = quick + (quick ? 200000 : 5 * OUTPUT_BUFFER_MEMORY);
		struct output_buffer p;
		output_buffer_init(&p);
		add_stream(&p, 0, quick, 65536, 1);
		add_stream(&p, quick, len - quick, piece[i], 1);
		ck_assert_uint_eq(p.len, len);
		ck_assert_uint_eq(output_buffer_bytes(), len);
		ck_assert_int_ne(buffer_file(&st), -1);
		ck_assert_int_gt(st.st_size, 0);
		/* Twice from the middle, in a row and anywhere, and then from the front. */
		for (uint64_t at = 0; at < len; at += len / 7 + 1) {
			ssize_t n = output_buffer_read(&p, at, block, 30011);
			ck_assert_int_gt(n, 0);
			fill(expected, at, (size_t)n, 1);
			ck_assert(memcmp(block, expected, (size_t)n) == 0);
			n = output_buffer_read(&p, len - 1 - at, block, 30011);
			ck_assert_int_gt(n, 0);
			fill(expected, len - 1 - at, (size_t)n, 1);
			ck_assert(memcmp(block, expected, (size_t)n) == 0);
		}
		take_stream(&p, 0, 70001, 1);
		ck_assert_int_ne(buffer_file(&st), -1);
		ck_assert_int_eq(st.st_size, 0);
		ck_assert_uint_eq(output_buffer_bytes(), 0);
	}
	output_buffer_close();
	ck_assert_int_eq(buffer_file(&st), -1);
}
END_TEST

#define BUFFERS 24

/* Random calls on buffers, most of them in the file, and the same on arrays: both hold the same
   bytes. */
START_TEST(any_order_of_calls)
{
	struct output_buffer ballast, p[BUFFERS];
	struct bytes model[BUFFERS] = { { 0 } };
	unsigned seed = (unsigned)_i * 7919 + 1;

	output_buffer_init(&ballast);
	add_stream(&ballast, 0, OUTPUT_BUFFER_MEMORY - (_i % 2 == 0 ? 0 : MIB), 65536, 99);
	for (size_t i = 0; i < BUFFERS; i++)
		output_buffer_init(&p[i]);
	for (int step = 0; step < 20000; step++) {
		size_t i = (size_t)rand_r(&seed) % BUFFERS, j = (size_t)rand_r(&seed) % BUFFERS;
		int what = rand_r(&seed) % 100;
		if (what < 50) {
			size_t len = (size_t)rand_r(&seed) %
			    (what < 5         ? 100000 :
				    what < 20 ? 3000 :
						100);
			fill(block, (uint64_t)step, len, (unsigned)i);
			must(output_buffer_add(&p[i], block, len) == 0);
			bytes_add(&model[i], block, len);
		} else if (what < 85) {
			const char *data;
			ssize_t n = output_buffer_front(&p[i], &data, block,
			    (size_t)rand_r(&seed) % 5000 + 1);
			must(n >= 0);
			must((n == 0) == (model[i].len == 0));
			must(n == 0 || memcmp(data, model[i].at, (size_t)n) == 0);
			size_t drop = n == 0 ? 0 : (size_t)rand_r(&seed) % ((size_t)n + 1);
			output_buffer_drop(&p[i], drop);
			if (drop > 0)
				memmove(model[i].at, model[i].at + drop, model[i].len - drop);
			model[i].len -= drop;
		} else if (what < 93) {
			size_t at = model[i].len == 0 ? 0 : (size_t)rand_r(&seed) % model[i].len;
			ssize_t n = output_buffer_read(&p[i], at, block, 2000);
			must(n >= 0);
			must((n == 0) == (model[i].len == 0));
			must(n == 0 || memcmp(block, model[i].at + at, (size_t)n) == 0);
		} else if (what < 98 && i != j) {
			output_buffer_move(&p[i], &p[j]);
			bytes_add(&model[i], model[j].at, model[j].len);
			bytes_clear(&model[j]);
		} else {
			output_buffer_clear(&p[i]);
			bytes_clear(&model[i]);
		}
		must(p[i].len == model[i].len);
		must(p[j].len == model[j].len);
	}
	for (size_t i = 0; i < BUFFERS; i++) {
		for (size_t at = 0; at < model[i].len;) {
			const char *data;
			ssize_t n = output_buffer_front(&p[i], &data, block, sizeof block);
			ck_assert_int_gt(n, 0);
			ck_assert(memcmp(data, model[i].at + at, (size_t)n) == 0);
			output_buffer_drop(&p[i], (size_t)n);
			at += (size_t)n;
		}
		ck_assert_uint_eq(p[i].len, 0);
		bytes_free(&model[i]);
	}
	take_stream(&ballast, 0, MIB, 99);
	ck_assert_uint_eq(output_buffer_bytes(), 0);
	output_buffer_close();
}
END_TEST

/* Bytes that are taken give their blocks back, and bytes added later use the same ranges of the
   file. */
START_TEST(space_is_used_again)
{
	struct output_buffer ballast, old, new;
	struct stat st;

	output_buffer_init(&ballast);
	output_buffer_init(&old);
	output_buffer_init(&new);
	add_stream(&ballast, 0, OUTPUT_BUFFER_MEMORY, 65536, 0);
	add_stream(&old, 0, 20 * MIB, MIB, 1);
	add_stream(&new, 0, MIB, MIB, 2);
	ck_assert_int_ne(buffer_file(&st), -1);
	off_t size = st.st_size;
	blkcnt_t blocks = st.st_blocks;
	for (int round = 0; round < 50; round++) {
		output_buffer_clear(&old);
		ck_assert_int_ne(buffer_file(&st), -1);
#ifdef FALLOC_FL_PUNCH_HOLE
		if (fallocate(buffer_file(&st), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, size,
			4096) == 0)
			ck_assert_int_lt(st.st_blocks, blocks / 2);
#endif
		add_stream(&old, 0, 20 * MIB, 65536 + (size_t)round * 1001, 1);
		ck_assert_int_ne(buffer_file(&st), -1);
		ck_assert_int_le(st.st_size, size + 4 * MIB);
	}
	ck_assert_int_gt(blocks, 0);
	take_stream(&new, 0, 5000, 2);
	take_stream(&old, 0, MIB, 1);
	take_stream(&ballast, 0, MIB, 0);
	output_buffer_close();
}
END_TEST

/* Add until there is no more room: the buffer then has all bytes of the calls that succeeded, and
   no others. */
static void
add_until_full(int error)
{
	struct output_buffer p, other;
	uint64_t len = 0;

	output_buffer_init(&p);
	output_buffer_init(&other);
	ck_assert_int_eq(output_buffer_add(&other, "before", 6), 0);
	for (;; len += 40000) {
		must(len < OUTPUT_BUFFER_MEMORY + 16 * MIB);
		fill(block, len, 40000, 3);
		if (output_buffer_add(&p, block, 40000) == -1)
			break;
	}
	ck_assert_int_eq(errno, error);
	ck_assert_uint_ge(len, OUTPUT_BUFFER_MEMORY / 2);
	ck_assert_uint_eq(p.len, len);
	ck_assert_uint_eq(output_buffer_bytes(), len + 6);
	/* It fails again, also for a larger piece. */
	ck_assert_int_eq(output_buffer_add(&p, block, sizeof block), -1);
	ck_assert_int_eq(errno, error);
	ck_assert_uint_eq(p.len, len);
	take_stream(&p, 0, 65536, 3);
	/* Once there is room, adding succeeds again. */
	add_stream(&p, 0, MIB, 9999, 4);
	take_stream(&p, 0, 65536, 4);
	ck_assert_int_eq(output_buffer_read(&other, 0, block, 10), 6);
	ck_assert(memcmp(block, "before", 6) == 0);
	output_buffer_clear(&other);
}

START_TEST(file_size_limit_is_no_signal)
{
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = 6 * MIB;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	add_until_full(EFBIG);
	output_buffer_close();
}
END_TEST

#ifdef __linux__
START_TEST(full_disk_loses_nothing)
{
	char directory[] = "/tmp/forkpool-test-XXXXXX";

	ck_assert_ptr_nonnull(mkdtemp(directory));
	/* The mount ends with this process, which has a mount namespace of its own. */
	int own = geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	    mount("none", directory, "tmpfs", 0, "size=3m") == 0;
	if (own) {
		ck_assert_int_eq(setenv("TMPDIR", directory, 1), 0);
		add_until_full(ENOSPC);
		output_buffer_close();
		ck_assert_int_eq(umount(directory), 0);
	}
	ck_assert_int_eq(rmdir(directory), 0);
}
END_TEST
#endif

START_TEST(directory_of_the_file)
{
	char directory[] = "/tmp/forkpool-test-XXXXXX";
	struct stat st, of;

	ck_assert_ptr_nonnull(mkdtemp(directory));
	ck_assert_int_eq(setenv("TMPDIR", directory, 1), 0);
	int fd = output_buffer_file();
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(stat(directory, &of), 0);
	ck_assert_int_eq(st.st_dev == of.st_dev, 1);
	ck_assert_uint_eq(st.st_nlink, 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(rmdir(directory), 0); /* it is empty */

	ck_assert_int_eq(output_buffer_file(), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(setenv("TMPDIR", "", 1), 0);
	ck_assert_int_ne(fd = output_buffer_file(), -1);
	ck_assert_int_eq(close(fd), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("output_buffer");
	TCase *tc = support_case("output_buffer", 120);

	tcase_add_checked_fixture(tc, note_next_fd, NULL);
	tcase_add_test(tc, output_of_small_jobs_comes_in_one_piece);
	tcase_add_test(tc, little_stays_in_memory);
	tcase_add_test(tc, much_is_spilled_and_comes_back);
	tcase_add_loop_test(tc, any_order_of_calls, 0, 4);
	tcase_add_test(tc, space_is_used_again);
	tcase_add_test(tc, file_size_limit_is_no_signal);
#ifdef __linux__
	tcase_add_test(tc, full_disk_loses_nothing);
#endif
	tcase_add_test(tc, directory_of_the_file);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}
