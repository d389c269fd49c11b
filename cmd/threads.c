/* SPDX-License-Identifier: Apache-2.0 */
/* Gathering calls: those of every thread, and those that generators and coroutines keep. */
#include "threads.h"

#include <stdlib.h>
#include <string.h>

#include "bounded_text.h"
#include "cleanup.h"
#include "generator.h"
#include "object_row.h"
#include "repr.h"
#include "root_place.h"
#include "thread.h"
#include "unicode.h"

#define NAME_BYTES 256
#define MAX_VARIABLES 1000 /* of a call: no function of people's has more */
#define MAX_PLACES 1000    /* where calls wait, to be told apart */

/* What is being gathered, and from where. */
struct gathering {
	struct hs_threads *threads;
	const struct hs_process_heap *heap;
	const struct hs_object_source *source;
	const struct hs_threads_options *options;
	struct hs_running_thread *thread; /* the one whose frames are being read */
	bool is_short;                    /* memory ran out */
};

/* A str of the target's, safe to print; NULL when memory is out. */
static char *text_of(const struct gathering *gathering, hs_addr str)
{
	char buffer[NAME_BYTES];
	struct hs_bounded_text text = hs_bounded_text(buffer, sizeof(buffer));
	struct hs_str_view view;

	if (!hs_str_view(gathering->heap->py, str, NAME_BYTES, &view))
		return strdup("?");
	for (uint64_t i = 0; i < view.n; i++)
		hs_bounded_text_put_code(&text, hs_str_code(&view, i));
	return strdup(buffer);
}

static void call_release(struct hs_call *call)
{
	for (size_t i = 0; i < call->variables.n; i++) {
		free(call->variables.items[i].name);
		free(call->variables.items[i].repr);
	}
	hs_array_free(&call->variables);
	free(call->module);
	free(call->function);
	free(call->file);
}

/* What the object at an address retains; 0: it is none, or nobody has found out. */
static uint64_t retained_at(const struct gathering *gathering, hs_addr address)
{
	hs_node node = gathering->source->holders ? hs_graph_node_at(gathering->source->graph, address) : HS_NO_NODE;

	return node == HS_NO_NODE ? 0 : hs_object_graph_retained_bytes(gathering->source->holders, node);
}

static bool add_variable(const struct gathering *gathering, const struct hs_variable *variable, struct hs_call *call)
{
	const struct hs_process_heap *heap = gathering->heap;
	struct hs_call_variable *slot = hs_array_append(&call->variables);
	char repr[HS_REPR_BYTES];
	struct hs_object object;

	if (!slot)
		return false;
	hs_repr_at(heap->py, heap->types, variable->object, &hs_repr_short, repr, sizeof(repr));
	slot->address = variable->object;
	slot->retained_bytes = retained_at(gathering, variable->object);
	slot->type = hs_object_at(heap->py, heap->types, variable->object, &object) ? hs_type_full_name(heap->types, object.type) : NULL;
	slot->name = text_of(gathering, variable->name);
	slot->repr = strdup(repr);
	return slot->name && slot->repr;
}

/* Fills in where the call is; false when memory is out. */
static bool read_place(const struct gathering *gathering, const struct hs_frame *frame, struct hs_call *ret)
{
	struct hs_root_place place;

	hs_frame_place_of(gathering->heap, frame, &place);
	ret->module = strdup(place.module);
	ret->function = strdup(place.function);
	ret->file = strdup(place.file);
	ret->line = place.line;
	return ret->module && ret->function && ret->file;
}

static bool read_variables(const struct gathering *gathering, const struct hs_frame *frame, struct hs_call *ret)
{
	struct hs_variable variable;

	for (uint32_t i = 0; i < MAX_VARIABLES && hs_frame_variable(gathering->heap->py, frame, i, &variable); i++)
		if (variable.object && !add_variable(gathering, &variable, ret))
			return false;
	return true;
}

static bool add_frame(void *context, const struct hs_frame *frame)
{
	struct gathering *gathering = context;
	struct hs_running_thread *thread = gathering->thread;

	if (!frame->is_complete)
		return true;
	if (thread->n_frames++ >= gathering->options->n_frames)
		return true;
	struct hs_call *call = hs_array_append(&thread->frames);
	gathering->is_short |= !call || !read_place(gathering, frame, call) || !read_variables(gathering, frame, call);
	return !gathering->is_short;
}

static void add_thread(struct gathering *gathering, const struct hs_thread_state *state)
{
	struct hs_running_thread *thread = hs_array_append(&gathering->threads->threads);

	if (!thread) {
		gathering->is_short = true;
		return;
	}
	thread->ident = state->ident;
	thread->native_ident = state->native_ident;
	thread->name = state->name ? text_of(gathering, state->name) : NULL;
	gathering->thread = thread;
	hs_thread_frames(gathering->heap->py, state->address, add_frame, gathering);
}

static void free_states(struct hs_thread_states *states)
{
	hs_array_free(states);
}

static struct hs_error *gather_threads(struct gathering *gathering)
{
	HS_CLEANUP(free_states) struct hs_thread_states states = { 0 };

	HS_TRY(hs_thread_states_read(gathering->heap->py, gathering->heap->types, &states));
	/* the runtime puts new threads in front: the main one is the last */
	for (size_t i = states.n; i-- > 0 && !gathering->is_short;)
		add_thread(gathering, &states.items[i]);
	return NULL;
}

/* Up to 3.10 code knows the bare name of its function only; the generator knows the whole. */
static bool complete_name(const struct gathering *gathering, const struct hs_object *object, struct hs_call *call)
{
	char *whole = text_of(gathering, hs_generator_qualname(gathering->heap->py, object));

	if (!whole)
		return false;
	free(call->function);
	call->function = whole;
	return true;
}

static bool is_same_place(const struct hs_suspended_call *a, const struct hs_suspended_call *b)
{
	return a->kind == b->kind && a->call.line == b->call.line && !strcmp(a->call.function, b->call.function) &&
	       !strcmp(a->call.module, b->call.module) && !strcmp(a->call.file, b->call.file);
}

/* True if there is one already that waits at the same place, which then counts for both. */
static bool merge(struct gathering *gathering, const struct hs_suspended_call *call)
{
	for (size_t i = 0; i < gathering->threads->suspended.n; i++)
		if (is_same_place(&gathering->threads->suspended.items[i], call)) {
			gathering->threads->suspended.items[i].n_alike++;
			return true;
		}
	return false;
}

/* Keeps what is told of it; takes `call` over. */
static bool keep(struct gathering *gathering, const struct hs_frame *frame, struct hs_suspended_call *call)
{
	struct hs_suspended_call *slot = read_variables(gathering, frame, &call->call) ? hs_array_append(&gathering->threads->suspended) : NULL;

	if (!slot)
		return false;
	*slot = *call;
	*call = (struct hs_suspended_call){ 0 };
	return true;
}

static void release_suspended(struct hs_suspended_call *call)
{
	call_release(&call->call);
}

static void add_suspended(void *context, const struct hs_heap_object *entry)
{
	struct gathering *gathering = context;
	const struct hs_object *object = &entry->object;
	bool merges = gathering->options->merges_suspended;
	size_t n_max = merges ? MAX_PLACES : gathering->options->n_suspended;
	HS_CLEANUP(release_suspended) struct hs_suspended_call call = { .address = object->address, .n_alike = 1,
										.retained_bytes = retained_at(gathering, object->address) };
	struct hs_frame frame;

	if (!hs_is_generator(object) || hs_generator_state(gathering->heap->py, object) != HS_GENERATOR_SUSPENDED || gathering->is_short)
		return;
	gathering->threads->n_suspended++;
	bool has_room = gathering->threads->suspended.n < n_max;
	if ((!has_room && !merges) || !hs_generator_frame(gathering->heap->py, object, &frame))
		return;
	call.kind = object->type->kind->tp_name;
	gathering->is_short = !read_place(gathering, &frame, &call.call) || !complete_name(gathering, object, &call.call);
	if (gathering->is_short || (merges && merge(gathering, &call)) || !has_room)
		return;
	gathering->is_short = !keep(gathering, &frame, &call);
}

/* The most numerous first, then by name and line. */
static int compare_suspended(const void *a, const void *b)
{
	const struct hs_suspended_call *left = a, *right = b;

	if (left->n_alike != right->n_alike)
		return left->n_alike > right->n_alike ? -1 : 1;
	int order = strcmp(left->call.function, right->call.function);
	return order ? order : left->call.line - right->call.line;
}

struct hs_error *hs_threads_gather(struct hs_threads *threads, const struct hs_object_source *source, const struct hs_threads_options *options)
{
	struct gathering gathering = { .threads = threads, .heap = source->heap, .source = source, .options = options };

	HS_TRY(gather_threads(&gathering));
	hs_heap_for_each(source->heap->heap, add_suspended, &gathering);
	if (options->merges_suspended && threads->suspended.n)
		qsort(threads->suspended.items, threads->suspended.n, sizeof(*threads->suspended.items), compare_suspended);
	while (threads->suspended.n > options->n_suspended)
		call_release(&threads->suspended.items[--threads->suspended.n].call);
	return gathering.is_short ? hs_error_no_memory() : NULL;
}

void hs_threads_deinit(struct hs_threads *threads)
{
	for (size_t i = 0; i < threads->threads.n; i++) {
		struct hs_running_thread *thread = &threads->threads.items[i];
		for (size_t j = 0; j < thread->frames.n; j++)
			call_release(&thread->frames.items[j]);
		hs_array_free(&thread->frames);
		free(thread->name);
	}
	for (size_t i = 0; i < threads->suspended.n; i++)
		call_release(&threads->suspended.items[i].call);
	hs_array_free(&threads->threads);
	hs_array_free(&threads->suspended);
}
