/* SPDX-License-Identifier: Apache-2.0 */
/* Samples as lines of JSON; README.md documents their members. */
#include "series_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "json.h"

#define N_CONTAINERS 64

/* Whoever wrote the last line did not end it: ours would become a part of it. */
static struct hs_error *end_last_line(const char *path, int fd)
{
	HS_CLOSE int reader = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat status;
	char last = '\n';

	if (reader < 0 || fstat(reader, &status) || !S_ISREG(status.st_mode) || !status.st_size)
		return NULL;
	if (pread(reader, &last, 1, status.st_size - 1) != 1 || last == '\n' || write(fd, "\n", 1) == 1)
		return NULL;
	return hs_error_os(errno, "cannot write %s", path);
}

struct hs_error *hs_series_log_open(const char *path, struct hs_series_log *ret)
{
	ret->fd = -1;
	if (!path)
		return NULL;
	ret->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600);
	return ret->fd < 0 ? hs_error_os(errno, "cannot write %s", path) : end_last_line(path, ret->fd);
}

void hs_series_log_close(struct hs_series_log *log)
{
	if (log->fd >= 0)
		close(log->fd);
	log->fd = -1;
}

/* A line that did not fit is taken back: every line of the file is whole. */
static struct hs_error *give_up_line(const struct hs_series_log *log, off_t bytes_before)
{
	int os_errno = errno;

	if (bytes_before >= 0 && ftruncate(log->fd, bytes_before))
		return hs_error_os(os_errno, "cannot write the samples, and the last line of the file is not whole");
	return hs_error_os(os_errno, "cannot write the samples");
}

struct hs_error *hs_series_log_add_text(const struct hs_series_log *log, const char *text, size_t bytes)
{
	/* -1: a pipe, of which nothing can be taken back */
	off_t bytes_before = log->fd < 0 ? -1 : lseek(log->fd, 0, SEEK_END);

	while (log->fd >= 0 && bytes) {
		ssize_t written = write(log->fd, text, bytes);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return give_up_line(log, bytes_before);
		text += written;
		bytes -= (size_t)written;
	}
	/* EINVAL: a pipe, or a device that cannot be synced */
	if (log->fd >= 0 && fsync(log->fd) && errno != EINVAL && errno != EROFS)
		return hs_error_os(errno, "cannot write the samples");
	return NULL;
}

static json_t *types_json(const struct hs_sample *sample)
{
	json_t *list = json_array();

	for (size_t i = 0; i < sample->types.n; i++) {
		json_t *entry = json_object();
		json_object_set_new(entry, "type", hs_json_string(sample->types.items[i].name));
		json_object_set_new(entry, "count", hs_json_u64(sample->types.items[i].count));
		json_object_set_new(entry, "bytes", hs_json_u64(sample->types.items[i].bytes));
		json_array_append_new(list, entry);
	}
	return list;
}

static int compare_lengths(const void *a, const void *b)
{
	const struct hs_sample_container *left = *(const struct hs_sample_container *const *)a, *right = *(const struct hs_sample_container *const *)b;

	if (left->length != right->length)
		return left->length > right->length ? -1 : 1;
	return left->address < right->address ? -1 : left->address > right->address;
}

/* The longest ones. */
static json_t *containers_json(const struct hs_sample *sample)
{
	size_t n = sample->containers.n;
	HS_FREE const struct hs_sample_container **order = calloc(n + 1, sizeof(*order));
	json_t *list = json_array();

	for (size_t i = 0; order && i < n; i++)
		order[i] = &sample->containers.items[i];
	if (order)
		qsort(order, n, sizeof(*order), compare_lengths);
	for (size_t i = 0; order && i < n && i < N_CONTAINERS; i++) {
		json_t *entry = json_object();
		json_object_set_new(entry, "address", hs_json_address(order[i]->address));
		json_object_set_new(entry, "length", hs_json_u64(order[i]->length));
		json_object_set_new(entry, "bytes", hs_json_u64(order[i]->bytes));
		json_array_append_new(list, entry);
	}
	return list;
}

static json_t *memory_json(const struct hs_sample *sample)
{
	json_t *steps = json_object();

	if (!sample->has_memory) {
		json_decref(steps);
		return json_null();
	}
	for (unsigned i = 0; i < HS_N_MEMORY_STEPS; i++)
		json_object_set_new(steps, hs_memory_step_name((enum hs_memory_step)i), hs_json_u64(sample->memory.steps[i]));
	json_object_set_new(steps, "unattributed", hs_json_u64(sample->memory.unattributed_bytes));
	return steps;
}

struct hs_error *hs_series_log_add(const struct hs_series_log *log, const struct hs_document *document, const struct hs_series *series)
{
	if (log->fd < 0)
		return NULL;
	const struct hs_sample *first = series->samples.items[0], *sample = series->samples.items[series->samples.n - 1];
	json_t *root = hs_json_envelope(document->command, sample->utc, document->host), *figures = json_object();

	json_object_set_new(root, "pid", json_integer(document->process->pid));
	json_object_set_new(root, "start_time", hs_json_u64(document->process->start_time));
	json_object_set_new(figures, "time", json_real((double)(sample->time_ns - first->time_ns) / 1e9));
	json_object_set_new(figures, "rss_bytes", hs_json_u64(sample->rss_bytes));
	json_object_set_new(figures, "python_bytes", hs_json_u64(sample->python_bytes));
	json_object_set_new(figures, "objects", hs_json_u64(sample->n_objects));
	json_object_set_new(figures, "pause_ns", hs_json_u64(sample->pause_ns));
	json_object_set_new(figures, "complete", json_boolean(sample->is_complete));
	json_object_set_new(root, "sample", figures);
	json_object_set_new(root, "memory", memory_json(sample));
	json_object_set_new(root, "types", types_json(sample));
	json_object_set_new(root, "containers", containers_json(sample));
	HS_FREE char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;
	json_decref(root);
	if (!text)
		return hs_error_no_memory();
	size_t bytes = strlen(text);
	text[bytes] = '\n'; /* in place of the NUL */
	return hs_series_log_add_text(log, text, bytes + 1);
}
