/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The records of the content note. Each has one function that writes and reads it (codec.h):
 *
 *   note     format u32, revision u32, checksum u64 of what follows, records
 *   record   tag u32, 0 u32, bytes u64, that many bytes, zeros up to a multiple of 8
 *
 * A reader passes over tags and ends of records that it does not know.
 */
#include "snapshot_note.h"

#include <stdlib.h>
#include <string.h>

#include "checksum.h"
#include "cleanup.h"
#include "codec.h"
#include "snapshot_check.h"

#define HEAD_BYTES 16
#define RECORD_HEAD_BYTES 16

struct record {
	uint32_t tag;
	const char *name;
	void (*code)(struct hs_codec *codec, struct hs_snapshot_content *content);
};

static void code_pid(struct hs_codec *codec, pid_t *pid)
{
	uint32_t number = (uint32_t)*pid;

	hs_codec_u32(codec, &number);
	if (!codec->out)
		*pid = (pid_t)number;
}

static void code_range(struct hs_codec *codec, hs_addr *start, hs_addr *end)
{
	hs_codec_u64(codec, start);
	hs_codec_u64(codec, end);
}

static void code_origin(struct hs_codec *codec, struct hs_snapshot_content *content)
{
	uint32_t redaction = content->redaction;

	hs_codec_string(codec, &content->heapspy_version);
	hs_codec_string(codec, &content->host);
	hs_codec_u64(codec, &content->utc_ns);
	hs_codec_u32(codec, &redaction);
	if (redaction > HS_REDACT_ALL && !codec->failure)
		codec->failure = HS_CODEC_BAD;
	if (!codec->out)
		content->redaction = (enum hs_redaction)redaction;
}

static void code_process(struct hs_codec *codec, struct hs_snapshot_content *content)
{
	struct hs_process *process = content->process;
	uint32_t state = (uint8_t)process->state;

	code_pid(codec, &process->pid);
	code_pid(codec, &process->memory_tid);
	hs_codec_u64(codec, &process->start_time);
	hs_codec_u64(codec, &process->exec_id);
	hs_codec_u64(codec, &process->pid_namespace);
	hs_codec_text(codec, process->boot_id, sizeof(process->boot_id));
	hs_codec_text(codec, process->container_id, sizeof(process->container_id));
	hs_codec_text(codec, process->comm, sizeof(process->comm));
	hs_codec_u32(codec, &state);
	if (!codec->out)
		process->state = (char)state;
	code_pid(codec, &process->tracer_pid);
	hs_codec_u64(codec, &process->rss_bytes);
	hs_codec_u64(codec, &process->uptime_ms);
	hs_codec_string(codec, &process->exe_path);
	hs_codec_string(codec, &process->script);
}

static void code_mapping(struct hs_codec *codec, struct hs_mapping *mapping)
{
	code_range(codec, &mapping->start, &mapping->end);
	hs_codec_u64(codec, &mapping->file_offset);
	hs_codec_u32(codec, &mapping->device_major);
	hs_codec_u32(codec, &mapping->device_minor);
	hs_codec_u64(codec, &mapping->inode);
	hs_codec_text(codec, mapping->permissions, sizeof(mapping->permissions));
	hs_codec_flag(codec, &mapping->is_deleted);
	hs_codec_string(codec, &mapping->path);
}

static void code_mappings(struct hs_codec *codec, struct hs_snapshot_content *content)
{
	struct hs_mappings *mappings = &content->process->mappings;

	hs_codec_items(codec, mappings, 60);
	for (size_t i = 0; i < mappings->n && !codec->failure; i++)
		code_mapping(codec, &mappings->items[i]);
}

static void code_moment(struct hs_codec *codec, struct hs_snapshot_content *content)
{
	hs_codec_u64(codec, &content->pause_ns);
	hs_codec_u64(codec, &content->predicted_pause_ns);
	hs_codec_u64(codec, &content->taken_at_ns);
	hs_codec_u64(codec, &content->copied_bytes);
	hs_codec_flag(codec, &content->was_stopped);
	hs_codec_flag(codec, &content->is_nonblocking);
	hs_codec_flag(codec, &content->is_of_core);
	hs_codec_items(codec, &content->pauses_ns, sizeof(uint64_t));
	for (size_t i = 0; i < content->pauses_ns.n; i++)
		hs_codec_u64(codec, &content->pauses_ns.items[i]);
}

/* What the kernel of x86-64 calls user_regs_struct: 27 words. */
static void code_threads(struct hs_codec *codec, struct hs_snapshot_content *content)
{
	hs_codec_items(codec, &content->threads, 8);
	for (size_t i = 0; i < content->threads.n && !codec->failure; i++) {
		struct hs_stopped_thread *thread = &content->threads.items[i];
		code_pid(codec, &thread->tid);
		hs_codec_flag(codec, &thread->has_registers);
		if (thread->has_registers)
			hs_codec_raw(codec, &thread->registers, sizeof(thread->registers));
	}
}

static void code_missing(struct hs_codec *codec, struct hs_snapshot_content *content)
{
	hs_codec_items(codec, &content->missing, 24);
	for (size_t i = 0; i < content->missing.n && !codec->failure; i++) {
		struct hs_missing *missing = &content->missing.items[i];
		HS_FREE char *why = NULL;
		code_range(codec, &missing->start, &missing->end);
		if (codec->out) {
			hs_codec_string(codec, (char **)&missing->why);
			continue;
		}
		hs_codec_string(codec, &why);
		missing->why = hs_snapshot_reason(why);
	}
}

static void code_skipped(struct hs_codec *codec, struct hs_snapshot_content *content)
{
	hs_codec_items(codec, &content->skipped, 16);
	for (size_t i = 0; i < content->skipped.n; i++)
		code_range(codec, &content->skipped.items[i].start, &content->skipped.items[i].end);
}

static void code_uses(struct hs_codec *codec, struct hs_snapshot_content *content)
{
	hs_codec_items(codec, &content->uses, 40);
	for (size_t i = 0; i < content->uses.n; i++) {
		struct hs_mapping_use *use = &content->uses.items[i];
		code_range(codec, &use->start, &use->end);
		hs_codec_u64(codec, &use->rss_bytes);
		hs_codec_u64(codec, &use->anonymous_bytes);
		hs_codec_u64(codec, &use->swap_bytes);
	}
}

/* The bounds are checked before the bitmaps are made: they say how long those are. */
static void code_segments(struct hs_codec *codec, struct hs_snapshot_content *content)
{
	uint64_t n_pages = 0;

	hs_codec_items(codec, &content->segments, 32);
	for (size_t i = 0; i < content->segments.n && !codec->failure; i++) {
		struct hs_snapshot_segment *segment = &content->segments.items[i];
		code_range(codec, &segment->start, &segment->end);
		hs_codec_flag(codec, &segment->is_writable);
		hs_codec_flag(codec, &segment->is_anonymous);
		uint64_t n = (segment->end - segment->start) >> HS_PAGE_SHIFT;
		if (segment->end <= segment->start || n > HS_SNAPSHOT_MAX_PAGES || (n_pages += n) > HS_SNAPSHOT_MAX_PAGES) {
			codec->failure = HS_CODEC_BAD;
			return;
		}
		hs_codec_bits(codec, &segment->present, n);
		hs_codec_bits(codec, &segment->not_own, n);
	}
}

static void code_statics(struct hs_codec *codec, struct hs_snapshot_content *content)
{
	hs_codec_items(codec, &content->statics, 16);
	for (size_t i = 0; i < content->statics.n; i++)
		code_range(codec, &content->statics.items[i].start, &content->statics.items[i].end);
}

static void code_layout(struct hs_codec *codec, struct hs_snapshot_content *content)
{
	hs_codec_string(codec, &content->layout_text);
}

static void code_checksums(struct hs_codec *codec, struct hs_snapshot_content *content)
{
	hs_codec_u64(codec, &content->head_checksum);
	hs_codec_u64(codec, &content->data_offset);
	hs_codec_u64(codec, &content->data_bytes);
	hs_codec_items(codec, &content->checksums, sizeof(uint64_t));
	for (size_t i = 0; i < content->checksums.n; i++)
		hs_codec_u64(codec, &content->checksums.items[i]);
}

/* All are required: a revision adds to the end. */
static const struct record records[] = {
	{ 1, "origin", code_origin },
	{ 2, "process", code_process },
	{ 3, "mappings", code_mappings },
	{ 4, "moment", code_moment },
	{ 5, "threads", code_threads },
	{ 6, "missing memory", code_missing },
	{ 7, "left out payloads", code_skipped },
	{ 8, "memory by mapping", code_uses },
	{ 9, "segments", code_segments },
	{ 10, "static storage", code_statics },
	{ 11, "layout", code_layout },
	{ 12, "checksums", code_checksums },
};

#define N_RECORDS (sizeof(records) / sizeof(*records))

static bool encode_record(const struct record *record, const struct hs_snapshot_content *content, struct hs_codec *codec)
{
	size_t head = codec->out->n;
	uint32_t tag[2] = { record->tag, 0 };
	uint64_t bytes;

	if (!hs_bytes_append(codec->out, tag, sizeof(tag)) || !hs_bytes_append(codec->out, NULL, sizeof(bytes)))
		codec->failure = HS_CODEC_NO_MEMORY;
	/* writing changes nothing of the content */
	record->code(codec, (struct hs_snapshot_content *)content);
	if (codec->failure)
		return false;
	bytes = codec->out->n - head - RECORD_HEAD_BYTES;
	memcpy(codec->out->items + head + sizeof(tag), &bytes, sizeof(bytes));
	return hs_bytes_align(codec->out, 8);
}

struct hs_error *hs_snapshot_note_encode(const struct hs_snapshot_content *content, struct hs_bytes *ret)
{
	HS_CLEANUP(hs_cleanup_bytes) struct hs_bytes out = { 0 };
	struct hs_codec codec = { .out = &out };
	uint32_t version[2] = { HS_SNAPSHOT_FORMAT, HS_SNAPSHOT_REVISION };
	uint64_t checksum = 0;

	if (!hs_bytes_append(&out, version, sizeof(version)) || !hs_bytes_append(&out, &checksum, sizeof(checksum)))
		return hs_error_no_memory();
	for (size_t i = 0; i < N_RECORDS; i++)
		if (!encode_record(&records[i], content, &codec))
			return codec.failure != HS_CODEC_BAD ? hs_error_no_memory() :
			       hs_error_new(HS_ERROR_LIMIT, "the memory of PID %d is too large for a snapshot", (int)content->process->pid);
	checksum = hs_checksum(out.items + HEAD_BYTES, out.n - HEAD_BYTES);
	memcpy(out.items + sizeof(version), &checksum, sizeof(checksum));
	*ret = out;
	out = (struct hs_bytes){ 0 };
	return NULL;
}

/* The record with that tag, and the codec set to read it; false: there is none. Stops at what is no list of records. */
static bool find_record(const uint8_t *at, const uint8_t *end, uint32_t wanted, struct hs_codec *ret)
{
	while ((size_t)(end - at) >= RECORD_HEAD_BYTES) {
		uint32_t tag;
		uint64_t bytes;
		memcpy(&tag, at, sizeof(tag));
		memcpy(&bytes, at + 8, sizeof(bytes));
		at += RECORD_HEAD_BYTES;
		if (bytes > (size_t)(end - at))
			return false;
		if (tag == wanted) {
			*ret = (struct hs_codec){ .at = at, .end = at + bytes };
			return true;
		}
		uint64_t padded = (bytes + 7) & ~(uint64_t)7;
		if (padded > (size_t)(end - at))
			return false;
		at += padded;
	}
	return false;
}

static struct hs_error *check_head(const uint8_t *note, size_t bytes, struct hs_snapshot_content *content)
{
	uint64_t checksum;

	if (bytes < HEAD_BYTES)
		return hs_error_new(HS_ERROR_BAD_DATA, "the snapshot's note is cut off");
	memcpy(&content->format, note, sizeof(content->format));
	memcpy(&content->revision, note + 4, sizeof(content->revision));
	memcpy(&checksum, note + 8, sizeof(checksum));
	if (content->format != HS_SNAPSHOT_FORMAT)
		return hs_error_hint(hs_error_new(HS_ERROR_UNSUPPORTED, "the snapshot has format %u.%u; this heapspy (" HEAPSPY_VERSION ") reads format %d",
						  content->format, content->revision, HS_SNAPSHOT_FORMAT),
				     content->format > HS_SNAPSHOT_FORMAT ? "a newer heapspy wrote it: use that one" : "an older heapspy wrote it: use that one");
	if (checksum != hs_checksum(note + HEAD_BYTES, bytes - HEAD_BYTES))
		return hs_error_new(HS_ERROR_BAD_DATA, "the snapshot is damaged: the checksum of its note does not fit");
	return NULL;
}

struct hs_error *hs_snapshot_note_decode(const void *note, size_t bytes, struct hs_snapshot_content **ret)
{
	HS_CLEANUP(hs_cleanup_snapshot_content) struct hs_snapshot_content *content = calloc(1, sizeof(*content));
	const uint8_t *at = note;
	struct hs_codec codec;

	if (!content || !(content->process = calloc(1, sizeof(*content->process))))
		return hs_error_no_memory();
	HS_TRY(check_head(at, bytes, content));
	for (size_t i = 0; i < N_RECORDS; i++) {
		if (!find_record(at + HEAD_BYTES, at + bytes, records[i].tag, &codec))
			return hs_error_new(HS_ERROR_BAD_DATA, "the snapshot's note lacks its %s", records[i].name);
		records[i].code(&codec, content);
		if (codec.failure)
			return codec.failure == HS_CODEC_NO_MEMORY ? hs_error_no_memory() :
			       hs_error_new(HS_ERROR_BAD_DATA, "the snapshot's note contradicts itself: %s", records[i].name);
	}
	HS_TRY(hs_snapshot_check(content));
	*ret = hs_take(content);
	return NULL;
}

void hs_snapshot_content_destroy(struct hs_snapshot_content *content)
{
	if (!content)
		return;
	free(content->heapspy_version);
	free(content->host);
	hs_process_destroy(content->process);
	hs_array_free(&content->missing);
	hs_array_free(&content->skipped);
	hs_array_free(&content->threads);
	hs_array_free(&content->uses);
	hs_array_free(&content->pauses_ns);
	for (size_t i = 0; i < content->segments.n; i++) {
		free(content->segments.items[i].present);
		free(content->segments.items[i].not_own);
	}
	hs_array_free(&content->segments);
	hs_array_free(&content->statics);
	free(content->layout_text);
	hs_array_free(&content->checksums);
	free(content);
}
