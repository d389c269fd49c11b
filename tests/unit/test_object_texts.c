/* SPDX-License-Identifier: Apache-2.0 */
/* Objects, references, paths and holders as text: their exact form on a wide and a narrow screen, with colour, without UTF-8. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "caches.h"
#include "cleanup.h"
#include "golden.h"
#include "objects.h"
#include "refs.h"
#include "report_sample.h"
#include "text.h"
#include "weak.h"
#include "why.h"

#define HOSTILE "app.\x1b[31mEvil\xe2\x80\xae"

static const struct hs_style wide = { .width = 120, .utf8 = true }, colour = { .width = 120, .utf8 = true, .colour = true },
			     narrow = { .width = 60 };

static struct hs_object_row row_of(hs_addr address, const char *type, uint64_t bytes, uint64_t retained, enum hs_generation generation, const char *repr)
{
	struct hs_object_row row = { .address = address, .type = type, .generation = generation, .is_tracked = generation != HS_GENERATION_NONE };

	hs_object_row_set(&row, HS_OBJECT_BYTES, bytes);
	hs_object_row_set(&row, HS_OBJECT_RETAINED, retained);
	snprintf(row.repr, sizeof(row.repr), "%s", repr);
	return row;
}

/* Writes with each style and compares with golden/NAME_120.txt, _120_colour.txt, _60_ascii.txt. */
static void check(const char *name, void (*put)(FILE *out, const void *context, const struct hs_style *style), const void *context)
{
	static const struct {
		const struct hs_style *style;
		const char *suffix;
	} styles[] = { { &wide, "120" }, { &colour, "120_colour" }, { &narrow, "60_ascii" } };

	for (size_t i = 0; i < sizeof(styles) / sizeof(*styles); i++) {
		HS_FREE char *text = NULL;
		char file[64];
		size_t bytes;
		FILE *out = open_memstream(&text, &bytes);
		assert_non_null(out);
		put(out, context, styles[i].style);
		assert_int_equal(fclose(out), 0);
		assert_true(styles[i].style->colour || !strchr(text, '\033'));
		snprintf(file, sizeof(file), "%s_%s.txt", name, styles[i].suffix);
		golden_check(file, text);
	}
}

static void put_objects(FILE *out, const void *context, const struct hs_style *style)
{
	hs_objects_text(out, context, style);
}

static void objects_of_a_type(void **state)
{
	struct report_sample sample;
	struct hs_object_row rows[3] = {
		row_of(0x7f0000001000, "app.Session", 64, 402 << 20, HS_GENERATION_2,
		       "<app.Session user='u-8', basket=[<app.Item 1>, <app.Item 2>, \xe2\x80\xa6], city='K\xc3\xb6ln', note=None, seen=1700000000.5>"),
		row_of(0x7f00000010a0, "app.Session", 64, 64, HS_GENERATION_0, "<app.Session \\x1b[31m>"),
		row_of(0x55d0a0, "app.Session", 0, 0, HS_GENERATION_NONE, "<app.Session>"),
	};

	(void)state;
	report_sample_init(&sample, NULL, HS_REPORT_BY_BYTES, 4);
	hs_object_row_set(&rows[0], HS_OBJECT_LENGTH, 1213112);
	hs_object_row_set(&rows[0], HS_OBJECT_REFCOUNT, 3);
	hs_object_row_set(&rows[1], HS_OBJECT_REFCOUNT, 1);
	struct hs_objects objects = {
		.document = sample.report.document, .asked = "Session", .match = { .name = (char *)"app.Session", .n_types = 2, .n_objects = 48113 },
		.n_matching = 1203, .bytes = 9 << 20, .rows = { .items = rows, .n = 3 },
	};
	check("objects", put_objects, &objects);
	report_sample_deinit(&sample);
}

static void no_object_fits(void **state)
{
	struct report_sample sample;

	(void)state;
	report_sample_init(&sample, NULL, HS_REPORT_BY_BYTES, 4);
	const struct hs_objects objects = {
		.document = sample.report.document, .asked = "*'; rm", .match = { .name = (char *)HOSTILE, .n_types = 1, .n_objects = 1 },
	};
	check("objects_none", put_objects, &objects);
	report_sample_deinit(&sample);
}

static struct hs_ref ref_of(unsigned depth, hs_addr address, const char *step, unsigned relation, uint64_t count, const char *repr)
{
	struct hs_ref ref = { .depth = depth, .relation = relation, .count = count, .address = address, .type = "builtins.dict" };

	snprintf(ref.step, sizeof(ref.step), "%s", step);
	snprintf(ref.repr, sizeof(ref.repr), "%s", repr);
	return ref;
}

static void put_refs(FILE *out, const void *context, const struct hs_style *style)
{
	hs_refs_text(out, context, style);
}

static void references_of_an_object(void **state)
{
	struct report_sample sample;
	struct hs_ref fields[] = { ref_of(1, 0x7f10, ".user", HS_STRONG, 1, "'u-8'"), ref_of(1, 0x7f20, ".basket", HS_STRONG, 1, "[<app.Item 1>, \xe2\x80\xa6]") };
	struct hs_ref referrers[] = {
		ref_of(1, 0x7f0000002000, "['session']", HS_STRONG, 1, "{'id': 50182, 'session': <app.Session user='u-8', basket=[\xe2\x80\xa6]>, 'kind': 'order'}"),
		ref_of(2, 0x7f0000003000, "[50182]", HS_STRONG, 1, "[{\xe2\x80\xa6}, {\xe2\x80\xa6}, \xe2\x80\xa6]"),
		ref_of(1, 0x7f0000002040, "()", HS_WEAK, 1, "<weakref to app.Session>"),
		ref_of(1, 0x7f0000002080, "<+24>", HS_SCANNED, 1, "<lxml.etree._Document at 0x7f0000002080>"),
	};
	struct hs_ref referents[] = { ref_of(1, 0x7f10, ".user", HS_STRONG, 1, "'u-8'"), ref_of(1, 0x7f40, "[0]", HS_OWNED, 1200, "None") };
	struct hs_ref_root roots[2] = {
		{ .kind = HS_ROOT_FRAME, .name = "session", .place = { .line = 12, .module = "app", .function = "handle", .file = "/srv/shop/app.py" } },
		{ .kind = HS_ROOT_CONTEXT, .name = "context" },
	};

	(void)state;
	report_sample_init(&sample, NULL, HS_REPORT_BY_BYTES, 4);
	referents[1].is_again = true;
	const struct hs_refs refs = {
		.document = sample.report.document,
		.object = row_of(0x7f0000001000, "app.Session", 64, 402 << 20, HS_GENERATION_2, "<app.Session user='u-8', basket=[<app.Item 1>, \xe2\x80\xa6]>"),
		.fields = { .items = fields, .n = 2 }, .referrers = { .items = referrers, .n = 4 }, .referents = { .items = referents, .n = 2 },
		.roots = { .items = roots, .n = 2 }, .n_fields = 5, .n_referrers = 1203, .n_referents = 2,
	};
	check("refs", put_refs, &refs);
	report_sample_deinit(&sample);
}

static void put_why(FILE *out, const void *context, const struct hs_style *style)
{
	hs_why_text(out, context, 1, style);
}

static void paths_to_an_object(void **state)
{
	struct report_sample sample;
	struct hs_named_path paths[] = {
		{ .expression = (char *)"<frame app.process_event app.py:12>.batch[17]['request'].headers", .root = { .kind = HS_ROOT_FRAME } },
		{ .expression = (char *)"app.SESSIONS['user8721'].basket[1]", .root = { .kind = HS_ROOT_MODULE } },
	};

	(void)state;
	report_sample_init(&sample, NULL, HS_REPORT_BY_BYTES, 4);
	struct hs_why why = {
		.document = sample.report.document, .paths = { .items = paths, .n = 2 },
		.object = row_of(0x7f0000001000, "app.Order", 64, 64, HS_GENERATION_2,
				 "<app.Order amount=900, item='item12485', number=50182, customer='u-8', address='\xc3\x84pfelweg 1', paid=True>"),
	};
	check("why_object", put_why, &why);
	why.paths.n = 0;
	check("why_unreached", put_why, &why);
	report_sample_deinit(&sample);
}

static void paths_of_a_type(void **state)
{
	struct report_sample sample;
	struct hs_named_path paths[] = {
		{ .expression = (char *)"app.EVENTS[*]['order']", .count = 9812 }, { .expression = (char *)"app.ARCHIVE.next\xe2\x80\xa6.order", .count = 185 },
		{ .expression = (char *)"<type *>.__dict__['\\u202e']", .count = 1 },
	};

	(void)state;
	report_sample_init(&sample, NULL, HS_REPORT_BY_BYTES, 4);
	const struct hs_why why = {
		.document = sample.report.document, .is_type = true, .match = { .name = (char *)HOSTILE }, .n_objects = 10001, .n_unreached = 3,
		.paths = { .items = paths, .n = 3 }, .n_paths = 1003,
	};
	check("why_type", put_why, &why);
	report_sample_deinit(&sample);
}

static void put_weak(FILE *out, const void *context, const struct hs_style *style)
{
	hs_weak_text(out, context, style);
}

static void weak_references_to_an_object(void **state)
{
	struct report_sample sample;
	struct hs_weak_row rows[] = {
		{ .address = 0x7f0000002000, .role = HS_WEAK_ROLE_REF, .calls = "app.Session.gone", .path = "app.PENDING[3]" },
		{ .address = 0x7f0000002040, .role = HS_WEAK_ROLE_VALUE, .partner = { .address = 1, .repr = "'u-8'" },
		  .path = "app.services.billing.invoices.REGISTRY.by_customer.data['u-8']" },
		{ .address = 0x7f0000002080, .role = HS_WEAK_ROLE_FINALIZER, .calls = "app.close", .arguments = { .address = 1, .repr = "('u-8', \"K\xc3\xb6ln\")" },
		  .keywords = { .address = 1, .repr = "{'flag': True}" } },
		{ .address = 0x7f00000020c0, .role = HS_WEAK_ROLE_PROXY, .is_dead = true, .path = "app.VIEW" },
	};

	(void)state;
	report_sample_init(&sample, NULL, HS_REPORT_BY_BYTES, 4);
	struct hs_weak weak = {
		.document = sample.report.document, .object = row_of(0x7f0000001000, "app.Session", 64, 64, HS_GENERATION_2, "<app.Session user='u-8'>"),
		.has_finalizer = true, .n_references = 6, .n_dead = 1, .n_callbacks = 2, .rows = { .items = rows, .n = 4 }, .n_shown = 30,
	};
	check("weak_object", put_weak, &weak);
	weak.rows.n = weak.n_references = weak.n_dead = weak.n_callbacks = 0;
	check("weak_none", put_weak, &weak);
	report_sample_deinit(&sample);
}

static void weak_references_to_a_type(void **state)
{
	struct report_sample sample;
	struct hs_weak_group groups[] = {
		{ .role = HS_WEAK_ROLE_KEY, .calls = "", .path = "app.EXTRA.data<key *>", .count = 48113, .n_dead = 0 },
		{ .role = HS_WEAK_ROLE_REF, .calls = "app.services.billing.invoices.Registry.forget", .path = "app.WATCHED[*]", .count = 1203, .n_dead = 17 },
		{ .role = HS_WEAK_ROLE_SUBCLASS, .calls = "", .count = 1 },
	};

	(void)state;
	report_sample_init(&sample, NULL, HS_REPORT_BY_BYTES, 4);
	struct hs_weak weak = {
		.document = sample.report.document, .is_type = true, .match = { .name = (char *)HOSTILE, .n_objects = 50000 }, .n_objects = 48113,
		.n_references = 49317, .n_dead = 17, .n_callbacks = 1203, .groups = { .items = groups, .n = 3 }, .n_shown = 2,
	};
	check("weak_type", put_weak, &weak);
	report_sample_deinit(&sample);
}

static void put_caches(FILE *out, const void *context, const struct hs_style *style)
{
	hs_caches_text(out, context, style);
}

static void caches_of_functions(void **state)
{
	struct report_sample sample;
	struct hs_cache_row rows[] = {
		{ .address = 0x7f0000001000, .cache = { .hits = 12345678, .misses = 1213112, .size = 1213112, .max_size = -1 }, .retained_bytes = 402 << 20,
		  .function = "app.services.billing.invoices.Registry.find", .is_method = true },
		{ .address = 0x7f0000002000, .cache = { .hits = 3, .misses = 4, .size = 4, .max_size = 128 }, .retained_bytes = 1500,
		  .function = "app.\xe5\x80\xa4" },
		{ .address = 0x55d0a0, .cache = { .max_size = 0 }, .retained_bytes = 64, .function = "<built-in function len>" },
	};

	(void)state;
	report_sample_init(&sample, NULL, HS_REPORT_BY_BYTES, 4);
	struct hs_caches caches = {
		.document = sample.report.document, .rows = { .items = rows, .n = 3 }, .n_unbounded = 1, .retained_bytes = (402 << 20) + 1564, .n_shown = 2,
	};
	check("caches", put_caches, &caches);
	caches.rows.n = caches.n_unbounded = caches.retained_bytes = 0;
	caches.is_unknown = true;
	check("caches_none", put_caches, &caches);
	report_sample_deinit(&sample);
}

static void put_report(FILE *out, const void *context, const struct hs_style *style)
{
	hs_report_text(out, context, style);
}

static void report_by_holder(void **state)
{
	struct report_sample sample;
	struct hs_census_type holders[] = {
		{ .name = (char *)"dict at app.EVENTS[*]", .n_types = 1, .count = 1213112, .bytes = 281 << 20 },
		{ .name = (char *)"app.Session (+dict)", .n_types = 1, .count = 48113, .bytes = 9 << 20 },
		{ .name = (char *)"list at <frame app.process_event app.py:12>.batch['customers with orders'].history", .n_types = 1, .count = 1, .bytes = 65536 },
		{ .name = (char *)"tuple that nothing reaches", .n_types = 1, .count = 17, .bytes = 1024 },
	};
	static struct hs_large_object retainers[2], containers[2];

	(void)state;
	retainers[0].row = row_of(0x7f0000001000, "builtins.list", 1 << 20, 402 << 20, HS_GENERATION_2, "");
	strcpy(retainers[0].path, "app.EVENTS");
	retainers[1].row = row_of(0x55d0a0, "app.services.Registry", 64, 3 << 20, HS_GENERATION_NONE, "");
	strcpy(retainers[1].path, "app.services.billing.invoices.REGISTRY['\xe2\x80\xa6'].pending_lines.by_customer['\xe2\x80\xa6'].__wrapped__.cache");
	containers[0].row = row_of(0x7f0000001000, "builtins.list", 10 << 20, 402 << 20, HS_GENERATION_2, "");
	hs_object_row_set(&containers[0].row, HS_OBJECT_LENGTH, 1213112);
	strcpy(containers[0].path, "app.EVENTS");
	containers[1].row = row_of(0x7f0000009000, "collections.OrderedDict", 4096, 4096, HS_GENERATION_2, "");
	hs_object_row_set(&containers[1].row, HS_OBJECT_LENGTH, 3);
	report_sample_init(&sample, NULL, HS_REPORT_BY_BYTES, 4);
	struct hs_report report = {
		.document = sample.report.document, .is_by_holder = true, .holders = { .items = holders, .n = 4 }, .has_largest = true,
		.largest = { .retainers = { .items = retainers, .n = 2 }, .containers = { .items = containers, .n = 2 } },
	};
	assert_null(hs_report_select(&report, NULL, HS_REPORT_BY_BYTES, 3));
	check("report_by_holder", put_report, &report);
	hs_array_free(&report.rows);
	report_sample_deinit(&sample);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_of_a_type), cmocka_unit_test(no_object_fits),  cmocka_unit_test(references_of_an_object),
		cmocka_unit_test(paths_to_an_object), cmocka_unit_test(paths_of_a_type), cmocka_unit_test(report_by_holder),
		cmocka_unit_test(weak_references_to_an_object), cmocka_unit_test(weak_references_to_a_type), cmocka_unit_test(caches_of_functions),
	};

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return 1; /* widths of characters outside ASCII come from the locale */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
