/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of zstd in independent frames with a table of their lengths at the end (contrib/seekable_format of zstd): any byte is a frame
 * away. Lengths are the file's: sums are checked, and no frame is unpacked into more memory than a chunk of a snapshot could need.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "array.h"
#include "cleanup.h"
#include "file_source_ops.h"

#define TABLE_FRAME_MAGIC 0x184D2A5Eu
#define TABLE_MAGIC 0x8F92EAB1u
#define HAS_CHECKSUMS 0x80u
#define FOOTER_BYTES 9
#define HEAD_BYTES 8
#define MAX_FRAMES 0x8000000u
#define MAX_FRAME_BYTES ((uint32_t)256 << 20)

struct frame {
	uint64_t packed_offset, offset; /* in the file; of its first byte unpacked */
	uint32_t packed_bytes, bytes;
};

struct frames {
	struct hs_file_source source;
	int fd;
	HS_ARRAY(struct frame) frames;
	pthread_mutex_t lock; /* of `idle` */
	HS_ARRAY(ZSTD_DCtx *) idle; /* decoders that no thread uses just now */
};

static ZSTD_DCtx *take_decoder(struct frames *frames)
{
	ZSTD_DCtx *decoder = NULL;

	pthread_mutex_lock(&frames->lock);
	if (frames->idle.n)
		decoder = frames->idle.items[--frames->idle.n];
	pthread_mutex_unlock(&frames->lock);
	return decoder ? decoder : ZSTD_createDCtx();
}

static void give_decoder(struct frames *frames, ZSTD_DCtx *decoder)
{
	pthread_mutex_lock(&frames->lock);
	ZSTD_DCtx **slot = hs_array_append(&frames->idle);
	if (slot)
		*slot = decoder;
	pthread_mutex_unlock(&frames->lock);
	if (!slot)
		ZSTD_freeDCtx(decoder);
}

static struct hs_error *damaged(const struct frame *frame)
{
	return hs_error_new(HS_ERROR_BAD_DATA, "the packed file is damaged: the frame at byte %llu cannot be unpacked",
			    (unsigned long long)frame->packed_offset);
}

/* The whole of a frame into `ret`, which has room for it. */
static struct hs_error *unpack(struct frames *frames, const struct frame *frame, uint8_t *ret)
{
	HS_FREE uint8_t *packed = malloc(frame->packed_bytes + 1);
	size_t n = 0;

	if (!packed)
		return hs_error_no_memory();
	HS_TRY(hs_file_read_at(frames->fd, frame->packed_offset, packed, frame->packed_bytes, &n));
	ZSTD_DCtx *decoder = take_decoder(frames);
	if (!decoder)
		return hs_error_no_memory();
	size_t bytes = n == frame->packed_bytes ? ZSTD_decompressDCtx(decoder, ret, frame->bytes, packed, n) : 0;
	give_decoder(frames, decoder);
	return !ZSTD_isError(bytes) && bytes == frame->bytes ? NULL : damaged(frame);
}

static size_t find_frame(const struct frames *frames, uint64_t offset)
{
	size_t low = 0, high = frames->frames.n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (frames->frames.items[middle].offset + frames->frames.items[middle].bytes > offset)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static struct hs_error *read_part(struct frames *frames, const struct frame *frame, size_t skip, uint8_t *ret, size_t bytes)
{
	if (bytes == frame->bytes)
		return unpack(frames, frame, ret);
	HS_FREE uint8_t *whole = malloc(frame->bytes + 1);
	if (!whole)
		return hs_error_no_memory();
	HS_TRY(unpack(frames, frame, whole));
	memcpy(ret, whole + skip, bytes);
	return NULL;
}

static struct hs_error *read_frames(struct hs_file_source *source, uint64_t offset, void *ret, size_t bytes, size_t *ret_bytes)
{
	struct frames *frames = (struct frames *)source;
	size_t done = 0;

	for (size_t i = find_frame(frames, offset); done < bytes && i < frames->frames.n; i++) {
		const struct frame *frame = &frames->frames.items[i];
		size_t skip = offset + done - frame->offset, rest = frame->bytes - skip, n = rest < bytes - done ? rest : bytes - done;
		HS_TRY(read_part(frames, frame, skip, (uint8_t *)ret + done, n));
		done += n;
	}
	*ret_bytes = done;
	return NULL;
}

static void close_frames(struct hs_file_source *source)
{
	struct frames *frames = (struct frames *)source;

	for (size_t i = 0; i < frames->idle.n; i++)
		ZSTD_freeDCtx(frames->idle.items[i]);
	hs_array_free(&frames->idle);
	hs_array_free(&frames->frames);
	pthread_mutex_destroy(&frames->lock);
	if (frames->fd >= 0)
		close(frames->fd);
}

static const struct hs_file_source_ops frames_ops = { .read = read_frames, .close = close_frames };

/* The table's entries, of `entry_bytes` each; frames lie without gaps from the file's first byte to the table. */
static struct hs_error *take_frames(struct frames *frames, const uint8_t *entries, uint32_t n, size_t entry_bytes, uint64_t table_at)
{
	uint64_t packed_offset = 0, offset = 0;

	if (!hs_array_reserve(&frames->frames, (size_t)n + 1))
		return hs_error_no_memory();
	for (uint32_t i = 0; i < n; i++) {
		uint32_t lengths[2];
		memcpy(lengths, entries + i * entry_bytes, sizeof(lengths));
		if (lengths[0] > table_at - packed_offset || lengths[1] > MAX_FRAME_BYTES)
			return hs_error_new(HS_ERROR_BAD_DATA, "the packed file is damaged: its table of frames contradicts its length");
		if (lengths[1])
			frames->frames.items[frames->frames.n++] = (struct frame){ packed_offset, offset, lengths[0], lengths[1] };
		packed_offset += lengths[0];
		offset += lengths[1];
	}
	if (packed_offset != table_at)
		return hs_error_new(HS_ERROR_BAD_DATA, "the packed file is damaged: its table of frames contradicts its length");
	frames->source.bytes = offset;
	return NULL;
}

static struct hs_error *read_table(struct frames *frames, const uint8_t *footer, uint64_t file_bytes, bool *ret_found)
{
	uint32_t n, head[2];
	size_t got;

	memcpy(&n, footer, sizeof(n));
	size_t entry_bytes = footer[4] & HAS_CHECKSUMS ? 12 : 8;
	uint64_t table_bytes = HEAD_BYTES + (uint64_t)n * entry_bytes + FOOTER_BYTES;
	if (n > MAX_FRAMES || table_bytes > file_bytes)
		return NULL;
	HS_FREE uint8_t *table = malloc(table_bytes);
	if (!table)
		return hs_error_no_memory();
	HS_TRY(hs_file_read_at(frames->fd, file_bytes - table_bytes, table, table_bytes, &got));
	memcpy(head, table, sizeof(head));
	if (got != table_bytes || head[0] != TABLE_FRAME_MAGIC || head[1] != table_bytes - HEAD_BYTES)
		return NULL;
	HS_TRY(take_frames(frames, table + HEAD_BYTES, n, entry_bytes, file_bytes - table_bytes));
	*ret_found = true;
	return NULL;
}

struct hs_error *hs_file_source_open_frames(int fd, uint64_t file_bytes, struct hs_file_source **ret)
{
	uint8_t footer[FOOTER_BYTES];
	uint32_t magic;
	size_t got;
	bool is_found = false;

	if (file_bytes < HEAD_BYTES + FOOTER_BYTES)
		return NULL;
	HS_TRY(hs_file_read_at(fd, file_bytes - FOOTER_BYTES, footer, sizeof(footer), &got));
	memcpy(&magic, footer + 5, sizeof(magic));
	if (got != sizeof(footer) || magic != TABLE_MAGIC)
		return NULL;
	struct frames *frames = calloc(1, sizeof(*frames));
	if (!frames)
		return hs_error_no_memory();
	frames->source.ops = &frames_ops;
	frames->fd = fd;
	pthread_mutex_init(&frames->lock, NULL);
	struct hs_error *error = read_table(frames, footer, file_bytes, &is_found);
	if (error || !is_found) {
		frames->fd = -1; /* the caller's still */
		hs_file_source_close(&frames->source);
		return error;
	}
	*ret = &frames->source;
	return NULL;
}
