/* SPDX-License-Identifier: BSD-2-Clause */
/* Plug-ins: the functions asked for are loaded, and a fault ends the tool with one line. */
#include "config.h"
#include "tests/support/support.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "forkpool_plugin.h"
#include "tool/exec/plugin.h"
#include "tool/exec/plugin_symbols.h"

#define SECOND INT64_C(1000000000)
#define HEAD "#include <forkpool_plugin.h>\n#include <signal.h>\n#include <stdio.h>\n" \
	"#include <stdlib.h>\n#include <string.h>\n#include <unistd.h>\n"
#define JOB(name, body) \
	"FORKPOOL_EXPORT int " name "(struct forkpool_context *c, const void *a, size_t n)\n" \
	"{ (void)a; (void)n; " body " }\n"
#define NAMED(name) JOB(name, "return forkpool_reply(c, \"" name "\", strlen(\"" name "\"));")
#define BEGIN(body) "__attribute__((constructor)) static void begin(void) { " body " }\n"

static char directory[64]; /* for the files of all tests; main() makes and removes it */

static char *
in_directory(const char *name)
{
	static char path[2][256];
	static int which;

	which = !which;
	(void)snprintf(path[which], sizeof path[which], "%s/%s", directory, name);
	return path[which];
}

static void
write_file(const char *path, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq((int)write(fd, data, len), (int)len);
	(void)close(fd);
}

/* Compiles C code to a shared object, or a program, in the directory; its path. */
static char *
build(const char *name, const char *flags, const char *code)
{
	const char *cc = getenv("CC"), *srcdir = getenv("srcdir");
	char command[1024], source[300];

	(void)snprintf(source, sizeof source, "%s.c", in_directory(name));
	write_file(source, code, strlen(code));
	(void)snprintf(command, sizeof command, "%s -I%s/include %s -o %s %s",
	    cc != NULL ? cc : "cc", srcdir != NULL ? srcdir : ".", flags, in_directory(name),
	    source);
	ck_assert_msg(system(command) == 0, "%s", command);
	return in_directory(name);
}

#define SHARED "-shared -fPIC -fvisibility=hidden"

static struct options
options_of(char *file, const char *functions)
{
	struct options o = { .plugin_file = file };

	o.plugin_functions = strdup(functions);
	return o;
}

/* The message of a load that fails with status 1; "" where the load succeeds. */
static const char *
fault_of(char *file, const char *functions)
{
	static char said[4096];
	size_t len = 0;
	ssize_t got;
	int ends[2], status;

	ck_assert_int_eq(pipe(ends), 0);
	pid_t pid = fork();
	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		struct options o = options_of(file, functions);
		struct plugin p = { 0 };
		(void)dup2(ends[1], STDERR_FILENO);
		(void)dup2(ends[1], STDOUT_FILENO);
		(void)close(ends[0]);
		(void)close(ends[1]);
		plugin_load(&p, &o);
		(void)fflush(stdout);
		_exit(0);
	}
	(void)close(ends[1]);
	while ((got = read(ends[0], said + len, sizeof said - 1 - len)) > 0)
		len += (size_t)got;
	(void)close(ends[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	said[len] = '\0';
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == (len > 0), "status %x: %s",
	    (unsigned)status, said);
	return said;
}

/* expected: the message behind the path, all of it; an end of "..." stands for anything. */
static void
assert_fault(char *file, const char *functions, const char *expected)
{
	char wanted[1024];
	const char *said = fault_of(file, functions);

	(void)snprintf(wanted, sizeof wanted, "forkpool: plug-in %s: %s\n", file, expected);
	char *open_end = strstr(wanted, "...\n");
	if (open_end != NULL)
		*open_end = '\0';
	ck_assert_msg((open_end != NULL ? strncmp(said, wanted, strlen(wanted)) :
					  strcmp(said, wanted)) == 0,
	    "said:   %swanted: %s", said, wanted);
	ck_assert_msg(strchr(said, '\n') == said + strlen(said) - 1, "not one line: %s", said);
}

/* Runs one job in a pool as the tool opens it: its outcome, and its value in *value. */
static enum forkpool_outcome
value_of(const struct plugin *p, forkpool_fn *fn, char *value, size_t size)
{
	struct forkpool_options options = support_options(1);

	options.worker_init = p->init;
	options.worker_exit = p->exit;
	options.worker_arg = p->arg;
	struct forkpool *pool = support_open(&options);
	support_submit(pool, fn, "item", 4);
	const struct forkpool_result *result = support_wait(pool);
	enum forkpool_outcome outcome = result->outcome;
	(void)snprintf(value, size, "%.*s", (int)result->value_len, (const char *)result->value);
	ck_assert_int_eq(forkpool_close(pool), 0);
	return outcome;
}

/* ------------------------------------------------------------------------------- what is loaded */

START_TEST(functions_are_those_that_were_named_in_that_order)
{
	struct plugin p = { 0 };
	struct options o =
	    options_of(build("order.so", SHARED,
			   HEAD "FORKPOOL_PLUGIN;\n" NAMED("one") NAMED("two") NAMED("three")),
		"three,one,three");
	char value[16];

	plugin_load(&p, &o);
	ck_assert_uint_eq(p.count, 3);
	ck_assert(p.functions[0] == p.functions[2]);
	ck_assert_int_eq(value_of(&p, p.functions[0], value, sizeof value), FORKPOOL_OK);
	ck_assert_str_eq(value, "three");
	ck_assert_int_eq(value_of(&p, p.functions[1], value, sizeof value), FORKPOOL_OK);
	ck_assert_str_eq(value, "one");
	ck_assert_ptr_null(p.exit);
	free(p.functions);
	free(o.plugin_functions);
}
END_TEST

START_TEST(state_is_made_in_each_worker_and_taken_down_in_it)
{
	struct plugin p = { 0 };
	char code[4096], value[256], wanted[256], *left = strdup(in_directory("left"));

	/* forkpool_plugin_exit() writes to a file, since its process is a worker. */
	(void)snprintf(code, sizeof code,
	    HEAD "FORKPOOL_PLUGIN;\n"
		 "int forkpool_plugin_init(const char *args, void **state)\n"
		 "{ char *s = malloc(strlen(args) + 3); *state = s; sprintf(s, \"<%%s>\", args); "
		 "return 0; }\n"
		 "void forkpool_plugin_exit(void *state)\n"
		 "{ FILE *f = fopen(\"%s\", \"a\"); fprintf(f, \"%%s\", (char *)state); fclose(f); "
		 "free(state); }\n" JOB("show",
		     "const char *s = forkpool_worker_state(c); return forkpool_reply(c, s, "
		     "strlen(s));"),
	    left);
	struct options o = options_of(build("state.so", SHARED, code), "show");
	for (int i = 0; i < 2; i++) {
		char arguments[] = "some args";
		o.plugin_args = i == 0 ? NULL : arguments;
		plugin_load(&p, &o);
		ck_assert_int_eq(value_of(&p, p.functions[0], value, sizeof value), FORKPOOL_OK);
		(void)snprintf(wanted, sizeof wanted, "<%s>", i == 0 ? "" : arguments);
		ck_assert_str_eq(value, wanted);
		free(p.functions);
	}
	FILE *f = fopen(left, "r");
	ck_assert_ptr_nonnull(f);
	ck_assert_ptr_nonnull(fgets(value, sizeof value, f));
	ck_assert_str_eq(value, "<><some args>");
	(void)fclose(f);
	free(left);
	free(o.plugin_functions);
}
END_TEST

START_TEST(init_that_fails_lets_no_job_run)
{
	struct plugin p = { 0 };
	char value[16];
	struct options o =
	    options_of(build("init.so", SHARED,
			   HEAD "FORKPOOL_PLUGIN;\n" NAMED(
			       "work") "int forkpool_plugin_init(const char *args, void **state) { "
				       "(void)args; (void)state; return 5; }\n"),
		"work");

	plugin_load(&p, &o);
	ck_assert_int_eq(value_of(&p, p.functions[0], value, sizeof value), FORKPOOL_LOST);
	free(p.functions);
	free(o.plugin_functions);
}
END_TEST

/* dlopen() alone would look for such a name in the directories of the system. */
START_TEST(name_without_a_slash_is_a_file_of_this_directory)
{
	char here[] = "here.so", system_library[] = "libc.so.6";

	(void)build("here.so", SHARED, HEAD "FORKPOOL_PLUGIN;\n" NAMED("work"));
	ck_assert_int_eq(chdir(directory), 0);
	ck_assert_str_eq(fault_of(here, "work"), "");
	assert_fault(system_library, "puts", "there is no such file");
}
END_TEST

START_TEST(constructor_is_heard_once)
{
	int status;
	char text[16] = "";

	char *path = build("talk.so", SHARED,
	    HEAD "FORKPOOL_PLUGIN;\n" NAMED("work")
		BEGIN("if (write(1, \"here\\n\", 5) != 5 || read(0, (char [1]){ 0 }, 1) == -1) "
		      "abort();"));
	char *out = in_directory("heard");
	pid_t pid = fork();
	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		struct options o = options_of(path, "work");
		struct plugin p = { 0 };
		int fd = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0666);
		(void)dup2(fd, STDOUT_FILENO);
		plugin_load(&p, &o);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	int fd = open(out, O_RDONLY);
	ck_assert_int_eq((int)read(fd, text, sizeof text - 1), 5);
	ck_assert_str_eq(text, "here\n");
	(void)close(fd);
}
END_TEST

/* --------------------------------------------------------------------------------------- faults */

START_TEST(files_that_are_no_plugin)
{
	char truncated[100];

	assert_fault(in_directory("nothing.so"), "work", "there is no such file");
	assert_fault(directory, "work", "is a directory, not a shared object");
	ck_assert_int_eq(mkfifo(in_directory("fifo"), 0600), 0);
	assert_fault(in_directory("fifo"), "work", "is a special file, not a shared object");
	write_file(in_directory("empty"), "", 0);
	assert_fault(in_directory("empty"), "work", "is not a shared object");
	write_file(in_directory("text"), "#!/bin/sh\nexit\n", 15);
	assert_fault(in_directory("text"), "work", "is not a shared object");
	assert_fault(in_directory("text/below"), "work", "Not a directory");
	char *path = build("whole.so", SHARED, HEAD NAMED("work"));
	assert_fault(path, "work",
	    "is not a plug-in: FORKPOOL_PLUGIN of <forkpool_plugin.h> is not in it");
	int fd = open(path, O_RDONLY);
	ck_assert_int_eq((int)read(fd, truncated, sizeof truncated), (int)sizeof truncated);
	(void)close(fd);
	write_file(in_directory("truncated"), truncated, sizeof truncated);
	assert_fault(in_directory("truncated"), "work", "cannot be loaded: ...");
#ifdef __GLIBC__ /* musl loads programs, too */
	assert_fault(build("program", "", "int main(void) { return 0; }\n"), "main",
	    "cannot be loaded: ...");
#endif
}
END_TEST

#ifdef __GLIBC__
#define UNDEFINED(rest) "cannot be loaded: undefined symbol: " rest
#else
#define UNDEFINED(rest) "cannot be loaded: Error relocating ..."
#endif
START_TEST(plugins_that_do_not_fit)
{
	assert_fault(build("newer.so", SHARED,
			 HEAD NAMED("work") "#undef FORKPOOL_PLUGIN_VERSION\n"
			     "#define FORKPOOL_PLUGIN_VERSION 7\nFORKPOOL_PLUGIN;\n"),
	    "work", "is made for another version of forkpool: its <forkpool_plugin.h> is "
	    "version 7, that of this program is 2");
	assert_fault(build("needs.so", SHARED,
			 HEAD "FORKPOOL_PLUGIN;\nint forkpool_sing(void);\n" JOB("work",
			     "(void)c; return forkpool_sing();")),
	    "work", UNDEFINED("forkpool_sing, so it is made for another version of forkpool"));
	assert_fault(build("lacks.so", SHARED,
			 HEAD "FORKPOOL_PLUGIN;\nint other(void);\n" JOB("work",
			     "(void)c; return other();")),
	    "work", UNDEFINED("other"));
}
END_TEST

START_TEST(functions_that_are_not_there)
{
	/* Not of this library, or data, which dlsym() finds all the same; hidden; not there. */
	char *path = build("few.so", SHARED, HEAD "FORKPOOL_PLUGIN;\n" NAMED("one") NAMED("two")
	    "FORKPOOL_EXPORT extern int table[4]; int table[4] = { 1 };\n"
	    "int hidden(void); int hidden(void) { return 0; }\n");
	static const char *const names[] = { "printf", "table", "hidden", "three", "on",
		"forkpool_reply" };
	char expected[256];

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		(void)snprintf(expected, sizeof expected, "has no function %s; it has: one, two",
		    names[i]);
		assert_fault(path, names[i], expected);
		(void)snprintf(expected, sizeof expected, "one,%s,two", names[i]);
		char *list = strdup(expected);
		(void)snprintf(expected, sizeof expected, "has no function %s; it has: one, two",
		    names[i]);
		assert_fault(path, list, expected);
		free(list);
	}
	assert_fault(build("none.so", SHARED, HEAD "FORKPOOL_PLUGIN;\n"), "work",
	    "has no function work");
	assert_fault(build("mangled.so", SHARED, HEAD "FORKPOOL_PLUGIN;\n"
	    "FORKPOOL_EXPORT int work(void) __asm__(\"_Z4workv\");\n"
	    "int work(void) { return 0; }\n"), "work",
	    "has no function work; as _Z4workv it is one of C++: declare it with FORKPOOL_EXPORT");
}
END_TEST

START_TEST(many_names_are_cut)
{
	char code[8192] = HEAD "FORKPOOL_PLUGIN;\n", name[128];

	for (int i = 0; i < 30; i++) {
		(void)snprintf(name, sizeof name,
		    "FORKPOOL_EXPORT int f%02d(void); int f%02d(void) { return 0; }\n", i, i);
		strcat(code, name);
	}
	char *path = build("many.so", SHARED, code);
	const char *said = fault_of(path, "work"), *tail = strstr(said, " and 18 more\n");
	ck_assert_msg(tail != NULL && tail[13] == '\0', "%s", said);
}
END_TEST

/* Constructors run in the trial first: each of these would otherwise be the end of the tool. */
START_TEST(trouble_while_loading)
{
	static const struct { const char *name, *body, *expected;
	} row[] = {
		{ "segv", "*(volatile int *)0 = 1;", "crashed while it was loaded: SIGSEGV" },
		{ "abort", "abort();", "crashed while it was loaded: SIGABRT" },
		{ "kill", "kill(getpid(), SIGKILL);", "crashed while it was loaded: SIGKILL" },
		{ "exit", "exit(3);", "ended the process while it was loaded, with exit status 3" },
		{ "exit0", "exit(0);",
		    "ended the process while it was loaded, with exit status 0" },
		{ "_exit", "_exit(0);",
		    "ended the process while it was loaded, with exit status 0" },
		{ "hang", "for (;;) pause();", "was not loaded within 0.3 seconds" },
		{ "deaf", "signal(SIGTERM, SIG_IGN); for (;;) pause();",
		    "was not loaded within 0.3 seconds" },
		{ "family", "if (fork() != -1) for (;;) pause();",
		    "was not loaded within 0.3 seconds" },
	};
	char code[1024], name[32];

	if (SUPPORT_SANITIZED && _i == 0)
		return;
	plugin_load_timeout_ns =
	    strstr(row[_i].expected, "0.3") != NULL ? SECOND * 3 / 10 : 60 * SECOND;
	(void)snprintf(code, sizeof code, HEAD "FORKPOOL_PLUGIN;\n" NAMED("work") BEGIN("%s"),
	    row[_i].body);
	(void)snprintf(name, sizeof name, "trouble-%s.so", row[_i].name);
	assert_fault(build(name, SHARED, code), "work", row[_i].expected);
}
END_TEST
#define TROUBLES 9

/* The process of a trial runs no destructors and no handlers of exit(). */
START_TEST(trial_ends_without_destructors)
{
	char code[1024], *trace = strdup(in_directory("destroyed"));

	(void)snprintf(code, sizeof code,
	    HEAD "FORKPOOL_PLUGIN;\n" NAMED(
		"work") "static void end(void) { FILE *f = fopen(\"%s\", \"a\"); fclose(f); }\n"
			"__attribute__((destructor)) static void destroy(void) { end(); }\n" BEGIN(
			    "atexit(end);"),
	    trace);
	/* fault_of() itself, which loads the object after the trial, leaves by _exit() too. */
	ck_assert_str_eq(fault_of(build("destroy.so", SHARED, code), "work"), "");
	ck_assert_int_eq(access(trace, F_OK), -1);
	ck_assert_int_eq(errno, ENOENT);
	free(trace);
}
END_TEST

/* ------------------------------------------------------------------- names from a damaged file */

static size_t
count_of(const struct bytes *names)
{
	size_t n = 0;

	for (size_t i = 0; i < names->len; i++)
		n += names->at[i] == '\0';
	return n;
}

START_TEST(names_of_a_damaged_file)
{
	char *path =
	    build("damaged.so", SHARED " -s", HEAD "FORKPOOL_PLUGIN;\n" NAMED("one") NAMED("two"));
	struct bytes names = { 0 };
	struct stat st;

	ck_assert_int_eq(plugin_symbols_read(path, &names), PLUGIN_SYMBOLS_OK);
	ck_assert_uint_eq(count_of(&names), 2);
	int fd = open(path, O_RDWR);
	ck_assert_int_eq(fstat(fd, &st), 0);
	size_t len = (size_t)st.st_size;
	unsigned char *whole = malloc(len);
	ck_assert_int_eq((int)pread(fd, whole, len, 0), (int)len);
	/* Damage each byte of the head and of the section table at the end; then cut the file. */
	for (size_t at = 0; at < len; at = at == 63 ? len > 3000 ? len - 3000 : 64 : at + 1) {
		static const unsigned char values[] = { 0, 1, 0x7f, 0x80, 0xff };
		for (size_t i = 0; i < sizeof values; i++) {
			bytes_clear(&names);
			if (pwrite(fd, &values[i], 1, (off_t)at) != 1)
				ck_abort_msg("cannot write");
			(void)plugin_symbols_read(path, &names);
		}
		if (pwrite(fd, &whole[at], 1, (off_t)at) != 1)
			ck_abort_msg("cannot write");
	}
	bytes_clear(&names);
	ck_assert_int_eq(plugin_symbols_read(path, &names), PLUGIN_SYMBOLS_OK);
	ck_assert_uint_eq(count_of(&names), 2);
	for (size_t cut = len; cut > 0; cut = cut > 200 ? cut - 97 : cut - 1) {
		bytes_clear(&names);
		if (ftruncate(fd, (off_t)(cut - 1)) != 0 ||
		    plugin_symbols_read(path, &names) == PLUGIN_SYMBOLS_OK)
			ck_abort_msg("names were found in the first %zu bytes", cut - 1);
	}
	(void)close(fd);
	free(whole);
	bytes_free(&names);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tool_plugin");
	TCase *tc = support_case("plugin", 60);
	const char *tmp = getenv("TMPDIR");
	char command[128];

	(void)snprintf(directory, sizeof directory, "%.30s/forkpool-plugin.XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(directory) == NULL) {
		perror(directory);
		return 99;
	}
	tcase_add_test(tc, functions_are_those_that_were_named_in_that_order);
	tcase_add_test(tc, state_is_made_in_each_worker_and_taken_down_in_it);
	tcase_add_test(tc, init_that_fails_lets_no_job_run);
	tcase_add_test(tc, name_without_a_slash_is_a_file_of_this_directory);
	tcase_add_test(tc, constructor_is_heard_once);
	tcase_add_test(tc, files_that_are_no_plugin);
	tcase_add_test(tc, plugins_that_do_not_fit);
	tcase_add_test(tc, functions_that_are_not_there);
	tcase_add_test(tc, many_names_are_cut);
	tcase_add_loop_test(tc, trouble_while_loading, 0, TROUBLES);
	tcase_add_test(tc, trial_ends_without_destructors);
	tcase_add_test(tc, names_of_a_damaged_file);
	suite_add_tcase(suite, tc);
	int status = support_run(suite);
	(void)snprintf(command, sizeof command, "rm -rf '%s'", directory);
	return system(command) == 0 ? status : 99;
}
