/* SPDX-License-Identifier: Apache-2.0 */
/* Structs, members, bit-fields and variables out of DWARF, against what the compiler says in this very file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "dwarf_query.h"
#include "fixtures/debug_sample.h"

#define SAMPLE(name) DEBUG_SAMPLE_DIR "/" name
#define MEMBERS_MAX 16

/* One struct asked of one file. */
struct question {
	struct hs_dwarf_query query;
	struct hs_dwarf_member members[MEMBERS_MAX];
	size_t n_members;
};

static void ask(struct question *question, const char *file_path, const char *names, const char *const *paths)
{
	struct hs_elf_file *file = NULL;
	struct hs_dwarf_struct *wanted = hs_array_append(&question->query.structs);

	for (; paths[question->n_members]; question->n_members++)
		question->members[question->n_members].path = paths[question->n_members];
	wanted->names = names;
	wanted->members = question->members;
	wanted->n_members = question->n_members;
	assert_null(hs_elf_open_path(file_path, &file));
	assert_null(hs_dwarf_lookup(file, NULL, &question->query));
	hs_elf_close(file);
}

static const struct hs_dwarf_struct *answer(const struct question *question)
{
	return &question->query.structs.items[0];
}

static void release(struct question *question)
{
	hs_array_free(&question->query.structs.items[0].others);
	hs_array_free(&question->query.structs);
	hs_array_free(&question->query.variables);
}

static void expect_member(const struct hs_dwarf_member *member, size_t offset, size_t bytes)
{
	assert_true(member->is_found);
	assert_int_equal(member->offset, offset);
	assert_int_equal(member->bytes, bytes);
	assert_int_equal(member->bit_width, 0);
}

/* The word in which only this bit-field has all its bits set. */
#define BITS_OF(member)                                   \
	({                                                \
		sample_bits bits;                         \
		uint32_t word;                            \
		memset(&bits, 0, sizeof(bits));           \
		unsigned ones = ~0u;                      \
		bits.state.member = ones;                 \
		memcpy(&word, &bits.state, sizeof(word)); \
		word;                                     \
	})

static void expect_bits(const struct hs_dwarf_member *member, uint32_t word)
{
	assert_true(member->is_found);
	assert_int_equal(member->offset, offsetof(sample_bits, state));
	assert_int_equal(member->bytes, 4);
	assert_int_equal(member->bit_offset, __builtin_ctz(word));
	assert_int_equal(member->bit_width, __builtin_popcount(word));
}

static void check_members(const char *path)
{
	static const char *const paths[] = { "first", "hidden", "narrow", "inner.value", "nested.deepest.value", "nested", "pointer",
					     "open_ended", "no_such|inner.no_such|last", "no_such", NULL };
	struct question question = { 0 };

	ask(&question, path, "no_such_struct|sample_outer", paths);
	assert_true(answer(&question)->is_found);
	assert_int_equal(answer(&question)->bytes, sizeof(struct sample_outer));
	const struct hs_dwarf_member *members = question.members;
	expect_member(&members[0], offsetof(struct sample_outer, first), 4);
	expect_member(&members[1], offsetof(struct sample_outer, hidden), 2);
	expect_member(&members[2], offsetof(struct sample_outer, narrow), 4);
	expect_member(&members[3], offsetof(struct sample_outer, inner.value), 8);
	expect_member(&members[4], offsetof(struct sample_outer, nested.deepest.value), 8);
	expect_member(&members[5], offsetof(struct sample_outer, nested), sizeof(((struct sample_outer *)0)->nested));
	expect_member(&members[6], offsetof(struct sample_outer, pointer), sizeof(void *));
	expect_member(&members[7], offsetof(struct sample_outer, open_ended), 0);
	expect_member(&members[8], offsetof(struct sample_outer, last), 1);
	assert_false(members[9].is_found);
	release(&question);
}

static void check_bit_fields(const char *path)
{
	static const char *const paths[] = { "state.interned", "state.kind", "state.compact", "state.ready", "after", NULL };
	struct question question = { 0 };

	ask(&question, path, "sample_bits", paths);
	assert_true(answer(&question)->is_found);
	expect_bits(&question.members[0], BITS_OF(interned));
	expect_bits(&question.members[1], BITS_OF(kind));
	expect_bits(&question.members[2], BITS_OF(compact));
	expect_bits(&question.members[3], BITS_OF(ready));
	expect_member(&question.members[4], offsetof(sample_bits, after), 8);
	release(&question);
}

static const char *const shapes[] = { SAMPLE("plain.so"), SAMPLE("dwarf4.so"), SAMPLE("dwarf3.so"), SAMPLE("compressed.so"),
				      SAMPLE("plain.debug") };
#define N_SHAPES (sizeof(shapes) / sizeof(shapes[0]))

static void members_are_where_the_compiler_puts_them(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_SHAPES; i++)
		check_members(shapes[i]);
}

static void bit_fields_of_every_notation(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_SHAPES; i++)
		check_bit_fields(shapes[i]);
}

static void typedefs_and_qualifiers_are_looked_through(void **state)
{
	(void)state;
	static const char *const paths[] = { "value", NULL };
	struct question question = { 0 };

	ask(&question, SAMPLE("plain.so"), "sample_alias", paths);
	assert_true(answer(&question)->is_found);
	expect_member(&question.members[0], offsetof(struct sample_inner, value), 8);
	release(&question);
}

static void declarations_are_no_definitions(void **state)
{
	(void)state;
	static const char *const paths[] = { NULL };
	struct question question = { 0 };
	struct hs_dwarf_variable *variable = hs_array_append(&question.query.variables);

	variable->name = "sample_declared";
	ask(&question, SAMPLE("plain.so"), "sample_opaque", paths);
	assert_false(answer(&question)->is_found);
	assert_false(question.query.variables.items[0].is_found);
	release(&question);
}

static void statics_are_found_at_their_symbol(void **state)
{
	(void)state;
	static const char *const paths[] = { NULL };
	struct question question = { 0 };
	struct hs_elf_file *file = NULL;
	const char *name = "sample_static";
	hs_addr vaddr = 0;

	struct hs_dwarf_variable *variable = hs_array_append(&question.query.variables);
	variable->name = name;
	ask(&question, SAMPLE("plain.so"), "sample_bits", paths);
	assert_null(hs_elf_open_path(SAMPLE("plain.so"), &file));
	hs_elf_find_symbols(file, &name, 1, &vaddr);
	hs_elf_close(file);
	assert_true(question.query.variables.items[0].is_found);
	assert_int_equal(question.query.variables.items[0].vaddr, vaddr);
	release(&question);
}

static void the_rest_of_a_struct_is_reported(void **state)
{
	(void)state;
	static const char *const paths[] = { "inner.value", "pointer", NULL };
	struct question question = { 0 };
	bool is_taken[sizeof(struct sample_outer)] = { 0 };

	ask(&question, SAMPLE("plain.so"), "sample_outer", paths);
	const struct hs_dwarf_ranges *others = &answer(&question)->others;
	for (size_t i = 0; i < others->n; i++)
		for (uint32_t at = 0; at < others->items[i].bytes; at++)
			is_taken[others->items[i].offset + at] = true;
	/* Members that were not asked for are taken, those that were, and padding, are not. */
	assert_true(is_taken[offsetof(struct sample_outer, first)]);
	assert_true(is_taken[offsetof(struct sample_outer, inner.tag)]);
	assert_true(is_taken[offsetof(struct sample_outer, nested)]);
	assert_true(is_taken[offsetof(struct sample_outer, last)]);
	for (size_t at = 0; at < 8; at++) {
		assert_false(is_taken[offsetof(struct sample_outer, inner.value) + at]);
		assert_false(is_taken[offsetof(struct sample_outer, pointer) + at]);
	}
	assert_false(is_taken[offsetof(struct sample_outer, inner.tag) + 1]);
	release(&question);
}

/* Asks for the members of `names` that point to objects. */
static void ask_objects(struct question *question, const char *file_path, const char *names)
{
	struct hs_elf_file *file = NULL;
	struct hs_dwarf_struct *wanted = hs_array_append(&question->query.structs);

	*wanted = (struct hs_dwarf_struct){ .names = names, .wants_objects = true };
	assert_null(hs_elf_open_path(file_path, &file));
	assert_null(hs_dwarf_lookup(file, NULL, &question->query));
	hs_elf_close(file);
}

static void check_objects(const char *path)
{
	static const struct {
		size_t offset;
		unsigned n;
		const char *name;
	} expected[] = {
		{ offsetof(sample_holder, first), 1, "first" },
		{ offsetof(sample_holder, nested.deep), 1, "nested.deep" },
		{ offsetof(sample_holder, one), 1, "one" },
		{ offsetof(sample_holder, row), 3, "row" },
		{ offsetof(sample_holder, frame), 1, "frame" },
	};
	struct question question = { 0 };

	ask_objects(&question, path, "no_such_struct|sample_holder");
	struct hs_dwarf_struct *found = &question.query.structs.items[0];
	assert_true(found->is_found);
	assert_int_equal(found->bytes, sizeof(sample_holder));
	assert_int_equal(found->objects.n, sizeof(expected) / sizeof(expected[0]));
	for (size_t i = 0; i < found->objects.n; i++) {
		assert_int_equal(found->objects.items[i].offset, expected[i].offset);
		assert_int_equal(found->objects.items[i].n, expected[i].n);
		if (expected[i].offset != offsetof(sample_holder, one))
			assert_string_equal(found->objects.items[i].name, expected[i].name);
	}
	hs_array_free(&found->objects);
	release(&question);
}

static void members_that_point_to_objects(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_SHAPES; i++)
		check_objects(shapes[i]);
}

static void a_struct_that_is_no_object_is_not_meant(void **state)
{
	struct question question = { 0 };

	(void)state;
	ask_objects(&question, shapes[0], "sample_outer");
	assert_false(answer(&question)->is_found);
	release(&question);
}

static void a_file_without_dwarf_is_an_error(void **state)
{
	(void)state;
	struct hs_dwarf_query query = { 0 };
	struct hs_elf_file *file = NULL;

	assert_null(hs_elf_open_path(SAMPLE("plain_stripped.so"), &file));
	struct hs_error *error = hs_dwarf_lookup(file, NULL, &query);
	assert_non_null(error);
	assert_int_equal(error->code, HS_ERROR_BAD_DATA);
	hs_error_destroy(error);
	hs_elf_close(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_are_where_the_compiler_puts_them),
		cmocka_unit_test(bit_fields_of_every_notation),
		cmocka_unit_test(typedefs_and_qualifiers_are_looked_through),
		cmocka_unit_test(declarations_are_no_definitions),
		cmocka_unit_test(statics_are_found_at_their_symbol),
		cmocka_unit_test(the_rest_of_a_struct_is_reported),
		cmocka_unit_test(members_that_point_to_objects),
		cmocka_unit_test(a_struct_that_is_no_object_is_not_meant),
		cmocka_unit_test(a_file_without_dwarf_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
