/* SPDX-License-Identifier: Apache-2.0 */
/* What keys do: selection, order, filter, search, tags, going in and back, typed commands. No terminal, no process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keys.h"
#include "order.h"
#include "tui_sample.h"
#include "view.h"

static struct tui_sample browser;

static int open_types(void **state)
{
	(void)state;
	tui_sample_init(&browser, 80, 24, true);
	tui_sample_show(&browser, tui_sample_types(1));
	return 0;
}

static int close_browser(void **state)
{
	(void)state;
	tui_sample_deinit(&browser);
	return 0;
}

static const struct hs_spot *spot(void)
{
	return hs_state_spot(&browser.state);
}

static const char *shown(unsigned row)
{
	const struct hs_section *section = &browser.page->sections[spot()->section];

	assert_true(row < browser.state.order[spot()->section].n);
	return section->rows.items[browser.state.order[spot()->section].items[row]].values[0].text;
}

static void begins_with_the_largest(void **state)
{
	(void)state;
	assert_string_equal(shown(0), "dict");
	assert_string_equal(shown(1), "str");
	assert_string_equal(shown(2), "tuple");
	assert_string_equal(tui_sample_selected(&browser), "dict");
}

static void sorts_by_any_column_and_inverts(void **state)
{
	(void)state;
	tui_sample_key(&browser, 'G');
	assert_string_equal(shown(0), "tuple"); /* of this sample */
	tui_sample_type(&browser, "I");
	assert_string_equal(shown(6), "tuple");
	tui_sample_type(&browser, ":sort count\n");
	assert_string_equal(shown(0), "str");
	tui_sample_key(&browser, '<');
	assert_string_equal(shown(0), "app.Session"); /* by name, upwards */
	tui_sample_key(&browser, '<');
	assert_string_equal(browser.page->sections[0].columns[spot()->sort].name, "share"); /* past the first one, and past what has no name */
	tui_sample_key(&browser, 'S');
	assert_string_equal(shown(0), "dict");
	tui_sample_type(&browser, ":sort byt\t\n"); /* as it is completed */
	assert_false(browser.state.is_complaint);
	tui_sample_type(&browser, ":sort coun\t\n");
	assert_false(browser.state.is_complaint);
	assert_string_equal(shown(0), "str");
	tui_sample_key(&browser, 'S');
	tui_sample_type(&browser, ":sort nonsense\n");
	assert_true(browser.state.is_complaint);
	assert_string_equal(shown(0), "dict");
}

/* The row that was chosen stays selected wherever it goes; who has chosen none sees what is first. */
static void selection_follows_its_type(void **state)
{
	(void)state;
	tui_sample_key(&browser, 'G');
	tui_sample_show(&browser, tui_sample_types(3));
	assert_string_equal(tui_sample_selected(&browser), "dict");
	tui_sample_type(&browser, "I"); /* tuple has shrunk */
	assert_string_equal(tui_sample_selected(&browser), "tuple");
	tui_sample_key(&browser, HS_KEY_DOWN);
	tui_sample_key(&browser, HS_KEY_UP);
	assert_string_equal(tui_sample_selected(&browser), "tuple");
	tui_sample_show(&browser, tui_sample_types(1));
	assert_string_equal(tui_sample_selected(&browser), "tuple");
	assert_int_equal(spot()->row, 6);
	/* its type is gone: what came into its place */
	tui_sample_type(&browser, "\\a");
	assert_string_equal(spot()->filter, "a");
	assert_string_not_equal(tui_sample_selected(&browser), "");
}

static void moves_and_scrolls(void **state)
{
	(void)state;
	tui_sample_show(&browser, tui_sample_many_types(500));
	tui_sample_key(&browser, HS_KEY_END);
	assert_int_equal(spot()->row, 499);
	assert_in_range(spot()->top[0], 470, 499);
	tui_sample_key(&browser, HS_KEY_DOWN);
	assert_int_equal(spot()->row, 499);
	tui_sample_key(&browser, HS_KEY_PAGE_UP);
	assert_in_range(spot()->row, 475, 485);
	tui_sample_type(&browser, "g");
	assert_int_equal(spot()->row, 0);
	assert_int_equal(spot()->top[0], 0);
	tui_sample_type(&browser, "jjjk");
	assert_int_equal(spot()->row, 2);
	tui_sample_event(&browser, &(struct hs_event){ .kind = HS_EVENT_WHEEL, .key = HS_KEY_DOWN });
	assert_int_equal(spot()->row, 5);
	tui_sample_resize(&browser, 200, 60);
	tui_sample_key(&browser, HS_KEY_END);
	tui_sample_resize(&browser, 20, 5); /* nothing to be seen, nothing breaks */
	tui_sample_key(&browser, HS_KEY_PAGE_DOWN);
	tui_sample_resize(&browser, 80, 24);
	assert_int_equal(spot()->row, 499);
	assert_true(spot()->top[0] + 24 > 499);
}

static void filters_while_typing(void **state)
{
	(void)state;
	tui_sample_type(&browser, "\\APP");
	assert_int_equal(browser.state.order[0].n, 2);
	tui_sample_key(&browser, HS_KEY_BACKSPACE);
	tui_sample_key(&browser, HS_KEY_BACKSPACE);
	assert_int_equal(browser.state.order[0].n, 3);
	tui_sample_key(&browser, HS_KEY_ENTER);
	assert_int_equal(browser.state.mode, HS_MODE_BROWSE);
	tui_sample_show(&browser, tui_sample_types(2)); /* it outlasts the sample */
	assert_int_equal(browser.state.order[0].n, 3);
	tui_sample_type(&browser, "\\");
	tui_sample_key(&browser, HS_KEY_CONTROL('U'));
	tui_sample_key(&browser, HS_KEY_ENTER);
	assert_int_equal(browser.state.order[0].n, 7);
	tui_sample_type(&browser, "\\x");
	tui_sample_key(&browser, HS_KEY_ESCAPE);
	assert_string_equal(spot()->filter, "");
}

static void searches_forth_and_back(void **state)
{
	(void)state;
	tui_sample_type(&browser, "/app");
	assert_string_equal(tui_sample_selected(&browser), "app.Session");
	tui_sample_key(&browser, HS_KEY_ESCAPE);
	assert_string_equal(tui_sample_selected(&browser), "dict");
	tui_sample_type(&browser, "/app\n");
	tui_sample_type(&browser, "n");
	assert_string_equal(tui_sample_selected(&browser), "app.very.deeply.nested.package.with.long.names.Configuration");
	tui_sample_type(&browser, "n");
	assert_string_equal(tui_sample_selected(&browser), "app.Session");
	tui_sample_type(&browser, "N");
	assert_string_equal(tui_sample_selected(&browser), "app.very.deeply.nested.package.with.long.names.Configuration");
	tui_sample_type(&browser, "/nowhere\n");
	assert_true(browser.state.is_complaint);
	assert_string_equal(tui_sample_selected(&browser), "app.very.deeply.nested.package.with.long.names.Configuration");
}

static void tags(void **state)
{
	(void)state;
	tui_sample_type(&browser, "  "); /* each moves on */
	assert_int_equal(browser.state.tags.n, 2);
	tui_sample_type(&browser, "T");
	assert_int_equal(browser.state.order[0].n, 2);
	tui_sample_key(&browser, HS_KEY_HOME);
	tui_sample_type(&browser, " ");
	assert_int_equal(browser.state.order[0].n, 1);
	tui_sample_type(&browser, "U");
	assert_int_equal(browser.state.order[0].n, 7);
}

static void goes_in_and_back(void **state)
{
	(void)state;
	tui_sample_key(&browser, HS_KEY_DOWN);
	tui_sample_key(&browser, HS_KEY_ENTER);
	assert_true(browser.effects.flags & HS_EFFECT_GO);
	assert_int_equal(spot()->place.view, HS_VIEW_INSTANCES);
	assert_string_equal(spot()->place.name, "str");
	tui_sample_show(&browser, tui_sample_instances());
	assert_int_equal(spot()->section, 1); /* the objects: the paths above them are to be read */
	tui_sample_key(&browser, HS_KEY_UP);
	assert_int_equal(spot()->section, 0);
	tui_sample_key(&browser, HS_KEY_DOWN);
	tui_sample_key(&browser, HS_KEY_RIGHT);
	assert_int_equal(spot()->place.view, HS_VIEW_OBJECT);
	tui_sample_show(&browser, tui_sample_object());
	tui_sample_key(&browser, HS_KEY_ENTER);
	assert_int_equal(spot()->place.address, 0x7f0000020000);
	tui_sample_key(&browser, HS_KEY_LEFT);
	tui_sample_key(&browser, HS_KEY_LEFT);
	assert_int_equal(spot()->place.view, HS_VIEW_INSTANCES);
	tui_sample_type(&browser, "]]");
	assert_int_equal(spot()->place.address, 0x7f0000020000);
	tui_sample_type(&browser, "[[[");
	tui_sample_show(&browser, tui_sample_types(1));
	assert_string_equal(tui_sample_selected(&browser), "str"); /* as it was left */
	tui_sample_key(&browser, HS_KEY_LEFT); /* no further */
	assert_int_equal(spot()->place.view, HS_VIEW_TYPES);
}

/* More places than are kept. */
static void forgets_the_oldest_places(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3 * HS_SPOTS; i++) {
		tui_sample_show(&browser, tui_sample_object());
		tui_sample_key(&browser, HS_KEY_ENTER);
		assert_in_range(browser.state.n_spots, 1, HS_SPOTS);
		assert_in_range(spot()->parent, 0, browser.state.n_spots - 2);
	}
	for (unsigned i = 0; i < 3 * HS_SPOTS; i++)
		tui_sample_key(&browser, HS_KEY_LEFT);
	assert_int_equal(spot()->parent, -1);
}

static void views_are_found_as_they_were_left(void **state)
{
	(void)state;
	tui_sample_type(&browser, "j\\dict\n");
	tui_sample_type(&browser, "2");
	assert_int_equal(spot()->place.view, hs_view_tab(1));
	tui_sample_key(&browser, HS_KEY_TAB);
	assert_int_equal(spot()->place.view, hs_view_tab(2));
	tui_sample_key(&browser, HS_KEY_BACK_TAB);
	tui_sample_key(&browser, HS_KEY_BACK_TAB);
	assert_int_equal(spot()->place.view, HS_VIEW_TYPES);
	assert_string_equal(spot()->filter, "dict");
	tui_sample_key(&browser, HS_KEY_BACK_TAB);
	assert_int_equal(spot()->place.view, hs_view_tab(hs_view_tabs() - 1));
	tui_sample_type(&browser, ":view mem\n");
	assert_int_equal(spot()->place.view, HS_VIEW_MEMORY);
	tui_sample_type(&browser, ":view nonsense\n");
	assert_true(browser.state.is_complaint);
}

static void asks_for_what_others_do(void **state)
{
	static const struct {
		const char *keys;
		unsigned effect;
	} cases[] = {
		{ "q", HS_EFFECT_QUIT }, { ":q\n", HS_EFFECT_QUIT }, { "r", HS_EFFECT_SAMPLE }, { "Z", HS_EFFECT_FREEZE }, { "B", HS_EFFECT_BASELINE },
		{ "+", HS_EFFECT_INTERVAL }, { "-", HS_EFFECT_INTERVAL }, { "\x1b", HS_EFFECT_CANCEL }, { "\x0c", HS_EFFECT_REDRAW }, { "b", HS_EFFECT_GO },
		{ "sx.core\n", HS_EFFECT_SNAPSHOT }, { ":snapshot x.core\n", HS_EFFECT_SNAPSHOT },
		{ ":by type\n", HS_EFFECT_GO }, { ":interval 30\n", HS_EFFECT_INTERVAL }, { ":write x.txt\n", HS_EFFECT_WRITE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		tui_sample_type(&browser, cases[i].keys);
		assert_int_equal(browser.effects.flags, cases[i].effect);
	}
	assert_string_equal(browser.effects.text, "x.txt");
	tui_sample_type(&browser, ":interval 0.05\n:interval x\n");
	assert_int_equal(browser.effects.flags, 0);
	strcpy(browser.state.suggested_file, "heapspy-1-types.txt");
	tui_sample_type(&browser, "w\n");
	assert_string_equal(browser.effects.text, "heapspy-1-types.txt");
}

static void copies_addresses(void **state)
{
	(void)state;
	tui_sample_show(&browser, tui_sample_types(2));
	tui_sample_type(&browser, "c");
	assert_int_equal(browser.effects.flags, 0);
	assert_true(browser.state.is_complaint);
	tui_sample_key(&browser, HS_KEY_ENTER);
	tui_sample_show(&browser, tui_sample_instances());
	tui_sample_type(&browser, "c");
	assert_int_equal(browser.effects.flags, HS_EFFECT_COPY);
	assert_string_equal(browser.effects.text, "0x7f0000001000");
}

static void does_not_wait_for_a_page(void **state)
{
	(void)state;
	tui_sample_key(&browser, HS_KEY_ENTER);
	browser.data.page = NULL;
	tui_sample_key(&browser, HS_KEY_ESCAPE);
	assert_int_equal(browser.effects.flags, HS_EFFECT_CANCEL | HS_EFFECT_GO);
	assert_int_equal(spot()->place.view, HS_VIEW_TYPES);
}

static void clicks_on_tabs_switch(void **state)
{
	(void)state;
	tui_sample_event(&browser, &(struct hs_event){ .kind = HS_EVENT_CLICK, .x = 11, .y = 3 });
	assert_int_equal(spot()->place.view, hs_view_tab(1));
	tui_sample_event(&browser, &(struct hs_event){ .kind = HS_EVENT_CLICK, .x = 79, .y = 3 });
	tui_sample_event(&browser, &(struct hs_event){ .kind = HS_EVENT_CLICK, .x = 0, .y = 3 });
	assert_int_equal(spot()->place.view, HS_VIEW_TYPES);
}

static void completes_commands(void **state)
{
	(void)state;
	tui_sample_type(&browser, ":so\t");
	assert_string_equal(browser.state.prompt, "sort ");
	tui_sample_type(&browser, "c\t");
	assert_string_equal(browser.state.prompt, "sort c");
	tui_sample_type(&browser, "o\t");
	assert_string_equal(browser.state.prompt, "sort count ");
	tui_sample_key(&browser, HS_KEY_CONTROL('W'));
	tui_sample_key(&browser, HS_KEY_CONTROL('W'));
	tui_sample_type(&browser, "view ret\t\n");
	assert_int_equal(spot()->place.view, HS_VIEW_RETAINED);
	tui_sample_type(&browser, ":nonsense\t\n");
	assert_true(browser.state.is_complaint);
}

static void clicks_select_then_open(void **state)
{
	const struct hs_event click = { .kind = HS_EVENT_CLICK, .x = 10, .y = 7 };

	(void)state;
	tui_sample_event(&browser, &click);
	assert_string_equal(tui_sample_selected(&browser), "tuple");
	assert_int_equal(browser.effects.flags, 0);
	tui_sample_event(&browser, &click);
	assert_int_equal(spot()->place.view, HS_VIEW_INSTANCES);
	tui_sample_event(&browser, &(struct hs_event){ .kind = HS_EVENT_CLICK, .x = 500, .y = 500 });
}

/* A heading that can be sorted by; what cannot leaves the order alone. */
static void clicks_on_headings_sort(void **state)
{
	(void)state;
	tui_sample_event(&browser, &(struct hs_event){ .kind = HS_EVENT_CLICK, .x = 2, .y = 4 });
	assert_string_equal(shown(0), "app.Session");
	tui_sample_event(&browser, &(struct hs_event){ .kind = HS_EVENT_CLICK, .x = 2, .y = 4 });
	assert_string_not_equal(shown(0), "app.Session"); /* the other way round */
}

/* Every key, in every place, with and without a page: nothing breaks, the selection stays within the rows. */
static void takes_any_key_anywhere(void **state)
{
	uint32_t seed = 1;

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		seed = seed * 1664525 + 1013904223;
		uint32_t key = seed >> 8 & 1 ? hs_bindings[(seed >> 9) % hs_n_bindings].key : seed >> 9 & 127;
		if (key == 'q')
			continue;
		tui_sample_key(&browser, key);
		if (browser.effects.flags & HS_EFFECT_GO || !(seed >> 20 & 15)) {
			enum hs_view_id view = spot()->place.view;
			tui_sample_show(&browser, view == HS_VIEW_TYPES ? tui_sample_types(seed >> 24 & 3) : view == HS_VIEW_INSTANCES ? tui_sample_instances() :
						  view == HS_VIEW_OBJECT ? tui_sample_object() : seed >> 24 & 1 ? tui_sample_retained() : NULL);
		}
		if (!(seed >> 26))
			tui_sample_resize(&browser, seed >> 9 & 127, seed >> 16 & 63);
		if (browser.page && browser.state.n_sections && browser.state.order[spot()->section].n)
			assert_true(spot()->row < browser.state.order[spot()->section].n);
		if (!(seed >> 22 & 63))
			free(tui_sample_screen(&browser, false));
	}
}

static void keys_are_bound_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < hs_n_bindings; i++)
		for (size_t j = 0; j < i; j++)
			if (hs_bindings[i].request && hs_bindings[i].key == hs_bindings[j].key && hs_bindings[j].request)
				assert_false(hs_bindings[i].views & hs_bindings[j].views);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, open_types, close_browser)
	const struct CMUnitTest tests[] = {
		TEST(begins_with_the_largest), TEST(sorts_by_any_column_and_inverts), TEST(selection_follows_its_type), TEST(moves_and_scrolls),
		TEST(filters_while_typing), TEST(searches_forth_and_back), TEST(tags), TEST(goes_in_and_back), TEST(forgets_the_oldest_places),
		TEST(views_are_found_as_they_were_left), TEST(asks_for_what_others_do), TEST(copies_addresses), TEST(does_not_wait_for_a_page), TEST(clicks_on_tabs_switch), TEST(completes_commands),
		TEST(clicks_select_then_open), TEST(clicks_on_headings_sort), TEST(takes_any_key_anywhere), TEST(keys_are_bound_once),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
