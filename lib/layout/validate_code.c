/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of code objects, on the functions that the loaded modules name. */
#include "validate.h"

#define FIELD(address, structure, name) hs_live_field(live, address, HS_FIELD_##structure##_##name)
#define FUNCTIONS_MAX 64
#define SANE_COUNT_MAX 100000

struct census {
	unsigned n_checked, n_with_stack;
	struct hs_error *error;
};

static bool is_tuple_of(const struct hs_live *live, hs_addr tuple, uint64_t wanted)
{
	hs_addr items;
	size_t n;

	return hs_live_is(live, tuple, "tuple") && hs_live_items(live, tuple, &items, &n) && n == wanted;
}

/* The names of a code object's variables are as many as its counters say. */
static struct hs_error *check_variables(const struct hs_live *live, hs_addr code)
{
	uint64_t n_locals = FIELD(code, PyCodeObject, co_nlocals);

	if (HS_HAS(live->layout, PyCodeObject, co_nlocalsplus)) {
		uint64_t n_all = FIELD(code, PyCodeObject, co_nlocalsplus);

		if (n_locals > n_all || !is_tuple_of(live, FIELD(code, PyCodeObject, co_localsplusnames), n_all))
			return hs_check_failed(code, "a code object's co_nlocalsplus is not the number of its names");
		return NULL;
	}
	if (!is_tuple_of(live, FIELD(code, PyCodeObject, co_varnames), n_locals))
		return hs_check_failed(code, "a code object's co_nlocals is not the number of its names");
	if (!hs_live_is(live, FIELD(code, PyCodeObject, co_cellvars), "tuple") ||
	    !hs_live_is(live, FIELD(code, PyCodeObject, co_freevars), "tuple"))
		return hs_check_failed(code, "a code object's co_cellvars or co_freevars is no tuple");
	if (!hs_live_is(live, FIELD(code, PyCodeObject, co_code), "bytes"))
		return hs_check_failed(code, "a code object's co_code is no bytes object");
	return NULL;
}

static struct hs_error *check_function(const struct hs_live *live, hs_addr function, struct census *census)
{
	hs_addr code = FIELD(function, PyFunctionObject, func_code);
	if (!hs_live_is(live, code, "code"))
		return hs_check_failed(function, "a function has no code");
	uint64_t stack = FIELD(code, PyCodeObject, co_stacksize);
	if (stack > SANE_COUNT_MAX || FIELD(code, PyCodeObject, co_nlocals) > SANE_COUNT_MAX)
		return hs_check_failed(code, "a code object's co_stacksize is %" PRIu64, stack);
	census->n_checked++;
	census->n_with_stack += stack > 0;
	return check_variables(live, code);
}

static bool visit(const struct hs_live *live, hs_addr value, void *context)
{
	struct census *census = context;

	if (hs_live_is(live, value, "function"))
		census->error = check_function(live, value, census);
	return !census->error && census->n_checked < FUNCTIONS_MAX;
}

struct hs_error *hs_check_code(const struct hs_live *live)
{
	struct census census = { 0 };

	hs_live_each_global(live, visit, &census);
	if (census.error)
		return census.error;
	if (!census.n_checked)
		return hs_check_failed(0, "no module names a function");
	/* Functions that do nothing need no stack (3.12). */
	return census.n_with_stack * 2 > census.n_checked ? NULL : hs_check_failed(0, "most functions need no stack");
}
