/* SPDX-License-Identifier: Apache-2.0 */
/* Plain files and bytes in memory; which way of packing a file has. Knows nothing of what the bytes mean. */
#include "file_source_ops.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"

struct plain {
	struct hs_file_source source;
	int fd;
};

struct in_memory {
	struct hs_file_source source;
	const uint8_t *data;
};

struct hs_error *hs_file_read_at(int fd, uint64_t offset, void *ret, size_t bytes, size_t *ret_bytes)
{
	size_t done = 0;

	while (done < bytes && offset + done <= INT64_MAX) {
		ssize_t n = pread(fd, (uint8_t *)ret + done, bytes - done, (off_t)(offset + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return hs_error_os(errno, "reading the file");
		if (!n)
			break;
		done += (size_t)n;
	}
	*ret_bytes = done;
	return NULL;
}

static struct hs_error *read_plain(struct hs_file_source *source, uint64_t offset, void *ret, size_t bytes, size_t *ret_bytes)
{
	return hs_file_read_at(((struct plain *)source)->fd, offset, ret, bytes, ret_bytes);
}

static void close_plain(struct hs_file_source *source)
{
	close(((struct plain *)source)->fd);
}

static uint64_t skip_hole_in_plain(const struct hs_file_source *source, uint64_t offset, uint64_t end)
{
	off_t data = lseek(((const struct plain *)source)->fd, (off_t)offset, SEEK_DATA);

	/* ENXIO: a hole up to the end of the file, or behind it, where nothing is known */
	if (data < 0 && errno == ENXIO && offset < source->bytes)
		data = (off_t)source->bytes;
	if (data < 0 || (uint64_t)data < offset)
		return offset;
	return (uint64_t)data < end ? (uint64_t)data : end;
}

static const struct hs_file_source_ops plain_ops = { .read = read_plain, .close = close_plain, .skip_hole = skip_hole_in_plain };

static struct hs_error *read_memory(struct hs_file_source *source, uint64_t offset, void *ret, size_t bytes, size_t *ret_bytes)
{
	uint64_t rest = offset < source->bytes ? source->bytes - offset : 0;
	size_t n = rest < bytes ? (size_t)rest : bytes;

	if (n)
		memcpy(ret, ((struct in_memory *)source)->data + offset, n);
	*ret_bytes = n;
	return NULL;
}

static void close_memory(struct hs_file_source *source)
{
	(void)source;
}

static const struct hs_file_source_ops memory_ops = { .read = read_memory, .close = close_memory };

struct hs_error *hs_file_source_of_memory(const void *data, size_t bytes, struct hs_file_source **ret)
{
	struct in_memory *source = malloc(sizeof(*source));

	if (!source)
		return hs_error_no_memory();
	*source = (struct in_memory){ { &memory_ops, bytes, 0 }, data };
	*ret = &source->source;
	return NULL;
}

/* By the first bytes, whatever the file is called; *ret stays NULL for one that is not packed. */
static struct hs_error *open_packed(int fd, uint64_t file_bytes, struct hs_file_source **ret)
{
	uint8_t magic[4] = { 0 };
	size_t n;

	HS_TRY(hs_file_read_at(fd, 0, magic, sizeof(magic), &n));
	if (magic[0] == 0x1f && magic[1] == 0x8b)
		return hs_file_source_open_stream(fd, true, ret);
	/* a frame, or one to be passed over */
	bool is_zstd = magic[1] == 0xb5 && magic[2] == 0x2f && magic[3] == 0xfd && magic[0] == 0x28;
	bool is_skippable = (magic[0] & 0xf0) == 0x50 && magic[1] == 0x2a && magic[2] == 0x4d && magic[3] == 0x18;
	if (!is_zstd && !is_skippable)
		return NULL;
	HS_TRY(hs_file_source_open_frames(fd, file_bytes, ret));
	return *ret ? NULL : hs_file_source_open_stream(fd, false, ret);
}

struct hs_error *hs_file_source_open(const char *path, struct hs_file_source **ret)
{
	HS_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;

	if (fd < 0 || fstat(fd, &status))
		return hs_error_os(errno, "%s", path);
	if (!S_ISREG(status.st_mode))
		return hs_error_new(HS_ERROR_BAD_DATA, "%s is no regular file", path);
	struct hs_file_source *packed = NULL;
	HS_TRY(open_packed(fd, (uint64_t)status.st_size, &packed));
	struct plain *plain = packed ? NULL : malloc(sizeof(*plain));
	if (!packed && !plain)
		return hs_error_no_memory();
	if (plain)
		*plain = (struct plain){ { &plain_ops, (uint64_t)status.st_size, 0 }, fd };
	fd = -1;
	*ret = packed ? packed : &plain->source;
	(*ret)->time = status.st_mtime;
	return NULL;
}

void hs_file_source_close(struct hs_file_source *source)
{
	if (!source)
		return;
	source->ops->close(source);
	free(source);
}

struct hs_error *hs_file_source_read(struct hs_file_source *source, uint64_t offset, void *ret, size_t bytes, size_t *ret_bytes)
{
	return source->ops->read(source, offset, ret, bytes, ret_bytes);
}

struct hs_error *hs_file_source_read_all(struct hs_file_source *source, uint64_t offset, void *ret, size_t bytes, const char *what)
{
	size_t n = 0;

	HS_TRY(hs_file_source_read(source, offset, ret, bytes, &n));
	if (n == bytes)
		return NULL;
	return hs_error_new(HS_ERROR_BAD_DATA, "the file is cut short: it ends within %s, at byte %llu", what, (unsigned long long)(offset + n));
}

uint64_t hs_file_source_skip_hole(const struct hs_file_source *source, uint64_t offset, uint64_t end)
{
	return source->ops->skip_hole ? source->ops->skip_hole(source, offset, end) : offset;
}

uint64_t hs_file_source_bytes(const struct hs_file_source *source)
{
	return source->bytes;
}

bool hs_file_source_is_sequential(const struct hs_file_source *source)
{
	return source->ops->is_sequential;
}

time_t hs_file_source_time(const struct hs_file_source *source)
{
	return source->time;
}
