/* SPDX-License-Identifier: Apache-2.0 */
/* Making pages. Everything of one lies in a few blocks that go with it. */
#include "page.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "escape.h"
#include "format.h"

#define BLOCK_BYTES ((size_t)64 << 10)
#define ALIGNMENT 8

struct hs_page_block {
	struct hs_page_block *next;
	size_t used, bytes;
	char data[] __attribute__((aligned(ALIGNMENT)));
};

bool hs_page_place_is_same(const struct hs_page_place *a, const struct hs_page_place *b)
{
	bool is_named = a->view == HS_VIEW_INSTANCES;

	return a->view == b->view && a->is_somewhere == b->is_somewhere && a->by_holder == b->by_holder && a->address == b->address &&
	       (!is_named || !strcmp(a->name, b->name));
}

struct hs_page *hs_page_create(const struct hs_page_place *place)
{
	struct hs_page *page = calloc(1, sizeof(*page));

	if (page)
		page->place = *place;
	return page;
}

void hs_page_destroy(struct hs_page *page)
{
	if (!page)
		return;
	for (unsigned i = 0; i < page->n_sections; i++)
		hs_array_free(&page->sections[i].rows);
	while (page->blocks) {
		struct hs_page_block *next = page->blocks->next;
		free(page->blocks);
		page->blocks = next;
	}
	free(page);
}

void *hs_page_take(struct hs_page *page, size_t bytes)
{
	struct hs_page_block *block = page->blocks;

	bytes = (bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
	if (!block || block->bytes - block->used < bytes) {
		size_t room = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
		block = calloc(1, sizeof(*block) + room);
		if (!block) {
			page->is_short = true;
			return NULL;
		}
		block->bytes = room;
		block->next = page->blocks;
		page->blocks = block;
	}
	void *taken = block->data + block->used;
	block->used += bytes;
	return taken;
}

const char *hs_page_text(struct hs_page *page, const char *text)
{
	size_t bytes = strlen(text) + 1;
	char *copy = hs_page_take(page, bytes);

	return copy ? memcpy(copy, text, bytes) : "";
}

const char *hs_page_escaped(struct hs_page *page, const char *text)
{
	size_t bytes = strlen(text), capacity = 4 * bytes + 8; /* no byte grows to more than the four of \xNN */
	HS_FREE char *safe = malloc(capacity);

	if (!safe) {
		page->is_short = true;
		return "";
	}
	hs_escape(safe, capacity, text, bytes);
	return hs_page_text(page, safe);
}

const char *hs_page_printf(struct hs_page *page, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	HS_FREE char *text = hs_vformat(format, args);
	va_end(args);
	if (!text) {
		page->is_short = true;
		return "";
	}
	return hs_page_text(page, text);
}

struct hs_section *hs_page_add_section(struct hs_page *page, const char *heading, const struct hs_column *columns, unsigned n_columns)
{
	/* there is room for all that the views have: the last one is taken again if not */
	unsigned slot = page->n_sections < HS_PAGE_SECTIONS ? page->n_sections++ : HS_PAGE_SECTIONS - 1;
	struct hs_section *section = &page->sections[slot];

	hs_array_free(&section->rows);
	*section = (struct hs_section){ .heading = heading, .columns = columns, .n_columns = n_columns };
	return section;
}

struct hs_row *hs_page_add_row(struct hs_page *page, struct hs_section *section, uint64_t key)
{
	struct hs_value *values = hs_page_take(page, section->n_columns * sizeof(*values));
	struct hs_row *row = values ? hs_array_append(&section->rows) : NULL;

	if (!row) {
		page->is_short = true;
		return NULL;
	}
	row->key = key;
	row->values = values;
	return row;
}

void hs_row_set_text(struct hs_row *row, unsigned column, const char *text)
{
	row->values[column].text = text;
	row->values[column].is_known = true;
}

void hs_row_set_number(struct hs_row *row, unsigned column, int64_t number)
{
	row->values[column].number = number;
	row->values[column].is_known = true;
}

void hs_page_lead(struct hs_page *page, struct hs_row *row, enum hs_view_id view, uint64_t address, const char *name)
{
	struct hs_page_place *place = hs_page_take(page, sizeof(*place));

	if (!place)
		return;
	place->view = (uint8_t)view;
	place->is_somewhere = true;
	place->address = address;
	snprintf(place->name, sizeof(place->name), "%s", name);
	row->place = place;
}

uint64_t hs_page_key(const char *name)
{
	uint64_t hash = 14695981039346656037u; /* FNV-1a */

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 1099511628211u;
	return hash;
}
