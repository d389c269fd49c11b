/* SPDX-License-Identifier: Apache-2.0 */
/* A file that is being opened as a capture, and the two kinds of it. Private to lib/target. */
#ifndef HS_CAPTURE_OPENING_H
#define HS_CAPTURE_OPENING_H

#include "capture_file.h"
#include "core_file.h"
#include "core_pages.h"
#include "destination.h"
#include "plan.h"

struct hs_opening {
	const struct hs_capture_file_options *options;
	const struct hs_core_file *core; /* borrowed from capture->process->files */
	struct hs_plan *plan;            /* owned until the image has it */
	struct hs_destination destination;
	uint64_t lost_bytes;             /* of pages that the file should have and ended before */
	struct hs_capture *capture;      /* what will be returned */
};

/* A core of another program, a snapshot. Each takes `core` over, on errors too, and completes opening->capture. */
struct hs_error *hs_opening_core(struct hs_opening *opening, struct hs_core_file *core) HS_MUST_CHECK;
struct hs_error *hs_opening_snapshot(struct hs_opening *opening, struct hs_core_file *core) HS_MUST_CHECK;

/* hs_capture_open() of a file that is open already: takes `source` over, on errors too; options->path is its name. */
struct hs_error *hs_capture_open_source(struct hs_file_source *source, const struct hs_capture_file_options *options, struct hs_capture **ret) HS_MUST_CHECK;

/* Makes room and reads the plan's pages; of `pages` the caller sets what is particular to the file. */
struct hs_error *hs_opening_read_pages(struct hs_opening *opening, const struct hs_core_pages_options *pages) HS_MUST_CHECK;

#endif
