/* SPDX-License-Identifier: Apache-2.0 */
/* heapspy report: one picture of what fills a process, as text or JSON. */
#include <stdint.h>

#include "cleanup.h"
#include "commands.h"
#include "growth_run.h"
#include "options.h"
#include "output.h"
#include "report.h"

#define DEFAULT_N_TYPES 30
#define N_GROWTH_TYPES 10
#define N_GROWTH_SUSPECTS 5
#define N_GROWTH_SAMPLES 3
#define MAX_GROWTH_S (30 * 86400)

enum {
	KEY_SORT = 0x1000,
	KEY_FILTER,
	KEY_TYPES_ONLY,
	KEY_BY,
	KEY_GROWTH,
};

struct report_options {
	uint32_t n_types; /* 0: not given */
	enum hs_report_sort sort;
	const char *filter;
	bool is_by_holder;
	unsigned growth_s; /* 0: not asked for */
};


static const struct argp_option options[] = {
	{ "number", 'n', "N", 0, "Types to list (default 30 as text, all as JSON)", 0 },
	{ "sort", KEY_SORT, "KEY", 0, "bytes (default), count or type", 0 },
	{ "filter", KEY_FILTER, "GLOB", 0, "Only types whose name matches: 'app.*', dict", 0 },
	{ "by", KEY_BY, "WHAT", 0, "type (default); holder: containers by where they hang, instances with their dicts", 0 },
	{ "growth", KEY_GROWTH, "SECS", 0, "Take three samples in so many seconds, and tell what grows and who holds it", 0 },
	{ "types-only", KEY_TYPES_ONLY, NULL, 0, "Count only, and do not follow references: a third of the time, no retainers and containers", 0 },
	{ 0 },
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	static const char *const sorts[] = { [HS_REPORT_BY_BYTES] = "bytes", [HS_REPORT_BY_COUNT] = "count",
					     [HS_REPORT_BY_TYPE] = "type", NULL };
	static const char *const ways[] = { "type", "holder", NULL };
	struct hs_invocation *invocation = state->input;
	struct report_options *own = invocation->own;

	switch (key) {
	case 'n':
		own->n_types = hs_options_number(state, "--number", argument, 1, INT32_MAX);
		return 0;
	case KEY_SORT:
		own->sort = (enum hs_report_sort)hs_options_choice(state, "sort key", argument, sorts);
		return 0;
	case KEY_BY:
		own->is_by_holder = hs_options_choice(state, "way to count", argument, ways);
		return 0;
	case KEY_TYPES_ONLY:
		invocation->needs = HS_STAGE_CENSUS;
		return 0;
	case KEY_GROWTH:
		own->growth_s = hs_options_number(state, "--growth", argument, 1, MAX_GROWTH_S);
		return 0;
	case KEY_FILTER:
		own->filter = argument;
		return 0;
	case ARGP_KEY_END:
		if (own->is_by_holder && invocation->needs == HS_STAGE_CENSUS)
			argp_error(state, "--types-only knows no holders");
		if (own->growth_s && invocation->needs == HS_STAGE_CENSUS)
			argp_error(state, "--growth names who holds what grows: not with --types-only");
		if (own->growth_s) {
			hs_options_need_process(state, "--growth");
			invocation->source.capture.wants_uses = true;
			invocation->needs = HS_STAGE_HEAP; /* of the first sample */
		}
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static struct hs_error *render(FILE *out, const struct hs_output_options *output, const void *context)
{
	const struct hs_report *report = context;

	if (output->format == HS_FORMAT_JSON)
		return hs_report_json(out, report);
	struct hs_style style = hs_output_style(output);
	hs_report_text(out, report, &style);
	return NULL;
}

static struct hs_error *find_largest(const struct hs_invocation *invocation, struct hs_report *report)
{
	const struct hs_object_source source = { .heap = invocation->heap, .graph = invocation->graph, .holders = invocation->holders };

	report->has_largest = true;
	if (report->is_by_holder)
		HS_TRY(hs_holders_find(invocation->heap, invocation->graph, invocation->reach, &report->holders));
	HS_TRY(hs_unexplained_gather(&report->unexplained, &source, &invocation->unexplained));
	HS_TRY(hs_largest_find(&report->largest, &source, invocation->reach));
	hs_hints_gather(&report->hints, invocation->heap);
	for (size_t i = 0; i < report->largest.retainers.n; i++)
		report->hints.has_unreached |= !*report->largest.retainers.items[i].path;
	return NULL;
}

/* The last sample is what the report is of. */
static struct hs_error *take_growth(struct hs_invocation *invocation, struct hs_growth_run *ret)
{
	const struct report_options *own = invocation->own;
	/* two intervals in all */
	const struct hs_series_options wanted = { .interval_s = own->growth_s / 2.0, .n_samples = N_GROWTH_SAMPLES, .last_needs = HS_STAGE_PATHS };

	HS_TRY(hs_growth_run_take(invocation, &wanted, ret));
	ret->growth.n_shown = invocation->output.format == HS_FORMAT_JSON ? SIZE_MAX : N_GROWTH_TYPES;
	ret->growth.n_suspects_shown = N_GROWTH_SUSPECTS;
	return NULL;
}

static struct hs_error *run(struct hs_invocation *invocation)
{
	const struct report_options *own = invocation->own;
	uint32_t n_default = invocation->output.format == HS_FORMAT_JSON ? HS_REPORT_ALL_TYPES : DEFAULT_N_TYPES;
	char host[HS_HOST_BYTES];
	HS_CLEANUP(hs_growth_run_release) struct hs_growth_run growth_run = { 0 };
	HS_CLEANUP(hs_report_deinit) struct hs_report report = { .is_by_holder = own->is_by_holder };

	if (own->growth_s) {
		HS_TRY(take_growth(invocation, &growth_run));
		report.growth = &growth_run.growth;
		/* without a last sample there is nobody to ask who holds what */
		report.is_by_holder &= growth_run.series.has_graph;
	}
	report.document = hs_document_of(invocation, host);
	growth_run.growth.document = report.document;
	if (invocation->holders)
		HS_TRY(find_largest(invocation, &report));
	HS_TRY(hs_report_select(&report, own->filter, own->sort, own->n_types ? own->n_types : n_default));
	if (own->growth_s)
		invocation->exit_status = hs_growth_run_status(&growth_run, 0);
	return hs_output_render(&invocation->output, render, &report);
}

const struct hs_command hs_command_report = {
	.name = "report",
	.summary = "Show which types fill a process, and how many bytes each takes",
	.usage = "SOURCE",
	.description = "The process is paused for the time that a copy of its memory takes, which is printed; everything else happens on "
		       "the copy. Nothing runs inside the process. Names, types and lengths are shown, never values.",
	.examples = "  heapspy report 4242\n"
		    "  heapspy report 4242 --sort count -n 100\n"
		    "  heapspy report 4242 --filter 'app.*'\n"
		    "  heapspy report 4242 --by holder\n"
		    "  heapspy report 4242 --types-only\n"
		    "  heapspy report 4242 --growth 30\n"
		    "  heapspy report 4242 -f json -o heap.json\n"
		    "  heapspy report 4242 --max-pause 50\n"
		    "  heapspy report before.core.zst\n"
		    "  heapspy report core.4242:/usr/bin/python3.11\n",
	.needs = HS_STAGE_PATHS,
	.takes_files = true,
	.needs_unexplained = true,
	.has_output = true,
	.own_bytes = sizeof(struct report_options),
	.options = options,
	.parse = parse,
	.run = run,
};
