/* SPDX-License-Identifier: Apache-2.0 */
/* Making pages out of the last sample, by the builders that the commands use. In the session's thread. */
#ifndef HS_TOP_PAGES_H
#define HS_TOP_PAGES_H

#include "command.h"
#include "object_row.h"
#include "page.h"
#include "sample.h"
#include "suspects.h"
#include "top_history.h"
#include "turnover.h"

#define HS_TOP_KEPT_SAMPLES 8
#define HS_TOP_IDENTITY_BYTES ((size_t)64 << 20)

/* All that pages are made of. */
struct hs_top_source {
	struct hs_invocation *invocation;
	struct hs_top_history types, holders;
	uint64_t serial;              /* of the last sample */
	uint64_t holders_serial;      /* of the last sample that `holders` has */
	/*
	 * What is kept of samples: the baseline's first, the last one last, some between. The first, the last and the one before it have
	 * identities; those between as far as these take no more than HS_TOP_IDENTITY_BYTES.
	 */
	struct hs_sample *samples[HS_TOP_KEPT_SAMPLES];
	uint64_t serials[HS_TOP_KEPT_SAMPLES];
	size_t n_samples;
	/* by type, of the last sample: n_lived came after the baseline and was there at the sample before */
	struct hs_turnover_list stayed;
	bool has_stayed;              /* there were samples enough to tell */
	struct hs_watched_list watched; /* containers, between samples */
	struct hs_suspects suspects;  /* of the sample suspects_serial; they borrow from its graph */
	uint64_t suspects_serial;     /* 0: none were looked for, or that sample is gone */
	struct hs_memory base_memory, memory;  /* of the baseline and the last sample */
	bool has_memory;
};

/* How far the invocation must be for a place's page. */
enum hs_stage hs_top_page_needs(const struct hs_page_place *place);
/* False: it shows objects by their addresses, and is not made anew by itself: samples wait. */
bool hs_top_page_moves(const struct hs_page_place *place);

/* Fills a page of page->place. Errors: those of the builders. */
struct hs_error *hs_top_page_fill(struct hs_top_source *source, struct hs_page *page) HS_MUST_CHECK;

/* The suspects of the last sample, once; the invocation is at its paths. Errors: NO_MEMORY, LIMIT. */
struct hs_error *hs_top_find_suspects(struct hs_top_source *source) HS_MUST_CHECK;
/* Says in a line which one is first, if it can be believed; "" else. *ret_address: what it is; 0: no object. */
void hs_top_name_suspect(const struct hs_top_source *source, char *ret, size_t ret_bytes, hs_addr *ret_address);

/* One a view; the invocation is as far as they need. */
struct hs_error *hs_top_fill_types(struct hs_top_source *source, struct hs_page *page) HS_MUST_CHECK;
struct hs_error *hs_top_fill_instances(struct hs_top_source *source, struct hs_page *page) HS_MUST_CHECK;
struct hs_error *hs_top_fill_object(struct hs_top_source *source, struct hs_page *page) HS_MUST_CHECK;
struct hs_error *hs_top_fill_suspects(struct hs_top_source *source, struct hs_page *page) HS_MUST_CHECK;
struct hs_error *hs_top_fill_retained(struct hs_top_source *source, struct hs_page *page) HS_MUST_CHECK;
struct hs_error *hs_top_fill_memory(struct hs_top_source *source, struct hs_page *page) HS_MUST_CHECK;
struct hs_error *hs_top_fill_gc(struct hs_top_source *source, struct hs_page *page) HS_MUST_CHECK;
struct hs_error *hs_top_fill_threads(struct hs_top_source *source, struct hs_page *page) HS_MUST_CHECK;
struct hs_error *hs_top_fill_lines(struct hs_top_source *source, struct hs_page *page) HS_MUST_CHECK;

static inline struct hs_object_source hs_top_objects(const struct hs_top_source *source)
{
	return (struct hs_object_source){ .heap = source->invocation->heap, .graph = source->invocation->graph, .holders = source->invocation->holders };
}

/* A row that is a line of text. */
void hs_top_add_line(struct hs_page *page, struct hs_section *section, unsigned indent, const char *text);

#endif
