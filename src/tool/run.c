#include "config.h"
#include "run.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "channels.h"
#include "command.h"
#include "dry_run.h"
#include "feed.h"
#include "finish.h"
#include "halt.h"
#include "interrupts.h"
#include "jobserver.h"
#include "message.h"
#include "plugin.h"
#include "progress.h"
#include "prompt.h"
#include "publisher.h"
#include "records.h"
#include "start.h"
#include "status.h"
#include "throttle.h"
#include "views.h"

#define WORKERS_MAX 4096u
/* How many jobs there are is known when all are read: so many at a time, where somebody wants to know. */
#define LOOK_AHEAD       5000
#define LOOK_AHEAD_EVERY INT64_C(100000000)

static struct {
	const struct options *o;
	struct forkpool *pool;
	struct journal *journal;
	struct plugin plugin;
	int apart;                   /* each run of a function has a process of its own */
	unsigned workers, under_way_max; /* jobs handed to the pool and not ended */
	uint64_t under_way;
	enum interrupt_stage stage;  /* how far interrupts have come */
	int      interrupted;        /* the signal */
	int      halting;
	int      input_waits;        /* for more to come */
	int      token_waits;        /* a job would begin if the jobserver let it */
	int      said_closed;
	int      replayed;           /* what the journal had is on its way out; before that the input is only compared */
	struct job *held, **held_end; /* of the input that was compared: to be looked at then */
	int      input_over;
	uint64_t last_seq;           /* of the input */
	int64_t  look_ahead_ns;      /* when that comes next */
	uint64_t looked_ahead_at;    /* jobs done then */
	pid_t    owner;              /* this process, and none that it has forked */
	struct pollfd *fds;
	size_t   fds_room;
	struct bytes args, shown;
} r;

static int64_t
clock_ns(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* ------------------------------------------------------------------------------------------ begin */

/* With a journal, what a plug-in's function gets stands behind this: as aligned as it was. */
struct noted_call {
	struct begun_ticket ticket;
	uint64_t function;  /* of the plug-in */
	uint64_t apart;     /* its process ends with the job */
};
_Static_assert(sizeof(struct noted_call) % 16 == 0, "what stands behind it is aligned for any type");

static int
noted_call(struct forkpool_context *context, const void *args, size_t args_len)
{
	const struct noted_call *call = args;
	forkpool_fn *fn = r.plugin.functions[call->function];

	begun_note(&call->ticket);
	/* Then the function need not see the page. */
	if (call->apart)
		begun_forget();
	return fn(context, call + 1, args_len - sizeof *call);
}

/* 1 it is under way, 0 there is no room now. */
static int
job_submit(struct job *job)
{
	struct task *task = job->task;
	struct forkpool_job submitted = { .user = job };
	uint64_t pool_seq;
	struct begun_ticket ticket;

	task->attempts++;
	if (!begun_take(task, &ticket)) {
		task->attempts--;
		return 0;
	}
	if (r.plugin.count > 0 && r.journal != NULL) {
		const struct noted_call call = { ticket, (task->seq - 1) % r.plugin.count, r.apart != 0 };
		bytes_clear(&r.args);
		bytes_add(&r.args, &call, sizeof call);
		bytes_add(&r.args, task->words.at, task->words.len);
		submitted.fn = noted_call;
		submitted.args = r.args.at;
		submitted.args_len = r.args.len;
	} else if (r.plugin.count > 0) {
		submitted.fn = r.plugin.functions[(task->seq - 1) % r.plugin.count];
		submitted.args = task->words.at;
		submitted.args_len = task->words.len;
	} else {
		struct command_descriptors none = { -1, -1, -1 };
		command_pack(task, &ticket, job->channel != NULL ? &job->channel->job : &none, jobserver_seat(job->seat), &r.args);
		submitted.fn = command_run;
		submitted.args = r.args.at;
		submitted.args_len = r.args.len;
	}
	job->submitted_ns = clock_ns(CLOCK_REALTIME);
	int accepted = forkpool_submit(r.pool, &submitted, &pool_seq);
	if (accepted == -1)
		fail_errno("cannot hand job %llu to a worker", (unsigned long long)task->seq);
	if (accepted == 1) {
		r.under_way++;
		status_job_begins(job, pool_seq);
	} else {
		task->attempts--;
	}
	return accepted;
}

static void
ended_without_run(struct task *task, enum verdict verdict)
{
	struct job *job = job_new(task);

	job->ending = (struct ending){ .verdict = verdict, .exit_code = -1, .user_ns = -1, .system_ns = -1, .max_rss = -1,
		.message = "" };
	finish_ended(job);
}

/* The input is that of earlier runs as far as they came: what they have done goes out now, before anything else. */
static void
replay(void)
{
	r.replayed = 1;
	finish_replay();
}

/* A block of the input lies in its channel's file, so that it needs that until it has run. */
static void
hold(struct task *task, struct channel *channel)
{
	struct job *job = job_new(task);

	if (channel != NULL && r.o->pipe) {
		job->channel = channel;
		channel->owner = job;
	} else if (channel != NULL) {
		channel_release(channel);
	}
	*r.held_end = job;
	r.held_end = &job->next;
}

static struct task *
held_take(struct channel **channel)
{
	struct job *job = r.held;
	struct task *task = job->task;

	if ((r.held = job->next) == NULL)
		r.held_end = &r.held;
	if (job->channel != NULL) {
		*channel = job->channel;
		(*channel)->owner = NULL;
	}
	job->task = NULL;
	job_free(job);
	return task;
}

static void
seen(const struct task *task)
{
	r.last_seq = task->seq > r.last_seq ? task->seq : r.last_seq;
}

/* A task of the input that earlier runs had: nothing of it happens before all of these have been compared. */
static void
compare(struct task *task, struct channel *channel)
{
	seen(task);
	if (finish_look(task, 1) == 0)
		hold(task, channel);
	else if (channel != NULL)
		channel_release(channel);
}

/* What the journal knows of it; 1: it is not to be run, or not now. */
static int
journal_has(struct task *task)
{
	if (r.journal == NULL)
		return 0;
	seen(task);
	return task->attempts == 0 && finish_look(task, 0) != 0;
}

/* Where the input itself is at fault, that was said when it was met. */
static void
input_ended(void)
{
	int status;

	if (!r.input_over && r.last_seq < journal_known(r.journal)) {
		if (feed_error(&status) == NULL)
			journal_input_ended(r.journal, r.last_seq);
		finish_tally()->broken = 1;
	}
	r.input_over = 1;
}

/* -p, -t; 1: it is to run. */
static int
is_shown_and_wanted(struct task *task)
{
	const struct options *o = r.o;

	if (!o->trace && !o->interactive)
		return 1;
	bytes_clear(&r.shown);
	task_command_text(task, o->shell, &r.shown);
	if (o->interactive && !prompt_confirm(r.shown.at)) {
		finish_skip(task->seq);
		task_free(task);
		return 0;
	}
	if (o->trace && !o->interactive) {
		bytes_add_byte(&r.shown, '\n');
		(void)publisher_add(PUBLISH_ERR, r.shown.at, r.shown.len);
		(void)publisher_flush();
	}
	return 1;
}

/* As many as there is room for; *wait_ns: after which to come again though nothing happens. */
static void
jobs_begin(int64_t *wait_ns)
{
	while (r.under_way < r.under_way_max && !publisher_is_full()) {
		int64_t now = clock_ns(CLOCK_MONOTONIC);
		if (throttle_wanted(r.o) && (*wait_ns = throttle_wait(r.o, now, r.under_way == 0)) > 0)
			return;
		if (!r.replayed && r.last_seq >= journal_known(r.journal))
			replay();
		if (jobserver_wanted() && r.held == NULL && r.input_over && feed_is_over())
			return; /* a token taken in vain is one that others wait for */
		/* To compare the input needs none. */
		int seated = r.replayed, seat = seated ? jobserver_take() : 0;
		if (seat == JOBSERVER_LATER) {
			r.token_waits = 1;
			return;
		}
		struct channel *channel = NULL;
		struct task *task = NULL;
		enum next got = NEXT_GOT;
		if (r.replayed && r.held != NULL)
			task = held_take(&channel);
		if (channel == NULL && channels_count() > 0 && (channel = channel_take(NULL)) == NULL) {
			if (r.replayed) {
				jobserver_give(seat);
				if (task != NULL)
					hold(task, NULL);
				return;
			}
			/* Blocks that are held have all of them. */
			replay();
			continue;
		}
		if (task == NULL)
			got = feed_next(&task, channel != NULL && r.o->pipe ? channel->job.in : -1);
		if (got == NEXT_GOT && !r.replayed) {
			compare(task, channel);
			if (finish_tally()->broken)
				return;
			continue;
		}
		if (got != NEXT_GOT || journal_has(task) || !is_shown_and_wanted(task)) {
			if (seated)
				jobserver_give(seat);
			if (channel != NULL)
				channel_release(channel);
			r.input_waits = got == NEXT_WAIT;
			if (got == NEXT_END)
				input_ended();
			if (got != NEXT_GOT || finish_tally()->broken)
				return;
			continue;
		}
		struct job *job = job_new(task);
		job->channel = channel;
		job->seat = seat;
		if (channel != NULL)
			channel->owner = job;
		if (job_submit(job) == 0) {
			jobserver_give(seat);
			job->task = NULL;
			job_free(job);
			hold(task, channel);
			return;
		}
		throttle_started(now);
	}
}

/* -------------------------------------------------------------------------------------------- end */

static void
begin_no_more(void)
{
	struct task *task;

	r.input_waits = 0; /* whatever may still come of it */
	while ((task = feed_stop()) != NULL)
		ended_without_run(task, VERDICT_SKIPPED);
	while (r.held != NULL) {
		struct channel *channel = NULL;
		ended_without_run(held_take(&channel), VERDICT_SKIPPED);
		if (channel != NULL)
			channel_release(channel);
	}
	(void)forkpool_cancel(r.pool, FORKPOOL_CANCEL_QUEUED);
}

static void
halt_look(void)
{
	struct tally *t = finish_tally();
	/* What jobs of an earlier run ended like does not stop this one before it has let them out. */
	int reached = r.replayed && halt_reached(&r.o->halt, t->failed, t->succeeded, feed_total());

	if (r.halting || !(reached || (r.replayed && t->xargs_stops != 0) || t->broken))
		return;
	r.halting = 1;
	t->halted = reached;
	begin_no_more();
	if (reached && r.o->halt.when == HALT_NOW)
		(void)forkpool_cancel(r.pool, FORKPOOL_CANCEL_RUNNING);
}

static int
is_to_be_tried_again(const struct job *job)
{
	const struct ending *e = &job->ending;

	return e->verdict != VERDICT_OK && e->verdict != VERDICT_CANCELLED && e->verdict != VERDICT_SKIPPED &&
	    job->task->attempts < r.o->retries && r.stage == INTERRUPT_NONE && !r.halting;
}

static struct run_now
run_now(void)
{
	return (struct run_now){ .now_ns = clock_ns(CLOCK_MONOTONIC), .real_ns = clock_ns(CLOCK_REALTIME),
		.under_way = r.under_way, .total = feed_total(), .out_bytes = finish_written(PUBLISH_OUT),
		.err_bytes = finish_written(PUBLISH_ERR), .tally = finish_tally() };
}

static void
run_shown(struct job *job, const struct forkpool_result *result, int again)
{
	const struct job_record record = { job->task, &job->ending, &job->out, &job->err, feed_header() };

	if (!views_wanted())
		return;
	bytes_clear(&r.shown);
	task_command_text(job->task, r.o->shell, &r.shown);
	views_run(&(struct run_view){ .record = &record, .command = r.shown.at, .command_len = r.shown.len,
		.cpu_ns = result->cpu_ns, .pid = result->pid, .again = again,
		.worker_died = !r.apart && (result->signal != 0 || result->exit_code != -1) });
}

static void
job_ended(struct job *job, const struct forkpool_result *result)
{
	if (job->channel != NULL)
		channel_drain(job->channel, finish_output);
	r.under_way--;
	status_job_ended(job);
	finish_ending(job, result);
	int again = is_to_be_tried_again(job);
	run_shown(job, result, again);
	if (again) {
		pocket_clear(&job->out);
		pocket_clear(&job->err);
		/* A block of the input lies in the channel's file. */
		if (r.o->pipe && job_submit(job) == 1)
			return;
		feed_again(job->task);
		job->task = NULL;
	}
	jobserver_give(job->seat);
	if (job->channel != NULL)
		channel_release(job->channel);
	job->channel = NULL;
	if (job->task == NULL)
		job_free(job);
	else
		finish_result(job, result);
}

static void
results_take(void)
{
	const struct forkpool_result *result;
	int got;

	while ((got = forkpool_next(r.pool, &result)) == 1)
		job_ended(result->user, result);
	if (got == -1)
		fail_errno("cannot take a result");
	halt_look();
}

/* ------------------------------------------------------------------------------------- interrupts */

static void
interrupts_look(void)
{
	int signo;
	enum interrupt_stage stage = interrupts_stage(&signo);

	if (stage > r.stage) {
		/* Some of those under way may only wait for a worker, and are begun no more. */
		uint64_t running = r.under_way < r.workers ? r.under_way : r.workers;
		r.interrupted = signo;
		if (r.stage == INTERRUPT_NONE)
			begin_no_more();
		if (stage == INTERRUPT_DRAIN)
			message("no more jobs are started; waiting for %llu that run%s (once more ends them)",
			    (unsigned long long)running, running == 1 ? "s" : "");
		else if (stage == INTERRUPT_END)
			message("the running jobs get SIGTERM (once more kills them)");
		else
			message("the running jobs are killed");
		if (stage >= INTERRUPT_END)
			(void)forkpool_cancel(r.pool, stage == INTERRUPT_END ? FORKPOOL_CANCEL_RUNNING : FORKPOOL_CANCEL_KILL);
		r.stage = stage;
	}
	if (interrupts_stop_asked()) {
		progress_hide();
		interrupts_stop();
	}
	if (interrupts_continued())
		progress_lost();
	if (interrupts_winch())
		progress_stale();
	int by = interrupts_resize();
	if (by != 0) {
		int64_t to = (int64_t)r.workers + by;
		/* Each needs a channel. */
		unsigned most = jobserver_most(channels_count() > 0 ? channels_count() : WORKERS_MAX);
		unsigned wanted = to < 1 ? 1 : to > most ? most : (unsigned)to;
		if (wanted != r.workers && forkpool_resize(r.pool, wanted) == 0) {
			unsigned more = r.under_way_max - r.workers;
			r.workers = wanted;
			r.under_way_max = wanted + more;
			status_workers(wanted);
			jobserver_resize(wanted);
		}
	}
}

/* ------------------------------------------------------------------------------------------- loop */

static void
look_ahead(int64_t now, uint64_t done)
{
	if (now < r.look_ahead_ns || r.input_waits)
		return;
	r.look_ahead_ns = now + LOOK_AHEAD_EVERY;
	/* A run that takes more than that by itself is not to carry so many about. */
	if (done - r.looked_ahead_at < LOOK_AHEAD)
		feed_look_ahead(LOOK_AHEAD);
	r.looked_ahead_at = done;
}

static void
progress_look(int held)
{
	const struct tally *t = finish_tally();
	const int64_t now = clock_ns(CLOCK_MONOTONIC);
	uint64_t done = t->succeeded + t->failed;

	if (views_wanted()) {
		const struct run_now shown = run_now();
		views_update(&shown);
	}
	if (progress_is_on())
		look_ahead(now, done);
	/* What --resume passes over is no part of this run. */
	uint64_t total = feed_total(), passed = feed_passed_over();
	progress_output(!publisher_terminal_waits() ? OUTPUT_NONE : held ? OUTPUT_HELD : OUTPUT_HALF_OUT);
	progress_update(done, t->failed, total > passed ? total - passed : 0,
	    (unsigned)(r.under_way < r.workers ? r.under_way : r.workers), "", now);
}

static struct pollfd *
fds_reserve(size_t count)
{
	if (count > r.fds_room) {
		struct pollfd *larger = reallocarray(r.fds, count, sizeof *larger);
		if (larger == NULL)
			fail_memory();
		r.fds = larger;
		r.fds_room = count;
	}
	return r.fds;
}

/* Wait for whatever comes first, and give it to whom it concerns. */
static void
events_take(int64_t wait_ns)
{
	size_t pool_most = forkpool_pollfds(r.pool, NULL, 0);
	struct pollfd *fds = fds_reserve(pool_most + 2 * (size_t)channels_count() + PUBLISH_STREAMS + 2 +
	    jobserver_pollfds_most());
	size_t pool_count = forkpool_pollfds(r.pool, fds, pool_most);
	size_t channel_at = pool_count, n = channel_at + channels_pollfds(fds + channel_at), channel_end = n;
	int timeout = forkpool_timeout(r.pool);

	/* Where nobody reads any more it would be ready all the time. */
	n += r.said_closed ? 0 : publisher_pollfds(fds + n);
	fds[n++] = (struct pollfd){ .fd = interrupts_fd(), .events = POLLIN };
	if (r.input_waits && feed_fd() != -1)
		fds[n++] = (struct pollfd){ .fd = feed_fd(), .events = POLLIN };
	if (r.token_waits)
		n += jobserver_pollfds(fds + n);
	if (wait_ns > 0 && (timeout == -1 || wait_ns / 1000000 + 1 < timeout))
		timeout = (int)(wait_ns / 1000000 + 1);
	const int64_t now = clock_ns(CLOCK_MONOTONIC);
	const int also[] = {
		progress_timeout(now), views_timeout(now), finish_timeout(), r.token_waits ? -1 : jobserver_timeout(now),
	};
	for (size_t i = 0; i < sizeof also / sizeof also[0]; i++)
		if (also[i] != -1 && (timeout == -1 || also[i] < timeout))
			timeout = also[i];
	if (poll(fds, n, timeout) == -1) {
		if (errno != EINTR)
			fail_errno("cannot wait for jobs");
		return;
	}
	channels_read(fds + channel_at, channel_end - channel_at, finish_output);
	(void)forkpool_dispatch(r.pool, fds, pool_count);
}

/* Nobody reads any more: what every filter does then is to die of SIGPIPE. */
static void
output_closed(void)
{
	int error = errno;

	if (r.said_closed)
		return;
	r.said_closed = 1;
	begin_no_more();
	(void)forkpool_cancel(r.pool, FORKPOOL_CANCEL_KILL);
	finish_tally()->broken = 1;
	if (error == EPIPE) {
		r.interrupted = SIGPIPE;
	} else {
		errno = error;
		message_errno("cannot write to standard output");
	}
}

static void
loop(void)
{
	for (;;) {
		int64_t wait_ns = 0;
		interrupts_look();
		results_take();
		/* Whoever begins no more waits for none of what a job would need to begin. */
		r.input_waits = r.token_waits = 0;
		/* After the results: what they made room for is begun before there is a wait. */
		if (r.stage == INTERRUPT_NONE && !r.halting && !r.said_closed)
			jobs_begin(&wait_ns);
		if (!r.token_waits)
			jobserver_settle(clock_ns(CLOCK_MONOTONIC));
		finish_sync(0);
		int held = progress_is_fresh(clock_ns(CLOCK_MONOTONIC));
		publisher_hold(held);
		if (!r.said_closed && publisher_flush() == -1)
			output_closed();
		/* Something of ours may have gone wrong. */
		halt_look();
		progress_look(held);
		if (r.under_way == 0 && wait_ns == 0 && !r.input_waits &&
		    ((feed_is_over() && r.held == NULL) || r.stage != INTERRUPT_NONE || r.halting || r.said_closed))
			break;
		events_take(wait_ns);
	}
	finish_sync(1);
	if (!r.said_closed && publisher_finish() == -1)
		output_closed();
	if (!r.said_closed && r.replayed)
		finish_caught_up();
}

/*
 * Where something ends the tool while jobs run (fail(), exit() anywhere): they end before their tokens go back, so that
 * there are never more of them than tokens.
 */
static void
leave(void)
{
	if (getpid() != r.owner)
		return;
	if (r.pool != NULL) {
		(void)forkpool_cancel(r.pool, FORKPOOL_CANCEL_KILL);
		(void)forkpool_close(r.pool);
	}
	jobserver_close();
}

/* What was wrong with the input was said when it was met. */
static void
status_of_feed(int *status)
{
	int own = 0;

	if (feed_error(&own) != NULL && (*status == 0 || r.o->dialect == DIALECT_XARGS))
		*status = own;
}

int
run(const struct options *o)
{
	int found;

	r.o = o;
	r.held_end = &r.held;
	r.workers = o->workers;
	if (o->dry_run && o->plugin_file != NULL)
		return 0; /* make -n: there is no command to be shown */
	if (o->plugin_file != NULL)
		plugin_load(&r.plugin, o);
	feed_open(o, r.plugin.count, finish_skip);
	if (o->dry_run)
		return dry_run(o);
	if ((found = start_look(o)) != 0)
		return found;
	jobserver_open(o, &r.workers);
	r.workers = r.workers > WORKERS_MAX ? WORKERS_MAX : r.workers;
	r.owner = getpid();
	if (atexit(leave) != 0)
		fail_memory();
	/* Workers share a page with it. */
	r.journal = journal_open(o);
	struct start start = { .options = o, .plugin = &r.plugin, .workers = r.workers };
	start_pool(&start);
	r.pool = start.pool;
	r.workers = start.workers;
	r.apart = start.apart;
	r.under_way_max = start.under_way_max;
	publisher_open();
	records_open(o, r.journal);
	finish_open(o, r.journal);
	const struct run_began began = { .real_ns = clock_ns(CLOCK_REALTIME), .now_ns = clock_ns(CLOCK_MONOTONIC) };
	views_open(o, r.pool, &began);
	status_open(o, r.pool, r.workers, r.apart, finish_tally());
	progress_open(o);
	interrupts_open(progress_is_drawn());
	/* A closed output is an error to us.  Workers have these signals as they were: they were forked before. */
	(void)signal(SIGPIPE, SIG_IGN);

	loop();

	progress_close();
	status_close();
	int status = tally_status(finish_tally(), o);
	status_of_feed(&status);
	if (records_close() == -1 && status == 0)
		status = 1;
	const struct run_now now = run_now();
	const struct run_end end = { .tally = finish_tally(), .status = status, .interrupted = r.interrupted };
	if (views_close(&now, &end) == -1 && status == 0)
		status = 1;
	journal_close(r.journal);
	(void)forkpool_close(r.pool);
	r.pool = NULL;
	jobserver_close();
	channels_close();
	finish_close();
	feed_close();
	store_close();
	bytes_free(&r.args);
	bytes_free(&r.shown);
	free(r.fds);
	if (r.interrupted != 0)
		interrupts_die(r.interrupted);
	return status;
}
