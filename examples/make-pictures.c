/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Makes the pictures for 07-pictures: sound ones, damaged ones, and ones that find its holes.
 *
 *	./make-pictures DIRECTORY
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <png.h>

#define HEAD     33u /* bytes: the signature, 8, and the chunk IHDR, 12 and 13 */
#define WIDTH_AT 16u
#define CRC_AT   29u

static const char *directory;

/* As PNG has it: of a chunk's type and data. */
static uint32_t
crc_of(const unsigned char *bytes, size_t len)
{
	uint32_t crc = 0xffffffffu;

	for (size_t i = 0; i < len; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

static void
number_put(unsigned char *to, uint32_t n)
{
	for (int i = 0; i < 4; i++)
		to[i] = (unsigned char)(n >> (24 - 8 * i));
}

/* A file of two pieces. */
static void
file_write(const char *name, const void *one, size_t one_len, const void *two, size_t two_len)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/%s", directory, name);
	FILE *file = fopen(path, "wb");
	if (file == NULL || fwrite(one, 1, one_len, file) != one_len ||
	    fwrite(two, 1, two_len, file) != two_len || fclose(file) != 0) {
		perror(path);
		exit(1);
	}
}

/* A picture with colours that run; to be freed. */
static unsigned char *
picture_make(uint32_t width, uint32_t height, size_t *len)
{
	png_image image = { .version = PNG_IMAGE_VERSION, .width = width, .height = height,
		.format = PNG_FORMAT_RGB };
	unsigned char *pixels = malloc((size_t)width * height * 3), *file;
	png_alloc_size_t size = (png_alloc_size_t)width * height * 4 + 4096;

	if (pixels == NULL || (file = malloc(size)) == NULL)
		exit(1);
	for (size_t y = 0; y < height; y++)
		for (size_t x = 0; x < width; x++) {
			unsigned char *p = pixels + (y * width + x) * 3;
			p[0] = (unsigned char)(x * 255 / width);
			p[1] = (unsigned char)(y * 255 / height);
			p[2] = (unsigned char)((x ^ y) & 255);
		}
	if (!png_image_write_to_memory(&image, file, &size, 0, pixels, 0, NULL)) {
		fprintf(stderr, "libpng: %s\n", image.message);
		exit(1);
	}
	free(pixels);
	*len = size;
	return file;
}

/* The picture with a text chunk; damage: the chunk's checksum is wrong. */
static void
text_write(const char *name, const unsigned char *picture, size_t len, const char *key,
    const char *text, int damage)
{
	unsigned char file[HEAD + 256];
	size_t key_len = strlen(key), n = key_len + 1 + strlen(text);

	memcpy(file, picture, HEAD);
	number_put(file + HEAD, (uint32_t)n);
	memcpy(file + HEAD + 4, "tEXt", 4);
	memcpy(file + HEAD + 8, key, key_len + 1);
	memcpy(file + HEAD + 8 + key_len + 1, text, strlen(text));
	number_put(file + HEAD + 8 + n, crc_of(file + HEAD + 4, 4 + n) ^ (damage ? 1 : 0));
	file_write(name, file, HEAD + 12 + n, picture + HEAD, len - HEAD);
}

int
main(int argc, char **argv)
{
	size_t len;

	if (argc != 2) {
		fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
		return 1;
	}
	directory = argv[1];
	(void)mkdir(directory, 0777); /* it may be there */

	unsigned char *large = picture_make(640, 480, &len);
	file_write("sound.png", large, len, "", 0);
	file_write("cut-off.png", large, len / 2, "", 0);
	large[len - 16] ^= 1; /* the checksum of the pixels, before the chunk IEND */
	file_write("damaged.png", large, len, "", 0);
	free(large);

	unsigned char *small = picture_make(48, 64, &len);
	file_write("no-picture.png", "no picture\n", 11, "", 0);
	text_write("odd-text.png", small, len, "Title", "A picture", 1);
	text_write("titled.png", small, len, "Title", "A picture", 0);
	text_write("rated.png", small, len, "Rating", "1099511627776", 0);
	text_write("stepped.png", small, len, "Step", "0", 0);
	text_write("delayed.png", small, len, "Delay", "3600", 0);
	text_write("profiled.png", small, len, "Profile", "http://example.org/profile", 0);
	/* A few kilobytes that say that they are two gigabytes of pixels. */
	number_put(small + WIDTH_AT, 30000);
	number_put(small + WIDTH_AT + 4, 24000);
	number_put(small + CRC_AT, crc_of(small + 12, 17));
	file_write("bomb.png", small, len, "", 0);
	free(small);
	return 0;
}
