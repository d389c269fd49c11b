/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runtime's structs word by word. Members with a name are reported by it; parts whose words are no references, or borrowed
 * ones, are left out by name; every other word is reported as scanned, and is a reference that counts if an object starts there.
 */
#include "root_state.h"

#include "attribute.h"
#include "dict.h"
#include "exact_type.h"
#include "reference_name.h"
#include "static_data.h"


#define WORD 8
#define TYPE_CACHE_ENTRIES 4096 /* Objects/typeobject.c: MCACHE_SIZE_EXP, all versions */
#define FUNCTION_CACHE_BYTES (WORD + 4096 * 16) /* pycore_function.h, 3.13+: FUNC_VERSION_CACHE_SIZE pairs, borrowed */
#define MAX_CALLBACKS (1u << 20)
#define MAX_IDENTIFIERS (1u << 20)
#define FREE_LIST_ENTRIES 80 /* PyList_MAXFREELIST, PyDict_MAXFREELIST */
#define FREE_LIST_MIN_RUN 8

/*
 * A member that Python's users know by a name. Another release's table may be in use, in which it stands elsewhere: what is no
 * object of `type` (NULL: any) is not believed to be it.
 */
struct state_member {
	enum hs_field_id field;
	enum hs_root_kind kind;
	const char *name, *type;
};

#define INTERPRETER(member, kind, type, name) { HS_FIELD_PyInterpreterState_##member, HS_ROOT_##kind, name, type }
#define THREAD(structure, member, kind, name) { HS_FIELD_##structure##_##member, HS_ROOT_##kind, name, NULL }

static const struct state_member interpreter_members[] = {
	INTERPRETER(modules, INTERPRETER, "dict", "sys.modules"),
	INTERPRETER(imports_modules, INTERPRETER, "dict", "sys.modules"),
	INTERPRETER(modules_by_index, INTERPRETER, "list", "modules_by_index"),
	INTERPRETER(sysdict, INTERPRETER, "dict", "sys.__dict__"),
	INTERPRETER(builtins, BUILTINS, "dict", "builtins.__dict__"),
	INTERPRETER(importlib, INTERPRETER, "module", "importlib"),
	INTERPRETER(import_func, INTERPRETER, NULL, "import_func"),
	INTERPRETER(codec_search_path, CODECS, "list", "codec_search_path"),
	INTERPRETER(codec_search_cache, CODECS, "dict", "codec_search_cache"),
	INTERPRETER(codec_error_registry, CODECS, "dict", "codec_error_registry"),
	INTERPRETER(dict, INTERPRETER, "dict", "dict"),
	INTERPRETER(before_forkers, INTERPRETER, "list", "before_forkers"),
	INTERPRETER(after_forkers_parent, INTERPRETER, "list", "after_forkers_parent"),
	INTERPRETER(after_forkers_child, INTERPRETER, "list", "after_forkers_child"),
	INTERPRETER(audit_hooks, INTERPRETER, "list", "audit_hooks"),
	INTERPRETER(interned_strings, INTERPRETER, "dict", "interned_strings"),
};

static const struct state_member thread_members[] = {
	THREAD(PyThreadState, c_profileobj, THREAD, "sys.getprofile()"),
	THREAD(PyThreadState, c_traceobj, THREAD, "sys.gettrace()"),
	THREAD(PyThreadState, curexc_type, THREAD, "curexc_type"),
	THREAD(PyThreadState, curexc_value, THREAD, "curexc_value"),
	THREAD(PyThreadState, curexc_traceback, THREAD, "curexc_traceback"),
	THREAD(PyThreadState, current_exception, THREAD, "current_exception"),
	THREAD(PyThreadState, exc_type, THREAD, "exc_type"),
	THREAD(PyThreadState, exc_value, THREAD, "exc_value"),
	THREAD(PyThreadState, exc_traceback, THREAD, "exc_traceback"),
	THREAD(PyThreadState, dict, THREAD, "dict"),
	THREAD(PyThreadState, async_exc, THREAD, "async_exc"),
	THREAD(PyThreadState, context, CONTEXT, "context"),
	THREAD(PyThreadState, async_gen_firstiter, ASYNC, "async_gen_firstiter"),
	THREAD(PyThreadState, async_gen_finalizer, ASYNC, "async_gen_finalizer"),
	THREAD(PyThreadStateImpl, asyncio_running_loop, ASYNC, "running_loop"),
	THREAD(PyThreadStateImpl, asyncio_running_task, ASYNC, "running_task"),
};

/* A part of a struct that a scan leaves out. */
struct gap {
	hs_addr start, end;
};

#define MAX_GAPS 64

/* A struct that is gone through. */
struct state {
	const struct hs_root_visit *visit;
	const struct hs_thread_state *thread; /* NULL: no thread's */
	enum hs_root_kind kind;         /* of words without a name */
	hs_addr start;
	uint64_t bytes;
	const struct hs_pymalloc *pymalloc; /* whose pools are left out; NULL: none */
	struct gap gaps[MAX_GAPS];
	unsigned n_gaps;
};

static void add_gap(struct state *state, hs_addr start, uint64_t bytes)
{
	if (state->n_gaps < MAX_GAPS)
		state->gaps[state->n_gaps++] = (struct gap){ start, start + bytes };
}

/* Leaves out a member; `bytes` 0: its own size. */
static void add_member_gap(struct state *state, enum hs_field_id id, uint64_t bytes)
{
	const struct hs_field *field = &state->visit->py->layout->fields[id];

	if (field->offset != HS_ABSENT)
		add_gap(state, state->start + (uint32_t)field->offset, bytes ? bytes : field->bytes);
}

static void report(const struct state *state, enum hs_root_kind kind, hs_addr where, unsigned relation, const char *name)
{
	const struct hs_root root = {
		.kind = kind, .address = hs_image_word(state->visit->py->image, where), .relation = (uint8_t)relation,
		.edge_kind = name ? HS_EDGE_FIELD : HS_EDGE_SCAN, .name = name, .where = where, .thread = state->thread,
	};

	if (root.address)
		state->visit->callback(state->visit->context, &root);
}

/* True if the word at `where` refers to an object of the type called `type`; NULL: of any. */
static bool is_of_type(const struct state *state, hs_addr where, const char *type)
{
	const struct hs_cpython *py = state->visit->py;

	return !type || hs_is_exactly(py, hs_image_word(py->image, where), type);
}

static void report_members(struct state *state, const struct state_member *members, size_t n)
{
	const struct hs_layout *layout = state->visit->py->layout;

	for (size_t i = 0; i < n; i++) {
		int32_t offset = layout->fields[members[i].field].offset;
		if (offset == HS_ABSENT || !is_of_type(state, state->start + (uint32_t)offset, members[i].type))
			continue;
		report(state, members[i].kind, state->start + (uint32_t)offset, HS_OWNED, members[i].name);
		add_gap(state, state->start + (uint32_t)offset, WORD);
	}
}

static bool is_in_gap(const struct state *state, hs_addr at, hs_addr *ret_end)
{
	for (unsigned i = 0; i < state->n_gaps; i++)
		if (at >= state->gaps[i].start && at < state->gaps[i].end) {
			*ret_end = state->gaps[i].end;
			return true;
		}
	return false;
}

/* True if nothing at `at` is to be read: then *ret_end is where to go on. */
static bool is_left_out(const struct state *state, hs_addr at, hs_addr *ret_end)
{
	const struct hs_pool *pool = state->pymalloc ? hs_pool_of(state->pymalloc, at) : NULL;

	if (pool) {
		*ret_end = pool->base + state->visit->py->layout->features.pool_bytes;
		return true;
	}
	*ret_end = (at | (HS_PAGE_BYTES - 1)) + 1;
	return is_in_gap(state, at, ret_end) || !hs_image_at(state->visit->py->image, at, WORD);
}

/*
 * A C variable that names a static type, which does not count it in every version; nor do the first words of the static objects that
 * are parts of the runtime's struct.
 */
static bool is_borrowed(const struct state *state, hs_addr word)
{
	const struct hs_cpython *py = state->visit->py;

	return state->kind != HS_ROOT_THREAD && py->layout->features.static_variables_borrow_types && hs_image_is_static(py->image, word) &&
	       hs_is_exactly(py, word, "type") &&
	       !(hs_image_word(py->image, word + (uint32_t)HS_OFFSET(py->layout, PyTypeObject, tp_flags)) & HS_TPFLAGS_HEAPTYPE);
}

static void scan_rest(const struct state *state)
{
	hs_addr end = state->start + state->bytes, next;

	/* a hostile size must not wrap around, nor be gone through where nothing is */
	if (end >> 47 || end < state->start)
		return;
	for (hs_addr at = (state->start + WORD - 1) & ~(hs_addr)(WORD - 1); at + WORD <= end;) {
		if (is_left_out(state, at, &next)) {
			at = (next + WORD - 1) & ~(hs_addr)(WORD - 1);
			continue;
		}
		hs_addr word = hs_image_word(state->visit->py->image, at);
		if (word >= HS_PAGE_BYTES && !(word >> 47) && !(word & (WORD - 1)) && !is_borrowed(state, word))
			report(state, state->kind, at, HS_OWNED | HS_SCANNED, NULL);
		at += WORD;
	}
}

/* Entries { version, name, value }: the names are owned, the values borrowed from their types. */
static void report_type_cache(struct state *state, hs_addr start)
{
	const uint32_t stride = 3 * WORD;

	for (uint32_t i = 0; i < TYPE_CACHE_ENTRIES; i++) {
		hs_addr name = start + i * stride + WORD;
		/* an entry that is not in use may hold None */
		if (is_of_type(state, name, "str") || is_of_type(state, name, "NoneType"))
			report(state, HS_ROOT_INTERPRETER, name, HS_OWNED, "type_cache");
	}
	add_gap(state, start, TYPE_CACHE_ENTRIES * stride);
}

static void report_exit_callback(void *context, const struct hs_reference_run *run)
{
	const struct state *state = context;

	if (run->kind != HS_EDGE_FIELD || !run->name || strncmp(run->name, "callback", strlen("callback")))
		return;
	const struct hs_root root = { .kind = HS_ROOT_ATEXIT, .address = hs_reference_target(run, 0), .edge_kind = HS_EDGE_FIELD, .name = run->name };
	if (root.address)
		state->visit->callback(state->visit->context, &root);
}

/* Up to 3.9 the module keeps them, and owns them. */
static void report_atexit_module(const struct state *state)
{
	const struct hs_cpython *py = state->visit->py;
	const struct hs_visitor visitor = hs_visitor_of_references(report_exit_callback, (void *)state);
	hs_addr modules = hs_modules(py, state->start), module = modules ? hs_dict_find(py, modules, "atexit") : 0;
	struct hs_object object;

	if (module && hs_object_at(py, state->visit->types, module, &object))
		hs_object_visit(py, &object, &visitor);
}

/* 3.10 to 3.13: an array of pointers to { func, args, kwargs }; later a list. */
static void report_atexit(struct state *state)
{
	const struct hs_cpython *py = state->visit->py;
	const struct hs_layout *layout = py->layout;
	uint32_t n = 0;

	if (!HS_HAS(layout, PyInterpreterState, atexit_callbacks)) {
		report_atexit_module(state);
		return;
	}
	hs_addr member = state->start + (uint32_t)HS_OFFSET(layout, PyInterpreterState, atexit_callbacks);
	if (!HS_HAS(layout, PyInterpreterState, atexit_ncallbacks)) {
		report(state, HS_ROOT_ATEXIT, member, HS_OWNED, "callbacks");
		add_gap(state, member, WORD);
		return;
	}
	hs_image_u32(py->image, state->start + (uint32_t)HS_OFFSET(layout, PyInterpreterState, atexit_ncallbacks), &n);
	hs_addr array = hs_image_word(py->image, member);
	for (uint32_t i = 0; i < n && n < MAX_CALLBACKS; i++) {
		hs_addr callback = hs_image_word(py->image, array + (hs_addr)i * WORD);
		if (!callback)
			continue;
		report(state, HS_ROOT_ATEXIT, callback + (uint32_t)HS_OFFSET(layout, atexit_py_callback, func), HS_OWNED, "func");
		report(state, HS_ROOT_ATEXIT, callback + (uint32_t)HS_OFFSET(layout, atexit_py_callback, args), HS_OWNED, "args");
		report(state, HS_ROOT_ATEXIT, callback + (uint32_t)HS_OFFSET(layout, atexit_py_callback, kwargs), HS_OWNED, "kwargs");
	}
}

/* _Py_Identifier objects by index, 3.10+. */
static void report_identifiers(struct state *state)
{
	const struct hs_cpython *py = state->visit->py;
	const struct hs_layout *layout = py->layout;

	if (!HS_HAS(layout, PyInterpreterState, unicode_ids_array))
		return;
	uint64_t n = hs_image_word(py->image, state->start + (uint32_t)HS_OFFSET(layout, PyInterpreterState, unicode_ids_size));
	hs_addr array = hs_image_word(py->image, state->start + (uint32_t)HS_OFFSET(layout, PyInterpreterState, unicode_ids_array));
	for (uint64_t i = 0; i < n && n < MAX_IDENTIFIERS; i++)
		report(state, HS_ROOT_INTERPRETER, array + i * WORD, HS_OWNED, "identifiers");
}

/* The collector's lists are no references; two of its members are. */
static void report_collector(struct state *state, int32_t offset)
{
	const struct hs_layout *layout = state->visit->py->layout;

	if (offset == HS_ABSENT)
		return;
	hs_addr gc = state->start + (uint32_t)offset;
	report(state, HS_ROOT_INTERPRETER, gc + (uint32_t)HS_OFFSET(layout, gc_runtime_state, garbage), HS_OWNED, "gc.garbage");
	report(state, HS_ROOT_INTERPRETER, gc + (uint32_t)HS_OFFSET(layout, gc_runtime_state, callbacks), HS_OWNED, "gc.callbacks");
	add_gap(state, gc, HS_SIZEOF(layout, gc_runtime_state));
}

static uint64_t thread_state_bytes(const struct hs_layout *layout)
{
	return HS_SIZEOF(layout, PyThreadStateImpl) ? HS_SIZEOF(layout, PyThreadStateImpl) : HS_SIZEOF(layout, PyThreadState);
}

/* The first thread's state is part of its interpreter's, the main interpreter part of the runtime. */
static void add_part_gaps(struct state *state)
{
	const struct hs_cpython *py = state->visit->py;

	for (size_t i = 0; i < py->interpreters.n; i++)
		if (py->interpreters.items[i].address != state->start)
			add_gap(state, py->interpreters.items[i].address, HS_SIZEOF(py->layout, PyInterpreterState));
	for (size_t i = 0; i < py->threads.n; i++)
		if (py->threads.items[i] >= state->start && py->threads.items[i] < state->start + state->bytes)
			add_gap(state, py->threads.items[i], thread_state_bytes(py->layout));
}

/* Parts that hold no references, borrowed ones, or such as others report. */
static void add_interpreter_gaps(struct state *state)
{
	const struct hs_layout *layout = state->visit->py->layout;

	add_member_gap(state, HS_FIELD_PyInterpreterState_next, 0);
	add_member_gap(state, HS_FIELD_PyInterpreterState_obmalloc,
		       layout->features.obmalloc_is_pointer ? WORD : HS_SIZEOF(layout, obmalloc_state));
	/* of static types: reported by the type objects */
	add_member_gap(state, HS_FIELD_PyInterpreterState_static_builtin_types, 0);
	add_member_gap(state, HS_FIELD_PyInterpreterState_static_builtin_types_13, 0);
	add_member_gap(state, HS_FIELD_PyInterpreterState_static_extension_types, 0);
	/* arrays of freed objects, whose unused end still names what was taken from there */
	add_member_gap(state, HS_FIELD_PyInterpreterState_list_state, 0);
	add_member_gap(state, HS_FIELD_PyInterpreterState_dict_state, 0);
	add_member_gap(state, HS_FIELD_PyInterpreterState_async_gen_state, 0);
	add_member_gap(state, HS_FIELD_PyInterpreterState_object_freelists, 0);
	/* borrowed */
	add_member_gap(state, HS_FIELD_PyInterpreterState_type_version_cache, 0);
	add_member_gap(state, HS_FIELD_PyInterpreterState_callable_cache, 0);
	add_member_gap(state, HS_FIELD_PyInterpreterState_common_consts, 0);
	add_member_gap(state, HS_FIELD_PyInterpreterState_objreduce, 0);
	add_member_gap(state, HS_FIELD_PyInterpreterState_func_state, FUNCTION_CACHE_BYTES);
}

void hs_root_visit_interpreter(const struct hs_root_visit *visit, hs_addr interpreter)
{
	const struct hs_layout *layout = visit->py->layout;
	struct state state = {
		.visit = visit, .kind = HS_ROOT_INTERPRETER, .start = interpreter, .bytes = HS_SIZEOF(layout, PyInterpreterState),
	};

	report_members(&state, interpreter_members, sizeof(interpreter_members) / sizeof(interpreter_members[0]));
	report_collector(&state, HS_OFFSET(layout, PyInterpreterState, gc));
	report_atexit(&state);
	report_identifiers(&state);
	if (HS_HAS(layout, PyInterpreterState, type_cache))
		report_type_cache(&state, interpreter + (uint32_t)HS_OFFSET(layout, PyInterpreterState, type_cache));
	add_interpreter_gaps(&state);
	add_part_gaps(&state);
	scan_rest(&state);
}

void hs_root_visit_runtime(const struct hs_root_visit *visit)
{
	const struct hs_layout *layout = visit->py->layout;
	struct state state = {
		.visit = visit, .kind = HS_ROOT_INTERPRETER, .start = HS_ADDRESS_OF(layout, _PyRuntime), .bytes = HS_SIZEOF(layout, PyRuntimeState),
	};

	report_collector(&state, HS_OFFSET(layout, PyRuntimeState, gc));
	add_part_gaps(&state);
	scan_rest(&state);
}

void hs_root_visit_thread(const struct hs_root_visit *visit, const struct hs_thread_state *thread)
{
	const struct hs_layout *layout = visit->py->layout;
	struct state state = {
		.visit = visit, .thread = thread, .kind = HS_ROOT_THREAD, .start = thread->address, .bytes = thread_state_bytes(layout),
	};

	report_members(&state, thread_members, sizeof(thread_members) / sizeof(thread_members[0]));
	/* held by the call that runs it; frames of C, in 3.10 never written; the code that was traced last, borrowed */
	add_member_gap(&state, HS_FIELD_PyThreadState_frame, 0);
	add_member_gap(&state, HS_FIELD_PyThreadState_root_cframe, 0);
	add_member_gap(&state, HS_FIELD_PyThreadState_trace_info, 0);
	scan_rest(&state);
}

static bool names_a(const struct hs_cpython *py, hs_addr word, const char *type)
{
	return hs_is_exactly(py, hs_image_word(py->image, word), type);
}

static unsigned count_alike(const struct hs_cpython *py, hs_addr start, hs_addr end, const char *type)
{
	unsigned n = 0;

	while (start + n * WORD < end && n < FREE_LIST_ENTRIES && names_a(py, start + n * WORD, type))
		n++;
	return n;
}

/* Gaps where at least FREE_LIST_MIN_RUN words name such objects: one word that does not rules out all runs that would go over it. */
static void add_runs(struct state *state, hs_addr start, hs_addr end, const char *type)
{
	const struct hs_cpython *py = state->visit->py;

	for (hs_addr at = start, last; (last = at + (FREE_LIST_MIN_RUN - 1) * WORD) < end;) {
		if (!names_a(py, last, type)) {
			at = last + WORD;
			continue;
		}
		hs_addr first = last;
		while (first > at && names_a(py, first - WORD, type))
			first -= WORD;
		unsigned n = count_alike(py, first, end, type);
		if (n >= FREE_LIST_MIN_RUN)
			add_gap(state, first, n * WORD);
		at = first + n * WORD;
	}
}

/*
 * Up to 3.9 lists and dicts that are freed are kept in static arrays (Objects/listobject.c, dictobject.c: free_list), whose unused end
 * still names those that were taken from there. Nothing else in the interpreter's data refers to so many lists or dicts in a row.
 */
static void add_free_list_gaps(struct state *state, hs_addr start, hs_addr end)
{
	static const char *const types[] = { "list", "dict" };
	const struct hs_cpython *py = state->visit->py;

	if (start >= py->layout->runtime_end || end <= py->layout->runtime_start)
		return;
	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		add_runs(state, start, end, types[i]);
}

static bool scan_binary(void *context, hs_addr start, hs_addr end)
{
	struct state *state = context;

	state->start = (start + WORD - 1) & ~(hs_addr)(WORD - 1);
	state->bytes = end - start;
	add_free_list_gaps(state, state->start, end);
	scan_rest(state);
	return true;
}

void hs_static_roots_visit(const struct hs_cpython *py, const struct hs_pymalloc *pymalloc, hs_root_callback *callback, void *context)
{
	const struct hs_root_visit visit = { .py = py, .callback = callback, .context = context };
	const hs_addr method_cache = HS_ADDRESS_OF(py->layout, method_cache);
	struct state state = { .visit = &visit, .kind = HS_ROOT_STATIC, .pymalloc = pymalloc };

	if (method_cache)
		report_type_cache(&state, method_cache);
	add_gap(&state, HS_ADDRESS_OF(py->layout, _PyRuntime), HS_SIZEOF(py->layout, PyRuntimeState));
	hs_static_data_each(py->image, scan_binary, &state);
}
