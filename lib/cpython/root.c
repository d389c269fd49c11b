/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Roots by where they stand: modules, then each interpreter's state, each thread's state and frames, static types. States are
 * gone through word by word, because every release adds members; those with a name here are what people ask about.
 */
#include "root.h"

#include "attribute.h"
#include "cleanup.h"
#include "dict.h"
#include "exact_type.h"
#include "root_state.h"
#include "type_fields.h"

#define MAX_SUBCLASSES ((uint64_t)1 << 24) /* of all types together */

static const char *const kind_names[HS_N_ROOT_KINDS] = {
	[HS_ROOT_MODULE] = "module", [HS_ROOT_BUILTINS] = "builtins", [HS_ROOT_FRAME] = "frame", [HS_ROOT_THREAD] = "thread",
	[HS_ROOT_INTERPRETER] = "interpreter", [HS_ROOT_TYPE] = "type", [HS_ROOT_CODECS] = "codecs", [HS_ROOT_ATEXIT] = "atexit",
	[HS_ROOT_CONTEXT] = "context", [HS_ROOT_ASYNC] = "async", [HS_ROOT_STATIC] = "static",
};

const char *hs_root_kind_name(enum hs_root_kind kind)
{
	return (unsigned)kind < HS_N_ROOT_KINDS ? kind_names[kind] : "?";
}

static void report_modules(const struct hs_root_visit *visit, hs_addr interpreter)
{
	hs_addr modules = hs_modules(visit->py, interpreter), key, value;
	struct hs_dict_cursor cursor = { 0 };

	while (modules && hs_dict_next(visit->py, modules, &cursor, &key, &value))
		visit->callback(visit->context, &(struct hs_root){ .kind = HS_ROOT_MODULE, .address = value, .edge_kind = HS_EDGE_VALUE,
								   .name_object = key });
}

/* What a frame's references are reported with. */
struct frame_visit {
	const struct hs_root_visit *visit;
	const struct hs_thread_state *thread;
	const struct hs_frame *frame;
};

static void report_run(void *context, const struct hs_reference_run *run)
{
	const struct frame_visit *frame_visit = context;
	const struct hs_root_visit *visit = frame_visit->visit;
	const uint8_t *word = run->words, *name = run->names;
	struct hs_root root = {
		.kind = HS_ROOT_FRAME, .edge_kind = run->kind, .name = run->name, .thread = frame_visit->thread, .frame = frame_visit->frame,
	};

	for (size_t i = 0; i < run->n; i++, word += run->stride) {
		uint64_t bits;
		memcpy(&bits, word, sizeof(bits));
		root.address = run->tag_mask ? hs_frame_untag(visit->py, bits) : bits;
		/* nothing visits a frame that is no object's */
		root.relation = bits & run->borrowed_tag ? 0 : run->relation & ~HS_VISITED;
		if (name)
			memcpy(&root.name_object, name + i * run->names_stride, sizeof(root.name_object));
		if (root.address)
			visit->callback(visit->context, &root);
	}
}

/* The value stack of a frame whose top is unknown: the words may be stale. */
static void report_scan(void *context, const void *words, size_t n, enum hs_scan what)
{
	const struct hs_reference_run run = { .words = words, .n = n, .stride = sizeof(hs_addr), .relation = HS_SCANNED, .kind = HS_EDGE_STACK };

	if (what == HS_SCAN_ALL)
		report_run(context, &run);
}

static void ignore_storage(void *context, hs_addr start, uint64_t bytes)
{
	(void)context;
	(void)start;
	(void)bytes;
}

/*
 * A frame object or generator that runs: its references are its own. The call that runs it holds a frame object up to 3.10; a
 * generator is held by whoever resumed it, which is an object or another frame.
 */
static void report_holder(const struct frame_visit *frame_visit, hs_addr address, unsigned relation)
{
	const struct hs_root root = {
		.kind = HS_ROOT_FRAME, .address = address, .relation = (uint8_t)relation, .edge_kind = HS_EDGE_FIELD, .name = "frame",
		.thread = frame_visit->thread, .frame = frame_visit->frame,
	};

	frame_visit->visit->callback(frame_visit->visit->context, &root);
}

static bool report_frame(void *context, const struct hs_frame *frame)
{
	static const struct hs_frame_names names = { "f_code", "f_func", "f_locals", "frame" };
	struct frame_visit frame_visit = *(struct frame_visit *)context;
	const struct hs_cpython *py = frame_visit.visit->py;
	const struct hs_visitor visitor = { .context = &frame_visit, .storage = ignore_storage, .references = report_run, .scan = report_scan };

	frame_visit.frame = frame;
	if (HS_HAS(py->layout, PyThreadState, frame)) {
		report_holder(&frame_visit, frame->address, frame->generator ? 0 : HS_OWNED);
	} else if (frame->owner == HS_FRAME_OF_THREAD) {
		hs_frame_visit_head(py, frame->address, &names, HS_OWNED, &visitor);
		hs_frame_visit_words(py, frame, &visitor);
	} else {
		report_holder(&frame_visit, frame->generator ? frame->generator : frame->object, 0);
	}
	return true;
}

/* 3.12+: of a static type of the interpreter itself the table lies in the interpreter's state. */
static hs_addr subclasses_of(const struct hs_cpython *py, hs_addr type)
{
	hs_addr state = hs_type_static_state(py, type, 0);

	if (state)
		return hs_image_word(py->image, state + (uint32_t)HS_OFFSET(py->layout, managed_static_type_state, tp_subclasses));
	return hs_image_word(py->image, type + (uint32_t)HS_OFFSET(py->layout, PyTypeObject, tp_subclasses));
}

/*
 * Types without an instance have not been met: they are found by their bases, which know them weakly. A table of
 * __subclasses__ has weak references as its values, whose first member is the type.
 */
static void meet_subclasses(const struct hs_root_visit *visit, hs_addr type, uint64_t *budget)
{
	const struct hs_cpython *py = visit->py;
	hs_addr table = subclasses_of(py, type), key, reference;
	struct hs_dict_cursor cursor = { 0 };

	if (!table || !hs_is_exactly(py, table, "dict"))
		return;
	for (; *budget && hs_dict_next(py, table, &cursor, &key, &reference); --*budget) {
		hs_addr subclass = hs_image_word(py->image, reference + HS_SIZEOF(py->layout, PyObject));
		if (subclass)
			hs_type_at(visit->types, subclass);
	}
}

/* Each holds itself: what the compiler wrote into its count is the one reference that nobody drops. */
static void report_static_types(const struct hs_root_visit *visit)
{
	uint64_t budget = MAX_SUBCLASSES;
	size_t n;

	/* the list grows while it is gone through */
	for (size_t i = 0; i < (hs_types_all(visit->types, &n), n); i++) {
		const struct hs_type *type = hs_types_all(visit->types, &n)[i];
		meet_subclasses(visit, type->address, &budget);
		if (!(type->flags & HS_TPFLAGS_HEAPTYPE))
			visit->callback(visit->context, &(struct hs_root){ .kind = HS_ROOT_TYPE, .address = type->address,
									   .relation = HS_OWNED, .edge_kind = HS_EDGE_FIELD });
	}
}

static void free_threads(struct hs_thread_states *threads)
{
	hs_array_free(threads);
}

struct hs_error *hs_roots_visit(const struct hs_cpython *py, struct hs_types *types, hs_root_callback *callback, void *context)
{
	HS_CLEANUP(free_threads) struct hs_thread_states threads = { 0 };
	const struct hs_root_visit visit = { .py = py, .types = types, .callback = callback, .context = context };

	HS_TRY(hs_thread_states_read(py, types, &threads));
	for (size_t i = 0; i < py->interpreters.n; i++) {
		report_modules(&visit, py->interpreters.items[i].address);
		hs_root_visit_interpreter(&visit, py->interpreters.items[i].address);
	}
	hs_root_visit_runtime(&visit);
	for (size_t i = 0; i < threads.n; i++) {
		struct frame_visit frame_visit = { .visit = &visit, .thread = &threads.items[i] };
		hs_root_visit_thread(&visit, &threads.items[i]);
		hs_thread_frames(py, threads.items[i].address, report_frame, &frame_visit);
	}
	report_static_types(&visit);
	return NULL;
}
