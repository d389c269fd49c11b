/* SPDX-License-Identifier: Apache-2.0 */
/* Every lru_cache of a process as plain data, and the renderers, which are pure. */
#ifndef HS_CACHES_H
#define HS_CACHES_H

#include <stdio.h>

#include "array.h"
#include "document.h"
#include "lru_cache.h"
#include "object_row.h"
#include "terminal.h"

struct hs_cache_row {
	hs_addr address;
	struct hs_lru_cache cache;
	uint64_t retained_bytes;
	bool is_method;               /* a class has it as an attribute: instances are among the arguments that it keeps */
	char function[HS_REPR_BYTES]; /* safe */
};

struct hs_caches {
	struct hs_document document;
	HS_ARRAY(struct hs_cache_row) rows; /* unbounded ones first, then by what they retain; owned */
	uint64_t n_unbounded;
	uint64_t retained_bytes; /* of all, each by itself */
	bool is_unknown;         /* the layout does not know the struct of lru_cache */
	size_t n_shown;          /* as text */
};

/* Fills in all but `document` and `n_shown`. Errors: NO_MEMORY. */
struct hs_error *hs_caches_gather(struct hs_caches *caches, const struct hs_object_source *source) HS_MUST_CHECK;
void hs_caches_deinit(struct hs_caches *caches);

void hs_caches_text(FILE *out, const struct hs_caches *caches, const struct hs_style *style);
/* Errors: NO_MEMORY. */
struct hs_error *hs_caches_json(FILE *out, const struct hs_caches *caches) HS_MUST_CHECK;

#endif
