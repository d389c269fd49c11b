/* SPDX-License-Identifier: Apache-2.0 */
/* Which words outside of objects count for them: addresses, and the text of str and bytes where C code keeps it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_heap.h"
#include "late_roots.h"

/* From 3.11 on, the runtime of a process made by hand reaches over its static data. */
static const char *const tables[] = { "3.8.18-upstream", "3.9.18-upstream", "3.10.13-upstream" };
#define N_TABLES (sizeof(tables) / sizeof(tables[0]))

struct found {
	struct hs_heap *heap;
	struct hs_graph *graph;
	struct hs_late_roots words;
};

static struct found find(struct fake_heap *fake)
{
	const struct hs_heap_options options = { .n_workers = 1 };
	struct found found = { 0 };

	fake_open(fake);
	assert_null(hs_heap_open(fake->py, fake->types_seen, &options, &found.heap));
	assert_null(hs_graph_build(found.heap, 1, &found.graph));
	assert_null(hs_late_roots_find(found.graph, NULL, &found.words));
	return found;
}

static void release(struct found *found)
{
	hs_array_free(&found->words);
	hs_graph_destroy(found->graph);
	hs_heap_close(found->heap);
}

static const struct hs_late_root *word_of(const struct found *found, hs_addr object)
{
	for (size_t i = 0; i < found->words.n; i++)
		if (hs_graph_address(found->graph, found->words.items[i].node) == object)
			return &found->words.items[i];
	return NULL;
}

static void assert_word(const struct found *found, hs_addr object, enum hs_late_kind kind, hs_addr where)
{
	const struct hs_late_root *word = word_of(found, object);

	assert_non_null(word);
	assert_int_equal(word->kind, kind);
	assert_int_equal(word->where, where);
}

static hs_addr static_word(struct fake_heap *fake, uint64_t value)
{
	hs_addr word = fake_static(fake, 8);

	fake_put(fake, word, value);
	return word;
}

static void text_that_c_code_keeps_holds_its_str(void **state)
{
	(void)state;
	for (size_t t = 0; t < N_TABLES; t++) {
		struct fake_heap *fake = fake_heap_create(tables[t]);
		uint32_t to_text = HS_SIZEOF(fake->layout, PyASCIIObject), to_bytes = (uint32_t)HS_OFFSET(fake->layout, PyBytesObject, ob_sval);
		hs_addr exact = fake_str(fake, "exact"), documented = fake_str(fake, "may_share_memory(a, b)"), data = fake_bytes(fake, 40);
		hs_addr native = fake_str(fake, "kept by an extension"), inside = fake_str(fake, "nobody holds this one");
		hs_addr large = fake_bytes(fake, 3000);
		hs_addr block = fake_malloc(fake, 64);
		fake_put(fake, block + 8, native + to_text);
		hs_addr words[] = { static_word(fake, exact), static_word(fake, documented + to_text), static_word(fake, data + to_bytes),
				    static_word(fake, large + to_bytes) };
		/* behind the start, where a parser would have stopped */
		static_word(fake, inside + to_text + 8);
		struct found found = find(fake);
		assert_word(&found, exact, HS_LATE_STATIC, words[0]);
		assert_word(&found, documented, HS_LATE_STATIC, words[1]);
		assert_word(&found, data, HS_LATE_STATIC, words[2]);
		assert_word(&found, large, HS_LATE_STATIC, words[3]);
		assert_word(&found, native, HS_LATE_NATIVE, block + 8);
		assert_null(word_of(&found, inside));
		release(&found);
		fake_heap_destroy(fake);
	}
}

/* Words of a static type are the type's references; a char pointer among them, tp_doc, is none. */
static void text_may_be_kept_by_a_static_type(void **state)
{
	struct fake_heap *fake = fake_heap_create("3.10.13-upstream");
	hs_addr doc = fake_str(fake, "An array."), name = fake_str(fake, "a name");
	hs_addr type = fake_static_type(fake, "extension.Thing", 64, 0, 0, fake->types.object);

	(void)state;
	FAKE_PUT(fake, type, PyTypeObject, tp_doc, doc + HS_SIZEOF(fake->layout, PyASCIIObject));
	FAKE_PUT(fake, type, PyTypeObject, tp_cache, name);
	fake_object(fake, type, 64);
	struct found found = find(fake);
	assert_non_null(word_of(&found, doc));
	assert_null(word_of(&found, name));
	release(&found);
	fake_heap_destroy(fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_that_c_code_keeps_holds_its_str),
		cmocka_unit_test(text_may_be_kept_by_a_static_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
