/* SPDX-License-Identifier: Apache-2.0 */
/* Growth as text and as JSON: its exact form for three samples made by hand, for one that ended early; and when samples are due. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "golden.h"
#include "growing_children.h"
#include "growth.h"
#include "report_sample.h"
#include "text.h"

#define KIB ((uint64_t)1 << 10)
#define MIB ((uint64_t)1 << 20)
#define N_TYPES 6

/* By name, as samples have them. */
static struct hs_sample_type types[3][N_TYPES] = {
	{ { "__main__.Request", 5000, 700 * KIB, 5000 }, { "app.\x1b[31mEvil", 1, 48, 1 }, { "builtins.dict", 1204082, 279 * MIB, 1204000 },
	  { "builtins.list", 300, 64 * KIB, 300 }, { "builtins.str", 3400020, 204 * MIB, 0 } },
	{ { "__main__.Request", 4990, 699 * KIB, 4990 }, { "app.\x1b[31mEvil", 2, 96, 2 }, { "builtins.dict", 1207092, 280 * MIB, 1207000 },
	  { "builtins.list", 300, 64 * KIB, 300 }, { "builtins.str", 3400020, 204 * MIB, 0 } },
	{ { "__main__.Request", 5003, 701 * KIB, 5003 }, { "app.\x1b[31mEvil", 3, 144, 3 }, { "app.Late", 2, 112, 2 },
	  { "builtins.dict", 1213112, 281 * MIB, 1213000 }, { "builtins.list", 299, 60 * KIB, 299 }, { "builtins.str", 3400020, 204 * MIB, 0 } },
};
static struct hs_turnover turnovers[] = {
	{ "__main__.Request", 5003, 0, 0 }, { "app.\x1b[31mEvil", 3, 1, 0 }, { "app.Late", 2, 0, 0 }, { "builtins.dict", 1213112, 1204082, 0 },
	{ "builtins.list", 299, 200, 99 }, { "builtins.str", 3400020, 3400000, 20 },
};

struct made {
	struct report_sample report;
	struct hs_sample samples[3];
	struct hs_sample *list[3];
	struct hs_series series;
	struct hs_growth growth;
};

static void make(struct made *made, size_t n_samples)
{
	static const uint64_t times_ns[] = { 1000000000, 10000000000, 31250000000 };

	report_sample_init(&made->report, NULL, HS_REPORT_BY_BYTES, 1);
	strcpy(made->report.process.container_id, "");
	for (size_t i = 0; i < 3; i++) {
		made->samples[i] = (struct hs_sample){
			.time_ns = times_ns[i], .utc = 1700000000 + (time_t)(times_ns[i] / 1000000000), .pause_ns = 20000000 + i * 1000000,
			.python_bytes = (500 + i) * MIB, .n_objects = 4609403 + i, .is_complete = true, .has_memory = true,
			.types = { .items = types[i], .n = i < 2 ? N_TYPES - 1 : N_TYPES },
		};
		made->samples[i].memory.steps[HS_MEMORY_OBJECTS] = (500 + i) * MIB;
		made->samples[i].memory.steps[HS_MEMORY_POOL_FREE] = 10 * MIB - i * 100 * KIB;
		made->samples[i].memory.steps[HS_MEMORY_MALLOC_OTHER] = 70 * MIB + i * 200 * KIB;
		made->samples[i].memory.rss_bytes = made->samples[i].rss_bytes = (590 + i) * MIB + i * 50 * KIB;
		made->list[i] = &made->samples[i];
	}
	made->series = (struct hs_series){ .samples = { .items = made->list, .n = n_samples }, .has_graph = n_samples == 3 };
	assert_null(hs_growth_compare(&made->series, NULL, NULL, &made->growth));
	made->growth.document = made->report.report.document;
	made->growth.document.command = "growth";
	made->growth.n_shown = 20;
}

/* What hs_turnover_count() would give of a heap, which there is none of here. */
static void add_turnover(struct made *made)
{
	hs_growth_release(&made->growth);
	struct hs_turnover_list list = { .items = turnovers, .n = sizeof(turnovers) / sizeof(turnovers[0]) };
	assert_null(hs_growth_compare(&made->series, &list, NULL, &made->growth));
	made->growth.document = made->report.report.document;
	made->growth.document.command = "growth";
	made->growth.n_shown = 20;
}

static void drop(struct made *made)
{
	hs_growth_release(&made->growth);
	hs_error_destroy(made->series.error);
	report_sample_deinit(&made->report);
}

static char *text_of(const struct hs_growth *growth, const struct hs_style *style)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	assert_non_null(out);
	if (style)
		hs_growth_text(out, growth, style);
	else
		assert_null(hs_growth_json(out, growth));
	assert_int_equal(fclose(out), 0);
	return text;
}

static void looks_the_same(void **state)
{
	const struct hs_style wide = { .width = 100, .utf8 = true }, narrow = { .width = 50 };
	struct made made = { 0 };

	(void)state;
	make(&made, 3);
	add_turnover(&made);
	HS_FREE char *text = text_of(&made.growth, &wide), *narrow_text = text_of(&made.growth, &narrow), *json = text_of(&made.growth, NULL);
	golden_check("growth_100.txt", text);
	golden_check("growth_50_ascii.txt", narrow_text);
	golden_check("growth.json", json);
	drop(&made);
}

static void one_sample_is_told_in_the_singular(void **state)
{
	const struct hs_style wide = { .width = 100, .utf8 = true };
	struct made made = { 0 };

	(void)state;
	make(&made, 1);
	HS_FREE char *text = text_of(&made.growth, &wide);
	assert_non_null(strstr(text, "paused  once, "));
	assert_null(strstr(text, "at most"));
	drop(&made);
}

static char *md_of(const struct hs_growth *growth)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	assert_non_null(out);
	hs_growth_md(out, growth, "heapspy growth 4242 -f md");
	assert_int_equal(fclose(out), 0);
	return text;
}

static struct hs_suspect suspect_of(char *path, enum hs_confidence confidence, int64_t bytes)
{
	struct hs_suspect suspect = {
		.kind = HS_SUSPECT_LIST, .root = HS_SUSPECT_OF_MODULE, .confidence = confidence, .type = "builtins.list", .members = 1,
		.path.expression = path, .retained_growth_bytes = bytes, .retained_bytes = 402 * MIB, .hint = "nothing removes items: clear it after use",
	};

	suspect.figures.items = 9030;
	suspect.figures.kept = 1;
	suspect.figures.steadiness = 0.98;
	suspect.figures.share = 0.998;
	return suspect;
}

/* With suspects as bad as they can be: more than are shown, and with names that break tables. */
static void a_ticket_is_short_and_narrow(void **state)
{
	struct hs_suspect list[] = {
		suspect_of((char *)"app.EVENTS", HS_CONFIDENCE_HIGH, 2 * (int64_t)MIB), suspect_of((char *)"app.CACHE['a|b`c']", HS_CONFIDENCE_LOW, 4096),
		suspect_of((char *)"app.services.billing.invoices.PendingInvoiceLine.registry['0123456789012345678901234567890123456789'].items[*].x",
			   HS_CONFIDENCE_MEDIUM, 2048),
		suspect_of((char *)"app.FOURTH", HS_CONFIDENCE_LOW, 1024),
	};
	char writers[3][90];
	list[1].figures.kept = list[2].figures.steadiness = HS_UNKNOWN;
	for (size_t i = 0; i < 4; i++)
		for (size_t k = 0; k < 3; k++) {
			snprintf(writers[k], sizeof(writers[k]), "app.services.billing.invoices.PendingInvoiceLine.append_%zu (invoices.py:1204)", k);
			list[i].writers.items[list[i].writers.n++] = writers[k];
		}
	const struct hs_suspects suspects = {
		.list = { .items = list, .n = 4 }, .n_samples = 3, .seconds = 30.25,
		.ruled_out = { .n_containers = 577, .n_turnover = 12, .n_bounded = 2, .largest_turnover = (char *)"app.QUEUE" },
	};
	struct made made = { 0 };
	unsigned n_lines = 0;

	(void)state;
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		skip();
	make(&made, 3);
	hs_growth_release(&made.growth);
	struct hs_turnover_list turnover = { .items = turnovers, .n = sizeof(turnovers) / sizeof(turnovers[0]) };
	assert_null(hs_growth_compare(&made.series, &turnover, &suspects, &made.growth));
	made.growth.document = made.report.report.document;
	assert_true(hs_growth_convincing_bytes(&made.growth) == 2 * (int64_t)MIB + 2048);
	strcpy(made.report.process.container_id, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
	HS_FREE char *text = md_of(&made.growth);
	golden_check("growth.md", text);
	for (const char *line = text; *line; line = strchr(line, '\n') + 1, n_lines++) {
		char copy[500] = "";
		assert_true(strcspn(line, "\n") < sizeof(copy));
		memcpy(copy, line, strcspn(line, "\n"));
		assert_in_range(hs_text_width(copy), 0, 100);
	}
	assert_in_range(n_lines, 1, 40);
	assert_null(strstr(text, "FOURTH"));
	drop(&made);
}

/* A cache that is filled and emptied does not grow, whatever it is at the two ends. */
static void a_long_series_asks_for_the_floor(void **state)
{
	static const uint64_t saw_tooth[] = { 10, 400, 700, 12, 350, 690, 11, 420, 650, 10, 380, 600 };
	enum { N = sizeof(saw_tooth) / sizeof(saw_tooth[0]) };
	struct hs_sample samples[N] = { 0 }, *list[N];
	struct hs_sample_type rows[N][2];
	struct hs_series series = { .samples = { .items = list, .n = N }, .is_long = true };
	struct hs_growth growth;

	(void)state;
	for (uint64_t i = 0; i < N; i++) {
		rows[i][0] = (struct hs_sample_type){ .name = (char *)"app.Leaked", .count = 100 + 10 * i + saw_tooth[i], .bytes = 1000 };
		rows[i][1] = (struct hs_sample_type){ .name = (char *)"app.Tooth", .count = saw_tooth[i], .bytes = 0 };
		samples[i] = (struct hs_sample){ .time_ns = i * 600 * 1000000000, .types = { .items = rows[i], .n = 2 } };
		list[i] = &samples[i];
	}
	assert_null(hs_growth_compare(&series, NULL, NULL, &growth));
	assert_string_equal(growth.types.items[0].name, "app.Leaked");
	assert_in_range(growth.types.items[0].count_change, 105, 115);
	assert_in_range(growth.types.items[1].count_change + 10, 8, 12);
	hs_growth_release(&growth);
	series.is_long = false;
	assert_null(hs_growth_compare(&series, NULL, NULL, &growth));
	assert_int_equal(growth.types.items[1].count_change, 590);
	hs_growth_release(&growth);
}

/* What is new is so since the base: what was added in the hours before takes nothing of it away. */
static void what_comes_and_goes_does_so_since_the_base(void **state)
{
	enum { N = 12 };
	struct hs_sample samples[N] = { 0 }, *list[N];
	struct hs_sample_type rows[N];
	struct hs_turnover turnover = { "app.Job", 105000, 55000, 0 };
	const struct hs_turnover_list turnover_list = { .items = &turnover, .n = 1 };
	struct hs_series series = { .samples = { .items = list, .n = N }, .is_long = true };
	struct hs_growth growth;

	(void)state;
	for (uint64_t i = 0; i < N; i++) {
		rows[i] = (struct hs_sample_type){ .name = (char *)"app.Job", .count = 50000 + 5000 * i, .bytes = 1000 };
		samples[i] = (struct hs_sample){ .time_ns = i * 600 * 1000000000, .types = { .items = &rows[i], .n = 1 } };
		list[i] = &samples[i];
	}
	samples[N - 2].identities = (struct hs_identities *)&series; /* there are some; nobody asks what they are */
	assert_null(hs_growth_compare(&series, &turnover_list, NULL, &growth));
	assert_in_range(growth.types.items[0].count_change, 54000, 56000);
	assert_true(growth.types.items[0].turnover > 0.42 && growth.types.items[0].turnover < 0.44);
	assert_true(growth.types.items[0].comes_and_goes);
	hs_growth_release(&growth);
}

/* Suspects are listed by score: the first may convince less than the second. */
static void the_next_step_is_to_the_first_that_convinces(void **state)
{
	struct hs_suspect list[] = { suspect_of((char *)"app.CACHE", HS_CONFIDENCE_LOW, 3 * (int64_t)MIB),
				     suspect_of((char *)"app.EVENTS", HS_CONFIDENCE_MEDIUM, (int64_t)MIB) };
	const struct hs_suspects suspects = { .list = { .items = list, .n = 2 }, .n_samples = 3, .seconds = 30.25 };
	struct made made = { 0 };
	char next[HS_NEXT_BYTES];

	(void)state;
	list[0].address = 0x1000;
	list[1].address = 0x2000;
	make(&made, 3);
	made.growth.suspects = &suspects;
	hs_growth_next(&made.growth, next);
	assert_string_equal(next, "refs 4242 0x2000");
	list[1].confidence = HS_CONFIDENCE_LOW;
	hs_growth_next(&made.growth, next);
	assert_string_equal(next, "report 4242 --by holder");
	drop(&made);
}

/* A name is cut between characters. */
static void a_long_name_stays_text(void **state)
{
	struct made made = { 0 };
	wchar_t wide[8192];

	(void)state;
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		skip();
	make(&made, 3);
	made.growth.types.items[0].name = "app.x\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
					  "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4";
	HS_FREE char *text = md_of(&made.growth);
	assert_non_null(strstr(text, "\xc3\xa4"));
	assert_true(mbstowcs(wide, text, 8192) != (size_t)-1);
	drop(&made);
}

static void a_series_that_ended_early_says_so(void **state)
{
	const struct hs_style wide = { .width = 100, .utf8 = true };
	struct made made = { 0 };

	(void)state;
	make(&made, 2);
	made.series.end = HS_SERIES_GONE;
	made.series.error = hs_error_new(HS_ERROR_GONE, "PID 4242 has exited");
	HS_FREE char *text = text_of(&made.growth, &wide), *json = text_of(&made.growth, NULL);
	assert_false(hs_growth_is_complete(&made.growth));
	golden_check("growth_partial_100.txt", text);
	assert_non_null(strstr(json, "\"complete\": false"));
	assert_non_null(strstr(json, "PID 4242 has exited"));
	drop(&made);
}

/* Told in each form, for all samples and for some of them in other words. */
static void what_was_stopped_is_told(void **state)
{
	const struct hs_style wide = { .width = 100, .utf8 = true };
	static const char *const told[] = { NULL, "at some of the samples", "at each sample" };

	(void)state;
	for (unsigned n_stopped = 0; n_stopped < 3; n_stopped++) {
		struct made made = { 0 };
		make(&made, 2);
		for (unsigned i = 0; i < n_stopped; i++)
			made.samples[i].was_stopped = true;
		HS_FREE char *text = text_of(&made.growth, &wide), *json = text_of(&made.growth, NULL), *ticket = md_of(&made.growth);
		const char *texts[] = { text, json, ticket };
		for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
			assert_int_equal(strstr(texts[i], "SIGSTOP") != NULL, n_stopped > 0);
			assert_true(!told[n_stopped] || strstr(texts[i], told[n_stopped]));
		}
		drop(&made);
	}
}

static void types_are_in_the_order_of_their_growth(void **state)
{
	struct made made = { 0 };

	(void)state;
	make(&made, 3);
	add_turnover(&made);
	const struct hs_growth_types *rows = &made.growth.types;
	assert_int_equal(rows->n, N_TYPES);
	assert_string_equal(rows->items[0].name, "builtins.dict");
	assert_int_equal(rows->items[0].count_change, 9030);
	assert_int_equal(rows->items[0].survivors, 1204082);
	assert_true(rows->items[0].turnover == 0);
	assert_string_equal(rows->items[N_TYPES - 1].name, "builtins.list");
	/* some of them look as they did, as others would: nobody can tell */
	assert_int_equal(rows->items[N_TYPES - 1].survivors, -1);
	for (size_t i = 0; i < rows->n; i++)
		assert_int_equal(rows->items[i].comes_and_goes, !strcmp(rows->items[i].name, "__main__.Request"));
	drop(&made);
}

/* Two workers of one program: what the second has as well is told of the first. */
static void what_several_processes_have_is_told_once(void **state)
{
	struct hs_suspect first[] = { suspect_of((char *)"app.EVENTS", HS_CONFIDENCE_HIGH, 10), suspect_of((char *)"app.CACHE", HS_CONFIDENCE_LOW, 5) };
	struct hs_suspect second[] = { suspect_of((char *)"app.CACHE", HS_CONFIDENCE_LOW, 9), suspect_of((char *)"app.OTHER", HS_CONFIDENCE_LOW, 8),
				       suspect_of((char *)"app.EVENTS", HS_CONFIDENCE_HIGH, 7), suspect_of((char *)"app.CACHE", HS_CONFIDENCE_LOW, 6) };
	struct hs_suspects one = { .list = { .items = first, .n = 2 } }, other = { .list = { .items = second, .n = 4 } };
	struct hs_growth_seen seen = { 0 };
	size_t n;

	(void)state;
	second[3].kind = HS_SUSPECT_DICT; /* another thing of the same name */
	assert_null(hs_growth_seen_part(&seen, &one, 100, &n));
	assert_int_equal(n, 2);
	assert_null(hs_growth_seen_part(&seen, &other, 200, &n));
	assert_int_equal(n, 2);
	assert_string_equal(second[0].path.expression, "app.OTHER");
	assert_string_equal(second[1].path.expression, "app.CACHE");
	assert_string_equal(second[2].path.expression, "app.CACHE");
	assert_string_equal(second[3].path.expression, "app.EVENTS");
	assert_int_equal(hs_growth_seen_at(&seen, &second[0]), 200);
	assert_int_equal(hs_growth_seen_at(&seen, &second[2]), 100);
	assert_int_equal(hs_growth_seen_at(&seen, &second[3]), 100);
	hs_growth_seen_deinit(&seen);
}

/* The list may have been read while processes came and went: parents that are gone, a circle. */
static void descendants_are_found_up_to_their_ancestor(void **state)
{
	struct hs_process_entry entries[] = { { .pid = 1 }, { .pid = 10, .parent = 1 }, { .pid = 20, .parent = 10 }, { .pid = 30, .parent = 20 },
					      { .pid = 40, .parent = 99 }, { .pid = 50, .parent = 60 }, { .pid = 60, .parent = 50 } };
	const struct hs_process_list list = { .items = entries, .n = sizeof(entries) / sizeof(entries[0]) };

	(void)state;
	assert_true(hs_is_descendant(&list, 20, 10));
	assert_true(hs_is_descendant(&list, 30, 10));
	assert_true(hs_is_descendant(&list, 30, 1));
	assert_false(hs_is_descendant(&list, 10, 10));
	assert_false(hs_is_descendant(&list, 10, 30));
	assert_false(hs_is_descendant(&list, 40, 10));
	assert_false(hs_is_descendant(&list, 50, 10));
	assert_false(hs_is_descendant(&list, 77, 10));
}

static void gaps_are_never_equal(void **state)
{
	(void)state;
	for (uint64_t jitter = 0; jitter < 100; jitter++) {
		assert_true(hs_series_due(10, 3, 0, jitter) == 0);
		assert_true(hs_series_due(10, 3, 1, jitter) == 7.5);
		assert_true(hs_series_due(10, 3, 2, jitter) == 20);
		assert_true(hs_series_due(10, 2, 1, jitter) == 10);
		for (unsigned i = 3; i < 50; i++) {
			double gap = hs_series_due(10, 50, i, jitter) - hs_series_due(10, 50, i - 1, jitter);
			assert_true(gap >= 7 && gap <= 13);
			assert_true(gap != hs_series_due(10, 50, i - 1, jitter) - hs_series_due(10, 50, i - 2, jitter));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(looks_the_same),
		cmocka_unit_test(one_sample_is_told_in_the_singular),
		cmocka_unit_test(a_ticket_is_short_and_narrow),
		cmocka_unit_test(a_long_series_asks_for_the_floor),
		cmocka_unit_test(what_comes_and_goes_does_so_since_the_base),
		cmocka_unit_test(the_next_step_is_to_the_first_that_convinces),
		cmocka_unit_test(a_long_name_stays_text),
		cmocka_unit_test(a_series_that_ended_early_says_so),
		cmocka_unit_test(what_was_stopped_is_told),
		cmocka_unit_test(types_are_in_the_order_of_their_growth),
		cmocka_unit_test(what_several_processes_have_is_told_once),
		cmocka_unit_test(descendants_are_found_up_to_their_ancestor),
		cmocka_unit_test(gaps_are_never_equal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
