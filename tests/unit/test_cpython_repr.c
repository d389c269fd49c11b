/* SPDX-License-Identifier: Apache-2.0 */
/* Short texts of objects, as Python's repr() gives them: exact where short, cut where long, safe whatever stands there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_heap.h"
#include "repr.h"

static const char *const tables[] = { "3.8.18-upstream", "3.11.7-upstream", "3.13.0-upstream", "3.14.10-debian" };
#define N_TABLES (sizeof(tables) / sizeof(*tables))

/* The text of the object at an address, and whether Python can evaluate it. */
static const char *repr_of(const struct fake_heap *heap, hs_addr address, bool *ret_is_literal)
{
	static char text[HS_REPR_BYTES];

	memset(text, '?', sizeof(text));
	*ret_is_literal = hs_repr_at(heap->py, heap->types_seen, address, &hs_repr_short, text, sizeof(text));
	assert_true(strlen(text) < sizeof(text));
	return text;
}

static void check(const struct fake_heap *heap, hs_addr address, const char *expected, bool is_literal)
{
	bool told;

	assert_string_equal(repr_of(heap, address, &told), expected);
	assert_int_equal(told, is_literal);
}

static void numbers(void **state)
{
	static const struct {
		double value;
		const char *text;
	} floats[] = {
		{ 0.1, "0.1" }, { 1.0, "1.0" }, { -0.0, "-0.0" }, { 1e15, "1000000000000000.0" }, { 1e16, "1e+16" }, { 123456.789, "123456.789" },
		{ 0.0001, "0.0001" }, { 0.00001, "1e-05" }, { 1.5e300, "1.5e+300" }, { 2.5, "2.5" }, { 1.0 / 3, "0.3333333333333333" },
		{ 5e-324, "5e-324" }, { 1e100, "1e+100" }, { 12345678901234567.0, "1.2345678901234568e+16" },
		/* powers of two: the nearest 16 digits lie below, where the next number is nearer; those above do */
		{ 0x1p976, "6.386688990511104e+293" }, { 0x1p-1022, "2.2250738585072014e-308" },
	};

	(void)state;
	for (size_t i = 0; i < N_TABLES; i++) {
		struct fake_heap *heap = fake_heap_create(tables[i]);
		fake_open(heap);
		check(heap, fake_int(heap, 0), "0", true);
		check(heap, fake_int(heap, 4711), "4711", true);
		for (size_t j = 0; j < sizeof(floats) / sizeof(*floats); j++)
			check(heap, fake_float(heap, floats[j].value), floats[j].text, true);
		check(heap, fake_float(heap, __builtin_inf()), "inf", false);
		check(heap, fake_float(heap, __builtin_nan("")), "nan", false);
		fake_heap_destroy(heap);
	}
}

static void text_is_quoted_as_python_does(void **state)
{
	static const struct {
		const char *text, *repr;
	} cases[] = {
		{ "", "''" }, { "abc", "'abc'" }, { "it's", "\"it's\"" }, { "it's \"so\"", "'it\\'s \"so\"'" }, { "a\\b", "'a\\\\b'" },
		{ "line\nnext\ttab", "'line\\nnext\\ttab'" }, { "\x1b[31m", "'\\x1b[31m'" }, { "\x7f", "'\\x7f'" },
	};

	(void)state;
	for (size_t i = 0; i < N_TABLES; i++) {
		struct fake_heap *heap = fake_heap_create(tables[i]);
		fake_open(heap);
		for (size_t j = 0; j < sizeof(cases) / sizeof(*cases); j++)
			check(heap, fake_str(heap, cases[j].text), cases[j].repr, true);
		const uint16_t wide[] = { 0x65e5, 0x202e, 0xd800, 'x' };
		check(heap, fake_str_of(heap, wide, 4, 2, false), "'\xe6\x97\xa5\\u202e\\ud800x'", true);
		char large[1000];
		bool is_literal;
		memset(large, 'a', sizeof(large) - 1);
		large[sizeof(large) - 1] = '\0';
		const char *text = repr_of(heap, fake_str(heap, large), &is_literal);
		assert_false(is_literal);
		assert_int_equal(strlen(text), hs_repr_short.text + 2 + strlen("\xe2\x80\xa6"));
		fake_heap_destroy(heap);
	}
}

static void containers(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_TABLES; i++) {
		struct fake_heap *heap = fake_heap_create(tables[i]);
		hs_addr numbers[10], text = fake_str(heap, "a");
		for (uint32_t j = 0; j < 10; j++)
			numbers[j] = fake_int(heap, j);
		fake_open(heap);
		check(heap, fake_list(heap, numbers, 3, 4), "[0, 1, 2]", true);
		check(heap, fake_list(heap, numbers, 0, 0), "[]", true);
		check(heap, fake_list(heap, numbers, 10, 10), "[0, 1, 2, 3, 4, 5, \xe2\x80\xa6]", false);
		check(heap, fake_tuple(heap, numbers, 1), "(0,)", true);
		check(heap, fake_tuple(heap, numbers, 2), "(0, 1)", true);
		check(heap, fake_dict(heap, 3, &text, numbers, 1), "{'a': 0}", true);
		check(heap, fake_deque(heap, numbers, 2, 5), "deque([0, 1])", false);
		hs_addr inner = fake_list(heap, numbers, 1, 1);
		for (int depth = 0; depth < 4; depth++)
			inner = fake_list(heap, &inner, 1, 1);
		check(heap, inner, "[[[[\xe2\x80\xa6]]]]", false);
		fake_heap_destroy(heap);
	}
}

static void a_list_that_holds_itself(void **state)
{
	struct fake_heap *heap = fake_heap_create(tables[1]);
	hs_addr list = fake_list(heap, &(hs_addr){ 0x1000 }, 1, 1);

	(void)state;
	fake_put(heap, FAKE_GET(heap, list, PyListObject, ob_item), list);
	fake_open(heap);
	check(heap, list, "[[[[\xe2\x80\xa6]]]]", false);
	fake_put(heap, FAKE_GET(heap, list, PyListObject, ob_item), 0x1000);
	check(heap, list, "[<0x1000>]", false);
	fake_heap_destroy(heap);
}

/* Every prefix of the room ends in whole characters and, where a bracket was opened, in a closed one as far as there is room. */
static void little_room(void **state)
{
	struct fake_heap *heap = fake_heap_create(tables[1]);
	hs_addr items[2] = { fake_str(heap, "0123456789"), fake_str_of(heap, (const uint16_t[]){ 0x65e5, 0x672c }, 2, 2, false) };
	hs_addr list = fake_list(heap, items, 2, 2);
	char text[64];
	bool was_literal = false;

	(void)state;
	fake_open(heap);
	for (size_t bytes = 1; bytes <= sizeof(text); bytes++) {
		memset(text, 'Z', sizeof(text));
		bool is_literal = hs_repr_at(heap->py, heap->types_seen, list, &hs_repr_short, text, bytes);
		assert_true(memchr(text, '\0', bytes) != NULL);
		assert_true(bytes == sizeof(text) || text[bytes] == 'Z');
		assert_true(is_literal || !was_literal);
		was_literal = is_literal;
	}
	assert_true(was_literal);
	assert_string_equal(text, "['0123456789', '\xe6\x97\xa5\xe6\x9c\xac']");
	fake_heap_destroy(heap);
}

static void lengths_and_counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_TABLES; i++) {
		struct fake_heap *heap = fake_heap_create(tables[i]);
		hs_addr item = fake_int(heap, 1), list, text;
		uint64_t n;
		list = fake_list(heap, &item, 1, 4);
		text = fake_str(heap, "abc");
		fake_open(heap);
		struct hs_object object = fake_view(heap, list, 40);
		assert_true(hs_object_length(heap->py, &object, &n));
		assert_int_equal(n, 1);
		assert_true(hs_object_refcount(heap->py, &object, &n));
		assert_int_equal(n, 1);
		object = fake_view(heap, text, 56);
		assert_true(hs_object_length(heap->py, &object, &n));
		assert_int_equal(n, 3);
		object = fake_view(heap, item, 24);
		assert_false(hs_object_length(heap->py, &object, &n));
		fake_heap_destroy(heap);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(text_is_quoted_as_python_does),
		cmocka_unit_test(containers),
		cmocka_unit_test(a_list_that_holds_itself),
		cmocka_unit_test(little_room),
		cmocka_unit_test(lengths_and_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
