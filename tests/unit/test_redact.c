/* SPDX-License-Identifier: Apache-2.0 */
/* Redaction of a process made by hand: what is private is zeros, the rest decodes as before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "census.h"
#include "fake_heap.h"
#include "home_path.h"
#include "redact.h"
#include "repr.h"

static const char *const tables[] = { "3.8.18-upstream", "3.10.13-upstream", "3.11.7-upstream", "3.12.1-upstream",
				      "3.13.0-upstream", "3.14.10-debian", "3.15.2-debian" };
#define N_TABLES (sizeof(tables) / sizeof(tables[0]))

/* A capture around the fake's image, and its redaction. */
struct scene {
	struct fake_heap *fake;
	struct hs_process process;
	struct hs_process_heap *opened;
	struct hs_capture capture;
	struct hs_capture *redacted;
};

static void redact(struct scene *scene, enum hs_redaction what)
{
	const struct hs_heap_options options = { .n_workers = 2 };

	scene->process = (struct hs_process){ .comm = "python3", .exe_path = (char *)"/home/secret/bin/python3", .script = (char *)"python3 /home/secret/a.py" };
	scene->capture = (struct hs_capture){ .process = &scene->process, .image = scene->fake->image };
	assert_null(hs_process_heap_open(scene->fake->image, scene->fake->layout, &options, &scene->opened));
	assert_null(hs_redact(scene->opened, &scene->capture, what, &scene->redacted));
	assert_true(hs_image_is_redacted(scene->redacted->image));
	assert_true(scene->redacted->is_redacted);
}

static void end(struct scene *scene)
{
	hs_capture_destroy(scene->redacted);
	hs_process_heap_close(scene->opened);
	fake_heap_destroy(scene->fake);
}

static bool holds(const struct hs_image *image, const void *wanted, size_t bytes)
{
	size_t n;
	const struct hs_segment *segments = hs_image_segments(image, &n);

	for (size_t i = 0; i < n; i++)
		if (memmem(segments[i].data, segments[i].end - segments[i].start, wanted, bytes))
			return true;
	return false;
}

#define ASSERT_GONE(scene, bytes, n)                                      \
	do {                                                              \
		assert_true(holds((scene)->fake->image, (bytes), (n)));   \
		assert_false(holds((scene)->redacted->image, (bytes), (n))); \
	} while (0)

static void values_are_gone(void **state)
{
	static const uint16_t wide[] = { 0x431, 0x432, 0x433, 0x434, 0x435 };
	static const uint32_t wider[] = { 0x1f600, 0x1f601, 0x1f602, 0x1f603 };
	const double number = 1234.56789;
	const uint32_t digit = 987654321;

	(void)state;
	for (size_t t = 0; t < N_TABLES; t++) {
		struct scene scene = { .fake = fake_heap_create(tables[t]) };
		struct fake_heap *fake = scene.fake;
		hs_addr items[] = { fake_str(fake, "a secret text"), fake_str_of(fake, wide, 5, 2, false), fake_str_of(fake, wider, 4, 4, false),
				    fake_float(fake, number), fake_int(fake, digit), fake_bytes(fake, 40) };
		uint8_t *bytes = fake_at(fake, items[5] + (uint32_t)HS_OFFSET(fake->layout, PyBytesObject, ob_sval), 40);
		memcpy(bytes, "secret bytes", 12);
		fake_hold(fake, fake_list(fake, items, 6, 8));
		fake_hold(fake, fake_dict(fake, 3, items, items, 2));
		fake_hold(fake, fake_set(fake, items, 3, 8));
		hs_addr freed = fake_malloc(fake, 96);
		memcpy(fake_at(fake, freed + 16, 16), "freed but stays", 16);
		fake_free_block(fake, freed);
		redact(&scene, HS_REDACT_VALUES);
		ASSERT_GONE(&scene, "a secret text", 13);
		ASSERT_GONE(&scene, wide, sizeof(wide));
		ASSERT_GONE(&scene, wider, sizeof(wider));
		ASSERT_GONE(&scene, &number, sizeof(number));
		ASSERT_GONE(&scene, &digit, sizeof(digit));
		ASSERT_GONE(&scene, "secret bytes", 12);
		ASSERT_GONE(&scene, "freed but stays", 15);
		end(&scene);
	}
}

/* Keys of an instance's dict are names; of another dict they are not. */
static void names_stay(void **state)
{
	struct scene scene = { .fake = fake_heap_create("3.11.7-upstream") };
	struct fake_heap *fake = scene.fake;
	hs_addr class = fake_class(fake, "Session", 32, HS_TPFLAGS_HAVE_GC, fake->types.object, 2);

	(void)state;
	fake_hold(fake, fake_object(fake, class, 32));
	redact(&scene, HS_REDACT_VALUES);
	assert_true(holds(scene.redacted->image, "Session", 7));
	hs_capture_destroy(scene.redacted);
	hs_process_heap_close(scene.opened);
	redact(&scene, HS_REDACT_ALL);
	assert_false(holds(scene.redacted->image, "Session", 7));
	assert_true(holds(scene.redacted->image, "object", 7));
	assert_string_equal(scene.redacted->process->script, "python3 /home/xxxxxx/a.py");
	assert_string_equal(scene.redacted->process->exe_path, "/home/xxxxxx/bin/python3");
	end(&scene);
}

/* No invented zeros: what is not there is said to be redacted. */
static void reprs_say_so(void **state)
{
	const struct hs_heap_options options = { .n_workers = 1 };

	(void)state;
	for (size_t t = 0; t < N_TABLES; t++) {
		struct scene scene = { .fake = fake_heap_create(tables[t]) };
		struct fake_heap *fake = scene.fake;
		struct hs_process_heap *again;
		char text[256];
		hs_addr items[] = { fake_str(fake, "a secret text"), fake_str(fake, ""), fake_float(fake, 0.5), fake_int(fake, 77), fake_bytes(fake, 3) };
		hs_addr list = fake_list(fake, items, 5, 5);
		fake_hold(fake, list);
		redact(&scene, HS_REDACT_VALUES);
		assert_null(hs_process_heap_open(scene.redacted->image, fake->layout, &options, &again));
		assert_false(hs_repr_at(again->py, again->types, list, &hs_repr_short, text, sizeof(text)));
		assert_string_equal(text, "[<str of 13, redacted>, '', <float, redacted>, <int, redacted>, <bytes of 3, redacted>]");
		hs_process_heap_close(again);
		end(&scene);
	}
}

static void the_census_is_the_same(void **state)
{
	const struct hs_census_options options = { .n_workers = 2 };

	(void)state;
	for (size_t t = 0; t < N_TABLES; t++) {
		struct scene scene = { .fake = fake_heap_create(tables[t]) };
		struct hs_census *before, *after;
		fake_populate(scene.fake);
		redact(&scene, HS_REDACT_VALUES);
		assert_null(hs_census_take(scene.fake->image, scene.fake->layout, &options, &before));
		assert_null(hs_census_take(scene.redacted->image, scene.fake->layout, &options, &after));
		assert_int_equal(before->types.n, after->types.n);
		for (size_t i = 0; i < before->types.n; i++) {
			assert_string_equal(before->types.items[i].name, after->types.items[i].name);
			assert_int_equal(before->types.items[i].count, after->types.items[i].count);
			assert_int_equal(before->types.items[i].bytes, after->types.items[i].bytes);
			assert_int_equal(before->types.items[i].getsizeof_bytes, after->types.items[i].getsizeof_bytes);
		}
		assert_int_equal(before->explained_bytes, after->explained_bytes);
		hs_census_destroy(before);
		hs_census_destroy(after);
		end(&scene);
	}
}

static void users_are_blanked(void **state)
{
	static const struct {
		const char *path, *blanked;
	} paths[] = {
		{ "/home/ann/app.py", "/home/xxx/app.py" },
		{ "/Users/ann", "/Users/xxx" },
		{ "/srv/home/ann/x/home/bob/y", "/srv/home/xxx/x/home/xxx/y" },
		{ "/usr/lib/python3/home.py", "/usr/lib/python3/home.py" },
		{ "/home/", "/home/" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		char path[64];
		strcpy(path, paths[i].path);
		hs_home_blank(path, strlen(path));
		assert_string_equal(path, paths[i].blanked);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_gone),
		cmocka_unit_test(names_stay),
		cmocka_unit_test(reprs_say_so),
		cmocka_unit_test(the_census_is_the_same),
		cmocka_unit_test(users_are_blanked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
