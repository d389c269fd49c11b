/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which parts of the mappings stand in a snapshot's file, and where: the PT_LOADs to be. Private to lib/target.
 *
 *   mapping      |----------------------------------|        |------------|
 *   captured      ######  ###             ##########          (nothing)
 *   parts        |0 bytes     |1 none    |2 bytes   |        |3 none      |
 *   data         |0           |2         |…                   holes in 0 stay holes
 */
#ifndef HS_SNAPSHOT_PARTS_H
#define HS_SNAPSHOT_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "array.h"
#include "capture.h"
#include "error.h"
#include "image.h"

struct hs_snapshot_part {
	hs_addr start;
	hs_addr end;        /* exclusive */
	uint64_t offset;    /* in the data; without bytes: where they would be */
	uint32_t mapping;   /* its index */
	bool has_bytes;
};

HS_ARRAY_TYPE(hs_snapshot_part_list, struct hs_snapshot_part);

struct hs_snapshot_parts {
	const struct hs_image *image;      /* borrowed, like the mappings */
	const struct hs_mappings *mappings;
	struct hs_snapshot_part_list list; /* by ascending address and offset */
	uint64_t data_bytes;
};

/* The caller frees *ret with hs_snapshot_parts_free(). Errors: NO_MEMORY. */
struct hs_error *hs_snapshot_parts_make(const struct hs_capture *capture, struct hs_snapshot_parts *ret) HS_MUST_CHECK;
void hs_snapshot_parts_free(struct hs_snapshot_parts *parts);

/* A run of the data. */
struct hs_snapshot_piece {
	const uint8_t *bytes; /* in the image; NULL: zeros that need not be in the file */
	size_t n_bytes;
};

/* The run at offset `at` of the data, which ends before `end` (exclusive, above `at`, not beyond the data). */
struct hs_snapshot_piece hs_snapshot_piece_at(const struct hs_snapshot_parts *parts, uint64_t at, uint64_t end);

#endif
