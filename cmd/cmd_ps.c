/* SPDX-License-Identifier: Apache-2.0 */
/* heapspy ps: the Python processes of this host, and whose memory is changing. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "commands.h"
#include "options.h"
#include "output.h"
#include "ps.h"

#define DEFAULT_INTERVAL_S 2
#define STEP_MS 100

enum {
	KEY_TREE = 0x1000,
};

struct ps_options {
	bool as_tree;
	unsigned interval_s;
};

static const struct argp_option options[] = {
	{ "tree", KEY_TREE, NULL, 0, "Children below their parents", 0 },
	{ "interval", 'i', "SECS", 0, "Time over which the change of private dirty memory is measured (default 2); 0 does not wait", 0 },
	{ 0 },
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct hs_invocation *invocation = state->input;
	struct ps_options *own = invocation->own;

	switch (key) {
	case ARGP_KEY_INIT:
		own->interval_s = DEFAULT_INTERVAL_S;
		return 0;
	case KEY_TREE:
		own->as_tree = true;
		return 0;
	case 'i':
		own->interval_s = hs_options_number(state, "--interval", argument, 0, 3600);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void wait_ms(unsigned ms, struct hs_progress *progress)
{
	struct timespec step = { .tv_nsec = STEP_MS * 1000000l };

	hs_progress_start(progress);
	for (unsigned done = 0; done < ms; done += STEP_MS) {
		hs_progress_update(progress, "measuring the change of private dirty memory", done, ms);
		nanosleep(&step, NULL);
	}
	hs_progress_end(progress);
}

/* What a process had written to when the interval began. */
struct earlier {
	pid_t pid;
	uint64_t start_time; /* a PID may be another process by the end */
	uint64_t dirty_bytes;
};

HS_ARRAY_TYPE(earlier_list, struct earlier);

static void earlier_list_free(struct earlier_list *earlier)
{
	hs_array_free(earlier);
}

static struct hs_error *begin_interval(struct earlier_list *ret)
{
	HS_CLEANUP(hs_process_list_free) struct hs_process_list list = { 0 };

	HS_TRY(hs_process_list_read(&list));
	for (size_t i = 0; i < list.n; i++) {
		const struct hs_process_entry *entry = &list.items[i];
		uint64_t dirty;
		if (!entry->is_python || !hs_process_private_dirty(entry->pid, &dirty))
			continue;
		struct earlier *earlier = hs_array_append(ret);
		if (!earlier)
			return hs_error_no_memory();
		*earlier = (struct earlier){ entry->pid, entry->start_time, dirty };
	}
	return NULL;
}

/* Fills in the private dirty memory as of now, and its change since `earlier`. */
static void end_interval(struct hs_ps *ps, const struct earlier_list *earlier)
{
	for (size_t i = 0; i < ps->rows.n; i++) {
		struct hs_ps_row *row = &ps->rows.items[i];
		row->has_dirty = hs_process_private_dirty(row->entry->pid, &row->dirty_bytes);
		for (size_t j = 0; row->has_dirty && j < earlier->n; j++) {
			if (earlier->items[j].pid != row->entry->pid || earlier->items[j].start_time != row->entry->start_time)
				continue;
			row->has_change = true;
			row->dirty_change_bytes = (int64_t)(row->dirty_bytes - earlier->items[j].dirty_bytes);
		}
	}
}

static struct hs_error *render(FILE *out, const struct hs_output_options *output, const void *context)
{
	const struct hs_ps *ps = context;

	if (output->format == HS_FORMAT_JSON)
		return hs_ps_json(out, ps);
	struct hs_style style = hs_output_style(output);
	hs_ps_text(out, ps, &style);
	return NULL;
}

static struct hs_error *run(struct hs_invocation *invocation)
{
	const struct ps_options *own = invocation->own;
	HS_CLEANUP(earlier_list_free) struct earlier_list earlier = { 0 };
	HS_CLEANUP(hs_process_list_free) struct hs_process_list list = { 0 };
	char host[256] = "";
	HS_CLEANUP(hs_ps_deinit) struct hs_ps ps = {
		.program = program_invocation_name,
		.host = host,
		.interval_ms = own->interval_s * 1000,
		.own_uid = geteuid(),
	};

	gethostname(host, sizeof(host) - 1);
	if (ps.interval_ms) {
		HS_TRY(begin_interval(&earlier));
		wait_ms(ps.interval_ms, &invocation->progress);
	}
	/* The list is as of the interval's end, so that all columns are of one moment. */
	HS_TRY(hs_process_list_read(&list));
	ps.time = time(NULL);
	HS_TRY(hs_ps_select(&ps, &list, own->as_tree));
	end_interval(&ps, &earlier);
	return hs_output_render(&invocation->output, render, &ps);
}

const struct hs_command hs_command_ps = {
	.name = "ps",
	.summary = "List the Python processes of this host, and how their memory changes",
	.usage = "",
	.description = "'dirty' is the memory that a process alone has written to; its change is measured over --interval. No process is stopped.",
	.examples = "  heapspy ps\n"
		    "  heapspy ps --tree\n"
		    "  heapspy ps -i 30 -f json\n",
	.needs = HS_STAGE_NONE,
	.has_output = true,
	.own_bytes = sizeof(struct ps_options),
	.options = options,
	.parse = parse,
	.run = run,
};
