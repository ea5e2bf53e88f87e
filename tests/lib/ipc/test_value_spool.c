/* SPDX-License-Identifier: BSD-2-Clause */
/* The spool: ranges are used again, the writer waits for the reader, and limits hold. */
#include "config.h"
#include "tests/support/support.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/ipc/value_spool.h"
#include "lib/os/os.h"
#include "tests/support/storage.h"

static void
value_write(struct spool_writer *w, size_t len, unsigned seed)
{
	unsigned char *data = malloc(len);

	ck_assert_ptr_nonnull(data);
	storage_fill(data, len, seed);
	spool_begin(w);
	/* Append in two parts, as a job may reply. */
	ck_assert_int_eq(spool_append(w, data, len / 3), 0);
	ck_assert_int_eq(spool_append(w, data + len / 3, len - len / 3), 0);
	free(data);
}

START_TEST(spool_ranges_lie_apart)
{
	static const uint64_t sizes[][2] = { { 1, 0 }, { 4096, 1 }, { 5000, 5000 }, { MIB, 0 },
		{ 256 * MIB, 64 * MIB }, { UINT64_C(1) << 40, UINT64_C(1) << 40 } };

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		struct spool s;
		ck_assert_int_eq(spool_open(&s, sizes[i][0], sizes[i][1]), 0);
		uint64_t end = 0;
		for (unsigned slot = 0; slot < 8192; slot += slot < 4 || slot > 8186 ? 1 : 61) {
			uint64_t base = spool_base(&s, slot / 2, slot % 2);
			uint64_t output = spool_last_output(&s, slot / 2, slot % 2);
			ck_assert_uint_ge(base, end);
			ck_assert_uint_ge(output, base + sizes[i][0] + sizes[i][1]);
			end = output + sizes[i][1];
			ck_assert_uint_le(end, INT64_MAX);
			ck_assert(
			    spool_holds(&s, slot / 2, slot % 2, base, sizes[i][0] + sizes[i][1]));
			ck_assert(spool_holds(&s, slot / 2, slot % 2, output - 1, 1));
			ck_assert(spool_holds(&s, slot / 2, slot % 2, output, 0));
			ck_assert(!spool_holds(&s, slot / 2, slot % 2, output - 1, 2));
			ck_assert(!spool_holds(&s, slot / 2, slot % 2, output, 1));
			ck_assert(!spool_holds(&s, slot / 2, slot % 2, base, UINT64_MAX));
			ck_assert(
			    !spool_holds(&s, slot / 2, slot % 2, base + 1, UINT64_MAX - base));
			ck_assert(!spool_holds(&s, slot / 2, slot % 2, UINT64_MAX, 1));
			ck_assert(!spool_holds(&s, slot / 2, slot % 2, UINT64_MAX, UINT64_MAX));
			ck_assert(base == 0 || !spool_holds(&s, slot / 2, slot % 2, base - 1, 1));
		}
		spool_close(&s);
	}
}
END_TEST

/* A caller that means "no limit" asks for such sizes. */
START_TEST(output_without_bound_leaves_ranges_sound)
{
	static const uint64_t outputs[] = { INT64_MAX, UINT64_MAX, UINT64_C(1) << 50 };

	for (int i = 0; i < 3; i++) {
		struct spool s;
		ck_assert_int_eq(spool_open(&s, UINT64_C(1) << 40, outputs[i]), 0);
		ck_assert_uint_gt(spool_last_output(&s, 0, 0), UINT64_C(1) << 40);
		ck_assert_uint_ge(spool_base(&s, 0, 1), spool_last_output(&s, 0, 0) + s.output_max);
		ck_assert_uint_gt(spool_last_output(&s, 4095, 1), spool_base(&s, 4095, 1));
		ck_assert_uint_le(spool_last_output(&s, 4095, 1) + s.output_max, INT64_MAX);
		spool_close(&s);
	}
}
END_TEST

START_TEST(spool_values_follow_each_other)
{
	struct spool s;
	struct spool_writer w;
	_Atomic uint32_t taken = 0;

	ck_assert_int_eq(spool_open(&s, 10000, 0), 0);
	spool_writer_init(&w, &s, &taken, 3, 1);
	uint64_t base = spool_base(&s, 3, 1);
	value_write(&w, 4000, 1);
	spool_commit(&w);
	value_write(&w, 5000, 2);
	spool_commit(&w);
	ck_assert(storage_holds(s.fd, base, 4000, 1));
	ck_assert(storage_holds(s.fd, base + 4000, 5000, 2));
	/* The parent has taken one of two values: the other one stays. */
	atomic_store(&taken, 1);
	value_write(&w, 6000, 3);
	spool_commit(&w);
	ck_assert(storage_holds(s.fd, base + 4000, 5000, 2));
	ck_assert(storage_holds(s.fd, base + 9000, 6000, 3));
	/* The parent has taken all: the writer starts from the beginning again. */
	atomic_store(&taken, 3);
	value_write(&w, 100, 4);
	spool_commit(&w);
	ck_assert(storage_holds(s.fd, base, 100, 4));
	/* A value that was begun and not committed: the next one overwrites it. */
	value_write(&w, 500, 5);
	value_write(&w, 600, 6);
	spool_commit(&w);
	ck_assert(storage_holds(s.fd, base + 100, 600, 6));
	spool_close(&s);
}
END_TEST

START_TEST(spool_append_stays_in_its_range)
{
	static unsigned char data[20000];
	struct spool s;
	struct spool_writer w;
	_Atomic uint32_t taken = 0;

	ck_assert_int_eq(spool_open(&s, 4096, 0), 0);
	spool_writer_init(&w, &s, &taken, 0, 0);
	spool_begin(&w);
	ck_assert_int_eq(spool_append(&w, data, (size_t)s.values + 1), -1);
	ck_assert_int_eq(errno, EMSGSIZE);
	ck_assert_int_eq(spool_append(&w, data, (size_t)s.values), 0);
	ck_assert_int_eq(spool_append(&w, data, 0), 0);
	ck_assert_int_eq(spool_append(&w, data, 1), -1);
	ck_assert_int_eq(errno, EMSGSIZE);
	ck_assert_int_eq(spool_append_file(&w, s.fd, 1), -1);
	ck_assert_int_eq(errno, EMSGSIZE);
	ck_assert_uint_eq(storage_size(s.fd), s.values);
	spool_close(&s);
}
END_TEST

struct exchange {
	_Atomic uint32_t taken, given;
	uint64_t offset[64];
};

/* The writer is far faster than the reader: it overwrites no value before that was read, and needs
   no more room than the range has. */
START_TEST(spool_writer_waits_for_the_parent)
{
	enum { VALUES = 60, LEN = 9000 };
	struct exchange *x = support_shared(sizeof *x);
	struct spool s;
	int status;

	ck_assert_int_eq(spool_open(&s, LEN + 1000, 0), 0);
	pid_t pid = fork();
	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		struct spool_writer w;
		spool_writer_init(&w, &s, &x->taken, 1, 0);
		for (unsigned i = 0; i < VALUES; i++) {
			value_write(&w, LEN, i);
			x->offset[i] = w.base + w.start;
			spool_commit(&w);
			support_post(&x->given);
		}
		_exit(0);
	}
	for (unsigned i = 0; i < VALUES; i++) {
		support_await(&x->given, i + 1);
		ck_assert(spool_holds(&s, 1, 0, x->offset[i], LEN));
		/* All before are taken: the writer runs ahead as far as it can, two values. */
		if (i % 2 == 0)
			support_await(&x->given, i + 2);
		ck_assert_msg(storage_holds(s.fd, x->offset[i], LEN, i),
		    "value %u was written over", i);
		support_post(&x->taken);
		os_word_wake(&x->taken);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	spool_close(&s);
	(void)munmap(x, sizeof *x);
}
END_TEST

START_TEST(spool_takes_files)
{
	struct spool s;
	struct spool_writer w;
	_Atomic uint32_t taken = 0;
	static unsigned char data[50000];
	int file = os_memory_file("test", 0);

	storage_fill(data, sizeof data, 9);
	ck_assert_int_eq(fd_pwrite_all(file, data, sizeof data, 0), 0);
	ck_assert_int_eq(spool_open(&s, 100, 60000), 0);
	spool_writer_init(&w, &s, &taken, 2, 0);
	value_write(&w, 100, 1);
	ck_assert_int_eq(spool_append_file(&w, file, sizeof data), 0);
	spool_commit(&w);
	ck_assert(storage_holds(s.fd, spool_base(&s, 2, 0), 100, 1));
	ck_assert(storage_holds(s.fd, spool_base(&s, 2, 0) + 100, sizeof data, 9));
	ck_assert_int_eq(spool_keep_output(&s, 2, 0, file, sizeof data), 0);
	ck_assert(storage_holds(s.fd, spool_last_output(&s, 2, 0), sizeof data, 9));
	ck_assert(storage_holds(s.fd, spool_base(&s, 2, 0), 100, 1));
	/* The file is shorter than the length given. */
	ck_assert_int_eq(spool_keep_output(&s, 2, 0, file, sizeof data + 1), -1);
	ck_assert_int_eq(errno, EIO);
	fd_close(&file);
	spool_close(&s);
}
END_TEST

static int
spool_below_limit(void)
{
	static unsigned char data[3000], found[3000];
	struct rlimit after;
	struct spool s;
	struct spool_writer w;
	_Atomic uint32_t taken = 0;

	storage_fill(data, sizeof data, 4);
	if (spool_open(&s, 4096, 0) == -1 || storage_limit(10, RLIM_INFINITY) == -1)
		return 1;
	spool_writer_init(&w, &s, &taken, 1, 1);
	spool_begin(&w);
	if (spool_append(&w, data, sizeof data) == -1)
		return 2;
	if (getrlimit(RLIMIT_FSIZE, &after) == -1 || after.rlim_cur != 10)
		return 3;
	if (fd_pread_all(s.fd, found, sizeof found, (off_t)w.base) == -1 ||
	    memcmp(found, data, sizeof data) != 0)
		return 4;
	/* What it says there is room for can be written, and not a byte more. */
	if (spool_room(&w) < s.values || storage_limit(10, (rlim_t)w.base + 30) == -1 ||
	    spool_room(&w) != 30)
		return 5;
	spool_writer_init(&w, &s, &taken, 1, 1);
	spool_begin(&w);
	if (spool_append(&w, data, 30) == -1)
		return 6;
	if (spool_append(&w, data, 1) != -1 || errno != EFBIG)
		return 7;
	if (storage_limit(10, 20) == -1)
		return 8;
	return spool_append(&w, data, 30) == -1 && errno == EFBIG && spool_room(&w) == 0 ? 0 : 9;
}

/* The soft limit may be set for jobs, and a value is not a file of the job. */
START_TEST(spool_passes_the_soft_limit_on_files_only)
{
	storage_in_child(spool_below_limit);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("spool");
	TCase *tc = support_case("spool", 30);

	tcase_add_test(tc, spool_ranges_lie_apart);
	tcase_add_test(tc, output_without_bound_leaves_ranges_sound);
	tcase_add_test(tc, spool_values_follow_each_other);
	tcase_add_test(tc, spool_append_stays_in_its_range);
	tcase_add_test(tc, spool_writer_waits_for_the_parent);
	tcase_add_test(tc, spool_takes_files);
	tcase_add_test(tc, spool_passes_the_soft_limit_on_files_only);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}
