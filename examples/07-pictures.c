/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Thumbnails of pictures from strangers: libpng, and code around it that has holes, in a sandbox.
 *
 *	./07-pictures FILE.png...
 *
 * A decoder is the code that hostile files are made for.  Here each picture is decoded in a process
 * of its own that has no file, no network and no other process, at most 64 MiB, a second of
 * processor time and five by the clock.  Whatever a picture does there costs its own line, and no
 * other.
 *
 * The caller reads the files and hands their bytes in as arguments.  The sandbox then needs no path
 * opened up at all, which is the strictest there is; large arguments are not copied into a job's
 * process but mapped; and reading bytes, unlike decoding them, is nothing to be afraid of.  Paths
 * for single jobs (.job_paths) are for what is too large to be read, or for programs that will have
 * nothing but a file name.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <forkpool.h>
#include <png.h>

#define MS             INT64_C(1000000)
#define MIB            (1024 * 1024)
#define FILE_MAX       (16 * MIB)
#define THUMBNAIL_SIDE 64u
#define CHANNELS       3u /* red, green, blue */

/* The reply: this, and then CHANNELS bytes for each pixel of the thumbnail. */
struct thumbnail {
	uint32_t of_width, of_height, width, height;
};

/* ----------------------------------------------------------------- in the job's process */

struct decoder {
	const unsigned char *at; /* of the file, what has not been read */
	size_t      left;
	char        error[200];
};

static void
bytes_read(png_structp png, png_bytep to, size_t len)
{
	struct decoder *d = png_get_io_ptr(png);

	if (len > d->left)
		png_error(png, "the file is cut off");
	memcpy(to, d->at, len);
	d->at += len;
	d->left -= len;
}

static void
on_error(png_structp png, png_const_charp message)
{
	struct decoder *d = png_get_error_ptr(png);

	snprintf(d->error, sizeof d->error, "%s", message);
	png_longjmp(png, 1);
}

static void
on_warning(png_structp png, png_const_charp message)
{
	(void)png;
	printf("%s\n", message); /* the caller has it in result->output */
}

/*
 * Four holes, such as decoders have had: this one obeys what the text in a picture says.  A program
 * of this kind has some more that nobody knows of; that is what the sandbox is for.
 */
static void
text_obey(const char *key, const char *text)
{
	static volatile unsigned rated[6];
	long number = strtol(text, NULL, 10);

	if (strcmp(key, "Rating") == 0)
		rated[number]++;                        /* has no bounds */
	else if (strcmp(key, "Step") == 0)
		for (volatile long at = 0; at < 100;)   /* has no end where the step is 0 */
			at += number;
	else if (strcmp(key, "Delay") == 0)
		sleep((unsigned)number);                /* keeps others waiting */
	else if (strcmp(key, "Profile") == 0)
		(void)socket(AF_INET, SOCK_STREAM, 0);  /* goes where the picture says */
}

/* Each pixel of the thumbnail is the mean of those that it stands for. */
static void
scale(unsigned char *to, const struct thumbnail *t, const unsigned char *from)
{
	for (uint32_t y = 0; y < t->height; y++)
		for (uint32_t x = 0; x < t->width; x++)
			for (uint32_t c = 0; c < CHANNELS; c++) {
				uint64_t sum = 0, n = 0;
				size_t y0 = (size_t)y * t->of_height / t->height;
				size_t y1 = (size_t)(y + 1) * t->of_height / t->height;
				size_t x0 = (size_t)x * t->of_width / t->width;
				size_t x1 = (size_t)(x + 1) * t->of_width / t->width;
				for (size_t v = y0; v < y1; v++)
					for (size_t u = x0; u < x1; u++, n++)
						sum += from[(v * t->of_width + u) * CHANNELS + c];
				*to++ = (unsigned char)(sum / n);
			}
}

static void
size_choose(struct thumbnail *t, uint32_t width, uint32_t height)
{
	uint64_t longer = width > height ? width : height;
	uint64_t side = longer < THUMBNAIL_SIDE ? longer : THUMBNAIL_SIDE;

	*t = (struct thumbnail){ width, height, (uint32_t)(width * side / longer),
		(uint32_t)(height * side / longer) };
	t->width += t->width == 0;
	t->height += t->height == 0;
}

/* Read the whole picture as RGB: *pixels.  What libpng finds wrong does not return. */
static int
picture_read(png_structp png, png_infop info, struct thumbnail *t, unsigned char **pixels)
{
	png_textp texts;
	int n = 0;

	png_read_info(png, info);
	size_choose(t, png_get_image_width(png, info), png_get_image_height(png, info));
	png_get_text(png, info, &texts, &n);
	for (int i = 0; i < n; i++)
		text_obey(texts[i].key, texts[i].text);
	png_set_expand(png);
	png_set_scale_16(png);
	png_set_gray_to_rgb(png);
	png_set_strip_alpha(png);
	(void)png_set_interlace_handling(png);
	png_read_update_info(png, info);

	size_t row = (size_t)t->of_width * CHANNELS;
	if (png_get_rowbytes(png, info) != row || t->of_height > SIZE_MAX / row)
		return EOVERFLOW;
	unsigned char *all = malloc(row * t->of_height);
	unsigned char **rows = calloc(t->of_height, sizeof *rows);
	if (all == NULL || rows == NULL)
		return ENOMEM; /* which ends the job as over its limit on memory */
	for (uint32_t y = 0; y < t->of_height; y++)
		rows[y] = all + y * row;
	png_read_image(png, rows);
	png_read_end(png, NULL);
	*pixels = all;
	return 0;
}

/* The job.  It frees nothing: its process ends with it. */
static int
thumbnail_make(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct decoder d = { .at = args, .left = args_len };
	struct thumbnail t = { 0, 0, 0, 0 };
	unsigned char *pixels = NULL, small[THUMBNAIL_SIDE * THUMBNAIL_SIDE * CHANNELS];

	png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &d, on_error, on_warning);
	png_infop info = png != NULL ? png_create_info_struct(png) : NULL;
	if (info == NULL)
		return ENOMEM;
	if (setjmp(png_jmpbuf(png)) != 0)
		return forkpool_fail(context, EBADMSG, "%s", d.error);
	png_set_read_fn(png, &d, bytes_read);
	int error = picture_read(png, info, &t, &pixels);
	if (error != 0)
		return error;
	scale(small, &t, pixels);
	if (forkpool_reply(context, &t, sizeof t) != 0)
		return errno;
	return forkpool_reply(context, small, (size_t)t.width * t.height * CHANNELS);
}

/* ---------------------------------------------------------------------------- in the caller */

struct work {
	char       **names;  /* up to a NULL */
	void        *bytes;  /* of the file handed in last */
	int          unread; /* files that could not be read */
};

/* A whole regular file in memory, or NULL: errno. */
static void *
file_read(const char *name, size_t *len)
{
	/* Nobody waits at a FIFO for one who does not come. */
	int fd = open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	char *bytes = NULL;

	*len = 0;
	if (fd == -1)
		return NULL;
	if (fstat(fd, &st) == 0) {
		errno = !S_ISREG(st.st_mode) ? EINVAL : st.st_size > FILE_MAX ? EFBIG : 0;
		if (errno == 0 && (bytes = malloc((size_t)st.st_size + 1)) != NULL) {
			ssize_t got;
			while (*len < (size_t)st.st_size &&
			    (got = read(fd, bytes + *len, (size_t)st.st_size - *len)) > 0)
				*len += (size_t)got;
		}
	}
	close(fd);
	return bytes;
}

/* The generator.  What cannot be read is said at once. */
static int
next_picture(struct forkpool_job *job, void *arg)
{
	struct work *work = arg;

	for (; *work->names != NULL; work->names++) {
		free(work->bytes);
		work->bytes = file_read(*work->names, &job->args_len);
		if (work->bytes == NULL) {
			fprintf(stderr, "%s: %s\n", *work->names, strerror(errno));
			work->unread++;
			continue;
		}
		job->fn = thumbnail_make;
		job->args = work->bytes;
		job->user = *work->names++;
		return 1;
	}
	return 0;
}

/* The job may be anybody's by now: believe nothing of its reply that has not been looked at. */
static const unsigned char *
reply_check(const struct forkpool_result *r, struct thumbnail *t)
{
	if (r->value_len < sizeof *t)
		return NULL;
	memcpy(t, r->value, sizeof *t);
	if (t->width == 0 || t->width > THUMBNAIL_SIDE || t->height == 0 ||
	    t->height > THUMBNAIL_SIDE ||
	    r->value_len != sizeof *t + (size_t)t->width * t->height * CHANNELS)
		return NULL;
	return (const unsigned char *)r->value + sizeof *t;
}

/* Which of the two clocks ends a job that computes without end depends on what else the machine has
   to do. */
static int
took_too_long(const struct forkpool_result *r)
{
	return r->outcome == FORKPOOL_TIMED_OUT ||
	    (r->outcome == FORKPOOL_OVER_LIMIT && r->limit == FORKPOOL_LIMIT_CPU);
}

/* The consumer: a line for each picture. */
static int
verdict_print(const struct forkpool_result *r, void *arg)
{
	const char *slash = strrchr(r->user, '/');
	struct thumbnail t;

	(void)arg;
	/* A denied job's message is "denied: " and the call; where it was made stands behind. */
	const char *where = r->outcome == FORKPOOL_DENIED ? strstr(r->message, " in ") : NULL;
	printf("%-14s ", slash != NULL ? slash + 1 : (const char *)r->user);
	if (r->outcome == FORKPOOL_DENIED)
		printf("%.*s", where != NULL ? (int)(where - r->message) : 99, r->message);
	else if (took_too_long(r))
		printf("took too long");
	else
		printf("%s", forkpool_outcome_name(r->outcome));
	if (r->outcome == FORKPOOL_OK) {
		const unsigned char *pixels = reply_check(r, &t);
		uint32_t sum = 2166136261u;
		for (size_t i = 0; pixels != NULL && i < r->value_len - sizeof t; i++)
			sum = (sum ^ pixels[i]) * 16777619u;
		if (pixels == NULL)
			printf(", but its reply is no thumbnail");
		else
			printf(", %ux%u, thumbnail %ux%u, sum %08x", t.of_width, t.of_height,
			    t.width, t.height, sum);
	} else if (r->outcome == FORKPOOL_OVER_LIMIT && !took_too_long(r)) {
		printf(", %s", forkpool_limit_name(r->limit));
	} else if (r->outcome == FORKPOOL_CRASHED) {
		printf(", signal %d", r->signal);
	} else if (r->outcome != FORKPOOL_DENIED && !took_too_long(r)) {
		printf(": %s", r->message);
	}
	if (r->output_len > 0)
		printf("; said: %.*s", (int)strcspn(r->output, "\n"), r->output);
	printf("\n");
	return 0;
}

int
main(int argc, char **argv)
{
	struct forkpool_options options = {
		.ordered = 1,
		.isolation = FORKPOOL_ISOLATE_SANDBOX, /* and no .sandbox: nothing opened up */
		.output = FORKPOOL_OUTPUT_CAPTURE,
		/* Processor time for what computes too long, the clock for what waits. */
		.timeout_ns = 5000 * MS,
		.limits = { .memory = 64 * MIB, .cpu_ns = 1000 * MS, .output = 4096 },
		.max_value_len = 64 * 1024,
	};
	struct work work = { .names = argv + 1 };
	char error[256];

	if (argc < 2) {
		fprintf(stderr, "usage: %s FILE.png...\nmake-pictures DIRECTORY makes some\n",
		    argv[0]);
		return 1;
	}
	struct forkpool *pool = forkpool_open(&options, error, sizeof error);
	if (pool == NULL) {
		fprintf(stderr, "no sandbox: %s\n", error);
		return errno == ENOTSUP ? 2 : 1;
	}
	int status = forkpool_run(pool, next_picture, &work, verdict_print, NULL);
	if (status == -1)
		perror("forkpool_run");
	free(work.bytes);
	return forkpool_close(pool) == 0 && status == 0 && work.unread == 0 ? 0 : 1;
}
