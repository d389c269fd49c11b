/* SPDX-License-Identifier: Apache-2.0 */
/* What a process's memory is made of, as plain data, and its renderers, which are pure. */
#ifndef HS_WATERFALL_H
#define HS_WATERFALL_H

#include <stdbool.h>
#include <stdio.h>

#include "document.h"
#include "error.h"
#include "memory.h"
#include "terminal.h"

struct hs_waterfall {
	struct hs_document document;
	struct hs_memory memory;
	/* with --growth */
	bool has_before;
	struct hs_memory before;
	double seconds; /* between the two */
};

/* "free blocks in pools": as text calls the step. */
const char *hs_waterfall_label(enum hs_memory_step step);

void hs_waterfall_text(FILE *out, const struct hs_waterfall *waterfall, const struct hs_style *style);
/* Errors: NO_MEMORY. */
struct hs_error *hs_waterfall_json(FILE *out, const struct hs_waterfall *waterfall) HS_MUST_CHECK;

#endif
