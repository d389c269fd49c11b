/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which mapped file is the interpreter. Names are only used to decide what to open first: the proof is the symbol
 * _PyRuntime, which CPython exports since 3.7.
 */
#include "runtime_binary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "field_names.h"

#define FILES_MAX 1024

struct search {
	const struct hs_process *process;
	const struct hs_image *image;
	const struct hs_mapping *tried[FILES_MAX]; /* one mapping a file */
	size_t n_tried;
	struct hs_error *open_error; /* of the first file that could not be opened */
	const char *foreign;         /* another Python: its name for the message */
	unsigned old_major, old_minor; /* of a CPython from before _PyRuntime (3.7); 0: unknown */
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool is_same_file(const struct hs_mapping *a, const struct hs_mapping *b)
{
	return a->inode == b->inode && a->device_major == b->device_major && a->device_minor == b->device_minor &&
	       !strcmp(a->path, b->path);
}

static void set_extent(struct hs_mapped_file *file)
{
	size_t n;
	const struct hs_elf_segment *segments = hs_elf_segments(file->elf, &n);

	file->start = n ? file->bias + segments[0].vaddr : 0;
	file->end = n ? file->bias + segments[n - 1].vaddr + segments[n - 1].memory_bytes : 0;
}

/* The file's executable mapping, which only the dynamic loader makes; else the mapping itself. */
static const struct hs_mapping *code_mapping(const struct hs_process *process, const struct hs_mapping *mapping)
{
	for (size_t i = 0; i < process->mappings.n; i++)
		if (process->mappings.items[i].permissions[2] == 'x' && is_same_file(&process->mappings.items[i], mapping))
			return &process->mappings.items[i];
	return mapping;
}

static struct hs_error *open_mapped(const struct hs_process *process, const struct hs_mapping *mapping,
				    struct hs_mapped_file *ret)
{
	int fd;
	struct hs_mapped_file file = { .path = mapping->path };

	HS_TRY(hs_process_open_mapping(process, mapping, &fd));
	struct hs_error *error = hs_elf_open(fd, mapping->path, &file.elf);
	close(fd);
	if (error)
		return error;
	const struct hs_mapping *code = code_mapping(process, mapping);
	if (!hs_elf_load_bias(file.elf, code->start, code->file_offset, code->permissions[2] == 'x', &file.bias)) {
		hs_elf_close(file.elf);
		return hs_error_new(HS_ERROR_BAD_DATA, "%s: mapped as none of its segments", mapping->path);
	}
	set_extent(&file);
	snprintf(file.build_id_hex, sizeof(file.build_id_hex), "%s", hs_elf_build_id_hex(file.elf));
	*ret = file;
	return NULL;
}

/* The file as the dynamic loader left it in memory, if `mapping` holds its first bytes. */
static bool open_in_memory(const struct hs_process *process, const struct hs_image *image, const struct hs_mapping *mapping,
			   struct hs_mapped_file *ret)
{
	struct hs_mapped_file file = { .path = mapping->path };

	if (mapping->file_offset || mapping->permissions[0] != 'r' ||
	    !hs_memory_elf_open(process, image, mapping->start, &file.memory))
		return false;
	file.bias = file.memory.bias;
	file.start = file.memory.start;
	file.end = file.memory.end;
	memcpy(file.build_id_hex, file.memory.build_id_hex, sizeof(file.build_id_hex));
	*ret = file;
	return true;
}

void hs_mapped_file_find(const struct hs_mapped_file *file, const char *const *names, size_t n, hs_addr *ret)
{
	for (size_t i = 0; i < n && file->memory.process; i++) {
		hs_addr address = hs_memory_elf_symbol(&file->memory, names[i]);

		if (address)
			ret[i] = address;
	}
	if (!file->elf)
		return;
	/* vaddr 0 is the ELF header: no symbol is there. */
	hs_addr *found HS_FREE = calloc(n, sizeof(*found));
	if (!found)
		return;
	hs_elf_find_symbols(file->elf, names, n, found);
	for (size_t i = 0; i < n; i++)
		if (found[i])
			ret[i] = found[i] + file->bias;
}

static bool holds_runtime(const struct hs_mapped_file *file)
{
	const char *name = "_PyRuntime";
	hs_addr runtime = 0;

	hs_mapped_file_find(file, &name, 1, &runtime);
	return runtime != 0;
}

/* "python2.7", "libpython3.6m.so.1.0": the version that a file name tells of a Python without _PyRuntime. */
static void note_old_version(struct search *search, const char *path)
{
	const char *name = strstr(base_name(path), "python");
	unsigned major, minor;

	if (!name || sscanf(name, "python%u.%u", &major, &minor) != 2)
		return;
	search->old_major = major;
	search->old_minor = minor;
}

static void note_foreign(struct search *search, const struct hs_mapped_file *file, const char *path)
{
	enum { PY_GET_VERSION = 3 };
	const char *const signs[] = { "pypy_execute_source", "PyPy_Initialize", "PyPyErr_Occurred", "Py_GetVersion",
				      "graal_create_isolate" };
	const char *const names[] = { "PyPy", "PyPy", "PyPy", "a Python older than 3.7", "GraalPy" };
	hs_addr found[5] = { 0 };

	hs_mapped_file_find(file, signs, 5, found);
	for (size_t i = 0; i < 5 && !search->foreign; i++)
		if (found[i])
			search->foreign = names[i];
	if (found[PY_GET_VERSION])
		note_old_version(search, path);
}

/* True when `mapping`'s file is the runtime's binary. */
static bool try_mapping(struct search *search, const struct hs_mapping *mapping, struct hs_mapped_file *ret)
{
	for (size_t i = 0; i < search->n_tried; i++)
		if (is_same_file(search->tried[i], mapping))
			return false;
	if (search->n_tried == FILES_MAX)
		return false;
	search->tried[search->n_tried++] = mapping;

	struct hs_mapped_file file = { 0 };
	struct hs_error *error = open_mapped(search->process, mapping, &file);
	if (error && error->code != HS_ERROR_BAD_DATA && open_in_memory(search->process, search->image, mapping, &file)) {
		hs_error_destroy(error);
		error = NULL;
	}
	if (error) {
		if (search->open_error || error->code == HS_ERROR_BAD_DATA)
			hs_error_destroy(error);
		else
			search->open_error = error;
		return false;
	}
	if (holds_runtime(&file)) {
		*ret = file;
		return true;
	}
	note_foreign(search, &file, mapping->path);
	hs_mapped_file_release(&file);
	return false;
}

enum likelihood { LIBPYTHON, EXECUTABLE, ANY_CODE, N_LIKELIHOODS };

static bool is_candidate(const struct hs_process *process, const struct hs_mapping *mapping, enum likelihood likelihood)
{
	if (!mapping->inode || mapping->path[0] != '/')
		return false;
	switch (likelihood) {
	case LIBPYTHON:
		return strstr(base_name(mapping->path), "libpython") != NULL;
	case EXECUTABLE:
		return process->exe_path && !strcmp(mapping->path, process->exe_path);
	default:
		return mapping->permissions[2] == 'x';
	}
}

static struct hs_error *not_found(struct search *search)
{
	pid_t pid = search->process->pid;

	if (search->foreign) {
		hs_error_destroy(search->open_error);
		if (search->old_major)
			return hs_error_hint(hs_error_new(search->old_major < 3 ? HS_ERROR_NOT_CPYTHON : HS_ERROR_UNSUPPORTED,
							  "process %d runs Python %u.%u", pid, search->old_major, search->old_minor),
					     "heapspy reads CPython 3.8 and later");
		return hs_error_hint(hs_error_new(HS_ERROR_NOT_CPYTHON, "process %d runs %s", pid, search->foreign),
				     "heapspy reads CPython 3.8 and later");
	}
	if (search->open_error)
		return hs_error_wrap(search->open_error, "cannot open the files of process %d", pid);
	return hs_error_new(HS_ERROR_NOT_CPYTHON, "process %d is not a Python process (%s)", pid, search->process->comm);
}

static void find_executable(const struct hs_process *process, const struct hs_image *image, struct hs_runtime_binary *binary)
{
	for (size_t i = 0; i < process->mappings.n; i++) {
		const struct hs_mapping *mapping = &process->mappings.items[i];

		if (!is_candidate(process, mapping, EXECUTABLE))
			continue;
		if (!strcmp(mapping->path, binary->runtime.path))
			return;
		struct hs_error *error = open_mapped(process, mapping, &binary->executable);
		if (error)
			open_in_memory(process, image, mapping, &binary->executable);
		hs_error_destroy(error);
		return;
	}
}

struct hs_error *hs_runtime_binary_find(const struct hs_process *process, const struct hs_image *image,
					struct hs_runtime_binary *ret)
{
	struct search search = { .process = process, .image = image };
	struct hs_runtime_binary binary = { 0 };

	for (int likelihood = LIBPYTHON; likelihood < N_LIKELIHOODS; likelihood++) {
		for (size_t i = 0; i < process->mappings.n; i++) {
			const struct hs_mapping *mapping = &process->mappings.items[i];

			if (!is_candidate(process, mapping, likelihood) || !try_mapping(&search, mapping, &binary.runtime))
				continue;
			hs_error_destroy(search.open_error);
			find_executable(process, image, &binary);
			*ret = binary;
			return NULL;
		}
	}
	return not_found(&search);
}

void hs_mapped_file_release(struct hs_mapped_file *file)
{
	hs_elf_close(file->elf);
	free(file->own_path);
	*file = (struct hs_mapped_file){ 0 };
}

void hs_runtime_binary_release(struct hs_runtime_binary *binary)
{
	hs_mapped_file_release(&binary->runtime);
	hs_mapped_file_release(&binary->executable);
}

void hs_mapped_file_symbols(const struct hs_mapped_file *file, struct hs_layout *layout)
{
	const char *names[HS_N_SYMBOLS];

	for (size_t i = 0; i < HS_N_SYMBOLS; i++)
		names[i] = hs_symbol_names[i].name;
	hs_mapped_file_find(file, names, HS_N_SYMBOLS, layout->symbols);
}

void hs_runtime_binary_symbols(const struct hs_runtime_binary *binary, struct hs_layout *layout)
{
	hs_mapped_file_symbols(&binary->runtime, layout);
	hs_mapped_file_symbols(&binary->executable, layout);
}

bool hs_is_module_file(const char *path, const char *name)
{
	const char *base = base_name(path);
	size_t bytes = strlen(name);

	return !strncmp(base, name, bytes) && base[bytes] == '.' && strstr(base + bytes, ".so");
}

/* The standard library's modules lie in lib-dynload; elsewhere a module of another package may have the same name. */
static const struct hs_mapping *find_module_mapping(const struct hs_process *process, const char *name, bool in_dynload)
{
	for (size_t i = 0; i < process->mappings.n; i++) {
		const struct hs_mapping *mapping = &process->mappings.items[i];

		if (mapping->inode && hs_is_module_file(mapping->path, name) && (!in_dynload || strstr(mapping->path, "/lib-dynload/")))
			return mapping;
	}
	return NULL;
}

void hs_module_file_find(const struct hs_process *process, const char *name, struct hs_mapped_file *ret)
{
	const struct hs_mapping *mapping = find_module_mapping(process, name, true);

	*ret = (struct hs_mapped_file){ 0 };
	if (!mapping)
		mapping = find_module_mapping(process, name, false);
	if (mapping)
		hs_error_destroy(open_mapped(process, mapping, ret));
}
