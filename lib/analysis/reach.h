/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the roots of a process reach its objects: what a path costs by DESIGN's rules, which ways it may not go, and by which
 * name it takes each step. The search itself (paths.h) knows nothing of Python; here it is told what it needs.
 */
#ifndef HS_REACH_H
#define HS_REACH_H

#include "expression.h"
#include "graph.h"
#include "late_roots.h"
#include "paths.h"
#include "process_heap.h"
#include "reference_name.h"
#include "root.h"

/* A root, kept beyond its visit. Strings are safe to print and owned by the reach. */
struct hs_reach_root {
	hs_node node;
	uint8_t kind;         /* enum hs_root_kind, or one of those below */
	uint8_t edge_kind;    /* enum hs_edge_kind */
	bool is_owned;
	bool is_type_cache;   /* names that types were asked for, of which it keeps some thousands at most */
	bool is_importable;   /* a module that Python finds by its dotted name, after importing it */
	uint32_t cost;
	const char *name;     /* of the module, variable, field, static type; of a static object its type's; NULL: none */
	uint64_t thread;      /* 0: none */
	const char *module;   /* whose code the frame runs; "": unknown; NULL: no frame's */
	const char *function;
	const char *file;
	int32_t line;         /* 0: unknown */
};

/* Words that may be references, where no exact root leads (late_roots.h); those in static data are HS_ROOT_STATIC. */
#define HS_REACH_STACK ((uint8_t)HS_N_ROOT_KINDS)
#define HS_REACH_NATIVE ((uint8_t)(HS_N_ROOT_KINDS + 1))
#define HS_REACH_INTERNED ((uint8_t)(HS_N_ROOT_KINDS + 2))

/* "module", "frame" …, "stack", "native", "interned". */
const char *hs_reach_root_kind(const struct hs_reach_root *root);

struct hs_reach;

struct hs_reach_options {
	const char *exclude; /* a glob: no path goes through objects whose type fits, modules, and globals ("app.CACHE"); NULL: all may */
	const struct hs_thread_list *threads; /* of the capture; NULL: C stacks are not looked at */
};

/*
 * Finds the roots and the cheapest path to every object that they reach. `heap` and `graph` are borrowed until hs_reach_close;
 * `options` may be NULL. Errors: NO_MEMORY, LIMIT.
 */
struct hs_error *hs_reach_open(const struct hs_process_heap *heap, const struct hs_graph *graph, const struct hs_reach_options *options,
			       struct hs_reach **ret) HS_MUST_CHECK;
/* NULL is legal. */
void hs_reach_close(struct hs_reach *reach);

/* Pointers to roots are valid until words that may be references are looked for: until a path is not found among the exact ones. */
const struct hs_reach_root *hs_reach_roots(const struct hs_reach *reach, size_t *ret_n);
/* The one of that number, as paths and steps name it. */
const struct hs_reach_root *hs_reach_root_at(const struct hs_reach *reach, uint32_t root);

/*
 * hs_paths_step() and hs_paths_find(): paths from exact roots, and only for an object that none of these reaches, from words that may
 * be references, which are looked for then. An object that nothing reaches has no path. Errors: NO_MEMORY, LIMIT.
 */
struct hs_error *hs_reach_last_step(struct hs_reach *reach, hs_node node, struct hs_path_step *ret, bool *ret_is_reached) HS_MUST_CHECK;
struct hs_error *hs_reach_find(struct hs_reach *reach, hs_node node, size_t n_max, struct hs_path **ret, size_t *ret_n) HS_MUST_CHECK;

/*
 * What costs so much, a root or a step, is taken only where nothing else leads to an object: a function's globals, a class's bases,
 * temporaries, words that may be references.
 */
#define HS_REACH_LAST_RESORT 120

/* One reference of a path, by its name. */
struct hs_reach_step {
	unsigned cost;
	struct hs_expression_step expression; /* its name is `name` below, set by who uses it */
	bool has_name;
	char name[HS_REFERENCE_NAME_BYTES];
};

/* The cheapest reference from one node to another that names it best. False when there is none. */
bool hs_reach_step(const struct hs_reach *reach, hs_node from, hs_node to, struct hs_reach_step *ret);

/*
 * Writes the expression of the cheapest path to a node; "" when nothing reaches it. `hides_values`: for output that shows none.
 * Errors: NO_MEMORY, LIMIT.
 */
struct hs_error *hs_reach_expression(struct hs_reach *reach, hs_node node, bool hides_values, char *ret, size_t ret_bytes) HS_MUST_CHECK;

/* Begins the expression of a path from a root, the root's own variable included. */
void hs_reach_begin(const struct hs_reach_root *root, struct hs_expression *expression, char *ret, size_t ret_bytes);

#endif
