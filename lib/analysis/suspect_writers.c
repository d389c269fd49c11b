/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions whose code may be what makes a suspect grow: they name its attribute or variable, and store into it or call a method that
 * adds. Read from names and instructions of code objects; what runs is not known, so they are candidates and no more.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "address_index.h"
#include "bounded_text.h"
#include "cleanup.h"
#include "code.h"
#include "escape.h"
#include "reach_internal.h"
#include "repr.h"
#include "suspect_internal.h"
#include "unicode.h"

#define MAX_WRITERS 3
#define MAX_NAMES 4096         /* of one function */
#define MAX_INSTRUCTIONS 20000 /* of one function, in units of two bytes */
#define CALL_WITHIN 14         /* units between a name and the method that is called on it, caches included */
#define STORE_NEAR 18          /* … and the store of an item, with a short key … */
#define STORE_WITHIN 40        /* … with any */
#define REWRITTEN_WITHIN 24    /* units between a name that is read and the store of the same name: name += … */
#define SURE_FIT 3             /* of writes_to() */
#define CALL_BEFORE 8          /* units before a name that is an argument: heappush(heap, item) */

/* A code object with the first function that was met of those that have it: closures are made by the million. */
struct function {
	struct hs_code code;
	hs_addr module, name;    /* str */
	const uint8_t *names;    /* n_names addresses of str; in the image */
	size_t n_names;
	const uint8_t *constants; /* n_constants addresses; in the image */
	size_t n_constants;
	const uint8_t *units;    /* n_units pairs of instruction and argument; in the image; NULL: unknown */
	size_t n_units;
};

struct finding {
	struct suspect_search *search;
	const struct hs_process_heap *heap;
	HS_ARRAY(struct function) functions;
	struct hs_address_index codes; /* that were looked at */
};

static void finding_deinit(struct finding *finding)
{
	hs_array_free(&finding->functions);
	hs_address_index_free(&finding->codes);
}

/* The items of a tuple of the code's; NULL: there are none, or too many. */
static const uint8_t *items_of(const struct hs_process_heap *heap, const struct hs_object *code, const char *field, size_t *ret_n)
{
	const struct hs_cpython *py = heap->py;
	hs_addr tuple = hs_object_field(py, code, field);
	struct hs_object object;
	uint64_t n;

	*ret_n = 0;
	if (!tuple || !hs_object_at(py, heap->types, tuple, &object) || !hs_object_length(py, &object, &n) || n > MAX_NAMES)
		return NULL;
	const uint8_t *items = hs_image_at(py->image, tuple + (uint32_t)HS_OFFSET(py->layout, PyTupleObject, ob_item), n * 8);
	*ret_n = items ? n : 0;
	return items;
}

static void read_units(const struct hs_process_heap *heap, const struct hs_object *code, struct function *function)
{
	const struct hs_cpython *py = heap->py;
	hs_addr bytes = function->code.instructions ? 0 : hs_object_field(py, code, "co_code");
	struct hs_object object;
	uint64_t n = function->code.instructions ? (uint64_t)hs_ob_size(py, code) : 0;

	if (bytes && hs_object_at(py, heap->types, bytes, &object) && hs_object_length(py, &object, &n))
		n /= 2;
	if (!n || n > MAX_INSTRUCTIONS)
		return;
	hs_addr start = function->code.instructions ? function->code.instructions : bytes + (uint32_t)HS_OFFSET(py->layout, PyBytesObject, ob_sval);
	function->units = hs_image_at(py->image, start, n * 2);
	function->n_units = function->units ? n : 0;
}

static hs_addr code_of(const struct finding *finding, hs_node node, struct hs_heap_object *ret_entry)
{
	if (!hs_graph_object(finding->search->input->graph, node, ret_entry))
		return 0;
	return hs_object_field(finding->heap->py, &ret_entry->object, "__code__");
}

static struct hs_error *add_function(struct finding *finding, const struct hs_object *entry, hs_addr address)
{
	const struct hs_cpython *py = finding->heap->py;
	struct function function = { .module = hs_object_field(py, entry, "__module__") };
	struct hs_object code;

	if (!hs_code_read(py, address, &function.code) || !hs_object_at(py, finding->heap->types, address, &code))
		return NULL;
	function.name = hs_object_field(py, entry, "__qualname__");
	function.names = items_of(finding->heap, &code, "co_names", &function.n_names);
	function.constants = items_of(finding->heap, &code, "co_consts", &function.n_constants);
	read_units(finding->heap, &code, &function);
	struct function *slot = hs_array_append(&finding->functions);
	if (!slot)
		return hs_error_no_memory();
	*slot = function;
	return NULL;
}

static struct hs_error *list_functions(struct finding *finding)
{
	const struct hs_graph *graph = finding->search->input->graph;
	struct hs_heap_object entry;

	for (hs_node node = 0; node < hs_graph_node_count(graph); node++) {
		bool is_new = false;
		hs_addr code = finding->search->input->reach->classes[node] == CLASS_FUNCTION ? code_of(finding, node, &entry) : 0;
		if (!code)
			continue;
		if (hs_address_index_add(&finding->codes, code, &is_new) == HS_NO_INDEX)
			return hs_error_no_memory();
		if (is_new)
			HS_TRY(add_function(finding, &entry.object, code));
	}
	return NULL;
}

static hs_addr word_at(const uint8_t *words, size_t i)
{
	hs_addr word;

	memcpy(&word, words + i * sizeof(word), sizeof(word));
	return word;
}

/* The name's place in a function's list of names; SIZE_MAX: it is not there. */
static size_t place_of(const struct hs_cpython *py, const uint8_t *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (hs_str_equals(py, word_at(names, i), name))
			return i;
	return SIZE_MAX;
}

/* Methods that add: whole names, and what longer ones begin with. */
static bool adds(const char *name)
{
	static const char *const whole[] = { "append", "appendleft", "extend", "extendleft", "insert", "setdefault", "update", "put", "put_nowait", "push",
					     "send", "submit", "write", "writelines", "connect", "listen", "subscribe", "attach", "enqueue", "__setitem__", "heappush", "intern" };
	static const char *const beginnings[] = { "add", "append", "register", "push_", "put_", "insert_", "subscribe_", "connect_", "call_later",
						  "call_at", "call_soon", "create_task", "ensure_future" };

	for (size_t i = 0; i < sizeof(whole) / sizeof(*whole); i++)
		if (!strcmp(whole[i], name))
			return true;
	for (size_t i = 0; i < sizeof(beginnings) / sizeof(*beginnings); i++)
		if (!strncmp(beginnings[i], name, strlen(beginnings[i])))
			return true;
	return false;
}

static bool is_opcode(uint8_t unit, const uint8_t *opcodes, size_t n)
{
	for (size_t i = 0; i < n && opcodes[i]; i++)
		if (opcodes[i] == unit)
			return true;
	return false;
}

/* The argument may carry a bit for what else the instruction does. */
static bool is_name_unit(const uint8_t *unit, size_t name)
{
	return unit[1] == (uint8_t)name || unit[1] >> 1 == (uint8_t)name;
}

static bool is_adding(const uint8_t *unit, const uint64_t *adding)
{
	unsigned name = unit[1];

	return unit[0] && (adding[name / 64] >> name % 64 & 1 || adding[name / 128] >> (name / 2) % 64 & 1);
}

static bool is_store_of(const struct hs_features *features, const uint8_t *unit, size_t name)
{
	return unit[1] == (uint8_t)name && is_opcode(unit[0], features->store_name_opcodes, sizeof(features->store_name_opcodes));
}

/* What was read at `at` gets more, and its name again: "buffer += data". */
static bool is_added_to(const struct hs_features *features, const struct function *function, size_t at, size_t name)
{
	bool is_more = false;

	for (size_t i = at + 1; i < function->n_units && i <= at + REWRITTEN_WITHIN; i++) {
		const uint8_t *unit = function->units + 2 * i;
		if (is_store_of(features, unit, name))
			return is_more;
		is_more |= unit[1] >= features->inplace_argument && is_opcode(unit[0], features->inplace_opcodes, sizeof(features->inplace_opcodes));
	}
	return false;
}

/* How well the code around a use of the name fits: 3: a method that adds is called, an item is stored; 2: perhaps; 0: nothing does. */
static unsigned look_around(const struct hs_features *features, const struct function *function, size_t at, const uint64_t *adding)
{
	const uint8_t *units = function->units;

	for (size_t i = at + 1; i < function->n_units && i <= at + STORE_WITHIN; i++) {
		if (is_opcode(units[2 * i], features->store_item_opcodes, sizeof(features->store_item_opcodes)) && !units[2 * i + 1])
			return i <= at + STORE_NEAR ? 3 : 2;
		if (i <= at + CALL_WITHIN && is_adding(&units[2 * i], adding))
			return 3;
	}
	for (size_t i = at < CALL_BEFORE ? 0 : at - CALL_BEFORE; i < at; i++)
		if (is_adding(&units[2 * i], adding))
			return 2;
	return 0;
}

/* It has the name as a str: the key of a dict. */
static bool has_constant(const struct finding *finding, const struct function *function, const char *name)
{
	size_t place = place_of(finding->heap->py, function->constants, function->n_constants, name);
	struct hs_object object;

	return place != SIZE_MAX && hs_object_at(finding->heap->py, finding->heap->types, word_at(function->constants, place), &object) &&
	       !strcmp(object.type->kind->tp_name, "str");
}

/* As a global, an attribute, a variable of its own or of the functions around it. */
static bool has_name(const struct finding *finding, const struct function *function, const char *name)
{
	const struct hs_cpython *py = finding->heap->py;
	const struct hs_code *code = &function->code;

	return place_of(py, function->names, function->n_names, name) != SIZE_MAX ||
	       place_of(py, code->names[0], code->kinds ? code->n_slots : code->n_names[0], name) != SIZE_MAX ||
	       place_of(py, code->names[2], code->n_names[2], name) != SIZE_MAX || place_of(py, code->names[1], code->n_names[1], name) != SIZE_MAX;
}

/* How likely a function writes to what `name` names: 3, 2: by the code around the name; 1: it names it and something that adds; 0: no. */
static unsigned writes_to(const struct finding *finding, const struct function *function, const char *name)
{
	const struct hs_cpython *py = finding->heap->py;
	const struct hs_features *features = &py->layout->features;
	size_t place = place_of(py, function->names, function->n_names, name);
	uint64_t adding[4] = { 0 }; /* the first 256 names: a set of those that add */
	bool any = false, stores = false;
	unsigned best = 0;

	if (!has_name(finding, function, name) && !has_constant(finding, function, name))
		return 0;
	for (size_t i = 0; i < function->n_names; i++) {
		char text[32];
		if (!hs_str_read(py, word_at(function->names, i), text, sizeof(text)) || !adds(text))
			continue;
		any = true;
		if (i < 256)
			adding[i / 64] |= (uint64_t)1 << i % 64;
	}
	for (size_t i = 0; i < function->n_units; i++) {
		const uint8_t *unit = function->units + 2 * i;
		stores |= is_opcode(unit[0], features->store_item_opcodes, sizeof(features->store_item_opcodes)) && !unit[1];
		if (place == SIZE_MAX || unit[0] == 0 || !is_name_unit(unit, place))
			continue;
		/* giving the name a new object is where a chain grows, and where anything begins */
		if (is_store_of(features, unit, place)) {
			best = best < 1 ? 1 : best;
			continue;
		}
		unsigned fits = is_added_to(features, function, i, place) ? 3 : look_around(features, function, i, adding);
		best = fits > best ? fits : best;
	}
	return best ? best : any || stores;
}

struct candidate {
	const struct function *function;
	unsigned rank;
	unsigned fits;   /* as writes_to() tells */
	bool is_foreign; /* neither the user's nor of the module or class that has the container: its name may be that of another */
};

static int compare_candidates(const void *a, const void *b)
{
	const struct candidate *left = a, *right = b;

	if (left->rank != right->rank)
		return left->rank > right->rank ? -1 : 1;
	return left->function < right->function ? -1 : left->function > right->function;
}

/* What the writers of a suspect are known by. */
struct wanted {
	char names[2][HS_REFERENCE_NAME_BYTES]; /* the container's own, the owner's; "": none */
	char module[HS_REFERENCE_NAME_BYTES];   /* of the owner */
	const struct hs_type *class;            /* that has the container; NULL: none of Python's */
	hs_addr code;                           /* of the function whose default it is; 0: none's */
};

static bool is_name_kind(const struct hs_named_step *step)
{
	return step->name && (step->kind == HS_EDGE_ATTRIBUTE || step->kind == HS_EDGE_SLOT || step->kind == HS_EDGE_LOCAL || step->kind == HS_EDGE_CELL ||
			      step->kind == HS_EDGE_VALUE);
}

/* The bare name of a step: globals are values of a module's dict, by the repr of their key. */
static void take_name(const struct hs_named_step *step, char *ret, size_t ret_bytes)
{
	/* a key that is an object is named by where it is found: "app.SPANS" */
	const char *dot = step->kind == HS_EDGE_VALUE ? strrchr(step->name, '.') : NULL;

	if (!hs_attribute_of_key(step->name, ret, ret_bytes))
		snprintf(ret, ret_bytes, "%s", dot ? dot + 1 : step->name);
}

/* A key that is a global of some module, as a context variable is: that module's functions know it. */
static void take_module(const struct hs_named_step *step, struct wanted *wanted)
{
	const char *dot = step->kind == HS_EDGE_VALUE && step->name && *step->name != '\'' && *step->name != '"' ? strrchr(step->name, '.') : NULL;

	if (dot && !*wanted->module)
		snprintf(wanted->module, sizeof(wanted->module), "%.*s", (int)(dot - step->name), step->name);
}

/* Names on the way, from the container outwards; and the first class of Python's that it belongs to. */
static void find_wanted(const struct finding *finding, const struct hs_suspect *suspect, struct wanted *wanted)
{
	const struct hs_graph *graph = finding->search->input->graph;
	struct hs_heap_object entry;
	bool has_own = false, has_owners = false;

	*wanted = (struct wanted){ 0 };
	for (size_t i = suspect->path.steps.n; i-- > 0;) {
		const struct hs_named_step *step = &suspect->path.steps.items[i];
		hs_node from = hs_graph_node_at(graph, step->from);
		const struct hs_type *type = hs_graph_type(graph, from);
		if (i && is_name_kind(step) && !has_own) {
			take_name(step, wanted->names[0], sizeof(wanted->names[0]));
			has_own = true;
			has_owners = i < suspect->n_owner_steps;
		} else if (i && is_name_kind(step) && !has_owners && i < suspect->n_owner_steps) {
			take_name(step, wanted->names[1], sizeof(wanted->names[1]));
			has_owners = true;
		}
		take_module(step, wanted);
		if (!wanted->class && path_shapes_is_instance(type))
			wanted->class = type;
		if (suspect->root == HS_SUSPECT_OF_DEFAULT && type && finding->search->input->reach->classes[from] == CLASS_FUNCTION)
			wanted->code = code_of(finding, from, &entry);
	}
	if (suspect->path.root.kind == HS_ROOT_MODULE && suspect->path.root.name)
		snprintf(wanted->module, sizeof(wanted->module), "%s", suspect->path.root.name);
	/* its owner has the name that the module has in code */
	if (suspect->path.root.kind == HS_ROOT_ATEXIT)
		snprintf(wanted->names[0], sizeof(wanted->names[0]), "%s", suspect->owner);
	if (suspect->path.root.kind == HS_ROOT_FRAME) {
		if (suspect->path.root.module)
			snprintf(wanted->module, sizeof(wanted->module), "%s", suspect->path.root.module);
		if (!has_owners && suspect->path.root.name)
			snprintf(wanted->names[has_own], sizeof(wanted->names[0]), "%s", suspect->path.root.name);
	}
}

/* A method of the class, or of one that it derives from, by module and qualified name: "app.Room" + ".say". */
static bool is_method_of(const struct finding *finding, const struct hs_type *class, const char *module, const char *name)
{
	size_t bytes = strlen(module);

	for (; class && class->is_python_class; class = class->base_type) {
		const char *full_name = hs_type_full_name(finding->heap->types, class);
		if (strncmp(full_name, module, bytes) || full_name[bytes] != '.')
			continue;
		size_t rest = strlen(full_name + bytes + 1);
		if (!strncmp(name, full_name + bytes + 1, rest) && name[rest] == '.')
			return true;
	}
	return false;
}

/* 0 ranks: it is none. */
static struct candidate judge(const struct finding *finding, const struct function *function, const struct wanted *wanted)
{
	struct candidate candidate = { .function = function };
	const struct hs_cpython *py = finding->heap->py;
	unsigned own = *wanted->names[0] ? writes_to(finding, function, wanted->names[0]) : 0;
	unsigned owners = *wanted->names[1] ? writes_to(finding, function, wanted->names[1]) : 0;
	char module[HS_REFERENCE_NAME_BYTES] = "", name[HS_REFERENCE_NAME_BYTES] = "";

	if (wanted->code && function->code.address == wanted->code) {
		candidate.rank = UINT32_MAX;
		candidate.fits = SURE_FIT;
	}
	if (candidate.rank || (!own && owners < 2))
		return candidate;
	hs_str_read(py, function->module, module, sizeof(module));
	hs_str_read(py, function->name, name, sizeof(name));
	bool is_method = is_method_of(finding, wanted->class, module, name), is_near = is_method || !strcmp(module, wanted->module);
	bool is_users = suspect_origin_of_module(finding->search->input->reach, module) == ORIGIN_USER;

	candidate.fits = own > owners ? own : owners;
	candidate.is_foreign = !is_near && !is_users;
	/* a name that is elsewhere may be anything's */
	if (is_near || own >= 2 || owners >= 2)
		candidate.rank = 1 + 8 * candidate.fits + 4 * is_method + 3 * is_near + 2 * is_users + (own >= 2) + 3 * (is_users && is_near);
	return candidate;
}

static bool write_writer(const struct finding *finding, const struct function *function, struct hs_suspect *suspect)
{
	const struct hs_cpython *py = finding->heap->py;
	char module[HS_REFERENCE_NAME_BYTES] = "", name[HS_REFERENCE_NAME_BYTES] = "?", file[1024] = "?";
	char text[3 * HS_REFERENCE_NAME_BYTES + sizeof(file)], safe[sizeof(text)];

	hs_str_read(py, function->module, module, sizeof(module));
	hs_str_read(py, function->name ? function->name : function->code.name, name, sizeof(name));
	hs_str_read(py, function->code.filename, file, sizeof(file));
	const char *slash = strrchr(file, '/');
	snprintf(text, sizeof(text), "%s%s%s (%s:%d)", module, *module ? "." : "", name, slash ? slash + 1 : file, (int)function->code.first_line);
	hs_escape(safe, sizeof(safe), text, strlen(text));
	return suspect_text_add(&suspect->writers, "%s", safe);
}

static struct hs_error *find_for(const struct finding *finding, struct hs_suspect *suspect)
{
	HS_ARRAY(struct candidate) found = { 0 };
	struct wanted wanted;
	bool is_short = false;

	find_wanted(finding, suspect, &wanted);
	for (size_t i = 0; i < finding->functions.n && !is_short; i++) {
		const struct candidate candidate = judge(finding, &finding->functions.items[i], &wanted);
		struct candidate *slot = candidate.rank ? hs_array_append(&found) : NULL;
		is_short = candidate.rank && !slot;
		if (slot)
			*slot = candidate;
	}
	if (found.n)
		qsort(found.items, found.n, sizeof(*found.items), compare_candidates);
	for (size_t i = 0; i < found.n && suspect->writers.n < MAX_WRITERS && !is_short; i++) {
		/* where one of its own fits, others are so called by chance */
		bool is_chance = found.items[i].is_foreign && !found.items[0].is_foreign && found.items[0].fits >= SURE_FIT;
		if (!is_chance)
			is_short = !write_writer(finding, found.items[i].function, suspect);
	}
	hs_array_free(&found);
	return is_short ? hs_error_no_memory() : NULL;
}

struct hs_error *suspect_find_writers(struct suspect_search *search, struct hs_suspects *ret)
{
	HS_CLEANUP(finding_deinit) struct finding finding = { .search = search, .heap = search->input->heap };

	if (!ret->list.n)
		return NULL;
	HS_TRY(list_functions(&finding));
	for (size_t i = 0; i < ret->list.n; i++)
		if (ret->list.items[i].path.expression)
			HS_TRY(find_for(&finding, &ret->list.items[i]));
	return NULL;
}
