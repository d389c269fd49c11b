/* SPDX-License-Identifier: Apache-2.0 */
/* heapspy growth: what grows in a process, from several samples. */
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "cleanup.h"
#include "commands.h"
#include "exit_status.h"
#include "growth.h"
#include "options.h"
#include "output.h"

#define DEFAULT_INTERVAL_S 10
#define DEFAULT_N_SAMPLES 3
#define DEFAULT_N_TYPES 20
#define DEFAULT_N_SUSPECTS 5
#define MAX_INTERVAL_S 86400
#define MAX_SAMPLES 1000

struct growth_options {
	unsigned interval_s;
	unsigned n_samples;
	uint32_t n_types; /* 0: not given */
};

static const struct argp_option options[] = {
	{ "interval", 'i', "SECS", 0, "Seconds between samples, about: the second of three comes after 0.75 of it, the third after twice as much (default 10)", 0 },
	{ "count", 'c', "COUNT", 0, "Samples to take (default 3)", 0 },
	{ "number", 'n', "N", 0, "Types to list (default 20 as text, all as JSON)", 0 },
	{ 0 },
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct hs_invocation *invocation = state->input;
	struct growth_options *own = invocation->own;

	switch (key) {
	case ARGP_KEY_INIT:
		own->interval_s = DEFAULT_INTERVAL_S;
		own->n_samples = DEFAULT_N_SAMPLES;
		invocation->source.capture.wants_uses = true;
		return 0;
	case 'i':
		own->interval_s = hs_options_number(state, "--interval", argument, 1, MAX_INTERVAL_S);
		return 0;
	case 'c':
		own->n_samples = hs_options_number(state, "--count", argument, 2, MAX_SAMPLES);
		return 0;
	case 'n':
		own->n_types = hs_options_number(state, "--number", argument, 1, INT32_MAX);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static size_t rows_shown(const struct hs_invocation *invocation)
{
	const struct growth_options *own = invocation->own;

	return own->n_types ? own->n_types : invocation->output.format == HS_FORMAT_TEXT ? DEFAULT_N_TYPES : SIZE_MAX;
}

/* What is known before the last sample, for those who wait at a terminal. */
static void show_provisional(void *context, const struct hs_series *series)
{
	const struct hs_invocation *invocation = context;
	struct hs_style style = hs_style_for(stdout, invocation->output.colour);
	HS_CLEANUP(hs_growth_release) struct hs_growth growth = { 0 };
	struct hs_error *error = hs_growth_compare(series, NULL, NULL, &growth);

	growth.n_shown = rows_shown(invocation);
	growth.is_provisional = true;
	if (!error)
		hs_growth_text(stdout, &growth, &style);
	fflush(stdout);
	hs_error_destroy(error);
}

static struct hs_error *render(FILE *out, const struct hs_output_options *output, const void *context)
{
	const struct hs_growth *growth = context;

	if (output->format == HS_FORMAT_JSON)
		return hs_growth_json(out, growth);
	struct hs_style style = hs_output_style(output);
	hs_growth_text(out, growth, &style);
	return NULL;
}

static int status_of(const struct hs_growth *growth)
{
	if (growth->series->end == HS_SERIES_GONE)
		return HS_EXIT_GONE;
	return hs_growth_is_complete(growth) ? HS_EXIT_DONE : HS_EXIT_INCOMPLETE;
}

/* What of the last sample was there at the first one; and who holds what was not. */
static struct hs_error *find_causes(struct hs_invocation *invocation, const struct hs_series *series, struct hs_turnover_list *turnover,
				    struct hs_suspects *suspects)
{
	HS_FREE uint8_t *lived = calloc(hs_heap_place_count(invocation->heap->heap) + (size_t)1, 1);

	if (!lived)
		return hs_error_no_memory();
	hs_progress_start(&invocation->progress);
	hs_progress_update(&invocation->progress, "looking for what grows", 0, 0);
	HS_TRY(hs_sample_mark_lived(series->samples.items[0], invocation->heap, lived));
	HS_TRY(hs_turnover_count(invocation->heap, lived, turnover));
	const struct hs_suspects_input input = {
		.samples = (const struct hs_sample *const *)series->samples.items, .n_samples = series->samples.n, .heap = invocation->heap,
		.graph = invocation->graph, .holders = invocation->holders, .reach = invocation->reach,
		.unexplained = &invocation->unexplained, .watched = &series->watched, .lived = lived,
	};
	HS_TRY(hs_suspects_find(&input, suspects));
	hs_progress_end(&invocation->progress);
	return NULL;
}

static struct hs_error *show(struct hs_invocation *invocation, const struct hs_series *series)
{
	HS_CLEANUP(hs_growth_release) struct hs_growth growth = { 0 };
	HS_CLEANUP(hs_turnover_release) struct hs_turnover_list turnover = { 0 };
	HS_CLEANUP(hs_suspects_deinit) struct hs_suspects suspects = { 0 };
	char host[HS_HOST_BYTES];

	if (series->has_graph)
		HS_TRY(find_causes(invocation, series, &turnover, &suspects));
	HS_TRY(hs_growth_compare(series, series->has_graph ? &turnover : NULL, series->has_graph ? &suspects : NULL, &growth));
	growth.n_suspects_shown = DEFAULT_N_SUSPECTS;
	growth.document = hs_document_of(invocation, host);
	growth.n_shown = rows_shown(invocation);
	HS_TRY(hs_output_render(&invocation->output, render, &growth));
	invocation->exit_status = status_of(&growth);
	return NULL;
}

static struct hs_error *run(struct hs_invocation *invocation)
{
	const struct growth_options *own = invocation->own;
	bool is_watched = invocation->output.format == HS_FORMAT_TEXT && !invocation->output.path && isatty(STDOUT_FILENO);
	const struct hs_series_options wanted = {
		.interval_s = own->interval_s, .n_samples = own->n_samples, .last_needs = HS_STAGE_PATHS,
		.provisional = is_watched ? show_provisional : NULL, .context = invocation,
	};
	HS_CLEANUP(hs_series_release) struct hs_series series = { 0 };

	HS_TRY(hs_series_take(invocation, &wanted, &series));
	return show(invocation, &series);
}

const struct hs_command hs_command_growth = {
	.name = "growth",
	.summary = "Show what grows in a process: by type, and what the growth of its memory is made of",
	.usage = "PID",
	.description = "Takes several samples of the process, which is paused for each as long as a copy of its memory takes; between them it runs "
		       "on. Gaps are never equal, so that what comes and goes is not mistaken for growth. The growth of the resident size (RSS) is "
		       "told by cause; the parts add up. `~` stands for objects that are replaced all the time without becoming more. "
		       "Ctrl-C shows what the samples so far tell. Names, types and lengths are shown, never values.",
	.examples = "  heapspy growth 4242\n"
		    "  heapspy growth 4242 -i 30 -c 5\n"
		    "  heapspy growth 4242 -f json -o growth.json\n",
	.needs = HS_STAGE_HEAP,
	.needs_unexplained = true,
	.has_output = true,
	.own_bytes = sizeof(struct growth_options),
	.options = options,
	.parse = parse,
	.run = run,
};
