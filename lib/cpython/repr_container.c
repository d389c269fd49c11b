/* SPDX-License-Identifier: Apache-2.0 */
/* Containers: brackets, the first items, and "…" for the rest. They are read by visiting them, as everything else is. */
#include <string.h>

#include "dict.h"
#include "kind.h"
#include "reference_name.h"
#include "repr_internal.h"
#include "sequence.h"
#include "set.h"

#define MAX_SLOTS_LOOKED_AT 4096 /* of a sparse table: what lies behind is not looked for */

/* A container being written, fed by a visit. */
struct listing {
	struct hs_repr *repr;
	unsigned n;       /* items written */
	uint64_t n_slots; /* looked at */
	bool is_cut;
};

static bool may_go_on(struct listing *listing)
{
	struct hs_repr *repr = listing->repr;

	if (listing->n >= repr->limits.items || repr->text.is_full || listing->n_slots++ > MAX_SLOTS_LOOKED_AT)
		listing->is_cut = true;
	return !listing->is_cut;
}

static void put_item(struct listing *listing, const struct hs_reference_run *run, size_t i)
{
	struct hs_repr *repr = listing->repr;
	hs_addr key;

	if (listing->n)
		hs_bounded_text_put(&repr->text, ", ");
	if (run->kind == HS_EDGE_VALUE && run->names) {
		memcpy(&key, (const uint8_t *)run->names + i * run->names_stride, sizeof(key));
		hs_repr_put_at(repr, key);
		hs_bounded_text_put(&repr->text, ": ");
	}
	hs_repr_put_at(repr, hs_reference_target(run, i));
	listing->n++;
}

static void put_run(void *context, const struct hs_reference_run *run)
{
	struct listing *listing = context;

	if (run->kind != HS_EDGE_INDEX && run->kind != HS_EDGE_VALUE && run->kind != HS_EDGE_ITEM)
		return;
	for (size_t i = 0; i < run->n && !listing->is_cut; i++)
		if (hs_reference_target(run, i) && may_go_on(listing))
			put_item(listing, run, i);
}

/* Writes the items between `open` and `close`; returns how many. The whole always ends in `close`. */
static unsigned put_items(struct hs_repr *repr, const struct hs_object *object, const char *open, const char *close,
			  void (*visit)(const struct hs_cpython *, const struct hs_object *, const struct hs_visitor *))
{
	struct listing listing = { .repr = repr };
	const struct hs_visitor visitor = hs_visitor_of_references(put_run, &listing);
	size_t limit = hs_bounded_text_reserve(&repr->text, strlen(close) + strlen(HS_ELLIPSIS) + 2);

	hs_bounded_text_put(&repr->text, open);
	if (repr->depth >= repr->limits.depth)
		listing.is_cut = true;
	repr->depth++;
	if (!listing.is_cut)
		visit(repr->py, object, &visitor);
	repr->depth--;
	hs_bounded_text_release(&repr->text, limit);
	if (listing.is_cut || repr->text.is_full) {
		repr->text.is_full = false;
		hs_bounded_text_put(&repr->text, listing.n ? ", " : "");
		hs_repr_put_ellipsis(repr);
	}
	hs_bounded_text_put(&repr->text, close);
	return listing.n;
}

static bool is_empty(struct hs_repr *repr, const struct hs_object *object)
{
	uint64_t n;

	return hs_object_length(repr->py, object, &n) && n == 0;
}

void hs_repr_list(struct hs_repr *repr, const struct hs_object *object)
{
	if (is_empty(repr, object))
		hs_bounded_text_put(&repr->text, "[]");
	else
		put_items(repr, object, "[", "]", hs_list_visit);
}

void hs_repr_tuple(struct hs_repr *repr, const struct hs_object *object)
{
	if (is_empty(repr, object))
		hs_bounded_text_put(&repr->text, "()");
	else
		put_items(repr, object, "(", hs_ob_size(repr->py, object) == 1 ? ",)" : ")", hs_tuple_visit);
}

/* What C subclasses add to a dict (OrderedDict's nodes) is none of its items. */
void hs_repr_dict(struct hs_repr *repr, const struct hs_object *object)
{
	if (is_empty(repr, object))
		hs_bounded_text_put(&repr->text, "{}");
	else
		put_items(repr, object, "{", "}", hs_dict_visit);
}

void hs_repr_set(struct hs_repr *repr, const struct hs_object *object)
{
	if (is_empty(repr, object))
		hs_bounded_text_put(&repr->text, "set()");
	else
		put_items(repr, object, "{", "}", hs_set_visit);
}

void hs_repr_frozenset(struct hs_repr *repr, const struct hs_object *object)
{
	if (is_empty(repr, object))
		hs_bounded_text_put(&repr->text, "frozenset()");
	else
		put_items(repr, object, "frozenset({", "})", hs_set_visit);
}

void hs_repr_deque(struct hs_repr *repr, const struct hs_object *object)
{
	put_items(repr, object, "deque([", "])", hs_deque_visit);
	repr->is_literal = false;
}
