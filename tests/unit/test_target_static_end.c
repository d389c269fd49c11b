/* SPDX-License-Identifier: Apache-2.0 */
/* Where a binary's static storage ends, by program headers: honest ones, cut ones, and such as say anything. */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "static_end.h"

#define START 0x7f0000100000

struct head {
	Elf64_Ehdr header;
	Elf64_Phdr programs[4];
};

/* Text at 0, data at 0x3d00 with 0x400 bytes in the file, .bss up to 0x6020; all of it linked to `base`. */
static struct head sample(Elf64_Addr base)
{
	struct head head = {
		.header = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64 }, .e_phoff = sizeof(head.header), .e_phnum = 4,
			    .e_phentsize = sizeof(head.programs[0]) },
		.programs = {
			{ .p_type = PT_PHDR, .p_flags = PF_R | PF_W, .p_vaddr = base + 0x90000, .p_memsz = 0x100 },
			{ .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = base, .p_memsz = 0x2000 },
			{ .p_type = PT_LOAD, .p_flags = PF_R | PF_W, .p_vaddr = base + 0x3d00, .p_filesz = 0x400, .p_memsz = 0x2320 },
			{ .p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W },
		},
	};

	return head;
}

static void ends_with_the_last_writable_part(void **state)
{
	struct head library = sample(0), program = sample(0x400000);

	(void)state;
	assert_int_equal(hs_static_end_by_head(&library, sizeof(library), START), START + 0x7000);
	assert_int_equal(hs_static_end_by_head(&program, sizeof(program), 0x400000), 0x407000);
	library.programs[2].p_memsz = 0x300;
	assert_int_equal(hs_static_end_by_head(&library, sizeof(library), START), START + 0x4000);
}

static void is_unknown_without_whole_headers(void **state)
{
	struct head head = sample(0);

	(void)state;
	for (size_t bytes = 0; bytes < sizeof(head); bytes++)
		assert_int_equal(hs_static_end_by_head(&head, bytes, START), 0);
	head.header.e_ident[EI_CLASS] = ELFCLASS32;
	assert_int_equal(hs_static_end_by_head(&head, sizeof(head), START), 0);
	head = sample(0);
	head.header.e_phentsize++;
	assert_int_equal(hs_static_end_by_head(&head, sizeof(head), START), 0);
	head = sample(0);
	head.programs[2].p_flags = PF_R;
	assert_int_equal(hs_static_end_by_head(&head, sizeof(head), START), 0);
	head = sample(0);
	head.header.e_phoff = UINT64_MAX - 8;
	assert_int_equal(hs_static_end_by_head(&head, sizeof(head), START), 0);
	head = sample(0);
	head.header.e_phnum = UINT16_MAX;
	assert_int_equal(hs_static_end_by_head(&head, sizeof(head), START), 0);
}

/* A size that wraps around ends nowhere; the caller bounds what is said by what is mapped. */
static void sizes_wrap_around_harmlessly(void **state)
{
	struct head head = sample(0);

	(void)state;
	head.programs[2].p_memsz = UINT64_MAX;
	assert_true(hs_static_end_by_head(&head, sizeof(head), START) <= START + 0x4000);
	head.programs[2].p_memsz = UINT64_MAX - 0x3d00;
	hs_static_end_by_head(&head, sizeof(head), START);
}

static void is_bounded_by_what_is_mapped(void **state)
{
	/* no such process: the headers cannot be read, and no more than a large .bss is believed */
	static struct hs_mapping items[] = {
		{ .start = 0x10000, .end = 0x12000, .inode = 7, .permissions = "r-xp", .path = (char *)"/lib/a.so" },
		{ .start = 0x12000, .end = 0x13000, .file_offset = 0x2000, .inode = 7, .permissions = "rw-p", .path = (char *)"/lib/a.so" },
		{ .start = 0x13000, .end = 0x14000, .permissions = "rw-p", .path = (char *)"" },
		{ .start = 0x20000, .end = 0x21000, .inode = 8, .permissions = "rw-p", .path = (char *)"/lib/b.so" },
		{ .start = 0x21000, .end = 0x90000000, .permissions = "rw-p", .path = (char *)"" },
		{ .start = 0x90000000, .end = 0x90001000, .inode = 9, .permissions = "rw-p", .path = (char *)"/lib/c.so" },
	};
	const struct hs_process process = { .pid = -1, .memory_tid = -1, .mappings = { .items = items, .n = 6 } };

	(void)state;
	assert_int_equal(hs_static_end(&process, 0), 0x12000);
	assert_int_equal(hs_static_end(&process, 1), 0x14000);
	assert_int_equal(hs_static_end(&process, 3), 0x21000 + (4 << 20));
	assert_int_equal(hs_static_end(&process, 5), 0x90001000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_with_the_last_writable_part),
		cmocka_unit_test(is_unknown_without_whole_headers),
		cmocka_unit_test(sizes_wrap_around_harmlessly),
		cmocka_unit_test(is_bounded_by_what_is_mapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
