/* SPDX-License-Identifier: BSD-2-Clause */
/* Plug-ins for 08-plugins: some that work, and some that their host must survive. */
#include "plugins.h"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

static std::string
upper(const std::string &text)
{
	std::string loud = text;

	std::transform(loud.begin(), loud.end(), loud.begin(),
	    [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
	return loud;
}

/* Four threads that share the work, and are waited for. */
static std::string
threads(const std::string &text)
{
	std::vector<std::thread> all;
	std::vector<std::string> parts(4);

	for (size_t i = 0; i < parts.size(); i++)
		all.emplace_back([&parts, &text, i] {
			for (size_t at = i; at < text.size(); at += parts.size())
				parts[i] += text[at];
		});
	for (auto &thread : all)
		thread.join();
	return parts[0] + parts[1] + parts[2] + parts[3];
}

/* A thread that nobody waits for ends with the job's process. */
static std::string
leaves_a_thread(const std::string &text)
{
	std::thread([] { std::this_thread::sleep_for(std::chrono::hours(1)); }).detach();
	return text;
}

/* What a job leaks is gone with it. */
static std::string
leaks(const std::string &text)
{
	static char *volatile lost;

	lost = new char[16 << 20];
	std::memset(lost, 1, 16 << 20);
	return text;
}

struct plugin_error : std::runtime_error {
	using std::runtime_error::runtime_error;
};

static std::string
throws(const std::string &text)
{
	throw plugin_error("cannot work on '" + text + "'");
}

static std::string
throws_a_number(const std::string &)
{
	throw 42;
}

static std::string
wants_all_memory(const std::string &)
{
	std::vector<std::unique_ptr<char[]>> all;

	for (;;)
		all.push_back(std::make_unique<char[]>(1 << 20));
}

/* Nobody can catch what a thread's function lets out: std::terminate(). */
static std::string
throws_in_a_thread(const std::string &)
{
	std::thread([] { throw plugin_error("in a thread"); }).join();
	return "";
}

/* Writes before the beginning of its memory, over what malloc(3) keeps there, which notices. */
static std::string
corrupts_the_heap(const std::string &)
{
	static char *volatile memory; /* volatile: or the compiler would see it coming */

	memory = static_cast<char *>(std::malloc(40));
	volatile char *before = memory - sizeof(size_t);

	for (size_t i = 0; i < sizeof(size_t); i++)
		before[i] = 'x';
	std::free(memory);
	return "";
}

static std::string
exits(const std::string &)
{
	std::exit(7);
}

const plugin plugins[] = {
	{ "upper", upper },
	{ "threads", threads },
	{ "leaves_a_thread", leaves_a_thread },
	{ "leaks", leaks },
	{ "throws", throws },
	{ "throws_a_number", throws_a_number },
	{ "wants_all_memory", wants_all_memory },
	{ "throws_in_a_thread", throws_in_a_thread },
	{ "corrupts_the_heap", corrupts_the_heap },
	{ "exits", exits },
	{ nullptr, nullptr },
};
