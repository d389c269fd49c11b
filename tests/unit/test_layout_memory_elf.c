/* SPDX-License-Identifier: Apache-2.0 */
/* An ELF file as the dynamic loader left it: a library loaded into this very process, seen through an image of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <link.h>

#include "elf_file.h"
#include "memory_elf.h"

#define SAMPLE DEBUG_SAMPLE_DIR "/plain.so"
#define PAGE 4096u

struct sample {
	void *library;
	struct hs_image *image;
	struct hs_process process;
	hs_addr start;
};

/* Every readable segment of the library, where it is: the image's bytes are our own memory. */
static int add_segments(struct dl_phdr_info *info, size_t bytes, void *context)
{
	struct sample *sample = context;

	(void)bytes;
	if (!strstr(info->dlpi_name, "plain.so"))
		return 0;
	sample->start = info->dlpi_addr;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *program = &info->dlpi_phdr[i];
		hs_addr start = (info->dlpi_addr + program->p_vaddr) & ~(hs_addr)(PAGE - 1);
		hs_addr end = (info->dlpi_addr + program->p_vaddr + program->p_memsz + PAGE - 1) & ~(hs_addr)(PAGE - 1);
		const struct hs_segment segment = { .start = start, .end = end, .data = (const uint8_t *)start };

		if (program->p_type == PT_LOAD)
			assert_null(hs_image_add_segment(sample->image, &segment, NULL, NULL));
	}
	return 1;
}

static int set_up(void **state)
{
	struct sample *sample = calloc(1, sizeof(*sample));

	sample->library = dlopen(SAMPLE, RTLD_NOW);
	assert_non_null(sample->library);
	assert_null(hs_image_create(&sample->image));
	assert_int_equal(dl_iterate_phdr(add_segments, sample), 1);
	assert_null(hs_image_seal(sample->image));
	*state = sample;
	return 0;
}

static int tear_down(void **state)
{
	struct sample *sample = *state;

	hs_image_destroy(sample->image);
	dlclose(sample->library);
	free(sample);
	return 0;
}

static void symbols_are_where_the_loader_finds_them(void **state)
{
	struct sample *sample = *state;
	struct hs_memory_elf file;

	assert_true(hs_memory_elf_open(&sample->process, sample->image, sample->start, &file));
	assert_int_equal(file.bias, sample->start);
	assert_int_equal(hs_memory_elf_symbol(&file, "sample_use"), (hs_addr)dlsym(sample->library, "sample_use"));
	assert_int_equal(hs_memory_elf_symbol(&file, "sample_flags"), (hs_addr)dlsym(sample->library, "sample_flags"));
	assert_int_equal(hs_memory_elf_symbol(&file, "sample_static"), 0);
	assert_int_equal(hs_memory_elf_symbol(&file, "no_such_symbol"), 0);
}

static void build_id_is_that_of_the_file(void **state)
{
	struct sample *sample = *state;
	struct hs_elf_file *on_disk = NULL;
	struct hs_memory_elf file;

	assert_true(hs_memory_elf_open(&sample->process, sample->image, sample->start, &file));
	assert_null(hs_elf_open_path(SAMPLE, &on_disk));
	assert_string_equal(file.build_id_hex, hs_elf_build_id_hex(on_disk));
	hs_elf_close(on_disk);
}

static void other_memory_is_no_elf_file(void **state)
{
	struct sample *sample = *state;
	struct hs_memory_elf file;

	assert_false(hs_memory_elf_open(&sample->process, sample->image, sample->start + PAGE, &file));
	assert_false(hs_memory_elf_open(&sample->process, sample->image, 0, &file));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(symbols_are_where_the_loader_finds_them),
		TEST(build_id_is_that_of_the_file),
		TEST(other_memory_is_no_elf_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
