/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes every object of a process with its references, for comparison with what the target says of itself
 * (gc.get_referents, sys.getrefcount). Knows nothing of types itself.
 *
 *     edge_dump [--no-dwarf] [--without-table NAME] PID FILE
 *
 * FILE: "HSEDGE01", the number of objects; for each its address, its type's address, its ob_refcnt word, the number of its
 * references; for each of these the target's address, and relation | kind << 8 | index of the name << 16. The last two "objects",
 * at the addresses 0 and 1, are the exact roots and the words of static data. Then, as text, a line a type (address, name), an
 * empty line, a line a name. Words are of eight bytes.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "capture.h"
#include "cleanup.h"
#include "cpython.h"
#include "heap.h"
#include "layout.h"
#include "root.h"
#include "type.h"

#define NAMES_MAX 60000

struct dump {
	const struct hs_cpython *py;
	HS_ARRAY(uint64_t) words;
	HS_ARRAY(const char *) names;
	uint64_t n_objects;
	size_t count_at; /* where the number of the present object's references goes */
	const uint8_t *body;
	bool is_short;
};

static void add(struct dump *dump, uint64_t word)
{
	uint64_t *slot = hs_array_append(&dump->words);

	if (slot)
		*slot = word;
	else
		dump->is_short = true;
}

static uint64_t name_index(struct dump *dump, const char *name)
{
	if (!name)
		return 0;
	for (size_t i = dump->names.n; i-- > 0;)
		if (dump->names.items[i] == name || !strcmp(dump->names.items[i], name))
			return i + 1;
	const char **slot = dump->names.n < NAMES_MAX ? hs_array_append(&dump->names) : NULL;
	if (!slot)
		return 0;
	*slot = name;
	return dump->names.n;
}

static void add_reference(struct dump *dump, uint64_t word, const struct hs_reference_run *run, uint64_t name)
{
	uint64_t relation = run->relation;

	if (run->borrowed_tag && word & run->borrowed_tag)
		relation &= ~(uint64_t)HS_OWNED;
	word &= ~(uint64_t)run->tag_mask;
	if (!word)
		return;
	add(dump, word);
	add(dump, relation | (uint64_t)run->kind << 8 | name << 16);
	dump->words.items[dump->count_at]++;
}

static void take_references(void *context, const struct hs_reference_run *run)
{
	struct dump *dump = context;
	uint64_t name = name_index(dump, run->name), word;

	for (size_t i = 0; i < run->n; i++) {
		memcpy(&word, (const uint8_t *)run->words + i * run->stride, sizeof(word));
		add_reference(dump, word, run, name);
	}
}

static void take_scan(void *context, const void *words, size_t n, enum hs_scan what)
{
	const struct hs_reference_run run = {
		.words = words, .n = n, .stride = 8, .relation = HS_SCANNED, .kind = HS_EDGE_SCAN,
	};

	if (what == HS_SCAN_ALL)
		take_references(context, &run);
}

static void take_storage(void *context, hs_addr start, uint64_t bytes)
{
	(void)context, (void)start, (void)bytes;
}

static void begin_object(struct dump *dump, hs_addr address, hs_addr type, uint64_t refcount)
{
	add(dump, address);
	add(dump, type);
	add(dump, refcount);
	dump->count_at = dump->words.n;
	add(dump, 0);
	dump->n_objects++;
}

static void take_root(void *context, const struct hs_root *root)
{
	const struct hs_reference_run run = { .words = &root->address, .n = 1, .relation = root->relation, .kind = root->edge_kind };

	take_references(context, &run);
}

static void take_object(void *context, const struct hs_heap_object *entry)
{
	struct dump *dump = context;
	const struct hs_object *object = &entry->object;
	const struct hs_visitor visitor = { .context = dump, .storage = take_storage, .references = take_references, .scan = take_scan };

	begin_object(dump, object->address, object->type->address, HS_BODY(dump->py, object, PyObject, ob_refcnt));
	if (!dump->is_short)
		hs_object_visit(dump->py, object, &visitor);
}

static void write_text(FILE *out, const struct dump *dump, const struct hs_types *types)
{
	size_t n;
	const struct hs_type *const *all = hs_types_all(types, &n);
	char name[1024];

	for (size_t i = 0; i < n; i++) {
		hs_type_name(dump->py, all[i], name, sizeof(name));
		for (char *at = name; *at; at++)
			if (*at == '\n')
				*at = '?';
		fprintf(out, "%" HS_PRI_ADDR " %s%s\n", all[i]->address, name, all[i]->is_unfit ? " UNFIT" : "");
	}
	fputc('\n', out);
	for (size_t i = 0; i < dump->names.n; i++)
		fprintf(out, "%s\n", dump->names.items[i]);
}

static int write_dump(const char *path, const struct dump *dump, const struct hs_types *types)
{
	HS_FCLOSE FILE *out = fopen(path, "wb");
	uint64_t n = dump->n_objects;

	if (!out || fwrite("HSEDGE01", 8, 1, out) != 1 || fwrite(&n, sizeof(n), 1, out) != 1 ||
	    fwrite(dump->words.items, sizeof(uint64_t), dump->words.n, out) != dump->words.n) {
		perror(path);
		return 1;
	}
	write_text(out, dump, types);
	return fflush(out) ? 1 : 0;
}

static void close_layout(struct hs_layout **layout) { hs_layout_destroy(*layout); }
static void close_cpython(struct hs_cpython **py) { hs_cpython_close(*py); }
static void close_types(struct hs_types **types) { hs_types_close(*types); }
static void close_heap(struct hs_heap **heap) { hs_heap_close(*heap); }
static void close_capture(struct hs_capture **capture) { hs_capture_destroy(*capture); }

static void close_dump(struct dump *dump)
{
	hs_array_free(&dump->words);
	hs_array_free(&dump->names);
}

static struct hs_error *take(pid_t pid, const struct hs_layout_options *options, const char *path)
{
	const struct hs_capture_options capture_options = { .max_pause_ms = 60000 };
	HS_CLEANUP(close_capture) struct hs_capture *capture = NULL;
	HS_CLEANUP(close_layout) struct hs_layout *layout = NULL;
	HS_CLEANUP(close_cpython) struct hs_cpython *py = NULL;
	HS_CLEANUP(close_types) struct hs_types *types = NULL;
	HS_CLEANUP(close_heap) struct hs_heap *heap = NULL;
	HS_CLEANUP(close_dump) struct dump dump = { 0 };

	HS_TRY(hs_capture_process(pid, &capture_options, &capture));
	HS_TRY(hs_layout_resolve(capture->process, capture->image, options, &layout));
	HS_TRY(hs_cpython_open(capture->image, layout, &py));
	HS_TRY(hs_types_open(py, &types));
	HS_TRY(hs_heap_open(py, types, &(struct hs_heap_options){ 0 }, &heap));
	dump.py = py;
	hs_heap_for_each(heap, take_object, &dump);
	begin_object(&dump, 0, 0, 0);
	HS_TRY(hs_roots_visit(py, types, take_root, &dump));
	begin_object(&dump, 1, 0, 0);
	hs_static_roots_visit(py, NULL, take_root, &dump);
	if (dump.is_short)
		return hs_error_no_memory();
	return write_dump(path, &dump, types) ? hs_error_new(HS_ERROR_INVALID, "nothing written") : NULL;
}

int main(int argc, char **argv)
{
	static const struct option known[] = {
		{ "no-dwarf", no_argument, NULL, 'd' }, { "without-table", required_argument, NULL, 't' }, { 0 },
	};
	struct hs_layout_options options = { .no_cache = true };
	int key;

	while ((key = getopt_long(argc, argv, "", known, NULL)) != -1) {
		options.no_dwarf |= key == 'd';
		if (key == 't')
			options.without_table = optarg;
	}
	if (argc - optind != 2) {
		fprintf(stderr, "usage: edge_dump [--no-dwarf] [--without-table NAME] PID FILE\n");
		return 64;
	}
	struct hs_error *error = take((pid_t)atoi(argv[optind]), &options, argv[optind + 1]);
	if (!error)
		return 0;
	fprintf(stderr, "edge_dump: %s\n", error->message);
	hs_error_destroy(error);
	return 1;
}
