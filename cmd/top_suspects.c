/* SPDX-License-Identifier: Apache-2.0 */
/* Suspects: found once a sample, told as `growth` tells them; each line leads to the container. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "figures.h"
#include "suspects_view.h"
#include "top_pages.h"

#define TEXT_WIDTH 78 /* lines that wrap do so for the narrowest usual screen */
#define MAX_SUSPECTS 20

struct hs_error *hs_top_find_suspects(struct hs_top_source *source)
{
	const struct hs_invocation *invocation = source->invocation;
	const struct hs_suspects_input input = {
		.samples = (const struct hs_sample *const *)source->samples, .n_samples = source->n_samples, .heap = invocation->heap,
		.graph = invocation->graph, .holders = invocation->holders, .reach = invocation->reach, .unexplained = &invocation->unexplained,
		.watched = &source->watched, .n_max = MAX_SUSPECTS,
	};

	if (source->suspects_serial == source->serial)
		return NULL;
	if (!source->n_samples)
		return hs_error_new(HS_ERROR_NO_MEMORY, "there was not enough memory to keep what samples are compared by");
	struct hs_error *error = hs_suspects_find(&input, &source->suspects);
	if (error) {
		hs_suspects_deinit(&source->suspects);
		source->suspects = (struct hs_suspects){ 0 };
		return error;
	}
	source->suspects_serial = source->serial;
	return NULL;
}

void hs_top_name_suspect(const struct hs_top_source *source, char *ret, size_t ret_bytes, hs_addr *ret_address)
{
	const struct hs_suspects *suspects = &source->suspects;
	const struct hs_suspect *first = suspects->list.n ? &suspects->list.items[0] : NULL;
	char size[HS_FIGURE_BYTES];

	*ret_address = 0;
	ret[0] = '\0';
	if (!first || suspects->is_static || first->confidence < HS_CONFIDENCE_MEDIUM)
		return;
	const char *name = first->shape ? first->shape : first->path.expression;
	*ret_address = first->node == HS_NO_NODE ? 0 : first->address;
	snprintf(ret, ret_bytes, "suspect 1  %.100s  %s +%.*f/s, retains %s, %s%s", name ? name : hs_type_short_name(first->type),
		 hs_suspect_kind_name(first->kind), (double)first->figures.items < 10 * suspects->seconds ? 2 : 0,
		 (double)first->figures.items / suspects->seconds, hs_text_size(size, first->retained_bytes), hs_confidence_name(first->confidence),
		 *ret_address ? "  (! opens it)" : "");
}

/* Lines of text as rows; all of a suspect's lead to it. */
static void add_lines(struct hs_page *page, struct hs_section *section, char *text, size_t rank, const struct hs_suspect *suspect)
{
	char *rest = NULL;
	unsigned n = 0;

	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest), n++) {
		struct hs_row *row = hs_page_add_row(page, section, rank * 100 + n);
		if (!row)
			return;
		hs_row_set_text(row, 0, hs_page_text(page, line));
		if (!suspect)
			continue;
		row->mark = n ? HS_ROW_PLAIN : suspect->confidence == HS_CONFIDENCE_HIGH ? HS_ROW_GROWTH : HS_ROW_STRONG;
		row->address = suspect->node == HS_NO_NODE ? 0 : suspect->address;
		if (row->address)
			hs_page_lead(page, row, HS_VIEW_OBJECT, row->address, "");
	}
}

static struct hs_error *add_text(struct hs_top_source *source, struct hs_page *page, struct hs_section *section, size_t i)
{
	static const struct hs_style style = { .width = TEXT_WIDTH, .utf8 = true };
	const struct hs_suspects *suspects = &source->suspects;
	HS_FREE char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	if (!out)
		return hs_error_no_memory();
	if (i < suspects->list.n)
		hs_suspects_put_one(out, suspects, i, &style);
	else
		hs_suspects_put_ruled_out(out, suspects, &style);
	fclose(out);
	add_lines(page, section, text, i + 1, i < suspects->list.n ? &suspects->list.items[i] : NULL);
	return NULL;
}

struct hs_error *hs_top_fill_suspects(struct hs_top_source *source, struct hs_page *page)
{
	static const struct hs_column columns[] = { { "SUSPECTS", NULL, HS_COLUMN_TEXT, 0, 0 } };
	struct hs_section *section = hs_page_add_section(page, NULL, columns, 1);
	const struct hs_suspects *suspects = &source->suspects;

	HS_TRY(hs_top_find_suspects(source));
	if (suspects->is_static && source->invocation->source.file)
		page->note = "one file shows no growth: this is large in a way that leaks are; 'heapspy diff OLD NEW' tells what grew";
	else if (suspects->is_static)
		page->note = "growth was not observed: there is one sample since the baseline";
	else
		page->note = hs_page_printf(page, "%s in %zu samples over %.0f s", suspects->list.n ? "what grew" : "nothing grows and keeps what it has",
					    suspects->n_samples, suspects->seconds);
	for (size_t i = 0; i <= suspects->list.n; i++)
		HS_TRY(add_text(source, page, section, i));
	return NULL;
}
