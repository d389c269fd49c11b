/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the headers, notes and pages of a core, nothing else. */
#include "fake_core.h"

#include <stdlib.h>
#include <string.h>
#include <sys/procfs.h>

#define PAGE 4096u

struct segment {
	uint64_t start;
	uint32_t flags;
	unsigned n_pages, n_file_pages;
};

static const struct segment segments[] = {
	{ 0x400000, PF_R, 1, 1 },
	{ 0x401000, PF_R | PF_X, 1, 0 },
	{ 0x402000, PF_R | PF_W, 1, 1 },
	{ 0x403000, PF_R | PF_W, 1, 1 },
	{ FAKE_CORE_HEAP, PF_R | PF_W, 2, 2 },
	{ FAKE_CORE_ANONYMOUS, PF_R | PF_W, 3, 2 },
	{ 0x7f0000010000, PF_R, 1, 1 },
	{ FAKE_CORE_STACK, PF_R | PF_W, 1, 1 },
	{ 0xffffffffff600000, PF_R | PF_X, 1, 1 },
};

enum { N_SEGMENTS = sizeof(segments) / sizeof(segments[0]) };

struct file {
	uint64_t start, end, page;
	const char *path;
};

static const struct file files[] = {
	{ 0x400000, 0x401000, 0, FAKE_CORE_EXE },
	{ 0x401000, 0x402000, 1, FAKE_CORE_EXE },
	{ 0x402000, 0x403000, 2, FAKE_CORE_EXE },
	{ 0x7f0000010000, 0x7f0000011000, 0, FAKE_CORE_LIBRARY " (deleted)" },
	{ 0x7f0000011000, 0x7f0000012000, 1, FAKE_CORE_LIBRARY " (deleted)" },
};

enum { N_FILES = sizeof(files) / sizeof(files[0]) };

static void append(struct fake_core *core, const void *data, size_t bytes)
{
	core->bytes = realloc(core->bytes, core->n_bytes + bytes);
	if (data)
		memcpy(core->bytes + core->n_bytes, data, bytes);
	else
		memset(core->bytes + core->n_bytes, 0, bytes);
	core->n_bytes += bytes;
}

static void align(struct fake_core *core, size_t alignment)
{
	append(core, NULL, -core->n_bytes & (alignment - 1));
}

static void append_note(struct fake_core *core, uint32_t type, const void *data, size_t bytes)
{
	const Elf64_Nhdr header = { .n_namesz = 5, .n_descsz = (uint32_t)bytes, .n_type = type };

	append(core, &header, sizeof(header));
	append(core, "CORE\0\0\0", 8);
	append(core, data, bytes);
	align(core, 4);
}

static void append_thread(struct fake_core *core, int tid)
{
	struct elf_prstatus status = { .pr_pid = tid };

	/* rsp is the 20th of user_regs_struct */
	status.pr_reg[19] = FAKE_CORE_STACK + 0x100;
	append_note(core, NT_PRSTATUS, &status, sizeof(status));
}

static void append_files(struct fake_core *core)
{
	struct fake_core note = { 0 };
	const uint64_t head[2] = { N_FILES, PAGE };

	append(&note, head, sizeof(head));
	for (size_t i = 0; i < N_FILES; i++)
		append(&note, &files[i], 3 * sizeof(uint64_t));
	for (size_t i = 0; i < N_FILES; i++)
		append(&note, files[i].path, strlen(files[i].path) + 1);
	core->files_offset = core->n_bytes + sizeof(Elf64_Nhdr) + 8;
	append_note(core, NT_FILE, note.bytes, note.n_bytes);
	free(note.bytes);
}

static void append_notes(struct fake_core *core)
{
	const uint64_t auxiliary[] = { AT_PHDR, 0x400040, AT_ENTRY, 0x401010, AT_EXECFN, FAKE_CORE_STACK + 0x800, AT_NULL, 0 };
	struct elf_prpsinfo info = { .pr_pid = FAKE_CORE_PID, .pr_sname = 'S', .pr_fname = "fake-python3.11" };

	strcpy(info.pr_psargs, FAKE_CORE_EXE " /srv/app.py --secret ");
	core->notes_offset = core->n_bytes;
	append_thread(core, FAKE_CORE_PID + 7);
	append_note(core, NT_PRPSINFO, &info, sizeof(info));
	append_note(core, NT_AUXV, auxiliary, sizeof(auxiliary));
	append_files(core);
	append_thread(core, FAKE_CORE_PID);
	core->notes_bytes = core->n_bytes - core->notes_offset;
}

void fake_core_exe_page(unsigned index, uint8_t ret[4096])
{
	const Elf64_Ehdr header = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT }, .e_type = ET_EXEC, .e_machine = EM_X86_64,
		.e_version = EV_CURRENT, .e_entry = 0x401010, .e_phoff = sizeof(Elf64_Ehdr), .e_ehsize = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 4,
	};
	const Elf64_Phdr headers[4] = {
		{ .p_type = PT_LOAD, .p_flags = PF_R, .p_vaddr = 0x400000, .p_filesz = PAGE, .p_memsz = PAGE, .p_align = PAGE },
		{ .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_offset = PAGE, .p_vaddr = 0x401000, .p_filesz = PAGE, .p_memsz = PAGE, .p_align = PAGE },
		{ .p_type = PT_LOAD, .p_flags = PF_R | PF_W, .p_offset = 2 * PAGE, .p_vaddr = 0x402000, .p_filesz = PAGE, .p_memsz = 2 * PAGE,
		  .p_align = PAGE },
		{ .p_type = PT_NOTE, .p_flags = PF_R, .p_offset = 512, .p_vaddr = 0x400200, .p_filesz = 36, .p_memsz = 36, .p_align = 4 },
	};
	const Elf64_Nhdr note = { .n_namesz = 4, .n_descsz = 20, .n_type = NT_GNU_BUILD_ID };

	memset(ret, (int)index, PAGE);
	if (index)
		return;
	memcpy(ret, &header, sizeof(header));
	memcpy(ret + sizeof(header), headers, sizeof(headers));
	memcpy(ret + 512, &note, sizeof(note));
	memcpy(ret + 512 + sizeof(note), "GNU", 4);
	memset(ret + 512 + sizeof(note) + 4, 0xb1, 20);
}

static void append_page(struct fake_core *core, uint64_t address)
{
	uint8_t page[PAGE];

	if (address < FAKE_CORE_HEAP - PAGE && address != 0x403000)
		fake_core_exe_page((unsigned)((address - 0x400000) / PAGE), page);
	else if (address == 0x7f0000010000)
		fake_core_exe_page(0, page);
	else if (address == FAKE_CORE_HEAP + PAGE)
		memset(page, 0, PAGE);
	else
		memset(page, (int)(address >> 12 & 0x7f) + 1, PAGE);
	append(core, page, PAGE);
}

static void append_data(struct fake_core *core, Elf64_Phdr *headers)
{
	align(core, PAGE);
	for (size_t i = 0; i < N_SEGMENTS; i++) {
		const struct segment *segment = &segments[i];
		headers[i + 1] = (Elf64_Phdr){
			.p_type = PT_LOAD, .p_flags = segment->flags, .p_offset = core->n_bytes, .p_vaddr = segment->start,
			.p_filesz = segment->n_file_pages * PAGE, .p_memsz = segment->n_pages * PAGE, .p_align = PAGE,
		};
		for (unsigned page = 0; page < segment->n_file_pages; page++)
			append_page(core, segment->start + page * PAGE);
	}
}

static void make(struct fake_core *core, uint16_t n_headers, const Elf64_Shdr *section)
{
	Elf64_Phdr headers[FAKE_CORE_MAX_HEADERS] = { 0 };
	Elf64_Ehdr header = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT }, .e_type = ET_CORE, .e_machine = EM_X86_64,
		.e_version = EV_CURRENT, .e_phoff = sizeof(header), .e_ehsize = sizeof(header), .e_phentsize = sizeof(headers[0]), .e_phnum = n_headers,
	};

	*core = (struct fake_core){ .n_headers = N_SEGMENTS + 1 };
	append(core, NULL, sizeof(header) + core->n_headers * sizeof(headers[0]));
	append_notes(core);
	headers[0] = (Elf64_Phdr){ .p_type = PT_NOTE, .p_offset = core->notes_offset, .p_filesz = core->notes_bytes, .p_align = 4 };
	append_data(core, headers);
	if (section) {
		header.e_shoff = core->n_bytes;
		header.e_shentsize = sizeof(*section);
		header.e_shnum = 1;
		append(core, section, sizeof(*section));
	}
	memcpy(core->bytes, &header, sizeof(header));
	memcpy(core->bytes + sizeof(header), headers, core->n_headers * sizeof(headers[0]));
	core->header = (Elf64_Ehdr *)(void *)core->bytes;
	core->program_headers = (Elf64_Phdr *)(void *)(core->bytes + sizeof(header));
}

void fake_core_make(struct fake_core *core)
{
	make(core, N_SEGMENTS + 1, NULL);
}

void fake_core_make_extended(struct fake_core *core)
{
	const Elf64_Shdr section = { .sh_info = N_SEGMENTS + 1 };

	make(core, PN_XNUM, &section);
}

void fake_core_free(struct fake_core *core)
{
	free(core->bytes);
	*core = (struct fake_core){ 0 };
}

Elf64_Phdr *fake_core_segment(const struct fake_core *core, uint64_t address)
{
	for (size_t i = 0; i < core->n_headers; i++)
		if (core->program_headers[i].p_type == PT_LOAD && core->program_headers[i].p_vaddr == address)
			return &core->program_headers[i];
	return NULL;
}
