/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shapes of paths: the root and the steps, indices and arbitrary keys taken as one. Many objects have one shape; each node on
 * their paths is looked at once. Private to lib/analysis.
 */
#ifndef HS_PATH_SHAPES_H
#define HS_PATH_SHAPES_H

#include "address_index.h"
#include "reach.h"

#define NO_SHAPE UINT32_MAX
#define CLASS_ROOT UINT32_MAX /* no root, but the class of an instance: the shape's name is that of the class */

/* A path up to one step: the shape before it, or a root, and the step. */
struct path_shape {
	uint32_t before; /* NO_SHAPE: the step is the root itself */
	uint32_t root;
	struct hs_expression_step step;
	const char *name; /* owned */
	bool is_repeated; /* the same steps were taken again and again from here: a linked list */
	uint64_t count;   /* the user's: objects whose path ends here … */
	hs_node sample;   /* … and one of them */
};

struct path_shapes {
	struct hs_reach *reach;
	const struct hs_graph *graph;
	/*
	 * Any key of a dict that is no namespace is [*], longer rounds and nested containers are repeats as well, and roots of one name are
	 * one: a variable of a function that runs in many threads.
	 */
	bool merges_all;
	bool hides_lines;  /* a frame is known by its function, wherever it is in it */
	bool from_classes; /* a path begins at the last instance of a Python class that it goes through */
	HS_ARRAY(struct path_shape) list;
	uint32_t *table;   /* open addressing, shape + 1 */
	size_t n_slots;
	uint32_t *known;   /* by node: shape + 1 */
	hs_node asked;     /* a dict, and whether it is a large one: neighbours mostly have the same; … */
	bool is_asked;     /* … once there was one */
	bool is_large;
	struct hs_address_index roots; /* hashes of their names, if all is merged … */
	HS_ARRAY(uint32_t) first_roots; /* … and the first of each */
	HS_ARRAY(hs_node) stack;
	HS_ARRAY(uint32_t) chain;
};

struct hs_error *path_shapes_init(struct path_shapes *shapes, struct hs_reach *reach, const struct hs_graph *graph, bool from_classes) HS_MUST_CHECK;
void path_shapes_deinit(struct path_shapes *shapes);

/* The shape of the path to `node`: *ret is NO_SHAPE when no root reaches it. */
struct hs_error *path_shapes_of(struct path_shapes *shapes, hs_node node, uint32_t *ret) HS_MUST_CHECK;
/* Owned by the caller; NULL when memory is out. */
char *path_shapes_expression(struct path_shapes *shapes, uint32_t shape);

/* True for an instance of a class that Python made, which is no class itself. */
bool path_shapes_is_instance(const struct hs_type *type);

#endif
