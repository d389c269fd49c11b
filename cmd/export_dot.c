/* SPDX-License-Identifier: Apache-2.0 */
/* The neighbourhood of one object as a graph for Graphviz: objects as boxes, references as arrows that bear their names. */
#include <string.h>

#include "escape.h"
#include "export.h"

#define MAX_LABEL_REPR 60

/* The inside of a quoted string of the DOT language, cut behind `max` characters. What stands in it is safe to print already. */
static void put_text(FILE *out, const char *text, size_t max)
{
	size_t n = 0;

	for (; *text; text++) {
		bool begins_character = ((unsigned char)*text & 0xc0) != 0x80;
		if (begins_character && n++ == max)
			break;
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputs(*text ? "\xe2\x80\xa6" : "", out);
}

static void put_node(FILE *out, hs_addr address, const char *type, const char *repr, bool is_centre)
{
	char safe[256];

	hs_escape(safe, sizeof(safe), type, strlen(type));
	fprintf(out, "\t\"0x%" HS_PRI_ADDR "\" [label=\"", address);
	put_text(out, safe, sizeof(safe));
	fputs("\\n", out);
	put_text(out, repr, MAX_LABEL_REPR);
	fprintf(out, "\\n0x%" HS_PRI_ADDR "\"%s];\n", address, is_centre ? ", penwidth=2, style=bold" : "");
}

static void put_edge(FILE *out, hs_addr from, hs_addr to, const struct hs_ref *ref)
{
	fprintf(out, "\t\"0x%" HS_PRI_ADDR "\" -> \"0x%" HS_PRI_ADDR "\" [label=\"", from, to);
	put_text(out, ref->step, MAX_LABEL_REPR);
	if (ref->count > 1)
		fprintf(out, " x%llu", (unsigned long long)ref->count);
	fprintf(out, "\"%s];\n", ref->relation & HS_WEAK ? ", style=dotted" : ref->relation & HS_SCANNED ? ", style=dashed" : "");
}

/* The list has each reference right behind the one that it belongs to. */
static void put_list(FILE *out, const struct hs_ref_list *list, hs_addr centre, bool is_up)
{
	hs_addr above[HS_REFS_MAX_DEPTH + 2] = { centre };

	for (size_t i = 0; i < list->n; i++) {
		const struct hs_ref *ref = &list->items[i];
		hs_addr parent = above[ref->depth - 1];
		above[ref->depth] = ref->address;
		if (!ref->is_again && ref->address != centre)
			put_node(out, ref->address, hs_type_short_name(ref->type), ref->repr, false);
		put_edge(out, is_up ? ref->address : parent, is_up ? parent : ref->address, ref);
	}
}

void hs_export_dot(FILE *out, const struct hs_refs *refs, bool with_referrers, bool with_referents)
{
	const struct hs_object_row *row = &refs->object;

	fputs("digraph heap {\n\tgraph [rankdir=LR];\n\tnode [shape=box, fontname=\"monospace\", fontsize=10];\n"
	      "\tedge [fontname=\"monospace\", fontsize=9];\n", out);
	put_node(out, row->address, hs_type_short_name(row->type), row->repr, true);
	if (with_referrers)
		put_list(out, &refs->referrers, row->address, true);
	if (with_referents)
		put_list(out, &refs->referents, row->address, false);
	fputs("}\n", out);
}
