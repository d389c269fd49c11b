/* SPDX-License-Identifier: Apache-2.0 */
#include "tui_sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "draw.h"

#define N_COLUMNS 8
#define N_HISTORY 6

enum { TYPE, COUNT, CHANGE, GROWTH, BYTES, HISTORY, SHARE, BAR };

static const struct hs_column type_columns[N_COLUMNS] = {
	[TYPE] = { "TYPE", "type", HS_COLUMN_NAME, 0, 0 },
	[COUNT] = { "COUNT", "count", HS_COLUMN_COUNT, 11, 0 },
	[CHANGE] = { "CHANGE", "change", HS_COLUMN_COUNT_CHANGE, 10, 0 },
	[GROWTH] = { "GROWTH", "growth", HS_COLUMN_RATE, 10, 0 },
	[BYTES] = { "BYTES", "bytes", HS_COLUMN_SIZE, 9, 0 },
	[HISTORY] = { "HISTORY", NULL, HS_COLUMN_HISTORY, 9, 3 },
	[SHARE] = { "SHARE", "share", HS_COLUMN_SHARE, 7, 2 },
	[BAR] = { "", NULL, HS_COLUMN_BAR, 10, 1 },
};

void tui_sample_init(struct tui_sample *sample, unsigned width, unsigned height, bool utf8)
{
	static const uint64_t rss[] = { 30, 31, 33, 36 };

	*sample = (struct tui_sample){ .utf8 = utf8 };
	hs_state_init(&sample->state, width, height);
	struct hs_header *header = &sample->data.header;
	*header = (struct hs_header){
		.pid = 4242, .serial = 3, .rss_bytes = 812ull << 20, .rss_per_minute = 24 << 20, .n_rss_history = 4, .n_objects = 10410000,
		.bytes = 641ull << 20, .in_use_bytes = 1000000, .explained_bytes = 999000, .pause_ns = 210000000, .paused_ns = 630000000,
		.watched_ns = 70000000000, .age_ms = 3200, .next_ms = 14000, .next = HS_NEXT_DUTY, .interval_ms = 21000, .duty_thousandths = 10,
	};
	memcpy(header->rss_history, rss, sizeof(rss));
	strcpy(header->name, "app.py");
	strcpy(header->python, "3.11.2");
	strcpy(header->layout, "debug file (build-id 571d98\xe2\x80\xa6)");
}

void tui_sample_deinit(struct tui_sample *sample)
{
	hs_state_deinit(&sample->state);
	hs_canvas_deinit(&sample->canvas);
	hs_page_destroy(sample->page);
}

void tui_sample_event(struct tui_sample *sample, const struct hs_event *event)
{
	sample->effects = hs_state_update(&sample->state, &sample->data, event);
}

void tui_sample_show(struct tui_sample *sample, struct hs_page *page)
{
	hs_page_destroy(sample->page);
	sample->page = page;
	sample->data.page = page;
	tui_sample_event(sample, &(struct hs_event){ .kind = HS_EVENT_DATA });
}

void tui_sample_key(struct tui_sample *sample, uint32_t key)
{
	tui_sample_event(sample, &(struct hs_event){ .kind = HS_EVENT_KEY, .key = key });
}

void tui_sample_type(struct tui_sample *sample, const char *text)
{
	for (; *text; text++)
		tui_sample_key(sample, (unsigned char)*text);
}

void tui_sample_resize(struct tui_sample *sample, unsigned width, unsigned height)
{
	tui_sample_event(sample, &(struct hs_event){ .kind = HS_EVENT_RESIZE, .x = width, .y = height });
}

static struct hs_page *page_of(enum hs_view_id view, uint64_t address, const char *name)
{
	struct hs_page_place place = { .view = (uint8_t)view, .is_somewhere = true, .address = address };

	snprintf(place.name, sizeof(place.name), "%s", name);
	struct hs_page *page = hs_page_create(&place);
	assert_non_null(page);
	return page;
}

static void add_type(struct hs_page *page, struct hs_section *section, const char *name, int64_t count, int64_t change, int64_t kibibytes, enum hs_row_mark mark)
{
	struct hs_row *row = hs_page_add_row(page, section, hs_page_key(name));
	uint64_t *history = hs_page_take(page, N_HISTORY * sizeof(*history));

	assert_true(row && history);
	for (int i = 0; i < N_HISTORY; i++)
		history[i] = (uint64_t)(count - change + change * i / (N_HISTORY - 1));
	row->mark = (uint8_t)mark;
	hs_row_set_text(row, TYPE, hs_page_text(page, name));
	hs_row_set_number(row, COUNT, count);
	hs_row_set_number(row, CHANGE, change);
	hs_row_set_number(row, GROWTH, change * 100);
	if (mark == HS_ROW_DIM)
		row->values[GROWTH].text = "~";
	hs_row_set_number(row, BYTES, kibibytes * 1024);
	hs_row_set_number(row, SHARE, kibibytes / 700);
	hs_row_set_number(row, BAR, kibibytes);
	hs_row_set_number(row, HISTORY, N_HISTORY);
	row->values[HISTORY].series = history;
	hs_page_lead(page, row, HS_VIEW_INSTANCES, 0, name);
}

struct hs_page *tui_sample_types(unsigned serial)
{
	struct hs_page *page = page_of(HS_VIEW_TYPES, 0, "");
	struct hs_section *section = hs_page_add_section(page, NULL, type_columns, N_COLUMNS);

	page->serial = serial;
	section->is_sortable = true;
	add_type(page, section, "dict", 1213112, 9030 * serial, 287744, HS_ROW_GROWTH);
	add_type(page, section, "str", 5204801, 12, 204800, HS_ROW_CHANGE);
	add_type(page, section, "tuple", 90000, serial == 1 ? 20000 : -3000, 150000 - (int)serial, HS_ROW_DIM);
	add_type(page, section, "app.Session", 4000, 0, 2150, HS_ROW_PLAIN);
	add_type(page, section, "app.very.deeply.nested.package.with.long.names.Configuration", 17, 1, 40, HS_ROW_CHANGE);
	add_type(page, section, "\xe9\xa1\x9e.\xe5\x80\x89\xe5\xba\xab\xe7\xae\xa1\xe7\x90\x86", 12, 0, 9, HS_ROW_PLAIN); /* wide */
	add_type(page, section, "cafe\xcc\x81.Ete\xcc\x81", 3, 0, 1, HS_ROW_PLAIN); /* combining */
	return page;
}

struct hs_page *tui_sample_many_types(unsigned n)
{
	struct hs_page *page = page_of(HS_VIEW_TYPES, 0, "");
	struct hs_section *section = hs_page_add_section(page, NULL, type_columns, N_COLUMNS);
	char name[64];

	section->is_sortable = true;
	for (unsigned i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "package%u.module.Type%u", i % 17, i);
		add_type(page, section, name, (int64_t)i * 7919 % 100003, (int64_t)i * 31 % 101 - 50, (int64_t)i * 104729 % 65537, HS_ROW_CHANGE);
	}
	return page;
}

struct hs_page *tui_sample_instances(void)
{
	static const struct hs_column paths[] = { { "OBJECTS", NULL, HS_COLUMN_COUNT, 11, 0 }, { "HELD BY", NULL, HS_COLUMN_PATH, 0, 0 } };
	static const struct hs_column columns[] = { { "ADDRESS", "address", HS_COLUMN_ADDRESS, 15, 0 }, { "AGE", "age", HS_COLUMN_WORD, 5, 0 },
						    { "BYTES", "bytes", HS_COLUMN_SIZE, 9, 0 }, { " OBJECT", NULL, HS_COLUMN_TEXT, 0, 0 } };
	static const char *const ages[] = { "?", "old", "some", "new" };
	struct hs_page *page = page_of(HS_VIEW_INSTANCES, 0, "app.Session");
	struct hs_section *section = hs_page_add_section(page, NULL, paths, 2);
	struct hs_row *row = hs_page_add_row(page, section, 1);

	row->mark = HS_ROW_STRONG;
	hs_row_set_number(row, 0, 4000);
	hs_row_set_text(row, 1, "app.SESSIONS[*].handlers[*].owner.registry._by_name[*].session.__dict__['_parent']._children[*]");
	section = hs_page_add_section(page, NULL, columns, 4);
	section->is_sortable = true;
	page->first_section = 1;
	for (unsigned i = 0; i < 40; i++) {
		row = hs_page_add_row(page, section, 0x7f0000001000 + i * 64);
		row->address = row->key;
		hs_row_set_number(row, 0, (int64_t)row->key);
		hs_row_set_text(row, 1, ages[3 - i % 4]);
		row->values[1].number = 3 - (int64_t)i % 4;
		hs_row_set_number(row, 2, 64 + i * 8);
		hs_row_set_text(row, 3, hs_page_printf(page, " <app.Session user='user%u', \xe5\x80\x89\xe5\xba\xab=%u>", i, i));
		hs_page_lead(page, row, HS_VIEW_OBJECT, row->key, "");
	}
	return page;
}

static void add_references(struct hs_page *page, const char *heading, unsigned n, uint64_t first)
{
	static const struct hs_column columns[] = { { "", NULL, HS_COLUMN_TEXT, 20, 0 }, { "TYPE", NULL, HS_COLUMN_NAME, 14, 1 },
						    { "ADDRESS", NULL, HS_COLUMN_ADDRESS, 15, 2 }, { " OBJECT", NULL, HS_COLUMN_TEXT, 0, 0 } };
	struct hs_section *section = hs_page_add_section(page, hs_page_printf(page, "%s %u", heading, n), columns, 4);

	for (unsigned i = 0; i < n; i++) {
		struct hs_row *row = hs_page_add_row(page, section, first + i * 16);
		row->address = row->key;
		hs_row_set_text(row, 0, hs_page_printf(page, "['key%u']", i));
		hs_row_set_text(row, 1, "collections.OrderedDict");
		hs_row_set_number(row, 2, (int64_t)row->key);
		hs_row_set_text(row, 3, hs_page_printf(page, " {'number': %u}", i));
		hs_page_lead(page, row, HS_VIEW_OBJECT, row->key, "");
	}
}

struct hs_page *tui_sample_object(void)
{
	static const struct hs_column paths[] = { { "HELD BY", NULL, HS_COLUMN_PATH, 0, 0 } };
	struct hs_page *page = page_of(HS_VIEW_OBJECT, 0x7f0000001000, "");
	struct hs_section *section = hs_page_add_section(page, NULL, paths, 1);
	struct hs_row *row = hs_page_add_row(page, section, 9);

	page->note = "app.Session  0x7f0000001000 \xc2\xb7 64 B \xc2\xb7 retains 1.2 KiB \xc2\xb7 1 reference  <app.Session user='user0'>";
	row->mark = HS_ROW_STRONG;
	hs_row_set_text(row, 0, "app.SESSIONS['user0']");
	add_references(page, "REFERRERS", 30, 0x7f0000010000);
	page->first_section = 2;
	add_references(page, "FIELDS", 2, 0x7f0000020000);
	add_references(page, "REFERENTS", 12, 0x7f0000030000);
	return page;
}

struct hs_page *tui_sample_retained(void)
{
	static const struct hs_column columns[] = { { "RETAINED", "retained", HS_COLUMN_SIZE, 9, 0 }, { "SHARE", NULL, HS_COLUMN_SHARE, 7, 3 },
						    { "", NULL, HS_COLUMN_BAR, 10, 0 }, { "TYPE", "type", HS_COLUMN_NAME, 16, 0 }, { "WHERE", "where", HS_COLUMN_PATH, 0, 0 } };
	struct hs_page *page = page_of(HS_VIEW_RETAINED, 0, "");
	struct hs_section *section = hs_page_add_section(page, NULL, columns, 5);

	section->is_sortable = true;
	for (unsigned i = 0; i < 12; i++) {
		struct hs_row *row = hs_page_add_row(page, section, 0x7f0000001000 + i * 64);
		hs_row_set_number(row, 0, (int64_t)1 << (30 - 2 * i));
		hs_row_set_number(row, 1, 750 >> 2 * i);
		hs_row_set_number(row, 2, (int64_t)1 << (30 - 2 * i));
		hs_row_set_text(row, 3, "builtins.dict");
		hs_row_set_text(row, 4, hs_page_printf(page, "app.CACHES[%u]", i));
		hs_page_lead(page, row, HS_VIEW_RETAINED, row->key, "app.CACHES[0]");
	}
	return page;
}

const char *tui_sample_selected(const struct tui_sample *sample)
{
	const struct hs_row *row = hs_state_selected(&sample->state, sample->data.page);

	for (unsigned i = 0; row && i < 4; i++)
		if (row->values[i].text)
			return row->values[i].text;
	return "";
}

static void write_styles(const struct hs_canvas *canvas, unsigned y, FILE *out)
{
	static const char letters[HS_N_CELL_STYLES + 1] = " sdHSTGcWbk";
	unsigned end = canvas->width;

	while (end && !hs_canvas_cell(canvas, end - 1, y)->style)
		end--;
	fputs("|", out);
	for (unsigned x = 0; x < end; x++)
		fputc(letters[hs_canvas_cell(canvas, x, y)->style], out);
	fputc('\n', out);
}

char *tui_sample_screen(struct tui_sample *sample, bool with_styles)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	assert_non_null(out);
	hs_canvas_deinit(&sample->canvas);
	assert_null(hs_canvas_init(&sample->canvas, sample->state.width, sample->state.height, sample->utf8));
	hs_draw_screen(&sample->state, &sample->data, &sample->canvas);
	for (unsigned y = 0; y < sample->canvas.height; y++) {
		hs_canvas_write_row(&sample->canvas, y, out);
		fputc('\n', out);
		if (with_styles)
			write_styles(&sample->canvas, y, out);
	}
	fclose(out);
	return text;
}
