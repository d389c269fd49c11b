/* SPDX-License-Identifier: Apache-2.0 */
/* Words about moments: which they are, how they were joined, what about them does not fit. */
#include "diff_facts.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "format.h"
#include "text.h"

static const char *const labels[] = { "old", "new", "newer" };

static struct hs_error *add(struct hs_diff *diff, const char *label, bool is_warning, const char *format, ...) HS_PRINTF(4, 5);

static struct hs_error *add(struct hs_diff *diff, const char *label, bool is_warning, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	char *text = hs_vformat(format, arguments);
	va_end(arguments);
	struct hs_growth_fact *fact = text ? hs_array_append(&diff->facts) : NULL;
	if (!fact) {
		free(text);
		return hs_error_no_memory();
	}
	*fact = (struct hs_growth_fact){ .label = label, .text = text, .is_warning = is_warning };
	return NULL;
}

static const char *origin_of(const struct hs_capture *capture)
{
	static const char *const names[] = { [HS_FROM_PROCESS] = "process", [HS_FROM_SNAPSHOT] = "snapshot", [HS_FROM_CORE] = "core" };

	return names[capture->origin];
}

/* "before.core, snapshot of 2026-11-22 02:10:00 UTC on web-3, pid 4242, CPython 3.11.2, up 3 h" */
static struct hs_error *add_moment(struct hs_diff *diff, size_t i)
{
	const struct hs_invocation *moment = &diff->moments[i].invocation;
	const struct hs_process *process = moment->capture->process;
	const char *host = moment->capture->host;
	char utc[32] = "?", age[HS_FIGURE_BYTES], size[HS_FIGURE_BYTES];
	struct tm parts;

	if (gmtime_r(&moment->capture->utc, &parts))
		strftime(utc, sizeof(utc), "%Y-%m-%d %H:%M:%S UTC", &parts);
	bool has_age = process->uptime_ms, has_rss = process->rss_bytes;
	return add(diff, labels[i], false, "%s: %s of %s%s%s, pid %d, CPython %s%s%s%s%s", hs_diff_name(diff, i), origin_of(moment->capture), utc,
		   *host ? " on " : "", host, (int)process->pid, moment->layout->version, has_age ? ", up " : "",
		   has_age ? hs_text_age(age, process->uptime_ms) : "", has_rss ? ", RSS " : "", has_rss ? hs_text_size(size, process->rss_bytes) : "");
}

static struct hs_error *add_join(struct hs_diff *diff)
{
	if (diff->join == HS_JOIN_BY_ADDRESS)
		return add(diff, "joined", false, "by address, one process: %s", diff->join_reason);
	HS_TRY(add(diff, "joined", false, "by path and type: %s", diff->join_reason));
	return add(diff, "warning", true, "what containers kept is not known: no suspect is more than medium");
}

/* "app.py" of "python3.11 /srv/app.py": a new interpreter is told of by its version. "": a core that gdb wrote has no arguments. */
static const char *program_of(const struct hs_process *process)
{
	const char *space = process->script ? strchr(process->script, ' ') : NULL;

	return space ? space + 1 : "";
}

/* Moments that can be compared, of which the figures say less than they seem to. */
static struct hs_error *add_mismatches(struct hs_diff *diff)
{
	const struct hs_invocation *last = hs_diff_last(diff);

	for (size_t i = 0; i + 1 < diff->n; i++) {
		const struct hs_invocation *moment = &diff->moments[i].invocation;
		const char *program = program_of(moment->capture->process), *last_program = program_of(last->capture->process);
		if (strcmp(moment->layout->version, last->layout->version) != 0)
			HS_TRY(add(diff, "warning", true, "%s: CPython %s against %s: objects and the library are others", labels[i],
				   moment->layout->version, last->layout->version));
		if (diff->join == HS_JOIN_BY_PATH && *program && *last_program && strcmp(program, last_program) != 0)
			HS_TRY(add(diff, "warning", true, "%s: another program, %s against %s: equal names need not mean the same", labels[i], program,
				   last_program));
	}
	return NULL;
}

static struct hs_error *add_absent(struct hs_diff *diff)
{
	for (size_t i = 0; i < diff->n; i++) {
		if (diff->moments[i].invocation.capture->origin != HS_FROM_CORE)
			continue;
		if (diff->run.series.samples.items[i]->has_memory)
			return add(diff, "warning", true, "RSS is not in a core: its growth is that of the pages in the file, zeros aside");
		return add(diff, "warning", true, "%s: RSS is not in a core: what its growth is made of is not known", labels[i]);
	}
	return NULL;
}

static struct hs_error *add_redaction(struct hs_diff *diff)
{
	if (diff->join != HS_JOIN_BY_ADDRESS || !diff->moments[0].is_redacted)
		return NULL;
	return add(diff, "warning", true, "redacted: objects are known by their address and parts; equal values prove nothing");
}

static struct hs_error *add_order(struct hs_diff *diff)
{
	if (!diff->is_backwards)
		return NULL;
	return add(diff, "warning", true, "not in the order of time: growth is shown backwards, and no suspects are looked for");
}

struct hs_error *hs_diff_write_facts(struct hs_diff *diff)
{
	for (size_t i = 0; i < diff->n; i++)
		HS_TRY(add_moment(diff, i));
	HS_TRY(add_join(diff));
	HS_TRY(add_mismatches(diff));
	HS_TRY(add_absent(diff));
	HS_TRY(add_redaction(diff));
	return add_order(diff);
}

void hs_growth_facts_free(struct hs_growth_facts *facts)
{
	for (size_t i = 0; i < facts->n; i++)
		free(facts->items[i].text);
	hs_array_free(facts);
}
