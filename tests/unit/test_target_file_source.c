/* SPDX-License-Identifier: Apache-2.0 */
/* Packed files: any byte can be read, in any order; what is damaged or cut short is told. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

#include "file_source.h"

enum { N_BYTES = 300000, FRAME_BYTES = 65536, ROOM = 500000 };

static char path[] = "/tmp/heapspy-source-XXXXXX";
static uint8_t plain[N_BYTES];

struct packed {
	uint8_t bytes[ROOM];
	size_t n;
};

static int make_plain(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	for (size_t i = 0; i < N_BYTES; i++)
		plain[i] = (uint8_t)(i * i >> 7 ^ i / 1000);
	return 0;
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static void append(struct packed *packed, const void *bytes, size_t n)
{
	assert_true(packed->n + n <= ROOM);
	memcpy(packed->bytes + packed->n, bytes, n);
	packed->n += n;
}

/* Two members, as "cat a.gz b.gz" makes them. */
static void pack_gzip(struct packed *packed)
{
	for (size_t i = 0; i < 2; i++) {
		z_stream stream = { 0 };
		assert_int_equal(deflateInit2(&stream, 1, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
		stream.next_in = plain + i * N_BYTES / 2;
		stream.avail_in = N_BYTES / 2;
		stream.next_out = packed->bytes + packed->n;
		stream.avail_out = (uInt)(ROOM - packed->n);
		assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
		packed->n = ROOM - stream.avail_out;
		deflateEnd(&stream);
	}
}

static void pack_frames(struct packed *packed, bool with_table)
{
	uint32_t table[2 * (N_BYTES / FRAME_BYTES + 1)], n = 0;
	const uint32_t magic = 0x8F92EAB1u;

	for (size_t at = 0; at < N_BYTES; at += FRAME_BYTES) {
		size_t bytes = N_BYTES - at < FRAME_BYTES ? N_BYTES - at : FRAME_BYTES;
		size_t packed_bytes = ZSTD_compress(packed->bytes + packed->n, ROOM - packed->n, plain + at, bytes, 1);
		assert_false(ZSTD_isError(packed_bytes));
		packed->n += packed_bytes;
		table[2 * n] = (uint32_t)packed_bytes;
		table[2 * n++ + 1] = (uint32_t)bytes;
	}
	if (!with_table)
		return;
	const uint32_t head[2] = { 0x184D2A5Eu, 8 * n + 9 };
	append(packed, head, sizeof(head));
	append(packed, table, 8 * n);
	append(packed, &n, sizeof(n));
	append(packed, "", 1);
	append(packed, &magic, sizeof(magic));
}

static void pack_stream(struct packed *packed)
{
	pack_frames(packed, false);
}

static void pack_table(struct packed *packed)
{
	pack_frames(packed, true);
}

static void pack_nothing(struct packed *packed)
{
	append(packed, plain, N_BYTES);
}

static void (*const ways[])(struct packed *) = { pack_nothing, pack_gzip, pack_stream, pack_table };
enum { N_WAYS = sizeof(ways) / sizeof(ways[0]) };

static struct hs_error *open_packed(const struct packed *packed, size_t n, struct hs_file_source **ret)
{
	int fd = open(path, O_WRONLY | O_TRUNC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, packed->bytes, n), n);
	close(fd);
	return hs_file_source_open(path, ret);
}

static struct packed *pack(size_t way)
{
	struct packed *packed = calloc(1, sizeof(*packed));

	ways[way](packed);
	return packed;
}

static void any_byte_can_be_read(void **state)
{
	static const struct {
		uint64_t offset;
		size_t bytes, there;
	} reads[] = {
		{ 0, 100, 100 },                                 { 200000, 100000, 100000 }, { 5, 1, 1 },
		{ FRAME_BYTES - 1, 2, 2 },                       { 0, N_BYTES, N_BYTES },    { N_BYTES - 10, 100, 10 },
		{ FRAME_BYTES, FRAME_BYTES, FRAME_BYTES },       { N_BYTES, 1, 0 },          { (uint64_t)1 << 40, 1, 0 },
		{ N_BYTES / 2 - 1, 2, 2 },                       { 7, 0, 0 },
	};
	uint8_t *got = malloc(N_BYTES);

	(void)state;
	for (size_t way = 0; way < N_WAYS; way++) {
		struct hs_file_source *source = NULL;
		struct packed *packed = pack(way);
		assert_null(open_packed(packed, packed->n, &source));
		for (size_t i = 0; i < sizeof(reads) / sizeof(reads[0]); i++) {
			size_t n = SIZE_MAX;
			assert_null(hs_file_source_read(source, reads[i].offset, got, reads[i].bytes, &n));
			assert_int_equal(n, reads[i].there);
			if (n)
				assert_memory_equal(got, plain + reads[i].offset, n);
		}
		assert_true(hs_file_source_bytes(source) == N_BYTES || hs_file_source_is_sequential(source));
		assert_true(hs_file_source_time(source) > 0);
		hs_file_source_close(source);
		free(packed);
	}
	free(got);
}

/* Whatever is cut off: an error, or the bytes up to there. */
static void what_is_cut_short_ends_there(void **state)
{
	uint8_t *got = malloc(N_BYTES);

	(void)state;
	for (size_t way = 0; way < N_WAYS; way++) {
		struct packed *packed = pack(way);
		for (size_t cut = 0; cut < packed->n; cut += packed->n / 40 + 1) {
			struct hs_file_source *source = NULL;
			size_t n = 0;
			struct hs_error *error = open_packed(packed, cut, &source);
			if (!error)
				error = hs_file_source_read(source, 0, got, N_BYTES, &n);
			assert_true(error || n < N_BYTES);
			if (!error && hs_file_source_is_sequential(source))
				assert_memory_equal(got, plain, n);
			hs_error_destroy(error);
			hs_file_source_close(source);
		}
		free(packed);
	}
	free(got);
}

/* gzip and the table's frames have checksums or lengths; bytes that are not what they were are seldom taken for good. */
static void damage_does_no_harm(void **state)
{
	uint8_t *got = malloc(N_BYTES);

	(void)state;
	for (size_t way = 1; way < N_WAYS; way++) {
		struct packed *packed = pack(way);
		for (size_t at = 0; at < packed->n; at += packed->n / 150 + 1) {
			struct hs_file_source *source = NULL;
			size_t n = 0;
			packed->bytes[at] ^= 0x55;
			struct hs_error *error = open_packed(packed, packed->n, &source);
			if (!error)
				error = hs_file_source_read(source, 0, got, N_BYTES, &n);
			if (error)
				assert_int_equal(error->code, HS_ERROR_BAD_DATA);
			hs_error_destroy(error);
			hs_file_source_close(source);
			packed->bytes[at] ^= 0x55;
		}
		free(packed);
	}
	free(got);
}

static void what_must_be_there_is_named(void **state)
{
	struct hs_file_source *source = NULL;
	uint8_t got[16];

	(void)state;
	assert_null(hs_file_source_of_memory(plain, 10, &source));
	assert_null(hs_file_source_read_all(source, 0, got, 10, "the thing"));
	struct hs_error *error = hs_file_source_read_all(source, 4, got, 10, "the thing");
	assert_non_null(error);
	assert_int_equal(error->code, HS_ERROR_BAD_DATA);
	assert_non_null(strstr(error->message, "within the thing, at byte 10"));
	hs_error_destroy(error);
	hs_file_source_close(source);
	error = hs_file_source_open("/tmp", &source);
	assert_non_null(error);
	assert_non_null(strstr(error->message, "no regular file"));
	hs_error_destroy(error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_byte_can_be_read),
		cmocka_unit_test(what_is_cut_short_ends_there),
		cmocka_unit_test(damage_does_no_harm),
		cmocka_unit_test(what_must_be_there_is_named),
	};
	return cmocka_run_group_tests(tests, make_plain, remove_file);
}
