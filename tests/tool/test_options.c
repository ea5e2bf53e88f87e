/* SPDX-License-Identifier: BSD-2-Clause */
/* What a command line sets in each dialect: defaults, flags, packing and sources of items. */
#include "config.h"
#include "tests/support/options_support.h"

#include <stdio.h>
#include <string.h>

#include "tool/base/message.h"
#include "tool/base/parse_units.h"

/* ------------------------------------------------------------------------------------- defaults */

START_TEST(native_defaults)
{
	struct options o = READ("/usr/bin/forkpool", "echo", "-n", "--", "a");
	unsigned processors;

	ck_assert_ptr_null(parse_workers("100%", &processors));
	ck_assert_int_eq(o.dialect, DIALECT_NATIVE);
	ck_assert_str_eq(message_name, "forkpool");
	ck_assert_uint_eq(o.workers, processors);
	ck_assert_uint_eq(o.command_count, 4);
	ck_assert_str_eq(o.command[1], "-n");
	ck_assert_str_eq(o.command[2], "--");
	ck_assert_ptr_null(o.command[4]);
	ck_assert_int_eq(o.separator, '\n');
	ck_assert_int_eq(o.xargs_quoting, 0);
	ck_assert_int_eq(o.packing, PACK_ONE);
	ck_assert_uint_eq(o.max_items, 1);
	ck_assert_uint_eq(o.retries, 1);
	ck_assert_int_eq(o.block, 1 << 20);
	ck_assert_str_eq(o.replace, "{}");
	ck_assert_int_eq(o.replace_given, 0);
	ck_assert_int_eq(o.shell, 0);
	ck_assert_int_eq(o.grouping, GROUP_JOB);
	ck_assert_int_eq(o.halt.when, HALT_NEVER);
	ck_assert_uint_eq(o.source_count, 0);
	ck_assert_int_eq(o.timeout_ns, 0);
	ck_assert_int_eq(o.grace_ns, 0);
	options_free(&o);
}
END_TEST

START_TEST(xargs_defaults_hold)
{
	static const char *const programs[] = { "xargs", "/opt/bin/xargs", "./xargs" };

	for (size_t i = 0; i < 3; i++) {
		struct options o = READ(programs[i], "echo", "a", ":::", "b");
		ck_assert_int_eq(o.dialect, DIALECT_XARGS);
		ck_assert_str_eq(message_name, "xargs");
		ck_assert_uint_eq(o.workers, 1);
		ck_assert_int_eq(o.xargs_quoting, 1);
		ck_assert_int_eq(o.packing, PACK_FULL);
		ck_assert_uint_eq(o.max_items, 0);
		ck_assert_int_eq(o.max_chars, 131072);
		/* ::: is an ordinary word in xargs. */
		ck_assert_uint_eq(o.command_count, 4);
		ck_assert_uint_eq(o.source_count, 0);
		ck_assert_int_eq(o.shell, 0);
		options_free(&o);
	}
	struct options o = READ("xargs-5", "true");
	ck_assert_int_eq(o.dialect, DIALECT_NATIVE);
	options_free(&o);
	o = READ("forkpool", "--compat=xargs");
	ck_assert_int_eq(o.dialect, DIALECT_XARGS);
	ck_assert_uint_eq(o.command_count, 0);
	options_free(&o);
	o = READ("xargs", "--compat=native", "true");
	ck_assert_int_eq(o.dialect, DIALECT_NATIVE);
	ck_assert_str_eq(message_name, "forkpool");
	options_free(&o);
}
END_TEST

START_TEST(parallel_defaults_hold)
{
	unsigned processors;
	struct options o = READ("parallel", ":::", "a", "b");

	ck_assert_ptr_null(parse_workers("100%", &processors));
	ck_assert_int_eq(o.dialect, DIALECT_PARALLEL);
	ck_assert_str_eq(message_name, "parallel");
	ck_assert_uint_eq(o.workers, processors);
	ck_assert_int_eq(o.shell, 1);
	ck_assert_uint_eq(o.command_count, 0);
	ck_assert_uint_eq(o.source_count, 1);
	ck_assert_int_eq(o.packing, PACK_ONE);
	ck_assert_int_eq(o.grace_ns, 350000000);
	options_free(&o);
	o = READ("forkpool", "--compat", "parallel", "-q", "--will-cite", "--gnu", "--plain",
	    "--silent", "--no-notice", "echo");
	ck_assert_int_eq(o.dialect, DIALECT_PARALLEL);
	ck_assert_int_eq(o.shell, 0);
	options_free(&o);
	/* -u makes -k and both tags pointless; a text for the tag replaces --tag. */
	o = READ("parallel", "-u", "-k", "--tag", "--tagstring", "x", "echo");
	ck_assert_int_eq(o.grouping, GROUP_NONE);
	ck_assert_int_eq(o.keep_order, 0);
	ck_assert_int_eq(o.tag, 0);
	ck_assert_ptr_null(o.tag_string);
	options_free(&o);
	o = READ("parallel", "-u", "--group", "--tag", "--tagstring", "x", "echo");
	ck_assert_int_eq(o.grouping, GROUP_JOB);
	ck_assert_int_eq(o.tag, 0);
	ck_assert_str_eq(o.tag_string, "x");
	options_free(&o);
}
END_TEST

/* -------------------------------------------------------------------------------------- options */

START_TEST(flags_and_texts_arrive)
{
	struct options o = READ("forkpool", "-rxtpk", "--tag", "--wd=/", "--process-slot-var",
	    "SLOT", "--joblog", "log", "--resume", "--resume-failed", "--results=dir",
	    "--results-json", "r.json", "--junit", "r.xml", "--bar", "--eta", "--quiet",
	    "--sandbox", "--network", "--readable=/", "--readable=/etc", "--writable", "/tmp",
	    "true");

	ck_assert(o.no_run_if_empty && o.exit_if_too_long && o.trace && o.interactive &&
	    o.keep_order && o.tag);
	ck_assert(o.resume && o.resume_failed && !o.retry_failed && o.bar && o.eta && o.quiet &&
	    o.sandbox && o.network);
	ck_assert_str_eq(o.directory, "/");
	ck_assert_str_eq(o.slot_variable, "SLOT");
	ck_assert_str_eq(o.joblog, "log");
	ck_assert_str_eq(o.results, "dir");
	ck_assert_str_eq(o.results_json, "r.json");
	ck_assert_str_eq(o.junit, "r.xml");
	ck_assert_str_eq(o.readable[0], "/");
	ck_assert_str_eq(o.readable[1], "/etc");
	ck_assert_ptr_null(o.readable[2]);
	ck_assert_str_eq(o.writable[0], "/tmp");
	ck_assert_ptr_null(o.writable[1]);
	options_free(&o);
	o = READ("forkpool", "--json", "--journal=j", "--retries=2", "--quiet", "true");
	ck_assert(o.json && o.journal != NULL);
	options_free(&o);
	o = READ("forkpool", "--joblog", "x", "--retry-failed");
	ck_assert(o.retry_failed);
	ck_assert_uint_eq(o.command_count, 0);
	options_free(&o);
	o = READ("forkpool", "-p", "true");
	ck_assert(o.trace);
	options_free(&o);
	o = READ("forkpool", "--lb", "true");
	ck_assert_int_eq(o.grouping, GROUP_LINES);
	options_free(&o);
	o = READ("forkpool", "-u", "true");
	ck_assert_int_eq(o.grouping, GROUP_NONE);
	options_free(&o);
	o = READ("forkpool", "--pipe", "--block", "10M", "wc");
	ck_assert(o.pipe);
	ck_assert_int_eq(o.block, 10 << 20);
	options_free(&o);
	o = READ("forkpool", "-E", "", "true");
	ck_assert_ptr_null(o.end_of_input);
	options_free(&o);
	o = READ("forkpool", "--eof=x", "true");
	ck_assert_str_eq(o.end_of_input, "x");
	options_free(&o);
}
END_TEST

START_TEST(packings)
{
	static const struct {
		const char *a, *b;
		enum packing packing;
		size_t items, lines;
		int repeat, nothing;
	} cases[] = {
		{ "-n3", "-k", PACK_ONE, 3, 0, 0, 0 },
		{ "--max-args=3", "-k", PACK_ONE, 3, 0, 0, 0 },
		{ "-N3", "-k", PACK_ONE, 3, 0, 1, 0 },
		{ "-n0", "-k", PACK_ONE, 1, 0, 0, 1 },
		{ "-N0", "-k", PACK_ONE, 1, 0, 1, 1 },
		{ "-L2", "-k", PACK_LINES, 0, 2, 1, 0 },
		{ "-l", "-k", PACK_LINES, 0, 1, 0, 0 },
		{ "-l4", "-k", PACK_LINES, 0, 4, 0, 0 },
		{ "-m", "-k", PACK_FULL, 0, 0, 0, 0 },
		{ "-X", "-k", PACK_CONTEXT, 0, 0, 1, 0 },
		{ "-X", "-n2", PACK_CONTEXT, 2, 0, 1, 0 },
		{ "-n2", "-X", PACK_CONTEXT, 2, 0, 1, 0 },
		{ "-m", "-N2", PACK_FULL, 2, 0, 1, 0 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		for (int parallel = 0; parallel < 2; parallel++) {
			struct options o = READ(parallel ? "parallel" : "forkpool", cases[i].a,
			    cases[i].b, "true");
			ck_assert_int_eq(o.packing, cases[i].packing);
			ck_assert_uint_eq(o.max_items, cases[i].items);
			ck_assert_uint_eq(o.max_lines, cases[i].lines);
			ck_assert_int_eq(o.repeat_word, cases[i].repeat);
			ck_assert_int_eq(o.insert_nothing, cases[i].nothing);
			options_free(&o);
		}
}
END_TEST

START_TEST(sources)
{
	struct options o = READ("forkpool", "-a", "/dev/null", "echo", "x", ":::", "a", "b", ":::+",
	    "c", "d", "::::", "/dev/null", "/etc/passwd", "::::+", "-", ":::", "::x", ":",
	    ":::::", "+:::");

	ck_assert_uint_eq(o.command_count, 2);
	ck_assert_uint_eq(o.source_count, 7);
	ck_assert_int_eq(o.sources[0].kind, SOURCE_FILE);
	ck_assert_str_eq(o.sources[0].file, "/dev/null");
	ck_assert_int_eq(o.sources[1].kind, SOURCE_WORDS);
	ck_assert_uint_eq(o.sources[1].count, 2);
	ck_assert_str_eq(o.sources[1].words[1], "b");
	ck_assert_int_eq(o.sources[1].linked, 0);
	ck_assert_int_eq(o.sources[2].linked, 1);
	ck_assert_str_eq(o.sources[2].words[0], "c");
	ck_assert_int_eq(o.sources[3].kind, SOURCE_FILE);
	ck_assert_str_eq(o.sources[3].file, "/dev/null");
	ck_assert_str_eq(o.sources[4].file, "/etc/passwd");
	ck_assert_int_eq(o.sources[4].linked, 0);
	ck_assert_str_eq(o.sources[5].file, "-");
	ck_assert_int_eq(o.sources[5].linked, 1);
	ck_assert_uint_eq(o.sources[6].count, 4);
	ck_assert_str_eq(o.sources[6].words[3], "+:::");
	options_free(&o);
	o = READ("forkpool", "true", ":::");
	ck_assert_uint_eq(o.source_count, 1);
	ck_assert_uint_eq(o.sources[0].count, 0);
	options_free(&o);
	o = READ("xargs", "-a", "/nonexistent/one", "-a", "/dev/null", "true");
	ck_assert_uint_eq(o.source_count, 1);
	ck_assert_str_eq(o.sources[0].file, "/dev/null");
	options_free(&o);
}
END_TEST

/* --dry-run may stand before any command line: it writes no file. */
START_TEST(dry_run_writes_nothing)
{
	struct options o = READ("forkpool", "--dry-run", "--joblog", "l", "--results=d",
	    "--results-json=r", "--junit=x", "--json", "--bar", "--delay=1", "true");

	ck_assert_int_eq(o.dry_run, 1);
	ck_assert(o.joblog == NULL && o.results == NULL && o.results_json == NULL &&
	    o.junit == NULL && !o.json && !o.bar && o.delay_ns == 0);
	options_free(&o);
	o = READ("forkpool", "--dry-run", "--status", "true");
	ck_assert(!o.status);
	options_free(&o);
	o = READ("forkpool", "--status", "true");
	ck_assert(o.status);
	options_free(&o);
	o = READ("forkpool", "--dry-run", "--journal", "j", "true");
	ck_assert_ptr_null(o.journal);
	options_free(&o);
	o = READ("forkpool", "--dry-run", "--joblog", "l", "--resume", "true");
	ck_assert_str_eq(o.joblog, "l");
	options_free(&o);
}
END_TEST

/* ---------------------------------------------------------------------------------------- xargs */

START_TEST(xargs_last_one_counts)
{
	static const struct {
		const char *a, *b, *warning;
		enum packing packing;
		size_t items, lines;
		int replace;
	} cases[] = {
		{ "-n2", "-L3",
		    "--max-args and -L are mutually exclusive, ignoring previous --max-args value",
		    PACK_LINES, 0, 3, 0 },
		{ "-n2", "-l3",
		    "--max-args and --max-lines/-l are mutually exclusive, ignoring previous "
		    "--max-args value",
		    PACK_LINES, 0, 3, 0 },
		{ "-L3", "-n2",
		    "--max-lines and --max-args/-n are mutually exclusive, ignoring previous "
		    "--max-lines value",
		    PACK_FULL, 2, 0, 0 },
		{ "-n2", "-IR",
		    "--max-args and --replace/-I/-i are mutually exclusive, ignoring previous "
		    "--max-args value",
		    PACK_ONE, 1, 0, 1 },
		{ "-IR", "-n2",
		    "--replace and --max-args/-n are mutually exclusive, ignoring previous "
		    "--replace value",
		    PACK_FULL, 2, 0, 0 },
		{ "-IR", "-n1", NULL, PACK_ONE, 1, 0, 1 },
		{ "-L3", "-IR",
		    "--max-lines and --replace/-I/-i are mutually exclusive, ignoring previous "
		    "--max-lines value",
		    PACK_ONE, 1, 0, 1 },
		{ "-IR", "-L3",
		    "--replace and -L are mutually exclusive, ignoring previous --replace value",
		    PACK_LINES, 0, 3, 0 },
		{ "-n2", "-t", NULL, PACK_FULL, 2, 0, 0 },
		{ "-0", "-Ex", "", PACK_FULL, 0, 0, 0 },
		{ "-i", "-r", NULL, PACK_ONE, 1, 0, 1 },
	};
	struct said said;
	char wanted[256];

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		RUN(&said, "xargs", cases[i].a, cases[i].b, "true");
		ck_assert_int_eq(said.status, -1);
		if (cases[i].warning == NULL)
			wanted[0] = '\0';
		else if (cases[i].warning[0] == '\0')
			(void)snprintf(wanted, sizeof wanted,
			    "xargs: warning: the -E option has no effect if -0 or -d is used.\n");
		else
			(void)snprintf(wanted, sizeof wanted, "xargs: warning: options %s\n",
			    cases[i].warning);
		ck_assert_str_eq(said.err, wanted);
		struct options o = READ("xargs", cases[i].a, cases[i].b, "true");
		ck_assert_int_eq(o.packing, cases[i].packing);
		ck_assert_uint_eq(o.max_items, cases[i].items);
		ck_assert_uint_eq(o.max_lines, cases[i].lines);
		ck_assert_int_eq(o.replace_given, cases[i].replace);
		ck_assert_int_eq(o.exit_if_too_long, cases[i].packing != PACK_FULL);
		ck_assert_ptr_null(o.end_of_input);
		options_free(&o);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tool_options");
	TCase *tc = support_case("options", 60);

	tcase_add_test(tc, native_defaults);
	tcase_add_test(tc, xargs_defaults_hold);
	tcase_add_test(tc, parallel_defaults_hold);
	tcase_add_test(tc, flags_and_texts_arrive);
	tcase_add_test(tc, packings);
	tcase_add_test(tc, sources);
	tcase_add_test(tc, dry_run_writes_nothing);
	tcase_add_test(tc, xargs_last_one_counts);
	suite_add_tcase(suite, tc);
	return support_run(suite);
}
