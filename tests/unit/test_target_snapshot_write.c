/* SPDX-License-Identifier: Apache-2.0 */
/* Files of snapshots, made of hand-built captures: what of which mapping is in them, that they are whole or not there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <cmocka.h>

#include "checksum.h"
#include "cleanup.h"
#include "new_file.h"
#include "snapshot_head.h"
#include "snapshot_note.h"
#include "snapshot_write.h"

#define PAGE HS_PAGE_BYTES
#define HEAP 0x10000000
#define N_HEAP_PAGES 1000
#define LIBRARY 0x7f0000000000
#define N_LIBRARY_PAGES 6

static char folder[] = "/tmp/heapspy-test-XXXXXX";

/*
 *   heap     pages 0-2 written, 3-5 never, 6 written, 7 the kernel's of zeros, 8 written, 9-599 never, 600 all zeros,
 *            601 written, 602 lost, 603 written, 604-999 never
 *   library  pages 0, 1 and 4 of the file that is mapped
 */
struct scene {
	uint8_t *heap, *library;
	uint64_t heap_present[N_HEAP_PAGES / 64 + 1], heap_zero[N_HEAP_PAGES / 64 + 1], library_present[1];
	struct hs_mapping mappings[4];
	struct hs_missing lost;
	struct hs_stopped_thread threads[2];
	struct hs_process process;
	struct hs_capture capture;
};

static void add_page(struct scene *scene, size_t page, uint8_t value)
{
	memset(scene->heap + page * PAGE, value, PAGE);
	scene->heap_present[page / 64] |= (uint64_t)1 << page % 64;
}

static void fill_heap(struct scene *scene)
{
	static const size_t written[] = { 0, 1, 2, 6, 8, 601, 603 };

	for (size_t i = 0; i < sizeof(written) / sizeof(*written); i++)
		add_page(scene, written[i], (uint8_t)(i + 1));
	add_page(scene, 7, 0);
	scene->heap_zero[0] = (uint64_t)1 << 7;
	add_page(scene, 600, 0);
}

static int setup(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));
	const struct hs_segment heap = {
		.start = HEAP, .end = HEAP + N_HEAP_PAGES * PAGE, .data = scene->heap = calloc(N_HEAP_PAGES, PAGE), .present = scene->heap_present,
		.not_own = scene->heap_zero, .is_writable = true, .is_anonymous = true,
	};
	const struct hs_segment library = {
		.start = LIBRARY, .end = LIBRARY + N_LIBRARY_PAGES * PAGE, .data = scene->library = calloc(N_LIBRARY_PAGES, PAGE),
		.present = scene->library_present,
	};

	fill_heap(scene);
	memset(scene->library, 'L', N_LIBRARY_PAGES * PAGE);
	scene->library_present[0] = 0x13;
	scene->mappings[0] = (struct hs_mapping){ .start = HEAP, .end = heap.end, .permissions = "rw-p", .path = (char *)"[heap]" };
	scene->mappings[1] = (struct hs_mapping){ .start = LIBRARY, .end = library.end, .inode = 5, .permissions = "r--p", .path = (char *)"/lib/l.so" };
	scene->mappings[2] = (struct hs_mapping){ .start = library.end, .end = library.end + PAGE, .inode = 5, .file_offset = N_LIBRARY_PAGES * PAGE,
						  .permissions = "r-xp", .path = (char *)"/lib/l.so" };
	scene->lost = (struct hs_missing){ HEAP + 602 * PAGE, HEAP + 603 * PAGE, "could not be read" };
	scene->threads[0] = (struct hs_stopped_thread){ .tid = 42, .has_registers = true, .registers = { .rip = 0x1234 } };
	scene->threads[1] = (struct hs_stopped_thread){ .tid = 43 };
	scene->process = (struct hs_process){ .pid = 42, .memory_tid = 42, .comm = "python3", .state = 'S', .exe_path = (char *)"/usr/bin/python3",
					      .script = (char *)"python3 app.py", .mappings = { scene->mappings, 3, 3 } };
	scene->capture = (struct hs_capture){ .process = &scene->process, .missing = { &scene->lost, 1, 1 }, .threads = { scene->threads, 2, 2 } };
	assert_null(hs_image_create(&scene->capture.image));
	assert_null(hs_image_add_segment(scene->capture.image, &heap, NULL, NULL));
	assert_null(hs_image_add_segment(scene->capture.image, &library, NULL, NULL));
	assert_null(hs_image_seal(scene->capture.image));
	*state = scene;
	return 0;
}

static int teardown(void **state)
{
	struct scene *scene = *state;

	hs_image_destroy(scene->capture.image);
	free(scene->heap);
	free(scene->library);
	free(scene);
	return 0;
}

/* A file, as it is. */
struct file {
	uint8_t *bytes;
	size_t n;
};

static struct file read_file(const char *path)
{
	FILE *in = fopen(path, "rb");
	struct stat status;

	assert_non_null(in);
	assert_int_equal(fstat(fileno(in), &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	struct file file = { malloc((size_t)status.st_size), (size_t)status.st_size };
	assert_int_equal(fread(file.bytes, 1, file.n, in), file.n);
	fclose(in);
	return file;
}

static char *path_of(const char *name)
{
	char *path;

	assert_true(asprintf(&path, "%s/%s", folder, name) > 0);
	return path;
}

static struct file written(const struct hs_capture *capture, struct hs_snapshot_options options)
{
	HS_FREE char *path = path_of("written");
	struct hs_snapshot_figures figures;

	options.path = path;
	options.layout_text = "a layout";
	assert_null(hs_snapshot_write(capture, &options, &figures));
	struct file file = read_file(path);
	assert_int_equal(figures.file_bytes, file.n);
	assert_true(figures.disk_bytes > 0);
	unlink(path);
	return file;
}

static const Elf64_Phdr *program_headers(const struct file *file, size_t *ret_n)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)file->bytes;

	*ret_n = header->e_phnum;
	if (header->e_phnum == PN_XNUM)
		*ret_n = ((const Elf64_Shdr *)(file->bytes + header->e_shoff))->sh_info;
	assert_true(header->e_phoff + *ret_n * sizeof(Elf64_Phdr) <= file->n);
	return (const Elf64_Phdr *)(file->bytes + header->e_phoff);
}

/* The content of the file, by its mark. */
static struct hs_snapshot_content *content_of(const struct file *file)
{
	size_t n;
	const Elf64_Phdr *headers = program_headers(file, &n);
	struct hs_snapshot_content *content;
	struct hs_snapshot_mark mark;

	assert_int_equal(headers[0].p_type, PT_NOTE);
	memcpy(&mark, file->bytes + headers[0].p_offset + sizeof(Elf64_Nhdr) + 8, sizeof(mark));
	assert_int_equal(mark.format, HS_SNAPSHOT_FORMAT);
	assert_int_equal(headers[1].p_type, PT_NOTE);
	assert_int_equal(headers[1].p_offset + sizeof(Elf64_Nhdr) + 8, mark.content_offset);
	assert_int_equal(headers[1].p_offset + headers[1].p_filesz, file->n);
	assert_null(hs_snapshot_note_decode(file->bytes + mark.content_offset, mark.content_bytes, &content));
	return content;
}

static void check_sums(const struct file *file, const struct hs_snapshot_content *content)
{
	assert_int_equal(hs_checksum(file->bytes, content->data_offset), content->head_checksum);
	for (size_t i = 0; i < content->checksums.n; i++) {
		uint64_t start = i * HS_SNAPSHOT_CHUNK_BYTES, left = content->data_bytes - start;
		size_t bytes = left < HS_SNAPSHOT_CHUNK_BYTES ? left : HS_SNAPSHOT_CHUNK_BYTES;
		assert_int_equal(hs_checksum(file->bytes + content->data_offset + start, bytes), content->checksums.items[i]);
	}
}

/* A part of a mapping, in pages. */
struct part {
	hs_addr start;
	size_t n_pages;
	bool has_bytes;
	uint32_t flags;
};

static void expect_parts(const struct file *file, const struct part *parts, size_t n_parts)
{
	size_t n;
	const Elf64_Phdr *headers = program_headers(file, &n);

	assert_int_equal(n, n_parts + 2);
	for (size_t i = 0; i < n_parts; i++) {
		const Elf64_Phdr *header = &headers[i + 2];
		assert_int_equal(header->p_type, PT_LOAD);
		assert_int_equal(header->p_vaddr, parts[i].start);
		assert_int_equal(header->p_memsz, parts[i].n_pages * PAGE);
		assert_int_equal(header->p_filesz, parts[i].has_bytes ? parts[i].n_pages * PAGE : 0);
		assert_int_equal(header->p_flags, parts[i].flags);
		assert_int_equal(header->p_offset % PAGE, 0);
	}
}

static void mappings_are_divided_where_bytes_are_not(void **state)
{
	static const struct part parts[] = {
		{ HEAP, 9, true, PF_R | PF_W },                 /* with two holes */
		{ HEAP + 9 * PAGE, 591, false, PF_R | PF_W },   /* never touched */
		{ HEAP + 600 * PAGE, 2, true, PF_R | PF_W },
		{ HEAP + 602 * PAGE, 1, false, PF_R | PF_W },   /* lost: no zeros */
		{ HEAP + 603 * PAGE, 1, true, PF_R | PF_W },
		{ HEAP + 604 * PAGE, 396, false, PF_R | PF_W },
		{ LIBRARY, 2, true, PF_R },
		{ LIBRARY + 2 * PAGE, 2, false, PF_R },         /* as the file has it */
		{ LIBRARY + 4 * PAGE, 1, true, PF_R },
		{ LIBRARY + 5 * PAGE, 1, false, PF_R },
		{ LIBRARY + 6 * PAGE, 1, false, PF_R | PF_X },
	};
	const struct scene *scene = *state;
	struct file file = written(&scene->capture, (struct hs_snapshot_options){ 0 });
	size_t n;

	expect_parts(&file, parts, sizeof(parts) / sizeof(*parts));
	const Elf64_Phdr *headers = program_headers(&file, &n);
	assert_memory_equal(file.bytes + headers[2].p_offset, scene->heap, 9 * PAGE);
	assert_memory_equal(file.bytes + headers[4].p_offset, scene->heap + 600 * PAGE, 2 * PAGE);
	assert_memory_equal(file.bytes + headers[6].p_offset, scene->heap + 603 * PAGE, PAGE);
	assert_memory_equal(file.bytes + headers[8].p_offset, scene->library, 2 * PAGE);
	free(file.bytes);
}

static void content_and_checksums_are_of_the_file(void **state)
{
	const struct scene *scene = *state;
	struct file file = written(&scene->capture, (struct hs_snapshot_options){ .redaction = HS_REDACT_ALL });
	struct hs_snapshot_content *content = content_of(&file);

	check_sums(&file, content);
	assert_int_equal(content->data_bytes, 15 * PAGE);
	assert_int_equal(content->process->pid, 42);
	assert_string_equal(content->layout_text, "a layout");
	assert_int_equal(content->redaction, HS_REDACT_ALL);
	assert_int_equal(content->threads.n, 2);
	assert_memory_equal(content->segments.items[0].present, scene->heap_present, N_HEAP_PAGES / 8);
	assert_memory_equal(content->segments.items[0].not_own, scene->heap_zero, N_HEAP_PAGES / 8);
	hs_snapshot_content_destroy(content);
	free(file.bytes);
}

/* The descriptor of the n-th note of that name and type, or NULL. */
static const uint8_t *note_of(const struct file *file, const char *name, uint32_t type, unsigned n)
{
	size_t n_headers;
	const Elf64_Phdr *notes = program_headers(file, &n_headers);

	for (uint64_t at = notes->p_offset; at < notes->p_offset + notes->p_filesz;) {
		const Elf64_Nhdr *note = (const Elf64_Nhdr *)(file->bytes + at);
		const uint8_t *descriptor = file->bytes + at + sizeof(*note) + ((note->n_namesz + 3) & ~3u);
		if (note->n_type == type && !strcmp((const char *)(note + 1), name) && !n--)
			return descriptor;
		at = (uint64_t)(descriptor - file->bytes) + ((note->n_descsz + 3) & ~3u);
	}
	return NULL;
}

static void debuggers_find_threads_and_files(void **state)
{
	const struct scene *scene = *state;
	struct file file = written(&scene->capture, (struct hs_snapshot_options){ 0 });
	const uint8_t *status = note_of(&file, "CORE", NT_PRSTATUS, 0), *files = note_of(&file, "CORE", NT_FILE, 0);
	int32_t pid;
	uint64_t head[5];

	assert_non_null(status);
	memcpy(&pid, status + 32, sizeof(pid));
	assert_int_equal(pid, 42);
	assert_null(note_of(&file, "CORE", NT_PRSTATUS, 1)); /* of the other thread nothing is known */
	memcpy(head, files, sizeof(head));
	assert_int_equal(head[0], 2);
	assert_int_equal(head[1], PAGE);
	assert_int_equal(head[2], LIBRARY);
	assert_string_equal((const char *)files + 2 * 8 + 2 * 24, "/lib/l.so");
	free(file.bytes);
}

/* The whole file out of its frames, by their table. */
static struct file unpacked(const struct file *packed)
{
	uint32_t magic, n_frames, lengths[2];
	struct file file = { 0 };

	memcpy(&magic, packed->bytes + packed->n - 4, 4);
	assert_int_equal(magic, 0x8F92EAB1);
	memcpy(&n_frames, packed->bytes + packed->n - 9, 4);
	const uint8_t *table = packed->bytes + packed->n - 9 - n_frames * sizeof(lengths), *frame = packed->bytes;
	for (uint32_t i = 0; i < n_frames; i++) {
		memcpy(lengths, table + i * sizeof(lengths), sizeof(lengths));
		file.bytes = realloc(file.bytes, file.n + lengths[1]);
		assert_int_equal(ZSTD_decompress(file.bytes + file.n, lengths[1], frame, lengths[0]), lengths[1]);
		file.n += lengths[1];
		frame += lengths[0];
	}
	assert_ptr_equal(frame, table - 8);
	return file;
}

static void packed_is_the_same_for_any_number_of_threads(void **state)
{
	const struct scene *scene = *state;
	struct file plain = written(&scene->capture, (struct hs_snapshot_options){ .n_workers = 2 });
	struct file packed = written(&scene->capture, (struct hs_snapshot_options){ .is_packed = true, .n_workers = 1 });
	struct file again = written(&scene->capture, (struct hs_snapshot_options){ .is_packed = true, .n_workers = 5 });
	struct file back = unpacked(&packed);

	assert_int_equal(packed.n, again.n);
	assert_memory_equal(packed.bytes, again.bytes, packed.n);
	assert_int_equal(back.n, plain.n);
	assert_memory_equal(back.bytes, plain.bytes, plain.n);
	assert_true(packed.n < plain.n / 3);
	free(plain.bytes);
	free(packed.bytes);
	free(again.bytes);
	free(back.bytes);
}

/* Of several chunks, none of which is like another. */
static void large_heaps_are_written_in_chunks(void **state)
{
	const struct scene *scene = *state;
	const size_t n_pages = 1000, bytes = n_pages * PAGE;
	HS_FREE uint8_t *data = malloc(bytes);
	struct hs_mapping mapping = { .start = HEAP, .end = HEAP + bytes, .permissions = "rw-p", .path = (char *)"" };
	const struct hs_segment segment = { .start = HEAP, .end = HEAP + bytes, .data = data, .is_writable = true };
	struct hs_process process = scene->process;
	struct hs_capture capture = { .process = &process };

	for (size_t i = 0; i < bytes; i++)
		data[i] = (uint8_t)(i * 2654435761u >> 13);
	process.mappings.items = &mapping;
	process.mappings.n = 1;
	assert_null(hs_image_create(&capture.image));
	assert_null(hs_image_add_segment(capture.image, &segment, NULL, NULL));
	assert_null(hs_image_seal(capture.image));
	struct file plain = written(&capture, (struct hs_snapshot_options){ .n_workers = 3 });
	struct file packed = written(&capture, (struct hs_snapshot_options){ .is_packed = true, .n_workers = 3 });
	struct file back = unpacked(&packed);
	struct hs_snapshot_content *content = content_of(&plain);
	assert_int_equal(content->checksums.n, 4);
	check_sums(&plain, content);
	assert_memory_equal(plain.bytes + content->data_offset, data, bytes);
	assert_int_equal(back.n, plain.n);
	assert_memory_equal(back.bytes, plain.bytes, plain.n);
	hs_snapshot_content_destroy(content);
	free(plain.bytes);
	free(packed.bytes);
	free(back.bytes);
	hs_image_destroy(capture.image);
}

static void more_mappings_than_the_header_counts(void **state)
{
	const struct scene *scene = *state;
	const size_t n_mappings = 66000;
	HS_FREE struct hs_mapping *mappings = calloc(n_mappings, sizeof(*mappings));
	struct hs_process process = scene->process;
	struct hs_capture capture = scene->capture;
	size_t n;

	for (size_t i = 0; i < n_mappings; i++)
		mappings[i] = (struct hs_mapping){ .start = LIBRARY + i * 2 * PAGE, .end = LIBRARY + (i * 2 + 1) * PAGE, .permissions = "---p", .path = (char *)"" };
	process.mappings.items = mappings;
	process.mappings.n = n_mappings;
	capture.process = &process;
	struct file file = written(&capture, (struct hs_snapshot_options){ 0 });
	assert_int_equal(((const Elf64_Ehdr *)file.bytes)->e_phnum, PN_XNUM);
	const Elf64_Phdr *headers = program_headers(&file, &n);
	assert_true(n >= n_mappings + 2);
	assert_int_equal(headers[n - 1].p_vaddr, mappings[n_mappings - 1].start);
	struct hs_snapshot_content *content = content_of(&file);
	assert_int_equal(content->process->mappings.n, n_mappings);
	hs_snapshot_content_destroy(content);
	free(file.bytes);
}

static unsigned n_files(void)
{
	HS_FREE char *command = NULL;
	unsigned n = 99;

	assert_true(asprintf(&command, "ls -A %s | wc -l", folder) > 0);
	FILE *out = popen(command, "r");
	assert_int_equal(fscanf(out, "%u", &n), 1);
	pclose(out);
	return n;
}

static bool always(void *context)
{
	(void)context;
	return true;
}

static void what_is_cancelled_leaves_nothing(void **state)
{
	const struct scene *scene = *state;
	HS_FREE char *path = path_of("cancelled");
	struct hs_snapshot_figures figures;

	for (int is_packed = 0; is_packed < 2; is_packed++) {
		const struct hs_snapshot_options options = { .path = path, .is_packed = is_packed, .is_cancelled = always };
		struct hs_error *error = hs_snapshot_write(&scene->capture, &options, &figures);
		assert_int_equal(error->code, HS_ERROR_CANCELLED);
		hs_error_destroy(error);
		assert_int_equal(n_files(), 0);
	}
}

static void a_file_that_is_there_is_kept(void **state)
{
	const struct scene *scene = *state;
	HS_FREE char *path = path_of("kept");
	struct hs_snapshot_options options = { .path = path };
	struct hs_snapshot_figures figures;

	fclose(fopen(path, "w"));
	struct hs_error *error = hs_snapshot_write(&scene->capture, &options, &figures);
	assert_int_equal(error->os_errno, EEXIST);
	hs_error_destroy(error);
	options.is_replacing = true;
	assert_null(hs_snapshot_write(&scene->capture, &options, &figures));
	struct file file = read_file(path);
	assert_int_equal(file.n, figures.file_bytes);
	assert_int_equal(n_files(), 1);
	free(file.bytes);
	unlink(path);
}

/* One that appears while the file is being written is kept as well. */
static void names_are_taken_at_the_end(void **state)
{
	HS_FREE char *path = path_of("late");
	struct hs_new_file file;

	(void)state;
	assert_null(hs_new_file_open(path, false, &file));
	assert_int_equal(write(file.fd, "new", 3), 3);
	assert_true(access(path, F_OK));
	FILE *other = fopen(path, "w");
	fputs("old", other);
	fclose(other);
	struct hs_error *error = hs_new_file_commit(&file);
	assert_int_equal(error->os_errno, EEXIST);
	hs_error_destroy(error);
	assert_int_equal(n_files(), 1);
	assert_null(hs_new_file_open(path, true, &file));
	hs_new_file_discard(&file);
	assert_int_equal(n_files(), 1);
	unlink(path);
}

static void folders_that_are_not_there_are_named(void **state)
{
	struct hs_new_file file;

	(void)state;
	struct hs_error *error = hs_new_file_open("/nowhere/at/all", false, &file);
	assert_int_equal(error->os_errno, ENOENT);
	assert_non_null(strstr(error->message, "/nowhere/at/all"));
	hs_error_destroy(error);
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

#define scene_test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		scene_test(mappings_are_divided_where_bytes_are_not),
		scene_test(content_and_checksums_are_of_the_file),
		scene_test(debuggers_find_threads_and_files),
		scene_test(packed_is_the_same_for_any_number_of_threads),
		scene_test(large_heaps_are_written_in_chunks),
		scene_test(more_mappings_than_the_header_counts),
		scene_test(what_is_cancelled_leaves_nothing),
		scene_test(a_file_that_is_there_is_kept),
		cmocka_unit_test(names_are_taken_at_the_end),
		cmocka_unit_test(folders_that_are_not_there_are_named),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
