/* SPDX-License-Identifier: Apache-2.0 */
/* The beginning of every result about one process, as text and as JSON. */
#include "document.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "json.h"
#include "text.h"

struct hs_document hs_document_of(const struct hs_invocation *invocation, char *host)
{
	const struct hs_capture *capture = invocation->capture;

	snprintf(host, HS_HOST_BYTES, "%s", capture->host);
	return (struct hs_document){
		.program = program_invocation_name,
		.command = invocation->command->name,
		.source = invocation->source.word ? invocation->source.word : "SOURCE",
		.time = invocation->captured_at,
		.host = host,
		.process = capture->process,
		.layout = invocation->layout,
		.capture = capture,
		.census = invocation->census,
		.is_nonblocking = capture->is_nonblocking,
	};
}

char *hs_command_line_of(const struct hs_invocation *invocation)
{
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	if (!out)
		return NULL;
	fprintf(out, "heapspy %s", invocation->command->name);
	for (int i = 1; i < invocation->argc; i++)
		fprintf(out, " %s", invocation->argv[i]);
	fclose(out);
	return text;
}

static const char *or_unknown(const char *text)
{
	return text && *text ? text : "?";
}

/* "python3 /srv/app/main.py" is known as main.py. */
static const char *short_script(const char *script)
{
	const char *slash = script ? strrchr(script, '/') : NULL;

	return or_unknown(slash && slash[1] ? slash + 1 : script);
}

/* A file's time is not now, and its host may be another. */
static void put_origin(struct hs_text_line *line, const struct hs_document *document, const struct hs_style *style)
{
	HS_FREE char *host = hs_text_safe(document->host, style);
	char time[32] = "";
	struct tm parts;

	if (document->capture->origin == HS_FROM_PROCESS)
		return;
	if (gmtime_r(&document->time, &parts))
		strftime(time, sizeof(time), "%Y-%m-%d %H:%M:%S UTC", &parts);
	if (document->capture->origin == HS_FROM_CORE)
		hs_text_line_item(line, "core of %s", time);
	else
		hs_text_line_item(line, "%s of %s on %s", document->capture->is_redacted ? "redacted snapshot" : "snapshot", time, or_unknown(host));
}

void hs_document_put_identity(FILE *out, const struct hs_document *document, const struct hs_style *style)
{
	const struct hs_process *process = document->process;
	HS_FREE char *script = hs_text_safe(short_script(process->script), style);
	HS_FREE char *source = hs_text_safe(document->layout->source, style);
	char age[HS_FIGURE_BYTES];

	struct hs_text_line line = hs_text_line_begin(out, style, or_unknown(script), hs_text_bold);
	hs_text_line_item(&line, "pid %d", (int)process->pid);
	hs_text_line_item(&line, "CPython %s", document->layout->version);
	hs_text_line_item(&line, "layout: %s", or_unknown(source));
	put_origin(&line, document, style);
	if (document->capture->origin != HS_FROM_CORE)
		hs_text_line_item(&line, "%s, up %s", document->capture->was_stopped ? "stopped" : "running", hs_text_age(age, process->uptime_ms));
	if (document->census->n_interpreters > 1)
		hs_text_line_item(&line, "%u interpreters", document->census->n_interpreters);
	hs_text_line_end(&line);
}

void hs_document_put_pause(FILE *out, const struct hs_document *document, const struct hs_style *style)
{
	const struct hs_capture *capture = document->capture;
	char seconds[HS_FIGURE_BYTES], size[HS_FIGURE_BYTES];

	struct hs_text_line line = hs_text_line_begin(out, style, "paused", hs_text_dim);
	hs_text_size(size, capture->copied_bytes);
	if (capture->origin == HS_FROM_CORE)
		hs_text_line_item(&line, "not known of a core, which holds %s", size);
	else if (document->is_nonblocking)
		hs_text_line_item(&line, "not at all (--nonblocking) to copy %s: the picture may contradict itself", size);
	else
		hs_text_line_item(&line, "%s to copy %s", hs_text_seconds(seconds, capture->pause_ns), size);
	for (size_t i = 0; capture->pauses_ns.n > 1 && i < capture->pauses_ns.n; i++)
		hs_text_line_item(&line, "stop %zu: %s", i + 1, hs_text_seconds(seconds, capture->pauses_ns.items[i]));
	hs_text_line_end(&line);
}

static void put_warning(FILE *out, const char *warning, const struct hs_style *style)
{
	HS_FREE char *safe = hs_text_safe(warning, style);

	struct hs_text_line line = hs_text_line_begin(out, style, "warning", hs_text_warn);
	hs_text_line_words(&line, or_unknown(safe));
	hs_text_line_end(&line);
}

void hs_document_put_warnings(FILE *out, const struct hs_document *document, const struct hs_style *style)
{
	for (size_t i = 0; i < document->layout->warnings.n; i++)
		put_warning(out, document->layout->warnings.items[i], style);
	for (size_t i = 0; i < document->census->warnings.n; i++)
		put_warning(out, document->census->warnings.items[i], style);
	if (document->capture->cut_short)
		put_warning(out, document->capture->cut_short, style);
	if (!document->census->is_complete)
		put_warning(out, "the census is incomplete: figures are lower bounds", style);
}

void hs_document_put_head(FILE *out, const struct hs_document *document, const struct hs_style *style)
{
	hs_document_put_identity(out, document, style);
	hs_document_put_pause(out, document, style);
	hs_document_put_warnings(out, document, style);
	fputc('\n', out);
}

static json_t *warnings_json(const struct hs_document *document)
{
	json_t *list = json_array();

	for (size_t i = 0; i < document->layout->warnings.n; i++)
		json_array_append_new(list, hs_json_string(document->layout->warnings.items[i]));
	for (size_t i = 0; i < document->census->warnings.n; i++)
		json_array_append_new(list, hs_json_string(document->census->warnings.items[i]));
	if (document->capture->cut_short)
		json_array_append_new(list, json_string(document->capture->cut_short));
	if (document->capture->is_redacted)
		json_array_append_new(list, json_string("the snapshot is redacted: values are blank"));
	if (document->capture->origin == HS_FROM_CORE)
		json_array_append_new(list, json_string("a core does not hold boot_id, start_time, rss_bytes, pause_ns and pauses_ns"));
	if (document->is_nonblocking)
		json_array_append_new(list, json_string("the process was not stopped: the picture may contradict itself"));
	return list;
}

static json_t *process_json(const struct hs_document *document)
{
	const struct hs_layout *layout = document->layout;
	const struct hs_capture *capture = document->capture;
	bool is_core = capture->origin == HS_FROM_CORE;
	json_t *process = json_object(), *build = json_array(), *pauses = is_core ? json_null() : json_array();

	if (layout->is_debug_build)
		json_array_append_new(build, json_string("debug"));
	if (layout->is_free_threaded)
		json_array_append_new(build, json_string("free-threaded"));
	for (size_t i = 0; i < capture->pauses_ns.n; i++)
		json_array_append_new(pauses, hs_json_u64(capture->pauses_ns.items[i]));
	json_object_set_new(process, "python", hs_json_string(layout->version));
	json_object_set_new(process, "build", build);
	json_object_set_new(process, "layout_source", hs_json_string(layout->source));
	json_object_set_new(process, "rss_bytes", is_core ? json_null() : hs_json_u64(document->process->rss_bytes));
	json_object_set_new(process, "pause_ns", is_core ? json_null() : hs_json_u64(capture->pause_ns));
	json_object_set_new(process, "pauses_ns", pauses);
	json_object_set_new(process, "copied_bytes", hs_json_u64(capture->copied_bytes));
	return process;
}

json_t *hs_document_json(const struct hs_document *document)
{
	static const char *const origins[] = { [HS_FROM_PROCESS] = "process", [HS_FROM_SNAPSHOT] = "snapshot", [HS_FROM_CORE] = "core" };
	const struct hs_process *process = document->process;
	bool is_core = document->capture->origin == HS_FROM_CORE;
	json_t *root = hs_json_envelope(document->command, document->time, *document->host ? document->host : NULL);

	json_object_set_new(root, "origin", json_string(origins[document->capture->origin]));
	json_object_set_new(root, "boot_id", *process->boot_id ? hs_json_string(process->boot_id) : json_null());
	json_object_set_new(root, "pid", json_integer(process->pid));
	json_object_set_new(root, "start_time", is_core ? json_null() : hs_json_u64(process->start_time));
	json_object_set_new(root, "complete", json_boolean(document->census->is_complete && !document->capture->cut_short));
	json_object_set_new(root, "warnings", warnings_json(document));
	json_object_set_new(root, "process", process_json(document));
	return root;
}
