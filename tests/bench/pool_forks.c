/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool_forks.c - bare fork, _exit, waitpid, for comparison with a process for each job.
 *
 * The cost of a fork depends on the process that forks: on its libraries, since each mapping is
 * copied, and on the memory that it has touched, since the page tables are copied.  So the loops
 * run in this program, with the same libraries as a pool's workers, and each loop first touches
 * memory until it has as much of its own as workers of a pool that has just run some jobs.
 */
#include "stream.h"

#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096u

struct shared {
	atomic_uint  ready;      /* loops that have touched their memory */
	atomic_int   go;
	atomic_llong left;       /* forks that some loop still has to make */
	int64_t      own[];      /* each loop's own memory */
};

/* Private memory of a process in bytes; 0 where it is unknown.  The first file is exact. */
static int64_t
own_memory(pid_t pid)
{
	static const struct { const char *file, *format; } sources[] = {
		{ "smaps_rollup", "Anonymous: %lld kB" }, { "status", "RssAnon: %lld kB" },
	};
	long long kilobytes = 0;

	for (size_t i = 0; i < 2 && kilobytes == 0; i++) {
		char path[64], line[256];
		FILE *file;

		snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid, sources[i].file);
		file = fopen(path, "r");
		while (file != NULL && kilobytes == 0 && fgets(line, sizeof line, file) != NULL)
			(void)sscanf(line, sources[i].format, &kilobytes);
		if (file != NULL)
			fclose(file);
	}
	return (int64_t)kilobytes * 1024;
}

/*
 * Private memory of the largest worker of such a pool that runs jobs; 0 where there is no such
 * pool.
 */
static int64_t
worker_memory(unsigned workers)
{
	struct forkpool_options options = { .workers = workers,
	    .isolation = FORKPOOL_ISOLATE_JOB };
	struct forkpool *pool = forkpool_open(&options, NULL, 0);
	int64_t most = 0;

	if (pool == NULL)
		return 0;
	stream_run(pool, (struct stream){ .fn = run_value, .n = 200 });
	for (unsigned k = 0; k < workers; k++) {
		struct forkpool_worker_info info;

		if (forkpool_worker_info(pool, k, &info) != 0)
			die("forkpool_worker_info: %s", strerror(errno));
		if (own_memory(info.pid) > most)
			most = own_memory(info.pid);
	}
	close_pool(pool);
	return most;
}

static void
grow_to(int64_t bytes)
{
	const int64_t lack = bytes - own_memory(getpid());
	char *memory;

	if (lack <= 0)
		return;
	memory =
	    mmap(NULL, (size_t)lack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	for (int64_t at = 0; at < lack; at += PAGE)
		memory[at] = 1;
}

static void
fork_loop(struct shared *shared, unsigned me, int64_t size)
{
	grow_to(size);
	shared->own[me] = own_memory(getpid());
	atomic_fetch_add(&shared->ready, 1);
	while (!atomic_load(&shared->go))
		continue;
	while (atomic_fetch_sub(&shared->left, 1) > 0) {
		const pid_t pid = fork();
		int status;

		if (pid == 0)
			_exit(0);
		if (pid == -1 || waitpid(pid, &status, 0) != pid || status != 0)
			_exit(1);
	}
}

void
bench_forks(uint64_t n, unsigned loops)
{
	const int64_t size = worker_memory(loops);
	struct shared *shared = mmap(NULL, sizeof *shared + loops * sizeof shared->own[0],
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t *pids = allocate(loops, sizeof *pids);
	int64_t start;

	if (shared == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	atomic_store(&shared->left, (long long)n);
	for (unsigned k = 0; k < loops; k++) {
		pids[k] = fork();
		if (pids[k] == -1)
			die("fork: %s", strerror(errno));
		if (pids[k] == 0) {
			fork_loop(shared, k, size);
			_exit(0);
		}
	}
	while (atomic_load(&shared->ready) < loops)
		usleep(1000);
	start = now_ns();
	atomic_store(&shared->go, 1);
	for (unsigned k = 0; k < loops; k++) {
		int status;

		if (waitpid(pids[k], &status, 0) != pids[k] || status != 0)
			die("a loop of forks failed");
	}
	emit("rate", (double)n * 1e9 / (double)(now_ns() - start), "jobs/s");
	emit("own", (double)shared->own[0], "bytes");
	emit("worker", (double)size, "bytes");
	munmap(shared, sizeof *shared + loops * sizeof shared->own[0]);
	free(pids);
}
