/* SPDX-License-Identifier: Apache-2.0 */
/* Garbage as text: what waits for the collector, what it will never take, what is merely a cycle. */
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "cycles_result.h"
#include "text.h"

#define MAX_TYPES 3
#define TYPES_BYTES 512
#define N_UNEXPLAINED 12
#define N_FIGURES 3
#define INDENT 6

/* "app.Node ×2, dict" */
static void write_types(const struct hs_cycle_row *row, const struct hs_style *style, char *ret, size_t ret_bytes)
{
	size_t n = 0;

	ret[0] = '\0';
	for (size_t i = 0; i < row->types.n && n < ret_bytes; i++) {
		const struct hs_cycle_type *type = &row->types.items[i];
		HS_FREE char *safe = hs_text_safe(hs_type_short_name(type->name), style);
		char count[HS_FIGURE_BYTES];
		if (i == MAX_TYPES) {
			snprintf(ret + n, ret_bytes - n, ", %s", hs_text_ellipsis(style));
			return;
		}
		n += (size_t)snprintf(ret + n, ret_bytes - n, "%s%s", i ? ", " : "", safe ? safe : "?");
		if (type->count > 1 && n < ret_bytes)
			n += (size_t)snprintf(ret + n, ret_bytes - n, " %s%s", style->utf8 ? "\xc3\x97" : "x", hs_text_count(count, type->count));
	}
}

static void write_figures(const struct hs_cycle_row *row, char ret[N_FIGURES][HS_FIGURE_BYTES])
{
	hs_text_count(ret[0], row->n_alike);
	hs_text_count(ret[1], row->alike_objects);
	hs_text_size(ret[2], row->alike_bytes);
}

static const char *note_of(const struct hs_cycle_row *row)
{
	if (!row->marks)
		return "";
	if (row->marks->is_uncollectable)
		return "  uncollectable (tp_del)";
	if (row->marks->n_finalizers)
		return row->marks->n_callbacks ? "  finalizers and weakref callbacks run first" : "  finalizers run first";
	return row->marks->n_callbacks ? "  weakref callbacks run first" : "";
}

/* What keeps the collector from finding it. */
static void put_hiding(FILE *out, const struct hs_cycle_row *row, const struct hs_style *style)
{
	static const char *const reasons[] = {
		[HS_HIDDEN_UNKNOWN] = "held by something unknown", [HS_HIDDEN_LOST] = "a reference to it was lost",
		[HS_HIDDEN_UNCOLLECTED] = "its type is not collected", [HS_HIDDEN_UNTRACKED] = "it is not tracked",
		[HS_HIDDEN_FROZEN] = "it is frozen (gc.freeze)", [HS_HIDDEN_UNVISITED] = "its tp_traverse leaves that out",
	};

	hs_text_put_line(out, style, INDENT, "hidden by %s%s: %s", row->hiding_type ? hs_type_short_name(row->hiding_type) : "?",
			 row->hiding_step ? row->hiding_step : "", reasons[row->hidden->why]);
}

static void put_more(FILE *out, const struct hs_cycle_part *part, const struct hs_style *style)
{
	char count[HS_FIGURE_BYTES], size[HS_FIGURE_BYTES];

	if (part->n_left_out)
		fprintf(out, "%s %s more, %s (-n)\n", hs_text_ellipsis(style), hs_text_count(count, part->n_left_out),
			hs_text_size(size, part->left_out_bytes));
}

/* Below the figures of a row: one such cycle. */
static void put_example(FILE *out, const struct hs_cycle_row *row, const struct hs_style *style)
{
	hs_text_put_line(out, style, INDENT, "0x%" HS_PRI_ADDR "  %s%s", row->address, row->n_way ? row->expression : "no cycle", note_of(row));
	if (row->hidden)
		put_hiding(out, row, style);
}

static void put_rows(FILE *out, const struct hs_cycle_part *part, const struct hs_style *style)
{
	unsigned widths[N_FIGURES] = { sizeof("count") - 1, sizeof("objects") - 1, sizeof("bytes") - 1 };
	char types[TYPES_BYTES], figures[N_FIGURES][HS_FIGURE_BYTES];

	for (size_t i = 0; i < part->rows.n; i++) {
		write_figures(&part->rows.items[i], figures);
		for (unsigned k = 0; k < N_FIGURES; k++)
			widths[k] = strlen(figures[k]) > widths[k] ? (unsigned)strlen(figures[k]) : widths[k];
	}
	fprintf(out, "%*s  %*s  %*s  TYPES\n", (int)widths[0], "count", (int)widths[1], "objects", (int)widths[2], "bytes");
	for (size_t i = 0; i < part->rows.n; i++) {
		write_figures(&part->rows.items[i], figures);
		write_types(&part->rows.items[i], style, types, sizeof(types));
		hs_text_put_line(out, style, 0, "%*s  %*s  %*s  %s", (int)widths[0], figures[0], (int)widths[1], figures[1], (int)widths[2], figures[2],
				 types);
		put_example(out, &part->rows.items[i], style);
	}
	put_more(out, part, style);
}

static void put_heading(FILE *out, const struct hs_cycle_part *part, const char *heading, const struct hs_style *style)
{
	char cycles[HS_FIGURE_BYTES], objects[HS_FIGURE_BYTES], size[HS_FIGURE_BYTES];
	uint64_t n_objects, bytes;

	hs_cycle_part_sums(part, &n_objects, &bytes);
	struct hs_text_line line = hs_text_line_begin(out, style, heading, hs_text_bold);
	if (!part->list->n)
		hs_text_line_item(&line, "none");
	else
		hs_text_line_item(&line, "%s in %s object%s, %s cycle%s", hs_text_size(size, bytes), hs_text_count(objects, n_objects),
				  n_objects == 1 ? "" : "s", hs_text_count(cycles, part->list->n), part->list->n == 1 ? "" : "s");
	hs_text_line_end(&line);
}

static void put_part(FILE *out, const struct hs_cycle_part *part, const char *heading, const struct hs_style *style)
{
	put_heading(out, part, heading, style);
	if (part->rows.n)
		put_rows(out, part, style);
	fputc('\n', out);
}

static void put_next(FILE *out, const struct hs_cycles_result *result)
{
	const struct hs_document *document = &result->document;

	if (result->parts[HS_CYCLES_FOUND].rows.n)
		fprintf(out, "next: %s cycles %s -f dot --at 0x%" HS_PRI_ADDR " | dot -Tsvg > cycle.svg\n", document->program, document->source,
			result->parts[HS_CYCLES_FOUND].rows.items[0].address);
	else
		fprintf(out, "next: %s report %s\n", document->program, document->source);
}

void hs_cycles_text(FILE *out, const struct hs_cycles_result *result, const struct hs_style *style)
{
	static const char *const headings[HS_N_CYCLE_PARTS] = {
		[HS_CYCLES_FOUND] = "garbage, not collected yet", [HS_CYCLES_PERHAPS] = "possibly garbage, behind memory of C code",
		[HS_CYCLES_NEVER] = "dead, and never collected", [HS_CYCLES_REACHABLE] = "cycles in use",
	};

	hs_document_put_head(out, &result->document, style);
	for (unsigned i = 0; i < HS_N_CYCLE_PARTS; i++)
		if (i == HS_CYCLES_FOUND || result->parts[i].list->n)
			put_part(out, &result->parts[i], headings[i], style);
	hs_unexplained_put(out, &result->unexplained, N_UNEXPLAINED, style);
	if (result->unexplained.rows.n)
		fputc('\n', out);
	put_next(out, result);
}
