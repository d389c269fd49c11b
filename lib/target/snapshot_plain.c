/* SPDX-License-Identifier: Apache-2.0 */
/* The data of a plain snapshot: straight from the image to its place in the file, holes left out. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "image.h"
#include "snapshot_job.h"
#include "snapshot_note.h"
#include "workers.h"

static void add_zeros(struct hs_checksum_state *checksum, size_t bytes)
{
	static const uint8_t zeros[HS_PAGE_BYTES];

	for (; bytes; bytes -= HS_PAGE_BYTES)
		hs_checksum_add(checksum, zeros, HS_PAGE_BYTES);
}

static struct hs_error *write_chunk(struct hs_snapshot_job *job, size_t chunk)
{
	uint64_t start = hs_snapshot_chunk_start(chunk), end = hs_snapshot_chunk_end(job, chunk);
	struct hs_checksum_state checksum;

	hs_checksum_start(&checksum);
	for (uint64_t at = start; at < end;) {
		struct hs_snapshot_piece piece = hs_snapshot_piece_at(job->parts, at, end);
		if (piece.bytes) {
			hs_checksum_add(&checksum, piece.bytes, piece.n_bytes);
			HS_TRY(hs_snapshot_job_put(job, piece.bytes, piece.n_bytes, job->data_offset + at));
		} else {
			add_zeros(&checksum, piece.n_bytes);
		}
		at += piece.n_bytes;
	}
	job->checksums[chunk] = hs_checksum_end(&checksum);
	/* the disk begins now, not when all is to be synced; that it cannot is no loss */
	sync_file_range(job->fd, (off_t)(job->data_offset + start), (off_t)(end - start), SYNC_FILE_RANGE_WRITE);
	hs_snapshot_job_report(job, end - start);
	return NULL;
}

static void write_chunks(void *context, size_t begin, size_t end, unsigned worker)
{
	struct hs_snapshot_job *job = context;

	(void)worker;
	for (size_t chunk = begin; chunk < end && hs_snapshot_job_goes_on(job); chunk++) {
		struct hs_error *error = write_chunk(job, chunk);
		if (error)
			hs_snapshot_job_fail(job, error);
	}
}

struct hs_error *hs_snapshot_write_plain(struct hs_snapshot_job *job)
{
	hs_workers_run(write_chunks, job, job->n_chunks, 1, job->n_workers);
	struct hs_error *error = job->error;
	job->error = NULL;
	return error;
}
