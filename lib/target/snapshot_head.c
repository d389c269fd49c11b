/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ELF header, program headers and notes as in the kernel's own cores (fs/binfmt_elf.c), so that gdb and readelf find what they know.
 * Knows where the data will stand, not how it comes there.
 */
#include "snapshot_head.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>
#include <sys/procfs.h>

#include "cleanup.h"
#include "snapshot_note.h"

#define N_NOTE_SEGMENTS 2
#define NOTE_ALIGNMENT 4

bool hs_snapshot_append_note(struct hs_bytes *bytes, const char *name, uint32_t type, const void *descriptor, size_t descriptor_bytes)
{
	const Elf64_Nhdr header = { .n_namesz = (Elf64_Word)strlen(name) + 1, .n_descsz = (Elf64_Word)descriptor_bytes, .n_type = type };

	return hs_bytes_append(bytes, &header, sizeof(header)) && hs_bytes_append(bytes, name, header.n_namesz) &&
	       hs_bytes_align(bytes, NOTE_ALIGNMENT) && hs_bytes_append(bytes, descriptor, descriptor_bytes) && hs_bytes_align(bytes, NOTE_ALIGNMENT);
}

static bool append_process(struct hs_bytes *notes, const struct hs_process *process)
{
	struct elf_prpsinfo info = {
		.pr_state = 0, .pr_sname = process->state, .pr_zomb = process->state == 'Z', .pr_pid = process->pid,
	};

	snprintf(info.pr_fname, sizeof(info.pr_fname), "%.15s", process->comm);
	snprintf(info.pr_psargs, sizeof(info.pr_psargs), "%.79s", process->script ? process->script : "");
	return hs_snapshot_append_note(notes, "CORE", NT_PRPSINFO, &info, sizeof(info));
}

/* Without registers a thread would have a backtrace of nothing. */
static bool append_threads(struct hs_bytes *notes, const struct hs_capture *capture)
{
	for (size_t i = 0; i < capture->threads.n; i++) {
		const struct hs_stopped_thread *thread = &capture->threads.items[i];
		struct elf_prstatus status = { .pr_pid = thread->tid };
		if (!thread->has_registers)
			continue;
		_Static_assert(sizeof(status.pr_reg) == sizeof(thread->registers), "both are the kernel's user_regs_struct");
		memcpy(&status.pr_reg, &thread->registers, sizeof(status.pr_reg));
		if (!hs_snapshot_append_note(notes, "CORE", NT_PRSTATUS, &status, sizeof(status)))
			return false;
	}
	return true;
}

static bool is_of_file(const struct hs_mapping *mapping)
{
	return mapping->inode && mapping->path[0] == '/';
}

static bool append_name(struct hs_bytes *table, const struct hs_mapping *mapping)
{
	static const char deleted[] = " (deleted)"; /* as the kernel names what has no name any more */
	size_t bytes = strlen(mapping->path);

	if (!mapping->is_deleted)
		return hs_bytes_append(table, mapping->path, bytes + 1);
	return hs_bytes_append(table, mapping->path, bytes) && hs_bytes_append(table, deleted, sizeof(deleted));
}

/* count, page size, (start, end, offset in pages) for each, then the names in the same order. */
static bool append_files(struct hs_bytes *notes, const struct hs_mappings *mappings)
{
	HS_CLEANUP(hs_cleanup_bytes) struct hs_bytes table = { 0 };
	uint64_t head[2] = { 0, HS_PAGE_BYTES };

	for (size_t i = 0; i < mappings->n; i++)
		head[0] += is_of_file(&mappings->items[i]);
	if (!hs_bytes_append(&table, head, sizeof(head)))
		return false;
	for (size_t i = 0; i < mappings->n; i++) {
		const struct hs_mapping *mapping = &mappings->items[i];
		const uint64_t entry[3] = { mapping->start, mapping->end, mapping->file_offset / HS_PAGE_BYTES };
		if (is_of_file(mapping) && !hs_bytes_append(&table, entry, sizeof(entry)))
			return false;
	}
	for (size_t i = 0; i < mappings->n; i++)
		if (is_of_file(&mappings->items[i]) && !append_name(&table, &mappings->items[i]))
			return false;
	return hs_snapshot_append_note(notes, "CORE", NT_FILE, table.items, table.n);
}

static struct hs_error *make_notes(const struct hs_capture *capture, struct hs_bytes *notes)
{
	const struct hs_snapshot_mark mark = { .format = HS_SNAPSHOT_FORMAT, .revision = HS_SNAPSHOT_REVISION };
	const struct hs_process *process = capture->process;

	/* the mark first: its place is known to fill_mark() */
	bool is_made = hs_snapshot_append_note(notes, HS_SNAPSHOT_NOTE_NAME, HS_SNAPSHOT_NOTE_MARK, &mark, sizeof(mark)) &&
		       append_process(notes, process) && append_threads(notes, capture) &&
		       (!process->auxv || hs_snapshot_append_note(notes, "CORE", NT_AUXV, process->auxv, process->auxv_bytes)) &&
		       append_files(notes, &process->mappings);
	return is_made ? NULL : hs_error_no_memory();
}

static void fill_mark(struct hs_bytes *head, size_t notes_offset, uint64_t content_offset, uint64_t content_bytes)
{
	size_t at = notes_offset + sizeof(Elf64_Nhdr) + sizeof(HS_SNAPSHOT_NOTE_NAME);

	memcpy(head->items + at + offsetof(struct hs_snapshot_mark, content_offset), &content_offset, sizeof(content_offset));
	memcpy(head->items + at + offsetof(struct hs_snapshot_mark, content_bytes), &content_bytes, sizeof(content_bytes));
}

/* More program headers than the field holds are counted in the first section header. */
static bool append_header(struct hs_bytes *head, size_t n_headers)
{
	bool is_extended = n_headers >= PN_XNUM;
	const Elf64_Shdr section = { .sh_info = (Elf64_Word)n_headers };
	Elf64_Ehdr header = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT, ELFOSABI_NONE },
		.e_type = ET_CORE, .e_machine = EM_X86_64, .e_version = EV_CURRENT, .e_ehsize = sizeof(header),
		.e_phoff = sizeof(header) + (is_extended ? sizeof(section) : 0), .e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = (Elf64_Half)(is_extended ? PN_XNUM : n_headers),
	};

	if (is_extended) {
		header.e_shoff = sizeof(header);
		header.e_shentsize = sizeof(section);
		header.e_shnum = 1;
	}
	return hs_bytes_append(head, &header, sizeof(header)) && (!is_extended || hs_bytes_append(head, &section, sizeof(section)));
}

static uint32_t flags_of(const struct hs_mapping *mapping)
{
	return (mapping->permissions[0] == 'r' ? PF_R : 0) | (mapping->permissions[1] == 'w' ? PF_W : 0) | (mapping->permissions[2] == 'x' ? PF_X : 0);
}

static bool append_program_headers(struct hs_bytes *head, const struct hs_snapshot_parts *parts, const Elf64_Phdr notes[N_NOTE_SEGMENTS], uint64_t data_offset)
{
	if (!hs_bytes_append(head, notes, N_NOTE_SEGMENTS * sizeof(*notes)))
		return false;
	for (size_t i = 0; i < parts->list.n; i++) {
		const struct hs_snapshot_part *part = &parts->list.items[i];
		const Elf64_Phdr header = {
			.p_type = PT_LOAD, .p_flags = flags_of(&parts->mappings->items[part->mapping]), .p_offset = data_offset + part->offset,
			.p_vaddr = part->start, .p_filesz = part->has_bytes ? part->end - part->start : 0, .p_memsz = part->end - part->start,
			.p_align = HS_PAGE_BYTES,
		};
		if (!hs_bytes_append(head, &header, sizeof(header)))
			return false;
	}
	return true;
}

struct hs_error *hs_snapshot_head_make(const struct hs_capture *capture, const struct hs_snapshot_parts *parts, uint64_t content_bytes,
				       struct hs_bytes *ret)
{
	HS_CLEANUP(hs_cleanup_bytes) struct hs_bytes notes = { 0 };
	HS_CLEANUP(hs_cleanup_bytes) struct hs_bytes head = { 0 };
	size_t n_headers = N_NOTE_SEGMENTS + parts->list.n;
	const size_t content_head = sizeof(Elf64_Nhdr) + sizeof(HS_SNAPSHOT_NOTE_NAME);

	if (content_bytes > UINT32_MAX || n_headers > UINT32_MAX)
		return hs_error_new(HS_ERROR_LIMIT, "PID %d has too many mappings for a snapshot", (int)capture->process->pid);
	HS_TRY(make_notes(capture, &notes));
	if (!append_header(&head, n_headers))
		return hs_error_no_memory();
	size_t notes_offset = head.n + n_headers * sizeof(Elf64_Phdr);
	uint64_t data_offset = (notes_offset + notes.n + HS_PAGE_BYTES - 1) & ~(uint64_t)(HS_PAGE_BYTES - 1);
	uint64_t content_offset = data_offset + parts->data_bytes;
	const Elf64_Phdr note_headers[N_NOTE_SEGMENTS] = {
		{ .p_type = PT_NOTE, .p_offset = notes_offset, .p_filesz = notes.n, .p_align = NOTE_ALIGNMENT },
		{ .p_type = PT_NOTE, .p_offset = content_offset, .p_filesz = content_head + content_bytes, .p_align = NOTE_ALIGNMENT },
	};
	if (!append_program_headers(&head, parts, note_headers, data_offset) || !hs_bytes_append(&head, notes.items, notes.n) ||
	    !hs_bytes_align(&head, HS_PAGE_BYTES))
		return hs_error_no_memory();
	fill_mark(&head, notes_offset, content_offset + content_head, content_bytes);
	*ret = head;
	head = (struct hs_bytes){ 0 };
	return NULL;
}
