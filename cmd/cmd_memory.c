/* SPDX-License-Identifier: Apache-2.0 */
/* heapspy memory: from what the kernel counts down to objects. */
#include <errno.h>
#include <time.h>

#include "cleanup.h"
#include "commands.h"
#include "monotonic.h"
#include "options.h"
#include "output.h"
#include "waterfall.h"

enum {
	KEY_GROWTH = 0x1000,
};

struct memory_options {
	unsigned growth_seconds; /* 0: not asked for */
};

static const struct argp_option options[] = {
	{ "growth", KEY_GROWTH, "SECS", 0, "Look twice, so many seconds apart, and tell which step grows", 0 },
	{ 0 },
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct hs_invocation *invocation = state->input;
	struct memory_options *own = invocation->own;

	switch (key) {
	case ARGP_KEY_INIT:
		invocation->source.capture.wants_uses = true;
		return 0;
	case KEY_GROWTH:
		own->growth_seconds = hs_options_number(state, "--growth", argument, 1, 30 * 86400);
		return 0;
	case ARGP_KEY_END:
		if (own->growth_seconds)
			hs_options_need_process(state, "--growth");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static struct hs_error *render(FILE *out, const struct hs_output_options *output, const void *context)
{
	const struct hs_waterfall *waterfall = context;

	if (output->format == HS_FORMAT_JSON)
		return hs_waterfall_json(out, waterfall);
	struct hs_style style = hs_output_style(output);
	hs_waterfall_text(out, waterfall, &style);
	return NULL;
}

/* Waits, then looks again. */
static struct hs_error *look_again(struct hs_invocation *invocation, unsigned seconds, struct hs_waterfall *waterfall)
{
	struct timespec rest = { .tv_sec = seconds };
	uint64_t begin_ns = hs_monotonic_ns();

	waterfall->before = waterfall->memory;
	waterfall->has_before = true;
	while (nanosleep(&rest, &rest) < 0 && errno == EINTR)
		;
	HS_TRY(hs_invocation_renew(invocation));
	waterfall->seconds = (double)(hs_monotonic_ns() - begin_ns) / 1e9;
	return hs_memory_of(invocation->capture, invocation->heap, &waterfall->memory);
}

static struct hs_error *run(struct hs_invocation *invocation)
{
	const struct memory_options *own = invocation->own;
	char host[HS_HOST_BYTES];
	struct hs_waterfall waterfall = { 0 };

	HS_TRY(hs_memory_of(invocation->capture, invocation->heap, &waterfall.memory));
	if (own->growth_seconds)
		HS_TRY(look_again(invocation, own->growth_seconds, &waterfall));
	waterfall.document = hs_document_of(invocation, host);
	return hs_output_render(&invocation->output, render, &waterfall);
}

const struct hs_command hs_command_memory = {
	.name = "memory",
	.summary = "Show what a process's memory is made of, down to free blocks",
	.usage = "SOURCE",
	.description = "The steps add up to the resident size (RSS) at the time of the copy. Free blocks in pools and free chunks of malloc are "
		       "fragmentation: memory that objects left behind and that the process keeps. What no step explains is said to be "
		       "unattributed. Names and sizes are shown, never values.",
	.examples = "  heapspy memory 4242\n"
		    "  heapspy memory 4242 --growth 30\n"
		    "  heapspy memory 4242 -f json -o memory.json\n",
	.needs = HS_STAGE_HEAP,
	.takes_files = true,
	.has_output = true,
	.own_bytes = sizeof(struct memory_options),
	.options = options,
	.parse = parse,
	.run = run,
};
