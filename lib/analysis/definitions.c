/* SPDX-License-Identifier: Apache-2.0 */
/* Finding definitions: from an object's code or class to a file and a line. */
#include "definitions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address_index.h"
#include "attribute.h"
#include "cleanup.h"
#include "dict.h"
#include "exact_type.h"
#include "generator.h"
#include "number.h"
#include "thread.h"
#include "unicode.h"

#define NAME_BYTES 1024
#define MAX_ATTRIBUTES 4096 /* of a class that are looked at */

struct gathering {
	const struct hs_process_heap *heap;
	struct hs_definition_list *ret;
	const struct hs_type *function_type; /* once one was seen */
	struct hs_address_index sites; /* code objects, by kind, and lines of running code → *ret */
	bool is_short;                 /* memory ran out */
};

static char *read_text(const struct hs_cpython *py, hs_addr str)
{
	char text[NAME_BYTES];

	return strdup(hs_str_read(py, str, text, sizeof(text)) ? text : "?");
}

/* The definition that `key` stands for: a new one gets its name, file and line from `code`. NULL when memory is out. */
static struct hs_definition *definition_of(struct gathering *gathering, uint64_t key, const char *kind, const struct hs_code *code, int32_t line)
{
	const struct hs_cpython *py = gathering->heap->py;
	bool is_new;
	uint32_t number = hs_address_index_add(&gathering->sites, key, &is_new);

	if (number != HS_NO_INDEX && !is_new)
		return &gathering->ret->items[number];
	struct hs_definition *definition = number == HS_NO_INDEX ? NULL : hs_array_append(gathering->ret);
	if (definition) {
		definition->kind = kind;
		definition->line = line > 0 ? (uint32_t)line : 0;
		definition->name = read_text(py, code->name);
		definition->file = read_text(py, code->filename);
	}
	if (!definition || !definition->name || !definition->file) {
		gathering->is_short = true;
		return NULL;
	}
	return definition;
}

static void count(struct hs_definition *definition, uint64_t bytes)
{
	if (!definition)
		return;
	definition->count++;
	definition->bytes += bytes;
}

/* Code objects are aligned to 16: what stands in the low bits keeps functions and generators of one code apart. */
enum key_tag {
	TAG_FUNCTION,
	TAG_GENERATOR,
};

/* The code of a function object; 0: it is none. */
static hs_addr function_code(struct gathering *gathering, const struct hs_object *object)
{
	const struct hs_cpython *py = gathering->heap->py;

	if (!gathering->function_type && hs_is_exactly(py, object->address, "function"))
		gathering->function_type = object->type;
	return object->type == gathering->function_type ? HS_BODY(py, object, PyFunctionObject, func_code) : 0;
}

static void add_object(void *context, const struct hs_heap_object *entry)
{
	struct gathering *gathering = context;
	const struct hs_cpython *py = gathering->heap->py;
	const struct hs_object *object = &entry->object;
	uint64_t bytes = entry->block_bytes + entry->storage_bytes;
	hs_addr code_address = gathering->is_short ? 0 : function_code(gathering, object);
	struct hs_frame frame;
	struct hs_code code;

	if (code_address && hs_code_read(py, code_address, &code))
		count(definition_of(gathering, code_address + TAG_FUNCTION, "function", &code, code.first_line), bytes);
	else if (!gathering->is_short && hs_is_generator(object) && hs_generator_state(py, object) == HS_GENERATOR_SUSPENDED &&
		 hs_generator_frame(py, object, &frame))
		count(definition_of(gathering, frame.code.address + TAG_GENERATOR, object->type->kind->tp_name, &frame.code, frame.code.first_line),
		      bytes);
}

static bool add_call(void *context, const struct hs_frame *frame)
{
	struct gathering *gathering = context;
	int32_t line = frame->is_complete ? hs_frame_line(gathering->heap->py, frame) : 0;

	/* the top bit tells its keys from those of code, whose addresses have 47 bits */
	uint64_t key = 1ull << 63 | frame->code.address << 16 | (line & 0xffff);
	if (frame->is_complete)
		count(definition_of(gathering, key, "frame", &frame->code, line), (uint64_t)frame->n_words * 8);
	return !gathering->is_short;
}

static void free_states(struct hs_thread_states *states)
{
	hs_array_free(states);
}

static struct hs_error *add_calls(struct gathering *gathering)
{
	HS_CLEANUP(free_states) struct hs_thread_states states = { 0 };

	HS_TRY(hs_thread_states_read(gathering->heap->py, gathering->heap->types, &states));
	for (size_t i = 0; i < states.n; i++)
		hs_thread_frames(gathering->heap->py, states.items[i].address, add_call, gathering);
	return NULL;
}

/* Where a class is defined. */
struct class_site {
	hs_addr filename; /* str; 0: unknown */
	int32_t line;     /* 0: unknown */
};

static bool is_frozen_name(const struct hs_cpython *py, hs_addr filename)
{
	struct hs_str_view view;

	return filename && hs_str_view(py, filename, 1, &view) && view.n && hs_str_code(&view, 0) == '<';
}

/* Both names are of one file: one may be relative. */
static bool is_same_file(const struct hs_cpython *py, hs_addr a, hs_addr b)
{
	char texts[2][NAME_BYTES];

	if (a == b || !hs_str_read(py, a, texts[0], NAME_BYTES) || !hs_str_read(py, b, texts[1], NAME_BYTES))
		return a == b;
	size_t n_a = strlen(texts[0]), n_b = strlen(texts[1]);
	const char *longer = texts[n_a < n_b], *shorter = texts[n_a >= n_b];
	const char *tail = longer + (n_a < n_b ? n_b - n_a : n_a - n_b);
	return !strcmp(tail, shorter) && (tail == longer || tail[-1] == '/');
}

/*
 * Of all methods of a class: the least line of those that are in the file of its module, `own`; what a library made for it or lent it
 * lies elsewhere, or in "<string>". Without any, the first that has a file tells both; *ret_other is that.
 */
static void look_at_attribute(struct gathering *gathering, hs_addr value, struct class_site *own, struct class_site *ret_other)
{
	const struct hs_process_heap *heap = gathering->heap;
	struct hs_object object;
	struct hs_code code;

	if (!hs_object_at(heap->py, heap->types, value, &object) || !function_code(gathering, &object) ||
	    !hs_code_read(heap->py, function_code(gathering, &object), &code) || hs_str_equals(heap->py, code.filename, "<string>"))
		return;
	bool is_own = own->filename && is_same_file(heap->py, code.filename, own->filename);
	struct class_site *site = is_own ? own : ret_other;
	if (!site->filename)
		site->filename = code.filename;
	if ((is_own || site->filename == code.filename) && (!site->line || code.first_line < site->line))
		site->line = code.first_line;
}

/* The file of the module that a class says it is of; 0: unknown. */
static hs_addr module_file(const struct gathering *gathering, hs_addr class_dict)
{
	const struct hs_process_heap *heap = gathering->heap;
	hs_addr name = hs_dict_find(heap->py, class_dict, "__module__");
	char text[NAME_BYTES];

	if (!name || !hs_str_read(heap->py, name, text, sizeof(text)))
		return 0;
	for (size_t i = 0; i < heap->py->interpreters.n; i++) {
		hs_addr module = hs_module_dict(heap->py, heap->types, heap->py->interpreters.items[i].address, text);
		hs_addr file = module ? hs_dict_find(heap->py, module, "__file__") : 0;
		if (file)
			return file;
	}
	return 0;
}

static struct class_site class_site(struct gathering *gathering, const struct hs_type *type)
{
	const struct hs_process_heap *heap = gathering->heap;
	hs_addr dict = hs_image_word(heap->py->image, type->address + (uint32_t)HS_OFFSET(heap->py->layout, PyTypeObject, tp_dict));
	struct class_site own = { .filename = dict ? module_file(gathering, dict) : 0 }, other = { 0 };
	struct hs_dict_cursor cursor = { 0 };
	hs_addr key, value;
	int64_t line;

	for (unsigned i = 0; dict && i < MAX_ATTRIBUTES && hs_dict_next(heap->py, dict, &cursor, &key, &value); i++)
		look_at_attribute(gathering, value, &own, &other);
	/* frozen modules' code has names that are no files */
	if (!own.filename || (!own.line && is_frozen_name(heap->py, other.filename)))
		own = other;
	/* 3.13+ */
	hs_addr first_line = dict ? hs_dict_find(heap->py, dict, "__firstlineno__") : 0;
	if (first_line && hs_int_value(heap->py, first_line, &line) && line > 0 && line < INT32_MAX)
		own.line = (int32_t)line;
	return own;
}

bool hs_class_definition(const struct hs_process_heap *heap, const struct hs_type *type, char *ret, size_t ret_bytes)
{
	struct gathering gathering = { .heap = heap };
	struct class_site site = class_site(&gathering, type);
	char file[NAME_BYTES];

	if (!site.filename || !hs_str_read(heap->py, site.filename, file, sizeof(file)))
		return false;
	if (site.line > 0)
		snprintf(ret, ret_bytes, "%s:%d", file, (int)site.line);
	else
		snprintf(ret, ret_bytes, "%s", file);
	return true;
}

static bool add_class(struct gathering *gathering, const struct hs_type *type, const struct hs_type_totals *totals)
{
	struct class_site site = class_site(gathering, type);
	struct hs_definition *definition = hs_array_append(gathering->ret);

	if (!definition)
		return false;
	*definition = (struct hs_definition){
		.kind = "class",
		.name = strdup(hs_type_full_name(gathering->heap->types, type)),
		.file = site.filename ? read_text(gathering->heap->py, site.filename) : strdup(""),
		.line = site.line > 0 ? (uint32_t)site.line : 0,
		.count = totals->count,
		.bytes = totals->bytes,
	};
	return definition->name && definition->file;
}

/* After everything else: the numbers of the index are places in the list. */
static bool add_classes(struct gathering *gathering)
{
	size_t n, n_types;
	const struct hs_type_totals *totals = hs_heap_totals(gathering->heap->heap, &n);

	for (size_t i = 0; i < n; i++) {
		/* a look at a class may show types that were not known yet: the array moves */
		const struct hs_type *const *types = hs_types_all(gathering->heap->types, &n_types);
		if (i < n_types && totals[i].count && types[i]->is_python_class && !add_class(gathering, types[i], &totals[i]))
			return false;
	}
	return true;
}

static int compare_definitions(const void *a, const void *b)
{
	const struct hs_definition *left = a, *right = b;

	if (left->bytes != right->bytes)
		return left->bytes > right->bytes ? -1 : 1;
	if (left->count != right->count)
		return left->count > right->count ? -1 : 1;
	int order = strcmp(left->file, right->file);
	if (order || left->line != right->line)
		return order ? order : left->line < right->line ? -1 : 1;
	/* of one picture the order is the same in every run: several may have no line */
	order = strcmp(left->name, right->name);
	return order ? order : strcmp(left->kind, right->kind);
}

static void release_index(struct gathering *gathering)
{
	hs_address_index_free(&gathering->sites);
}

struct hs_error *hs_definitions_of(const struct hs_process_heap *heap, struct hs_definition_list *ret)
{
	HS_CLEANUP(release_index) struct gathering gathering = { .heap = heap, .ret = ret };

	hs_heap_for_each(heap->heap, add_object, &gathering);
	HS_TRY(add_calls(&gathering));
	if (gathering.is_short || !add_classes(&gathering))
		return hs_error_no_memory();
	if (ret->n)
		qsort(ret->items, ret->n, sizeof(*ret->items), compare_definitions);
	return NULL;
}

void hs_definitions_release(struct hs_definition_list *definitions)
{
	for (size_t i = 0; i < definitions->n; i++) {
		free(definitions->items[i].name);
		free(definitions->items[i].file);
	}
	hs_array_free(definitions);
}
