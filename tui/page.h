/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a view shows, as finished plain rows: made once by who knows the process, then only read. Strings are safe to print.
 *
 *     page ──► section ──► rows ──► values, one for each column of the section
 *              (one table; an object's page has several: the paths to it, its referrers, its fields …)
 */
#ifndef HS_PAGE_H
#define HS_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "array.h"
#include "error.h"

/* The views, in the order of their tabs; those from HS_VIEW_FIRST_INNER on are gone into from a row. */
enum hs_view_id {
	HS_VIEW_TYPES,
	HS_VIEW_SUSPECTS,
	HS_VIEW_RETAINED,
	HS_VIEW_MEMORY,
	HS_VIEW_GC,
	HS_VIEW_THREADS,
	HS_VIEW_LINES,
	HS_VIEW_INSTANCES,
	HS_VIEW_OBJECT,
	HS_N_VIEWS,
	HS_VIEW_FIRST_INNER = HS_VIEW_INSTANCES,
};

#define HS_PAGE_NAME_BYTES 1088 /* a type's module and qualified name, or what holds objects, as hs_holder_list names it */

/* What a page is about. */
struct hs_page_place {
	uint8_t view;     /* enum hs_view_id */
	bool is_somewhere; /* false: no place; rows without one lead nowhere */
	bool by_holder;   /* of types */
	uint64_t address; /* of an object, or what the walk down the tree of retainers has come to; 0: none, the roots */
	char name[HS_PAGE_NAME_BYTES]; /* of a type, the target's bytes; else what the place is called on the way here */
};

bool hs_page_place_is_same(const struct hs_page_place *a, const struct hs_page_place *b);

enum hs_column_kind {
	HS_COLUMN_TEXT,         /* text, cut at its end */
	HS_COLUMN_NAME,         /* cut at its beginning */
	HS_COLUMN_PATH,         /* cut in the middle */
	HS_COLUMN_WORD,         /* short text, to the right; sorted by number */
	HS_COLUMN_COUNT,
	HS_COLUMN_COUNT_CHANGE,
	HS_COLUMN_SIZE,         /* bytes */
	HS_COLUMN_SIZE_CHANGE,
	HS_COLUMN_RATE,         /* thousandths a second */
	HS_COLUMN_ADDRESS,
	HS_COLUMN_BAR,          /* a share of the largest in the section */
	HS_COLUMN_SHARE,        /* thousandths */
	HS_COLUMN_HISTORY,      /* a series */
};

struct hs_column {
	const char *heading;
	const char *name;    /* for :sort; NULL: not to be sorted by */
	uint8_t kind;        /* enum hs_column_kind */
	uint8_t width;       /* 0: shares what the others leave */
	uint8_t dispensable; /* 1: the first to go on a narrow screen; 0: never */
};

struct hs_value {
	const char *text;       /* of texts; the others: shown instead of the figure when not NULL ("-") */
	const uint64_t *series; /* of a history: `number` values */
	int64_t number;         /* what is sorted by, but for texts */
	bool is_known;
};

/* What a row says by its colour. */
enum hs_row_mark {
	HS_ROW_PLAIN,
	HS_ROW_STRONG,
	HS_ROW_DIM,
	HS_ROW_GROWTH,
	HS_ROW_CHANGE,
	HS_ROW_WARNING,
};

struct hs_row {
	uint64_t key;            /* the same thing has the same in every page of its place */
	struct hs_value *values; /* one for each column */
	uint8_t mark;            /* enum hs_row_mark */
	uint8_t indent;          /* columns before its first text */
	struct hs_page_place *place;  /* where Enter leads; NULL: nowhere */
	uint64_t address;        /* what can be copied; 0: nothing */
};

HS_ARRAY_TYPE(hs_page_rows, struct hs_row);

#define HS_PAGE_SECTIONS 8

struct hs_section {
	const char *heading;  /* NULL: that of the columns says enough */
	const struct hs_column *columns; /* static */
	unsigned n_columns;
	struct hs_page_rows rows;
	bool is_sortable;     /* by any column; else rows stay as they are */
};

struct hs_page {
	struct hs_page_place place;
	uint64_t serial;      /* of its sample: 1, 2, … */
	struct hs_section sections[HS_PAGE_SECTIONS];
	unsigned n_sections;
	unsigned first_section; /* where the selection begins */
	const char *note;     /* a line above the sections; NULL: none */
	struct hs_page_block *blocks; /* what rows and texts are kept in */
	bool is_short;        /* memory ran out while it was made */
};

/* An empty page; NULL when memory is out. Destroying NULL is legal. */
struct hs_page *hs_page_create(const struct hs_page_place *place);
void hs_page_destroy(struct hs_page *page);

/* `bytes` of memory that lasts as long as the page, zeroed; when memory is out NULL, and page->is_short is set. */
void *hs_page_take(struct hs_page *page, size_t bytes);
/* Each returns text that lasts as long as the page, never NULL. */
const char *hs_page_text(struct hs_page *page, const char *text);
const char *hs_page_escaped(struct hs_page *page, const char *text); /* the target's bytes made safe */
const char *hs_page_printf(struct hs_page *page, const char *format, ...) HS_PRINTF(2, 3);

struct hs_section *hs_page_add_section(struct hs_page *page, const char *heading, const struct hs_column *columns, unsigned n_columns);
/* A row with `values` of nothing known; NULL when memory is out, and page->is_short is set. */
struct hs_row *hs_page_add_row(struct hs_page *page, struct hs_section *section, uint64_t key);
void hs_row_set_text(struct hs_row *row, unsigned column, const char *text);
void hs_row_set_number(struct hs_row *row, unsigned column, int64_t number);
/* Where Enter leads. */
void hs_page_lead(struct hs_page *page, struct hs_row *row, enum hs_view_id view, uint64_t address, const char *name);

/* A key for things that have a name. */
uint64_t hs_page_key(const char *name);

#endif
