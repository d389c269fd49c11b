/* SPDX-License-Identifier: Apache-2.0 */
/* Layout tables: reading, writing, refusing; and that every table that is shipped is whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "field_names.h"
#include "table.h"
#include "table_source.h"
#include "validate.h"
#include "version.h"

static struct hs_table table;

static void parse(const char *text)
{
	assert_null(hs_table_parse(text, strlen(text), false, &table));
}

static void refuse(const char *text, size_t bytes)
{
	struct hs_error *error = hs_table_parse(text, bytes, false, &table);

	assert_non_null(error);
	assert_int_equal(error->code, HS_ERROR_BAD_DATA);
	hs_error_destroy(error);
}

#define REFUSE(literal) refuse((literal), sizeof(literal) - 1)
#define HEADING "layout 3.11.2 debian\n"

static void every_part_is_read(void **state)
{
	(void)state;
	parse("# a comment\n" HEADING "build-id 00ff\n\nPyListObject 40: ob_item@24:8 allocated@32:8 -@0:24\n"
	      "PyASCIIObject 48: length@16:8 kind@32:4/2+3\n");
	assert_int_equal(table.version_hex, 0x030b02f0);
	assert_string_equal(table.distributor, "debian");
	assert_string_equal(table.name, "3.11.2-debian");
	assert_string_equal(table.build_id, "00ff");
	assert_int_equal(table.struct_bytes[HS_STRUCT_PyListObject], 40);
	assert_int_equal(table.fields[HS_FIELD_PyListObject_ob_item].offset, 24);
	assert_int_equal(table.fields[HS_FIELD_PyListObject_allocated].bytes, 8);
	assert_int_equal(table.fields[HS_FIELD_PyASCIIObject_kind].bit_offset, 2);
	assert_int_equal(table.fields[HS_FIELD_PyASCIIObject_kind].bit_width, 3);
	assert_int_equal(table.fields[HS_FIELD_PySetObject_mask].offset, HS_ABSENT);
	assert_int_equal(table.reserved.n, 1);
	assert_int_equal(table.reserved.items[0].bytes, 24);
	hs_table_release(&table);
}

static void names_of_other_releases_are_skipped(void **state)
{
	(void)state;
	parse(HEADING "PyFutureObject 8: later@0:8 -@0:8\nPyListObject 40: ob_item@24:8 renamed@32:8\n");
	assert_int_equal(table.fields[HS_FIELD_PyListObject_ob_item].offset, 24);
	assert_int_equal(table.fields[HS_FIELD_PyListObject_allocated].offset, HS_ABSENT);
	assert_int_equal(table.reserved.n, 0);
	hs_table_release(&table);
}

static void malformed_lines_are_refused(void **state)
{
	(void)state;
	REFUSE("");
	REFUSE("PyListObject 40: ob_item@24:8\n");
	REFUSE("layout\n");
	REFUSE("layout 3.11.2\n");
	REFUSE("layout 3.11.x debian\n");
	REFUSE("layout 2.7.18 debian\n");
	REFUSE(HEADING "PyListObject: ob_item@24:8\n");
	REFUSE(HEADING "PyListObject 40 ob_item@24:8\n");
	REFUSE(HEADING "PyListObject 40: ob_item\n");
	REFUSE(HEADING "PyListObject 40: ob_item@24\n");
	REFUSE(HEADING "PyListObject 40: ob_item@-24:8\n");
	REFUSE(HEADING "PyListObject 40: ob_item@99999999999999999999:8\n");
	REFUSE(HEADING "PyListObject 40: ob_item@24:65536\n");
	REFUSE(HEADING "PyListObject 40: kind@24:4/2\n");
	REFUSE(HEADING "PyListObject 40: kind@24:4/60+9\n");
	REFUSE(HEADING "PyListObject 40: @24:8\n");
	REFUSE(HEADING "PyListObject 40: ob_item@24:8\0\n");
	REFUSE(HEADING "build-id\n");
}

/* Cut anywhere, a table is read or refused, and no byte behind its end is looked at. */
static void a_cut_table_does_no_harm(void **state)
{
	(void)state;
	for (size_t bytes = 0; bytes < hs_shipped_tables[0].bytes; bytes++) {
		char *copy = malloc(bytes + 1);

		memcpy(copy, hs_shipped_tables[0].text, bytes);
		copy = realloc(copy, bytes ? bytes : 1);
		struct hs_error *error = hs_table_parse(copy, bytes, false, &table);
		if (!error)
			hs_table_release(&table);
		hs_error_destroy(error);
		free(copy);
	}
}

/* The table as a layout; the caller destroys it. */
static struct hs_layout *layout_of(const struct hs_shipped_table *shipped)
{
	struct hs_layout *layout = hs_layout_create();
	struct hs_table_candidate candidate = { .shipped = shipped, .is_exact = true };

	assert_non_null(layout);
	assert_null(hs_table_parse(shipped->text, shipped->bytes, true, &table));
	hs_version_set(layout, table.version_hex);
	assert_null(hs_table_candidate_apply(&candidate, layout));
	return layout;
}

static void shipped_tables_are_whole(void **state)
{
	(void)state;
	const char *structure = NULL, *field = NULL;

	assert_true(hs_n_shipped_tables > 0);
	for (size_t i = 0; i < hs_n_shipped_tables; i++) {
		struct hs_layout *layout = layout_of(&hs_shipped_tables[i]);

		if (!hs_layout_is_complete(layout, &structure, &field))
			fail_msg("%s lacks %s.%s: write it again with heapspy layout dump", table.name, structure, field ? field : "*");
		for (size_t id = 0; id < HS_N_STRUCTS; id++)
			if (hs_version_has(hs_struct_names[id].since, hs_struct_names[id].until, layout->minor) && !layout->struct_bytes[id])
				fail_msg("%s lacks %s: write it again with heapspy layout dump", table.name, hs_struct_names[id].name);
		hs_layout_destroy(layout);
	}
}

static void writing_and_reading_agree(void **state)
{
	(void)state;
	for (size_t i = 0; i < hs_n_shipped_tables; i++) {
		struct hs_layout *layout = layout_of(&hs_shipped_tables[i]);
		char *text = hs_table_format(layout, table.distributor, table.build_id);

		assert_non_null(text);
		assert_string_equal(text, hs_shipped_tables[i].text);
		free(text);
		hs_layout_destroy(layout);
	}
}

/* The checks before any look at a process: tables pass, and fail when a member is where another one is. */
static void geometry_tells_members_apart(void **state)
{
	(void)state;
	unsigned n_shifted = 0, n_seen = 0;

	for (size_t i = 0; i < hs_n_shipped_tables; i++) {
		struct hs_layout *layout = layout_of(&hs_shipped_tables[i]);
		const struct hs_live live = { NULL, layout };

		assert_null(hs_check_geometry(&live));
		for (size_t id = 0; id < HS_N_FIELDS; id++) {
			const int32_t offset = layout->fields[id].offset;

			if (offset == HS_ABSENT)
				continue;
			for (int shift = -8; shift <= 8; shift += 16) {
				layout->fields[id].offset = offset + shift;
				struct hs_error *error = hs_check_geometry(&live);
				n_shifted++;
				n_seen += error != NULL;
				hs_error_destroy(error);
			}
			layout->fields[id].offset = offset;
		}
		hs_layout_destroy(layout);
	}
	/* What is left lies where padding is; the process itself must give it away. */
	assert_true(n_seen * 100 >= n_shifted * 98);
}

static void candidates_come_nearest_first(void **state)
{
	(void)state;
	struct hs_table_candidates candidates = { 0 };

	assert_null(hs_table_candidates_find(0x030b02f0, "", NULL, &candidates));
	assert_true(candidates.n >= 2);
	assert_true(candidates.items[0].is_exact);
	assert_string_equal(candidates.items[0].name, "3.11.2-debian");
	assert_false(candidates.items[1].is_exact);
	hs_table_candidates_free(&candidates);

	assert_null(hs_table_candidates_find(0x030b02f0, "", "3.11.2-*", &candidates));
	assert_string_equal(candidates.items[0].name, "3.11.7-upstream");
	hs_table_candidates_free(&candidates);

	assert_null(hs_table_candidates_find(0x030600f0, "", NULL, &candidates));
	assert_int_equal(candidates.n, 0);
	hs_table_candidates_free(&candidates);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_part_is_read),
		cmocka_unit_test(names_of_other_releases_are_skipped),
		cmocka_unit_test(malformed_lines_are_refused),
		cmocka_unit_test(a_cut_table_does_no_harm),
		cmocka_unit_test(shipped_tables_are_whole),
		cmocka_unit_test(writing_and_reading_agree),
		cmocka_unit_test(geometry_tells_members_apart),
		cmocka_unit_test(candidates_come_nearest_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
