/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints what heapspy reads of a process's calls, as JSON: its threads with their frames, every generator and frame object with
 * what it refers to, every root. For comparison with the target's own answer (test_frames.py).
 *
 *     frames_dump [--no-dwarf] PID
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture.h"
#include "cleanup.h"
#include "generator.h"
#include "heap.h"
#include "layout.h"
#include "root.h"
#include "thread.h"
#include "unicode.h"

struct dump {
	const struct hs_cpython *py;
	struct hs_types *types;
	json_t *frames, *objects, *roots;
};

static json_t *str_at(const struct hs_cpython *py, hs_addr address)
{
	char text[512];

	if (!address || !hs_str_read(py, address, text, sizeof(text)))
		return json_null();
	json_t *ret = json_string(text);
	return ret ? ret : json_string("?");
}

static json_t *variables_of(const struct hs_cpython *py, const struct hs_frame *frame)
{
	json_t *ret = json_object();
	struct hs_variable variable;
	char name[256];

	for (uint32_t i = 0; hs_frame_variable(py, frame, i, &variable); i++)
		if (variable.object && hs_str_read(py, variable.name, name, sizeof(name)))
			json_object_set_new(ret, name, json_integer((json_int_t)variable.object));
	return ret;
}

static json_t *frame_json(const struct hs_cpython *py, const struct hs_frame *frame)
{
	return json_pack("{s:o, s:o, s:i, s:b, s:b, s:i, s:i, s:i, s:o}", "function", str_at(py, frame->code.name), "file",
			 str_at(py, frame->code.filename), "line", (int)hs_frame_line(py, frame), "complete", frame->is_complete, "running",
			 frame->is_running, "slots", (int)frame->code.n_slots, "live", (int)frame->n_live, "words", (int)frame->n_words,
			 "locals", variables_of(py, frame));
}

static bool add_frame(void *context, const struct hs_frame *frame)
{
	struct dump *dump = context;

	json_array_append_new(dump->frames, frame_json(dump->py, frame));
	return true;
}

static json_t *threads_json(struct dump *dump)
{
	struct hs_thread_states threads = { 0 };
	json_t *ret = json_array();
	struct hs_error *error = hs_thread_states_read(dump->py, dump->types, &threads);

	hs_error_destroy(error);
	for (size_t i = 0; i < threads.n; i++) {
		dump->frames = json_array();
		hs_thread_frames(dump->py, threads.items[i].address, add_frame, dump);
		json_array_append_new(ret, json_pack("{s:I, s:I, s:o, s:o}", "ident", (json_int_t)threads.items[i].ident, "native",
						     (json_int_t)threads.items[i].native_ident, "name", str_at(dump->py, threads.items[i].name),
						     "frames", dump->frames));
	}
	hs_array_free(&threads);
	return ret;
}

struct edges {
	const struct dump *dump;
	json_t *list;
};

static void add_run(void *context, const struct hs_reference_run *run)
{
	const struct edges *edges = context;
	const uint8_t *word = run->words, *name = run->names;

	for (size_t i = 0; i < run->n; i++, word += run->stride) {
		uint64_t bits, name_address = 0;
		memcpy(&bits, word, sizeof(bits));
		hs_addr to = run->tag_mask ? hs_frame_untag(edges->dump->py, bits) : bits;
		if (name)
			memcpy(&name_address, name + i * run->names_stride, sizeof(name_address));
		if (to)
			json_array_append_new(edges->list, json_pack("{s:I, s:i, s:o, s:b, s:b}", "to", (json_int_t)to, "kind", run->kind, "name",
								     run->name ? json_string(run->name) : str_at(edges->dump->py, name_address),
								     "owned", run->relation & HS_OWNED && !(bits & run->borrowed_tag), "visited",
								     run->relation & HS_VISITED));
	}
}

static void add_object(void *context, const struct hs_heap_object *object)
{
	struct dump *dump = context;
	struct edges edges = { dump, NULL };
	const struct hs_visitor visitor = hs_visitor_of_references(add_run, &edges);
	const char *kind = object->object.type->kind->tp_name;
	bool is_generator = hs_is_generator(&object->object);
	struct hs_frame frame;

	if (!is_generator && strcmp(kind, "frame"))
		return;
	edges.list = json_array();
	hs_object_visit(dump->py, &object->object, &visitor);
	json_t *entry = json_pack("{s:I, s:s, s:o}", "address", (json_int_t)object->object.address, "kind", kind, "refs", edges.list);
	if (is_generator) {
		json_object_set_new(entry, "state", json_integer(hs_generator_state(dump->py, &object->object)));
		json_object_set_new(entry, "qualname", str_at(dump->py, hs_generator_qualname(dump->py, &object->object)));
		if (hs_generator_frame(dump->py, &object->object, &frame))
			json_object_set_new(entry, "frame", frame_json(dump->py, &frame));
	}
	json_array_append_new(dump->objects, entry);
}

static void add_root(void *context, const struct hs_root *root)
{
	struct dump *dump = context;

	if (root->edge_kind == HS_EDGE_SCAN && root->kind != HS_ROOT_THREAD)
		return;
	json_t *name = root->name_object ? str_at(dump->py, root->name_object) : root->name ? json_string(root->name) : json_null();
	json_array_append_new(dump->roots,
			      json_pack("{s:s, s:I, s:o, s:i, s:i, s:I, s:o, s:i}", "root", hs_root_kind_name(root->kind), "to",
					(json_int_t)root->address, "name", name, "relation", root->relation, "kind", root->edge_kind, "thread",
					(json_int_t)(root->thread ? root->thread->ident : 0), "function",
					root->frame ? str_at(dump->py, root->frame->code.name) : json_null(), "line",
					root->frame ? (int)hs_frame_line(dump->py, root->frame) : 0));
}

static void close_layout(struct hs_layout **layout) { hs_layout_destroy(*layout); }
static void close_cpython(struct hs_cpython **py) { hs_cpython_close(*py); }
static void close_types(struct hs_types **types) { hs_types_close(*types); }
static void close_heap(struct hs_heap **heap) { hs_heap_close(*heap); }
static void close_capture(struct hs_capture **capture) { hs_capture_destroy(*capture); }

static struct hs_error *run(pid_t pid, bool no_dwarf)
{
	HS_CLEANUP(close_capture) struct hs_capture *capture = NULL;
	HS_CLEANUP(close_layout) struct hs_layout *layout = NULL;
	HS_CLEANUP(close_cpython) struct hs_cpython *py = NULL;
	HS_CLEANUP(close_types) struct hs_types *types = NULL;
	HS_CLEANUP(close_heap) struct hs_heap *heap = NULL;
	const struct hs_capture_options capture_options = { .max_pause_ms = 60000 };
	const struct hs_layout_options layout_options = { .no_dwarf = no_dwarf, .no_cache = no_dwarf };
	const struct hs_heap_options heap_options = { 0 };

	HS_TRY(hs_capture_process(pid, &capture_options, &capture));
	HS_TRY(hs_layout_resolve(capture->process, capture->image, &layout_options, &layout));
	HS_TRY(hs_cpython_open(capture->image, layout, &py));
	HS_TRY(hs_types_open(py, &types));
	HS_TRY(hs_heap_open(py, types, &heap_options, &heap));
	struct dump dump = { .py = py, .types = types, .objects = json_array(), .roots = json_array() };
	json_t *threads = threads_json(&dump);
	hs_heap_for_each(heap, add_object, &dump);
	HS_TRY(hs_roots_visit(py, types, add_root, &dump));
	json_t *document = json_pack("{s:s, s:o, s:o, s:o, s:I}", "layout", layout->source, "threads", threads, "objects", dump.objects, "roots",
				     dump.roots, "interned", (json_int_t)hs_interned_dict(py, py->interpreters.items[0].address));
	json_dumpf(document, stdout, JSON_INDENT(1));
	json_decref(document);
	return NULL;
}

int main(int argc, char **argv)
{
	bool no_dwarf = argc > 2 && !strcmp(argv[1], "--no-dwarf");

	if (argc < 2) {
		fprintf(stderr, "usage: frames_dump [--no-dwarf] PID\n");
		return 64;
	}
	struct hs_error *error = run((pid_t)atoi(argv[argc - 1]), no_dwarf);
	if (!error)
		return 0;
	fprintf(stderr, "frames_dump: %s\n", error->message);
	int status = 2 + (int)error->code;
	hs_error_destroy(error);
	return status;
}
