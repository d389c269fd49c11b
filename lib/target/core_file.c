/* SPDX-License-Identifier: Apache-2.0 */
/* Headers and segments of a core file. What the notes say is core_notes.c's; which process that makes, core_process.c's. */
#include "core_file.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "core_notes.h"
#include "image.h"

#define MAX_PROGRAM_HEADERS ((uint64_t)1 << 20) /* 16 times what vm.max_map_count is by default */
#define MAX_KEPT 4096
#define MAX_NOTES_BYTES ((uint64_t)1 << 30)     /* a snapshot of a TiB of memory has 40 MiB of bitmaps and checksums */

void hs_core_file_close(struct hs_core_file *core)
{
	if (!core)
		return;
	hs_file_source_close(core->source);
	hs_array_free(&core->segments);
	hs_array_free(&core->files);
	hs_array_free(&core->threads);
	hs_array_free(&core->kept);
	free(core->notes);
	free(core);
}

static const char *machine_name(unsigned machine)
{
	static const struct {
		unsigned machine;
		const char *name;
	} machines[] = {
		{ EM_AARCH64, "aarch64" }, { EM_386, "i386" },     { EM_ARM, "arm" },    { EM_PPC64, "ppc64" },
		{ EM_S390, "s390" },       { EM_RISCV, "riscv" }, { EM_X86_64, "x86-64" },
	};

	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		if (machines[i].machine == machine)
			return machines[i].name;
	return "an unknown machine";
}

static struct hs_error *check_header(const Elf64_Ehdr *header)
{
	static const char *const kinds[] = { [ET_REL] = "an object file", [ET_EXEC] = "an executable", [ET_DYN] = "an executable or a library" };

	if (memcmp(header->e_ident, ELFMAG, SELFMAG))
		return hs_error_hint(hs_error_new(HS_ERROR_BAD_DATA, "no core and no snapshot: it is no ELF file"),
				     "'heapspy snapshot' and gcore write files that can be opened");
	if (header->e_ident[EI_CLASS] != ELFCLASS64)
		return hs_error_hint(hs_error_new(HS_ERROR_UNSUPPORTED, "a core of a 32-bit process"), "heapspy reads 64-bit interpreters only");
	if (header->e_ident[EI_DATA] != ELFDATA2LSB)
		return hs_error_new(HS_ERROR_UNSUPPORTED, "a core of a big-endian machine");
	if (header->e_type != ET_CORE)
		return hs_error_hint(hs_error_new(HS_ERROR_BAD_DATA, "no core, but %s",
						  header->e_type <= ET_DYN && kinds[header->e_type] ? kinds[header->e_type] : "another ELF file"),
				     "the executable goes behind the core: CORE:EXE");
	if (header->e_machine != EM_X86_64)
		return hs_error_hint(hs_error_new(HS_ERROR_UNSUPPORTED, "a core of %s", machine_name(header->e_machine)),
				     "this heapspy reads processes of x86-64");
	if (header->e_phentsize != sizeof(Elf64_Phdr))
		return hs_error_new(HS_ERROR_BAD_DATA, "its program headers have %u bytes", header->e_phentsize);
	return NULL;
}

/* With 65535 of them or more, their number is in the first section's header. */
static struct hs_error *count_headers(struct hs_core_file *core, const Elf64_Ehdr *header, uint64_t *ret)
{
	Elf64_Shdr section;

	*ret = header->e_phnum;
	if (header->e_phnum == PN_XNUM) {
		if (!header->e_shoff || header->e_shentsize != sizeof(section))
			return hs_error_new(HS_ERROR_BAD_DATA, "the number of its program headers is nowhere");
		HS_TRY(hs_file_source_read_all(core->source, header->e_shoff, &section, sizeof(section), "the section header"));
		*ret = section.sh_info;
	}
	if (*ret > MAX_PROGRAM_HEADERS)
		return hs_error_new(HS_ERROR_LIMIT, "it claims to have %llu program headers", (unsigned long long)*ret);
	return NULL;
}

/* Whole pages only: a core of pages is all that any system writes. */
static struct hs_error *take_segment(struct hs_core_file *core, const Elf64_Phdr *header)
{
	const uint64_t in_page = HS_PAGE_BYTES - 1, file_end = hs_file_source_bytes(core->source);
	hs_addr start = (header->p_vaddr + in_page) & ~in_page;
	uint64_t end, file_bytes = header->p_filesz < header->p_memsz ? header->p_filesz : header->p_memsz, offset_end;

	if (__builtin_add_overflow(header->p_vaddr, header->p_memsz, &end) || __builtin_add_overflow(header->p_offset, file_bytes, &offset_end))
		return hs_error_at(HS_ERROR_BAD_DATA, header->p_vaddr, "a segment at 0x%" HS_PRI_ADDR " that ends nowhere", (hs_addr)header->p_vaddr);
	end &= ~in_page;
	if (start < header->p_vaddr || start >= end || end > HS_CORE_ADDRESS_END)
		return NULL;
	uint64_t skipped = start - header->p_vaddr;
	if (offset_end > file_end) {
		uint64_t there = header->p_offset < file_end ? file_end - header->p_offset : 0;
		core->missing_bytes += file_bytes - there;
		file_bytes = there;
	}
	file_bytes = file_bytes > skipped ? file_bytes - skipped : 0;
	struct hs_core_segment *segment = hs_array_append(&core->segments);
	if (!segment)
		return hs_error_no_memory();
	*segment = (struct hs_core_segment){
		.start = start, .end = end, .file_offset = header->p_offset + skipped,
		.file_bytes = (file_bytes < end - start ? file_bytes : end - start) & ~in_page,
		.is_readable = header->p_flags & PF_R, .is_writable = header->p_flags & PF_W, .is_executable = header->p_flags & PF_X,
	};
	return NULL;
}

/* Several note segments are read as one. */
static struct hs_error *take_notes(struct hs_core_file *core, const Elf64_Phdr *header)
{
	uint64_t file_bytes = hs_file_source_bytes(core->source);

	if (header->p_filesz > MAX_NOTES_BYTES - core->notes_bytes || header->p_filesz > file_bytes)
		return hs_error_new(header->p_filesz > file_bytes ? HS_ERROR_BAD_DATA : HS_ERROR_LIMIT, "notes of %llu bytes%s",
				    (unsigned long long)header->p_filesz, header->p_filesz > file_bytes ? ", more than the file has: it is cut short" : "");
	/* the next segment's notes begin at a multiple of 4 again */
	size_t begin = (core->notes_bytes + 3) & ~(size_t)3, bytes = begin + header->p_filesz;
	uint8_t *notes = realloc(core->notes, bytes + 1);
	if (!notes)
		return hs_error_no_memory();
	core->notes = notes;
	memset(notes + core->notes_bytes, 0, begin - core->notes_bytes);
	HS_TRY(hs_file_source_read_all(core->source, header->p_offset, notes + begin, header->p_filesz, "the notes"));
	core->notes_bytes = bytes;
	return NULL;
}

static int compare_segments(const void *a, const void *b)
{
	const struct hs_core_segment *left = a, *right = b;

	return left->start < right->start ? -1 : left->start > right->start;
}

static struct hs_error *sort_segments(struct hs_core_file *core)
{
	struct hs_core_segment *segments = core->segments.items;

	if (!core->segments.n)
		return hs_error_new(HS_ERROR_BAD_DATA, "a core without memory");
	qsort(segments, core->segments.n, sizeof(*segments), compare_segments);
	for (size_t i = 1; i < core->segments.n; i++)
		if (segments[i].start < segments[i - 1].end)
			return hs_error_at(HS_ERROR_BAD_DATA, segments[i].start, "two segments overlap at 0x%" HS_PRI_ADDR, segments[i].start);
	return NULL;
}

static struct hs_error *read_headers(struct hs_core_file *core)
{
	Elf64_Ehdr header = { 0 };
	uint64_t n;
	size_t bytes;

	/* what is shorter than a header is no ELF file, whatever it is */
	HS_TRY(hs_file_source_read(core->source, 0, &header, sizeof(header), &bytes));
	if (bytes >= SELFMAG && bytes < sizeof(header) && !memcmp(header.e_ident, ELFMAG, SELFMAG))
		return hs_error_new(HS_ERROR_BAD_DATA, "the file is cut short: it ends within the ELF header, at byte %zu", bytes);
	HS_TRY(check_header(&header));
	HS_TRY(count_headers(core, &header, &n));
	/* not more memory than a file of that length could fill */
	if (header.e_phoff > hs_file_source_bytes(core->source) || n * sizeof(Elf64_Phdr) > hs_file_source_bytes(core->source) - header.e_phoff)
		return hs_error_new(HS_ERROR_BAD_DATA, "the file is cut short: it ends within the program headers");
	HS_FREE Elf64_Phdr *headers = calloc(n + 1, sizeof(*headers));
	if (!headers)
		return hs_error_no_memory();
	HS_TRY(hs_file_source_read_all(core->source, header.e_phoff, headers, n * sizeof(*headers), "the program headers"));
	for (uint64_t i = 0; i < n; i++) {
		if (headers[i].p_type == PT_LOAD)
			HS_TRY(take_segment(core, &headers[i]));
		if (headers[i].p_type == PT_NOTE)
			HS_TRY(take_notes(core, &headers[i]));
	}
	return sort_segments(core);
}

/* Where the file has the page at `start`; UINT64_MAX: nowhere. */
static uint64_t place_of(const struct hs_core_file *core, hs_addr start)
{
	size_t i = hs_core_file_find(core, start);
	const struct hs_core_segment *segment = i < core->segments.n ? &core->segments.items[i] : NULL;

	return segment && segment->start <= start && start - segment->start < segment->file_bytes ? segment->file_offset + (start - segment->start) :
												    UINT64_MAX;
}

/*
 * The first pages of mapped files. They are read in one pass: the order of addresses is that of a file as the kernel and gcore write
 * it, and what goes back in another is left out.
 */
static struct hs_error *keep_beginnings(struct hs_core_file *core)
{
	uint64_t next = 0;

	for (size_t i = 0; i < core->files.n && core->kept.n < MAX_KEPT; i++) {
		hs_addr start = core->files.items[i].start;
		uint64_t place = core->files.items[i].file_offset ? UINT64_MAX : place_of(core, start);
		uint8_t page[HS_PAGE_BYTES];
		if (place == UINT64_MAX || place < next || !hs_core_file_memory(core, start, page, sizeof(page)))
			continue;
		next = place + sizeof(page);
		struct hs_core_kept_page *kept = hs_array_append(&core->kept);
		if (!kept)
			return hs_error_no_memory();
		kept->start = start;
		memcpy(kept->bytes, page, sizeof(page));
	}
	return NULL;
}

struct hs_error *hs_core_file_read(struct hs_file_source *source, struct hs_core_file **ret)
{
	HS_CLEANUP(hs_cleanup_core_file) struct hs_core_file *core = calloc(1, sizeof(*core));

	if (!core) {
		hs_file_source_close(source);
		return hs_error_no_memory();
	}
	core->source = source;
	HS_TRY(read_headers(core));
	HS_TRY(hs_core_notes_read(core));
	if (hs_file_source_is_sequential(source))
		HS_TRY(keep_beginnings(core));
	*ret = hs_take(core);
	return NULL;
}

size_t hs_core_file_find(const struct hs_core_file *core, hs_addr address)
{
	size_t low = 0, high = core->segments.n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (core->segments.items[middle].end > address)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static bool read_kept(const struct hs_core_file *core, hs_addr address, void *ret, size_t bytes)
{
	size_t low = 0, high = core->kept.n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct hs_core_kept_page *page = &core->kept.items[middle];
		if (address < page->start) {
			high = middle;
		} else if (address - page->start >= sizeof(page->bytes)) {
			low = middle + 1;
		} else {
			if (bytes > sizeof(page->bytes) - (address - page->start))
				return false;
			memcpy(ret, page->bytes + (address - page->start), bytes);
			return true;
		}
	}
	return false;
}

bool hs_core_file_memory(const struct hs_core_file *core, hs_addr address, void *ret, size_t bytes)
{
	uint8_t *to = ret;

	if (read_kept(core, address, ret, bytes))
		return true;
	for (size_t i = hs_core_file_find(core, address); bytes && i < core->segments.n; i++) {
		const struct hs_core_segment *segment = &core->segments.items[i];
		if (address < segment->start || address - segment->start >= segment->file_bytes)
			return false;
		uint64_t offset = address - segment->start, rest = segment->file_bytes - offset;
		size_t n = rest < bytes ? (size_t)rest : bytes;
		struct hs_error *error = hs_file_source_read_all(core->source, segment->file_offset + offset, to, n, "a segment");
		hs_error_destroy(error);
		if (error)
			return false;
		address += n;
		to += n;
		bytes -= n;
	}
	return !bytes;
}
