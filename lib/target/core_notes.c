/* SPDX-License-Identifier: Apache-2.0 */
/* Notes as the kernel's binfmt_elf.c lays them out: name, descriptor, each padded to 4 bytes. Every length in them is the file's. */
#include "core_notes.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/procfs.h>

#include "cleanup.h"
#include "image.h"
#include "snapshot_note.h"

#define WORD sizeof(uint64_t)
#define MAX_FILES ((uint64_t)1 << 20) /* 16 times what vm.max_map_count is by default */

struct note {
	uint32_t type;
	const char *name;
	size_t name_bytes;
	const uint8_t *data;
	size_t bytes;
};

/* The note at *at, and *at behind it; false at the end, or where the rest is no note. */
static bool next_note(const struct hs_core_file *core, size_t *at, struct note *ret)
{
	size_t rest = core->notes_bytes - *at;
	Elf64_Nhdr header;

	if (rest < sizeof(header))
		return false;
	memcpy(&header, core->notes + *at, sizeof(header));
	uint64_t name_bytes = ((uint64_t)header.n_namesz + 3) & ~3ull, bytes = ((uint64_t)header.n_descsz + 3) & ~3ull;
	/* the padding of the last one may be missing */
	if (name_bytes > rest - sizeof(header) || header.n_descsz > rest - sizeof(header) - name_bytes)
		return false;
	*ret = (struct note){
		.type = header.n_type, .name = (const char *)core->notes + *at + sizeof(header), .name_bytes = header.n_namesz,
		.data = core->notes + *at + sizeof(header) + name_bytes, .bytes = header.n_descsz,
	};
	uint64_t all = sizeof(header) + name_bytes + bytes;
	*at = all < rest ? *at + all : core->notes_bytes;
	return true;
}

static bool is_named(const struct note *note, const char *name)
{
	size_t bytes = strlen(name);

	return (note->name_bytes == bytes || note->name_bytes == bytes + 1) && !memcmp(note->name, name, bytes);
}

static struct hs_error *take_thread(struct hs_core_file *core, const struct note *note)
{
	struct elf_prstatus status;

	if (note->bytes < sizeof(status))
		return NULL;
	memcpy(&status, note->data, sizeof(status));
	struct hs_stopped_thread *thread = hs_array_append(&core->threads);
	if (!thread)
		return hs_error_no_memory();
	thread->tid = status.pr_pid;
	thread->has_registers = true;
	_Static_assert(sizeof(thread->registers) == sizeof(status.pr_reg), "user_regs_struct is what the kernel writes");
	memcpy(&thread->registers, status.pr_reg, sizeof(thread->registers));
	if (core->threads.n == 1)
		core->signal = status.pr_cursig;
	return NULL;
}

static void take_identity(struct hs_core_file *core, const struct note *note)
{
	struct elf_prpsinfo info;

	if (note->bytes < sizeof(info))
		return;
	memcpy(&info, note->data, sizeof(info));
	core->pid = info.pr_pid;
	core->state = info.pr_sname;
	memcpy(core->comm, info.pr_fname, sizeof(info.pr_fname));
	memcpy(core->arguments, info.pr_psargs, sizeof(info.pr_psargs));
}

static void take_auxiliary(struct hs_core_file *core, const struct note *note)
{
	core->auxiliary = note->data;
	core->auxiliary_bytes = note->bytes;
	for (size_t at = 0; note->bytes - at >= 2 * WORD; at += 2 * WORD) {
		uint64_t entry[2];

		memcpy(entry, note->data + at, sizeof(entry));
		switch (entry[0]) {
		case AT_ENTRY:
			core->entry = entry[1];
			break;
		case AT_PHDR:
			core->program_headers = entry[1];
			break;
		case AT_SYSINFO_EHDR:
			core->vdso = entry[1];
			break;
		case AT_EXECFN:
			core->on_stack = entry[1];
			break;
		default:
			break;
		}
	}
}

static int compare_files(const void *a, const void *b)
{
	const struct hs_core_mapped_file *left = a, *right = b;

	return left->start < right->start ? -1 : left->start > right->start;
}

/*
 *   n, page size │ start, end, offset in pages │ … n times │ path NUL │ … n times
 */
static struct hs_error *take_files(struct hs_core_file *core, const struct note *note)
{
	uint64_t head[2], entry[3];

	if (note->bytes < sizeof(head) || core->files.n)
		return NULL;
	memcpy(head, note->data, sizeof(head));
	if (head[0] > (note->bytes - sizeof(head)) / sizeof(entry) || head[0] > MAX_FILES || !head[1] || head[1] > UINT32_MAX)
		return NULL;
	const char *path = (const char *)note->data + sizeof(head) + head[0] * sizeof(entry), *end = (const char *)note->data + note->bytes;
	for (uint64_t i = 0; i < head[0]; i++) {
		const char *nul = path < end ? memchr(path, '\0', (size_t)(end - path)) : NULL;
		uint64_t offset;
		memcpy(entry, note->data + sizeof(head) + i * sizeof(entry), sizeof(entry));
		if (!nul)
			break;
		if (entry[0] < entry[1] && !__builtin_mul_overflow(entry[2], head[1], &offset)) {
			struct hs_core_mapped_file *file = hs_array_append(&core->files);
			if (!file)
				return hs_error_no_memory();
			*file = (struct hs_core_mapped_file){ entry[0], entry[1], offset, path };
		}
		path = nul + 1;
	}
	return NULL;
}

static int compare_paths(const void *a, const void *b)
{
	const struct hs_core_mapped_file *left = *(struct hs_core_mapped_file *const *)a, *right = *(struct hs_core_mapped_file *const *)b;
	int order = strcmp(left->path, right->path);

	return order ? order : left->start < right->start ? -1 : left->start > right->start;
}

static struct hs_error *number_files(struct hs_core_file *core)
{
	size_t n = core->files.n;
	HS_FREE struct hs_core_mapped_file **by_path = calloc(n + 1, sizeof(struct hs_core_mapped_file *));

	if (!by_path)
		return hs_error_no_memory();
	for (size_t i = 0; i < n; i++)
		by_path[i] = &core->files.items[i];
	if (n)
		qsort(by_path, n, sizeof(struct hs_core_mapped_file *), compare_paths);
	for (size_t i = 0; i < n; i++)
		by_path[i]->file = i && !strcmp(by_path[i]->path, by_path[i - 1]->path) ? by_path[i - 1]->file : i + 1;
	return NULL;
}

/* By address, without what overlaps: no process has that. */
static struct hs_error *sort_files(struct hs_core_file *core)
{
	size_t n = 0;

	if (core->files.n)
		qsort(core->files.items, core->files.n, sizeof(*core->files.items), compare_files);
	for (size_t i = 0; i < core->files.n; i++) {
		const struct hs_core_mapped_file file = core->files.items[i];
		if ((file.start | file.end) & (HS_PAGE_BYTES - 1) || file.end > HS_CORE_ADDRESS_END || (n && file.start < core->files.items[n - 1].end))
			continue;
		core->files.items[n++] = file;
	}
	core->files.n = n;
	return number_files(core);
}

static struct hs_error *take_note(struct hs_core_file *core, const struct note *note)
{
	if (is_named(note, HS_SNAPSHOT_NOTE_NAME) && note->type == HS_SNAPSHOT_NOTE_MARK) {
		core->snapshot_mark = note->data;
		core->snapshot_mark_bytes = note->bytes;
	} else if (is_named(note, HS_SNAPSHOT_NOTE_NAME) && note->type == HS_SNAPSHOT_NOTE_CONTENT) {
		core->snapshot_content = note->data;
		core->snapshot_content_bytes = note->bytes;
	}
	if (!is_named(note, "CORE"))
		return NULL;
	switch (note->type) {
	case NT_PRSTATUS:
		return take_thread(core, note);
	case NT_PRPSINFO:
		take_identity(core, note);
		return NULL;
	case NT_AUXV:
		take_auxiliary(core, note);
		return NULL;
	case NT_FILE:
		return take_files(core, note);
	default:
		return NULL;
	}
}

struct hs_error *hs_core_notes_read(struct hs_core_file *core)
{
	struct note note;

	for (size_t at = 0; next_note(core, &at, &note);)
		HS_TRY(take_note(core, &note));
	HS_TRY(sort_files(core));
	if (!core->pid && core->threads.n)
		core->pid = core->threads.items[0].tid;
	return NULL;
}
