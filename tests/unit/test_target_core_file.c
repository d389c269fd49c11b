/* SPDX-License-Identifier: Apache-2.0 */
/* Core files: what their headers and notes tell, and what is wrong with those that are damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core_file.h"
#include "fake_core.h"

static struct hs_error *read_bytes(const void *bytes, size_t n, struct hs_core_file **ret)
{
	struct hs_file_source *source;

	assert_null(hs_file_source_of_memory(bytes, n, &source));
	return hs_core_file_read(source, ret);
}

/* Reading it must fail with that code, and its message must name `what`. */
static void assert_refused(const struct fake_core *fake, enum hs_error_code code, const char *what)
{
	struct hs_core_file *core = NULL;
	struct hs_error *error = read_bytes(fake->bytes, fake->n_bytes, &core);

	assert_non_null(error);
	assert_null(core);
	assert_int_equal(error->code, code);
	if (!strstr(error->message, what))
		fail_msg("'%s' does not name '%s'", error->message, what);
	hs_error_destroy(error);
}

static void check_content(const struct hs_core_file *core)
{
	assert_int_equal(core->pid, FAKE_CORE_PID);
	assert_string_equal(core->comm, "fake-python3.11");
	assert_string_equal(core->arguments, FAKE_CORE_EXE " /srv/app.py --secret ");
	assert_int_equal(core->threads.n, 2);
	assert_int_equal(core->threads.items[0].tid, FAKE_CORE_PID + 7);
	assert_int_equal(core->threads.items[1].registers.rsp, FAKE_CORE_STACK + 0x100);
	assert_int_equal(core->entry, 0x401010);
	assert_int_equal(core->files.n, 5);
	assert_int_equal(core->files.items[2].file_offset, 0x2000);
	assert_string_equal(core->files.items[2].path, FAKE_CORE_EXE);
	assert_int_equal(core->missing_bytes, 0);
	/* without vsyscall, which lies above all addresses of user space */
	assert_int_equal(core->segments.n, 8);
	assert_int_equal(core->segments.items[1].file_bytes, 0);
	assert_true(core->segments.items[1].is_executable);
	assert_int_equal(core->segments.items[5].file_bytes, 0x2000);
	assert_int_equal(core->segments.items[5].end, FAKE_CORE_ANONYMOUS + 0x3000);
}

static void headers_and_notes_are_read(void **state)
{
	void (*const makers[])(struct fake_core *) = { fake_core_make, fake_core_make_extended };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct hs_core_file *core = NULL;
		struct fake_core fake;
		makers[i](&fake);
		assert_null(read_bytes(fake.bytes, fake.n_bytes, &core));
		check_content(core);
		hs_core_file_close(core);
		fake_core_free(&fake);
	}
}

static void memory_is_what_the_file_holds(void **state)
{
	struct hs_core_file *core = NULL;
	struct fake_core fake;
	uint8_t bytes[64];

	(void)state;
	fake_core_make(&fake);
	assert_null(read_bytes(fake.bytes, fake.n_bytes, &core));
	/* over the border of two segments */
	assert_true(hs_core_file_memory(core, 0x402ff0, bytes, 32));
	assert_int_equal(bytes[0], 2);
	assert_int_equal(bytes[31], 4);
	/* nothing is there, or no longer */
	assert_false(hs_core_file_memory(core, 0x3fffff, bytes, 2));
	assert_false(hs_core_file_memory(core, 0x401000, bytes, 1));
	assert_true(hs_core_file_memory(core, FAKE_CORE_ANONYMOUS + 0x1fff, bytes, 1));
	assert_false(hs_core_file_memory(core, FAKE_CORE_ANONYMOUS + 0x1fff, bytes, 2));
	assert_false(hs_core_file_memory(core, UINT64_MAX, bytes, 2));
	hs_core_file_close(core);
	fake_core_free(&fake);
}

static void files_of_other_kinds_are_refused(void **state)
{
	struct fake_core fake;

	(void)state;
	fake_core_make(&fake);
	fake.header->e_ident[EI_CLASS] = ELFCLASS32;
	assert_refused(&fake, HS_ERROR_UNSUPPORTED, "32-bit");
	fake.header->e_ident[EI_CLASS] = ELFCLASS64;
	fake.header->e_ident[EI_DATA] = ELFDATA2MSB;
	assert_refused(&fake, HS_ERROR_UNSUPPORTED, "big-endian");
	fake.header->e_ident[EI_DATA] = ELFDATA2LSB;
	fake.header->e_machine = EM_AARCH64;
	assert_refused(&fake, HS_ERROR_UNSUPPORTED, "aarch64");
	fake.header->e_machine = EM_X86_64;
	fake.header->e_type = ET_DYN;
	assert_refused(&fake, HS_ERROR_BAD_DATA, "library");
	fake.header->e_type = 0xfe00;
	assert_refused(&fake, HS_ERROR_BAD_DATA, "no core");
	fake.header->e_type = ET_CORE;
	fake.header->e_phentsize = 32;
	assert_refused(&fake, HS_ERROR_BAD_DATA, "32 bytes");
	fake.header->e_phentsize = sizeof(Elf64_Phdr);
	fake.header->e_ident[0] = '#';
	assert_refused(&fake, HS_ERROR_BAD_DATA, "no ELF file");
	fake.n_bytes = 0;
	assert_refused(&fake, HS_ERROR_BAD_DATA, "no ELF file");
	fake_core_free(&fake);
}

static void numbers_that_cannot_be_are_refused(void **state)
{
	struct fake_core fake;

	(void)state;
	fake_core_make(&fake);
	Elf64_Phdr *heap = fake_core_segment(&fake, FAKE_CORE_HEAP), *notes = &fake.program_headers[0];
	const Elf64_Phdr good_heap = *heap, good_notes = *notes;

	heap->p_vaddr = 0x402000;
	assert_refused(&fake, HS_ERROR_BAD_DATA, "two segments overlap at 0x402000");
	*heap = good_heap;
	heap->p_memsz = UINT64_MAX - 0x1000;
	assert_refused(&fake, HS_ERROR_BAD_DATA, "ends nowhere");
	*heap = good_heap;
	heap->p_offset = UINT64_MAX - 0x1000;
	assert_refused(&fake, HS_ERROR_BAD_DATA, "ends nowhere");
	*heap = good_heap;
	notes->p_filesz = UINT64_MAX;
	assert_refused(&fake, HS_ERROR_BAD_DATA, "more than the file has");
	*notes = good_notes;
	notes->p_offset = UINT64_MAX - 8;
	assert_refused(&fake, HS_ERROR_BAD_DATA, "notes");
	*notes = good_notes;
	fake.header->e_phoff = UINT64_MAX - 8;
	assert_refused(&fake, HS_ERROR_BAD_DATA, "program headers");
	fake.header->e_phoff = sizeof(Elf64_Ehdr);
	fake.header->e_phnum = PN_XNUM - 1;
	assert_refused(&fake, HS_ERROR_BAD_DATA, "cut short");
	fake.header->e_phnum = PN_XNUM;
	assert_refused(&fake, HS_ERROR_BAD_DATA, "number of its program headers");
	fake.header->e_phnum = 0;
	assert_refused(&fake, HS_ERROR_BAD_DATA, "without memory");
	fake_core_free(&fake);
	fake_core_make_extended(&fake);
	((Elf64_Shdr *)(void *)(fake.bytes + fake.header->e_shoff))->sh_info = UINT32_MAX;
	assert_refused(&fake, HS_ERROR_LIMIT, "4294967295");
	fake_core_free(&fake);
}

/* Cut at every byte of headers and notes, it is refused; behind them, what is missing is told. */
static void files_that_are_cut_short_are_known(void **state)
{
	struct fake_core fake;

	(void)state;
	fake_core_make(&fake);
	size_t whole = fake.n_bytes, data = fake.notes_offset + fake.notes_bytes;
	for (fake.n_bytes = 0; fake.n_bytes < data; fake.n_bytes++)
		assert_refused(&fake, HS_ERROR_BAD_DATA, fake.n_bytes < SELFMAG ? "no ELF file" : "cut short");
	for (fake.n_bytes = data; fake.n_bytes < whole; fake.n_bytes += 1000) {
		struct hs_core_file *core = NULL;
		uint64_t there = 0;
		assert_null(read_bytes(fake.bytes, fake.n_bytes, &core));
		/* vsyscall is the last of the file, and no segment */
		if (fake.n_bytes < whole - 0x1000)
			assert_true(core->missing_bytes > 0);
		for (size_t i = 0; i < core->segments.n; i++)
			there += core->segments.items[i].file_bytes;
		assert_true(there <= fake.n_bytes);
		hs_core_file_close(core);
	}
	fake_core_free(&fake);
}

/* Of notes that contradict themselves, what can be believed is taken. */
static void strange_notes_are_passed_over(void **state)
{
	struct fake_core fake;

	(void)state;
	fake_core_make(&fake);
	for (size_t at = fake.notes_offset; at < fake.notes_offset + fake.notes_bytes; at++) {
		uint8_t before = fake.bytes[at];
		for (unsigned value = 0; value < 256; value += 51) {
			struct hs_core_file *core = NULL;
			fake.bytes[at] = (uint8_t)value;
			assert_null(read_bytes(fake.bytes, fake.n_bytes, &core));
			for (size_t i = 0; i < core->files.n; i++) {
				assert_true(core->files.items[i].start < core->files.items[i].end);
				assert_true(strlen(core->files.items[i].path) < 100);
			}
			hs_core_file_close(core);
		}
		fake.bytes[at] = before;
	}
	memset(fake.bytes + fake.files_offset, 0xff, 8);
	struct hs_core_file *core = NULL;
	assert_null(read_bytes(fake.bytes, fake.n_bytes, &core));
	assert_int_equal(core->files.n, 0);
	hs_core_file_close(core);
	fake_core_free(&fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_and_notes_are_read),
		cmocka_unit_test(memory_is_what_the_file_holds),
		cmocka_unit_test(files_of_other_kinds_are_refused),
		cmocka_unit_test(numbers_that_cannot_be_are_refused),
		cmocka_unit_test(files_that_are_cut_short_are_known),
		cmocka_unit_test(strange_notes_are_passed_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
