/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layouts as text: what heapspy ships for interpreters without debug information, and what its cache holds.
 *
 *     layout 3.11.2 debian
 *     build-id 571d98d3…
 *     PyListObject 40: ob_item@24:8 allocated@32:8
 *     PyASCIIObject 48: length@16:8 interned@32:4/0+2 kind@32:4/2+3
 *
 *     members chainobject 32: source@16 active@24
 *
 * A struct's size, then its members as name@offset:bytes; a bit-field goes on with /lowest bit+width. "-@16:8" is taken
 * by members that heapspy does not read. "members" lines name what points to objects; "@16x57": as many in a row. Lines that start with '#' are comments; struct and member names that this
 * heapspy does not know are skipped.
 */
#ifndef HS_TABLE_H
#define HS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "error.h"
#include "layout.h"

struct hs_table {
	uint32_t version_hex;
	char distributor[32]; /* who built the interpreter: "upstream" (python.org's sources as they are), "debian" */
	char name[64];        /* "3.11.2-debian" */
	char build_id[160];   /* hexadecimal; of the binary that it was written from; "" when unknown */
	struct hs_field fields[HS_N_FIELDS];
	uint32_t struct_bytes[HS_N_STRUCTS];
	struct hs_reserved_ranges reserved; /* owned */
	struct hs_members members;          /* owned */
};

void hs_table_release(struct hs_table *table);

/*
 * Parses `bytes` of `text`, which need not end in a NUL and may be hostile. Errors: BAD_DATA with the line.
 * Only the heading ("layout", "build-id") is read when `heading_only` is set. The caller releases *ret.
 */
struct hs_error *hs_table_parse(const char *text, size_t bytes, bool heading_only, struct hs_table *ret) HS_MUST_CHECK;

/* The text of `layout`, owned, NUL-terminated; `distributor` and `build_id` (may be "") go into the heading. NULL: no memory. */
char *hs_table_format(const struct hs_layout *layout, const char *distributor, const char *build_id);

/* The struct and member lines only: for formats that put something else around them. Appends to `out`. */
void hs_table_write_structs(const struct hs_layout *layout, FILE *out);
/* Parses one such line into the fields, sizes and reserved ranges of `table`. False when it is malformed, or memory is out. */
bool hs_table_parse_struct(const char *line, size_t bytes, struct hs_table *table);

/* A table that is part of this heapspy. */
struct hs_shipped_table {
	const char *text;
	size_t bytes;
};

extern const struct hs_shipped_table hs_shipped_tables[];
extern const size_t hs_n_shipped_tables;

#endif
