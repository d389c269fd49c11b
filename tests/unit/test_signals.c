/* SPDX-License-Identifier: Apache-2.0 */
/* Which signals are caught, and what they do afterwards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>

#include <cmocka.h>

#include "signals.h"

static volatile sig_atomic_t n_own;

static void count(int number)
{
	(void)number;
	n_own++;
}

static void what_was_ignored_stays_so(void **state)
{
	(void)state;
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, count);
	hs_signals_catch();
	hs_signals_catch();
	raise(SIGHUP);
	assert_int_equal(hs_signals_caught(), 0);
	hs_signals_restore();
	raise(SIGHUP);
	raise(SIGTERM);
	assert_int_equal(n_own, 1);
	signal(SIGHUP, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
}

static void the_first_one_is_remembered(void **state)
{
	struct sigaction action;

	(void)state;
	hs_signals_catch();
	raise(SIGTERM);
	assert_int_equal(hs_signals_caught(), SIGTERM);
	sigaction(SIGTERM, NULL, &action);
	assert_true(action.sa_handler == SIG_DFL); /* a second one kills */
	hs_signals_forgive();
	assert_int_equal(hs_signals_caught(), 0);
	hs_signals_catch();
	raise(SIGTERM);
	assert_int_equal(hs_signals_caught(), SIGTERM);
	hs_signals_restore();
	sigaction(SIGTERM, NULL, &action);
	assert_true(action.sa_handler == SIG_DFL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_ignored_stays_so),
		cmocka_unit_test(the_first_one_is_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
