/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of gzip, and of zstd without a table: they are unpacked from the beginning, and again from the beginning for what lies before.
 * Readers that go through a file in order pay once.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "cleanup.h"
#include "file_source_ops.h"

#define INPUT_BYTES ((size_t)256 << 10)
#define GZIP_OR_ZLIB 32 /* added to the window's size: zlib looks for the header itself */

struct stream {
	struct hs_file_source source;
	int fd;
	bool is_gzip;
	bool is_broken;      /* and will not go on */
	pthread_mutex_t lock;
	uint64_t position;   /* unpacked bytes so far */
	uint64_t file_offset;
	uint8_t *input;      /* INPUT_BYTES of room */
	size_t input_at, input_end;
	z_stream zlib;
	ZSTD_DStream *zstd;
	bool is_within;      /* a member or frame: the file must not end here */
};

static struct hs_error *fill_input(struct stream *stream)
{
	if (stream->input_at < stream->input_end)
		return NULL;
	stream->input_at = 0;
	HS_TRY(hs_file_read_at(stream->fd, stream->file_offset, stream->input, INPUT_BYTES, &stream->input_end));
	stream->file_offset += stream->input_end;
	return NULL;
}

static struct hs_error *damaged(struct stream *stream)
{
	stream->is_broken = true;
	return hs_error_new(HS_ERROR_BAD_DATA, "the packed file is damaged near byte %llu",
			    (unsigned long long)(stream->file_offset - stream->input_end + stream->input_at));
}

/* Members may follow one another; behind the last one, padding is allowed to. */
static struct hs_error *step_gzip(struct stream *stream, uint8_t *ret, size_t room, size_t *ret_bytes)
{
	z_stream *zlib = &stream->zlib;

	zlib->next_in = stream->input + stream->input_at;
	zlib->avail_in = (uInt)(stream->input_end - stream->input_at);
	zlib->next_out = ret;
	zlib->avail_out = room < UINT32_MAX ? (uInt)room : UINT32_MAX;
	uInt before = zlib->avail_out;
	int status = inflate(zlib, Z_NO_FLUSH);
	stream->input_at = stream->input_end - zlib->avail_in;
	*ret_bytes = before - zlib->avail_out;
	stream->is_within = status != Z_STREAM_END;
	if (status == Z_STREAM_END && inflateReset(zlib) == Z_OK)
		return NULL;
	return status == Z_OK || status == Z_BUF_ERROR ? NULL : damaged(stream);
}

static struct hs_error *step_zstd(struct stream *stream, uint8_t *ret, size_t room, size_t *ret_bytes)
{
	ZSTD_inBuffer in = { stream->input, stream->input_end, stream->input_at };
	ZSTD_outBuffer out = { ret, room, 0 };
	size_t status = ZSTD_decompressStream(stream->zstd, &out, &in);

	stream->input_at = in.pos;
	*ret_bytes = out.pos;
	stream->is_within = status != 0;
	return ZSTD_isError(status) ? damaged(stream) : NULL;
}

/* Unpacks the next bytes, at most `room`; none are left when *ret_bytes is 0. A file that is cut short ends where it ends. */
static struct hs_error *unpack(struct stream *stream, uint8_t *ret, size_t room, size_t *ret_bytes)
{
	*ret_bytes = 0;
	while (!*ret_bytes) {
		bool had_output_pending = stream->is_within;
		HS_TRY(fill_input(stream));
		bool is_end = stream->input_at == stream->input_end;
		if (is_end && !had_output_pending)
			return NULL;
		/* zeros behind the last member of gzip */
		if (stream->is_gzip && !stream->is_within && stream->position && !stream->input[stream->input_at]) {
			stream->input_at++;
			continue;
		}
		HS_TRY(stream->is_gzip ? step_gzip(stream, ret, room, ret_bytes) : step_zstd(stream, ret, room, ret_bytes));
		if (is_end && !*ret_bytes)
			return NULL;
	}
	stream->position += *ret_bytes;
	return NULL;
}

static struct hs_error *rewind_stream(struct stream *stream)
{
	stream->position = stream->file_offset = 0;
	stream->input_at = stream->input_end = 0;
	stream->is_broken = stream->is_within = false;
	if (stream->is_gzip ? inflateReset(&stream->zlib) != Z_OK : ZSTD_isError(ZSTD_initDStream(stream->zstd)))
		return hs_error_no_memory();
	return NULL;
}

static struct hs_error *skip_to(struct stream *stream, uint64_t offset)
{
	const size_t room = INPUT_BYTES;
	HS_FREE uint8_t *unwanted = stream->position < offset ? malloc(room) : NULL;
	size_t n;

	if (stream->position < offset && !unwanted)
		return hs_error_no_memory();
	while (stream->position < offset) {
		uint64_t rest = offset - stream->position;
		HS_TRY(unpack(stream, unwanted, rest < room ? (size_t)rest : room, &n));
		if (!n)
			return NULL;
	}
	return NULL;
}

static struct hs_error *read_locked(struct stream *stream, uint64_t offset, uint8_t *ret, size_t bytes, size_t *ret_bytes)
{
	size_t done = 0, n = 1;

	if (offset < stream->position || stream->is_broken)
		HS_TRY(rewind_stream(stream));
	HS_TRY(skip_to(stream, offset));
	while (stream->position == offset + done && done < bytes && n) {
		HS_TRY(unpack(stream, ret + done, bytes - done, &n));
		done += n;
	}
	*ret_bytes = done;
	return NULL;
}

static struct hs_error *read_stream(struct hs_file_source *source, uint64_t offset, void *ret, size_t bytes, size_t *ret_bytes)
{
	struct stream *stream = (struct stream *)source;

	pthread_mutex_lock(&stream->lock);
	struct hs_error *error = read_locked(stream, offset, ret, bytes, ret_bytes);
	pthread_mutex_unlock(&stream->lock);
	return error;
}

static void close_stream(struct hs_file_source *source)
{
	struct stream *stream = (struct stream *)source;

	if (stream->is_gzip)
		inflateEnd(&stream->zlib);
	ZSTD_freeDStream(stream->zstd);
	free(stream->input);
	pthread_mutex_destroy(&stream->lock);
	if (stream->fd >= 0)
		close(stream->fd);
}

static const struct hs_file_source_ops stream_ops = { .read = read_stream, .close = close_stream, .is_sequential = true };

struct hs_error *hs_file_source_open_stream(int fd, bool is_gzip, struct hs_file_source **ret)
{
	struct stream *stream = calloc(1, sizeof(*stream));

	if (!stream)
		return hs_error_no_memory();
	stream->source.ops = &stream_ops;
	stream->source.bytes = HS_FILE_BYTES_UNKNOWN;
	stream->is_gzip = is_gzip;
	stream->fd = -1; /* the caller's still */
	pthread_mutex_init(&stream->lock, NULL);
	stream->input = malloc(INPUT_BYTES);
	stream->zstd = is_gzip ? NULL : ZSTD_createDStream();
	bool is_made = is_gzip ? inflateInit2(&stream->zlib, MAX_WBITS + GZIP_OR_ZLIB) == Z_OK : stream->zstd != NULL;
	if (!stream->input || !is_made) {
		stream->is_gzip &= is_made;
		hs_file_source_close(&stream->source);
		return hs_error_no_memory();
	}
	stream->fd = fd;
	*ret = &stream->source;
	return NULL;
}
