/* SPDX-License-Identifier: BSD-2-Clause */
/* The packet pipe: each packet is read whole, by one reader, whoever else writes and reads. */
#include "config.h"
#include "tests/support/support.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/ipc/packet_pipe.h"
#include "lib/os/fd.h"

#if !defined(__linux__) || defined(FORKPOOL_PADDED_PACKETS)
#define PADDED 1
#else
#define PADDED 0
#endif

#define WRITERS 4
#define READERS 3
#define PACKETS 3000u
#define HEAD    6u /* of a test packet: writer, a byte of filling, number, length */

static void
close_both(int fds[2])
{
	fd_close(&fds[0]);
	fd_close(&fds[1]);
}

static unsigned char
filling(unsigned writer, unsigned number, size_t at)
{
	return (unsigned char)(writer * 31 + number * 7 + at);
}

static void
packet_make(struct wire_packet *packet, unsigned writer, unsigned number, size_t len)
{
	uint16_t words[2] = { (uint16_t)number, (uint16_t)len };

	for (size_t i = 0; i < len; i++)
		packet->bytes[i] = filling(writer, number, i);
	packet->bytes[0] = (unsigned char)writer;
	memcpy(packet->bytes + 2, words, sizeof words);
}

/* The packet's number, -1 where it is not a packet as it was written. */
static int
packet_number(const struct wire_packet *packet, size_t got)
{
	uint16_t words[2];
	unsigned writer = packet->bytes[0];

	memcpy(words, packet->bytes + 2, sizeof words);
	if (got < HEAD || writer >= WRITERS || words[0] >= PACKETS ||
	    got != (PADDED ? WIRE_PACKET_SIZE : words[1]))
		return -1;
	for (size_t i = HEAD; i < words[1]; i++)
		if (packet->bytes[i] != filling(writer, words[0], i))
			return -1;
	return words[0];
}

START_TEST(each_size_comes_whole)
{
	static struct wire_packet out, in;
	int fds[2];

	ck_assert_int_eq(packet_pipe_open(fds), 0);
	for (size_t len = 1; len <= WIRE_PACKET_SIZE; len++) {
		memset(out.bytes, (int)(len % 251 + 1), len);
		ck_assert_int_eq(packet_pipe_write(fds[1], &out, len), 1);
		ck_assert_int_eq(packet_pipe_holds(fds[0]), 1);
		ck_assert_int_eq(packet_pipe_read(fds[0], &in),
		    PADDED ? WIRE_PACKET_SIZE : (ssize_t)len);
		ck_assert_mem_eq(in.bytes, out.bytes, len);
		ck_assert_int_eq(packet_pipe_holds(fds[0]), 0);
	}
	close_both(fds);
}
END_TEST

START_TEST(packets_are_not_joined)
{
	static struct wire_packet packet;
	int fds[2];

	ck_assert_int_eq(packet_pipe_open(fds), 0);
	for (unsigned i = 0; i < 8; i++) {
		packet_make(&packet, 0, i, HEAD + i);
		ck_assert_int_eq(packet_pipe_write(fds[1], &packet, HEAD + i), 1);
	}
	for (int i = 0; i < 8; i++) {
		ssize_t n = packet_pipe_read(fds[0], &packet);
		ck_assert_int_gt(n, 0);
		ck_assert_int_eq(packet_number(&packet, (size_t)n), i);
	}
	close_both(fds);
}
END_TEST

START_TEST(descriptors_are_private_and_above_the_standard_ones)
{
	int fds[2];
	pid_t pid = fork();

	if (pid == 0) {
		for (int fd = 0; fd <= 2; fd++)
			(void)close(fd);
		if (packet_pipe_open(fds) == -1 || fds[0] <= 2 || fds[1] <= 2)
			_exit(1);
		for (int i = 0; i < 2; i++)
			if (!(fcntl(fds[i], F_GETFD) & FD_CLOEXEC) ||
			    fcntl(fds[i], F_GETFL) & O_NONBLOCK)
				_exit(2);
		for (int fd = 0; fd <= 2; fd++)
			if (fcntl(fd, F_GETFD) != -1)
				_exit(3);
		_exit(0);
	}
	int status;
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(would_block_is_told_apart)
{
	static struct wire_packet packet;
	int fds[2], room = 0;

	ck_assert_int_eq(packet_pipe_open(fds), 0);
	ck_assert_int_eq(fd_set_nonblocking(fds[0], 1), 0);
	ck_assert_int_eq(fd_set_nonblocking(fds[1], 1), 0);
	ck_assert_int_eq(packet_pipe_read(fds[0], &packet), 0);
	packet_make(&packet, 1, 2, WIRE_PACKET_SIZE);
	while (packet_pipe_write(fds[1], &packet, WIRE_PACKET_SIZE) == 1)
		room++;
	ck_assert_int_gt(room, 0);
	ck_assert_int_eq(packet_pipe_write(fds[1], &packet, WIRE_PACKET_SIZE), 0);
	/* Reading one makes room for one; the write that would have blocked has left nothing. */
	ck_assert_int_eq(packet_pipe_read(fds[0], &packet), WIRE_PACKET_SIZE);
	ck_assert_int_eq(packet_pipe_write(fds[1], &packet, WIRE_PACKET_SIZE), 1);
	ck_assert_int_eq(packet_pipe_write(fds[1], &packet, WIRE_PACKET_SIZE), 0);
	for (int i = 0; i < room; i++) {
		ck_assert_int_eq(packet_pipe_read(fds[0], &packet), WIRE_PACKET_SIZE);
		ck_assert_int_eq(packet_number(&packet, WIRE_PACKET_SIZE), 2);
	}
	ck_assert_int_eq(packet_pipe_read(fds[0], &packet), 0);
	close_both(fds);
}
END_TEST

START_TEST(end_of_file_comes_after_the_last_packet)
{
	static struct wire_packet packet;
	int fds[2];

	ck_assert_int_eq(packet_pipe_open(fds), 0);
	packet_make(&packet, 0, 1, 40);
	ck_assert_int_eq(packet_pipe_write(fds[1], &packet, 40), 1);
	fd_close(&fds[1]);
	ck_assert_int_gt(packet_pipe_read(fds[0], &packet), 0);
	for (int i = 0; i < 2; i++) {
		errno = 0;
		ck_assert_int_eq(packet_pipe_read(fds[0], &packet), -1);
		ck_assert_int_eq(errno, EPIPE);
	}
	ck_assert_int_eq(packet_pipe_holds(fds[0]), 0);
	fd_close(&fds[0]);
}
END_TEST

START_TEST(write_without_a_reader_fails)
{
	static struct wire_packet packet;
	int fds[2];

	(void)signal(SIGPIPE, SIG_IGN);
	ck_assert_int_eq(packet_pipe_open(fds), 0);
	fd_close(&fds[0]);
	packet_make(&packet, 0, 1, 40);
	ck_assert_int_eq(packet_pipe_write(fds[1], &packet, 40), -1);
	ck_assert_int_eq(errno, EPIPE);
	fd_close(&fds[1]);
	ck_assert_int_eq(packet_pipe_write(fds[1], &packet, 40), -1);
	ck_assert_int_eq(errno, EBADF);
	ck_assert_int_eq(packet_pipe_read(-1, &packet), -1);
	ck_assert_int_eq(packet_pipe_holds(-1), -1);
}
END_TEST

static void
on_alarm(int signo)
{
	(void)signo;
}

START_TEST(signal_is_told_to_the_caller)
{
	static struct wire_packet packet;
	struct sigaction action = { .sa_handler = on_alarm };
	/* The alarm repeats, so an alarm that comes before read() does no harm. */
	struct itimerval often = { { 0, 5000 }, { 0, 5000 } }, never = { { 0, 0 }, { 0, 0 } };
	int fds[2];

	ck_assert_int_eq(packet_pipe_open(fds), 0);
	(void)sigaction(SIGALRM, &action, NULL);
	(void)setitimer(ITIMER_REAL, &often, NULL);
	ck_assert_int_eq(packet_pipe_read(fds[0], &packet), -1);
	ck_assert_int_eq(errno, EINTR);
	packet_make(&packet, 0, 1, 40);
	int r;
	while ((r = packet_pipe_write(fds[1], &packet, 40)) == 1)
		;
	ck_assert_int_eq(r, -1);
	ck_assert_int_eq(errno, EINTR);
	(void)setitimer(ITIMER_REAL, &never, NULL);
	close_both(fds);
}
END_TEST

START_TEST(flags_are_restored)
{
	static struct wire_packet packet;
	int fds[2];

	ck_assert_int_eq(packet_pipe_open(fds), 0);
	int flags = fcntl(fds[1], F_GETFL);
	ck_assert_int_eq(packet_pipe_restore(fds[1]), 0);
	ck_assert_int_eq(fcntl(fds[1], F_GETFL), flags);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(fcntl(fds[1], F_SETFL, i == 0 ? 0 : O_NONBLOCK), 0);
		ck_assert_int_eq(packet_pipe_restore(fds[1]), 0);
		ck_assert_int_eq(fcntl(fds[1], F_GETFL), flags);
	}
	for (unsigned i = 0; i < 2; i++) {
		packet_make(&packet, 0, i, 20);
		ck_assert_int_eq(packet_pipe_write(fds[1], &packet, 20), 1);
	}
	for (int i = 0; i < 2; i++) {
		ssize_t n = packet_pipe_read(fds[0], &packet);
		ck_assert_int_eq(packet_number(&packet, (size_t)n), i);
	}
	close_both(fds);
	ck_assert_int_eq(packet_pipe_restore(-1), -1);
}
END_TEST

START_TEST(room_is_asked_for_without_harm)
{
	static const unsigned counts[] = { 0, 1, 16, 17, 100, 256, 100000, 32 };
	static struct wire_packet packet;
	int fds[2];

	ck_assert_int_eq(packet_pipe_open(fds), 0);
	for (unsigned i = 0; i < 5; i++) {
		packet_make(&packet, 0, i, 100);
		ck_assert_int_eq(packet_pipe_write(fds[1], &packet, 100), 1);
	}
	for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
		packet_pipe_reserve(fds[1], counts[i]);
	for (int i = 0; i < 5; i++) {
		ssize_t n = packet_pipe_read(fds[0], &packet);
		ck_assert_int_eq(packet_number(&packet, (size_t)n), i);
	}
	close_both(fds);
}
END_TEST

struct tally {
	_Atomic uint32_t seen[WRITERS][PACKETS];
	_Atomic uint32_t damaged;
};

static void
be_writer(int fd, unsigned writer)
{
	static struct wire_packet packet;
	unsigned random = writer + 1;

	for (unsigned number = 0; number < PACKETS; number++) {
		random = random * 1103515245u + 12345u;
		/* Packets of every length, half of them short. */
		size_t span = random >> 8 & 1 ? 60 : WIRE_PACKET_SIZE - HEAD;
		size_t len = HEAD + (random >> 12) % (span + 1);
		packet_make(&packet, writer, number, len);
		int r;
		while ((r = packet_pipe_write(fd, &packet, len)) == -1 && errno == EINTR)
			;
		if (r != 1)
			_exit(1);
	}
	_exit(0);
}

static void
be_reader(int fd, struct tally *tally)
{
	static struct wire_packet packet;

	for (;;) {
		ssize_t n = packet_pipe_read(fd, &packet);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			_exit(errno == EPIPE ? 0 : 1);
		int number = n > 0 ? packet_number(&packet, (size_t)n) : -1;
		if (number == -1)
			support_post(&tally->damaged);
		else
			support_post(&tally->seen[packet.bytes[0]][number]);
	}
}

START_TEST(many_writers_and_readers_share_a_pipe)
{
	struct tally *tally = support_shared(sizeof *tally);
	int fds[2], status;

	ck_assert_int_eq(packet_pipe_open(fds), 0);
	for (unsigned i = 0; i < WRITERS + READERS; i++) {
		pid_t pid = fork();
		ck_assert_int_ne(pid, -1);
		if (pid != 0)
			continue;
		fd_close(&fds[i < WRITERS ? 0 : 1]);
		if (i < WRITERS)
			be_writer(fds[1], i);
		be_reader(fds[0], tally);
	}
	close_both(fds);
	for (unsigned i = 0; i < WRITERS + READERS; i++) {
		ck_assert_int_gt(wait(&status), 0);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_uint_eq(tally->damaged, 0);
	for (unsigned writer = 0; writer < WRITERS; writer++)
		for (unsigned number = 0; number < PACKETS; number++)
			ck_assert_uint_eq(tally->seen[writer][number], 1);
	(void)munmap(tally, sizeof *tally);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("packet_pipe");
	TCase *tc = support_case("packet_pipe", 30);

	tcase_add_test(tc, each_size_comes_whole);
	tcase_add_test(tc, packets_are_not_joined);
	tcase_add_test(tc, descriptors_are_private_and_above_the_standard_ones);
	tcase_add_test(tc, would_block_is_told_apart);
	tcase_add_test(tc, end_of_file_comes_after_the_last_packet);
	tcase_add_test(tc, write_without_a_reader_fails);
	tcase_add_test(tc, signal_is_told_to_the_caller);
	tcase_add_test(tc, flags_are_restored);
	tcase_add_test(tc, room_is_asked_for_without_harm);
	tcase_add_test(tc, many_writers_and_readers_share_a_pipe);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}
