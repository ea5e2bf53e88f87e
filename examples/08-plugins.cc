/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A host of plug-ins in C++: exceptions, threads, and code that is somebody else's.
 *
 *	./08-plugins [PLUGINS.so [TEXT]]
 *
 * Each plug-in runs at level JOB, in a process of its own: what it throws, leaks, starts or breaks
 * ends with that process, and the host goes on with the next.  Three rules make C++ and the pool
 * get on with each other:
 *  - the pool is held by an object, so that it is closed however its scope is left;
 *  - the shared objects are loaded before the pool is opened, since its workers are copies of this
 *    process as it is then;
 *  - a job function is called by C code, which no exception may pass: it catches them all.
 */
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>

#include <dlfcn.h>

#include <forkpool.h>

#include "plugins.h"

/* ------------------------------------------------------------------------ what C++ owns */

struct pool_close {
	void operator()(forkpool *pool) const { forkpool_close(pool); }
};
using pool_ptr = std::unique_ptr<forkpool, pool_close>;

static pool_ptr
pool_open(const forkpool_options &options)
{
	char error[256];
	pool_ptr pool(forkpool_open(&options, error, sizeof error));

	if (!pool)
		throw std::runtime_error(std::string("no pool: ") + error);
	return pool;
}

struct object_close {
	void operator()(void *object) const { dlclose(object); }
};
using object_ptr = std::unique_ptr<void, object_close>;

static object_ptr
object_open(const char *path)
{
	/* RTLD_NOW: a symbol that is missing is missed here, and not in a job. */
	object_ptr object(dlopen(path, RTLD_NOW | RTLD_LOCAL));

	if (!object)
		throw std::runtime_error(dlerror());
	return object;
}

/* ------------------------------------------------------------------------------- the job */

/* Its arguments: where the plug-in is, which is the same address in a worker, and behind that the
   text. */
static std::string
args_of(const plugin *which, const std::string &text)
{
	return std::string(reinterpret_cast<const char *>(&which), sizeof which) + text;
}

static int
plugin_run(forkpool_context *context, const void *args, size_t args_len) noexcept
try {
	const plugin *which;
	const char *bytes = static_cast<const char *>(args);

	if (args_len < sizeof which)
		return EINVAL;
	std::memcpy(&which, bytes, sizeof which);
	std::string value = which->run(std::string(bytes + sizeof which, args_len - sizeof which));
	return forkpool_reply(context, value.data(), value.size());
} catch (const std::bad_alloc &) {
	/* ENOMEM is how a job says that it has met its limit on memory. */
	return forkpool_fail(context, ENOMEM, "std::bad_alloc");
} catch (const std::exception &e) {
	return forkpool_fail(context, EPROTO, "%s", e.what());
} catch (...) {
	return forkpool_fail(context, EPROTO, "threw something that is no std::exception");
}

/* ------------------------------------------------------------------------------ the host */

static void
result_print(const forkpool_result &r)
{
	std::printf("%-19s %s", r.id, forkpool_outcome_name(r.outcome));
	if (r.outcome == FORKPOOL_OK)
		std::printf(": %.*s", static_cast<int>(r.value_len),
		    static_cast<const char *>(r.value));
	else if (r.outcome == FORKPOOL_FAILED)
		std::printf(": %s", r.message);
	else if (r.outcome == FORKPOOL_OVER_LIMIT)
		std::printf(": %s", forkpool_limit_name(r.limit));
	else if (r.outcome == FORKPOOL_CRASHED)
		std::printf(": signal %d", r.signal);
	else if (r.outcome == FORKPOOL_EXITED)
		std::printf(": status %d", r.exit_code);
	std::printf("\n");
}

static void
host(const char *path, const std::string &text)
{
	/* Loaded first and unloaded last: destructors run in the opposite order. */
	object_ptr object = object_open(path);
	auto table = static_cast<const plugin *>(dlsym(object.get(), "plugins"));
	if (table == nullptr)
		throw std::runtime_error(std::string(path) + " has no table of plug-ins");

	forkpool_options options = {};
	options.workers = 2;
	options.ordered = 1;
	options.isolation = FORKPOOL_ISOLATE_JOB;
	options.output = FORKPOOL_OUTPUT_CAPTURE; /* std::terminate() says why it was called */
	options.timeout_ns = INT64_C(60000000000);
	options.limits.memory = 64 << 20;
	pool_ptr pool = pool_open(options);

	for (const plugin *p = table; p->name != nullptr; p++) {
		std::string args = args_of(p, text);
		forkpool_job job = {};
		job.fn = plugin_run;
		job.args = args.data(); /* copied, as the name is */
		job.args_len = args.size();
		job.id = p->name;
		if (forkpool_submit(pool.get(), &job, nullptr) != 1)
			throw std::runtime_error(std::string("forkpool_submit: ") +
			    std::strerror(errno));
	}
	const forkpool_result *result;
	int got;
	while ((got = forkpool_wait(pool.get(), &result, -1)) == 1)
		result_print(*result);
	if (got == -1)
		throw std::runtime_error(std::string("forkpool_wait: ") + std::strerror(errno));
}

int
main(int argc, char **argv)
try {
	host(argc > 1 ? argv[1] : "./plugins.so", argc > 2 ? argv[2] : "some text");
	return 0;
} catch (const std::exception &e) {
	std::fprintf(stderr, "08-plugins: %s\n", e.what());
	return 1;
}
