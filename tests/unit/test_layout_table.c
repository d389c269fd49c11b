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
#include "members.h"
#include "table.h"
#include "table_source.h"
#include "validate.h"
#include "version.h"
#include "module_structs.h"

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

static void members_that_point_to_objects_are_read(void **state)
{
	bool is_unfit;

	(void)state;
	parse(HEADING "members chainobject 32: source@16 active@24\nmembers teedataobject 496: it@16 values@40x57\n"
	      "members PyCapsule 56:\nmembers later_object 16: a@8\n");
	const struct hs_members *members = &table.members;
	assert_int_equal(members->structs[HS_MEMBERS_chainobject].bytes, 32);
	assert_int_equal(members->structs[HS_MEMBERS_chainobject].n, 2);
	const struct hs_member *first = &members->items.items[members->structs[HS_MEMBERS_chainobject].first];
	assert_string_equal(first[1].name, "active");
	assert_int_equal(first[1].offset, 24);
	assert_int_equal(first[1].n, 1);
	assert_int_equal(members->items.items[members->structs[HS_MEMBERS_teedataobject].first + 1].n, 57);
	assert_int_equal(members->structs[HS_MEMBERS_PyCapsule].bytes, 56);
	assert_int_equal(members->structs[HS_MEMBERS_PyCapsule].n, 0);
	assert_int_equal(members->structs[HS_MEMBERS_zipobject].bytes, 0);

	struct hs_layout *layout = hs_layout_create();
	layout->members = *members;
	assert_int_equal(hs_members_of_type(layout, "itertools.chain", 15, 32, 0, &is_unfit), HS_MEMBERS_chainobject);
	assert_int_equal(hs_members_of_type(layout, "itertools.chain", 15, 40, 0, &is_unfit), HS_N_MEMBERS_STRUCTS);
	assert_true(is_unfit);
	assert_int_equal(hs_members_of_type(layout, "itertools.cha", 13, 32, 0, &is_unfit), HS_N_MEMBERS_STRUCTS);
	assert_false(is_unfit);
	hs_layout_destroy(layout);
	memset(&table.members, 0, sizeof(table.members));
	hs_table_release(&table);
}

static enum hs_member_rule rule_of(unsigned minor, enum hs_members_id id, const char *name)
{
	struct hs_layout *layout = hs_layout_create();
	struct hs_member member = { .offset = 16, .n = 1 };

	layout->minor = minor;
	strcpy(member.name, name);
	enum hs_member_rule rule = hs_member_rule_of(layout, id, &member);
	hs_layout_destroy(layout);
	return rule;
}

static void members_count_as_their_rules_say(void **state)
{
	(void)state;
	assert_int_equal(rule_of(11, HS_MEMBERS_chainobject, "source"), HS_MEMBER_OWNED);
	assert_int_equal(rule_of(11, HS_MEMBERS_PyFunctionObject, "func_weakreflist"), HS_MEMBER_WEAK);
	assert_int_equal(rule_of(11, HS_MEMBERS_PyCMethodObject, "func.m_weakreflist"), HS_MEMBER_WEAK);
	assert_int_equal(rule_of(11, HS_MEMBERS_bytesio, "buf"), HS_MEMBER_UNVISITED);
	assert_int_equal(rule_of(12, HS_MEMBERS_bytesio, "buf"), HS_MEMBER_OWNED);
	assert_int_equal(rule_of(12, HS_MEMBERS_PyZoneInfo_ZoneInfo, "tzrule_after.std.utcoff"), HS_MEMBER_UNVISITED);
	assert_int_equal(rule_of(12, HS_MEMBERS_PyZoneInfo_ZoneInfo, "key"), HS_MEMBER_OWNED);
	assert_int_equal(rule_of(9, HS_MEMBERS_StgDictObject, "proto"), HS_MEMBER_UNVISITED);
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
	REFUSE(HEADING "members\n");
	REFUSE(HEADING "members chainobject\n");
	REFUSE(HEADING "members chainobject 32\n");
	REFUSE(HEADING "members chainobject 32: source\n");
	REFUSE(HEADING "members chainobject 32: source@\n");
	REFUSE(HEADING "members chainobject 32: source@16x\n");
	REFUSE(HEADING "members chainobject 32: source@16x65536\n");
	REFUSE(HEADING "members chainobject 32: source@16x3\n");      /* outside the struct */
	REFUSE(HEADING "members chainobject 32: a@24 b@16\n");        /* not ascending */
	REFUSE(HEADING "members chainobject 32: a@16x2 b@24\n");      /* on top of each other */
	REFUSE(HEADING "members chainobject 32: a@4\n");              /* in the object's head */
	REFUSE(HEADING "members chainobject 32: a_name_that_is_much_longer_than_any_that_members_have@16\n");
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

static bool is_pickle(const void *context, const char *module)
{
	return !strcmp(module, context);
}

/* Only what is missing, of modules that are there. */
static void structs_of_modules_come_from_a_table(void **state)
{
	const struct hs_member members[] = { { 16, 1, "pickler" }, { 24, 2, "stack" } };
	struct hs_layout *layout = hs_layout_create(), *complete = hs_layout_create();
	size_t n;

	(void)state;
	assert_non_null(layout);
	assert_non_null(complete);
	complete->struct_bytes[HS_STRUCT_UnpicklerObject] = 200;
	complete->fields[HS_FIELD_UnpicklerObject_marks].offset = 120;
	complete->struct_bytes[HS_STRUCT_PicklerObject] = 300;
	layout->struct_bytes[HS_STRUCT_PicklerObject] = 299;
	complete->struct_bytes[HS_STRUCT_pysqlite_Connection] = 400;
	complete->struct_bytes[HS_STRUCT_PyObject] = 16;
	assert_true(hs_members_set(&complete->members, HS_MEMBERS_UnpicklerObject, 200, members, 2));
	assert_int_equal(hs_module_structs_complete(layout, complete, is_pickle, "_pickle"), 2);
	assert_int_equal(layout->struct_bytes[HS_STRUCT_UnpicklerObject], 200);
	assert_int_equal(layout->fields[HS_FIELD_UnpicklerObject_marks].offset, 120);
	assert_int_equal(layout->struct_bytes[HS_STRUCT_PicklerObject], 299);
	assert_int_equal(layout->struct_bytes[HS_STRUCT_pysqlite_Connection], 0);
	assert_int_equal(layout->struct_bytes[HS_STRUCT_PyObject], 0);
	const struct hs_member *copied = hs_layout_members(layout, HS_MEMBERS_UnpicklerObject, &n);
	assert_int_equal(n, 2);
	assert_string_equal(copied[1].name, "stack");
	assert_int_equal(hs_module_structs_complete(layout, complete, is_pickle, "_pickle"), 0);
	hs_layout_destroy(layout);
	hs_layout_destroy(complete);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(structs_of_modules_come_from_a_table),
		cmocka_unit_test(every_part_is_read),
		cmocka_unit_test(names_of_other_releases_are_skipped),
		cmocka_unit_test(members_that_point_to_objects_are_read),
		cmocka_unit_test(members_count_as_their_rules_say),
		cmocka_unit_test(malformed_lines_are_refused),
		cmocka_unit_test(a_cut_table_does_no_harm),
		cmocka_unit_test(shipped_tables_are_whole),
		cmocka_unit_test(writing_and_reading_agree),
		cmocka_unit_test(geometry_tells_members_apart),
		cmocka_unit_test(candidates_come_nearest_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
