/* SPDX-License-Identifier: Apache-2.0 */
/* The loop: input, news and time come in; the state says what that means; the screen shows it. */
#include "top_ui.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "capture.h"
#include "cleanup.h"
#include "draw.h"
#include "output.h"
#include "snapshot_name.h"
#include "state.h"
#include "term_curses.h"
#include "view.h"

#define TICK_MS 1000
#define N_CACHED 16
#define WRITE_WIDTH 160 /* columns of a view that is written to a file */

struct cached {
	struct hs_page *page;
	uint64_t used; /* the larger, the later */
};

struct ui {
	struct hs_top_session *session;
	struct hs_term *term;
	struct hs_state state;
	struct hs_data data;
	struct hs_top_news news;
	struct hs_canvas canvas;
	struct cached cache[N_CACHED]; /* pages of places that were visited: shown at once when they are visited again */
	uint64_t clock;
	bool is_over;
};

static void ui_deinit(struct ui *ui)
{
	hs_term_close(ui->term);
	hs_canvas_deinit(&ui->canvas);
	hs_state_deinit(&ui->state);
	for (size_t i = 0; i < N_CACHED; i++)
		hs_page_destroy(ui->cache[i].page);
	hs_page_destroy(ui->news.page);
}

static struct cached *find_cached(struct ui *ui, const struct hs_page_place *place)
{
	for (size_t i = 0; i < N_CACHED; i++)
		if (ui->cache[i].page && hs_page_place_is_same(&ui->cache[i].page->place, place))
			return &ui->cache[i];
	return NULL;
}

/* Takes the page over, in the stead of an earlier one of its place, or of the one that was not looked at for longest. */
static void keep_page(struct ui *ui, struct hs_page *page)
{
	struct cached *slot = find_cached(ui, &page->place);

	for (size_t i = 0; !slot && i < N_CACHED; i++)
		if (!ui->cache[i].page)
			slot = &ui->cache[i];
	for (size_t i = 0; i < N_CACHED; i++)
		if (!slot || (slot->page && !hs_page_place_is_same(&slot->page->place, &page->place) && ui->cache[i].used < slot->used))
			slot = &ui->cache[i];
	hs_page_destroy(slot->page);
	*slot = (struct cached){ page, ++ui->clock };
}

static const struct hs_page_place *place_of(const struct ui *ui)
{
	return &hs_state_spot(&ui->state)->place;
}

static void show_place(struct ui *ui)
{
	struct cached *cached = find_cached(ui, place_of(ui));
	bool is_failed = ui->news.is_failed && (!cached || hs_state_spot(&ui->state)->place.view >= HS_VIEW_FIRST_INNER);

	if (cached)
		cached->used = ++ui->clock;
	ui->data.page = cached && !is_failed ? cached->page : NULL;
	ui->data.error = is_failed ? ui->news.error : NULL;
	ui->data.hint = is_failed && ui->news.hint[0] ? ui->news.hint : NULL;
}

static void handle(struct ui *ui, const struct hs_event *event);

static void tell_of_data(struct ui *ui)
{
	show_place(ui);
	handle(ui, &(struct hs_event){ .kind = HS_EVENT_DATA });
}

/* As `heapspy snapshot` would call it. */
static void suggest_snapshot(struct ui *ui)
{
	HS_FREE char *name = hs_snapshot_name(NULL, ui->data.header.pid, ui->data.header.utc, false);

	snprintf(ui->state.suggested_snapshot, sizeof(ui->state.suggested_snapshot), "%s", name ? name : "");
}

static void take_news(struct ui *ui)
{
	hs_top_session_news(ui->session, &ui->news);
	ui->data.header = ui->news.header;
	ui->data.live = ui->news.live;
	ui->data.n_live = ui->news.n_live;
	ui->data.live_serial = ui->news.live_serial;
	if (ui->news.message[0])
		hs_state_say(&ui->state, ui->news.is_complaint, "%s", ui->news.message);
	suggest_snapshot(ui);
	if (ui->news.page)
		keep_page(ui, hs_take(ui->news.page));
	tell_of_data(ui);
}

static void go(struct ui *ui)
{
	const struct hs_page_place *place = place_of(ui);

	hs_top_session_want(ui->session, place);
	ui->news.is_failed = false;
	snprintf(ui->state.suggested_file, sizeof(ui->state.suggested_file), "heapspy-%d-%s.txt", ui->data.header.pid, hs_views[place->view].name);
	tell_of_data(ui);
}

static struct hs_error *write_view(struct ui *ui, const char *path)
{
	HS_FREE char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);

	if (!out)
		return hs_error_no_memory();
	struct hs_error *error = hs_draw_text(&ui->state, &ui->data, WRITE_WIDTH, hs_term_has_utf8(ui->term), out);
	fclose(out);
	return error ? error : hs_output_write(path, text, bytes);
}

static void write_to(struct ui *ui, const char *path)
{
	struct hs_error *error = write_view(ui, path);

	if (error)
		hs_state_say(&ui->state, true, "%s", error->message);
	else
		hs_state_say(&ui->state, false, "written to %s", path);
	hs_error_destroy(error);
}

static void change_interval(struct ui *ui, const struct hs_effects *effects)
{
	static const uint64_t steps_ms[] = { 500, 1000, 2000, 3000, 5000, 10000, 20000, 30000, 60000, 120000, 300000, 600000, 1800000, 3600000 };
	const size_t n = sizeof(steps_ms) / sizeof(*steps_ms);
	uint64_t interval = hs_top_session_interval(ui->session), wanted = effects->interval_ms;

	for (size_t i = 0; i < n && effects->steps > 0 && !wanted; i++)
		wanted = steps_ms[i] > interval ? steps_ms[i] : 0;
	for (size_t i = n; i-- > 0 && effects->steps < 0 && !wanted;)
		wanted = steps_ms[i] < interval ? steps_ms[i] : 0;
	if (wanted)
		hs_top_session_set_interval(ui->session, wanted);
	hs_state_say(&ui->state, false, "samples every %g s, unless the duty asks for more", (double)(wanted ? wanted : interval) / 1000);
}

static void carry_out(struct ui *ui, const struct hs_effects *effects)
{
	ui->is_over |= effects->flags & HS_EFFECT_QUIT;
	if (effects->flags & HS_EFFECT_FREEZE)
		hs_top_session_freeze(ui->session, ui->state.is_frozen);
	if (effects->flags & HS_EFFECT_SAMPLE)
		hs_top_session_sample_now(ui->session);
	if (effects->flags & HS_EFFECT_CANCEL)
		hs_top_session_cancel(ui->session);
	if (effects->flags & HS_EFFECT_BASELINE) {
		hs_top_session_set_base(ui->session);
		hs_state_say(&ui->state, false, "changes count from sample %llu on", (unsigned long long)ui->data.header.serial);
	}
	if (effects->flags & HS_EFFECT_INTERVAL)
		change_interval(ui, effects);
	if (effects->flags & HS_EFFECT_WRITE)
		write_to(ui, effects->text);
	if (effects->flags & HS_EFFECT_SNAPSHOT)
		hs_top_session_save(ui->session, effects->text);
	if (effects->flags & HS_EFFECT_COPY) {
		hs_term_copy(ui->term, effects->text);
		hs_state_say(&ui->state, false, "%s sent to the clipboard", effects->text);
	}
	if (effects->flags & HS_EFFECT_REDRAW)
		hs_term_forget(ui->term);
	if (effects->flags & HS_EFFECT_GO)
		go(ui);
}

static void handle(struct ui *ui, const struct hs_event *event)
{
	const struct hs_effects effects = hs_state_update(&ui->state, &ui->data, event);

	if (effects.flags)
		carry_out(ui, &effects);
}

static struct hs_error *show(struct ui *ui)
{
	if (ui->canvas.width != ui->state.width || ui->canvas.height != ui->state.height) {
		hs_canvas_deinit(&ui->canvas);
		HS_TRY(hs_canvas_init(&ui->canvas, ui->state.width, ui->state.height, hs_term_has_utf8(ui->term)));
	}
	hs_draw_screen(&ui->state, &ui->data, &ui->canvas);
	hs_term_show(ui->term, &ui->canvas);
	return NULL;
}

static void read_keys(struct ui *ui)
{
	struct hs_event event;

	while (!ui->is_over && hs_term_read(ui->term, &event))
		handle(ui, &event);
}

/* Ctrl-Z: curses' own handler gives the terminal back and stops all threads, which must not be while one of them keeps the target stopped. */
static void suspend(struct ui *ui)
{
	sigset_t stop;

	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	hs_capture_hold_off();
	pthread_sigmask(SIG_UNBLOCK, &stop, NULL);
	raise(SIGTSTP);
	pthread_sigmask(SIG_BLOCK, &stop, NULL);
	hs_capture_go_on();
	hs_term_forget(ui->term);
}

/* A signal: the size of the window, a stop, or the end. */
static int read_signal(struct ui *ui, int fd)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof(info)) != sizeof(info))
		return 0;
	if (info.ssi_signo == SIGTSTP) {
		suspend(ui);
		return 0;
	}
	if (info.ssi_signo != SIGWINCH)
		return (int)info.ssi_signo;
	hs_term_resized(ui->term);
	struct hs_event event = { .kind = HS_EVENT_RESIZE };
	hs_term_size(ui->term, &event.x, &event.y);
	handle(ui, &event);
	return 0;
}

static struct hs_error *loop(struct ui *ui, int signal_fd, int *ret_signal)
{
	struct pollfd fds[] = {
		{ .fd = hs_term_fd(ui->term), .events = POLLIN },
		{ .fd = hs_top_session_fd(ui->session), .events = POLLIN },
		{ .fd = signal_fd, .events = POLLIN },
	};

	while (!ui->is_over) {
		HS_TRY(show(ui));
		int n = poll(fds, 3, TICK_MS);
		if (n < 0 && errno != EINTR)
			return hs_error_os(errno, "cannot wait for input");
		if (n < 0)
			hs_term_forget(ui->term); /* it was stopped, and goes on */
		if (n > 0 && fds[2].revents) {
			*ret_signal = read_signal(ui, signal_fd);
			if (*ret_signal)
				return NULL;
		}
		if (n > 0 && fds[0].revents & (POLLERR | POLLHUP) && !(fds[0].revents & POLLIN)) {
			*ret_signal = SIGHUP; /* the terminal is gone */
			return NULL;
		}
		read_keys(ui);
		take_news(ui); /* of time alone, if there is no other */
	}
	return NULL;
}

static int open_signals(sigset_t *ret_before)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGTSTP };
	sigset_t signals;

	sigemptyset(&signals);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		sigaddset(&signals, numbers[i]);
	pthread_sigmask(SIG_BLOCK, &signals, ret_before);
	return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

struct hs_error *hs_top_ui_run(struct hs_top_session *session, bool is_plain, int *ret_signal)
{
	HS_FREE struct ui *ui = calloc(1, sizeof(*ui));
	unsigned width, height;
	sigset_t before;

	if (!ui)
		return hs_error_no_memory();
	HS_CLOSE int signal_fd = open_signals(&before);
	if (signal_fd < 0)
		return hs_error_os(errno, "cannot wait for signals");
	ui->session = session;
	struct hs_error *error = hs_term_open(is_plain, &ui->term);
	if (!error) {
		hs_term_size(ui->term, &width, &height);
		hs_state_init(&ui->state, width, height);
		take_news(ui);
		go(ui);
		error = loop(ui, signal_fd, ret_signal);
	}
	ui_deinit(ui);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}
