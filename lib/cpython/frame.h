/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames: a call of a Python function, running or suspended (Objects/frameobject.c, pycore_frame.h). Up to 3.10 a frame is
 * one object with its variables and its value stack behind it. From 3.11 an interpreter frame lies in the thread's data
 * stack, in a generator, or in a frame object that has outlived its call.
 *
 *     header | variables: locals, cells, free variables | value stack … top | stale words
 *            ^ words                                      ^ code.n_slots      ^ n_live     n_words
 */
#ifndef HS_FRAME_H
#define HS_FRAME_H

#include "code.h"
#include "kind.h"

/* What an interpreter frame lies in; 3.11+ enum _frameowner. Up to 3.10 frames own themselves. */
enum hs_frame_owner {
	HS_FRAME_OF_THREAD = 0,
	HS_FRAME_OF_GENERATOR = 1,
	HS_FRAME_OF_FRAME_OBJECT = 2,
	HS_FRAME_OF_INTERPRETER, /* this and more: no Python code, only where C calls Python */
};

struct hs_frame {
	hs_addr address;       /* of the frame object (up to 3.10) or the interpreter frame */
	hs_addr object;        /* its frame object; 0: none was made */
	hs_addr previous;      /* the frame that called it; 0: none */
	hs_addr generator;     /* whose frame it is; 0: no generator's */
	uint8_t owner;         /* enum hs_frame_owner */
	bool is_running;       /* in C code, so that its stack's top stands nowhere: words from n_live on may be stale */
	bool is_complete;      /* Python shows it: its variables are set up */
	int32_t offset;        /* of the current instruction, in bytes; negative: not begun */
	struct hs_code code;
	hs_addr words_address;
	const uint8_t *words;  /* in the image: n_words of them; borrowed */
	uint32_t n_words;
	uint32_t n_live;       /* words from the first that are references */
	uint32_t n_visited;    /* of these, those that the collector is told */
	const char *awaited;   /* what word n_awaited of the live ones is called, if a visit shall say so; static; NULL: like any temporary */
	uint32_t n_awaited;
};

/*
 * Reads the frame at `address`: up to 3.10 a frame object, else an interpreter frame. False when it runs no Python code
 * (*ret has owner and previous then; previous is 0 when it cannot be read), or contradicts itself.
 */
bool hs_frame_read(const struct hs_cpython *py, hs_addr address, struct hs_frame *ret);

/* Its current line; 0 when that is unknown. */
int32_t hs_frame_line(const struct hs_cpython *py, const struct hs_frame *frame);

/* A variable of a frame. */
struct hs_variable {
	hs_addr name;     /* str */
	hs_addr object;   /* its value; for a closure's variable what the cell holds; 0: unbound */
	hs_addr cell;     /* the cell between; 0: none */
};

/* Variable `slot` (below code.n_slots); false when it is none of this frame's. */
bool hs_frame_variable(const struct hs_cpython *py, const struct hs_frame *frame, uint32_t slot, struct hs_variable *ret);

/* An address as a frame keeps it: tags of 3.14+ taken off; 0 for what is no reference. */
hs_addr hs_frame_untag(const struct hs_cpython *py, uint64_t word);

/* Reports variables and value stack, up to its top; where that is unknown, all words of the stack as HS_SCANNED | HS_WEAK. */
void hs_frame_visit_words(const struct hs_cpython *py, const struct hs_frame *frame, const struct hs_visitor *visitor);

/* 3.11+: names of the references in an interpreter frame's head, as its owner's type spells them; NULL: the C member's. */
struct hs_frame_names {
	const char *code, *function, *locals, *frame;
};

/* 3.11+: reports what the head of the interpreter frame at `address` owns. `relation` holds for all of it. */
void hs_frame_visit_head(const struct hs_cpython *py, hs_addr address, const struct hs_frame_names *names, unsigned relation,
			 const struct hs_visitor *visitor);

/* Bytes of an interpreter frame that starts `start` bytes behind its object's address, from there to its end; 3.11+. */
uint64_t hs_frame_bytes(const struct hs_cpython *py, uint64_t start, hs_addr code);
/* The code object of the interpreter frame at `address`. */
hs_addr hs_frame_code(const struct hs_cpython *py, hs_addr address);

/*
 * Up to 3.10: reports the frame that a code object keeps for its next call, as the code object's storage. It is dead: what its words
 * refer to is nobody's.
 */
void hs_frame_visit_spare(const struct hs_cpython *py, const struct hs_object *code, const struct hs_visitor *visitor);

/* Kind hooks of frame objects; see kind.h for what they return. */
uint64_t hs_frame_size(const struct hs_cpython *py, const struct hs_object *object);
uint64_t hs_frame_extent(const struct hs_cpython *py, const struct hs_object *object);
void hs_frame_visit(const struct hs_cpython *py, const struct hs_object *object, const struct hs_visitor *visitor);

#endif
