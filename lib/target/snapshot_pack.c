/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packing, as contrib/seekable_format of zstd describes it: independent frames, then a table of their lengths in a frame that is passed
 * over by programs that do not know it. Threads compress some chunks at a time; the caller's thread writes them in order, so that the
 * result does not depend on how many threads there are.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "array.h"
#include "cleanup.h"
#include "snapshot_job.h"
#include "snapshot_note.h"
#include "workers.h"

#define LEVEL 1
#define SLOTS_PER_WORKER 4
#define TABLE_FRAME_MAGIC 0x184D2A5Eu
#define TABLE_MAGIC 0x8F92EAB1u
#define MAX_FRAMES 0x8000000u

struct frame {
	uint32_t packed_bytes, bytes;
};

/* A chunk on its way. */
struct slot {
	uint8_t *packed; /* room_bytes of room */
	struct frame frame;
};

struct worker {
	ZSTD_CCtx *zstd;
	uint8_t *chunk;
};

struct packer {
	struct hs_snapshot_job *job;
	struct worker *workers;
	struct slot *slots;
	size_t n_slots, room_bytes;
	size_t first; /* chunk in the first slot */
	uint64_t at;  /* in the file */
	HS_ARRAY(struct frame) frames;
};

static void packer_deinit(struct packer *packer)
{
	for (unsigned i = 0; packer->workers && i < packer->job->n_workers; i++) {
		ZSTD_freeCCtx(packer->workers[i].zstd);
		free(packer->workers[i].chunk);
	}
	for (size_t i = 0; packer->slots && i < packer->n_slots; i++)
		free(packer->slots[i].packed);
	free(packer->workers);
	free(packer->slots);
	hs_array_free(&packer->frames);
}

static struct hs_error *packer_init(struct packer *packer, struct hs_snapshot_job *job)
{
	*packer = (struct packer){ .job = job, .n_slots = job->n_workers * SLOTS_PER_WORKER, .room_bytes = ZSTD_compressBound(HS_SNAPSHOT_CHUNK_BYTES) };
	packer->workers = calloc(job->n_workers, sizeof(*packer->workers));
	packer->slots = calloc(packer->n_slots, sizeof(*packer->slots));
	if (!packer->workers || !packer->slots)
		return hs_error_no_memory();
	for (unsigned i = 0; i < job->n_workers; i++) {
		packer->workers[i].zstd = ZSTD_createCCtx();
		packer->workers[i].chunk = malloc(HS_SNAPSHOT_CHUNK_BYTES);
		if (!packer->workers[i].zstd || !packer->workers[i].chunk)
			return hs_error_no_memory();
		ZSTD_CCtx_setParameter(packer->workers[i].zstd, ZSTD_c_compressionLevel, LEVEL);
		ZSTD_CCtx_setParameter(packer->workers[i].zstd, ZSTD_c_checksumFlag, 1);
	}
	for (size_t i = 0; i < packer->n_slots; i++)
		if (!(packer->slots[i].packed = malloc(packer->room_bytes)))
			return hs_error_no_memory();
	return NULL;
}

static struct hs_error *put(struct packer *packer, const void *data, size_t bytes)
{
	HS_TRY(hs_snapshot_job_put(packer->job, data, bytes, packer->at));
	packer->at += bytes;
	return NULL;
}

static struct hs_error *put_frame(struct packer *packer, const uint8_t *packed, struct frame frame)
{
	struct frame *slot = hs_array_append(&packer->frames);

	if (!slot)
		return hs_error_no_memory();
	*slot = frame;
	return put(packer, packed, frame.packed_bytes);
}

/* With room for the worst case, compressing fails only for want of memory. */
static bool compress(struct worker *worker, const uint8_t *data, size_t bytes, uint8_t *packed, size_t room_bytes, struct frame *ret)
{
	size_t n = ZSTD_compress2(worker->zstd, packed, room_bytes, data, bytes);

	if (ZSTD_isError(n))
		return false;
	*ret = (struct frame){ (uint32_t)n, (uint32_t)bytes };
	return true;
}

/* Head and tail, which may be long, but seldom are: by the caller's thread, a chunk at a time. */
static struct hs_error *put_bytes(struct packer *packer, const struct hs_bytes *bytes)
{
	struct slot *slot = &packer->slots[0];

	for (size_t at = 0; at < bytes->n; at += HS_SNAPSHOT_CHUNK_BYTES) {
		size_t n = bytes->n - at < HS_SNAPSHOT_CHUNK_BYTES ? bytes->n - at : HS_SNAPSHOT_CHUNK_BYTES;
		if (!compress(&packer->workers[0], bytes->items + at, n, slot->packed, packer->room_bytes, &slot->frame))
			return hs_error_no_memory();
		HS_TRY(put_frame(packer, slot->packed, slot->frame));
	}
	return NULL;
}

/* Compression wants its input in one piece, holes as zeros. */
static size_t gather(const struct hs_snapshot_job *job, size_t chunk, uint8_t *to)
{
	uint64_t start = hs_snapshot_chunk_start(chunk), end = hs_snapshot_chunk_end(job, chunk);

	for (uint64_t at = start; at < end;) {
		struct hs_snapshot_piece piece = hs_snapshot_piece_at(job->parts, at, end);
		if (piece.bytes)
			memcpy(to + (at - start), piece.bytes, piece.n_bytes);
		else
			memset(to + (at - start), 0, piece.n_bytes);
		at += piece.n_bytes;
	}
	return end - start;
}

static void pack_slots(void *context, size_t begin, size_t end, unsigned index)
{
	struct packer *packer = context;
	struct worker *worker = &packer->workers[index];

	for (size_t i = begin; i < end && hs_snapshot_job_goes_on(packer->job); i++) {
		size_t chunk = packer->first + i, bytes = gather(packer->job, chunk, worker->chunk);
		packer->job->checksums[chunk] = hs_checksum(worker->chunk, bytes);
		if (!compress(worker, worker->chunk, bytes, packer->slots[i].packed, packer->room_bytes, &packer->slots[i].frame))
			hs_snapshot_job_fail(packer->job, hs_error_no_memory());
	}
}

static struct hs_error *put_chunks(struct packer *packer)
{
	struct hs_snapshot_job *job = packer->job;

	for (; packer->first < job->n_chunks; packer->first += packer->n_slots) {
		size_t n = job->n_chunks - packer->first < packer->n_slots ? job->n_chunks - packer->first : packer->n_slots;
		hs_workers_run(pack_slots, packer, n, 1, job->n_workers);
		if (job->error)
			return hs_take(job->error);
		for (size_t i = 0; i < n; i++) {
			HS_TRY(put_frame(packer, packer->slots[i].packed, packer->slots[i].frame));
			hs_snapshot_job_report(job, packer->slots[i].frame.bytes);
		}
	}
	return NULL;
}

static struct hs_error *put_table(struct packer *packer)
{
	HS_CLEANUP(hs_cleanup_bytes) struct hs_bytes table = { 0 };
	size_t n = packer->frames.n;
	const uint8_t no_checksums = 0;
	const uint32_t magic = TABLE_MAGIC, n_frames = (uint32_t)n;
	const uint32_t head[2] = { TABLE_FRAME_MAGIC, (uint32_t)(n * sizeof(struct frame) + sizeof(n_frames) + sizeof(no_checksums) + sizeof(magic)) };

	if (n > MAX_FRAMES)
		return hs_error_new(HS_ERROR_LIMIT, "too large to be packed");
	if (!hs_bytes_append(&table, head, sizeof(head)) || !hs_bytes_append(&table, packer->frames.items, n * sizeof(struct frame)) ||
	    !hs_bytes_append(&table, &n_frames, sizeof(n_frames)) || !hs_bytes_append(&table, &no_checksums, sizeof(no_checksums)) ||
	    !hs_bytes_append(&table, &magic, sizeof(magic)))
		return hs_error_no_memory();
	return put(packer, table.items, table.n);
}

struct hs_error *hs_snapshot_write_packed(struct hs_snapshot_job *job, const struct hs_bytes *head,
					  struct hs_error *(*tail)(void *context, struct hs_bytes *ret), void *context)
{
	HS_CLEANUP(packer_deinit) struct packer packer = { 0 };
	HS_CLEANUP(hs_cleanup_bytes) struct hs_bytes last = { 0 };

	HS_TRY(packer_init(&packer, job));
	HS_TRY(put_bytes(&packer, head));
	HS_TRY(put_chunks(&packer));
	HS_TRY(tail(context, &last));
	HS_TRY(put_bytes(&packer, &last));
	return put_table(&packer);
}
