/* SPDX-License-Identifier: Apache-2.0 */
/* The neighbourhood of one object as a graph for Graphviz: objects as boxes, references as arrows that bear their names. */
#include "dot.h"
#include "export.h"

/* The list has each reference right behind the one that it belongs to. */
static void put_list(FILE *out, const struct hs_ref_list *list, hs_addr centre, bool is_up)
{
	hs_addr above[HS_REFS_MAX_DEPTH + 2] = { centre };

	for (size_t i = 0; i < list->n; i++) {
		const struct hs_ref *ref = &list->items[i];
		hs_addr parent = above[ref->depth - 1];
		above[ref->depth] = ref->address;
		if (!ref->is_again && ref->address != centre)
			hs_dot_node(out, ref->address, hs_type_short_name(ref->type), ref->repr, false);
		hs_dot_edge(out, is_up ? ref->address : parent, is_up ? parent : ref->address, ref->step, ref->count, ref->relation);
	}
}

void hs_export_dot(FILE *out, const struct hs_refs *refs, bool with_referrers, bool with_referents)
{
	const struct hs_object_row *row = &refs->object;

	hs_dot_begin(out);
	hs_dot_node(out, row->address, hs_type_short_name(row->type), row->repr, true);
	if (with_referrers)
		put_list(out, &refs->referrers, row->address, true);
	if (with_referents)
		put_list(out, &refs->referents, row->address, false);
	hs_dot_end(out);
}
