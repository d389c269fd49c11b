/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The copy. Runs of pages are cut into pieces, pieces are gathered into batches of one system call each, batches are
 * taken by the threads in turn. Whether the target is stopped is not this file's business.
 */
#include "copy.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bits.h"
#include "cleanup.h"
#include "permission.h"
#include "proc_file.h"
#include "workers.h"

#define MAX_PIECE_BYTES ((size_t)2 << 20)
#define MAX_BATCH_BYTES ((size_t)4 << 20)
#define MAX_BATCH_PIECES 512 /* of the IOV_MAX (1024) that the kernel takes */

#define MIN_BATCHES_PER_WORKER 4

struct batch {
	size_t first; /* of the iovecs */
	size_t n;
};

struct job {
	const struct hs_copy_options *options;
	HS_ARRAY(struct iovec) remote;
	HS_ARRAY(struct iovec) local;
	HS_ARRAY(struct hs_extent *) extents; /* of each piece */
	HS_ARRAY(struct batch) batches;
	struct hs_extent *extent;             /* whose runs are being added */
	size_t batch_bytes;                   /* of the last batch */
	int mem_fd;                           /* /proc/PID/mem, opened when process_vm_readv is not to be had; -1 */
	atomic_bool use_mem_file;
	atomic_bool is_ended;                 /* before all was copied */
	atomic_bool has_lost;                 /* some page could not be read */
	atomic_int os_errno;                  /* the first one that ends the copy */
	atomic_size_t copied_bytes;
};

static struct hs_error *add_piece(struct job *job, hs_addr start, size_t bytes)
{
	struct batch *batch = job->batches.n ? &job->batches.items[job->batches.n - 1] : NULL;

	if (!batch || batch->n == MAX_BATCH_PIECES || job->batch_bytes + bytes > MAX_BATCH_BYTES) {
		batch = hs_array_append(&job->batches);
		if (!batch)
			return hs_error_no_memory();
		batch->first = job->remote.n;
		job->batch_bytes = 0;
	}
	struct iovec *remote = hs_array_append(&job->remote), *local = hs_array_append(&job->local);
	struct hs_extent **extent = hs_array_append(&job->extents);
	if (!remote || !local || !extent)
		return hs_error_no_memory();
	*remote = (struct iovec){ (void *)(uintptr_t)start, bytes };
	*local = (struct iovec){ hs_extent_at(job->extent, start), bytes };
	*extent = job->extent;
	job->batch_bytes += bytes;
	batch->n++;
	return NULL;
}

static struct hs_error *add_run(void *context, hs_addr start, hs_addr end)
{
	while (start < end) {
		size_t bytes = end - start < MAX_PIECE_BYTES ? end - start : MAX_PIECE_BYTES;
		HS_TRY(add_piece(context, start, bytes));
		start += bytes;
	}
	return NULL;
}

/* The page could not be read: it is a hole. Words of the bitmap are shared between threads. */
static void lose_page(struct job *job, size_t piece, size_t offset)
{
	struct hs_extent *extent = job->extents.items[piece];
	size_t page = ((hs_addr)(uintptr_t)job->remote.items[piece].iov_base + offset - extent->start) >> HS_PAGE_SHIFT;

	atomic_store_explicit(&job->has_lost, true, memory_order_relaxed);
	__atomic_fetch_and(&extent->present[page / 64], ~((uint64_t)1 << (page % 64)), __ATOMIC_RELAXED);
}

static bool is_over(struct job *job)
{
	const struct hs_copy_options *options = job->options;

	if (!atomic_load(&job->os_errno) && !(options->is_over && options->is_over(options->context)))
		return false;
	atomic_store_explicit(&job->is_ended, true, memory_order_relaxed);
	return true;
}

static void end_by(struct job *job, int os_errno)
{
	int none = 0;

	atomic_compare_exchange_strong(&job->os_errno, &none, os_errno);
}

/* Copies a piece from `offset` on through /proc/PID/mem. */
static void copy_piece_by_file(struct job *job, size_t piece, size_t offset)
{
	const struct iovec *remote = &job->remote.items[piece], *local = &job->local.items[piece];

	while (offset < remote->iov_len) {
		ssize_t n = pread(job->mem_fd, (uint8_t *)local->iov_base + offset, remote->iov_len - offset,
				  (off_t)((uintptr_t)remote->iov_base + offset));
		if (n > 0) {
			offset += (size_t)n;
			atomic_fetch_add(&job->copied_bytes, (size_t)n);
		} else if (n == 0) {
			end_by(job, ESRCH); /* the memory is gone with its process */
			return;
		} else if (errno != EINTR) {
			lose_page(job, piece, offset);
			offset = (offset | (HS_PAGE_BYTES - 1)) + 1;
		}
	}
}

/* Where a batch is: the first `offset` bytes of `piece` and all before it are done. */
struct position {
	size_t piece;
	size_t offset;
};

static void advance(const struct job *job, struct position *position, size_t bytes)
{
	while (bytes) {
		size_t rest = job->remote.items[position->piece].iov_len - position->offset;
		if (bytes < rest) {
			position->offset += bytes;
			return;
		}
		bytes -= rest;
		position->piece++;
		position->offset = 0;
	}
}

/* One system call from `position` to the batch's end; what process_vm_readv returned. */
static ssize_t read_from(const struct job *job, struct position position, size_t end)
{
	struct iovec remote[MAX_BATCH_PIECES], local[MAX_BATCH_PIECES];
	size_t n = end - position.piece;

	for (size_t i = 0; i < n; i++) {
		remote[i] = job->remote.items[position.piece + i];
		local[i] = job->local.items[position.piece + i];
	}
	remote[0].iov_base = (uint8_t *)remote[0].iov_base + position.offset;
	remote[0].iov_len -= position.offset;
	local[0].iov_base = (uint8_t *)local[0].iov_base + position.offset;
	local[0].iov_len -= position.offset;
	return process_vm_readv(job->options->tid, local, n, remote, n, 0);
}

static void copy_batch(struct job *job, const struct batch *batch)
{
	struct position position = { batch->first, 0 };
	size_t end = batch->first + batch->n;

	while (position.piece < end && !is_over(job)) {
		if (atomic_load_explicit(&job->use_mem_file, memory_order_relaxed)) {
			copy_piece_by_file(job, position.piece, position.offset);
			position = (struct position){ position.piece + 1, 0 };
			continue;
		}
		ssize_t n = read_from(job, position, end);
		if (n > 0) {
			atomic_fetch_add_explicit(&job->copied_bytes, (size_t)n, memory_order_relaxed);
			advance(job, &position, (size_t)n);
		} else if (n == 0 || errno == EFAULT) {
			lose_page(job, position.piece, position.offset);
			size_t to_next_page = HS_PAGE_BYTES - position.offset % HS_PAGE_BYTES;
			advance(job, &position, to_next_page);
		} else if ((errno == ENOSYS || errno == EPERM) && job->mem_fd >= 0) {
			atomic_store(&job->use_mem_file, true);
		} else {
			end_by(job, errno);
		}
	}
}

static void copy_batches(void *context, size_t begin, size_t end, unsigned worker)
{
	struct job *job = context;

	(void)worker;
	for (size_t i = begin; i < end && !is_over(job); i++)
		copy_batch(job, &job->batches.items[i]);
}

/* Every page of a piece was wanted; those whose bit is gone could not be read. */
static struct hs_error *list_lost(const struct job *job, struct hs_missing_list *lost)
{
	for (size_t i = 0; i < job->remote.n; i++) {
		const struct hs_extent *extent = job->extents.items[i];
		size_t first = ((hs_addr)(uintptr_t)job->remote.items[i].iov_base - extent->start) >> HS_PAGE_SHIFT;
		size_t end = first + (job->remote.items[i].iov_len >> HS_PAGE_SHIFT);
		for (size_t bit = hs_bits_next(extent->present, first, end, false); bit < end;) {
			size_t run_end = hs_bits_next(extent->present, bit, end, true);
			struct hs_missing *missing = hs_array_append(lost);
			if (!missing)
				return hs_error_no_memory();
			*missing = (struct hs_missing){ extent->start + (bit << HS_PAGE_SHIFT), extent->start + (run_end << HS_PAGE_SHIFT),
							"could not be read" };
			bit = hs_bits_next(extent->present, run_end, end, false);
		}
	}
	return NULL;
}

static void cleanup_job(struct job *job)
{
	if (job->mem_fd >= 0)
		close(job->mem_fd);
	hs_array_free(&job->remote);
	hs_array_free(&job->local);
	hs_array_free(&job->extents);
	hs_array_free(&job->batches);
}

struct hs_error *hs_copy_plan(const struct hs_plan *plan, const struct hs_copy_options *options,
			      struct hs_missing_list *lost, struct hs_copy_result *ret)
{
	char path[HS_PROC_PATH_BYTES];
	HS_CLEANUP(cleanup_job) struct job job = {
		.options = options,
		.mem_fd = open(hs_proc_path(path, options->tid, "mem"), O_RDONLY | O_CLOEXEC),
	};

	for (size_t i = 0; i < plan->extents.n; i++) {
		job.extent = &plan->extents.items[i];
		if (job.extent->is_copied)
			continue;
		HS_TRY(hs_extent_for_each_run(job.extent, add_run, &job));
	}
	/* A thread takes longer to start than a few batches take to copy. */
	size_t n_useful = (job.batches.n + MIN_BATCHES_PER_WORKER - 1) / MIN_BATCHES_PER_WORKER;
	hs_workers_run(copy_batches, &job, job.batches.n, 1, n_useful < options->n_workers ? (unsigned)n_useful : options->n_workers);

	int os_errno = atomic_load(&job.os_errno);
	if (os_errno == EPERM || os_errno == ENOSYS)
		return hs_permission_error(options->tid, os_errno);
	if (os_errno == ESRCH)
		return hs_error_new(HS_ERROR_GONE, "PID %d exited during the copy", (int)options->tid);
	if (os_errno)
		return hs_error_os(os_errno, "copying from PID %d", (int)options->tid);
	if (atomic_load(&job.has_lost))
		HS_TRY(list_lost(&job, lost));
	*ret = (struct hs_copy_result){ atomic_load(&job.copied_bytes), !atomic_load(&job.is_ended) };
	return NULL;
}
