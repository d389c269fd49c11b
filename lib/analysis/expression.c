/* SPDX-License-Identifier: Apache-2.0 */
/* Writing a path in Python's words. */
#include "expression.h"

#include <stdio.h>
#include <string.h>

#include "python_name.h"
#include "reference_name.h"

void hs_expression_begin(struct hs_expression *expression, char *ret, size_t ret_bytes, const char *start, bool is_evaluable)
{
	*expression = (struct hs_expression){ .text = hs_bounded_text(ret, ret_bytes), .is_evaluable = is_evaluable,
					  .start_bytes = strlen(start) };
	expression->room = hs_bounded_text_reserve(&expression->text, strlen(HS_ELLIPSIS));
	hs_bounded_text_put(&expression->text, start);
}

bool hs_attribute_of_key(const char *key, char *ret, size_t ret_bytes)
{
	size_t n = strlen(key);

	if (n < 3 || key[0] != '\'' || key[n - 1] != '\'' || n - 2 >= ret_bytes)
		return false;
	memcpy(ret, key + 1, n - 2);
	ret[n - 2] = '\0';
	return hs_is_identifier(ret);
}

/* Attributes of every class that are not what its own dict has under that name: type's members and properties (Objects/typeobject.c). */
static bool is_of_metatype(const char *name)
{
	static const char *const names[] = { "__dict__", "__weakref__", "__name__", "__qualname__", "__bases__", "__mro__", "__base__",
					     "__doc__", "__module__", "__class__", "__abstractmethods__", "__annotations__", "__annotate__",
					     "__text_signature__", "__type_params__", "__basicsize__", "__itemsize__", "__flags__",
					     "__dictoffset__", "__weakrefoffset__", NULL };

	for (size_t i = 0; names[i]; i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

static void put_variable(struct hs_expression *expression, const char *name, unsigned holder)
{
	static const char *const frames[] = {
		[HS_HOLDER_FRAME] = "", [HS_HOLDER_GENERATOR] = ".gi_frame", [HS_HOLDER_COROUTINE] = ".cr_frame",
		[HS_HOLDER_ASYNC_GENERATOR] = ".ag_frame",
	};

	if (holder < HS_HOLDER_FRAME) {
		/* of a root that is a running call */
		hs_bounded_text_printf(&expression->text, ".%s", name);
		expression->is_evaluable = false;
		return;
	}
	hs_bounded_text_printf(&expression->text, "%s.f_locals['%s']", frames[holder], name);
	/* ".0" is what a comprehension calls its argument; a name may hold an escaped character */
	expression->is_evaluable &= strpbrk(name, "\\'") == NULL;
}

/* Writes what was kept back. */
static void flush(struct hs_expression *expression)
{
	if (expression->pending == HS_PENDING_DICT) {
		hs_bounded_text_put(&expression->text, expression->pending_is_python ? ".__dict__" : "<__dict__>");
		expression->is_evaluable &= expression->pending_is_python;
	}
	if (expression->pending == HS_PENDING_VARIABLE) {
		hs_bounded_text_printf(&expression->text, "<cell %s>", expression->variable);
		expression->is_evaluable = false;
	}
	if (expression->pending == HS_PENDING_FRAME)
		hs_bounded_text_printf(&expression->text, ".%s", expression->variable);
	if (expression->pending >= HS_PENDING_CONTEXT) {
		static const char *const names[] = {
			[HS_PENDING_CONTEXT] = "<context>", [HS_PENDING_MAPPING] = "<mapping>", [HS_PENDING_THREADS] = "<thread>",
			[HS_PENDING_THREAD] = "<thread>",
		};
		hs_bounded_text_put(&expression->text, names[expression->pending]);
		expression->is_evaluable = false;
	}
	expression->pending = HS_PENDING_NONE;
}

/* A thread local: the dicts of all threads, that of one thread, an attribute in it. What Python sees depends on who asks. */
static bool add_to_thread_local(struct hs_expression *expression, const struct hs_expression_step *step)
{
	char name[128];

	if (step->kind != HS_EDGE_VALUE)
		return false;
	if (expression->pending == HS_PENDING_THREADS) {
		expression->pending = HS_PENDING_THREAD;
		return true;
	}
	if (step->is_any || !hs_attribute_of_key(step->name, name, sizeof(name)))
		return false;
	hs_bounded_text_printf(&expression->text, "<thread>.%s", name);
	expression->is_evaluable = false;
	expression->pending = HS_PENDING_NONE;
	return true;
}

static bool is_among(const struct hs_expression_step *step, const char *const names[3])
{
	return step->kind == HS_EDGE_FIELD && (!strcmp(step->name, names[0]) || !strcmp(step->name, names[1]) || !strcmp(step->name, names[2]));
}

static bool is_frame_of_generator(const struct hs_expression_step *step)
{
	static const char *const names[3] = { "gi_frame", "cr_frame", "ag_frame" };

	return is_among(step, names);
}

/* Up to 3.10 it is the frame that refers to what its generator waits for. */
static bool is_awaited(const struct hs_expression_step *step)
{
	static const char *const names[3] = { "gi_yieldfrom", "cr_await", "ag_await" };

	return is_among(step, names);
}

/* True when the step is written together with the one before. */
static bool add_to_pending(struct hs_expression *expression, const struct hs_expression_step *step)
{
	char name[128];

	if (expression->pending == HS_PENDING_DICT && step->kind == HS_EDGE_VALUE && !step->is_any &&
	    hs_attribute_of_key(step->name, name, sizeof(name)) && !(expression->pending_holder == HS_HOLDER_MODULE && step->is_lazy) &&
	    (expression->pending_holder != HS_HOLDER_TYPE || (!step->is_bound && !is_of_metatype(name)))) {
		hs_bounded_text_printf(&expression->text, ".%s", name);
		expression->pending = HS_PENDING_NONE;
		return true;
	}
	if (expression->pending == HS_PENDING_VARIABLE && step->kind == HS_EDGE_FIELD && !strcmp(step->name, "cell_contents")) {
		put_variable(expression, expression->variable, expression->pending_holder);
		expression->pending = HS_PENDING_NONE;
		return true;
	}
	if (expression->pending == HS_PENDING_FRAME && is_awaited(step)) {
		hs_bounded_text_printf(&expression->text, ".%s", step->name);
		expression->pending = HS_PENDING_NONE;
		return true;
	}
	if (expression->pending == HS_PENDING_CONTEXT && (step->kind == HS_EDGE_FIELD || step->kind == HS_EDGE_INDEX))
		return true;
	if ((expression->pending == HS_PENDING_CONTEXT || expression->pending == HS_PENDING_MAPPING) &&
	    (step->kind == HS_EDGE_VALUE || step->kind == HS_EDGE_KEY)) {
		expression->pending = HS_PENDING_NONE;
		return false;
	}
	return expression->pending >= HS_PENDING_THREADS && add_to_thread_local(expression, step);
}

/* A key or an element is a value like any other, unless it is a name: an identifier, and short. */
static bool put_hidden(struct hs_expression *expression, const struct hs_expression_step *step)
{
	char name[HS_SHOWN_KEY_CHARACTERS + 1];

	/* where the key is found is no value */
	if (step->is_key_path || (step->kind != HS_EDGE_VALUE && step->kind != HS_EDGE_KEY && step->kind != HS_EDGE_ITEM))
		return false;
	if (step->kind == HS_EDGE_VALUE && hs_attribute_of_key(step->name, name, sizeof(name)))
		return false;
	if (step->kind == HS_EDGE_VALUE)
		hs_bounded_text_put(&expression->text, *step->name == '\'' || *step->name == '"' ? "['" HS_ELLIPSIS "']" : "[" HS_ELLIPSIS "]");
	else
		hs_bounded_text_printf(&expression->text, "<%s>", hs_edge_kind_name(step->kind));
	expression->is_evaluable = false;
	return true;
}

static void put_step(struct hs_expression *expression, const struct hs_expression_step *step)
{
	char text[HS_REFERENCE_NAME_BYTES + 32];

	if (expression->hides_values && !step->is_any && put_hidden(expression, step))
		return;
	if (step->is_any && (step->kind == HS_EDGE_INDEX || step->kind == HS_EDGE_VALUE)) {
		hs_bounded_text_put(&expression->text, "[*]");
		expression->is_evaluable = false;
	} else if (step->is_key_path) {
		hs_bounded_text_printf(&expression->text, "[%s]", step->name);
		/* what is imported for the path is its first module */
		expression->is_evaluable &= !strncmp(step->name, expression->text.data, expression->start_bytes) &&
					    step->name[expression->start_bytes] == '.';
	} else if (step->is_any) {
		hs_bounded_text_printf(&expression->text, "<%s *>", hs_edge_kind_name(step->kind));
		expression->is_evaluable = false;
	} else {
		expression->is_evaluable &= hs_python_step(step->kind, step->name, step->is_python, text, sizeof(text));
		hs_bounded_text_put(&expression->text, text);
	}
}

void hs_expression_add(struct hs_expression *expression, const struct hs_expression_step *step)
{
	if (add_to_pending(expression, step))
		return;
	flush(expression);
	if (step->kind == HS_EDGE_FIELD && !strcmp(step->name, "__dict__")) {
		expression->pending = HS_PENDING_DICT;
		expression->pending_holder = step->holder;
		expression->pending_is_python = step->is_python;
	} else if (step->kind == HS_EDGE_FIELD && step->holder == HS_HOLDER_PROXY) {
		expression->pending = HS_PENDING_MAPPING;
	} else if (step->kind == HS_EDGE_FIELD && step->holder == HS_HOLDER_THREAD_LOCAL && !strcmp(step->name, "dummies")) {
		expression->pending = HS_PENDING_THREADS;
	} else if (step->kind == HS_EDGE_FIELD && !strcmp(step->name, "ctx_vars")) {
		expression->pending = HS_PENDING_CONTEXT;
	} else if (is_frame_of_generator(step)) {
		expression->pending = HS_PENDING_FRAME;
		snprintf(expression->variable, sizeof(expression->variable), "%s", step->name);
	} else if (step->kind == HS_EDGE_CELL) {
		expression->pending = HS_PENDING_VARIABLE;
		expression->pending_holder = step->holder;
		snprintf(expression->variable, sizeof(expression->variable), "%s", step->name);
	} else if (step->kind == HS_EDGE_LOCAL) {
		put_variable(expression, step->name, step->holder);
	} else {
		put_step(expression, step);
	}
}

void hs_expression_repeat(struct hs_expression *expression)
{
	flush(expression);
	hs_bounded_text_put(&expression->text, HS_ELLIPSIS);
	expression->is_evaluable = false;
}

void hs_expression_skip(struct hs_expression *expression, size_t n)
{
	flush(expression);
	hs_bounded_text_printf(&expression->text, "<%zu more steps>", n);
	expression->is_evaluable = false;
}

bool hs_expression_end(struct hs_expression *expression)
{
	/* a class shows a proxy of it */
	if (expression->pending == HS_PENDING_DICT && expression->pending_holder == HS_HOLDER_TYPE)
		expression->is_evaluable = false;
	flush(expression);
	if (expression->text.is_full) {
		hs_bounded_text_release(&expression->text, expression->room);
		expression->text.is_full = false;
		hs_bounded_text_put(&expression->text, HS_ELLIPSIS);
		expression->is_evaluable = false;
	}
	return expression->is_evaluable;
}
