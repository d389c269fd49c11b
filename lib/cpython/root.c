/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Roots by where they stand: modules, then each interpreter's state, each thread's state and frames, static types. States are
 * gone through word by word, because every release adds members; those with a name here are what people ask about.
 */
#include "root.h"

#include "attribute.h"
#include "cleanup.h"
#include "dict.h"
#include "root_state.h"

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
	bool is_of_object; /* the references are those of a frame object or a generator */
};

static void report_run(void *context, const struct hs_reference_run *run)
{
	const struct frame_visit *frame_visit = context;
	const struct hs_root_visit *visit = frame_visit->visit;
	const uint8_t *word = run->words, *name = run->names;

	/* of these only what has a name is worth a root of its own; and what holds nothing as the object's: words that may be left over */
	if (frame_visit->is_of_object && !name && !(run->relation & HS_SCANNED))
		return;
	struct hs_root root = {
		.kind = HS_ROOT_FRAME, .edge_kind = run->kind, .name = run->name, .thread = frame_visit->thread, .frame = frame_visit->frame,
	};

	for (size_t i = 0; i < run->n; i++, word += run->stride) {
		uint64_t bits;
		memcpy(&bits, word, sizeof(bits));
		root.address = run->tag_mask ? hs_frame_untag(visit->py, bits) : bits;
		/* nothing visits a frame that is no object's */
		root.relation = run->relation & ~(unsigned)HS_VISITED;
		if (!(run->relation & HS_SCANNED) && (frame_visit->is_of_object || bits & run->borrowed_tag))
			root.relation = 0;
		if (name)
			memcpy(&root.name_object, name + i * run->names_stride, sizeof(root.name_object));
		if (root.address)
			visit->callback(visit->context, &root);
	}
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
	const struct hs_visitor visitor = hs_visitor_of_references(report_run, &frame_visit);

	frame_visit.frame = frame;
	frame_visit.is_of_object = frame->owner != HS_FRAME_OF_THREAD;
	if (HS_HAS(py->layout, PyThreadState, frame))
		report_holder(&frame_visit, frame->address, frame->generator ? 0 : HS_OWNED);
	else if (frame->owner != HS_FRAME_OF_THREAD)
		report_holder(&frame_visit, frame->generator ? frame->generator : frame->object, 0);
	else
		hs_frame_visit_head(py, frame->address, &names, HS_OWNED, &visitor);
	hs_frame_visit_words(py, frame, &visitor);
	return true;
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
	return hs_root_visit_static_objects(&visit) ? NULL : hs_error_no_memory();
}
