/* SPDX-License-Identifier: Apache-2.0 */
/* The content note of a snapshot: what is written is read again; whatever is not a note is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "checksum.h"
#include "snapshot_note.h"

static uint64_t present[] = { 0x5, 0x1 };
static uint64_t not_own[] = { 0x4, 0 };
static struct hs_mapping mappings[] = {
	{ .start = 0x1000, .end = 0x42000, .file_offset = 0x3000, .device_major = 8, .device_minor = 1, .inode = 77, .permissions = "rw-p", .is_deleted = true,
	  .path = (char *)"/usr/lib/a \n b" },
	{ .start = 0xffffffffff600000, .end = 0xffffffffff601000, .permissions = "--xp", .path = (char *)"[vsyscall]" },
};
static struct hs_process process = {
	.pid = 4242, .memory_tid = 4243, .start_time = 99, .exec_id = 5, .pid_namespace = 4026531836, .boot_id = "0b1d", .container_id = "c0ffee", .comm = "python3",
	.state = 'S', .tracer_pid = 7, .rss_bytes = 1 << 20, .uptime_ms = 1000, .exe_path = (char *)"/usr/bin/python3.11", .script = (char *)"python3 app.py",
	.mappings = { mappings, 2, 2 },
};
static struct hs_missing missing[] = { { 0x50000, 0x60000, "shared memory" }, { 0x51000, 0x52000, "could not be read" } };
static struct hs_stopped_thread threads[] = { { .tid = 4242, .has_registers = true, .registers = { .rip = 0x1234, .rsp = 0x2000 } }, { .tid = 4250 } };
static struct hs_mapping_use uses[] = { { 0x1000, 0x42000, 4096, 4096, 8192 } };
static uint64_t pauses[] = { 10, 20 };
static struct hs_snapshot_segment segments[] = {
	{ .start = 0x1000, .end = 0x42000, .is_writable = true, .present = present, .not_own = not_own },
	{ .start = 0x70000, .end = 0x71000, .is_anonymous = true },
};
static struct hs_static_range statics[] = { { 0x1000, 0x1800 } };
static struct hs_address_range skipped[] = { { 0x50010, 0x5fff0 } };
static uint64_t checksums[] = { 11, 22 };

static const struct hs_snapshot_content sample = {
	.heapspy_version = (char *)"0.1.0", .host = (char *)"host", .utc_ns = 1700000000000000000, .redaction = HS_REDACT_VALUES, .process = &process,
	.missing = { missing, 2, 2 }, .skipped = { skipped, 1, 1 }, .threads = { threads, 2, 2 }, .uses = { uses, 1, 1 }, .pauses_ns = { pauses, 2, 2 },
	.pause_ns = 30, .predicted_pause_ns = 25, .taken_at_ns = 123456, .copied_bytes = 8192, .was_stopped = true, .is_of_core = true,
	.segments = { segments, 2, 2 }, .statics = { statics, 1, 1 }, .layout_text = (char *)"struct PyObject 16\n", .head_checksum = 3,
	.data_offset = 0x2000, .data_bytes = (1 << 20) + 4096, .checksums = { checksums, 2, 2 },
};

static struct hs_bytes encoded(void)
{
	struct hs_bytes note = { 0 };

	assert_null(hs_snapshot_note_encode(&sample, &note));
	return note;
}

static void check_process(const struct hs_process *got)
{
	assert_int_equal(got->pid, 4242);
	assert_int_equal(got->memory_tid, 4243);
	assert_int_equal(got->start_time, 99);
	assert_int_equal(got->exec_id, 5);
	assert_int_equal(got->pid_namespace, 4026531836);
	assert_string_equal(got->boot_id, "0b1d");
	assert_string_equal(got->container_id, "c0ffee");
	assert_string_equal(got->comm, "python3");
	assert_int_equal(got->state, 'S');
	assert_int_equal(got->tracer_pid, 7);
	assert_int_equal(got->rss_bytes, 1 << 20);
	assert_int_equal(got->uptime_ms, 1000);
	assert_string_equal(got->exe_path, "/usr/bin/python3.11");
	assert_string_equal(got->script, "python3 app.py");
	assert_int_equal(got->mappings.n, 2);
	assert_string_equal(got->mappings.items[0].path, "/usr/lib/a \n b");
	assert_string_equal(got->mappings.items[0].permissions, "rw-p");
	assert_true(got->mappings.items[0].is_deleted);
	assert_int_equal(got->mappings.items[0].inode, 77);
	assert_int_equal(got->mappings.items[0].file_offset, 0x3000);
	assert_int_equal(got->mappings.items[0].device_major, 8);
	assert_int_equal(got->mappings.items[0].device_minor, 1);
	assert_int_equal(got->mappings.items[1].start, 0xffffffffff600000);
}

static void what_is_written_is_read_again(void **state)
{
	struct hs_bytes note = encoded();
	struct hs_snapshot_content *got = NULL;

	(void)state;
	assert_null(hs_snapshot_note_decode(note.items, note.n, &got));
	assert_int_equal(got->format, HS_SNAPSHOT_FORMAT);
	assert_string_equal(got->heapspy_version, "0.1.0");
	assert_string_equal(got->host, "host");
	assert_int_equal(got->utc_ns, 1700000000000000000);
	assert_int_equal(got->redaction, HS_REDACT_VALUES);
	check_process(got->process);
	assert_int_equal(got->missing.n, 2);
	assert_string_equal(got->missing.items[1].why, "could not be read");
	assert_int_equal(got->skipped.items[0].start, 0x50010);
	assert_int_equal(got->threads.n, 2);
	assert_memory_equal(&got->threads.items[0].registers, &threads[0].registers, sizeof(threads[0].registers));
	assert_false(got->threads.items[1].has_registers);
	assert_memory_equal(got->uses.items, uses, sizeof(uses));
	assert_memory_equal(got->pauses_ns.items, pauses, sizeof(pauses));
	assert_int_equal(got->pause_ns + got->predicted_pause_ns, 55);
	assert_int_equal(got->taken_at_ns, 123456);
	assert_int_equal(got->copied_bytes, 8192);
	assert_true(got->was_stopped);
	assert_false(got->is_nonblocking);
	assert_true(got->is_of_core);
	assert_int_equal(got->segments.n, 2);
	assert_memory_equal(got->segments.items[0].present, present, sizeof(present));
	assert_memory_equal(got->segments.items[0].not_own, not_own, sizeof(not_own));
	assert_true(got->segments.items[0].is_writable);
	assert_null(got->segments.items[1].present);
	assert_true(got->segments.items[1].is_anonymous);
	assert_int_equal(got->statics.items[0].end, 0x1800);
	assert_string_equal(got->layout_text, "struct PyObject 16\n");
	assert_memory_equal(got->checksums.items, checksums, sizeof(checksums));
	assert_int_equal(got->data_offset, 0x2000);
	hs_snapshot_content_destroy(got);
	hs_array_free(&note);
}

/* Puts the checksum right, so that what lies behind it is looked at. */
static void seal(struct hs_bytes *note, size_t bytes)
{
	uint64_t checksum = hs_checksum(note->items + 16, bytes - 16);

	memcpy(note->items + 8, &checksum, sizeof(checksum));
}

static enum hs_error_code code_of(const struct hs_bytes *note, size_t bytes)
{
	/* of exactly that length, for the sanitizer */
	uint8_t *copy = malloc(bytes + !bytes);
	struct hs_snapshot_content *got = NULL;

	memcpy(copy, note->items, bytes);
	struct hs_error *error = hs_snapshot_note_decode(copy, bytes, &got);
	free(copy);
	assert_non_null(error);
	assert_null(got);
	enum hs_error_code code = error->code;
	hs_error_destroy(error);
	return code;
}

static void a_part_of_a_note_is_none(void **state)
{
	struct hs_bytes note = encoded();

	(void)state;
	for (size_t bytes = 0; bytes < note.n; bytes++) {
		assert_int_equal(code_of(&note, bytes), HS_ERROR_BAD_DATA);
		struct hs_bytes cut = { 0 };
		assert_true(hs_bytes_append(&cut, note.items, note.n));
		if (bytes >= 16)
			seal(&cut, bytes);
		assert_int_equal(code_of(&cut, bytes), HS_ERROR_BAD_DATA);
		hs_array_free(&cut);
	}
	hs_array_free(&note);
}

static void every_changed_bit_is_found(void **state)
{
	struct hs_bytes note = encoded();

	(void)state;
	for (size_t bit = 64; bit < note.n * 8; bit++) {
		note.items[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(code_of(&note, note.n), HS_ERROR_BAD_DATA);
		note.items[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	hs_array_free(&note);
}

/* With a checksum that fits, a changed bit may mean anything that a note can say: it must not break the reader. */
static void hostile_bits_do_no_harm(void **state)
{
	struct hs_bytes note = encoded();

	(void)state;
	for (size_t bit = 128; bit < note.n * 8; bit++) {
		struct hs_snapshot_content *got = NULL;
		note.items[bit / 8] ^= (uint8_t)(1 << bit % 8);
		seal(&note, note.n);
		struct hs_error *error = hs_snapshot_note_decode(note.items, note.n, &got);
		if (error)
			assert_true(error->code == HS_ERROR_BAD_DATA || error->code == HS_ERROR_NO_MEMORY);
		hs_error_destroy(error);
		hs_snapshot_content_destroy(got);
		note.items[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	hs_array_free(&note);
}

static void other_formats_are_named(void **state)
{
	struct hs_bytes note = encoded();
	struct hs_snapshot_content *got = NULL;

	(void)state;
	note.items[0] = HS_SNAPSHOT_FORMAT + 1;
	struct hs_error *error = hs_snapshot_note_decode(note.items, note.n, &got);
	assert_int_equal(error->code, HS_ERROR_UNSUPPORTED);
	assert_non_null(strstr(error->message, "format 2.0"));
	assert_non_null(strstr(error->hint, "newer heapspy"));
	hs_error_destroy(error);
	hs_array_free(&note);
}

/* A record that this reader does not know, and one that is longer than it knows. */
static void later_revisions_are_read(void **state)
{
	struct hs_bytes note = encoded();
	struct hs_snapshot_content *got = NULL;
	static const uint64_t later[] = { 0x7777, 13 };
	uint64_t bytes;

	(void)state;
	assert_true(hs_bytes_append(&note, later, sizeof(later)) && hs_bytes_append(&note, "what comes ne", 13) && hs_bytes_align(&note, 8));
	/* the first record, whose padding its string has left unused */
	memcpy(&bytes, note.items + 24, sizeof(bytes));
	bytes = (bytes + 7) & ~(uint64_t)7;
	memcpy(note.items + 24, &bytes, sizeof(bytes));
	seal(&note, note.n);
	assert_null(hs_snapshot_note_decode(note.items, note.n, &got));
	assert_string_equal(got->host, "host");
	hs_snapshot_content_destroy(got);
	hs_array_free(&note);
}

static void what_no_reader_takes_is_not_written(void **state)
{
	struct hs_snapshot_segment huge = { .start = 0x1000, .end = 0x1000 + ((HS_SNAPSHOT_MAX_PAGES + 1) << HS_PAGE_SHIFT) };
	struct hs_snapshot_content content = sample;
	struct hs_bytes note = { 0 };

	(void)state;
	content.segments.items = &huge;
	content.segments.n = 1;
	struct hs_error *error = hs_snapshot_note_encode(&content, &note);
	assert_int_equal(error->code, HS_ERROR_LIMIT);
	assert_null(note.items);
	hs_error_destroy(error);
}

/* What no capture says is refused although its checksum fits. */
static void contradictions_are_found(void **state)
{
	static struct hs_snapshot_segment turned[] = { { .start = 0x70000, .end = 0x71000 }, { .start = 0x1000, .end = 0x2000 } };
	static struct hs_snapshot_segment crooked[] = { { .start = 0x1001, .end = 0x3000 } };
	static struct hs_missing backward[] = { { 0x3000, 0x2000, "shared memory" } };
	struct hs_snapshot_content cases[5] = { sample, sample, sample, sample, sample };

	(void)state;
	cases[0].segments.items = turned;
	cases[1].segments.items = crooked;
	cases[1].segments.n = 1;
	cases[2].missing.items = backward;
	cases[2].missing.n = 1;
	cases[3].data_bytes += HS_SNAPSHOT_CHUNK_BYTES;
	cases[4].segments.n = 0;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct hs_bytes note = { 0 };
		assert_null(hs_snapshot_note_encode(&cases[i], &note));
		assert_int_equal(code_of(&note, note.n), HS_ERROR_BAD_DATA);
		hs_array_free(&note);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read_again),
		cmocka_unit_test(a_part_of_a_note_is_none),
		cmocka_unit_test(every_changed_bit_is_found),
		cmocka_unit_test(hostile_bits_do_no_harm),
		cmocka_unit_test(other_formats_are_named),
		cmocka_unit_test(later_revisions_are_read),
		cmocka_unit_test(what_no_reader_takes_is_not_written),
		cmocka_unit_test(contradictions_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
