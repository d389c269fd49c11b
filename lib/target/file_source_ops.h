/* SPDX-License-Identifier: Apache-2.0 */
/* What a way of packing has to provide to file_source.c. Private to lib/target. */
#ifndef HS_FILE_SOURCE_OPS_H
#define HS_FILE_SOURCE_OPS_H

#include "file_source.h"

struct hs_file_source {
	const struct hs_file_source_ops *ops;
	uint64_t bytes; /* or HS_FILE_BYTES_UNKNOWN */
	time_t time;
};

struct hs_file_source_ops {
	struct hs_error *(*read)(struct hs_file_source *source, uint64_t offset, void *ret, size_t bytes, size_t *ret_bytes);
	void (*close)(struct hs_file_source *source);
	uint64_t (*skip_hole)(const struct hs_file_source *source, uint64_t offset, uint64_t end); /* NULL: no holes are known */
	bool is_sequential;
};

/*
 * Packed files. Each takes `fd` over when it sets *ret, and leaves it alone otherwise. `frames` leaves *ret alone without an error when
 * the file has no table of its frames.
 */
struct hs_error *hs_file_source_open_frames(int fd, uint64_t file_bytes, struct hs_file_source **ret) HS_MUST_CHECK;
struct hs_error *hs_file_source_open_stream(int fd, bool is_gzip, struct hs_file_source **ret) HS_MUST_CHECK;

/* pread until all is there or the file ends. */
struct hs_error *hs_file_read_at(int fd, uint64_t offset, void *ret, size_t bytes, size_t *ret_bytes) HS_MUST_CHECK;

#endif
