/* SPDX-License-Identifier: BSD-2-Clause */
/* Plug-ins: the trial in a process of its own, the load in ours, the line that tells a fault. */
#include "config.h"
#include "tool/exec/plugin.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "forkpool_plugin.h"
#include "tool/base/anchored_file.h"
#include "tool/base/escape.h"
#include "tool/base/message.h"
#include "tool/exec/command.h"
#include "tool/exec/plugin_symbols.h"
#include "tool/task/outcome.h"

#define SECOND INT64_C(1000000000)
/* The most names that a message lists. */
#define NAMES_SHOWN 12

int64_t plugin_load_timeout_ns = 10 * SECOND;

/* The object that is loaded: worker_init() and worker_exit() call its functions. */
static struct {
	char       *path;
	const char *args;
	int         args_given;
	int       (*init)(const char *args, void **state);
	void      (*exit)(void *state);
} object;

static int
worker_init(void *arg, void **state)
{
	int error = command_worker_init(arg, state);

	command_restore_open_files();
	return error == 0 && object.init != NULL ? object.init(object.args, state) : error;
}

static void
worker_exit(void *arg, void *state)
{
	(void)arg;
	object.exit(state);
}

/* --------------------------------------------------------------------------------------- faults */

static int
is_listed(const struct bytes *names, const char *name)
{
	for (size_t at = 0; at < names->len; at += strlen(names->at + at) + 1)
		if (strcmp(names->at + at, name) == 0)
			return 1;
	return 0;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Says that the object has no such function, and which it has. */
static void
fault_no_function(const char *name, const struct bytes *names, struct bytes *fault)
{
	const char **other = calloc(names->len + 1, sizeof *other), *mangled = NULL;
	size_t count = 0;

	if (other == NULL)
		fail_memory();
	for (size_t at = 0; at < names->len; at += strlen(names->at + at) + 1) {
		other[count] = names->at + at;
		if (strncmp(other[count], "_Z", 2) == 0 && strstr(other[count], name) != NULL)
			mangled = other[count];
		count +=
		    other[count][0] != '_' && strncmp(other[count], "forkpool_plugin_", 16) != 0;
	}
	qsort(other, count, sizeof *other, compare_names);
	bytes_printf(fault, "has no function %s", name);
	for (size_t i = 0; i < count && i < NAMES_SHOWN; i++)
		bytes_printf(fault, "%s%s", i == 0 ? "; it has: " : ", ", other[i]);
	if (count > NAMES_SHOWN)
		bytes_printf(fault, " and %zu more", count - NAMES_SHOWN);
	if (mangled != NULL)
		bytes_printf(fault, "; as %s it is one of C++: declare it with FORKPOOL_EXPORT",
		    mangled);
	free(other);
}

/* Says why dlopen() has failed. */
static void
fault_not_loaded(enum plugin_symbols kind, struct bytes *fault)
{
	const char *why = dlerror();
	size_t len = strlen(object.path);

	if (why == NULL)
		why = "no reason was given";
	if (strncmp(why, object.path, len) == 0 && strncmp(why + len, ": ", 2) == 0)
		why += len + 2;
	if (kind == PLUGIN_SYMBOLS_NOT_OBJECT)
		bytes_printf(fault, "is not a shared object");
	else
		bytes_printf(fault, "cannot be loaded: %s", why);
	/* "undefined symbol: NAME" in glibc's words, "NAME: symbol not found" in musl's. */
	if (kind != PLUGIN_SYMBOLS_NOT_OBJECT && strstr(why, "symbol") != NULL &&
	    strstr(why, ": forkpool_") != NULL)
		bytes_add_text(fault, ", so it is made for another version of forkpool");
}

/* -------------------------------------------------------------------------------------- loading */

/* dlsym() returns a void *, which C does not convert to a function pointer. */
static forkpool_fn *
function_of(void *handle, const char *name)
{
	void *data = dlsym(handle, name);
	forkpool_fn *function;

	_Static_assert(sizeof function == sizeof data, "dlsym() can return functions");
	memcpy(&function, &data, sizeof function);
	return function;
}

/* Whether the object has FORKPOOL_PLUGIN, of our version. */
static int
version_fits(void *handle, struct bytes *fault)
{
	const int *version = dlsym(handle, "forkpool_plugin_version");

	if (version == NULL)
		bytes_add_text(fault,
		    "is not a plug-in: FORKPOOL_PLUGIN of <forkpool_plugin.h> is not in it");
	else if (*version != FORKPOOL_PLUGIN_VERSION)
		bytes_printf(fault, "is made for another version of forkpool: its "
		    "<forkpool_plugin.h> is version %d, that of this program is %d",
		    *version, FORKPOOL_PLUGIN_VERSION);
	return version != NULL && *version == FORKPOOL_PLUGIN_VERSION;
}

/* Fills in *p.  list: the names asked for, with commas between; names: those the object defines. */
static void
functions_find(struct plugin *p, void *handle, char *list, const struct bytes *names,
    int names_known, struct bytes *fault)
{
	const char *name;

	for (p->count = 0; (name = strsep(&list, ",")) != NULL; p->count++) {
		p->functions[p->count] = function_of(handle, name);
		if (p->functions[p->count] == NULL || (names_known && !is_listed(names, name))) {
			fault_no_function(name, names, fault);
			return;
		}
	}
	forkpool_fn *init = function_of(handle, "forkpool_plugin_init");
	if (init == NULL && object.args_given) {
		bytes_add_text(fault, "has no forkpool_plugin_init, so nothing in it would get "
		    "what --plugin-args says");
		return;
	}
	forkpool_fn *leave = function_of(handle, "forkpool_plugin_exit");
	memcpy(&object.init, &init, sizeof init);
	memcpy(&object.exit, &leave, sizeof leave);
	p->init = worker_init;
	p->exit = leave != NULL ? worker_exit : NULL;
	p->arg = NULL;
}

/* Loads the object, in the trial's process as in ours.  A fault goes into *fault. */
static void
load(struct plugin *p, const char *functions, struct bytes *fault)
{
	struct bytes names = { 0 };
	enum plugin_symbols kind = plugin_symbols_read(object.path, &names);
	void *handle = NULL;
	char *list = strdup(functions);

	if (list == NULL || (p->functions = calloc(strlen(list) + 1, sizeof *p->functions)) == NULL)
		fail_memory();
	if (kind != PLUGIN_SYMBOLS_NOT_OBJECT)
		handle = dlopen(object.path, RTLD_NOW | RTLD_LOCAL);
	if (handle == NULL)
		fault_not_loaded(kind, fault);
	else if (version_fits(handle, fault))
		functions_find(p, handle, list, &names, kind == PLUGIN_SYMBOLS_OK, fault);
	free(list);
	bytes_free(&names);
}

/* The job function of the trial.  Its process ends without the handlers of exit(). */
static int
trial_job(struct forkpool_context *context, const void *functions, size_t len)
{
	struct plugin p = { 0 };
	struct bytes fault = { 0 };

	(void)len;
	load(&p, functions, &fault);
	return fault.len > 0 ? forkpool_reply(context, fault.at, fault.len) : 0;
}

/* Loads the object in a process of its own, which it may crash, end or block. */
static void
trial_load(const char *functions, struct bytes *fault)
{
	struct forkpool_options options = {
		.workers = 1, .timeout_ns = plugin_load_timeout_ns,
		.grace_ns = SECOND / 10, .output = FORKPOOL_OUTPUT_DISCARD,
	};
	struct forkpool_job job = {
		.fn = trial_job, .args = functions, .args_len = strlen(functions) + 1,
	};
	const struct forkpool_result *result;
	char error[512];
	struct forkpool *pool = forkpool_open(&options, error, sizeof error);

	if (pool == NULL)
		fail("cannot start the workers: %s", error);
	if (forkpool_submit(pool, &job, NULL) != 1 || forkpool_wait(pool, &result, -1) != 1)
		fail_errno("plug-in %s: cannot be tried out", object.path);
	switch (result->outcome) {
	case FORKPOOL_OK:
		bytes_add(fault, result->value, result->value_len);
		break;
	case FORKPOOL_CRASHED:
		bytes_printf(fault, "crashed while it was loaded: SIG%s",
		    signal_word(result->signal));
		break;
	case FORKPOOL_EXITED:
		bytes_printf(fault, "ended the process while it was loaded, with exit status %d",
		    result->exit_code);
		break;
	case FORKPOOL_TIMED_OUT:
		bytes_printf(fault, "was not loaded within %.3g seconds",
		    (double)plugin_load_timeout_ns / SECOND);
		break;
	default:
		bytes_printf(fault, "cannot be tried out: %s", result->message);
	}
	(void)forkpool_close(pool);
}

/* Refuses what dlopen() would block on (a FIFO), and what it would tell in other words. */
static void
file_check(const char *file, struct bytes *fault)
{
	struct stat st;

	if (stat(file, &st) == -1)
		bytes_printf(fault, "%s",
		    errno == ENOENT ? "there is no such file" : strerror(errno));
	else if (!S_ISREG(st.st_mode))
		bytes_printf(fault, "is a %s, not a shared object",
		    S_ISDIR(st.st_mode) ? "directory" : "special file");
}

void
plugin_load(struct plugin *p, const struct options *o)
{
	static struct bytes path; /* object.path points into it */
	struct bytes fault = { 0 };
	char shown[256], clean[2048];

	bytes_clear(&path);
	bytes_printf(&path, "%s%s", strchr(o->plugin_file, '/') == NULL ? "./" : "",
	    o->plugin_file);
	object.path = path.at;
	/* An object's constructors run as soon as it is loaded, and nothing confines us. */
	anchored_refuse("--plugin", o->plugin_file,
	    "forkpool itself would run what these write");
	object.args_given = o->plugin_args != NULL;
	object.args = o->plugin_args != NULL ? o->plugin_args : "";
	file_check(object.path, &fault);
	if (fault.len == 0)
		trial_load(o->plugin_functions, &fault);
	if (fault.len == 0)
		load(p, o->plugin_functions, &fault);
	if (fault.len > 0) {
		/* The names in an object can hold any bytes. */
		(void)escape_text(clean, sizeof clean, fault.at, fault.len);
		(void)message_word(shown, sizeof shown, o->plugin_file, strlen(o->plugin_file));
		fail("plug-in %s: %s", shown, clean);
	}
	bytes_free(&fault);
}
