/* SPDX-License-Identifier: Apache-2.0 */
/* Taking a series, and asking of its samples what survived, what grew and who holds it. */
#include "growth_run.h"

#include <stdlib.h>

#include "cleanup.h"
#include "exit_status.h"
#include "lived.h"
#include "output.h"

#define DEFAULT_N_TYPES 20
#define DEFAULT_N_SUSPECTS 5

/* What of the last sample was there at the first one; and who holds what was not. */
static struct hs_error *find_causes(struct hs_invocation *invocation, struct hs_growth_run *run)
{
	const struct hs_series *series = &run->series;
	HS_FREE uint8_t *lived = calloc(hs_heap_place_count(invocation->heap->heap) + (size_t)1, 1);

	if (!lived)
		return hs_error_no_memory();
	if (!run->old_places)
		HS_TRY(hs_sample_mark_lived(hs_series_base(series), invocation->heap, lived));
	const struct hs_suspects_input input = {
		.samples = (const struct hs_sample *const *)series->samples.items, .n_samples = series->samples.n, .heap = invocation->heap,
		.graph = invocation->graph, .holders = invocation->holders, .reach = invocation->reach,
		.unexplained = &invocation->unexplained, .watched = &series->watched, .lived = run->old_places ? run->old_places : lived,
		.is_by_path = run->old_places,
	};
	HS_TRY(hs_suspects_find(&input, &run->suspects));
	/* suspects have doubts of their own, and rules for them */
	if (run->old_places)
		return NULL;
	HS_TRY(hs_lived_doubt(invocation->graph, lived));
	return hs_turnover_count(invocation->heap, lived, &run->turnover);
}

static struct hs_error *show_and_find_causes(struct hs_invocation *invocation, struct hs_growth_run *run)
{
	hs_progress_start(&invocation->progress);
	hs_progress_update(&invocation->progress, "looking for what grows", 0, 0);
	struct hs_error *error = find_causes(invocation, run);
	hs_progress_end(&invocation->progress);
	return error;
}

struct hs_error *hs_growth_run_take(struct hs_invocation *invocation, const struct hs_series_options *options, struct hs_growth_run *run)
{
	HS_TRY(hs_series_take(invocation, options, &run->series));
	return hs_growth_run_compare(invocation, run);
}

struct hs_error *hs_growth_run_compare(struct hs_invocation *invocation, struct hs_growth_run *run)
{
	bool has_graph = run->series.has_graph, has_turnover = has_graph && !run->old_places;
	size_t n_own = 0;

	if (has_graph)
		HS_TRY(show_and_find_causes(invocation, run));
	if (run->seen)
		HS_TRY(hs_growth_seen_part(run->seen, &run->suspects, invocation->source.pid, &n_own));
	HS_TRY(hs_growth_compare(&run->series, has_turnover ? &run->turnover : NULL, has_graph ? &run->suspects : NULL, &run->growth));
	run->growth.seen = run->seen;
	run->growth.n_own = n_own;
	run->growth.is_of_processes = run->old_places;
	return NULL;
}

void hs_growth_run_release(struct hs_growth_run *run)
{
	hs_growth_release(&run->growth);
	hs_suspects_deinit(&run->suspects);
	hs_turnover_release(&run->turnover);
	hs_series_release(&run->series);
}

int hs_growth_run_status(const struct hs_growth_run *run, uint64_t fail_bytes)
{
	if (run->series.end == HS_SERIES_GONE)
		return HS_EXIT_GONE;
	if (!hs_growth_is_complete(&run->growth))
		return HS_EXIT_INCOMPLETE;
	return fail_bytes && hs_growth_convincing_bytes(&run->growth) >= (int64_t)fail_bytes ? HS_EXIT_GROWTH : HS_EXIT_DONE;
}

void hs_growth_show(struct hs_growth *growth, enum hs_format format, size_t n_types)
{
	growth->n_shown = n_types ? n_types : format == HS_FORMAT_JSON ? SIZE_MAX : DEFAULT_N_TYPES;
	growth->n_suspects_shown = DEFAULT_N_SUSPECTS;
}

struct hs_error *hs_growth_render(FILE *out, const struct hs_output_options *output, const void *context)
{
	const struct hs_growth_shown *shown = context;

	if (output->format == HS_FORMAT_JSON)
		return hs_growth_json(out, shown->growth);
	if (shown->is_md) {
		HS_FREE char *command_line = hs_command_line_of(shown->invocation);
		hs_growth_md(out, shown->growth, command_line ? command_line : "?");
		return NULL;
	}
	struct hs_style style = hs_output_style(output);
	hs_growth_text(out, shown->growth, &style);
	return NULL;
}
