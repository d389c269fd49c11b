/* SPDX-License-Identifier: Apache-2.0 */
/* Captures from files: the process and the image that a core makes, the files it needs, packed files, snapshots and damage to them. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture_file.h"
#include "fake_core.h"
#include "file_source.h"
#include "snapshot_note.h"
#include "snapshot_write.h"

#define PAGE 4096

static char folder[] = "/tmp/heapspy-capture-XXXXXX";
static char core_path[64], exe_path[64], snapshot_path[64], packed_path[64];

static void write_file(const char *path, const void *bytes, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, n), n);
	close(fd);
}

static uint8_t *read_file(const char *path, size_t *ret_n)
{
	struct stat status;
	int fd = open(path, O_RDONLY);

	assert_true(fd >= 0 && !fstat(fd, &status));
	uint8_t *bytes = malloc((size_t)status.st_size + 1);
	assert_int_equal(read(fd, bytes, (size_t)status.st_size), status.st_size);
	close(fd);
	*ret_n = (size_t)status.st_size;
	return bytes;
}

static void write_exe(uint8_t build_id)
{
	uint8_t pages[3 * PAGE];

	for (unsigned i = 0; i < 3; i++)
		fake_core_exe_page(i, pages + i * PAGE);
	memset(pages + 512 + 16, build_id, 20);
	write_file(exe_path, pages, sizeof(pages));
}

static struct hs_error *open_capture(const char *path, const char *exe, struct hs_capture **ret)
{
	const struct hs_capture_file_options options = { .path = path, .exe = exe, .n_workers = 2 };

	return hs_capture_open(&options, ret);
}

static int make_files(void **state)
{
	struct fake_core fake;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(core_path, sizeof(core_path), "%s/core", folder);
	snprintf(exe_path, sizeof(exe_path), "%s/exe", folder);
	snprintf(snapshot_path, sizeof(snapshot_path), "%s/snapshot", folder);
	snprintf(packed_path, sizeof(packed_path), "%s/packed", folder);
	fake_core_make(&fake);
	write_file(core_path, fake.bytes, fake.n_bytes);
	fake_core_free(&fake);
	write_exe(0xb1);
	return 0;
}

static int remove_files(void **state)
{
	(void)state;
	unlink(core_path);
	unlink(exe_path);
	unlink(snapshot_path);
	unlink(packed_path);
	return rmdir(folder);
}

static const struct hs_mapping *mapping_at(const struct hs_capture *capture, hs_addr address)
{
	size_t i = hs_mappings_find(&capture->process->mappings, address);

	assert_true(i < capture->process->mappings.n && capture->process->mappings.items[i].start == address);
	return &capture->process->mappings.items[i];
}

static void assert_mapping(const struct hs_capture *capture, hs_addr address, const char *permissions, const char *path)
{
	const struct hs_mapping *mapping = mapping_at(capture, address);

	assert_string_equal(mapping->permissions, permissions);
	assert_string_equal(mapping->path, path);
}

static void a_core_makes_a_process(void **state)
{
	struct hs_capture *capture = NULL;

	(void)state;
	assert_null(open_capture(core_path, NULL, &capture));
	const struct hs_process *process = capture->process;
	assert_int_equal(capture->origin, HS_FROM_CORE);
	assert_int_equal(process->pid, FAKE_CORE_PID);
	assert_string_equal(process->exe_path, FAKE_CORE_EXE);
	/* the script, and no argument behind it */
	assert_string_equal(process->script, "fake-python3.11");
	assert_int_equal(process->start_time, 0);
	assert_int_equal(process->mappings.n, 9);
	assert_mapping(capture, 0x400000, "r--p", FAKE_CORE_EXE);
	assert_mapping(capture, 0x401000, "r-xp", FAKE_CORE_EXE);
	assert_mapping(capture, 0x403000, "rw-p", "");
	assert_mapping(capture, FAKE_CORE_HEAP, "rw-p", "[heap]");
	assert_mapping(capture, FAKE_CORE_STACK, "rw-p", "[stack]");
	assert_mapping(capture, FAKE_CORE_ANONYMOUS, "rw-p", "");
	/* what only NT_FILE tells of gets its permissions from the program headers */
	assert_mapping(capture, 0x7f0000011000, "r-xp", FAKE_CORE_LIBRARY);
	assert_true(mapping_at(capture, 0x7f0000011000)->is_deleted);
	assert_int_equal(mapping_at(capture, 0x400000)->inode, mapping_at(capture, 0x402000)->inode);
	assert_int_not_equal(mapping_at(capture, 0x400000)->inode, mapping_at(capture, 0x7f0000010000)->inode);
	assert_int_equal(capture->threads.n, 2);
	assert_int_equal(capture->threads.items[0].tid, FAKE_CORE_PID);
	hs_capture_destroy(capture);
}

static bool is_missing(const struct hs_capture *capture, hs_addr address)
{
	for (size_t i = 0; i < capture->missing.n; i++)
		if (capture->missing.items[i].start <= address && address < capture->missing.items[i].end)
			return true;
	return false;
}

static void the_image_is_what_the_core_holds(void **state)
{
	struct hs_capture *capture = NULL;
	uint8_t byte = 0;

	(void)state;
	assert_null(open_capture(core_path, NULL, &capture));
	assert_true(hs_image_read(capture->image, FAKE_CORE_HEAP, &byte, 1));
	assert_int_equal(byte, 1);
	/* zeros of the core are zeros, and take no memory */
	assert_true(hs_image_read(capture->image, FAKE_CORE_HEAP + PAGE, &byte, 1));
	assert_int_equal(byte, 0);
	const struct hs_segment *heap = hs_image_find(capture->image, FAKE_CORE_HEAP);
	assert_non_null(heap->not_own);
	assert_int_equal(heap->not_own[0], 2);
	/* what is not in the file is no zeros */
	assert_true(hs_image_read(capture->image, FAKE_CORE_ANONYMOUS + PAGE, &byte, 1));
	assert_false(hs_image_read(capture->image, FAKE_CORE_ANONYMOUS + 2 * PAGE, &byte, 1));
	assert_true(is_missing(capture, FAKE_CORE_ANONYMOUS + 2 * PAGE));
	/* .data and .bss are static storage, the heap is none */
	assert_true(hs_image_is_static(capture->image, 0x402000));
	assert_true(hs_image_is_static(capture->image, 0x403000));
	assert_false(hs_image_is_static(capture->image, FAKE_CORE_HEAP));
	hs_capture_destroy(capture);
}

static void files_count_if_they_begin_as_what_was_mapped(void **state)
{
	struct hs_capture *capture = NULL;
	int fd = -1;

	(void)state;
	assert_null(open_capture(core_path, exe_path, &capture));
	assert_null(hs_process_open_mapping(capture->process, mapping_at(capture, 0x402000), &fd));
	close(fd);
	write_exe(0xb2);
	struct hs_error *error = hs_process_open_mapping(capture->process, mapping_at(capture, 0x402000), &fd);
	assert_non_null(error);
	assert_int_equal(error->code, HS_ERROR_LOOKUP);
	assert_non_null(strstr(error->message, "another one"));
	hs_error_destroy(error);
	write_exe(0xb1);
	error = hs_process_open_mapping(capture->process, mapping_at(capture, 0x7f0000010000), &fd);
	assert_non_null(error);
	assert_non_null(strstr(error->message, "no such file"));
	hs_error_destroy(error);
	hs_capture_destroy(capture);
}

static void names_are_taken_apart(void **state)
{
	char source[200], *path = NULL, *exe = NULL;

	(void)state;
	assert_true(hs_capture_file_name(core_path, &path, &exe));
	assert_string_equal(path, core_path);
	assert_null(exe);
	free(path);
	snprintf(source, sizeof(source), "%s:%s", core_path, exe_path);
	assert_true(hs_capture_file_name(source, &path, &exe));
	assert_string_equal(path, core_path);
	assert_string_equal(exe, exe_path);
	free(path);
	free(exe);
	path = exe = NULL;
	/* a colon may be part of a name */
	snprintf(source, sizeof(source), "%s/a:b", folder);
	write_file(source, "", 0);
	assert_true(hs_capture_file_name(source, &path, &exe));
	assert_string_equal(path, source);
	assert_null(exe);
	free(path);
	unlink(source);
	assert_false(hs_capture_file_name(source, &path, &exe));
	assert_false(hs_capture_file_name("", &path, &exe));
	assert_false(hs_capture_file_name(":", &path, &exe));
}

static void take_snapshot(const char *path, bool is_packed)
{
	const struct hs_snapshot_options options = { .path = path, .is_packed = is_packed, .is_replacing = true, .n_workers = 2, .layout_text = "a layout" };
	struct hs_snapshot_figures figures;
	struct hs_capture *capture = NULL;

	assert_null(open_capture(core_path, exe_path, &capture));
	capture->process->start_time = 99;
	capture->pause_ns = 7;
	assert_null(hs_snapshot_write(capture, &options, &figures));
	hs_capture_destroy(capture);
}

/* Both have the same pages with the same bytes. */
static void assert_same_image(const struct hs_image *a, const struct hs_image *b)
{
	size_t n, n_b;
	const struct hs_segment *left = hs_image_segments(a, &n), *right = hs_image_segments(b, &n_b);

	assert_int_equal(n, n_b);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(left[i].start, right[i].start);
		assert_int_equal(left[i].end, right[i].end);
		assert_int_equal(left[i].is_writable, right[i].is_writable);
		assert_int_equal(left[i].is_anonymous, right[i].is_anonymous);
		for (size_t offset = 0; offset < left[i].end - left[i].start; offset += PAGE) {
			bool is_present = hs_segment_is_present(&left[i], offset, PAGE);
			assert_int_equal(is_present, hs_segment_is_present(&right[i], offset, PAGE));
			if (is_present)
				assert_memory_equal(left[i].data + offset, right[i].data + offset, PAGE);
		}
	}
}

static void a_snapshot_is_what_was_captured(void **state)
{
	(void)state;
	for (int is_packed = 0; is_packed < 2; is_packed++) {
		struct hs_capture *before = NULL, *after = NULL;
		take_snapshot(snapshot_path, is_packed);
		assert_null(open_capture(core_path, exe_path, &before));
		assert_null(open_capture(snapshot_path, NULL, &after));
		assert_int_equal(after->origin, HS_FROM_SNAPSHOT);
		assert_int_equal(after->process->start_time, 99);
		assert_int_equal(after->pause_ns, 7);
		assert_string_equal(after->layout_text, "a layout");
		assert_int_equal(after->copied_bytes, before->copied_bytes);
		assert_int_equal(after->missing.n, before->missing.n);
		assert_int_equal(after->process->mappings.n, before->process->mappings.n);
		assert_same_image(before->image, after->image);
		hs_capture_destroy(before);
		hs_capture_destroy(after);
	}
}

/* A bit that is not what it was: refused, or of no meaning. Never another image. */
static void damage_to_a_snapshot_is_found(void **state)
{
	struct hs_capture *whole = NULL;
	size_t n, n_refused = 0, n_harmless = 0;

	(void)state;
	take_snapshot(snapshot_path, false);
	assert_null(open_capture(snapshot_path, NULL, &whole));
	uint8_t *bytes = read_file(snapshot_path, &n);
	for (size_t at = 0; at < n; at += at < 6000 || at > n - 2000 ? 13 : 419) {
		struct hs_capture *capture = NULL;
		bytes[at] ^= (uint8_t)(1u << at % 8);
		write_file(packed_path, bytes, n);
		struct hs_error *error = open_capture(packed_path, NULL, &capture);
		if (error) {
			n_refused++;
			assert_true(error->code == HS_ERROR_BAD_DATA || error->code == HS_ERROR_UNSUPPORTED || error->code == HS_ERROR_LIMIT);
			hs_error_destroy(error);
		} else {
			n_harmless++;
			assert_int_equal(capture->origin, HS_FROM_SNAPSHOT);
			assert_same_image(whole->image, capture->image);
			hs_capture_destroy(capture);
		}
		bytes[at] ^= (uint8_t)(1u << at % 8);
	}
	assert_true(n_refused > 20 * n_harmless);
	free(bytes);
	hs_capture_destroy(whole);
}

static void a_damaged_page_is_named(void **state)
{
	struct hs_capture *capture = NULL;
	size_t n;

	(void)state;
	take_snapshot(snapshot_path, false);
	uint8_t *bytes = read_file(snapshot_path, &n);
	/* the heap's page is all ones, and the only one of them */
	uint8_t page[64];
	memset(page, 1, sizeof(page));
	uint8_t *at = memmem(bytes, n, page, sizeof(page));
	assert_non_null(at);
	*at = 9;
	write_file(packed_path, bytes, n);
	struct hs_error *error = open_capture(packed_path, NULL, &capture);
	assert_non_null(error);
	assert_int_equal(error->code, HS_ERROR_BAD_DATA);
	assert_non_null(strstr(error->message, "MiB at byte"));
	hs_error_destroy(error);
	free(bytes);
}

static void a_snapshot_that_is_cut_short_is_refused(void **state)
{
	size_t n;

	(void)state;
	take_snapshot(snapshot_path, false);
	uint8_t *bytes = read_file(snapshot_path, &n);
	for (size_t cut = 0; cut < n; cut += cut < 6000 || cut > n - 3000 ? 97 : 1511) {
		struct hs_capture *capture = NULL;
		write_file(packed_path, bytes, cut);
		struct hs_error *error = open_capture(packed_path, NULL, &capture);
		assert_non_null(error);
		assert_int_equal(error->code, HS_ERROR_BAD_DATA);
		hs_error_destroy(error);
	}
	free(bytes);
}

static void another_format_is_refused(void **state)
{
	const uint32_t mark[] = { 8, 24, HS_SNAPSHOT_NOTE_MARK };
	struct hs_capture *capture = NULL;
	size_t n;

	(void)state;
	take_snapshot(snapshot_path, false);
	uint8_t *bytes = read_file(snapshot_path, &n);
	uint8_t *at = memmem(bytes, n, mark, sizeof(mark));
	assert_non_null(at);
	at[sizeof(mark) + 8] = HS_SNAPSHOT_FORMAT + 1;
	write_file(packed_path, bytes, n);
	struct hs_error *error = open_capture(packed_path, NULL, &capture);
	assert_non_null(error);
	assert_int_equal(error->code, HS_ERROR_UNSUPPORTED);
	assert_non_null(strstr(error->message, "format 2"));
	hs_error_destroy(error);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_core_makes_a_process),
		cmocka_unit_test(the_image_is_what_the_core_holds),
		cmocka_unit_test(files_count_if_they_begin_as_what_was_mapped),
		cmocka_unit_test(names_are_taken_apart),
		cmocka_unit_test(a_snapshot_is_what_was_captured),
		cmocka_unit_test(damage_to_a_snapshot_is_found),
		cmocka_unit_test(a_damaged_page_is_named),
		cmocka_unit_test(a_snapshot_that_is_cut_short_is_refused),
		cmocka_unit_test(another_format_is_refused),
	};
	return cmocka_run_group_tests(tests, make_files, remove_files);
}
