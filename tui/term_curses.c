/* SPDX-License-Identifier: Apache-2.0 */
/* The only file that knows curses. Copies cells, reads keys; knows nothing of what they mean. */
#include <curses.h>
#include <langinfo.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "cleanup.h"
#include "keys.h"
#include "term_curses.h"

/* last: it makes macros of the names of capabilities, such as columns */
#include <term.h>

/* curses' names are short and many: those that ours are like are not needed here */
#define ESCAPE_DELAY_MS 25

struct hs_term {
	struct hs_canvas shown; /* what is on the screen */
	bool is_forgotten;
	bool utf8;
	bool has_colours;
	SCREEN *screen;
};

/* For whoever is called when all is lost: what gives the terminal back, made ready before. */
static struct {
	struct termios modes;
	char text[256];
	size_t n;
	volatile sig_atomic_t is_taken;
} rescue;

/* SIGQUIT (Ctrl-\\) asks for a core dump like a crash's */
static const int crash_signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGQUIT };

static void on_crash(int number)
{
	if (rescue.is_taken) {
		rescue.is_taken = 0;
		ssize_t written = write(STDOUT_FILENO, rescue.text, rescue.n);
		(void)written;
		tcsetattr(STDIN_FILENO, TCSANOW, &rescue.modes);
	}
	raise(number); /* SA_RESETHAND: as if nobody had caught it */
}

/* NULL: this terminal has no such thing. */
static const char *capability_of(const char *name)
{
	const char *text = tigetstr(name);

	return text && text != (char *)-1 ? text : NULL;
}

/* It keeps what it shows for a program apart from what stood there before. */
static bool has_screen_of_its_own(void)
{
	return capability_of("smcup") && capability_of("rmcup");
}

static void add_rescue(const char *capability)
{
	const char *text = capability_of(capability);
	size_t n = text ? strlen(text) : 0;

	if (n && rescue.n + n <= sizeof(rescue.text)) {
		memcpy(rescue.text + rescue.n, text, n);
		rescue.n += n;
	}
}

static void prepare_rescue(void)
{
	static const char mouse_off[] = "\033[?1000l\033[?1006l";
	struct sigaction action = { .sa_handler = on_crash, .sa_flags = (int)SA_RESETHAND };

	rescue.n = sizeof(mouse_off) - 1;
	memcpy(rescue.text, mouse_off, rescue.n);
	add_rescue("sgr0");
	add_rescue("rmkx");
	add_rescue(has_screen_of_its_own() ? "rmcup" : "clear");
	add_rescue("cnorm");
	rescue.is_taken = 1;
	for (size_t i = 0; i < sizeof(crash_signals) / sizeof(*crash_signals); i++)
		sigaction(crash_signals[i], &action, NULL);
}

/*
 * A colour, as terminals of 8, of 256 and of all colours are told of it, and attributes that say the same where there are none. What is not
 * the terminal's own colour stands out on dark and on light screens.
 */
struct colour {
	short of_8, of_256;
	int rgb;
};

#define DEFAULT { -1, -1, -1 }
#define RED { COLOR_RED, 167, 0xd75f5f }
#define YELLOW { COLOR_YELLOW, 136, 0xaf8700 }
#define CYAN { COLOR_CYAN, 31, 0x0087af }

struct look {
	struct colour colour;
	attr_t attributes, plain_attributes;
};

static const struct look looks[HS_N_CELL_STYLES] = {
	[HS_CELL_PLAIN] = { DEFAULT, A_NORMAL, A_NORMAL },
	[HS_CELL_STRONG] = { DEFAULT, A_BOLD, A_BOLD },
	[HS_CELL_DIM] = { DEFAULT, A_DIM, A_NORMAL },
	[HS_CELL_HEADING] = { DEFAULT, A_REVERSE | A_DIM, A_REVERSE },
	[HS_CELL_SELECTED] = { CYAN, A_REVERSE, A_REVERSE | A_BOLD },
	[HS_CELL_TAGGED] = { YELLOW, A_BOLD, A_BOLD },
	[HS_CELL_GROWTH] = { RED, A_BOLD, A_BOLD },
	[HS_CELL_CHANGE] = { YELLOW, A_NORMAL, A_NORMAL },
	[HS_CELL_WARNING] = { YELLOW, A_BOLD, A_BOLD },
	[HS_CELL_BAR] = { CYAN, A_NORMAL, A_NORMAL },
	[HS_CELL_KEY] = { CYAN, A_BOLD, A_BOLD },
};

/* Colours are red, green and blue, a byte each: terminfo calls that RGB. */
static bool has_all_colours(void)
{
	return COLORS >= 1 << 24 && (tigetflag("RGB") > 0 || tigetnum("RGB") == 8);
}

static void prepare_colours(struct hs_term *term, bool is_plain)
{
	term->has_colours = !is_plain && has_colors() && start_color() == OK && use_default_colors() == OK;
	for (int i = 0; term->has_colours && i < HS_N_CELL_STYLES; i++) {
		const struct colour *colour = &looks[i].colour;
		init_extended_pair(i + 1, has_all_colours() ? colour->rgb : COLORS >= 256 ? colour->of_256 : colour->of_8, -1);
	}
}

static struct hs_error *unusable(const char *name)
{
	struct hs_error *error = *name ? hs_error_new(HS_ERROR_INVALID, "the terminal '%s' is not known here, or cannot move its cursor", name)
				       : hs_error_new(HS_ERROR_INVALID, "TERM is not set: of what kind the terminal is, is not known");

	return hs_error_hint(error, "TERM=xterm heapspy top PID, or heapspy report PID");
}

/* Asked before curses begins, which keeps memory of a terminal that it then refuses. */
static bool is_usable(void)
{
	int status;

	if (setupterm(NULL, STDOUT_FILENO, &status) != OK)
		return false;
	bool moves_cursor = capability_of("cup") != NULL;
	del_curterm(cur_term);
	return moves_cursor;
}

struct hs_error *hs_term_open(bool is_plain, struct hs_term **ret)
{
	const char *name = getenv("TERM");

	name = name ? name : "";
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &rescue.modes))
		return hs_error_new(HS_ERROR_INVALID, "the browser needs a terminal at its input and output");
	if (!is_usable())
		return unusable(name);
	HS_FREE struct hs_term *term = calloc(1, sizeof(*term));
	if (!term)
		return hs_error_no_memory();
	term->screen = newterm(NULL, stdout, stdin);
	if (!term->screen)
		return unusable(name);
	set_term(term->screen);
	prepare_rescue();
	cbreak();
	noecho();
	nonl();
	intrflush(stdscr, FALSE);
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(ESCAPE_DELAY_MS);
	mousemask(BUTTON1_PRESSED | BUTTON1_CLICKED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL);
	mouseinterval(0);
	curs_set(0);
	prepare_colours(term, is_plain);
	term->utf8 = !strcasecmp(nl_langinfo(CODESET), "UTF-8");
	term->is_forgotten = true;
	refresh();
	*ret = hs_take(term);
	return NULL;
}

void hs_term_close(struct hs_term *term)
{
	if (!term)
		return;
	if (!has_screen_of_its_own()) { /* what the target holds is not left on the screen */
		erase();
		refresh();
	}
	endwin();
	rescue.is_taken = 0;
	for (size_t i = 0; i < sizeof(crash_signals) / sizeof(*crash_signals); i++)
		signal(crash_signals[i], SIG_DFL);
	delscreen(term->screen);
	hs_canvas_deinit(&term->shown);
	free(term);
}

int hs_term_fd(const struct hs_term *term)
{
	(void)term;
	return STDIN_FILENO;
}

bool hs_term_has_utf8(const struct hs_term *term)
{
	return term->utf8;
}

void hs_term_size(const struct hs_term *term, unsigned *ret_width, unsigned *ret_height)
{
	(void)term;
	*ret_width = COLS > 0 ? (unsigned)COLS : 0;
	*ret_height = LINES > 0 ? (unsigned)LINES : 0;
}

void hs_term_resized(struct hs_term *term)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_row || !size.ws_col)
		return;
	resizeterm(size.ws_row, size.ws_col);
	hs_term_forget(term);
}

static uint32_t special_key(wint_t code)
{
	static const struct {
		wint_t code;
		uint32_t key;
	} keys[] = {
		{ KEY_UP, HS_KEY_UP }, { KEY_DOWN, HS_KEY_DOWN }, { KEY_LEFT, HS_KEY_LEFT }, { KEY_RIGHT, HS_KEY_RIGHT },
		{ KEY_PPAGE, HS_KEY_PAGE_UP }, { KEY_NPAGE, HS_KEY_PAGE_DOWN }, { KEY_HOME, HS_KEY_HOME }, { KEY_END, HS_KEY_END },
		{ KEY_BACKSPACE, HS_KEY_BACKSPACE }, { KEY_DC, HS_KEY_DELETE }, { KEY_BTAB, HS_KEY_BACK_TAB }, { KEY_ENTER, HS_KEY_ENTER },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (keys[i].code == code)
			return keys[i].key;
	return HS_KEY_NONE;
}

static bool read_mouse(struct hs_event *ret)
{
	MEVENT mouse;

	if (getmouse(&mouse) != OK)
		return false;
	*ret = (struct hs_event){ .kind = HS_EVENT_CLICK, .x = (unsigned)mouse.x, .y = (unsigned)mouse.y };
	if (mouse.bstate & (BUTTON4_PRESSED | BUTTON5_PRESSED)) {
		ret->kind = HS_EVENT_WHEEL;
		ret->key = mouse.bstate & BUTTON4_PRESSED ? HS_KEY_UP : HS_KEY_DOWN;
	}
	return true;
}

bool hs_term_read(struct hs_term *term, struct hs_event *ret)
{
	wint_t code;
	int kind;

	while ((kind = get_wch(&code)) != ERR) {
		if (kind == KEY_CODE_YES && code == KEY_RESIZE) {
			hs_term_forget(term);
			*ret = (struct hs_event){ .kind = HS_EVENT_RESIZE };
			hs_term_size(term, &ret->x, &ret->y);
			return true;
		}
		if (kind == KEY_CODE_YES && code == KEY_MOUSE) {
			if (read_mouse(ret))
				return true;
			continue;
		}
		uint32_t key = kind == KEY_CODE_YES ? special_key(code) : code == '\r' ? HS_KEY_ENTER : (uint32_t)code;
		if (key) {
			*ret = (struct hs_event){ .kind = HS_EVENT_KEY, .key = key };
			return true;
		}
	}
	return false;
}

static void show_cell(const struct hs_term *term, unsigned x, unsigned y, const struct hs_cell *cell)
{
	const struct look *look = &looks[cell->style < HS_N_CELL_STYLES ? cell->style : 0];
	wchar_t text[HS_CELL_CODES + 1] = { 0 };
	cchar_t shown;

	for (unsigned i = 0; i < HS_CELL_CODES; i++)
		text[i] = (wchar_t)cell->codes[i];
	setcchar(&shown, text, term->has_colours ? look->attributes : look->plain_attributes, (short)(term->has_colours ? cell->style + 1 : 0), NULL);
	mvadd_wch((int)y, (int)x, &shown);
}

static bool is_same(const struct hs_cell *a, const struct hs_cell *b)
{
	return a->width == b->width && a->style == b->style && !memcmp(a->codes, b->codes, sizeof(a->codes));
}

/* Makes what is remembered the size of the canvas; false: everything must be written. */
static bool fits_shown(struct hs_term *term, const struct hs_canvas *canvas)
{
	if (!term->is_forgotten && term->shown.width == canvas->width && term->shown.height == canvas->height)
		return true;
	hs_canvas_deinit(&term->shown);
	hs_error_destroy(hs_canvas_init(&term->shown, canvas->width, canvas->height, canvas->utf8));
	erase();
	clearok(stdscr, TRUE);
	return false;
}

void hs_term_show(struct hs_term *term, const struct hs_canvas *canvas)
{
	bool can_compare = fits_shown(term, canvas);

	for (unsigned y = 0; y < canvas->height; y++) {
		for (unsigned x = 0; x < canvas->width; x++) {
			const struct hs_cell *cell = hs_canvas_cell(canvas, x, y);
			/* a wide character is written as a whole, with the cell before its second half */
			if (cell->width && !(can_compare && is_same(cell, hs_canvas_cell(&term->shown, x, y))))
				show_cell(term, x, y, cell);
		}
	}
	if (term->shown.cells)
		memcpy(term->shown.cells, canvas->cells, (size_t)canvas->width * canvas->height * sizeof(*canvas->cells));
	term->is_forgotten = !term->shown.cells;
	refresh();
}

void hs_term_forget(struct hs_term *term)
{
	term->is_forgotten = true;
}

void hs_term_copy(struct hs_term *term, const char *text)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t n = strlen(text);

	(void)term;
	fputs("\033]52;c;", stdout);
	for (size_t i = 0; i < n; i += 3) {
		uint32_t word = (uint32_t)(unsigned char)text[i] << 16;
		word |= i + 1 < n ? (uint32_t)(unsigned char)text[i + 1] << 8 : 0;
		word |= i + 2 < n ? (unsigned char)text[i + 2] : 0;
		fputc(digits[word >> 18], stdout);
		fputc(digits[word >> 12 & 63], stdout);
		fputc(i + 1 < n ? digits[word >> 6 & 63] : '=', stdout);
		fputc(i + 2 < n ? digits[word & 63] : '=', stdout);
	}
	fputs("\a", stdout);
	fflush(stdout);
}
