/* SPDX-License-Identifier: Apache-2.0 */
/* What the steps of the search for suspects hand to each other. Private to lib/analysis. */
#ifndef HS_SUSPECT_INTERNAL_H
#define HS_SUSPECT_INTERNAL_H

#include "address_index.h"
#include "collector.h"
#include "observed_growth.h"
#include "path_shapes.h"
#include "suspects.h"

#define SUSPECT_MAX_TALLY 12
#define SUSPECT_MAX_GROUPS 48 /* that are looked at closely */

/* New objects by the group of their type. */
struct suspect_tally {
	uint32_t types[SUSPECT_MAX_TALLY];
	uint64_t counts[SUSPECT_MAX_TALLY];
	double bytes[SUSPECT_MAX_TALLY];
	unsigned n;
};

/* Places of one path, indices and keys taken as one, at which something grows. */
struct suspect_group {
	uint32_t shape;
	uint64_t members;
	hs_node best;          /* the member that grew most */
	double best_growth;
	double exclusive;      /* bytes that gather right there */
	double shared;         /* … that new items occupy which others hold, too */
	uint64_t items;        /* that the containers grew by */
	double kept, weight;   /* sums over containers, by length */
	double slow_bytes;     /* of `exclusive`: what gathered in a long series before its last stretch, where nothing came in that … */
	uint64_t slow_items;   /* … and in how many items */
	uint64_t *lengths;     /* by sample; NULL: no container among the members. Owned, like the next */
	bool *is_unknown;      /* by sample: that of one member, which is not listed there, is only the most that it can have been */
	struct suspect_tally tally;
	uint64_t n_rooted;     /* members that hang on roots, on no object */
	bool is_chain;         /* new objects that lead to each other */
	uint64_t links;
	bool is_passing;       /* its items are weak references, or something else that says it is no holder */
	uint32_t twin;         /* index of the group that it is shown with; its own: none */
	bool has_bound;
	struct hs_suspect_bound bound;
};

/* A container that grew, or the first new object below what did not. */
struct suspect_place {
	hs_node node;
	uint32_t group;
};

struct suspect_search {
	const struct hs_suspects_input *input;
	const struct hs_dominators *tree;
	struct hs_observed_growth observed;
	struct path_shapes shapes;
	struct hs_heaviest heaviest;
	HS_ARRAY(struct suspect_group) groups;
	HS_ARRAY(struct suspect_place) places; /* containers, by node */
	HS_ARRAY(uint32_t) by_shape;           /* group + 1 */
	HS_ARRAY(uint32_t) selected;           /* groups, the largest first */
	uint64_t *claimed;                     /* new objects that a container was found to hold */
	HS_ARRAY(hs_node) waiting;             /* while that is found */
	double frozen_part;                    /* of the garbage that is a suspect: what gc.freeze() has hidden, 0 … 1 */
	uint8_t *origins;                      /* by hs_type.index: enum suspect_origin + 1; 0: not asked so far */
	size_t n_origins;
};

/* suspect_search.c: fills groups, places and selected. */
struct hs_error *suspect_search_groups(struct suspect_search *search) HS_MUST_CHECK;
void suspect_search_deinit(struct suspect_search *search);
/* The group that the container belongs to; HS_NO_INDEX: it is none that grew. */
uint32_t suspect_group_of(const struct suspect_search *search, hs_node container);
double suspect_group_growth(const struct suspect_group *group);
/* By descending growth. */
void suspect_tally_sort(struct suspect_tally *tally);
void suspect_tally_add(struct suspect_tally *tally, uint32_t type, uint64_t count, double bytes);

/* suspect_share.c: which groups hold the same, and what of it nobody else holds. */
struct hs_error *suspect_find_twins(struct suspect_search *search) HS_MUST_CHECK;
double suspect_share_of(struct suspect_search *search, uint32_t group);

/* suspect_series.c */
/* Adds a container that grew in a long series, but not lately. Returns the bytes that it grew by. */
double suspect_add_slow(struct suspect_search *search, struct suspect_group *group, const struct hs_container_history *history);
/* From the last stretch of a long series to all of it: by the lengths of the containers, by the count of the type. Where that rests on its floor, only this is told. */
void suspect_stretch_container(const struct suspect_search *search, struct hs_suspect *suspect, const struct suspect_group *group);
void suspect_stretch_type(const struct suspect_search *search, struct hs_suspect *suspect, uint32_t type);

/* suspect_bound.c: what keeps a container from growing for ever; false: nothing that can be seen. */
bool suspect_bound_of(const struct suspect_search *search, const struct hs_path *path, hs_node container, uint64_t *ret_limit, uint64_t *ret_filled);

/* suspect_owner.c */
enum suspect_origin { ORIGIN_USER, ORIGIN_SITE, ORIGIN_STANDARD };
/* Whose the code of a class is, of a module. */
enum suspect_origin suspect_origin_of_type(struct suspect_search *search, const struct hs_type *type);
enum suspect_origin suspect_origin_of_module(const struct hs_reach *reach, const char *module);
/* Writes paths, owner, tail and root. `n_cut`: nodes of the path that lead to the suspect; 0: all. */
struct hs_error *suspect_describe_path(struct suspect_search *search, struct hs_suspect *suspect, const struct hs_path *paths, size_t n_paths,
				       size_t n_cut) HS_MUST_CHECK;

/* suspect_kind.c */
enum hs_suspect_kind suspect_kind_of(struct suspect_search *search, const struct suspect_group *group, const struct hs_path *path, size_t n_cut);

/* suspect_evidence.c */
bool suspect_write_evidence(const struct suspect_search *search, struct hs_suspect *suspect);
const char *suspect_hint(const struct hs_suspect *suspect);
bool suspect_text_add(struct hs_suspect_texts *texts, const char *format, ...) HS_PRINTF(2, 3);

/* suspects.c */
struct hs_suspect *suspect_append(struct hs_suspects *ret);
void suspect_set_node(const struct suspect_search *search, struct hs_suspect *suspect, hs_node node);
void suspect_set_types(const struct suspect_search *search, struct hs_suspect *suspect, const struct suspect_tally *tally);
/* For what has no length: how many instances of the type stayed, how steadily they became more. */
void suspect_set_figures_by_type(const struct suspect_search *search, struct hs_suspect *suspect, uint32_t type);
/* Score and confidence by the figures. */
void suspect_rank(struct hs_suspect *suspect);

/* suspect_lost.c: what no exact root leads to. */
struct hs_error *suspect_find_lost(struct suspect_search *search, struct hs_suspects *ret) HS_MUST_CHECK;
/* The part of all garbage that the collector does not see, as gc.freeze() hid it; where growth was observed, of the new garbage. A sample. */
double suspect_frozen_part(const struct suspect_search *search);
/* The least part that is a reason for garbage to stay. */
#define SUSPECT_MOSTLY_FROZEN 0.5
/* Of a collector that is on: its thresholds are far from what `n_objects`, which came between the samples, will ever reach. */
bool suspect_is_out_of_reach(const struct hs_collector *collector, uint64_t n_objects);

/* suspect_static.c */
struct hs_error *suspect_find_static(struct suspect_search *search, struct hs_suspects *ret) HS_MUST_CHECK;

/* suspect_definition.c: false when memory is out. */
bool suspect_write_definition(struct suspect_search *search, struct hs_suspect *suspect);

/* suspect_writers.c */
struct hs_error *suspect_find_writers(struct suspect_search *search, struct hs_suspects *ret) HS_MUST_CHECK;

#endif
