/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Segments and mapped files of a core become the lines of a maps file. gcore leaves out segments that it does not write (text, mostly):
 * their permissions are those of the ELF file's program headers. No core has the names that the kernel gives to anonymous memory: they
 * follow from where the heap, the stack and the vdso lie.
 */
#include "core_process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "core_arguments.h"
#include "elf_identity.h"
#include "image.h"

#define DELETED_SUFFIX " (deleted)"
#define MAX_PARTS 64                        /* that a file is mapped in: a loader maps five or so */
#define MAX_HEAP_GAP ((hs_addr)2 << 30) /* the kernel puts the heap up to 1 GiB behind a program, at random */

/* A part of the address space that lies in one segment or one mapped file, or in one of each. */
struct piece {
	hs_addr start;
	hs_addr end;
	const struct hs_core_segment *segment; /* NULL: the core has none there */
	const struct hs_core_mapped_file *file; /* NULL: anonymous memory */
};

/* The next piece from *at on, and *at behind it; false at the end. */
static bool next_piece(const struct hs_core_file *core, hs_addr *at, size_t *i, size_t *k, struct piece *ret)
{
	while (*i < core->segments.n && core->segments.items[*i].end <= *at)
		++*i;
	while (*k < core->files.n && core->files.items[*k].end <= *at)
		++*k;
	const struct hs_core_segment *segment = *i < core->segments.n ? &core->segments.items[*i] : NULL;
	const struct hs_core_mapped_file *file = *k < core->files.n ? &core->files.items[*k] : NULL;
	if (!segment && !file)
		return false;
	hs_addr from_segment = !segment ? UINT64_MAX : segment->start > *at ? segment->start : *at;
	hs_addr from_file = !file ? UINT64_MAX : file->start > *at ? file->start : *at;
	*ret = (struct piece){ .start = from_segment < from_file ? from_segment : from_file };
	if (from_segment == ret->start)
		ret->segment = segment;
	if (from_file == ret->start)
		ret->file = file;
	/* up to where one of both begins or ends */
	hs_addr segment_edge = !segment ? UINT64_MAX : ret->segment ? segment->end : segment->start;
	hs_addr file_edge = !file ? UINT64_MAX : ret->file ? file->end : file->start;
	ret->end = segment_edge < file_edge ? segment_edge : file_edge;
	*at = ret->end;
	return true;
}

struct mapped_start {
	const struct hs_core_file *core;
	hs_addr start;
};

static bool read_mapped(void *context, uint64_t offset, void *ret, size_t bytes)
{
	const struct mapped_start *mapped = context;

	return offset <= UINT32_MAX && hs_core_file_memory(mapped->core, mapped->start + offset, ret, bytes);
}

/* The entry for the first byte of `file`'s, a few entries before it; NULL: none. */
static const struct hs_core_mapped_file *first_of_file(const struct hs_core_file *core, const struct hs_core_mapped_file *file)
{
	for (size_t i = (size_t)(file - core->files.items), n = 0; n < MAX_PARTS && i < core->files.n; i--, n++)
		if (!core->files.items[i].file_offset && core->files.items[i].file == file->file)
			return &core->files.items[i];
	return NULL;
}

/* The flags of the PT_LOAD that maps this part of its file; PF_R when the core does not hold the file's headers. */
static uint32_t flags_in_file(const struct hs_core_file *core, const struct hs_core_mapped_file *file)
{
	const uint64_t in_page = HS_PAGE_BYTES - 1;
	const struct hs_core_mapped_file *first = first_of_file(core, file);
	struct mapped_start mapped = { core, first ? first->start : 0 };
	struct hs_elf_identity identity;

	if (!first || !hs_elf_identity_read(read_mapped, &mapped, &identity))
		return PF_R;
	for (size_t i = 0; i < identity.header.e_phnum; i++) {
		const Elf64_Phdr *header = &identity.program_headers[i];
		if (header->p_type == PT_LOAD && file->file_offset >= (header->p_offset & ~in_page) &&
		    file->file_offset < header->p_offset + header->p_filesz)
			return header->p_flags;
	}
	return PF_R;
}

static bool is_shared_path(const char *path)
{
	static const char *const starts[] = { "/dev/zero", "/memfd:", "/SYSV", "/dev/shm/" };

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (!strncmp(path, starts[i], strlen(starts[i])))
			return true;
	return false;
}

static void set_permissions(const struct hs_core_file *core, const struct piece *piece, struct hs_mapping *mapping)
{
	uint32_t flags = PF_R;

	if (piece->segment)
		flags = (piece->segment->is_readable ? PF_R : 0) | (piece->segment->is_writable ? PF_W : 0) |
			(piece->segment->is_executable ? PF_X : 0);
	else if (piece->file)
		flags = flags_in_file(core, piece->file);
	mapping->permissions[0] = flags & PF_R ? 'r' : '-';
	mapping->permissions[1] = flags & PF_W ? 'w' : '-';
	mapping->permissions[2] = flags & PF_X ? 'x' : '-';
	mapping->permissions[3] = piece->file && is_shared_path(piece->file->path) ? 's' : 'p';
}

static struct hs_error *add_mapping(const struct hs_core_file *core, const struct piece *piece, struct hs_mappings *mappings)
{
	const size_t suffix = strlen(DELETED_SUFFIX);
	const char *path = piece->file ? piece->file->path : "";
	struct hs_mapping *mapping = hs_array_append(mappings);

	if (!mapping)
		return hs_error_no_memory();
	*mapping = (struct hs_mapping){ .start = piece->start, .end = piece->end, .path = strdup(path) };
	if (!mapping->path)
		return hs_error_no_memory();
	set_permissions(core, piece, mapping);
	if (!piece->file)
		return NULL;
	mapping->file_offset = piece->file->file_offset + (piece->start - piece->file->start);
	mapping->inode = piece->file->file;
	size_t bytes = strlen(path);
	if (bytes > suffix && !strcmp(path + bytes - suffix, DELETED_SUFFIX)) {
		mapping->path[bytes - suffix] = '\0';
		mapping->is_deleted = true;
	}
	return NULL;
}

static struct hs_mapping *mapping_at(const struct hs_mappings *mappings, hs_addr address)
{
	size_t i = hs_mappings_find(mappings, address);

	return i < mappings->n && mappings->items[i].start <= address ? &mappings->items[i] : NULL;
}

static struct hs_error *set_name(struct hs_mapping *mapping, const char *name)
{
	char *copy = mapping && !mapping->path[0] ? strdup(name) : NULL;

	if (!mapping || mapping->path[0])
		return NULL;
	if (!copy)
		return hs_error_no_memory();
	free(mapping->path);
	mapping->path = copy;
	return NULL;
}

/* The first anonymous mapping behind the executable's data and .bss, if no other file comes before it. */
static struct hs_mapping *find_heap(const struct hs_process *process)
{
	const struct hs_mappings *mappings = &process->mappings;
	size_t last = mappings->n;

	for (size_t i = 0; i < mappings->n; i++)
		if (mappings->items[i].inode && process->exe_path && !strcmp(mappings->items[i].path, process->exe_path))
			last = i;
	if (last == mappings->n)
		return NULL;
	hs_addr end = mappings->items[last].end;
	size_t next = last + 1;
	if (next < mappings->n && mappings->items[next].start == end && !mappings->items[next].inode)
		next++;
	struct hs_mapping *heap = next < mappings->n ? &mappings->items[next] : NULL;
	return heap && !heap->inode && heap->permissions[1] == 'w' && heap->start - end < MAX_HEAP_GAP ? heap : NULL;
}

static struct hs_error *name_mappings(const struct hs_core_file *core, struct hs_process *process)
{
	if (core->vdso)
		HS_TRY(set_name(mapping_at(&process->mappings, core->vdso), "[vdso]"));
	if (core->on_stack)
		HS_TRY(set_name(mapping_at(&process->mappings, core->on_stack), "[stack]"));
	return set_name(find_heap(process), "[heap]");
}

static struct hs_error *set_exe_path(const struct hs_core_file *core, struct hs_process *process)
{
	const hs_addr places[] = { core->entry, core->program_headers };
	const char *path = "";

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && !*path; i++) {
		const struct hs_mapping *mapping = places[i] ? mapping_at(&process->mappings, places[i]) : NULL;
		path = mapping && mapping->path[0] == '/' ? mapping->path : "";
	}
	process->exe_path = strdup(path);
	return process->exe_path ? NULL : hs_error_no_memory();
}

struct hs_error *hs_core_process_make(const struct hs_core_file *core, struct hs_process **ret)
{
	HS_CLEANUP(hs_cleanup_process) struct hs_process *process = calloc(1, sizeof(*process));
	struct piece piece;
	hs_addr at = 0;

	if (!process)
		return hs_error_no_memory();
	process->pid = process->memory_tid = core->pid;
	process->state = core->state ? core->state : 'R';
	memcpy(process->comm, core->comm, sizeof(process->comm));
	for (size_t i = 0, k = 0; next_piece(core, &at, &i, &k, &piece);)
		HS_TRY(add_mapping(core, &piece, &process->mappings));
	HS_TRY(set_exe_path(core, process));
	HS_TRY(name_mappings(core, process));
	HS_TRY(hs_core_script(core, &process->script));
	*ret = hs_take(process);
	return NULL;
}
