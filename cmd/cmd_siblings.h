/* SPDX-License-Identifier: Apache-2.0 */
/* Workers of one application side by side: of each its places and its census, one heap at a time; which holder differs, and in whom. */
#ifndef HS_CMD_SIBLINGS_H
#define HS_CMD_SIBLINGS_H

#include "array.h"
#include "command.h"
#include "document.h"
#include "siblings.h"

struct hs_sibling {
	struct hs_invocation invocation; /* its heap is gone */
	struct hs_path_places places;
};

/* Zero it to begin. */
struct hs_siblings {
	struct hs_sibling *list; /* owned */
	size_t n;                /* of them; those that could not be looked at are left out */
	struct hs_sibling_rows holders, types;
	char *warnings[HS_MAX_SIBLINGS + 1]; /* owned */
	size_t n_warnings;
	int status;              /* HS_EXIT_DONE, or why some are missing */
	size_t n_shown;
};

/*
 * Looks at the sources one after the other. One that cannot be looked at is told on standard error and left out; two are needed. Release
 * *ret with hs_siblings_deinit, whatever this returned. Errors: those of the stages.
 */
struct hs_error *hs_siblings_find(const struct hs_invocation *invocation, const struct hs_source_options *sources, size_t n,
				  struct hs_siblings *ret) HS_MUST_CHECK;
void hs_siblings_deinit(struct hs_siblings *siblings);

/* Seconds between the first look and the last. */
double hs_siblings_seconds(const struct hs_siblings *siblings);

void hs_siblings_text(FILE *out, const struct hs_siblings *siblings, const struct hs_style *style);
/* Errors: NO_MEMORY. */
struct hs_error *hs_siblings_json(FILE *out, const struct hs_siblings *siblings) HS_MUST_CHECK;

#endif
