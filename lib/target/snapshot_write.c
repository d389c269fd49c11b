/* SPDX-License-Identifier: Apache-2.0 */
/* Writing a snapshot as a whole: what goes before and behind the data, and that the file is there whole or not at all. */
#include "snapshot_write.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "cleanup.h"
#include "new_file.h"
#include "snapshot_head.h"
#include "snapshot_job.h"
#include "snapshot_note.h"
#include "workers.h"

uint64_t hs_snapshot_chunk_start(size_t chunk)
{
	return (uint64_t)chunk * HS_SNAPSHOT_CHUNK_BYTES;
}

uint64_t hs_snapshot_chunk_end(const struct hs_snapshot_job *job, size_t chunk)
{
	uint64_t end = hs_snapshot_chunk_start(chunk + 1);

	return end < job->parts->data_bytes ? end : job->parts->data_bytes;
}

void hs_snapshot_job_fail(struct hs_snapshot_job *job, struct hs_error *error)
{
	atomic_store(&job->is_over, true);
	pthread_mutex_lock(&job->mutex);
	if (job->error)
		hs_error_destroy(error);
	else
		job->error = error;
	pthread_mutex_unlock(&job->mutex);
}

bool hs_snapshot_job_goes_on(struct hs_snapshot_job *job)
{
	if (atomic_load_explicit(&job->is_over, memory_order_relaxed))
		return false;
	if (!job->options->is_cancelled || !job->options->is_cancelled(job->options->context))
		return true;
	hs_snapshot_job_fail(job, hs_error_new(HS_ERROR_CANCELLED, "cancelled; %s was not written", job->options->path));
	return false;
}

void hs_snapshot_job_report(struct hs_snapshot_job *job, uint64_t more_bytes)
{
	uint64_t done = atomic_fetch_add(&job->done_bytes, more_bytes) + more_bytes;

	if (job->options->progress)
		job->options->progress(job->options->context, "writing", done, job->parts->data_bytes);
}

struct hs_error *hs_snapshot_job_put(const struct hs_snapshot_job *job, const void *data, size_t bytes, uint64_t offset)
{
	const uint8_t *at = data;

	while (bytes) {
		ssize_t n = pwrite(job->fd, at, bytes, (off_t)offset);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return hs_error_os(n ? errno : EIO, "cannot write %s", job->options->path);
		at += n;
		offset += (uint64_t)n;
		bytes -= (size_t)n;
	}
	return NULL;
}

/* What is being written, and with what. */
struct writing {
	const struct hs_capture *capture;
	struct hs_snapshot_parts parts;
	struct hs_snapshot_content content; /* borrowed parts of the capture; segments' bitmaps are the image's */
	struct hs_bytes head;
	struct hs_snapshot_job job;
	struct hs_new_file file;
};

static void writing_deinit(struct writing *writing)
{
	hs_snapshot_parts_free(&writing->parts);
	hs_array_free(&writing->content.segments);
	hs_array_free(&writing->content.checksums);
	hs_array_free(&writing->head);
	hs_new_file_discard(&writing->file);
	hs_error_destroy(writing->job.error);
	pthread_mutex_destroy(&writing->job.mutex);
}

static struct hs_error *list_segments(const struct hs_image *image, struct hs_snapshot_segments *ret)
{
	size_t n;
	const struct hs_segment *segments = hs_image_segments(image, &n);

	if (!hs_array_reserve(ret, n + 1))
		return hs_error_no_memory();
	for (size_t i = 0; i < n; i++)
		ret->items[ret->n++] = (struct hs_snapshot_segment){
			.start = segments[i].start, .end = segments[i].end, .is_writable = segments[i].is_writable, .is_anonymous = segments[i].is_anonymous,
			.present = (uint64_t *)segments[i].present, .not_own = (uint64_t *)segments[i].not_own,
		};
	return NULL;
}

/* Nothing of it is written to. */
static void borrow_capture(const struct hs_capture *capture, const struct hs_snapshot_options *options, struct hs_snapshot_content *ret)
{
	*ret = (struct hs_snapshot_content){
		.heapspy_version = (char *)HEAPSPY_VERSION, .host = (char *)capture->host, .utc_ns = (uint64_t)capture->utc * 1000000000,
		.redaction = options->redaction, .process = capture->process, .missing = capture->missing, .skipped = capture->skipped,
		.threads = capture->threads, .uses = capture->uses, .pauses_ns = capture->pauses_ns, .pause_ns = capture->pause_ns,
		.predicted_pause_ns = capture->predicted_pause_ns, .taken_at_ns = capture->taken_at_ns, .copied_bytes = capture->copied_bytes,
		.was_stopped = capture->was_stopped, .is_nonblocking = capture->is_nonblocking, .is_of_core = capture->origin == HS_FROM_CORE,
		.layout_text = (char *)options->layout_text,
	};
	ret->statics.items = (struct hs_static_range *)hs_image_static_ranges(capture->image, &ret->statics.n);
}

static struct hs_error *make_content(struct writing *writing, const struct hs_snapshot_options *options)
{
	struct hs_snapshot_content *content = &writing->content;
	size_t n_chunks = (writing->parts.data_bytes + HS_SNAPSHOT_CHUNK_BYTES - 1) / HS_SNAPSHOT_CHUNK_BYTES;

	borrow_capture(writing->capture, options, content);
	HS_TRY(list_segments(writing->capture->image, &content->segments));
	if (!hs_array_reserve(&content->checksums, n_chunks + 1))
		return hs_error_no_memory();
	memset(content->checksums.items, 0, n_chunks * sizeof(uint64_t));
	content->checksums.n = n_chunks;
	content->data_bytes = writing->parts.data_bytes;
	return NULL;
}

/* The content is made once to learn its length, which the head tells, and once more when the checksums are known. */
static struct hs_error *make_head(struct writing *writing)
{
	HS_CLEANUP(hs_cleanup_bytes) struct hs_bytes content = { 0 };

	HS_TRY(hs_snapshot_note_encode(&writing->content, &content));
	HS_TRY(hs_snapshot_head_make(writing->capture, &writing->parts, content.n, &writing->head));
	writing->content.data_offset = writing->head.n;
	writing->content.head_checksum = hs_checksum(writing->head.items, writing->head.n);
	return NULL;
}

static struct hs_error *make_tail(void *context, struct hs_bytes *ret)
{
	struct writing *writing = context;
	HS_CLEANUP(hs_cleanup_bytes) struct hs_bytes content = { 0 };

	HS_TRY(hs_snapshot_note_encode(&writing->content, &content));
	return hs_snapshot_append_note(ret, HS_SNAPSHOT_NOTE_NAME, HS_SNAPSHOT_NOTE_CONTENT, content.items, content.n) ? NULL : hs_error_no_memory();
}

/* A disk is not filled up to find that there is no room: others write to it. What packing leaves of the bytes is not known before. */
static struct hs_error *check_room(const struct writing *writing)
{
	uint64_t wanted = hs_image_captured_bytes(writing->capture->image) + writing->head.n;
	struct statvfs status;

	if (wanted > writing->parts.data_bytes + writing->head.n)
		wanted = writing->parts.data_bytes + writing->head.n;
	if (fstatvfs(writing->file.fd, &status))
		return NULL;
	uint64_t free_bytes = (uint64_t)status.f_bavail * status.f_frsize;
	if (wanted <= free_bytes)
		return NULL;
	return hs_error_hint(hs_error_os(ENOSPC, "cannot write %s: %llu MiB are needed, %llu MiB are free there", writing->job.options->path,
					 (unsigned long long)(wanted >> 20), (unsigned long long)(free_bytes >> 20)),
			     "write to another disk, or pack it: --zstd");
}

static struct hs_error *write_plain(struct writing *writing)
{
	struct hs_snapshot_job *job = &writing->job;
	HS_CLEANUP(hs_cleanup_bytes) struct hs_bytes tail = { 0 };

	HS_TRY(check_room(writing));
	HS_TRY(hs_snapshot_job_put(job, writing->head.items, writing->head.n, 0));
	HS_TRY(hs_snapshot_write_plain(job));
	HS_TRY(make_tail(writing, &tail));
	return hs_snapshot_job_put(job, tail.items, tail.n, job->data_offset + job->parts->data_bytes);
}

static struct hs_error *write_file(struct writing *writing)
{
	struct hs_snapshot_job *job = &writing->job;

	job->parts = &writing->parts;
	job->fd = writing->file.fd;
	job->data_offset = writing->content.data_offset;
	job->checksums = writing->content.checksums.items;
	job->n_chunks = writing->content.checksums.n;
	job->n_workers = job->options->n_workers ? job->options->n_workers : hs_workers_default();
	if (job->options->is_packed)
		return hs_snapshot_write_packed(job, &writing->head, make_tail, writing);
	return write_plain(writing);
}

struct hs_error *hs_snapshot_write(const struct hs_capture *capture, const struct hs_snapshot_options *options, struct hs_snapshot_figures *ret)
{
	HS_CLEANUP(writing_deinit) struct writing writing = { .capture = capture, .job = { .options = options }, .file = { .fd = -1 } };
	struct stat status;

	pthread_mutex_init(&writing.job.mutex, NULL);
	HS_TRY(hs_new_file_open(options->path, options->is_replacing, &writing.file));
	HS_TRY(hs_snapshot_parts_make(capture, &writing.parts));
	HS_TRY(make_content(&writing, options));
	HS_TRY(make_head(&writing));
	HS_TRY(write_file(&writing));
	if (fstat(writing.file.fd, &status))
		return hs_error_os(errno, "cannot write %s", options->path);
	if (options->progress)
		options->progress(options->context, "syncing", 0, 0);
	HS_TRY(hs_new_file_commit(&writing.file));
	*ret = (struct hs_snapshot_figures){ .file_bytes = (uint64_t)status.st_size, .disk_bytes = (uint64_t)status.st_blocks * 512 };
	return NULL;
}
