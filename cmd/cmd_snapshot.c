/* SPDX-License-Identifier: Apache-2.0 */
/* heapspy snapshot: a process's memory in a file, to be looked at later and elsewhere. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cleanup.h"
#include "commands.h"
#include "document.h"
#include "exec_id.h"
#include "home_path.h"
#include "layout_text.h"
#include "monotonic.h"
#include "options.h"
#include "output.h"
#include "redact.h"
#include "series.h"
#include "signals.h"
#include "snapshot_name.h"
#include "snapshot_write.h"
#include "text.h"

#define MAX_COUNT 10000
#define TICK_NS 100000000

struct snapshot_options {
	const char *path; /* NULL: not given */
	bool is_packed;
	bool is_replacing;
	unsigned every_s; /* 0: one snapshot */
	unsigned count;
	enum hs_redaction redaction;
};

enum {
	KEY_ZSTD = 0x1000,
	KEY_FORCE,
	KEY_EVERY,
	KEY_COUNT,
	KEY_REDACT,
};

static const struct argp_option options[] = {
	{ "output", 'o', "FILE", 0, "Write to FILE; in a folder, and without -o, the name is heapspy-PID-TIME.core", 0 },
	{ "zstd", KEY_ZSTD, NULL, 0, "Compress it; so does a FILE that ends in .zst", 0 },
	{ "every", KEY_EVERY, "TIME", 0, "With --count: that long from one to the next, on average, like the samples of growth: 30s, 10m, 2h", 0 },
	{ "count", KEY_COUNT, "N", 0, "With --every: so many snapshots, numbered before the suffix: leak-1.core.zst", 0 },
	{ "redact", KEY_REDACT, "all", OPTION_ARG_OPTIONAL, "Write structure without values: no text but names of code, types, modules and attributes; with "
		"=all not these either", 0 },
	{ "force", KEY_FORCE, NULL, 0, "Replace files that are there already", 0 },
	{ 0 },
};

static void check_options(struct argp_state *state, const struct hs_invocation *invocation, struct snapshot_options *own)
{
	if (!own->every_s != !own->count)
		argp_error(state, "%s", own->count ? "--count needs --every: how long from one snapshot to the next?" :
						     "--every needs --count: how many snapshots?");
	if (own->count && invocation->source.file)
		argp_error(state, "--every is for processes: a file does not change");
	if (own->path && !*own->path)
		argp_error(state, "--output needs a file name");
	if (own->path && hs_snapshot_name_is_packed(own->path))
		own->is_packed = true;
	if (!own->count)
		own->count = 1;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct hs_invocation *invocation = state->input;
	struct snapshot_options *own = invocation->own;

	switch (key) {
	case 'o':
		own->path = argument;
		return 0;
	case KEY_ZSTD:
		own->is_packed = true;
		return 0;
	case KEY_FORCE:
		own->is_replacing = true;
		return 0;
	case KEY_REDACT:
		if (argument && strcmp(argument, "all"))
			argp_error(state, "--redact takes no value but \"all\"");
		own->redaction = argument ? HS_REDACT_ALL : HS_REDACT_VALUES;
		return 0;
	case KEY_EVERY:
		own->every_s = hs_options_duration(state, "--every", argument);
		return 0;
	case KEY_COUNT:
		own->count = hs_options_number(state, "--count", argument, 1, MAX_COUNT);
		return 0;
	case ARGP_KEY_END:
		check_options(state, invocation, own);
		return ARGP_ERR_UNKNOWN;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The snapshots of one run. */
struct series {
	struct hs_invocation *invocation;
	const struct snapshot_options *own;
	char *name;          /* of one, or what the names of several are made of; owned */
	unsigned i;          /* the one that is being taken, from 0 */
	uint64_t start_time; /* of the process that the first is of */
	uint64_t exec_id;
	uint64_t first_ns;   /* CLOCK_MONOTONIC, when that was taken */
	struct hs_style style;
};

static void series_deinit(struct series *series)
{
	free(series->name);
	hs_invocation_drop(series->invocation);
}

/* A snapshot is evidence, and there is no second chance to take it: none is lost by being replaced unasked. */
static struct hs_error *check_names(const struct series *series)
{
	struct stat status;

	for (unsigned i = 1; i <= series->own->count; i++) {
		HS_FREE char *name = hs_snapshot_name_in_series(series->name, i, series->own->count);
		if (!name)
			return hs_error_no_memory();
		HS_TRY(hs_output_check(name));
		if (lstat(name, &status))
			continue;
		/* a device would be replaced by a file */
		if (!S_ISREG(status.st_mode))
			return hs_error_hint(hs_error_new(HS_ERROR_INVALID, "cannot write %s: it is there, and no regular file", name),
					     "a snapshot cannot be written to a pipe, a device or through a link: name a file");
		if (!series->own->is_replacing)
			return hs_error_hint(hs_error_os(EEXIST, "cannot write %s", name), "name another file, or replace it with --force");
	}
	return NULL;
}

/* Whether a snapshot without a layout is worth having: another heapspy, or this one with debug files, may find it. */
static bool is_of_layout(const struct hs_error *error)
{
	return error->code == HS_ERROR_UNSUPPORTED || error->code == HS_ERROR_LOOKUP || error->code == HS_ERROR_BAD_DATA;
}

static void put_no_layout(const struct hs_error *error, const struct hs_style *style)
{
	HS_FREE char *safe = hs_text_safe(error->message, style);
	struct hs_text_line line = hs_text_line_begin(stderr, style, "warning", hs_text_warn);

	hs_text_line_words(&line, safe ? safe : "no layout");
	hs_text_line_end(&line);
	line = hs_text_line_begin(stderr, style, "", hs_text_warn);
	hs_text_line_words(&line, "the memory is written as it is: a heapspy that knows this Python will read it");
	hs_text_line_end(&line);
}

/*
 * Captures. The objects are counted as well: a stop that caught a structure half-changed is repeated, and what was left out as raw data
 * is proven to be that.
 */
static struct hs_error *capture(struct series *series)
{
	struct hs_invocation *invocation = series->invocation;

	invocation->needs = series->own->redaction ? HS_STAGE_HEAP : HS_STAGE_CENSUS;
	/* a second image beside the first */
	invocation->own_percent = series->own->redaction ? 100 : 0;
	struct hs_error *error = hs_invocation_prepare(invocation);
	/* what cannot be decoded cannot be redacted: then there is no file */
	if (error && series->own->redaction && is_of_layout(error))
		return hs_error_hint(error, "only what is decoded can be redacted: without --redact the memory is written as it is");
	if (!error || series->own->redaction || !invocation->capture || !invocation->capture->image || !is_of_layout(error))
		return error;
	put_no_layout(error, &series->style);
	hs_error_destroy(error);
	if (!invocation->capture->skipped.n)
		return NULL;
	/* nobody can prove that it was raw data */
	hs_invocation_drop(invocation);
	invocation->needs = HS_STAGE_CAPTURE;
	return hs_invocation_prepare(invocation);
}

static struct hs_error *check_identity(struct series *series)
{
	const struct hs_process *process = series->invocation->capture->process;

	if (!series->i) {
		series->start_time = process->start_time;
		series->exec_id = process->exec_id;
		series->first_ns = series->invocation->capture->taken_at_ns;
		return NULL;
	}
	if (process->start_time != series->start_time || hs_exec_ids_differ(process->exec_id, series->exec_id))
		return hs_error_new(HS_ERROR_GONE, "PID %d is another program by now", (int)process->pid);
	return NULL;
}

static bool is_cancelled(void *context)
{
	(void)context;
	return hs_signals_caught();
}

static void destroy_capture(struct hs_capture **capture)
{
	hs_capture_destroy(*capture);
}

/* What is redacted stays so, whatever is asked for. */
static enum hs_redaction redaction_of(const struct series *series)
{
	if (series->own->redaction || !series->invocation->capture->is_redacted)
		return series->own->redaction;
	return HS_REDACT_VALUES;
}

/* A file that was written. */
struct written {
	const char *path;
	struct hs_snapshot_figures figures;
	uint64_t time_ns; /* that it took to be redacted, written, and on the disk */
};

static struct hs_error *redact_and_write(struct series *series, const struct hs_snapshot_options *writing, struct hs_snapshot_figures *ret)
{
	const struct hs_invocation *invocation = series->invocation;
	HS_CLEANUP(destroy_capture) struct hs_capture *redacted = NULL;

	if (!series->own->redaction)
		return hs_snapshot_write(invocation->capture, writing, ret);
	writing->progress(writing->context, "redacting", 0, 0);
	HS_TRY(hs_redact(invocation->heap, invocation->capture, series->own->redaction, &redacted));
	return hs_snapshot_write(redacted, writing, ret);
}

static struct hs_error *write_file(struct series *series, struct written *written)
{
	struct hs_invocation *invocation = series->invocation;
	HS_FREE char *layout = invocation->layout ? hs_layout_text(invocation->layout) : NULL;
	const struct hs_snapshot_options writing = {
		.path = written->path, .is_replacing = series->own->is_replacing, .is_packed = series->own->is_packed,
		.n_workers = invocation->source.capture.n_workers, .layout_text = layout, .redaction = redaction_of(series),
		.progress = hs_progress_update, .is_cancelled = is_cancelled, .context = &invocation->progress,
	};

	if (invocation->layout && !layout)
		return hs_error_no_memory();
	if (layout && series->own->redaction)
		hs_home_blank(layout, strlen(layout)); /* its source and warnings may name files */
	hs_signals_catch();
	hs_progress_start(&invocation->progress);
	uint64_t begin_ns = hs_monotonic_ns();
	struct hs_error *error = redact_and_write(series, &writing, &written->figures);
	written->time_ns = hs_monotonic_ns() - begin_ns;
	hs_progress_end(&invocation->progress);
	hs_signals_restore();
	return error;
}

static void put_head(const struct series *series)
{
	const struct hs_invocation *invocation = series->invocation;
	char host[HS_HOST_BYTES];

	if (series->i || !invocation->layout || !invocation->census)
		return;
	struct hs_document document = hs_document_of(invocation, host);
	hs_document_put_identity(stdout, &document, &series->style);
}

static void put_written(const struct series *series, const struct written *written)
{
	const struct hs_invocation *invocation = series->invocation;
	const struct hs_capture *taken = invocation->capture;
	const struct hs_snapshot_figures *figures = &written->figures;
	char size[HS_FIGURE_BYTES], disk[HS_FIGURE_BYTES], seconds[HS_FIGURE_BYTES];
	HS_FREE char *safe = hs_text_safe(written->path, &series->style);

	put_head(series);
	struct hs_text_line line = hs_text_line_begin(stdout, &series->style, "wrote", hs_text_dim);
	hs_text_line_item(&line, "%s", safe ? safe : "?");
	hs_text_line_item(&line, "%s in %s", hs_text_size(size, figures->file_bytes), hs_text_seconds(seconds, written->time_ns));
	if (figures->disk_bytes < figures->file_bytes - figures->file_bytes / 10)
		hs_text_line_item(&line, "%s on disk", hs_text_size(disk, figures->disk_bytes));
	if (redaction_of(series))
		hs_text_line_item(&line, "redacted");
	if (invocation->source.file)
		hs_text_line_item(&line, "from a file");
	else if (taken->is_nonblocking)
		hs_text_line_item(&line, "%s copied without a pause: it may contradict itself", hs_text_size(size, taken->copied_bytes));
	else
		hs_text_line_item(&line, "paused %s to copy %s", hs_text_seconds(seconds, taken->pause_ns), hs_text_size(size, taken->copied_bytes));
	hs_text_line_end(&line);
	fflush(stdout);
}

static struct hs_error *take(struct series *series)
{
	HS_FREE char *path = hs_snapshot_name_in_series(series->name, series->i + 1, series->own->count);
	struct written written = { .path = path };

	if (!path)
		return hs_error_no_memory();
	HS_TRY(capture(series));
	HS_TRY(check_identity(series));
	HS_TRY(write_file(series, &written));
	put_written(series, &written);
	hs_invocation_drop(series->invocation);
	return NULL;
}

/* A signal ends it as it ends everything that waits. */
static void wait_for_next(const struct series *series)
{
	double due = hs_series_due(series->own->every_s, series->own->count, series->i, series->first_ns);
	uint64_t due_ns = series->first_ns + (uint64_t)(due * 1e9);
	bool is_shown = hs_terminal_has_status();

	for (uint64_t now = hs_monotonic_ns(); now < due_ns; now = hs_monotonic_ns()) {
		uint64_t left = due_ns - now;
		const struct timespec tick = { .tv_nsec = (long)(left < TICK_NS ? left : TICK_NS) };
		char text[64];
		snprintf(text, sizeof(text), "snapshot %u of %u in %.0f s", series->i + 1, series->own->count, (double)left / 1e9 + 0.5);
		if (is_shown)
			hs_terminal_put_status(text);
		nanosleep(&tick, NULL);
	}
	if (is_shown)
		hs_terminal_put_status("");
}

/* Of three and more, the first, the one in the middle and the last say most. */
static void put_next(const struct series *series)
{
	unsigned n = series->own->count;
	const unsigned shown[3] = { 1, (n + 1) / 2, n };

	printf("next: %s %s", program_invocation_name, n > 1 ? "diff" : "report");
	for (unsigned i = 0; i < 3; i++) {
		HS_FREE char *name = hs_snapshot_name_in_series(series->name, shown[i], n);
		HS_FREE char *safe = name ? hs_text_safe(name, &series->style) : NULL;
		if (safe && (!i || shown[i] != shown[i - 1]))
			printf(" %s", safe);
	}
	putchar('\n');
}

static struct hs_error *run(struct hs_invocation *invocation)
{
	const struct snapshot_options *own = invocation->own;
	HS_CLEANUP(series_deinit) struct series series = { .invocation = invocation, .own = own, .style = hs_style_for(stdout, HS_COLOUR_AUTO) };

	series.name = hs_snapshot_name(own->path, invocation->source.pid, time(NULL), own->is_packed);
	if (!series.name)
		return hs_error_no_memory();
	HS_TRY(check_names(&series));
	invocation->source.capture.wants_uses = true;
	for (; series.i < own->count; series.i++) {
		if (series.i)
			wait_for_next(&series);
		struct hs_error *error = take(&series);
		/* nothing of the file is left: now the signal does what it would have done */
		if (error && error->code == HS_ERROR_CANCELLED && hs_signals_caught())
			raise(hs_signals_caught());
		HS_TRY(error);
	}
	put_next(&series);
	return NULL;
}

const struct hs_command hs_command_snapshot = {
	.name = "snapshot",
	.summary = "Write a process's memory to a file, to look at it later and elsewhere",
	.usage = "SOURCE",
	.description = "The process is paused as for a report. The file is an ELF core with the pages that the process has, and with what a core has no "
		       "place for: its identity, memory figures, the layout of its Python. Every command of heapspy takes it in place of a PID, also on a "
		       "host without that Python; gdb and readelf open it, too. Large buffers of raw bytes are left out, as in a report.\n\n"
		       "It holds the process's memory: passwords, keys, data. It is written with mode 0600. With --redact it begins as zeros, and only what "
		       "the commands read as structure is written: which object is where, of which type, how large, and what refers to what. Of text there "
		       "are names of code, types, modules and attributes; reprs, values, hashes, arguments, environment and the user's name in paths are not "
		       "in the file. --redact=all leaves names out, too, but for those of Python's own types.\n\n"
		       "The file gets its name when it is whole and on the disk. One that is there already is not replaced without --force. Of a core, or "
		       "of another snapshot, it makes a snapshot as well.",
	.examples = "  heapspy snapshot 4242\n"
		    "  heapspy snapshot 4242 -o before.core.zst\n"
		    "  heapspy snapshot 4242 --redact -o to-send.core.zst\n"
		    "  heapspy snapshot 4242 --every 10m --count 3 -o leak.core.zst\n",
	.needs = HS_STAGE_PID,
	.takes_files = true,
	.own_bytes = sizeof(struct snapshot_options),
	.options = options,
	.parse = parse,
	.run = run,
};
