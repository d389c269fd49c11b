/* SPDX-License-Identifier: Apache-2.0 */
/* One object between those that hold it and those that it holds. */
#include <stdarg.h>
#include <stdlib.h>

#include "cleanup.h"
#include "refs.h"
#include "text.h"

#define INDENT 2

static void put_heading(FILE *out, const struct hs_style *style, const char *heading, uint64_t n)
{
	char count[HS_FIGURE_BYTES];

	fputc('\n', out);
	hs_text_bold(out, style);
	fputs(heading, out);
	hs_text_plain(out, style);
	fprintf(out, "  %s\n", hs_text_count(count, n));
}

static void put_ref(FILE *out, const struct hs_ref *ref, const struct hs_style *style)
{
	const char *note = hs_ref_note(ref);
	char times[HS_FIGURE_BYTES + 4] = "", count[HS_FIGURE_BYTES];

	if (ref->count > 1)
		snprintf(times, sizeof(times), " x%s", hs_text_count(count, ref->count));
	hs_text_put_line(out, style, INDENT * ref->depth, "0x%" HS_PRI_ADDR "  %s%s  %s%s%s%s", ref->address, ref->step, times, ref->repr,
			 *note ? "  " : "", note, ref->is_again ? "  (see above)" : "");
}

static void put_list(FILE *out, const struct hs_ref_list *list, uint64_t n_all, const struct hs_style *style)
{
	char count[HS_FIGURE_BYTES];
	uint64_t n_first = 0;

	for (size_t i = 0; i < list->n; i++) {
		n_first += list->items[i].depth == 1;
		put_ref(out, &list->items[i], style);
	}
	if (n_all > n_first)
		fprintf(out, "%*s%s %s more (-n)\n", INDENT, "", hs_text_ellipsis(style), hs_text_count(count, n_all - n_first));
}

static void put_root(FILE *out, const struct hs_ref_root *root, const struct hs_style *style)
{
	if (*root->place.function)
		hs_text_put_line(out, style, INDENT, "<frame %s%s%s %s:%d>%s%s", root->place.module, *root->place.module ? "." : "", root->place.function, root->place.file, (int)root->place.line,
			 *root->name ? "." : "", root->name);
	else
		hs_text_put_line(out, style, INDENT, "<%s>%s%s", hs_root_kind_name(root->kind), *root->name ? " " : "", root->name);
}

static void put_object(FILE *out, const struct hs_refs *refs, const struct hs_style *style)
{
	const struct hs_object_row *row = &refs->object;
	HS_FREE char *type = hs_text_safe(hs_type_short_name(row->type), style);
	char figure[HS_FIGURE_BYTES];
	uint64_t value;

	fputc('\n', out);
	struct hs_text_line line = hs_text_line_begin(out, style, type ? type : "?", hs_text_bold);
	hs_text_line_item(&line, "0x%" HS_PRI_ADDR, row->address);
	if (hs_object_row_value(row, HS_OBJECT_BYTES, &value))
		hs_text_line_item(&line, "%s", hs_text_size(figure, value));
	if (hs_object_row_value(row, HS_OBJECT_RETAINED, &value))
		hs_text_line_item(&line, "retains %s", hs_text_size(figure, value));
	if (hs_object_row_value(row, HS_OBJECT_LENGTH, &value))
		hs_text_line_item(&line, "len %s", hs_text_count(figure, value));
	if (hs_object_row_value(row, HS_OBJECT_REFCOUNT, &value))
		hs_text_line_item(&line, "%s reference%s", hs_text_count(figure, value), value == 1 ? "" : "s");
	else
		hs_text_line_item(&line, "immortal");
	if (hs_generation_name(row->generation))
		hs_text_line_item(&line, "generation %s", hs_generation_name(row->generation));
	else if (!row->is_tracked)
		hs_text_line_item(&line, "not tracked");
	hs_text_line_end(&line);
	hs_text_put_line(out, style, INDENT, "%s", row->repr);
}

static void put_fields(FILE *out, const struct hs_refs *refs, const struct hs_style *style)
{
	char count[HS_FIGURE_BYTES];

	for (size_t i = 0; i < refs->fields.n; i++) {
		const struct hs_ref *field = &refs->fields.items[i];
		hs_text_put_line(out, style, INDENT, "%s = %s", field->step, field->repr);
	}
	if (refs->n_fields > refs->fields.n)
		fprintf(out, "%*s%s %s more (-n)\n", INDENT, "", hs_text_ellipsis(style), hs_text_count(count, refs->n_fields - refs->fields.n));
}

void hs_refs_text(FILE *out, const struct hs_refs *refs, const struct hs_style *style)
{
	const struct hs_document *document = &refs->document;

	hs_document_put_identity(out, document, style);
	hs_document_put_pause(out, document, style);
	hs_document_put_warnings(out, document, style);
	put_heading(out, style, "REFERRERS", refs->n_referrers + refs->roots.n);
	for (size_t i = 0; i < refs->roots.n; i++)
		put_root(out, &refs->roots.items[i], style);
	put_list(out, &refs->referrers, refs->n_referrers, style);
	put_object(out, refs, style);
	put_fields(out, refs, style);
	put_heading(out, style, "REFERENTS", refs->n_referents);
	put_list(out, &refs->referents, refs->n_referents, style);
	fprintf(out, "next: %s why %s 0x%" HS_PRI_ADDR "\n", document->program, document->source, refs->object.address);
}
