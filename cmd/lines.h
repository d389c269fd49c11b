/* SPDX-License-Identifier: Apache-2.0 */
/* Where memory was allocated, by the target's own tracemalloc, as plain data; and the renderers, which are pure. */
#ifndef HS_LINES_H
#define HS_LINES_H

#include <stdio.h>

#include "array.h"
#include "definitions.h"
#include "document.h"
#include "repr.h"
#include "source_lines.h"
#include "terminal.h"
#include "trace_groups.h"

/* What is asked for. */
struct hs_lines_options {
	struct hs_trace_options traces;
	const char *type;      /* only blocks of its objects; NULL: of all */
	hs_addr at;            /* only the block that holds it; 0: of all */
	uint32_t growth_s;     /* 0: one sample */
	size_t n_rows;         /* groups to show */
	bool wants_texts;      /* of every frame of a traceback, not of the innermost alone */
};

/* Objects of --type. */
struct hs_lines_join {
	char *name;            /* of the types; owned; NULL: no --type */
	uint64_t n_objects;
};

/* One look at the process. */
struct hs_lines_sample {
	struct hs_tracemalloc state;
	struct hs_trace_groups groups;
	struct hs_lines_join join;
	bool is_found;         /* --at: that block is traced */
	struct hs_trace block; /* which one it is */
};

/* A group as it is shown: in the later sample, or in the earlier alone. */
struct hs_lines_row {
	const struct hs_trace_groups *groups;
	const struct hs_trace_group *group;
	uint64_t bytes, count;                /* of the later sample */
	int64_t bytes_change, count_change;
	HS_ARRAY(char *) texts;               /* source lines of its first places; NULL: not readable. The file's bytes; owned */
};

struct hs_lines {
	struct hs_document document;
	const struct hs_lines_options *options;
	struct hs_lines_sample before, after; /* `before`: with growth_s alone */
	bool is_compared;                     /* both samples were traced */
	struct hs_trace_changes changes;
	uint64_t n_groups;                    /* of which `rows` are the first */
	HS_ARRAY(struct hs_lines_row) rows;
	char *block_type;                     /* --at: of the object at the address; NULL: there is none. The target's bytes; owned */
	char block_repr[HS_REPR_BYTES];
	/* Where nobody traces: */
	struct hs_definition_list definitions; /* in full */
	HS_ARRAY(char *) definition_texts;    /* of the first n_rows; as in rows */
};

/* Reads one sample. Errors: NO_MEMORY, LOOKUP for a type that is not there. */
struct hs_error *hs_lines_sample(const struct hs_process_heap *heap, const struct hs_lines_options *options, struct hs_lines_sample *ret) HS_MUST_CHECK;
void hs_lines_sample_release(struct hs_lines_sample *sample);
/*
 * False when its tables contradict themselves: they have other numbers of entries than they say, or these do not add up to the bytes
 * that tracemalloc counts.
 */
bool hs_lines_sample_is_whole(const struct hs_lines_sample *sample);
/* True if it does not, or a thread was changing the tables: another stop may find them at rest. */
bool hs_lines_sample_is_doubtful(const struct hs_lines_sample *sample);

/* From the samples to the rest; `heap` is that of the later one. `sources` NULL: no source lines. Errors: NO_MEMORY. */
struct hs_error *hs_lines_complete(struct hs_lines *lines, const struct hs_process_heap *heap, struct hs_source_lines *sources) HS_MUST_CHECK;
void hs_lines_deinit(struct hs_lines *lines);

/* False: figures are of a part of the traces. */
bool hs_lines_is_complete(const struct hs_lines *lines);

/* What is wrong with its tables, as a sentence; NULL: nothing. Static text, or written into `ret` (HS_LINES_WARNING_BYTES). */
#define HS_LINES_WARNING_BYTES 240
const char *hs_lines_warning(const struct hs_lines *lines, char *ret);

void hs_lines_text(FILE *out, const struct hs_lines *lines, const struct hs_style *style);
/* Errors: NO_MEMORY. */
struct hs_error *hs_lines_json(FILE *out, const struct hs_lines *lines) HS_MUST_CHECK;
/* One line a traceback, outermost frame first, then its bytes: what flame graphs are drawn from. */
void hs_lines_folded(FILE *out, const struct hs_lines *lines);

#endif
