/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Jobs that attack what they reply with: the channel, the mailbox, the results of others.  Each has
 * exactly one result, its own.
 */
#include "config.h"
#include "tests/support/attack.h"
#include "tests/support/walk.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/job/mailbox.h"
#include "lib/sandbox/sandbox.h"

/* What no job may choose for itself. */
#define NOT_ITS_OWN (ENDS(SETUP_FAILED) | ENDS(LOST) | ENDS(CANCELLED) | ENDS(TIMED_OUT))
#define ANY_END    (~NOT_ITS_OWN)
#define NO_SUCCESS (~(ENDS(OK) | NOT_ITS_OWN))

/* --------------------------------------------------------------- the mailbox it replies through */

/* The worker's mailbox, of which a job is only shown the context; NULL: the test is wrong. */
static struct mailbox *
mailbox_of(struct forkpool_context *context)
{
	struct mailbox *w =
	    (struct mailbox *)(void *)((char *)context - offsetof(struct mailbox, context));

	return atomic_load(&w->stage) == MAILBOX_ENTERED && walk_writable((uintptr_t)w) ? w : NULL;
}

enum lie {
	LIE_NONE, LIE_VALUE, LIE_VALUE_NEGATIVE, LIE_VALUE_AREA, LIE_VALUE_AREA_PAST, LIE_MESSAGE,
	LIE_MESSAGE_NEGATIVE, LIE_FRAMES, LIE_ADDRESSES, LIE_HALF, LIE_STAGE, LIE_IDENTITY,
	LIE_POINTERS, LIE_LIMITS, LIE_DENIED, LIE_SETUP, LIE_PROGRESS, LIE_ALL,
};

/* Write something false into the mailbox, and end as if all were well. */
static int
lies(struct forkpool_context *context, const void *args, size_t args_len)
{
	enum lie lie = (enum lie)attack_known(args, args_len)->n;
	struct mailbox *w = mailbox_of(context);

	if (w == NULL)
		return forkpool_fail(context, EPROTO, "the mailbox was not found");
	if (forkpool_reply(context, "honest", 6) != 0)
		return errno;
	atomic_store(&w->returned, 0);
	atomic_store(&w->stage, MAILBOX_RETURNED);
	switch (lie) {
	case LIE_VALUE:
		context->value_len = sizeof context->value + 1;
		break;
	case LIE_VALUE_NEGATIVE:
		context->value_len = SIZE_MAX - 7;
		break;
	case LIE_VALUE_AREA:
		context->is_large = 1;
		context->value_len = SIZE_MAX >> 18;
		break;
	case LIE_VALUE_AREA_PAST:
		context->is_large = 1;
		context->value_max = SIZE_MAX >> 1;
		context->value_len = ((size_t)1 << 20) + 1;
		break;
	case LIE_MESSAGE:
		memset(context->message, 'm', sizeof context->message);
		context->message_len = sizeof context->message + 1;
		break;
	case LIE_MESSAGE_NEGATIVE:
		context->message_len = SIZE_MAX;
		break;
	case LIE_FRAMES:
		(void)signal(SIGABRT, SIG_DFL); /* the pool's handler would put it right */
		atomic_store(&w->note.frames, UINT32_MAX);
		abort();
	case LIE_ADDRESSES:
		(void)signal(SIGABRT, SIG_DFL);
		for (unsigned i = 0; i < SHARED_CRASH_FRAMES; i++)
			atomic_store(&w->note.address[i],
			    i % 4 == 0 ? (uintptr_t)w + i : UINT64_MAX << (i * 2));
		atomic_store(&w->note.frames, SHARED_CRASH_FRAMES);
		abort();
	case LIE_HALF:
		atomic_store(&w->stage, MAILBOX_ENTERED);
		break;
	case LIE_STAGE:
		atomic_store(&w->stage, 77);
		break;
	case LIE_IDENTITY:
		context->seq++;
		context->attempt = 99;
		context->worker = 1000000;
		context->process = attack_known(args, args_len)->caller;
		memcpy(context->id, "square 3", 9);
		break;
	case LIE_POINTERS: /* into memory that the worker would change if it followed them */
		context->area = (unsigned char *)attack_known(args, args_len)->canary;
		context->progress = (_Atomic uint64_t *)attack_known(args, args_len)->canary;
		context->state = (void *)attack_known(args, args_len)->canary;
		context->spool = (struct spool_writer *)attack_known(args, args_len)->canary;
		context->is_large = 1;
		context->value_len = 65536;
		break;
	case LIE_LIMITS:
		atomic_store(&w->note.met, UINT32_MAX);
		atomic_store(&w->note.stack_full, UINT32_MAX);
		break;
	case LIE_DENIED:
		atomic_store(&w->note.denied, UINT32_MAX);
		atomic_store(&w->note.denied_arch, UINT32_MAX);
		(void)raise(SIGSYS);
		break;
	case LIE_SETUP:
		/* As if it had never been called.  Where that is said is not mapped any more. */
		atomic_store(&w->stage, MAILBOX_BORN);
		atomic_store(&mailbox_refusal(w)->error, EPERM);
		atomic_store(&mailbox_refusal(w)->step, STEP_SYSCALLS);
		break;
	case LIE_PROGRESS:
		atomic_store(&w->progress[0], UINT64_MAX);
		break;
	case LIE_ALL:
		memset((void *)w, 0xff, sizeof *w);
		break;
	case LIE_NONE:
	default:
		break;
	}
	_exit(0);
}

/*
 * A mailbox that says what cannot be is no success.  A lie about the job itself, which harms nobody
 * else, may be one.
 */
static const struct attack frames[] = {
	{ "a whole reply, made by hand", lies, BOTH(ENDS(OK)), .n = LIE_NONE },
	{ "a value longer than there is room", lies, BOTH(NO_SUCCESS), .n = LIE_VALUE },
	{ "a value of a negative length", lies, BOTH(NO_SUCCESS), .n = LIE_VALUE_NEGATIVE },
	{ "a value past the end of memory", lies, BOTH(NO_SUCCESS), .n = LIE_VALUE_AREA },
	{ "a value past the end of its area", lies, BOTH(NO_SUCCESS), .n = LIE_VALUE_AREA_PAST },
	{ "a message longer than there is room", lies, BOTH(ANY_END), .n = LIE_MESSAGE },
	{ "a message of a negative length", lies, BOTH(ANY_END), .n = LIE_MESSAGE_NEGATIVE },
	{ "too many frames of a backtrace", lies, BOTH(ENDS(CRASHED)), .n = LIE_FRAMES,
	    .signal = SIGABRT },
	{ "addresses that are none", lies, BOTH(ENDS(CRASHED)), .n = LIE_ADDRESSES,
	    .signal = SIGABRT },
	{ "half a reply", lies, BOTH(ENDS(EXITED)), .n = LIE_HALF },
	{ "a stage that is none", lies, BOTH(NO_SUCCESS), .n = LIE_STAGE },
	{ "another job's name and number", lies, BOTH(ANY_END), .n = LIE_IDENTITY },
	{ "pointers", lies, BOTH(ANY_END), .n = LIE_POINTERS },
	{ "limits that were not met", lies, BOTH(ANY_END), .n = LIE_LIMITS },
	{ "a denied call that is none", lies, BOTH(NO_SUCCESS), .n = LIE_DENIED },
	{ "a failure to be set up", lies, BOTH(ENDS(CRASHED)), .n = LIE_SETUP,
	    .signal = SIGSEGV },
	{ "progress without end", lies, BOTH(ANY_END), .n = LIE_PROGRESS },
	{ "all bits set", lies, BOTH(NO_SUCCESS), .n = LIE_ALL },
};

static void
lie_and_see(struct attack_scene *scene, const void *arg)
{
	attack_run(scene, arg);
	ck_assert_uint_le(scene->result.value_len, (size_t)1 << 20);
	/* None of the worker's memory was copied out. */
	for (size_t i = 0; i + 16 <= scene->result.value_len; i++)
		ck_assert_int_ne(memcmp(scene->value + i, scene->canary + 64, 16), 0);
}

START_TEST(lies_about_its_reply)
{
	struct forkpool_options options = support_options(2);

	options.max_value_len = (size_t)1 << 20;
	attack_table_with(frames, _i, &options, lie_and_see);
}
END_TEST

/* Write random bytes anywhere into the mailbox. */
static int
scribbles(struct forkpool_context *context, const void *args, size_t args_len)
{
	uint64_t state =
	    (uint64_t)attack_known(args, args_len)->n * UINT64_C(0x9e3779b97f4a7c15) + 1;
	struct mailbox *w = mailbox_of(context);

	if (w == NULL)
		return forkpool_fail(context, EPROTO, "the mailbox was not found");
	unsigned char *bytes = (unsigned char *)w;
	for (unsigned changes = (unsigned)(state % 64) + 1; changes > 0; changes--) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		size_t room = state & 1 ? offsetof(struct mailbox, args) : sizeof *w;
		bytes[(state >> 20) % room] = (unsigned char)(state >> 8);
	}
	if (state & 2)
		atomic_store(&w->stage, MAILBOX_RETURNED);
	if (state & 4)
		_exit(0);
	if (state & 8)
		abort();
	return 0;
}

static void
scribble_rounds(struct attack_scene *scene, const void *arg)
{
	enum { ROUNDS = 300 };
	struct attack_knowledge known = scene->known;
	struct forkpool_job job = { .fn = scribbles, .args = &known, .args_len = sizeof known,
		.id = "scribbles" };

	(void)arg;
	for (int64_t i = 1; i <= ROUNDS; i++) {
		known.n = i;
		ck_assert_int_eq(forkpool_submit(scene->pool, &job, NULL), 1);
	}
	for (int i = 0; i < ROUNDS; i++) {
		const struct forkpool_result *result = support_wait(scene->pool);
		ck_assert_uint_le(result->value_len, (size_t)1 << 20);
		ck_assert_uint_le(strlen(result->message), 255);
		ck_assert_uint_eq(result->attempts, 1);
		ck_assert_str_eq(result->id, "scribbles");
		/* It was called, and its end is known. */
		ck_assert_int_ne(result->outcome, FORKPOOL_SETUP_FAILED);
		ck_assert_int_ne(result->outcome, FORKPOOL_LOST);
	}
	ck_assert_uint_eq(forkpool_pending(scene->pool), 0);
}

START_TEST(scribbles_over_its_reply)
{
	struct forkpool_options options = support_options(2);

	options.output = FORKPOOL_OUTPUT_CAPTURE;
	options.max_value_len = (size_t)1 << 20;
	attack_in((enum attack_mode)_i, &options, scribble_rounds, NULL);
}
END_TEST

/* --------------------------------------------------------------------------- how it may be used */

static int
replies_and_crashes(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)attack_known(args, args_len);
	(void)forkpool_reply(context, "done", 4);
	abort();
}

static int
exits_without_a_reply(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)context;
	if (attack_known(args, args_len)->n == 0)
		_exit(0);
	exit(0);
}

static int
replies_twice(struct forkpool_context *context, const void *args, size_t args_len)
{
	(void)attack_known(args, args_len);
	struct mailbox *w = mailbox_of(context);
	if (w == NULL || forkpool_reply(context, "one", 3) != 0)
		return EPROTO;
	/* Say that the function has returned, and reply once more. */
	atomic_store(&w->stage, MAILBOX_RETURNED);
	return forkpool_reply(context, "two", 3);
}

/* The job's process and its child both go on as the job; the child ends first or last. */
static int
returns_twice(struct forkpool_context *context, const void *args, size_t args_len)
{
	int child_first = attack_known(args, args_len)->n == 0;

	(void)atomic_fetch_add(&attack_words->runs, 1);
	pid_t pid = fork();
	if (pid == -1)
		return 0;
	if (pid == 0) {
		attack_pid_note(getpid());
		(void)forkpool_reply(context, "child", 5);
		support_post(&attack_words->started);
		return 0;
	}
	if (child_first)
		support_await(&attack_words->started, 2); /* the neighbour, and the child */
	return forkpool_reply(context, "parent", 6);
}

static int
fills_and_never_ends(struct forkpool_context *context, const void *args, size_t args_len)
{
	static char block[65536];

	(void)attack_known(args, args_len);
	memset(block, 'f', sizeof block);
	do {
		(void)forkpool_reply(context, block, sizeof block);
		(void)!write(STDOUT_FILENO, block, sizeof block);
	} while (write(STDERR_FILENO, block, sizeof block) != 0);
	return EPROTO;
}

static const struct attack uses[] = {
	{ "replies and crashes", replies_and_crashes, BOTH(ENDS(CRASHED)), .signal = SIGABRT },
	{ "_exit(0) without a reply", exits_without_a_reply, BOTH(ENDS(EXITED)), .n = 0 },
	{ "exit(0) without a reply", exits_without_a_reply, BOTH(ENDS(EXITED)), .n = 1 },
	{ "replies twice", replies_twice, BOTH(ENDS(OK)) },
	{ "returns twice, the child first", returns_twice, .job = ENDS(OK), .sandbox = ENDS(DENIED),
	    .denied = "clone", .n = 0 },
	{ "returns twice", returns_twice, .job = ENDS(OK), .sandbox = ENDS(DENIED),
	    .denied = "clone", .n = 1 },
	{ "fills its channel and never ends", fills_and_never_ends, BOTH(ENDS(TIMED_OUT)),
	    .timeout_ms = 300 },
	{ "prints much", attack_job_prints, BOTH(ENDS(OK)) },
};

static void
use_and_see(struct attack_scene *scene, const void *arg)
{
	const struct attack *attack = arg;

	attack_run(scene, attack);
	const struct forkpool_result *result = &scene->result;
	ck_assert_uint_le(result->output_len, 10000);
	if (attack->fn == exits_without_a_reply)
		ck_assert_int_eq(result->exit_code, 0);
	if (attack->fn == attack_job_prints || attack->fn == fills_and_never_ends)
		ck_assert_uint_eq(result->output_len, 10000);
	if (attack->fn == attack_job_prints) /* the message says how much was lost */
		ck_assert_msg(strstr(result->message, "4184304") != NULL, "the message is %s",
		    result->message);
	if (attack->fn == replies_twice)
		ck_assert(result->value_len == 6 && memcmp(result->value, "onetwo", 6) == 0);
	if (attack->fn != returns_twice)
		return;
	ck_assert_uint_eq(atomic_load(&scene->words->runs), 1);
	if (!scene->is_sandbox) /* "parent": not the value of the child */
		ck_assert_uint_eq(scene->result.value_len, 6);
	attack_pids_gone(scene, 0);
}

START_TEST(uses_its_reply_wrongly)
{
	struct forkpool_options options = support_options(2);

	options.output = FORKPOOL_OUTPUT_CAPTURE;
	options.limits.output = 10000;
	options.max_value_len = (size_t)1 << 20;
	attack_table_with(uses, _i, &options, use_and_see);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("attacks on replies");
	TCase *frame = support_case("frames", 60), *use = support_case("use", 60);

	ATTACK_TABLE(frame, lies_about_its_reply, frames);
	tcase_add_loop_test(frame, scribbles_over_its_reply, 0, ATTACK_MODES);
	ATTACK_TABLE(use, uses_its_reply_wrongly, uses);
	suite_add_tcase(suite, frame);
	suite_add_tcase(suite, use);
	return attack_main(suite);
}
