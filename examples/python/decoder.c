/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decoder - a decoder of pictures as a job function, for pictures.py.
 *
 * It decodes good pictures rightly, and is not made for the pictures of strangers, like much old
 * code.  It trusts the size that a picture claims, does not check whether a run fits, loops for
 * ever if a run has no length, and calls exit() if the input is not a picture.  These bugs are the
 * example: do not copy them.
 *
 * A picture is "RLP1", width and height (32 bits, the lowest byte first), and runs.  A run is a
 * byte for the colour, then the length, seven bits a byte, the lowest first; the eighth bit is set
 * if another byte follows.  A run of length 0 repeats the runs before it.
 *
 * The process is forked from one with threads: forkpool(7), OTHER LANGUAGES, says what a job
 * function may use there.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <forkpool_plugin.h>

FORKPOOL_PLUGIN;

struct input { const unsigned char *at, *end; };

static uint32_t
fixed(struct input *in)
{
	uint32_t number = 0;

	for (unsigned i = 0; i < 4; i++)
		number |= (uint32_t)*in->at++ << 8 * i;
	return number;
}

/* Returns the length of a run, or -1 if the input ends within it. */
static int64_t
length(struct input *in)
{
	uint64_t number = 0;

	for (unsigned shift = 0; in->at < in->end && shift < 63; shift += 7) {
		unsigned char byte = *in->at++;
		number |= (uint64_t)(byte & 0x7f) << shift;
		if ((byte & 0x80) == 0)
			return (int64_t)number;
	}
	return -1;
}

FORKPOOL_EXPORT int
decode(struct forkpool_context *context, const void *args, size_t args_len)
{
	struct input in = { args, (const unsigned char *)args + args_len };

	if (args_len < 12 || memcmp(args, "RLP1", 4) != 0) {
		fprintf(stderr, "not a picture\n");
		exit(1);
	}
	in.at += 4;
	size_t width = fixed(&in), height = fixed(&in), size = width * height, filled = 0;
	unsigned char *pixel = calloc(size + 1, 1);
	if (pixel == NULL)
		return ENOMEM;
	const unsigned char *runs = in.at;
	while (filled < size) {
		unsigned char colour = in.at < in.end ? *in.at++ : 0;
		int64_t run = length(&in);
		if (run == -1) {
			free(pixel);
			return forkpool_fail(context, EINVAL, "ends after %zu of %zu pixels",
			    filled, size);
		}
		if (run == 0) {
			in.at = runs;
			continue;
		}
		/* Write both ends of the run first: this crashes if the run does not fit. */
		pixel[filled] = pixel[filled + (size_t)run - 1] = colour;
		memset(pixel + filled, colour, (size_t)run);
		filled += (size_t)run;
	}
	if (in.at < in.end)
		fprintf(stderr, "%zu bytes behind the picture\n", (size_t)(in.end - in.at));
	int error = forkpool_reply(context, pixel, size);
	free(pixel);
	return error;
}
