/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One snapshot being written, in two forms: plain, each thread writing chunks of the data to their places, and packed, chunks being
 * compressed by all threads and written in their order by one. Private to lib/target.
 */
#ifndef HS_SNAPSHOT_JOB_H
#define HS_SNAPSHOT_JOB_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "checksum.h"
#include "error.h"
#include "snapshot_parts.h"
#include "snapshot_write.h"

struct hs_snapshot_job {
	const struct hs_snapshot_options *options;
	const struct hs_snapshot_parts *parts;
	unsigned n_workers;
	int fd;
	uint64_t data_offset;
	uint64_t *checksums; /* of each chunk of the data, filled as they are written */
	size_t n_chunks;
	atomic_uint_least64_t done_bytes;
	atomic_bool is_over; /* by an error, or because it is cancelled */
	pthread_mutex_t mutex;
	struct hs_error *error; /* the first; under the mutex while threads run */
};

/* A chunk's part of the data: [start, end). */
uint64_t hs_snapshot_chunk_start(size_t chunk);
uint64_t hs_snapshot_chunk_end(const struct hs_snapshot_job *job, size_t chunk);
/* Keeps the first error (owned from here on) and ends the work. */
void hs_snapshot_job_fail(struct hs_snapshot_job *job, struct hs_error *error);
/* Whether to go on; asks the caller whether it is cancelled. */
bool hs_snapshot_job_goes_on(struct hs_snapshot_job *job);
void hs_snapshot_job_report(struct hs_snapshot_job *job, uint64_t more_bytes);
/* All of `bytes` at `offset`. Errors: OS with the path. */
struct hs_error *hs_snapshot_job_put(const struct hs_snapshot_job *job, const void *data, size_t bytes, uint64_t offset) HS_MUST_CHECK;

/* The data, with its checksums. */
struct hs_error *hs_snapshot_write_plain(struct hs_snapshot_job *job) HS_MUST_CHECK;

/*
 * The whole file as zstd's seekable format has it: the head, the chunks of the data and what `tail` makes of their checksums are frames
 * of their own, followed by their table. Errors: those of `tail`, OS, NO_MEMORY, CANCELLED.
 */
struct hs_error *hs_snapshot_write_packed(struct hs_snapshot_job *job, const struct hs_bytes *head,
					  struct hs_error *(*tail)(void *context, struct hs_bytes *ret), void *context) HS_MUST_CHECK;

#endif
