/* SPDX-License-Identifier: Apache-2.0 */
/* heapspy top: the browser. */
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "commands.h"
#include "exit_status.h"
#include "options.h"
#include "top_session.h"
#include "top_ui.h"

#define DEFAULT_INTERVAL_S 5
#define DEFAULT_DUTY_THOUSANDTHS 10

enum {
	KEY_MAX_DUTY = 0x1000,
	KEY_COLOUR,
};

struct top_options {
	struct hs_cancel cancel;
	struct hs_top_options session;
	enum hs_colour colour;
	const char *is_of_process; /* an option that was given and says nothing of a file; NULL: none was */
};

static const struct argp_option options[] = {
	{ "interval", 'i', "SECS", 0, "Time between samples (default 5), if the duty allows; keys + and - change it", 0 },
	{ "max-duty", KEY_MAX_DUTY, "PCT", 0, "Share of the time, in percent, that the process may be paused (default 1)", 0 },
	{ "color", KEY_COLOUR, "WHEN", 0, "auto (default: unless NO_COLOR is set), always or never", 0 },
	{ 0 },
};

/* A number of that range with decimals, or a usage error. */
static double number(struct argp_state *state, const char *what, const char *text, double min, double max)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || !(value >= min && value <= max))
		argp_error(state, "%s must be a number from %.10g to %.10g, not '%s'", what, min, max, text);
	return value;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	static const char *const colours[] = { [HS_COLOUR_AUTO] = "auto", [HS_COLOUR_ALWAYS] = "always", [HS_COLOUR_NEVER] = "never", NULL };
	struct hs_invocation *invocation = state->input;
	struct top_options *own = invocation->own;

	switch (key) {
	case ARGP_KEY_INIT:
		own->session = (struct hs_top_options){ .interval_ms = DEFAULT_INTERVAL_S * 1000, .duty_thousandths = DEFAULT_DUTY_THOUSANDTHS, .cancel = &own->cancel };
		invocation->cancel = &own->cancel;
		invocation->source.capture.wants_uses = true;
		return 0;
	case 'i':
		own->is_of_process = "--interval";
		own->session.interval_ms = (uint64_t)(number(state, "--interval", argument, 0.1, 30 * 86400.0) * 1000);
		return 0;
	case KEY_MAX_DUTY:
		own->is_of_process = "--max-duty";
		own->session.duty_thousandths = (unsigned)lround(number(state, "--max-duty", argument, 0.1, 100) * 10);
		return 0;
	case KEY_COLOUR:
		own->colour = (enum hs_colour)hs_options_choice(state, "--color", argument, colours);
		return 0;
	case ARGP_KEY_END:
		if (own->is_of_process)
			hs_options_need_process(state, own->is_of_process);
		if (invocation->source.name && !(isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)))
			argp_error(state, "top needs a terminal at its input and output; 'heapspy report %s' writes text", invocation->source.name);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static bool is_plain(enum hs_colour colour)
{
	const char *no_color = getenv("NO_COLOR");

	return colour == HS_COLOUR_AUTO ? no_color && *no_color : colour == HS_COLOUR_NEVER;
}

static struct hs_error *run(struct hs_invocation *invocation)
{
	const struct top_options *own = invocation->own;
	struct hs_top_session *session = NULL;
	int signal_number = 0;

	HS_TRY(hs_top_session_create(invocation, &own->session, &session));
	struct hs_error *error = hs_top_ui_run(session, is_plain(own->colour), &signal_number);
	bool is_ended = hs_top_session_destroy(session);
	if (signal_number) {
		signal(signal_number, SIG_DFL);
		raise(signal_number); /* the parent must see which signal ended this process */
	}
	/* the thread works on a copy, and the target runs: nobody waits for that */
	if (!is_ended)
		_exit(error ? HS_EXIT_FAILED : HS_EXIT_DONE);
	return error;
}

const struct hs_command hs_command_top = {
	.name = "top",
	.summary = "Watch types grow, and go into them: objects, holders, paths",
	.usage = "SOURCE",
	.description = "A browser on the terminal; the key ? tells all others. Samples are taken while a view that follows them is shown: no more often "
		       "than --interval, and never so that the process is paused for more than --max-duty of the time. While you look at "
		       "objects, the sample that they are of is kept and no other is taken; the key s saves it as a snapshot. 'heapspy PID' on a terminal is the same. "
		       "Of a file there is one sample. Values are shown.",
	.examples = "  heapspy top 4242\n"
		    "  heapspy top 4242 -i 30\n"
		    "  heapspy top 4242 --max-duty 0.2\n"
		    "  heapspy top before.core.zst\n",
	.needs = HS_STAGE_HEAP,
	.takes_files = true,
	.needs_unexplained = true,
	.own_bytes = sizeof(struct top_options),
	.options = options,
	.parse = parse,
	.run = run,
};
