/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From _PyRuntime to interpreters, thread states, the collector's list heads and the arenas. Knows where things hang,
 * not what the objects in them look like.
 */
#include <stdlib.h>

#include "cleanup.h"
#include "cpython.h"
#include "root.h"

/* 3.8 keeps the collector's state in the runtime, later versions in each interpreter. */
static hs_addr gc_state_of(const struct hs_cpython *py, hs_addr interpreter)
{
	const struct hs_layout *layout = py->layout;

	if (HS_HAS(layout, PyInterpreterState, gc))
		return interpreter + (uint32_t)HS_OFFSET(layout, PyInterpreterState, gc);
	return HS_ADDRESS_OF(layout, _PyRuntime) + (uint32_t)HS_OFFSET(layout, PyRuntimeState, gc);
}

static void read_collector(struct hs_cpython *py, struct hs_interpreter *interpreter)
{
	const struct hs_layout *layout = py->layout;
	hs_addr gc = gc_state_of(py, interpreter->address);
	hs_addr generations = gc + (uint32_t)HS_OFFSET(layout, gc_runtime_state, generations);
	uint32_t collecting = 0;

	interpreter->collector = gc;
	for (unsigned i = 0; i < HS_N_GC_HEADS - 1; i++)
		interpreter->gc_heads[i] = generations + i * HS_SIZEOF(layout, gc_generation);
	interpreter->gc_heads[HS_N_GC_HEADS - 1] = gc + (uint32_t)HS_OFFSET(layout, gc_runtime_state, permanent_generation);
	hs_image_u32(py->image, gc + (uint32_t)HS_OFFSET(layout, gc_runtime_state, collecting), &collecting);
	interpreter->is_collecting = collecting != 0;
	py->is_collecting |= interpreter->is_collecting;
}

/*
 * Up to 3.11 one static pair `arenas`, `maxarenas`; 3.12 a struct in the interpreter; from 3.13 a pointer to it
 * (NULL in a subinterpreter that shares the main one's).
 */
static void read_arena_table(const struct hs_cpython *py, struct hs_interpreter *interpreter)
{
	const struct hs_layout *layout = py->layout;
	hs_addr table = HS_ADDRESS_OF(layout, arenas), count = HS_ADDRESS_OF(layout, maxarenas);

	if (HS_HAS(layout, PyInterpreterState, obmalloc)) {
		hs_addr state = interpreter->address + (uint32_t)HS_OFFSET(layout, PyInterpreterState, obmalloc);
		if (layout->features.obmalloc_is_pointer)
			state = hs_image_word(py->image, state);
		if (!state)
			return;
		table = state + (uint32_t)HS_OFFSET(layout, obmalloc_state, arenas);
		count = state + (uint32_t)HS_OFFSET(layout, obmalloc_state, maxarenas);
	}
	if (!table || !count)
		return;
	interpreter->arenas = hs_image_word(py->image, table);
	if (!hs_image_u32(py->image, count, &interpreter->n_arenas))
		interpreter->n_arenas = 0;
}

static struct hs_error *read_threads(struct hs_cpython *py, hs_addr interpreter)
{
	const struct hs_layout *layout = py->layout;
	int32_t head = HS_HAS(layout, PyInterpreterState, threads_head) ? HS_OFFSET(layout, PyInterpreterState, threads_head)
								    : HS_OFFSET(layout, PyInterpreterState, tstate_head);
	hs_addr thread = hs_image_word(py->image, interpreter + (uint32_t)head);

	while (thread) {
		hs_addr *slot = py->threads.n < HS_MAX_THREADS ? hs_array_append(&py->threads) : NULL;
		if (!slot)
			return hs_error_at(HS_ERROR_LIMIT, thread, "more than %d thread states", HS_MAX_THREADS);
		*slot = thread;
		thread = hs_image_word(py->image, thread + (uint32_t)HS_OFFSET(layout, PyThreadState, next));
	}
	return NULL;
}

static struct hs_error *read_interpreters(struct hs_cpython *py)
{
	const struct hs_layout *layout = py->layout;
	hs_addr head = HS_ADDRESS_OF(layout, _PyRuntime) + (uint32_t)HS_OFFSET(layout, PyRuntimeState, interpreters_head);

	for (hs_addr address = hs_image_word(py->image, head); address;
	     address = hs_image_word(py->image, address + (uint32_t)HS_OFFSET(layout, PyInterpreterState, next))) {
		struct hs_interpreter *interpreter =
			py->interpreters.n < HS_MAX_INTERPRETERS ? hs_array_append(&py->interpreters) : NULL;
		if (!interpreter)
			return hs_error_at(HS_ERROR_LIMIT, address, "more than %d interpreters", HS_MAX_INTERPRETERS);
		interpreter->address = address;
		read_collector(py, interpreter);
		read_arena_table(py, interpreter);
		HS_TRY(read_threads(py, address));
	}
	if (!py->interpreters.n)
		return hs_error_at(HS_ERROR_BAD_DATA, head, "the runtime has no interpreter (not initialised yet, or finalised)");
	return NULL;
}

/* The dict of object's subclasses has ints for keys: its table is one of the general kind. */
static uint64_t find_general_lookup(const struct hs_cpython *py)
{
	const struct hs_layout *layout = py->layout;
	hs_addr object = HS_ADDRESS_OF(layout, PyBaseObject_Type);

	if (!object || !HS_HAS(layout, PyDictKeysObject, dk_lookup))
		return 0;
	hs_addr subclasses = hs_image_word(py->image, object + (uint32_t)HS_OFFSET(layout, PyTypeObject, tp_subclasses));
	hs_addr keys = subclasses ? hs_image_word(py->image, subclasses + (uint32_t)HS_OFFSET(layout, PyDictObject, ma_keys)) : 0;
	return keys ? hs_image_word(py->image, keys + (uint32_t)HS_OFFSET(layout, PyDictKeysObject, dk_lookup)) : 0;
}

static struct hs_error *read_singletons(struct hs_cpython *py)
{
	hs_addr dummy = HS_ADDRESS_OF(py->layout, _PySet_Dummy); /* a variable that points to it */

	py->set_dummy = dummy ? hs_image_word(py->image, dummy) : 0;
	py->general_lookup = find_general_lookup(py);
	for (size_t i = 0; i < py->interpreters.n; i++) {
		hs_addr interned = hs_interned_dict(py, py->interpreters.items[i].address);
		hs_addr *slot = hs_array_append(&py->interned);
		if (!slot)
			return hs_error_no_memory();
		*slot = interned;
		/* up to 3.11 there is one for all */
		if (!HS_HAS(py->layout, PyInterpreterState, interned_strings))
			break;
	}
	return NULL;
}

struct hs_error *hs_cpython_open(const struct hs_image *image, const struct hs_layout *layout, struct hs_cpython **ret)
{
	struct hs_cpython *py = calloc(1, sizeof(*py));

	if (!py)
		return hs_error_no_memory();
	py->image = image;
	py->layout = layout;
	struct hs_error *error = read_interpreters(py);
	if (!error)
		error = read_singletons(py);
	if (error) {
		hs_cpython_close(py);
		return error;
	}
	*ret = py;
	return NULL;
}

void hs_cpython_close(struct hs_cpython *py)
{
	if (!py)
		return;
	hs_array_free(&py->interpreters);
	hs_array_free(&py->threads);
	hs_array_free(&py->interned);
	free(py);
}
