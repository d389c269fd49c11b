/* SPDX-License-Identifier: Apache-2.0 */
/* Boxes and arrows for Graphviz. */
#include "dot.h"

#include <string.h>

#include "escape.h"
#include "reference.h"

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

void hs_dot_begin(FILE *out)
{
	fputs("digraph heap {\n\tgraph [rankdir=LR];\n\tnode [shape=box, fontname=\"monospace\", fontsize=10];\n"
	      "\tedge [fontname=\"monospace\", fontsize=9];\n", out);
}

void hs_dot_end(FILE *out)
{
	fputs("}\n", out);
}

void hs_dot_node(FILE *out, hs_addr address, const char *type, const char *repr, bool stands_out)
{
	char safe[256];

	hs_escape(safe, sizeof(safe), type, strlen(type));
	fprintf(out, "\t\"0x%" HS_PRI_ADDR "\" [label=\"", address);
	put_text(out, safe, sizeof(safe));
	fputs("\\n", out);
	put_text(out, repr, MAX_LABEL_REPR);
	fprintf(out, "\\n0x%" HS_PRI_ADDR "\"%s];\n", address, stands_out ? ", penwidth=2, style=bold" : "");
}

void hs_dot_edge(FILE *out, hs_addr from, hs_addr to, const char *step, uint64_t count, unsigned relation)
{
	fprintf(out, "\t\"0x%" HS_PRI_ADDR "\" -> \"0x%" HS_PRI_ADDR "\" [label=\"", from, to);
	put_text(out, step, MAX_LABEL_REPR);
	if (count > 1)
		fprintf(out, " x%llu", (unsigned long long)count);
	fprintf(out, "\"%s];\n", relation & HS_WEAK ? ", style=dotted" : relation & HS_SCANNED ? ", style=dashed" : "");
}
