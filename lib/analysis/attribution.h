/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the growth of a process's memory is made of: parts that add up to the growth of its resident size, to the byte. A part is negative
 * where memory was given back or was there before: objects that fill free blocks take nothing from the system.
 *
 *     RSS +12.1 MiB = suspect 1 +11.3, suspect 2 +0.9, native +0.4, fragmentation -0.9, files 0, unattributed +0.4
 */
#ifndef HS_ATTRIBUTION_H
#define HS_ATTRIBUTION_H

#include "array.h"
#include "error.h"
#include "sample.h"
#include "watch.h"

enum hs_cause {
	HS_CAUSE_SUSPECT,
	HS_CAUSE_GARBAGE,       /* unreachable cycles that wait */
	HS_CAUSE_NATIVE,        /* C code's: malloc, mappings, stacks, variables */
	HS_CAUSE_FRAGMENTATION, /* free blocks, pools, arenas, chunks, and what lies between them */
	HS_CAUSE_FILES,         /* mapped files and shared memory */
	HS_CAUSE_UNATTRIBUTED,  /* objects of no suspect, and what no step of the waterfall explains */
	HS_N_CAUSES,
};

enum hs_verdict {
	HS_VERDICT_NONE,
	HS_VERDICT_LEAK,
	HS_VERDICT_GARBAGE,
	HS_VERDICT_NATIVE,
	HS_VERDICT_FRAGMENTATION,
	HS_VERDICT_BOUNDED, /* what grows has a bound, and is not there yet */
};

/* What of the growth is explained by others. */
struct hs_growing {
	int64_t bytes;
	unsigned rank;      /* of a suspect: from 1 */
	bool is_convincing; /* of medium confidence or better */
	bool is_certain;    /* of high confidence */
	bool is_garbage;    /* it is what `garbage_bytes` tells of: no part of its own */
	bool is_bounded;
};

HS_ARRAY_TYPE(hs_growing_list, struct hs_growing);

struct hs_attribution_part {
	enum hs_cause cause;
	unsigned rank; /* of suspects, else 0 */
	int64_t bytes;
};

struct hs_attribution {
	bool is_known; /* false: there are no two samples with memory figures */
	int64_t rss_growth_bytes;
	HS_ARRAY(struct hs_attribution_part) parts; /* suspects by rank, then the other causes in their order, each once */
	enum hs_verdict verdict;
};

/*
 * From the first of `samples` to the last; those between tell whether native memory and fragmentation grow all the time. `suspects` by
 * rank; `garbage_bytes`: growth of unreachable memory; `resident`: the size as it was
 * watched between the samples, NULL: it was not. The caller releases *ret, whatever this returned. Errors: NO_MEMORY.
 */
struct hs_error *hs_attribution_of(const struct hs_sample *const *samples, size_t n_samples, const struct hs_growing_list *suspects,
				   int64_t garbage_bytes, const struct hs_watched *resident, struct hs_attribution *ret) HS_MUST_CHECK;
void hs_attribution_release(struct hs_attribution *attribution);

/* As JSON names them. */
const char *hs_cause_name(enum hs_cause cause);
const char *hs_verdict_name(enum hs_verdict verdict);

#endif
