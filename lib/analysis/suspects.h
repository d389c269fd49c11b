/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Suspects: what grows without an end in sight, who holds it, how sure that is. From the samples of a series and the graph of the last one,
 * by rules of evidence that say nothing of any program; from one sample alone, what is large in a way that leaks are.
 */
#ifndef HS_SUSPECTS_H
#define HS_SUSPECTS_H

#include "named_path.h"
#include "object_graph.h"
#include "sample.h"
#include "suspect_rules.h"
#include "unexplained.h"
#include "watch.h"

enum hs_suspect_kind {
	HS_SUSPECT_LIST,
	HS_SUSPECT_DICT,
	HS_SUSPECT_SET,
	HS_SUSPECT_DEQUE,
	HS_SUSPECT_ODICT,
	HS_SUSPECT_ARRAY,       /* array.array */
	HS_SUSPECT_BUFFER,      /* bytearray, memoryview, ndarray, and what keeps them */
	HS_SUSPECT_CHAIN,       /* objects that lead to each other: lists linked by hand, trees, memo tables */
	HS_SUSPECT_LRU_CACHE,
	HS_SUSPECT_REGISTRY,    /* what a library keeps for its callers: handlers, callbacks, modules */
	HS_SUSPECT_TRACEBACK,   /* exceptions with the frames that they came through */
	HS_SUSPECT_TASKS,       /* tasks and futures that wait */
	HS_SUSPECT_TIMERS,
	HS_SUSPECT_QUEUE,
	HS_SUSPECT_THREADS,
	HS_SUSPECT_GENERATORS,  /* suspended ones, and coroutines */
	HS_SUSPECT_CYCLES,      /* what nothing reaches and no collection has taken */
	HS_SUSPECT_CLASSES,
	HS_SUSPECT_INTERNED,
	HS_SUSPECT_UNEXPLAINED, /* references that nobody is known to have */
	HS_SUSPECT_OBJECT,      /* anything else: an attribute, a variable */
	HS_N_SUSPECT_KINDS,
};

enum hs_suspect_root {
	HS_SUSPECT_OF_MODULE,
	HS_SUSPECT_OF_CLASS,
	HS_SUSPECT_OF_CLOSURE,
	HS_SUSPECT_OF_DEFAULT,
	HS_SUSPECT_OF_LOCAL,
	HS_SUSPECT_OF_THREAD_LOCAL,
	HS_SUSPECT_OF_CONTEXT,
	HS_SUSPECT_OF_INTERPRETER,
	HS_SUSPECT_OF_C_STACK,
	HS_SUSPECT_OF_NATIVE,   /* memory or data of C code */
	HS_SUSPECT_OF_NOTHING,
	HS_N_SUSPECT_ROOTS,
};

const char *hs_suspect_kind_name(enum hs_suspect_kind kind);
const char *hs_suspect_root_name(enum hs_suspect_root root);

struct hs_suspect_type {
	const char *name; /* full; borrowed from the types; the target's bytes */
	uint64_t count;   /* new instances */
	double bytes;     /* that they and what is new below them occupy */
};

struct hs_suspect_bound {
	uint64_t limit, filled;
	double eta_seconds;       /* until it is full; < 0: it does not grow */
	uint64_t bytes_when_full;
};

#define HS_SUSPECT_MAX_TEXTS 8
struct hs_suspect_texts {
	char *items[HS_SUSPECT_MAX_TEXTS]; /* owned; safe to print */
	size_t n;
};

#define HS_SUSPECT_MAX_TYPES 4

struct hs_suspect {
	enum hs_suspect_kind kind;
	enum hs_suspect_root root;
	enum hs_confidence confidence;
	unsigned doubts;             /* enum hs_doubt */
	double score;
	hs_node node;                /* HS_NO_NODE: there is no such object */
	hs_addr address;             /* of it; of the member of an aggregate that grew most */
	const char *type;            /* full name of the object's; borrowed from the types */
	struct hs_named_path path;   /* to it; expression NULL: nothing leads to it */
	char *shape;                 /* of an aggregate: the path of all members, "app.ROOMS[*].history"; else NULL */
	char *owner;                 /* expression of the object that the user's code names; NULL: no path */
	bool owner_is_evaluable;
	size_t n_owner_steps;        /* of the path's, that lead to it */
	char *tail;                  /* how the rest of the path goes on; "" when the owner is the object itself */
	uint64_t links;              /* of a chain: how long it is */
	struct hs_suspect_texts also, writers, evidence;
	char *definition;            /* "app.py:12": class or function; NULL: unknown */
	const char *hint;            /* static; NULL: none follows from kind and evidence */
	uint64_t members;            /* containers, or places, that grew in the same way */
	struct hs_suspect_type grows_by[HS_SUSPECT_MAX_TYPES]; /* most bytes first */
	size_t n_grows_by;
	uint64_t *lengths;           /* by sample, of all members; NULL: it has none. Owned */
	const struct hs_watched *watched; /* between samples; borrowed from the input; NULL: it was not */
	struct hs_suspect_figures figures;
	bool has_bound;
	bool rests_on_floor;         /* in a long series: it grew lately, as it does now and then; such are taken off the list */
	struct hs_suspect_bound bound;
	uint64_t retained_bytes;     /* of all members */
	int64_t retained_growth_bytes;
};

HS_ARRAY_TYPE(hs_suspect_list, struct hs_suspect);

struct hs_suspects_input {
	const struct hs_sample *const *samples; /* ascending times */
	size_t n_samples;                       /* the last one is of `heap`; 0, 1: growth was not observed, and none is looked at */
	const struct hs_process_heap *heap;
	const struct hs_graph *graph;           /* of `heap`, as are the next two */
	const struct hs_object_graph *holders;
	struct hs_reach *reach;
	const struct hs_unexplained_list *unexplained; /* NULL: they were not looked for */
	const struct hs_watched_list *watched;  /* containers, between samples; NULL: none were */
	const uint8_t *lived;                   /* as hs_sample_mark_lived() tells of the first sample with identities; NULL: is found out */
	/*
	 * The earlier samples are of other processes, and joined by path (place_join.h): `lived` is what that made. What a container kept is
	 * unknown then.
	 */
	bool is_by_path;
	size_t n_max;                           /* suspects to list; 0: 20 */
};

/* What looked like growth, and is none. */
struct hs_ruled_out {
	uint64_t n_containers;     /* that were compared with what they were */
	uint64_t n_turnover;       /* of them, those whose items came and went */
	uint64_t n_bounded;        /* suspects with a bound */
	char *largest_turnover;    /* path of the one with most new items; owned; NULL: none */
};

struct hs_suspects {
	struct hs_suspect_list list;   /* by descending scores */
	bool is_static;
	bool is_by_path;
	size_t n_samples;
	double seconds;                /* between the samples compared; of a long series all of it */
	double growth_bytes;           /* of all that gathers anywhere */
	double garbage_bytes;          /* of these: what no root reaches and a collection would take */
	struct hs_ruled_out ruled_out;
};

/* What `input` points to is borrowed, and the suspects borrow from it. Free them with hs_suspects_deinit, whatever this returned. Errors: NO_MEMORY, LIMIT, CANCELLED. */
struct hs_error *hs_suspects_find(const struct hs_suspects_input *input, struct hs_suspects *ret) HS_MUST_CHECK;
void hs_suspects_deinit(struct hs_suspects *suspects);

#endif
