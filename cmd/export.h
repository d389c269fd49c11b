/* SPDX-License-Identifier: Apache-2.0 */
/* The object graph as files for other programs. Objects are written as they are met: nothing is collected first. */
#ifndef HS_EXPORT_H
#define HS_EXPORT_H

#include <stdio.h>

#include "error.h"
#include "object_row.h"
#include "refs.h"

/*
 * One object a line as JSON, then one exact root a line `with_roots`; README.md documents every member. Errors: NO_MEMORY. Write
 * errors are the stream's.
 */
struct hs_error *hs_export_jsonl(FILE *out, const struct hs_object_source *source, bool with_roots) HS_MUST_CHECK;

/* The object of `refs` with its referrers, its referents, or both, in the DOT language of Graphviz. */
void hs_export_dot(FILE *out, const struct hs_refs *refs, bool with_referrers, bool with_referents);

#endif
