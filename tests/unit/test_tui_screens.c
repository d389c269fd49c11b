/* SPDX-License-Identifier: Apache-2.0 */
/* Whole screens: every kind of page in several sizes, in UTF-8 and ASCII, and what is said when there is nothing to show. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "draw.h"
#include "golden.h"
#include "keys.h"
#include "tui_sample.h"

static void check(struct tui_sample *sample, const char *name, bool with_styles)
{
	char file[128];
	HS_FREE char *text = tui_sample_screen(sample, with_styles);

	snprintf(file, sizeof(file), "top_%s.txt", name);
	golden_check(file, text);
}

static const struct {
	const char *name;
	struct hs_page *(*make)(void);
	enum hs_view_id view;
} pages[] = {
	{ "instances", tui_sample_instances, HS_VIEW_INSTANCES },
	{ "object", tui_sample_object, HS_VIEW_OBJECT },
	{ "retained", tui_sample_retained, HS_VIEW_RETAINED },
};

static void types_in_all_sizes(void **state)
{
	static const struct {
		unsigned width, height;
	} sizes[] = { { 80, 24 }, { 200, 60 }, { 50, 12 }, { 20, 5 } };
	char name[64];

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct tui_sample sample;
		tui_sample_init(&sample, sizes[i].width, sizes[i].height, true);
		tui_sample_show(&sample, tui_sample_types(3));
		snprintf(name, sizeof(name), "types_%ux%u", sizes[i].width, sizes[i].height);
		check(&sample, name, false);
		tui_sample_deinit(&sample);
	}
}

static void types_in_ascii_and_with_styles(void **state)
{
	struct tui_sample sample;

	(void)state;
	tui_sample_init(&sample, 100, 14, false);
	tui_sample_show(&sample, tui_sample_types(3));
	check(&sample, "types_ascii", false);
	sample.utf8 = true;
	tui_sample_type(&sample, " j");
	check(&sample, "types_styles", true);
	tui_sample_deinit(&sample);
}

/* Between samples: what is only estimated is drawn behind the history, and dim; of another sample's page it is not. */
static void histories_move_between_samples(void **state)
{
	struct hs_live_row live[] = { { hs_page_key("tuple"), { 90000, 95000, 99000 } }, { hs_page_key("dict"), { 1213112, 1217112, 1222140 } } };
	struct tui_sample sample;

	(void)state;
	tui_sample_init(&sample, 110, 12, true);
	tui_sample_show(&sample, tui_sample_types(3));
	HS_FREE char *still = tui_sample_screen(&sample, true);
	strcpy(sample.data.header.banner, "suspect 1  app.EVENTS  list +301/s, retains 402 MiB, high  (! opens it)");
	sample.data.header.banner_length = 1222140;
	sample.data.live = live;
	sample.data.n_live = 2;
	sample.data.live_serial = 3;
	tui_sample_event(&sample, &(struct hs_event){ .kind = HS_EVENT_DATA });
	check(&sample, "types_live", true);
	tui_sample_resize(&sample, 76, 12); /* no room for the length */
	check(&sample, "types_live_76x12", false);
	tui_sample_resize(&sample, 110, 12);
	sample.data.live_serial = 4;
	sample.data.header.banner[0] = '\0';
	HS_FREE char *later = tui_sample_screen(&sample, true);
	assert_string_equal(later, still);
	tui_sample_deinit(&sample);
}

static void inner_views(void **state)
{
	char name[64];

	(void)state;
	for (size_t i = 0; i < sizeof(pages) / sizeof(*pages); i++) {
		struct tui_sample sample;
		tui_sample_init(&sample, 80, 24, true);
		tui_sample_show(&sample, tui_sample_types(3));
		tui_sample_key(&sample, HS_KEY_ENTER);
		sample.data.header.next = HS_NEXT_HELD;
		tui_sample_show(&sample, pages[i].make());
		snprintf(name, sizeof(name), "%s_80x24", pages[i].name);
		check(&sample, name, false);
		tui_sample_resize(&sample, 200, 60);
		snprintf(name, sizeof(name), "%s_200x60", pages[i].name);
		check(&sample, name, false);
		tui_sample_resize(&sample, 20, 5);
		snprintf(name, sizeof(name), "%s_20x5", pages[i].name);
		check(&sample, name, false);
		tui_sample_deinit(&sample);
	}
}

static void nothing_to_show(void **state)
{
	const struct hs_page_place types = { .view = HS_VIEW_TYPES, .is_somewhere = true };
	struct tui_sample sample;

	(void)state;
	tui_sample_init(&sample, 80, 12, true);
	sample.data.header.serial = 0;
	sample.data.header.phase = "copying";
	sample.data.header.done = 3;
	sample.data.header.all = 7;
	check(&sample, "loading", false);
	sample.data.header.serial = 3;
	sample.data.header.phase = NULL;
	sample.data.error = "0x7f0000001000 is no object: it lies in a free block of Python's allocator";
	sample.data.hint = "heapspy objects PID TYPE lists the addresses";
	check(&sample, "error", false);
	sample.data.error = NULL;
	struct hs_page *empty = hs_page_create(&types), *full = tui_sample_types(1);
	hs_page_add_section(empty, NULL, full->sections[0].columns, full->sections[0].n_columns);
	hs_page_destroy(full);
	tui_sample_show(&sample, empty);
	check(&sample, "empty", false);
	tui_sample_deinit(&sample);
}

static void the_target_is_gone(void **state)
{
	struct tui_sample sample;

	(void)state;
	tui_sample_init(&sample, 80, 24, true);
	sample.data.header.is_gone = true;
	sample.data.header.next = HS_NEXT_GONE;
	strcpy(sample.data.header.warnings[0], "the garbage collector is off (gc.disable()): cycles stay");
	strcpy(sample.data.header.warnings[1], "tracemalloc is on: its own tables take memory, too (view Lines)");
	sample.data.header.n_warnings = 2;
	strcpy(sample.data.header.banner, "suspect 1  app.EVENTS  list +301/s, retains 402 MiB  high");
	tui_sample_show(&sample, tui_sample_types(3));
	check(&sample, "gone_80x24", false);
	tui_sample_resize(&sample, 60, 14); /* room for one warning */
	check(&sample, "gone_60x14", false);
	tui_sample_deinit(&sample);
}

/* A file has one sample: nothing is counted down. A core has no pause, and no RSS. */
static void files(void **state)
{
	struct tui_sample sample;

	(void)state;
	tui_sample_init(&sample, 80, 12, true);
	strcpy(sample.data.header.file, "before.core.zst");
	sample.data.header.next = HS_NEXT_FILE;
	sample.data.header.age_ms = 7200000;
	sample.data.header.n_rss_history = 1;
	tui_sample_show(&sample, tui_sample_types(1));
	check(&sample, "snapshot", false);
	strcpy(sample.data.header.file, "core.4242");
	sample.data.header.is_core = true;
	sample.data.header.rss_bytes = 0;
	tui_sample_type(&sample, "r");
	assert_false(sample.effects.flags);
	check(&sample, "core", false);
	tui_sample_deinit(&sample);
}

static void help_and_typing(void **state)
{
	struct tui_sample sample;

	(void)state;
	tui_sample_init(&sample, 80, 24, true);
	tui_sample_show(&sample, tui_sample_types(3));
	tui_sample_type(&sample, "?");
	check(&sample, "help_80x24", false);
	tui_sample_key(&sample, HS_KEY_PAGE_DOWN);
	check(&sample, "help_scrolled", false);
	tui_sample_key(&sample, HS_KEY_ESCAPE);
	tui_sample_type(&sample, "\\app");
	check(&sample, "filtering", false);
	tui_sample_type(&sample, "\n:sort");
	tui_sample_resize(&sample, 60, 12);
	check(&sample, "command", false);
	tui_sample_deinit(&sample);
}

static void the_whole_as_text(void **state)
{
	struct tui_sample sample;
	HS_FREE char *text = NULL;
	size_t bytes;

	(void)state;
	tui_sample_init(&sample, 60, 12, true);
	tui_sample_show(&sample, tui_sample_object());
	FILE *out = open_memstream(&text, &bytes);
	assert_null(hs_draw_text(&sample.state, &sample.data, 120, true, out));
	fclose(out);
	golden_check("top_written.txt", text);
	tui_sample_deinit(&sample);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_in_all_sizes), cmocka_unit_test(types_in_ascii_and_with_styles), cmocka_unit_test(histories_move_between_samples), cmocka_unit_test(inner_views),
		cmocka_unit_test(nothing_to_show), cmocka_unit_test(the_target_is_gone), cmocka_unit_test(files), cmocka_unit_test(help_and_typing), cmocka_unit_test(the_whole_as_text),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
