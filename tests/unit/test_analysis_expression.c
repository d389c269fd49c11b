/* SPDX-License-Identifier: Apache-2.0 */
/* Paths in Python's words, and single steps by kind and name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "expression.h"
#include "python_name.h"
#include "reference_name.h"

#define MAX_STEPS 8

static void check(const char *start, const struct hs_expression_step *steps, const char *expected, bool is_evaluable)
{
	char text[HS_EXPRESSION_BYTES];
	struct hs_expression expression;

	hs_expression_begin(&expression, text, sizeof(text), start, true);
	for (size_t i = 0; i < MAX_STEPS && steps[i].name; i++)
		hs_expression_add(&expression, &steps[i]);
	assert_int_equal(hs_expression_end(&expression), is_evaluable);
	assert_string_equal(text, expected);
}

#define FIELD(field_name) { .kind = HS_EDGE_FIELD, .is_python = true, .name = (field_name) }
#define HIDDEN(field_name) { .kind = HS_EDGE_FIELD, .name = (field_name) }
#define DICT_OF(what) { .kind = HS_EDGE_FIELD, .holder = (what), .is_python = true, .name = "__dict__" }
#define VALUE(key) { .kind = HS_EDGE_VALUE, .is_python = true, .name = (key) }
#define INDEX(at) { .kind = HS_EDGE_INDEX, .is_python = true, .name = (at) }
#define ATTRIBUTE(attribute) { .kind = HS_EDGE_ATTRIBUTE, .name = (attribute) }

static void a_path_through_containers(void **state)
{
	const struct hs_expression_step steps[MAX_STEPS] = {
		DICT_OF(HS_HOLDER_MODULE), VALUE("'EVENTS'"), INDEX("1204"), VALUE("'request'"), ATTRIBUTE("headers"),
	};

	(void)state;
	check("app", steps, "app.EVENTS[1204]['request'].headers", true);
}

static void namespaces(void **state)
{
	const struct hs_expression_step no_identifier[MAX_STEPS] = { DICT_OF(HS_HOLDER_MODULE), VALUE("'two words'") };
	const struct hs_expression_step keyword[MAX_STEPS] = { DICT_OF(HS_HOLDER_OTHER), VALUE("'class'") };
	const struct hs_expression_step itself[MAX_STEPS] = { DICT_OF(HS_HOLDER_MODULE) };
	const struct hs_expression_step number[MAX_STEPS] = { DICT_OF(HS_HOLDER_OTHER), VALUE("17") };
	const struct hs_expression_step bound[MAX_STEPS] = {
		DICT_OF(HS_HOLDER_TYPE), { .kind = HS_EDGE_VALUE, .is_python = true, .is_bound = true, .name = "'make'" }, FIELD("__func__"),
	};
	const struct hs_expression_step of_hidden[MAX_STEPS] = { HIDDEN("__dict__"), VALUE("'__module__'") };
	const struct hs_expression_step hidden[MAX_STEPS] = { HIDDEN("__dict__") };
	const struct hs_expression_step lazy[MAX_STEPS] = {
		DICT_OF(HS_HOLDER_MODULE), { .kind = HS_EDGE_VALUE, .is_python = true, .is_lazy = true, .name = "'warnings'" }, FIELD("lz_from"),
	};
	const struct hs_expression_step of_metatype[MAX_STEPS] = { DICT_OF(HS_HOLDER_TYPE), VALUE("'__dict__'") };
	const struct hs_expression_step cut[MAX_STEPS] = { { .kind = HS_EDGE_VALUE, .is_python = false, .name = "'aaa\xe2\x80\xa6'" } };

	(void)state;
	check("app", no_identifier, "app.__dict__['two words']", true);
	check("app.X", keyword, "app.X.__dict__['class']", true);
	check("app", itself, "app.__dict__", true);
	check("app.X", number, "app.X.__dict__[17]", true);
	check("app.C", bound, "app.C.__dict__['make'].__func__", true);
	check("typing.KT", of_hidden, "typing.KT.__module__", true);
	check("typing.KT", hidden, "typing.KT<__dict__>", false);
	check("app", lazy, "app.__dict__['warnings'].lz_from", true);
	check("app.C", of_metatype, "app.C.__dict__['__dict__']", true);
	check("app.D", cut, "app.D['aaa\xe2\x80\xa6']", false);
}

static void variables(void **state)
{
	const struct hs_expression_step closure[MAX_STEPS] = { FIELD("__closure__"), INDEX("0"), FIELD("cell_contents") };
	const struct hs_expression_step of_frame[MAX_STEPS] = { { .kind = HS_EDGE_LOCAL, .holder = HS_HOLDER_FRAME, .name = "batch" }, INDEX("2") };
	const struct hs_expression_step of_generator[MAX_STEPS] = { { .kind = HS_EDGE_LOCAL, .holder = HS_HOLDER_GENERATOR, .name = "row" } };
	const struct hs_expression_step cell[MAX_STEPS] = {
		{ .kind = HS_EDGE_CELL, .holder = HS_HOLDER_COROUTINE, .name = "held" }, FIELD("cell_contents"), ATTRIBUTE("x"),
	};
	const struct hs_expression_step bare_cell[MAX_STEPS] = { { .kind = HS_EDGE_CELL, .holder = HS_HOLDER_FRAME, .name = "held" } };
	const struct hs_expression_step of_root[MAX_STEPS] = { { .kind = HS_EDGE_LOCAL, .name = "batch" } };

	(void)state;
	check("app.f", closure, "app.f.__closure__[0].cell_contents", true);
	check("app.F", of_frame, "app.F.f_locals['batch'][2]", true);
	check("app.G", of_generator, "app.G.gi_frame.f_locals['row']", true);
	check("app.C", cell, "app.C.cr_frame.f_locals['held'].x", true);
	check("app.F", bare_cell, "app.F<cell held>", false);
	check("<frame app.f app.py:12>", of_root, "<frame app.f app.py:12>.batch", false);
}

static void what_a_generator_waits_for(void **state)
{
	const struct hs_expression_step local = { .kind = HS_EDGE_LOCAL, .holder = HS_HOLDER_GENERATOR, .name = "row" };
	const struct hs_expression_step since_311[MAX_STEPS] = { FIELD("gi_yieldfrom"), local };
	const struct hs_expression_step until_310[MAX_STEPS] = { FIELD("cr_frame"), HIDDEN("cr_await"), local };
	const struct hs_expression_step frame[MAX_STEPS] = {
		FIELD("gi_frame"), { .kind = HS_EDGE_LOCAL, .holder = HS_HOLDER_FRAME, .name = "row" },
	};
	const struct hs_expression_step last[MAX_STEPS] = { FIELD("gi_frame") };

	(void)state;
	check("app.G", since_311, "app.G.gi_yieldfrom.gi_frame.f_locals['row']", true);
	check("app.C", until_310, "app.C.cr_await.gi_frame.f_locals['row']", true);
	check("app.G", frame, "app.G.gi_frame.f_locals['row']", true);
	check("app.G", last, "app.G.gi_frame", true);
}

static void contexts_and_keys_with_a_name(void **state)
{
	const struct hs_expression_step value = { .kind = HS_EDGE_VALUE, .is_key_path = true, .name = "app.VARIABLE" };
	const struct hs_expression_step context[MAX_STEPS] = { HIDDEN("ctx_vars"), HIDDEN("h_root"), INDEX("3"), HIDDEN("node"), value };
	const struct hs_expression_step inside[MAX_STEPS] = { HIDDEN("ctx_vars"), HIDDEN("h_root") };
	const struct hs_expression_step here[MAX_STEPS] = { value, ATTRIBUTE("x") };

	(void)state;
	check("app", context, "app[app.VARIABLE]", true);
	check("app", inside, "app<context>", false);
	check("app", here, "app[app.VARIABLE].x", true);
	/* of a module that nobody imported to evaluate this */
	check("ap", here, "ap[app.VARIABLE].x", false);
	check("app2", here, "app2[app.VARIABLE].x", false);
}

static void what_python_cannot_say(void **state)
{
	const struct hs_expression_step item[MAX_STEPS] = { { .kind = HS_EDGE_ITEM, .is_python = true, .name = "'a'" } };
	const struct hs_expression_step key[MAX_STEPS] = { { .kind = HS_EDGE_KEY, .is_python = true, .name = "(1, 2)" }, INDEX("0") };
	const struct hs_expression_step hidden[MAX_STEPS] = { HIDDEN("cache") };
	const struct hs_expression_step scan[MAX_STEPS] = { { .kind = HS_EDGE_SCAN, .name = "+24" } };
	const struct hs_expression_step any[MAX_STEPS] = { { .kind = HS_EDGE_INDEX, .is_any = true, .name = "" }, ATTRIBUTE("x") };
	const struct hs_expression_step proxy[MAX_STEPS] = {
		{ .kind = HS_EDGE_FIELD, .holder = HS_HOLDER_PROXY, .name = "mapping" }, VALUE("'k'"),
	};

	(void)state;
	check("app.S", item, "app.S<item 'a'>", false);
	check("app.D", key, "app.D<key (1, 2)>[0]", false);
	check("app.f", hidden, "app.f<cache>", false);
	check("app.X", scan, "app.X<+24>", false);
	check("app.L", any, "app.L[*].x", false);
	check("app.P", proxy, "app.P['k']", true);
}

static void a_text_that_does_not_fit(void **state)
{
	char text[32];
	struct hs_expression expression;
	const struct hs_expression_step step = ATTRIBUTE("attribute");

	(void)state;
	hs_expression_begin(&expression, text, sizeof(text), "app.X", true);
	for (int i = 0; i < 10; i++)
		hs_expression_add(&expression, &step);
	assert_false(hs_expression_end(&expression));
	assert_string_equal(text, "app.X.attribute.attribute\xe2\x80\xa6");
}

static void names(void **state)
{
	(void)state;
	assert_true(hs_is_identifier("headers"));
	assert_true(hs_is_identifier("_x1"));
	assert_false(hs_is_identifier(""));
	assert_false(hs_is_identifier("1x"));
	assert_false(hs_is_identifier("class"));
	assert_false(hs_is_identifier("a-b"));
	assert_false(hs_is_identifier("\xc3\xa9"));
	assert_true(hs_is_python_field("builtins.function", "__globals__"));
	assert_true(hs_is_python_field("builtins.traceback", "tb_frame"));
	assert_false(hs_is_python_field("builtins.map", "func"));
	for (unsigned kind = 0; kind < HS_N_EDGE_KINDS; kind++)
		assert_non_null(hs_edge_kind_name(kind));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_through_containers),
		cmocka_unit_test(namespaces),
		cmocka_unit_test(variables),
		cmocka_unit_test(what_a_generator_waits_for),
		cmocka_unit_test(contexts_and_keys_with_a_name),
		cmocka_unit_test(what_python_cannot_say),
		cmocka_unit_test(a_text_that_does_not_fit),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
