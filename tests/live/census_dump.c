/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes what the census found, object by object, for comparison with a target's own truth (compare.py); and shifts
 * each field of the layout in turn to see whether a wrong layout is noticed. Knows nothing of types or sizes itself.
 *
 *     census_dump [OPTION…] PID FILE         a record an object, then a line a type
 *     census_dump [OPTION…] --mutate-all PID one line for each shifted field on standard output
 *
 *     --no-dwarf, --without-table NAME, --no-cache, --nonblocking   as for heapspy
 *     --mutate STRUCT.FIELD:DELTA                     shift one field by DELTA bytes
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "array.h"
#include "capture.h"
#include "cleanup.h"
#include "cpython.h"
#include "heap.h"
#include "layout.h"
#include "type.h"

#define CHILD_SECONDS 60
#define TRACKED 1
#define SWEPT 2

/* The names of fields.def, for --mutate. */
static const char *const field_names[HS_N_FIELDS] = {
#define HS_FIELD(structure, name, since, until, path) #structure "." #name,
#include "fields.def"
};

struct record {
	uint64_t address, type, bytes, getsizeof_bytes, flags;
};

struct dump {
	HS_ARRAY(struct record) records;
	uint64_t digest; /* of all records, whatever their order */
	bool is_short;   /* memory ran out */
	bool is_broken;  /* the census itself says that something contradicts itself */
};

struct mutation {
	int field; /* -1: none */
	int delta;
};

struct options {
	struct hs_layout_options layout;
	struct hs_capture_options capture;
	struct mutation mutation;
	bool mutate_all;
	pid_t pid;
	const char *path;
};

static int fail(struct hs_error *error)
{
	fprintf(stderr, "census_dump: %s\n", error->message);
	if (error->hint)
		fprintf(stderr, "%s\n", error->hint);
	int status = 2 + (int)error->code;
	hs_error_destroy(error);
	return status;
}

static void mutate(void *context, struct hs_layout *layout)
{
	const struct mutation *mutation = context;

	if (layout->fields[mutation->field].offset != HS_ABSENT)
		layout->fields[mutation->field].offset += mutation->delta;
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15;
	return hash ^ hash >> 29;
}

static void add_record(void *context, const struct hs_heap_object *object)
{
	struct dump *dump = context;
	struct record *record = hs_array_append(&dump->records);

	if (!record) {
		dump->is_short = true;
		return;
	}
	*record = (struct record){ .address = object->object.address, .type = object->object.type->address,
				   .bytes = object->block_bytes + object->storage_bytes,
				   .getsizeof_bytes = object->getsizeof_bytes,
				   .flags = (object->is_gc_tracked ? TRACKED : 0) | (object->is_swept ? SWEPT : 0) };
	uint64_t hash = mix(mix(mix(record->address, record->type), record->bytes), record->getsizeof_bytes);
	dump->digest += mix(hash, record->flags);
}

static void close_layout(struct hs_layout **layout) { hs_layout_destroy(*layout); }
static void close_cpython(struct hs_cpython **py) { hs_cpython_close(*py); }
static void close_types(struct hs_types **types) { hs_types_close(*types); }
static void close_heap(struct hs_heap **heap) { hs_heap_close(*heap); }
static void close_capture(struct hs_capture **capture) { hs_capture_destroy(*capture); }
static void close_dump(struct dump *dump) { hs_array_free(&dump->records); }

static void write_types(FILE *out, const struct hs_cpython *py, const struct hs_types *types)
{
	size_t n;
	const struct hs_type *const *all = hs_types_all(types, &n);
	char name[1024];

	for (size_t i = 0; i < n; i++) {
		hs_type_name(py, all[i], name, sizeof(name));
		for (char *at = name; *at; at++)
			if (*at == '\n')
				*at = '?';
		fprintf(out, "%" HS_PRI_ADDR " %s\n", all[i]->address, name);
	}
}

static int write_dump(const char *path, const struct dump *dump, const struct hs_cpython *py, const struct hs_types *types)
{
	HS_FCLOSE FILE *out = fopen(path, "wb");
	uint64_t n = dump->records.n;

	if (!out || fwrite("HSDUMP01", 8, 1, out) != 1 || fwrite(&n, sizeof(n), 1, out) != 1 ||
	    fwrite(dump->records.items, sizeof(struct record), n, out) != n) {
		perror(path);
		return 1;
	}
	write_types(out, py, types);
	return fflush(out) ? 1 : 0;
}

/* Resolves the layout (shifted as told) and enumerates. With `path`, writes the result. */
static struct hs_error *take(const struct hs_capture *capture, const struct options *options, struct mutation *mutation,
			     const char *path, struct dump *ret)
{
	HS_CLEANUP(close_layout) struct hs_layout *layout = NULL;
	HS_CLEANUP(close_cpython) struct hs_cpython *py = NULL;
	HS_CLEANUP(close_types) struct hs_types *types = NULL;
	HS_CLEANUP(close_heap) struct hs_heap *heap = NULL;
	struct hs_layout_options layout_options = options->layout;
	const struct hs_heap_options heap_options = { .n_workers = options->mutate_all ? 1 : 0 };

	if (mutation->field >= 0) {
		layout_options.mutate = mutate;
		layout_options.mutate_context = mutation;
	}
	HS_TRY(hs_layout_resolve(capture->process, capture->image, &layout_options, &layout));
	HS_TRY(hs_cpython_open(capture->image, layout, &py));
	HS_TRY(hs_types_open(py, &types));
	HS_TRY(hs_heap_open(py, types, &heap_options, &heap));
	hs_heap_for_each(heap, add_record, ret);
	if (ret->is_short)
		return hs_error_no_memory();
	const struct hs_heap_figures *figures = hs_heap_figures(heap);
	ret->is_broken = figures->n_broken_pools || figures->n_unreadable;
	if (!path)
		return NULL;
	fprintf(stderr, "layout %s; %" PRIu64 " objects, pools %" PRIu64 " of %" PRIu64 " bytes explained, %" PRIu64
			" ghosts, %" PRIu64 " unreadable\n",
		layout->source, figures->n_objects, figures->explained_pool_bytes, figures->live_pool_bytes, figures->n_ghosts,
		figures->n_unreadable);
	return write_dump(path, ret, py, types) ? hs_error_new(HS_ERROR_INVALID, "nothing written") : NULL;
}

/* In a child: a shifted field must neither crash nor hang the census. The child's answer is one line. */
static void try_mutation(const struct hs_capture *capture, const struct options *options, struct mutation mutation,
			 const struct dump *right)
{
	HS_CLEANUP(close_dump) struct dump dump = { 0 };
	struct hs_error *error = take(capture, options, &mutation, NULL, &dump);

	if (error)
		printf("rejected %s:%+d %s\n", field_names[mutation.field], mutation.delta, error->message);
	else if (dump.digest == right->digest && dump.records.n == right->records.n)
		printf("harmless %s:%+d\n", field_names[mutation.field], mutation.delta);
	else
		printf("%s %s:%+d %zd objects more\n", dump.is_broken ? "incomplete" : "harmful", field_names[mutation.field],
		       mutation.delta, (ssize_t)(dump.records.n - right->records.n));
	hs_error_destroy(error);
}

static void fork_mutation(const struct hs_capture *capture, const struct options *options, struct mutation mutation,
			  const struct dump *right)
{
	int status = 0;

	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		alarm(CHILD_SECONDS);
		try_mutation(capture, options, mutation, right);
		fflush(stdout);
		_exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || status)
		printf("died %s:%+d %s %d\n", field_names[mutation.field], mutation.delta,
		       WIFSIGNALED(status) ? "by signal" : "with status", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

static struct hs_error *mutate_all(const struct hs_capture *capture, const struct options *options)
{
	HS_CLEANUP(close_dump) struct dump right = { 0 };
	struct mutation none = { .field = -1 };

	HS_TRY(take(capture, options, &none, NULL, &right));
	printf("unshifted %zu objects\n", right.records.n);
	for (int field = 0; field < HS_N_FIELDS; field++)
		for (int delta = -8; delta <= 8; delta += 16)
			fork_mutation(capture, options, (struct mutation){ field, delta }, &right);
	return NULL;
}

static bool parse_mutation(const char *text, struct mutation *ret)
{
	const char *colon = strchr(text, ':');

	for (int field = 0; colon && field < HS_N_FIELDS; field++)
		if (strlen(field_names[field]) == (size_t)(colon - text) && !strncmp(field_names[field], text, (size_t)(colon - text))) {
			*ret = (struct mutation){ field, atoi(colon + 1) };
			return true;
		}
	return false;
}

static bool parse(int argc, char **argv, struct options *ret)
{
	static const struct option known[] = {
		{ "no-dwarf", no_argument, NULL, 'd' }, { "without-table", required_argument, NULL, 't' },
		{ "no-cache", no_argument, NULL, 'c' }, { "nonblocking", no_argument, NULL, 'n' },
		{ "mutate", required_argument, NULL, 'm' }, { "mutate-all", no_argument, NULL, 'a' },
		{ "jobs", required_argument, NULL, 'j' }, { 0 },
	};
	int key;

	*ret = (struct options){ .mutation.field = -1, .capture.max_pause_ms = 60000 };
	while ((key = getopt_long(argc, argv, "j:", known, NULL)) != -1) {
		switch (key) {
		case 'd': ret->layout.no_dwarf = true; break;
		case 't': ret->layout.without_table = optarg; break;
		case 'c': ret->layout.no_cache = true; break;
		case 'n': ret->capture.nonblocking = true; break;
		case 'a': ret->mutate_all = true; break;
		case 'j': ret->capture.n_workers = (unsigned)atoi(optarg); break;
		case 'm':
			if (parse_mutation(optarg, &ret->mutation))
				break;
			fprintf(stderr, "census_dump: no field %s\n", optarg);
			return false;
		default: return false;
		}
	}
	if (argc - optind != (ret->mutate_all ? 1 : 2))
		return false;
	ret->pid = (pid_t)atoi(argv[optind]);
	ret->path = argv[optind + 1];
	return true;
}

int main(int argc, char **argv)
{
	HS_CLEANUP(close_capture) struct hs_capture *capture = NULL;
	HS_CLEANUP(close_dump) struct dump dump = { 0 };
	struct options options;

	if (!parse(argc, argv, &options)) {
		fprintf(stderr, "usage: census_dump [--no-dwarf] [--without-table NAME] [--mutate STRUCT.FIELD:DELTA] PID FILE\n"
				"       census_dump --mutate-all PID\n");
		return 64;
	}
	struct hs_error *error = hs_capture_process(options.pid, &options.capture, &capture);
	if (!error)
		error = options.mutate_all ? mutate_all(capture, &options) : take(capture, &options, &options.mutation, options.path, &dump);
	return error ? fail(error) : 0;
}
