/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What grew between samples of one process, as plain data, and its renderers, which are pure. Strings are the target's bytes as they
 * are; renderers escape.
 */
#ifndef HS_GROWTH_H
#define HS_GROWTH_H

#include "attribution.h"
#include "document.h"
#include "error.h"
#include "growth_seen.h"
#include "series.h"
#include "suspects_view.h"
#include "terminal.h"
#include "turnover.h"

/* One type, in all samples. */
struct hs_growth_type {
	const char *name;     /* borrowed from the samples */
	uint64_t *counts;     /* by sample; owned by hs_growth, like bytes */
	uint64_t *bytes;
	int64_t count_change; /* from the first to the last; of a long series, what its floor rose by */
	int64_t bytes_change;
	double turnover;      /* 0 … 1: the share of the last sample's objects that replaced others since the base; < 0: unknown */
	int64_t survivors;    /* objects proven to have been there at the base, see hs_series_base(); < 0: cannot be told */
	bool comes_and_goes;  /* what is replaced is far more than what is added */
};

HS_ARRAY_TYPE(hs_growth_types, struct hs_growth_type);

struct hs_growth {
	struct hs_document document;
	const struct hs_series *series; /* borrowed */
	double seconds;                 /* between the first and the last sample */
	struct hs_growth_types types;   /* by descending growth of bytes, then name */
	uint64_t *figures;              /* what counts and bytes point into */
	struct hs_attribution attribution;
	const struct hs_suspects *suspects; /* borrowed; NULL: they were not looked for */
	size_t n_suspects_shown;        /* as text */
	const struct hs_growth_seen *seen; /* suspects from n_own on were told of another process; borrowed. NULL: there are no others */
	size_t n_own;
	size_t n_shown;                 /* rows of the table of types */
	bool is_provisional;            /* more samples are to come */
	bool is_one_line;               /* as JSON: one of many documents */
};

/*
 * Compares the samples of a series. `turnover`: of the last sample's heap since the base, `suspects` of it; NULL: there is no
 * such heap. The document and what is shown are the caller's. The caller releases *ret, whatever this returned. Errors: NO_MEMORY.
 */
struct hs_error *hs_growth_compare(const struct hs_series *series, const struct hs_turnover_list *turnover, const struct hs_suspects *suspects,
				   struct hs_growth *ret) HS_MUST_CHECK;
void hs_growth_release(struct hs_growth *growth);
/* False: the series ended early, or a census was incomplete. */
bool hs_growth_is_complete(const struct hs_growth *growth);
/* Why the series ended early, in words; NULL: it did not. */
const char *hs_growth_end(const struct hs_growth *growth);

/* What there is to say of a process that was stopped by job control meanwhile; NULL: nothing, it ran at each sample. */
const char *hs_growth_standstill(const struct hs_growth *growth);

/* What suspects of medium confidence or better grew by. */
int64_t hs_growth_convincing_bytes(const struct hs_growth *growth);

#define HS_NEXT_BYTES 64
/* The command that goes on from what was found, without the program's name: "refs 4242 0x7f…". */
void hs_growth_next(const struct hs_growth *growth, char ret[HS_NEXT_BYTES]);

/* The parts of a text: how often the process was paused, what its growth is made of, warnings; suspects; the table of types. */
void hs_growth_put_head(FILE *out, const struct hs_growth *growth, const struct hs_style *style);
void hs_growth_put_suspects(FILE *out, const struct hs_growth *growth, const struct hs_style *style);
void hs_growth_put_types(FILE *out, const struct hs_growth *growth, const struct hs_style *style);

void hs_growth_text(FILE *out, const struct hs_growth *growth, const struct hs_style *style);
/* Errors: NO_MEMORY. */
struct hs_error *hs_growth_json(FILE *out, const struct hs_growth *growth) HS_MUST_CHECK;
/* Adds what is told of growth to a document. */
void hs_growth_json_members(json_t *root, const struct hs_growth *growth);
/* Markdown of at most 40 lines of 100 columns; `command_line` is what the user asked for. */
void hs_growth_md(FILE *out, const struct hs_growth *growth, const char *command_line);

#endif
